"""Chance: what a network gets that has learned nothing."""

from __future__ import annotations

import numpy as np

LEFT = 0.99  # of the loss of chance: below it a network has learned something


def chance_loss(labels: np.ndarray) -> float:
    """The lowest mean cross-entropy, in nats, of one answer to all examples: the entropy of the class frequencies.

    labels (N,) number the classes. ln C where all classes are equally frequent, less where they are not.
    """
    counts = np.bincount(labels)
    shares = counts[counts > 0] / len(labels)
    return float(-(shares * np.log(shares)).sum())


def left_chance(loss: float, chance: float) -> bool:
    """Whether a loss is more than one per cent below that of `chance`; one that is no number is not."""
    return loss < LEFT * chance
