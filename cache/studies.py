"""Studies of this server: trained by every core there is, kept in the store, shared by everybody who asks for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from cache import services
from cache.jobs import Job, Jobs
from cache.workers.protocol import Workers
from pruning.experiment import Experiment
from pruning.study import Study, StudyProgress, run_study, runs_missing, so_far

if TYPE_CHECKING:
    import pandas as pd

Report = Callable[..., Any]
"""See `cache.jobs.Job.report`."""


def table(study: Study) -> pd.DataFrame:
    """What has been measured of a study so far: see `pruning.study.so_far`."""
    return so_far(study, services.services().store)


def missing(study: Study) -> int:
    """How many runs of a study have not been measured."""
    return runs_missing(study, services.services().store)


def train(study: Study, report: Report) -> pd.DataFrame:
    """Have all trained and measured that is not kept; the table. `report` takes `StudyProgress` and may raise."""
    workers = _workers(study)

    def told(progress: StudyProgress) -> None:
        report(progress)

    store = services.services().store
    return run_study(study, told, kept=store, call=workers.call, at_once=workers.count)


def queue() -> Jobs:
    """The studies that run or wait, one at a time: each takes all cores."""
    return services.services().studies


def join(study: Study, watcher: str, seconds: float) -> Job:
    """Have a study run, or join those who wait for the same: see `cache.jobs.Jobs.join`."""
    return queue().join(study.key, partial(train, study), watcher, seconds)


def _workers(study: Study) -> Workers:
    """Small networks on points keep a core busy each; those on images share the workers of the image page."""
    return services.crew() if isinstance(study.base, Experiment) else services.workers()
