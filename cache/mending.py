"""What a temperature does for the samples of MC dropout, by each objective: asked once, and kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from cache import runs
from cache.jobs import Job, Watcher
from cache.results import digest
from cache.runs import load_torch
from cache.services import queue, services, workers
from cache.visitor import Visit
from pruning.code_version import code_version
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.mending import MendedSamples
from pruning.inspect.asked_samples import Asked, mend
from pruning.outcome import Network
from uncertainty.options import Method, Source
from uncertainty.temperature import Objective

SAMPLES = 50
"""Of MC dropout: more hardly move the temperature."""
Found = Mapping[Objective, MendedSamples]


def by_objective(seen: Evaluated, network: Network, visit: Visit | None = None) -> Found:
    """A network's samples, as many as `SAMPLES`, at the temperature of each objective, on what `seen` measures."""
    _, kept = runs.task_and_kept(seen.outcome.experiment, visit)

    def compute() -> Found:
        load_torch()
        with services().pictures:
            return mend(_asked(seen, network, visit), report=lambda progress: None)

    return kept.fetch(key(seen, network, visit), compute)


def stored(seen: Evaluated, network: Network) -> Found | None:
    """The same, if it is there."""
    found: Found | None = services().store.get(key(seen, network))
    return found


def join(seen: Evaluated, network: Network, watcher: Watcher | str, seconds: float) -> Job:
    """Have the workers for images ask for it, or join those who wait for the same: see `runs.join`."""
    return queue().join(key(seen, network), partial(_by_workers, seen, network), watcher, seconds)


def key(seen: Evaluated, network: Network, visit: Visit | None = None) -> str:
    """The name of what is asked, and of the work that asks it."""
    asked = _asked(seen, network, visit)
    return json.dumps(
        {
            "mended samples": digest(network),
            "asked by": asdict(asked.source),
            "of": json.loads(asked.experiment.key()),
            "data": [asked.task.name, asked.task.fingerprint],
            "against the truth": seen.is_against_truth,
            "samples": SAMPLES,
            "code": code_version("pruning.inspect.asked_samples"),
        }
    )


def _asked(seen: Evaluated, network: Network, visit: Visit | None = None) -> Asked:
    experiment = seen.outcome.experiment
    task, _ = runs.task_and_kept(experiment, visit)
    source = Source(Method.MC_DROPOUT, layers=seen.outcome.source.layers)
    return Asked(experiment, network, task, source, SAMPLES, seen.outcome.test_labels)


def _by_workers(seen: Evaluated, network: Network, report: Callable[..., Any]) -> dict[str, Any]:
    named = key(seen, network)

    def compute() -> Found:
        found: Found = workers().call(mend, _asked(seen, network), report=report)
        return found

    return {named: services().store.fetch(named, compute, waiting=report)}
