"""A trained network as the plain arrays and counts that are kept of it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import Tensor, nn

from pruning.experiment import Recipe
from pruning.lottery.history import History, next_history
from pruning.lottery.plan import Step
from pruning.lottery.progress import Diverged
from pruning.lottery.tickets import Ticket
from pruning.model import cost
from pruning.model.networks import Weights
from pruning.model.pruned_dropout import rates_of
from pruning.outcome import TrainedNetwork
from pruning.training.schedule import Schedule, Trained
from uncertainty.predictions import Predictions


def measured(
    ticket: Ticket,
    trained: Trained,
    weights: Weights,
    small: nn.Sequential,
    example: Tensor,
    latency: float = float("nan"),
    chance: float = float("inf"),
    history: History | None = None,
) -> TrainedNetwork:
    """The record of a network that started from `ticket`; without a history, as if nothing had been trained before.

    `weights` are those of its early stop at their places in the dense network, `small` is its
    physically smaller form, `example` (1, …) one input of it. latency: seconds, NaN until measured.
    chance: validation loss, in nats, of one answer to everything.
    """
    return TrainedNetwork(
        prune_ratio=ticket.prune_ratio,
        level=ticket.level,
        masks=ticket.masks,
        start_weights=_arrays(ticket.weights),
        weights=_arrays(weights),
        early_stop_epoch=trained.best_epoch if len(trained.train_loss) else None,
        train_loss=trained.train_loss,
        val_loss=trained.val_loss,
        diverged=trained.diverged,
        units=cost.units(small),
        parameters=cost.parameters(small),
        multiply_adds=cost.multiply_adds(small, example),
        latency=latency,
        rewind_weights={} if ticket.level else _arrays(trained.rewind),
        dropout=rates_of(small),
        history=history or History(spent=len(trained.train_loss), seconds=trained.seconds),
        chance_loss=chance,
        parents_trained=ticket.parents_trained,
    )


def history_of(
    recipe: Recipe, dense: TrainedNetwork | None, last: TrainedNetwork | None, trained: Trained
) -> History | None:
    """The history of a network that has come of this training, pruned from `last`; None for the dense one."""
    if dense is None or last is None:
        return None
    epochs = len(trained.train_loss)
    return next_history(recipe, len(dense.train_loss), last.history, last.kept_epoch, epochs, trained.seconds)


def _arrays(weights: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in weights.items()}


def schedule_of(step: Step) -> Schedule:
    """How long and how fast the network of a step trains; not at all where its strategy leaves it as pruned."""
    chosen = step.experiment
    idle = bool(step.levels) and not chosen.strategy.retrain
    return Schedule(chosen.learning_rate, chosen.patience, 0 if idle else chosen.max_epochs)


def broken_off(step: Step, trained: Trained, usual_rate: float) -> Diverged:
    """What to raise of a training that met a loss which is no number; `usual_rate` is one that mostly works."""
    epoch = len(trained.val_loss) - 1
    return Diverged(
        f"Training of {step.name} broke off at epoch {epoch}: its loss is no longer a number. "
        f"The learning rate is {step.experiment.learning_rate:g}; a smaller one, such as {usual_rate}, usually helps."
    )


def are_finite(answers: Mapping[str, Predictions]) -> bool:
    """Whether all logits are numbers."""
    return all(bool(np.isfinite(predictions.logits).all()) for predictions in answers.values())
