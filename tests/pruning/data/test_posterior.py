"""The exact distribution of every generated task: closed forms, symmetries, and a million draws of the generators."""

from __future__ import annotations

from math import erf, exp, pi, sqrt

import numpy as np
import pytest

from pruning import Dataset
from pruning.data.plane_tasks import make_task
from pruning.data.posterior import VANISHING, VANISHING_ON_CURVES, density, log_density, posterior

REACH = 4.5  # half the side of a square that holds every task with what noise there is here
TURN = 2 * pi / 3
every_dataset = pytest.mark.parametrize("dataset", Dataset)


def joint(dataset: Dataset, noise: float, inputs: np.ndarray, label_noise: float = 0.0) -> np.ndarray:
    """p(x, y) of points (N, 2) as (N, C)."""
    return density(dataset, noise, inputs)[:, None] * posterior(dataset, noise, label_noise, inputs)


def gaussian(inputs: np.ndarray, centres: np.ndarray, noise: float, weights: np.ndarray | None = None) -> np.ndarray:
    """The mean density (N,) of Gaussians around centres (M, 2), written out."""
    squares = np.square(inputs[:, None] - centres).sum(axis=-1)
    return np.average(np.exp(-squares / (2 * noise**2)) / (2 * pi * noise**2), axis=1, weights=weights)


def square(cells: int, reach: float = REACH) -> tuple[np.ndarray, float]:
    """The centres (cells², 2) of a grid around the origin, and the area of a cell."""
    side = (np.arange(cells) + 0.5) / cells * 2 * reach - reach
    return np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2), (2 * reach / cells) ** 2


def somewhere(n: int = 60) -> np.ndarray:
    """Points all over the tasks, the origin among them."""
    return np.concatenate([np.zeros((1, 2)), np.random.default_rng(0).uniform(-2.5, 2.5, (n - 1, 2))])


@pytest.mark.parametrize("noise", [0.1, 0.2, 0.7])
def test_moons_are_gaussians_along_the_half_circles_of_scikit_learn(noise):
    """The mean over many centres that `make_moons` itself puts down without noise; the ends count half."""
    datasets = pytest.importorskip("sklearn.datasets")
    centres, labels = datasets.make_moons(4000, noise=None, shuffle=False)
    even = np.r_[0.5, np.ones(1998), 0.5]
    expected = [gaussian(somewhere(), centres[labels == label], noise, even) / 2 for label in (0, 1)]
    np.testing.assert_allclose(joint(Dataset.MOONS, noise, somewhere()).T, expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("noise", [0.1, 0.2, 0.7])
def test_circles_are_gaussians_along_the_circles_of_scikit_learn(noise):
    """The mean over evenly spaced centres is exact around a circle, with or without a Bessel function."""
    datasets = pytest.importorskip("sklearn.datasets")
    centres, labels = datasets.make_circles(2000, noise=None, factor=0.5)
    expected = np.stack([gaussian(somewhere(), centres[labels == label], noise) for label in (0, 1)], axis=1) / 2
    np.testing.assert_allclose(joint(Dataset.CIRCLES, noise, somewhere()), expected, rtol=1e-9, atol=1e-14)


def test_in_the_centre_of_the_circles_the_bessel_function_is_one():
    """There the density is that of a Gaussian at the distance of the radius."""
    expected = [exp(-(radius**2) / (2 * 0.3**2)) / (2 * pi * 0.3**2) / 2 for radius in (1.0, 0.5)]
    np.testing.assert_allclose(joint(Dataset.CIRCLES, 0.3, np.zeros((1, 2)))[0], expected)


@pytest.mark.parametrize("noise", [0.05, 0.4])
def test_xor_is_a_product_of_differences_of_normal_integrals(noise):
    """Along each axis the share of a unit interval that noise carries to the point."""

    def inside(x: float, low: float) -> float:
        return (erf((x - low) / noise / sqrt(2)) - erf((x - low - 1) / noise / sqrt(2))) / 2

    for x, y in somewhere():
        same = inside(x, 0) * inside(y, 0) + inside(x, -1) * inside(y, -1)
        differ = inside(x, 0) * inside(y, -1) + inside(x, -1) * inside(y, 0)
        expected = np.array([same, differ]) / 4
        np.testing.assert_allclose(joint(Dataset.XOR, noise, np.array([[x, y]]))[0], expected, rtol=1e-6, atol=1e-13)


@pytest.mark.parametrize("noise", [0.1, 0.2, 0.7])
def test_spirals_are_gaussians_along_the_arms(noise):
    """Centres at even steps, weighted by the density of a uniform number's root, which is twice the root."""
    along = (np.arange(4000) + 0.5) / 4000
    angle = 3 * pi * along
    arm = (0.2 + 1.8 * along)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    expected = np.stack([gaussian(somewhere(), centres, noise, along) for centres in (arm, -arm)], axis=1) / 2
    np.testing.assert_allclose(joint(Dataset.SPIRALS, noise, somewhere()), expected, rtol=1e-4, atol=1e-6)


def test_blobs_are_three_gaussians():
    """At the corners of a triangle; in its middle nothing is known."""
    centres = np.array([[0, 1], [-sqrt(3) / 2, -0.5], [sqrt(3) / 2, -0.5]])
    expected = np.stack([gaussian(somewhere(), centre[None], 0.5) for centre in centres], axis=1) / 3
    np.testing.assert_allclose(joint(Dataset.BLOBS, 0.5, somewhere()), expected)
    np.testing.assert_allclose(posterior(Dataset.BLOBS, 0.5, 0.0, np.zeros((1, 2)))[0], 1 / 3)


@pytest.mark.parametrize(
    ("dataset", "move", "order"),
    [
        (Dataset.MOONS, lambda x: np.array([1, 0.5]) - x, [1, 0]),
        (Dataset.CIRCLES, lambda x: x @ np.array([[0.6, 0.8], [-0.8, 0.6]]), [0, 1]),
        (Dataset.XOR, lambda x: x @ np.array([[0, 1], [-1, 0]]), [1, 0]),
        (Dataset.XOR, lambda x: x[:, ::-1], [0, 1]),
        (Dataset.SPIRALS, lambda x: -x, [1, 0]),
        (
            Dataset.BLOBS,
            lambda x: x @ np.array([[np.cos(TURN), np.sin(TURN)], [-np.sin(TURN), np.cos(TURN)]]),
            [2, 0, 1],
        ),
    ],
    ids=[
        "moons half turn",
        "circles turn",
        "xor quarter turn",
        "xor mirror",
        "spirals half turn",
        "blobs third turn",
    ],
)
def test_a_symmetry_of_the_task_is_one_of_its_distribution(dataset, move, order):
    """What carries the task into itself carries each class's density into that of the class it lands on."""
    np.testing.assert_allclose(
        joint(dataset, 0.3, move(somewhere())), joint(dataset, 0.3, somewhere())[:, order], rtol=1e-9
    )


@every_dataset
def test_a_density_integrates_to_one(dataset):
    """By quadrature over a square that holds it; each class has its share of it."""
    cells, area = square(150)
    shares = (joint(dataset, 0.25, cells) * area).sum(axis=0)
    np.testing.assert_allclose(shares, 1 / len(shares), rtol=1e-6)


@every_dataset
def test_a_million_draws_of_the_generator_follow_it(dataset):
    """In each cell of a grid about as many draws of each class as the distribution says, flipped labels included.

    Pearson's statistic over cells and classes is within four deviations of what chance gives it.
    """
    draws, noise, label_noise, cells, fine = 1_000_000, 0.25, 0.1, 36, 4
    task = make_task(dataset, draws, noise, label_noise, 3)
    inputs = np.concatenate([task.train_inputs, task.val_inputs, task.test_inputs])
    labels = np.concatenate([task.train_labels, task.val_labels, task.test_labels])
    reach = 3.0
    place = np.floor((inputs + reach) / (2 * reach) * cells).astype(int).clip(0, cells - 1)
    index = (place[:, 0] * cells + place[:, 1]) * task.n_classes + labels
    counts = np.bincount(index, minlength=cells**2 * task.n_classes).reshape(cells, cells, -1)
    points, area = square(cells * fine, reach)
    probable = joint(dataset, noise, points, label_noise) * area * draws
    expected = probable.reshape(cells, fine, cells, fine, -1).sum(axis=(1, 3))
    inner = np.zeros((cells, cells, 1), bool)
    inner[1:-1, 1:-1] = True  # the outermost hold what lies beyond
    full = (expected > 20) & inner
    statistic = (np.square(counts - expected) / expected)[full].sum()
    assert full.sum() > 200
    assert statistic < full.sum() + 4 * sqrt(2 * full.sum())


def test_the_bayes_accuracy_of_the_default_moons_is_0_971():
    """And their labels are uncertain by 0.076 nats on average; nothing that is trained can do better."""
    cells, area = square(260, 3.2)
    known = joint(Dataset.MOONS, 0.2, cells) * area
    given = posterior(Dataset.MOONS, 0.2, 0.0, cells)
    assert known.max(axis=1).sum() == pytest.approx(0.9710, abs=1e-4)
    assert -(known * np.log(np.where(given > 0, given, 1))).sum() == pytest.approx(0.0763, abs=1e-4)


@every_dataset
@pytest.mark.parametrize("noise", [0.0, 0.05, 0.2, 2.0])
def test_far_outside_it_is_known_which_class_is_nearest(dataset, noise):
    """On a ring where every density vanishes, log densities are finite and the posterior is a distribution."""
    angle = np.linspace(0, 2 * pi, 64, endpoint=False) + 0.1
    ring = 1000 * np.column_stack([np.cos(angle), np.sin(angle)])
    probs = posterior(dataset, noise, 0.0, ring)
    np.testing.assert_allclose(probs.sum(axis=1), 1)
    assert (probs >= 0).all()
    assert np.isfinite(log_density(dataset, noise, ring)).all()
    assert (density(dataset, noise, ring) == 0).all()
    if dataset == Dataset.CIRCLES:
        assert (probs.argmax(axis=1) == 0).all()  # the outer one
    if dataset == Dataset.BLOBS:
        corners = np.column_stack([np.cos(pi / 2 + TURN * np.arange(3)), np.sin(pi / 2 + TURN * np.arange(3))])
        assert (probs.argmax(axis=1) == (ring @ corners.T).argmax(axis=1)).all()


@pytest.mark.parametrize(
    ("dataset", "far", "distance"),
    [
        (Dataset.MOONS, (0.0, 9.0), 8.0),
        (Dataset.CIRCLES, (0.0, 9.0), 8.0),
        (Dataset.SPIRALS, (-9.0, 0.0), 7.0),
        (Dataset.BLOBS, (0.0, 9.0), 8.0),
        (Dataset.XOR, (0.0, 9.0), 8.0),
    ],
)
def test_far_outside_the_density_is_that_of_the_nearest_point(dataset, far, distance):
    """Its logarithm is −d² / 2σ², but for how many points are that near."""
    assert log_density(dataset, 0.2, np.array([far]))[0] == pytest.approx(-(distance**2) / (2 * 0.2**2), rel=0.02)


@every_dataset
def test_without_noise_every_point_has_its_label(dataset):
    """The limit of ever smaller noise: a drawn point is of its own class, unless it is on an edge between squares."""
    task = make_task(dataset, 1000, 0.0, 0.0, 5)
    edge = dataset == Dataset.XOR and np.abs(task.train_inputs).min(axis=1) < 6 * VANISHING
    probs = posterior(dataset, 0.0, 0.0, task.train_inputs)
    right = probs[np.arange(len(probs)), task.train_labels]
    assert ((right > 1 - 1e-9) | edge).all()
    assert np.mean(edge) < 0.01
    least = VANISHING_ON_CURVES if dataset in (Dataset.MOONS, Dataset.SPIRALS) else VANISHING
    np.testing.assert_array_equal(probs, posterior(dataset, least, 0.0, task.train_inputs))


@every_dataset
def test_label_noise_mixes_in_the_other_classes(dataset):
    """A tenth of the labels is another one, drawn evenly: 0.9 p + 0.1 (1 − p) / (C − 1)."""
    clean, mixed = (posterior(dataset, 0.3, share, somewhere()) for share in (0.0, 0.1))
    np.testing.assert_allclose(mixed, 0.9 * clean + 0.1 * (1 - clean) / (clean.shape[1] - 1))
    np.testing.assert_allclose(mixed.sum(axis=1), 1)


def test_half_of_two_classes_flipped_leaves_nothing_to_know():
    """The posterior is even everywhere; label noise moves no point."""
    np.testing.assert_allclose(posterior(Dataset.MOONS, 0.2, 0.5, somewhere()), 0.5)


@pytest.mark.parametrize("function", [density, log_density, lambda *args: posterior(*args[:2], 0.0, args[2])])
@pytest.mark.parametrize("shape", [(2,), (4, 3), (2, 2, 2)])
def test_what_are_no_points_of_a_plane_are_refused(function, shape):
    """The message names the shape that came."""
    with pytest.raises(ValueError, match=rf"inputs must have shape \(N, 2\); got \({shape[0]}"):
        function(Dataset.MOONS, 0.2, np.zeros(shape))
