"""Basis of measurement: fresh points of a generated task against its truth, or the test points alone."""

from __future__ import annotations

from pruning.evaluation.evaluated import Evaluated, on_fresh_points
from pruning.outcome import PlaneOutcome
from views.controls.moons import Choice
from views.text.figure_table import FRESH, POINTS, Nouns

TRUTH, TEST = "truth", "test"


def measured_on(outcome: PlaneOutcome, choice: Choice, other: PlaneOutcome | None = None) -> Evaluated:
    """The outcome as the controls want it measured; on the test points where there is no truth to be had.

    other: whose networks it is compared with. It is left out as long as it cannot be measured on the same.
    """
    on, beside = (on_fresh_points(each) if each and choice.basis == TRUTH else each for each in (outcome, other))
    assert on is not None
    if beside and beside.test_labels.shape != on.test_labels.shape:
        beside = None
    n_samples = on.source.method.samples(choice.n_samples)
    return Evaluated(on, n_samples, choice.n_bins, choice.binning, beside)


def is_ready(seen: Evaluated, basis: str) -> bool:
    """Whether what `measured_on` gave is on the basis that was asked for, or never will be."""
    return basis == TEST or seen.is_against_truth


def nouns(seen: Evaluated) -> Nouns:
    """What the examples that are measured are called."""
    return FRESH if seen.is_against_truth else POINTS
