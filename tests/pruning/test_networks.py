"""Networks: their layers, where their weights come from, and which layers can be pruned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pruning.networks import Prunable, draw_weights, mlp, prunable_layers, with_weights


def test_an_mlp_has_relu_and_dropout_after_every_hidden_layer():
    """Names and kinds in order, dropout at the rate asked for, logits of every class at the end."""
    model = mlp(2, (5, 4), 3, 0.3)
    assert [(name, type(layer)) for name, layer in model.named_children()] == [
        ("hidden1", nn.Linear), ("relu1", nn.ReLU), ("dropout1", nn.Dropout),
        ("hidden2", nn.Linear), ("relu2", nn.ReLU), ("dropout2", nn.Dropout),
        ("output", nn.Linear),
    ]  # fmt: skip
    assert (model.dropout1.p, model.dropout2.p) == (0.3, 0.3)
    assert model(torch.zeros(7, 2)).shape == (7, 3)


@pytest.mark.parametrize(
    ("hidden", "feeds"),
    [
        ((3,), {"hidden1": "output"}),
        ((3, 4), {"hidden1": "hidden2", "hidden2": "output"}),
        ((3, 4, 5), {"hidden1": "hidden2", "hidden2": "hidden3", "hidden3": "output"}),
    ],
)
def test_every_layer_but_the_last_can_be_pruned(hidden, feeds):
    """Each prunable layer comes with the one it feeds, at any depth; the last is never among them."""
    found = prunable_layers(mlp(2, hidden, 2, 0.1))
    assert {name: layer.feeds for name, layer in found.items()} == feeds
    assert list(found) == list(feeds)


def test_the_last_layer_is_found_whatever_it_is_called():
    """No name and no index is relied on."""
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    assert prunable_layers(model) == {"0": Prunable(3, (), "2", 1)}


def test_drawn_weights_fill_the_range_of_their_layer():
    """U(−1/√fan_in, 1/√fan_in): all inside, mean near 0, variance bound²/3, biases by the same fan-in."""
    model = mlp(16, (4000,), 2, 0.1)
    weights = draw_weights(model, np.random.default_rng(0))
    for name in ("hidden1.weight", "hidden1.bias"):  # fan-in 16, bound 1/4
        values = weights[name].double()
        assert values.abs().max() <= 0.25
        assert values.mean().abs() < 0.01
        assert values.var().item() == pytest.approx(0.25**2 / 3, rel=0.05)
    assert weights["output.weight"].abs().max() <= 1 / 4000**0.5


def test_drawn_weights_fit_the_model():
    """Names, shapes and types are those of the module."""
    model = mlp(2, (5, 4), 3, 0.3)
    weights = draw_weights(model, np.random.default_rng(0))
    described = {name: (value.shape, value.dtype) for name, value in weights.items()}
    assert described == {name: (value.shape, value.dtype) for name, value in model.state_dict().items()}


def test_drawing_uses_its_generator_and_no_other():
    """Equal generators give equal weights; torch's global generator is not moved."""
    model = mlp(2, (5,), 2, 0.3)
    state = torch.get_rng_state()
    a, b, c = (draw_weights(model, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not any(torch.equal(a[name], c[name]) for name in a)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("as_arrays", [False, True])
def test_a_module_holds_copies_of_the_weights_it_is_given(as_arrays):
    """Tensors and arrays both, in evaluation mode; changing the module changes neither."""
    model = mlp(2, (3,), 2, 0.3)
    weights = draw_weights(model, np.random.default_rng(0))
    if as_arrays:
        weights = {name: value.numpy() for name, value in weights.items()}
    before = {name: np.asarray(value).copy() for name, value in weights.items()}
    same = with_weights(model.train(), weights)
    assert same is model
    assert not model.training
    assert all(np.array_equal(value.numpy(), before[name]) for name, value in model.state_dict().items())
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    assert all(np.array_equal(weights[name], before[name]) for name in before)
