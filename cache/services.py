"""What all visitors share: where results are kept, what is under way, who computes. Made once, when first asked."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

from cache.jobs import Jobs
from cache.private import VARIABLE, names_nobody
from cache.seats import Seats
from cache.store import Store
from cache.workers.choose import crew_beside, workers_from_environment
from cache.workers.protocol import Workers

ROOT = Path(__file__).parent.parent
SEATS = 30  # of a class, each with a seed of its own
FORMAT = "3"  # of what is stored; which code has made it is said by each key
_STARTING = threading.Lock()


class Services:
    """A store, the queue of what is computed in this process, and workers with a queue of their own.

    `hire` finds the workers when they are first needed; it may raise RuntimeError or ValueError where the
    environment asks for what is not there, and is then called again next time.
    """

    def __init__(
        self,
        store: Store,
        jobs: Jobs | None = None,
        hire: Callable[[], Workers] = workers_from_environment,
        queue: Jobs | None = None,
    ) -> None:
        self.store = store
        self.jobs = jobs or Jobs()
        self.pictures = threading.Semaphore(os.cpu_count() or 1)  # pictures computed at a time
        self.previews = ThreadPoolExecutor(1)  # pictures that nobody waits for take one core at most
        self.seats = Seats(SEATS)
        self._hire = hire
        self._queue = queue

    @cached_property
    def workers(self) -> Workers:
        """Who trains networks on images."""
        return self._hire()

    @cached_property
    def crew(self) -> Workers:
        """Who trains the small networks of a study: one for each core, or those that the environment asks for."""
        return crew_beside(lambda: self.workers)

    @cached_property
    def studies(self) -> Jobs:
        """The queue of studies, one at a time."""
        return Jobs()

    @cached_property
    def queue(self) -> Jobs:
        """The jobs of the workers, as many of them side by side as there are workers."""
        return self._queue or Jobs(count=self.workers.count)


# Not in st.cache_resource, which any visitor's browser can clear for everybody.
_current: Services | None = None


def services() -> Services:
    """Those of this process: the store is where EXPLORER_CACHE says, or in the project.

    It is there, too, where EXPLORER_CACHE names the home of nobody, which the store's note then says.
    """
    global _current
    with _STARTING:
        if _current is None:
            _current = Services(_store())
        return _current


def _store() -> Store:
    usual, wish = ROOT / "cache" / "store", os.environ.get(VARIABLE, "").strip()
    if not names_nobody(wish):
        return Store(wish or usual, FORMAT)
    remark = (
        f"{VARIABLE} is {wish!r}, but there is no such user, or no home of that user: results are kept in {usual}."
    )
    return Store(usual, FORMAT, remark=remark)


def workers() -> Workers:
    """Who trains networks on images.

    Raises RuntimeError or ValueError where the environment asks for what is not there.
    """
    shared = services()
    with _STARTING:  # two visitors at once hire nobody twice
        return shared.workers


def crew() -> Workers:
    """Who trains the small networks of a study; raises as `workers` does."""
    shared = services()
    with _STARTING:
        return shared.crew


def queue() -> Jobs:
    """The jobs of the workers; raises as `workers` does."""
    shared = services()
    with _STARTING:
        return shared.queue
