"""How far a run is, and how it may fail: what travels between those who train and those who watch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pruning.outcome import PlaneOutcome


class Diverged(RuntimeError):
    """Training met a loss that is not a finite number; the message is a sentence for people."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: networks trained out of those to train, in words, and what there is so far.

    `outcome` holds the networks that are finished (of the first seed), None before the dense one is.
    """

    done: int
    total: int
    message: str
    outcome: PlaneOutcome | None = None


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Curves:
    """How far the training of one network is, and what it has learned; losses are in nats per example."""

    epoch: float  # a fraction within an epoch
    max_epochs: int
    seconds: float  # since the start
    train_loss: tuple[float, ...]  # (epochs so far,)
    val_loss: tuple[float, ...]  # (epochs so far + 1,), from before the first step
    val_accuracy: tuple[float, ...]

    @property
    def seconds_left(self) -> float | None:
        """If it trains to its last epoch; None before there is anything to go by."""
        return self.seconds * (self.max_epochs / self.epoch - 1) if self.epoch > 0.2 else None


@dataclass(frozen=True)
class StepProgress:
    """How far one step of an image run is: in words, and while it trains as curves."""

    step: int  # of `steps`, from 0
    steps: int
    message: str
    curves: Curves | None = None
