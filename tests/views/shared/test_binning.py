"""Bins of equal mass as a choice: the diagrams and the error beside them follow, the table does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import Experiment, PlaneOutcome, run
from pruning.evaluation import Evaluated
from uncertainty.calibration import adaptive_calibration_error, expected_calibration_error
from uncertainty.options import Method
from views.controls.moons import Choice
from views.shared import basis, sections

TINY = Experiment(points=200, hidden=(10,), max_epochs=6, prune_ratio=0.5)
CHOICE = Choice(TINY, 10, 10)
CONFIDENCE = "MC dropout: confidence"


@pytest.fixture(scope="module")
def outcome() -> PlaneOutcome:
    return run(TINY)


def measured(outcome: PlaneOutcome, binning: str = "width") -> Evaluated:
    return basis.measured_on(outcome, replace(CHOICE, binning=binning, basis="test"))


def test_a_diagram_of_equal_mass_holds_as_many_examples_in_each_bin_and_shows_ace(outcome):
    """Thirty test points in ten bins are three each; the error is that of the table's ACE, and not its ECE."""
    seen = measured(outcome, "mass")
    drawn = sections.all_charts(seen)[CONFIDENCE].data["bins"]
    for name, network in (("dense", outcome.dense), ("pruned", outcome.pruned)):
        probs, bins = network.test.probs(10), seen.of(network).bins(binning="mass")
        assert bins.count.tolist() == [3] * 10
        assert bins.error == adaptive_calibration_error(probs, outcome.test_labels, 10)
        assert seen.of(network).bars(binning="mass")[0].shape == (10,)
        assert drawn[drawn.series == name]["count"].tolist() == [3] * 10
    widths = measured(outcome).dense.bins()
    assert widths.error == expected_calibration_error(outcome.dense.test.probs(10), outcome.test_labels, 10)
    assert len(set(np.round(widths.upper - widths.lower, 9))) == 1


def test_the_floors_of_the_table_stay_those_of_equal_width(outcome):
    """They stand beside ECE and UCE, which keep their bins."""
    equal, other = (sections.floors(measured(outcome, binning)) for binning in ("width", "mass"))
    assert equal == other
    assert equal["ece"][0] == measured(outcome).dense.floor()
    assert equal["ece"][0] != measured(outcome).dense.floor(binning="mass")


def _page(binning: str) -> None:
    import streamlit as st

    from pruning import Experiment, run
    from pruning.evaluation import Evaluated
    from views.shared import sections
    from views.text import figure_table

    experiment = Experiment(points=200, hidden=(10,), max_epochs=6, prune_ratio=0.5)
    seen = Evaluated(run(experiment), 10, 10, binning)
    sections.draw_reliability(seen, figure_table.POINTS, st.container(), lambda *_: None)


@pytest.mark.parametrize(
    ("binning", "names"), [("width", ["ECE", "ECE", "UCE"]), ("mass", ["ACE", "ACE", "UCE over equal mass"])]
)
def test_the_error_beside_a_diagram_is_called_what_it_is(monkeypatch, binning, names):
    """ECE and UCE over equal width, ACE over equal mass, and a UCE that says so."""
    monkeypatch.setattr(sections, "draw_depth", lambda *terms: None)
    app = AppTest.from_function(_page, args=(binning,), default_timeout=60).run()
    assert not app.exception
    lines = [part.value for part in app.markdown if part.value.startswith("- :gray[**dense**]")]
    assert [line.split("]")[1].split(" **")[0].strip() for line in lines] == names


def test_against_the_truth_chance_has_no_part():
    """Neither bars nor floor, in diagrams and table; and no word of them, but of the fresh points."""
    known = basis.measured_on(run(TINY), CHOICE)
    assert known.is_against_truth
    assert sections.floors(known) == {}
    charts, others = sections.all_charts(known), sections.all_charts(measured(run(TINY)))
    for title, _, _ in sections.panels(Method.MC_DROPOUT):
        assert charts[title].data["bins"][["low", "high"]].isna().all(axis=None)
        assert not others[title].data["bins"][["low", "high"]].isna().any(axis=None)
