"""A click on a curve: where it leads, and what a browser may send in its place."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pruning import RATIOS
from views.charts.vega import PICKED
from views.controls.moons import RATIO


def page() -> None:
    import streamlit as st

    from views.controls import moons as moons_controls
    from views.controls import setting
    from views.shared import curve_click

    setting.settle()
    st.session_state.shown = moons_controls.RATIO.draw()
    for _ in range(3):  # as often as there are curves
        st.session_state.turn = curve_click.turn("chart")
        st.session_state.other_turn = curve_click.turn("other")
    st.button("click", on_click=curve_click.go, args=("chart",))


def clicked(sent: Any) -> AppTest:
    """The page after a click for which the browser has sent this."""
    app = AppTest.from_function(page, default_timeout=60).run()
    app.session_state["chart"] = sent
    return app.button[0].click().run()


def selection(*ratios: Any) -> dict[str, Any]:
    """What a chart sends of the points that were clicked."""
    return {"selection": {PICKED: [{"ratio": ratio, "turn": 0} for ratio in ratios]}}


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_click_goes_to_its_ratio(ratio):
    """Every ratio of the slider can be clicked, and the address follows."""
    app = clicked(selection(ratio))
    assert app.session_state.shown == ratio
    assert app.query_params.get(RATIO.name, str(RATIO.default)) == str(ratio)


def test_a_click_on_the_dense_network_goes_to_it():
    """A browser writes 0.0 as 0, and that is the ratio 0.0 of the slider and of the link."""
    app = clicked(selection(0))
    assert not app.exception
    assert app.session_state.shown == 0.0
    assert app.query_params[RATIO.name] == "0.0"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"selection": {}},
        {"selection": {PICKED: {}}},
        {"selection": {PICKED: []}},
        {"selection": {"other": [{"ratio": 0.3}]}},
        {"selection": {PICKED: [{}]}},
        {"selection": {PICKED: [{"turn": 0.3}]}},
        *(selection(ratio) for ratio in (0.35, -0.1, 1, "0.3", None, [0.3], {"ratio": 0.3}, float("nan"), 10**400)),
        *(selection(ratio) for ratio in (True, False)),
        *({"selection": {PICKED: picked}} for picked in ("0.3", 5, True, {"ratio": 0.3}, [None], [[]], ["0.3"])),
        selection(*range(2, 100_000)),
    ],
    ids=lambda sent: str(sent)[:60],
)
def test_whatever_else_is_sent_moves_nothing(sent):
    """What names no ratio of the slider leaves it, and the address, as they were, and the page stands."""
    app = clicked(sent)
    assert not app.exception
    assert app.session_state.shown == RATIO.default
    assert RATIO.name not in app.query_params


def test_of_many_points_the_first_counts():
    """A browser sends one; of a hundred thousand the others are not looked at."""
    assert clicked(selection(0.3, *[0.7] * 100_000)).session_state.shown == 0.3


def test_a_chart_that_was_never_clicked_moves_nothing():
    """There is nothing in the session then."""
    app = AppTest.from_function(page, default_timeout=60).run().button[0].click().run()
    assert not app.exception
    assert app.session_state.shown == RATIO.default


def test_each_click_is_another_turn_and_a_slider_none():
    """So a point can be clicked again wherever the slider has gone in between, and a slider changes no curve."""
    app = AppTest.from_function(page, default_timeout=60).run()
    turns = [app.session_state.turn]
    for ratio in (0.3, 0.5, 0.9):
        turns.append(app.select_slider[0].set_value(ratio).run().session_state.turn)
    assert turns == [0, 0, 0, 0]
    app.session_state["chart"] = selection(0.3)
    clicks = [app.button[0].click().run().session_state.turn for _ in range(3)]
    assert clicks == [1, 0, 1]
    assert app.session_state.other_turn == 0  # whose last click is still to be told from the next
