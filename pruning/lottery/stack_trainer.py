"""A batch of networks on points of the plane, trained as one stack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from pruning.data.plane_task import PlaneTask
from pruning.data.plane_tasks import Task as PlaneData
from pruning.lottery.asking import ask
from pruning.lottery.order import Order
from pruning.lottery.plan import Step
from pruning.lottery.progress import News, Report
from pruning.lottery.tickets import Ticket, ticket_of
from pruning.lottery.trained_network import are_finite, broken_off, history_of, measured, schedule_of
from pruning.model import cost
from pruning.model.build import empty, module
from pruning.model.networks import Weights, with_weights
from pruning.model.pruned_dropout import dropout_rates, smaller
from pruning.outcome import LATENCY_BATCH, TrainedNetwork
from pruning.training.chance import chance_loss
from pruning.training.schedule import Examples, Trained
from pruning.training.stack import Start, train_stack
from pruning.training.threads import one_thread

USUAL_RATE = 0.01


class Watcher(Protocol):
    """Somebody who is shown every training of a run, one network after the other or side by side."""

    def epoch(self, ticket: Ticket, epoch: int, weights: Weights) -> None:
        """The weights in an epoch, as views that are good for the call alone."""

    def trained(self, ticket: Ticket, trained: Trained) -> None:
        """What training the ticket has come to."""


def carry_out(order: Order, report: Report, watcher: Watcher | None = None) -> dict[str, Any]:
    """Train the networks of a batch side by side and ask them: key → network or predictions.

    The news hold each network as soon as it has stopped, its latency not measured yet. `watcher` is shown every
    training. Raises `Diverged` for a dense network that cannot be trained, and what `report` raises.
    """
    with one_thread():
        return _Stack(order, report, watcher).results()


class _Stack:
    """One batch: its data, and the networks it has so far."""

    def __init__(self, order: Order, report: Report, watcher: Watcher | None) -> None:
        task = order.batch.task
        assert isinstance(task, PlaneTask)
        self.order, self.report, self.watcher = order, report, watcher
        self.steps = order.batch.steps
        self.experiment = self.steps[0].experiment  # what they share: see `pruning.lottery.plan`
        tasks = [task.beside(step.experiment) for step in self.steps]
        named = {each.name: each for each in reversed(tasks)}  # one for all that learn the same
        self.tasks = [named[each.name] for each in tasks]
        self.data = self.tasks[0].data
        self.model = empty(self.experiment, self.data.n_classes)
        learned = {name: _examples(each.data) for name, each in named.items()}
        self.examples = [learned[each.name] for each in self.tasks]
        self.modules: dict[str, nn.Sequential] = {}

    def results(self) -> dict[str, Any]:
        tickets = [
            ticket_of(step, self.order.dense(step), self.order.parent(step), self.model, examples)
            for step, examples in zip(self.steps, self.examples, strict=True)
        ]
        found: dict[str, Any] = {}
        for position, trained in self._train(tickets):
            step, ticket = self.steps[position], tickets[position]
            if not step.levels and trained.diverged:
                raise broken_off(step, trained, USUAL_RATE)
            task = self.tasks[position]
            new = {step.key: self._measured(step, ticket, trained, task), **self._answers(step, trained, task)}
            self.report(News(f"Trained {step.name}", finished=new))
            found.update(new)
        return {**found, **self._timed({step.key: found[step.key] for step in self.steps})}

    def _train(self, tickets: list[Ticket]) -> Iterator[tuple[int, Trained]]:
        chosen, level = self.experiment, self.order.batch.level
        starts = [
            Start(ticket.weights, step.experiment.seed, tuple(dropout_rates(step.experiment, ticket.masks).values()))
            for step, ticket in zip(self.steps, tickets, strict=True)
        ]
        what = self.steps[0].name if len(tickets) == 1 or not level else f"{len(tickets)} pruned networks"
        for position, trained in train_stack(
            starts, self.examples, schedule_of(self.steps[0]), chosen.dropout,
            phase=level, rewind_epoch=chosen.rewind_epoch, on_epoch=self._on_epoch(what), watch=self._watch(tickets),
        ):  # fmt: skip
            if self.watcher:
                self.watcher.trained(tickets[position], trained)
            yield position, trained

    def _on_epoch(self, what: str) -> Callable[[int, int], None]:
        return lambda epoch, learning: self.report(News(f"Training {what}: epoch {epoch}, {learning} still learning"))

    def _watch(self, tickets: list[Ticket]) -> Callable[[int, int, Weights], None] | None:
        watcher = self.watcher
        return (lambda i, epoch, weights: watcher.epoch(tickets[i], epoch, weights)) if watcher else None

    def _measured(self, step: Step, ticket: Ticket, trained: Trained, task: PlaneTask) -> TrainedNetwork:
        """The arrays and counts of a trained network, from its physically smaller form."""
        rates = dropout_rates(step.experiment, ticket.masks)
        small = smaller(with_weights(self.model, trained.weights), ticket.masks, rates)
        self.modules[step.key] = small
        before = history_of(step.experiment, self.order.dense(step), self.order.parent(step), trained)
        example, chance = torch.zeros(1, 2), chance_loss(task.data.val_labels)
        return measured(ticket, trained, trained.weights, small, example, chance=chance, history=before)

    def _answers(self, step: Step, trained: Trained, task: PlaneTask) -> dict[str, Any]:
        found = ask([self.modules[step.key]], step, task, self.order.asked)
        if not are_finite(found):
            raise broken_off(step, trained, USUAL_RATE)
        return found

    def _timed(self, networks: dict[str, TrainedNetwork]) -> dict[str, TrainedNetwork]:
        """The networks with their latency. They take turns with the dense one, on whose time their own is based."""
        inputs = torch.from_numpy(np.resize(self.data.test_inputs, (LATENCY_BATCH, 2)))
        dense = self.order.dense(self.steps[0])
        reference = module(self.experiment, dense, self.data.n_classes) if dense else self.modules[self.steps[0].key]
        now, *own = cost.latency([reference, *(self.modules[key] for key in networks)], inputs)
        clock = dense.latency if dense else self.order.clock or now
        if dense is None:
            own = [now] * len(own)  # all of the same layers
        timed = zip(networks.items(), own, strict=True)
        return {key: replace(network, latency=clock * seconds / now) for (key, network), seconds in timed}


def _examples(data: PlaneData) -> Examples:
    return Examples(
        torch.from_numpy(data.train_inputs),
        torch.from_numpy(data.train_labels),
        torch.from_numpy(data.val_inputs),
        torch.from_numpy(data.val_labels),
    )
