"""The networks that are pruned: plain `nn.Sequential`s with named layers."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from pruning.model.structure import Prunable as Prunable
from pruning.model.structure import prunable_layers as prunable_layers
from pruning.options import Architecture

Weights = dict[str, Tensor]
"""Parameters and BatchNorm's running statistics, by their name in the module's state dict."""


def mlp(n_inputs: int, hidden: Sequence[int], n_classes: int, dropout: float) -> nn.Sequential:
    """A ReLU multilayer perceptron with dropout after each hidden activation.

    Maps inputs (N, n_inputs) to logits (N, n_classes). Layers: hidden1, relu1, dropout1, …, output.
    All weights are zero until they are set: see `draw_weights` and `with_weights`.
    """
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    widths = [n_inputs, *hidden]
    for i, (fan_in, width) in enumerate(pairwise(widths), start=1):
        layers[f"hidden{i}"] = skip_init(nn.Linear, fan_in, width)
        layers[f"relu{i}"] = nn.ReLU()
        layers[f"dropout{i}"] = nn.Dropout(dropout)
    layers["output"] = skip_init(nn.Linear, widths[-1], n_classes)
    return _zeroed(nn.Sequential(layers))


def cnn(architecture: Architecture, shape: tuple[int, int, int], n_classes: int, dropout: float) -> nn.Sequential:
    """A convolutional network that maps pixels (N, H, W, channels) from 0 to 255 to logits (N, C).

    Layers: pixels, then per convolution conv1, (norm1,) pool1, relu1, …, flatten, then hidden
    layers as in `mlp`, output. shape: (H, W, channels). Weights are zero until they are set.
    """
    height, width, channels = shape
    layers: OrderedDict[str, nn.Module] = OrderedDict(pixels=Pixels())
    for i, (fan_in, maps) in enumerate(pairwise((channels, *architecture.channels)), start=1):
        layers[f"conv{i}"] = skip_init(nn.Conv2d, fan_in, maps, architecture.kernel, padding=architecture.padding)
        if architecture.batch_norm:
            layers[f"norm{i}"] = nn.BatchNorm2d(maps)
        layers[f"pool{i}"] = nn.MaxPool2d(2)
        layers[f"relu{i}"] = nn.ReLU()  # the same function as before pooling, on a quarter of the pixels
        lost = architecture.kernel - 1 - 2 * architecture.padding
        height, width = (height - lost) // 2, (width - lost) // 2
    layers["flatten"] = nn.Flatten()
    n_features = architecture.channels[-1] * height * width
    convolutions = len(architecture.channels)
    for i, (fan_in, units) in enumerate(pairwise((n_features, *architecture.hidden)), start=1):
        layers[f"hidden{i}"] = skip_init(nn.Linear, fan_in, units)
        layers[f"relu{convolutions + i}"] = nn.ReLU()
        layers[f"dropout{i}"] = nn.Dropout(dropout)
    layers["output"] = skip_init(nn.Linear, architecture.hidden[-1], n_classes)
    return _zeroed(nn.Sequential(layers))


class Pixels(nn.Module):
    """Pixels (N, H, W, channels) in [0, 255] → (N, channels, H, W) in [−2, 2], the usual scale of CIFAR networks."""

    def forward(self, pixels: Tensor) -> Tensor:
        # Channels stay last in memory: convolutions and pooling follow, and take less time for it.
        return pixels.permute(0, 3, 1, 2).float().div(63.75).sub_(2.0)


def _zeroed(model: nn.Sequential) -> nn.Sequential:
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return model


def draw_weights(model: nn.Module, rng: np.random.Generator) -> Weights:
    """New random weights: U(−1/√fan_in, 1/√fan_in) for linear and convolutional layers.

    The distribution is PyTorch's own default; the draw comes from `rng`. BatchNorm starts as it
    always does: γ = 1, β = 0, running mean 0 and variance 1.
    """
    state = model.state_dict()
    weights: Weights = {}
    for name, value in state.items():
        layer, _, part = name.rpartition(".")
        if isinstance(model.get_submodule(layer), nn.BatchNorm2d):
            fresh = 1 if part in {"weight", "running_var"} else 0
            weights[name] = torch.full_like(value, fresh)
        else:
            bound = 1 / state[f"{layer}.weight"][0].numel() ** 0.5
            draw = rng.uniform(-bound, bound, size=tuple(value.shape))
            weights[name] = torch.from_numpy(draw.astype(np.float32))
    return weights


def with_weights(model: nn.Sequential, weights: Mapping[str, Tensor | np.ndarray]) -> nn.Sequential:
    """The module itself, holding copies of `weights`, in evaluation mode."""
    model.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
    return model.eval()
