"""Which workers the environment asks for."""

from __future__ import annotations

import os

from joblib import cpu_count

from cache.workers.local import LocalWorkers
from cache.workers.protocol import Workers

MAX_WORKERS = 64


def workers_from_environment() -> Workers:
    """A Dask cluster where EXPLORER_DASK is its address; else EXPLORER_WORKERS processes, or half the cores."""
    if address := os.environ.get("EXPLORER_DASK"):
        from cache.workers.dask import DaskWorkers

        return DaskWorkers(address)
    wish = os.environ.get("EXPLORER_WORKERS") or str(min(max(1, cpu_count() // 2), MAX_WORKERS))
    if not (wish.isdecimal() and 1 <= int(wish) <= MAX_WORKERS):
        raise ValueError(f"EXPLORER_WORKERS is {wish!r}; it must be a whole number from 1 to {MAX_WORKERS}")
    return LocalWorkers(int(wish))


def crew_beside(workers: Workers) -> Workers:
    """A process a core, where nobody asks for a number of them or for a cluster."""
    asked = os.environ.get("EXPLORER_DASK") or os.environ.get("EXPLORER_WORKERS")
    if asked or not isinstance(workers, LocalWorkers):
        return workers
    return LocalWorkers(min(cpu_count(), MAX_WORKERS))
