"""Numbers of any sort as NumPy arrays: arrays, lists, tables and tensors, and what they are checked for.

Nothing here loads PyTorch: a tensor is known by what it can do.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

SUMS, NEGATIVE = 1e-3, 1e-5
"""How far a row's sum may be from 1, and a probability below 0, before it is no rounding: see `distributions`."""
EXACT = 1e-6  # sums this close to 1 are those of float32 numbers, and left alone


def as_array(values: Any, name: str) -> np.ndarray:
    """Real numbers as an array of their own type, or True and False; `name` is for the message.

    Tensors are detached and fetched from their device. Raises TypeError for text, dates and complex
    numbers, ValueError for entries that are masked out.
    """
    if hasattr(values, "detach") and hasattr(values, "cpu"):
        values = values.detach().cpu()
        values = values.float() if str(values.dtype) == "torch.bfloat16" else values
    if np.ma.is_masked(values):
        raise ValueError(f"{name} has entries that are masked out; fill them in, or leave their examples out")
    try:
        array = np.asarray(values)
        if array.dtype.kind in "biuf":
            return array
        if array.dtype.kind in "OV":  # objects that are numbers, and types that NumPy has from elsewhere
            return array.astype(float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name} must be numbers, all rows of one length; got {_kind(values)} ({error})") from error
    raise TypeError(f"{name} must be real numbers; got {_kind(array)}")


def floats(values: Any, name: str) -> np.ndarray:
    """Real numbers as float64, without negative zeros."""
    return as_array(values, name).astype(float, copy=False) + 0.0


def distributions(probs: Any) -> np.ndarray:
    """Probabilities (…, C) as float64: none below 0 or above 1, each row with the sum 1.

    Rounding is forgiven and mended: numbers are clipped to [0, 1], and rows divided by their sum where
    it is off by more than float32 leaves of it. What is rounding depends on the type that the numbers
    have, or had: those that bfloat16 or float16 could hold were such. A sum may be off by 0.001 and a
    number below zero by 0.00001; for bfloat16 by 0.016 and 0.008, for float16 by 0.002 and 0.001.
    Everything else, logits among it, is refused with a ValueError.
    """
    found = floats(probs, "probs")
    if found.size and found.min() >= 0 and found.max() <= 1 and (np.abs(found.sum(axis=-1) - 1) <= EXACT).all():
        return found
    sums, negative = max(SUMS, 2 * (step := _step(found))), max(NEGATIVE, step)
    bad = ~((found >= -negative).all(axis=-1) & (np.abs(found.sum(axis=-1) - 1) <= sums))  # also true for NaN
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"each row of probs must be finite, not negative, and sum to 1; "
            f"row {', '.join(map(str, where))} is {found[where]}; are these logits?"
        )
    clipped = found.clip(0, 1)
    total = clipped.sum(axis=-1, keepdims=True)
    return np.where(np.abs(total - 1) > EXACT, clipped / total, clipped)


def classes(labels: Any, n_classes: int) -> np.ndarray:
    """Labels of any numeric type, whole ones as float or True and False among them, as int.

    Raises ValueError for what is no whole number from 0 to `n_classes` − 1.
    """
    found = floats(labels, "labels")
    legal = (found >= 0) & (found < n_classes) & (found == np.floor(found))
    if not legal.all():
        wrong = ", ".join(f"{label:g}" for label in np.unique(found[~legal])[:10])
        raise ValueError(f"labels must be whole numbers from 0 to {n_classes - 1}; got {wrong}")
    return found.astype(int)


def whole_number(value: Any, name: str, least: int) -> int:
    """The value as an int, once it is found to be whole and at least `least`.

    Raises TypeError for what is no whole number, ValueError for one that is too small.
    """
    try:
        if isinstance(value, bool | np.bool):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}; it must be a whole number from {least} on") from None
    if number < least:
        raise ValueError(f"{name} is {number}; at least {least} is needed")
    return number


def _step(values: np.ndarray) -> float:
    """The distance of two neighbours at 1 in the coarsest type that holds all the values."""
    single = values.astype(np.float32)
    if not np.array_equal(single, values, equal_nan=True):
        return float(np.finfo(float).eps)
    if not (single.view(np.uint32) & 0xFFFF).any():
        return 2.0**-7  # bfloat16
    with np.errstate(over="ignore"):
        half = single.astype(np.float16)
    return float(np.finfo(np.float16 if np.array_equal(half, single, equal_nan=True) else np.float32).eps)


def _kind(values: Any) -> str:
    return f"an array of {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__
