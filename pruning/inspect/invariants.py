"""What must be true of every run, held against one of them.

Each check looks at the numbers of that run and at nothing that the code says of itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from pruning.data.plane_tasks import Task
from pruning.experiment import Experiment
from pruning.inspect.replay import Check
from pruning.lottery.tickets import Ticket
from pruning.model.masks import apply_masks, removed_units
from pruning.model.networks import Weights, draw_weights, prunable_layers, with_weights
from pruning.model.pruned_dropout import dropout_rates
from pruning.model.shrink import shrink
from pruning.options import Scope
from pruning.training.schedule import MIN_IMPROVEMENT, Trained
from pruning.training.stack import EPSILON
from uncertainty.randomness import Purpose, dropout_noise, stream
from uncertainty.sampling import single_pass

TOLERANCE = 1e-5  # between the masked and the physically smaller network: float32 adds up in another order
LOSS_TOLERANCE = 1e-5  # nats; the loss is summed in another order too
STEP_TOLERANCE = 0.02  # of the learning rate
CLEAR_GRADIENT = 100 * EPSILON  # from here on ε shortens Adam's first step by less than half the tolerance
NOTHING = True, "nothing is pruned"


@dataclass(frozen=True)
class Training:
    """One training of a run, in order: what it started from, what came of it, what was seen on the way."""

    ticket: Ticket
    trained: Trained
    after_one: Weights  # after the first step; empty if there was none
    rewind: Weights  # at the rewind epoch or, where training ended sooner, at its last one
    awake: int | None  # the first epoch in which a weight of a removed unit was not zero


@dataclass(frozen=True)
class _Run:
    experiment: Experiment
    task: Task
    model: nn.Sequential
    trainings: Sequence[Training]

    @property
    def dense(self) -> Training:
        return self.trainings[0]

    @property
    def pruned(self) -> Sequence[Training]:
        return self.trainings[1:]

    @property
    def whole(self) -> bool:
        """Whether no unit is removed, be it that the ratio is 0 or too small for one."""
        return all(mask.all() for mask in self.trainings[-1].ticket.masks.values())


Finding = tuple[bool, str]


def checks(
    experiment: Experiment, task: Task, model: nn.Sequential, trainings: Sequence[Training]
) -> tuple[Check, ...]:
    """All invariants against one chain of trainings, the dense one first.

    `model` lends its structure; its own weights are written over.
    """
    run = _Run(experiment, task, model, trainings)
    return tuple(Check(name, meaning, *look(run)) for name, meaning, look in INVARIANTS)


def _stays_pruned(run: _Run) -> Finding:
    awake = [training for training in run.pruned if training.awake is not None]
    if awake:
        first = awake[0]
        return False, f"at prune ratio {first.ticket.prune_ratio:g} a removed unit woke up in epoch {first.awake}"
    if run.whole:
        return NOTHING
    if not run.experiment.strategy.retrain:
        return True, "all removed weights and biases are exactly 0; nothing is trained after pruning"
    epochs = sum(len(training.trained.val_loss) - 1 for training in run.pruned)
    return True, f"all removed weights and biases are exactly 0 at the start and after each of {epochs} epochs"


def _counts(run: _Run) -> Finding:
    layers = {name: layer.n_units for name, layer in prunable_layers(run.model).items()}
    for training in run.trainings:
        ratio, masks = training.ticket.prune_ratio, training.ticket.masks
        kept = {name: int(mask.sum()) for name, mask in masks.items()}
        due = {name: n - removed_units(ratio, n) for name, n in layers.items()}
        fits = kept == due if run.experiment.scope == Scope.LAYER else sum(kept.values()) == sum(due.values())
        if not fits or min(kept.values()) < 1:
            return False, f"prune ratio {ratio:g} left {kept}, not {due}"
    last = run.trainings[-1].ticket.masks
    return True, "kept: " + ", ".join(f"{mask.sum()} of {len(mask)} units in {name}" for name, mask in last.items())


def _start(run: _Run) -> Finding:
    if not run.pruned:
        return NOTHING
    for before, training in zip(run.trainings, run.pruned, strict=False):
        due = apply_masks(run.model, _origin(run, before), training.ticket.masks)
        unequal = [name for name, value in training.ticket.weights.items() if not torch.equal(value, due[name])]
        if unequal:
            return False, f"at prune ratio {training.ticket.prune_ratio:g} {', '.join(unequal)} started elsewhere"
    words = {"trained": "the trained weights of the level before", "rewound": "the dense run at the rewind epoch"}
    source = words.get(run.experiment.strategy.start_from, "a fresh draw")
    return True, f"bit for bit those of {source}, masked, in every layer"


def _origin(run: _Run, before: Training) -> Weights:
    """Where the kept weights come from, in the network that is pruned after the training `before`."""
    source = run.experiment.strategy.start_from
    if source == "random":
        return draw_weights(run.model, stream(run.experiment.seed, Purpose.RANDOM_WEIGHTS))
    return before.trained.weights if source == "trained" else run.dense.rewind


def _shrunk(run: _Run) -> Finding:
    inputs = np.concatenate([run.task.test_inputs, run.task.far_inputs])
    worst = 0.0
    for training in run.trainings:
        masked = with_weights(run.model, apply_masks(run.model, training.trained.weights, training.ticket.masks))
        logits = single_pass(masked, inputs)
        small = single_pass(shrink(masked, training.ticket.masks), inputs)
        scale = max(1.0, float(np.abs(logits).max()))
        worst = max(worst, float(np.abs(logits - small).max()) / scale)
    return worst <= TOLERANCE, f"largest difference of a logit {worst:.1e}, relative to the largest one"


def _new_optimiser(run: _Run) -> Finding:
    """Adam's very first step moves no weight further than the learning rate, and by it where the gradient is clear.

    It is lr · |g| / (|g| + ε) (Kingma & Ba 2015); one that remembers earlier gradients takes another.
    """
    if not run.pruned:
        return NOTHING
    if not run.experiment.strategy.retrain:
        return True, "nothing is trained after pruning"
    steps = [_first_step(run, training) for training in run.pruned if training.after_one]
    told, most = [median for median, _ in steps if median is not None], max((far for _, far in steps), default=0.0)
    rate = run.experiment.learning_rate
    least = min(told, default=rate)
    holds = least >= (1 - STEP_TOLERANCE) * rate and most <= (1 + STEP_TOLERANCE) * rate
    if not told:
        return holds, f"gradients too small for the first step to tell; no weight moved by more than {most:.4g}"
    found = (
        f"first steps: half of the weights with a clear gradient by {least:.4g} or more, none by more than {most:.4g}"
    )
    silent = len(steps) - len(told)
    return holds, f"{found}; gradients too small to tell at {silent} of {len(steps)} levels" if silent else found


def _first_step(run: _Run, training: Training) -> tuple[float | None, float]:
    """How far the first step moved the median weight of clear gradient (None if there is none), and any weight."""
    start, after = training.ticket.weights, training.after_one
    model = with_weights(run.model, start)
    logits = _with_dropout(run, model, training.ticket)
    loss = functional.cross_entropy(logits, torch.from_numpy(run.task.train_labels))
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    moved = torch.cat([(after[name] - start[name]).abs().flatten() for name, _ in model.named_parameters()])
    clear = moved[torch.cat([gradient.abs().flatten() for gradient in gradients]) > CLEAR_GRADIENT]
    return float(clear.median()) if len(clear) else None, float(moved.max())


def _with_dropout(run: _Run, model: nn.Sequential, ticket: Ticket) -> Tensor:
    """The logits (N, C) of the training examples in the first step from a ticket, some of its units dropped.

    Without that a weight may seem to have a gradient though its unit was dropped for the examples that matter.
    """
    rates = iter(dropout_rates(run.experiment, ticket.masks).values())
    noise = stream(run.experiment.seed, Purpose.DROPOUT, ticket.level)
    values = torch.from_numpy(run.task.train_inputs)
    for layer in model:
        if not isinstance(layer, nn.Dropout):
            values = layer(values)
        elif rate := next(rates):
            values = values * torch.from_numpy(dropout_noise(noise, values.T.shape, rate)).T / (1 - rate)
    return values


def _best_weights(run: _Run) -> Finding:
    inputs, labels = run.task.val_inputs, torch.from_numpy(run.task.val_labels)
    worst = above = 0.0
    for training in run.trainings:
        logits = torch.from_numpy(single_pass(with_weights(run.model, training.trained.weights), inputs))
        loss = float(functional.cross_entropy(logits.double(), labels))
        curve = training.trained.val_loss
        due, lowest = float(curve[training.trained.best_epoch]), float(np.nanmin(curve))
        worst = max(worst, abs(loss - due) / max(1.0, due))
        above = max(above, due - lowest)
    return (
        worst <= LOSS_TOLERANCE and above <= MIN_IMPROVEMENT,
        f"their validation loss, computed again, is that of their epoch to {worst:.1e}, and at most {above:.1e} nats "
        "above the lowest of its curve",
    )


def _biases(run: _Run) -> Finding:
    for training in run.trainings:
        for name, mask in training.ticket.masks.items():
            left = training.trained.weights[f"{name}.bias"][torch.from_numpy(~mask)]
            if left.any():
                return False, f"biases of {int((left != 0).sum())} removed units are left in {name}"
    if run.whole:
        return NOTHING
    return True, "the bias of every removed unit is 0"


INVARIANTS: tuple[tuple[str, str, Callable[[_Run], Finding]], ...] = (
    ("Pruned stays pruned", "A removed unit is silent in every epoch of all that follows.", _stays_pruned),
    ("The start is what the strategy says", "Kept weights start from where the strategy puts them.", _start),
    ("Counts are exact", "round(ratio · n) units go from a layer of n, or as many in all; none is emptied.", _counts),
    ("Masked and shrunk are one network", "The smaller network answers as the masked one does.", _shrunk),
    ("A unit takes its bias along", "No removed unit speaks through its bias.", _biases),
    (
        "The optimiser is new after every pruning",
        "No momentum outlives its weights: Adam's first step is the learning rate.",
        _new_optimiser,
    ),
    ("The best weights are a copy", "What is kept is the epoch in which validation last improved.", _best_weights),
)
