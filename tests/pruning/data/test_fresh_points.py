"""Fresh points of a task: that they follow its distribution, evenly, and are nobody else's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pruning import Dataset, Experiment
from pruning.data.fresh_points import FRESH_POINTS, fresh_points
from pruning.data.plane_tasks import make_task
from pruning.data.posterior import density, posterior

every_dataset = pytest.mark.parametrize("dataset", Dataset)


@every_dataset
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_fresh_points_come_with_the_posterior_there(dataset, noise):
    """Of the rounded inputs themselves; each row a distribution over the task's classes."""
    fresh = fresh_points(Experiment(dataset=dataset, noise=noise, label_noise=0.1))
    assert fresh.inputs.dtype == np.float32
    assert fresh.inputs.shape == (FRESH_POINTS, 2)
    assert np.isfinite(fresh.inputs).all()
    np.testing.assert_array_equal(fresh.posterior, posterior(dataset, noise, 0.1, fresh.inputs))


@every_dataset
def test_fresh_points_follow_the_distribution(dataset):
    """As many in each cell of a grid as its density says, to a fraction of what independent points would give."""
    n, cells, fine, reach, noise = 2**16, 20, 8, 3.0, 0.25
    inputs = fresh_points(Experiment(dataset=dataset, noise=noise), n).inputs
    counts = np.histogram2d(*inputs.T, bins=cells, range=[[-reach, reach]] * 2)[0]
    side = (np.arange(cells * fine) + 0.5) / (cells * fine) * 2 * reach - reach
    points = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    area = (2 * reach / cells / fine) ** 2
    expected = (density(dataset, noise, points) * area * n).reshape(cells, fine, cells, fine).sum(axis=(1, 3))
    full = expected > 20
    statistic = (np.square(counts - expected) / expected)[full].mean()  # 1 for independent points
    assert full.sum() > 60
    assert statistic < 0.5


@every_dataset
def test_a_mean_over_them_is_that_of_far_more_independent_points(dataset):
    """The Bayes accuracy of fifteen sets spreads by less than half of what their number would have it."""
    values = [
        fresh_points(Experiment(dataset=dataset, noise=0.4), index=index).posterior.max(axis=1) for index in range(15)
    ]
    spread, independent = (
        np.std([v.mean() for v in values], ddof=1),
        np.mean([v.std() for v in values]) / np.sqrt(FRESH_POINTS),
    )
    assert spread < independent / 2


@every_dataset
def test_without_noise_they_lie_where_the_task_has_its_points(dataset):
    """Each is near a point of a large draw, and each class is equally often the right one."""
    fresh = fresh_points(Experiment(dataset=dataset, noise=0.0))
    drawn = make_task(dataset, 4000, 0.0, 0.0, 5).train_inputs
    nearest = np.sqrt(np.square(fresh.inputs[:200, None] - drawn).sum(axis=-1).min(axis=1))
    assert nearest.max() < (0.12 if dataset == Dataset.XOR else 0.05)
    np.testing.assert_allclose(fresh.posterior.mean(axis=0), 1 / fresh.posterior.shape[1], atol=0.01)


def test_the_same_task_has_the_same_points():
    """Whatever is trained on it; other data seeds and other sets have others."""
    first = fresh_points(Experiment()).inputs
    assert np.array_equal(first, fresh_points(Experiment(hidden=(30,), seed=7, prune_ratio=0.9)).inputs)
    for other in (fresh_points(Experiment(data_seed=43)), fresh_points(Experiment(), index=1)):
        assert not np.isin(first, other.inputs).all(axis=1).any()


def test_no_network_has_seen_them():
    """None is a point of any split."""
    task, fresh = make_task(Dataset.MOONS, 1000, 0.2, 0.0, 42), fresh_points(Experiment())
    known = {tuple(row) for row in np.concatenate([task.train_inputs, task.val_inputs, task.test_inputs]).tolist()}
    assert not known & {tuple(row) for row in fresh.inputs.tolist()}


def test_nobody_else_s_random_numbers_are_moved():
    """The sequence is scrambled by a generator of its own."""
    before = torch.random.get_rng_state()
    fresh_points(Experiment())
    assert torch.equal(torch.random.get_rng_state(), before)
