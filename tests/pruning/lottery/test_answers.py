"""Answers of trained networks: results of their own, by any method, on any part of the task, given once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pruning import Experiment, ImageExperiment, module
from pruning.data.csv_points import drawn_points
from pruning.data.images import training
from pruning.data.task_of import task_of
from pruning.experiment import Recipe
from pruning.lottery.engine import InMemory, answer, answers, here, run_seeds
from pruning.options import Part
from pruning.outcome import IMAGE_SAMPLES, MAX_SAMPLES, Outcome
from uncertainty.options import MC_DROPOUT, Method, Source
from uncertainty.predictive import entropy
from uncertainty.randomness import sampling_seed
from uncertainty.sampling import mc_dropout, single_pass

SINGLE_PASS = Source(Method.SINGLE_PASS)
POINTS = Experiment(points=200, hidden=(8,), max_epochs=5, prune_ratio=0.5, seed=3)
IMAGES = ImageExperiment(train_images=64, max_epochs=1, prune_ratio=0.5)


class Counted:
    """A call in this thread that notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __call__(self, function: Any, order: Any, *, report: Any) -> Any:
        self.asked.append(function)
        return here(function, order, report=report)


def trained(experiment: Recipe) -> tuple[InMemory, Outcome]:
    kept = InMemory()
    return kept, run_seeds(experiment, [experiment.seed], kept=kept)[0]


@pytest.mark.parametrize("experiment", [POINTS, IMAGES], ids=["points", "images"])
def test_the_validation_examples_can_be_asked_about_by_both_methods(experiment):
    """The very module of the network, its seed and numbers of samples; a single pass is one sample of its own."""
    kept, outcome = trained(experiment)
    task = task_of(experiment)
    inputs = task.inputs(Part.VALIDATION)
    sampled = answers(experiment, Part.VALIDATION, MC_DROPOUT, task, kept)
    single = answers(experiment, Part.VALIDATION, SINGLE_PASS, task, kept)
    assert list(sampled) == list(single) == [0.0, 0.5]
    for network in outcome.networks:
        model = module(experiment, network, outcome.n_classes)
        probs = mc_dropout(model, inputs, 5, sampling_seed(experiment.seed)).mean(axis=0)
        np.testing.assert_allclose(sampled[network.prune_ratio].probs(5), probs, atol=1e-6)
        np.testing.assert_array_equal(single[network.prune_ratio].logits, single_pass(model, inputs))
        found = single[network.prune_ratio]
        np.testing.assert_allclose(found.probs(1), found.single_pass(), atol=1e-7)
        np.testing.assert_allclose(found.aleatoric(1), entropy(found.single_pass()), atol=1e-6)
        assert (found.epistemic(1) == 0).all()
    most = IMAGE_SAMPLES[-1] if isinstance(experiment, ImageExperiment) else MAX_SAMPLES
    assert sampled[0.0].samples[-1] == most


def test_what_a_run_asks_is_found_again():
    """The test examples by MC dropout were asked about in the run itself: the same answer, and nobody is asked."""
    kept, outcome = trained(POINTS)
    call = Counted()
    found = answers(POINTS, Part.TEST, MC_DROPOUT, task_of(POINTS), kept, call)
    assert found[0.5] is outcome.pruned.test
    assert found[0.0] is outcome.dense.test
    assert call.asked == []


def test_an_answer_is_given_once():
    """Another part or method is another answer, and trains nothing."""
    kept, _ = trained(POINTS)
    call, task = Counted(), task_of(POINTS)
    asked = [(part, method) for part in (Part.VALIDATION, Part.OOD) for method in (MC_DROPOUT, SINGLE_PASS)]
    first = [answers(POINTS, part, method, task, kept, call) for part, method in asked]
    assert call.asked == [answer] * 4  # of both networks, but not about what the run has asked already
    again = [answers(POINTS, part, method, task, kept, call) for part, method in asked]
    assert len(call.asked) == 4
    assert all(a[0.5] is b[0.5] for a, b in zip(first, again, strict=True))


def test_networks_that_are_not_there_say_nothing():
    """Of those that are not kept there is no answer, and nothing is trained for one."""
    kept, _ = trained(POINTS)
    found = answers(POINTS, Part.TEST, SINGLE_PASS, task_of(POINTS), kept, ratios=(0.3, 0.5))
    assert list(found) == [0.0, 0.5]
    assert answers(POINTS, Part.TEST, SINGLE_PASS, task_of(POINTS), InMemory()) == {}


def test_fresh_points_are_asked_about_where_there_are_any():
    """Those of the task; own points and pictures have none, which is told."""
    kept, outcome = trained(POINTS)
    found = answers(POINTS, Part.FRESH, SINGLE_PASS, task_of(POINTS), kept)
    np.testing.assert_array_equal(found[0.5].logits, outcome.pruned.fresh.logits)
    own = drawn_points([[i % 7, i % 5 + 3 * (i % 2), i % 2] for i in range(60)])
    kept = InMemory()
    run_seeds(POINTS, [3], points=own, kept=kept)
    with pytest.raises(ValueError, match="fresh points are drawn from the task's distribution"):
        answers(POINTS, Part.FRESH, SINGLE_PASS, task_of(POINTS, own), kept)
    kept, _ = trained(IMAGES)
    with pytest.raises(ValueError, match="no fresh pictures"):
        answers(IMAGES, Part.FRESH, SINGLE_PASS, task_of(IMAGES), kept)


def test_the_validation_images_are_those_of_the_early_stop():
    """Whatever is drawn of the training images."""
    assert task_of(IMAGES).inputs(Part.VALIDATION) is training(IMAGES.dataset, 64, 0).val.pixels
