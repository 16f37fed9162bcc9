"""Paired comparison of two networks: each figure before and after, and the interval of its difference.

    comparison = Comparison(Evaluation(dense.test, labels), Evaluation(pruned.test, labels))
    comparison.accuracy.difference, comparison.ece.direction

Both networks are asked about the same examples, so that what is hard about an example cancels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from pruning.evaluation.calibration import Evaluation
from pruning.evaluation.memo import remembered
from uncertainty.calibration import Quantity
from uncertainty.paired import Difference, binned_difference, mean_difference


class Interval(Protocol):
    """A value and what it may be, as `uncertainty.estimate.Estimate`."""

    @property
    def value(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


def direction(difference: Interval) -> int:
    """1 where a rise is told, −1 where a fall is, else 0; an interval beside its own value tells nothing.

    >>> direction(Difference(0.02, 0.01, 0.03)), direction(Difference(0.02, -0.01, 0.05))
    (1, 0)
    """
    if difference.low > 0 and difference.value > 0:
        return 1
    return -1 if difference.high < 0 and difference.value < 0 else 0


@dataclass(frozen=True)
class Shift:
    """A figure of one network and of another, and what is known of the difference, after minus before."""

    before: float
    after: float
    difference: Difference

    @property
    def direction(self) -> int:
        """Whether a rise, 1, or a fall, −1, is told: see `direction`."""
        return direction(self.difference)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two evaluations of the same N examples with the same number of bins.

    comparisons: how many pairs are looked at beside each other, for which the intervals are corrected. Raises
    ValueError, once it is asked, for evaluations of other numbers of examples. Equal only to itself.
    """

    before: Evaluation
    after: Evaluation
    comparisons: int = 1

    @cached_property
    def accuracy(self) -> Shift:
        return self._means(self.before.right, self.after.right)

    @cached_property
    def nll(self) -> Shift:
        """Negative log-likelihood in nats."""
        return self._means(self.before.log_losses, self.after.log_losses)

    @cached_property
    def epistemic(self) -> Shift:
        """Mean mutual information in nats."""
        return self._means(self.before.epistemic, self.after.epistemic)

    @cached_property
    def gap(self) -> Shift:
        """The signed gap, mean confidence − accuracy."""
        return self._means(self.before.gaps, self.after.gaps)

    @cached_property
    def ece(self) -> Shift:
        """The expected calibration error. Against labels, the interval is of what exceeds the floors.

        Chance alone gives a cautious network a larger ECE than a sure one, on average by the difference of their
        floors, so that this much is no difference in calibration.
        """
        before, after = self.before.bins(), self.after.bins()
        found = binned_difference(before, after, comparisons=self.comparisons)
        if not self.after.is_against_truth:
            due = self.after.floor().mean - self.before.floor().mean
            found = Difference(found.value, found.low - due, found.high - due)
        return Shift(before.error, after.error, found)

    def panel(self, quantity: Quantity = "confidence") -> tuple[Shift, Shift]:
        """Both axes of a reliability diagram on average: confidence and accuracy, or entropy and error rate."""
        return remembered(self, ("panel", quantity), lambda: self._panel(quantity))

    def _panel(self, quantity: Quantity) -> tuple[Shift, Shift]:
        scores, outcomes = [], []
        for evaluation in (self.before, self.after):
            right = evaluation.right
            wrong = ~right if right.dtype == bool else 1 - right
            outcomes.append(right if quantity == "confidence" else wrong)
            scores.append(outcomes[-1] - evaluation.bins(quantity).residual)
        return self._means(*scores), self._means(*outcomes)

    def _means(self, before: np.ndarray, after: np.ndarray) -> Shift:
        difference = mean_difference(before, after, comparisons=self.comparisons)
        return Shift(float(before.mean()), float(after.mean()), difference)
