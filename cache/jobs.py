"""One gate for what takes long: a bounded queue over an executor, with fair turns, progress and cancel.

Turns go round between those who ask (`cache.turns`), so that nobody's many tabs keep others waiting.
Work may take several turns (`Rest`): what has had fewer goes first, so that all have something before
anybody has everything. Work of one kind (`Joint`) is carried out in one turn for many who wait.
Equal requests are one job, which everybody who asked for it can watch. Who wants a job wants it
either until they leave (`Jobs.watch`) or for so many seconds (`Jobs.join`, a lease that can be
renewed). A job that its last watcher leaves is cancelled: its work hears of that through
its `report`, which raises `Cancelled`. A lease that merely runs out, because somebody has vanished
without a word, is gentler: a job that waits leaves the queue, but one that runs may finish its
step, and stops where its work calls `report(between_steps=True)`.
"""

from __future__ import annotations

import math
import threading
import time
import uuid
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cache.turns import NOBODY, Turns, Visitor

Report = Callable[..., None]
"""See `Job.report`."""
Work = Callable[[Report], Any]
"""Takes `report`, which it calls with whatever describes its progress, and returns the result, or a `Rest`."""

PER_BROWSER = 4  # that may wait
PER_ADDRESS = 30 * PER_BROWSER  # a class behind one proxy, each of which has as much waiting as may be
MAX_WAITING = 4 * PER_ADDRESS
TOGETHER = 32  # jobs in one turn, a class: whoever comes meanwhile waits until it ends
PASSED_OVER = 3  # turns that newcomers may have in a row while others wait for the rest of theirs


class Cancelled(Exception):
    """Raised inside work that nobody wants any more."""


class QueueFull(RuntimeError):
    """Refused because too much is waiting; the message is a sentence for people."""


@dataclass(frozen=True)
class Rest:
    """What is left of work that need not be done in one go: its job gets in line again for it."""

    work: Work


@dataclass(frozen=True)
class Joint:
    """Work that is carried out side by side with work of other jobs, where it is of the same kind.

    together: takes what each of the jobs asks for, and the `report` of each, and returns what comes of each, in that
    order. It is to go on for the others where a report raises. Where it raises itself, each goes on alone.
    """

    kind: Hashable
    asked: Any
    together: Callable[[Sequence[Any], Sequence[Report]], Sequence[Any]] = field(repr=False)

    def __call__(self, report: Report) -> Any:
        """This work alone."""
        (came,) = self.together([self.asked], [report])
        return came


@dataclass(frozen=True)
class Watcher:
    """Somebody who wants jobs, known by name.

    `is_there` tells whether they still are, though they have not asked for long: a browser lets a hidden page look
    but once a minute. Who is there wants what they wanted, whatever lease has run out.
    """

    name: str
    is_there: Callable[[], bool] = field(compare=False)
    visitor: Visitor = field(default=NOBODY, compare=False)  # whose turns its jobs take


@dataclass(eq=False)
class Job:
    """A piece of work that is waiting, running or done.

    The queue forgets a job that has ended. Who holds the job still finds its result, or its error,
    and its last progress here.
    """

    key: str
    clock: Callable[[], float]
    lock: threading.Lock  # of the queue
    work: Work = field(repr=False)
    asked_at: int = 0  # how many turns had been taken then
    progress: Any = None
    turns: int = 0  # that it has had
    in_line: bool = True  # for its first turn, or another one
    since: float | None = None  # seconds on the clock when it was started
    watchers: dict[Watcher | str, float] = field(default_factory=dict)  # until when on the clock each wants it
    cancelled: threading.Event = field(default_factory=threading.Event)
    future: Future[Any] = field(default_factory=Future)
    others_wait: Callable[[], bool] = bool  # whether there is somebody in the queue whose turn it could be

    @property
    def started(self) -> bool:
        """Whether its first turn has come."""
        return self.since is not None

    @property
    def wanted(self) -> bool:
        """Whether anybody wants it: it has not been cancelled, and not all leases have run out."""
        return not self.cancelled.is_set() and self.wanting() > 0

    def wanting(self) -> int:
        """How many want it now."""
        now = self.clock()
        leases = tuple(self.watchers.items())  # a copy: others join while this is read
        return sum(now < until or (isinstance(who, Watcher) and who.is_there()) for who, until in leases)

    @property
    def visitors(self) -> Collection[Visitor]:
        """Who wants it, or has: a lease that has run out is still in the line."""
        return dict.fromkeys(_visitor(who) for who in tuple(self.watchers)).keys()

    def report(self, progress: Any = None, *, between_steps: bool = False) -> None:
        """Called by the work: note the progress, and raise Cancelled if the job has been cancelled.

        Between two steps, where stopping loses nothing, work says so; it then stops too if all
        leases have run out. Within a step it does so only where others wait for their turn.
        """
        with self.lock:  # so that nobody joins a job that is about to stop
            if not self.wanted and (between_steps or self.others_wait()):
                self.cancelled.set()
        if self.cancelled.is_set():
            raise Cancelled(self.key)
        if progress is not None:
            self.progress = progress

    def wait(self, seconds: float) -> bool:
        """Wait for the end at most so long; True once it has come."""
        return bool(wait([self.future], timeout=seconds).done)

    def result(self) -> Any:
        """What the work returned; raises what it raised."""
        return self.future.result()


class Jobs:
    """A queue of jobs, `count` of which run side by side: as many as the executor has threads.

    One by default: two small trainings at once are slower than in turn.
    """

    def __init__(
        self,
        executor: Executor | None = None,
        max_waiting: int = MAX_WAITING,
        *,
        per_browser: int = PER_BROWSER,
        per_address: int = PER_ADDRESS,
        count: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._executor = executor or ThreadPoolExecutor(max_workers=count, thread_name_prefix="job")
        self._max_waiting = max_waiting
        self._per_browser = per_browser
        self._per_address = per_address
        self._count = count
        self._clock = clock
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}  # waiting or running, in order of arrival
        self._turns: Turns[Job] = Turns()
        self._passed_over = 0  # turns in a row that newcomers have had while others waited for the rest of theirs

    @contextmanager
    def watch(self, key: str, work: Work, visitor: Visitor = NOBODY) -> Iterator[Job]:
        """Join the job of this key, or start it; on leaving, cancel it if nobody else wants it.

        Raises QueueFull where too many jobs wait already, of all or of this visitor.
        """
        watcher = Watcher(uuid.uuid4().hex, bool, visitor)
        job = self._want(key, work, watcher, math.inf)
        try:
            yield job
        finally:
            with self._lock:
                self._leave(job, watcher)

    def join(self, key: str, work: Work, watcher: Watcher | str, seconds: float) -> Job:
        """Join the job of this key, or start it, and want it for so many seconds; `renew` wants it for longer.

        Hold the job: once it has ended, its result, or its error, is found there alone, and an equal request
        starts afresh. Raises QueueFull where too many jobs wait already, of all or of this visitor.
        """
        return self._want(key, work, watcher, seconds)

    def renew(self, job: Job, watcher: Watcher | str, seconds: float) -> None:
        """Want a job that was joined for so many seconds from now on. One that has ended stays as it is.

        Who comes late, because a network was cut or a tab hidden, still finds the job if nothing has ended it.
        """
        with self._lock:
            if self._jobs.get(job.key) is job and not job.cancelled.is_set():
                job.watchers[watcher] = self._clock() + seconds

    def leave(self, key: str, watcher: Watcher | str) -> None:
        """Stop wanting the job of this key; it is cancelled, in the middle of a step, if nobody else wants it."""
        with self._lock:
            job = self._under_way(key)
            if job is not None:
                self._leave(job, watcher)

    def get(self, key: str) -> Job | None:
        """The job of this key that is waiting or running, if there is one."""
        with self._lock:
            return self._under_way(key)

    def position(self, job: Job) -> int:
        """How many turns end before that of this one, as things stand; 0 once it has had one."""
        with self._lock:
            self._sweep()
            waiting = self._waiting()
            new = [each for each in waiting if not each.started]
            if job not in new:
                return 0
            turns = _together(self._turns.order(new))
            before = next(n for n, jobs in enumerate(turns) if job in jobs)
            others = (before + self._passed_over) // PASSED_OVER
            return 1 + before + min(others, len(waiting) - len(new))

    def position_in_words(self, job: Job) -> str:
        """What is said of a job that has not had a turn yet; nothing of one that has."""
        before = self.position(job)
        return f"Waiting: {before} {'job' if before == 1 else 'jobs'} before this one" if before else ""

    def watchers(self) -> int:
        """How many want any job, all together."""
        with self._lock:
            return sum(job.wanting() for job in self._jobs.values())

    def others_wait(self) -> bool:
        """Whether anybody waits for a turn."""
        with self._lock:
            return self._some_wait()

    def _want(self, key: str, work: Work, watcher: Watcher | str, seconds: float) -> Job:
        with self._lock:
            job = self._under_way(key) or self._start(key, work, _visitor(watcher))
            job.watchers[watcher] = self._clock() + seconds
            return job

    def _leave(self, job: Job, watcher: Watcher | str) -> None:
        if job.watchers.pop(watcher, None) is not None and not job.wanted:
            self._drop(job)

    def _under_way(self, key: str) -> Job | None:
        """The job of this key, unless it is about to stop."""
        self._sweep()
        return self._jobs.get(key)

    def _sweep(self) -> None:
        """Drop the jobs whose leases ran out while they wait, and those that have stopped between two steps."""
        for job in tuple(self._jobs.values()):
            if job.cancelled.is_set() or (job.in_line and not job.wanted):
                self._drop(job)

    def _start(self, key: str, work: Work, visitor: Visitor) -> Job:
        self._admit(visitor)
        job = Job(key, self._clock, self._lock, work, self._turns.taken, others_wait=self._some_wait)
        self._executor.submit(self._take_turn)
        self._jobs[key] = job  # not before: an executor that refuses leaves no job behind
        return job

    def _admit(self, visitor: Visitor) -> None:
        """Raise QueueFull where too much is under way already for one more job of this visitor."""
        wanted_by = [job.visitors for job in self._jobs.values()]
        own = sum(visitor in visitors for visitors in wanted_by)
        if own >= self._per_browser + self._count:
            raise QueueFull(
                f"{own} computations of yours are running or waiting already, in all tabs of this browser together, "
                f"and no more than {self._per_browser} may wait. Try again when one has ended, or close a tab."
            )
        near = sum(any(each.address == visitor.address for each in visitors) for visitors in wanted_by)
        if near >= self._per_address + self._count:
            raise QueueFull(
                f"{near} computations are running or waiting already for browsers at your network address, and no "
                f"more than {self._per_address} may wait. Try again in a moment."
            )
        if len(self._jobs) >= self._max_waiting + self._count:
            raise QueueFull(
                f"{len(self._jobs)} computations are running or waiting already, and no more than "
                f"{self._max_waiting} may wait. Try again in a moment."
            )

    def _waiting(self) -> list[Job]:
        """In order of arrival."""
        return [job for job in self._jobs.values() if job.in_line]

    def _some_wait(self) -> bool:
        return any(job.wanted for job in self._waiting())

    def _take_turn(self) -> None:
        """Carry out what has the turn; there were as many turns as jobs, some of which may have gone."""
        with self._lock:
            taken = self._next()
        jobs = [job for job in taken if self._is_still_wanted(job)]
        try:
            came = _carried_out(jobs)
        except BaseException as error:  # whatever it is belongs to those who asked, and not to this thread
            if len(jobs) == 1:
                self._end(jobs[0], partial(jobs[0].future.set_exception, error))
                return
            came = [Rest(partial(job.work)) for job in jobs]  # alone: all but one of them are not to blame
        for job, each in zip(jobs, came, strict=True):
            if isinstance(each, Rest):
                self._get_in_line(job, each)
            else:
                self._end(job, partial(job.future.set_result, each))

    def _next(self) -> list[Job]:
        """Whose turn it is, and who goes along; nobody where nobody waits."""
        waiting = self._waiting()
        fewest = min((job.turns for job in waiting), default=0)
        new = [job for job in waiting if job.turns == fewest]
        others = [job for job in waiting if job.turns > fewest]
        due = others if others and self._passed_over >= PASSED_OVER else new
        self._passed_over = self._passed_over + 1 if others and due is new else 0
        first = self._turns.take(due)
        if first is None:
            return []
        along = [job for job in self._turns.order(due) if job is not first]
        jobs = _together([first, *along])[0]
        for job in jobs:
            self._turns.also(job)
            job.turns, job.in_line = job.turns + 1, False
            job.since = self._clock() if job.since is None else job.since
        return jobs

    def _is_still_wanted(self, job: Job) -> bool:
        """Whether a job was not left, or forgotten, while it waited; it has ended otherwise."""
        try:
            job.report(between_steps=True)
        except Cancelled as error:
            self._end(job, partial(job.future.set_exception, error))
            return False
        return True

    def _get_in_line(self, job: Job, rest: Rest) -> None:
        """Let a job wait for another turn; one that was left ends here."""
        with self._lock:
            try:
                if job.cancelled.is_set():
                    raise Cancelled(job.key)
                self._executor.submit(self._take_turn)
            except (Cancelled, RuntimeError) as error:  # the latter of an executor that takes no more
                self._forget(job)
                job.future.set_exception(error)
            else:
                job.work, job.asked_at, job.in_line = rest.work, self._turns.taken, True

    def _end(self, job: Job, told: Callable[[], None]) -> None:
        with self._lock:
            self._forget(job)
        told()

    def _drop(self, job: Job) -> None:
        """Cancel a job that nobody wants; an equal request that comes now starts afresh."""
        job.cancelled.set()
        if job.in_line and job.future.cancel():
            job.future.set_running_or_notify_cancel()  # so that whoever waits for it hears of it now
        self._forget(job)

    def _forget(self, job: Job) -> None:
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]


def _carried_out(jobs: Sequence[Job]) -> Sequence[Any]:
    """What comes of each of the jobs of one turn."""
    if len(jobs) == 1:
        return [jobs[0].work(jobs[0].report)]
    works = [job.work for job in jobs if isinstance(job.work, Joint)]
    return works[0].together([work.asked for work in works], [job.report for job in jobs]) if works else []


def _together(line: Iterable[Job]) -> list[list[Job]]:
    """Jobs in the order of their turns → those of each turn; of one kind, as many as may be go with the first."""
    turns: list[list[Job]] = []
    of_kind: dict[Hashable, list[Job]] = {}  # the last turn of each kind
    for job in line:
        kind = job.work.kind if isinstance(job.work, Joint) else job
        jobs = of_kind.get(kind)
        if jobs is None or len(jobs) == TOGETHER:
            jobs = of_kind[kind] = []
            turns.append(jobs)
        jobs.append(job)
    return turns


def _visitor(watcher: Watcher | str) -> Visitor:
    return watcher.visitor if isinstance(watcher, Watcher) else NOBODY
