"""Bins of equal mass as a choice: the diagrams and the error beside them follow, the table does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning import Experiment, PlaneOutcome, run
from uncertainty.calibration import adaptive_calibration_error, expected_calibration_error
from views.controls.moons import Choice
from views.shared import basis, sections

TINY = Experiment(points=200, hidden=(10,), max_epochs=6, prune_ratio=0.5)
CHOICE = Choice(TINY, 10, 10)
CONFIDENCE = "MC dropout: confidence"


@pytest.fixture(scope="module")
def outcome() -> PlaneOutcome:
    return run(TINY)


def test_a_diagram_of_equal_mass_holds_as_many_examples_in_each_bin_and_shows_ace(outcome):
    """Thirty test points in ten bins are three each; the error is that of the table's ACE, and not its ECE."""
    judgement = sections.judge(outcome, replace(CHOICE, binning="mass"))
    for network, judged in zip((outcome.dense, outcome.pruned), judgement[CONFIDENCE], strict=True):
        probs = network.test.probs(10)
        assert judged.bins.count.tolist() == [3] * 10
        assert judged.bins.error == adaptive_calibration_error(probs, outcome.test_labels, 10)
        assert judged.bars[0].shape == (10,)
    widths = sections.judge(outcome, CHOICE)[CONFIDENCE][0].bins
    assert widths.error == expected_calibration_error(outcome.dense.test.probs(10), outcome.test_labels, 10)
    assert len(set(np.round(widths.upper - widths.lower, 9))) == 1


def test_the_floors_of_the_table_stay_those_of_equal_width(outcome):
    """They stand beside ECE and UCE, which keep their bins."""
    equal, other = (sections.floors(outcome, replace(CHOICE, binning=binning)) for binning in ("width", "mass"))
    assert equal == other
    assert equal["ece"][0] == sections.judge(outcome, CHOICE)[CONFIDENCE][0].floor
    assert equal["ece"][0] != sections.judge(outcome, replace(CHOICE, binning="mass"))[CONFIDENCE][0].floor


def _page(binning: str) -> None:
    from dataclasses import replace

    import streamlit as st

    from pruning import Experiment, run
    from views.controls.moons import Choice
    from views.shared import sections
    from views.text import figure_table

    experiment = Experiment(points=200, hidden=(10,), max_epochs=6, prune_ratio=0.5)
    outcome = run(experiment)
    choice = replace(Choice(experiment, 10, 10), binning=binning)
    sections.draw_reliability(outcome, choice, sections.judge(outcome, choice), figure_table.POINTS, st.container())


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
    known = basis.measured_on(run(TINY), "truth")
    judgement = sections.judge(known, CHOICE)
    assert all(each.bars is None and each.floor is None for pair in judgement.values() for each in pair)
    assert sections.floors(known, CHOICE) == {}
    chart = sections.all_charts(known, CHOICE)[CONFIDENCE]
    assert chart.data["bins"][["low", "high"]].isna().all(axis=None)
    assert not sections.all_charts(run(TINY), CHOICE)[CONFIDENCE].data["bins"][["low", "high"]].isna().any(axis=None)
