"""What comes of an experiment: plain arrays and numbers, ready to be stored."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields

import numpy as np

from pruning.experiment import Experiment, Recipe
from pruning.lottery.history import History
from pruning.training.chance import left_chance
from uncertainty.options import MC_DROPOUT, Source
from uncertainty.predictions import Predictions

MAX_SAMPLES = 200
"""MC-dropout samples of a network on a two-dimensional task; any smaller number is a prefix of these."""
PLANE_SAMPLES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, MAX_SAMPLES)
"""The numbers of samples that maps and fresh points are kept for: dense where one more changes the picture."""
LATENCY_BATCH = 1024
"""Points of the pass that is timed."""
IMAGE_SAMPLES = (1, 2, 5, 10, 20, 50, 100)
"""The numbers of MC-dropout samples that are kept for a network on images."""
IMAGE_LATENCY_BATCH = 128
"""Images of the pass that is timed."""


@dataclass(frozen=True, eq=False)
class Fresh:
    """Points of a generated task that no network has seen, and what can be known of them at most."""

    inputs: np.ndarray  # (N, 2) float32
    posterior: np.ndarray  # (N, C), p(y | x)


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """One trained network as plain arrays: what it is, and how it learned. It is kept by itself.

    Equal only to itself, so that what is worked out of it can be remembered by it.
    The weights are those of the early stop, removed units at zero. Counts are of the physically
    smaller network.
    """

    prune_ratio: float
    level: int  # pruning rounds done; 0 is dense
    masks: dict[str, np.ndarray]  # layer → (units,) booleans, True is kept
    start_weights: dict[str, np.ndarray]  # what training started from
    weights: dict[str, np.ndarray]
    early_stop_epoch: int | None  # of its last training; None if it was not trained after pruning
    train_loss: np.ndarray  # (epochs,) nats
    val_loss: np.ndarray  # (epochs + 1,) nats, from before the first step
    diverged: bool
    units: int
    parameters: int
    multiply_adds: int
    latency: float  # seconds for one pass over a batch, NaN until measured
    rewind_weights: dict[str, np.ndarray] = field(
        default_factory=dict
    )  # of the rewind epoch; the dense network's alone
    dropout: dict[str, float] = field(default_factory=dict)  # layer → rate; one that is not named has the recipe's
    history: History = field(default_factory=History)
    chance_loss: float = math.inf  # nats; validation loss of one answer to everything, see `chance.chance_loss`
    parents_trained: bool = True  # whether all networks that it was pruned from had learned something

    @property
    def kept_epoch(self) -> int:
        """The epoch of the last training whose weights are kept; 0, the start, if there was none."""
        return self.early_stop_epoch or 0

    @property
    def epochs_in_all(self) -> int | None:
        """Epochs up to the early stop, with those in the weights that training started from; None without a stop.

        Fine-tuned networks have the dense ones in them, rewound ones those up to the rewind epoch.
        """
        return None if self.early_stop_epoch is None else self.history.before + self.early_stop_epoch

    def stop_compares_with(self, other: Network) -> bool:
        """Whether the `epochs_in_all` of two networks can be compared: like with like.

        Both have an early stop, and as many trainings behind them. A network that is fine-tuned starts where another
        one stopped, so its epochs in all are never fewer than those of that one.
        """
        stops = (self.early_stop_epoch, other.early_stop_epoch)
        return None not in stops and self.history.trainings == other.history.trainings

    @property
    def trained(self) -> bool:
        """Whether training has brought the kept validation loss more than one per cent below that of chance.

        Of a network that is not, nothing can be concluded about pruning. One that is left as pruning
        made it has not failed to train, however bad it is: it counts as trained.
        """
        return self.early_stop_epoch is None or self.beats_chance

    @property
    def beats_chance(self) -> bool:
        """Whether the kept validation loss is more than one per cent below that of chance, trained or not."""
        return left_chance(float(self.val_loss[self.kept_epoch]), self.chance_loss)


@dataclass(frozen=True, eq=False)
class Network(TrainedNetwork):
    """A trained network with what it predicts."""

    test: Predictions = field(kw_only=True)  # of the test examples
    ood: Predictions = field(kw_only=True)  # of what is out of distribution
    fresh: Predictions | None = field(default=None, kw_only=True)  # of the outcome's fresh points, once asked
    validation: Predictions | None = field(default=None, kw_only=True)  # of the examples of the early stop
    others: tuple[TrainedNetwork, ...] = field(default=(), kw_only=True)  # that were asked with it, of an ensemble


def answered(
    trained: TrainedNetwork,
    test: Predictions,
    ood: Predictions,
    fresh: Predictions | None,
    validation: Predictions | None = None,
    others: tuple[TrainedNetwork, ...] = (),
) -> Network:
    """The trained network together with what it predicts, alone or with the others of an ensemble."""
    own = {each.name: getattr(trained, each.name) for each in fields(TrainedNetwork)}
    return Network(**own, test=test, ood=ood, fresh=fresh, validation=validation, others=others)


@dataclass(frozen=True)
class Outcome:
    """The networks of an experiment in order of prune ratio, dense first, and the labels they are judged by."""

    experiment: Recipe
    test_labels: np.ndarray  # (N,)
    n_classes: int
    networks: tuple[Network, ...]
    by_hand: Network | None = field(default=None, kw_only=True)  # what somebody has made of the pruned one
    source: Source = field(default=MC_DROPOUT, kw_only=True)  # of what its networks say
    validation_labels: np.ndarray | None = field(
        default=None, kw_only=True
    )  # (V,) of what the early stop is judged by

    @property
    def dense(self) -> Network:
        return self.networks[0]

    @property
    def pruned(self) -> Network:
        """The network of the experiment's own prune ratio (the dense one at 0), as changed by hand if it was."""
        return self.by_hand or self.at(self.experiment.prune_ratio)

    def has(self, prune_ratio: float) -> bool:
        """Whether a network of this ratio is among those trained so far."""
        return any(network.prune_ratio == prune_ratio for network in self.networks)

    def at(self, prune_ratio: float) -> Network:
        """The network of this ratio. Raises KeyError, with those that there are, where there is none."""
        for network in self.networks:
            if network.prune_ratio == prune_ratio:
                return network
        known = ", ".join(f"{network.prune_ratio:g}" for network in self.networks)
        raise KeyError(f"no network of prune ratio {prune_ratio}; this outcome holds: {known}")


@dataclass(frozen=True)
class PlaneOutcome(Outcome):
    """The outcome of a two-dimensional task, with its points."""

    experiment: Experiment
    train_inputs: np.ndarray  # (N, 2)
    train_labels: np.ndarray  # (N,)
    test_inputs: np.ndarray
    far_inputs: np.ndarray  # (M, 2), far outside the data
    fresh: Fresh | None = field(default=None, kw_only=True)  # of a generated task; own points have no truth
