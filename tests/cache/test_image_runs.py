"""Runs of image experiments: what is stored, who shares a run, and that nothing is ever trained twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from cache import image_runs
from cache import results as stored_results
from cache.jobs import Cancelled
from cache.workers.local import LocalWorkers
from pruning import RATIOS, ImageExperiment, Network, Outcome, Strategy
from pruning.data.images import shown
from pruning.lottery.image_engine import run_images
from pruning.lottery.image_plan import results, steps
from pruning.model import cost

PATIENCE = 30  # seconds before a test gives up on something that hangs
TINY = ImageExperiment(train_images=100, max_epochs=1, strategy=Strategy.PRUNE_ONLY, prune_ratio=0.5)
FINGERPRINT = shown(TINY.dataset).fingerprint


@pytest.fixture(scope="module")
def whole() -> Iterator[Outcome]:
    """All networks of the tiny experiment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield run_images(TINY, ratios=RATIOS)


def key_of(ratio: float, experiment: ImageExperiment = TINY) -> str:
    return results(experiment, RATIOS, FINGERPRINT)[ratio].key


def keep(outcome: Outcome, *ratios: float) -> None:
    """Store the networks of these ratios."""
    for ratio in ratios:
        stored_results.STORE.fetch(key_of(ratio), partial(outcome.at, ratio))


def ratios_of(outcome: Outcome | None) -> list[float] | None:
    return outcome and [network.prune_ratio for network in outcome.networks]


def quiet(progress: Any = None, *, between_steps: bool = False) -> None:
    """A report that nobody hears."""


def made(whole: Outcome) -> Callable[..., Network]:
    """Instead of training: the network that has been trained."""
    return lambda experiment, step, dense, last, report: whole.at(step.prune_ratio)


# What is stored


def test_without_the_dense_network_there_is_nothing(here, whole):
    """An empty store has no outcome, nor has one in which the dense network is missing."""
    assert image_runs.stored(TINY) is None
    keep(whole, 0.5, 0.9)
    assert image_runs.stored(TINY) is None


def test_what_is_stored_is_an_outcome_in_order(here, whole):
    """The dense network alone, then more of them as they come, sorted by ratio, with the labels of the task."""
    keep(whole, 0.0)
    assert ratios_of(image_runs.stored(TINY)) == [0.0]
    keep(whole, 0.9, 0.5)
    outcome = image_runs.stored(TINY)
    assert ratios_of(outcome) == [0.0, 0.5, 0.9]
    assert outcome.experiment == TINY
    assert list(outcome.test_labels) == list(shown(TINY.dataset).test.labels)
    keep(whole, *RATIOS)
    assert ratios_of(image_runs.stored(TINY)) == list(RATIOS)


def test_the_dense_network_is_shared_and_pruned_ones_are_not(here, whole):
    """Another strategy finds the dense network alone; another seed finds nothing."""
    keep(whole, *RATIOS)
    assert ratios_of(image_runs.stored(replace(TINY, strategy="random_mask"))) == [0.0]
    assert image_runs.stored(replace(TINY, seed=1)) is None


def test_a_ratio_off_the_grid_is_one_more(here, whole):
    """All of the grid is found beside it."""
    keep(whole, *RATIOS)
    assert ratios_of(image_runs.stored(replace(TINY, prune_ratio=0.55))) == list(RATIOS)


# Who shares a run


def test_equal_experiments_have_one_key_whatever_the_ratio():
    """One run serves all prune ratios of the slider; what else is chosen is another run."""
    assert image_runs.key(TINY) == image_runs.key(replace(TINY, prune_ratio=0.9))
    others = [{"seed": 1}, {"strategy": "iterative"}, {"train_images": 200}, {"pruned_layers": "fully_connected"}]
    assert len({image_runs.key(TINY), *(image_runs.key(replace(TINY, **change)) for change in others)}) == 5


def test_other_images_are_another_run(monkeypatch):
    """The key knows the fingerprint of the data, not only their name."""
    before = image_runs.key(TINY)
    monkeypatch.setattr(image_runs, "shown", lambda dataset: replace(shown(dataset), fingerprint="other"))
    assert image_runs.key(TINY) != before


def test_two_who_ask_for_the_same_share_one_job(here, whole):
    """Both get the one outcome, and every network is trained once."""
    go = threading.Event()

    def instead(*args: Any, report: Any) -> Network:
        assert go.wait(PATIENCE)
        return made(whole)(*args, report=report)

    here.instead = instead
    one = image_runs.join(TINY, "one", 60)
    other = image_runs.join(replace(TINY, prune_ratio=0.9), "other", 60)
    go.set()
    assert one is other
    assert one.wait(PATIENCE)
    assert ratios_of(one.result()) == list(RATIOS)
    assert sorted(here.keys) == sorted(key_of(ratio) for ratio in RATIOS)


def test_the_ratio_that_was_asked_for_comes_first(here, whole):
    """After the dense network, before the rest of the grid."""
    here.instead = made(whole)
    image_runs.train(TINY, quiet)
    assert here.keys[:2] == [key_of(0.0), key_of(0.5)]


# What is trained


def test_training_for_real_gives_what_a_plain_run_gives(here, whole):
    """Through workers, store and reports, the networks are those of `run_images`, stored each under its key."""
    reports = []
    outcome = image_runs.train(TINY, lambda progress=None, **_: reports.append(progress))
    assert ratios_of(outcome) == ratios_of(image_runs.stored(TINY)) == list(RATIOS)
    for ratio in RATIOS:
        assert (outcome.at(ratio).test.mean_probs == whole.at(ratio).test.mean_probs).all()
    told = [progress for progress in reports if progress is not None]
    assert {progress.step for progress in told} == set(range(len(RATIOS)))
    assert {progress.steps for progress in told} == {len(RATIOS)}


def test_what_is_stored_is_not_trained_again(here, whole):
    """Of a run whose networks are there, the workers hear nothing; `finished` names every step all the same."""
    keep(whole, *RATIOS)
    finished: list[str] = []
    outcome = image_runs.train(TINY, quiet, finished.append)
    assert here.keys == []
    assert ratios_of(outcome) == list(RATIOS)
    assert finished == [step.key for step in steps(TINY, RATIOS, FINGERPRINT)]


def test_only_what_is_missing_is_trained(here, whole):
    """The dense network and some others are there: the rest is trained from the stored dense one."""
    keep(whole, 0.0, 0.1, 0.5)
    parents = []

    def instead(experiment: Any, step: Any, dense: Network, last: Network, report: Any) -> Network:
        parents.append((dense, last))
        return whole.at(step.prune_ratio)

    here.instead = instead
    image_runs.train(TINY, quiet)
    assert sorted(here.keys) == sorted(key_of(ratio) for ratio in RATIOS if ratio not in (0.0, 0.1, 0.5))
    assert all(dense is whole.dense and last is whole.dense for dense, last in parents)


def test_a_run_that_was_interrupted_goes_on_where_it_was(here, whole):
    """Three networks are finished when it is stopped; they are stored, shown, and not trained again."""
    here.instead = made(whole)
    finished: list[str] = []

    def stop(progress: Any = None, *, between_steps: bool = False) -> None:
        if between_steps and len(finished) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        image_runs.train(TINY, stop, finished.append)
    assert here.keys == finished == [key_of(ratio) for ratio in (0.0, 0.5, 0.1)]
    assert ratios_of(image_runs.stored(TINY)) == [0.0, 0.1, 0.5]
    image_runs.train(TINY, quiet)
    assert len(here.keys) == len(set(here.keys)) == len(RATIOS)


def test_a_step_that_fails_is_not_stored(here, whole):
    """The error is passed on; what was finished before stays, and the next run tries the step again."""

    def instead(experiment: Any, step: Any, *rest: Any, report: Any) -> Network:
        if step.prune_ratio == 0.1 and len(here.keys) == 3:
            raise MemoryError
        return whole.at(step.prune_ratio)

    here.instead = instead
    with pytest.raises(MemoryError):
        image_runs.train(TINY, quiet)
    assert ratios_of(image_runs.stored(TINY)) == [0.0, 0.5]
    assert ratios_of(image_runs.train(TINY, quiet)) == list(RATIOS)


# Who trains


@pytest.mark.parametrize("wish", ["0", "many", "65"])
def test_a_wish_that_cannot_be_met_is_told(monkeypatch, wish):
    """A wrong number of workers is an error of `workers` and of `queue`, each time they are asked."""
    monkeypatch.setenv("EXPLORER_WORKERS", wish)
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setattr(image_runs, "_workers_and_queue", image_runs._workers_and_queue.__wrapped__)
    for ask in (image_runs.workers, image_runs.queue, image_runs.queue):
        with pytest.raises(ValueError, match=f"EXPLORER_WORKERS is '{wish}'"):
            ask()


def test_the_queue_has_a_thread_for_every_worker(monkeypatch):
    """Three workers are kept busy by three jobs at once."""
    monkeypatch.setenv("EXPLORER_WORKERS", "3")
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    workers, jobs = image_runs._workers_and_queue.__wrapped__()
    assert isinstance(workers, LocalWorkers)
    assert workers.count == 3
    together = threading.Barrier(3)
    started = [jobs.join(str(i), lambda report: together.wait(PATIENCE), "me", 60) for i in range(3)]
    assert all(job.wait(PATIENCE) for job in started)
    assert {job.result() for job in started} == {0, 1, 2}
