"""Curves that answer: a click on a point goes to its prune ratio."""

from __future__ import annotations

import streamlit as st

from views.charts import PICKED
from views.controls import RATIO


def turn(ratio: float) -> int:
    """How often the prune ratio has changed in this visit, so that going to a ratio again is another click."""
    before, count = st.session_state.get("picking_turn", (ratio, 0))
    st.session_state.picking_turn = (ratio, count + (before != ratio))
    return st.session_state.picking_turn[1]


def go(key: str) -> None:
    """Move the prune ratio to what was clicked in the chart of this key."""
    picked = st.session_state.get(key, {}).get("selection", {}).get(PICKED) or []
    ratio = picked[0].get("ratio") if isinstance(picked[0] if picked else None, dict) else None
    if ratio in RATIO.options:
        st.session_state[RATIO.name] = ratio
