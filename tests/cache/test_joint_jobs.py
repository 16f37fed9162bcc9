"""What the queue promises of work in turns: many in one turn, something for all before everything for anybody."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from cache.jobs import PASSED_OVER, TOGETHER, Cancelled, Job, Jobs, Joint, QueueFull, Rest
from cache.turns import Visitor
from tests.cache.test_jobs import PATIENCE, Work, ended, quick, settled


class Together:
    """Work of one kind, which notes what is carried out side by side."""

    def __init__(self, kind: str = "kind", spoilt: Sequence[Any] = ()) -> None:
        self.kind = kind
        self.spoilt = spoilt
        self.turns: list[list[Any]] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self.go.set()

    def of(self, asked: Any) -> Joint:
        return Joint(self.kind, asked, self.carry_out)

    def carry_out(self, asked: Sequence[Any], reports: Sequence[Callable[..., None]]) -> list[Any]:
        self.turns.append(list(asked))
        for each, report in zip(asked, reports, strict=True):
            report(f"{each} is under way")
        self.begun.set()
        assert self.go.wait(PATIENCE)
        if any(each in self.spoilt for each in asked):
            raise ArithmeticError(f"of {', '.join(map(str, asked))}")
        return [f"{each} came" for each in asked]


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        yield Jobs(executor)


@contextmanager
def held(jobs: Jobs) -> Iterator[Work]:
    """While the only thread is busy, until `go` is set."""
    gate = Work()
    with jobs.watch("gate", gate):
        assert gate.begun.wait(PATIENCE)
        yield gate
        gate.go.set()


def waiting(jobs: Jobs, stack: ExitStack, works: dict[str, Any], visitor: str = "") -> list[Job]:
    """Jobs by their keys, each of a browser of its own unless one is named."""
    return [
        stack.enter_context(jobs.watch(key, work, Visitor("address", visitor or key))) for key, work in works.items()
    ]


def test_what_waits_is_carried_out_together_if_it_is_of_one_kind(jobs: Jobs) -> None:
    """In one turn; each job has its own progress and its own result; other work is passed by and comes next."""
    one, other, order = Together(), Together("other kind"), []

    def note(report: Any) -> None:
        order.append("c")

    works = {
        "a": one.of(1),
        "b": other.of(2),
        "c": note,
        "d": one.of(4),
        "e": other.of(5),
    }
    with ExitStack() as stack:
        with held(jobs):
            a, b, c, d, e = waiting(jobs, stack, works)
            assert [jobs.position(job) for job in (a, b, c, d, e)] == [1, 2, 3, 1, 2]
        assert [ended(job) for job in (a, b, d, e)] == ["1 came", "2 came", "4 came", "5 came"]
        assert (a.progress, d.progress) == ("1 is under way", "4 is under way")
        ended(c)
    assert (one.turns, other.turns, order) == ([[1, 4]], [[2, 5]], ["c"])
    settled(jobs)


def test_who_comes_while_a_turn_is_taken_waits_for_the_next(jobs: Jobs) -> None:
    work = Together()
    work.go.clear()
    with ExitStack() as stack:
        first = waiting(jobs, stack, {"a": work.of(1)})
        assert work.begun.wait(PATIENCE)
        late = waiting(jobs, stack, {"b": work.of(2), "c": work.of(3)})
        work.go.set()
        for job in first + late:
            ended(job)
    assert work.turns == [[1], [2, 3]]


def test_no_more_than_a_class_is_carried_out_in_one_turn(jobs: Jobs) -> None:
    """In the order of their turns: of the browser that asked for two, the second comes last of all."""
    work = Together()
    with ExitStack() as stack:
        with held(jobs):
            many = waiting(jobs, stack, {"x": work.of("x"), "y": work.of("y")}, "greedy")
            many += waiting(jobs, stack, {f"{n}": work.of(n) for n in range(TOGETHER)})
            assert jobs.position(many[1]) == jobs.position(many[-1]) == 2
        for job in many:
            ended(job)
    assert work.turns == [["x", *range(TOGETHER - 1)], [TOGETHER - 1, "y"]]


def test_a_place_with_others_in_a_turn_is_a_turn_of_one_s_own(jobs: Jobs) -> None:
    """Who went along has had theirs: somebody who has not is before their next."""
    work, order = Together(), []
    work.go.clear()

    def note(name: str) -> Callable[[Any], None]:
        return lambda report: order.append(name)

    with ExitStack() as stack:
        with held(jobs):
            waiting(jobs, stack, {"a": work.of(1)}, "a")
            waiting(jobs, stack, {"b": work.of(2), "b again": note("b again")}, "b")
            waiting(jobs, stack, {"c": note("c")}, "c")
        assert work.begun.wait(PATIENCE)
        last = waiting(jobs, stack, {"a again": note("a again")}, "a")
        work.go.set()
        ended(last[0])
    assert order == ["c", "b again", "a again"]


def test_who_leaves_a_turn_stops_nobody_else(jobs: Jobs) -> None:
    """Their job has ended as one that was cancelled alone; the others come to their results."""
    heard = threading.Event()

    def together(asked: Sequence[Any], reports: Sequence[Callable[..., None]]) -> list[Any]:
        begun.set()
        assert gone.wait(PATIENCE)
        with pytest.raises(Cancelled):
            reports[0]("is it still wanted?")
        reports[1]("going on")
        heard.set()
        return [Rest(quick("never")), "came"]

    begun, gone = threading.Event(), threading.Event()
    with ExitStack() as stack:
        leaving = ExitStack()
        with held(jobs):
            (left,) = waiting(jobs, leaving, {"a": Joint("kind", 1, together)})
            (stays,) = waiting(jobs, stack, {"b": Joint("kind", 2, together)})
        assert begun.wait(PATIENCE)
        leaving.close()
        gone.set()
        assert ended(stays) == "came"
        assert (heard.is_set(), stays.progress) == (True, "going on")
        with pytest.raises(Cancelled):
            ended(left)
    settled(jobs)


def test_who_has_left_before_does_not_go_along(jobs: Jobs) -> None:
    work, leaving = Together(), ExitStack()
    with ExitStack() as stack:
        with held(jobs):
            waiting(jobs, leaving, {"a": work.of(1)})
            (stays,) = waiting(jobs, stack, {"b": work.of(2)})
            leaving.close()
        assert ended(stays) == "2 came"
    assert work.turns == [[2]]


def test_what_fails_fails_alone(jobs: Jobs) -> None:
    """With the words that it has alone; the others, each alone now, come to their results."""
    work = Together(spoilt=[2])
    with ExitStack() as stack:
        with held(jobs):
            a, b, c = waiting(jobs, stack, {"a": work.of(1), "b": work.of(2), "c": work.of(3)})
        assert (ended(a), ended(c)) == ("1 came", "3 came")
        with pytest.raises(ArithmeticError, match=r"^of 2$"):
            ended(b)
    assert work.turns == [[1, 2, 3], [1], [2], [3]]
    settled(jobs)


# The rest


def steps(name: str, order: list[str], count: int) -> Callable[[Any], Any]:
    """Work of so many turns, which notes each."""

    def step(report: Any, n: int = 1) -> Any:
        order.append(f"{name}{n}")
        report(f"{name}{n}")
        return Rest(lambda report: step(report, n + 1)) if n < count else f"{name} came"

    return step


def test_work_of_several_turns_is_one_job(jobs: Jobs) -> None:
    order: list[str] = []
    with jobs.watch("a", steps("a", order, 3)) as job:
        assert ended(job) == "a came"
    assert (order, job.progress, job.turns) == (["a1", "a2", "a3"], "a3", 3)
    settled(jobs)


def test_everybody_has_something_before_anybody_has_everything(jobs: Jobs) -> None:
    """Also those who come later; where nobody is left to go first, who has begun goes on."""
    order: list[str] = []
    with ExitStack() as stack:
        with held(jobs):
            many = waiting(jobs, stack, {name: steps(name, order, 2) for name in "abc"})
        for job in many:
            ended(job)
    assert order == ["a1", "b1", "c1", "a2", "b2", "c2"]


@contextmanager
def rest_waiting(jobs: Jobs, rest: Any, visitor: str = "") -> Iterator[tuple[Job, ExitStack, Work]]:
    """A job that has had a turn and waits for the rest, until `go` is set; leaving the stack leaves the job."""
    first, gate = Work(), Work()
    with ExitStack() as stack:
        (job,) = waiting(jobs, stack, {"first": lambda report: first(report) and Rest(rest)}, visitor)
        assert first.begun.wait(PATIENCE)
        with jobs.watch("gate", gate):
            first.go.set()
            assert gate.begun.wait(PATIENCE)
            yield job, stack, gate
            gate.go.set()


def test_newcomers_keep_nobody_from_the_rest_for_ever(jobs: Jobs) -> None:
    """So many turns in a row, then one of those who have begun, and the position of who waits counts it."""
    order: list[str] = []
    with rest_waiting(jobs, steps("rest", order, 1)) as (job, stack, gate):
        new = waiting(jobs, stack, {f"{n}": steps(f"new {n}, ", order, 1) for n in range(PASSED_OVER + 1)})
        assert [jobs.position(each) for each in (job, *new)] == [0, 1, 2, *range(4, PASSED_OVER + 3)]
        gate.go.set()
        for each in (job, *new):
            ended(each)
    assert order.index("rest1") == PASSED_OVER - 1  # the gate was one of them


def test_who_leaves_while_the_rest_waits_has_ended_at_once(jobs: Jobs) -> None:
    order: list[str] = []
    with rest_waiting(jobs, steps("rest", order, 1)) as (job, stack, _):
        stack.close()
        assert job.wait(0)
        with pytest.raises(CancelledError):
            job.result()
    settled(jobs)
    assert order == []


def test_a_job_between_its_turns_keeps_its_place_in_the_count() -> None:
    """Who has one that waits for its rest has as many places left as with one that runs."""
    with ThreadPoolExecutor(max_workers=1) as executor:
        jobs = Jobs(executor, per_browser=1)
        with rest_waiting(jobs, quick("came"), "x") as (_, stack, _):
            waiting(jobs, stack, {"a": quick(1)}, "x")
            with pytest.raises(QueueFull):
                waiting(jobs, stack, {"b": quick(2)}, "x")


def test_an_executor_that_takes_no_more_ends_the_job() -> None:
    """Its error is that of whoever waits, instead of a wait without end."""
    executor = ThreadPoolExecutor(max_workers=1)
    work = Work()
    with Jobs(executor).watch("a", lambda report: work(report) and Rest(quick("never"))) as job:
        assert work.begun.wait(PATIENCE)
        executor.shutdown(wait=False)
        work.go.set()
        with pytest.raises(RuntimeError, match="shutdown"):
            ended(job)
