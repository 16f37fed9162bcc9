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


def binned_estimate(bins: Bins, *, confidence: float = CONFIDENCE, comparisons: int = 1) -> Estimate:
    """A binned error (ECE, ACE or UCE) with the interval of the mean of what examples contribute; not below 0.

    The delta method: the direction of each bin's gap is taken as known. Where chance decides it the error varies
    less than so much, and the interval is too wide rather than too narrow.
    """
    found = mean_estimate(bins.contribution, confidence=confidence, comparisons=comparisons)
    return Estimate(bins.error, max(found.low, 0.0), found.high)


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
    """The probability beyond either end of one of `comparisons` intervals. Raises ValueError where there is none."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must be above 0 and below 1")
    if comparisons < 1:
        raise ValueError(f"comparisons is {comparisons}; at least 1 is needed")
    return (1 - confidence) / comparisons / 2


def checked_values(values: np.ndarray, name: str) -> np.ndarray:
    """The values (N,), once they are found to be finite and at least one. Raises ValueError with their name."""
    values = np.asarray(values)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"{name} must have shape (N,) with N at least 1; got {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite; got {values[~np.isfinite(values)][0]}")
    return values
