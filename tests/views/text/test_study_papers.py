"""Published figures beside those of a study: by hand, and silent about what the study has not run."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.views.study.tables import five, table
from views.text.papers import linked
from views.text.study_papers import NOT_RUN, compared

DENSE = ("dense", 0.0)
STOPS = {DENSE: five(100, 1), ("iterative", 0.8): five(62, 1), ("iterative", 0.5): five(90, 1)}
ECES = {DENSE: five(0.03, 0.001), ("iterative", 0.8): five(0.08, 0.001), ("iterative", 0.5): five(0.03, 0.001)}


def got(found: pd.DataFrame, source: str) -> str:
    """What stands beside a claim."""
    (said,) = found["You got"][found.Source.str.startswith(source)]
    return str(said)


def test_a_ticket_that_stops_sooner():
    """62 of 100 epochs in every seed: 38 % fewer, with no doubt; the study's ECE rises from 0.030 to 0.080."""
    found = compared(table({"early_stop_epoch": STOPS, "ece": ECES}))
    assert got(found, "Frankle") == "-38 % of the epochs at prune ratio 0.8 (-38 to -38 %)"
    assert got(found, "The published study") == "0.030 → 0.080 at 0.8 (iterative): rises"


def test_what_cannot_be_told_is_said():
    """Differences that vary more than they amount to."""
    wild = [60.0, 140.0, 60.0, 140.0, 90.0]
    stops = {DENSE: five(100, 1), ("iterative", 0.8): wild}
    eces = {DENSE: five(0.03, 0.001), ("iterative", 0.8): [0.0, 0.07, 0.0, 0.07, 0.02]}
    found = compared(table({"early_stop_epoch": stops, "ece": eces}))
    assert got(found, "Frankle").endswith(": cannot tell")
    assert got(found, "The published study").endswith(": cannot tell")


def test_the_truth_goes_before_the_labels():
    """Where the table has both."""
    truth = {DENSE: five(0.08, 0.001), ("iterative", 0.8): five(0.02, 0.001)}
    found = compared(table({"ece": {each: ECES[each] for each in truth}, "truth_ece": truth}))
    assert got(found, "The published study") == "0.080 → 0.020 at 0.8 (iterative): falls"


@pytest.mark.parametrize(
    ("gain", "told"),
    [(0.02, "+0.020 at 0.5 (+0.020 to +0.020): better"), (-0.02, "-0.020 at 0.5 (-0.020 to -0.020): worse")],
)
def test_scratch_beside_fine_tuning(gain, told):
    """At half of the units."""
    accuracies = {DENSE: five(0.9), ("one_shot", 0.5): five(0.9), ("one_shot_random", 0.5): five(0.9 + gain)}
    assert got(compared(table({"accuracy": accuracies})), "Liu") == f"accuracy {told}"


def test_what_was_not_run_is_not_made_up():
    """One strategy, one figure: nothing to say about the others."""
    found = compared(table({"accuracy": {DENSE: five(0.9), ("prune_only", 0.5): five(0.9)}}))
    assert got(found, "Frankle") == got(found, "Liu") == got(found, "Su") == NOT_RUN
    assert len(compared(table({"ece": {DENSE: five(0.9)}}))) == 4


def test_every_source_has_its_link():
    """As the page shows it; the published study has no address of its own."""
    for source in compared(table({"accuracy": {DENSE: five(0.9)}})).Source:
        assert ("](" in linked(source)) == (not source.startswith("The published study")), source
