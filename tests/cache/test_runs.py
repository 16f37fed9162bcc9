"""Runs of image experiments: what is stored, who shares a run, and that nothing is ever trained twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from cache import runs, services
from cache.jobs import Cancelled
from cache.services import Services
from cache.store import Store
from cache.workers.local import LocalWorkers
from pruning import RATIOS, ImageExperiment, Outcome, Strategy, run
from pruning.data import images
from pruning.data.image_task import ImageTask
from pruning.data.images import shown
from pruning.lottery.plan import results
from pruning.model import cost
from tests.conftest import keep, made
from tests.pruning.lottery.orders import steps

PATIENCE = 30  # seconds before a test gives up on something that hangs
TINY = ImageExperiment(train_images=100, max_epochs=1, strategy=Strategy.PRUNE_ONLY, prune_ratio=0.5)
TASK = ImageTask(TINY.dataset)


@pytest.fixture(scope="module")
def whole() -> Iterator[Outcome]:
    """All networks of the tiny experiment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield run(TINY, ratios=RATIOS)


def key_of(ratio: float, experiment: ImageExperiment = TINY) -> str:
    return results(experiment, RATIOS, TASK)[ratio].key


def ratios_of(outcome: Outcome | None) -> list[float] | None:
    return outcome and [network.prune_ratio for network in outcome.networks]


def quiet(progress: Any = None, *, between_steps: bool = False) -> None:
    """A report that nobody hears."""


# What is stored


def test_without_the_dense_network_there_is_nothing(here, whole):
    """An empty store has no outcome, nor has one in which the dense network is missing."""
    assert runs.stored(TINY) is None
    keep(whole, 0.5, 0.9)
    assert runs.stored(TINY) is None


def test_what_is_stored_is_an_outcome_in_order(here, whole):
    """The dense network alone, then more of them as they come, sorted by ratio, with the labels of the task."""
    keep(whole, 0.0)
    assert ratios_of(runs.stored(TINY)) == [0.0]
    keep(whole, 0.9, 0.5)
    outcome = runs.stored(TINY)
    assert ratios_of(outcome) == [0.0, 0.5, 0.9]
    assert outcome.experiment == TINY
    assert list(outcome.test_labels) == list(shown(TINY.dataset).test.labels)
    keep(whole, *RATIOS)
    assert ratios_of(runs.stored(TINY)) == list(RATIOS)


def test_the_dense_network_is_shared_and_pruned_ones_are_not(here, whole):
    """Another strategy finds the dense network alone; another seed finds nothing."""
    keep(whole, *RATIOS)
    assert ratios_of(runs.stored(replace(TINY, strategy="random_mask"))) == [0.0]
    assert runs.stored(replace(TINY, seed=1)) is None


def test_a_ratio_off_the_grid_is_one_more(here, whole):
    """All of the grid is found beside it."""
    keep(whole, *RATIOS)
    assert ratios_of(runs.stored(replace(TINY, prune_ratio=0.55))) == list(RATIOS)


# Who shares a run


def test_equal_experiments_have_one_key_whatever_the_ratio():
    """One run serves all prune ratios of the slider; what else is chosen is another run."""
    assert runs.key(TINY) == runs.key(replace(TINY, prune_ratio=0.9))
    others = [{"seed": 1}, {"strategy": "iterative"}, {"train_images": 200}, {"pruned_layers": "fully_connected"}]
    assert len({runs.key(TINY), *(runs.key(replace(TINY, **change)) for change in others)}) == 5


def test_other_images_are_another_run(monkeypatch):
    """The key knows the fingerprint of the data, not only their name."""
    before = runs.key(TINY)
    other = replace(shown(TINY.dataset), fingerprint="other")
    monkeypatch.setattr(images, "shown", lambda dataset: other)
    assert runs.key(TINY) != before


def test_two_who_ask_for_the_same_share_one_job(here, whole):
    """Both get the one outcome, and every network is trained once."""
    go = threading.Event()

    def instead(*args: Any, report: Any) -> dict[str, Any]:
        assert go.wait(PATIENCE)
        return made(whole)(*args, report=report)

    here.instead = instead
    one = runs.join(TINY, "one", 60)
    other = runs.join(replace(TINY, prune_ratio=0.9), "other", 60)
    go.set()
    assert one is other
    assert one.wait(PATIENCE)
    assert {key_of(ratio) for ratio in RATIOS} <= one.result().keys()
    assert ratios_of(runs.stored(TINY)) == list(RATIOS)
    assert sorted(here.keys) == sorted(key_of(ratio) for ratio in RATIOS)


def test_the_ratio_that_was_asked_for_comes_first(here, whole):
    """After the dense network, before the rest of the grid."""
    here.instead = made(whole)
    runs.train(TINY, quiet)
    assert here.keys[:2] == [key_of(0.0), key_of(0.5)]


# What is trained


def test_training_for_real_gives_what_a_plain_run_gives(here, whole):
    """Through workers, store and reports, the networks are those of `run`, stored each under its key."""
    reports = []
    runs.train(TINY, lambda progress=None, **_: reports.append(progress))
    outcome = runs.stored(TINY)
    assert ratios_of(outcome) == list(RATIOS)
    for ratio in RATIOS:
        assert (outcome.at(ratio).test.mean_probs == whole.at(ratio).test.mean_probs).all()
    told = [progress for progress in reports if progress is not None]
    assert {progress.done for progress in told} == set(range(len(RATIOS) + 1))
    assert {progress.total for progress in told} == {len(RATIOS)}


def test_what_is_stored_is_not_trained_again(here, whole):
    """Of a run whose networks are there, the workers hear nothing; `finished` names every step all the same."""
    keep(whole, *RATIOS)
    finished: set[str] = set()
    runs.train(TINY, quiet, finished=finished.update)
    assert here.keys == []
    assert finished == {step.key for step in steps(TINY, RATIOS)}


def test_only_what_is_missing_is_trained(here, whole):
    """The dense network and some others are there: the rest is trained from the stored dense one."""
    keep(whole, 0.0, 0.1, 0.5)
    found = []

    def instead(function: Any, order: Any, *, report: Any) -> dict[str, Any]:
        found.extend(order.parents.values())
        return made(whole)(function, order, report=report)

    here.instead = instead
    runs.train(TINY, quiet)
    assert sorted(here.keys) == sorted(key_of(ratio) for ratio in RATIOS if ratio not in (0.0, 0.1, 0.5))
    dense = runs.stored(TINY).dense
    assert found
    assert all(parent.level == 0 and parent.weights is dense.weights for parent in found)


def test_a_run_that_was_interrupted_goes_on_where_it_was(here, whole):
    """Three networks are finished when it is stopped; they are stored, shown, and not trained again."""
    here.instead = made(whole)
    finished: set[str] = set()

    def stop(progress: Any = None, *, between_steps: bool = False) -> None:
        if between_steps and len(finished) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        runs.train(TINY, stop, finished=finished.update)
    assert finished == set(here.keys)
    assert here.keys == [key_of(ratio) for ratio in (0.0, 0.5, 0.1)]
    assert ratios_of(runs.stored(TINY)) == [0.0, 0.1, 0.5]
    runs.train(TINY, quiet)
    assert len(here.keys) == len(set(here.keys)) == len(RATIOS)


def test_a_step_that_fails_is_not_stored(here, whole):
    """The error is passed on; what was finished before stays, and the next run tries the step again."""

    def instead(function: Any, order: Any, *, report: Any) -> dict[str, Any]:
        if order.batch.steps[0].prune_ratio == 0.1 and len(here.keys) == 3:
            raise MemoryError
        return made(whole)(function, order, report=report)

    here.instead = instead
    with pytest.raises(MemoryError):
        runs.train(TINY, quiet)
    assert ratios_of(runs.stored(TINY)) == [0.0, 0.5]
    runs.train(TINY, quiet)
    assert ratios_of(runs.stored(TINY)) == list(RATIOS)


# Who trains


@pytest.mark.parametrize("wish", ["-1", "many", "65"])
def test_a_wish_that_cannot_be_met_is_told(monkeypatch, tmp_path, wish):
    """A wrong number of workers is an error of `workers` and of `queue`, each time they are asked."""
    monkeypatch.setenv("EXPLORER_WORKERS", wish)
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setattr(services, "_current", Services(Store(tmp_path, "test")))
    for ask in (services.workers, services.queue, services.queue):
        with pytest.raises(ValueError, match=f"EXPLORER_WORKERS is '{wish}'"):
            ask()


def test_the_queue_has_a_thread_for_every_worker(monkeypatch, tmp_path):
    """Three workers are kept busy by three jobs at once."""
    monkeypatch.setenv("EXPLORER_WORKERS", "3")
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setattr(services, "_current", Services(Store(tmp_path, "test")))
    workers, jobs = services.workers(), services.queue()
    assert isinstance(workers, LocalWorkers)
    assert workers.count == 3
    together = threading.Barrier(3)
    started = [jobs.join(str(i), lambda report: together.wait(PATIENCE), "me", 60) for i in range(3)]
    assert all(job.wait(PATIENCE) for job in started)
    assert {job.result() for job in started} == {0, 1, 2}
