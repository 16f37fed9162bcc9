"""Whether two networks differ: what one gains on the other over the same examples, and how sure that is.

Both networks are asked the same N examples, so that what is hard about an example cancels. A difference
is told only where its interval excludes zero; else it is none that N examples could tell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uncertainty.calibration import Bins
from uncertainty.estimate import CONFIDENCE, Estimate, checked_values, mean_estimate, normal, tail_of


@dataclass(frozen=True)
class Difference(Estimate):
    """After minus before, and the interval that the difference over all examples there could be may lie in."""

    @property
    def told(self) -> bool:
        """Whether the interval excludes zero."""
        return self.direction != 0

    @property
    def direction(self) -> int:
        """1 where it is told that the value rises, −1 that it falls, 0 where neither is told."""
        return (self.low > 0) - (self.high < 0)


def mean_difference(
    before: np.ndarray, after: np.ndarray, *, confidence: float = CONFIDENCE, comparisons: int = 1
) -> Difference:
    """The difference of two means over the same N examples, from their values before and after (N,).

    The interval is Student's of the differences per example. Of truth values, which are shares, it is that of
    Bonett & Price 2012, equation 3: as if one more example had changed to either side, so that a few changes do not
    look sure. With N = 1 the interval is infinite. confidence, comparisons: see `estimate`.
    Raises ValueError for shapes that differ, N = 0, or what is not finite.
    """
    before, after = checked_values(before, "before"), checked_values(after, "after")
    _check_same(len(before), len(after))
    change = after.astype(float) - before.astype(float)
    if before.dtype == after.dtype == bool:
        return _share_difference(change, normal(tail_of(confidence, comparisons)))
    found = mean_estimate(change, confidence=confidence, comparisons=comparisons)
    return Difference(found.value, found.low, found.high)


def binned_difference(
    before: Bins, after: Bins, *, confidence: float = CONFIDENCE, comparisons: int = 1
) -> Difference:
    """The difference of two binned errors (ECE, ACE or UCE), from the bins of the same N examples.

    The interval is that of the mean difference of what each example contributes (see `binned_estimate`). The noise
    within bins, which lifts the error of both networks, is part of both values and largely cancels.
    """
    return mean_difference(before.contribution, after.contribution, confidence=confidence, comparisons=comparisons)


def _share_difference(change: np.ndarray, deviations: float) -> Difference:
    """change (N,): 1 where an example has come to be true, −1 where it has ceased to be."""
    n = len(change) + 2
    gained, lost = ((np.count_nonzero(change == side) + 1) / n for side in (1, -1))
    centre, half = gained - lost, deviations * np.sqrt((gained + lost - (gained - lost) ** 2) / n)
    return Difference(float(change.mean()), float(max(centre - half, -1)), float(min(centre + half, 1)))


def _check_same(n_before: int, n_after: int) -> None:
    if n_before != n_after:
        raise ValueError(f"before and after must be of the same examples; got {n_before} and {n_after} of them")
