"""Runs on points that wait are trained side by side, and each is, to the bit, what it is alone."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from cache import runs
from cache import training as module
from cache.jobs import Cancelled, Job, Joint, Rest
from cache.results import outcomes
from cache.services import services
from cache.store import Store
from cache.training import training
from cache.turns import Visitor
from cache.visitor import Visit, VisitStore
from cache.workers.local import LocalWorkers
from pruning import RATIOS, Diverged, Experiment, run
from pruning.data.csv_points import drawn_points
from pruning.data.task_of import task_of
from pruning.lottery.engine import InMemory, Run, carry_out
from pruning.lottery.order import Order
from pruning.lottery.plan import results
from pruning.lottery.progress import Progress
from tests.conftest import train_instead
from uncertainty.options import MC_DROPOUT, Source

PATIENCE = 60  # seconds before a test gives up on something that hangs
CLOCKED = ("latency", "seconds", "fitting", "asking")  # fields that no two runs have the same
SMALL = Experiment(points=200, hidden=(12, 8), max_epochs=12, patience=5, learning_rate=0.03, data_seed=1)
POINTS = drawn_points([(x, y, c) for x in range(10) for y in range(10) for c in range(2)])
SEEDS = [replace(SMALL, seed=seed) for seed in range(3)]
UNLIKE = [
    SMALL,
    replace(SMALL, seed=7, data_seed=2, noise=0.1),
    replace(SMALL, strategy="iterative", prune_ratio=0.3, criterion="taylor"),
    replace(SMALL, strategy="prune_only", seed=3, label_noise=0.1, scope="global", dropout_rule="scaled"),
]


class Trainer:
    """Notes every stack that is trained, from the first of those who wait on; `before` is called with each order."""

    def __init__(self) -> None:
        self.stacks: list[list[Experiment]] = []
        self.before: Callable[[Order], None] = lambda order: None
        self.busy, self.go = threading.Event(), threading.Event()

    def __call__(self, function: Any, order: Order, *, report: Any) -> Any:
        self.busy.set()
        assert self.go.wait(PATIENCE)
        if function is carry_out and order.batch.steps[0].experiment.hidden == SMALL.hidden:
            self.stacks.append([step.experiment for step in order.batch.steps])
            self.before(order)
        return function(order, report=report)

    @property
    def seeds(self) -> list[list[int]]:
        """Of each stack."""
        return [[each.seed for each in stack] for stack in self.stacks]


@dataclass
class Class:
    """Jobs of as many visitors, each of whom may leave."""

    jobs: list[Job] = field(default_factory=list)
    visits: list[ExitStack] = field(default_factory=list)


@pytest.fixture
def trainer(here: Any, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    found = Trainer()
    train_instead(monkeypatch, found)
    return found


@contextmanager
def at_once(trainer: Trainer, experiments: list[Experiment]) -> Iterator[Class]:
    """All asked for while somebody else's network trains, which then goes on; at the end, all have ended."""
    found = Class()
    with ExitStack() as stack:
        stack.enter_context(asked(replace(SMALL, hidden=(3,), max_epochs=1, strategy="prune_only")))
        assert trainer.busy.wait(PATIENCE)
        for each in experiments:
            found.visits.append(stack.enter_context(ExitStack()))
            found.jobs.append(found.visits[-1].enter_context(asked(each)))
        trainer.go.set()
        yield found
        for job in found.jobs:
            assert job.wait(PATIENCE), "the job hangs"


@contextmanager
def asked(experiment: Experiment) -> Iterator[Job]:
    visit = Visit(VisitStore(), None, Visitor("address", experiment.key()))
    with services().jobs.watch(runs.key(experiment), training(experiment, visit), visit.visitor) as job:
        yield job


@cache  # asked for by several tests
def alone(experiment: Experiment) -> dict[str, Any]:
    """What a run gives that nobody shares, by its keys."""
    found = Run([experiment], RATIOS, task_of(experiment), InMemory(), progress=lambda progress: None)
    found.train()
    return found.found


def timeless(value: Any) -> Any:
    """Every bit of a result, in what can be compared, but what a clock has measured."""
    if is_dataclass(value):
        names = [each.name for each in fields(value) if each.name not in CLOCKED]
        return type(value), [(name, timeless(getattr(value, name))) for name in names]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return [(key, timeless(each)) for key, each in value.items()]
    return [timeless(each) for each in value] if isinstance(value, list | tuple) else value


def is_timed(key: str) -> bool:
    return "latency" in json.loads(key)


# Bytes


@pytest.mark.parametrize("experiments", [SEEDS, UNLIKE], ids=["seeds", "unlike"])
def test_every_run_is_to_the_bit_what_it_is_alone(trainer, experiments):
    """Under the same keys, in the store and in what its job returns; the dense networks of all are one stack."""
    with at_once(trainer, experiments) as found:
        pass
    assert len(trainer.stacks[0]) == len({results(each, (), task_of(each))[0.0].key for each in experiments})
    for each, job in zip(experiments, found.jobs, strict=True):
        expected = alone(each)
        assert job.result().keys() == expected.keys()
        for key in filter(lambda key: not is_timed(key), expected):
            assert timeless(services().store.get(key)) == timeless(job.result()[key]) == timeless(expected[key])
        assert runs.complete(runs.stored(each))


def test_all_have_their_own_networks_before_anybody_has_the_rest(trainer):
    """Dense, then at the own ratio, side by side; then of each the other ratios, a stack of its own."""
    with at_once(trainer, SEEDS):
        pass
    assert trainer.seeds[:2] == [[0, 1, 2]] * 2
    assert trainer.seeds[2:] == [[seed] * (len(RATIOS) - 2) for seed in range(3)]


def test_what_is_kept_is_not_trained_again(trainer):
    """Of two, one has been trained before: the other one is alone in its stacks, and both end."""
    with at_once(trainer, SEEDS[:1]):
        pass
    trainer.stacks.clear()
    with at_once(trainer, SEEDS[:2]) as found:
        pass
    assert trainer.seeds == [[1], [1], [1] * (len(RATIOS) - 2)]
    assert found.jobs[0].result().keys() >= {key for key in alone(SEEDS[0]) if "machine" not in json.loads(key)}


def test_all_of_it_comes_once_and_last(trainer, monkeypatch):
    """Also where another server on the same store has trained the rest before this one's last turn."""
    last = module._whole

    def late(*asked: Any) -> Any:
        time.sleep(0.5)  # several looks
        return last(*asked)

    def another_server(order: Order) -> None:
        there = alone(SMALL)
        Store(services().store.folder, services().store.version).fetch_all(there, lambda keys: there, alone=["other"])

    monkeypatch.setattr(module, "_whole", late)
    trainer.before = another_server
    trainer.go.set()
    shown = list(outcomes(SMALL, Silent(), Visit(VisitStore())))
    assert [runs.complete(each) for each in shown][-1:] == [True]
    assert not any(runs.complete(each) for each in shown[:-1])
    assert trainer.seeds == [[0]]


def test_a_run_that_ended_before_it_asked_about_fresh_points_is_not_over(trainer):
    """All networks are there, and nobody would ever ask them; of own points there are no fresh ones."""
    with at_once(trainer, [SMALL]):
        pass
    found = runs.stored(SMALL)
    unasked = replace(found, fresh=None, networks=tuple(replace(each, fresh=None) for each in found.networks))
    assert runs.complete(found)
    assert not runs.complete(unasked)
    assert runs.complete(unasked, Visit(VisitStore(), POINTS))


class Silent:
    """Nobody looks at the progress."""

    def progress(self, share: float, text: str) -> None:
        """Shown to nobody."""


# Who goes along


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("dataset", "circles"),
        ("points", 300),
        ("hidden", (12,)),
        ("dropout", 0.1),
        ("learning_rate", 0.1),
        ("patience", 6),
        ("max_epochs", 13),
        ("rewind_epoch", 1),
    ],
)
def test_what_a_stack_has_in_common_is_another_kind(here, name, value):
    other = replace(SMALL, **{name: value})
    assert kind(other) != kind(SMALL)
    assert kind(replace(other, seed=1)) == kind(other)


def test_what_may_differ_within_a_stack_is_of_one_kind(here):
    """Seeds, data, what is pruned and by what; a method is one's own, and so are own points and what is kept."""
    assert len({kind(each) for each in UNLIKE + SEEDS}) == 1
    mine, yours = (Visit(VisitStore(), POINTS) for _ in range(2))
    assert len({kind(SMALL), kind(SMALL, source=Source("ensemble")), kind(SMALL, mine), kind(SMALL, yours)}) == 4
    assert kind(SMALL, mine) == kind(SEEDS[1], mine)


def kind(experiment: Experiment, visit: Visit | None = None, source: Source = MC_DROPOUT) -> Any:
    return training(experiment, visit or Visit(VisitStore()), source).kind


# Leaving and failing


def test_who_leaves_stops_nobody_else(trainer):
    """In the middle of the dense networks: theirs is the last of them, and the others are what they are alone."""

    def leaves(order: Order) -> None:
        found.visits[1].close()

    trainer.before = leaves
    with at_once(trainer, SEEDS) as found:
        pass
    with pytest.raises(Cancelled):
        found.jobs[1].result()
    assert trainer.seeds[:2] == [[0, 1, 2], [0, 2]]
    assert {seed for stack in trainer.seeds[2:] for seed in stack} == {0, 2}
    expected = alone(SEEDS[2])
    for key in filter(lambda key: not is_timed(key), expected):
        assert timeless(found.jobs[2].result()[key]) == timeless(expected[key])


def test_nobody_trains_for_nobody(trainer):
    """Once all of a stack have left, it ends in its middle."""

    def all_leave(order: Order) -> None:
        for visit in found.visits:
            visit.close()

    trainer.before = all_leave
    with at_once(trainer, SEEDS) as found:
        pass
    assert trainer.seeds == [[0, 1, 2]]
    assert all(isinstance(job.future.exception(), Cancelled) for job in found.jobs)
    assert runs.stored(SMALL) is None


def test_a_run_that_fails_fails_alone(trainer):
    """The others are trained without it; its error is its own."""

    def spoilt(order: Order) -> None:
        if any(step.experiment.seed == 2 for step in order.batch.steps):
            raise Diverged("the loss of seed 2 is no number")

    trainer.before = spoilt
    with at_once(trainer, SEEDS) as found:
        pass
    with pytest.raises(Diverged, match=r"^the loss of seed 2 is no number$"):
        found.jobs[2].result()
    assert trainer.seeds[0] == [0, 1, 2]
    assert [2] in trainer.seeds
    for job, each in zip(found.jobs, SEEDS, strict=True):
        assert each.seed == 2 or job.result().keys() == alone(each).keys()


def test_all_that_diverge_say_what_they_say_alone(trainer):
    spoilt = [replace(each, learning_rate=1e30) for each in SEEDS[:2]]
    with pytest.raises(Diverged) as expected:
        run(spoilt[0])
    with at_once(trainer, spoilt) as found:
        pass
    for job in found.jobs:
        assert str(job.future.exception()) == str(expected.value)


# Progress


def test_each_is_told_of_its_own_networks(here):
    """As many as it would have alone, one after the other, with an outcome that only grows."""
    works: list[Joint] = [training(each, Visit(VisitStore())) for each in SEEDS]
    heard: list[list[Progress | None]] = [[] for _ in works]

    def listener(to: list[Progress | None]) -> Callable[..., None]:
        return lambda progress=None, *, between_steps=False: to.append(progress)

    came = works[0].together([work.asked for work in works], [listener(to) for to in heard])
    shown = [[progress.outcome for progress in to if progress and progress.outcome][-1] for to in heard]
    assert [[network.prune_ratio for network in each.networks] for each in shown] == [[0.0, 0.5]] * len(SEEDS)
    for to in heard:  # what becomes of the others' networks is no news
        assert [each.done for each in to if each and each.message.startswith("Trained")] == [1, 2]
    for each, to in zip(came, heard, strict=True):
        while isinstance(each, Rest):
            each = each.work(listener(to))
    for experiment, to in zip(SEEDS, heard, strict=True):
        told = [progress for progress in to if progress]
        done = [progress.done for progress in told]
        assert done == sorted(done)
        assert set(done) == set(range(len(RATIOS) + 1))
        assert {progress.total for progress in told} == {len(RATIOS)}
        outcomes = [progress.outcome for progress in told if progress.outcome]
        assert {outcome.experiment for outcome in outcomes} == {experiment}
        sizes = [sum(1 + (network.fresh is not None) for network in outcome.networks) for outcome in outcomes]
        assert sizes == sorted(sizes)
        assert sizes[-1] == 2 * len(RATIOS)


# Where


def test_what_is_left_trains_beside_those_who_draw_where_others_wait(trainer, monkeypatch):
    """In a process of this machine, if there are such; one visitor alone is served in the server itself."""
    there = []

    class Processes(LocalWorkers):
        def call(self, function: Any, order: Order, *, report: Any) -> Any:
            there.append(function)
            return function(order, report=report)

    monkeypatch.setitem(vars(services()), "crew", Processes(1))
    trainer.go.set()
    with asked(SEEDS[0]) as job:
        job.future.result(PATIENCE)
    assert there == []
    with at_once(trainer, SEEDS):
        pass
    assert carry_out in there
    assert trainer.seeds[-1] == [2] * (len(RATIOS) - 2)  # here: the last of all, for whom nobody waits


def test_what_is_left_takes_its_turn_among_pictures(trainer):
    """It does not begin while as many are computed as there are cores, and may be left meanwhile."""
    pictures, held = services().pictures, 0
    while pictures.acquire(blocking=False):
        held += 1
    trainer.go.set()
    with ExitStack() as visit:
        job = visit.enter_context(asked(SEEDS[0]))
        end = time.monotonic() + PATIENCE
        while job.turns < 2:
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(0.3)
        assert trainer.seeds == [[0], [0]]
        visit.close()
        with pytest.raises(Cancelled):
            job.future.result(PATIENCE)
    pictures.release(held)
    with at_once(trainer, SEEDS[:1]) as found:
        pass
    assert runs.complete(runs.stored(SEEDS[0]))
    assert found.jobs[0].future.exception() is None
