"""Masks laid out on the tensors of a model: what of each is kept, along which axis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pruning.model.layers import TELL_AXES, axes, length, size_name
from pruning.model.structure import Prunable, require_module, structure


@dataclass(frozen=True)
class Cuts:
    """What is left of a model where its masks remove something."""

    tensors: dict[str, dict[int, np.ndarray]] = field(default_factory=dict)
    """Name in the state dict → {axis: booleans along it, True is kept}."""
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    """Layer → {attribute: its value}, such as {"out_features": 3}."""


def cuts(model: nn.Module, masks: Mapping[str, Any]) -> Cuts:
    """What each tensor keeps, once the masks have been found to fit the model.

    masks: layer name → (units,) booleans or numbers 0 and 1, True or 1 is kept. Raises ValueError for a layer that
    cannot be pruned, with the reason; for a mask of another shape or with other values; for one that would leave a
    layer empty, or the groups of a convolution unequal. Raises TypeError where masks or the model are something else.
    """
    if not isinstance(masks, Mapping):
        raise TypeError(
            f"masks is of type {type(masks).__name__}; it must map names of layers to booleans, one per unit"
        )
    require_module(model)
    laid = Cuts()
    if not masks:  # nothing has to be known of the model
        return laid
    found = structure(model)
    for name, mask in masks.items():
        layer = found.of(name)
        kept = _checked(name, mask, layer)
        if not kept.all():
            for part in (name, *layer.norms, layer.feeds):
                _lay(laid, model, part, part == layer.feeds, layer, kept)
    return laid


def index(value: Tensor, cut: Mapping[int, np.ndarray]) -> tuple[Tensor, ...]:
    """What picks the kept part of a tensor, cut along its first axis, its second or both."""
    places = [torch.arange(length) for length in value.shape[: max(cut) + 1]]
    for axis, kept in cut.items():
        places[axis] = torch.from_numpy(np.flatnonzero(kept))
    return (places[0],) if len(places) == 1 else (places[0][:, None], places[1][None])


def _lay(laid: Cuts, model: nn.Module, name: str, reads: bool, layer: Prunable, kept: np.ndarray) -> None:
    """Note what is left of the layer `name`, along its units or along its inputs."""
    part = model.get_submodule(name)
    along = layer.along(kept, length(part, reads))
    laid.sizes.setdefault(name, {})[size_name(part, reads)] = int(np.count_nonzero(along))
    for tensor, axis in axes(part, reads).items():
        laid.tensors.setdefault(f"{name}.{tensor}", {})[axis] = along


def _checked(name: str, mask: Any, layer: Prunable) -> np.ndarray:
    """The mask as booleans (units,)."""
    if np.ma.is_masked(mask):
        raise ValueError(f"the mask of {name!r} has entries that are masked out; it needs a boolean for each unit")
    try:
        values = np.asarray(mask.tolist() if isinstance(mask, Tensor) else mask)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"the mask of {name!r} is no array: {error}") from error
    if values.shape != (layer.n_units,):
        needed = f"the layer has {layer.n_units} units, and the mask needs a boolean for each"
        raise ValueError(f"the mask of {name!r} has shape {values.shape}; {needed}")
    listed = [] if values.dtype == bool else values.tolist()
    wrong = [value for value in listed if not isinstance(value, int | float) or value not in {0, 1}]
    if wrong:
        raise ValueError(
            f"the mask of {name!r} holds {wrong[0]!r}; it may hold True or 1, which is kept, and False or 0"
        )
    kept = values.astype(bool)
    if not kept.any():
        raise ValueError(f"the mask of {name!r} removes all {layer.n_units} units; at least one must stay")
    if kept.sum() < layer.fewest:
        raise ValueError(
            f"the mask of {name!r} keeps one unit, and a PReLU behind it would apply its slope along any axis; at "
            f"least two must stay, or {TELL_AXES}"
        )
    of_groups = kept.reshape(layer.groups, -1).sum(axis=1)
    if (of_groups != of_groups[0]).any():
        counts = ", ".join(map(str, of_groups))
        raise ValueError(
            f"the mask of {name!r} keeps {counts} of the {layer.n_units // layer.groups} units of its {layer.groups} "
            "groups; a convolution in groups must keep as many of each"
        )
    return kept
