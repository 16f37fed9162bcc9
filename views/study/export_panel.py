"""What can be taken home of a study: its table, its charts, the code that repeats it, a report."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pruning.study import Finding, Study
from pruning.study_files import ENDINGS, program, written
from views.charts import export
from views.charts import study as study_charts
from views.charts.vega import Chart
from views.controls.study import StudyChoice
from views.study import charts, verdict_panel
from views.text import study_readings, study_report
from views.text.study_figures import FIGURES, title_of

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

KINDS = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet", "json": "application/json"}


def draw(choice: StudyChoice, study: Study, table: pd.DataFrame, place: DeltaGenerator) -> None:
    """Files that are made when they are asked for, and the code."""
    place.header("Take home", anchor=False)
    row = place.container(horizontal=True)

    def report() -> str:
        return _report(choice, study, table)

    for ending in ENDINGS:
        name = ending.upper() if ending != "parquet" else "Parquet"
        row.download_button(
            f"All runs, {name}", partial(written, study, table, ending), f"study.{ending}", KINDS[ending],
            icon=":material/table:", on_click="ignore",
        )  # fmt: skip
    row.download_button(
        "Charts as SVG and PNG", lambda: export.archive(all_charts(choice, table)), "study-charts.zip",
        "application/zip", icon=":material/image:", on_click="ignore",
    )  # fmt: skip
    row.download_button(
        "Report", report, "study.html", "text/html", icon=":material/description:", on_click="ignore",
        help="One page that opens without a network, its charts alive.",
    )  # fmt: skip
    place.code(program(study), language="python")


def all_charts(choice: StudyChoice, table: pd.DataFrame) -> dict[str, Chart]:
    """Every figure, and the map of verdicts, by their titles."""
    truth = choice.basis == "truth"
    found = {title_of(each, truth): charts.chart(choice, table, each) for each in charts.figures_there(table, truth)}
    figure = FIGURES[choice.figure]
    if cells := verdict_panel.findings(choice, table):
        found[f"Verdict on {title_of(figure, truth)}"] = study_charts.verdict_chart(
            study_readings.cells(cells, figure), figure.words
        )
    return found


def _report(choice: StudyChoice, study: Study, table: pd.DataFrame) -> str:
    figure = FIGURES[choice.figure]
    lines: dict[str, list[Finding]] = {}
    for found in verdict_panel.findings(choice, table):
        lines.setdefault(found.line, []).append(found)
    sentences = [study_readings.of_line(line, figure) for line in lines.values()]
    title = f"{title_of(figure, choice.basis == 'truth')}, against {study_readings.against_named(choice.against)}"
    sentences.append(study_readings.of_source(study))
    return study_report.page(study, title, sentences, study_readings.of_tickets(table), all_charts(choice, table))
