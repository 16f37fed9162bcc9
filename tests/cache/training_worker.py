"""One process of the test in test_processes.py: python training_worker.py FOLDER SEED…; prints JSON.

As soon as the file `go` is there, all of these seeds are asked for at once, as visitors of one server do.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from cache import runs, services
from cache.jobs import Jobs
from cache.results import digest
from cache.services import Services
from cache.store import Store
from cache.training import training
from cache.turns import Visitor
from cache.visitor import Visit, VisitStore
from pruning import Experiment
from pruning.lottery.engine import carry_out
from pruning.lottery.order import Order
from tests.cache.store_worker import wait_for

SMALL = Experiment(points=200, hidden=(12, 8), max_epochs=40, patience=5)


def main(folder: Path, seeds: list[int]) -> dict[str, Any]:
    """The keys of all networks that were trained here, and what every seed has come to."""
    trained: list[str] = []

    def noted(function: Any, order: Order, *, report: Any) -> Any:
        if function is carry_out:
            trained.extend(step.key for step in order.batch.steps)
        return function(order, report=report)

    runs.here = noted  # type: ignore[assignment]
    runs.load_torch()
    services._current = Services(Store(folder / "store", "1"), Jobs())
    queue, found = services.services().jobs, {}
    with ExitStack() as stack:
        (folder / f"ready-{os.getpid()}").touch()
        wait_for(folder / "go")
        jobs = []
        for seed in seeds:
            experiment = replace(SMALL, seed=seed)
            visit = Visit(VisitStore(), None, Visitor("address", str(seed)))
            work = training(experiment, visit)
            jobs.append(stack.enter_context(queue.watch(runs.key(experiment), work, visit.visitor)))
        for seed, job in zip(seeds, jobs, strict=True):
            job.result()
            outcome = runs.stored(replace(SMALL, seed=seed))
            assert runs.complete(outcome)
            assert outcome is not None
            found[seed] = [digest(network) for network in outcome.networks]
    return {"trained": trained, "found": found}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), [int(seed) for seed in sys.argv[2:]])))
