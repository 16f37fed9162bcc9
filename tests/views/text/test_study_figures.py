"""Figures of a study: every one is a column of a real table, with words for both directions."""

from __future__ import annotations

import pytest

from pruning import Experiment
from pruning.study import Study, run_study
from views.text.study_figures import AXES, FIGURES, column_of, floor_of, shown, title_of


@pytest.fixture(scope="module")
def columns() -> set[str]:
    """Those of a table of points."""
    return set(run_study(Study(Experiment(hidden=(8,), points=200, max_epochs=5), ("one_shot",), (0.5,), (0,))))


@pytest.mark.parametrize("truth", [False, True])
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_and_axis_is_a_column(columns, name, truth):
    """On both bases."""
    assert column_of(FIGURES[name], truth) in columns
    assert set(AXES) <= columns


def test_a_figure_against_the_truth_says_so():
    """Unless there is no other."""
    assert title_of(FIGURES["accuracy"], truth=True) == "Accuracy against the truth"
    assert title_of(FIGURES["accuracy"], truth=False) == "Accuracy"
    assert title_of(FIGURES["nll"], truth=True) == "NLL against the truth, nats"
    assert title_of(FIGURES["error"], truth=True) == "Distance from the truth"
    assert column_of(FIGURES["error"], truth=False) == "truth_error"
    assert column_of(FIGURES["auroc"], truth=True) == "auroc"


def test_a_floor_is_a_column_where_labels_are_counted(columns):
    """Against the truth chance has no part."""
    assert {floor_of(each, truth=False) for each in FIGURES.values()} == {"", "ece_floor", "uce_floor"}
    assert {"ece_floor", "uce_floor"} <= columns
    assert {floor_of(each, truth=True) for each in FIGURES.values()} == {""}


def test_values_have_the_digits_of_their_figure():
    """Never a minus before nothing."""
    assert shown(FIGURES["accuracy"], -0.0001) == "0.000"
    assert shown(FIGURES["early_stop_epoch"], 12.4) == "12"


def test_both_directions_have_a_word():
    """And not the same."""
    for figure in FIGURES.values():
        assert len({*figure.words, ""}) == 3
        assert (figure.words == ("higher", "lower")) == (not figure.better)
