"""Charts of figures against the number of samples that are averaged, with what another draw would make of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import altair as alt
import pandas as pd

from pruning.evaluation.sample_size import SampleBand
from views.charts.colours import SEEDS
from views.charts.vega import DECIMAL_LABEL, Chart, layer, series_scale, specification

HEIGHT = 190
MARKED = (1, 2, 5, 10, 20, 50, 100, 200)  # on the axis


def sample_chart(bands: Mapping[str, SampleBand], title: str, n_samples: int) -> Chart:
    """A figure of each network after the first samples, in the band of other draws; the chosen number as a rule."""
    rows = pd.concat(
        [
            pd.DataFrame(
                {"series": name, "samples": band.samples, "value": band.value, "low": band.low, "high": band.high}
            )
            for name, band in bands.items()
        ]
    )
    most = max(max(band.samples) for band in bands.values())
    return Chart(_spec(title, most), {"rows": rows, "rule": pd.DataFrame({"samples": [n_samples]})})


@lru_cache(maxsize=16)
def _spec(title: str, most: int) -> str:
    scale = alt.Scale(type="log", domain=(1, most), nice=False)
    marked = [number for number in MARKED if number <= most]
    x = alt.X("samples:Q", scale=scale, title="samples", axis=alt.Axis(values=marked, format="d", grid=False))
    axis = alt.Axis(tickCount=4, labelExpr=DECIMAL_LABEL)
    y = alt.Y("value:Q", scale=alt.Scale(zero=False), title=title, axis=axis)
    color = alt.Color("series:N", scale=series_scale(("dense", "pruned")), legend=None)
    tooltip = [
        alt.Tooltip("series:N", title="network"),
        alt.Tooltip("samples:Q", title="samples"),
        alt.Tooltip("value:Q", title=title, format=".4f"),
        alt.Tooltip("low:Q", title="another draw, from", format=".4f"),
        alt.Tooltip("high:Q", title="to", format=".4f"),
    ]
    rows = layer("rows")
    return specification(
        HEIGHT,
        rows.mark_area(opacity=0.18, aria=False).encode(
            x=x, y=alt.Y("low:Q", scale=alt.Scale(zero=False)), y2="high", color=color
        ),
        layer("rule").mark_rule(color=SEEDS, strokeWidth=2, aria=False).encode(x=x),
        rows.mark_line(strokeWidth=2, aria=False).encode(x=x, y=y, color=color),
        rows.mark_circle(size=36, opacity=1).encode(x=x, y=y, color=color, tooltip=tooltip),
    )
