"""What the queue promises: one execution for all who ask, and none for nobody."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from cache.jobs import PER_BROWSER, Cancelled, Job, Jobs, QueueFull, Watcher
from cache.store import Store
from cache.turns import Visitor

PATIENCE = 30  # seconds before a test gives up on something that hangs


class Work:
    """Work that says when it has begun, reports as it goes, and ends when it is told to."""

    def __init__(self, value: Any = "value") -> None:
        self.value = value
        self.calls = 0
        self.begun = threading.Event()
        self.go = threading.Event()
        self.cancelled = threading.Event()

    def __call__(self, report: Callable[[Any], None]) -> Any:
        self.calls += 1
        self.begun.set()
        end = time.monotonic() + PATIENCE
        try:
            while not self.go.wait(0.005):
                report(f"{self.value} is under way")
                assert time.monotonic() < end, "neither ended nor cancelled"
        except Cancelled:
            self.cancelled.set()
            raise
        return self.value


class Stubborn(Work):
    """Work that does not report, and so does not hear that nobody wants it."""

    def __call__(self, report: Callable[[Any], None]) -> Any:
        self.calls += 1
        self.begun.set()
        self.go.wait(PATIENCE)
        return self.value


class Steps(Work):
    """Work of several steps, which says when one is over; each step takes until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0
        self.next = threading.Semaphore(0)

    def __call__(self, report: Callable[..., None]) -> Any:
        self.begun.set()
        while not self.go.is_set():
            report(f"step {self.steps}")
            assert self.next.acquire(timeout=PATIENCE)
            report("still in it")
            self.steps += 1
            report(between_steps=True)
        return self.value


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def quick(value: Any) -> Callable[[Any], Any]:
    return lambda report: value


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        yield executor


@pytest.fixture
def jobs(executor: ThreadPoolExecutor) -> Jobs:
    return Jobs(executor)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def leased(executor: ThreadPoolExecutor, clock: Clock) -> Jobs:
    """A queue whose leases run out by the test's clock."""
    return Jobs(executor, clock=clock)


def ended(job: Job) -> Any:
    """The result of a job that must end in time."""
    assert job.wait(PATIENCE), "the job hangs"
    return job.result()


def until(true: Callable[[], Any]) -> None:
    """Wait for a condition, within reason."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def settled(jobs: Jobs) -> None:
    """Wait until nothing is left of what was asked for."""
    until(lambda: not jobs._jobs)


# Sharing


def test_result_comes_out(jobs: Jobs) -> None:
    """What the work returns is the job's result, and nothing of the job is kept."""
    with jobs.watch("key", quick(7)) as job:
        assert ended(job) == 7
    settled(jobs)


def test_equal_requests_are_one_execution(jobs: Jobs) -> None:
    """Whoever asks for a key that is under way watches the same job, with its progress and its result."""
    work, never = Work(), Work("never")
    with jobs.watch("key", work) as first, jobs.watch("key", never) as second, jobs.watch("key", never) as third:
        assert first is second is third
        until(lambda: third.progress)
        assert [job.progress for job in (first, second, third)] == ["value is under way"] * 3
        work.go.set()
        assert [ended(job) for job in (first, second, third)] == ["value"] * 3
    assert (work.calls, never.calls) == (1, 0)


def test_report_without_progress_keeps_the_last(jobs: Jobs) -> None:
    """A report that only asks whether to go on does not wipe what was shown."""

    def work(report: Callable[..., None]) -> str:
        report("half")
        report()
        return "value"

    with jobs.watch("key", work) as job:
        ended(job)
        assert job.progress == "half"


def test_wait_says_whether_the_job_has_ended(jobs: Jobs) -> None:
    """Waiting is bounded, and True means that there is a result."""
    work = Work()
    with jobs.watch("key", work) as job:
        assert job.wait(0.01) is False
        work.go.set()
        assert job.wait(PATIENCE) is True
        assert job.wait(0) is True


@pytest.mark.parametrize("error", [ValueError("diverged"), SystemExit(3)])
def test_failure_comes_out_of_result(jobs: Jobs, error: BaseException) -> None:
    """The very exception of the work arrives at every watcher, and the next request starts afresh."""

    def fail(report: Callable[[Any], None]) -> None:
        begin.wait(PATIENCE)
        raise error

    begin = threading.Event()
    with jobs.watch("key", fail) as first, jobs.watch("key", fail) as second:
        begin.set()
        for job in (first, second):
            with pytest.raises(type(error)) as caught:
                ended(job)
            assert caught.value is error
    with jobs.watch("key", quick("value")) as job:
        assert ended(job) == "value"


def test_who_comes_after_a_failure_starts_afresh(jobs: Jobs) -> None:
    """A job that has ended is not joined any more, even while somebody still looks at its failure."""
    with jobs.watch("key", lambda report: 1 // 0) as failed:
        with pytest.raises(ZeroDivisionError):
            ended(failed)
        with jobs.watch("key", quick("value")) as job:
            assert ended(job) == "value"


def test_what_a_watcher_raises_comes_through(jobs: Jobs) -> None:
    """A run that is ended inside `watch` leaves the job properly: it is cancelled if it was the last."""
    work = Work()

    class Stop(BaseException):
        pass

    with pytest.raises(Stop), jobs.watch("key", work):  # noqa: PT012, the work must have begun
        work.begun.wait(PATIENCE)
        raise Stop
    assert work.cancelled.wait(PATIENCE)


# Leaving


def test_last_watcher_cancels(jobs: Jobs) -> None:
    """Work that nobody watches any more is told by its next report, and its job fails as cancelled."""
    work = Work()
    with jobs.watch("key", work) as job:
        assert work.begun.wait(PATIENCE)
    assert work.cancelled.wait(PATIENCE)
    with pytest.raises(Cancelled):
        ended(job)
    settled(jobs)


def test_one_of_two_watchers_may_leave(jobs: Jobs) -> None:
    """While one watcher stays the work goes on, whoever of them came first."""
    work = Work()
    with jobs.watch("key", work) as job:
        with jobs.watch("key", work):
            work.begun.wait(PATIENCE)
        time.sleep(0.05)  # several reports
        work.go.set()
        assert ended(job) == "value"
    stack, work = ExitStack(), Work()
    stack.enter_context(jobs.watch("other", work))
    with jobs.watch("other", work) as job:
        stack.close()
        work.go.set()
        assert ended(job) == "value"


def test_work_that_waits_unwatched_never_runs(jobs: Jobs) -> None:
    """A job that everybody leaves while it waits is not started when its turn comes."""
    first, waiting = Work(), Work()
    with jobs.watch("first", first) as job:
        first.begun.wait(PATIENCE)
        with jobs.watch("waiting", waiting) as left:
            assert not left.started
        first.go.set()
        ended(job)
    with jobs.watch("last", quick("last")) as job:
        assert ended(job) == "last"
    assert waiting.calls == 0
    with pytest.raises(CancelledError):
        left.result()


def test_equal_request_starts_afresh_after_a_cancelled_one(jobs: Jobs) -> None:
    """Who comes while a cancelled job is still winding down gets a new one, and its result."""
    old, new = Stubborn("old"), Work("new")
    with jobs.watch("key", old) as left:
        old.begun.wait(PATIENCE)
    with jobs.watch("key", new) as job:
        assert job is not left
        new.go.set()
        assert not job.wait(0.01)  # the old one still has the worker
        old.go.set()
        assert ended(job) == "new"
    assert (old.calls, new.calls) == (1, 1)


def test_end_of_a_cancelled_job_leaves_its_successor(executor: ThreadPoolExecutor) -> None:
    """A cancelled job that ends late does not take the job of the same key with it."""
    with ThreadPoolExecutor(max_workers=2) as pair:
        jobs, old, new = Jobs(pair), Stubborn("old"), Work("new")
        with jobs.watch("key", old) as left:
            old.begun.wait(PATIENCE)
        with jobs.watch("key", new) as job:
            new.begun.wait(PATIENCE)
            old.go.set()
            assert ended(left) == "old"
            with jobs.watch("key", quick("never")) as joined:
                assert joined is job
            new.go.set()
            assert ended(job) == "new"


def test_slider_moved_quickly_completes_the_last_alone(jobs: Jobs) -> None:
    """Of five settings, each left for the next, only the one where the slider stays gets a result."""
    works = [Work(number) for number in range(5)]
    for number, work in enumerate(works[:-1]):
        with jobs.watch(str(number), work) as job:
            job.wait(0.01)
    with jobs.watch("4", works[-1]) as job:
        works[-1].go.set()
        assert ended(job) == 4
    assert not any(work.go.is_set() for work in works[:-1])
    assert all(work.cancelled.is_set() or work.calls == 0 for work in works[:-1])
    settled(jobs)


# Order


def test_first_come_first_served(jobs: Jobs) -> None:
    """Jobs run in the order in which they were first asked for."""
    order: list[int] = []
    gate = Work()
    with ExitStack() as stack:
        stack.enter_context(jobs.watch("gate", gate))
        waiting = [stack.enter_context(jobs.watch(str(n), lambda report, n=n: order.append(n))) for n in (3, 1, 2, 0)]
        stack.enter_context(jobs.watch("1", quick(None)))  # asking again changes nothing
        gate.go.set()
        for job in waiting:
            ended(job)
    assert order == [3, 1, 2, 0]


def test_position_counts_the_jobs_ahead(jobs: Jobs) -> None:
    """The running job is at 0, those behind it at 1, 2, …, and they move up when one ahead leaves or ends."""
    gate, second = Work(), Work()
    with ExitStack() as stack:
        running = stack.enter_context(jobs.watch("gate", gate))
        gate.begun.wait(PATIENCE)
        leaving = ExitStack()
        left = leaving.enter_context(jobs.watch("left", Work()))
        waiting = [stack.enter_context(jobs.watch(key, second)) for key in ("a", "b")]
        assert [jobs.position(job) for job in (running, left, *waiting)] == [0, 1, 2, 3]
        leaving.close()
        assert [jobs.position(job) for job in (running, left, *waiting)] == [0, 0, 1, 2]
        gate.go.set()
        second.begun.wait(PATIENCE)
        assert [jobs.position(job) for job in waiting] == [0, 1]
        second.go.set()
        for job in waiting:
            ended(job)
        assert [jobs.position(job) for job in waiting] == [0, 0]


def test_full_queue_says_its_numbers(executor: ThreadPoolExecutor) -> None:
    """Beyond one running and so many waiting, a new key is refused with a sentence; a known one is joined."""
    jobs, gate = Jobs(executor, max_waiting=2), Work()
    with ExitStack() as stack:
        for key in ("running", "a", "b"):
            job = stack.enter_context(jobs.watch(key, gate))
        with pytest.raises(QueueFull, match=r"^3 computations .* no more than 2 .*\.$"), jobs.watch("c", gate):
            pass
        with jobs.watch("b", gate) as joined:
            assert joined is job
        gate.go.set()
        ended(job)
    with jobs.watch("c", quick("value")) as job:
        assert ended(job) == "value"


def test_executor_that_refuses_leaves_no_job_behind(executor: ThreadPoolExecutor) -> None:
    """When the executor has been shut down every request says so, the second no less than the first."""
    jobs = Jobs(executor)
    executor.shutdown()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="shutdown"), jobs.watch("key", quick("never")):
            pass
    assert not jobs._jobs


def test_queue_makes_its_own_worker() -> None:
    """Without an executor, one job runs at a time."""
    jobs, first, second = Jobs(), Work(), Work()
    with jobs.watch("first", first), jobs.watch("second", second) as job:
        first.begun.wait(PATIENCE)
        assert not second.begun.wait(0.05)
        for work in (first, second):
            work.go.set()
        ended(job)
    jobs._executor.shutdown()


def test_as_many_jobs_run_side_by_side_as_are_counted() -> None:
    """With two at a time, the third one waits, and so many more may wait as one is told."""
    jobs, works = Jobs(count=2, max_waiting=1), [Work(number) for number in range(3)]
    with ExitStack() as stack:
        running = [stack.enter_context(jobs.watch(str(n), works[n])) for n in range(3)]
        for work in works[:2]:
            assert work.begun.wait(PATIENCE)
        assert not works[2].begun.wait(0.05)
        assert [jobs.position(job) for job in running] == [0, 0, 1]
        with pytest.raises(QueueFull, match=r"^3 computations .* no more than 1 "), jobs.watch("4", quick(4)):
            pass
        for work in works:
            work.go.set()
        assert [ended(job) for job in running] == [0, 1, 2]
    jobs._executor.shutdown()


# Leases


def test_lease_is_renewed_by_joining_again(leased: Jobs, clock: Clock) -> None:
    """Each watcher wants the job for so many seconds from when it last joined, and no longer."""
    work = Steps()
    job = leased.join("key", work, "page", 10)
    work.begun.wait(PATIENCE)
    clock.now += 9
    assert job.wanted
    assert leased.join("key", quick("never"), "page", 10) is job
    clock.now += 9
    assert job.wanted
    assert leased.watchers() == 1
    clock.now += 1
    assert not job.wanted
    assert leased.watchers() == 0
    work.next.release()
    with pytest.raises(Cancelled):
        ended(job)


def test_running_job_that_is_forgotten_finishes_its_step(leased: Jobs, clock: Clock) -> None:
    """When all leases run out a running job is not stopped in the middle, but between two steps."""
    work = Steps()
    job = leased.join("key", work, "page", 10)
    until(lambda: job.progress)
    clock.now += 60
    assert leased.get("key") is job
    work.next.release()
    with pytest.raises(Cancelled):
        ended(job)
    assert (work.steps, job.progress) == (1, "still in it")
    settled(leased)


def test_running_job_that_is_forgotten_makes_way_for_others(leased: Jobs, clock: Clock) -> None:
    """In the middle of its step, as soon as somebody waits who is still there."""
    work = Work()
    job = leased.join("key", work, "page", 10)
    until(lambda: job.progress)
    clock.now += 60
    waiting = leased.join("other", quick("other"), "somebody", 10)
    assert ended(waiting) == "other"
    with pytest.raises(Cancelled):
        ended(job)
    assert work.cancelled.is_set()
    settled(leased)


def test_forgotten_job_is_taken_up_again(leased: Jobs, clock: Clock) -> None:
    """Who joins a job that nobody wants any more, but that has not stopped yet, keeps it going."""
    work = Steps()
    job = leased.join("key", work, "page", 10)
    work.begun.wait(PATIENCE)
    clock.now += 60
    assert leased.join("key", quick("never"), "another page", 10) is job
    work.next.release()
    until(lambda: work.steps == 1)
    work.go.set()
    work.next.release()
    assert ended(job) == "value"


def test_job_about_to_stop_is_not_joined(leased: Jobs, clock: Clock) -> None:
    """Who comes when a forgotten job has just been told to stop gets a new one, with a place at the end."""
    told, go = threading.Event(), threading.Event()

    def stopping(report: Callable[..., None]) -> None:
        begun.set()
        forgotten.wait(PATIENCE)
        try:
            report(between_steps=True)
        finally:
            told.set()
            go.wait(PATIENCE)

    begun, forgotten = threading.Event(), threading.Event()
    job = leased.join("key", stopping, "page", 10)
    begun.wait(PATIENCE)
    other = leased.join("other", quick("other"), "page", 1000)
    clock.now += 60
    forgotten.set()
    told.wait(PATIENCE)
    assert leased.get("key") is None
    fresh = leased.join("key", quick("value"), "page", 10)
    assert fresh is not job
    assert [leased.position(waiting) for waiting in (other, fresh)] == [1, 2]
    go.set()
    assert (ended(other), ended(fresh)) == ("other", "value")


@pytest.mark.parametrize("runs", [False, True], ids=["waiting", "running"])
def test_who_renews_late_is_still_there(leased: Jobs, clock: Clock, runs: bool) -> None:
    """After a network that was cut: as long as nothing has ended the job, it goes on, and is not called stopped."""
    gate, work = Work(), Work()
    if not runs:
        leased.join("gate", gate, "somebody", 1e6)
    job = leased.join("key", work, "page", 15)
    (work if runs else gate).begun.wait(PATIENCE)
    clock.now += 60
    leased.renew(job, "page", 15)
    assert leased.get("key") is job
    gate.go.set()
    work.go.set()
    assert ended(job) == "value"


@pytest.mark.parametrize("runs", [False, True], ids=["waiting", "running"])
def test_whoever_is_there_need_not_look(leased: Jobs, clock: Clock, runs: bool) -> None:
    """A hidden page looks rarely: its job is wanted until it has gone, between any two steps."""
    here = [True]
    page = Watcher("page", lambda: here[0])
    gate, work = Work(), Steps()
    if not runs:
        leased.join("gate", gate, "somebody", 1e6)
    job = leased.join("key", work, page, 15)
    (work if runs else gate).begun.wait(PATIENCE)
    clock.now += 3600
    assert leased.get("key") is job
    assert job.wanted
    gate.go.set()
    work.next.release()
    until(lambda: work.steps == 1)
    here[0] = False
    assert not job.wanted
    work.next.release()
    with pytest.raises(Cancelled):
        ended(job)
    assert work.steps == 2


def test_a_watcher_is_known_by_name(leased: Jobs) -> None:
    """Each look makes a new one, and all of them are one visitor."""
    work = Work()
    job = leased.join("key", work, Watcher("page", lambda: True), 15)
    assert leased.join("key", quick("never"), Watcher("page", lambda: False), 15) is job
    assert leased.watchers() == 1
    leased.leave("key", Watcher("page", lambda: False))
    assert job.cancelled.is_set()


def test_waiting_job_that_is_forgotten_leaves_the_queue(leased: Jobs, clock: Clock) -> None:
    """A job whose leases run out while it waits never runs, and those behind it move up."""
    gate, forgotten = Work(), Work()
    with leased.watch("gate", gate) as running:
        until(lambda: running.started)
        left = leased.join("forgotten", forgotten, "page", 10)
        with leased.watch("last", quick("last")) as last:
            assert leased.position(last) == 2
            clock.now += 10
            assert leased.position(last) == 1
            assert leased.get("forgotten") is None
            gate.go.set()
            assert ended(last) == "last"
    assert forgotten.calls == 0
    with pytest.raises(CancelledError):
        left.result()


def test_forgotten_job_is_noticed_when_its_turn_comes(leased: Jobs, clock: Clock) -> None:
    """A job that nobody wants does not run, even if nobody has asked about the queue since."""
    gate, forgotten = Work(), Work()
    with leased.watch("gate", gate) as running:
        left = leased.join("forgotten", forgotten, "page", 10)
        clock.now += 10
        gate.go.set()
        ended(running)
    with pytest.raises(Cancelled):
        ended(left)
    assert forgotten.calls == 0


def test_forgotten_jobs_do_not_fill_the_queue(executor: ThreadPoolExecutor, clock: Clock) -> None:
    """The places of waiting jobs whose leases have run out are free."""
    jobs, gate = Jobs(executor, max_waiting=1, clock=clock), Work()
    with jobs.watch("gate", gate) as running:
        until(lambda: running.started)
        jobs.join("forgotten", gate, "page", 10)
        with pytest.raises(QueueFull):
            jobs.join("next", gate, "page", 10)
        clock.now += 10
        job = jobs.join("next", gate, "page", 10)
        gate.go.set()
        assert ended(job) == "value"


def test_leaving_cancels_in_the_middle(leased: Jobs) -> None:
    """Who leaves with a word is heard by the next report, if nobody else wants the job."""
    work = Work()
    job = leased.join("key", work, "page", 1000)
    leased.join("key", work, "another page", 1000)
    work.begun.wait(PATIENCE)
    leased.leave("key", "page")
    leased.leave("key", "page")
    leased.leave("key", "a stranger")
    leased.leave("another key", "another page")
    assert job.wanted
    leased.leave("key", "another page")
    assert not job.wanted
    assert leased.get("key") is None
    assert work.cancelled.wait(PATIENCE)
    with pytest.raises(Cancelled):
        ended(job)


def test_stranger_who_leaves_does_not_cancel_a_forgotten_job(leased: Jobs, clock: Clock) -> None:
    """A running job that nobody wants finishes its step, whatever others say who never wanted it."""
    work = Steps()
    job = leased.join("key", work, "page", 10)
    work.begun.wait(PATIENCE)
    clock.now += 60
    leased.leave("key", "a stranger")
    assert leased.get("key") is job
    leased.leave("key", "page")
    assert leased.get("key") is None
    work.next.release()
    with pytest.raises(Cancelled):
        ended(job)
    assert work.steps == 0


def test_lease_and_watch_hold_a_job_alike(leased: Jobs, clock: Clock) -> None:
    """A run that ends leaves the job to those with a lease, and a lease that ends leaves it to the run."""
    work = Work()
    with leased.watch("key", work) as job:
        assert work.begun.wait(PATIENCE)
        assert leased.join("key", work, "page", 10) is job
    assert job.wanted
    with leased.watch("key", work) as again:
        assert again is job
        clock.now += 60
        assert job.wanted
        leased.leave("key", "page")
        assert job.wanted
        assert leased.watchers() == 1
    assert not job.wanted
    assert work.cancelled.wait(PATIENCE)


def test_error_is_found_in_the_job_that_is_held(leased: Jobs, clock: Clock) -> None:
    """A page that looks in after the end still finds the error and the last progress, and only there."""

    def fail(report: Callable[..., None]) -> None:
        report("epoch 3")
        raise ValueError("diverged")

    job = leased.join("key", fail, "page", 10)
    assert job.wait(PATIENCE)
    settled(leased)
    clock.now += 60
    assert leased.get("key") is None
    assert job.progress == "epoch 3"
    with pytest.raises(ValueError, match="diverged"):
        job.result()


def test_job_knows_since_when_it_runs(leased: Jobs, clock: Clock) -> None:
    """`since` is the time on the clock at which the work began, and None before."""
    gate, work = Work(), Work()
    with leased.watch("gate", gate) as running, leased.watch("key", work) as job:
        gate.begun.wait(PATIENCE)
        assert (running.since, job.since) == (100.0, None)
        clock.now += 7
        gate.go.set()
        work.begun.wait(PATIENCE)
        assert (running.since, job.since) == (100.0, 107.0)
        work.go.set()
        ended(job)


# Together


@pytest.mark.parametrize("workers", [1, 3])
def test_many_threads_come_and_go(workers: int) -> None:
    """Eight threads that watch and leave few keys at random never deadlock, and get the right results."""
    failures: list[str] = []

    def visit(seed: int, jobs: Jobs) -> None:
        chance = random.Random(seed)
        for _ in range(150):
            key = str(chance.randrange(4))

            def work(report: Callable[..., None], key: str = key) -> str:
                for step in range(3):
                    report(step)
                return key

            with jobs.watch(key, work) as job:
                if chance.random() < 0.5 and ended(job) != key:
                    failures.append(key)

    with ThreadPoolExecutor(max_workers=workers) as executor:
        jobs = Jobs(executor)
        threads = [threading.Thread(target=visit, args=(seed, jobs), daemon=True) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert not any(thread.is_alive() for thread in threads), "deadlock"
        settled(jobs)
    assert not failures


def test_cancelled_work_stops_waiting_for_the_store(jobs: Jobs, tmp_path: Any) -> None:
    """Work that waits for the same value elsewhere hears through the store that nobody wants it any more."""
    store, holding, go = Store(tmp_path / "store", "1"), threading.Event(), threading.Event()

    def compute() -> str:
        holding.set()
        go.wait(PATIENCE)
        return "value"

    holder = threading.Thread(target=store.fetch, args=("key", compute), daemon=True)
    holder.start()
    holding.wait(PATIENCE)
    with jobs.watch("key", lambda report: store.fetch("key", compute, waiting=report)) as job:
        until(lambda: job.started)
    with pytest.raises(Cancelled):
        ended(job)
    go.set()
    holder.join(PATIENCE)
    assert store.get("key") == "value"


def test_watchers_counts_everybody_who_waits(jobs: Jobs) -> None:
    """Those who share a job count each, and nobody counts after leaving."""
    gate = Work()
    with ExitStack() as stack:
        job = stack.enter_context(jobs.watch("gate", gate))
        stack.enter_context(jobs.watch("gate", gate))
        with jobs.watch("next", quick(None)):
            assert jobs.watchers() == 3
        assert jobs.watchers() == 2
        gate.go.set()
        ended(job)
    assert jobs.watchers() == 0


def test_renewing_wants_a_job_for_longer_and_starts_none() -> None:
    """The lease of a job under way is prolonged; one that has ended is not started again."""
    now, calls, go = [0.0], [], threading.Event()

    def work(report: Callable[..., None]) -> str:
        calls.append(1)
        assert go.wait(10)
        return "done"

    jobs = Jobs(clock=lambda: now[0])
    job = jobs.join("a", work, "anna", 15)
    now[0] = 10
    jobs.renew(job, "anna", 15)
    now[0] = 20
    assert job.wanted
    go.set()
    assert job.wait(10)
    until_forgotten = time.monotonic() + 10
    while jobs.get("a") is not None and time.monotonic() < until_forgotten:
        time.sleep(0.01)
    jobs.renew(job, "anna", 15)
    assert jobs.get("a") is None
    assert (job.result(), calls) == ("done", [1])


# Turns and bounds of visitors


def asked(jobs: Jobs, stack: ExitStack, visitor: Visitor, keys: Iterable[str], order: list[str]) -> list[Job]:
    """Jobs of this visitor, each of which notes its key when its turn comes."""
    return [stack.enter_context(jobs.watch(key, lambda report, key=key: order.append(key), visitor)) for key in keys]


def test_many_tabs_of_one_browser_keep_nobody_waiting(executor: ThreadPoolExecutor) -> None:
    """Who comes when one has filled all places that they may is next, and is told so."""
    jobs, gate, order = Jobs(executor), Work(), []
    greedy, other = Visitor("10.0.0.1", "greedy"), Visitor("10.0.0.2", "other")
    with ExitStack() as stack:
        stack.enter_context(jobs.watch("gate", gate, greedy))
        assert gate.begun.wait(PATIENCE)
        waiting = asked(jobs, stack, greedy, [f"tab {n}" for n in range(PER_BROWSER)], order)
        with pytest.raises(QueueFull, match=rf"^{PER_BROWSER + 1} .* of yours .* no more than {PER_BROWSER} .*\.$"):
            asked(jobs, stack, greedy, ["one more"], order)
        waiting += asked(jobs, stack, other, ["other's"], order)
        assert [jobs.position(job) for job in waiting] == [2, 3, 4, 5, 1]
        gate.go.set()
        for job in waiting:
            ended(job)
    assert order == ["other's", "tab 0", "tab 1", "tab 2", "tab 3"]


def test_joining_takes_no_place(executor: ThreadPoolExecutor) -> None:
    """What is under way already can be asked for by whoever has no place left."""
    jobs, gate = Jobs(executor, per_browser=0), Work()
    with jobs.watch("a", gate, Visitor("1", "x")), jobs.watch("b", gate, Visitor("2", "y")) as job:
        with jobs.watch("b", gate, Visitor("1", "x")) as joined:
            assert joined is job
        gate.go.set()
        ended(job)


def test_made_up_browsers_fill_the_places_of_their_address_alone(executor: ThreadPoolExecutor) -> None:
    """Whoever comes from elsewhere is let in, and is next."""
    jobs, gate, order = Jobs(executor, per_address=3), Work(), []
    full = r"^4 computations .* at your network address, .* than 3 may wait\. .*\.$"
    with ExitStack() as stack:
        stack.enter_context(jobs.watch("gate", gate, Visitor("1", "gate")))
        assert gate.begun.wait(PATIENCE)
        for n in range(3):
            asked(jobs, stack, Visitor("1", f"made up {n}"), [f"{n}"], order)
        with pytest.raises(QueueFull, match=full):
            asked(jobs, stack, Visitor("1", "made up"), ["one more"], order)
        (job,) = asked(jobs, stack, Visitor("2", "elsewhere"), ["elsewhere"], order)
        assert jobs.position(job) == 1
        gate.go.set()
        ended(job)


def test_a_class_behind_one_proxy_is_not_locked_out(executor: ThreadPoolExecutor) -> None:
    """Thirty at one address have every place that a browser may have, and take turns."""
    jobs, gate, order = Jobs(executor), Work(), []
    with ExitStack() as stack:
        stack.enter_context(jobs.watch("gate", gate, Visitor("elsewhere", "")))
        assert gate.begun.wait(PATIENCE)
        waiting: list[Job] = []
        for student in range(30):
            keys = [f"{place} of {student}" for place in range(PER_BROWSER)]
            waiting += asked(jobs, stack, Visitor("school", f"{student}"), keys, order)
        gate.go.set()
        for job in waiting:
            ended(job)
    assert order == [f"{place} of {student}" for place in range(PER_BROWSER) for student in range(30)]


def test_a_waiting_job_that_is_dropped_has_ended_at_once(jobs: Jobs) -> None:
    """Whoever still holds it need not wait until the one that runs has ended."""
    gate, left = Work(), ExitStack()
    with jobs.watch("gate", gate):
        job = left.enter_context(jobs.watch("left", quick("never")))
        left.close()
        assert job.wait(0)
        gate.go.set()
