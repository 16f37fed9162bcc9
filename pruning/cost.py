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

from pruning.networks import prunable_layers


def units(model: nn.Sequential) -> int:
    """Hidden units: the neurons and channels of the prunable layers."""
    return sum(layer.n_units for layer in prunable_layers(model).values())


def parameters(model: nn.Module) -> int:
    """Trainable numbers, biases included."""
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_adds(model: nn.Sequential, example: Tensor) -> int:
    """Multiplications with an addition in one forward pass of one example (1, …).

    Those of linear and convolutional layers; biases, BatchNorm and pooling are not counted.
    """
    total, values = 0, example
    with torch.inference_mode():
        for layer in model:
            values = layer(values)
            if isinstance(layer, nn.Linear | nn.Conv2d):
                total += layer.weight.numel() * values[0, 0].numel()  # once for every pixel of a map
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
