"""Many thinned networks side by side, for an `nn.Sequential` whose dropouts are layers of it.

The same samples as those of `uncertainty.thinned`, faster; `chain_of` tries that before it says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor, nn

from uncertainty.dropout import Masks
from uncertainty.examined import Examined, close
from uncertainty.layers import FACTORS, UNITWISE, is_bare, is_known
from uncertainty.thinned import thinned_logits
from uncertainty.unit_dropout import UnitDropout


@dataclass(frozen=True, eq=False)
class Chain:
    """The layers of a network, nested sequentials opened."""

    layers: Sequence[nn.Module]
    dropouts: tuple[int, ...]  # where they are among the layers
    widest: int  # activations of one input in the largest layer behind the first dropout

    def shared(self, batch: Tensor) -> Tensor:
        """What comes to the first dropout, the same in every sample. The batch may be overwritten."""
        return _through(self.layers[: self.dropouts[0]], batch)

    @staticmethod
    def by_unit(features: Tensor) -> Tensor:
        """The same features; those (N, H) with units before inputs in memory, for which `samples` takes less time."""
        return features.T.contiguous().T if features.ndim == 2 else features

    def logits(self, features: Tensor) -> Tensor:
        """From there, with dropout off. The features may be overwritten."""
        return _through(self.layers[self.dropouts[0] :], features)

    def samples(self, features: Tensor, masks: Sequence[Masks], part: slice) -> Tensor:
        """From there, logits (s, N, C) of the samples in `part`; `masks` has an entry for each dropout.

        A mask is held back until the next layer: a linear one takes it into its weights, which are
        far fewer than the activations of all inputs.
        """
        drawn = dict(zip(self.dropouts, (each.factor[part] for each in masks), strict=True))
        first = features.unsqueeze(0)
        values, mask = first, None  # (1 or s, N, …), (s, …)
        for i, layer in enumerate(self.layers[self.dropouts[0] :], self.dropouts[0]):
            if i in drawn:
                mask = drawn[i] if mask is None else mask * drawn[i]
            elif _is_linear(layer) and mask is not None and mask.ndim == 2 and values.ndim == 3:
                weight = layer.weight * mask.unsqueeze(1)  # (s, out, in)
                values, mask = torch.matmul(weight, values.transpose(1, 2)).transpose(1, 2), None
                values = values if layer.bias is None else values.add_(layer.bias)
            elif type(layer) is nn.ReLU and is_bare(layer) and mask is None and values is not first:
                values = values.relu_()  # of our own product: fresh memory costs more than the arithmetic
            else:
                if mask is not None:
                    values, mask = values * mask.unsqueeze(1), None
                values = layer(values.flatten(0, 1)).unflatten(0, values.shape[:2])
        return values if mask is None else values * mask.unsqueeze(1)


def chain_of(network: Examined) -> Chain | None:
    """The network as a chain, if it is one: a sequential, and every dropout that it calls is a layer of it."""
    layers = network.layers
    if any(type(layers[i]) not in FACTORS or not is_bare(layers[i]) for i in network.places):
        return None
    dropouts = tuple(place for place, drop in zip(network.places, network.drops, strict=True) if drop)
    head = layers[dropouts[0] :]
    linear = [layer.out_features for layer in head if isinstance(layer, nn.Linear)]
    unitwise = linear and all(type(layer) in UNITWISE or type(layer) in (nn.Dropout, UnitDropout) for layer in head)
    flat = all(drop.values.ndim == 2 for drop in network.drops if drop)
    return Chain(layers, dropouts, max(linear) if unitwise and flat else network.largest)


def is_own_way(chain: Chain, network: Examined, masks: Sequence[Masks]) -> bool:
    """Whether the chain's samples are the network's own, tried on two samples of two inputs.

    They need not be where a layer is not known: it may look across what is beside it.
    """
    if all(is_known(layer) for layer in chain.layers[chain.dropouts[0] :]):
        return True
    n_samples = min(len(masks[0].factor), 2)
    try:
        with torch.no_grad():
            features = chain.shared(network.few.clone())
            found = chain.samples(features, masks, slice(0, n_samples))
    except Exception:  # it takes nothing but what the network hands it
        return False
    own = torch.stack(list(thinned_logits(network, network.few, masks, n_samples)))
    return found.shape == own.shape and close(found, own, 2 / 3)


def _through(layers: Sequence[nn.Module], values: Tensor) -> Tensor:
    for layer in layers:
        values = layer(values)
    return values


def _is_linear(layer: nn.Module) -> TypeGuard[nn.Linear]:
    return type(layer).forward is nn.Linear.forward and is_bare(layer)
