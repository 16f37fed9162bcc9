"""A study that comes in by itself: runs that visitors have had trained are measured, and nothing is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cache import studies
from pruning.study import Study
from views.controls import state
from views.shared.job_panel import leave
from views.study.job import RUNNING

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

LOOK = 2.0  # seconds between two looks
AT_ONCE = 3  # runs that are measured in one look; each takes a fraction of a second


def draw(study: Study, place: DeltaGenerator) -> None:
    """How many runs have come in, looked for again and again; the page is drawn anew with each that does."""
    leave(RUNNING)
    state.GATHERED.set(None)
    with place:
        st.fragment(_look, run_every=LOOK)(study)


def _look(study: Study) -> None:
    measured, before = studies.gathered(study, AT_ONCE), state.GATHERED.get()
    st.info(
        f"{measured} of {study.n_runs} runs have come in. What visitors of this server train is shown as it arrives; "
        "nothing is trained here.",
        icon=":material/groups:",
    )
    state.GATHERED.set(measured)
    if before is not None and before != measured:
        st.rerun()
