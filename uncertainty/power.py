"""The power of a calibration test: how large a miscalibration must be before so few examples show it.

An error inside its floor's band is no proof of calibration: few examples have a wide band. What they
would find is a matter of what there is to be found, so the alternative is a plain one: the network is
over-confident by one and the same amount everywhere, in each bin right with probability score − ε.
"""

from __future__ import annotations

import numpy as np

from uncertainty.calibration import Bins
from uncertainty.floor import Floor

POWER = 0.8  # four times in five
N_DRAWS = 1000
STREAM = 1  # other numbers than those that the floor is drawn with
STEPS = 11  # halvings of [0, 1]: the answer is good to 0.0005


def smallest_detectable_ece(
    bins: Bins, floor: Floor, *, power: float = POWER, n_draws: int = N_DRAWS, seed: int = 0
) -> float:
    """The least true ECE that puts the measured one above the floor's band with probability `power`.

    bins: of confidences (`reliability_bins`), floor: theirs. In (0, 1], falling with the number of examples;
    NaN where these are so few that even a network that is always wrong would not be found. Outcomes of a bin
    are drawn as binomial, its confidences being within a bin's width of each other. Raises ValueError for a
    power outside (0, 1).
    """
    if not 0 < power < 1:
        raise ValueError(f"power is {power}; it must be above 0 and below 1")

    def found(shift: float) -> bool:
        return _share_above(bins, shift, floor.high, n_draws, seed) >= power

    if not found(1.0):
        return float("nan")
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if found(middle) else (middle, high)
    return float((bins.mean_score - _right(bins, high)) @ bins.count / bins.count.sum())


def _right(bins: Bins, shift: float) -> np.ndarray:
    """The probability (B,) of a right answer in each bin of a network over-confident by `shift`."""
    return np.clip(bins.mean_score - shift, 0.0, 1.0)


def _share_above(bins: Bins, shift: float, limit: float, n_draws: int, seed: int) -> float:
    """The share of test sets whose measured error exceeds the limit."""
    rng = np.random.Generator(np.random.SFC64([seed, int(bins.count.sum()), STREAM]))
    outcomes = rng.binomial(bins.count, _right(bins, shift), (n_draws, len(bins.count))) / bins.count
    errors = np.abs(outcomes - bins.mean_score) @ (bins.count / bins.count.sum())
    return float((errors > limit).mean())
