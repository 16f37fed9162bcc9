"""One colour per meaning, told apart by colour-blind people, and visible on light and on dark."""

from __future__ import annotations

from typing import Literal

import numpy as np

Theme = Literal["light", "dark"]

DENSE, PRUNED = "#808894", "#a855f7"
SEEDS = "#0f8f83"  # what other seeds of the same give
OTHER = "#d55e00"  # another strategy in the place of the dense network (Okabe & Ito), 3.9 : 1 by day, 4.7 by night
CLASSES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9")  # Okabe & Ito
PAPER = {"light": "#ffffff", "dark": "#14171f"}
INK = {"light": "#1f2430", "dark": "#f3f4f6"}
SEVERAL = {"light": "#dfe2e8", "dark": "#3a4050"}  # of a prediction set with more than one class
TRUE_BOUNDARY = {"light": "#c2185b", "dark": "#ff8ab5"}  # of Bayes, dashed: the best that can be
STRONGEST = 0.72  # share of a class's colour where its probability is 1
# From none to most uncertainty; the lightness runs one way only.
SEQUENCE = {
    "light": ("#ffffff", "#d8cdf0", "#a283d6", "#6b3fb0", "#2d0a5e"),
    "dark": ("#14171f", "#3f2a6b", "#7447c4", "#b58bf5", "#f6edff"),
}


def rgb(colour: str) -> np.ndarray:
    """`#rrggbb` → (3,) floats in [0, 255]."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float32)


def sequence(share: np.ndarray, theme: Theme) -> np.ndarray:
    """Shares in [0, 1] of any shape → colours (…, 3) uint8 along the sequential scale."""
    anchors = np.stack([rgb(colour) for colour in SEQUENCE[theme]])
    at = np.linspace(0, 1, len(anchors))
    channels = [np.interp(share, at, anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def blend(probs: np.ndarray, theme: Theme) -> np.ndarray:
    """Class probabilities (…, C) → colours (…, 3) uint8: the winning class's colour, as pale as
    the classes are evenly matched, and never so strong that points of that class would drown in it."""
    n_classes = probs.shape[-1]
    probs = np.asarray(probs, np.float32)
    strength = ((probs.max(axis=-1) - 1 / n_classes) / (1 - 1 / n_classes)).clip(0, 1)[..., None]
    classes = np.stack([rgb(colour) for colour in CLASSES[:n_classes]])[probs.argmax(axis=-1)]
    strength = STRONGEST * strength
    return (rgb(PAPER[theme]) * (1 - strength) + classes * strength).round().astype(np.uint8)


# Of the lines of a study, and of its verdicts: told apart by the colour-blind (Okabe & Ito 2008), day and night.
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8b5cf6", "#7f7f00")
BETTER, WORSE, UNDECIDED = "#0f766e", "#c2410c", "#8a8f98"
