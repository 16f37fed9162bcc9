"""One step of an image experiment: prune, train, predict."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn

from pruning.data.images import Shown, Training, shown, training
from pruning.experiment import ImageExperiment
from pruning.lottery.image_plan import Step
from pruning.lottery.progress import Curves, Diverged, StepProgress
from pruning.lottery.tickets import Parents, Ticket, next_ticket
from pruning.lottery.trained_network import measured
from pruning.model import cost
from pruning.model.masks import full_masks
from pruning.model.networks import Weights, cnn, draw_weights, with_weights
from pruning.model.pruned_dropout import dropout_rates, smaller
from pruning.model.shrink import widen
from pruning.outcome import IMAGE_LATENCY_BATCH, IMAGE_SAMPLES, Network
from pruning.training.chance import chance_loss
from pruning.training.minibatch import train
from pruning.training.stack import Examples, Schedule, Trained, threads
from uncertainty.randomness import Purpose, sampling_seed, stream
from uncertainty.sampling import predict

IMPORTANCE_IMAGES = 512  # that a criterion looks at: more of them change no ranking worth the time
MAX_THREADS = 64

Say = Callable[..., None]
"""Takes a sentence, and the curves where something trains."""


def train_network(
    experiment: ImageExperiment,
    step: Step,
    dense: Network | None,
    last: Network | None,
    report: Callable[[StepProgress], None],
) -> Network:
    """The network of a step; `dense` and the one trained `last` on its chain are what it is pruned from.

    Raises `Diverged` where the dense network cannot be trained.
    """

    def say(message: str, curves: Curves | None = None) -> None:
        report(StepProgress(0, 0, message, curves))

    with threads(thread_count()):
        say(f"Loading images for {step.name}")
        images, examples = shown(experiment.dataset), _examples(experiment)
        model = empty(experiment)
        if dense is None or last is None:
            initial = draw_weights(model, stream(experiment.seed, Purpose.INITIAL_WEIGHTS))
            ticket = Ticket(0.0, 0, full_masks(model), initial)
        else:
            ticket = _ticket(experiment, step, dense, last, model, examples)
        small, trained = _trained(experiment, step, ticket, model, examples, say)
        if step.levels == () and trained.diverged:
            raise Diverged(_sentence(experiment, step, trained))
        chance = chance_loss(examples.val_labels.numpy())
        return _measured(experiment, step, ticket, small, trained, model, dense, images, chance, say)


def thread_count() -> int:
    """Threads of one training: EXPLORER_THREADS, or one. Two are faster on idle cores, far slower on busy ones."""
    wish = os.environ.get("EXPLORER_THREADS") or "1"
    if not (wish.isdecimal() and 1 <= int(wish) <= MAX_THREADS):
        raise ValueError(f"EXPLORER_THREADS is {wish!r}; it must be a whole number from 1 to {MAX_THREADS}")
    return int(wish)


def empty(experiment: ImageExperiment) -> nn.Sequential:
    """The experiment's dense network before any weights are set."""
    dataset = experiment.dataset
    return cnn(experiment.network, dataset.shape, dataset.n_classes, experiment.dropout)


def module(experiment: ImageExperiment, network: Network) -> nn.Sequential:
    """The network as a PyTorch module, physically without its removed units, in evaluation mode.

    It takes pixels as they are: (N, H, W, channels), 0 to 255.
    """
    return smaller(with_weights(empty(experiment), network.weights), network.masks, network.dropout)


def _examples(experiment: ImageExperiment) -> Examples:
    data: Training = training(experiment.dataset, experiment.train_images, experiment.seed)
    return Examples(
        torch.from_numpy(data.train.pixels), torch.from_numpy(data.train.labels),
        torch.from_numpy(data.val.pixels), torch.from_numpy(data.val.labels),
    )  # fmt: skip


def _ticket(
    experiment: ImageExperiment, step: Step, dense: Network, last: Network, model: nn.Sequential, examples: Examples
) -> Ticket:
    masks = last.masks if last.level else full_masks(model, experiment.pruned_layers)
    trained = last.trained and last.parents_trained
    parents = Parents(masks, _tensors(last.weights), _tensors(dense.rewind_weights), trained)
    some = slice(IMPORTANCE_IMAGES)
    return next_ticket(
        experiment, step.prune_ratio, len(step.levels), parents, model,
        examples.train_inputs[some].float(), examples.train_labels[some], experiment.seed,
    )  # fmt: skip


def _trained(
    experiment: ImageExperiment, step: Step, ticket: Ticket, model: nn.Sequential, examples: Examples, say: Say
) -> tuple[nn.Sequential, Trained]:
    """The smaller network with the weights of its early stop, and how it got there."""
    small = smaller(with_weights(model, ticket.weights), ticket.masks, dropout_rates(experiment, ticket.masks))
    idle = bool(step.levels) and not experiment.strategy.retrain
    schedule = Schedule(experiment.learning_rate, experiment.patience, 0 if idle else experiment.max_epochs)
    trained = train(
        small, examples, schedule, experiment.batch_size or experiment.dataset.batch_size, experiment.seed,
        flip=experiment.dataset.flip, phase=len(step.levels), rewind_epoch=experiment.rewind_epoch,
        report=partial(say, f"Training {step.name}"),
    )  # fmt: skip
    return with_weights(small, trained.weights), trained


def _measured(
    experiment: ImageExperiment,
    step: Step,
    ticket: Ticket,
    small: nn.Sequential,
    trained: Trained,
    model: nn.Sequential,
    dense: Network | None,
    images: Shown,
    chance: float,
    say: Say,
) -> Network:
    """The arrays and counts of a trained network, from its physically smaller form."""
    on_block = partial(say, f"Asking {step.name} about images it has never seen")
    on_block()
    test, ood = (
        predict(small, part.pixels, IMAGE_SAMPLES, sampling_seed(experiment.seed), on_block)
        for part in (images.test, images.ood)
    )
    if not (np.isfinite(test.logits).all() and np.isfinite(ood.logits).all()):
        raise Diverged(_sentence(experiment, step, trained))
    batch = torch.from_numpy(np.resize(images.test.pixels, (IMAGE_LATENCY_BATCH, *images.test.pixels.shape[1:])))
    weights, latency = widen(trained.weights, model, ticket.masks), _latency(small, model, dense, batch)
    return measured(ticket, trained, weights, small, batch[:1], test, ood, latency, chance)


def _latency(small: nn.Sequential, model: nn.Sequential, dense: Network | None, batch: torch.Tensor) -> float:
    """Seconds for one pass. A pruned network takes turns with the dense one, on whose time its own is based:
    the machine may have been busier when that was measured."""
    if dense is None:
        return cost.latency([small], batch)[0]
    now, own = cost.latency([model.eval(), small], batch)
    return dense.latency * own / now


def _tensors(arrays: dict[str, np.ndarray]) -> Weights:
    return {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}


def _sentence(experiment: ImageExperiment, step: Step, trained: Trained) -> str:
    epoch = len(trained.val_loss) - 1
    return (
        f"Training of {step.name} broke off at epoch {epoch}: its loss is no longer a number. "
        f"The learning rate is {experiment.learning_rate:g}; a smaller one, such as 0.05, usually helps."
    )
