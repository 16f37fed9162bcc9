"""Calibration of one network's predictions: bins, floors and intervals, each computed once.

    evaluation = Evaluation(network.test, outcome.test_labels, n_samples=50)
    evaluation.ece, evaluation.floor(), evaluation.gap()

What predictions are held against, their `truth`, are labels (N,) or, where it is known, the posterior p(y | x) of
each example (N, C).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import count

import numpy as np

from pruning.evaluation.memo import remembered
from uncertainty.calibration import Binning, Bins, Quantity, log_losses, reliability_bins, rights
from uncertainty.estimate import CONFIDENCE, Estimate, binned_estimate, mean_estimate, normal, tail_of
from uncertainty.floor import Floor, calibration_floor, consistency_bars
from uncertainty.power import smallest_detectable_ece
from uncertainty.predictions import Predictions
from uncertainty.proportion import wilson_interval

_NUMBERS = count()


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The predictions of one network for N examples, held against labels or against the truth.

    Whatever is asked of it raises ValueError where `n_samples` is no number of samples that the predictions are kept
    for, or `truth` has neither the shape (N,) nor (N, C). Equal only to itself. It knows no network, so that a
    network's memo can hold it; numbers are kept and arrays (N, C) are not.

    >>> from uncertainty.predictive import entropy
    >>> logits = np.log([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> probs = np.exp(logits)[None]  # one sample, which says what the single pass says
    >>> said = Predictions((1,), probs, entropy(probs), logits)
    >>> evaluation = Evaluation(said, np.array([0, 0, 1, 1]), n_samples=1)
    >>> evaluation.accuracy.value, round(evaluation.ece.value, 3), round(evaluation.gap().value, 3)
    (0.75, 0.25, 0.05)
    """

    predictions: Predictions
    truth: np.ndarray  # labels (N,), or the posterior p(y | x) of each example (N, C)
    n_samples: int = 50  # of MC dropout, whose mean is taken; 0 for a single pass without dropout
    n_bins: int = 15
    number: int = field(default_factory=_NUMBERS.__next__, init=False)  # names it in a memo that must not hold it

    @property
    def is_against_truth(self) -> bool:
        """Whether the posterior stands in place of labels, so that chance has no part in a calibration error."""
        return self.truth.ndim == 2

    @property
    def probs(self) -> np.ndarray:
        """The class probabilities (N, C) that are measured."""
        return self.predictions.probs(self.n_samples) if self.n_samples else self.predictions.single_pass()

    @property
    def epistemic(self) -> np.ndarray:
        """Mutual information (N,) in nats; of a single pass there is none, which raises ValueError."""
        return self.predictions.epistemic(self.n_samples)

    @property
    def right(self) -> np.ndarray:
        """Whether each answer is right (N,): truth values, or against the posterior how probable that is."""
        return rights(self.probs, self.truth)

    @property
    def log_losses(self) -> np.ndarray:
        """The NLL of each example (N,), in nats."""
        return log_losses(self.probs, self.truth)

    @property
    def gaps(self) -> np.ndarray:
        """Confidence − being right, of each example (N,): their mean is the signed gap."""
        return -self.bins().residual

    @cached_property
    def accuracy(self) -> Estimate:
        """The share of right answers, with Wilson's interval; against the posterior the mean, with Student's."""
        right = self.right
        if right.dtype != bool:
            return mean_estimate(right)
        return Estimate(float(right.mean()), *wilson_interval(int(right.sum()), len(right)))

    @cached_property
    def ece(self) -> Estimate:
        """The expected calibration error over bins of equal width, with its interval."""
        return binned_estimate(self.bins())

    def bins(self, quantity: Quantity = "confidence", binning: Binning = "width") -> Bins:
        """The bins of a reliability diagram, whose `error` is ECE, ACE (equal mass) or UCE (uncertainty)."""

        def compute() -> Bins:
            return reliability_bins(self.probs, self.truth, self.n_bins, quantity=quantity, binning=binning)

        return remembered(self, ("bins", quantity, binning), compute)

    def floor(self, quantity: Quantity = "confidence", binning: Binning = "width") -> Floor:
        """What a calibrated network of these probabilities would get for that error from N labels."""

        def compute() -> Floor:
            return calibration_floor(self.probs, self.bins(quantity, binning), quantity=quantity)

        return remembered(self, ("floor", quantity, binning), compute)

    def bars(self, quantity: Quantity = "confidence", binning: Binning = "width") -> tuple[np.ndarray, np.ndarray]:
        """Consistency bars: where 95 % of the outcomes of each bin would lie by chance, low (B,) and high (B,)."""

        def compute() -> tuple[np.ndarray, np.ndarray]:
            return consistency_bars(self.probs, self.bins(quantity, binning), quantity=quantity)

        return remembered(self, ("bars", quantity, binning), compute)

    def gap(self, comparisons: int = 1) -> Estimate:
        """The signed gap, mean confidence − accuracy, with its interval, corrected for so many `comparisons`.

        It is Student's and, against labels, never narrower than what chance gives a calibrated network: of a few
        certain answers, all right, the residuals alone say nothing of how wide it is.
        """
        return remembered(self, ("gap", comparisons), lambda: self._gap(comparisons))

    def _gap(self, comparisons: int) -> Estimate:
        found = mean_estimate(self.gaps, comparisons=comparisons)
        if self.is_against_truth:
            return found
        confidence = self.probs.max(axis=1)
        chance = float(np.sqrt((confidence * (1 - confidence)).sum())) / len(confidence)
        half = max(found.value - found.low, normal(tail_of(CONFIDENCE, comparisons)) * chance)
        return Estimate(found.value, found.value - half, found.value + half)

    @cached_property
    def smallest_detectable_ece(self) -> float:
        """The least ECE that the examples would find four times in five; NaN where they would find none."""
        return smallest_detectable_ece(self.bins(), self.floor())
