"""What the tests of pages and of stored results share: a store of their own, and workers without processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cache import runs, services
from cache.jobs import Jobs
from cache.services import Services
from cache.store import Store
from pruning import RATIOS, Network, Outcome
from pruning.data.task_of import task_of
from pruning.lottery.engine import carry_out
from pruning.lottery.order import Order
from pruning.lottery.plan import SHOWN, Step, answers_key, results
from pruning.model import cost
from pruning.outcome import TrainedNetwork
from uncertainty.options import Method

Carry = Callable[..., dict[str, Any]]


class Here:
    """Workers that are this thread and note what they train; `instead` is carried out where it is set."""

    count = 1

    def __init__(self) -> None:
        self.trained: list[Step] = []
        self.instead: Carry | None = None

    @property
    def keys(self) -> list[str]:
        return [step.key for step in self.trained]

    @property
    def ratios(self) -> list[float]:
        return [step.prune_ratio for step in self.trained]

    def call(self, function: Carry, order: Order, *, report: Callable[[Any], None]) -> dict[str, Any]:
        if function is not carry_out:
            return function(order, report=report)
        self.trained += order.batch.steps
        return self.instead(function, order, report=report) if self.instead else function(order, report=report)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """An empty store, a queue of its own, and workers without processes."""
    workers = Here()
    use(monkeypatch, tmp_path / "store", workers)
    monkeypatch.setattr(cost, "latency", partial(cost.latency, repeats=1))
    return workers


def use(patch: pytest.MonkeyPatch, folder: Path, workers: Here | None = None) -> Services:
    """A store in this folder and queues for all visits while the patch lasts."""
    found = Services(Store(folder, "test"), Jobs(), lambda: workers or Here(), Jobs())
    patch.setattr(services, "_current", found)
    return found


def train_instead(patch: pytest.MonkeyPatch, instead: Carry) -> None:
    """What is carried out in this thread, on points: `instead` takes the function, the order and `report`."""
    patch.setattr(runs, "here", instead)


def briefly(function: Carry, order: Order, *, report: Callable[[Any], None]) -> dict[str, Any]:
    """Networks that are trained for one epoch, under the keys of those that were asked for."""
    steps = tuple(replace(step, experiment=replace(step.experiment, max_epochs=1)) for step in order.batch.steps)
    return function(replace(order, batch=replace(order.batch, steps=steps)), report=report)


def parts(step: Step, network: Network) -> dict[str, Any]:
    """A network as what is kept of it: itself and its answers, by their keys."""
    bare = TrainedNetwork(**{field.name: getattr(network, field.name) for field in fields(TrainedNetwork)})
    answers = zip(SHOWN, (network.test, network.ood), strict=True)
    return {step.key: bare} | {answers_key(step.key, Method.MC_DROPOUT, part): said for part, said in answers}


def keep(outcome: Outcome, *ratios: float) -> None:
    """Store the networks of these ratios, of an experiment on images."""
    experiment = outcome.experiment
    for ratio, step in results(experiment, RATIOS, task_of(experiment)).items():
        if ratio in ratios:
            kept = parts(step, outcome.at(ratio))
            services.services().store.fetch_all(kept, lambda missing, kept=kept: kept)


def made(whole: Outcome) -> Carry:
    """Instead of training: the networks that have been trained."""

    def instead(function: Carry, order: Order, *, report: Callable[[Any], None]) -> dict[str, Any]:
        return {
            key: kept for step in order.batch.steps for key, kept in parts(step, whole.at(step.prune_ratio)).items()
        }

    return instead
