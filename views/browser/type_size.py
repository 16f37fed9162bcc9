"""Larger type for the last row of a lecture hall: of the page and of its charts."""

from __future__ import annotations

from typing import Any

import streamlit as st

from views.controls import state

_LARGER = "<style>html:root { font-size: 21px; }</style>"
_CHARTS = {part: {"labelFontSize": 16, "titleFontSize": 17} for part in ("axis", "legend", "header")}


def draw_type_switch() -> None:
    """A switch beside the page that makes all type larger, for the last row of a lecture hall."""
    words = "Everything a third larger, for the last row of a lecture hall."
    with st.sidebar:
        st.toggle("Projector: larger type", key=state.LARGE.name, help=words, persist_state="session")
    if state.LARGE.get():
        st.html(_LARGER)


def chart_config() -> dict[str, Any]:
    """What a chart's specification needs on top for the type that is wanted; mostly nothing."""
    return {"config": _CHARTS} if state.LARGE.get() else {}
