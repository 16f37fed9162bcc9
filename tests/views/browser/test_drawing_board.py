"""The drawing board, as the server sees it: what it tells the browser, and what it makes of the answer."""

from __future__ import annotations

import json
from contextlib import nullcontext

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pruning.data.csv_points import MAX_CLASSES, MIN_OF_CLASS, MIN_POINTS, drawn_points
from views.browser import drawing_board
from views.charts.colours import CLASSES, INK, PAPER


def page():
    import streamlit as st

    from views.browser.drawing_board import draw_pad

    draw_pad(3, "dark", st.container(), lambda rows: st.session_state.update(sent=rows))


def sent(monkeypatch, value):
    """What the board hands over when the browser has sent this."""
    mounted, taken = [], []
    monkeypatch.setattr(drawing_board, "_PAD", lambda **given: mounted.append(given))
    monkeypatch.setattr(drawing_board.state, "sent", lambda *of: {(drawing_board.KEY, "points"): value}[of])
    drawing_board.draw_pad(3, "dark", nullcontext(), taken.append)
    assert taken == []
    mounted[0]["on_points_change"]()
    (rows,) = taken
    return rows


def test_the_board_is_mounted_with_its_data_and_sends_nothing_by_itself():
    """The component stands on the page under its key, rerun after rerun, and nothing has been sent."""
    app = AppTest.from_function(page, default_timeout=60).run().run()
    assert not app.exception
    (element,) = app.get("bidi_component")
    assert element.proto.component_name == "explorer_drawing_board"
    assert json.loads(element.proto.json) == drawing_board.board(3, "dark")
    assert "sent" not in app.session_state


def test_rows_that_were_sent_are_handed_over_as_they_are(monkeypatch):
    """Whatever stands in the list is for the caller to check."""
    rows = [[0.1, -0.2, 0], "nonsense", None]
    assert sent(monkeypatch, {"rows": rows, "count": 1}) == rows


@pytest.mark.parametrize("value", [{}, {"rows": "abc"}, {"rows": {"x": 1}}, [], "rows", 7, True])
def test_a_message_without_a_list_of_rows_is_one_without_points(monkeypatch, value):
    """Nothing that a browser could send breaks the page; that something was sent is not lost."""
    assert sent(monkeypatch, value) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_board_has_a_colour_and_a_shape_of_its_own_for_each_class(theme):
    """Colours are those of the planes; no two shapes are the same."""
    data = drawing_board.board(MAX_CLASSES, theme)
    assert [marker["colour"] for marker in data["classes"]] == list(CLASSES)
    assert len({marker["path"] for marker in data["classes"]}) == MAX_CLASSES
    assert [marker["shape"] for marker in data["classes"]] == ["circle", "square", "triangle", "diamond", "cross"]
    assert (data["paper"], data["ink"]) == (PAPER[theme], INK[theme])
    assert [len(drawing_board.board(n, theme)["classes"]) for n in (2, 3, 4)] == [2, 3, 4]


def test_the_limits_are_those_by_which_points_are_judged():
    """The words and the numbers that the browser uses come from where points are checked."""
    data = drawing_board.board(2, "light")
    assert data["limits"] == {
        "classes": 2,
        "points": MIN_POINTS,
        "of_class": MIN_OF_CLASS,
        "most": drawing_board.MOST,
    }
    assert data["advice"] == "At least 20 points and 4 of each class, at most 1,000"


@pytest.mark.parametrize("n_classes", [-1, 0, 1, 6])
def test_a_number_of_classes_that_cannot_be_drawn_is_refused(n_classes):
    """The message names the number and the legal ones."""
    with pytest.raises(ValueError, match=f"n_classes must be from 2 to 5, not {n_classes}"):
        drawing_board.board(n_classes, "light")


@pytest.mark.parametrize("n_classes", [2, 3, 4, 5])
@pytest.mark.parametrize("name", ["Ring", "Stripes", "Clusters"])
def test_a_ready_made_start_can_be_trained_on_at_once(name, n_classes):
    """About 120 points of at least two classes, on the board, accepted by the check, and the same each time."""
    rows = drawing_board.board(n_classes, "light")["starts"][name]
    assert 110 <= len(rows) <= 120
    assert np.abs(np.array(rows)[:, :2]).max() <= drawing_board.EDGE
    assert len(drawn_points(rows).classes) == (n_classes if name == "Clusters" else 2)
    assert rows == drawing_board.board(n_classes, "dark")["starts"][name]


def test_the_ring_goes_around_the_disc():
    """Every point of class 0 is nearer to the middle than any point of class 1."""
    rows = np.array(drawing_board.ring())
    distance = np.hypot(rows[:, 0], rows[:, 1])
    assert distance[rows[:, 2] == 0].max() < 0.41
    assert distance[rows[:, 2] == 1].min() > 0.6
    assert (rows[:, 2] == 0).sum() == 48


def test_the_stripes_take_turns_along_the_diagonal():
    """Sorted by x + y, the class changes four times: five stripes, without a point on the wrong side."""
    rows = sorted(drawing_board.stripes(), key=lambda row: row[0] + row[1])
    assert np.count_nonzero(np.diff([row[2] for row in rows])) == 4


def test_each_cluster_lies_around_a_place_of_its_own():
    """The middles of five clusters are about 0.58 from the middle of the board, a fifth of a turn apart."""
    rows = np.array(drawing_board.clusters(5))
    middles = np.array([rows[rows[:, 2] == label, :2].mean(axis=0) for label in range(5)])
    np.testing.assert_allclose(np.hypot(*middles.T), 0.58, atol=0.08)
    turns = np.unwrap(np.arctan2(middles[:, 1], middles[:, 0]))
    np.testing.assert_allclose(np.diff(turns), 2 * np.pi / 5, atol=0.2)
