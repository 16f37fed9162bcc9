"""The tab in which all methods stand side by side, for the dense and the pruned network of either page."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from pruning.evaluation.by_method import SOURCES, method_rows
from pruning.evaluation.evaluated import Evaluated
from uncertainty.options import DropoutLayers, Method, Source
from views.charts.methods import COLUMNS, method_chart
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Placeholder
from views.text import methods as words
from views.text.figure_table import Nouns

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

ABREAST = 3
APART = 2.0  # seconds between two drawings of all charts while methods come in; drawing takes a browser its time
LABELS = tuple(source.label for source in SOURCES)


class MethodsPanel:
    """Where the methods are drawn, again and again while they come in."""

    def __init__(self, place: DeltaGenerator) -> None:
        place.header("Methods: where else could the doubt come from?", anchor=False)
        self.line = Placeholder(place.container())
        self.charts: list[Placeholder] = []
        for start in range(0, len(COLUMNS), ABREAST):
            columns = place.columns(ABREAST, gap="small")
            self.charts += [Placeholder(column.container()) for column in columns[: len(COLUMNS) - start]]
        self.caption = Placeholder(place.container())
        self.words = Placeholder(place.container())
        self.rest = place.container()
        self.drawn: Mapping[Source, Evaluated] = {}
        self.drawn_at = -APART

    def come_in(self, seen: Mapping[Source, Evaluated], nouns: Nouns) -> None:
        """`draw`, but for what comes so soon after the last drawing that more may join it."""
        if time.monotonic() - self.drawn_at >= APART:
            self.draw(seen, nouns)

    def draw(self, seen: Mapping[Source, Evaluated], nouns: Nouns) -> None:
        """The charts of what is there so far, and what each method changes, unless they show just that."""
        if seen.keys() == self.drawn.keys():
            return
        self.drawn, self.drawn_at = seen, time.monotonic()
        table = pd.DataFrame(method_rows(seen))
        for place, column in zip(self.charts, COLUMNS, strict=True):
            place.chart(method_chart(table, column, LABELS), f"{column.title} of every method.")
        against_truth = next(iter(seen.values())).is_against_truth
        caption = words.CAPTION_TRUE if against_truth else words.CAPTION
        self.caption.caption(caption.format(examples=nouns.examples))

    def finish(
        self,
        seen: Mapping[Source, Evaluated],
        nouns: Nouns,
        training: Mapping[Method, Mapping[float, float]],
        by_layers: Mapping[DropoutLayers, Evaluated],
    ) -> None:
        """What is told once all are there: sentences, and all figures as a table.

        training: see `method_rows`. by_layers: MC dropout by the layers that drop, as far as it has answered.
        """
        self.line.clear()
        if not seen:
            return
        lines = words.reading(seen, nouns)
        told = ["Pruned, beside its own single pass:", "", *lines, "", words.of_information(seen, nouns)]
        if len(by_layers) == len(DropoutLayers):
            told += ["", words.of_layers(by_layers[DropoutLayers.ALL], by_layers[DropoutLayers.LAST], nouns)]
        self.words.markdown("\n".join(told))
        table = self.rest.expander("All figures", icon=":material/table:")
        table.table(words.method_table(method_rows(seen, training)), hide_index=True, border="horizontal")
        table.caption(words.costs(seen, nouns))
        draw_depth(self.rest, "Single pass", "MC dropout", "Deep ensemble", "Laplace approximation")
