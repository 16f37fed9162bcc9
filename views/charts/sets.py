"""Prediction sets and refusal as charts: points on a picture of the plane, coverage and size against prune ratio."""

from __future__ import annotations

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from pruning.inspect.plane import Extent
from views.charts.colours import CLASSES, DENSE, INK, PAPER, PRUNED, Theme
from views.charts.vega import CROSS, Chart, in_place, layer, specification

PLANE_HEIGHT = 320
CURVE_HEIGHT = 190


def points_chart(picture: str, extent: Extent, points: pd.DataFrame, theme: Theme) -> Chart:
    """A picture of the plane (a data URL) with points, some with a ring, some hollow.

    points: columns x, y, label (class number), ringed (bool), hollow (bool), told (words about it).
    """
    own = np.array(CLASSES)[points.label]
    rim = np.where(points.ringed, INK[theme], np.where(points.hollow, own, PAPER[theme]))
    fill = np.where(points.hollow, PAPER[theme], own)
    return Chart(
        _plane_spec(extent), {"picture": in_place(picture, extent), "points": points.assign(rim=rim, fill=fill)}
    )


@lru_cache(maxsize=64)
def _plane_spec(extent: Extent) -> str:
    axis = alt.Axis(grid=False)
    x = alt.X("x:Q", scale=alt.Scale(domain=extent[:2], nice=False), title=None, axis=axis)
    y = alt.Y("y:Q", scale=alt.Scale(domain=extent[2:], nice=False), title=None, axis=axis)
    tooltip = [alt.Tooltip("label:O", title="class"), alt.Tooltip("told:N", title="it gets")]
    marked = "datum.ringed || datum.hollow"
    return specification(
        PLANE_HEIGHT,
        layer("picture")
        .mark_image(aspect=False, aria=False, clip=True)
        .encode(x=x, x2="x2", y=y, y2="y2", url="url:N"),
        layer("points")
        .mark_circle(opacity=1, clip=True)
        .encode(
            x=x,
            y=y,
            color=alt.Color("fill:N", scale=None),
            stroke=alt.Stroke("rim:N", scale=None),
            strokeWidth=alt.condition(marked, alt.value(2.2), alt.value(0.7)),
            size=alt.condition(marked, alt.value(80), alt.value(36)),
            tooltip=tooltip,
        ),
    )


def coverage_chart(rows: pd.DataFrame) -> Chart:
    """Coverage of the sets against prune ratio, the line 1 − α, and the band in which chance lets it lie.

    rows: as for `size_chart`, with promised, low and high.
    """
    return Chart(_curve_spec("coverage", promised=True), {"rows": rows})


def size_chart(rows: pd.DataFrame) -> Chart:
    """Mean number of classes in a set against prune ratio, the dense network's as a line of reference.

    rows: columns ratio, value, dense, chosen (bool), trained (bool).
    """
    return Chart(_curve_spec("mean set size", promised=False), {"rows": rows})


@lru_cache(maxsize=2)
def _curve_spec(title: str, *, promised: bool) -> str:
    x = alt.X("ratio:Q", scale=alt.Scale(domain=(0, 1), nice=False), title="prune ratio", axis=alt.Axis(tickCount=5))
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=title, axis=alt.Axis(tickCount=4, format=".2f"))
    rows = layer("rows")
    tooltip = [
        alt.Tooltip("ratio:Q", title="prune ratio", format=".3~f"),
        alt.Tooltip("value:Q", title=title, format=".3f"),
    ]
    if promised:
        tooltip += [
            alt.Tooltip("promised:Q", title="1 − α", format=".3~f"),
            alt.Tooltip("low:Q", title="by chance from", format=".3f"),
            alt.Tooltip("high:Q", title="to", format=".3f"),
        ]
    band = rows.mark_area(color=DENSE, opacity=0.16, aria=False).encode(x=x, y="low:Q", y2="high:Q")
    reference = rows.mark_line(color=DENSE, strokeDash=[4, 4], strokeWidth=1.5, aria=False)
    chosen = rows.mark_point(color=PRUNED, size=180, strokeWidth=2.5, filled=False, aria=False)
    dots = rows.mark_point(color=PRUNED, size=40, filled=True, opacity=1, ariaRoleDescription="circle")
    return specification(
        CURVE_HEIGHT,
        *([band] if promised else []),
        reference.encode(x=x, y="promised:Q" if promised else "dense:Q"),
        rows.mark_line(color=PRUNED, strokeWidth=2, aria=False).transform_filter("datum.trained").encode(x=x, y=y),
        dots.encode(
            x=x,
            y=y,
            shape=alt.condition("datum.trained", alt.value("circle"), alt.value(CROSS)),
            color=alt.condition("datum.trained", alt.value(PRUNED), alt.value(DENSE)),
            tooltip=tooltip,
        ),
        chosen.encode(x=x, y=y, opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0))),
    )
