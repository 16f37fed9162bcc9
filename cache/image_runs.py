"""Image experiments: which of their networks are stored, and who trains the rest."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from cache import results as stored_results
from cache.jobs import Job, Jobs
from cache.workers.choose import workers_from_environment
from cache.workers.protocol import Workers
from pruning import RATIOS, ImageExperiment, Network, Outcome
from pruning.data.images import shown
from pruning.lottery.image_engine import Compute, outcome, run_images
from pruning.lottery.image_plan import results

Report = Callable[..., Any]
"""See `cache.jobs.Job.report`."""
_STARTING = threading.Lock()


@cache
def _workers_and_queue() -> tuple[Workers, Jobs]:
    found = workers_from_environment()
    return found, Jobs(count=found.count)


def workers() -> Workers:
    """Who trains. Raises RuntimeError or ValueError where the environment asks for what is not there."""
    with _STARTING:
        return _workers_and_queue()[0]


def queue() -> Jobs:
    """The queue of image runs; raises as `workers` does."""
    with _STARTING:
        return _workers_and_queue()[1]


def key(experiment: ImageExperiment) -> str:
    """The name of a run: one serves all prune ratios."""
    return json.dumps({"run": json.loads(experiment.key()), "data": shown(experiment.dataset).fingerprint})


def stored(experiment: ImageExperiment) -> Outcome | None:
    """The networks that are there already, the dense one first; None without it."""
    steps = results(experiment, RATIOS, shown(experiment.dataset).fingerprint)
    networks = [network for step in steps.values() if (network := stored_results.STORE.get(step.key)) is not None]
    return outcome(experiment, networks) if networks and networks[0].level == 0 else None


def join(experiment: ImageExperiment, watcher: str, seconds: float) -> Job:
    """Have the experiment's networks trained, the chosen ratio first, or join those who wait for the same.

    `watcher` wants it for so many seconds, unless the lease is renewed. Raises QueueFull.
    """
    jobs = queue()
    return jobs.join(key(experiment), partial(train, experiment), watcher, seconds)


def train(
    experiment: ImageExperiment, report: Report, finished: Callable[[str], None] = lambda step: None
) -> Outcome:
    """Have every network of the experiment trained by the workers, unless it is stored, and store it.

    `report` takes progress and may raise, `finished` takes the key of each step that is there.
    """

    def keep(step: str, compute_it: Compute) -> Network:
        report(between_steps=True)
        network = stored_results.STORE.fetch(step, compute_it, waiting=report)
        finished(step)
        return network

    return run_images(experiment, report, ratios=RATIOS, keep=keep, call=workers().call)
