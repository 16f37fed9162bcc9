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

from pruning.model.copies import evaluating
from pruning.model.layer_kinds import ACTIVATIONS, is_per_unit, kind
from pruning.model.layers import Place, axes, carried, start
from pruning.model.structure import Structure, outputs, require_module, structure
from pruning.options import Criterion


@dataclass(frozen=True)
class Evidence:
    """What a criterion may look at for the U units of one layer, over N training examples.

    M is 1 for a neuron, and the number of pixels for the map of a channel; in general, how often an example has
    each unit.
    """

    incoming: np.ndarray  # (U, fan_in) weights into each unit, without the bias
    activation: np.ndarray  # (N, U, M) after the ReLU or what stands for it, dropout off
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
    model: nn.Module, criterion: Criterion, inputs: Tensor, labels: Tensor, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Scores by layer name, each (units,), measured on training inputs (N, …) with labels (N,).

    Layers that cannot be pruned have none. Raises ValueError, with the reason, where that is so of all hidden layers,
    where the model does not give logits (N, C), and where a layer cannot take what reaches it.
    """
    score = CRITERIA[criterion]
    return {name: score(units) for name, units in _evidence(model, inputs, labels, rng).items()}


def _evidence(model: nn.Module, inputs: Tensor, labels: Tensor, rng: np.random.Generator) -> dict[str, Evidence]:
    """One forward and one backward pass in evaluation mode, watching the units of every prunable layer."""
    require_module(model)
    found = structure(evaluating(model))
    if not found.prunable:
        found.require_known()
    points = {name: _point(found, name) for name in found.prunable}
    named, watched = {there: name for name, (there, _) in points.items()}, {}
    with torch.enable_grad():
        values = inputs.detach().clone()  # a layer that works in place would change the caller's
        for there, layer in found.layers:
            values = outputs(there, layer, values)
            if there in named:
                # Behind frozen layers, gradients begin here.
                values = values if values.requires_grad else values.detach().requires_grad_()
                watched[named[there]] = values
        if values.ndim != 2 or len(values) != len(labels) or not values.is_floating_point():
            due = f"importance needs real logits (N, C) for {len(labels)} labels"
            raise ValueError(f"the model gives {tuple(values.shape)} of {values.dtype}; {due}")
        # A sum over examples: the gradient of one row is then that example's own.
        loss = nn.functional.cross_entropy(values, labels, reduction="sum")
        gradients = torch.autograd.grad(loss, list(watched.values())) if watched else ()
    layers, evidence = dict(found.layers), {}
    for (name, activation), gradient in zip(watched.items(), gradients, strict=True):
        (_, place), n_units = points[name], found.prunable[name].n_units
        incoming = layers[name].get_parameter("weight").transpose(0, axes(layers[name], reads=False)["weight"])
        evidence[name] = Evidence(
            incoming=_array(incoming.flatten(1)),
            activation=_array(_by_unit(activation, place, n_units)),
            gradient=_array(_by_unit(gradient, place, n_units)),
            rng=rng,
        )
    return evidence


def _point(found: Structure, name: str) -> tuple[str, Place]:
    """Where to look at the units of a layer, and where they lie there: behind the last activation they go through.

    Without one, behind BatchNorm or the like; without that, behind the layer itself.
    """
    names, prunable = [there for there, _ in found.layers], found.prunable[name]
    at = names.index(name)
    first, *others = found.layers[at : names.index(prunable.feeds)]
    place = start(first[1], found.ranks[at])
    point, is_activation = (name, place), False
    for there, layer in others:
        place = carried(layer, place, prunable.n_units)
        if kind(layer) in ACTIVATIONS or (is_per_unit(layer) and not is_activation):
            point, is_activation = (there, place), kind(layer) in ACTIVATIONS
    return point


def _by_unit(values: Tensor, place: Place, n_units: int) -> Tensor:
    """Values (N, …) with their units as second axis: (N, U, M)."""
    axis = place.axis
    if place.flattened == "inside":
        values, axis = values.unflatten(axis, (n_units, -1)), axis - 1
    elif place.flattened == "outside":
        values = values.unflatten(axis, (-1, n_units))
    return values.movedim(axis, 1).unsqueeze(2).flatten(2)


def _array(values: Tensor) -> np.ndarray:
    """On the CPU, and in a type wide enough to add up in."""
    values = values.detach().cpu()
    return (values.float() if values.dtype.itemsize < 4 else values).numpy()
