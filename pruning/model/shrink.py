"""From a mask to a physically smaller network with the same outputs, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pruning.model.copies import M, copied
from pruning.model.cuts import cuts, index
from pruning.model.networks import Weights


def shrink(model: M, masks: Mapping[str, Any]) -> M:
    """A new, smaller module without the units that `masks` removes; the model itself is untouched.

    masks: layer name → (units,) booleans, True is kept. A layer that is not named stays whole, and with no masks
    any module comes back as a copy. The outputs equal those of the model whose inputs from the removed units are at
    zero in the layer that reads them, up to float rounding.

    The model is an `nn.Sequential` that takes batches (N, …); a layer in a nested one is named "features.0". A linear
    layer or a convolution (plain, grouped, transposed) loses units where nothing but activations, BatchNorm,
    InstanceNorm, dropout, pooling, padding, upsampling and flattening stands between it and the next such layer.
    A BatchNorm1d or a PReLU behind a linear layer is taken to be over its units, as where inputs are (N, features).
    All else is as in the model: names, classes, modes, devices, types, what is frozen, layers that stand twice.

    Raises ValueError, naming the layer, where nobody can tell what becomes of its units: a layer behind it may mix
    them, has a forward or a forward hook of its own, or a weight is shared, reparametrised or not there yet. So it
    does for a mask that does not fit, as `pruning.cuts.cuts` says; and TypeError where the model is no module.
    """
    laid = cuts(model, masks)
    held = dict([*model.named_parameters(), *model.named_buffers()]) if laid.tensors else {}
    small = copied(model, {id(held[name]): _smaller(held[name], cut) for name, cut in laid.tensors.items()})
    for name, sizes in laid.sizes.items():
        layer = small.get_submodule(name)
        for attribute, value in sizes.items():
            setattr(layer, attribute, value)
    return small


def _smaller(value: Tensor, cut: Mapping[int, np.ndarray]) -> Tensor:
    """What is kept of a parameter or a buffer, as one of the same kind."""
    kept = value.detach()[index(value, cut)]
    if value.ndim == 4 and not value.is_contiguous() and value.is_contiguous(memory_format=torch.channels_last):
        kept = kept.contiguous(memory_format=torch.channels_last)
    return type(value)(kept, value.requires_grad) if isinstance(value, nn.Parameter) else kept


def widen(small: Mapping[str, Tensor], model: nn.Module, masks: Mapping[str, Any]) -> Weights:
    """The weights of a shrunk network at their places in `model`, removed units at zero.

    Raises what `shrink` does, and ValueError where `small` is not of that model and those masks.
    """
    laid = cuts(model, masks).tensors
    wide: Weights = {}
    for name, value in model.state_dict().items():
        cut = laid.get(name, {})
        due = tuple(int(cut[axis].sum()) if axis in cut else length for axis, length in enumerate(value.shape))
        if name not in small or small[name].shape != due:
            found = f"has shape {tuple(small[name].shape)}" if name in small else "is not there"
            raise ValueError(f"{name!r} of the shrunk network {found}; with these masks it must have shape {due}")
        if cut:
            wide[name] = torch.zeros_like(value)
            wide[name][index(value, cut)] = small[name]
        else:
            wide[name] = small[name].clone()
    return wide
