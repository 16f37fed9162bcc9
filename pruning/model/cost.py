"""The size of a network: five measures that are never mixed.

Units, parameters and multiply–adds are counted on the physically smaller module. The compression
ratio compares parameters, the theoretical speed-up compares multiply–adds, and the latency is
what a clock says.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from pruning.model.copies import evaluating, require_weights
from pruning.model.layer_kinds import is_transposed, is_weighted
from pruning.model.structure import chain, may_have_units, outputs, require_module, structure
from pruning.model.unknown import title, why_unknown


def units(model: nn.Module) -> int:
    """Hidden units: the neurons and channels of the prunable layers.

    Raises ValueError, naming the layer, where a hidden layer is not understood: its units would not be counted.
    """
    found = structure(model)
    found.require_known()
    return sum(layer.n_units for layer in found.prunable.values())


def parameters(model: nn.Module) -> int:
    """Weights and biases, frozen ones included; what several layers share counts once."""
    require_module(model)
    require_weights(model)
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_adds(model: nn.Module, example: Tensor) -> int:
    """Multiplications with an addition in one forward pass of one example (1, …).

    Those of linear and convolutional layers, once for every place of a map and every row of values;
    biases, BatchNorm and pooling are not counted. Raises ValueError, naming the layer, for one with
    parameters that is of another kind, and for one that cannot take what reaches it.
    """
    require_module(model)
    total, values = 0, example[:1].clone()  # a layer that works in place would change the caller's
    with torch.inference_mode():
        for name, layer in chain(evaluating(model)):
            before, values = values, outputs(name, layer, values)
            if is_weighted(layer):
                weight = layer.get_parameter("weight")
                counted = before if is_transposed(layer) else values
                total += weight.numel() * (counted.numel() // len(weight))  # numbers per channel or feature
            elif may_have_units(layer):
                known = "only those of linear and convolutional layers in an nn.Sequential are counted"
                raise ValueError(
                    f"the multiply–adds of {title(name, layer)} are not known: it {why_unknown(layer)}; {known}"
                )
    return total


def latency(models: Sequence[nn.Module], inputs: Tensor, repeats: int = 11) -> list[float]:
    """Seconds for one forward pass over `inputs`, for each model: the median of `repeats`.

    The models take turns, so that a disturbance of the machine falls on all of them alike.
    """
    seconds = np.empty((repeats + 2, len(models)))
    with torch.inference_mode():
        for row in seconds:
            for k, model in enumerate(models):
                start = time.perf_counter()
                model(inputs)
                row[k] = time.perf_counter() - start
    return np.median(seconds[2:], axis=0).tolist()  # the first two rounds warm up
