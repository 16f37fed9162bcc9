"""Networks that cannot be served, and how to call the part of them that is to blame."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType

from torch import Tensor, nn


class Refused(ValueError):
    """A network that cannot be served; the message names the layer or class, what is needed and what to do."""


def kind(value: object) -> str:
    return type(value).__name__


def described(values: Tensor) -> str:
    return f"{str(values.dtype).removeprefix('torch.')} of shape {tuple(values.shape)}"


def names_of(model: nn.Module) -> dict[int, str]:
    """How to call each module of a network in a message, by its id."""
    return {id(m): f"layer {name!r} ({kind(m)})" if name else kind(m) for name, m in model.named_modules()}


def whose(names: Mapping[int, str]) -> str:
    """The innermost module whose forward is under way. The stack tells it: until it is needed it costs nothing."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_locals.get("self")
        if isinstance(module, nn.Module) and id(module) in names:
            return names[id(module)]
        frame = frame.f_back
    return "the model"
