"""A report on a study: one HTML page that opens without a network, with charts that answer the mouse."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Protocol

import pandas as pd

from pruning.study import Study
from pruning.study_files import about, program

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1f2430; }
pre { background: #f3f4f6; padding: 1rem; overflow-x: auto; }
figure { margin: 2rem 0; } figcaption { font-weight: 600; }
"""
LOOK = {
    "width": 640,
    "autosize": {"type": "fit", "contains": "padding"},
    "config": {"view": {"stroke": "transparent"}},
}


class Drawn(Protocol):
    """A specification as JSON, and the tables it refers to by name: see `views.charts.vega.Chart`."""

    @property
    def spec(self) -> str: ...

    @property
    def data(self) -> Mapping[str, pd.DataFrame]: ...


def page(study: Study, title: str, sentences: Sequence[str], tickets: str, charts: Mapping[str, Drawn]) -> str:
    """The whole page; sentences may have **bold** words."""
    import vl_convert  # 80 MB, which most visitors never need

    told = "".join(f"<li>{_bold(each)}</li>" for each in sentences)
    figures = "".join(
        f'<figure><figcaption>{escape(name)}</figcaption><div id="chart{at}"></div></figure>'
        for at, name in enumerate(charts)
    )
    specs = json.dumps([_whole(chart) for chart in charts.values()]).replace("</", "<\\/")
    known = {name: value for name, value in about(study).items() if name != "study"}
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Study: {escape(title)}</title><style>{STYLE}</style>"
        f"<h1>Verdict: {escape(title)}</h1><ul>{told}</ul><p>{_bold(tickets)}</p>{figures}"
        f"<h2>Repeat it</h2><pre>{escape(program(study))}</pre>"
        f"<h2>Made by</h2><pre>{escape(json.dumps(known, indent=1))}</pre>"
        f"<script>{vl_convert.javascript_bundle(DRAW.replace('SPECS', specs))}</script></html>"
    )


# The bundler gives `vegaEmbed` to what it is handed.
DRAW = """
const actions = { export: true, source: false, editor: false };
SPECS.forEach((spec, at) => vegaEmbed(`#chart${at}`, spec, { actions }));
"""


def _whole(chart: Drawn) -> dict[str, Any]:
    data = {name: json.loads(table.to_json(orient="records")) for name, table in chart.data.items()}
    return {**LOOK, **json.loads(chart.spec), "datasets": data}


def _bold(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text))
