"""Studies of this server: trained by every core there is, kept in the store, shared by everybody who asks for one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache

from cache import runs, services
from cache.jobs import Job, Jobs, Watcher
from cache.store import Store
from cache.workers.here import ThisProcess
from cache.workers.local import LocalWorkers
from cache.workers.protocol import Workers
from pruning.study import Rows, Study, Told, gather, is_whole, run_part, run_study, runs_missing, so_far

if TYPE_CHECKING:
    import pandas as pd

_FINISHED: LRUCache[Any, pd.DataFrame] = LRUCache(64)  # a table takes half a megabyte
_LOCK = threading.Lock()
Report = Callable[..., Any]
"""See `cache.jobs.Job.report`."""


def table(study: Study) -> pd.DataFrame:
    """What has been measured of a study so far: see `pruning.study.so_far`."""
    return so_far(study, services.services().store)


def finished(study: Study) -> pd.DataFrame | None:
    """The table of a study that has run as a whole, else None; the same one again and again, not to be changed."""
    store = services.services().store
    key = (str(store.folder), store.version, study)
    with _LOCK:
        if key in _FINISHED:
            return _FINISHED[key]
    if not is_whole(study, store):
        return None
    found = so_far(study, store)
    with _LOCK:
        _FINISHED[key] = found
    return found


def missing(study: Study) -> int:
    """How many runs of a study have not been measured."""
    return runs_missing(study, services.services().store)


def gathered(study: Study, most: int) -> int:
    """Have runs measured that visitors have had trained, at most so many; how many of the study are by now."""
    runs.load_torch()
    with services.services().pictures:
        gather(study, services.services().store, most)
    return study.n_runs - missing(study)


def train(study: Study, report: Report) -> pd.DataFrame:
    """Have all trained and measured that is not kept; the table. `report` takes `StudyProgress` and may raise.

    Small networks are trained and measured by whole parts in processes of this machine, which keep them themselves;
    on a cluster, and on images, workers train and this process keeps and measures.
    """
    workers, store = _workers(study), services.services().store
    if isinstance(workers, ThisProcess):
        runs.load_torch()

    def part(study: Study, number: int, told: Told) -> dict[str, Rows]:
        def heard(news: tuple[Collection[str], str] | None) -> None:
            told(*(news or ((), "")))

        found: dict[str, Rows] = workers.call(_part_there, store.folder, store.version, study, number, report=heard)
        return found

    return run_study(
        study, report, kept=store, call=workers.call, at_once=workers.count,
        part=part if study.of_points and isinstance(workers, LocalWorkers) else None,
    )  # fmt: skip


def _part_there(
    folder: str, version: str, study: Study, number: int, *, report: Callable[[Any], None]
) -> dict[str, Rows]:
    """In a worker: one part of a study, kept in the same store."""
    runs.load_torch()
    heard: set[str] = set()

    def told(keys: Collection[str], message: str) -> None:
        new = set(keys) - heard
        heard.update(new)
        report((new, message))

    return run_part(study, number, Store(folder, version), told)


def queue() -> Jobs:
    """The studies that run or wait, one at a time: each takes all cores."""
    return services.services().studies


def join(study: Study, watcher: Watcher | str, seconds: float) -> Job:
    """Have a study run, or join those who wait for the same: see `cache.jobs.Jobs.join`."""
    return queue().join(study.key, partial(train, study), watcher, seconds)


def _workers(study: Study) -> Workers:
    """Small networks on points keep a core busy each; those on images share the workers of the image page."""
    return services.crew() if study.of_points else services.workers()
