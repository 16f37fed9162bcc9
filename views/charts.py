"""From arrays to Altair charts: pure functions, each a sum of named layers.

A chart keeps its specification and gets new data, so that the browser swaps the data in place and
nothing flickers: what changes with a slider is data, never a domain, a title or a colour.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd
from PIL import Image

from pruning.plane import RESOLUTION, Extent, Maps
from uncertainty.calibration import Bins
from views.colours import CLASSES, DENSE, INK, PAPER, PRUNED, Theme, blend, sequence

PLANE_HEIGHT = 380
CURVE_HEIGHT = 165
LEGEND_HEIGHT = 62
RELIABILITY_HEIGHT = 320
FOOT_HEIGHT = 0.25  # of the diagram, for a bin that holds every example
PIXELS = 320  # of the plane's picture, smoothly enlarged from RESOLUTION cells
HOVER_CELLS = 20  # of each side of the invisible grid that answers the mouse
SERIES = alt.Scale(domain=["dense", "pruned"], range=[DENSE, PRUNED])


def plane_chart(
    maps: Maps, points: pd.DataFrame, extent: Extent, quantity: str, top: float, theme: Theme
) -> alt.LayerChart:
    """The plane coloured by `quantity` (0 to `top`), the decision boundary, the points, numbers on hover.

    points: columns x, y, label (class number), wrong (bool), p (probability of the own label).
    """
    x0, x1, y0, y1 = extent
    x_scale, y_scale = alt.Scale(domain=(x0, x1), nice=False), alt.Scale(domain=(y0, y1), nice=False)
    x = alt.X("x:Q", scale=x_scale, title=None, axis=alt.Axis(grid=False))
    y = alt.Y("y:Q", scale=y_scale, title=None, axis=alt.Axis(grid=False))
    corners = pd.DataFrame(
        {"x": [x0], "x2": [x1], "y": [y0], "y2": [y1], "url": [_png(_picture(maps, quantity, top, theme))]}
    )
    picture = (
        alt.Chart(corners)
        .mark_image(aspect=False, aria=False, clip=True)
        .encode(x=x, x2="x2", y=y, y2="y2", url="url:N")
    )
    dots = (
        alt.Chart(points)
        .mark_circle(opacity=1, clip=True, strokeWidth=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color(
                "label:O", scale=alt.Scale(domain=list(range(len(CLASSES))), range=list(CLASSES)), legend=None
            ),
            stroke=alt.condition("datum.wrong", alt.value(INK[theme]), alt.value(PAPER[theme])),
            strokeWidth=alt.condition("datum.wrong", alt.value(2.2), alt.value(0.7)),
            size=alt.condition("datum.wrong", alt.value(90), alt.value(36)),
            tooltip=[
                alt.Tooltip("label:O", title="class"),
                alt.Tooltip("p:Q", title="probability of that class", format=".2f"),
            ],
        )
    )
    hover = _hover_layer(maps, extent, x_scale, y_scale)
    return _layered(picture, hover, dots, height=PLANE_HEIGHT)


def _hover_layer(maps: Maps, extent: Extent, x_scale: alt.Scale, y_scale: alt.Scale) -> alt.Chart:
    """Invisible cells that tell the numbers of the place under the mouse."""
    x0, x1, y0, y1 = extent
    step = RESOLUTION // HOVER_CELLS
    pick = np.s_[step // 2 :: step, step // 2 :: step]
    left, low = np.meshgrid(np.linspace(x0, x1, HOVER_CELLS + 1)[:-1], np.linspace(y0, y1, HOVER_CELLS + 1)[:-1])
    probs = maps.probs[pick]
    cells = pd.DataFrame(
        {
            "x": left.ravel(),
            "x2": left.ravel() + (x1 - x0) / HOVER_CELLS,
            "y": low.ravel(),
            "y2": low.ravel() + (y1 - y0) / HOVER_CELLS,
            "winner": probs.argmax(axis=-1).ravel(),
            "p": probs.max(axis=-1).ravel(),
            "entropy": maps.entropy[pick].ravel(),
            "aleatoric": maps.aleatoric[pick].ravel(),
            "epistemic": maps.epistemic[pick].ravel(),
        }
    ).astype(np.float32)
    titles = {"winner": "class", "p": "its probability", "entropy": "predictive entropy"}
    return (
        alt.Chart(cells)
        .mark_rect(fillOpacity=0, strokeOpacity=0, aria=False, clip=True)
        .encode(
            x=alt.X("x:Q", scale=x_scale),
            x2="x2",
            y=alt.Y("y:Q", scale=y_scale),
            y2="y2",
            tooltip=[
                alt.Tooltip(f"{name}:Q", title=titles.get(name, name), format="d" if name == "winner" else ".3f")
                for name in ("winner", "p", "entropy", "aleatoric", "epistemic")
            ],
        )
    )


def _picture(maps: Maps, quantity: str, top: float, theme: Theme) -> np.ndarray:
    """The plane as pixels (PIXELS, PIXELS, 3), the decision boundary drawn in ink."""
    probs = np.stack([_enlarged(maps.probs[..., c]) for c in range(maps.probs.shape[-1])], axis=-1)
    if quantity == "probability":
        pixels = blend(probs, theme)
    else:
        pixels = sequence(_enlarged(getattr(maps, quantity)) / top, theme)
    winner = probs.argmax(axis=-1)
    edge = np.zeros(winner.shape, bool)
    edge[1:] |= winner[1:] != winner[:-1]
    edge[:, 1:] |= winner[:, 1:] != winner[:, :-1]
    pixels[edge] = [int(INK[theme][i : i + 2], 16) for i in (1, 3, 5)]
    return pixels[::-1]  # a picture's first row is at the top, the plane's at the bottom


def _enlarged(values: np.ndarray) -> np.ndarray:
    image = Image.fromarray(values.astype(np.float32), mode="F")
    return np.asarray(image.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC)).clip(0)


def _layered(*layers: alt.Chart, height: int) -> alt.LayerChart:
    chart = alt.layer(*layers).properties(height=height)
    assert isinstance(chart, alt.LayerChart)
    return chart


def _png(pixels: np.ndarray) -> str:
    """Pixels (H, W, 3) uint8 as a data URL."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=4)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def reliability_chart(
    series: Mapping[str, tuple[Bins, np.ndarray, np.ndarray]], x_title: str, y_title: str
) -> alt.LayerChart:
    """Reliability of each series overlaid: the diagonal, consistency bars, bin means, and at the
    foot the share of examples in each bin.

    series: name → (bins, low, high), the last two the consistency bars (B,).
    """
    rows = pd.concat([_bin_rows(name, *parts) for name, parts in series.items()])
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
    data = alt.Chart(rows)
    ends = alt.Chart(pd.DataFrame({"score": [0, 1], "outcome": [0, 1]}))
    diagonal = ends.mark_line(strokeDash=[4, 4], color=DENSE, strokeWidth=1, aria=False).encode(x=x, y=y)
    foot = data.mark_bar(opacity=0.45, aria=False).encode(
        x=alt.X("left:Q"), x2="right", y=alt.Y("ground:Q"), y2="share", color=color, tooltip=tooltip
    )
    bars = data.mark_rule(strokeWidth=3, opacity=0.3, aria=False).encode(
        x=x, y=alt.Y("low:Q"), y2="high", color=color
    )
    line = data.mark_line(strokeWidth=1.5, aria=False).encode(x=x, y=y, color=color)
    size = alt.Size(
        "count:Q", scale=alt.Scale(type="sqrt", domain=(1, 200), range=(20, 220), clamp=True), legend=None
    )
    dots = data.mark_circle(opacity=1).encode(x=x, y=y, color=color, size=size, tooltip=tooltip)
    return _layered(diagonal, foot, bars, line, dots, height=RELIABILITY_HEIGHT)


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


def curve_chart(rows: pd.DataFrame, title: str, number: str) -> alt.LayerChart:
    """A figure against prune ratio, the dense value as a line of reference, the chosen ratio marked.

    rows: columns ratio, value, dense (the dense value), chosen (bool).
    """
    x = alt.X("ratio:Q", scale=alt.Scale(domain=(0, 1)), title="prune ratio")
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=title, axis=alt.Axis(format=number, tickCount=4))
    tooltip = [alt.Tooltip("ratio:Q", title="prune ratio"), alt.Tooltip("value:Q", title=title, format=number)]
    data = alt.Chart(rows)
    reference = data.mark_line(color=DENSE, strokeDash=[4, 4], strokeWidth=1.5, aria=False).encode(x=x, y="dense:Q")
    line = data.mark_line(color=PRUNED, strokeWidth=2).encode(x=x, y=y)
    dots = data.mark_circle(color=PRUNED, size=36, opacity=1).encode(x=x, y=y, tooltip=tooltip)
    mark = data.mark_point(color=PRUNED, size=220, strokeWidth=2.5, filled=False, aria=False).encode(
        x=x, y=y, opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0))
    )
    return _layered(reference, line, dots, mark, height=CURVE_HEIGHT)


def legend_chart(quantity: str, n_classes: int, top: float, theme: Theme) -> alt.LayerChart:
    """The colour scale of the planes, with its numbers."""
    share = np.linspace(0, 1, 256)
    low, high, strip = 0.0, top, sequence(share, theme)
    title = {"entropy": "predictive entropy"}.get(quantity, f"{quantity} uncertainty") + ", nats"
    if quantity == "probability" and n_classes == 2:
        high, strip = 1.0, blend(np.stack([1 - share, share], axis=-1), theme)
        title = "probability of class 1"
    elif quantity == "probability":
        low, high, strip = 1 / n_classes, 1.0, blend(_winning(share, n_classes), theme)
        title = "probability of the winning class, each in its own colour"
    row = pd.DataFrame({"x": [low], "x2": [high], "url": [_png(np.repeat(strip[None], 8, axis=0))]})
    axis = alt.Axis(grid=False, tickCount=5, format=".2~f", titlePadding=4)
    x = alt.X("x:Q", scale=alt.Scale(domain=(low, high), nice=False), title=title, axis=axis)
    image = alt.Chart(row).mark_image(aspect=False, aria=False)
    picture = image.encode(x=x, x2="x2", y=alt.value(0), y2=alt.value(LEGEND_HEIGHT - 46), url="url:N")
    return _layered(picture, height=LEGEND_HEIGHT)


def _winning(share: np.ndarray, n_classes: int) -> np.ndarray:
    """Probabilities (len(share), C) of a first class that grows from 1/C to 1."""
    first = 1 / n_classes + share * (1 - 1 / n_classes)
    rest = np.repeat(((1 - first) / (n_classes - 1))[:, None], n_classes - 1, axis=1)
    return np.column_stack([first, rest])
