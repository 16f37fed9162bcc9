"""What a training is given and what comes of it, whatever trains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from pruning.model.networks import Weights

MIN_IMPROVEMENT = 1e-4  # nats: what is less is found by waiting, in a plateau by rounding alone


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: until validation has not improved for `patience` epochs, see `improves`."""

    learning_rate: float
    patience: int
    max_epochs: int


def improves(loss: Any, best: Any) -> Any:
    """Whether a validation loss is below the best so far by more than `MIN_IMPROVEMENT`; what is no number is not.

    The best so far is infinite before the first. Losses in nats: numbers, or arrays (K,) for booleans (K,).
    """
    return loss < best - MIN_IMPROVEMENT


@dataclass(frozen=True)
class Examples:
    """Training and validation data: inputs (N, D) float32, labels (N,) int64."""

    train_inputs: Tensor
    train_labels: Tensor
    val_inputs: Tensor
    val_labels: Tensor


@dataclass(frozen=True)
class Trained:
    """One network after training.

    Epoch 0 is the start, before any step; epoch e comes after e steps. `weights` are a copy of
    those of `best_epoch`, the last one in which the validation loss improved: the lowest to within
    `MIN_IMPROVEMENT`. `rewind` are those of the rewind epoch or, where training ended sooner, of
    the last epoch. Losses are in nats per example: `val_loss[e]` at epoch e, `train_loss[e]` with
    dropout during step e + 1. `diverged` says that training ended because a loss was no longer a
    finite number.

    `seconds` is what the training took, validation included, by the processor's clock of the thread that trains:
    what a wall clock would show were nothing else running, so neither waiting for others nor whoever watches
    counts. Networks that train as one stack share each of its epochs in equal parts. It is 0 where no step was
    taken. A measurement: it differs from run to run, and in a stack with who trains beside it.
    """

    weights: Weights
    rewind: Weights
    best_epoch: int
    train_loss: np.ndarray
    val_loss: np.ndarray
    diverged: bool
    seconds: float
