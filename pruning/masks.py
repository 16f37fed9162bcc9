"""Masks: which units stay. A mask holds one boolean per unit of every prunable layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from pruning.networks import Weights, prunable_layers
from pruning.options import PrunedLayers, Scope

Masks = dict[str, np.ndarray]
"""Layer name → boolean array (units,); True is kept."""
Scores = Mapping[str, np.ndarray]
"""Layer name → importance (units,); a larger score is kept longer."""


def full_masks(model: nn.Sequential, layers: PrunedLayers = PrunedLayers.ALL) -> Masks:
    """The masks of the dense network: every unit kept. A layer without a mask is never pruned."""
    return {
        name: np.ones(layer.n_units, bool)
        for name, layer in prunable_layers(model).items()
        if layers == PrunedLayers.ALL or isinstance(getattr(model, name), nn.Linear)
    }


def removed_units(prune_ratio: float, n_units: int) -> int:
    """How many of `n_units` a prune ratio removes: the nearest whole number, at least one stays.

    Rounding and not truncation, in this one place: 0.29 of 100 units is 29, though
    `int(0.29 * 100)` is 28. Halves go to the even neighbour, as Python's `round` does.
    """
    if not 0 <= prune_ratio < 1:
        raise ValueError(f"prune ratio {prune_ratio} is out of range; it must be at least 0 and below 1")
    return min(round(prune_ratio * n_units), n_units - 1)


def prune(masks: Masks, scores: Scores, prune_ratio: float, scope: Scope) -> Masks:
    """New masks in which the ratio counts *all* units of a layer, those already gone included.

    Only units still kept can go, the lowest scores first, ties by position. With `Scope.GLOBAL`
    the same total number of units goes, wherever the scores, scaled to unit length within each
    layer (Molchanov et al. 2017, section 2.2), are lowest; every layer keeps at least one unit.
    """
    targets = {name: removed_units(prune_ratio, len(mask)) for name, mask in masks.items()}
    if scope == Scope.LAYER:
        return {name: _keep_best(mask, scores[name], len(mask) - targets[name]) for name, mask in masks.items()}
    return _prune_global(masks, scores, keep=sum(len(m) - targets[n] for n, m in masks.items()))


def picked_by_chance(masks: Masks, like: Masks, rng: np.random.Generator) -> Masks:
    """Masks that keep as many units of each layer as those of `like`, drawn evenly from the units of `masks`.

    That is `like` permuted within each layer (Su et al. 2020, "Sanity-Checking Pruning Methods: Random Tickets Can
    Win the Jackpot"). The same generator gives nested masks for nested ones.
    """
    scores = {name: rng.random(len(mask)) for name, mask in masks.items()}
    return {name: _keep_best(mask, scores[name], int(like[name].sum())) for name, mask in masks.items()}


def _keep_best(mask: np.ndarray, scores: np.ndarray, keep: int) -> np.ndarray:
    """Keep the `keep` best-scored units among those in the mask."""
    order = np.argsort(np.where(mask, -np.asarray(scores, float), np.inf), kind="stable")
    kept = np.zeros_like(mask)
    kept[order[:keep]] = True
    return kept & mask


def _prune_global(masks: Masks, scores: Scores, keep: int) -> Masks:
    """Keep the `keep` best units over all layers, the best of each layer in any case."""
    names = list(masks)
    normalised = np.concatenate([_unit_length(scores[name], masks[name]) for name in names])
    for name, start in zip(names, np.cumsum([0, *(len(masks[n]) for n in names[:-1])]), strict=True):
        layer = slice(start, start + len(masks[name]))
        best = np.argmax(np.where(masks[name], normalised[layer], -np.inf))
        normalised[start + best] = np.inf
    kept = _keep_best(np.concatenate([masks[name] for name in names]), normalised, keep)
    return dict(zip(names, np.split(kept, np.cumsum([len(masks[n]) for n in names[:-1]])), strict=True))


def _unit_length(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(np.asarray(scores, float)[mask])
    return np.asarray(scores, float) / length if length > 0 else np.zeros(len(scores))


def apply_masks(model: nn.Sequential, weights: Mapping[str, Tensor], masks: Masks) -> Weights:
    """A copy of the weights in which every removed unit is silent: all it takes in and gives out is 0.

    BatchNorm's γ and β of a removed channel are 0 too, or it would speak up again. With ReLU a
    silent unit's gradient is exactly zero, so training cannot wake it up.
    """
    masked = {name: value.clone() for name, value in weights.items()}
    structure = prunable_layers(model)
    for name, mask in masks.items():
        layer, gone = structure[name], torch.from_numpy(~mask)
        for part in (name, *layer.norms):
            masked[f"{part}.weight"][gone] = 0
            masked[f"{part}.bias"][gone] = 0
        masked[f"{layer.feeds}.weight"][:, gone.repeat_interleave(layer.spread)] = 0
    return masked
