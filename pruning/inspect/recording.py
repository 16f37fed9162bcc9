"""A run again, this time with a look at every epoch.

A run is the same to the bit whenever it is repeated, so nothing of its epochs is kept while it is
first asked for; who wants to watch or to check it repeats the one chain that leads to a ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pruning.data.own_points import Points
from pruning.data.plane_task import PlaneTask
from pruning.experiment import Experiment
from pruning.inspect.invariants import Training, checks
from pruning.inspect.plane import Extent, extent, grid
from pruning.inspect.replay import SIDE, Phase, Recording, coded, is_frame
from pruning.lottery import stack_trainer
from pruning.lottery.order import Order
from pruning.lottery.plan import plan
from pruning.lottery.progress import News, Progress, Report
from pruning.lottery.stack_trainer import Watcher
from pruning.lottery.tickets import Ticket
from pruning.model.masks import apply_masks
from pruning.model.networks import Weights, mlp, with_weights
from pruning.outcome import TrainedNetwork
from pruning.training.schedule import Trained
from pruning.training.threads import one_thread
from uncertainty.sampling import single_pass


def record(experiment: Experiment, points: Points | None = None, progress: Report | None = None) -> Recording:
    """Repeat the run that leads to the experiment's prune ratio, film it and check it.

    Raises `Diverged` as the run itself does.
    """
    task = PlaneTask.of(experiment, points)
    recorder = _Recorder(experiment, task.n_classes)
    weights = watch(experiment, task, recorder, progress).weights
    area = extent(task.data)
    with one_thread():
        phases = tuple(recorder.phase(shot, area) for shot in recorder.shots)
        found = checks(experiment, task.data, recorder.model, [shot.training for shot in recorder.shots])
    return Recording(experiment, area, task.n_classes, phases, found, weights)


def watch(
    experiment: Experiment, task: PlaneTask, watcher: Watcher, progress: Report | None = None
) -> TrainedNetwork:
    """Train what leads to the experiment's prune ratio, all of it shown to `watcher`; the last network.

    Nothing is asked of the networks. Raises `Diverged` where the dense one cannot be trained.
    """
    batches = plan([experiment], (), task)
    found: dict[str, Any] = {}

    def report(news: News) -> None:
        if progress:
            done = len(found.keys() | news.finished.keys())
            progress(Progress(done, len(batches), news.message))

    for batch in batches:
        order = Order(batch, found, {})
        found |= stack_trainer.carry_out(order, report, watcher)
    return found[batches[-1].steps[-1].key]


@dataclass(frozen=True)
class _Shot:
    """One training as it was seen: in numbers, and its frames as epoch → weights."""

    training: Training
    frames: dict[int, Weights]


class _Recorder:
    """Is shown every epoch of a chain of trainings, one after the other."""

    def __init__(self, experiment: Experiment, n_classes: int) -> None:
        self.rewind_epoch = experiment.rewind_epoch
        self.model = mlp(2, experiment.hidden, n_classes, experiment.dropout)
        self.shots: list[_Shot] = []
        self.frames: dict[int, Weights] = {}
        self.after_one: Weights = {}
        self.rewind: Weights = {}
        self.gone: Weights = {}
        self.awake: int | None = None

    def epoch(self, ticket: Ticket, epoch: int, weights: Weights) -> None:
        if epoch == 0:
            ones = {name: torch.ones_like(value) for name, value in weights.items()}
            self.gone = {n: kept == 0 for n, kept in apply_masks(self.model, ones, ticket.masks).items()}
            self.frames, self.after_one, self.awake = {}, {}, None
        if epoch == 1:
            self.after_one = _copy(weights)
        if epoch <= self.rewind_epoch:
            self.rewind = _copy(weights)
        if self.awake is None and any(weights[name][gone].any() for name, gone in self.gone.items()):
            self.awake = epoch
        if is_frame(epoch):
            self.frames[epoch] = _copy(weights)

    def trained(self, ticket: Ticket, trained: Trained) -> None:
        training = Training(ticket, trained, self.after_one, self.rewind, self.awake)
        self.shots.append(_Shot(training, self.frames))

    def phase(self, shot: _Shot, area: Extent) -> Phase:
        """The film of a training; in its last frame the weights that are kept."""
        ticket, trained = shot.training.ticket, shot.training.trained
        kept = trained.best_epoch
        cells = grid(area, SIDE)
        maps = [self._map(weights, cells) for weights in (*shot.frames.values(), trained.weights)]
        return Phase(
            ticket.prune_ratio,
            ticket.level,
            ticket.masks,
            np.array([*shot.frames, kept]),
            np.stack(maps),
            trained.train_loss,
            trained.val_loss,
            kept,
        )

    def _map(self, weights: Weights, cells: np.ndarray) -> np.ndarray:
        logits = torch.from_numpy(single_pass(with_weights(self.model, weights), cells))
        return coded(logits.softmax(dim=1).numpy()).reshape(SIDE, SIDE)


def _copy(weights: Weights) -> Weights:
    return {name: value.clone() for name, value in weights.items()}
