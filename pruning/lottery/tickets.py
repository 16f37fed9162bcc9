"""One step of pruning: which units stay, and with which weights they start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from pruning.experiment import ImageExperiment, Recipe
from pruning.lottery.plan import Step
from pruning.model.importance import importance
from pruning.model.masks import Masks, Scores, apply_masks, full_masks, picked_by_chance, prune
from pruning.model.networks import Weights, draw_weights, with_weights
from pruning.options import PrunedLayers, Scope
from pruning.outcome import TrainedNetwork
from pruning.training.schedule import Examples
from uncertainty.randomness import Purpose, stream


@dataclass(frozen=True)
class Ticket:
    """A mask with the weights its training starts from, at one level of a path.

    The weights are those of every layer, removed units silenced. `parents_trained` is false where
    they, or the mask, come from a network that had not trained.
    """

    prune_ratio: float
    level: int
    masks: Masks
    weights: Weights
    parents_trained: bool = True


@dataclass(frozen=True)
class Parents:
    """What a ticket is made from: the masks and weights trained last, and the dense run's rewind weights.

    trained: whether those trained last, and all that they were pruned from, had left chance.
    """

    masks: Masks
    weights: Weights
    rewind: Weights
    trained: bool = True


def ticket_of(
    step: Step, dense: TrainedNetwork | None, last: TrainedNetwork | None, model: nn.Sequential, examples: Examples
) -> Ticket:
    """What a step trains: the dense network anew, or the next level of the chain whose last network is `last`.

    `model` lends its structure; its own weights are written over. Importance is measured on the training examples.
    """
    experiment = step.experiment
    if dense is None or last is None:
        initial = draw_weights(model, stream(experiment.seed, Purpose.INITIAL_WEIGHTS))
        return Ticket(0.0, 0, full_masks(model), initial)
    layers = experiment.pruned_layers if isinstance(experiment, ImageExperiment) else PrunedLayers.ALL
    parents = Parents(
        last.masks if last.level else full_masks(model, layers),
        _tensors(last.weights), _tensors(dense.rewind_weights), last.trained and last.parents_trained,
    )  # fmt: skip
    return next_ticket(
        experiment, step.prune_ratio, len(step.levels), parents, model,
        examples.train_inputs, examples.train_labels, experiment.seed,
    )  # fmt: skip


def _tensors(arrays: dict[str, np.ndarray]) -> Weights:
    return {name: torch.from_numpy(np.array(value)) for name, value in arrays.items()}


def next_ticket(
    recipe: Recipe,
    prune_ratio: float,
    level: int,
    parents: Parents,
    model: nn.Sequential,
    inputs: Tensor,
    labels: Tensor,
    seed: int,
) -> Ticket:
    """Prune what was trained last to `prune_ratio`, and give the kept units their starting weights.

    `model` lends its structure; its own weights are written over. Importance is measured on the
    training examples `inputs` (N, …) with `labels` (N,).
    """
    rng = stream(seed, Purpose.MASK, level - 1)

    def score(weights: Weights) -> Scores:
        return importance(with_weights(model, weights), recipe.criterion, inputs, labels, rng)

    scores = _greedy(score, prune_ratio, parents, model) if recipe.criterion.greedy else score(parents.weights)
    masks = prune(parents.masks, scores, prune_ratio, recipe.scope)
    if recipe.strategy.mask_from == "chance":
        masks = picked_by_chance(parents.masks, masks, stream(seed, Purpose.MASK, level - 1))
    start = {
        "trained": lambda: parents.weights,
        "rewound": lambda: parents.rewind,
        "random": lambda: draw_weights(model, stream(seed, Purpose.RANDOM_WEIGHTS)),
    }[recipe.strategy.start_from]()
    drawn = recipe.strategy.mask_from == "chance" and recipe.scope == Scope.LAYER
    needed = not drawn or recipe.strategy.start_from == "trained"
    return Ticket(prune_ratio, level, masks, apply_masks(model, start, masks), parents.trained or not needed)


def _greedy(score: Callable[[Weights], Scores], prune_ratio: float, parents: Parents, model: nn.Sequential) -> Scores:
    """Scores by layer, each taken after the layers before it are pruned: Li et al. 2017, section 3.2.

    For that they are pruned each by itself, whatever the scope of the masks that come of the scores.
    """
    weights, scores = parents.weights, dict(score(parents.weights))
    layers = list(parents.masks)
    for name, following in pairwise(layers):
        pruned = prune({name: parents.masks[name]}, scores, prune_ratio, Scope.LAYER)
        weights = apply_masks(model, weights, pruned)
        scores[following] = score(weights)[following]
    return scores
