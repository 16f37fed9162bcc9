"""Charts of a study: a line for every strategy, its runs as dots, and the map of verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from pruning.evaluation.rows import DENSE as DENSE_LINE
from pruning.study import summary
from uncertainty.estimate import Estimate, mean_estimate
from uncertainty.verdict import FEWEST
from views.charts.colours import BETTER, DENSE, LINES, UNDECIDED, WORSE
from views.charts.vega import CROSS, DECIMAL_LABEL, WHOLE_LABEL, Chart, layer, specification

HEIGHT, LEGEND_ROW, SMALL_HEIGHT, ROW_HEIGHT = 380, 26, 110, 34
BELOW_ROWS = 130  # of the map of verdicts: its axis with a title, and its legend
ASIDE = 0.008  # of prune ratio, between the dots of two lines: one would hide the other
PICKED = "picked"  # the run whose dot was clicked
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
MARKS = {"better": "+", "worse": "−", "cannot tell": "?"}


def study_chart(
    table: pd.DataFrame,
    figure: str,
    title: str,
    axis: tuple[str, str] = ("prune_ratio", "prune ratio"),
    *,
    floor: str = "",
    whole: bool = False,
    small: bool = False,
) -> Chart:
    """A figure against `axis` (column, title): the mean of each line with its 95 % interval, its runs as dots, dense.

    table: that of `pruning.study.run_study` with a column `label`, the name of each line. `floor` is the column of
    what chance alone would give. Values are told to three digits, or as `whole` numbers. A click on an entry of the
    legend takes a line away or brings it back; one on a dot selects its run as `PICKED`. A `small` chart has neither
    legend nor answers. A run that did not train is a cross.
    """
    column, x_title = axis
    pruned = table[table.strategy != DENSE_LINE]
    labels = tuple(dict.fromkeys(pruned.label))
    there = pruned[pruned[figure].notna() & pruned[column].notna()]
    data = {
        "runs": _runs(there, figure, column, labels),
        "means": _means(there, figure, column),
        "dense": _dense(table[table.strategy == DENSE_LINE], figure),
    }
    if floor:
        data["floors"] = _means(there, floor, column)[["label", "ratio", "x", "value"]]
    return Chart(_study_spec(title, x_title, labels, bool(floor), whole, small), data)


def _runs(there: pd.DataFrame, figure: str, column: str, labels: Sequence[str]) -> pd.DataFrame:
    """A row a run; those of several lines stand side by side."""
    places = there.label.map({label: at - (len(labels) - 1) / 2 for at, label in enumerate(labels)}).astype(float)
    aside = ASIDE * places if column == "prune_ratio" else 0.0
    return pd.DataFrame(
        {
            "label": there.label,
            "line": there.line,
            "ratio": there.prune_ratio,
            "seed": there.seed,
            "x": there[column].astype(float) + aside,
            "value": there[figure].astype(float),
            "trained": there.trained.astype(bool),
            "training": np.where(there.trained.astype(bool), "has learned", "did not train"),
        }
    )


def _means(there: pd.DataFrame, figure: str, column: str) -> pd.DataFrame:
    """A row for each line and ratio; without ends where there are few runs."""
    found = summary(there, figure)
    keys = ["line", "prune_ratio"]
    names = there.drop_duplicates("line").set_index("line").label
    places = there.assign(x=there[column].astype(float)).groupby(keys).x.mean()
    few = found.runs < FEWEST
    return pd.DataFrame(
        {
            "label": found.line.map(names),
            "ratio": found.prune_ratio,
            "x": places.reindex(pd.MultiIndex.from_frame(found[keys])).to_numpy(),
            "value": found["mean"],
            "low": found.low.mask(few),
            "high": found.high.mask(few),
            "runs": found.runs,
        }
    )


def _dense(there: pd.DataFrame, figure: str) -> pd.DataFrame:
    """The dense networks of all variants in one row."""
    values = there[figure].dropna().to_numpy(float)
    if not len(values):
        return pd.DataFrame(columns=["value", "low", "high", "runs"])
    each = mean_estimate(values)
    row = (each.value, *_ends(each, len(values)), len(values))
    return pd.DataFrame([row], columns=["value", "low", "high", "runs"])


def _ends(found: Estimate, runs: int) -> tuple[float, float]:
    """Of few runs an interval is many times as wide as they lie apart, and the chart would show nothing else."""
    return (found.low, found.high) if runs >= FEWEST else (np.nan, np.nan)


@lru_cache(maxsize=128)
def _study_spec(title: str, x_title: str, labels: tuple[str, ...], floor: bool, whole: bool, small: bool) -> str:
    ratios = x_title == "prune ratio"
    scale = alt.Scale(domain=(0, 1), nice=False) if ratios else alt.Scale(zero=False)
    x = alt.X("x:Q", scale=scale, title=None if small else x_title)
    number, words = ("d", WHOLE_LABEL) if whole else (".3f", DECIMAL_LABEL)
    axis = alt.Axis(tickCount=3 if small else 6, format=number, labelExpr=words, minExtent=36, maxExtent=60)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=None if small else title, axis=axis)
    colours = alt.Scale(domain=list(labels), range=[LINES[at % len(LINES)] for at in range(len(labels))])
    shapes = alt.Scale(domain=list(labels), range=[SHAPES[at % len(SHAPES)] for at in range(len(labels))])
    legend = None if small else alt.Legend(title=None, orient="bottom", columns=2, labelLimit=320, symbolOpacity=1)
    color = alt.Color("label:N", scale=colours, legend=legend)
    shape = alt.Shape("label:N", scale=shapes, legend=legend)
    shown = alt.selection_point(
        name="shown", fields=["label"], bind="legend", toggle="true", value=[{"label": label} for label in labels]
    )
    name = alt.Tooltip("label:N", title="strategy")
    ratio = alt.Tooltip("ratio:Q", title="prune ratio", format=".3~f")
    value = alt.Tooltip("value:Q", title=title, format=number if whole else ".3f")
    ends = [alt.Tooltip(f"{end}:Q", title=what, format=".3f") for end, what in (("low", "from"), ("high", "to"))]
    count = alt.Tooltip("runs:Q", title="runs")
    dense, runs, means = layer("dense"), layer("runs"), layer("means")

    def seen(opacity: float) -> Any:
        return alt.value(opacity) if small else alt.condition(shown, alt.value(opacity), alt.value(0.0))

    told_value = f"format(datum.value, '{number}') + ', ' + datum.training"
    told = [name, ratio, alt.Tooltip("value:Q", title=f"mean {title}", format=".3f"), *ends, count]
    dots = runs.mark_point(
        filled=True, size=14 if small else 34, stroke="white", strokeWidth=0 if small else 0.7,
        cursor="default" if small else "pointer",
        # Where a dot stands is not quite its ratio.
        description=alt.expr(f"datum.label + ' at ' + datum.ratio + ', seed ' + datum.seed + ': ' + {told_value}"),
    )  # fmt: skip
    crosses = alt.condition("datum.trained", alt.value("circle"), alt.value(CROSS))
    seed, training = alt.Tooltip("seed:Q", title="seed"), alt.Tooltip("training:N", title="training")
    dots = dots.encode(
        x=x, y=y, color=color, shape=crosses, opacity=seen(0.55), tooltip=[name, ratio, seed, value, training]
    )
    if not small:
        pick = alt.selection_point(name=PICKED, fields=["line", "ratio", "seed"], toggle=False, clear=False)
        dots = dots.add_params(pick)
    centres = means.mark_point(filled=True, size=30 if small else 70).encode(
        x=x, y=y, color=color, shape=shape, opacity=seen(1.0), tooltip=told
    )
    floors = layer("floors").mark_line(strokeWidth=1, strokeDash=[1, 3], aria=False)
    return specification(
        SMALL_HEIGHT if small else HEIGHT + LEGEND_ROW * math.ceil(len(labels) / 2),
        *([floors.encode(x=x, y=y, color=color, opacity=seen(0.8))] if floor else []),
        dense.mark_rect(color=DENSE, opacity=0.15, aria=False).encode(y=alt.Y("low:Q"), y2="high:Q"),
        dense.mark_rule(color=DENSE, strokeDash=[4, 4], strokeWidth=1.5).encode(
            y=alt.Y("value:Q"), tooltip=[alt.Tooltip("value:Q", title="dense, mean", format=".3f"), *ends, count]
        ),
        means.mark_area(aria=False).encode(x=x, y=alt.Y("low:Q"), y2="high:Q", color=color, opacity=seen(0.13)),
        means.mark_line(strokeWidth=1.5 if small else 2, aria=False).encode(x=x, y=y, color=color, opacity=seen(1.0)),
        centres if small else centres.add_params(shown),
        dots,  # above the means, which would take the clicks that are meant for them
    )


def verdict_chart(cells: pd.DataFrame, words: tuple[str, str]) -> Chart:
    """A map of verdicts: a row a line, a column a prune ratio, a colour and a sign for what is told.

    cells: see `views.text.study_readings.cells`; words: what better and worse are called here.
    """
    marked = cells.assign(
        mark=cells.verdict.map(MARKS),
        ratio=[f"{ratio:.3g}" for ratio in cells.prune_ratio],
        low=cells.low.where(np.isfinite(cells.low)),
        high=cells.high.where(np.isfinite(cells.high)),
    )
    labels, ratios = tuple(dict.fromkeys(marked.label)), tuple(dict.fromkeys(marked.ratio))
    return Chart(_verdict_spec(labels, ratios, words), {"cells": marked})


@lru_cache(maxsize=64)
def _verdict_spec(labels: tuple[str, ...], ratios: tuple[str, ...], words: tuple[str, str]) -> str:
    x = alt.X("ratio:O", scale=alt.Scale(domain=list(ratios)), title="prune ratio", axis=alt.Axis(labelAngle=0))
    y = alt.Y("label:N", scale=alt.Scale(domain=list(labels)), title=None, axis=alt.Axis(labelLimit=230))
    scale = alt.Scale(domain=[words[0], words[1], "cannot tell"], range=[BETTER, WORSE, UNDECIDED])
    numbers = (("value", "mean difference"), ("low", "from"), ("high", "to"))
    tooltip = [
        alt.Tooltip("label:N", title="strategy"), alt.Tooltip("ratio:O", title="prune ratio"),
        alt.Tooltip("word:N", title="verdict"),
        *(alt.Tooltip(f"{name}:Q", title=title, format="+.4f") for name, title in numbers),
        alt.Tooltip("runs:Q", title="runs"),
    ]  # fmt: skip
    cells = layer("cells")
    return specification(
        ROW_HEIGHT * len(labels) + BELOW_ROWS,
        cells.mark_rect(cornerRadius=3).encode(
            x=x, y=y, tooltip=tooltip,
            color=alt.Color("word:N", scale=scale, legend=alt.Legend(title=None, orient="bottom")),
        ),
        cells.mark_text(fontSize=15, fontWeight="bold", color="white", aria=False).encode(x=x, y=y, text="mark:N"),
    )  # fmt: skip
