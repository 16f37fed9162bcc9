"""The floor of a calibration metric: what a perfectly calibrated model would score on these inputs.

No finite test set gives an ECE of zero, and UCE is not zero even in the limit. So labels are drawn
from the model's own probabilities, which makes it calibrated by construction, and the metric is
taken on those (Bröcker & Smith 2007; Vaicenavicius et al. 2019, section 4). A value inside the
band is no evidence of miscalibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uncertainty.arrays import whole_number
from uncertainty.calibration import Bins, Quantity, check_quantity, checked

N_DRAWS = 400
LOW, HIGH = 0.025, 0.975


@dataclass(frozen=True)
class Floor:
    """Mean of the metric under perfect calibration, and the band that holds 95 % of its draws."""

    mean: float
    low: float
    high: float


def calibration_floor(
    probs: np.ndarray,
    bins: Bins,
    *,
    quantity: Quantity = "confidence",
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> Floor:
    """The floor of the binned error (ECE, ACE or UCE) that belongs to `bins`.

    probs (N, C) are those the bins were made of. Only the outcomes are drawn anew: bins and mean
    scores depend on the probabilities alone.
    """
    drawn = _drawn_outcomes(probs, bins, quantity, n_draws, seed)
    errors = np.abs(drawn - bins.mean_score) @ (bins.count / bins.count.sum())
    return Floor(float(errors.mean()), *np.quantile(errors, [LOW, HIGH]).tolist())


def consistency_bars(
    probs: np.ndarray,
    bins: Bins,
    *,
    quantity: Quantity = "confidence",
    n_draws: int = N_DRAWS,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """For each bin, where 95 % of its outcomes would lie under perfect calibration: low (B,), high (B,)."""
    drawn = _drawn_outcomes(probs, bins, quantity, n_draws, seed)
    low, high = np.quantile(drawn, [LOW, HIGH], axis=0)
    return low, high


def _drawn_outcomes(probs: np.ndarray, bins: Bins, quantity: Quantity, n_draws: int, seed: int) -> np.ndarray:
    """Mean outcome per bin (n_draws, B) when labels follow the model's probabilities.

    Whether the top label is right is a coin of that label's probability, so no label needs drawing.
    """
    check_quantity(quantity)
    probs, _ = checked(probs, np.zeros(len(probs), int))
    if len(probs) != len(bins.members):
        raise ValueError(f"probs has {len(probs)} rows, but the bins were made of {len(bins.members)}")
    n_draws = whole_number(n_draws, "n_draws", 1)
    rng = np.random.Generator(np.random.SFC64([seed, len(probs)]))
    # Single precision: sums of at most 2²⁴ zeros and ones are exact, and it takes a third of the time.
    right = rng.random((n_draws, len(probs)), np.float32) < probs.max(axis=1).astype(np.float32)
    outcomes = right if quantity == "confidence" else ~right
    membership = np.eye(len(bins.count), dtype=np.float32)[bins.members]  # (N, B)
    return (outcomes.astype(np.float32) @ membership).astype(float) / bins.count
