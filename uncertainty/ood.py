"""Out-of-distribution detection: can the scores tell strangers from what the network was trained on?

One sign convention for everything here: a higher score means more OOD, and OOD is the positive
class. Scores take class probabilities or logits (N, C) and return (N,); the measures compare the
scores of in-distribution examples with those of OOD examples and depend on nothing but their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uncertainty.arrays import as_array, distributions, floats
from uncertainty.predictive import entropy


def msp_score(probs: np.ndarray) -> np.ndarray:
    """1 − the maximum class probability of the mean predictive (N, C) (Hendrycks & Gimpel 2017)."""
    return 1.0 - _distributions(probs).max(axis=1)


def entropy_score(probs: np.ndarray) -> np.ndarray:
    """The entropy of the mean predictive (N, C), in nats."""
    return entropy(_distributions(probs))


def mutual_information_score(probs: np.ndarray, expected_entropy: np.ndarray) -> np.ndarray:
    """H[E p] − E H[p] ≥ 0 in nats, from the mean predictive (N, C) and the expected entropy (N,).

    For results that keep these two and not the samples; with samples at hand it equals
    `predictive.mutual_information`. Rounding below zero is cut off; rounding above it is not, so that
    a single pass stored in float32 has scores near 1e-7 in an order that means nothing.
    """
    total = entropy_score(probs)
    expected_entropy = floats(expected_entropy, "expected_entropy")
    if expected_entropy.shape != total.shape:
        raise ValueError(
            f"expected_entropy must have shape ({len(total)},) as probs has {len(total)} rows; "
            f"got {expected_entropy.shape}"
        )
    _check_finite(expected_entropy, "expected_entropy")
    return np.maximum(total - expected_entropy, 0.0)


def energy_score(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """−T · ln Σ exp(logits / T) over the classes of logits (N, C) (Liu et al. 2020, equation 4)."""
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is {temperature}; it must be finite and above 0")
    logits = _logits(logits)
    largest = logits.max(axis=1, keepdims=True)
    scaled = (logits - largest) / temperature  # at most 0, so that exp cannot overflow
    return 0.0 - (largest[:, 0] + temperature * np.log(np.exp(scaled).sum(axis=1)))  # never −0.0


def max_logit_score(logits: np.ndarray) -> np.ndarray:
    """The negative of the largest of the logits (N, C) (Hendrycks et al. 2022)."""
    return 0.0 - _logits(logits).max(axis=1)  # never −0.0


@dataclass(frozen=True)
class Roc:
    """The ROC curve, from (0, 0) to (1, 1); M − 1 distinct scores, equal ones in one step.

    At each threshold an example is flagged as OOD when its score is at least the threshold. The
    first threshold is ∞ and stands for flagging nothing, even where scores are infinite.
    """

    fpr: np.ndarray  # (M,) share of ID examples that are flagged
    tpr: np.ndarray  # (M,) share of OOD examples that are flagged
    thresholds: np.ndarray  # (M,) falling


def roc(id_scores: np.ndarray, ood_scores: np.ndarray) -> Roc:
    """The share of OOD examples caught against the share of ID examples flagged, at every threshold."""
    id_scores, ood_scores = _both(id_scores, ood_scores)
    thresholds, id_flagged, ood_flagged = _flagged(id_scores, ood_scores)
    return Roc(
        fpr=np.concatenate([[0.0], id_flagged / len(id_scores)]),
        tpr=np.concatenate([[0.0], ood_flagged / len(ood_scores)]),
        thresholds=np.concatenate([[np.inf], thresholds]),
    )


def auroc(id_scores: np.ndarray, ood_scores: np.ndarray) -> float:
    """P(OOD score > ID score) + ½ P(equal), over all pairs; in [0, 1], higher is better, chance is ½.

    The area under the ROC curve, as the Mann–Whitney statistic (Hanley & McNeil 1982).
    """
    id_scores, ood_scores = _both(id_scores, ood_scores)
    ordered = np.sort(id_scores)
    below = np.searchsorted(ordered, ood_scores, side="left").sum()
    not_above = np.searchsorted(ordered, ood_scores, side="right").sum()
    return float((below + not_above) / (2 * len(id_scores) * len(ood_scores)))


def aupr(id_scores: np.ndarray, ood_scores: np.ndarray) -> float:
    """Average precision with OOD positive: Σ (recall_m − recall_{m−1}) · precision_m over falling thresholds.

    In (0, 1], higher is better; chance is the share of OOD among all examples, so that values
    compare only between sets of the same sizes. Without interpolation, equal scores together
    (Davis & Goadrich 2006 on why).
    """
    id_scores, ood_scores = _both(id_scores, ood_scores)
    _, id_flagged, ood_flagged = _flagged(id_scores, ood_scores)
    precision = ood_flagged / (id_flagged + ood_flagged)
    caught = np.diff(ood_flagged, prepend=0) / len(ood_scores)
    return float(caught @ precision)


def fpr_at_tpr(id_scores: np.ndarray, ood_scores: np.ndarray, tpr: float = 0.95) -> float:
    """The share of ID examples flagged at the highest threshold that catches at least `tpr` of the OOD ones.

    In [0, 1], lower is better; tpr lies in (0, 1]. An example is flagged when its score is at
    least the threshold. With the classes swapped the same scores give another number, unlike AUROC.
    """
    if not 0 < tpr <= 1:
        raise ValueError(f"tpr is {tpr}; it must be above 0 and at most 1")
    curve = roc(id_scores, ood_scores)
    return float(curve.fpr[np.argmax(curve.tpr >= tpr)])


def checked_scores(scores: np.ndarray, name: str) -> np.ndarray:
    """The scores (N,) as floats, once they have been found to have an order; `name` is for the message."""
    scores = floats(scores, name)
    if scores.ndim != 1 or len(scores) == 0:
        raise ValueError(f"{name} must have shape (N,) with N at least 1; got {scores.shape}")
    missing = np.isnan(scores)
    if missing.any():
        raise ValueError(
            f"{name} must be numbers, infinite ones included; entry {np.argmax(missing)} is nan, which has no order"
        )
    return scores


def _both(id_scores: np.ndarray, ood_scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return checked_scores(id_scores, "id_scores"), checked_scores(ood_scores, "ood_scores")


def _flagged(id_scores: np.ndarray, ood_scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct scores, falling, and how many ID and OOD examples score at least that much."""
    thresholds = np.unique(np.concatenate([id_scores, ood_scores]))[::-1]
    id_below, ood_below = (np.searchsorted(np.sort(scores), thresholds) for scores in (id_scores, ood_scores))
    return thresholds, len(id_scores) - id_below, len(ood_scores) - ood_below


def _distributions(probs: np.ndarray) -> np.ndarray:
    return distributions(_matrix(probs, "probs"))


def _logits(logits: np.ndarray) -> np.ndarray:
    logits = floats(_matrix(logits, "logits"), "logits")
    _check_finite(logits, "logits")
    return logits


def _matrix(values: np.ndarray, name: str) -> np.ndarray:
    values = as_array(values, name)
    if values.ndim != 2 or 0 in values.shape:
        raise ValueError(f"{name} must have shape (N, C), neither of them zero; got {values.shape}")
    return values


def _check_finite(values: np.ndarray, name: str) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        raise ValueError(f"{name} must be finite; entry {', '.join(map(str, where))} is {values[where]}")
