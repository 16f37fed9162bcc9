"""Fresh points of a generated task with the truth about them: what a network is measured on.

They are spread evenly over the task's distribution (a scrambled Sobol sequence, Owen 1998) instead of drawn
one by one, so that means over them come out as those over several times as many independent points would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np

from pruning.data.plane_tasks import INNER_RADIUS, blob_centres, moon, spiral_arm
from pruning.data.posterior import posterior
from pruning.options import Dataset
from pruning.outcome import Fresh
from uncertainty.randomness import Purpose, stream


class Generated(Protocol):
    """What decides the distribution of a generated task, and the seed of what is drawn from it."""

    @property
    def dataset(self) -> Dataset: ...
    @property
    def noise(self) -> float: ...
    @property
    def label_noise(self) -> float: ...
    @property
    def data_seed(self) -> int: ...


FRESH_POINTS = 4096  # a power of two, for which the sequence is balanced


def fresh_points(task: Generated, points: int = FRESH_POINTS, index: int = 0) -> Fresh:
    """`points` inputs of a generated task, or an experiment's, that no network has seen, and the posterior there.

    `index` numbers independent sets of them.
    """
    uniform = _uniform(points, task.data_seed, index)
    inputs = (_CLEAN[task.dataset](uniform[:, :2]) + task.noise * _normal(uniform[:, 2:])).astype(np.float32)
    return Fresh(inputs, posterior(task.dataset, task.noise, task.label_noise, inputs))


def _uniform(points: int, seed: int, index: int) -> np.ndarray:
    """`points` of a scrambled Sobol sequence in the open unit cube (N, 4)."""
    from torch import float64
    from torch.quasirandom import SobolEngine

    scramble = int(stream(seed, Purpose.FRESH, index).integers(2**31))
    return SobolEngine(4, scramble=True, seed=scramble).draw(points, dtype=float64).numpy() + 2.0**-32


def _normal(uniform: np.ndarray) -> np.ndarray:
    from scipy.special import ndtri  # late: it takes a third of a second

    return ndtri(uniform)


# Each of the following takes two uniform numbers (N, 2) to a point (N, 2) without noise.


def _moons(uniform: np.ndarray) -> np.ndarray:
    return moon(uniform[:, 1], (uniform[:, 0] > 0.5).astype(int))


def _circles(uniform: np.ndarray) -> np.ndarray:
    angle = 2 * np.pi * uniform[:, 1]
    radius = np.where(uniform[:, 0] > 0.5, INNER_RADIUS, 1.0)
    return radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])


def _xor(uniform: np.ndarray) -> np.ndarray:
    return 2 * uniform - 1


def _spirals(uniform: np.ndarray) -> np.ndarray:
    return spiral_arm(np.sqrt(uniform[:, 1]), (uniform[:, 0] > 0.5).astype(int))


def _blobs(uniform: np.ndarray) -> np.ndarray:
    return blob_centres()[(3 * uniform[:, 0]).astype(int)]


_CLEAN: Mapping[Dataset, Callable[[np.ndarray], np.ndarray]] = {
    Dataset.MOONS: _moons,
    Dataset.CIRCLES: _circles,
    Dataset.XOR: _xor,
    Dataset.SPIRALS: _spirals,
    Dataset.BLOBS: _blobs,
}
