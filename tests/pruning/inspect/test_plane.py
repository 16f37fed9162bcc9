"""Maps of the plane: which way is up, and that every frame is the mean of its first samples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pruning import Experiment, module
from pruning.data.posterior import posterior
from pruning.inspect.plane import (
    DRAWN,
    RESOLUTION,
    SAMPLES,
    Maps,
    Plane,
    extent,
    grid,
    make_draws,
    make_plane,
    true_maps,
)
from pruning.outcome import MAX_SAMPLES, PlaneOutcome
from uncertainty.options import Method, Source
from uncertainty.predictions import Sampled
from uncertainty.predictive import entropy
from uncertainty.randomness import sampling_seed
from uncertainty.sampling import mc_dropout

BOX = (-1.0, 3.0, 10.0, 20.0)


@pytest.fixture(scope="module")
def drawn(outcome_of):
    """The pruned network of the small experiment, drawn over its data."""
    outcome = outcome_of(strategy="iterative", prune_ratio=0.3)
    return make_plane(outcome.experiment, outcome.pruned, outcome.n_classes, extent(outcome))


@pytest.fixture(scope="module")
def samples(outcome_of):
    """All samples of the same network at the same points, directly."""
    outcome = outcome_of(strategy="iterative", prune_ratio=0.3)
    network = module(outcome.experiment, outcome.pruned, outcome.n_classes)
    return mc_dropout(network, grid(extent(outcome)), MAX_SAMPLES, sampling_seed(outcome.experiment.seed))


def test_the_grid_has_a_row_per_y_and_a_column_per_x():
    """Rows go from low to high y, columns from low to high x; all cells are of one size."""
    x, y = grid(BOX).reshape(RESOLUTION, RESOLUTION, 2).transpose(2, 0, 1)
    assert (x == x[0]).all()
    assert (y == y[:, :1]).all()
    np.testing.assert_allclose(np.diff(x[0]), 4 / RESOLUTION, rtol=1e-3)
    np.testing.assert_allclose(np.diff(y[:, 0]), 10 / RESOLUTION, rtol=1e-3)


def test_the_grid_holds_the_centres_of_cells():
    """The outermost points are half a cell inside the rectangle."""
    points = grid(BOX)
    half = np.array([4, 10]) / RESOLUTION / 2
    np.testing.assert_allclose(points.min(axis=0) - half, [-1, 10], rtol=1e-6)
    np.testing.assert_allclose(points.max(axis=0) + half, [3, 20], rtol=1e-6)
    assert points.dtype == np.float32
    assert points.shape == (RESOLUTION**2, 2)


@pytest.mark.parametrize(("axis", "weights"), [("x", [[50.0, 0.0]]), ("y", [[0.0, 50.0]])])
def test_a_map_is_the_right_way_up(outcome_of, axis, weights):
    """A network that looks at one coordinate alone is drawn with class 1 at that coordinate's high end."""
    experiment = Experiment(hidden=(1,), dropout=0.0)
    network = replace(
        outcome_of().dense,
        masks={"hidden1": np.array([True])},
        weights={
            "hidden1.weight": np.array(weights, np.float32),
            "hidden1.bias": np.array([0], np.float32),
            "output.weight": np.array([[0], [1]], np.float32),
            "output.bias": np.array([1, 0], np.float32),
        },
    )
    probs = make_plane(experiment, network, 2, (-1.0, 1.0, -1.0, 1.0)).maps(1).probs[..., 1]
    rows = probs if axis == "y" else probs.T
    assert (rows[: RESOLUTION // 2] < 0.5).all()
    assert (rows[-RESOLUTION // 3 :] > 0.99).all()


def test_every_frame_is_the_mean_of_its_first_samples(drawn, samples):
    """For each number of samples the probabilities and entropies are averaged directly, and agree."""
    assert drawn.cells.mean_probs.shape == (len(SAMPLES), RESOLUTION**2, 2)
    for frame, n_samples in enumerate(SAMPLES):
        first = samples[:n_samples]
        np.testing.assert_allclose(drawn.cells.mean_probs[frame], first.mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(drawn.cells.expected_entropy[frame], entropy(first).mean(axis=0), atol=1e-5)


def test_the_numbers_of_samples_reach_from_one_to_all():
    """They rise from a single sample to the largest number."""
    assert list(SAMPLES) == sorted(set(SAMPLES))
    assert (SAMPLES[0], SAMPLES[-1]) == (1, MAX_SAMPLES)


def test_fewer_samples_are_a_prefix_of_more(outcome_of, drawn):
    """A map of ten samples is what drawing only ten would have given."""
    outcome = outcome_of(strategy="iterative", prune_ratio=0.3)
    network = module(outcome.experiment, outcome.pruned, outcome.n_classes)
    ten = mc_dropout(network, grid(drawn.extent), 10, sampling_seed(outcome.experiment.seed)).mean(axis=0)
    np.testing.assert_allclose(drawn.maps(10).probs.reshape(-1, 2), ten, atol=1e-5)


@pytest.mark.parametrize("n_samples", SAMPLES)
def test_entropy_is_the_sum_of_its_parts(drawn, n_samples):
    """Predictive = aleatoric + epistemic in every cell, each between 0 and ln C."""
    maps = drawn.maps(n_samples)
    np.testing.assert_allclose(maps.entropy, maps.aleatoric + maps.epistemic, atol=1e-5)
    np.testing.assert_allclose(maps.entropy, entropy(maps.probs), atol=1e-6)
    for part in (maps.entropy, maps.aleatoric, maps.epistemic):
        assert part.shape == (RESOLUTION, RESOLUTION)
        assert part.min() >= 0
        assert part.max() <= np.log(2) + 1e-6
    assert maps.probs.shape == (RESOLUTION, RESOLUTION, 2)


def test_one_sample_has_no_epistemic_part_and_many_have_some(drawn):
    """Disagreement needs two; with dropout it is there."""
    assert drawn.maps(1).epistemic.max() < 1e-6
    assert drawn.maps(MAX_SAMPLES).epistemic.max() > 0.01


def test_rounding_below_zero_is_cut_off():
    """An entropy a hair below its aleatoric part gives epistemic 0 and not less."""
    shape = (len(SAMPLES), RESOLUTION**2)
    even = np.full((*shape, 2), 0.5)
    maps = Plane(BOX, Sampled(SAMPLES, even, np.full(shape, np.log(2) + 1e-7))).maps(50)
    assert (maps.epistemic == 0).all()


@pytest.mark.parametrize("dataset", ["moons", "spirals", "blobs"])
def test_the_extent_covers_all_points_with_a_margin(outcome_of, dataset):
    """Every training and test point lies well inside, and the margin is the same on both sides."""
    outcome = outcome_of(dataset=dataset)
    x0, x1, y0, y1 = extent(outcome)
    points = np.concatenate([outcome.train_inputs, outcome.test_inputs])
    low, high = points.min(axis=0), points.max(axis=0)
    np.testing.assert_allclose(low - [x0, y0], 0.15 * (high - low), rtol=1e-4)
    np.testing.assert_allclose([x1, y1] - high, 0.15 * (high - low), rtol=1e-4)


def test_an_extreme_test_point_is_not_cut_off(outcome_of):
    """A point that no training point comes near still lies inside."""
    outcome = outcome_of()
    far = np.concatenate([outcome.test_inputs, [[9, -7]]]).astype(np.float32)
    x0, x1, y0, y1 = extent(PlaneOutcome(**{**vars(outcome), "test_inputs": far}))
    assert x0 < outcome.train_inputs[:, 0].min() < 9 < x1
    assert y0 < -7 < outcome.train_inputs[:, 1].max() < y1


def test_the_truth_is_the_posterior_of_every_cell():
    """On the same grid as a network's maps, the right way up: of these moons class 0 lies above, class 1 below."""
    experiment = Experiment(label_noise=0.1)
    truth = true_maps(experiment, (-1.5, 2.5, -1.0, 1.5))
    cells = grid((-1.5, 2.5, -1.0, 1.5)).reshape(RESOLUTION, RESOLUTION, 2)
    for row, column in ((0, 0), (3, 70), (79, 20)):
        expected = posterior(experiment.dataset, 0.2, 0.1, cells[row, column][None])[0]
        np.testing.assert_allclose(truth.probs[row, column], expected)
    assert (truth.winner[-1, 10:40] == 0).all()
    assert (truth.winner[0, 40:70] == 1).all()
    np.testing.assert_allclose(truth.entropy, entropy(truth.probs))
    assert truth.entropy.min() == pytest.approx(entropy(np.array([0.9, 0.1])))


def test_the_boundary_of_xor_is_a_cross():
    """The most probable class changes where a coordinate changes its sign, and nowhere else."""
    truth = true_maps(Experiment(dataset="xor"), (-1.0, 1.0, -1.0, 1.0))
    sign = np.arange(RESOLUTION) >= RESOLUTION // 2
    assert np.array_equal(truth.winner, sign[:, None] != sign)


def test_the_error_of_a_map_is_its_distance_from_the_truth():
    """½ Σ |p̂ − p| per cell: 0 for the truth itself, |p̂ − p| with two classes, 1 for the wrong class at certainty."""
    truth = true_maps(Experiment(), (-0.5, 1.5, -0.5, 1.0))
    other = np.full((RESOLUTION, RESOLUTION), 0.0)
    assert (truth.error(Maps(truth.probs, other, other, other)) == 0).all()
    even = Maps(np.full_like(truth.probs, 0.5), other, other, other)
    np.testing.assert_allclose(truth.error(even), np.abs(truth.probs[..., 0] - 0.5))
    certain = np.eye(2)[1 - truth.winner]
    np.testing.assert_allclose(truth.error(Maps(certain, other, other, other)), truth.probs.max(axis=-1))
    blobs = true_maps(Experiment(dataset="blobs", noise=0.5), (-1.0, 1.0, -1.0, 1.0))
    thirds = Maps(np.full_like(blobs.probs, 1 / 3), other, other, other)
    np.testing.assert_allclose(blobs.error(thirds), np.maximum(blobs.probs - 1 / 3, 0).sum(axis=-1))


@pytest.mark.parametrize("method", Method)
def test_the_mean_of_single_samples_is_the_plane(outcome_of, method):
    """As many as are drawn, of whatever method; of a single pass there is one."""
    outcome, source = outcome_of(strategy="one_shot", prune_ratio=0.3), Source(method)
    asked = outcome.experiment, outcome.pruned, outcome.n_classes, extent(outcome)
    draws = make_draws(*asked, source)
    n = method.samples(DRAWN)
    assert draws.shape == ((1 if method == Method.ENSEMBLE else n), RESOLUTION, RESOLUTION, outcome.n_classes)
    plane = make_plane(*asked, (1, DRAWN), source)
    np.testing.assert_allclose(plane.maps(len(draws)).probs, draws.mean(axis=0), atol=1e-5)
