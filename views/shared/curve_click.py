"""Curves that answer: a click on a point goes to its prune ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from views.charts.vega import PICKED
from views.controls import setting, state
from views.controls.moons import RATIO


def turn(key: str) -> int:
    """Another number after each click on the chart of this key, so that the next on the same point is another one."""
    return state.CURVE_TURN.of(key).get()


def go(key: str) -> None:
    """Move the prune ratio to what was clicked in the chart of this key."""
    state.CURVE_TURN.of(key).set(1 - turn(key))
    picked = (state.said(key) or {}).get("selection", {}).get(PICKED)
    first = picked[0] if isinstance(picked, Sequence) and picked else None
    ratio = first.get("ratio") if isinstance(first, Mapping) else None
    if (
        isinstance(ratio, int | float) and not isinstance(ratio, bool) and ratio in RATIO.options
    ):  # a browser writes 0.0 as 0
        setting.put({RATIO.name: float(ratio)})
