"""How far one training is, as it can be watched; without PyTorch, for those who only look."""

from __future__ import annotations

from dataclasses import dataclass


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
