"""From arrays to charts: a constant specification, and the data that are put into it.

What changes with a slider is data, never a domain, a title or a colour: the browser then swaps the
data in place and nothing flickers. So a specification is built by Altair once, from named layers
over named data, and kept; each redraw only fills the data in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any
from weakref import ref

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from pruning.inspect.plane import Extent, Maps, Plane
from uncertainty.calibration import Bins
from views.charts.colours import CLASSES, DENSE, INK, OTHER, PAPER, PRUNED, SEEDS, Theme
from views.charts.raster import plane_picture, scale_picture

PLANE_HEIGHT = 380  # in a file, and of what stands for the planes until they come
CURVE_HEIGHTS = (104, 104, 146)  # one below the other: the last one has the axis of all
ALONE_HEIGHT = 200  # of a curve with axes and titles of its own
LOSS_HEIGHT = 230  # of the validation loss of both networks
LEGEND_HEIGHT = 62
RELIABILITY_HEIGHT = 320
FOOT_HEIGHT = 0.25  # of the reliability diagram, for a bin that holds every example
BESIDE = frozenset(
    {"low", "high", "single", "from", "to", "trained", "seeds_mean", "seeds_low", "seeds_high", "other"}
)  # columns that a curve may have beside its values
Names = tuple[str, ...]
"""What the two networks are called that are compared: the reference, and the pruned one."""
DENSE_PRUNED = ("dense", "pruned")
Ends = np.ndarray | float
"""Of the bars of all bins (B,), or one number for each of them."""
FEW = 5  # examples: a bin of fewer says nothing that a line should be drawn through
CROSS = "M-1,-0.7L-0.7,-1L0,-0.3L0.7,-1L1,-0.7L0.3,0L1,0.7L0.7,1L0,0.3L-0.7,1L-1,0.7L-0.3,0Z"  # ×
PICKED = "picked"  # the ratio that was clicked
PICKED_BIN = "picked_bin"  # the dot of a reliability diagram
# Between whole numbers a tick has no label: a least step is not kept to. Others have as many digits as they need,
# and all of an axis as many.
WHOLE_LABEL = "datum.value % 1 ? '' : datum.label"
DECIMAL_LABEL = (
    "format(datum.value, span(domain('y')) > 0.03 ? '.2f' : span(domain('y')) > 0.003 ? '.3f' : "
    "span(domain('y')) > 0 ? '.5f' : '.5~r')"
)
TERMS = {
    "probability": "probability",
    "entropy": "predictive entropy",
    "error": "distance from the truth",
    "truth": "true probability",
    "noise": "true entropy",
}


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification as JSON, and the tables it refers to by name."""

    spec: str
    data: Mapping[str, pd.DataFrame]
    key: str = ""  # what its colours mean, where they are not the usual ones

    @cached_property
    def packed(self) -> Mapping[str, bytes]:
        """The tables as Arrow streams, as the browser gets them; a chart that is kept is packed once."""
        return {name: _stream(table) for name, table in self.data.items()}


def _stream(table: pd.DataFrame) -> bytes:
    packed, sink = pa.Table.from_pandas(table, preserve_index=False), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, packed.schema.remove_metadata()) as stream:
        stream.write_table(packed.replace_schema_metadata())
    return sink.getvalue().to_pybytes()


def series_scale(names: Names) -> alt.Scale:
    """The colours of the two networks."""
    return alt.Scale(domain=list(names), range=[reference_colour(names[0]), PRUNED])


def other_key(names: Names) -> str:
    """What the colours mean where another strategy takes the place of the dense network; nothing where none does."""
    return "" if names == DENSE_PRUNED else f"orange: {names[0]}, violet: {names[1]}"


def reference_colour(name: str) -> str:
    """That of the dense network, or of another strategy in its place."""
    return DENSE if name == DENSE_PRUNED[0] else OTHER


def plane_chart(plane: Plane, n_samples: int, points: pd.DataFrame, quantity: str, top: float, theme: Theme) -> Chart:
    """The plane coloured by `quantity` (0 to `top`), the decision boundary, the points, numbers on hover.

    points: columns x, y, label (class number), wrong (bool), p (probability of the own label).
    """
    return _framed(painted(plane, n_samples, quantity, top, theme), plane.extent, points, quantity, theme)


def maps_chart(maps: Maps, extent: Extent, points: pd.DataFrame, quantity: str, top: float, theme: Theme) -> Chart:
    """The same of maps that are drawn but once."""
    return _framed(_picture(maps, extent, quantity, top, theme), extent, points, quantity, theme)


def _framed(picture: pd.DataFrame, extent: Extent, points: pd.DataFrame, quantity: str, theme: Theme) -> Chart:
    """A picture of the plane with its points.

    points: as for `plane_chart`.
    """
    # A class's points have its colour: by night, on strong colours, no dark rim would set them off.
    right = INK[theme] if (quantity, theme) == ("probability", "dark") else PAPER[theme]
    rimmed = points.assign(rim=np.where(points.wrong, INK[theme], right))
    return Chart(_plane_spec(extent), {"picture": picture, "points": rimmed})


def painted(plane: Plane, n_samples: int, quantity: str, top: float, theme: Theme) -> pd.DataFrame:
    """The picture of a plane in its place; a slider that leaves a network alone leaves its plane as it is."""
    return _painted(ref(plane), n_samples, quantity, top, theme)


@lru_cache(maxsize=64)
def _painted(held: ref[Plane], n_samples: int, quantity: str, top: float, theme: Theme) -> pd.DataFrame:
    """held: a weak reference, so that a plane that nobody else has any more does not stay for this."""
    plane = held()
    assert plane is not None  # the caller has it
    return _picture(plane.maps(n_samples), plane.extent, quantity, top, theme)


def _picture(maps: Maps, extent: Extent, quantity: str, top: float, theme: Theme) -> pd.DataFrame:
    return in_place(plane_picture(maps, quantity, top, theme), extent)


def in_place(url: str, extent: Extent) -> pd.DataFrame:
    """A picture (a data URL) over this part of the plane, as the table of its layer."""
    x0, x1, y0, y1 = extent
    return pd.DataFrame({"x": [x0], "x2": [x1], "y": [y0], "y2": [y1], "url": [url]})


@lru_cache(maxsize=64)
def _plane_spec(extent: Extent) -> str:
    axis = alt.Axis(grid=False)
    x = alt.X("x:Q", scale=alt.Scale(domain=extent[:2], nice=False), title=None, axis=axis)
    y = alt.Y("y:Q", scale=alt.Scale(domain=extent[2:], nice=False), title=None, axis=axis)
    picture = layer("picture").mark_image(aspect=False, aria=False, clip=True)
    own = [alt.Tooltip("label:O", title="class"), alt.Tooltip("p:Q", title="probability of that class", format=".2f")]
    classes = alt.Scale(domain=list(range(len(CLASSES))), range=list(CLASSES))
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
        dots,
    )


def reliability_chart(
    series: Mapping[str, tuple[Bins, Ends, Ends]], x_title: str, y_title: str, answers: bool = False
) -> Chart:
    """Reliability of two series overlaid: the diagonal, consistency bars, bin means, and at the
    foot the share of examples in each bin.

    series: name of the reference, and of the pruned network → (bins, low, high), the last two the consistency bars
    (B,); NaN where there are none. Where it `answers`, a click on a dot selects its series and bin as `PICKED_BIN`.
    """
    rows = pd.concat([_bin_rows(name, *parts, first=not i) for i, (name, parts) in enumerate(series.items())])
    ends = pd.DataFrame({"score": [0.0, 1.0], "outcome": [0.0, 1.0]})
    names = tuple(series)
    return Chart(_reliability_spec(x_title, y_title, names, answers), {"ends": ends, "bins": rows}, other_key(names))


@lru_cache(maxsize=64)
def _reliability_spec(x_title: str, y_title: str, names: Names, answers: bool) -> str:
    unit = alt.Scale(domain=(0, 1))
    x = alt.X("score:Q", scale=unit, title=x_title)
    y = alt.Y("outcome:Q", scale=unit, title=y_title)
    color = alt.Color("series:N", scale=series_scale(names), legend=None)
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
    dots = bins.mark_circle(opacity=1, cursor="pointer" if answers else "default")
    dots = dots.encode(x=x, y=y, color=color, size=size, tooltip=tooltip)
    if answers:
        pick = alt.selection_point(PICKED_BIN, fields=["series", "bin"], clear="dblclick")
        dots = dots.encode(
            stroke=alt.value("#808894"), strokeWidth=alt.condition(pick, alt.value(4), alt.value(0), empty=False)
        ).add_params(pick)
    return specification(
        RELIABILITY_HEIGHT,
        diagonal.encode(x=x, y=y),
        foot.encode(x="left:Q", x2="right", y="ground:Q", y2="share", color=color, tooltip=tooltip),
        bars.encode(x=x, y="low:Q", y2="high", color=color, tooltip=[*place, low, high]),
        bins.transform_filter(f"datum.count >= {FEW}")
        .mark_line(strokeWidth=1.5, aria=False)
        .encode(x=x, y=y, color=color),
        dots,
    )


def _bin_rows(name: str, bins: Bins, low: Ends, high: Ends, first: bool) -> pd.DataFrame:
    """One row a bin. The two series share a bin's width, so that neither hides the other's foot."""
    half = (bins.upper - bins.lower) / 2
    left = bins.lower if first else bins.lower + half
    return pd.DataFrame(
        {
            "series": name,
            "bin": np.arange(len(bins.count)),
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


def curve_chart(
    rows: pd.DataFrame,
    title: str,
    whole: bool = False,
    answers: bool = False,
    place: int = -1,
    names: Names | None = None,
) -> Chart:
    """A figure against prune ratio, the dense value as a line of reference, the chosen ratio marked.

    rows: columns ratio, value, dense, chosen (bool); where there are such, low and high, the band of its floor,
    single, a dotted line, from and to, an interval about it, trained (bool), without which a network is a grey cross
    off the line, seeds_low, seeds_mean and seeds_high, what other seeds give, other, what another strategy gives;
    `names` are then the other's and that of what is drawn. Values are told to three digits, or as
    `whole` numbers.
    Where it `answers`, a click selects the nearest ratio as `PICKED`; a column `turn` tells equal clicks apart.
    place: its position among the curves that share one axis; one that stands alone, −1, has axes and titles.
    """
    beside = frozenset(BESIDE & set(rows))
    if "trained" in rows:
        rows = rows.assign(training=np.where(rows.trained, "has learned", "did not train"))
    key = f"grey: dense, {other_key(names)}" if names else ""
    return Chart(_curve_spec(title, whole, beside, answers, place, names), {"rows": rows}, key)


@lru_cache(maxsize=64)
def _curve_spec(
    title: str, whole: bool, beside: frozenset[str], answers: bool, place: int, names: Names | None
) -> str:
    alone, last = place < 0, place in (-1, len(CURVE_HEIGHTS) - 1)
    # No label at the very end: half of it would stand outside, and make this curve narrower than those above it.
    tenths, inside = [tenth / 10 for tenth in range(11)], "datum.value < 1 ? datum.label : ''"
    x_axis = alt.Axis(labelFlush=False, labels=last, ticks=last, values=tenths, labelExpr=inside)
    ratios = alt.Scale(domain=(0, 1), nice=False)
    x = alt.X("ratio:Q", scale=ratios, title="prune ratio" if last else None, axis=x_axis)
    number, label = ("d", WHOLE_LABEL) if whole else (".3f", DECIMAL_LABEL)
    widest = 60 if alone else 36  # so that curves one below the other have one left edge
    axis = alt.Axis(tickCount=4, format=number, labelExpr=label, titlePadding=8, minExtent=36, maxExtent=widest)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=title if alone else None, axis=axis)
    ratio = alt.Tooltip("ratio:Q", title="prune ratio", format=".3~f")
    tooltip = [ratio, alt.Tooltip("value:Q", title=title, format=number)]
    rows = layer("rows")
    reference = rows.mark_line(color=DENSE, strokeDash=[4, 4], strokeWidth=1.5, aria=False).encode(x=x, y="dense:Q")
    band = rows.mark_area(color=PRUNED, opacity=0.16, aria=False).encode(x=x, y="low:Q", y2="high:Q")
    single = rows.mark_line(color=PRUNED, strokeDash=[1, 3], strokeWidth=1.5, aria=False).encode(x=x, y="single:Q")
    interval = rows.mark_rule(color=PRUNED, strokeWidth=3, opacity=0.3, aria=False).encode(x=x, y="from:Q", y2="to:Q")
    others = rows.mark_area(color=SEEDS, opacity=0.15, aria=False).encode(x=x, y="seeds_low:Q", y2="seeds_high:Q")
    middle = rows.mark_line(color=SEEDS, strokeWidth=1.5, aria=False).encode(x=x, y="seeds_mean:Q")
    told = {
        "seeds_mean": "mean over seeds",
        "single": "single pass",
        "from": "interval, from",
        "to": "to",
        "low": "calibrated, from",
        "high": "to",
    }
    tooltip += [alt.Tooltip(f"{n}:Q", title=words, format=".3f") for n, words in told.items() if n in beside]
    if names:
        tooltip.append(alt.Tooltip("other:Q", title=names[0], format=number))
    mark = rows.mark_point(color=PRUNED, size=180, strokeWidth=2.5, filled=False, aria=False)
    line = rows.mark_line(color=PRUNED, strokeWidth=2, aria=False).encode(x=x, y=y)
    look: dict[str, Any] = {"color": PRUNED, "size": 36, "opacity": 1, "cursor": "pointer" if answers else "default"}
    dots = rows.mark_circle(**look).encode(x=x, y=y, tooltip=tooltip)
    if "trained" in beside:
        line, single = (part.transform_filter("datum.trained") for part in (line, single))
        crosses = rows.mark_point(**look, filled=True, ariaRoleDescription="circle")
        dots = _by_state(crosses.encode(x=x, y=y), tooltip)
    if answers:
        pick = alt.selection_point(PICKED, fields=["ratio", "turn"], nearest=True, toggle=False, clear=False)
        dots = dots.add_params(pick)
    layers = {"seeds_high": others, "seeds_mean": middle, "high": band, "single": single, "to": interval}
    return specification(
        ALONE_HEIGHT if alone else CURVE_HEIGHTS[place],
        *(layer for name, layer in layers.items() if name in beside),
        reference,
        *(_other_layers(rows, x) if "other" in beside else ()),
        line,
        dots,
        mark.encode(x=x, y=y, opacity=alt.condition("datum.chosen", alt.value(1), alt.value(0))),
    )


def _other_layers(rows: alt.Chart, x: alt.X) -> tuple[alt.Chart, alt.Chart]:
    """Another strategy's line with its points, which also tell it apart by their shape."""
    theirs = rows.transform_filter("isValid(datum.other)").encode(x=x, y="other:Q")
    line = theirs.mark_line(color=OTHER, strokeWidth=1.5, aria=False)
    return line, theirs.mark_point(color=OTHER, shape="diamond", size=34, filled=True, opacity=1, aria=False)


def _by_state(dots: alt.Chart, tooltip: list[alt.Tooltip]) -> alt.Chart:
    """Dots for networks that have learned, grey crosses for those that have not, and the same in words."""

    def either(learned: Any, not_learned: Any) -> Any:
        return alt.condition("datum.trained", alt.value(learned), alt.value(not_learned))

    return dots.encode(
        shape=either("circle", CROSS),
        color=either(PRUNED, DENSE),
        size=either(36, 60),
        tooltip=[*tooltip, alt.Tooltip("training:N", title="training")],
    )


def legend_chart(quantity: str, n_classes: int, top: float, theme: Theme) -> Chart:
    """The colour scale of the planes, with its numbers."""
    title = scale_title(quantity, n_classes)
    quantity = {"truth": "probability", "noise": "entropy", "error": "entropy"}.get(quantity, quantity)
    low, high = (0.0, top) if quantity != "probability" else (0.0 if n_classes == 2 else 1 / n_classes, 1.0)
    row = pd.DataFrame({"x": [low], "x2": [high], "url": [scale_picture(quantity, n_classes, theme)]})
    return Chart(_legend_spec(low, high, title), {"strip": row})


def scale_title(quantity: str, n_classes: int) -> str:
    """What a colour scale says."""
    if quantity in ("error", "truth"):
        of_class_1 = " of class 1" if n_classes == 2 else ", the winner's"
        return "|probability − true probability|" if quantity == "error" else f"true probability{of_class_1}"
    if quantity != "probability":
        return f"{TERMS.get(quantity, f'{quantity} uncertainty')}, nats"
    return "probability of class 1" if n_classes == 2 else "probability of the winning class"


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
    # A label at an end of an axis stands at its line, and is not moved to lie within the axis.
    spec.setdefault("config", {}).setdefault("axis", {})["labelFlush"] = False
    for part in spec["layer"]:
        if "tooltip" not in part["encoding"]:
            part["mark"]["tooltip"] = None  # else Streamlit's theme lists every column there is
    return json.dumps(spec, sort_keys=True)
