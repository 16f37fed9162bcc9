"""Detection as charts: what scores are like, what they catch, and what refusing by them buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd

from pruning.evaluation.detection import CAUGHT, Point
from views.charts.colours import CLASSES, DENSE, INK, Theme
from views.charts.vega import Chart, Names, layer, other_key, series_scale, specification

HEIGHT = 280
N_BINS = 40
NARROWEST = 1e-6  # range of the bins of a network that says the same of every image
MOST_POINTS = 300  # of a curve: more than there are pixels to tell them apart
GROUPS = ("test images", "unknown classes")
UNIT = alt.Scale(domain=(0, 1))
GROUP_COLOURS = {"light": [CLASSES[0], CLASSES[1]], "dark": [CLASSES[4], CLASSES[1]]}


@dataclass(frozen=True)
class Curve:
    """A curve of shares: M points in order."""

    x: np.ndarray  # (M,)
    y: np.ndarray  # (M,)


def thinned(x: np.ndarray, y: np.ndarray) -> Curve:
    """At most MOST_POINTS of the points (M,), both ends among them, that look the same.

    Evenly spaced along the length |Δx| + |Δy|: a point that is left out is nearer than one such
    space to one that is kept, so that no step is lost wherever it is.
    """
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    spaced = np.searchsorted(length, np.linspace(0, length[-1], MOST_POINTS - 1))
    kept = np.unique(np.append(spaced, len(length) - 1))
    return Curve(x[kept], y[kept])


def histogram_charts(
    scores: Sequence[tuple[np.ndarray, np.ndarray]], thresholds: Sequence[float], theme: Theme
) -> list[Chart]:
    """For each network the shares of both groups in each bin, over one range of scores and of shares.

    scores: (test images (N,), unknown classes (M,)) for each network; thresholds: one for each.
    """
    edges = _edges([group for pair in scores for group in pair])
    rows = [pd.concat([_bin_rows(*group, edges) for group in zip(GROUPS, pair, strict=True)]) for pair in scores]
    # Invisible corners give the charts the same axes, though each specification leaves them open.
    corners = pd.DataFrame({"x": edges[[0, -1]], "share": [0.0, max(table.share.max() for table in rows)]})
    spec = _histogram_spec(theme)
    return [
        Chart(spec, {"corners": corners, "bins": table, "threshold": pd.DataFrame({"x": [threshold]})})
        for table, threshold in zip(rows, thresholds, strict=True)
    ]


def _edges(groups: Sequence[np.ndarray]) -> np.ndarray:
    """The edges (N_BINS + 1,) of bins of equal width over all scores."""
    low, high = min(group.min() for group in groups), max(group.max() for group in groups)
    if high - low < NARROWEST:
        low, high = (low + high - NARROWEST) / 2, (low + high + NARROWEST) / 2
    return np.linspace(low, high, N_BINS + 1)


def _bin_rows(group: str, scores: np.ndarray, edges: np.ndarray) -> pd.DataFrame:
    """One row a bin: its edges and the share of the group in it. No score falls outside."""
    count = np.bincount(np.searchsorted(edges[1:-1], scores, side="right"), minlength=N_BINS)
    return pd.DataFrame(
        {"group": group, "left": edges[:-1], "right": edges[1:], "ground": 0.0, "share": count / len(scores)}
    )


@lru_cache(maxsize=2)
def _histogram_spec(theme: Theme) -> str:
    scale = alt.Scale(zero=False, nice=False)
    x_title, y_title = "score (higher is more OOD)", "share of the group"
    x = alt.X("left:Q", scale=scale, title=x_title, axis=alt.Axis(grid=False, tickCount=5))
    y = alt.Y("share:Q", title=y_title, axis=alt.Axis(format=".0%", tickCount=5))
    groups = alt.Scale(domain=list(GROUPS), range=GROUP_COLOURS[theme])
    color = alt.Color("group:N", scale=groups, legend=_legend("square"))
    tooltip = [
        alt.Tooltip("group:N", title="of"),
        alt.Tooltip("left:Q", title="score from", format=".3f"),
        alt.Tooltip("right:Q", title="to", format=".3f"),
        alt.Tooltip("share:Q", title=y_title, format=".1%"),
    ]
    at = alt.X("x:Q", scale=scale, title=x_title)
    bars = layer("bins").mark_bar(opacity=0.7, aria=False)
    return specification(
        HEIGHT,
        layer("corners").mark_point(opacity=0, aria=False).encode(x=at, y=y),
        bars.encode(x=x, x2="right", y="ground:Q", y2="share", color=color, tooltip=tooltip),
        layer("threshold").mark_rule(color=INK[theme], strokeWidth=2, aria=False).encode(x=at),
    )


def roc_chart(curves: Mapping[str, Curve], chosen: Mapping[str, Point], theme: Theme) -> Chart:
    """ROC curves of both networks, the line of chance, the level where FPR@95TPR is read off.

    x is the share of test images refused, y that of unknown classes; `chosen` is where the threshold stands.
    """
    fixed = {
        "ends": pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]}),
        "level": pd.DataFrame({"y": [CAUGHT], "label": [f"{100 * CAUGHT:.0f} %"]}),
    }
    names = tuple(curves)
    return Chart(_roc_spec(theme, names), _curve_tables(curves, chosen) | fixed, other_key(names))


@lru_cache(maxsize=64)
def _roc_spec(theme: Theme, names: Names) -> str:
    lines = _curve_layers("test images refused (FPR)", "unknown classes refused (TPR)", UNIT, names)
    x, y = alt.X("x:Q", scale=UNIT), alt.Y("y:Q", scale=UNIT)
    level = layer("level")
    text = level.mark_text(color=INK[theme], align="right", baseline="top", dx=-4, dy=4, aria=False)
    return specification(
        HEIGHT,
        layer("ends").mark_line(strokeDash=[4, 4], color=DENSE, strokeWidth=1, aria=False).encode(x=x, y=y),
        level.mark_rule(strokeDash=[2, 3], color=INK[theme], strokeWidth=1, aria=False).encode(y=y),
        text.encode(x=alt.value("width"), y=y, text="label:N"),
        *lines,
    )


def risk_chart(curves: Mapping[str, Curve], chosen: Mapping[str, Point], examples: str = GROUPS[0]) -> Chart:
    """Risk–coverage curves: x the share of test examples kept, y the error rate among them."""
    names = tuple(curves)
    return Chart(_risk_spec(names, examples), _curve_tables(curves, chosen), other_key(names))


@lru_cache(maxsize=64)
def _risk_spec(names: Names, examples: str) -> str:
    x_title, y_title = f"coverage: {examples} kept", "risk: error rate among them"
    return specification(HEIGHT, *_curve_layers(x_title, y_title, alt.Scale(zero=True), names))


def _curve_layers(x_title: str, y_title: str, y_scale: alt.Scale, names: Names) -> list[alt.Chart]:
    """A line for each network, and a dot where the threshold is."""
    x = alt.X("x:Q", scale=UNIT, title=x_title, axis=alt.Axis(tickCount=5))
    y = alt.Y("y:Q", scale=y_scale, title=y_title, axis=alt.Axis(tickCount=5))
    color = alt.Color("series:N", scale=series_scale(names), legend=_legend("stroke"))
    tooltip = [
        alt.Tooltip("series:N", title="network"),
        alt.Tooltip("x:Q", title=x_title, format=".3f"),
        alt.Tooltip("y:Q", title=y_title, format=".3f"),
    ]
    lines = layer("curves").mark_line(strokeWidth=2, aria=False)
    dots = layer("chosen").mark_circle(size=90, opacity=1)
    return [
        lines.encode(x=x, y=y, color=color, order="step:Q"),
        dots.encode(x=x, y=y, color=color, tooltip=tooltip),
    ]


def _curve_tables(curves: Mapping[str, Curve], chosen: Mapping[str, Point]) -> dict[str, pd.DataFrame]:
    lines = [
        pd.DataFrame({"series": name, "x": curve.x, "y": curve.y, "step": np.arange(len(curve.x))})
        for name, curve in curves.items()
    ]
    dots = [(name, *point) for name, point in chosen.items()]
    return {"curves": pd.concat(lines), "chosen": pd.DataFrame(dots, columns=["series", "x", "y"])}


def _legend(symbol: str) -> alt.Legend:
    return alt.Legend(title=None, orient="top", symbolType=symbol)
