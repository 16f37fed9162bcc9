"""Shrinking: the smaller network is the masked one, and asks for masks that fit."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from pruning.masks import apply_masks
from pruning.networks import draw_weights, mlp, with_weights
from pruning.shrink import shrink


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
