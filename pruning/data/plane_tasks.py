"""The two-dimensional tasks: points, labels, splits, and what lies far away from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from pruning.data.splits import Split, shuffled, stratified
from pruning.options import Dataset
from uncertainty.randomness import Purpose, stream

FAR_POINTS = 64
FAR_DISTANCE = 3.0  # in units of the distance from the centre to the farthest example
INNER_RADIUS = 0.5  # of the inner circle; the outer one has radius 1


@dataclass(frozen=True)
class Task:
    """A task ready for training: inputs (N, 2) float32, labels (N,) int64, in three splits.

    `far_inputs` (M, 2) lie evenly on a circle far outside the data, where nobody knows the label.
    """

    train_inputs: np.ndarray
    train_labels: np.ndarray
    val_inputs: np.ndarray
    val_labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray
    far_inputs: np.ndarray
    n_classes: int


def make_task(dataset: Dataset, points: int, noise: float, label_noise: float, data_seed: int) -> Task:
    """Draw `points` examples and split them 70/15/15 into training, validation and test.

    `noise` is the standard deviation of the Gaussian noise on the inputs. `label_noise` is the
    share of examples, in every split, whose label is replaced by another class drawn evenly.
    """
    inputs, labels = _GENERATORS[dataset](points, noise, data_seed)
    return _task(inputs, labels, shuffled(points, data_seed), label_noise, data_seed)


def split(inputs: np.ndarray, labels: np.ndarray, label_noise: float, data_seed: int) -> Task:
    """Anybody's points (N, 2) with labels (N,) from 0 to C − 1 as a task: see `splits.stratified` and `make_task`.

    The split is that of the labels before noise, so that noise moves no point. Raises ValueError for a class too
    small to be in every split.
    """
    return _task(inputs, labels, stratified(labels, data_seed), label_noise, data_seed)


def _task(inputs: np.ndarray, labels: np.ndarray, rows: Split, label_noise: float, data_seed: int) -> Task:
    n_classes, inputs = int(labels.max()) + 1, inputs.astype(np.float32)
    labels = _flip(labels, label_noise, n_classes, stream(data_seed, Purpose.LABEL_NOISE))
    train, val, test = rows
    return Task(
        inputs[train], labels[train], inputs[val], labels[val], inputs[test], labels[test],
        far_inputs=_ring(inputs), n_classes=n_classes,
    )  # fmt: skip


def _flip(labels: np.ndarray, share: float, n_classes: int, rng: np.random.Generator) -> np.ndarray:
    """Replace exactly round(share · N) labels by a different class."""
    flipped = labels.astype(np.int64)
    which = rng.permutation(len(labels))[: round(share * len(labels))]
    flipped[which] = (flipped[which] + rng.integers(1, n_classes, len(which))) % n_classes
    return flipped


def _ring(inputs: np.ndarray) -> np.ndarray:
    centre = inputs.mean(axis=0)
    radius = FAR_DISTANCE * np.linalg.norm(inputs - centre, axis=1).max()
    angle = np.linspace(0, 2 * np.pi, FAR_POINTS, endpoint=False)
    return (centre + radius * np.column_stack([np.cos(angle), np.sin(angle)])).astype(np.float32)


# scikit-learn takes 1.5 s to import, so it is imported where points are drawn and not before.


def _moons(points: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import make_moons

    return make_moons(points, noise=noise, random_state=seed)


def _circles(points: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import make_circles

    return make_circles(points, noise=noise, factor=INNER_RADIUS, random_state=seed)


def _blobs(points: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import make_blobs

    return make_blobs(points, centers=blob_centres(), cluster_std=noise, random_state=seed)


def _xor(points: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Uniform in the square [−1, 1]²; class 1 where the signs of the two coordinates differ."""
    rng = stream(seed, Purpose.DATA)
    inputs = rng.uniform(-1, 1, (points, 2))
    labels = (inputs[:, 0] > 0) != (inputs[:, 1] > 0)
    return inputs + rng.normal(0, noise, inputs.shape), labels.astype(np.int64)


def _spirals(points: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = stream(seed, Purpose.DATA)
    labels = np.arange(points) % 2
    inputs = spiral_arm(np.sqrt(rng.uniform(0, 1, points)), labels)
    return inputs + rng.normal(0, noise, inputs.shape), labels


# The shapes that the points lie around. share: of the way along a curve, in [0, 1].


def moon(share: np.ndarray, label: np.ndarray | int) -> np.ndarray:
    """Points (…, 2) of the two half circles, as scikit-learn's `make_moons` has them."""
    angle, sign = np.pi * share, 1 - 2 * np.asarray(label)
    return np.stack([label + sign * np.cos(angle), label / 2 + sign * np.sin(angle)], axis=-1)


def spiral_arm(share: np.ndarray, label: np.ndarray | int) -> np.ndarray:
    """Points (…, 2) of two arms of one and a half turns, radius 0.2 to 2, the second rotated by half a turn."""
    angle = 3 * np.pi * share + np.pi * label
    return (0.2 + 1.8 * share)[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def blob_centres() -> np.ndarray:
    """The corners (3, 2) of an equilateral triangle of side √3."""
    angle = np.pi / 2 + np.arange(3) * 2 * np.pi / 3
    return np.column_stack([np.cos(angle), np.sin(angle)])


_GENERATORS: Mapping[Dataset, Callable[[int, float, int], tuple[np.ndarray, np.ndarray]]] = {
    Dataset.MOONS: _moons,
    Dataset.CIRCLES: _circles,
    Dataset.XOR: _xor,
    Dataset.SPIRALS: _spirals,
    Dataset.BLOBS: _blobs,
}
