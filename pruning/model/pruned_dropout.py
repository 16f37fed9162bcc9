"""Dropout of a pruned network: its rate, and the physically smaller network that has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn

from pruning.experiment import Recipe
from pruning.model.masks import Masks
from pruning.model.shrink import shrink
from pruning.options import DropoutRule
from uncertainty.unit_dropout import UnitDropout

Rates = Mapping[str, float]
"""Layer → the rate at which its units are dropped."""


def dropout_rates(recipe: Recipe, masks: Masks) -> dict[str, float]:
    """The dropout rate of every layer that `masks` names, in a network pruned to them.

    Scaled, it is the recipe's rate times the share of the layer's units that are left. Han et al. 2015, equation 2,
    take the root of the share of connections, for these go with the square of the units (equation 1); where units
    are pruned and no single connections, that is the share of units.
    """
    if recipe.dropout_rule == DropoutRule.FIXED:
        return dict.fromkeys(masks, recipe.dropout)
    return {name: recipe.dropout * float(mask.mean()) for name, mask in masks.items()}


def smaller(model: nn.Sequential, masks: Masks, rates: Rates) -> nn.Sequential:
    """The network that `shrink` gives, with dropout at these rates and in the samples of the whole network.

    A layer without a rate keeps that of `model`. Raises ValueError as `shrink` does.
    """
    small = shrink(model, masks)
    for layer, name, dropout in _dropouts(small):
        if layer in masks:
            setattr(small, name, UnitDropout(rates.get(layer, dropout.p), masks[layer]).train(small.training))
    return small


def rates_of(model: nn.Sequential) -> dict[str, float]:
    """The rate of every layer that is followed by dropout."""
    return {layer: dropout.p for layer, _, dropout in _dropouts(model)}


def _dropouts(model: nn.Sequential) -> Iterator[tuple[str, str, nn.Dropout]]:
    """Every dropout of neurons: the name of the layer whose units it drops, its own name, the dropout."""
    current = ""
    for name, layer in list(model.named_children()):
        if isinstance(layer, nn.Linear | nn.Conv2d):
            current = name if isinstance(layer, nn.Linear) else ""
        elif isinstance(layer, nn.Dropout) and current:
            yield current, name, layer
