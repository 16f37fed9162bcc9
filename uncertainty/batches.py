"""Inputs (N, …) of any sort, block by block as tensors of the type and on the device that a network takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

Inputs = Tensor | np.ndarray


def checked_inputs(inputs: Inputs) -> Inputs:
    """The inputs as a tensor or an array that can be sliced; nothing is copied or cast yet.

    Raises TypeError for what is not real numbers, ValueError for none and for masked-out ones.
    """
    if isinstance(inputs, Tensor):
        inputs = inputs.detach()
        if inputs.layout is not torch.strided or inputs.is_nested or inputs.is_quantized:
            raise TypeError(f"inputs is a tensor of layout {inputs.layout}; a dense one of real numbers is needed")
    else:
        if np.ma.is_masked(inputs):
            raise ValueError("inputs has entries that are masked out; fill them in or leave their examples out")
        inputs = _as_array(inputs)
    if inputs.ndim == 0:
        raise ValueError("inputs is a single number; its first axis must be the examples: (N, …)")
    if len(inputs) == 0:
        raise ValueError("inputs is empty; at least one example is needed")
    complex_ = inputs.is_complex() if isinstance(inputs, Tensor) else inputs.dtype.kind == "c"
    if complex_:
        raise TypeError(f"inputs is {inputs.dtype}; real numbers are needed")
    return inputs


def _as_array(inputs: object) -> np.ndarray:
    try:
        array = np.asarray(inputs)
        # Objects and types that NumPy has from elsewhere may hold numbers.
        return array if array.dtype.kind in "biufc" else _not_text(array).astype(np.float32)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"inputs must be a tensor or an array of numbers (N, …), not {kind_of(inputs)}: {error}"
        ) from error


def _not_text(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind in "USmM":
        raise TypeError(f"{array.dtype} are no numbers")
    return array


def kind_of(value: object) -> str:
    return f"{type(value).__name__} of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__


def is_whole(inputs: Inputs) -> bool:
    """Whether the numbers are of a whole type, so that they may be indices."""
    if isinstance(inputs, Tensor):
        return not inputs.is_floating_point() and inputs.dtype is not torch.bool
    return inputs.dtype.kind in "iu"


def tensor(inputs: Inputs, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A copy, as a tensor: what comes may be read-only, and a layer may work in place."""
    if isinstance(inputs, Tensor):
        return inputs.to(device, dtype, copy=True)
    if dtype is torch.float64 or dtype is torch.int64:
        return torch.from_numpy(np.array(inputs, str(dtype).removeprefix("torch."), order="C")).to(device)
    return torch.from_numpy(np.array(inputs, np.float32, order="C")).to(device, dtype)


def blocks(inputs: Inputs, rows: int) -> Iterator[Inputs]:
    for start in range(0, len(inputs), rows):
        yield inputs[start : start + rows]


def pick(inputs: Inputs, rows: list[int]) -> Inputs:
    """A few of the inputs, in this order; a row may come twice."""
    return torch.stack([inputs[i] for i in rows]) if isinstance(inputs, Tensor) else inputs[rows]
