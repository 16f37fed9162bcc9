"""The verdict: every line against the dense network or the random ticket, in a map and in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from pruning.study import Finding, verdicts
from views.charts import study as study_charts
from views.controls.study import StudyChoice
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Placeholder
from views.text import study_readings
from views.text.study_figures import FIGURES, column_of, title_of

if TYPE_CHECKING:
    import pandas as pd
    from streamlit.delta_generator import DeltaGenerator

TERMS = ("Verdict over seeds", "Holm's procedure", "Winning ticket", "Early-stop epoch", "Training gap")
METHOD = (
    "Runs of the same seed are compared, so that what is hard about a seed cancels. The intervals are Student's, as "
    "wide as Holm's procedure asks for among all that is compared here: where nothing differed, something would be "
    "told in at most one study of twenty."
)


def draw(choice: StudyChoice, table: pd.DataFrame, place: DeltaGenerator) -> None:
    """The map of verdicts, a sentence for each line, the winning tickets, how it is judged."""
    figure, truth = FIGURES[choice.figure], choice.basis == "truth"
    found = findings(choice, table)
    against = study_readings.against_named(choice.against)
    place.header(f"Verdict: {title_of(figure, truth)}, against {against}", anchor=False)
    if not found:
        place.caption("There is nothing to compare yet.")
        return
    left, right = place.columns([3, 2], gap="medium")
    chart = study_charts.verdict_chart(study_readings.cells(found, figure), figure.words)
    Placeholder(left.container()).chart(chart, f"Verdicts on {figure.label} by strategy and prune ratio.")
    left.caption(METHOD)
    for _, line in groupby(found, key=lambda each: each.line):
        right.markdown(f"- {study_readings.of_line(list(line), figure)}")
    if tickets := study_readings.of_tickets(table):
        place.caption(tickets)
    draw_depth(place, *TERMS)


def findings(choice: StudyChoice, table: pd.DataFrame) -> Sequence[Finding]:
    """What the seeds say so far of the figure that is chosen."""
    if choice.against not in {"dense", *table.line}:
        return []
    return verdicts(table, column_of(FIGURES[choice.figure], choice.basis == "truth"), choice.against)
