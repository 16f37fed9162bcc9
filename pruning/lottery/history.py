"""Epochs in all: those behind a network's weights, and epochs and seconds of every training on the way to it.

Nothing heavy is imported here: an outcome that is stored tells of them without loading PyTorch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from pruning.experiment import Recipe


@dataclass(frozen=True)
class History:
    """What came before the last training of a network, and what it took in all; the defaults say: nothing yet."""

    before: int = 0  # epochs in the weights that its last training started from
    trainings: int = 1  # in a row that its weights went through, each up to its early stop
    spent: int = 0  # epochs of every training on the way to it, its own and those thrown away included
    seconds: float = field(default=math.nan, compare=False)
    """Of the same trainings, by the clock of whoever trained: see `Trained.seconds`. No result depends on it."""


def next_history(
    recipe: Recipe, dense_epochs: int, last: History, last_stop: int, epochs: int, seconds: float
) -> History:
    """The history of a network that is pruned from another one and then trained.

    dense_epochs: how long the dense training went on; last, last_stop: of the network it is pruned from, its history
    and its early-stop epoch; epochs, seconds: how long it was trained itself, after pruning.
    """
    spent, in_all = last.spent + epochs, last.seconds + seconds
    start_from = recipe.strategy.start_from
    if start_from == "trained":
        return History(last.before + last_stop, last.trainings + (epochs > 0), spent, in_all)
    rewound = min(recipe.rewind_epoch, dense_epochs) if start_from == "rewound" else 0
    return History(before=rewound, spent=spent, seconds=in_all)
