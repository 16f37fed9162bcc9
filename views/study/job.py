"""The run of a study as a visitor sees it: what it would take, how far it is, what of it failed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cache import runs, studies
from cache.jobs import Job
from pruning.study import Study, StudyProgress
from views.shared.job_panel import Kind, follow, leave

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
    runs_in_all = len(study.variants) * len(study.strategies) * len(study.seeds)
    networks = f"{runs_in_all * len(study.ratios):,} pruned networks, and the dense ones that they come from"
    done = "" if missing == runs_in_all else f" {runs_in_all - missing} of {runs_in_all} runs are there already."
    st.info(
        f"{networks}.{done} What other pages have trained is not trained again. It goes on while this page is open, "
        "and what is finished is kept; whoever asks for the same study shares the run.",
        icon=":material/model_training:",
    )
    return "Run" if missing == runs_in_all else "Run the rest"


def progress_of(job: Job) -> tuple[float, str]:
    """How far a study is, and in words what it is at."""
    progress: StudyProgress | None = job.progress
    if progress is None or not progress.total:
        return 0.0, "Starting the workers"
    share = min(progress.done / progress.total, 1.0)
    left = _left(job, share)
    return share, f"{progress.done:,} of {progress.total:,} networks{left} · {progress.message}"


def _left(job: Job, share: float) -> str:
    """The time that is left, as far as it can be known."""
    if job.since is None or share < 0.03:
        return ""
    seconds = (job.clock() - job.since) * (1 - share) / share
    return f", about {seconds:.0f} s left" if seconds < 90 else f", about {seconds / 60:.0f} min left"


def _failure(error: Exception, key: str) -> str:
    return runs.sentence(error, key, "The study", "Run it again")


def measured_parts(job: Job) -> int:
    """How many parts have been measured: with each the charts are drawn anew."""
    progress: StudyProgress | None = job.progress
    return progress.parts if progress else 0


RUNNING = Kind("study", studies.queue, _failure, progress_of, measured_parts)
