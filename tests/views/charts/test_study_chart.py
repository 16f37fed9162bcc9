"""Charts of a study: what is drawn of a made-up one, and that a collapsed run is seen."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from pruning.study import verdicts
from tests.views.study.tables import five, table
from uncertainty.estimate import mean_estimate
from views.charts import export
from views.charts.study import ASIDE, study_chart, verdict_chart
from views.text.study_figures import FIGURES
from views.text.study_readings import cells, line_named

VALUES = {
    ("dense", 0.0): five(0.9),
    ("one_shot", 0.5): five(0.88),
    ("one_shot", 0.8): five(0.7, 0.1),
    ("random_mask", 0.5): five(0.86),
    ("random_mask", 0.8): [0.8, 0.8, 0.8, 0.8, None],
}


@pytest.fixture
def rows() -> pd.DataFrame:
    found = table({"accuracy": VALUES, "compression_ratio": {place: five(2 / (1 - place[1]), 0) for place in VALUES}})
    found["trained"] = ~((found.line == "one_shot") & (found.prune_ratio == 0.8) & (found.seed == 0))
    return found.assign(label=found.line.map(line_named))


def test_every_run_is_a_dot_and_every_line_a_mean(rows):
    """Nineteen runs, one of which has no such figure; four means with Student's intervals; the dense in one row."""
    data = study_chart(rows, "accuracy", "Accuracy").data
    assert len(data["runs"]) == 19
    assert len(data["means"]) == 4
    by_place = data["means"].set_index(["label", "ratio"])
    due = mean_estimate([0.5, 0.6, 0.7, 0.8, 0.9])
    one = by_place.loc[("One-shot", 0.8)]
    assert (one.value, one.low, one.high, one.runs) == pytest.approx((0.7, due.low, due.high, 5))
    assert by_place.loc[(line_named("random_mask"), 0.8)].runs == 4
    assert by_place.low.isna().tolist() == [False, False, False, True]
    assert data["dense"].iloc[0].value == pytest.approx(0.9)


def test_a_collapsed_run_is_seen(rows):
    """It says so, and is drawn as a cross."""
    runs = study_chart(rows, "accuracy", "Accuracy").data["runs"]
    assert (runs.training == "did not train").sum() == 1
    assert runs[~runs.trained].value.tolist() == [pytest.approx(0.5)]


def test_dots_of_two_lines_stand_side_by_side(rows):
    """On the axis of ratios, half a step to the left and to the right; means stand where they belong."""
    data = study_chart(rows, "accuracy", "Accuracy").data
    assert sorted(set((data["runs"].x - data["runs"].ratio).round(6))) == [-ASIDE / 2, ASIDE / 2]
    assert set(data["means"].x) == {0.5, 0.8}
    other = study_chart(rows, "accuracy", "Accuracy", ("compression_ratio", "compression ratio")).data
    assert set(other["means"].x.round(6)) == {4.0, 10.0}


@pytest.mark.parametrize("seeds", [[1], [0, 1], [0, 1, 2, 3]])
def test_few_runs_have_no_interval(rows, seeds):
    """Nothing can be told of them, and a band would be wider than the chart."""
    data = study_chart(rows[rows.seed.isin(seeds)], "accuracy", "Accuracy").data
    assert data["means"].low.isna().all()
    assert data["dense"].low.isna().all()


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("axis", [("prune_ratio", "prune ratio"), ("compression_ratio", "compression ratio")])
def test_it_can_be_drawn(rows, axis, small):
    """By the renderer that makes the files, with a point for every run and mean."""
    drawn = study_chart(rows, "accuracy", "Accuracy", axis, small=small)
    saved = export.archive({"one": drawn})
    assert saved[:2] == b"PK"
    spec = json.loads(drawn.spec)
    fields = {
        part["field"] for layer in spec["layer"] for part in layer["encoding"].values()
        if isinstance(part, dict) and "field" in part
    }  # fmt: skip
    assert fields <= {name for frame in drawn.data.values() for name in frame.columns}
    assert ("picked" in drawn.spec) == (not small)


def test_a_floor_is_a_dotted_line_of_its_strategy(rows):
    """The mean of what its runs would get by chance."""
    drawn = study_chart(rows.assign(floor=0.1 + 0.02 * rows.seed), "accuracy", "Accuracy", floor="floor")
    floors = drawn.data["floors"].set_index(["label", "ratio"]).value
    assert floors[("One-shot", 0.5)] == pytest.approx(0.14)
    assert floors[(line_named("random_mask"), 0.8)] == pytest.approx(0.13)
    assert "floors" not in study_chart(rows, "accuracy", "Accuracy").data
    assert export.archive({"one": drawn})


def test_dots_lie_above_the_means(rows):
    """Which would take the clicks that are meant for a run."""
    layers = json.loads(study_chart(rows, "accuracy", "Accuracy").spec)["layer"]
    assert [layer["data"]["name"] for layer in layers][-2:] == ["means", "runs"]


def test_without_rows_there_is_an_empty_chart(rows):
    """A figure that no pruned run has."""
    drawn = study_chart(rows.assign(accuracy=None), "accuracy", "Accuracy")
    assert [len(frame) for frame in drawn.data.values()] == [0, 0, 0]
    assert export.archive({"one": drawn})


def test_the_map_has_a_cell_a_comparison(rows):
    """A sign in each, beside its colour: nobody needs to see colours."""
    found = verdicts(rows, "accuracy")
    drawn = verdict_chart(cells(found, FIGURES["accuracy"]), FIGURES["accuracy"].words)
    marked = drawn.data["cells"]
    assert len(marked) == 4
    assert dict(zip(marked.word, marked.mark, strict=True)) == {"worse": "−", "cannot tell": "?"}
    assert marked.loc[marked.runs < 5, ["low", "high"]].isna().all(axis=None)
    assert export.archive({"map": drawn})
