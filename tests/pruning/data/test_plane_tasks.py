"""The two-dimensional tasks: what the points are, how they are split, and what lies far away."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from pruning import Dataset
from pruning.data.plane_tasks import Task, make_task

SPLITS = ("train", "val", "test")
N_CLASSES = {Dataset.MOONS: 2, Dataset.CIRCLES: 2, Dataset.XOR: 2, Dataset.SPIRALS: 2, Dataset.BLOBS: 3}


def whole(task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and labels of all three splits together."""
    inputs = np.concatenate([getattr(task, f"{split}_inputs") for split in SPLITS])
    labels = np.concatenate([getattr(task, f"{split}_labels") for split in SPLITS])
    return inputs, labels


def as_set(inputs: np.ndarray, labels: np.ndarray) -> list[tuple[float, float, int]]:
    return sorted((float(x), float(y), int(label)) for (x, y), label in zip(inputs, labels, strict=True))


def same(a: Task, b: Task) -> bool:
    return all(np.array_equal(getattr(a, field.name), getattr(b, field.name)) for field in fields(Task))


def test_moons_are_those_of_scikit_learn():
    """The default task holds exactly the points of make_moons(1000, noise=0.2, random_state=42)."""
    datasets = pytest.importorskip("sklearn.datasets")
    inputs, labels = datasets.make_moons(1000, noise=0.2, random_state=42)
    task = make_task(Dataset.MOONS, 1000, 0.2, 0.0, 42)
    assert as_set(*whole(task)) == as_set(inputs.astype(np.float32), labels)


@pytest.mark.parametrize(("points", "sizes"), [(1000, (700, 150, 150)), (200, (140, 30, 30)), (101, (71, 15, 15))])
def test_the_splits_are_70_15_15(points, sizes):
    """Training, validation and test shares are rounded, and the test split takes what is left."""
    task = make_task(Dataset.MOONS, points, 0.2, 0.0, 42)
    assert tuple(len(getattr(task, f"{split}_labels")) for split in SPLITS) == sizes
    assert tuple(len(getattr(task, f"{split}_inputs")) for split in SPLITS) == sizes


@pytest.mark.parametrize("dataset", Dataset)
def test_the_splits_share_no_point_and_lose_none(dataset):
    """Every point is in exactly one split."""
    inputs, labels = whole(make_task(dataset, 300, 0.2, 0.0, 7))
    assert len(labels) == 300
    assert len(np.unique(inputs, axis=0)) == 300


def test_the_splits_are_shuffled():
    """Every split holds both classes in about equal shares, though some generators give them in order."""
    for dataset in Dataset:
        task = make_task(dataset, 1000, 0.2, 0.0, 42)
        for split in SPLITS:
            shares = np.bincount(getattr(task, f"{split}_labels"), minlength=task.n_classes) / task.n_classes
            assert shares.min() > 0.5 * shares.mean()


@pytest.mark.parametrize("dataset", Dataset)
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_every_dataset_gives_what_training_needs(dataset, noise):
    """Finite float32 inputs of two coordinates, int64 labels, and the right number of classes."""
    task = make_task(dataset, 120, noise, 0.0, 1)
    inputs, labels = whole(task)
    assert inputs.dtype == np.float32
    assert labels.dtype == np.int64
    assert inputs.shape == (120, 2)
    assert np.isfinite(inputs).all()
    assert task.n_classes == N_CLASSES[dataset]
    assert np.array_equal(np.unique(labels), np.arange(task.n_classes))


@pytest.mark.parametrize("dataset", Dataset)
@pytest.mark.parametrize("share", [0.1, 0.29, 0.5])
def test_label_noise_flips_exactly_its_share(dataset, share):
    """round(share · N) labels change to another class of the task; points and splits stay as they are."""
    clean, noisy = (make_task(dataset, 200, 0.2, s, 5) for s in (0.0, share))
    (clean_inputs, clean_labels), (noisy_inputs, noisy_labels) = whole(clean), whole(noisy)
    assert np.array_equal(clean_inputs, noisy_inputs)
    assert (clean_labels != noisy_labels).sum() == round(share * 200)
    assert noisy_labels.dtype == np.int64
    assert set(noisy_labels) <= set(range(clean.n_classes))


def test_flipped_labels_are_spread_over_the_other_classes():
    """With three classes a flipped label goes to either of the other two, about as often."""
    clean, noisy = (whole(make_task(Dataset.BLOBS, 3000, 0.2, share, 5))[1] for share in (0.0, 0.5))
    shift = (noisy - clean) % 3
    ones, twos = (shift == 1).sum(), (shift == 2).sum()
    assert ones + twos == 1500
    assert abs(ones - twos) < 5 * np.sqrt(1500)


def test_xor_is_coloured_like_a_chessboard():
    """Without noise the label is 1 exactly where the signs of the coordinates differ."""
    inputs, labels = whole(make_task(Dataset.XOR, 400, 0.0, 0.0, 0))
    assert np.array_equal(labels == 1, (inputs[:, 0] > 0) != (inputs[:, 1] > 0))
    assert np.abs(inputs).max() <= 1


def test_spirals_are_two_arms_half_a_turn_apart():
    """Without noise the angle is a function of the radius and the class: radius .2 + 1.8 s at 3π s + π label."""
    inputs, labels = whole(make_task(Dataset.SPIRALS, 400, 0.0, 0.0, 0))
    radius = np.linalg.norm(inputs, axis=1)
    angle = 3 * np.pi * (radius - 0.2) / 1.8 + np.pi * labels
    np.testing.assert_allclose(inputs, radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)]), atol=1e-4)


def test_blobs_lie_around_the_corners_of_a_triangle():
    """The class means are three points of distance √3 from each other."""
    inputs, labels = whole(make_task(Dataset.BLOBS, 3000, 0.1, 0.0, 0))
    means = np.array([inputs[labels == c].mean(axis=0) for c in range(3)])
    sides = np.linalg.norm(means - np.roll(means, 1, axis=0), axis=1)
    np.testing.assert_allclose(sides, np.sqrt(3), atol=0.03)


@pytest.mark.parametrize("dataset", Dataset)
def test_far_points_lie_at_three_times_the_farthest_distance(dataset):
    """All on one circle around the mean, evenly spread, and float32 like the data."""
    task = make_task(dataset, 200, 0.2, 0.0, 3)
    inputs, _ = whole(task)
    centre = inputs.mean(axis=0)
    distances = np.linalg.norm(task.far_inputs - centre, axis=1)
    np.testing.assert_allclose(distances, 3 * np.linalg.norm(inputs - centre, axis=1).max(), rtol=1e-5)
    steps = np.linalg.norm(task.far_inputs - np.roll(task.far_inputs, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-4)
    assert task.far_inputs.dtype == np.float32


@pytest.mark.parametrize("dataset", Dataset)
def test_a_task_depends_on_its_seed_alone(dataset):
    """The same seed gives the same bytes, whatever NumPy's global state; another seed gives other points."""
    a, b, c = (make_task(dataset, 150, 0.2, 0.1, seed) for seed in (1, 1, 2))
    assert same(a, b)
    assert not np.array_equal(a.train_inputs, c.train_inputs)
