"""Naming single hidden units, and turning them over in a mask."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

Unit = tuple[str, int]
"""A hidden unit: (layer, position in the layer, from 0)."""


def toggled(masks: Mapping[str, np.ndarray], units: Collection[Unit]) -> dict[str, np.ndarray]:
    """New masks in which each of `units` is removed if it was there, and there if it was removed.

    Raises ValueError for a unit that does not exist, and where a layer would be left empty.
    """
    after = {name: mask.copy() for name, mask in masks.items()}
    for layer, position in units:
        if layer not in masks or not 0 <= position < len(masks[layer]):
            legal = ", ".join(f"0 to {len(mask) - 1} of {name}" for name, mask in masks.items())
            raise ValueError(f"there is no unit {position} of {layer}; there are units {legal}")
        after[layer][position] ^= True
    empty = [name for name, mask in after.items() if not mask.any()]
    if empty:
        raise ValueError(f"this would remove the last unit of {', '.join(empty)}; at least one must stay")
    return after
