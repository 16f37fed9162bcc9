"""The networks that are pruned: plain `nn.Sequential`s with named layers.

A prunable layer is followed by an activation and by the layer it feeds; that chain is all the
structure pruning has to know, and `prunable_layers` reads it off the module.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

Weights = dict[str, Tensor]
"""Parameters by their name in the module's state dict."""


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
    model = nn.Sequential(layers)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    return model


def draw_weights(model: nn.Module, rng: np.random.Generator) -> Weights:
    """New random weights for a module of linear layers: U(−1/√fan_in, 1/√fan_in).

    The distribution is PyTorch's own default for `nn.Linear`; the draw comes from `rng`.
    """
    state = model.state_dict()
    weights: Weights = {}
    for name, value in state.items():
        fan_in = state[name.rpartition(".")[0] + ".weight"].shape[1]
        bound = 1 / fan_in**0.5
        draw = rng.uniform(-bound, bound, size=tuple(value.shape))
        weights[name] = torch.from_numpy(draw.astype(np.float32))
    return weights


def with_weights(model: nn.Sequential, weights: Mapping[str, Tensor | np.ndarray]) -> nn.Sequential:
    """The module itself, holding copies of `weights`, in evaluation mode."""
    model.load_state_dict({name: torch.as_tensor(value) for name, value in weights.items()})
    return model.eval()


def prunable_layers(model: nn.Sequential) -> dict[str, str]:
    """Each prunable layer's name with the name of the layer its units feed, in forward order.

    The last layer gives the logits; its units are classes and are never pruned.
    """
    linear = [name for name, layer in model.named_children() if isinstance(layer, nn.Linear)]
    return dict(pairwise(linear))
