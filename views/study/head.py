"""Upper half of the study page: presets, controls, and the places that wait for what the seeds say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from views.controls import opening, setting
from views.controls import study as controls
from views.controls.study import StudyChoice
from views.shared import page_head, preset_bar
from views.study import presets

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

TITLE = "Which strategy, over many seeds?"
QUESTION = "One run is an anecdote. What do ten of them tell, and what can they not?"


@dataclass(frozen=True)
class Places:
    """Places on the page, in the order in which they stand there."""

    share: DeltaGenerator
    status: DeltaGenerator
    chart: DeltaGenerator
    verdict: DeltaGenerator
    below: DeltaGenerator


@dataclass(frozen=True)
class Asked:
    """What a visitor asks for, and where the answer is to be drawn."""

    choice: StudyChoice
    places: Places


def draw() -> Asked:
    """Everything that needs no table."""
    opening.settle("study", controls.OPENING)
    share, preset_place = page_head.draw_title(TITLE, QUESTION)
    with st.container(key="study_controls"):  # too many to stay on the screen while it is scrolled
        choice = controls.draw_controls()
    every = preset_bar.Presets(
        "study", presets.PRESETS, controls.of_study(choice.task), controls.LOOKS, controls.OPENING
    )
    preset_bar.draw(every, choice.values, preset_place)
    status = st.container(key="study_status")
    choice = controls.draw_looks(choice)
    chart, verdict, below = (st.container(key=key) for key in (presets.CHART, "study_verdict", "study_below"))
    opening.mark(controls.OPENING)
    setting.seal()
    return Asked(choice, Places(share, status, chart, verdict, below))
