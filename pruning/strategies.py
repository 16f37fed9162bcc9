"""One step of pruning: which units stay, and with which weights they start."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from pruning.experiment import Recipe
from pruning.importance import importance
from pruning.masks import Masks, apply_masks, prune
from pruning.networks import Weights, draw_weights, with_weights
from pruning.randomness import Purpose, stream


@dataclass(frozen=True)
class Ticket:
    """A mask with the weights its training starts from, at one level of a path.

    The weights are those of every layer, removed units silenced.
    """

    prune_ratio: float
    level: int
    masks: Masks
    weights: Weights


@dataclass(frozen=True)
class Parents:
    """What a ticket is made from: the masks and weights trained last, and the dense run's rewind weights."""

    masks: Masks
    weights: Weights
    rewind: Weights


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
    if recipe.strategy.mask_from == "chance":
        scores = {name: rng.random(len(mask)) for name, mask in parents.masks.items()}
    else:
        scores = importance(with_weights(model, parents.weights), recipe.criterion, inputs, labels, rng)
    masks = prune(parents.masks, scores, prune_ratio, recipe.scope)
    start = {
        "trained": lambda: parents.weights,
        "rewound": lambda: parents.rewind,
        "random": lambda: draw_weights(model, stream(seed, Purpose.RANDOM_WEIGHTS)),
    }[recipe.strategy.start_from]()
    return Ticket(prune_ratio, level, masks, apply_masks(model, start, masks))
