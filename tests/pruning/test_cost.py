"""Sizes: counted by hand, and by a trusted library."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from pruning import cost
from pruning.networks import mlp
from pruning.shrink import shrink


def test_a_2_30_2_network_has_the_counts_of_pencil_and_paper():
    """30 units; 2·30 + 30 + 30·2 + 2 = 152 parameters; 2·30 + 30·2 = 120 multiply–adds."""
    model = mlp(2, (30,), 2, 0.2)
    assert (cost.units(model), cost.parameters(model), cost.multiply_adds(model, torch.zeros(1, 2))) == (30, 152, 120)


def test_a_pruned_network_is_counted_without_what_has_gone():
    """12 of 30 units kept: 2·12 + 12 + 12·2 + 2 = 62 parameters and 48 multiply–adds."""
    small = shrink(mlp(2, (30,), 2, 0.2), {"hidden1": np.arange(30) < 12})
    assert (cost.units(small), cost.parameters(small), cost.multiply_adds(small, torch.zeros(1, 2))) == (12, 62, 48)


@pytest.mark.parametrize(
    ("hidden", "kept"), [((30,), (30,)), ((30,), (7,)), ((12, 8), (5, 3)), ((6, 5, 4), (1, 2, 3))]
)
def test_counts_agree_with_torch_pruning(hidden, kept):
    """Parameters are equal; its operations are our multiply–adds and one for every bias and every ReLU.

    torch_pruning's `count_ops_and_params` adds the bias additions of a linear layer (one per output)
    and one operation per ReLU output: 182 for 2-30-2, which is 120 + 32 + 30.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch_pruning = pytest.importorskip("torch_pruning")
        masks = {f"hidden{i}": np.arange(n) < k for i, (n, k) in enumerate(zip(hidden, kept, strict=True), 1)}
        small = shrink(mlp(2, hidden, 3, 0.2), masks).eval()
        operations, parameters = torch_pruning.utils.count_ops_and_params(small, torch.zeros(1, 2))
    biases = sum(layer.out_features for layer in small if isinstance(layer, nn.Linear))
    assert cost.parameters(small) == parameters
    assert cost.multiply_adds(small, torch.zeros(1, 2)) + biases + cost.units(small) == operations


def test_latency_is_a_positive_number_of_seconds_for_each_model():
    """One number per model, in order, each above zero and below a second for a tiny network."""
    models = [mlp(2, (4,), 2, 0.1), mlp(2, (2,), 2, 0.1)]
    seconds = cost.latency(models, torch.zeros(8, 2), repeats=3)
    assert len(seconds) == 2
    assert all(0 < s < 1 for s in seconds)
