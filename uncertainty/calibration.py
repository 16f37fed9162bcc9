"""Calibration: does a confidence of 80 % mean being right 80 % of the time?

Metrics take class probabilities `probs: (N, C)` and return one number; for all of them but the accuracy
lower is better. `truth` is what they are held against: labels (N,) or, where it is known, the posterior
p(y | x) of each example (N, C), which gives the expectation over the labels that could have been drawn.
The four binned errors are sums over the bins of a reliability diagram, so each is computed from the
same `Bins`; the other metrics are means over examples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from uncertainty.predictive import check_rows, entropy

Binning = Literal["width", "mass"]
Quantity = Literal["confidence", "uncertainty"]


@dataclass(frozen=True)
class Bins:
    """The bins of a reliability diagram that hold at least one example; B of them.

    For `confidence`, `mean_score` is the mean confidence and `mean_outcome` the accuracy; for
    `uncertainty`, the mean normalised entropy and the error rate. A perfectly calibrated
    classifier has the two equal for confidence (but not for uncertainty: see `uncertainty_calibration_error`).
    """

    lower: np.ndarray  # (B,) edges: a bin is (lower, upper], the first one closed on both sides
    upper: np.ndarray  # (B,)
    mean_score: np.ndarray  # (B,)
    mean_outcome: np.ndarray  # (B,)
    count: np.ndarray  # (B,) examples
    members: np.ndarray  # (N,) which of the B bins each example is in
    residual: np.ndarray  # (N,) outcome − score of each example

    @property
    def gap(self) -> np.ndarray:
        """|outcome − score| per bin (B,)."""
        return np.abs(self.mean_outcome - self.mean_score)

    @property
    def error(self) -> float:
        """The gap averaged over examples: ECE, ACE or UCE, whichever these bins are made for."""
        return float(np.average(self.gap, weights=self.count))


def reliability_bins(
    probs: np.ndarray,
    truth: np.ndarray,
    n_bins: int = 15,
    *,
    quantity: Quantity = "confidence",
    binning: Binning = "width",
) -> Bins:
    """Group examples by their score and compare it with what came true.

    quantity: `confidence` of the top label against accuracy, or `uncertainty`, the entropy
    divided by ln C, against the error rate. binning: bins of equal `width` over [0, 1], or of
    equal `mass`, which follow the quantiles of the scores, equal scores together. Every bin is
    closed at its upper edge and the first also at its lower: 0 and 1 land in a bin. Empty bins
    vanish from the result.
    """
    probs, truth = checked(probs, truth)
    score = _score(probs, quantity)
    edges = _inner_edges(score, n_bins, binning)
    occupied, members, count = np.unique(np.searchsorted(edges, score), return_inverse=True, return_counts=True)
    outer = np.concatenate([[0.0], edges, [1.0]])
    outcome = _outcome(probs, truth, quantity)
    return Bins(
        lower=outer[occupied],
        upper=outer[occupied + 1],
        mean_score=np.bincount(members, score) / count,
        mean_outcome=np.bincount(members, outcome) / count,
        count=count,
        members=members,
        residual=outcome - score,
    )


def expected_calibration_error(probs: np.ndarray, truth: np.ndarray, n_bins: int = 15) -> float:
    """ECE: Σ (n_b / N) · |accuracy_b − confidence_b| over equal-width bins of the top label.

    In [0, 1]; Naeini et al. 2015, Guo et al. 2017, equation 3.
    """
    return reliability_bins(probs, truth, n_bins).error


def maximum_calibration_error(probs: np.ndarray, truth: np.ndarray, n_bins: int = 15) -> float:
    """MCE: the largest |accuracy_b − confidence_b| over equal-width bins (Guo et al. 2017, equation 5)."""
    return float(reliability_bins(probs, truth, n_bins).gap.max())


def adaptive_calibration_error(probs: np.ndarray, truth: np.ndarray, n_bins: int = 15) -> float:
    """ACE: the calibration error of the top label over bins of equal mass.

    The adaptive binning of Nixon et al. 2019, applied to the top label so that it compares with
    ECE; their equation 3 averages over all classes as well.
    """
    return reliability_bins(probs, truth, n_bins, binning="mass").error


def uncertainty_calibration_error(probs: np.ndarray, truth: np.ndarray, n_bins: int = 15) -> float:
    """UCE: Σ (n_b / N) · |error_b − normalised entropy_b| (Laves et al. 2019, equation 10).

    In [0, 1]. Not zero for a perfectly calibrated model, because an entropy is not an error rate:
    two classes at 0.9 err 10 % of the time and have normalised entropy 0.47. Read it beside its floor.
    """
    return reliability_bins(probs, truth, n_bins, quantity="uncertainty").error


def brier_score(probs: np.ndarray, truth: np.ndarray) -> float:
    """Mean squared distance to the one-hot label, summed over classes; in [0, 2] (Brier 1950)."""
    return float(squared_errors(probs, truth).mean())


def negative_log_likelihood(probs: np.ndarray, truth: np.ndarray) -> float:
    """Mean −ln p(label) in nats, in [0, ∞). A label given probability 0 costs ln of the smallest
    float32, about 87.3, so that one such example does not hide all others."""
    return float(log_losses(probs, truth).mean())


def accuracy(probs: np.ndarray, truth: np.ndarray) -> float:
    """The share of examples whose largest probability is on the label; ties go to the lower class."""
    return float(rights(probs, truth).mean())


def rights(probs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether each example is right (N,): truth values against labels, against a posterior how probable that is."""
    return _rights(*checked(probs, truth))


def log_losses(probs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """−ln p(label) of each example (N,), in nats: see `negative_log_likelihood`."""
    probs, truth = checked(probs, truth)
    losses = -np.log(np.maximum(probs, np.finfo(np.float32).tiny))
    return losses[np.arange(len(truth)), truth] if truth.ndim == 1 else (truth * losses).sum(axis=1)


def squared_errors(probs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The squared distance of each example to its one-hot label (N,), summed over classes: see `brier_score`."""
    probs, truth = checked(probs, truth)
    soft = np.eye(probs.shape[1])[truth] if truth.ndim == 1 else truth
    return (np.square(probs - soft) + soft * (1 - soft)).sum(axis=1)


def checked(probs: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two once they have been found to be what a metric needs: floats, and labels as ints or a posterior."""
    probs, labels = np.asarray(probs, float), np.asarray(truth)
    if probs.ndim != 2 or 0 in probs.shape:
        raise ValueError(f"probs must have shape (N, C), neither of them zero; got {probs.shape}")
    if labels.shape == probs.shape:
        check_rows(labels)
        check_rows(probs)
        return probs, labels.astype(float)
    if labels.shape != probs.shape[:1]:
        raise ValueError(
            f"labels must have shape ({len(probs)},) as probs has {len(probs)} rows, or {probs.shape} as a "
            f"posterior; got {labels.shape}"
        )
    check_rows(probs)
    legal = np.isin(labels, np.arange(probs.shape[1]))
    if not legal.all():
        wrong = np.unique(labels[~legal])[:10]
        raise ValueError(f"labels must be whole numbers from 0 to {probs.shape[1] - 1}; got {wrong}")
    return probs, labels.astype(int)


def check_quantity(quantity: str) -> None:
    if quantity not in get_args(Quantity):
        raise ValueError(f"quantity {quantity!r} is unknown; choose one of: {', '.join(get_args(Quantity))}")


def _score(probs: np.ndarray, quantity: Quantity) -> np.ndarray:
    """What an example is binned by, in [0, 1]."""
    check_quantity(quantity)
    if quantity == "confidence":
        return probs.max(axis=1).clip(0, 1)
    return (entropy(probs) / np.log(max(probs.shape[1], 2))).clip(0, 1)


def _outcome(probs: np.ndarray, truth: np.ndarray, quantity: Quantity) -> np.ndarray:
    """What the score speaks about, in [0, 1]: being right for confidence, being wrong for uncertainty."""
    right = _rights(probs, truth).astype(float)
    return right if quantity == "confidence" else 1 - right


def _rights(probs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    winner = probs.argmax(axis=1)
    return winner == truth if truth.ndim == 1 else truth[np.arange(len(truth)), winner]


def _inner_edges(score: np.ndarray, n_bins: int, binning: Binning) -> np.ndarray:
    if n_bins < 1:
        raise ValueError(f"n_bins is {n_bins}; at least 1 is needed")
    fractions = np.arange(1, n_bins) / n_bins
    if binning == "width":
        return fractions
    if binning == "mass":
        return np.unique(np.quantile(score, fractions, method="inverted_cdf"))
    raise ValueError(f"binning {binning!r} is unknown; choose one of: width, mass")
