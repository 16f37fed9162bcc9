"""Places on a page, and the theme they are seen in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from views.browser.type_size import chart_config
from views.charts import vega
from views.charts.colours import Theme

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass
class Placeholder:
    """A place on the page whose content can be replaced within one run, any number of times.

    Until something is drawn, the browser keeps what the last run drew there.
    """

    container: DeltaGenerator
    element: Any = None  # what was first drawn here; drawing on it replaces it

    def _draw(self, method: str, *args: Any, **options: Any) -> None:
        # Each drawing returns an element of its own, a child of the one before. Drawing on the
        # newest would make a chain that Streamlit climbs each time, until it is too long to climb.
        drawn = getattr(self.element or self.container, method)(*args, **options)
        self.element = self.element or drawn

    def markdown(self, text: str) -> None:
        self._draw("markdown", text)

    def error(self, text: str) -> None:
        self._draw("error", text, icon=":material/error:")

    def progress(self, share: float, text: str) -> None:
        self._draw("progress", share, text)

    def skeleton(self, height: int) -> None:
        """A grey shape, for a first visit on which there is nothing to keep."""
        self._draw("skeleton", height)

    def caption(self, text: str, help: str | None = None) -> None:
        self._draw("caption", text, help=help)

    def chart(self, chart: vega.Chart, alt_text: str, **selection: Any) -> None:
        """Draw a chart. `alt_text` belongs to its specification: if it changes, the drawing is torn down.

        selection: `key` and `on_select` where a click is answered; drawn so but once in a run.
        """
        spec = {**json.loads(chart.spec), **chart_config(), "datasets": chart.packed}
        self._draw("vega_lite_chart", spec, alt=alt_text, **selection)

    def clear(self) -> None:
        """Take away what this run has drawn here."""
        if self.element:
            self.element.empty()


def theme() -> Theme:
    """The theme the visitor sees."""
    return "dark" if st.context.theme.type == "dark" else "light"
