"""How a study that runs is followed, on its own page and beside the curves of one run."""

from __future__ import annotations

from cache import runs, studies
from cache.jobs import Job
from pruning.study import StudyProgress
from views.shared.job_panel import Kind


def kind(name: str) -> Kind:
    """Studies as pages follow them; `name` is this page's place in the session."""
    return Kind(name, studies.queue, _failure, _progress, _parts)


def _progress(job: Job) -> tuple[float, str]:
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


def _parts(job: Job) -> int:
    """How many parts have been measured: with each the charts are drawn anew."""
    progress: StudyProgress | None = job.progress
    return progress.parts if progress else 0
