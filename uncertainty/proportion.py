"""Wilson score interval of a proportion: how sure a share is that was counted on few examples."""

from __future__ import annotations

from statistics import NormalDist
from typing import overload

import numpy as np


@overload
def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]: ...
@overload
def wilson_interval(
    successes: np.ndarray, n: np.ndarray | int, confidence: float = 0.95
) -> tuple[np.ndarray, np.ndarray]: ...
def wilson_interval(
    successes: np.ndarray | int, n: np.ndarray | int, confidence: float = 0.95
) -> tuple[np.ndarray | float, np.ndarray | float]:
    """The score interval (low, high) for the probability behind `successes` out of `n` (Wilson 1927).

    Two counts give two floats, arrays of counts give two arrays; all in [0, 1]. With n = 0 nothing
    is known: (0, 1). Unlike the normal approximation it has a width when all or none succeed. Raises ValueError
    for a confidence outside (0, 1), for what is no count, and for more successes than n.

    >>> low, high = wilson_interval(4, 8)
    >>> round(low, 3), round(high, 3)
    (0.215, 0.785)
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must be above 0 and below 1")
    successes, n = np.asarray(successes, float), np.asarray(n, float)
    _check_counts(successes, n)
    z = -NormalDist().inv_cdf((1 - confidence) / 2)
    low, high = _low(successes, n, z), 1 - _low(n - successes, n, z)
    return (float(low), float(high)) if low.ndim == 0 else (low, high)


def _low(successes: np.ndarray, n: np.ndarray, z: float) -> np.ndarray:
    """The smaller root p of (successes − n p)² = z² n p (1 − p)."""
    spread = z * np.sqrt(successes * (n - successes) / np.maximum(n, 1) + z**2 / 4)
    return np.maximum((successes + z**2 / 2 - spread) / (n + z**2), 0.0)


def _check_counts(successes: np.ndarray, n: np.ndarray) -> None:
    for name, counts in (("successes", successes), ("n", n)):
        bad = ~(np.isfinite(counts) & (counts == np.round(counts)) & (counts >= 0))
        if bad.any():
            raise ValueError(f"{name} must be counts, whole and not negative; got {counts[bad].flat[0]:g}")
    k, total = np.broadcast_arrays(successes, n)
    more = k > total
    if more.any():
        raise ValueError(f"successes must be at most n; got {k[more].flat[0]:g} out of {total[more].flat[0]:g}")
