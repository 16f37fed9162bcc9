"""What is measured of a network, worked out once however many parts of a page ask for it."""

from __future__ import annotations

from functools import partial

from pruning import Network, Outcome
from pruning.figures import Figures, figures
from uncertainty.calibration import Binning, Bins, Quantity, reliability_bins
from uncertainty.floor import Floor, calibration_floor
from views.remembered import remembered


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
) -> tuple[Bins, Floor]:
    """The bins of its test examples, and the floor of their error. No MC-dropout samples: a single pass."""

    def compute() -> tuple[Bins, Floor]:
        probs = network.test.probs(n_samples) if n_samples else network.test.single_pass()
        bins = reliability_bins(probs, outcome.test_labels, n_bins, quantity=quantity, binning=binning)
        return bins, calibration_floor(probs, bins, quantity=quantity)

    return remembered(network, ("calibration", quantity, binning, n_samples, n_bins), compute)
