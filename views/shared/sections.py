"""Curves, reliability diagrams and table of figures of both pages, each drawn into a place that is kept for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd

from pruning import DropoutRule
from pruning.evaluation.calibration import Evaluation
from pruning.evaluation.comparison import Comparison
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import Figures
from uncertainty.calibration import Binning, Bins, Quantity
from uncertainty.floor import Floor
from uncertainty.options import MC_DROPOUT, Method
from views.charts import vega
from views.shared import bin_examples, curve_click
from views.shared.glossary_popover import draw_depth
from views.shared.over_seeds import OverSeeds
from views.shared.placeholder import Placeholder
from views.text import claims, comparison, figure_table, names, readings, readings_curves, untrained

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True)
class Curve:
    """A figure that is drawn against the prune ratio."""

    column: str  # of `figure_table.curve_rows`
    title: str
    better: Literal["high", "low"]
    digits: int  # 0 for whole numbers


CURVES = (
    Curve("accuracy", "Accuracy", "high", 3),
    Curve("ece", "ECE", "low", 3),
    Curve("early_stop_epoch", "Early-stop epoch", "low", 0),
)
BESIDE = ("floor", "low", "high", "single", "from", "to", "other")  # beside a figure, see `figure_table.curve_rows`
IDLE = "Nothing is trained after pruning, so there is no early stop to compare."
TUNED = (
    "A fine-tuned network starts where another one stopped, whose epochs are in its own: none can stop sooner than "
    "the dense network."
)


def draw_curves(
    seen: Evaluated,
    places: Sequence[tuple[Placeholder, Placeholder]],
    nouns: figure_table.Nouns,
    *,
    answers: bool,
    stacked: bool = False,
    over: OverSeeds | None = None,
) -> None:
    """Accuracy, ECE and early-stop epoch of every ratio trained so far, each with a sentence under it.

    places: (of the chart, of the sentence); `stacked` ones stand one below the other and share their axis.
    Where the curves answer, a click goes to a ratio; they are then drawn but once in a run. `over`: what more seeds
    say of the same.
    """
    for position, ((place, words), curve) in enumerate(zip(places, CURVES, strict=True)):
        key = f"curve_{curve.column}"
        asked = _AskedCurve(curve, nouns, answers, curve_click.turn(key), position if stacked else -1)
        drawn = seen.remembered((asked, over and over.key), partial(_drawn_curve, seen, asked, over))
        click = (
            {"key": key, "on_select": partial(curve_click.go, key), "selection_mode": vega.PICKED} if answers else {}
        )
        place.chart(drawn.chart, f"{curve.title} against prune ratio.", **click)
        words.caption(drawn.words, drawn.more)


class _AskedCurve(NamedTuple):
    """A curve, and how it is to be drawn."""

    curve: Curve
    nouns: figure_table.Nouns
    answers: bool
    turn: int
    place: int  # as `vega.curve_chart` takes it


class _DrawnCurve(NamedTuple):
    """A curve as a slider that goes to and fro asks for it again and again."""

    chart: vega.Chart
    words: str
    more: str | None


def _drawn_curve(seen: Evaluated, asked: _AskedCurve, over: OverSeeds | None) -> _DrawnCurve:
    curve, names = asked.curve, comparison.curves(seen)
    table = seen.remembered("curve rows", partial(figure_table.curve_rows, seen))
    rows = _curve_rows(table, curve).assign(turn=asked.turn)
    if over:
        rows = rows.join(over.band(curve.column, rows.ratio, truth=seen.is_against_truth))
    both = names.both if names else None
    chart = vega.curve_chart(rows, curve.title, curve.digits == 0, asked.answers, asked.place, both)
    said = [_read(seen, curve, rows, asked.nouns)]
    if over:
        said.append(over.sentence(curve.column, truth=seen.is_against_truth))
    return _DrawnCurve(chart, " ".join(filter(None, said)), _more(seen, curve, rows, asked.nouns))


def _read(seen: Evaluated, curve: Curve, rows: pd.DataFrame, nouns: figure_table.Nouns) -> str:
    """The sentence under a curve."""
    outcome = seen.outcome
    if curve.column == "early_stop_epoch":
        if not outcome.experiment.strategy.retrain:
            return IDLE
        alike = all(network.stop_compares_with(outcome.dense) for network in outcome.networks)
        return readings_curves.of_epochs(rows, curve.title, alike=alike) + _epochs_apart(seen)
    found = seen.over_ratios
    gaps = found.gaps if curve.column == "ece" else None
    basis = comparison.basis(seen, nouns.examples)
    if names := comparison.curves(seen):
        differences = getattr(found, curve.column)
        return readings_curves.of_curves_apart(rows, curve.title, curve.digits, differences, basis, names, gaps)
    return readings_curves.of_curve(rows, curve.title, curve.digits, getattr(found, curve.column), basis, gaps)


def _epochs_apart(seen: Evaluated) -> str:
    """What the other strategy took at the chosen ratio, where both count from the same start."""
    if not seen.outcome.has(seen.outcome.experiment.prune_ratio):
        return ""
    pair, (reference, pruned) = comparison.pair(seen), seen.pair
    if not pair.are_pruned or not pruned.stop_compares_with(reference):
        return ""
    took = f"{pruned.epochs_in_all:,} against {reference.epochs_in_all:,}"
    return f" At the chosen ratio {took} of {pair.the_reference}."


def _more(seen: Evaluated, curve: Curve, rows: pd.DataFrame, nouns: figure_table.Nouns) -> str | None:
    """What is told on demand: of the ECE against labels, which networks they tell from calibrated ones."""
    if curve.column != "ece" or seen.is_against_truth:
        return None
    least = {each.prune_ratio: seen.of(each).smallest_detectable_ece for each in seen.outcome.networks}
    return readings_curves.of_calibration(rows, comparison.basis(seen, nouns.examples), least)


def _curve_rows(rows: pd.DataFrame, curve: Curve) -> pd.DataFrame:
    """What is drawn of one curve, out of the `figure_table.curve_rows` of them all."""
    part = rows[["ratio", "chosen", "trained"]].assign(value=rows[curve.column], dense=rows[curve.column].iloc[0])
    ends = {end: f"{curve.column}_{end}" for end in BESIDE}
    return part.assign(**{end: rows[column] for end, column in ends.items() if column in rows})


def all_charts(seen: Evaluated) -> dict[str, vega.Chart]:
    """The curves and the reliability diagrams by their titles, for whoever saves them."""
    table, names = figure_table.curve_rows(seen), comparison.curves(seen)
    curves = {
        curve.title: vega.curve_chart(
            _curve_rows(table, curve), curve.title, curve.digits == 0, names=names.both if names else None
        )
        for curve in CURVES
    }
    found = panels(seen.outcome.source.method)
    return curves | {title: _panel_chart(answered(seen, source), quantity) for title, source, quantity in found}


def answered(seen: Evaluated, source: str) -> Evaluated:
    """Whose answers a panel shows: those of the method, or of a single pass."""
    return seen if source == "sampled" else seen.single_pass


def _panel_chart(seen: Evaluated, quantity: Quantity, answers: bool = False) -> vega.Chart:
    def series(evaluation: Evaluation) -> tuple[Bins, vega.Ends, vega.Ends]:
        bars = (np.nan, np.nan) if seen.is_against_truth else evaluation.bars(quantity, seen.binning)
        return (evaluation.bins(quantity, seen.binning), *bars)

    pair = comparison.pair(seen)
    both = {pair.reference: series(seen.reference), pair.pruned: series(seen.pruned)}
    return vega.reliability_chart(both, *comparison.AXES[quantity], answers)


def panels(method: Method) -> tuple[tuple[str, str, Quantity], ...]:
    """The reliability diagrams of a method: title, whose answers, what is on the axis."""
    own: tuple[tuple[str, str, Quantity], ...] = (
        (f"{method.label}: confidence", "sampled", "confidence"),
        (f"{method.label}: uncertainty", "sampled", "uncertainty"),
    )
    return own if method == Method.SINGLE_PASS else (("Single pass: confidence", "single", "confidence"), *own)


METRICS: dict[Quantity, str] = {"confidence": "ECE", "uncertainty": "UCE"}
OVER_MASS: dict[Quantity, str] = {"confidence": "ACE", "uncertainty": "UCE over equal mass"}


def floors(seen: Evaluated) -> dict[str, tuple[Floor, Floor]]:
    """The floors of ECE and UCE for (reference, pruned); the truth leaves chance no part."""
    if seen.is_against_truth:
        return {}
    return {
        name.lower(): (seen.reference.floor(quantity), seen.pruned.floor(quantity))
        for quantity, name in METRICS.items()
    }


def draw_reliability(
    seen: Evaluated, nouns: figure_table.Nouns, place: DeltaGenerator, show: bin_examples.Show
) -> None:
    """The study's panels, each with the two networks overlaid and their errors beside the floor.

    `show` draws the examples behind a dot that was clicked.
    """
    place = place.container(key="reliability")
    place.header("Reliability: does the confidence come true?", anchor=False)
    experiment, pair, (reference, pruned) = seen.outcome.experiment, comparison.pair(seen), seen.pair
    said, failed = [untrained.short(reference), untrained.short(pruned)], untrained.apart(pair, reference, pruned)
    colours = ("orange" if pair.are_pruned else "gray", "violet")
    basis = comparison.basis(seen, nouns.examples)
    shown = panels(seen.outcome.source.method)
    # Of two there is a third column all the same: a diagram is square.
    for position, (column, panel) in enumerate(zip(place.columns(3, gap="medium"), shown, strict=False)):
        title, source, quantity = panel
        part, key = answered(seen, source), f"reliability_{position}"
        column.markdown(f"**{title}**")
        click = {"key": key, "on_select": "rerun", "selection_mode": vega.PICKED_BIN}
        chart = part.remembered(("panel", quantity), partial(_panel_chart, part, quantity, answers=True))
        Placeholder(column).chart(chart, f"Reliability diagram. {title}.", **click)
        lines = [
            _error_line(f":{colour}[**{name}**]", each, quantity, seen.binning, words)
            for colour, name, each, words in zip(
                colours, (pair.reference, pair.pruned), (part.reference, part.pruned), said, strict=True
            )
        ]
        column.markdown("\n".join(lines))
        changes = comparison.panel(part.comparison, quantity, apart=pair.are_pruned)
        read = readings.of_panel(*changes, quantity, basis, pruned.trained, pair)
        column.caption(f"{failed}." if failed else read)
        both = dict(zip(pair.both, (part.reference, part.pruned), strict=True))
        if picked := bin_examples.picked_bin(key, both, quantity, seen.binning):
            name = pair.reference if picked.is_reference else pair.pruned
            bin_examples.draw_words(picked, name, nouns.examples, column)
            show(picked, column)
    rate = experiment.dropout if experiment.dropout_rule == DropoutRule.FIXED else None
    words = _read_dropout(seen, rate) if seen.outcome.source == MC_DROPOUT else ""
    if words and pruned.trained:
        place.caption(words)
    place.caption(
        f"Dots are bins of {nouns.examples}, calibrated on the diagonal"
        + (
            "."
            if seen.is_against_truth
            else f"; faint upright bars hold 95{claims.PERCENT} of what chance gives a calibrated network."
        )
        + " Click one to see them.",
        help=f"The columns at the foot are the share of {nouns.examples} in each bin (a quarter of the height would "
        "be all of them). An uncertainty is not an error rate, so the third panel does not follow the diagonal even "
        "for a calibrated network: compare UCE with its floor. Over- and under-confident tell of the signed "
        "gap, which has no bins, and so tells more than an ECE within its floor.",
    )
    error = "ECE" if seen.binning == "width" else "ACE"
    chance = () if seen.is_against_truth else ("Floor", "Consistency bars")
    draw_depth(place, "Reliability diagram", error, "UCE", *chance)


def _read_dropout(seen: Evaluated, rate: float | None) -> str:
    """What MC dropout does to the pruned network's signed gap that a single pass does not."""
    single, change = seen.single_pass.pruned, seen.against(seen.outcome.dense, seen.outcome.pruned)
    beside = Comparison(single, seen.pruned).gap.difference
    pair = comparison.pair(seen)
    return readings.of_dropout(seen.pruned.gap(), change.gap.difference, beside, single.gap(), rate, pair)


def _error_line(name: str, evaluation: Evaluation, quantity: Quantity, binning: Binning, said: str) -> str:
    error, gap = evaluation.bins(quantity, binning).error, evaluation.gap()
    floor = None if evaluation.is_against_truth else evaluation.floor(quantity, binning)
    words = [f"{(METRICS if binning == 'width' else OVER_MASS)[quantity]} **{error:.3f}**"]
    if said:
        words.append(said)
    elif floor:
        words.append(claims.beside(error, floor, minimum=quantity == "confidence"))
    if not said and quantity == "confidence" and claims.side(gap):
        within = floor and claims.place(error, floor) == "within"
        # No contradiction: without bins the signed gap needs no floor, and finds what an ECE cannot tell.
        words.append(f"{'yet ' if within else ''}{claims.leaning(gap)}")
    return f"- {name} {', '.join(words)}"


def draw_table(
    seen: Evaluated, reference: Figures, pruned: Figures, nouns: figure_table.Nouns, place: DeltaGenerator
) -> None:
    """All figures with their difference."""
    place.header("Figures", anchor=False)
    (before, after), pair = seen.pair, comparison.pair(seen)
    alike = after.stop_compares_with(before)
    table = seen.remembered("table", lambda: figure_table.figure_table(reference, pruned, floors(seen), alike, pair))
    place.table(table, hide_index=True, border="horizontal")
    place.caption(
        f"{len(seen.outcome.test_labels):,} {nouns.examples}, "
        f"{names.asked_by(seen.outcome.source, seen.n_samples)}, {seen.n_bins} bins. Units, parameters, compression "
        "ratio, theoretical speed-up and latency are five different measures of size."
        + " Compression ratio and theoretical speed-up of both are told of the dense network."
        * pair.are_pruned
    )
    place.expander("What each figure means", icon=":material/menu_book:").markdown(figure_table.meanings(nouns))


def read(seen: Evaluated, reference: Figures, pruned: Figures, nouns: figure_table.Nouns) -> str:
    """The sentence on top."""
    outcome, evaluation, basis = seen.outcome, seen.pruned, comparison.basis(seen, nouns.examples)
    pair = comparison.pair(seen)
    name = pair.the_pruned if pair.are_pruned else "it"
    if chance := untrained.short(outcome.pruned):
        judged = f"{chance}, so that its calibration says little"
    elif seen.is_against_truth:
        judged = claims.truly_calibrated(name, pruned.ece, evaluation.gap())
    else:
        smallest = evaluation.smallest_detectable_ece
        judged = claims.calibrated(name, pruned.ece, evaluation.floor(), evaluation.gap(), basis, smallest)
    told = comparison.compared(seen.comparison, apart=pair.are_pruned)
    trained = outcome.dense.trained and outcome.pruned.trained
    failed = untrained.apart(pair, *seen.pair)
    return figure_table.reading(outcome, reference, pruned, told, judged, basis, trained, pair, failed)


def both_figures(seen: Evaluated) -> tuple[Figures, Figures]:
    """The figures of the reference and of the pruned network."""
    reference, pruned = map(seen.figures, seen.pair)
    return reference, pruned
