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
from uncertainty.paired import Difference, mean_difference
from uncertainty.predictions import Predictions


@dataclass(frozen=True, eq=False)
class PredictionSets:
    """The sets of one network for the N examples that it is measured on. Numbers are kept, arrays are not."""

    predictions: Predictions  # of the N examples
    truth: np.ndarray  # labels (N,), or the posterior p(y | x) of each example (N, C)
    n_samples: int
    threshold: float  # of a class's score, below which or at which it is in a set
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
        """Sets of which, on average over validation examples, at most a share `alpha` lacks its class.

        Raises ValueError where `n_samples` is no number of samples that the predictions are kept for, and for an
        outcome in which nothing is known of the validation examples.
        """
        labels, held_out = outcome.validation_labels, network.validation
        if labels is None or held_out is None:
            raise ValueError("nothing is known of the validation examples, on which prediction sets are calibrated")
        limit = threshold(calibration_scores(_summing_to_one(held_out.probs(n_samples)), labels, score), alpha)
        law = coverage_law(len(labels), alpha)
        return cls(network.test, outcome.test_labels, n_samples, limit, law, score)

    @property
    def members(self) -> np.ndarray:
        """Whether a class is in the set of an example (N, C)."""
        return self.classes_of(self.predictions.probs(self.n_samples))

    @cached_property
    def coverage(self) -> float:
        """The share of sets that hold the class; against the posterior the mean probability that they do."""
        members, truth = self.members, self.truth
        held = members[np.arange(len(truth)), truth] if truth.ndim == 1 else (members * truth).sum(axis=1)
        return float(held.mean())

    @cached_property
    def mean_size(self) -> float:
        """The mean number of classes in a set."""
        return mean_set_size(self.members)

    @cached_property
    def shares(self) -> tuple[float, float, float]:
        """The shares of sets that hold no class, one class and more."""
        sizes = self.members.sum(axis=1)
        none, one = float((sizes == 0).mean()), float((sizes == 1).mean())
        return none, one, 1 - none - one

    def growth(self, dense: PredictionSets, comparisons: int = 1) -> Difference:
        """By how many classes the sets are larger than another network's, corrected for so many `comparisons`."""
        return mean_difference(dense.members.sum(axis=1), self.members.sum(axis=1), comparisons=comparisons)

    @property
    def is_vacuous(self) -> bool:
        """Whether the validation examples are too few for this α, so that every class is in every set."""
        return self.threshold == np.inf

    @property
    def empties_are_sure(self) -> bool:
        """Whether the network is surer of the examples with an empty set than of the others, by the medians.

        So it is by APS, of whose scores those of the surest examples are among the highest; by LAC it never is.
        """
        probs = self.predictions.probs(self.n_samples).max(axis=1)
        empty = ~self.members.any(axis=1)
        return bool(empty.any() and not empty.all() and np.median(probs[empty]) > np.median(probs[~empty]))

    def classes_of(self, probs: np.ndarray) -> np.ndarray:
        """Which classes (M, C) are in the sets of any examples that have these probabilities (M, C)."""
        return prediction_sets(_summing_to_one(probs), self.threshold, self.score)


def _summing_to_one(probs: np.ndarray) -> np.ndarray:
    """Probabilities (M, C) in double precision, as the sum of them all is a score of APS.

    Kept in single precision it is 1 but for rounding, and chance would decide whether it is above a threshold of 1.
    """
    probs = np.asarray(probs, float)
    return probs / probs.sum(axis=1, keepdims=True)
