"""The parts of the moons page, each drawn into a place that is kept for it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import streamlit as st

from pruning import Network, Outcome
from pruning.figures import Figures, figures
from pruning.outcome import PlaneOutcome
from pruning.plane import Maps, extent
from uncertainty.calibration import Bins, Quantity, reliability_bins
from uncertainty.floor import Floor, calibration_floor, consistency_bars
from views import charts, compute, tables
from views.colours import Theme
from views.controls import Choice

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# The tops of the colour scale for epistemic uncertainty: a fixed few, so that colours compare.
EPISTEMIC_TOPS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.1)
# Of the two planes and the three curves.
HEIGHTS = (*[charts.PLANE_HEIGHT] * 2, *[charts.CURVE_HEIGHT] * 3)


@dataclass
class Place:
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

    def chart(self, chart: charts.Chart, alt_text: str) -> None:
        """Draw a chart. `alt_text` belongs to its specification: if it changes, the drawing is torn down."""
        self._draw("vega_lite_chart", {**json.loads(chart.spec), "datasets": chart.data}, alt=alt_text)

    def clear(self) -> None:
        """Take away what this run has drawn here."""
        if self.element:
            self.element.empty()


def draw_planes(
    outcome: PlaneOutcome, choice: Choice, quantity: str, shown: str, theme: Theme, places: tuple[Place, Place, Place]
) -> None:
    """The plane as the dense and as the pruned network sees it, on one colour scale."""
    area = extent(outcome)
    networks = {"Dense": outcome.dense, "Pruned": outcome.pruned}
    planes = {
        name: compute.plane(outcome.experiment, network, outcome.n_classes, area)
        for name, network in networks.items()
    }
    top = _top(quantity, outcome.n_classes, [plane.maps(choice.n_samples) for plane in planes.values()])
    for place, (name, network) in zip(places[:2], networks.items(), strict=True):
        points = _points(outcome, network, shown, choice.n_samples)
        place.chart(
            charts.plane_chart(planes[name], choice.n_samples, points, quantity, top, theme),
            f"{name} network: decision boundary over the plane, coloured by {quantity}.",
        )
    places[2].chart(charts.legend_chart(quantity, outcome.n_classes, top, theme), f"Colour scale of {quantity}.")


def _top(quantity: str, n_classes: int, maps: list[Maps]) -> float:
    """Where the colour scale ends: ln C for entropies, the next round value for the epistemic part."""
    if quantity != "epistemic":
        return math.log(n_classes)
    largest = max(float(each.epistemic.max()) for each in maps)
    return next((top for top in EPISTEMIC_TOPS if top >= largest), math.log(n_classes))


def _points(outcome: PlaneOutcome, network: Network, shown: str, n_samples: int) -> pd.DataFrame:
    """The points to draw. Only test points are judged: the others' predictions are not kept."""
    columns = ["x", "y", "label", "wrong", "p"]
    if shown == "none":
        return pd.DataFrame([], columns=columns)
    if shown == "training":
        inputs, labels = outcome.train_inputs, outcome.train_labels
        wrong, own = np.zeros(len(labels), bool), np.full(len(labels), np.nan)
    else:
        inputs, labels = outcome.test_inputs, outcome.test_labels
        probs = network.test.probs(n_samples)
        wrong, own = probs.argmax(axis=1) != labels, probs[np.arange(len(labels)), labels]
    return pd.DataFrame(dict(zip(columns, (inputs[:, 0], inputs[:, 1], labels, wrong, own), strict=True)))


def draw_curves(outcome: Outcome, choice: Choice, places: list[Place]) -> None:
    """Accuracy, ECE and early-stop epoch of every ratio trained so far."""
    rows = tables.curve_rows(outcome, choice.n_samples, choice.n_bins)
    for place, (column, title, number) in zip(places, CURVES, strict=True):
        part = rows[["ratio", "chosen"]].assign(value=rows[column], dense=rows[column].iloc[0])
        if f"{column}_floor" in rows:
            part["floor"] = rows[f"{column}_floor"]
        place.chart(charts.curve_chart(part, title, number), f"{title} against prune ratio.")


CURVES = (
    ("accuracy", "Accuracy", ".2f"),
    ("ece", "ECE", ".2f"),
    ("early_stop_epoch", "Early-stop epoch", "d"),
)

PANELS: tuple[tuple[str, str, Quantity], ...] = (
    ("Single pass: confidence", "single", "confidence"),
    ("MC dropout: confidence", "sampled", "confidence"),
    ("MC dropout: uncertainty", "sampled", "uncertainty"),
)
METRICS: dict[Quantity, str] = {"confidence": "ECE", "uncertainty": "UCE"}
AXES = {
    "confidence": ("confidence", "accuracy"),
    "uncertainty": ("normalised entropy", "error rate"),
}


@dataclass(frozen=True)
class Judged:
    """One network in one panel: its bins, what chance would do to them, and its floor."""

    bins: Bins
    bars: tuple[np.ndarray, np.ndarray]
    floor: Floor


Judgement = dict[str, tuple[Judged, Judged]]
"""Panel title → (dense, pruned)."""


def judge(outcome: Outcome, choice: Choice) -> Judgement:
    """Everything the reliability panels, the table and the sentence say of calibration, computed once."""

    def judged(network: Network, source: str, quantity: Quantity) -> Judged:
        probs = network.test.single_pass() if source == "single" else network.test.probs(choice.n_samples)
        bins = reliability_bins(probs, outcome.test_labels, choice.n_bins, quantity=quantity)
        bars = consistency_bars(probs, bins, quantity=quantity)
        return Judged(bins, bars, calibration_floor(probs, bins, quantity=quantity))

    return {
        title: (judged(outcome.dense, source, quantity), judged(outcome.pruned, source, quantity))
        for title, source, quantity in PANELS
    }


def floors(judgement: Judgement) -> dict[str, tuple[Floor, Floor]]:
    """The floors of the MC-dropout ECE and UCE for (dense, pruned)."""
    return {
        METRICS[quantity].lower(): (judgement[title][0].floor, judgement[title][1].floor)
        for title, source, quantity in PANELS
        if source == "sampled"
    }


def draw_reliability(judgement: Judgement, place: DeltaGenerator) -> None:
    """The study's three panels, each with the two networks overlaid and their errors beside the floor."""
    place.subheader("Reliability: does the confidence come true?", anchor=False)
    for column, (title, _, quantity) in zip(place.columns(3, gap="medium"), PANELS, strict=True):
        pair = dict(zip(("dense", "pruned"), judgement[title], strict=True))
        series = {name: (judged.bins, *judged.bars) for name, judged in pair.items()}
        column.markdown(f"**{title}**")
        Place(column).chart(charts.reliability_chart(series, *AXES[quantity]), f"Reliability diagram. {title}.")
        column.markdown("\n".join(_error_line(name, METRICS[quantity], judged) for name, judged in pair.items()))
    place.caption(
        "Dots are bins of test points; on the diagonal they are calibrated. The pale upright bars hold 95 % of "
        "what chance would do to a perfectly calibrated network; the columns at the foot are the share of points "
        "in each bin. An uncertainty is not an error rate, so the third panel does not follow the diagonal even "
        "for a perfect network: compare UCE with its floor."
    )


def _error_line(name: str, label: str, judged: Judged) -> str:
    colour = "gray" if name == "dense" else "violet"
    return f"- :{colour}[**{name}**] {label} **{judged.bins.error:.3f}**, floor {tables.band(judged.floor)}"


def draw_table(
    outcome: Outcome, choice: Choice, dense: Figures, pruned: Figures, judgement: Judgement, place: DeltaGenerator
) -> None:
    """All figures with their difference."""
    place.subheader("Figures", anchor=False)
    place.table(tables.figure_table(dense, pruned, floors(judgement)), hide_index=True, border="horizontal")
    place.caption(
        f"{len(outcome.test_labels)} test points, mean of {choice.n_samples} MC-dropout "
        f"{'sample' if choice.n_samples == 1 else 'samples'}, {choice.n_bins} bins. Units, parameters, compression "
        "ratio, theoretical speed-up and latency are five different measures of size."
    )
    place.expander("What each figure means", icon=":material/menu_book:").markdown(tables.meanings())


def both_figures(outcome: Outcome, choice: Choice) -> tuple[Figures, Figures]:
    return (
        figures(outcome, outcome.dense, choice.n_samples, choice.n_bins),
        figures(outcome, outcome.pruned, choice.n_samples, choice.n_bins),
    )


def theme() -> Theme:
    """The theme the visitor sees."""
    return "dark" if st.context.theme.type == "dark" else "light"
