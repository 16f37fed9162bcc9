"""Asking trained networks about parts of their task, each by the same thinned networks whatever the part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from torch import nn

from pruning.data.task import Task
from pruning.lottery.order import Order
from pruning.lottery.plan import Step, answers_key
from pruning.lottery.progress import News, Report
from pruning.model.build import module
from pruning.options import Part
from pruning.training.threads import thread_count, threads
from uncertainty.methods import predictions
from uncertainty.options import Method
from uncertainty.predictions import Predictions
from uncertainty.randomness import sampling_seed


def ask(
    model: nn.Module,
    step: Step,
    task: Task,
    asked: Mapping[Part, Mapping[str, np.ndarray] | None],
    method: Method = Method.MC_DROPOUT,
    on_block: Callable[[], None] = lambda: None,
) -> dict[str, Predictions]:
    """What the network of a step, here as a module, says of each part: key → predictions.

    asked: see `Order`; a part that has no inputs for this task is not asked about. `on_block` is called now and then
    and may raise.
    """
    seed = sampling_seed(step.experiment.seed)
    return {
        answers_key(step.key, method, part): predictions(
            method,
            model,
            task.inputs(part) if inputs is None else inputs[task.name],
            task.samples(part),
            seed,
            on_block,
        )
        for part, inputs in asked.items()
        if inputs is None or task.name in inputs
    }


def ask_again(order: Order, report: Report) -> dict[str, Any]:
    """Ask the networks of a batch, which are among the parents of the order: key → predictions."""
    batch, found = order.batch, {}
    with threads(1 if batch.task.stacked else thread_count()):
        for step in batch.steps:

            def on_block(step: Step = step) -> None:
                report(News(f"Asking {step.name} about inputs it has never seen"))

            on_block()
            task = batch.task.beside(step.experiment)
            model = module(step.experiment, order.parents[step.key], task.n_classes)
            found.update(ask(model, step, task, order.asked, order.method, on_block))
    return found
