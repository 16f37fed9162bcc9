"""Charts of temperature scaling: both parts of the NLL over prune ratios, NLL against T, the fitted T."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from pruning.evaluation.mending import TEMPERATURES, Mended
from uncertainty.temperature import HIGHEST, LOWEST
from views.charts.colours import CLASSES, DENSE, PRUNED, SEEDS, WORSE
from views.charts.vega import Chart, layer, series_scale, specification

HEIGHT = 260
MENDED = CLASSES[1]  # seen by day and by night, and beside violet by the colour-blind
PARTS = ("refinement error", "calibration error", "added by the temperature")
HALF = 0.02  # of a prune ratio: half of a bar
WORST = 1.5  # times the NLL of knowing nothing, ln C: above it no curve is drawn
MARKED = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)  # on an axis of temperatures


def parts_chart(found: Mapping[float, Mended], chosen: float, noise: float | None) -> Chart:
    """Refinement and calibration error of every prune ratio, one upon the other: together the NLL, in nats.

    found: by prune ratio, the dense network's at 0. Where a temperature harms, what it adds lies in the refinement
    error, on top. The dense network's refinement error is a line of reference; `noise`, where it is known, another.
    """
    rows = pd.DataFrame(
        [row for ratio, each in found.items() for row in _part_rows(ratio, each, chosen=ratio == chosen)]
    )
    lines = pd.DataFrame({"value": [found[0.0].refinement.value], "line": ["dense"]})
    least = pd.DataFrame({"value": [] if noise is None else [noise]}, dtype=float)
    return Chart(_parts_spec(), {"parts": rows, "dense": lines, "noise": least})


def _part_rows(ratio: float, found: Mended, *, chosen: bool) -> list[dict[str, Any]]:
    """A bar for each part, from `low` to `high`."""
    before, after = found.before, found.refinement.value
    harms = after > before
    low, high = min(before, after), max(before, after)
    ends = found.calibration
    common = {
        "ratio": ratio, "left": ratio - HALF, "right": ratio + HALF, "chosen": chosen, "before": before,
        "refinement": after, "calibration": ends.value, "calibration_from": ends.low, "calibration_to": ends.high,
    }  # fmt: skip
    return [
        {"part": PARTS[0], "low": 0.0, "high": low, **common},
        {"part": PARTS[2 if harms else 1], "low": low, "high": high, **common},
    ]


@lru_cache(maxsize=1)
def _parts_spec() -> str:
    scale = alt.Scale(domain=(-0.03, 1.0), nice=False)
    axis = alt.Axis(
        values=[tenth / 10 for tenth in range(11)], labelExpr="datum.value < 1 ? datum.label : ''", grid=False
    )
    x = alt.X("left:Q", scale=scale, title="prune ratio", axis=axis)
    y = alt.Y("low:Q", title="NLL of a single pass, nats", scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5))
    legend = alt.Legend(title=None, orient="top", columns=2, symbolType="square", labelLimit=220)
    color = alt.Color("part:N", scale=alt.Scale(domain=list(PARTS), range=[PRUNED, MENDED, WORSE]), legend=legend)
    tooltip = [
        alt.Tooltip("ratio:Q", title="prune ratio", format=".3~f"),
        alt.Tooltip("before:Q", title="NLL before", format=".4f"),
        alt.Tooltip("refinement:Q", title="refinement error, NLL after", format=".4f"),
        alt.Tooltip("calibration:Q", title="calibration error", format=".4f"),
        alt.Tooltip("calibration_from:Q", title="interval, from", format=".4f"),
        alt.Tooltip("calibration_to:Q", title="to", format=".4f"),
    ]
    bars = layer("parts").mark_bar(aria=False).encode(
        x=x, x2="right", y=y, y2="high", color=color, tooltip=tooltip,
        opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0.65)),
    )  # fmt: skip
    dense = layer("dense").mark_rule(color=DENSE, strokeDash=[4, 4], strokeWidth=1.5, aria=False)
    noise = layer("noise").mark_rule(color=DENSE, strokeDash=[1, 3], strokeWidth=2, aria=False)
    return specification(HEIGHT, bars, dense.encode(y="value:Q"), noise.encode(y="value:Q"))


def nll_chart(
    curves: Mapping[str, np.ndarray],
    fitted: Mapping[str, tuple[float, float]],
    tried: float,
    at_tried: Mapping[str, float],
    n_classes: int,
) -> Chart:
    """NLL against temperature of the dense and of the pruned network, and the temperature that is tried as a rule.

    curves: (K,) at `mending.TEMPERATURES`; fitted: temperature and NLL there; at_tried: NLL at the one that is tried.
    What is far worse than knowing nothing is left out.
    """
    worst = WORST * np.log(n_classes)
    lines = pd.concat(
        [pd.DataFrame({"series": name, "temperature": TEMPERATURES, "nll": nll}) for name, nll in curves.items()]
    )
    marks = pd.DataFrame([(name, *each) for name, each in fitted.items()], columns=["series", "temperature", "nll"])
    dots = pd.DataFrame(
        [(name, tried, nll) for name, nll in at_tried.items()], columns=["series", "temperature", "nll"]
    )
    data = {"curves": lines, "fitted": marks, "tried": dots}
    shown = {name: table[table.nll <= worst] for name, table in data.items()}
    return Chart(_nll_spec(), {**shown, "rule": pd.DataFrame({"temperature": [tried]})})


@lru_cache(maxsize=1)
def _nll_spec() -> str:
    x = alt.X("temperature:Q", scale=_temperatures(), title="temperature T", axis=_marked())
    y = alt.Y("nll:Q", scale=alt.Scale(zero=True), title="NLL of a single pass, nats", axis=alt.Axis(tickCount=5))
    color = alt.Color(
        "series:N",
        scale=series_scale(("dense", "pruned")),
        legend=alt.Legend(title=None, orient="top", symbolType="stroke"),
    )
    tooltip = [
        alt.Tooltip("series:N", title="network"),
        alt.Tooltip("temperature:Q", title="temperature", format=".2f"),
        alt.Tooltip("nll:Q", title="NLL, nats", format=".4f"),
    ]
    rule = layer("rule").mark_rule(color=SEEDS, strokeWidth=2, aria=False)
    small = layer("tried").mark_circle(size=40, opacity=1)
    marks = layer("fitted").mark_point(size=110, filled=True, opacity=1, shape="diamond")
    return specification(
        HEIGHT,
        rule.encode(x=x),
        layer("curves").mark_line(strokeWidth=2, aria=False).encode(x=x, y=y, color=color),
        small.encode(x=x, y=y, color=color, tooltip=tooltip),
        marks.encode(x=x, y=y, color=color, tooltip=tooltip),
    )


def temperature_chart(found: Mapping[float, Mended], chosen: float) -> Chart:
    """The fitted temperature of every prune ratio with its interval; a hollow one is where the search ends."""
    rows = pd.DataFrame(
        [
            {
                "ratio": ratio,
                "value": each.temperature.value,
                "low": np.clip(each.temperature.low, LOWEST, HIGHEST),
                "high": np.clip(each.temperature.high, LOWEST, HIGHEST),
                "fit": "no minimum" if each.at_bound else "a minimum",
                "dense": found[0.0].temperature.value,
                "chosen": ratio == chosen,
            }
            for ratio, each in found.items()
        ]
    )
    return Chart(_temperature_spec(), {"rows": rows, "one": pd.DataFrame({"value": [1.0]})})


@lru_cache(maxsize=1)
def _temperature_spec() -> str:
    axis = alt.Axis(values=[tenth / 10 for tenth in range(11)], labelExpr="datum.value < 1 ? datum.label : ''")
    x = alt.X("ratio:Q", scale=alt.Scale(domain=(-0.03, 1.0), nice=False), title="prune ratio", axis=axis)
    y = alt.Y("value:Q", scale=_temperatures(), title="fitted temperature T", axis=_marked())
    rows = layer("rows")
    tooltip = [
        alt.Tooltip("ratio:Q", title="prune ratio", format=".3~f"),
        alt.Tooltip("value:Q", title="temperature", format=".2f"),
        alt.Tooltip("low:Q", title="interval, from", format=".2f"),
        alt.Tooltip("high:Q", title="to", format=".2f"),
        alt.Tooltip("fit:N", title="fit"),
    ]
    shape = alt.condition("datum.fit == 'no minimum'", alt.value("triangle-up"), alt.value("circle"))
    one = layer("one").mark_rule(color=DENSE, strokeWidth=1, aria=False)
    ends = rows.mark_rule(color=PRUNED, strokeWidth=3, opacity=0.3, aria=False)
    ring = rows.mark_point(color=PRUNED, size=180, strokeWidth=2.5, filled=False, aria=False)
    return specification(
        HEIGHT,
        one.encode(y=alt.Y("value:Q", scale=_temperatures())),
        ends.encode(x=x, y=alt.Y("low:Q", scale=_temperatures()), y2="high"),
        rows.mark_line(color=PRUNED, strokeWidth=2, aria=False).encode(x=x, y=y),
        rows.mark_point(color=PRUNED, size=40, filled=True, opacity=1).encode(x=x, y=y, shape=shape, tooltip=tooltip),
        ring.encode(x=x, y=y, opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0))),
    )


def _temperatures() -> alt.Scale:
    return alt.Scale(type="log", domain=(LOWEST, HIGHEST), nice=False)


def _marked() -> alt.Axis:
    return alt.Axis(values=list(MARKED), format=".2~f", grid=True)
