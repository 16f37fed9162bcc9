"""Epochs in all: those behind a network's weights, and those of every training on the way to it.

Nothing heavy is imported here: an outcome that is stored tells of them without loading PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass

from pruning.experiment import Recipe


@dataclass(frozen=True)
class History:
    """What came before the last training of a network, and what it took in all; the defaults say: nothing yet."""

    before: int = 0  # epochs in the weights that its last training started from
    trainings: int = 1  # in a row that its weights went through, each up to its early stop
    spent: int = 0  # epochs of every training on the way to it, its own and those thrown away included


def next_history(recipe: Recipe, dense_epochs: int, last: History, last_stop: int, epochs: int) -> History:
    """The history of a network that is pruned from another one and then trained.

    dense_epochs: how long the dense training went on; last, last_stop: of the network it is pruned from, its history
    and its early-stop epoch; epochs: how long it was trained itself, after pruning.
    """
    spent = last.spent + epochs
    start_from = recipe.strategy.start_from
    if start_from == "trained":
        return History(last.before + last_stop, last.trainings + (epochs > 0), spent)
    rewound = min(recipe.rewind_epoch, dense_epochs) if start_from == "rewound" else 0
    return History(before=rewound, spent=spent)
