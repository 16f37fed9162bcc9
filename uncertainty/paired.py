"""Whether two networks differ: what one gains on the other over the same examples, and how sure that is.

Both networks are asked the same N examples, so that what is hard about an example cancels. A difference
is told only where its interval excludes zero; else it is none that N examples could tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from uncertainty.calibration import Bins

CONFIDENCE = 0.95
N_DRAWS = 400


@dataclass(frozen=True)
class Difference:
    """After minus before, with the interval (low, high) that holds the difference of all examples there could be."""

    value: float
    low: float
    high: float

    @property
    def told(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0

    @property
    def direction(self) -> int:
        """1 where it is told that the value rises, −1 that it falls, 0 where neither is told."""
        return (self.low > 0) - (self.high < 0)


def mean_difference(
    before: np.ndarray, after: np.ndarray, *, confidence: float = CONFIDENCE, comparisons: int = 1
) -> Difference:
    """The difference of two means over the same N examples, from their values before and after (N,).

    The interval is Student's t of the differences per example. Of truth values, which are shares, it is that
    of Bonett & Price 2012: as if one more example had changed to either side, so that a few changes do not look sure.
    comparisons: how many differences are looked at beside each other; Bonferroni's correction widens each
    interval. With N = 1 the interval is infinite. Raises ValueError for shapes that differ, N = 0, or NaN.
    """
    before, after = _checked(before, after)
    tail = _tail(confidence, comparisons)
    change = after.astype(float) - before.astype(float)
    value, n = float(change.mean()), len(change)
    if before.dtype == after.dtype == bool:
        gained, lost = ((change == side).sum() + 1 for side in (1, -1))
        centre, share = (gained - lost) / (n + 2), (gained + lost) / (n + 2)
        half = -NormalDist().inv_cdf(tail) * np.sqrt((share - centre**2) / (n + 2))
        return Difference(value, float(max(centre - half, -1)), float(min(centre + half, 1)))
    if n == 1:
        return Difference(value, -np.inf, np.inf)
    half = float(_student(tail, n - 1) * change.std(ddof=1) / np.sqrt(n))
    return Difference(value, value - half, value + half)


def binned_difference(
    before: Bins,
    after: Bins,
    *,
    confidence: float = CONFIDENCE,
    comparisons: int = 1,
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Difference:
    """The difference of two binned errors (ECE, ACE or UCE), from the bins of the same N examples.

    The interval is that of a paired bootstrap. See `mean_difference` for the rest.
    """
    tail = _tail(confidence, comparisons)
    if len(before.residual) != len(after.residual):
        raise ValueError(
            "before and after must be bins of the same examples; "
            f"got {len(before.residual)} and {len(after.residual)} of them"
        )
    gaps = np.concatenate([_by_bin(before), _by_bin(after)], axis=1)  # (N, B + B')
    signs = np.repeat([-1.0, 1.0], [len(before.count), len(after.count)])
    n, means = len(gaps), gaps.mean(axis=0)
    value = float(np.abs(means) @ signs)
    if n == 1:
        return Difference(value, -np.inf, np.inf)
    drawn = np.abs(_drawn_means(gaps, n_draws, seed)) @ signs
    centre, half = 2 * value - float(drawn.mean()), -NormalDist().inv_cdf(tail) * float(drawn.std(ddof=1))
    return Difference(value, centre - half, centre + half)


def _by_bin(bins: Bins) -> np.ndarray:
    """What each example adds to the signed gap of each bin (N, B): an error is the sum of their |mean over N|."""
    return np.eye(len(bins.count))[bins.members] * bins.residual[:, None]


def _drawn_means(values: np.ndarray, n_draws: int, seed: int) -> np.ndarray:
    """Means (n_draws, M) of values (N, M) as other examples would give them: normal, with the values' covariance."""
    n = len(values)
    variances, axes = np.linalg.eigh(np.cov(values, rowvar=False) / n)
    rng = np.random.Generator(np.random.SFC64([seed, n]))
    noise = rng.standard_normal((n_draws, len(variances))) * np.sqrt(np.maximum(variances, 0))
    return values.mean(axis=0) + noise @ axes.T


def _checked(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    before, after = np.asarray(before), np.asarray(after)
    if before.ndim != 1 or len(before) == 0 or before.shape != after.shape:
        raise ValueError(
            f"before and after must have one shape (N,) with N at least 1; got {before.shape} and {after.shape}"
        )
    for name, values in (("before", before), ("after", after)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite; got {values[~np.isfinite(values)][0]}")
    return before, after


def _tail(confidence: float, comparisons: int) -> float:
    """The probability beyond either end of an interval, one of `comparisons`."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must be above 0 and below 1")
    if comparisons < 1:
        raise ValueError(f"comparisons is {comparisons}; at least 1 is needed")
    return (1 - confidence) / comparisons / 2


def _student(tail: float, freedom: int) -> float:
    """The quantile of Student's t that leaves `tail` above it."""
    from scipy.special import stdtrit  # late: it takes a third of a second

    return float(-stdtrit(freedom, tail))
