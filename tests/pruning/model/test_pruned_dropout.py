"""Dropout of pruned networks: the samples of the whole network, and a rate that may follow what is left."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pruning import Architecture, DropoutRule, Experiment, ImageExperiment, Strategy, module
from pruning.model.networks import cnn, draw_weights, mlp, with_weights
from pruning.model.pruned_dropout import dropout_rates, rates_of, smaller
from pruning.model.shrink import shrink
from tests.pruning.lottery.orders import steps
from uncertainty.randomness import sampling_seed
from uncertainty.sampling import mc_dropout
from uncertainty.unit_dropout import UnitDropout, kept_in_samples

MASKS = {"hidden1": np.array([1, 0, 1, 1, 0, 0], bool), "hidden2": np.array([0, 1, 1, 0], bool)}


def network(p=0.5):
    """Two hidden layers of six and four units, weights drawn."""
    model = mlp(2, (6, 4), 2, p)
    return with_weights(model, draw_weights(model, np.random.default_rng(1)))


# ---- the samples of the whole network


@pytest.mark.parametrize("strategy", [Strategy.ONE_SHOT, Strategy.PRUNE_ONLY, Strategy.ITERATIVE])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_a_kept_unit_is_silent_in_the_same_samples_as_in_the_dense_network(outcome_of, strategy, scope):
    """A pruned network's stored samples are those of the dense one with its weights, removed units at zero."""
    outcome = outcome_of(strategy=strategy, scope=scope, ratios=(0.2, 0.5, 0.95))
    experiment = outcome.experiment
    for network in outcome.networks:
        whole = with_weights(mlp(2, experiment.hidden, 2, experiment.dropout), network.weights)
        for inputs, predictions in ((outcome.test_inputs, network.test), (outcome.far_inputs, network.ood)):
            samples = mc_dropout(whole, inputs, 7, sampling_seed(experiment.seed))
            np.testing.assert_allclose(predictions.probs(7), samples.mean(axis=0), atol=1e-5)


def test_channels_leave_the_samples_of_neurons_as_they_are():
    """Of a network on images, pruned in all layers: the same samples as with silent channels and neurons."""
    rng = np.random.default_rng(0)
    model = cnn(Architecture.SMALL, (8, 8, 1), 8, 0.5)
    weights = draw_weights(model, rng)
    masks = {"conv1": rng.random(8) < 0.5, "conv2": rng.random(16) < 0.5, "hidden1": rng.random(32) < 0.5}
    for name, mask in masks.items():
        weights[f"{name}.weight"][~torch.from_numpy(mask)] = weights[f"{name}.bias"][~torch.from_numpy(mask)] = 0
    whole = with_weights(model, weights)
    pixels = rng.integers(0, 256, (5, 8, 8, 1)).astype(np.uint8)
    small = smaller(whole, masks, {})
    np.testing.assert_allclose(mc_dropout(small, pixels, 9, 3), mc_dropout(whole, pixels, 9, 3), atol=1e-5)
    plain = mc_dropout(shrink(whole, masks), pixels, 9, 3)
    assert np.abs(plain - mc_dropout(whole, pixels, 9, 3)).max() > 1e-3


def test_the_patterns_by_hand():
    """Of six units drawn, columns 0, 2 and 3 of what a plain dropout draws; more samples begin with the same."""
    whole, part = nn.Dropout(0.4), UnitDropout(0.4, MASKS["hidden1"])
    drawn = kept_in_samples(whole, (6,), 20, np.random.default_rng(2))
    kept = kept_in_samples(part, (3,), 20, np.random.default_rng(2))
    assert np.array_equal(kept, drawn[:, [0, 2, 3]])
    assert np.array_equal(kept_in_samples(part, (3,), 5, np.random.default_rng(2)), kept[:5])


def test_a_lower_rate_silences_fewer_units_in_the_same_samples():
    """What is kept at a rate is kept at every lower one, so a scaled rate is no other draw."""
    low, high = (
        kept_in_samples(UnitDropout(p, MASKS["hidden1"]), (3,), 500, np.random.default_rng(2)) for p in (0.1, 0.4)
    )
    assert (low >= high).all()
    assert low.mean() > high.mean() + 0.2


def test_in_training_it_is_a_plain_dropout():
    """It silences a share p of its inputs and rescales the others, and does nothing in evaluation."""
    layer, ones = UnitDropout(0.5, np.ones(1000, bool)), torch.ones(20, 1000)
    assert torch.equal(layer.eval()(ones), ones)
    thinned = layer.train()(ones)
    assert set(thinned.unique().tolist()) == {0.0, 2.0}
    assert 0.45 < float((thinned == 0).float().mean()) < 0.55
    assert repr(layer) == repr(nn.Dropout(0.5))


# ---- the rate


def recipe(**changes):
    return Experiment(hidden=(6, 4), dropout=0.4, **changes)


def test_a_fixed_rate_is_the_same_in_every_layer():
    """Whatever is left of it."""
    assert dropout_rates(recipe(), MASKS) == {"hidden1": 0.4, "hidden2": 0.4}


def test_a_scaled_rate_goes_with_the_units_that_are_left():
    """Three of six and two of four: half the rate; nothing removed: all of it. Han et al. 2015, equation 2."""
    scaled = recipe(dropout_rule="scaled")
    assert dropout_rates(scaled, MASKS) == {"hidden1": 0.2, "hidden2": 0.2}
    whole = {name: np.ones_like(mask) for name, mask in MASKS.items()}
    assert dropout_rates(scaled, whole) == {"hidden1": 0.4, "hidden2": 0.4}
    uneven = {"hidden1": np.array([1, 0, 0, 0, 0, 0], bool), "hidden2": np.array([1, 1, 1, 0], bool)}
    assert dropout_rates(scaled, uneven) == pytest.approx({"hidden1": 0.4 / 6, "hidden2": 0.3})
    # The root of the share of connections between two layers of the same share, as the paper has it.
    connections = MASKS["hidden1"].mean() * MASKS["hidden2"].mean()
    assert dropout_rates(scaled, MASKS)["hidden2"] == pytest.approx(0.4 * np.sqrt(connections))


def test_the_smaller_network_has_the_rates_it_is_given():
    """A layer without one keeps the model's; those of a network can be read off it."""
    small = smaller(network(), MASKS, {"hidden2": 0.125})
    assert rates_of(small) == {"hidden1": 0.5, "hidden2": 0.125}
    assert not small.training
    assert rates_of(network(0.3)) == {"hidden1": 0.3, "hidden2": 0.3}


def test_a_network_keeps_its_rates(outcome_of):
    """They stand in the outcome, are those of its module, and the dense network's are the recipe's."""
    outcome = outcome_of(dropout_rule="scaled", dropout=0.4, ratios=(0.5, 0.95))
    for network in outcome.networks:
        rates = {name: 0.4 * float(mask.mean()) for name, mask in network.masks.items()}
        assert network.dropout == pytest.approx(rates)
        assert rates_of(module(outcome.experiment, network, 2)) == pytest.approx(rates)
    assert outcome.dense.dropout == {"hidden1": 0.4, "hidden2": 0.4}


def test_a_scaled_rate_is_that_of_the_samples_too(outcome_of):
    """The stored samples of a pruned network are those of its module at its own, lower rates."""
    outcome = outcome_of(dropout_rule="scaled", dropout=0.4, ratios=(0.5, 0.95))
    experiment, pruned = outcome.experiment, outcome.at(0.95)
    whole = mlp(2, experiment.hidden, 2, 0.0)
    for name, mask in pruned.masks.items():
        whole.get_submodule(name.replace("hidden", "dropout")).p = 0.4 * float(mask.mean())
    samples = mc_dropout(with_weights(whole, pruned.weights), outcome.test_inputs, 9, sampling_seed(experiment.seed))
    np.testing.assert_allclose(pruned.test.probs(9), samples.mean(axis=0), atol=1e-5)
    fixed = outcome_of(dropout=0.4, ratios=(0.5, 0.95))
    assert not np.array_equal(fixed.at(0.95).train_loss, pruned.train_loss)
    assert np.array_equal(fixed.dense.train_loss, outcome.dense.train_loss)


def test_a_rule_changes_nothing_where_nothing_is_dropped(outcome_of, differences):
    """At a rate of zero both rules are one."""
    fixed, scaled = (outcome_of(dropout=0.0, dropout_rule=rule, ratios=(0.5,)) for rule in DropoutRule)
    assert differences(fixed.networks, scaled.networks) == []


def test_the_rule_decides_no_dense_network_on_images():
    """Its step has the same key for both rules, that of a pruned one has not."""
    fixed, scaled = (steps(ImageExperiment(dropout_rule=rule, prune_ratio=0.5)) for rule in DropoutRule)
    assert fixed[0].key == scaled[0].key
    assert fixed[1].key != scaled[1].key
