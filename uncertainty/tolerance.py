"""The largest tolerable prune ratio: how much may be removed before more accuracy is lost than one is ready to lose.

Dense and pruned networks answer the same N test examples, which neither of them was trained or chosen by. What is
claimed holds for these networks over all examples there could be: "up to this ratio, at most 2 points of accuracy are
lost", wrong in at most 5 % of all test sets. It says nothing of networks trained with other seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uncertainty.arrays import as_array
from uncertainty.estimate import CONFIDENCE, tail_of


@dataclass(frozen=True)
class Tolerance:
    """What can be claimed of each of K rising prune ratios; R of them is the largest tolerable one."""

    ratios: tuple[float, ...]  # (K,) rising
    loss: np.ndarray  # (K,) accuracy of the dense network less that of the pruned one, as measured
    bound: np.ndarray  # (K,) each loss is at most this, with the confidence asked for
    tolerable: float | None  # the largest ratio that the claim can be made of; None where it can be of none


def largest_tolerable(
    ratios: Sequence[float],
    dense_right: np.ndarray,
    pruned_right: np.ndarray,
    *,
    tolerated: float = 0.02,
    confidence: float = CONFIDENCE,
) -> Tolerance:
    """The largest ratio up to which the accuracy lost is at most `tolerated`, claimed with this confidence.

    ratios (K,) rising; dense_right (N,), pruned_right (K, N): whether each answer is right; tolerated: a share, 0.02
    for 2 points. Ratios are tested in rising order, each with the full confidence, until one fails (fixed-sequence
    testing: Angelopoulos, Bates, Candès, Jordan & Lei 2021, "Learn then test"): the first whose loss is in truth too
    large is claimed only if its own bound errs, so nothing is corrected for the number of ratios. That holds
    whether or not losses rise with the ratio. Raises ValueError for shapes that do not fit and ratios out of order.

    >>> dense = np.ones(1000, bool)
    >>> pruned = np.arange(1000) >= np.array([[1], [5], [30]])  # 1, 5 and 30 of 1,000 are lost
    >>> found = largest_tolerable([0.5, 0.7, 0.9], dense, pruned)
    >>> found.tolerable, found.bound.round(3).tolist()
    (0.7, [0.006, 0.012, 0.043])
    """
    if not 0 <= tolerated < 1:
        raise ValueError(f"tolerated is {tolerated}; it is a share and must be at least 0 and below 1")
    dense, pruned = _truths(dense_right, "dense_right", 1), _truths(pruned_right, "pruned_right", 2)
    if pruned.shape != (len(ratios), len(dense)):
        raise ValueError(
            f"pruned_right must have shape ({len(ratios)}, {len(dense)}), a row for each ratio and a column for each "
            f"answer of the dense network; got {pruned.shape}"
        )
    if (np.diff(ratios) <= 0).any():
        raise ValueError(f"ratios must rise; got {list(ratios)}")
    lost, gained = (dense & ~pruned).sum(axis=1), (~dense & pruned).sum(axis=1)
    bound = loss_bound(lost, gained, len(dense), confidence)
    passed = int(np.logical_and.accumulate(bound <= tolerated).sum())
    return Tolerance(
        ratios=tuple(ratios),
        loss=(lost - gained) / len(dense),
        bound=bound,
        tolerable=ratios[passed - 1] if passed else None,
    )


def loss_bound(lost: np.ndarray, gained: np.ndarray, n: int, confidence: float = CONFIDENCE) -> np.ndarray:
    """What the accuracy lost is at most, from how many of n answers ceased and came to be right (K,).

    The loss is the probability of the one less that of the other. The bound is the upper bound of the first less the
    lower bound of the second, each exact (Clopper & Pearson 1934) and wrong with probability (1 − confidence)/2 at
    most, so that by Bonferroni's inequality both hold together. That is more careful than it need be: at 95 %, and a
    loss of 2 points, it errs in 0.3 to 2.3 % of all test sets (1,000 and 10,000 examples; 0, 2 and 20 % gained).
    """
    from scipy.special import betaincinv  # late: it takes a third of a second

    lost, gained = np.asarray(lost), np.asarray(gained)
    tail = tail_of(confidence, 1)
    most = np.where(lost < n, betaincinv(lost + 1, np.maximum(n - lost, 1), 1 - tail), 1.0)
    least = np.where(gained > 0, betaincinv(np.maximum(gained, 1), n - gained + 1, tail), 0.0)
    return most - least


def _truths(right: np.ndarray, name: str, axes: int) -> np.ndarray:
    right = as_array(right, name)
    if right.dtype != bool:
        raise ValueError(f"{name} must be True or False for each example; got {right.dtype}")
    if right.ndim != axes or 0 in right.shape:
        raise ValueError(
            f"{name} must have shape {('(N,)', '(K, N)')[axes - 1]}, none of them zero; got {right.shape}"
        )
    return right
