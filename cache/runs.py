"""Runs of experiments: what of them is kept, and how the rest comes about, on points and on images alike."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from cache import services
from cache.jobs import Job, QueueFull, Watcher
from cache.store import Store
from cache.visitor import Visit, VisitStore
from cache.workers.protocol import NoWorkers, WorkerLost
from pruning import RATIOS, Diverged, ImageExperiment, Outcome
from pruning.data.download import DownloadError
from pruning.data.images import NoImages
from pruning.data.task import Task
from pruning.data.task_of import task_of
from pruning.experiment import Recipe
from pruning.lottery.engine import Call, Run, here, outcome
from pruning.lottery.members import members
from pruning.lottery.plan import plan
from pruning.lottery.progress import WrongWorker
from pruning.lottery.whole import has_all
from uncertainty.options import MC_DROPOUT, Source

Report = Callable[..., Any]
"""See `cache.jobs.Job.report`."""
FORESEEN = (  # all of them sentences for people
    Diverged,
    DownloadError,
    NoImages,
    NoWorkers,
    QueueFull,
    WorkerLost,
    WrongWorker,
)


class Failure(RuntimeError):
    """Work that ended without a result; the message is a sentence for people."""


def task_and_kept(experiment: Recipe, visit: Visit | None = None) -> tuple[Task, Store | VisitStore]:
    """What an experiment is about, and where its results are kept: those of own points with their visitor."""
    if visit is None or visit.points is None:
        return task_of(experiment), services.services().store
    return task_of(experiment, visit.points), visit.store


def key(experiment: Recipe, visit: Visit | None = None, source: Source = MC_DROPOUT) -> str:
    """The name of a run: one serves all prune ratios."""
    task, _ = task_and_kept(experiment, visit)
    asked = {} if source == MC_DROPOUT else {"asked by": asdict(source)}
    return json.dumps({"run": json.loads(experiment.key()), "data": task.fingerprint, **asked})


def stored(experiment: Recipe, visit: Visit | None = None, source: Source = MC_DROPOUT) -> Outcome | None:
    """The networks that are there already with what a source has them say, the dense one first; None without it."""
    task, kept = task_and_kept(experiment, visit)
    return outcome(experiment, RATIOS, task, kept.get, source)


def complete(found: Outcome | None, visit: Visit | None = None) -> bool:
    """Whether nothing of a run is still to come."""
    return found is not None and has_all(found, task_and_kept(found.experiment, visit)[0], RATIOS)


def trained(experiment: Recipe, source: Source = MC_DROPOUT, ratios: Sequence[float] = RATIOS) -> tuple[int, int]:
    """How many of the networks that a run to these ratios needs are there, answers or not, and how many it needs.

    Those that a chain leads through are among them, and the other members of an ensemble.
    """
    task, kept = task_and_kept(experiment)
    keys = {step.key for batch in plan(members(experiment, source.method), ratios, task) for step in batch.steps}
    return sum(kept.get(key) is not None for key in keys), len(keys)


def train(
    experiment: Recipe,
    report: Report,
    visit: Visit | None = None,
    finished: Callable[[Collection[str]], None] = lambda keys: None,
    source: Source = MC_DROPOUT,
    ratios: Sequence[float] = RATIOS,
) -> dict[str, Any]:
    """Have every network trained that is not kept, and asked by a source, and keep it; the results by their keys.

    On images by the workers, on points in this thread. `report` takes progress and may raise, `finished` takes the
    keys of all networks that are there, now and then.
    """
    task, kept = task_and_kept(experiment, visit)

    def told(progress: Any) -> None:
        finished(run.done)
        report(progress)

    between = partial(report, between_steps=True)
    run = Run([experiment], ratios, task, kept, call_for(task), told, between, source=source)
    run.train()
    finished(run.done)
    return run.found


def call_for(task: Task) -> Call:
    """Where networks of a task are trained: on images by the workers, on points in this thread."""
    if not task.stacked:
        return services.workers().call
    load_torch()
    return here


def join(experiment: ImageExperiment, watcher: Watcher | str, seconds: float, source: Source = MC_DROPOUT) -> Job:
    """Have the experiment's networks trained and asked, the chosen ratio first, or join those who wait for the same.

    `watcher` wants it for so many seconds, unless the lease is renewed. Raises QueueFull.
    """
    work = partial(train, experiment, source=source)
    return services.queue().join(key(experiment, source=source), work, watcher, seconds)


def sentence(
    error: Exception, key: str, what: str = "The computation", then: str = "Move a control to try again"
) -> str:
    """What is said of work that failed. What nobody foresaw goes to the log in full."""
    if isinstance(error, FORESEEN):
        return str(error)
    logging.getLogger(__name__).error("work failed: %s", key, exc_info=error)
    return f"{what} did not finish ({type(error).__name__}). {then}; the terminal has the details."


def load_torch() -> None:
    """Import PyTorch, late, and keep the whole server on one thread a computation.

    `threads.one_thread` restores what it found, and that is shared: one computation that ends
    would otherwise hand another one, still under way, a second thread.
    """
    import torch

    torch.set_num_threads(1)
