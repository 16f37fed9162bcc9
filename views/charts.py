"""From arrays to charts: a constant specification, and the data that are put into it.

What changes with a slider is data, never a domain, a title or a colour: the browser then swaps the
data in place and nothing flickers. So a specification is built by Altair once, from named layers
over named data, and kept; each redraw only fills the data in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from pruning.plane import RESOLUTION, Extent, Maps, Plane
from uncertainty.calibration import Bins
from views.colours import CLASSES, DENSE, INK, PAPER, PRUNED, SEQUENCE, Theme
from views.raster import plane_picture, scale_picture

PLANE_HEIGHT = 380
CURVE_HEIGHT = 165
LEARNING_HEIGHT = 220
LEGEND_HEIGHT = 62
RELIABILITY_HEIGHT = 320
FOOT_HEIGHT = 0.25  # of the reliability diagram, for a bin that holds every example
HOVER_CELLS = 20  # of each side of the invisible grid that answers the mouse
SERIES = alt.Scale(domain=["dense", "pruned"], range=[DENSE, PRUNED])
RATIO_TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
TRAIN_VAL = ("training", "validation")
DENSE_PRUNED = ("dense", "pruned")
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
    picture, cells = _painted(plane, n_samples, quantity, top, theme)
    return Chart(_plane_spec(plane.extent, theme), {"picture": picture, "cells": cells, "points": points})


@lru_cache(maxsize=64)
def _painted(
    plane: Plane, n_samples: int, quantity: str, top: float, theme: Theme
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The picture and the cells of a plane; a slider that leaves a network alone leaves its plane as it is."""
    maps = plane.maps(n_samples)
    x0, x1, y0, y1 = plane.extent
    url = plane_picture(maps, quantity, top, theme)
    corners = pd.DataFrame({"x": [x0], "x2": [x1], "y": [y0], "y2": [y1], "url": [url]})
    return corners, _hover_cells(maps, plane.extent)


@lru_cache(maxsize=64)
def _plane_spec(extent: Extent, theme: Theme) -> str:
    x0, x1, y0, y1 = extent
    axis = alt.Axis(grid=False)
    x = alt.X("x:Q", scale=alt.Scale(domain=(x0, x1), nice=False), title=None, axis=axis)
    y = alt.Y("y:Q", scale=alt.Scale(domain=(y0, y1), nice=False), title=None, axis=axis)
    picture = _layer("picture").mark_image(aspect=False, aria=False, clip=True)
    cells = _layer("cells").mark_rect(fillOpacity=0, strokeOpacity=0, aria=False, clip=True)
    titles = {"winner": "class", "p": "its probability", **TERMS}
    numbers = [
        alt.Tooltip(f"{name}:Q", title=titles.get(name, name), format="d" if name == "winner" else ".3f")
        for name in ("winner", "p", "entropy", "aleatoric", "epistemic")
    ]
    classes = alt.Scale(domain=list(range(len(CLASSES))), range=list(CLASSES))
    dots = (
        _layer("points")
        .mark_circle(opacity=1, clip=True)
        .encode(
            x=x,
            y=y,
            color=alt.Color("label:O", scale=classes, legend=None),
            stroke=alt.condition("datum.wrong", alt.value(INK[theme]), alt.value(PAPER[theme])),
            strokeWidth=alt.condition("datum.wrong", alt.value(2.2), alt.value(0.7)),
            size=alt.condition("datum.wrong", alt.value(90), alt.value(36)),
            tooltip=[
                alt.Tooltip("label:O", title="class"),
                alt.Tooltip("p:Q", title="probability of that class", format=".2f"),
            ],
        )
    )
    return _spec(
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
    tooltip = [
        alt.Tooltip("series:N", title="network"),
        alt.Tooltip("score:Q", title=x_title, format=".3f"),
        alt.Tooltip("outcome:Q", title=y_title, format=".3f"),
        alt.Tooltip("count:Q", title="test points"),
    ]
    size = alt.Size(
        "count:Q", scale=alt.Scale(type="sqrt", domain=(1, 200), range=(20, 220), clamp=True), legend=None
    )
    bins = _layer("bins")
    diagonal = _layer("ends").mark_line(strokeDash=[4, 4], color=DENSE, strokeWidth=1, aria=False)
    foot = bins.mark_bar(opacity=0.45, aria=False)
    bars = bins.mark_rule(strokeWidth=3, opacity=0.3, aria=False)
    return _spec(
        RELIABILITY_HEIGHT,
        diagonal.encode(x=x, y=y),
        foot.encode(x="left:Q", x2="right", y="ground:Q", y2="share", color=color, tooltip=tooltip),
        bars.encode(x=x, y="low:Q", y2="high", color=color),
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


def curve_chart(rows: pd.DataFrame, title: str, number: str) -> Chart:
    """A figure against prune ratio, the dense value as a line of reference, the chosen ratio marked.

    rows: columns ratio, value, dense (the dense value), chosen (bool), and floor where the figure
    has one, drawn as a dotted line. number: a d3 format.
    """
    return Chart(_curve_spec(title, number, "floor" in rows), {"rows": rows})


@lru_cache(maxsize=64)
def _curve_spec(title: str, number: str, has_floor: bool) -> str:
    x = alt.X("ratio:Q", scale=alt.Scale(domain=(0, 1)), title="prune ratio")
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=title, axis=alt.Axis(format=number, tickCount=4))
    tooltip = [alt.Tooltip("ratio:Q", title="prune ratio"), alt.Tooltip("value:Q", title=title, format=number)]
    rows = _layer("rows")
    reference = rows.mark_line(color=DENSE, strokeDash=[4, 4], strokeWidth=1.5, aria=False).encode(x=x, y="dense:Q")
    floor = rows.mark_line(color=PRUNED, strokeDash=[1, 3], strokeWidth=1.5, aria=False).encode(x=x, y="floor:Q")
    if has_floor:
        tooltip.append(alt.Tooltip("floor:Q", title="floor", format=".3f"))
    mark = rows.mark_point(color=PRUNED, size=220, strokeWidth=2.5, filled=False, aria=False)
    return _spec(
        CURVE_HEIGHT,
        *([reference, floor] if has_floor else [reference]),
        rows.mark_line(color=PRUNED, strokeWidth=2, aria=False).encode(x=x, y=y),
        rows.mark_circle(color=PRUNED, size=36, opacity=1).encode(x=x, y=y, tooltip=tooltip),
        mark.encode(x=x, y=y, opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0))),
    )


def learning_chart(
    rows: pd.DataFrame, title: str, max_epochs: int, series: tuple[str, str], height: int = LEARNING_HEIGHT
) -> Chart:
    """A figure against epoch for two series. rows: columns series, epoch, value."""
    return Chart(_learning_spec(title, max_epochs, series, height), {"rows": rows})


@lru_cache(maxsize=64)
def _learning_spec(title: str, max_epochs: int, series: tuple[str, str], height: int) -> str:
    x = alt.X(
        "epoch:Q", scale=alt.Scale(domain=(0, max_epochs), nice=False), title="epoch", axis=alt.Axis(tickMinStep=1)
    )
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=title, axis=alt.Axis(tickCount=4))
    scale = alt.Scale(domain=list(series), range=[DENSE, PRUNED])
    color = alt.Color("series:N", scale=scale, legend=alt.Legend(title=None, orient="top", symbolType="stroke"))
    tooltip = [
        alt.Tooltip("series:N", title="of"), alt.Tooltip("epoch:Q"), alt.Tooltip("value:Q", title=title, format=".3f")
    ]  # fmt: skip
    rows = _layer("rows")
    return _spec(
        height,
        rows.mark_line(strokeWidth=2, aria=False).encode(x=x, y=y, color=color),
        rows.mark_circle(size=30, opacity=1).encode(x=x, y=y, color=color, tooltip=tooltip),
    )


def spread_chart(samples: np.ndarray, classes: tuple[str, ...]) -> Chart:
    """The probability that each of S thinned networks gives each class, and the mean. samples: (S, C)."""
    names = np.array(classes)
    marks = pd.DataFrame({"class": np.tile(names, len(samples)), "p": samples.ravel().astype(float)})
    means = pd.DataFrame({"class": names, "p": samples.mean(axis=0, dtype=float)})
    return Chart(_spread_spec(classes), {"samples": marks, "means": means})


@lru_cache(maxsize=16)
def _spread_spec(classes: tuple[str, ...]) -> str:
    x = alt.X("p:Q", scale=alt.Scale(domain=(0, 1)), title="probability")
    y = alt.Y("class:N", sort=list(classes), title=None, axis=alt.Axis(labelLimit=90))
    tooltip = [alt.Tooltip("class:N"), alt.Tooltip("p:Q", title="mean probability", format=".3f")]
    return _spec(
        26 * len(classes),
        _layer("samples").mark_tick(thickness=1, opacity=0.35, color=DENSE, aria=False).encode(x=x, y=y),
        _layer("means").mark_circle(size=60, opacity=1, color=PRUNED).encode(x=x, y=y, tooltip=tooltip),
    )


def rate_chart(rows: pd.DataFrame) -> Chart:
    """A share with its interval against prune ratio. rows: columns ratio, value, low, high, dense, chosen."""
    return Chart(_rate_spec(), {"rows": rows})


@lru_cache(maxsize=1)
def _rate_spec() -> str:
    x = alt.X("ratio:Q", scale=alt.Scale(domain=(-0.03, 1)), title="prune ratio", axis=alt.Axis(values=RATIO_TICKS))
    y = alt.Y("value:Q", scale=alt.Scale(domainMin=0), title="share", axis=alt.Axis(format=".0%", tickCount=5))
    tooltip = [
        alt.Tooltip(f"{name}:Q", title=title, format=form)
        for name, title, form in (
            ("ratio", "prune ratio", ".2~f"), ("value", "share", ".1%"), ("low", "from", ".1%"), ("high", "to", ".1%")
        )
    ]  # fmt: skip
    rows = _layer("rows")
    shown = alt.condition("datum.chosen", alt.value(1), alt.value(0))
    return _spec(
        PLANE_HEIGHT,
        rows.mark_line(color=DENSE, strokeDash=[4, 4], aria=False).encode(x=x, y="dense:Q"),
        rows.mark_rule(color=PRUNED, strokeWidth=3, opacity=0.35, aria=False).encode(x=x, y="low:Q", y2="high"),
        rows.mark_circle(color=PRUNED, size=70, opacity=1).encode(x=x, y=y, tooltip=tooltip),
        rows.mark_point(color=PRUNED, size=260, strokeWidth=2.5, filled=False, aria=False).encode(
            x=x, y=y, opacity=shown
        ),
    )


def mistaken_chart(cells: pd.DataFrame, n_rows: int, known: tuple[str, ...], theme: Theme) -> Chart:
    """Unknown classes against the known ones they are taken for.

    cells: columns position, unknown, known, share, n.
    """
    return Chart(_mistaken_spec(n_rows, known, theme), {"cells": cells})


@lru_cache(maxsize=16)
def _mistaken_spec(n_rows: int, known: tuple[str, ...], theme: Theme) -> str:
    by_position = alt.EncodingSortField("position", op="min")
    scale = alt.Scale(domain=(0, 1), range=list(SEQUENCE[theme]))
    legend = alt.Legend(orient="bottom", format=".0%", title="share of the row")
    cells = _layer("cells").mark_rect(aria=False).encode(
        x=alt.X("known:N", sort=list(known), title="predicted class", axis=alt.Axis(labelAngle=-45, orient="top")),
        y=alt.Y("unknown:N", sort=by_position, title=None, axis=alt.Axis(labelLimit=110)),
        color=alt.Color("share:Q", scale=scale, legend=legend),
        tooltip=[
            alt.Tooltip("unknown:N", title="unknown class"),
            alt.Tooltip("known:N", title="called"),
            alt.Tooltip("share:Q", format=".0%"),
            alt.Tooltip("n:Q", title="pictures"),
        ],
    )  # fmt: skip
    return _spec(140 + 22 * n_rows, cells)


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
    axis = alt.Axis(grid=False, tickCount=5, format=".2~f", titlePadding=4)
    x = alt.X("x:Q", scale=alt.Scale(domain=(low, high), nice=False), title=title, axis=axis)
    strip = _layer("strip").mark_image(aspect=False, aria=False)
    height = alt.value(LEGEND_HEIGHT - 46)
    return _spec(LEGEND_HEIGHT, strip.encode(x=x, x2="x2", y=alt.value(0), y2=height, url="url:N"))


def _layer(name: str) -> alt.Chart:
    """A layer over the table of that name, which comes later."""
    return alt.Chart(alt.NamedData(name))


def _spec(height: int, *layers: alt.Chart) -> str:
    """The layers, first one lowest, as one specification."""
    return alt.layer(*layers).properties(height=height).to_json(indent=None)
