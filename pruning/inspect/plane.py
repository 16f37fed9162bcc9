"""What a network says of every point of the plane, for several numbers of MC-dropout samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pruning.data.plane_task import PlaneTask
from pruning.data.posterior import posterior
from pruning.data.task import Task
from pruning.experiment import Experiment
from pruning.outcome import PLANE_SAMPLES, Network
from uncertainty.options import MC_DROPOUT, Source
from uncertainty.predictions import Sampled
from uncertainty.predictive import entropy

if TYPE_CHECKING:
    from uncertainty.methods import Predictor

SAMPLES = PLANE_SAMPLES
"""The numbers of samples a map is kept for."""
DRAWN = 10
"""The number of samples whose own boundaries are drawn."""
RESOLUTION = 80
MARGIN = 0.15  # of the data's range, on every side


class HasPoints(Protocol):
    """Whatever has training and test points (N, 2)."""

    @property
    def train_inputs(self) -> np.ndarray: ...
    @property
    def test_inputs(self) -> np.ndarray: ...


Extent = tuple[float, float, float, float]
"""(x from, x to, y from, y to)."""


@dataclass(frozen=True)
class Maps:
    """Four views of one predictive distribution over the plane; rows go from low to high y."""

    probs: np.ndarray  # (R, R, C)
    entropy: np.ndarray  # (R, R) nats: predictive = aleatoric + epistemic
    aleatoric: np.ndarray  # (R, R)
    epistemic: np.ndarray  # (R, R)


@dataclass(frozen=True, eq=False)
class TrueMaps:
    """What can be known of every point of the plane at most; rows go from low to high y."""

    probs: np.ndarray  # (R, R, C), the posterior p(y | x)
    entropy: np.ndarray  # (R, R) nats: the noise in the data

    @property
    def winner(self) -> np.ndarray:
        """The most probable class (R, R); where it changes lies Bayes' boundary, the best there can be."""
        return self.probs.argmax(axis=-1)

    def error(self, maps: Maps) -> np.ndarray:
        """How far a network is from the truth (R, R): ½ Σ |p̂ − p|, with two classes |p̂ − p|; in [0, 1]."""
        return np.abs(maps.probs - self.probs).sum(axis=-1) / 2


@dataclass(frozen=True, eq=False)
class Plane:
    """The R·R cells of a grid, sampled for each number of samples in `SAMPLES`.

    Planes are equal only to themselves, so that what is painted of one can be remembered by it.
    """

    extent: Extent
    cells: Sampled

    def maps(self, n_samples: int) -> Maps:
        """The maps of the first `n_samples` samples, one of `SAMPLES`."""
        square = (RESOLUTION, RESOLUTION)
        probs = self.cells.probs(n_samples)
        return Maps(
            probs.reshape(*square, -1),
            entropy(probs).reshape(square),
            self.cells.aleatoric(n_samples).reshape(square),
            self.cells.epistemic(n_samples).reshape(square),
        )


def extent(outcome: HasPoints) -> Extent:
    """The rectangle to draw: all training and test points with a margin."""
    points = np.concatenate([outcome.train_inputs, outcome.test_inputs])
    low, high = points.min(axis=0), points.max(axis=0)
    pad = MARGIN * (high - low)
    (x0, y0), (x1, y1) = (low - pad).tolist(), (high + pad).tolist()
    return x0, x1, y0, y1


def grid(extent: Extent, side: int = RESOLUTION) -> np.ndarray:
    """The centres of side × side cells as (side², 2) float32, row by row from low to high y."""
    x0, x1, y0, y1 = extent
    centres = (np.arange(side) + 0.5) / side
    x, y = np.meshgrid(x0 + centres * (x1 - x0), y0 + centres * (y1 - y0))
    return np.column_stack([x.ravel(), y.ravel()]).astype(np.float32)


def make_plane(
    experiment: Experiment,
    network: Network,
    n_classes: int,
    extent: Extent,
    samples: Sequence[int] = SAMPLES,
    source: Source = MC_DROPOUT,
    task: Task | None = None,
) -> Plane:
    """Ask the network by a source, once for the largest S, and keep the running means at each number of `samples`.

    task: of the network, where its points are somebody's own.
    """
    from pruning.training.threads import one_thread  # loads PyTorch

    with one_thread():
        voice = _voice(experiment, network, n_classes, source, task)
        return Plane(extent, voice.predictions(grid(extent), samples))


def make_draws(
    experiment: Experiment,
    network: Network,
    n_classes: int,
    extent: Extent,
    source: Source = MC_DROPOUT,
    task: Task | None = None,
) -> np.ndarray:
    """Class probabilities (D, R, R, C) over the plane of the first `DRAWN` samples, each by itself, as float32.

    They are those whose mean is the plane of `make_plane`: thinned networks, members of an ensemble, draws of the
    weights. Of a single pass there is one.
    """
    from pruning.training.threads import one_thread  # loads PyTorch

    with one_thread():
        voice = _voice(experiment, network, n_classes, source, task)
        probs = voice.samples(grid(extent), source.method.samples(DRAWN))
    return probs.reshape(len(probs), RESOLUTION, RESOLUTION, -1).astype(np.float32)


def _voice(experiment: Experiment, network: Network, n_classes: int, source: Source, task: Task | None) -> Predictor:
    """The source, fitted for the network and those that are asked with it."""
    from pruning.lottery.asking import voice_of
    from pruning.model.build import modules

    return voice_of(modules(experiment, network, n_classes), experiment, task or PlaneTask.of(experiment), source)


def true_maps(experiment: Experiment, extent: Extent) -> TrueMaps:
    """The truth about an experiment's generated task on the cells of a plane; of own points there is none."""
    chosen, cells = experiment, grid(extent)
    probs = posterior(chosen.dataset, chosen.noise, chosen.label_noise, cells)
    square = (RESOLUTION, RESOLUTION)
    return TrueMaps(probs.reshape(*square, -1), entropy(probs).reshape(square))
