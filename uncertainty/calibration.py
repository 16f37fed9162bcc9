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

from uncertainty.arrays import as_array, classes, distributions, whole_number
from uncertainty.predictive import entropy

Binning = Literal["width", "mass"]
Quantity = Literal["confidence", "uncertainty"]

ROUNDING = 2.0**-22
"""A score so little above an edge lies on it: four steps of float32 at a confidence."""


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
    def contribution(self) -> np.ndarray:
        """What each example adds to the error (N,), their mean: its residual in the direction of its bin's gap."""
        return np.sign(self.mean_outcome - self.mean_score)[self.members] * self.residual

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
    vanish from the result. Bins of equal mass hold numbers of examples that differ by at most one,
    unless equal scores are kept together.

    A score that is above an edge of equal width by no more than `ROUNDING` lies on it, so that a
    confidence of 0.6 is in (0.5, 0.6] whether it came as float64 or as float32, where it is
    0.60000002. Coarser types are taken for the numbers that they hold.
    """
    probs, truth = checked(probs, truth)
    score = _score(probs, quantity)
    edges, slack = _inner_edges(score, n_bins, binning)
    positions = np.searchsorted(edges + slack, score)
    occupied, members, count = np.unique(positions, return_inverse=True, return_counts=True)
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

    In [0, 1]; Naeini et al. 2015, Guo et al. 2017, equation 3. Raises ValueError for shapes that do not fit, rows
    that are no distributions, and labels that are no classes.

    >>> probs = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> round(expected_calibration_error(probs, np.array([0, 0, 1, 1])), 3)
    0.25
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
    losses = 0.0 - np.log(np.maximum(probs, np.finfo(np.float32).tiny))  # never −0.0
    return losses[np.arange(len(truth)), truth] if truth.ndim == 1 else (truth * losses).sum(axis=1)


def squared_errors(probs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The squared distance of each example to its one-hot label (N,), summed over classes: see `brier_score`."""
    probs, truth = checked(probs, truth)
    soft = np.eye(probs.shape[1])[truth] if truth.ndim == 1 else truth
    return (np.square(probs - soft) + soft * (1 - soft)).sum(axis=1)


def signed_gap(probs: np.ndarray, truth: np.ndarray) -> float:
    """Mean confidence − accuracy: in [−1, 1], above 0 for over-confident, below 0 for under-confident.

    The calibration error of the top label in the large (Cox 1958): ECE with one bin, with its sign. It
    needs no bins and has no floor: for a calibrated model its expectation is 0 whatever N is. Gaps of
    different signs cancel, so that 0 does not say calibrated.
    """
    probs, truth = checked(probs, truth)
    return float(probs.max(axis=1).mean() - _rights(probs, truth).mean())


def checked(probs: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two once they have been found to be what a metric needs: floats, and labels as ints or a posterior.

    Arrays, lists and tensors will do, and labels of any numeric type. What is forgiven as rounding is
    said in `uncertainty.arrays.distributions`. Raises ValueError for shapes that do not fit, and for what are
    no probabilities or no classes.
    """
    probs, labels = as_array(probs, "probs"), as_array(truth, "labels")
    if probs.ndim != 2 or 0 in probs.shape:
        raise ValueError(f"probs must have shape (N, C), neither of them zero; got {probs.shape}")
    if labels.shape == probs.shape:
        return distributions(probs), distributions(labels)
    if labels.shape != probs.shape[:1]:
        raise ValueError(
            f"labels must have shape ({len(probs)},) as probs has {len(probs)} rows, or {probs.shape} as a "
            f"posterior; got {labels.shape}"
        )
    return distributions(probs), classes(labels, probs.shape[1])


def check_quantity(quantity: str) -> None:
    """Raises ValueError, with the legal ones, for a quantity that is unknown."""
    if quantity not in get_args(Quantity):
        raise ValueError(f"quantity {quantity!r} is unknown; choose one of: {', '.join(get_args(Quantity))}")


def _score(probs: np.ndarray, quantity: Quantity) -> np.ndarray:
    """What an example is binned by, in [0, 1]."""
    check_quantity(quantity)
    if quantity == "confidence":
        return probs.max(axis=1)
    return (entropy(probs) / np.log(max(probs.shape[1], 2))).clip(0, 1)


def _outcome(probs: np.ndarray, truth: np.ndarray, quantity: Quantity) -> np.ndarray:
    """What the score speaks about, in [0, 1]: being right for confidence, being wrong for uncertainty."""
    right = _rights(probs, truth).astype(float)
    return right if quantity == "confidence" else 1 - right


def _rights(probs: np.ndarray, truth: np.ndarray) -> np.ndarray:
    winner = probs.argmax(axis=1)
    return winner == truth if truth.ndim == 1 else truth[np.arange(len(truth)), winner]


def _inner_edges(score: np.ndarray, n_bins: int, binning: Binning) -> tuple[np.ndarray, float]:
    """The edges between the bins, and how far above one a score still counts as on it."""
    n_bins = whole_number(n_bins, "n_bins", 1)
    if binning == "width":
        return np.arange(1, n_bins) / n_bins, min(ROUNDING, 0.25 / n_bins)
    if binning == "mass":
        # In whole numbers: 150 · (1/30) is a little more than 5, and would put six into a bin.
        last = -(-len(score) * np.arange(1, n_bins) // n_bins) - 1
        return np.unique(np.sort(score)[last]), 0.0
    raise ValueError(f"binning {binning!r} is unknown; choose one of: width, mass")
