"""Image experiments: which of their networks are stored, and who trains the rest."""

from __future__ import annotations

import json
import logging
import threading
from functools import cache
from typing import Any

from cache.jobs import Cancelled, Job, Jobs
from cache.workers import WorkerLost, Workers, workers_from_environment
from pruning import RATIOS, Diverged, ImageExperiment, Outcome
from pruning.image_steps import outcome, results, run_images
from pruning.images import NoImages, shown
from views import compute

LEASE = 15.0  # seconds for which a page that looks in every second is believed to be still there
STOPPED = "Training was stopped. What had been finished is kept."
_STARTING = threading.Lock()


@cache
def _workers_and_queue() -> tuple[Workers, Jobs]:
    workers = workers_from_environment()
    return workers, Jobs(count=workers.count)


def queue() -> Jobs:
    """The queue of image runs. Raises RuntimeError or ValueError where the environment asks for what is not there."""
    with _STARTING:
        return _workers_and_queue()[1]


def key(experiment: ImageExperiment) -> str:
    """The name of a run: one serves all prune ratios."""
    return json.dumps({"run": json.loads(experiment.key()), "data": shown(experiment.dataset).fingerprint})


def stored(experiment: ImageExperiment) -> Outcome | None:
    """The networks that are there already, the dense one first; None without it."""
    steps = results(experiment, RATIOS, shown(experiment.dataset).fingerprint)
    networks = [network for step in steps.values() if (network := compute.STORE.get(step.key)) is not None]
    return outcome(experiment, networks) if networks and networks[0].level == 0 else None


def join(experiment: ImageExperiment, watcher: str) -> Job:
    """Have the experiment's networks trained, the chosen ratio first, or join those who wait for the same.

    Raises QueueFull. To be called again within LEASE seconds by whoever still wants it.
    """
    workers, jobs = _workers_and_queue()

    def work(report: Any) -> Outcome:
        def keep(step: str, train: Any) -> Any:
            report(between_steps=True)
            return compute.STORE.fetch(step, train, waiting=report)

        return run_images(experiment, report, ratios=RATIOS, keep=keep, call=workers.call)

    return jobs.join(key(experiment), work, watcher, LEASE)


def failure(job: Job) -> str | None:
    """Why a job that has ended has no result, as a sentence; None if it has one."""
    if job.cancelled.is_set():
        return STOPPED
    try:
        job.result()
    except Cancelled:
        return STOPPED
    except (Diverged, NoImages, WorkerLost) as error:
        return str(error)
    except Exception as error:
        logging.getLogger(__name__).exception("training failed: %s", job.key)
        return f"Training did not finish ({type(error).__name__}). Try again; the terminal has the details."
    return None
