"""Seconds of trainings and of asking: whose they are, added up by hand, and a dash for what nobody measured here."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from cache.plain_data import packed, unpacked
from pruning import Experiment, ImageExperiment
from pruning.data.task_of import task_of
from pruning.lottery.clock import machine_key, training_seconds
from pruning.lottery.engine import InMemory, Run, carry_out, here
from pruning.lottery.members import members
from pruning.lottery.plan import plan, results
from pruning.options import Part
from uncertainty.options import MC_DROPOUT, Method, Source
from uncertainty.timed import TimedPredictions, seconds_of, this_machine

POINTS = Experiment(points=200, hidden=(6,), max_epochs=4, prune_ratio=0.5, strategy="iterative")
IMAGES = ImageExperiment(train_images=64, max_epochs=1, prune_ratio=0.5)
TASK = task_of(POINTS)


def ran(experiment: Any, source: Source, call: Any = here) -> InMemory:
    kept = InMemory()
    Run([experiment], (), task_of(experiment), kept, call, source=source).train()
    return kept


@pytest.fixture(scope="module")
def kept() -> InMemory:
    """The networks of an ensemble."""
    return ran(POINTS, Source("ensemble"))


def test_an_ensemble_costs_the_trainings_of_all_its_members(kept):
    """Of one network its own and those before it; of ten their sum."""
    trained = members(POINTS, Method.ENSEMBLE)
    spent = {
        ratio: [kept.get(results(each, (), TASK)[ratio].key).history.seconds for each in trained]
        for ratio in (0.0, 0.5)
    }
    for ratio, seconds in spent.items():
        assert training_seconds(POINTS, ratio, TASK, kept.get, Method.MC_DROPOUT) == seconds[0] > 0
        assert training_seconds(POINTS, ratio, TASK, kept.get, Method.ENSEMBLE) == pytest.approx(sum(seconds))
    assert sum(spent[0.5]) > sum(spent[0.0])  # those of the dense networks are among them


def test_a_network_of_another_machine_makes_the_sum_unknown(kept):
    """Wherever it stands on the way: a pruned network took the seconds of the dense one, too."""
    steps = [step for batch in plan([POINTS], (), TASK) for step in batch.steps]
    assert len(steps) > 2  # a chain
    for step in steps:
        for foreign in ("elsewhere", None):

            def get(key: str, step: Any = step, foreign: str | None = foreign) -> Any:
                return foreign if key == machine_key(step.key) else kept.get(key)

            assert math.isnan(training_seconds(POINTS, 0.5, TASK, get, Method.SINGLE_PASS))
            assert math.isnan(training_seconds(POINTS, 0.5, TASK, get, Method.ENSEMBLE))
            dense = training_seconds(POINTS, 0.0, TASK, get, Method.SINGLE_PASS)
            assert math.isnan(dense) == (step.prune_ratio == 0)


def test_what_was_not_trained_took_nobody_knows_how_long():
    """Nothing is kept yet, or kept by a build that did not say where it was trained."""
    assert math.isnan(training_seconds(POINTS, 0.5, TASK, InMemory().get, Method.SINGLE_PASS))

    def older(function: Any, order: Any, *, report: Any) -> Any:
        found = here(function, order, report=report)
        return {key: value for key, value in found.items() if not isinstance(value, str)}

    kept = ran(POINTS, MC_DROPOUT, older)
    assert kept.get(results(POINTS, (), TASK)[0.5].key) is not None
    assert math.isnan(training_seconds(POINTS, 0.5, TASK, kept.get, Method.SINGLE_PASS))


@pytest.mark.parametrize("experiment", [POINTS, IMAGES], ids=["points", "images"])
@pytest.mark.parametrize("method", ["mc_dropout", "last_layer"])
def test_every_answer_says_what_it_took(experiment, method):
    """On points and images, with the training and after it; what is fitted took time before it was asked."""
    run = Run([experiment], (), task_of(experiment), InMemory(), source=Source(method))
    run.train()
    (outcome,) = run.outcomes()
    for said in (outcome.pruned.test, outcome.pruned.ood, outcome.dense.validation):
        assert isinstance(said, TimedPredictions)
        assert said.machine == this_machine()
        assert seconds_of(said) > 0
        assert seconds_of(said) == said.fitting + said.asking
    if method == "last_layer":
        assert outcome.pruned.test.fitting > 0


def test_an_answer_is_kept_with_its_seconds():
    """They survive the store; the thread that trains on images says them like any other."""
    kept = ran(replace(POINTS, prune_ratio=0.0), MC_DROPOUT)
    (said,) = (
        value for key, value in kept._results.items()
        if isinstance(value, TimedPredictions) and f'"part": "{Part.OOD}"' in key
    )  # fmt: skip
    again = unpacked(packed(said))
    assert (type(again), again.asking, again.machine) == (TimedPredictions, said.asking, said.machine)


def test_a_batch_says_where_it_was_trained():
    """Beside networks and answers, under keys of its own."""
    calls = []

    def call(function: Any, order: Any, *, report: Any) -> Any:
        found = here(function, order, report=report)
        if function is carry_out:
            calls.append((order, found))
        return found

    ran(POINTS, MC_DROPOUT, call)
    for order, found in calls:
        assert {found[machine_key(step.key)] for step in order.batch.steps} == {this_machine()}
