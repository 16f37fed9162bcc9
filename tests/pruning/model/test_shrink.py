"""Shrinking: the smaller network is the masked one, and asks for masks that fit."""

from __future__ import annotations

import copy
from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pruning import RATIOS, Architecture, PrunedLayers, Scope
from pruning.model.masks import apply_masks, full_masks, prune
from pruning.model.networks import cnn, draw_weights, mlp, prunable_layers, with_weights
from pruning.model.shrink import shrink, widen


def random_model(hidden, n_classes=3, seed=0, dropout=0.5):
    model = mlp(2, hidden, n_classes, dropout)
    return with_weights(model, draw_weights(model, np.random.default_rng(seed)))


def outputs(model, inputs):
    with torch.no_grad():
        return model(inputs).numpy()


@st.composite
def models_and_masks(draw):
    hidden = draw(st.lists(st.integers(1, 12), min_size=1, max_size=4))
    mask = lambda n: st.lists(st.booleans(), min_size=n, max_size=n).filter(any)  # noqa: E731
    masks = {f"hidden{i}": np.array(draw(mask(width))) for i, width in enumerate(hidden, 1)}
    return random_model(tuple(hidden), seed=draw(st.integers(0, 1000))), masks


@settings(deadline=None, max_examples=50)
@given(models_and_masks())
def test_the_masked_and_the_smaller_network_give_the_same_outputs(example):
    """Silencing units and taking them out physically are one thing, within 1e-5."""
    model, masks = example
    inputs = torch.from_numpy(np.random.default_rng(1).normal(0, 5, (50, 2)).astype(np.float32))
    masked = with_weights(mlp(2, [len(m) for m in masks.values()], 3, 0.5), model.state_dict())
    masked = with_weights(masked, apply_masks(masked, masked.state_dict(), masks))
    np.testing.assert_allclose(outputs(shrink(model, masks), inputs), outputs(masked, inputs), atol=1e-5, rtol=0)


@settings(deadline=None, max_examples=25)
@given(models_and_masks())
def test_the_layers_have_the_widths_of_the_masks(example):
    """Every layer has as many units as its mask keeps, and reads as many as the layer before has."""
    model, masks = example
    small = shrink(model, masks)
    widths = [2, *(int(mask.sum()) for mask in masks.values()), 3]
    shapes = [tuple(layer.weight.shape) for layer in small if isinstance(layer, nn.Linear)]
    assert shapes == list(zip(widths[1:], widths[:-1], strict=True))


def test_a_kept_unit_keeps_its_weights():
    """Rows, biases and columns of the kept units arrive in their old order."""
    model = random_model((3,))
    small = shrink(model, {"hidden1": np.array([True, False, True])})
    assert torch.equal(small.hidden1.weight, model.hidden1.weight[[0, 2]])
    assert torch.equal(small.hidden1.bias, model.hidden1.bias[[0, 2]])
    assert torch.equal(small.output.weight, model.output.weight[:, [0, 2]])
    assert torch.equal(small.output.bias, model.output.bias)


def test_the_model_is_left_untouched():
    """Neither shrinking nor changing the smaller network reaches the model it came from."""
    model = random_model((4, 3))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for masks in ({}, {"hidden1": np.array([True, False, True, True])}):
        small = shrink(model, masks)
        with torch.no_grad():
            for parameter in small.parameters():
                parameter.add_(1)
        small.dropout1.p = 0.9
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.dropout1.p == 0.5


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_of_the_model_is_kept(training):
    """A module in training mode gives one in training mode, dropout included."""
    small = shrink(random_model((4,)).train(training), {"hidden1": np.array([True, False, True, True])})
    assert small.training is training
    assert small.dropout1.training is training


def test_a_layer_without_a_mask_stays_whole():
    """Only named layers lose units."""
    small = shrink(random_model((4, 3)), {"hidden2": np.array([True, False, True])})
    assert (small.hidden1.out_features, small.hidden2.out_features, small.output.out_features) == (4, 2, 3)


def test_a_layer_without_a_bias_stays_without_one():
    """Rows and columns go as usual, and no bias appears."""
    layers = {"first": nn.Linear(2, 3, bias=False), "relu": nn.ReLU(), "second": nn.Linear(3, 2, bias=False)}
    model = nn.Sequential(OrderedDict(layers))
    small = shrink(model, {"first": np.array([True, False, True])})
    assert list(small.state_dict()) == ["first.weight", "second.weight"]
    assert torch.equal(small.first.weight, model.first.weight[[0, 2]])
    assert torch.equal(small.second.weight, model.second.weight[:, [0, 2]])


@pytest.mark.parametrize("name", ["hidden9", "output", "relu1"])
def test_a_layer_that_cannot_be_pruned_is_refused(name):
    """The message names the layer and those that can be pruned; the output layer is not among them."""
    with pytest.raises(ValueError, match=f"layer '{name}' cannot be pruned.*: hidden1, hidden2$"):
        shrink(random_model((4, 3)), {name: np.ones(3, bool)})


@pytest.mark.parametrize("mask", [np.ones(3, bool), np.ones(5, bool), np.ones((4, 1), bool)])
def test_a_mask_of_the_wrong_length_is_refused(mask):
    """The message names the layer, the mask's shape and the layer's width."""
    with pytest.raises(ValueError, match=r"mask of 'hidden1' has shape \(.*\); the layer has 4 units"):
        shrink(random_model((4, 3)), {"hidden1": mask})


def test_a_mask_that_empties_a_layer_is_refused():
    """The message says how many units would go and that one must stay."""
    with pytest.raises(ValueError, match="mask of 'hidden1' removes all 4 units; at least one must stay"):
        shrink(random_model((4, 3)), {"hidden1": np.zeros(4, bool)})


# ---- convolutional networks

PICTURES = {
    Architecture.SMALL: (8, 8, 1), Architecture.LENET: (32, 32, 3),
    Architecture.WIDE: (32, 32, 3), Architecture.WIDE_NORM: (32, 32, 3),
}  # fmt: skip
every_architecture = pytest.mark.parametrize("architecture", PICTURES)
every_scope = pytest.mark.parametrize("scope", Scope)
both_kinds_of_layer = pytest.mark.parametrize("layers", PrunedLayers)


def random_cnn(architecture, seed=0):
    """Random weights, with γ, β and running statistics as training might leave them."""
    model, rng = cnn(architecture, PICTURES[architecture], 10, 0.5), np.random.default_rng(seed)
    weights = draw_weights(model, rng)
    for name, value in weights.items():
        if name.startswith("norm") and value.ndim:
            low, high = (0.5, 2) if name.endswith(("weight", "var")) else (-1, 1)
            weights[name] = torch.from_numpy(rng.uniform(low, high, len(value)).astype(np.float32))
        elif name.startswith("norm"):
            weights[name] = torch.tensor(17)
    return with_weights(model, weights)


def pictures(architecture, n=4):
    rng = np.random.default_rng(1)
    return torch.from_numpy(rng.integers(0, 256, (n, *PICTURES[architecture]), dtype=np.uint8))


def random_masks(model, ratio, scope=Scope.LAYER, layers=PrunedLayers.ALL, seed=2):
    masks, rng = full_masks(model, layers), np.random.default_rng(seed)
    return prune(masks, {name: rng.random(len(mask)) for name, mask in masks.items()}, ratio, scope)


def silenced(model, masks):
    """The whole network with the removed units at zero."""
    copied = copy.deepcopy(model)
    return with_weights(copied, apply_masks(copied, copied.state_dict(), masks))


@every_architecture
@every_scope
@both_kinds_of_layer
def test_a_masked_and_a_smaller_convolutional_network_give_the_same_outputs(architecture, scope, layers):
    """At every ratio of the grid, within 1e-5; the widths are those of the masks."""
    model, inputs = random_cnn(architecture), pictures(architecture)
    for ratio in RATIOS:
        masks = random_masks(model, ratio, scope, layers)
        small = shrink(model, masks)
        widths = {name: layer.n_units for name, layer in prunable_layers(model).items()}
        widths |= {name: int(mask.sum()) for name, mask in masks.items()}
        assert {name: layer.n_units for name, layer in prunable_layers(small).items()} == widths
        np.testing.assert_allclose(outputs(small, inputs), outputs(silenced(model, masks), inputs), atol=1e-5, rtol=0)


def test_batch_norm_left_to_itself_would_speak_up_for_removed_channels():
    """With filters silenced but γ, β kept, the network is another one: the test above needs their coupling."""
    model, inputs = random_cnn(Architecture.WIDE_NORM), pictures(Architecture.WIDE_NORM)
    masks = random_masks(model, 0.5)
    forgetful = silenced(model, masks)
    with torch.no_grad():
        for norm, whole in ((forgetful.norm1, model.norm1), (forgetful.norm2, model.norm2)):
            norm.weight.copy_(whole.weight)
            norm.bias.copy_(whole.bias)
        for name, layer in prunable_layers(model).items():  # the next layer listens again
            if layer.norms:
                listening = forgetful.get_submodule(layer.feeds)
                gone = torch.from_numpy(~masks[name]).repeat_interleave(layer.spread)
                kept_rows = torch.from_numpy(masks[layer.feeds])
                restored = model.get_submodule(layer.feeds).weight.clone()
                restored[~kept_rows] = 0
                listening.weight[:, gone] = restored[:, gone]
    difference = np.abs(outputs(forgetful, inputs) - outputs(shrink(model, masks), inputs)).max()
    assert difference > 0.01


def test_a_kept_channel_keeps_what_is_its_own():
    """Filters, biases, γ, β and statistics arrive in their old order; the next layer reads the kept channels."""
    model = random_cnn(Architecture.WIDE_NORM)
    masks = random_masks(model, 0.7)
    small = shrink(model, masks)
    first, second = (np.flatnonzero(masks[name]) for name in ("conv1", "conv2"))
    assert torch.equal(small.conv1.weight, model.conv1.weight[first])
    assert torch.equal(small.conv2.weight, model.conv2.weight[second][:, first])
    for part in ("weight", "bias", "running_mean", "running_var"):
        assert torch.equal(getattr(small.norm1, part), getattr(model.norm1, part)[first])
        assert torch.equal(getattr(small.norm2, part), getattr(model.norm2, part)[second])
    assert small.norm1.num_batches_tracked == 17
    columns = [64 * channel + pixel for channel in second for pixel in range(64)]
    assert torch.equal(small.hidden1.weight, model.hidden1.weight[np.flatnonzero(masks["hidden1"])][:, columns])


def test_smaller_layers_say_what_they_are():
    """Channels and features in their attributes are those of their tensors, so that the module prints as it is."""
    small = shrink(random_cnn(Architecture.WIDE_NORM), random_masks(random_cnn(Architecture.WIDE_NORM), 0.5))
    assert (small.conv1.in_channels, small.conv1.out_channels, small.norm1.num_features) == (3, 16, 16)
    assert (small.conv2.in_channels, small.conv2.out_channels, small.norm2.num_features) == (16, 32, 32)
    assert (small.hidden1.in_features, small.hidden1.out_features, small.output.in_features) == (32 * 64, 64, 64)


def test_a_smaller_network_learns_and_leaves_the_model_alone():
    """A step moves its weights and statistics; tensors of the model it came from stay, BatchNorm's included."""
    model = random_cnn(Architecture.WIDE_NORM)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    small = shrink(model.train(), random_masks(model, 0.5))
    start = {name: value.clone() for name, value in small.state_dict().items()}
    small(pictures(Architecture.WIDE_NORM, 8)).logsumexp(1).sum().backward()
    torch.optim.SGD(small.parameters(), 0.1).step()
    assert not any(torch.equal(value, start[name]) for name, value in small.state_dict().items())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


# ---- and back


@every_architecture
@both_kinds_of_layer
@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.95])
def test_widening_undoes_shrinking(architecture, layers, ratio):
    """Shrunk, widened and shrunk again, the weights are the same; what was removed is 0, all else as it was."""
    model = random_cnn(architecture)
    masks = random_masks(model, ratio, layers=layers)
    small = shrink(model, masks).state_dict()
    wide = widen(small, model, masks)
    assert {name: (v.shape, v.dtype) for name, v in wide.items()} == {
        name: (v.shape, v.dtype) for name, v in model.state_dict().items()
    }
    expected = apply_masks(model, model.state_dict(), masks)
    for name, layer in prunable_layers(model).items():
        for norm in layer.norms:
            for part in ("running_mean", "running_var"):
                if name in masks:
                    expected[f"{norm}.{part}"][torch.from_numpy(~masks[name])] = 0
    assert all(torch.equal(wide[name], value) for name, value in expected.items())
    again = shrink(with_weights(copy.deepcopy(model), wide), masks).state_dict()
    assert all(torch.equal(again[name], value) for name, value in small.items())


def test_widened_weights_are_copies():
    """Changing them changes neither the smaller network nor the model, where nothing was removed either."""
    model = random_model((4, 3))
    for masks in ({}, {"hidden1": np.array([True, False, True, True])}):
        small = shrink(model, masks)
        before = {name: value.clone() for name, value in small.state_dict().items()}
        for value in widen(small.state_dict(), model, masks).values():
            value.add_(1)
        assert all(torch.equal(value, before[name]) for name, value in small.state_dict().items())
