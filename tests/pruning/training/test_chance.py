"""Chance, and the state of a network that has not got beyond it."""

from __future__ import annotations

from dataclasses import replace
from math import inf, log, nan

import numpy as np
import pytest

from pruning import Architecture, ImageExperiment, Network, Strategy, run
from pruning.data.images import training
from pruning.training.chance import chance_loss, left_chance
from tests.pruning.lottery.orders import steps, trained
from uncertainty.predictions import Predictions

NOTHING = Predictions((1,), np.ones((1, 0, 2)), np.zeros((1, 0)), np.zeros((0, 2)))
TINY = {"train_images": 64, "max_epochs": 2}


def network(*val_loss, stop=0, chance=1.0, epochs=None):
    epochs = len(val_loss) - 1 if epochs is None else epochs
    return Network(
        prune_ratio=0.5, level=1, masks={}, start_weights={}, weights={}, early_stop_epoch=stop,
        train_loss=np.zeros(epochs), val_loss=np.array(val_loss), diverged=False, units=1, parameters=1,
        multiply_adds=1, latency=0.0, test=NOTHING, ood=NOTHING, chance_loss=chance,
    )  # fmt: skip


# ---- the loss of chance


@pytest.mark.parametrize(
    ("labels", "loss"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], log(8)),
        ([1, 0, 1, 0], log(2)),
        ([0, 0, 0, 1], -0.75 * log(0.75) - 0.25 * log(0.25)),  # 0.562, less than ln 2
        ([0, 2, 2, 0], log(2)),  # a class without examples
        ([3, 3], 0.0),
    ],
)
def test_the_loss_of_chance_is_the_entropy_of_the_classes(labels, loss):
    """ln C where classes are equally frequent, less where they are not, nothing where there is but one."""
    assert chance_loss(np.array(labels)) == pytest.approx(loss, abs=1e-12)


def test_no_one_answer_beats_chance():
    """The class frequencies themselves reach it; of a thousand other answers none is better."""
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 200, p=[0.6, 0.3, 0.1])
    answers = rng.dirichlet([1, 1, 1], 1000)
    losses = -np.log(answers)[:, labels].mean(axis=1)
    frequencies = np.bincount(labels) / len(labels)
    assert -np.log(frequencies)[labels].mean() == pytest.approx(chance_loss(labels))
    assert losses.min() > chance_loss(labels)


@pytest.mark.parametrize(
    ("loss", "left"), [(0.98 * log(8), True), (0.995 * log(8), False), (3.0, False), (nan, False), (0.0, True)]
)
def test_chance_is_left_below_a_hundredth_under_it(loss, left):
    """What is no number has not left it."""
    assert left_chance(loss, log(8)) is left


# ---- the state


@pytest.mark.parametrize(
    ("found", "trained"),
    [
        (network(1.2, 0.5, stop=1), True),
        (network(1.0, 0.995, 0.998, stop=1), False),
        (network(1.2, 0.98, 0.5, stop=1), True),  # the kept loss decides, and no other
        (network(0.98, 1.0, stop=0), True),
        (network(1.2, 0.995, 0.5, stop=1), False),
        (network(nan, nan, stop=0), False),
        (network(3.0, stop=None), True),  # left as pruning made it: nothing has failed
        (network(1.2, 9.0, stop=1, chance=inf), True),  # where chance is not known
    ],
)
def test_a_network_is_trained_where_its_kept_loss_has_left_chance(found, trained):
    """Epoch by epoch relative to a loss of chance of one nat."""
    assert found.trained is trained


def test_the_loss_of_chance_is_that_of_the_validation_labels(small):
    """On images and on the plane alike; one of two classes in three has 0.637 nats, not ln 2."""
    images = run(ImageExperiment(**TINY, prune_ratio=0.5))
    labels = training(images.experiment.dataset, 64, 0).val.labels
    assert {one.chance_loss for one in images.networks} == {chance_loss(labels)}
    plane = run(small(max_epochs=2, prune_ratio=0.5))
    assert len({one.chance_loss for one in plane.networks}) == 1
    assert 0.9 * log(2) < plane.dense.chance_loss <= log(2)


def test_digits_are_left_at_chance_without_a_gradient():
    """Seed 2 keeps three neurons that are silent for every digit: that network has not trained, the dense one has."""
    outcome = run(ImageExperiment(seed=2, strategy="random_mask", prune_ratio=0.9, max_epochs=6))
    assert outcome.dense.trained
    assert not outcome.pruned.trained
    assert outcome.pruned.val_loss.min() > 0.99 * log(8)


# ---- parents


def test_what_an_untrained_network_chose_is_marked():
    """Its children and their children, though these learn; where neither mask nor weights are its own, nothing is."""
    experiment = ImageExperiment(**TINY, strategy="iterative", prune_ratio=0.2, network=Architecture.SMALL)
    outcome = run(experiment, ratios=(0.1, 0.2))
    dense, first, _ = outcome.networks
    plan = steps(experiment, (0.1, 0.2))
    failed = replace(dense, val_loss=np.full_like(dense.val_loss, 3.0))
    assert not failed.trained
    child = trained(plan[1], failed, failed)
    assert not child.parents_trained
    grown = replace(child, val_loss=np.zeros_like(child.val_loss))
    assert grown.trained
    assert not trained(plan[2], failed, grown).parents_trained
    lucky = replace(first, val_loss=np.zeros_like(first.val_loss), parents_trained=True)
    assert trained(plan[2], dense, lucky).parents_trained
    chance = replace(experiment, strategy=Strategy.RANDOM_MASK)
    assert trained(plan[1], failed, failed, experiment=chance).parents_trained


@pytest.mark.parametrize(("strategy", "needed"), [("iterative", True), ("one_shot", True), ("random_mask", False)])
def test_on_the_plane_parents_are_marked_too(small, strategy, needed):
    """A dense network that two steps of 10⁻⁶ leave at chance is the parent of all, unless masks are drawn."""
    outcome = run(small(strategy=strategy, learning_rate=1e-6, max_epochs=2, prune_ratio=0.2), ratios=(0.1, 0.2))
    assert [one.trained for one in outcome.networks] == [False] * 3
    assert [one.parents_trained for one in outcome.networks] == [True, not needed, not needed]
    learned = run(small(strategy=strategy, prune_ratio=0.2), ratios=(0.1, 0.2))
    assert all(one.trained and one.parents_trained for one in learned.networks)
