"""The charts of the image page: learning, spread of samples, and what unknown classes are mistaken for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from views.charts.colours import DENSE, PRUNED, SEQUENCE, Theme
from views.charts.vega import DENSE_PRUNED, PLANE_HEIGHT, Chart, layer, reference_colour, specification

LEARNING_HEIGHT = 220
RATIO_TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
TRAIN_VAL = ("training", "validation")
FIRST = {"training": DENSE}  # of two series; any other has the colour of the reference


def learning_chart(
    rows: pd.DataFrame,
    title: str,
    max_epochs: int,
    series: tuple[str, ...],
    height: int = LEARNING_HEIGHT,
    reach: float = 0.0,
) -> Chart:
    """A figure against epoch, from 0 to the largest value or to `reach`, whichever is more.

    rows: columns series, epoch, value. series: TRAIN_VAL, the second alone, or the names of the reference and of
    the pruned network.
    """
    corner = pd.DataFrame({"epoch": [0.0], "value": [reach]})  # invisible, for the axis
    return Chart(_learning_spec(title, max_epochs, series, height), {"rows": rows, "corner": corner})


@lru_cache(maxsize=64)
def _learning_spec(title: str, max_epochs: int, series: tuple[str, ...], height: int) -> str:
    x = alt.X(
        "epoch:Q", scale=alt.Scale(domain=(0, max_epochs), nice=False), title="epoch", axis=alt.Axis(tickMinStep=1)
    )
    y = alt.Y("value:Q", scale=alt.Scale(zero=True), title=title, axis=alt.Axis(tickCount=4))
    colours = [FIRST.get(name) or reference_colour(name) for name in series[:-1]]
    scale = alt.Scale(domain=list(series), range=[*colours, PRUNED])
    # The names of strategies are too long for one line.
    wrapped: dict[str, Any] = {} if series in (TRAIN_VAL, DENSE_PRUNED) else {"columns": 1}
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", **wrapped)
    color = alt.Color("series:N", scale=scale, legend=legend)
    tooltip = [
        alt.Tooltip("series:N", title="of"), alt.Tooltip("epoch:Q"), alt.Tooltip("value:Q", title=title, format=".3f")
    ]  # fmt: skip
    rows = layer("rows")
    return specification(
        height,
        layer("corner").mark_point(opacity=0, aria=False).encode(x=x, y=y),
        rows.mark_line(strokeWidth=2, aria=False).encode(x=x, y=y, color=color),
        rows.mark_circle(size=30, opacity=1).encode(x=x, y=y, color=color, tooltip=tooltip),
    )


def spread_height(n_classes: int) -> int:
    """Of the chart, in pixels: a line a class."""
    return 26 * n_classes


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
    return specification(
        spread_height(len(classes)),
        layer("samples").mark_tick(thickness=1, opacity=0.35, color=DENSE, aria=False).encode(x=x, y=y),
        layer("means").mark_circle(size=60, opacity=1, color=PRUNED).encode(x=x, y=y, tooltip=tooltip),
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
    rows = layer("rows")
    shown = alt.condition("datum.chosen", alt.value(1), alt.value(0))
    return specification(
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
    cells = layer("cells").mark_rect(aria=False).encode(
        x=alt.X("known:N", sort=list(known), title="predicted class", axis=alt.Axis(labelAngle=-45, orient="top")),
        y=alt.Y("unknown:N", sort=by_position, title=None, axis=alt.Axis(labelLimit=110, labelOverlap=False)),
        color=alt.Color("share:Q", scale=scale, legend=legend),
        tooltip=[
            alt.Tooltip("unknown:N", title="unknown class"),
            alt.Tooltip("known:N", title="called"),
            alt.Tooltip("share:Q", format=".0%"),
            alt.Tooltip("n:Q", title="pictures"),
        ],
    )  # fmt: skip
    return specification(200 + 22 * n_rows, cells)
