"""Charts of methods: every figure of the dense and of the pruned network by each source of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from views.charts.vega import DECIMAL_LABEL, Chart, layer, series_scale, specification

ROW = 24  # pixels of a source
BELOW = 60  # the axis with its title


@dataclass(frozen=True)
class Column:
    """A figure that methods are compared by."""

    name: str  # of `by_method.method_rows`
    title: str
    floor: str = ""


COLUMNS = (
    Column("accuracy", "Accuracy ↑"),
    Column("nll", "NLL ↓, nats"),
    Column("brier", "Brier ↓"),
    Column("ece", "ECE ↓", "ece_floor"),
    Column("uce", "UCE ↓", "uce_floor"),
    Column("auroc", "OOD AUROC ↑"),
    Column("epistemic", "Mutual information, test, nats"),
    Column("epistemic_ood", "Mutual information, OOD, nats"),
)


def method_chart(table: pd.DataFrame, column: Column, labels: Sequence[str]) -> Chart:
    """A figure of every source, one below the other: dense and pruned as dots, their floors as strokes.

    table: `by_method.method_rows` with a column `label`; `labels` are all there will be, in order, so that the chart
    keeps its shape while sources come in. Every chart has them: on a phone one stands below the other.
    """
    values = table[column.name].to_numpy(float)
    floors = table[column.floor].to_numpy(float) if column.floor else np.full(len(table), np.nan)
    rows = pd.DataFrame({"label": table["label"], "network": table["network"], "value": values, "floor": floors})
    return Chart(_spec(column.title, tuple(labels)), {"rows": rows[np.isfinite(values)]})


@lru_cache(maxsize=32)
def _spec(title: str, labels: tuple[str, ...]) -> str:
    scale = alt.Scale(zero=False, nice=True, padding=8)
    axis = alt.Axis(tickCount=3, labelExpr=DECIMAL_LABEL, grid=True)
    x = alt.X("value:Q", title=title, scale=scale, axis=axis)
    beside = alt.Axis(labelLimit=240, labelOverlap=False, ticks=False, domain=False)
    y = alt.Y("label:N", title=None, sort=list(labels), scale=alt.Scale(domain=list(labels)), axis=beside)
    color = alt.Color("network:N", scale=series_scale(("dense", "pruned")), legend=None)
    tooltip = [
        alt.Tooltip("label:N", title="method"),
        alt.Tooltip("network:N", title="network"),
        alt.Tooltip("value:Q", title=title, format=".4f"),
        alt.Tooltip("floor:Q", title="floor", format=".4f"),
    ]
    rows = layer("rows")
    shape = alt.Shape(
        "network:N", scale=alt.Scale(domain=["dense", "pruned"], range=["diamond", "circle"]), legend=None
    )
    return specification(
        ROW * len(labels) + BELOW,
        rows.mark_tick(thickness=2, size=12, opacity=0.55, aria=False).encode(
            x=alt.X("floor:Q", scale=scale, title=title), y=y, color=color
        ),
        rows.mark_point(filled=True, size=80, opacity=0.9).encode(
            x=x, y=y, color=color, shape=shape, tooltip=tooltip
        ),
    )
