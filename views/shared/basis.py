"""What figures are measured on: fresh points of a generated task against its truth, or the test points alone.

Everything that measures takes an outcome and asks each network's predictions on its test examples. So the
outcome against the truth is the same outcome with the fresh points in their place and the posterior, class
probabilities (N, C), in place of the labels (N,).
"""

from __future__ import annotations

from dataclasses import replace

from pruning.evaluation.memo import remembered
from pruning.outcome import Network, PlaneOutcome
from views.text.figure_table import FRESH, POINTS, Nouns

TRUTH, TEST = "truth", "test"


def measured_on(outcome: PlaneOutcome, basis: str) -> PlaneOutcome:
    """The outcome as it is measured on `basis`; that on the test points where there is no truth to be had.

    While networks still come in, those that have not been asked about the fresh points are left out.
    """
    if basis != TRUTH or outcome.fresh is None or outcome.dense.fresh is None:
        return outcome
    networks = tuple(_against_truth(network) for network in outcome.networks if network.fresh is not None)
    by_hand = outcome.by_hand and _against_truth(outcome.by_hand)
    return replace(outcome, test_labels=outcome.fresh.posterior, networks=networks, by_hand=by_hand, fresh=None)


def is_ready(outcome: PlaneOutcome, basis: str) -> bool:
    """Whether an outcome from `measured_on` is on the basis that was asked for, or never will be."""
    return basis == TEST or outcome.test_labels.ndim == 2


def nouns(outcome: PlaneOutcome) -> Nouns:
    """What the examples of an outcome that is measured are called."""
    return POINTS if outcome.test_labels.ndim == 1 else FRESH


def _against_truth(network: Network) -> Network:
    """Always the same one, so that what is worked out of it is remembered."""
    assert network.fresh is not None
    fresh = network.fresh
    return remembered(network, "against the truth", lambda: replace(network, test=fresh, fresh=None))
