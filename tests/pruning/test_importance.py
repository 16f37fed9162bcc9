"""Importance: every criterion by hand on a network small enough for paper, and against autograd."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
import torch

from pruning import Criterion
from pruning.importance import CRITERIA, importance
from pruning.networks import draw_weights, mlp, with_weights

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
