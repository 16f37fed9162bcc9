"""The figures of a network: what is written in the table under the pictures."""

from __future__ import annotations

from dataclasses import dataclass

from pruning.outcome import Network, Outcome
from uncertainty.calibration import (
    accuracy,
    adaptive_calibration_error,
    brier_score,
    expected_calibration_error,
    maximum_calibration_error,
    negative_log_likelihood,
    uncertainty_calibration_error,
)


@dataclass(frozen=True)
class Figures:
    """One network measured on the test examples, with the mean predictive of its first samples.

    Sizes are those of the physically smaller network; ratios compare it with the dense one.
    """

    accuracy: float
    nll: float  # nats per example
    brier: float
    ece: float
    mce: float
    ace: float
    uce: float
    epistemic_test: float  # mean mutual information over the test examples, nats
    epistemic_ood: float  # the same over what is out of distribution
    early_stop_epoch: int | None  # in all, see `Network.epochs_in_all`; None without training after pruning
    epochs_spent: int  # of every training on the way to it, the dense one first
    units: int
    parameters: int
    compression_ratio: float
    speed_up: float
    latency: float  # seconds for one pass


def figures(outcome: Outcome, network: Network, n_samples: int = 50, n_bins: int = 15) -> Figures:
    """All figures of one network of the outcome."""
    probs, labels, dense = network.test.probs(n_samples), outcome.test_labels, outcome.dense
    return Figures(
        accuracy=accuracy(probs, labels),
        nll=negative_log_likelihood(probs, labels),
        brier=brier_score(probs, labels),
        ece=expected_calibration_error(probs, labels, n_bins),
        mce=maximum_calibration_error(probs, labels, n_bins),
        ace=adaptive_calibration_error(probs, labels, n_bins),
        uce=uncertainty_calibration_error(probs, labels, n_bins),
        epistemic_test=float(network.test.epistemic(n_samples).mean()),
        epistemic_ood=float(network.ood.epistemic(n_samples).mean()),
        early_stop_epoch=network.epochs_in_all,
        epochs_spent=network.history.spent,
        units=network.units,
        parameters=network.parameters,
        compression_ratio=dense.parameters / network.parameters,
        speed_up=dense.multiply_adds / network.multiply_adds,
        latency=network.latency,
    )
