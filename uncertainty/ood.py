"""Out-of-distribution detection: can the scores tell strangers from what the network was trained on?

One sign convention for everything here: a higher score means more OOD, and OOD is the positive
class. Scores take class probabilities or logits (N, C) and return (N,); the measures compare the
scores of in-distribution examples with those of OOD examples and depend on nothing but their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from uncertainty.arrays import as_array, distributions, floats
from uncertainty.predictive import entropy
from uncertainty.proportion import wilson_interval


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
    a single pass stored in float32 has scores near 1e-7 in an order that means nothing. Raises
    ValueError where the shapes do not fit, or an entropy is not finite.
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
    """−T · ln Σ exp(logits / T) over the classes of logits (N, C) (Liu et al. 2020, equation 4).

    Raises ValueError for a temperature that is not finite and above 0.
    """
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


def auroc_interval(id_scores: np.ndarray, ood_scores: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The interval (low, high) in [0, 1] for the AUROC behind these examples, by DeLong's variance.

    AUROC ± z · √(var(OOD placements) / N_ood + var(ID placements) / N_id), where the placement of an
    example is the share of the other group on its right side (DeLong et al. 1988, equation 5; by
    sorting as in Sun & Xu 2014). Groups of one example tell no variance: (0, 1). Where all pairs are
    in order, or none, that variance is zero without the AUROC being certain; there it is Wilson's
    interval for as many successes, or failures, as the smaller group has examples.
    """
    id_scores, ood_scores = _both(id_scores, ood_scores)
    z, smaller = _quantile(level), min(len(id_scores), len(ood_scores))
    if smaller == 1:
        return 0.0, 1.0
    area = auroc(id_scores, ood_scores)
    if area in (0.0, 1.0):
        return wilson_interval(round(area) * smaller, smaller, level)
    half = z * _standard_error(_placements(id_scores, ood_scores))
    return max(area - half, 0.0), min(area + half, 1.0)


def auroc_difference(
    id_scores: np.ndarray,
    ood_scores: np.ndarray,
    other_id_scores: np.ndarray,
    other_ood_scores: np.ndarray,
    level: float = 0.95,
) -> tuple[float, float, float]:
    """AUROC − the other AUROC, and its interval: (difference, low, high) in [−1, 1], by DeLong's covariance.

    Both are of the same examples in the same order, asked of two networks or by two scores, so that what
    they share cancels: the variance is that of the differences of the placements (DeLong et al. 1988,
    equation 6; see `auroc_interval`). Groups of one example tell no variance: (difference, −1, 1). Where
    it is zero though the scores differ, the interval is as wide as that of an AUROC of 1. Raises ValueError
    where the two have not as many examples.
    """
    one, other = _both(id_scores, ood_scores), _both(other_id_scores, other_ood_scores, "other_")
    for name, left, right in zip(("id_scores", "ood_scores"), one, other, strict=True):
        if len(left) != len(right):
            raise ValueError(
                f"{name} has {len(left)} examples and other_{name} {len(right)}; they must be the same ones"
            )
    z, smaller = _quantile(level), min(map(len, one))
    difference = auroc(*one) - auroc(*other)
    if smaller == 1:
        return difference, -1.0, 1.0
    half = z * _standard_error([a - b for a, b in zip(_placements(*one), _placements(*other), strict=True)])
    if half < 1e-12 and not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True)):
        half = 1 - wilson_interval(smaller, smaller, level)[0]
    return difference, max(difference - half, -1.0), min(difference + half, 1.0)


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
    Raises ValueError for another tpr.
    """
    if not 0 < tpr <= 1:
        raise ValueError(f"tpr is {tpr}; it must be above 0 and at most 1")
    curve = roc(id_scores, ood_scores)
    return float(curve.fpr[np.argmax(curve.tpr >= tpr)])


def checked_scores(scores: np.ndarray, name: str) -> np.ndarray:
    """The scores (N,) as floats, once they have been found to have an order; `name` is for the message.

    Raises ValueError for another shape, for no scores, and for nan.
    """
    scores = floats(scores, name)
    if scores.ndim != 1 or len(scores) == 0:
        raise ValueError(f"{name} must have shape (N,) with N at least 1; got {scores.shape}")
    missing = np.isnan(scores)
    if missing.any():
        raise ValueError(
            f"{name} must be numbers, infinite ones included; entry {np.argmax(missing)} is nan, which has no order"
        )
    return scores


def _both(id_scores: np.ndarray, ood_scores: np.ndarray, prefix: str = "") -> tuple[np.ndarray, np.ndarray]:
    return checked_scores(id_scores, f"{prefix}id_scores"), checked_scores(ood_scores, f"{prefix}ood_scores")


def _placements(id_scores: np.ndarray, ood_scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each ID example the share of OOD ones above it, for each OOD one that of ID ones below it; ties half."""
    below = _shares_below(np.sort(id_scores), ood_scores)
    return 1 - _shares_below(np.sort(ood_scores), id_scores), below


def _shares_below(ordered: np.ndarray, scores: np.ndarray) -> np.ndarray:
    ranks = np.searchsorted(ordered, scores, side="left") + np.searchsorted(ordered, scores, side="right")
    return ranks / (2 * len(ordered))


def _standard_error(placements: Iterable[np.ndarray]) -> float:
    return float(np.sqrt(sum(group.var(ddof=1) / len(group) for group in placements)))


def _quantile(level: float) -> float:
    """How many standard errors an interval of this level reaches to either side."""
    if not 0 < level < 1:
        raise ValueError(f"level is {level}; it must be above 0 and below 1")
    return NormalDist().inv_cdf((1 + level) / 2)


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
