"""Which workers the environment asks for."""

from __future__ import annotations

import os
from collections.abc import Callable

from joblib import cpu_count

from cache.workers.here import ThisProcess
from cache.workers.local import LocalWorkers
from cache.workers.protocol import NoWorkers, Workers

MAX_WORKERS = 64


def workers_from_environment() -> Workers:
    """A Dask cluster where EXPLORER_DASK is its address; else EXPLORER_WORKERS processes, or half the cores.

    Raises NoWorkers where EXPLORER_WORKERS is 0, and ValueError where it is no number of processes.
    """
    if address := os.environ.get("EXPLORER_DASK"):
        from cache.workers.dask import DaskWorkers

        return DaskWorkers(address)
    wish = os.environ.get("EXPLORER_WORKERS") or str(min(max(1, cpu_count() // 2), MAX_WORKERS))
    if not (wish.isdecimal() and int(wish) <= MAX_WORKERS):
        raise ValueError(f"EXPLORER_WORKERS is {wish!r}; it must be a whole number from 0 to {MAX_WORKERS}")
    if int(wish) == 0:
        raise NoWorkers(
            "This server trains no networks on images: EXPLORER_WORKERS is 0. What has been trained is shown, and "
            "networks on points are trained as usual."
        )
    return LocalWorkers(int(wish))


def crew_beside(hired: Callable[[], Workers]) -> Workers:
    """A process a core, where nobody asks for a number of them, for none at all, or for a cluster.

    hired: the workers for images, who may raise NoWorkers.
    """
    try:
        workers = hired()
    except NoWorkers:
        return ThisProcess()
    asked = os.environ.get("EXPLORER_DASK") or os.environ.get("EXPLORER_WORKERS")
    if asked or not isinstance(workers, LocalWorkers):
        return workers
    return LocalWorkers(min(cpu_count(), MAX_WORKERS))
