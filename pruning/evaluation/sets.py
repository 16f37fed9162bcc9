"""Prediction sets of a network: split conformal on its validation examples, held against labels or the truth.

    sets = PredictionSets.of(outcome, outcome.pruned, alpha=0.1)
    sets.coverage, sets.mean_size, sets.members[:3]

The validation examples have chosen the epoch of the early stop, so that the promise of split conformal prediction
holds of them not to the letter: of networks that stopped where these few happened to be easy, the sets are a little
too small.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pruning.evaluation.memo import remembered
from pruning.outcome import Network, Outcome
from uncertainty.conformal import (
    CoverageLaw,
    SetScore,
    calibration_scores,
    coverage_law,
    mean_set_size,
    prediction_sets,
    threshold,
)


@dataclass(frozen=True, eq=False)
class PredictionSets:
    """The sets of one network for the N examples that it is measured on."""

    threshold: float
    members: np.ndarray  # (N, C) whether a class is in the set of an example
    truth: np.ndarray  # labels (N,), or the posterior p(y | x) of each example (N, C)
    law: CoverageLaw  # of the coverage that the validation examples leave
    score: SetScore

    @classmethod
    def of(
        cls,
        outcome: Outcome,
        network: Network,
        n_samples: int = 50,
        alpha: float = 0.1,
        score: SetScore = SetScore.LAC,
    ) -> PredictionSets:
        """At most a share `alpha` of the sets, on average over validation examples, lacks its class.

        Raises ValueError where `n_samples` is no number of samples that the predictions are kept for, and for an
        outcome that nothing of the validation examples is known of.
        """
        labels, held_out = outcome.validation_labels, network.validation
        if labels is None or held_out is None:
            raise ValueError("nothing is known of the validation examples, on which prediction sets are calibrated")

        def compute() -> PredictionSets:
            limit = threshold(calibration_scores(held_out.probs(n_samples), labels, score), alpha)
            members = prediction_sets(network.test.probs(n_samples), limit, score)
            return cls(limit, members, outcome.test_labels, coverage_law(len(labels), alpha), score)

        return remembered(network, ("sets", n_samples, alpha, score), compute)

    @cached_property
    def coverage(self) -> float:
        """The share of sets that hold the class; against the posterior the mean probability that they do."""
        rows = np.arange(len(self.truth))
        held = self.members[rows, self.truth] if self.truth.ndim == 1 else (self.members * self.truth).sum(axis=1)
        return float(held.mean())

    @property
    def mean_size(self) -> float:
        """The mean number of classes in a set."""
        return mean_set_size(self.members)

    def sizes(self, probs: np.ndarray) -> np.ndarray:
        """The number of classes (M,) in the sets of other examples with these probabilities (M, C)."""
        return prediction_sets(probs, self.threshold, self.score).sum(axis=1)

    def classes_of(self, probs: np.ndarray) -> np.ndarray:
        """Which classes (M, C) are in the sets of other examples with these probabilities (M, C)."""
        return prediction_sets(probs, self.threshold, self.score)
