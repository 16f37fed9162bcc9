"""What the tests of pages and of stored results share: a store of their own, and workers without processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before PyTorch is there: small networks are slower on two threads

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
from uncertainty.options import MC_DROPOUT

Carry = Callable[..., dict[str, Any]]
TESTS = Path(__file__).parent
PATIENCE = 20  # seconds until work that was cancelled should have heard of it
CLOCK = ("latency", "seconds_spent")
"""Figures that a clock has measured: no two runs have the same."""
CLOCK_ROWS = ("Measured latency", "Seconds spent")
"""What the table of figures calls them."""
# The files that take minutes, then those that take a good part of one: begun early, none is waited for at the end.
LONGEST = (
    "test_hands_in_browser.py", "test_access_in_browser.py", "test_images_in_browser.py",
    "test_moons_in_browser.py", "test_place_in_browser.py", "test_window_in_browser.py", "test_stories_in_browser.py",
    "test_player_in_browser.py", "test_tour_in_browser.py", "test_planes_in_browser.py", "test_network_drawn.py",
    "test_pad_in_browser.py", "test_tickets.py", "test_url.py", "test_engine.py", "test_points_tab.py",
    "test_presets.py", "test_moons_page.py", "test_images_page.py", "test_image_trainer.py", "test_export_tab.py",
    "test_determinism.py",
)  # fmt: skip


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """`-n logical`, which is asked for by default: a process a core, but one alone for a room or a few files."""
    if config.option.numprocesses != "logical":
        return None
    asked = [Path(argument.partition("::")[0]).resolve() for argument in config.args]
    many = any((TESTS / "browser").is_relative_to(path) for path in asked)
    return min(len(os.sched_getaffinity(0)), 8) if many else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several processes share the files, the longest ones come first."""
    if hasattr(config, "workerinput"):
        rank = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


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
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    """An empty store, a queue of its own, and workers without processes."""
    workers = Here()
    found = use(monkeypatch, tmp_path / "store", workers)
    monkeypatch.setattr(cost, "latency", partial(cost.latency, repeats=1))
    yield workers
    end(found.jobs, found.queue)


def end(*queues: Jobs) -> None:
    """Cancel what is under way and wait for it: whatever goes on would use what the next test puts in its place."""
    under_way = [job for queue in queues for job in tuple(queue._jobs.values())]
    for job in under_way:
        job.cancelled.set()
    wait([job.future for job in under_way], PATIENCE)


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
    answers = zip(SHOWN, (network.test, network.ood, network.validation), strict=True)
    return {step.key: bare} | {answers_key(step.key, MC_DROPOUT, part): said for part, said in answers}


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
