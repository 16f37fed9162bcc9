"""Curves that answer: a click on a point goes to its prune ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from views.charts.vega import PICKED
from views.controls import setting
from views.controls.moons import RATIO


def turn(ratio: float) -> int:
    """How often the prune ratio has changed in this visit, so that going to a ratio again is another click."""
    before, count = st.session_state.get("picking_turn", (ratio, 0))
    st.session_state.picking_turn = (ratio, count + (before != ratio))
    return st.session_state.picking_turn[1]


def go(key: str) -> None:
    """Move the prune ratio to what was clicked in the chart of this key."""
    picked = st.session_state.get(key, {}).get("selection", {}).get(PICKED)
    first = picked[0] if isinstance(picked, Sequence) and picked else None
    ratio = first.get("ratio") if isinstance(first, Mapping) else None
    if (
        isinstance(ratio, int | float) and not isinstance(ratio, bool) and ratio in RATIO.options
    ):  # a browser writes 0.0 as 0
        setting.put({RATIO.name: float(ratio)})
