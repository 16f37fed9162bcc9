"""From a mask to a physically smaller network with the same outputs, and back."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from pruning.networks import Weights, prunable_layers


def shrink(model: nn.Sequential, masks: Mapping[str, np.ndarray]) -> nn.Sequential:
    """A new, smaller module without the units that `masks` removes; the model itself is untouched.

    masks: layer name → booleans (units,), True is kept. A layer that is not named stays whole.
    The channels of a convolution take their BatchNorm along, and the inputs of the layer they
    feed; where a picture is flattened in between, one channel is many inputs. The outputs equal
    those of the model with the removed units silenced, up to float rounding.

    Raises ValueError for a layer that cannot be pruned, a mask of the wrong length, or one that
    would leave a layer empty.
    """
    kept = _kept(model, masks)
    layers = OrderedDict((name, _smaller(layer, kept.get(name))) for name, layer in model.named_children())
    return nn.Sequential(layers).train(model.training)


def widen(small: Mapping[str, Tensor], model: nn.Sequential, masks: Mapping[str, np.ndarray]) -> Weights:
    """The weights of a shrunk network at their places in `model`, removed units at zero."""
    kept = _kept(model, masks)
    wide: Weights = {}
    for name, value in model.state_dict().items():
        places = kept.get(name.rpartition(".")[0])
        if places is None or value.ndim == 0:
            wide[name] = small[name].clone()
        else:
            wide[name] = torch.zeros_like(value)
            wide[name][places.index(value)] = small[name]
    return wide


@dataclass
class _Kept:
    """Which units and inputs of a layer stay, as indices; None is all of them."""

    units: Tensor | None = None
    inputs: Tensor | None = None

    def index(self, value: Tensor) -> tuple[Tensor, ...]:
        """What picks the kept part of a parameter (units, …) or (units, inputs, …)."""
        units = torch.arange(len(value)) if self.units is None else self.units
        if value.ndim == 1 or self.inputs is None:
            return (units,)
        return (units[:, None], self.inputs[None])


def _kept(model: nn.Sequential, masks: Mapping[str, np.ndarray]) -> dict[str, _Kept]:
    """For every layer that changes, what stays of it, once the masks have been found to fit."""
    structure = prunable_layers(model)
    kept: dict[str, _Kept] = {}
    for name, mask in masks.items():
        if name not in structure:
            legal = ", ".join(structure) or "none"
            raise ValueError(f"layer {name!r} cannot be pruned; prunable layers of this model: {legal}")
        layer, mask = structure[name], np.asarray(mask, bool)
        if mask.shape != (layer.n_units,):
            raise ValueError(f"the mask of {name!r} has shape {mask.shape}; the layer has {layer.n_units} units")
        if not mask.any():
            raise ValueError(f"the mask of {name!r} removes all {layer.n_units} units; at least one must stay")
        units = torch.from_numpy(np.flatnonzero(mask))
        for part in (name, *layer.norms):
            kept.setdefault(part, _Kept()).units = units
        inputs = torch.from_numpy(np.flatnonzero(mask.repeat(layer.spread)))
        kept.setdefault(layer.feeds, _Kept()).inputs = inputs
    return kept


def _smaller(layer: nn.Module, kept: _Kept | None) -> nn.Module:
    """A copy of the layer around smaller tensors; making a new layer would draw weights for nothing."""
    if kept is None:
        return copy.deepcopy(layer)
    smaller: dict[int, Tensor] = {
        id(value): nn.Parameter(value.detach()[kept.index(value)]) for value in layer.parameters()
    }
    for value in layer.buffers():
        smaller[id(value)] = value[kept.index(value)] if value.ndim else value.clone()
    copied = copy.deepcopy(layer, smaller)
    if isinstance(copied, nn.Linear):
        copied.out_features, copied.in_features = copied.weight.shape
    elif isinstance(copied, nn.Conv2d):
        copied.out_channels, copied.in_channels = copied.weight.shape[:2]
    elif isinstance(copied, nn.BatchNorm2d):
        copied.num_features = len(copied.weight)
    return copied
