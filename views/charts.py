"""From arrays to charts: a constant specification, and the data that are put into it.

What changes with a slider is data, never a domain, a title or a colour: the browser then swaps the
data in place and nothing flickers. So a specification is built by Altair once, from named layers
over named data, and kept; each redraw only fills the data in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from weakref import ref

import altair as alt
import numpy as np
import pandas as pd

from pruning.plane import RESOLUTION, Extent, Maps, Plane
from uncertainty.calibration import Bins
from views.colours import CLASSES, DENSE, INK, PAPER, PRUNED, Theme
from views.raster import plane_picture, scale_picture

PLANE_HEIGHT = 380
CURVE_HEIGHT = 165
LEGEND_HEIGHT = 62
RELIABILITY_HEIGHT = 320
FOOT_HEIGHT = 0.25  # of the reliability diagram, for a bin that holds every example
HOVER_CELLS = 20  # of each side of the invisible grid that answers the mouse
PICKED = "picked"  # the ratio that was clicked
SERIES = alt.Scale(domain=["dense", "pruned"], range=[DENSE, PRUNED])
TERMS = {"probability": "probability", "entropy": "predictive entropy"}


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification as JSON, and the tables it refers to by name."""

    spec: str
    data: Mapping[str, pd.DataFrame]


def plane_chart(plane: Plane, n_samples: int, points: pd.DataFrame, quantity: str, top: float, theme: Theme) -> Chart:
    """The plane coloured by `quantity` (0 to `top`), the decision boundary, the points, numbers on hover.

    points: columns x, y, label (class number), wrong (bool), p (probability of the own label).
    """
    picture, cells = _painted(ref(plane), n_samples, quantity, top, theme)
    # A class's points have its colour: by night, on strong colours, no dark rim would set them off.
    right = INK[theme] if (quantity, theme) == ("probability", "dark") else PAPER[theme]
    rimmed = points.assign(rim=np.where(points.wrong, INK[theme], right))
    return Chart(_plane_spec(plane.extent), {"picture": picture, "cells": cells, "points": rimmed})


@lru_cache(maxsize=64)
def _painted(held: ref[Plane], n_samples: int, quantity: str, top: float, theme: Theme) -> tuple[pd.DataFrame, ...]:
    """The picture and the cells of a plane; a slider that leaves a network alone leaves its plane as it is.

    held: a weak reference, so that a plane that nobody else has any more does not stay for this.
    """
    plane = held()
    assert plane is not None  # the caller has it
    maps = plane.maps(n_samples)
    x0, x1, y0, y1 = plane.extent
    url = plane_picture(maps, quantity, top, theme)
    corners = pd.DataFrame({"x": [x0], "x2": [x1], "y": [y0], "y2": [y1], "url": [url]})
    return corners, _hover_cells(maps, plane.extent)


@lru_cache(maxsize=64)
def _plane_spec(extent: Extent) -> str:
    axis = alt.Axis(grid=False)
    x = alt.X("x:Q", scale=alt.Scale(domain=extent[:2], nice=False), title=None, axis=axis)
    y = alt.Y("y:Q", scale=alt.Scale(domain=extent[2:], nice=False), title=None, axis=axis)
    picture = layer("picture").mark_image(aspect=False, aria=False, clip=True)
    cells = layer("cells").mark_rect(fillOpacity=0, strokeOpacity=0, aria=False, clip=True)
    titles = {"winner": "class", "p": "its probability", **TERMS}
    numbers = [
        alt.Tooltip(f"{name}:Q", title=titles.get(name, name), format="d" if name == "winner" else ".3f")
        for name in ("winner", "p", "entropy", "aleatoric", "epistemic")
    ]
    classes = alt.Scale(domain=list(range(len(CLASSES))), range=list(CLASSES))
    own = [alt.Tooltip("label:O", title="class"), alt.Tooltip("p:Q", title="probability of that class", format=".2f")]
    dots = (
        layer("points")
        .mark_circle(opacity=1, clip=True)
        .encode(
            x=x,
            y=y,
            color=alt.Color("label:O", scale=classes, legend=None),
            stroke=alt.Stroke("rim:N", scale=None),
            strokeWidth=alt.condition("datum.wrong", alt.value(2.2), alt.value(0.7)),
            size=alt.condition("datum.wrong", alt.value(90), alt.value(36)),
            tooltip=own,
        )
    )
    return specification(
        PLANE_HEIGHT,
        picture.encode(x=x, x2="x2", y=y, y2="y2", url="url:N"),
        cells.encode(x=x, x2="x2", y=y, y2="y2", tooltip=numbers),
        dots,
    )


def _hover_cells(maps: Maps, extent: Extent) -> pd.DataFrame:
    """Invisible cells that tell the numbers of the place under the mouse."""
    x0, x1, y0, y1 = extent
    step = RESOLUTION // HOVER_CELLS
    pick = np.s_[step // 2 :: step, step // 2 :: step]
    width, height = (x1 - x0) / HOVER_CELLS, (y1 - y0) / HOVER_CELLS
    left, low = np.meshgrid(x0 + width * np.arange(HOVER_CELLS), y0 + height * np.arange(HOVER_CELLS))
    probs = maps.probs[pick]
    columns = {
        "x": left,
        "x2": left + width,
        "y": low,
        "y2": low + height,
        "winner": probs.argmax(axis=-1),
        "p": probs.max(axis=-1),
        "entropy": maps.entropy[pick],
        "aleatoric": maps.aleatoric[pick],
        "epistemic": maps.epistemic[pick],
    }
    return pd.DataFrame({name: values.ravel() for name, values in columns.items()}, dtype=np.float32)


def reliability_chart(series: Mapping[str, tuple[Bins, np.ndarray, np.ndarray]], x_title: str, y_title: str) -> Chart:
    """Reliability of each series overlaid: the diagonal, consistency bars, bin means, and at the
    foot the share of examples in each bin.

    series: name → (bins, low, high), the last two the consistency bars (B,).
    """
    rows = pd.concat([_bin_rows(name, *parts) for name, parts in series.items()])
    ends = pd.DataFrame({"score": [0.0, 1.0], "outcome": [0.0, 1.0]})
    return Chart(_reliability_spec(x_title, y_title), {"ends": ends, "bins": rows})


@lru_cache(maxsize=64)
def _reliability_spec(x_title: str, y_title: str) -> str:
    unit = alt.Scale(domain=(0, 1))
    x = alt.X("score:Q", scale=unit, title=x_title)
    y = alt.Y("outcome:Q", scale=unit, title=y_title)
    color = alt.Color("series:N", scale=SERIES, legend=None)
    place = [alt.Tooltip("series:N", title="network"), alt.Tooltip("score:Q", title=x_title, format=".3f")]
    low, high, found = (
        alt.Tooltip(f"{field}:Q", title=title, format=".3f")
        for field, title in (("low", "by chance from"), ("high", "to"), ("outcome", y_title))
    )
    tooltip = [*place, found, alt.Tooltip("count:Q", title="test examples")]
    area, bins = alt.Scale(type="sqrt", domain=(1, 200), range=(20, 220), clamp=True), layer("bins")
    size = alt.Size("count:Q", scale=area, legend=None)
    diagonal = layer("ends").mark_line(strokeDash=[4, 4], color=DENSE, strokeWidth=1, aria=False)
    foot = bins.mark_bar(opacity=0.45, aria=False)
    bars = bins.mark_rule(strokeWidth=3, opacity=0.3, aria=False)
    return specification(
        RELIABILITY_HEIGHT,
        diagonal.encode(x=x, y=y),
        foot.encode(x="left:Q", x2="right", y="ground:Q", y2="share", color=color, tooltip=tooltip),
        bars.encode(x=x, y="low:Q", y2="high", color=color, tooltip=[*place, low, high]),
        bins.mark_line(strokeWidth=1.5, aria=False).encode(x=x, y=y, color=color),
        bins.mark_circle(opacity=1).encode(x=x, y=y, color=color, size=size, tooltip=tooltip),
    )


def _bin_rows(name: str, bins: Bins, low: np.ndarray, high: np.ndarray) -> pd.DataFrame:
    """One row a bin. The two series share a bin's width, so that neither hides the other's foot."""
    half = (bins.upper - bins.lower) / 2
    left = bins.lower if name == "dense" else bins.lower + half
    return pd.DataFrame(
        {
            "series": name,
            "score": bins.mean_score,
            "outcome": bins.mean_outcome,
            "low": low,
            "high": high,
            "count": bins.count,
            "left": left,
            "right": left + half,
            "ground": 0.0,
            "share": FOOT_HEIGHT * bins.count / bins.count.sum(),
        }
    )


def curve_chart(rows: pd.DataFrame, title: str, whole: bool = False, answers: bool = False) -> Chart:
    """A figure against prune ratio, the dense value as a line of reference, the chosen ratio marked.

    rows: columns ratio, value, dense, chosen (bool), and floor, a dotted line, where there is one. Values are
    told to three digits, or as `whole` numbers. Where it `answers`, a click selects the nearest ratio as `PICKED`; a
    column `turn` tells equal clicks apart.
    """
    return Chart(_curve_spec(title, whole, "floor" in rows, answers), {"rows": rows})


@lru_cache(maxsize=64)
def _curve_spec(title: str, whole: bool, has_floor: bool, answers: bool) -> str:
    x = alt.X("ratio:Q", scale=alt.Scale(domain=(0, 1)), title="prune ratio")
    # No two ticks have the same label. Those between whole numbers have none: a least step is not kept to.
    number, label = ("d", "datum.value % 1 ? '' : datum.label") if whole else (".3f", "format(datum.value, '.5~r')")
    axis = alt.Axis(tickCount=4, format=number, labelExpr=label)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=title, axis=axis)
    ratio = alt.Tooltip("ratio:Q", title="prune ratio", format=".3~f")
    tooltip = [ratio, alt.Tooltip("value:Q", title=title, format=number)]
    rows = layer("rows")
    reference = rows.mark_line(color=DENSE, strokeDash=[4, 4], strokeWidth=1.5, aria=False).encode(x=x, y="dense:Q")
    floor = rows.mark_line(color=PRUNED, strokeDash=[1, 3], strokeWidth=1.5, aria=False).encode(x=x, y="floor:Q")
    if has_floor:
        tooltip.append(alt.Tooltip("floor:Q", title="floor", format=".3f"))
    mark = rows.mark_point(color=PRUNED, size=220, strokeWidth=2.5, filled=False, aria=False)
    dots = rows.mark_circle(color=PRUNED, size=36, opacity=1, cursor="pointer" if answers else "default")
    dots = dots.encode(x=x, y=y, tooltip=tooltip)
    if answers:
        pick = alt.selection_point(PICKED, fields=["ratio", "turn"], nearest=True, toggle=False, clear=False)
        dots = dots.add_params(pick)
    return specification(
        CURVE_HEIGHT,
        *([reference, floor] if has_floor else [reference]),
        rows.mark_line(color=PRUNED, strokeWidth=2, aria=False).encode(x=x, y=y),
        dots,
        mark.encode(x=x, y=y, opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0))),
    )


def legend_chart(quantity: str, n_classes: int, top: float, theme: Theme) -> Chart:
    """The colour scale of the planes, with its numbers."""
    low, high, title = 0.0, top, TERMS.get(quantity, f"{quantity} uncertainty") + ", nats"
    if quantity == "probability" and n_classes == 2:
        high, title = 1.0, "probability of class 1"
    elif quantity == "probability":
        low, high, title = 1 / n_classes, 1.0, "probability of the winning class, each in its own colour"
    row = pd.DataFrame({"x": [low], "x2": [high], "url": [scale_picture(quantity, n_classes, theme)]})
    return Chart(_legend_spec(low, high, title), {"strip": row})


@lru_cache(maxsize=64)
def _legend_spec(low: float, high: float, title: str) -> str:
    axis = alt.Axis(grid=False, tickCount=5, format=".3~f", titlePadding=4)
    x = alt.X("x:Q", scale=alt.Scale(domain=(low, high), nice=False), title=title, axis=axis)
    strip, height = layer("strip").mark_image(aspect=False, aria=False), alt.value(LEGEND_HEIGHT - 46)
    return specification(LEGEND_HEIGHT, strip.encode(x=x, x2="x2", y=alt.value(0), y2=height, url="url:N"))


def layer(name: str) -> alt.Chart:
    """A layer over the table of that name, which comes later."""
    return alt.Chart(alt.NamedData(name))


def specification(height: int, *layers: alt.Chart) -> str:
    """The layers, first one lowest, as one specification. A layer without a tooltip says nothing to the mouse."""
    spec = alt.layer(*layers).properties(height=height).to_dict()
    for part in spec["layer"]:
        if "tooltip" not in part["encoding"]:
            part["mark"]["tooltip"] = None  # else Streamlit's theme lists every column there is
    return json.dumps(spec, sort_keys=True)
