"""One step of pruning: which units stay, and with which weights they start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor, nn

from pruning.experiment import Recipe
from pruning.model.importance import importance
from pruning.model.masks import Masks, Scores, apply_masks, picked_by_chance, prune
from pruning.model.networks import Weights, draw_weights, with_weights
from pruning.options import Scope
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
