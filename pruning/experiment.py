"""An experiment is a frozen set of plain values; its outcome is plain arrays and numbers.

Nothing heavy is imported here: a page can describe an experiment, and show one that is stored,
without loading PyTorch.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from pruning.options import Criterion, Dataset, Option, Scope, Strategy

RATIOS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""The grid of prune ratios that is shown, and the levels of iterative pruning on its way."""
MAX_SAMPLES = 200
"""MC-dropout samples in every outcome; fewer samples are a prefix of these."""
LATENCY_BATCH = 1024
"""Points of the pass that is timed."""

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
    "learning_rate": (1e-6, math.inf),
    "patience": (1, 1000),
    "max_epochs": (1, 10_000),
    "seed": (0, 2**32 - 1),
}
MAX_LAYERS, MAX_WIDTH = 4, 512


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Everything that decides what is trained, pruned and measured.

    Values are checked and brought to one form on construction, so that equal experiments are equal
    keys: `Experiment(noise=0)` is `Experiment(noise=0.0)`, and a strategy may be given by name.
    Raises ValueError with the name, the value and the legal set.
    """

    strategy: Strategy = Strategy.ONE_SHOT
    prune_ratio: float = 0.5  # share of units removed from every hidden layer
    criterion: Criterion = Criterion.L1
    scope: Scope = Scope.LAYER
    rewind_epoch: int = 0  # rewound weights are those after this many epochs of the dense run
    rounds: int = 0  # of iterative pruning; 0 follows RATIOS
    dataset: Dataset = Dataset.MOONS
    points: int = 1000
    noise: float = 0.2  # standard deviation of the inputs' noise
    label_noise: float = 0.0  # share of labels replaced
    data_seed: int = 42
    hidden: tuple[int, ...] = (64, 64)  # units per hidden layer
    dropout: float = 0.2
    learning_rate: float = 0.01
    patience: int = 20  # epochs without a better validation loss
    max_epochs: int = 2000
    seed: int = 0  # initial weights, dropout and every other draw in training

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, self._normal(field.name, getattr(self, field.name)))

    @classmethod
    def _normal(cls, name: str, value: Any) -> Any:
        default = cls.__dataclass_fields__[name].default
        if isinstance(default, Option):
            return type(default)(value)  # type: ignore[call-arg]  # looking a member up
        if name == "hidden":
            return _normal_hidden(value)
        return _normal_number(name, value, type(default))

    def key(self) -> str:
        """Canonical JSON of everything except the prune ratio: one sweep serves all ratios."""
        values = asdict(replace(self, prune_ratio=0.0))
        del values["prune_ratio"]
        return json.dumps(values, sort_keys=True)


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


@dataclass(frozen=True)
class Network:
    """One trained network as plain arrays: what it is, how it learned, what it predicts.

    The weights are those of the early stop, removed units at zero. Counts are of the physically
    smaller network. Predictions: S = MAX_SAMPLES samples of MC dropout for the N test points and
    for M points far from all data, and the logits of a single pass.
    """

    prune_ratio: float
    level: int  # pruning rounds done; 0 is dense
    masks: dict[str, np.ndarray]  # layer → (units,) booleans, True is kept
    start_weights: dict[str, np.ndarray]  # what training started from
    weights: dict[str, np.ndarray]
    early_stop_epoch: int
    train_loss: np.ndarray  # (epochs,) nats
    val_loss: np.ndarray  # (epochs + 1,) nats, from before the first step
    diverged: bool
    units: int
    parameters: int
    multiply_adds: int
    latency: float  # seconds for one pass over LATENCY_BATCH points, NaN until measured
    test_logits: np.ndarray  # (N, C)
    test_probs: np.ndarray  # (S, N, C)
    far_probs: np.ndarray  # (S, M, C)


@dataclass(frozen=True)
class Outcome:
    """What came of an experiment: the data, and the networks in order of prune ratio, dense first."""

    experiment: Experiment
    train_inputs: np.ndarray  # (N, 2)
    train_labels: np.ndarray  # (N,)
    test_inputs: np.ndarray
    test_labels: np.ndarray
    n_classes: int
    networks: tuple[Network, ...]

    @property
    def dense(self) -> Network:
        return self.networks[0]

    @property
    def pruned(self) -> Network:
        """The network of the experiment's own prune ratio; the dense one at 0."""
        return self.at(self.experiment.prune_ratio)

    def has(self, prune_ratio: float) -> bool:
        """Whether a network of this ratio is among those trained so far."""
        return any(network.prune_ratio == prune_ratio for network in self.networks)

    def at(self, prune_ratio: float) -> Network:
        for network in self.networks:
            if network.prune_ratio == prune_ratio:
                return network
        known = ", ".join(f"{network.prune_ratio:g}" for network in self.networks)
        raise KeyError(f"no network of prune ratio {prune_ratio}; this outcome holds: {known}")


@cache
def code_version() -> str:
    """A hash of the code and the libraries that decide an outcome, for the key of stored results."""
    root = Path(__file__).parent.parent
    sources = sorted([*root.glob("pruning/**/*.py"), *root.glob("uncertainty/**/*.py")])
    digest = hashlib.sha256()
    for source in sources:
        digest.update(str(source.relative_to(root)).encode() + b"\0" + source.read_bytes() + b"\0")
    for library in ("torch", "numpy", "scikit-learn"):
        digest.update(f"{library} {version(library)}".encode())
    return digest.hexdigest()[:16]
