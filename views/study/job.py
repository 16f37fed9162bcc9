"""The run of a study as a visitor sees it: what it would take, how far it is, what of it failed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cache import studies
from pruning.study import Study
from views.shared import study_job
from views.shared.job_panel import follow, leave

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(study: Study, missing: int, place: DeltaGenerator) -> None:
    """A button that runs what is missing, or how far that is; nothing where all is there."""
    if not missing:
        leave(RUNNING)
        return
    with place:
        follow(RUNNING, study.key, partial(studies.join, study), partial(_offer, study, missing))


def _offer(study: Study, missing: int) -> str:
    """What a click on the button will take; the button's label."""
    networks = f"{study.pruned_networks:,} pruned networks, and the dense ones that they come from"
    done = "" if missing == study.n_runs else f" {study.n_runs - missing} of {study.n_runs} runs are there already."
    st.info(
        f"{networks}.{done} What other pages have trained is not trained again. It goes on while this page is open, "
        "and what is finished is kept; whoever asks for the same study shares the run.",
        icon=":material/model_training:",
    )
    return "Run" if missing == study.n_runs else "Run the rest"


RUNNING = study_job.kind("study")
