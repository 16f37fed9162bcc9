"""Masks: which units stay. A mask holds one boolean per unit of every prunable layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pruning.model.cuts import cuts
from pruning.model.layer_kinds import CONVOLUTIONS, kind
from pruning.model.networks import Weights
from pruning.model.structure import structure
from pruning.options import PrunedLayers, Scope

Masks = dict[str, np.ndarray]
"""Layer name → boolean array (units,); True is kept."""
Scores = Mapping[str, np.ndarray]
"""Layer name → importance (units,); a larger score is kept longer."""


def full_masks(model: nn.Module, layers: PrunedLayers = PrunedLayers.ALL) -> Masks:
    """The masks of the dense network: every unit kept. A layer without a mask is never pruned.

    Raises ValueError where a hidden layer cannot be pruned, with the reason: that nothing would be removed from it,
    whatever the prune ratio, has to be said. Masks for the others can be made from `prunable_layers`.
    """
    found = structure(model)
    connected = layers == PrunedLayers.FULLY_CONNECTED
    found.require_known(but=CONVOLUTIONS if connected else ())
    return {
        name: np.ones(layer.n_units, bool)
        for name, layer in found.prunable.items()
        if not (connected and kind(model.get_submodule(name)) in CONVOLUTIONS)
    }


def removed_units(prune_ratio: float, n_units: int) -> int:
    """How many of `n_units` a prune ratio removes: the nearest whole number, at least one stays.

    Rounding and not truncation, in this one place: 0.29 of 100 units is 29, though
    `int(0.29 * 100)` is 28. Halves go to the even neighbour, as Python's `round` does. Raises ValueError for a
    ratio below 0, or of 1 and above.
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


def apply_masks(model: nn.Module, weights: Mapping[str, Tensor], masks: Mapping[str, Any]) -> Weights:
    """A copy of the weights in which every removed unit is silent: all it takes in and gives out is 0.

    BatchNorm's γ and β of a removed channel are 0 too, or it would speak up again. With ReLU a
    silent unit's gradient is exactly zero, so training cannot wake it up. Where something makes a number of a zero
    (a sigmoid, BatchNorm without γ and β), the layer that reads the unit still takes nothing from it.

    `weights` are a state dict of the model. Raises what `pruning.shrink.shrink` does, and ValueError where they are
    of another model.
    """
    laid = cuts(model, masks).tensors
    masked = {name: value.clone() for name, value in weights.items()}
    for name, cut in laid.items():
        if name not in masked or any(masked[name].shape[axis] != len(kept) for axis, kept in cut.items()):
            found = f"have {name!r} of shape {tuple(masked[name].shape)}" if name in masked else f"lack {name!r}"
            raise ValueError(f"the weights {found}; they must be a state dict of the model that the masks are for")
        if not name.rpartition(".")[2].startswith("running_"):  # the statistics of a silent unit say nothing
            for axis, kept in cut.items():
                gone = torch.from_numpy(np.flatnonzero(~kept))
                masked[name].index_fill_(axis, gone.to(masked[name].device), 0)
    return masked
