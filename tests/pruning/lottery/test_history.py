"""Epochs in all: what is in a network's weights, what it took, and which early stops compare."""

from __future__ import annotations

import math
import pickle
import time

import pytest

from pruning import Experiment, ImageExperiment, Strategy, run
from pruning.lottery.history import History, next_history

SOME = (0.1, 0.2, 0.5)
DENSE = History(spent=91, seconds=2.5)  # stopped at epoch 71


def following(strategy, rewind_epoch=0, last=DENSE, stop=71, epochs=30, seconds=0.25):
    recipe = Experiment(strategy=strategy, rewind_epoch=rewind_epoch)
    return next_history(recipe, 91, last, stop, epochs, seconds)


def test_fine_tuning_goes_on_where_the_last_network_stopped():
    """The 71 epochs of the dense one are in its weights; a second level has those of the first too."""
    first = following("one_shot")
    assert first == History(before=71, trainings=2, spent=121)
    second = following("iterative_finetune", last=first, stop=8, epochs=28)
    assert second == History(before=79, trainings=3, spent=149)


@pytest.mark.parametrize("strategy", ["one_shot_rewind", "iterative", "random_mask"])
def test_rewinding_goes_back_to_its_epoch(strategy):
    """Only k epochs are in the weights, the last of the dense run where that came before k; all others are spent."""
    assert following(strategy) == History(before=0, trainings=1, spent=121)
    assert following(strategy, 5) == History(before=5, trainings=1, spent=121)
    assert following(strategy, 2000) == History(before=91, trainings=1, spent=121)
    third = following(strategy, 5, last=History(before=5, spent=180), stop=44, epochs=64)
    assert third == History(before=5, trainings=1, spent=244)


def test_new_random_weights_have_no_epochs_in_them():
    """Whatever the rewind epoch."""
    assert following("one_shot_random", 5) == History(before=0, trainings=1, spent=121)


def test_without_retraining_nothing_is_added():
    """The weights are those of the dense network at its stop, and nothing more was spent."""
    assert following("prune_only", epochs=0) == History(before=71, trainings=1, spent=91)


@pytest.mark.parametrize("strategy", Strategy)
def test_the_seconds_of_every_training_add_up(strategy):
    """2.5 of the dense one, a quarter of each level, whatever the weights start from."""
    first = following(strategy)
    assert first.seconds == 2.75
    assert following(strategy, last=first, stop=8).seconds == 3.0


def test_seconds_decide_nothing():
    """Two clocks never agree; what was kept by an older version has none, and then nobody knows their sum."""
    assert History(spent=91, seconds=2.5) == History(spent=91, seconds=7.0)
    old = pickle.loads(pickle.dumps(DENSE).replace(b"seconds", b"another"))
    assert old == DENSE
    assert math.isnan(old.seconds)
    assert math.isnan(following("one_shot", last=old).seconds)


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("rewind_epoch", [0, 3])
def test_an_outcome_tells_the_epochs_in_all(outcome_of, strategy, rewind_epoch):
    """From the lengths of the trainings themselves, for every strategy."""
    outcome = outcome_of(strategy=strategy, rewind_epoch=rewind_epoch, ratios=SOME)
    dense = outcome.dense
    assert dense.history == History(spent=len(dense.train_loss))
    assert dense.epochs_in_all == dense.early_stop_epoch
    before = {"trained": dense.early_stop_epoch, "rewound": rewind_epoch, "random": 0}[strategy.start_from]
    for network in outcome.networks[1:]:
        first = not strategy.iterative or network.level == 1
        if not strategy.retrain:
            assert (network.early_stop_epoch, network.epochs_in_all) == (None, None)
            assert network.history.spent == dense.history.spent
            assert network.history.seconds == dense.history.seconds
            assert network.kept_epoch == 0
            continue
        if first or strategy.start_from != "trained":
            assert network.epochs_in_all == before + network.early_stop_epoch
        if first:
            assert network.history.spent == len(dense.train_loss) + len(network.train_loss)
        assert network.history.trainings == (1 + network.level if strategy.start_from == "trained" else 1)


def test_a_chain_adds_up_its_levels(outcome_of):
    """Levels 1 and 2 follow each other: the second has spent what the first has and its own besides."""
    for strategy in ("iterative", "iterative_finetune"):
        _, first, second, _ = outcome_of(strategy=strategy, ratios=SOME).networks
        assert second.history.spent == first.history.spent + len(second.train_loss)
        assert second.history.seconds > first.history.seconds
        if strategy == "iterative_finetune":
            assert second.history.before == first.epochs_in_all


def test_the_shares_of_a_stack_are_no_more_than_a_clock_on_the_wall_shows(small):
    """Of all networks of a run together: asking them takes time, too, and is not counted."""
    begun = time.perf_counter()
    networks = run(small(), ratios=SOME).networks
    shown = time.perf_counter() - begun
    dense = networks[0].history.seconds
    own = [network.history.seconds - dense for network in networks[1:]]
    assert 0 < dense + sum(own) < shown
    assert min(dense, *own) > 0


def test_like_is_compared_with_like(outcome_of):
    """Dense, rewound and new networks compare; fine-tuned ones with those as often trained; idle ones never."""
    found = {strategy: outcome_of(strategy=strategy, ratios=SOME) for strategy in Strategy}
    dense = found[Strategy.ONE_SHOT].dense
    for strategy, outcome in found.items():
        first, last = outcome.networks[1], outcome.networks[-1]
        trained_once = strategy.start_from != "trained"
        assert first.stop_compares_with(dense) == dense.stop_compares_with(first) == trained_once
        alike = strategy.retrain and (trained_once or not strategy.iterative)
        assert first.stop_compares_with(last) == alike
    assert dense.stop_compares_with(dense)
    one_shot, chain = (found[s].at(0.1) for s in (Strategy.ONE_SHOT, Strategy.ITERATIVE_FINETUNE))
    assert one_shot.stop_compares_with(chain)


def test_networks_on_images_tell_the_epochs_in_all_too():
    """Three epochs of the dense network at most, then levels that are fine-tuned from its early stop."""
    experiment = ImageExperiment(train_images=64, max_epochs=2, strategy="iterative_finetune", prune_ratio=0.2)
    dense, first, second = run(experiment, ratios=[0.1]).networks
    assert dense.history == History(spent=len(dense.train_loss))
    assert first.history == History(dense.early_stop_epoch, 2, dense.history.spent + len(first.train_loss))
    assert second.history.before == first.epochs_in_all
    assert second.history.trainings == 3
    assert 0 < dense.history.seconds < first.history.seconds < second.history.seconds
    before, idle = run(ImageExperiment(train_images=64, max_epochs=2, strategy="prune_only")).networks
    assert (idle.early_stop_epoch, idle.epochs_in_all) == (None, None)
    assert idle.history.seconds == before.history.seconds
