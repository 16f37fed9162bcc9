"""Charts as files: what the browser draws, drawn once more on the server for papers and slides."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping

from views.charts.colours import DENSE
from views.charts.vega import Chart

CONFIG = {"font": "sans-serif", "background": "white", "view": {"stroke": "transparent"}}
WIDTH = 420
FIT = {"type": "fit", "contains": "padding"}  # as on the page
COLOURS = "grey: dense, violet: pruned"
SCALE = 2  # pixels of a PNG per point of the chart


def archive(charts: Mapping[str, Chart]) -> bytes:
    """A zip file that holds every chart, by name, as SVG and as PNG, with its name as title."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as files:
        for name, chart in charts.items():
            files.writestr(f"{_plain(name)}.svg", svg(chart, name))
            files.writestr(f"{_plain(name)}.png", png(chart, name))
    return buffer.getvalue()


def svg(chart: Chart, title: str) -> str:
    import vl_convert  # 80 MB, which most visitors never need

    return vl_convert.vegalite_to_svg(_whole(chart, title))


def png(chart: Chart, title: str) -> bytes:
    import vl_convert

    return vl_convert.vegalite_to_png(_whole(chart, title), scale=SCALE)


def _whole(chart: Chart, title: str) -> str:
    """The specification with its data, and a look of its own where the page's theme would give one."""
    data = {name: json.loads(table.to_json(orient="records")) for name, table in chart.data.items()}
    key = chart.key or (COLOURS if DENSE in chart.spec else "")
    look = {"width": WIDTH, "autosize": FIT, "title": {"text": title, "subtitle": key}, "config": CONFIG}
    return json.dumps({**look, **json.loads(chart.spec), "datasets": data})


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
