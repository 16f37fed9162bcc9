"""The right outputs of a pruned model, found without a look at its structure: change units, and see who hears it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, *TRANSPOSED)


def outputs(model: nn.Module, inputs: Tensor) -> np.ndarray:
    """What the model makes of inputs in evaluation mode; neither is touched."""
    with torch.no_grad():
        return copy.deepcopy(model).eval()(inputs.clone()).numpy()


def right_outputs(model: nn.Module, masks: Mapping[str, Any], inputs: Tensor) -> np.ndarray:
    """The model's own outputs with the columns of removed units at zero, in the layer that reads them.

    The reader is the linear or convolutional layer that runs next; its columns of a unit are the inputs that change
    where the weights and the bias of the unit do.
    """
    quiet, order = copy.deepcopy(model).eval(), _order(model, inputs)
    for name, mask in masks.items():
        gone = np.flatnonzero(~np.asarray(mask, bool))
        reader = order[order.index(name) + 1]
        layer = quiet.get_submodule(reader)
        heard = _heard(model, name, gone, reader, inputs)
        columns = layer.weight if isinstance(layer, TRANSPOSED) else layer.weight.transpose(0, 1)
        columns.data[heard] = 0
    return outputs(quiet, inputs)


def _order(model: nn.Module, inputs: Tensor) -> list[str]:
    """The linear and convolutional layers by name, as they run."""
    watched, order = copy.deepcopy(model).eval(), []
    for name, layer in watched.named_modules():
        if isinstance(layer, WEIGHTED):
            layer.register_forward_pre_hook(lambda *_, name=name: order.append(name))
    watched(inputs.clone())
    return order


def _heard(model: nn.Module, name: str, units: np.ndarray, reader: str, inputs: Tensor) -> np.ndarray:
    """Which of the reader's inputs depend on some units of a layer: booleans (inputs,)."""
    before = _read(copy.deepcopy(model).eval(), reader, inputs)
    heard = np.zeros(len(before), bool)
    for seed in range(6):  # where an activation saturates, one change may not be seen
        changed, rng = copy.deepcopy(model).eval(), torch.Generator().manual_seed(seed)
        layer = changed.get_submodule(name)
        rows = (layer.weight.transpose(0, 1) if isinstance(layer, TRANSPOSED) else layer.weight).data
        for part in (rows, layer.bias.data) if layer.bias is not None else (rows,):
            part[units] += 3 * torch.randn(part[units].shape, generator=rng, dtype=part.dtype)
        heard |= (_read(changed, reader, inputs) != before).any(1)
    return heard


def _read(model: nn.Module, reader: str, inputs: Tensor) -> np.ndarray:
    """What the reader is given: (inputs, everything else)."""
    given: list[Tensor] = []
    layer = model.get_submodule(reader)
    layer.register_forward_pre_hook(lambda _, values: given.append(values[0].detach().clone()))
    with torch.no_grad():
        model(inputs.clone())
    axis = -1 if isinstance(layer, nn.Linear) else 1 - layer.weight.dim()
    return given[0].movedim(axis, 0).flatten().numpy().reshape(given[0].shape[axis], -1)
