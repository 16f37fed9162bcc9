"""A network's predictions as estimates with intervals, and held against the truth.

`probs: (N, C)` are its probabilities at N points. Against labels (N,), figures are those of one draw of the
labels. Against the posterior p(y | x) of each point (N, C) they are expectations over all labels that could
have been drawn: they vary with the points alone, and there is a best they can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from uncertainty.arrays import distributions
from uncertainty.calibration import (
    Bins,
    checked,
    log_losses,
    reliability_bins,
    rights,
    squared_errors,
)
from uncertainty.estimate import CONFIDENCE, Estimate, binned_estimate, mean_estimate
from uncertainty.paired import Difference, binned_difference, mean_difference
from uncertainty.predictive import entropy
from uncertainty.proportion import wilson_interval


@dataclass(frozen=True)
class Scores:
    """Each metric with its interval over the points; all in the units of `calibration`."""

    accuracy: Estimate
    confidence: Estimate  # the mean of the largest probability
    signed_gap: Estimate  # confidence − accuracy: above 0 over-, below 0 under-confident; needs no bins
    nll: Estimate  # nats
    brier: Estimate
    ece: Estimate
    ace: Estimate
    uce: Estimate
    mce: float


@dataclass(frozen=True)
class AgainstTruth:
    """What only the posterior can tell, and what it leaves to gain."""

    bayes_accuracy: float  # of always answering the most probable class: no network has more
    true_entropy: float  # mean entropy of the posterior, nats: the noise in the data, and the least NLL there is
    excess_nll: Estimate  # NLL − true entropy: the mean Kullback–Leibler divergence from the truth to the network
    error: Estimate  # mean total variation distance ½ Σ |p̂ − p|; with two classes |p̂ − p|, in [0, 1]


@dataclass(frozen=True)
class Differences:
    """After minus before, per metric, on the same points."""

    accuracy: Difference
    confidence: Difference
    signed_gap: Difference
    nll: Difference
    brier: Difference
    ece: Difference
    ace: Difference
    uce: Difference


def scores(probs: np.ndarray, truth: np.ndarray, n_bins: int = 15, *, confidence: float = CONFIDENCE) -> Scores:
    """Every metric of the predictions, held against labels (N,) or the posterior (N, C)."""
    values = _values(probs, truth)
    bins = _bins(probs, truth, n_bins)
    means = {name: mean_estimate(each, confidence=confidence) for name, each in values.items()}
    if values["accuracy"].dtype == bool:  # a share, whose interval stays within [0, 1]
        right = values["accuracy"]
        low, high = wilson_interval(int(right.sum()), len(right), confidence)
        means["accuracy"] = Estimate(float(right.mean()), low, high)
    errors = {name: binned_estimate(each, confidence=confidence) for name, each in bins.items()}
    return Scores(**means, **errors, mce=float(bins["ece"].gap.max()))


def differences(
    before: np.ndarray,
    after: np.ndarray,
    truth: np.ndarray,
    n_bins: int = 15,
    *,
    confidence: float = CONFIDENCE,
    comparisons: int = 1,
) -> Differences:
    """What changes from one network's probabilities to another's at the same points (N, C), metric by metric.

    truth: labels (N,) or the posterior (N, C). comparisons: see `estimate`.
    """
    old, new = _values(before, truth), _values(after, truth)
    old_bins, new_bins = _bins(before, truth, n_bins), _bins(after, truth, n_bins)
    mean = partial(mean_difference, confidence=confidence, comparisons=comparisons)
    binned = partial(binned_difference, confidence=confidence, comparisons=comparisons)
    return Differences(
        **{name: mean(old[name], new[name]) for name in old},
        **{name: binned(old_bins[name], new_bins[name]) for name in old_bins},
    )


def against_truth(probs: np.ndarray, posterior: np.ndarray, *, confidence: float = CONFIDENCE) -> AgainstTruth:
    """How far the predictions (N, C) are from the posterior (N, C), and the best that could be reached.

    Raises ValueError for labels in place of a posterior.
    """
    probs, posterior = checked(probs, posterior)
    if posterior.ndim != 2:
        raise ValueError(f"a posterior must have the shape {probs.shape} of probs; got {posterior.shape}, labels?")
    true_entropy = entropy(posterior)
    return AgainstTruth(
        bayes_accuracy=float(posterior.max(axis=1).mean()),
        true_entropy=float(true_entropy.mean()),
        excess_nll=mean_estimate(log_losses(probs, posterior) - true_entropy, confidence=confidence),
        error=mean_estimate(np.abs(probs - posterior).sum(axis=1) / 2, confidence=confidence),
    )


def _values(probs: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Metric → its value per example (N,), for those that are means over examples."""
    right, largest = rights(probs, truth), distributions(probs).max(axis=1)
    return {
        "accuracy": right,
        "confidence": largest,
        "signed_gap": largest - right,
        "nll": log_losses(probs, truth),
        "brier": squared_errors(probs, truth),
    }


def _bins(probs: np.ndarray, truth: np.ndarray, n_bins: int) -> dict[str, Bins]:
    """Metric → its bins, for those that are sums over bins."""
    return {
        "ece": reliability_bins(probs, truth, n_bins),
        "ace": reliability_bins(probs, truth, n_bins, binning="mass"),
        "uce": reliability_bins(probs, truth, n_bins, quantity="uncertainty"),
    }
