"""What is measured of a network, worked out once however many parts of a page ask for it."""

from __future__ import annotations

from functools import partial

import numpy as np

from pruning import Network, Outcome
from pruning.evaluation.memo import remembered
from pruning.evaluation.metrics import Figures, figures
from uncertainty.calibration import Binning, Bins, Quantity, reliability_bins
from uncertainty.floor import Floor, calibration_floor


def network_figures(outcome: Outcome, network: Network, n_samples: int, n_bins: int) -> Figures:
    """All figures of one network of the outcome."""
    compute = partial(figures, outcome, network, n_samples, n_bins)
    return remembered(network, ("figures", n_samples, n_bins), compute)


def calibration(
    outcome: Outcome,
    network: Network,
    n_samples: int,
    n_bins: int,
    quantity: Quantity = "confidence",
    binning: Binning = "width",
) -> Bins:
    """The bins of its test examples, whose error is the calibration error. No MC-dropout samples: a single pass."""

    def compute() -> Bins:
        probs = answers(network, n_samples)
        return reliability_bins(probs, outcome.test_labels, n_bins, quantity=quantity, binning=binning)

    return remembered(network, ("calibration", quantity, binning, n_samples, n_bins), compute)


def floor(
    outcome: Outcome,
    network: Network,
    n_samples: int,
    n_bins: int,
    quantity: Quantity = "confidence",
    binning: Binning = "width",
) -> Floor:
    """The floor of that error: see `uncertainty.floor`."""

    def compute() -> Floor:
        bins = calibration(outcome, network, n_samples, n_bins, quantity, binning)
        return calibration_floor(answers(network, n_samples), bins, quantity=quantity)

    return remembered(network, ("floor", quantity, binning, n_samples, n_bins), compute)


def answers(network: Network, n_samples: int) -> np.ndarray:
    """The probabilities (N, C) that it gives the test examples: by so many MC-dropout samples or, for 0, one pass."""
    return network.test.probs(n_samples) if n_samples else network.test.single_pass()
