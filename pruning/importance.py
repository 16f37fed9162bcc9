"""Importance: a score for every unit of a prunable layer; larger means keep.

Adding a criterion takes two steps: a member of `pruning.options.Criterion` with its sentence, and
a function here from the evidence on a layer's units to their scores, entered in `CRITERIA`. That of
a greedy criterion is asked again as the layers before are pruned: see `pruning.strategies`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pruning.networks import prunable_layers
from pruning.options import Criterion


@dataclass(frozen=True)
class Evidence:
    """What a criterion may look at for the U units of one layer, over N training examples.

    M is 1 for a neuron, and the number of pixels for the map of a channel.
    """

    incoming: np.ndarray  # (U, fan_in) weights into each unit, without the bias
    activation: np.ndarray  # (N, U, M) after the ReLU, dropout off
    gradient: np.ndarray  # (N, U, M) of the example's own loss with respect to that activation
    rng: np.random.Generator


def _l1(units: Evidence) -> np.ndarray:
    """Li et al. 2017, "Pruning Filters for Efficient ConvNets"."""
    return np.abs(units.incoming).sum(axis=1)


def _l2(units: Evidence) -> np.ndarray:
    return np.sqrt(np.square(units.incoming).sum(axis=1))


def _taylor(units: Evidence) -> np.ndarray:
    """Molchanov et al. 2017, equation 8: the mean over examples of |mean over the map of gradient × activation|."""
    return np.abs((units.gradient * units.activation).mean(axis=2)).mean(axis=0)


def _activation(units: Evidence) -> np.ndarray:
    return units.activation.mean(axis=(0, 2))


def _random(units: Evidence) -> np.ndarray:
    return units.rng.random(len(units.incoming))


CRITERIA: Mapping[Criterion, Callable[[Evidence], np.ndarray]] = {
    Criterion.L1: _l1,
    Criterion.L2: _l2,
    Criterion.L1_GREEDY: _l1,
    Criterion.TAYLOR: _taylor,
    Criterion.ACTIVATION: _activation,
    Criterion.RANDOM: _random,
}


def importance(
    model: nn.Sequential, criterion: Criterion, inputs: Tensor, labels: Tensor, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Scores by layer name, each (units,), measured on training inputs (N, …) with labels (N,)."""
    score = CRITERIA[criterion]
    return {name: score(units) for name, units in _evidence(model, inputs, labels, rng).items()}


def _evidence(model: nn.Sequential, inputs: Tensor, labels: Tensor, rng: np.random.Generator) -> dict[str, Evidence]:
    """One forward and one backward pass in evaluation mode, watching every prunable layer's ReLU."""
    watched: dict[str, Tensor] = {}
    prunable = prunable_layers(model)
    current = ""
    with torch.enable_grad():
        values = inputs.detach()
        for name, layer in model.named_children():
            current = name if isinstance(layer, nn.Linear | nn.Conv2d) else current
            if isinstance(layer, nn.Dropout):
                continue
            values = layer(values)
            if isinstance(layer, nn.ReLU) and current in prunable:
                watched[current] = values
        # A sum over examples: the gradient of one row is then that example's own.
        loss = nn.functional.cross_entropy(values, labels, reduction="sum")
        gradients = torch.autograd.grad(loss, list(watched.values())) if watched else ()
    return {
        name: Evidence(
            incoming=getattr(model, name).weight.detach().flatten(1).numpy(),
            activation=activation.detach().unsqueeze(2).flatten(2).numpy(),
            gradient=gradient.unsqueeze(2).flatten(2).numpy(),
            rng=rng,
        )
        for (name, activation), gradient in zip(watched.items(), gradients, strict=True)
    }
