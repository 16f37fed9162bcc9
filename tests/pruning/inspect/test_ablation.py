"""Units turned over by hand: what is left is the network without them, and back is back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from pruning import Experiment, module, run
from pruning.inspect.ablation import changed
from pruning.inspect.plane import extent, grid, make_plane
from pruning.model.networks import mlp, with_weights
from pruning.model.units import toggled
from uncertainty.randomness import sampling_seed
from uncertainty.sampling import mc_dropout, single_pass

EXPERIMENT = Experiment(prune_ratio=0.5, points=200, hidden=(8, 6), patience=5, max_epochs=40)


@pytest.fixture(scope="module")
def outcome():
    return run(EXPERIMENT)


def turned(outcome, units, samples=(5,)):
    return changed(outcome, units, samples)


def kept(outcome, layer="hidden1"):
    return int(np.flatnonzero(outcome.pruned.masks[layer])[0])


def gone(outcome, layer="hidden1"):
    return int(np.flatnonzero(~outcome.pruned.masks[layer])[0])


def test_a_unit_taken_out_is_silent_and_everything_else_stays(outcome):
    """By hand: the logits are those of the same weights with that unit's row, bias and column at zero."""
    unit = kept(outcome)
    network = turned(outcome, {("hidden1", unit)})
    due = {name: value.copy() for name, value in outcome.pruned.weights.items()}
    due["hidden1.weight"][unit] = due["hidden1.bias"][unit] = 0
    due["hidden2.weight"][:, unit] = 0
    for name, value in due.items():
        np.testing.assert_array_equal(network.weights[name], value)
    model = with_weights(mlp(2, (8, 6), 2, 0.2), due)
    np.testing.assert_allclose(network.test.logits, single_pass(model, outcome.test_inputs), atol=1e-5)
    assert network.units == outcome.pruned.units - 1


def test_nothing_turned_over_is_the_network_itself(outcome):
    """Weights, logits and MC-dropout predictions are those there were."""
    network = turned(outcome, frozenset())
    for name, value in outcome.pruned.weights.items():
        np.testing.assert_array_equal(network.weights[name], value)
    np.testing.assert_array_equal(network.test.logits, outcome.pruned.test.logits)
    np.testing.assert_allclose(network.test.probs(5), outcome.pruned.test.probs(5), atol=1e-6)


def test_a_unit_put_back_has_the_weights_of_the_dense_network(outcome):
    """From the inputs all of them, towards the next layer to those units that are there."""
    unit = gone(outcome)
    network = turned(outcome, {("hidden1", unit)})
    np.testing.assert_array_equal(
        network.weights["hidden1.weight"][unit], outcome.dense.weights["hidden1.weight"][unit]
    )
    assert network.weights["hidden1.bias"][unit] == outcome.dense.weights["hidden1.bias"][unit]
    column, there = network.weights["hidden2.weight"][:, unit], outcome.pruned.masks["hidden2"]
    np.testing.assert_array_equal(column[there], outcome.dense.weights["hidden2.weight"][there, unit])
    assert not column[~there].any()
    assert network.units == outcome.pruned.units + 1


def test_everything_put_back_after_no_retraining_is_the_dense_network():
    """Where nothing was trained after pruning, putting all units back undoes it to the bit."""
    outcome = run(Experiment(strategy="prune_only", prune_ratio=0.5, points=200, hidden=(8, 6), patience=5))
    units = {(name, int(i)) for name, mask in outcome.pruned.masks.items() for i in np.flatnonzero(~mask)}
    network = changed(outcome, units, (5,))
    for name, value in outcome.dense.weights.items():
        np.testing.assert_array_equal(network.weights[name], value)


def test_samples_are_those_of_the_pruned_network_with_the_unit_at_zero(outcome):
    """The mean of five samples is that of the sampler on the pruned module, in which the unit says nothing."""
    unit = kept(outcome, "hidden2")
    network = turned(outcome, {("hidden2", unit)})
    silenced = module(EXPERIMENT, outcome.pruned, 2)
    position = int(outcome.pruned.masks["hidden2"][:unit].sum())
    with torch.no_grad():
        silenced.hidden2.weight[position] = silenced.hidden2.bias[position] = 0
    samples = mc_dropout(silenced, outcome.test_inputs, 5, sampling_seed(EXPERIMENT.seed))
    np.testing.assert_allclose(network.test.probs(5), samples.mean(axis=0), atol=1e-6)
    plane = make_plane(EXPERIMENT, network, 2, extent(outcome), (5,))
    samples = mc_dropout(silenced, grid(extent(outcome)), 5, sampling_seed(EXPERIMENT.seed))
    np.testing.assert_allclose(plane.cells.probs(5), samples.mean(axis=0), atol=1e-6)


def test_a_unit_that_does_nothing_is_worth_nothing(outcome):
    """Out or back, dropout silences the others in the same samples: nothing moves but rounding."""
    unit = kept(outcome)
    weights = {name: value.copy() for name, value in outcome.pruned.weights.items()}
    weights["hidden2.weight"][:, unit] = 0
    idle = replace(outcome.pruned, weights=weights)
    idle_outcome = replace(outcome, networks=(outcome.dense, idle))
    before = turned(idle_outcome, frozenset())
    after = turned(idle_outcome, {("hidden1", unit)})
    assert after.units == before.units - 1
    for one, other in ((before.test, after.test), (before.ood, after.ood)):
        np.testing.assert_allclose(one.probs(5), other.probs(5), atol=1e-6)
        np.testing.assert_allclose(one.expected_entropy, other.expected_entropy, atol=1e-6)


def test_a_unit_that_comes_back_leaves_the_samples_of_the_others_alone(outcome):
    """With nothing on its way out it changes no probability, whether it is there or not."""
    unit = gone(outcome)
    weights = {name: value.copy() for name, value in outcome.dense.weights.items()}
    weights["hidden2.weight"][:, unit] = 0
    idle_outcome = replace(outcome, networks=(replace(outcome.dense, weights=weights), outcome.pruned))
    back = turned(idle_outcome, {("hidden1", unit)})
    assert back.units == outcome.pruned.units + 1
    np.testing.assert_allclose(back.test.probs(5), outcome.pruned.test.probs(5), atol=1e-6)
    np.testing.assert_allclose(back.ood.expected_entropy[0], outcome.pruned.ood.expected_entropy[4], atol=1e-6)


def test_units_are_dropped_at_the_rates_they_were_trained_at(outcome):
    """Nothing is trained by hand, so a scaled rate stays that of the network as it was pruned."""
    scaled = run(replace(EXPERIMENT, dropout_rule="scaled"))
    network = changed(scaled, {("hidden1", kept(scaled))}, (5,))
    assert network.dropout == scaled.pruned.dropout == {"hidden1": 0.1, "hidden2": 0.1}


def test_turning_over_twice_changes_nothing(outcome):
    """A unit removed and put back is where it was, and the masks given are left alone."""
    masks = outcome.pruned.masks
    before = {name: mask.copy() for name, mask in masks.items()}
    twice = toggled(toggled(masks, {("hidden1", 3)}), {("hidden1", 3)})
    for name, mask in before.items():
        np.testing.assert_array_equal(twice[name], mask)
        np.testing.assert_array_equal(masks[name], mask)


@pytest.mark.parametrize("unit", [("hidden1", 8), ("hidden1", -1), ("output", 0), ("hidden9", 0)])
def test_a_unit_that_does_not_exist_is_named_with_those_that_do(outcome, unit):
    """Outputs are no hidden units, and counting starts at 0."""
    with pytest.raises(ValueError, match=r"there is no unit .* there are units 0 to 7 of hidden1, 0 to 5 of hidden2"):
        toggled(outcome.pruned.masks, {unit})


def test_the_last_unit_of_a_layer_stays(outcome):
    """Emptying a layer is refused with its name."""
    units = {("hidden2", int(i)) for i in np.flatnonzero(outcome.pruned.masks["hidden2"])}
    with pytest.raises(ValueError, match="the last unit of hidden2; at least one must stay"):
        turned(outcome, units)


def test_stored_weights_are_not_written_over(outcome):
    """The outcome is shared by all visitors."""
    before = {name: torch.from_numpy(value.copy()) for name, value in outcome.pruned.weights.items()}
    turned(outcome, {("hidden1", kept(outcome)), ("hidden1", gone(outcome))})
    for name, value in before.items():
        np.testing.assert_array_equal(outcome.pruned.weights[name], value)


def test_fresh_points_are_asked_again(outcome):
    """What the changed network says of them is its own; where there are none, none are asked."""
    units = [(layer, int(np.flatnonzero(mask)[0])) for layer, mask in outcome.pruned.masks.items()]
    network = turned(outcome, units, (5,))
    smaller = module(outcome.experiment, network, outcome.n_classes)
    np.testing.assert_array_equal(network.fresh.logits, single_pass(smaller, outcome.fresh.inputs))
    assert network.fresh.samples == (5,)
    assert not np.array_equal(network.fresh.probs(5), outcome.pruned.fresh.probs(5))
    assert turned(replace(outcome, fresh=None), units).fresh is None
