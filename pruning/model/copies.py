"""Copies of a module."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from pruning.model.layer_kinds import tensors
from pruning.model.unknown import title, why_not_copied, why_unknown

M = TypeVar("M", bound=nn.Module)


def copied(model: M, instead: Mapping[int, Tensor]) -> M:
    """A deep copy of the module, in which the tensors of some ids are replaced.

    Raises ValueError, naming the layer, where something of it cannot be copied.
    """
    for name, layer in model.named_modules():
        if why := why_not_copied(layer):
            raise ValueError(f"{title(name, layer)} {why}")
    try:
        return copy.deepcopy(model, dict(instead))
    except Exception as error:  # whatever a module of somebody's own may hold
        name, layer = next(filter(_cannot_be_copied, reversed(list(model.named_modules()))), ("", model))
        raise ValueError(f"{title(name, layer)} cannot be copied by copy.deepcopy: {error}") from error


def _cannot_be_copied(named: tuple[str, nn.Module]) -> bool:
    try:
        copy.deepcopy(named[1])
    except Exception:
        return True
    return False


def evaluating(model: M) -> M:
    """The module in evaluation mode: itself, or a copy that shares its tensors; the module is left as it is.

    Raises ValueError, naming the layer, where one has no weights yet, or cannot be copied.
    """
    require_weights(model)
    if not any(layer.training for layer in model.modules()):
        return model
    return copied(model, {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}).eval()


def require_weights(model: nn.Module) -> None:
    """Raises ValueError, naming the layer, where one waits for its first inputs to get its weights."""
    for name, layer in model.named_modules():
        if any(is_lazy(value) for value in tensors(layer).values()):
            raise ValueError(f"{title(name, layer)} {why_unknown(layer)}")
