"""Temperatures for samples by either objective: asked here or by the workers, the same, and once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cache import mending, services
from pruning import Experiment, ImageExperiment, run
from pruning.data.task_of import task_of
from pruning.evaluation.evaluated import Evaluated, on_fresh_points
from pruning.inspect import asked_samples
from pruning.inspect.asked_samples import STEPS, Asked, mend
from pruning.lottery.progress import Progress
from tests.conftest import Here
from uncertainty.methods import predictor
from uncertainty.options import DropoutLayers, Source
from uncertainty.randomness import sampling_seed
from uncertainty.temperature import Objective, fit_temperature

DIGITS = ImageExperiment(train_images=100, max_epochs=2, prune_ratio=0.5)
POINTS = Experiment(points=200, hidden=(8,), max_epochs=10, prune_ratio=0.5)


@pytest.fixture(scope="module")
def digits() -> Evaluated:
    return Evaluated(run(DIGITS))


def test_the_temperatures_are_those_of_the_samples_that_are_asked(digits):
    """As `fit_temperature` finds them for the very samples; every step is told."""
    told: list[Any] = []
    task, network = task_of(DIGITS), digits.outcome.pruned
    asked = Asked(DIGITS, network, task, Source(), 8, digits.outcome.test_labels)
    found = mend(asked, report=told.append)
    from pruning.model.build import modules

    held_out = task.validation()
    voice = predictor(
        Source(), modules(DIGITS, network, task.n_classes), sampling_seed(0), lambda: held_out, lambda: held_out
    )
    logits = voice.voice.logits(held_out.inputs, 8)
    for objective in Objective:
        wanted = fit_temperature(logits, held_out.labels, objective).value
        assert found[objective].mended.temperature.value == pytest.approx(wanted, rel=1e-6)
    assert [each.message for each in told if isinstance(each, Progress)] == list(STEPS)


def test_the_workers_find_what_is_found_here_and_it_is_kept(here: Here, digits, monkeypatch):
    """A job asks the worker once; what it has found is what a page finds afterwards."""
    network = digits.outcome.pruned
    assert mending.stored(digits, network) is None
    job = mending.join(digits, network, "somebody", 60)
    until(lambda: job.wait(0.1))
    found = mending.stored(digits, network)
    assert found is not None
    assert set(job.result()) == {mending.key(digits, network)}

    def forbidden(*_: Any, **__: Any) -> None:
        raise AssertionError("asked again")

    monkeypatch.setattr(mending, "mend", forbidden)
    assert mending.by_objective(digits, network) is found
    monkeypatch.undo()
    services.services().store._memory.clear()
    alone = mend(mending._asked(digits, network), report=lambda progress: None)
    assert alone[Objective.SAMPLES].by_sample == found[Objective.SAMPLES].by_sample


def test_what_is_asked_decides_the_key(digits):
    """The network, which layers drop, what it is measured on."""
    outcome = run(POINTS)
    truth = Evaluated(on_fresh_points(outcome))
    last = run(POINTS, source=Source(layers=DropoutLayers.LAST))
    keys = [
        mending.key(digits, digits.outcome.pruned), mending.key(digits, digits.outcome.dense),
        mending.key(Evaluated(outcome), outcome.pruned), mending.key(truth, outcome.pruned),
        mending.key(Evaluated(last), last.pruned),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert all(json.loads(each)["samples"] == mending.SAMPLES for each in keys)


def test_on_fresh_points_the_truth_stands_in_place_of_labels(here: Here):
    """Asked about those points, not about the test points."""
    seen = Evaluated(on_fresh_points(run(POINTS)))
    found = mending.by_objective(seen, seen.outcome.pruned)
    truth = seen.outcome.test_labels
    noise = -(truth * np.log(np.maximum(truth, 1e-30))).sum(axis=1).mean()
    assert truth.shape == (4096, 2)
    assert found[Objective.PREDICTIVE].mended.before > noise
    assert asked_samples.STEPS[0].startswith("Asking")


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end
