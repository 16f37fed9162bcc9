"""Copies of a network in another mode, for switching the network itself would be seen by every other thread."""

from __future__ import annotations

import copy

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from uncertainty.refusal import Refused, kind, names_of


def evaluating(model: nn.Module) -> nn.Module:
    """The model in evaluation mode: itself if it is, else a copy that shares its tensors.

    Raises TypeError for what is no model, ValueError for one that has no weights yet or cannot be copied.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model is a {kind(model)}; an nn.Module that gives logits (N, C) is needed")
    model = _not_compiled(model)
    _check_weights(model)
    if not any(module.training or module._compiled_call_impl for module in model.modules()):
        return model
    try:
        twin = copy.deepcopy(model, _tensors(model, buffers=True))
    except Exception as error:
        raise Refused(
            f"{kind(model)} is in training mode and cannot be copied ({error}); call its eval() first"
        ) from error
    twin.eval()
    for module in twin.modules():
        module.training = False  # where eval() is overridden
    return twin


def training(model: nn.Module) -> nn.Module | None:
    """A copy in training mode that shares the parameters alone, or None if there can be none.

    What training does besides dropout stays as in evaluation: norms, and RReLU, which is random but drops nothing.
    """
    try:
        twin = copy.deepcopy(model, _tensors(model, buffers=False))
    except Exception:
        return None
    for module in twin.modules():
        module.training = not (hasattr(module, "running_mean") or isinstance(module, nn.RReLU))
    return twin


def _tensors(model: nn.Module, *, buffers: bool) -> dict[int, object]:
    """What a copy of the model shares with it, as deepcopy wants to be told."""
    shared = [*model.parameters(), *(model.buffers() if buffers else ())]
    # What was computed from another tensor cannot be copied: a weight that is masked or reparametrised.
    shared += [v for m in model.modules() for v in vars(m).values() if isinstance(v, Tensor) and not v.is_leaf]
    return {id(value): value for value in shared}


def _not_compiled(model: nn.Module) -> nn.Module:
    """The model inside of what `torch.compile` returns: the same function, and it can be looked into."""
    original = getattr(model, "_orig_mod", None)
    return original if kind(model) == "OptimizedModule" and isinstance(original, nn.Module) else model


def _check_weights(model: nn.Module) -> None:
    for module in model.modules():
        for value in (*module._parameters.values(), *module._buffers.values()):
            if value is None:
                continue
            if is_lazy(value):
                raise Refused(f"{names_of(model)[id(module)]} has no weights yet; run the model once on an example")
            if value.is_meta:
                raise Refused(
                    f"{names_of(model)[id(module)]} is on the meta device, without weights; load them first"
                )
