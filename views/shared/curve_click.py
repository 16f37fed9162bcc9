"""Curves that answer: a click on a point goes to its prune ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from views.charts.vega import PICKED
from views.controls import setting, state
from views.controls.moons import RATIO


def turn() -> int:
    """Another number after each click, so that a click on the same point is another one: 0, 1, 0, …"""
    return state.CURVE_TURN.get()


def go(key: str) -> None:
    """Move the prune ratio to what was clicked in the chart of this key."""
    state.CURVE_TURN.set(1 - turn())
    picked = (state.said(key) or {}).get("selection", {}).get(PICKED)
    first = picked[0] if isinstance(picked, Sequence) and picked else None
    ratio = first.get("ratio") if isinstance(first, Mapping) else None
    if (
        isinstance(ratio, int | float) and not isinstance(ratio, bool) and ratio in RATIO.options
    ):  # a browser writes 0.0 as 0
        setting.put({RATIO.name: float(ratio)})
