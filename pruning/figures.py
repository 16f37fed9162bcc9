"""The figures of a network: what is written in the table under the pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pruning.experiment import MAX_SAMPLES, Network, Outcome
from uncertainty.calibration import (
    accuracy,
    adaptive_calibration_error,
    brier_score,
    expected_calibration_error,
    maximum_calibration_error,
    negative_log_likelihood,
    uncertainty_calibration_error,
)
from uncertainty.predictive import mutual_information


@dataclass(frozen=True)
class Figures:
    """One network measured on the test points, with the mean predictive of its first samples.

    Sizes are those of the physically smaller network; ratios compare it with the dense one.
    """

    accuracy: float
    nll: float  # nats per example
    brier: float
    ece: float
    mce: float
    ace: float
    uce: float
    epistemic_test: float  # mean mutual information over the test points, nats
    epistemic_far: float  # the same over points far from all data
    early_stop_epoch: int
    units: int
    parameters: int
    compression_ratio: float
    speed_up: float
    latency: float  # seconds, for LATENCY_BATCH points


def single_pass_probs(network: Network) -> np.ndarray:
    """Class probabilities (N, C) of the test points with dropout off."""
    logits = network.test_logits.astype(float)
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def sampled_probs(network: Network, n_samples: int) -> np.ndarray:
    """The mean predictive (N, C) of the first `n_samples` MC-dropout samples."""
    if not 1 <= n_samples <= MAX_SAMPLES:
        raise ValueError(f"n_samples is {n_samples}; it must be from 1 to {MAX_SAMPLES}")
    return network.test_probs[:n_samples].mean(axis=0, dtype=float)


def figures(outcome: Outcome, network: Network, n_samples: int = 50, n_bins: int = 15) -> Figures:
    """All figures of one network of the outcome."""
    probs, labels, dense = sampled_probs(network, n_samples), outcome.test_labels, outcome.dense
    return Figures(
        accuracy=accuracy(probs, labels),
        nll=negative_log_likelihood(probs, labels),
        brier=brier_score(probs, labels),
        ece=expected_calibration_error(probs, labels, n_bins),
        mce=maximum_calibration_error(probs, labels, n_bins),
        ace=adaptive_calibration_error(probs, labels, n_bins),
        uce=uncertainty_calibration_error(probs, labels, n_bins),
        epistemic_test=float(mutual_information(network.test_probs[:n_samples]).mean()),
        epistemic_far=float(mutual_information(network.far_probs[:n_samples]).mean()),
        early_stop_epoch=network.early_stop_epoch,
        units=network.units,
        parameters=network.parameters,
        compression_ratio=dense.parameters / network.parameters,
        speed_up=dense.multiply_adds / network.multiply_adds,
        latency=network.latency,
    )
