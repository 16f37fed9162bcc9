"""The controls of prediction sets and of refusing, which both explorer pages have."""

from __future__ import annotations

from uncertainty.conformal import SetScore
from views.controls.control import Control, choice


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


ALPHA = Control(
    "alpha", "α: how often a set may lack the true class",
    "Each input gets the set of classes that are not too strange for it; how strange that is, a quantile of the "
    "validation examples decides. On average over inputs like these a set holds the true class with probability "
    "1 − α at least, whatever the network is worth.",
    0.05, (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3), "steps",
)  # fmt: skip
SET_SCORE = choice("sets", "Score of a class", "How strange a class is for an input.", SetScore.LAC, (), "buttons")
TOLERATED = Control(
    "loss", "Accuracy that may be lost", "By the pruned network, against the dense one, in percentage points.",
    2, (1, 2, 3, 5, 10), "steps", lambda points: f"{points} point{'s' if points != 1 else ''}",
)  # fmt: skip
REFUSE = Control(
    "refuse", "Refuse the most uncertain",
    "Inputs whose score is above a threshold get no answer. Each network has its own threshold: the one that refuses "
    "this share of its test examples.",
    0.1, tuple(step / 20 for step in range(19)), "steps", percent,
)  # fmt: skip
