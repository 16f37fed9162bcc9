"""Lower half of the study page: the run, the charts of what is there, the verdict, and what can be taken home."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cache import studies
from cache.services import services
from pruning.data.images import NoImages
from pruning.study import Study
from views.controls import share
from views.controls import study as controls
from views.controls.study import StudyChoice
from views.study import charts, export_panel, gathering, job, papers_panel, verdict_panel
from views.study.head import Asked
from views.text import study_readings

if TYPE_CHECKING:
    import pandas as pd

NOTHING_YET = "The charts appear with the first seed, and fill in with every other one."


def draw(asked: Asked) -> None:
    """Everything that a table is needed for."""
    choice, places = asked.choice, asked.places
    share.draw_share(choice.values, controls.known(choice.task), {}, "", places.share)
    if choice.study is None:
        places.status.warning("Choose at least one strategy.", icon=":material/rule:")
        return
    try:
        table = _table(choice.study, asked)
    except NoImages as problem:
        places.status.warning(f"{problem} The image page downloads them.", icon=":material/image_not_supported:")
        return
    if failed := table.attrs["failed"]:
        places.status.warning(study_readings.of_failures(failed), icon=":material/report:")
    if table.empty:
        places.chart.caption("" if failed else NOTHING_YET)
        return
    _draw_results(choice, choice.study, table, asked)
    if note := services().store.note:
        st.caption(note)


def _table(study: Study, asked: Asked) -> pd.DataFrame:
    """What has been measured, under the line that says what is missing."""
    whole = studies.finished(study)
    if asked.choice.gather and whole is None:
        gathering.draw(study, asked.places.status)
        return studies.table(study)
    table = studies.table(study) if whole is None else whole
    job.draw(study, studies.missing(study) if whole is None else 0, asked.places.status)
    return table


def _draw_results(choice: StudyChoice, study: Study, table: pd.DataFrame, asked: Asked) -> None:
    places = asked.places
    charts.draw_large(choice, table, places.chart)
    verdict_panel.draw(choice, table, places.verdict)
    charts.draw_small(choice, table, places.below)
    papers_panel.draw(study, table, places.below)
    export_panel.draw(choice, study, table, places.below)
