"""A bound on the mean of numbers that lie in a known range, whatever their distribution."""

from __future__ import annotations

import numpy as np

from uncertainty.estimate import CONFIDENCE, checked_values, tail_of


def mean_bound(values: np.ndarray, low: float, high: float, *, confidence: float = CONFIDENCE) -> float:
    """What the mean of all values there could be is at most, from N independent ones (N,) in [low, high].

    The empirical Bernstein bound (Maurer & Pontil 2009, theorem 4): true of any distribution and any N, wrong with
    probability 1 − confidence at most, and narrow where the values hardly vary. ∞ for one value. Raises ValueError
    for values outside of the range.

    >>> round(mean_bound(np.zeros(4096), -1, 1), 4)
    0.0042
    """
    values = checked_values(values, "values").astype(float)
    if not low < high or values.min() < low or values.max() > high:
        raise ValueError(f"values go from {values.min():g} to {values.max():g}; they must be from {low} to {high}")
    n, doubt = len(values), np.log(1 / tail_of(confidence, 1))  # ln(2/δ)
    if n == 1:
        return np.inf
    spread = np.sqrt(2 * values.var(ddof=1) * doubt / n)
    return float(values.mean() + spread + 7 * (high - low) * doubt / (3 * (n - 1)))
