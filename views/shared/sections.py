"""The parts that the pages share, each drawn into a place that is kept for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import pandas as pd

from pruning import DropoutRule, Network, Outcome
from pruning.evaluation.cached import answers, calibration, floor, network_figures
from pruning.evaluation.memo import remembered
from pruning.evaluation.metrics import Figures
from uncertainty.calibration import Binning, Bins, Quantity
from uncertainty.floor import Floor, consistency_bars
from views.charts import vega
from views.shared import curve_click
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Place
from views.text import claims, comparison, figure_table, readings, readings_curves, untrained

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


class Measured(Protocol):
    """How the controls of a page want networks to be measured."""

    @property
    def n_samples(self) -> int: ...
    @property
    def n_bins(self) -> int: ...
    @property
    def binning(self) -> Binning: ...  # of the reliability diagrams


@dataclass(frozen=True)
class Curve:
    """A figure that is drawn against the prune ratio."""

    column: str  # of `tables.curve_rows`
    title: str
    better: Literal["high", "low"]
    digits: int  # 0 for whole numbers


CURVES = (
    Curve("accuracy", "Accuracy", "high", 3),
    Curve("ece", "ECE", "low", 3),
    Curve("early_stop_epoch", "Early-stop epoch", "low", 0),
)
BESIDE = ("floor", "low", "high", "single", "from", "to")  # what may stand beside a figure: see `tables.curve_rows`
IDLE = "Nothing is trained after pruning, so there is no early stop to compare."
TUNED = (
    "A fine-tuned network starts where another one stopped, whose epochs are in its own: none can stop sooner than "
    "the dense network."
)


def draw_curves(
    outcome: Outcome,
    choice: Measured,
    places: Sequence[tuple[Place, Place]],
    nouns: figure_table.Nouns,
    *,
    answers: bool,
    stacked: bool = False,
) -> None:
    """Accuracy, ECE and early-stop epoch of every ratio trained so far, each with a sentence under it.

    places: (of the chart, of the sentence); `stacked` ones stand one below the other and share their axis.
    Where the curves answer, a click goes to a ratio; they are then drawn but once in a run.
    """
    table = figure_table.curve_rows(outcome, choice.n_samples, choice.n_bins)
    turn = curve_click.turn(outcome.experiment.prune_ratio)
    for position, ((place, words), curve) in enumerate(zip(places, CURVES, strict=True)):
        rows = _curve_rows(table, curve).assign(turn=turn)
        key = f"curve_{curve.column}"
        click = (
            {"key": key, "on_select": partial(curve_click.go, key), "selection_mode": vega.PICKED} if answers else {}
        )
        chart = vega.curve_chart(rows, curve.title, curve.digits == 0, answers, position if stacked else -1)
        place.chart(chart, f"{curve.title} against prune ratio.", **click)
        words.caption(_read(outcome, choice, curve, rows, nouns), _more(outcome, choice, curve, rows, nouns))


def _read(outcome: Outcome, choice: Measured, curve: Curve, rows: pd.DataFrame, nouns: figure_table.Nouns) -> str:
    """The sentence under a curve."""
    if curve.column == "early_stop_epoch":
        if not outcome.experiment.strategy.retrain:
            return IDLE
        alike = all(network.stop_compares_with(outcome.dense) for network in outcome.networks)
        return readings_curves.of_epochs(rows, curve.title, alike=alike)
    found = comparison.over_ratios(outcome, choice.n_samples, choice.n_bins)
    gaps = found.gaps if curve.column == "ece" else None
    basis = comparison.basis(outcome, nouns.examples)
    return readings_curves.of_curve(rows, curve.title, curve.digits, getattr(found, curve.column), basis, gaps)


def _more(
    outcome: Outcome, choice: Measured, curve: Curve, rows: pd.DataFrame, nouns: figure_table.Nouns
) -> str | None:
    """What is told on demand: of the ECE against labels, which networks they tell from calibrated ones."""
    if curve.column != "ece" or comparison.against_truth(outcome):
        return None
    samples, bins = choice.n_samples, choice.n_bins
    least = {each.prune_ratio: comparison.smallest(outcome, each, samples, bins) for each in outcome.networks}
    return readings_curves.of_calibration(rows, comparison.basis(outcome, nouns.examples), least)


def _curve_rows(rows: pd.DataFrame, curve: Curve) -> pd.DataFrame:
    """What is drawn of one curve, out of the `tables.curve_rows` of them all."""
    part = rows[["ratio", "chosen", "trained"]].assign(value=rows[curve.column], dense=rows[curve.column].iloc[0])
    ends = {end: f"{curve.column}_{end}" for end in BESIDE}
    return part.assign(**{end: rows[column] for end, column in ends.items() if column in rows})


def all_charts(outcome: Outcome, choice: Measured) -> dict[str, vega.Chart]:
    """The curves and the reliability diagrams by their titles, for whoever saves them."""
    table = figure_table.curve_rows(outcome, choice.n_samples, choice.n_bins)
    curves = {
        curve.title: vega.curve_chart(_curve_rows(table, curve), curve.title, curve.digits == 0) for curve in CURVES
    }
    judgement = judge(outcome, choice)
    return curves | {title: _panel_chart(judgement[title], quantity) for title, _, quantity in PANELS}


def _panel_chart(pair: tuple[Judged, Judged], quantity: Quantity) -> vega.Chart:
    none = np.nan, np.nan
    series = {name: (each.bins, *(each.bars or none)) for name, each in zip(("dense", "pruned"), pair, strict=True)}
    return vega.reliability_chart(series, *AXES[quantity])


PANELS: tuple[tuple[str, str, Quantity], ...] = (
    ("Single pass: confidence", "single", "confidence"),
    ("MC dropout: confidence", "sampled", "confidence"),
    ("MC dropout: uncertainty", "sampled", "uncertainty"),
)
METRICS: dict[Quantity, str] = {"confidence": "ECE", "uncertainty": "UCE"}
OVER_MASS: dict[Quantity, str] = {"confidence": "ACE", "uncertainty": "UCE over equal mass"}
AXES = {
    "confidence": ("confidence", "accuracy"),
    "uncertainty": ("normalised entropy", "error rate"),
}


@dataclass(frozen=True)
class Judged:
    """One network in one panel: its bins, what chance would do to them, and its floor."""

    bins: Bins
    bars: tuple[np.ndarray, np.ndarray] | None  # none against the truth, where chance has no part,
    floor: Floor | None  # and neither has this
    gap: claims.Difference  # signed, mean confidence − accuracy


Judgement = dict[str, tuple[Judged, Judged]]
"""Panel title → (dense, pruned)."""


def judge(outcome: Outcome, choice: Measured) -> Judgement:
    """Everything the reliability panels, the table and the sentence say of calibration."""

    def judged(network: Network, source: str, quantity: Quantity) -> Judged:
        samples = choice.n_samples if source == "sampled" else 0

        def compute() -> Judged:
            asked = (outcome, network, samples, choice.n_bins, quantity, choice.binning)
            bins = calibration(*asked)
            gap = comparison.gap(outcome, network, samples, choice.n_bins)
            if comparison.against_truth(outcome):
                return Judged(bins, None, None, gap)
            bars = consistency_bars(answers(network, samples), bins, quantity=quantity)
            return Judged(bins, bars, floor(*asked), gap)

        return remembered(network, ("judged", source, quantity, samples, choice.n_bins, choice.binning), compute)

    return {
        title: (judged(outcome.dense, source, quantity), judged(outcome.pruned, source, quantity))
        for title, source, quantity in PANELS
    }


def floors(outcome: Outcome, choice: Measured) -> dict[str, tuple[Floor, Floor]]:
    """The floors of the MC-dropout ECE and UCE for (dense, pruned); the truth leaves chance no part."""
    if comparison.against_truth(outcome):
        return {}

    def of(network: Network, quantity: Quantity) -> Floor:
        return floor(outcome, network, choice.n_samples, choice.n_bins, quantity)

    return {
        name.lower(): (of(outcome.dense, quantity), of(outcome.pruned, quantity))
        for quantity, name in METRICS.items()
    }


def draw_reliability(
    outcome: Outcome, choice: Measured, judgement: Judgement, nouns: figure_table.Nouns, place: DeltaGenerator
) -> None:
    """The study's three panels, each with the two networks overlaid and their errors beside the floor."""
    place = place.container(key="reliability")
    place.header("Reliability: does the confidence come true?", anchor=False)
    fixed = outcome.experiment.dropout_rule == DropoutRule.FIXED
    rate = outcome.experiment.dropout if fixed else None
    for column, (title, source, quantity) in zip(place.columns(3, gap="medium"), PANELS, strict=True):
        pair = dict(zip(("dense", "pruned"), judgement[title], strict=True))
        samples = choice.n_samples if source == "sampled" else 0
        column.markdown(f"**{title}**")
        Place(column).chart(_panel_chart(judgement[title], quantity), f"Reliability diagram. {title}.")
        said = {"dense": untrained.short(outcome.dense), "pruned": untrained.short(outcome.pruned)}
        metric = (METRICS if choice.binning == "width" else OVER_MASS)[quantity]
        lines = [_error_line(name, judged, metric, quantity, said[name]) for name, judged in pair.items()]
        column.markdown("\n".join(lines))
        changes = comparison.panel(outcome, samples, choice.n_bins, quantity)
        basis, trained = comparison.basis(outcome, nouns.examples), outcome.pruned.trained
        column.caption(readings.of_panel(*changes, quantity, basis, trained))
    words = readings.of_dropout(*comparison.dropout_gaps(outcome, choice.n_samples, choice.n_bins), rate)
    if words and outcome.pruned.trained:
        place.caption(words)
    place.caption(
        f"Dots are bins of {nouns.examples}, calibrated on the diagonal"
        + (
            "."
            if comparison.against_truth(outcome)
            else f"; faint upright bars hold 95{claims.PERCENT} of what chance gives a calibrated network."
        ),
        help=f"The columns at the foot are the share of {nouns.examples} in each bin (a quarter of the height would "
        "be all of them). An uncertainty is not an error rate, so the third panel does not follow the diagonal even "
        "for a calibrated network: compare UCE with its floor. Over- and under-confident tell of the signed "
        "gap, which has no bins, and so tells more than an ECE within its floor.",
    )
    error = "ECE" if choice.binning == "width" else "ACE"
    chance = () if comparison.against_truth(outcome) else ("Floor", "Consistency bars")
    draw_depth(place, "Reliability diagram", error, "UCE", *chance)


def _error_line(name: str, judged: Judged, metric: str, quantity: Quantity, said: str) -> str:
    colour = "gray" if name == "dense" else "violet"
    words = [f"{metric} **{judged.bins.error:.3f}**"]
    if said:
        words.append(said)
    elif judged.floor:
        words.append(claims.beside(judged.bins.error, judged.floor, minimum=quantity == "confidence"))
    if not said and quantity == "confidence" and claims.side(judged.gap):
        within = judged.floor and claims.place(judged.bins.error, judged.floor) == "within"
        # No contradiction: without bins the signed gap needs no floor, and finds what an ECE cannot tell.
        words.append(f"{'yet ' if within else ''}{claims.leaning(judged.gap)}")
    return f"- :{colour}[**{name}**] {', '.join(words)}"


def draw_table(
    outcome: Outcome,
    choice: Measured,
    dense: Figures,
    pruned: Figures,
    nouns: figure_table.Nouns,
    place: DeltaGenerator,
) -> None:
    """All figures with their difference."""
    place.header("Figures", anchor=False)
    table = figure_table.figure_table(
        dense, pruned, floors(outcome, choice), outcome.pruned.stop_compares_with(outcome.dense)
    )
    place.table(table, hide_index=True, border="horizontal")
    place.caption(
        f"{len(outcome.test_labels):,} {nouns.examples}, mean of {choice.n_samples} MC-dropout "
        f"{'sample' if choice.n_samples == 1 else 'samples'}, {choice.n_bins} bins. Units, parameters, compression "
        "ratio, theoretical speed-up and latency are five different measures of size."
    )
    place.expander("What each figure means", icon=":material/menu_book:").markdown(figure_table.meanings(nouns))


def read(
    outcome: Outcome,
    choice: Measured,
    dense: Figures,
    pruned: Figures,
    nouns: figure_table.Nouns,
) -> str:
    """The sentence on top."""
    samples, bins, basis = choice.n_samples, choice.n_bins, comparison.basis(outcome, nouns.examples)
    gap = comparison.gap(outcome, outcome.pruned, samples, bins)
    if chance := untrained.short(outcome.pruned):
        judged = f"{chance}, so that its calibration says little"
    elif comparison.against_truth(outcome):
        judged = claims.truly_calibrated("it", pruned.ece, gap)
    else:
        due = floor(outcome, outcome.pruned, samples, bins)
        smallest = comparison.smallest(outcome, outcome.pruned, samples, bins)
        judged = claims.calibrated("it", pruned.ece, due, gap, basis, smallest)
    seen = comparison.compared(outcome, samples, bins)
    return figure_table.reading(
        outcome, dense, pruned, seen, judged, basis, outcome.dense.trained and outcome.pruned.trained
    )


def both_figures(outcome: Outcome, choice: Measured) -> tuple[Figures, Figures]:
    """The figures of the dense and of the pruned network."""

    dense, pruned = (
        network_figures(outcome, network, choice.n_samples, choice.n_bins)
        for network in (outcome.dense, outcome.pruned)
    )
    return dense, pruned
