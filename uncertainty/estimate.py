"""What N examples say about all there could be: a mean or a calibration error, and the interval it may lie in.

An interval holds the true value in the share `confidence` of all draws of N independent examples. Where
several are looked at beside each other, `comparisons` of them, each is widened so that all hold together
(Bonferroni's correction).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from uncertainty.calibration import Bins

CONFIDENCE = 0.95
N_DRAWS = 400


@dataclass(frozen=True)
class Estimate:
    """A value and the interval from `low` to `high` around it; infinite where nothing is known."""

    value: float
    low: float
    high: float


def mean_estimate(values: np.ndarray, *, confidence: float = CONFIDENCE, comparisons: int = 1) -> Estimate:
    """The mean of values (N,) with Student's interval. Raises ValueError for N = 0 and for what is not finite."""
    values = checked_values(values, "values").astype(float)
    value, half = (
        float(values.mean()),
        student(tail_of(confidence, comparisons), len(values)) * standard_error(values),
    )
    return Estimate(value, value - half, value + half)


def binned_estimate(bins: Bins, *, confidence: float = CONFIDENCE, comparisons: int = 1, seed: int = 0) -> Estimate:
    """A binned error (ECE, ACE or UCE) with the normal interval of its bootstrap; not below 0."""
    gaps = by_bin(bins)
    if len(gaps) == 1:
        return Estimate(bins.error, 0.0, np.inf)
    error = float(np.abs(drawn_means(gaps, seed)).sum(axis=1).std(ddof=1))
    half = normal(tail_of(confidence, comparisons)) * error
    return Estimate(bins.error, max(bins.error - half, 0.0), bins.error + half)


def by_bin(bins: Bins) -> np.ndarray:
    """What each example adds to the gap of each bin (N, B): the error is the sum over bins of |mean over N|."""
    return np.eye(len(bins.count))[bins.members] * bins.residual[:, None]


def drawn_means(values: np.ndarray, seed: int, n_draws: int = N_DRAWS) -> np.ndarray:
    """Means (n_draws, M) of values (N, M) as other examples would give them: a bootstrap by normal multipliers.

    Drawn from the normal distribution with the means and their covariance (van der Vaart & Wellner 1996,
    section 2.9), which costs the same whatever N. The same seed gives the same draws.
    """
    variances, axes = np.linalg.eigh(np.atleast_2d(np.cov(values, rowvar=False)) / len(values))
    rng = np.random.Generator(np.random.SFC64([seed, len(values)]))
    noise = rng.standard_normal((n_draws, len(variances))) * np.sqrt(np.maximum(variances, 0))
    return values.mean(axis=0) + noise @ axes.T


def standard_error(values: np.ndarray) -> float:
    """Of the mean of values (N,): their sample deviation over √N; ∞ for one value."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.inf


def student(tail: float, n: int) -> float:
    """What leaves the probability `tail` above it, for the mean of n values in standard errors; ∞ for one."""
    from scipy.special import stdtrit  # late: it takes a third of a second

    return float(-stdtrit(n - 1, tail)) if n > 1 else np.inf


def normal(tail: float) -> float:
    """What leaves the probability `tail` above it, in standard deviations."""
    return -NormalDist().inv_cdf(tail)


def tail_of(confidence: float, comparisons: int) -> float:
    """The probability beyond either end of one of `comparisons` intervals."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must be above 0 and below 1")
    if comparisons < 1:
        raise ValueError(f"comparisons is {comparisons}; at least 1 is needed")
    return (1 - confidence) / comparisons / 2


def checked_values(values: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must have shape (N,) with N at least 1; got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite; got {values[~np.isfinite(values)][0]}")
    return values
