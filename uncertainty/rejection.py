"""Selective prediction: refuse the examples the network is least sure of, and answer the rest.

A higher score means more uncertain. An example is kept when its score is at most the threshold,
so that equal scores are kept or refused together. `wrong` says which predictions are errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uncertainty.arrays import as_array
from uncertainty.ood import checked_scores


@dataclass(frozen=True)
class RiskCoverage:
    """The risk–coverage curve: one point for each of the M distinct scores, from the most certain on."""

    coverage: np.ndarray  # (M,) share of examples kept, rising to 1
    risk: np.ndarray  # (M,) error rate among the kept; the last is that of all examples
    thresholds: np.ndarray  # (M,) rising


@dataclass(frozen=True)
class Kept:
    """What one threshold keeps and refuses, and how often the network is right on the ID examples it keeps."""

    id_kept: int
    id_refused: int
    ood_kept: int
    ood_refused: int
    accuracy: float  # among the kept ID examples; NaN where there are none


def risk_coverage(scores: np.ndarray, wrong: np.ndarray) -> RiskCoverage:
    """Error rate among the kept against the share kept, at every threshold (Geifman & El-Yaniv 2017).

    scores (N,): higher is more uncertain; wrong (N,): True where the prediction is an error.
    """
    scores, wrong = _checked(scores, wrong)
    thresholds, members, count = np.unique(scores, return_inverse=True, return_counts=True)
    kept = np.cumsum(count)
    errors = np.cumsum(np.bincount(members, wrong))
    return RiskCoverage(coverage=kept / len(scores), risk=errors / kept, thresholds=thresholds)


def aurc(scores: np.ndarray, wrong: np.ndarray) -> float:
    """Area under the risk–coverage curve: the mean over n = 1…N of the risk of the n most certain examples.

    In [0, 1], lower is better (Geifman et al. 2019). Equal scores count as the average
    over all their orders, so that the order of the examples does not matter and a constant score
    has the error rate. Raises ValueError for shapes that differ and for scores that are no numbers.

    >>> aurc(np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, False, True]))
    0.0625
    """
    scores, wrong = _checked(scores, wrong)
    _, members, count = np.unique(scores, return_inverse=True, return_counts=True)
    # Averaged over the orders, each place within a group of equal scores holds the group's error rate.
    rate = np.bincount(members, wrong) / count
    errors = np.cumsum(np.repeat(rate, count))
    return float((errors / np.arange(1, len(scores) + 1)).mean())


def best_aurc(wrong: np.ndarray) -> float:
    """The least AURC any scores can have on these errors: that of ranking every error last.

    What is above it is the fault of the ranking and not of the accuracy (excess AURC, Geifman et al. 2019).
    """
    wrong = _checked_wrong(wrong)
    return aurc(wrong.astype(float), wrong)


def threshold_for(scores: np.ndarray, refused: float) -> float:
    """The lowest threshold that refuses no more than the share `refused`, in [0, 1], of these scores.

    Equal scores go together, so that fewer may be refused than allowed. 0 keeps all; 1 gives −∞. Raises ValueError
    for another share.
    """
    if not 0 <= refused <= 1:
        raise ValueError(f"refused is {refused}; it is a share and must be from 0 to 1")
    scores = checked_scores(scores, "scores")
    thresholds = np.unique(np.append(scores, -np.inf))
    n_above = len(scores) - np.searchsorted(np.sort(scores), thresholds, side="right")
    # As shares: 0.29 · 100 is less than 29, but 29 / 100 is 0.29.
    return float(thresholds[np.argmax(n_above / len(scores) <= refused)])


def keep(id_scores: np.ndarray, id_wrong: np.ndarray, ood_scores: np.ndarray, threshold: float) -> Kept:
    """Count what is kept and refused when every score above `threshold` is refused.

    id_scores and id_wrong have one shape (N,), ood_scores (M,) its own; the threshold may be infinite. Raises
    ValueError where it is nan, and for other shapes.
    """
    if np.isnan(threshold):
        raise ValueError("threshold is nan; it must be a number, infinite ones included")
    id_scores, id_wrong = _checked(id_scores, id_wrong, "id_")
    id_kept = id_scores <= threshold
    ood_kept = checked_scores(ood_scores, "ood_scores") <= threshold
    return Kept(
        id_kept=int(id_kept.sum()),
        id_refused=int((~id_kept).sum()),
        ood_kept=int(ood_kept.sum()),
        ood_refused=int((~ood_kept).sum()),
        accuracy=float((~id_wrong[id_kept]).mean()) if id_kept.any() else float("nan"),
    )


def _checked(scores: np.ndarray, wrong: np.ndarray, prefix: str = "") -> tuple[np.ndarray, np.ndarray]:
    scores = checked_scores(scores, f"{prefix}scores")
    wrong = _checked_wrong(wrong, f"{prefix}wrong")
    if len(wrong) != len(scores):
        raise ValueError(
            f"{prefix}wrong must have shape ({len(scores)},) as there are {len(scores)} scores; got {wrong.shape}"
        )
    return scores, wrong


def _checked_wrong(wrong: np.ndarray, name: str = "wrong") -> np.ndarray:
    wrong = as_array(wrong, name)
    if wrong.ndim != 1 or len(wrong) == 0:
        raise ValueError(f"{name} must have shape (N,) with N at least 1; got {wrong.shape}")
    if wrong.dtype != bool:
        raise ValueError(f"{name} must be True or False for each example; got {wrong.dtype}")
    return wrong
