"""A run as a film: what every training on the way to a network looked like, and what was checked of it.

Plain arrays and words, ready to be stored and shown without loading PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pruning.experiment import Experiment
from pruning.inspect.plane import Extent

SIDE = 48  # cells of each side of a frame
STRENGTHS = 50  # steps of how far the winning class of a cell is ahead
EVERY_EPOCH_TO = 20
GROWTH = 1.05  # of the epoch from frame to frame after that, for later epochs change less


@dataclass(frozen=True)
class Phase:
    """One training, the dense one or that of a pruning level.

    The last frame shows the weights that are kept, those of the early stop.
    """

    prune_ratio: float
    level: int  # 0 is dense
    masks: dict[str, np.ndarray]  # layer → (units,) booleans, True is kept
    epochs: np.ndarray  # (F,) of each frame
    maps: np.ndarray  # (F, SIDE, SIDE) uint8, see `coded`; rows go from low to high y
    train_loss: np.ndarray
    val_loss: np.ndarray
    early_stop_epoch: int


@dataclass(frozen=True)
class Check:
    """An invariant held against this very run: what must be true, whether it is, and what was found."""

    name: str
    meaning: str
    holds: bool
    found: str


@dataclass(frozen=True, eq=False)
class Recording:
    """All trainings on the way to one network in order, and the weights it has in the end."""

    experiment: Experiment
    extent: Extent
    n_classes: int
    phases: tuple[Phase, ...]
    checks: tuple[Check, ...]
    weights: dict[str, np.ndarray]


def is_frame(epoch: int) -> bool:
    """Whether an epoch becomes a frame: the first ones all, later ones 5 % apart."""
    if epoch <= EVERY_EPOCH_TO:
        return True
    steps = round(np.log(epoch / EVERY_EPOCH_TO) / np.log(GROWTH))
    return any(round(EVERY_EPOCH_TO * GROWTH**n) == epoch for n in (steps - 1, steps, steps + 1))


def coded(probs: np.ndarray) -> np.ndarray:
    """Class probabilities (…, C), C ≤ 5, as one byte each: the winner, and how far it is ahead of an even match.

    51 · class + 50 · strength, where strength is (p − 1/C) / (1 − 1/C) of the winner's p.
    """
    even = 1 / probs.shape[-1]
    strength = ((probs.max(axis=-1) - even) / (1 - even)).clip(0, 1)
    return ((STRENGTHS + 1) * probs.argmax(axis=-1) + np.rint(STRENGTHS * strength)).astype(np.uint8)
