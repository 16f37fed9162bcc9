"""One gate for what takes long: a bounded queue over an executor, with progress and cancel.

Equal requests are one job, which everybody who asked for it can watch. A job that nobody watches
any more is cancelled. Work hears of that through its `report`, which raises `Cancelled`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Work = Callable[[Callable[[Any], None]], Any]
"""Takes `report`, which it calls with whatever describes its progress, and returns the result."""

MAX_WAITING = 64


class Cancelled(Exception):
    """Raised inside work that nobody wants any more."""


class QueueFull(RuntimeError):
    """Refused because too much is waiting; the message is a sentence for people."""


@dataclass(eq=False)
class Job:
    """A piece of work that is waiting, running or done."""

    key: str
    progress: Any = None
    watchers: int = 0
    started: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] | None = None

    def report(self, progress: Any = None) -> None:
        """Called by the work: note the progress, and stop if the job has been cancelled."""
        if self.cancelled.is_set():
            raise Cancelled(self.key)
        if progress is not None:
            self.progress = progress

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; True once it has come."""
        assert self.future is not None
        return bool(wait([self.future], timeout=seconds).done)

    def result(self) -> Any:
        """What the work returned; raises what it raised."""
        assert self.future is not None
        return self.future.result()


class Jobs:
    """A queue of jobs. One worker by default: two small trainings at once are slower than in turn."""

    def __init__(self, executor: Executor | None = None, max_waiting: int = MAX_WAITING) -> None:
        self._executor = executor or ThreadPoolExecutor(max_workers=1, thread_name_prefix="job")
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}  # waiting or running, in order of arrival

    @contextmanager
    def watch(self, key: str, work: Work) -> Iterator[Job]:
        """Join the job of this key, or start it; on leaving, cancel it if nobody else watches.

        Raises QueueFull where too many jobs wait already.
        """
        with self._lock:
            job = self._jobs.get(key) or self._start(key, work)
            job.watchers += 1
        try:
            yield job
        finally:
            with self._lock:
                job.watchers -= 1
                if job.watchers == 0:
                    self._drop(job)

    def position(self, job: Job) -> int:
        """How many jobs come before this one; 0 once it runs."""
        with self._lock:
            waiting = [other for other in self._jobs.values() if not other.started]
            return 0 if job.started or job not in waiting else waiting.index(job) + 1

    def watchers(self) -> int:
        """How many are waiting for any job, all together."""
        with self._lock:
            return sum(job.watchers for job in self._jobs.values())

    def _start(self, key: str, work: Work) -> Job:
        if len(self._jobs) > self._max_waiting:
            raise QueueFull(
                f"{len(self._jobs)} computations are running or waiting already, and no more than "
                f"{self._max_waiting} may wait. Try again in a moment."
            )
        job = Job(key)
        job.future = self._executor.submit(self._carry_out, job, work)
        self._jobs[key] = job  # not before: an executor that refuses leaves no job behind
        return job

    def _carry_out(self, job: Job, work: Work) -> Any:
        job.started = True
        try:
            job.report()  # cancelled while it waited
            return work(job.report)
        finally:
            self._forget(job)

    def _drop(self, job: Job) -> None:
        """Cancel a job that nobody watches; an equal request that comes now starts afresh."""
        job.cancelled.set()
        if job.future is not None and job.future.cancel():
            job.started = True
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]

    def _forget(self, job: Job) -> None:
        with self._lock:
            if self._jobs.get(job.key) is job:
                del self._jobs[job.key]
