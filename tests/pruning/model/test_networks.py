"""Networks: their layers, where their weights come from, and which layers can be pruned."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from pruning import Architecture
from pruning.model.networks import Pixels, Prunable, cnn, draw_weights, mlp, prunable_layers, with_weights


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


# ---- convolutional networks

CIFAR, DIGITS = (32, 32, 3), (8, 8, 1)


def test_lenet_is_the_network_of_the_study():
    """Names and kinds in order: pooling after each convolution, dropout after each hidden layer, and ten logits."""
    model = cnn(Architecture.LENET, CIFAR, 10, 0.3)
    assert [(name, type(layer)) for name, layer in model.named_children()] == [
        ("pixels", Pixels),
        ("conv1", nn.Conv2d), ("pool1", nn.MaxPool2d), ("relu1", nn.ReLU),
        ("conv2", nn.Conv2d), ("pool2", nn.MaxPool2d), ("relu2", nn.ReLU),
        ("flatten", nn.Flatten),
        ("hidden1", nn.Linear), ("relu3", nn.ReLU), ("dropout1", nn.Dropout),
        ("hidden2", nn.Linear), ("relu4", nn.ReLU), ("dropout2", nn.Dropout),
        ("output", nn.Linear),
    ]  # fmt: skip
    assert (model.dropout1.p, model.dropout2.p) == (0.3, 0.3)
    assert model(torch.zeros(7, *CIFAR, dtype=torch.uint8)).shape == (7, 10)


def test_batch_norm_comes_between_convolution_and_relu():
    """In the network that has it, over as many channels; in no other."""
    names = [name for name, _ in cnn(Architecture.WIDE_NORM, CIFAR, 10, 0.3).named_children()]
    assert names[1:9] == ["conv1", "norm1", "pool1", "relu1", "conv2", "norm2", "pool2", "relu2"]
    without = [name for name, _ in cnn(Architecture.WIDE, CIFAR, 10, 0.3).named_children()]
    assert without == [name for name in names if not name.startswith("norm")]


@pytest.mark.parametrize(
    ("architecture", "shape", "shapes"),
    [
        (Architecture.SMALL, DIGITS, [(8, 1, 3, 3), (16, 8, 3, 3), (32, 16 * 2 * 2), (8, 32)]),
        (Architecture.SMALL, CIFAR, [(8, 3, 3, 3), (16, 8, 3, 3), (32, 16 * 8 * 8), (8, 32)]),
        (Architecture.LENET, CIFAR, [(6, 3, 5, 5), (16, 6, 5, 5), (120, 16 * 5 * 5), (84, 120), (8, 84)]),
        (Architecture.WIDE, DIGITS, [(32, 1, 3, 3), (64, 32, 3, 3), (128, 64 * 2 * 2), (8, 128)]),
        (Architecture.WIDE_NORM, CIFAR, [(32, 3, 3, 3), (64, 32, 3, 3), (128, 64 * 8 * 8), (8, 128)]),
    ],
)
def test_the_layers_have_the_widths_of_the_architecture(architecture, shape, shapes):
    """And every layer takes what the one before gives, whatever the size of the picture."""
    model = cnn(architecture, shape, 8, 0.2)
    weighted = [layer for layer in model if isinstance(layer, nn.Linear | nn.Conv2d)]
    assert [tuple(layer.weight.shape) for layer in weighted] == shapes
    assert model.eval()(torch.zeros(2, *shape)).shape == (2, 8)


def test_pixels_are_scaled_and_their_channels_come_first():
    """0 is −2, 127.5 is 0 and 255 is 2; what lies at (row, column, channel) lies at (channel, row, column)."""
    pixels = torch.tensor([[[[0.0, 51.0, 102.0], [127.5, 153.0, 255.0]]]])  # (N, H, W, channels) = (1, 1, 2, 3)
    scaled = Pixels()(pixels)
    assert scaled.shape == (1, 3, 1, 2)
    torch.testing.assert_close(scaled[0, :, 0], torch.tensor([[-2.0, 0.0], [-1.2, 0.4], [-0.4, 2.0]]))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.float64])
def test_pixels_of_any_type_give_the_same_and_stay_as_they_are(dtype):
    """The network works in float32, and writes to no picture it is given."""
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8))
    given = pixels.to(dtype)
    scaled = Pixels()(given)
    assert torch.equal(scaled, Pixels()(pixels))
    assert scaled.dtype == torch.float32
    assert scaled.is_contiguous()
    assert torch.equal(given, pixels.to(dtype))


def test_drawn_filters_fill_the_range_of_their_fan_in():
    """U(−1/√fan_in, 1/√fan_in), the fan-in of a filter being all its pixels: 32 · 3 · 3 = 288."""
    weights = draw_weights(cnn(Architecture.WIDE, CIFAR, 10, 0.2), np.random.default_rng(0))
    values, bound = weights["conv2.weight"].double(), 288**-0.5
    assert 0.99 * bound < values.abs().max() <= bound
    assert values.var().item() == pytest.approx(bound**2 / 3, rel=0.05)
    assert weights["conv2.bias"].abs().max() <= bound
    assert weights["conv1.weight"].abs().max() <= 27**-0.5


def test_batch_norm_starts_as_it_always_does():
    """γ = 1, β = 0, mean 0, variance 1, no batch counted: as PyTorch makes it; and nothing is drawn for it."""
    model = cnn(Architecture.WIDE_NORM, CIFAR, 10, 0.2)
    weights = draw_weights(model, np.random.default_rng(0))
    for i, n_channels in ((1, 32), (2, 64)):
        for part, value in nn.BatchNorm2d(n_channels).state_dict().items():
            assert torch.equal(weights[f"norm{i}.{part}"], value)
            assert weights[f"norm{i}.{part}"].dtype == value.dtype
    plain = draw_weights(cnn(Architecture.WIDE, CIFAR, 10, 0.2), np.random.default_rng(0))
    assert all(torch.equal(value, weights[name]) for name, value in plain.items())


def test_a_module_with_batch_norm_holds_copies_of_its_statistics():
    """They are among the weights that are set, and a pass in training moves those of the module alone."""
    model = cnn(Architecture.WIDE_NORM, DIGITS, 8, 0.2)
    weights = draw_weights(model, np.random.default_rng(0))
    weights["norm1.running_mean"] += 3
    before = {name: value.clone() for name, value in weights.items()}
    assert (with_weights(model, weights).norm1.running_mean == 3).all()
    model.train()(torch.arange(4 * 64).reshape(4, *DIGITS))
    assert not torch.equal(model.norm1.running_mean, before["norm1.running_mean"])
    assert all(torch.equal(weights[name], before[name]) for name in before)


@pytest.mark.parametrize(
    ("architecture", "shape", "found"),
    [
        (Architecture.LENET, CIFAR, {
            "conv1": Prunable(6, (), "conv2", 1), "conv2": Prunable(16, (), "hidden1", 5 * 5),
            "hidden1": Prunable(120, (), "hidden2", 1), "hidden2": Prunable(84, (), "output", 1),
        }),
        (Architecture.WIDE_NORM, CIFAR, {
            "conv1": Prunable(32, ("norm1",), "conv2", 1), "conv2": Prunable(64, ("norm2",), "hidden1", 8 * 8),
            "hidden1": Prunable(128, (), "output", 1),
        }),
        (Architecture.SMALL, DIGITS, {
            "conv1": Prunable(8, (), "conv2", 1), "conv2": Prunable(16, (), "hidden1", 2 * 2),
            "hidden1": Prunable(32, (), "output", 1),
        }),
    ],
)  # fmt: skip
def test_convolutions_are_prunable_with_their_batch_norm(architecture, shape, found):
    """A channel goes with its BatchNorm and with all inputs that its map is flattened to; the last layer stays."""
    assert prunable_layers(cnn(architecture, shape, 10, 0.2)) == found
    assert list(prunable_layers(cnn(architecture, shape, 10, 0.2))) == list(found)
