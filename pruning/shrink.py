"""From a mask to a physically smaller network with the same outputs."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from pruning.networks import prunable_layers


def shrink(model: nn.Sequential, masks: Mapping[str, np.ndarray]) -> nn.Sequential:
    """A new, smaller module without the units that `masks` removes; the model itself is untouched.

    masks: layer name → booleans (units,), True is kept. A layer that is not named stays whole.
    The outputs equal those of the model with the removed units silenced, up to float rounding.

    Raises ValueError for a layer that cannot be pruned, a mask of the wrong length, or one that
    would leave a layer empty.
    """
    feeds = prunable_layers(model)
    kept_inputs: dict[str, torch.Tensor] = {}
    kept_units: dict[str, torch.Tensor] = {}
    for name, mask in masks.items():
        kept_units[name] = _kept(model, feeds, name, mask)
        kept_inputs[feeds[name]] = kept_units[name]
    layers = OrderedDict(
        (name, _smaller_linear(layer, kept_units.get(name), kept_inputs.get(name)))
        if isinstance(layer, nn.Linear)
        else (name, copy.deepcopy(layer))
        for name, layer in model.named_children()
    )
    return nn.Sequential(layers).train(model.training)


def _kept(model: nn.Sequential, feeds: Mapping[str, str], name: str, mask: np.ndarray) -> torch.Tensor:
    """The indices of the kept units, once the mask has been found to fit the layer."""
    if name not in feeds:
        legal = ", ".join(feeds) or "none"
        raise ValueError(f"layer {name!r} cannot be pruned; prunable layers of this model: {legal}")
    mask = np.asarray(mask, bool)
    width = getattr(model, name).out_features
    if mask.shape != (width,):
        raise ValueError(f"the mask of {name!r} has shape {mask.shape}; the layer has {width} units")
    if not mask.any():
        raise ValueError(f"the mask of {name!r} removes all {width} units; at least one must stay")
    return torch.from_numpy(np.flatnonzero(mask))


def _smaller_linear(layer: nn.Linear, units: torch.Tensor | None, inputs: torch.Tensor | None) -> nn.Linear:
    """A copy of the layer around smaller tensors; making a new layer would draw weights for nothing."""
    smaller = {}
    for name, value in layer.named_parameters():
        part = value.detach() if units is None else value.detach()[units]
        smaller[id(value)] = nn.Parameter(
            part[:, inputs] if inputs is not None and name == "weight" else part.clone()
        )
    copied = copy.deepcopy(layer, smaller)
    copied.out_features, copied.in_features = copied.weight.shape
    return copied
