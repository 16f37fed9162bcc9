"""A batch of one convolutional network on images: pruned, trained, asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pruning.data.images import training
from pruning.data.task import Task
from pruning.experiment import ImageExperiment
from pruning.lottery.asking import ask
from pruning.lottery.order import Order
from pruning.lottery.plan import Step
from pruning.lottery.progress import News, Report
from pruning.lottery.tickets import Ticket, ticket_of
from pruning.lottery.trained_network import are_finite, broken_off, history_of, measured, schedule_of
from pruning.model import cost
from pruning.model.build import empty
from pruning.model.networks import with_weights
from pruning.model.pruned_dropout import dropout_rates, smaller
from pruning.model.shrink import widen
from pruning.options import Part
from pruning.outcome import IMAGE_LATENCY_BATCH, TrainedNetwork
from pruning.training.chance import chance_loss
from pruning.training.curves import Curves
from pruning.training.minibatch import train
from pruning.training.schedule import Examples, Trained
from pruning.training.threads import thread_count, threads

USUAL_RATE = 0.05
IMPORTANCE_IMAGES = 512  # that a criterion looks at: more of them change no ranking worth the time

Say = Callable[..., None]
"""Takes a sentence, and the curves where something trains."""


def carry_out(order: Order, report: Report) -> dict[str, Any]:
    """Train the networks of a batch one after the other and ask them: key → network or predictions.

    Raises `Diverged` where the dense network cannot be trained.
    """
    found: dict[str, Any] = {}
    with threads(thread_count()):
        for step in order.batch.steps:
            found.update(_carried_out(step, order, report))
    return found


def _carried_out(step: Step, order: Order, report: Report) -> dict[str, Any]:
    def say(message: str, curves: Curves | None = None) -> None:
        report(News(message, curves))

    experiment, task = step.experiment, order.batch.task
    assert isinstance(experiment, ImageExperiment)
    say(f"Loading images for {step.name}")
    examples, model = _examples(experiment), empty(experiment, task.n_classes)
    ticket = ticket_of(step, order.dense(step), order.parent(step), model, _some(examples))
    small, trained = _trained(experiment, step, ticket, model, examples, say)
    if not step.levels and trained.diverged:
        raise broken_off(step, trained, USUAL_RATE)
    say_asking = partial(say, f"Asking {step.name} about images it has never seen")
    say_asking()
    answers = ask([small], step, task, order.asked, on_block=say_asking)
    if not are_finite(answers):
        raise broken_off(step, trained, USUAL_RATE)
    batch = _timed_batch(task)
    network = measured(
        ticket, trained, widen(trained.weights, model, ticket.masks), small, batch[:1],
        _latency(small, model, order.dense(step), order.clock, batch), chance_loss(examples.val_labels.numpy()),
        history_of(step.experiment, order.dense(step), order.parent(step), trained),
    )  # fmt: skip
    return {step.key: network, **answers}


def _examples(experiment: ImageExperiment) -> Examples:
    data = training(experiment.dataset, experiment.train_images, experiment.seed)
    return Examples(
        torch.from_numpy(data.train.pixels), torch.from_numpy(data.train.labels),
        torch.from_numpy(data.val.pixels), torch.from_numpy(data.val.labels),
    )  # fmt: skip


def _some(examples: Examples) -> Examples:
    """What a criterion looks at."""
    some = slice(IMPORTANCE_IMAGES)
    return Examples(
        examples.train_inputs[some].float(), examples.train_labels[some], examples.val_inputs, examples.val_labels
    )


def _trained(
    experiment: ImageExperiment, step: Step, ticket: Ticket, model: nn.Sequential, examples: Examples, say: Say
) -> tuple[nn.Sequential, Trained]:
    """The smaller network with the weights of its early stop, and how it got there."""
    small = smaller(with_weights(model, ticket.weights), ticket.masks, dropout_rates(experiment, ticket.masks))
    trained = train(
        small, examples, schedule_of(step), experiment.batch_size or experiment.dataset.batch_size, experiment.seed,
        flip=experiment.dataset.flip, phase=len(step.levels), rewind_epoch=experiment.rewind_epoch,
        report=partial(say, f"Training {step.name}"),
    )  # fmt: skip
    return with_weights(small, trained.weights), trained


def _timed_batch(task: Task) -> Tensor:
    """The images of the pass that is timed."""
    pixels = task.inputs(Part.TEST)
    return torch.from_numpy(np.resize(pixels, (IMAGE_LATENCY_BATCH, *pixels.shape[1:])))


def _latency(
    small: nn.Sequential, model: nn.Sequential, dense: TrainedNetwork | None, clock: float | None, batch: Tensor
) -> float:
    """Seconds for one pass. A pruned network takes turns with the dense one, on whose time its own is based:
    the machine may have been busier when that was measured."""
    if dense is None:
        return clock or cost.latency([small], batch)[0]
    now, own = cost.latency([model.eval(), small], batch)
    return dense.latency * own / now
