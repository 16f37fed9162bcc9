"""An experiment is a frozen set of plain values: everything that decides an outcome.

Nothing heavy is imported here: a page can describe an experiment, and show one that is stored,
without loading PyTorch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from pruning.options import (
    Architecture,
    Criterion,
    Dataset,
    DropoutRule,
    ImageSet,
    PrunedLayers,
    Scope,
    Strategy,
)
from uncertainty.options import Option

RATIOS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""The grid of prune ratios that is shown, and the levels of iterative pruning on its way."""

# field → (lowest, highest), both legal
RANGES: dict[str, tuple[float, float]] = {
    "points": (100, 5000),
    "noise": (0.0, 2.0),
    "label_noise": (0.0, 0.5),
    "data_seed": (0, 2**32 - 1),
    "dropout": (0.0, 0.9),
    "prune_ratio": (0.0, 0.99),
    "rewind_epoch": (0, 2000),
    "rounds": (0, 20),
    "round_share": (0.0, 0.9),
    "learning_rate": (1e-6, math.inf),
    "patience": (1, 1000),
    "max_epochs": (1, 10_000),
    "seed": (0, 2**32 - 1),
    "train_images": (0, 50_000),
    "batch_size": (0, 4096),
}
MAX_LAYERS, MAX_WIDTH = 4, 512

CONFIGURATIONS: dict[str, tuple[str, ...]] = {
    "data": ("dataset", "points", "noise", "label_noise", "data_seed", "train_images"),
    "model": ("hidden", "network", "dropout"),
    "training": ("learning_rate", "patience", "max_epochs", "batch_size", "seed", "rewind_epoch"),
    "pruning": ("strategy", "criterion", "scope", "pruned_layers", "rounds", "round_share", "dropout_rule"),
    "selection": ("prune_ratio",),
}
"""What each field of an experiment belongs to. The first three decide a dense network, the fourth what becomes of
it; the selection is what is looked at of all that."""
LEAST_ROUND_SHARE = 0.05
LENET_SIDE = 16  # pixels that its two convolutions and poolings leave something of


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained and pruned; on what is for the two kinds of experiment to say.

    Values are checked and brought to one form on construction, so that equal experiments are equal
    keys: `Experiment(noise=0)` is `Experiment(noise=0.0)`, and a strategy may be given by name.
    Raises ValueError with the name, the value and the legal set.
    """

    strategy: Strategy = Strategy.ONE_SHOT
    prune_ratio: float = 0.5  # share of units removed from every hidden layer
    criterion: Criterion = Criterion.L1
    scope: Scope = Scope.LAYER
    rewind_epoch: int = 0  # rewound weights are those after this many epochs of the dense run
    rounds: int = 0  # of iterative pruning, of equal fractions; 0 follows RATIOS
    round_share: float = 0.0  # of what is left, that each round removes instead; 0 leaves it to `rounds`
    dropout: float = 0.2
    dropout_rule: DropoutRule = DropoutRule.FIXED  # of the rate, where units are removed
    learning_rate: float = 0.01
    patience: int = 20  # epochs without a better validation loss
    max_epochs: int = 2000
    seed: int = 0  # initial weights, dropout and every other draw in training

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, self._normal(field.name, getattr(self, field.name)))
        if 0 < self.round_share < LEAST_ROUND_SHARE:  # there would be no end of rounds
            legal = f"0 or a number from {LEAST_ROUND_SHARE} to {RANGES['round_share'][1]}"
            raise ValueError(f"round_share is {self.round_share}; it must be {legal}")
        if self.rounds and self.round_share:
            both = f"rounds is {self.rounds} and round_share is {self.round_share}"
            raise ValueError(f"{both}; each says how many rounds there are, so one of them must be 0")

    @classmethod
    def _normal(cls, name: str, value: Any) -> Any:
        default = cls.__dataclass_fields__[name].default
        if isinstance(default, Option):
            return _normal_option(name, value, type(default))
        if name == "hidden":
            return _normal_hidden(value)
        return _normal_number(name, value, type(default))

    def key(self) -> str:
        """Canonical JSON of everything but what is merely looked at: one run serves all prune ratios."""
        decided = {name: value for name, value in asdict(self).items() if name not in CONFIGURATIONS["selection"]}
        return json.dumps(decided, sort_keys=True)

    def configuration(self, name: str) -> dict[str, Any]:
        """The fields of one of `CONFIGURATIONS`, as far as this kind of experiment has them."""
        return {field: getattr(self, field) for field in CONFIGURATIONS[name] if hasattr(self, field)}


@dataclass(frozen=True, kw_only=True)
class Experiment(Recipe):
    """A multilayer perceptron on a two-dimensional task."""

    dataset: Dataset = Dataset.MOONS
    points: int = 1000
    noise: float = 0.2  # standard deviation of the inputs' noise
    label_noise: float = 0.0  # share of labels replaced
    data_seed: int = 42
    hidden: tuple[int, ...] = (64, 64)  # units per hidden layer


@dataclass(frozen=True, kw_only=True)
class ImageExperiment(Recipe):
    """A convolutional network on images."""

    dataset: ImageSet = ImageSet.DIGITS
    network: Architecture = Architecture.SMALL
    pruned_layers: PrunedLayers = PrunedLayers.ALL
    train_images: int = 0  # 0 takes all there are
    batch_size: int = 0  # 0 takes what suits the data set
    dropout: float = 0.1
    learning_rate: float = 0.03  # constant after a warm-up of one epoch
    patience: int = 3  # counted once a network has begun to learn, see `minibatch.train`
    max_epochs: int = 30

    def __post_init__(self) -> None:
        super().__post_init__()
        height, width, _ = self.dataset.shape
        if min(height, width) < LENET_SIDE and self.network == Architecture.LENET:
            legal = ", ".join(member.value for member in Architecture if member != Architecture.LENET)
            raise ValueError(
                f"network 'lenet' needs pictures of {LENET_SIDE} × {LENET_SIDE} or larger, those of "
                f"{self.dataset.value!r} are {height} × {width}; choose one of: {legal}"
            )


def _normal_option(name: str, value: Any, kind: type[Option]) -> Option:
    try:
        return kind(value)  # type: ignore[call-arg]  # looking a member up
    except ValueError:
        legal = ", ".join(member.value for member in kind)
        raise ValueError(f"{name} {value!r} is unknown; choose one of: {legal}") from None


def _normal_hidden(value: Any) -> tuple[int, ...]:
    legal = f"1 to {MAX_LAYERS} whole numbers from 1 to {MAX_WIDTH}, such as (64, 64)"
    message = f"hidden is {value!r}; it must be {legal}"
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise ValueError(message)
    widths = tuple(_number(width, message) for width in value)
    if not 1 <= len(widths) <= MAX_LAYERS or not all(1 <= w <= MAX_WIDTH and w == int(w) for w in widths):
        raise ValueError(message)
    return tuple(int(width) for width in widths)


def _normal_number(name: str, value: Any, kind: type) -> int | float:
    low, high = RANGES[name]
    noun = "a whole number" if kind is int else "a number"
    message = f"{name} is {value!r}; it must be {noun} from {low:g} to {high:g}"
    number = _number(value, message)
    if not low <= number <= high or (kind is int and number != int(number)):
        raise ValueError(message)
    return int(number) if kind is int else rounded(number)


def _number(value: Any, message: str) -> float:
    """A finite number of any numeric type; texts and truth values are none."""
    if isinstance(value, str | bytes | bool | np.bool_):
        raise ValueError(message)
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(message) from None
    if not math.isfinite(number):
        raise ValueError(message)
    return number


def rounded(number: float) -> float:
    """Ten decimals, and no negative zero: 0.1 · 6 and 0.6 are one value of one experiment."""
    return round(number, 10) + 0.0
