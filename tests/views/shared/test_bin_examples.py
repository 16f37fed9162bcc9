"""A dot of a reliability diagram that is clicked: which bin it is, who is in it, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import streamlit as st

from pruning.evaluation.calibration import Evaluation
from uncertainty.predictions import Predictions
from uncertainty.predictive import entropy
from views.charts.vega import PICKED_BIN, reliability_chart
from views.shared.bin_examples import picked_bin
from views.text.readings import of_bin

SURE = np.array([0.95, 0.92, 0.55, 0.97, 0.58, 0.52])  # of the class that each answers, with five bins of 0.2


def evaluation(confidence: np.ndarray = SURE, labels: Any = (0, 1, 0, 0, 1, 0)) -> Evaluation:
    probs = np.stack([confidence, 1 - confidence], axis=1)
    said = Predictions((1,), probs[None], entropy(probs)[None], np.log(probs))
    return Evaluation(said, np.array(labels), n_samples=1, n_bins=5)


PAIR = {"dense": evaluation(), "pruned": evaluation(1 - 0.4 * SURE)}


def picked(monkeypatch: pytest.MonkeyPatch, *points: Any) -> Any:
    """What the chart of a key says was picked."""
    monkeypatch.setattr(st, "session_state", {"reliability_0": {"selection": {PICKED_BIN: list(points)}}})
    return picked_bin("reliability_0", PAIR, "confidence", "width")


def test_the_members_of_a_bin_are_those_of_its_network_the_least_sure_first(monkeypatch):
    """By hand: 0.55, 0.58 and 0.52 lie in (0.4, 0.6], the second to the fifth of which is right but one."""
    found = picked(monkeypatch, {"series": "dense", "bin": 0})
    assert found.is_reference
    assert found.members.tolist() == [5, 2, 4]
    found = picked(monkeypatch, {"series": "dense", "bin": 1})
    assert found.members.tolist() == [1, 0, 3]
    assert not picked(monkeypatch, {"series": "pruned", "bin": 0}).is_reference


@pytest.mark.parametrize(
    "points",
    [
        [], [None], ["dense"], [{"series": "dense"}], [{"bin": 0}], [{"series": "nobody", "bin": 0}],
        [{"series": "dense", "bin": 2}], [{"series": "dense", "bin": -1}], [{"series": "dense", "bin": True}],
        [{"series": "dense", "bin": "0"}], [{"series": "dense", "bin": 0.5}],
    ],
)  # fmt: skip
def test_what_is_no_bin_of_the_diagram_picks_none(monkeypatch, points):
    """A stale click after the number of bins was changed, or anything a browser may send."""
    assert picked(monkeypatch, *points) is None


def test_nothing_is_picked_before_a_click(monkeypatch):
    monkeypatch.setattr(st, "session_state", {})
    assert picked_bin("reliability_0", PAIR, "confidence", "width") is None


def test_a_bin_is_told_in_numbers():
    """By hand: (0.55 + 0.58 + 0.52)/3 = 0.55, and two of three are right."""
    bins = PAIR["dense"].bins()
    assert of_bin("dense", bins, 0, "confidence", "points") == (
        "*dense*: **3** of 6 points have a confidence from 0.40 to 0.60, on average 0.550; **0.667** of them are "
        "right."
    )
    unsure = PAIR["dense"].bins("uncertainty")
    words = of_bin("pruned", unsure, len(unsure.count) - 1, "uncertainty", "images")
    assert words.startswith("*pruned*: **3** of 6 images have a normalised entropy from 0.80 to 1.00, on average 0.9")
    assert words.endswith("**0.333** of them are wrong.")


def test_only_a_diagram_that_answers_can_be_clicked():
    """One that is saved to a file has nothing to select."""
    series = {name: (each.bins(), np.nan, np.nan) for name, each in PAIR.items()}
    assert PICKED_BIN in reliability_chart(series, "confidence", "accuracy", answers=True).spec
    assert PICKED_BIN not in reliability_chart(series, "confidence", "accuracy").spec
