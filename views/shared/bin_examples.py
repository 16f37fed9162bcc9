"""Examples behind a dot of a reliability diagram: which bin was clicked, and what is said of those who are in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pruning.evaluation.calibration import Evaluation
from uncertainty.calibration import Binning, Bins, Quantity
from views.charts.vega import PICKED_BIN
from views.controls import state
from views.text import readings

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True, eq=False)
class PickedBin:
    """A bin of one network's diagram, and its members among the examples that are measured."""

    is_reference: bool  # whether it is that of the reference; else of the network that the page is about
    evaluation: Evaluation
    bins: Bins
    position: int
    quantity: Quantity

    @property
    def members(self) -> np.ndarray:
        """The numbers of its examples (M,), the least sure first."""
        inside = np.flatnonzero(self.bins.members == self.position)
        return inside[np.argsort(self.evaluation.probs[inside].max(axis=1), kind="stable")]


Show = Callable[[PickedBin, "DeltaGenerator"], None]
"""Draws the examples of a bin into a place."""


def picked_bin(key: str, pair: Mapping[str, Evaluation], quantity: Quantity, binning: Binning) -> PickedBin | None:
    """The bin that was clicked in the chart of this key; None without a click, and where that bin is no more.

    pair: the reference and the pruned network by the names of their series.
    """
    picked = (state.said(key) or {}).get("selection", {}).get(PICKED_BIN)
    first = picked[0] if isinstance(picked, Sequence) and picked else None
    if not isinstance(first, Mapping) or first.get("series") not in pair:
        return None
    name, position = first["series"], first.get("bin")
    bins = pair[name].bins(quantity, binning)
    if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < len(bins.count):
        return None
    return PickedBin(name == next(iter(pair)), pair[name], bins, position, quantity)


def draw_words(picked: PickedBin, name: str, examples: str, place: DeltaGenerator) -> None:
    """What the dot stands for."""
    place.markdown(readings.of_bin(name, picked.bins, picked.position, picked.quantity, examples))
