"""Asking trained networks about parts of their task, each by the same thinned networks whatever the part."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from torch import nn

from pruning.data.task import Task
from pruning.experiment import Recipe
from pruning.lottery.order import Order
from pruning.lottery.plan import Step, answers_key
from pruning.lottery.progress import News, Report
from pruning.model.build import module
from pruning.options import Part
from pruning.training.threads import thread_count, threads
from uncertainty.methods import Predictor, predictor
from uncertainty.options import MC_DROPOUT, Source
from uncertainty.randomness import sampling_seed
from uncertainty.timed import TimedPredictions, timed


def ask(
    models: Sequence[nn.Module],
    step: Step,
    task: Task,
    asked: Mapping[Part, Mapping[str, np.ndarray] | None],
    source: Source = MC_DROPOUT,
    on_block: Callable[[], None] = lambda: None,
) -> dict[str, TimedPredictions]:
    """What the network of a step, here the first of the modules, says of each part: key → predictions.

    models: beside it the other members, for an ensemble. asked: see `Order`; a part that has no inputs for this task
    is not asked about. `on_block` is called now and then and may raise.
    """
    begun = time.thread_time()
    voice = voice_of(models, step.experiment, task, source)
    fitting = time.thread_time() - begun
    found: dict[str, TimedPredictions] = {}
    for part, inputs in asked.items():
        if inputs is not None and task.name not in inputs:
            continue
        about = task.inputs(part) if inputs is None else inputs[task.name]
        said = timed(partial(voice.predictions, about, task.samples(part), on_block), fitting)
        found[answers_key(step.key, source, part)] = said
    return found


def voice_of(models: Sequence[nn.Module], experiment: Recipe, task: Task, source: Source) -> Predictor:
    """A source of class probabilities, fitted on the examples of an experiment for one of its networks."""
    seed = sampling_seed(experiment.seed)
    return predictor(source, models, seed, lambda: task.training(experiment), task.validation)


def ask_again(order: Order, report: Report) -> dict[str, Any]:
    """Ask the networks of a batch, which are among the parents of the order: key → predictions."""
    batch, found = order.batch, {}
    with threads(1 if batch.task.stacked else thread_count()):
        for step in batch.steps:

            def on_block(step: Step = step) -> None:
                report(News(f"Asking {step.name} about inputs it has never seen"))

            on_block()
            task = batch.task.beside(step.experiment)
            networks = (order.parents[step.key], *order.members)
            models = [module(step.experiment, network, task.n_classes) for network in networks]
            found.update(ask(models, step, task, order.asked, order.source, on_block))
    return found
