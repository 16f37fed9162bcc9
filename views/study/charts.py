"""The charts of the study page: one large, all figures small, and a click that opens a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pruning import Experiment, ImageExperiment, Strategy
from pruning.study import Study
from uncertainty.options import MC_DROPOUT, Source
from uncertainty.verdict import FEWEST
from views.charts import study as study_charts
from views.charts.vega import Chart
from views.controls import images as image_controls
from views.controls import moons as moons_controls
from views.controls import setting, state
from views.controls.study import FIGURE, StudyChoice
from views.controls.url import link
from views.shared.placeholder import Placeholder
from views.text import study_readings
from views.text.study_figures import AXES, FIGURES, StudyFigure, column_of, floor_of, title_of
from views.text.study_readings import line_named

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

LARGE = "study_large"
IN_A_ROW = 4


def figures_there(table: pd.DataFrame, truth: bool) -> list[StudyFigure]:
    """The figures that this table has."""
    return [
        each
        for each in FIGURES.values()
        if column_of(each, truth) in table and table[column_of(each, truth)].notna().any()
    ]


def chart(choice: StudyChoice, table: pd.DataFrame, figure: StudyFigure, *, small: bool = False) -> Chart:
    """One figure of a study."""
    truth = choice.basis == "truth"
    named = table.assign(label=table.line.map(line_named))
    axis = (choice.axis, AXES[choice.axis])
    column, title = column_of(figure, truth), title_of(figure, truth)
    floor = floor_of(figure, truth)
    return study_charts.study_chart(named, column, title, axis, floor=floor, whole=not figure.digits, small=small)


def draw_large(choice: StudyChoice, table: pd.DataFrame, place: DeltaGenerator) -> None:
    """The chosen figure, and a button that opens the run whose dot was clicked."""
    figure = FIGURES[choice.figure]
    if figure not in figures_there(table, choice.basis == "truth"):
        place.info(f"{figure.label} is not known of this task. Choose another figure.", icon=":material/info:")
        return
    Placeholder(place.container()).chart(
        chart(choice, table, figure), f"{figure.label} against {AXES[choice.axis]}.",
        key=LARGE, on_select="rerun", selection_mode=study_charts.PICKED,
    )  # fmt: skip
    assert choice.study is not None
    seeds = table.seed.nunique()
    bands = f"bands their 95 % intervals{'' if seeds >= FEWEST else f' from {FEWEST} seeds on'}"
    has_floor = floor_of(figure, choice.basis == "truth")
    floors = ", dotted what a calibrated network would get by chance" if has_floor else ""
    place.caption(
        f"Lines are means over {seeds} {'seed' if seeds == 1 else 'seeds'}, {bands}, dots the runs, a cross one that "
        f"did not train; dashed is the dense network{floors}. Click a name to take its line away or bring it back, a "
        f"dot to open its run. {study_readings.of_source(choice.study)}"
    )
    if run := picked(choice.study, state.said(LARGE)):
        _draw_opening(*run, place)


def picked(study: Study, said: Any) -> tuple[Experiment | ImageExperiment, Source] | None:
    """The run whose dot was clicked, and the source of its class probabilities.

    None for whatever else a browser may have sent.
    """
    selection = said.get("selection", {}) if isinstance(said, Mapping) else {}
    rows = selection.get(study_charts.PICKED) if isinstance(selection, Mapping) else None
    first = rows[0] if isinstance(rows, list) and rows else None
    if not isinstance(first, Mapping):
        return None
    strategy, _, name = str(first.get("line")).partition(", ")
    variant = next((each for each in study.variants if each.name == name), None)
    ratio = next((each for each in study.ratios if each == first.get("ratio")), None)
    if (
        variant is None
        or ratio is None
        or strategy not in set(study.strategies)
        or first.get("seed") not in study.seeds
    ):
        return None
    run = study.run(Strategy(strategy), int(first["seed"]), variant, ratio)  # type: ignore[call-arg]
    assert isinstance(run, Experiment | ImageExperiment)
    return run, study.source_of(variant)


def _draw_opening(run: Experiment | ImageExperiment, source: Source, place: DeltaGenerator) -> None:
    words = f"{run.strategy.label} at {run.prune_ratio:.3g}, seed {run.seed}"
    address = link_to(run, source)
    place.link_button(f"Open this run: {words}", address, icon=":material/open_in_new:", type="primary")


def link_to(run: Experiment | ImageExperiment, source: Source = MC_DROPOUT) -> str:
    """The address, beside this page's, at which a run is shown as a source has it."""
    asked = {moons_controls.METHOD.name: source.method, moons_controls.TEMPERED.name: source.tempered}
    if isinstance(run, Experiment):
        return f"./?{link(moons_controls.values_of(run) | asked, moons_controls.EXPERIMENT)}"
    controls = [*image_controls.MAIN, image_controls.TASK, image_controls.TEMPERED]
    controls += [each for group in image_controls.settings(run.dataset).values() for each in group]
    return f"./images?{link(image_controls.values_of(run) | asked, controls)}"


def draw_small(choice: StudyChoice, table: pd.DataFrame, place: DeltaGenerator) -> None:
    """All figures, each with a button that makes it the large one."""
    place.header("All figures", anchor=False)
    truth = choice.basis == "truth"
    there = figures_there(table, truth)
    for start in range(0, len(there), IN_A_ROW):
        for column, figure in zip(
            place.columns(IN_A_ROW, gap="small"), there[start : start + IN_A_ROW], strict=False
        ):
            column.button(
                figure.label, key=f"enlarge_{figure.column}", type="tertiary", icon=":material/zoom_out_map:",
                disabled=figure.column == choice.figure, on_click=partial(setting.put, {FIGURE.name: figure.column}),
            )  # fmt: skip
            small = chart(choice, table, figure, small=True)
            Placeholder(column.container()).chart(small, f"{figure.label} against {AXES[choice.axis]}, small.")
