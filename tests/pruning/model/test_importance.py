"""Importance: every criterion by hand on a network small enough for paper, and against autograd."""

from __future__ import annotations

from collections import OrderedDict
from math import log, sqrt

import numpy as np
import pytest
import torch
from torch import nn

from pruning import Architecture, Criterion
from pruning.model.importance import CRITERIA, importance
from pruning.model.networks import cnn, draw_weights, mlp, prunable_layers, with_weights
from tests.pruning.model.odd_models import Net, unlike

# Two inputs, three hidden units A, B, C, two classes; two examples, (1, 0) of class 0 and (2, 1) of class 1.
#
#             incoming   bias   activation on x1           on x2               mean
#     A       (1, -2)     .5    1 + .5        = 1.5        2 - 2 + .5 = .5     1
#     B       (3,  4)     0     3                          6 + 4      = 10     6.5
#     C       (-1, -1)    0     relu(-1)      = 0          relu(-3)   = 0      0
#
# The logit of class 1 is 0, that of class 0 is ln 3 · (9 A + B + 5 C − 15.5):
#     x1: 13.5 + 3 − 15.5 = 1,  logits (ln 3, 0),   p = (3/4, 1/4)
#     x2: 4.5 + 10 − 15.5 = −1, logits (−ln 3, 0),  p = (1/4, 3/4)
# The gradient of the loss by the logit of class 0 is p₀ − y₀: −1/4 on x1, +1/4 on x2; so
#     A: gradient · activation = −.25 · 9 ln 3 · 1.5 = −3.375 ln 3 on x1, +.25 · 9 ln 3 · .5 = 1.125 ln 3 on x2
#     B:                         −.25 · ln 3 · 3     = −.75 ln 3 on x1,   +.25 · ln 3 · 10   = 2.5 ln 3 on x2
#     C:                          0, for its activation is 0
INPUTS, LABELS = torch.tensor([[1.0, 0.0], [2.0, 1.0]]), torch.tensor([0, 1])
BY_HAND = {
    Criterion.L1: [1 + 2, 3 + 4, 1 + 1],
    Criterion.L2: [sqrt(1 + 4), sqrt(9 + 16), sqrt(1 + 1)],
    Criterion.TAYLOR: [(3.375 + 1.125) / 2 * log(3), (0.75 + 2.5) / 2 * log(3), 0],
    Criterion.ACTIVATION: [1, 6.5, 0],
}


def paper_network():
    return with_weights(
        mlp(2, (3,), 2, 0.5),
        {
            "hidden1.weight": np.array([[1, -2], [3, 4], [-1, -1]], np.float32),
            "hidden1.bias": np.array([0.5, 0, 0], np.float32),
            "output.weight": np.array([[9, 1, 5], [0, 0, 0]], np.float32) * np.float32(log(3)),
            "output.bias": np.array([-15.5, 0], np.float32) * np.float32(log(3)),
        },
    )


def random_network(hidden=(6, 5), n_classes=3):
    model = mlp(2, hidden, n_classes, 0.5)
    return with_weights(model, draw_weights(model, np.random.default_rng(3)))


def random_examples(n=9, n_classes=3):
    rng = np.random.default_rng(4)
    inputs = torch.from_numpy(rng.normal(0, 2, (n, 2)).astype(np.float32))
    return inputs, torch.from_numpy(rng.integers(0, n_classes, n))


@pytest.mark.parametrize("criterion", BY_HAND)
def test_a_criterion_gives_what_paper_gives(criterion):
    """The scores of units A, B and C are those of the table above."""
    scores = importance(paper_network(), criterion, INPUTS, LABELS, np.random.default_rng(0))
    np.testing.assert_allclose(scores["hidden1"], BY_HAND[criterion], rtol=1e-5)


def test_every_criterion_has_a_score():
    """No criterion can be chosen that nothing computes."""
    assert set(CRITERIA) == set(Criterion)


@pytest.mark.parametrize("criterion", Criterion)
def test_scores_cover_the_hidden_layers_and_nothing_else(criterion):
    """One finite, non-negative score per hidden unit, and none for the classes."""
    scores = importance(random_network(), criterion, *random_examples(), np.random.default_rng(0))
    assert {name: values.shape for name, values in scores.items()} == {"hidden1": (6,), "hidden2": (5,)}
    assert all((np.isfinite(values) & (values >= 0)).all() for values in scores.values())


def test_taylor_agrees_with_autograd_one_example_at_a_time():
    """Mean |gradient · activation|, with each example's own loss differentiated on its own."""
    model, (inputs, labels) = random_network(), random_examples()
    expected = {"hidden1": np.zeros(6), "hidden2": np.zeros(5)}
    for x, label in zip(inputs, labels, strict=True):
        first = (model.hidden1.weight @ x + model.hidden1.bias).clamp(min=0)
        second = (model.hidden2.weight @ first + model.hidden2.bias).clamp(min=0)
        loss = -(model.output.weight @ second + model.output.bias).log_softmax(0)[label]
        gradients = torch.autograd.grad(loss, [first, second])
        for name, gradient, activation in zip(expected, gradients, [first, second], strict=True):
            expected[name] += (gradient * activation).abs().detach().numpy() / len(inputs)
    scores = importance(model, Criterion.TAYLOR, inputs, labels, np.random.default_rng(0))
    for name, values in expected.items():
        np.testing.assert_allclose(scores[name], values, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("criterion", [Criterion.TAYLOR, Criterion.ACTIVATION])
def test_a_dead_unit_is_worth_nothing(criterion):
    """A unit that never answers scores exactly 0, and all others more."""
    model = random_network(hidden=(4,))
    with torch.no_grad():
        model.hidden1.bias += 100
        model.hidden1.bias[2] = -1000
    scores = importance(model, criterion, *random_examples(), np.random.default_rng(0))["hidden1"]
    assert scores[2] == 0
    assert (np.delete(scores, 2) > 0).all()


def test_random_scores_come_from_the_generator_alone():
    """The same generator gives the same scores for other weights and data; another one does not."""
    model = random_network(hidden=(3,), n_classes=2)
    draw = lambda network, seed: importance(  # noqa: E731
        network, Criterion.RANDOM, INPUTS, LABELS, np.random.default_rng(seed)
    )["hidden1"]
    assert np.array_equal(draw(model, 1), draw(paper_network(), 1))
    assert not np.array_equal(draw(model, 1), draw(model, 2))


@pytest.mark.parametrize("criterion", [c for c in Criterion if c != Criterion.RANDOM])
def test_all_other_scores_ignore_the_generator(criterion):
    """Scores that are measured do not depend on chance, dropout included."""
    model = random_network().train()
    a, b = (importance(model, criterion, *random_examples(), np.random.default_rng(seed)) for seed in (1, 2))
    assert all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("criterion", Criterion)
def test_measuring_leaves_the_network_and_the_data_as_they_were(criterion):
    """No gradient is left behind, no weight moves, no mode changes, and inputs do not begin to require gradients."""
    model, (inputs, labels) = random_network().train(), random_examples()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    importance(model, criterion, inputs, labels, np.random.default_rng(0))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert model.training
    assert not inputs.requires_grad


# ---- convolutional networks
#
# Two input channels of 2 × 2, two channels P and Q whose filters are 1 × 1, two classes, and two examples:
#
#             filter   bias   map on x1 = (1 2 / 3 4), (0 0 / 0 1)      map on x2 = (0 1 / 0 0), (1 0 / 0 0)
#     P       (1, -2)   0     1, 2, 3, relu(4 − 2) = 2     mean 2       relu(−2) = 0, 1, 0, 0      mean 1/4
#     Q       (-3, 4)   1     all relu(−2 …) = 0           mean 0       5, relu(−2) = 0, 1, 1      mean 7/4
#
# The logit of class 0 is ln 3 · (sum of a weight times each activation + a bias), that of class 1 is 0:
#     P's four activations weigh (1, −1, 1, 0), Q's (2, 0, −1, 1).
#     x1: P gives 1 − 2 + 3 = 2, Q gives 0;               with the bias −1: ln 3, p₀ = 3/4
#     x2: P gives −1,            Q gives 10 − 1 + 1 = 10; with the bias −1: 8 ln 3, p₀ = 6561/6562
# The gradient by an activation is (p₀ − y₀) ln 3 · its weight, with labels 0 and 1: −1/4 on x1, 6561/6562 on x2.
# Gradient · activation, its mean over the map, its absolute value, its mean over the examples:
#     P: x1 −1/4 · (1 − 2 + 3) / 4 = −1/8,   x2 6561/6562 · (−1) / 4
#     Q: x1 0,                               x2 6561/6562 · 10 / 4
MAPS = torch.tensor([[[[1.0, 2], [3, 4]], [[0, 0], [0, 1]]], [[[0, 1], [0, 0]], [[1, 0], [0, 0]]]])
SURE = 6561 / 6562
FILTERS_BY_HAND = {
    Criterion.L1: [1 + 2, 3 + 4],
    Criterion.L2: [sqrt(1 + 4), sqrt(9 + 16)],
    Criterion.TAYLOR: [(1 / 8 + SURE / 4) / 2 * log(3), SURE * 10 / 4 / 2 * log(3)],
    Criterion.ACTIVATION: [(2 + 1 / 4) / 2, 7 / 4 / 2],
}


def paper_cnn():
    layers = {
        "conv1": nn.Conv2d(2, 2, 1), "relu1": nn.ReLU(), "flatten": nn.Flatten(),
        "dropout": nn.Dropout(0.5), "output": nn.Linear(8, 2),
    }  # fmt: skip
    return with_weights(
        nn.Sequential(OrderedDict(layers)),
        {
            "conv1.weight": np.array([[1, -2], [-3, 4]], np.float32).reshape(2, 2, 1, 1),
            "conv1.bias": np.array([0, 1], np.float32),
            "output.weight": np.array([[1, -1, 1, 0, 2, 0, -1, 1], [0] * 8], np.float32) * np.float32(log(3)),
            "output.bias": np.array([-1, 0], np.float32) * np.float32(log(3)),
        },
    )


@pytest.mark.parametrize("criterion", FILTERS_BY_HAND)
def test_a_criterion_gives_a_channel_what_paper_gives(criterion):
    """The scores of channels P and Q are those of the table above."""
    scores = importance(paper_cnn(), criterion, MAPS, LABELS, np.random.default_rng(0))
    np.testing.assert_allclose(scores["conv1"], FILTERS_BY_HAND[criterion], rtol=1e-5)


def random_cnn(architecture=Architecture.WIDE_NORM):
    model = cnn(architecture, (8, 8, 1), 8, 0.5)
    return with_weights(model, draw_weights(model, np.random.default_rng(3)))


def random_pictures(n=6):
    rng = np.random.default_rng(4)
    pixels = torch.from_numpy(rng.integers(0, 256, (n, 8, 8, 1)).astype(np.float32))
    return pixels, torch.from_numpy(rng.integers(0, 8, n))


@pytest.mark.parametrize(("criterion", "order"), [(Criterion.L1, 1), (Criterion.L2, 2)])
def test_the_norm_of_a_filter_is_over_the_whole_of_it(criterion, order):
    """Over all its input channels and pixels, the bias and BatchNorm left out."""
    model = random_cnn()
    scores = importance(model, criterion, *random_pictures(), np.random.default_rng(0))
    for name in ("conv1", "conv2"):
        expected = [np.linalg.norm(f.detach().numpy().ravel(), order) for f in getattr(model, name).weight]
        np.testing.assert_allclose(scores[name], expected, rtol=1e-5)


@pytest.mark.parametrize("criterion", Criterion)
@pytest.mark.parametrize("architecture", [Architecture.SMALL, Architecture.WIDE_NORM])
def test_scores_cover_channels_and_neurons(criterion, architecture):
    """One finite, non-negative score for each, in forward order, and none for the classes."""
    model = random_cnn(architecture)
    scores = importance(model, criterion, *random_pictures(), np.random.default_rng(0))
    found = {name: layer.n_units for name, layer in prunable_layers(model).items()}
    assert {name: len(values) for name, values in scores.items()} == found
    assert list(scores) == list(found)
    assert all((np.isfinite(values) & (values >= 0)).all() for values in scores.values())


def test_taylor_of_channels_agrees_with_autograd_one_picture_at_a_time():
    """The mean of |mean over the map of gradient · activation|, after BatchNorm and ReLU, each picture on its own."""
    model, (inputs, labels) = random_cnn(), random_pictures()
    expected = {name: np.zeros(layer.n_units) for name, layer in prunable_layers(model).items()}
    after = dict(zip(expected, ("relu1", "relu2", "relu3"), strict=True))
    for picture, label in zip(inputs, labels, strict=True):
        values, activations = picture[None].clone(), {}
        for name, layer in model.named_children():
            values = layer(values)
            activations[name] = values
        watched = [activations[relu] for relu in after.values()]
        gradients = torch.autograd.grad(-values.log_softmax(1)[0, label], watched)
        for name, gradient, activation in zip(expected, gradients, watched, strict=True):
            product = (gradient * activation)[0].detach().numpy().astype(float)
            expected[name] += np.abs(product.reshape(len(product), -1).mean(axis=1)) / len(inputs)
    scores = importance(model, Criterion.TAYLOR, inputs, labels, np.random.default_rng(0))
    for name, values in expected.items():
        np.testing.assert_allclose(scores[name], values, rtol=1e-3, atol=1e-8)


@pytest.mark.parametrize("criterion", [Criterion.TAYLOR, Criterion.ACTIVATION])
def test_a_channel_that_batch_norm_silences_is_worth_nothing(criterion):
    """With γ = β = 0 it scores exactly 0, as a removed channel does."""
    model = random_cnn()
    with torch.no_grad():
        model.norm1.weight[5] = model.norm1.bias[5] = 0
    scores = importance(model, criterion, *random_pictures(), np.random.default_rng(0))["conv1"]
    assert scores[5] == 0
    assert (np.delete(scores, 5) > 0).any()


@pytest.mark.parametrize("criterion", Criterion)
def test_measuring_leaves_a_convolutional_network_and_the_pictures_as_they_were(criterion):
    """No running statistic moves, no gradient is left, and no pixel is written to."""
    model, (inputs, labels) = random_cnn(), random_pictures()
    before, pixels = {name: value.clone() for name, value in model.state_dict().items()}, inputs.clone()
    importance(model, criterion, inputs, labels, np.random.default_rng(0))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert torch.equal(inputs, pixels)


# ---- networks of other kinds


def one_at_a_time(model, inputs, labels, behind, by_unit):
    """Taylor and mean activation of the units behind a layer, by autograd, each example on its own."""
    products, activations = [], []
    for example, label in zip(inputs, labels, strict=True):
        seen = []
        handle = model.get_submodule(behind).register_forward_hook(
            lambda _, given, made, seen=seen: seen.append(made)
        )
        logits = model(example[None])
        handle.remove()
        gradient = torch.autograd.grad(-logits.log_softmax(1)[0, label], seen[0])[0]
        products.append(by_unit(gradient * seen[0])[0].mean(1).abs())
        activations.append(by_unit(seen[0])[0].mean(1))
    return {
        Criterion.TAYLOR: torch.stack(products).mean(0).detach().numpy(),
        Criterion.ACTIVATION: torch.stack(activations).mean(0).detach().numpy(),
    }


def chain_of(*layers, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(*layers).eval()


# what it is → model, shape of its inputs, layer, where its units are looked at, and how they are laid out there
OTHERS = {
    "another activation": (
        lambda: chain_of(nn.Linear(2, 4), nn.Tanh(), nn.Dropout(), nn.Linear(4, 3)), (5, 2), "0", "1",
        lambda seen: seen.unsqueeze(2),
    ),
    "no activation": (lambda: chain_of(nn.Linear(2, 4), nn.Linear(4, 3)), (5, 2), "0", "0", lambda s: s.unsqueeze(2)),
    "BatchNorm alone": (
        lambda: chain_of(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 3)), (5, 2), "0", "1",
        lambda seen: seen.unsqueeze(2),
    ),
    "BatchNorm behind the activation": (
        lambda: chain_of(nn.Linear(2, 4), nn.ReLU(), unlike(nn.BatchNorm1d(4)), nn.Linear(4, 3)), (5, 2), "0", "1",
        lambda seen: seen.unsqueeze(2),
    ),
    "nested": (
        lambda: chain_of(nn.Sequential(nn.Linear(2, 4), nn.Sequential(nn.ReLU())), nn.Linear(4, 3)), (5, 2), "0.0",
        "0.1.0", lambda seen: seen.unsqueeze(2),
    ),
    "an axis more": (
        lambda: chain_of(nn.Linear(2, 4), nn.Sigmoid(), nn.Flatten(), nn.Linear(20, 3)), (6, 5, 2), "0", "1",
        lambda seen: seen.transpose(1, 2),
    ),
    "an axis more, flattened before the activation": (
        lambda: chain_of(nn.Linear(2, 4), nn.Flatten(), nn.Sigmoid(), nn.Linear(20, 3)), (6, 5, 2), "0", "2",
        lambda seen: seen.unflatten(1, (5, 4)).transpose(1, 2),
    ),
    "maps, flattened before the activation": (
        lambda: chain_of(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.ReLU(), nn.Linear(16, 3)), (6, 2, 4, 4), "0", "2",
        lambda seen: seen.unflatten(1, (4, 4)),
    ),
    "a series": (
        lambda: chain_of(nn.Conv1d(2, 4, 3), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(12, 3)), (6, 2, 8),
        "0", "1", lambda seen: seen,
    ),
}  # fmt: skip


@pytest.mark.parametrize("criterion", [Criterion.TAYLOR, Criterion.ACTIVATION])
@pytest.mark.parametrize("what", OTHERS)
def test_units_of_any_layer_are_found_where_they_lie(criterion, what):
    """Scores are those of autograd, one example at a time, whatever the activation, the nesting and the axes."""
    make, shape, name, behind, by_unit = OTHERS[what]
    rng = np.random.default_rng(5)
    inputs = torch.from_numpy(rng.normal(0, 1, shape).astype(np.float32))
    labels = torch.from_numpy(rng.integers(0, 3, len(inputs)))
    model = make()
    due = one_at_a_time(model, inputs, labels, behind, by_unit)[criterion]
    scores = importance(model, criterion, inputs, labels, rng)
    assert list(scores) == [name]
    np.testing.assert_allclose(scores[name], due, rtol=1e-3, atol=1e-7)


def test_filters_of_a_transposed_convolution_are_summed_by_what_they_make():
    """Its weight has the inputs first: the norm of a unit is over all inputs and pixels of its own filters."""
    model = chain_of(nn.ConvTranspose2d(2, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(27, 2))
    scores = importance(model, Criterion.L1, torch.zeros(4, 2, 2, 2), torch.zeros(4).long(), np.random.default_rng(0))
    due = [model[0].weight[:, unit].abs().sum().item() for unit in range(3)]
    np.testing.assert_allclose(scores["0"], due, rtol=1e-6)


@pytest.mark.parametrize("criterion", Criterion)
def test_frozen_layers_are_measured_as_others(criterion):
    """Without requires_grad anywhere the scores are the same, and nothing is unfrozen."""
    model, (inputs, labels) = random_network(), random_examples()
    due = importance(model, criterion, inputs, labels, np.random.default_rng(0))
    model.requires_grad_(False)
    scores = importance(model, criterion, inputs, labels, np.random.default_rng(0))
    assert all(np.array_equal(scores[name], values) for name, values in due.items())
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_a_network_in_training_is_measured_as_in_evaluation():
    """BatchNorm uses its statistics and keeps them, whatever the mode the network is in, and the mode stays."""
    model, (inputs, labels) = random_cnn(), random_pictures()
    due = importance(model, Criterion.TAYLOR, inputs, labels, np.random.default_rng(0))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    scores = importance(model.train(), Criterion.TAYLOR, inputs, labels, np.random.default_rng(0))
    assert all(np.array_equal(scores[name], values) for name, values in due.items())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(layer.training for layer in model.modules())


def test_inputs_are_not_changed_by_a_layer_that_works_in_place():
    """The first layer may write to what it is given; that is a copy."""
    inputs = -torch.ones(3, 2)
    model = chain_of(nn.LeakyReLU(0.1, inplace=True), nn.Linear(2, 4), nn.ReLU(inplace=True), nn.Linear(4, 2))
    importance(model, Criterion.TAYLOR, inputs, torch.zeros(3).long(), np.random.default_rng(0))
    assert (inputs == -1).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_scores_of_other_types_are_numbers_that_add_up(dtype):
    """400 weights of 300 are 120,000, more than half precision can say; NumPy has no bfloat16 at all."""
    model = chain_of(nn.Linear(400, 2), nn.ReLU(), nn.Linear(2, 2)).to(dtype)
    nn.init.constant_(model[0].weight, 300)
    inputs = torch.zeros(3, 400, dtype=dtype)
    scores = importance(model, Criterion.L1, inputs, torch.zeros(3).long(), np.random.default_rng(0))["0"]
    np.testing.assert_allclose(scores, [120_000] * 2, rtol=0.01)


@pytest.mark.parametrize(
    ("model", "inputs", "reason"),
    [
        (Net(), torch.zeros(3, 2), "nothing of the model can be pruned: this Net has a forward of its own"),
        (chain_of(nn.Linear(2, 4), nn.Softmax(1), nn.Linear(4, 2)), torch.zeros(3, 2), r"layer '1' \(Softmax\)"),
        (chain_of(nn.Linear(2, 4), nn.Linear(4, 2)), torch.zeros(3, 5, 2), r"gives \(3, 5, 2\).*needs real logits"),
        (chain_of(nn.Linear(2, 4), nn.Linear(4, 2)), torch.zeros(2, 2), r"gives \(2, 2\).*for 3 labels"),
        (chain_of(nn.Linear(2, 4), nn.Linear(4, 2)).double(), torch.zeros(3, 2), r"layer '0' \(Linear\) cannot take"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_said(model, inputs, reason):
    """Where no score could be given, and where what comes out is no logit, with the layer or the shape."""
    with pytest.raises(ValueError, match=reason):
        importance(model, Criterion.TAYLOR, inputs, torch.zeros(3).long(), np.random.default_rng(0))
