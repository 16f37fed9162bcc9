"""The gap between training and test accuracy: by hand, and on networks of both kinds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pruning import Experiment, ImageExperiment, Outcome, PlaneOutcome, run
from pruning.data import images
from pruning.inspect import training_gap as module
from pruning.inspect.training_gap import training_gap
from pruning.model.build import module as built


@pytest.fixture(scope="module")
def outcome() -> PlaneOutcome:
    found = run(Experiment(hidden=(16,), points=200, max_epochs=60, prune_ratio=0.5), ratios=(0.5,))
    assert isinstance(found, PlaneOutcome)
    return found


def agreeing(outcome: Outcome, inputs: np.ndarray, labels: np.ndarray) -> float:
    """The share that the dense network calls by their labels."""
    network = built(outcome.experiment, outcome.dense, outcome.n_classes)
    with torch.no_grad():
        return float((network(torch.from_numpy(inputs)).argmax(1).numpy() == labels).mean())


def test_it_is_the_difference_of_two_accuracies(outcome):
    """Of all training points, less that of all test points."""
    learned = agreeing(outcome, outcome.train_inputs, outcome.train_labels)
    seen = agreeing(outcome, outcome.test_inputs, outcome.test_labels)
    assert training_gap(outcome, outcome.dense) == pytest.approx(learned - seen)


def test_labels_turned_round_turn_it_round(outcome):
    """With every training label the other one, what was right is wrong."""
    other = replace(outcome, train_labels=1 - outcome.train_labels)
    seen = agreeing(outcome, outcome.test_inputs, outcome.test_labels)
    due = 1 - (training_gap(outcome, outcome.dense) + seen) - seen
    assert training_gap(other, outcome.dense) == pytest.approx(due)


def test_of_many_examples_the_first_are_asked(outcome, monkeypatch):
    """Ten of them."""
    monkeypatch.setattr(module, "MOST", 10)
    due = agreeing(outcome, outcome.train_inputs[:10], outcome.train_labels[:10])
    seen = agreeing(outcome, outcome.test_inputs, outcome.test_labels)
    assert training_gap(outcome, outcome.dense) == pytest.approx(due - seen)


def test_a_pruned_network_answers_without_its_units(outcome):
    """Its own weights, its own test answers."""
    network = built(outcome.experiment, outcome.pruned, outcome.n_classes)
    with torch.no_grad():
        called = network(torch.from_numpy(outcome.train_inputs)).argmax(1).numpy()
    learned = (called == outcome.train_labels).mean()
    seen = (outcome.pruned.test.single_pass().argmax(1) == outcome.test_labels).mean()
    assert training_gap(outcome, outcome.pruned) == pytest.approx(learned - seen)


def test_digits_have_one_too():
    """Of the images that were learned, with their labels."""
    found = run(ImageExperiment(train_images=100, max_epochs=3), ratios=())
    learned = images.training(found.experiment.dataset, 100, 0).train
    seen = float((found.dense.test.single_pass().argmax(1) == found.test_labels).mean())
    assert training_gap(found, found.dense) == pytest.approx(agreeing(found, learned.pixels, learned.labels) - seen)
