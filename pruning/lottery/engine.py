"""Carrying out an experiment: train densely, then prune and train every ratio asked for.

All networks of one level, whatever their ratio and seed, are trained as one stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import nn

from pruning.data.csv_points import Points
from pruning.data.fresh_points import fresh_points
from pruning.data.plane_tasks import Task, make_task, split
from pruning.experiment import Experiment
from pruning.lottery.history import History, next_history
from pruning.lottery.levels import Path, paths
from pruning.lottery.progress import Diverged, Progress, Report
from pruning.lottery.tickets import Parents, Ticket, next_ticket
from pruning.lottery.trained_network import measured
from pruning.model import cost
from pruning.model.masks import Masks, full_masks
from pruning.model.networks import Weights, draw_weights, mlp, with_weights
from pruning.model.pruned_dropout import dropout_rates, smaller
from pruning.outcome import LATENCY_BATCH, MAX_SAMPLES, PLANE_SAMPLES, Fresh, Network, PlaneOutcome
from pruning.training.chance import chance_loss, left_chance
from pruning.training.stack import Examples, Schedule, Start, Trained, one_thread, train_stack
from uncertainty.randomness import Purpose, sampling_seed, stream
from uncertainty.sampling import predict


def run_seeds(
    experiment: Experiment,
    seeds: Sequence[int],
    progress: Report | None = None,
    *,
    ratios: Sequence[float] | None = None,
    points: Points | None = None,
    watcher: Watcher | None = None,
) -> list[PlaneOutcome]:
    """An outcome per seed, in order: see `pruning.run_seeds`. `watcher` is shown every training."""
    if not seeds:
        return []
    wanted = {experiment.prune_ratio, *(replace(experiment, prune_ratio=ratio).prune_ratio for ratio in ratios or ())}
    with one_thread():
        sweep = _Sweep(experiment, seeds, sorted({0.0, *wanted}), task_of(experiment, points), progress, watcher)
        sweep.has_truth = points is None and watcher is None  # whoever watches sees trainings and no figures
        return sweep.outcomes()


class Watcher(Protocol):
    """Somebody who is shown every training of a run, one network after the other or side by side."""

    def epoch(self, ticket: Ticket, epoch: int, weights: Weights) -> None:
        """The weights in an epoch, as views that are good for the call alone."""

    def trained(self, ticket: Ticket, trained: Trained) -> None:
        """What training the ticket has come to."""


def task_of(experiment: Experiment, points: Points | None = None) -> Task:
    """The data of an experiment: drawn as it says or, where there are some, the points of somebody's own.

    Those are standardised by their training points alone.
    """
    chosen = experiment
    if points is not None:
        return split(points.learned(chosen.data_seed), points.labels, chosen.label_noise, chosen.data_seed)
    return make_task(chosen.dataset, chosen.points, chosen.noise, chosen.label_noise, chosen.data_seed)


def module(experiment: Experiment, network: Network, n_classes: int) -> nn.Sequential:
    """The network as a PyTorch module, physically without its removed units, in evaluation mode."""
    dense = mlp(2, experiment.hidden, n_classes, experiment.dropout)
    return smaller(with_weights(dense, network.weights), network.masks, network.dropout)


@dataclass(eq=False)
class _Chain:
    """One path on its way, for one seed: what was trained last, the masks it carries, and what came before."""

    seed: int
    path: Path
    masks: Masks
    last: Trained
    history: History
    trained: bool = True  # whether all networks on the way to the next ticket have left chance


class _Sweep:
    """One call of `run_seeds`: its data, and the networks it has so far."""

    def __init__(
        self,
        experiment: Experiment,
        seeds: Sequence[int],
        ratios: Sequence[float],
        task: Task,
        progress: Report | None,
        watcher: Watcher | None,
    ) -> None:
        self.experiment = experiment
        self.seeds = list(dict.fromkeys(seeds))
        self.progress = progress
        self.watcher = watcher
        self.task = task
        self.model = mlp(2, experiment.hidden, self.task.n_classes, experiment.dropout)
        self.examples = _examples(self.task)
        self.chance = chance_loss(self.task.val_labels)
        self.networks: dict[int, list[Network]] = {seed: [] for seed in self.seeds}
        self.modules: dict[tuple[int, float], nn.Sequential] = {}  # (seed, prune ratio) → the smaller network
        self.paths = paths(experiment.strategy, ratios, experiment.rounds, experiment.round_share)
        self.total = len(self.seeds) * (1 + sum(len(path.levels) for path in self.paths))
        self.done = 0
        self.partial: PlaneOutcome | None = None
        self.has_truth = True
        self.fresh: Fresh | None = None  # until the first network is asked

    def outcomes(self) -> list[PlaneOutcome]:
        dense = self._train_dense()
        chains = [
            _Chain(seed, path, full_masks(self.model), dense[seed], History(spent=len(dense[seed].train_loss)))
            for seed in self.seeds
            for path in self.paths
        ]
        for stack in self._stacks(chains):
            for level in range(max(len(chain.path.levels) for chain in stack)):
                self._train_level([chain for chain in stack if level < len(chain.path.levels)], level, dense)
        self._measure_latency()
        return [self._outcome(seed) for seed in self.seeds]

    def _stacks(self, chains: list[_Chain]) -> list[list[_Chain]]:
        """The chains to train together. Where somebody watches, what they asked for comes first on
        its own; it is the same to the bit, and what it costs is little against the wait for all."""
        first = [c for c in chains if self.progress and self.experiment.prune_ratio in c.path.levels]
        return [stack for stack in (first, [c for c in chains if c not in first]) if stack]

    def _train_dense(self) -> dict[int, Trained]:
        tickets = [Ticket(0.0, 0, full_masks(self.model), self._initial(seed)) for seed in self.seeds]
        dense: dict[int, Trained] = {}
        for position, trained in self._train(tickets, self.seeds, _name(tickets[0])):
            seed = self.seeds[position]
            if trained.diverged:
                raise Diverged(self._diverged(trained, _name(tickets[position])))
            dense[seed] = trained
            self._add(seed, tickets[position], trained, History(spent=len(trained.train_loss)))
        return dense

    def _train_level(self, chains: list[_Chain], level: int, dense: dict[int, Trained]) -> None:
        tickets = [self._ticket(chain, level, dense[chain.seed]) for chain in chains]
        what = _name(tickets[0]) if len(tickets) == 1 else f"{len(tickets)} pruned networks"
        for position, trained in self._train(tickets, [chain.seed for chain in chains], what):
            chain = chains[position]
            chain.history = next_history(
                self.experiment, len(dense[chain.seed].train_loss), chain.history, chain.last.best_epoch,
                len(trained.train_loss),
            )  # fmt: skip
            chain.masks, chain.last = tickets[position].masks, trained
            if level in chain.path.results:
                self._add(chain.seed, tickets[position], trained, chain.history)
            else:
                self._count(f"Passed {_name(tickets[position])}")

    def _ticket(self, chain: _Chain, level: int, dense: Trained) -> Ticket:
        best = float(chain.last.val_loss[chain.last.best_epoch])
        chain.trained = chain.trained and left_chance(best, self.chance)
        parents = Parents(chain.masks, chain.last.weights, dense.rewind, chain.trained)
        examples = self.examples
        return next_ticket(
            self.experiment, chain.path.levels[level], level + 1, parents,
            self.model, examples.train_inputs, examples.train_labels, chain.seed,
        )  # fmt: skip

    def _train(self, tickets: list[Ticket], seeds: Sequence[int], what: str) -> Iterator[tuple[int, Trained]]:
        chosen = self.experiment
        level = tickets[0].level
        idle = level > 0 and not chosen.strategy.retrain
        schedule = Schedule(chosen.learning_rate, chosen.patience, 0 if idle else chosen.max_epochs)
        starts = [
            Start(ticket.weights, seed, tuple(dropout_rates(chosen, ticket.masks).values()))
            for ticket, seed in zip(tickets, seeds, strict=True)
        ]

        def on_epoch(epoch: int, still_training: int) -> None:
            self._report(f"Training {what}: epoch {epoch}, {still_training} still learning")

        watcher = self.watcher
        watch = (lambda i, epoch, weights: watcher.epoch(tickets[i], epoch, weights)) if watcher else None
        for position, trained in train_stack(
            starts, self.examples, schedule, chosen.dropout,
            phase=level, rewind_epoch=chosen.rewind_epoch, on_epoch=on_epoch, watch=watch,
        ):  # fmt: skip
            if watcher:
                watcher.trained(tickets[position], trained)
            yield position, trained

    def _add(self, seed: int, ticket: Ticket, trained: Trained, history: History) -> None:
        self.networks[seed].append(replace(self._measured(seed, ticket, trained), history=history))
        self.networks[seed].sort(key=lambda network: network.prune_ratio)
        if self.fresh:
            self._ask_fresh(seed)
        self._show(seed)
        self._count(f"Trained {_name(ticket)}")
        if self.has_truth and not self.fresh and ticket.prune_ratio == self.experiment.prune_ratio:
            # What is waited for has been shown. From here on networks are shown with what they say of fresh points.
            self.fresh = fresh_points(self.experiment)
            self._ask_fresh(seed)
            self._show(seed)
            self._report("Measured on fresh points")

    def _ask_fresh(self, seed: int) -> None:
        """Predictions on the fresh points, of all networks of a seed that lack them."""
        networks, drawn = self.networks[seed], sampling_seed(seed)
        for i, network in enumerate(networks):
            if network.fresh is None and self.fresh:
                small = self.modules[seed, network.prune_ratio]
                networks[i] = replace(network, fresh=predict(small, self.fresh.inputs, PLANE_SAMPLES, drawn))

    def _show(self, seed: int) -> None:
        if seed == self.seeds[0]:
            self.partial = self._outcome(seed)

    def _measured(self, seed: int, ticket: Ticket, trained: Trained) -> Network:
        """The arrays and counts of a trained network, from its physically smaller form."""
        rates = dropout_rates(self.experiment, ticket.masks)
        small = smaller(with_weights(self.model, trained.weights), ticket.masks, rates)
        self.modules[seed, ticket.prune_ratio] = small
        samples, drawn = range(1, MAX_SAMPLES + 1), sampling_seed(seed)
        test = predict(small, self.task.test_inputs, samples, drawn)
        if not np.isfinite(test.logits).all():
            raise Diverged(self._diverged(trained, _name(ticket)))
        ood = predict(small, self.task.far_inputs, samples, drawn)
        example = torch.zeros(1, 2)
        return measured(ticket, trained, trained.weights, small, example, test, ood, chance=self.chance)

    def _measure_latency(self) -> None:
        self._report("Measuring latency")
        batch = torch.from_numpy(np.resize(self.task.test_inputs, (LATENCY_BATCH, 2)))
        for seed, networks in self.networks.items():
            seconds = cost.latency([self.modules[seed, network.prune_ratio] for network in networks], batch)
            self.networks[seed] = [replace(network, latency=s) for network, s in zip(networks, seconds, strict=True)]

    def _outcome(self, seed: int) -> PlaneOutcome:
        task = self.task
        return PlaneOutcome(
            replace(self.experiment, seed=seed), task.test_labels, task.n_classes, tuple(self.networks[seed]),
            task.train_inputs, task.train_labels, task.test_inputs, task.far_inputs, fresh=self.fresh,
        )  # fmt: skip

    def _initial(self, seed: int) -> Weights:
        return draw_weights(self.model, stream(seed, Purpose.INITIAL_WEIGHTS))

    def _count(self, message: str) -> None:
        self.done += 1
        self._report(message)

    def _report(self, message: str) -> None:
        if self.progress:
            self.progress(Progress(self.done, self.total, message, self.partial))

    def _diverged(self, trained: Trained, what: str) -> str:
        epoch = len(trained.val_loss) - 1
        return (
            f"Training of {what} broke off at epoch {epoch}: its loss is no longer a number. "
            f"The learning rate is {self.experiment.learning_rate:g}; a smaller one, such as 0.01, usually helps."
        )


def _name(ticket: Ticket) -> str:
    return f"the network pruned at {ticket.prune_ratio:.3g}" if ticket.level else "the dense network"


def _examples(task: Task) -> Examples:
    return Examples(
        torch.from_numpy(task.train_inputs),
        torch.from_numpy(task.train_labels),
        torch.from_numpy(task.val_inputs),
        torch.from_numpy(task.val_labels),
    )
