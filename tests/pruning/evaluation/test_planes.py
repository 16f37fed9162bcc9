"""What of two planes may be told: by hand, and rarely anything between two draws of one network."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from pruning.evaluation.planes import (
    PlaneChange,
    SamplingNoise,
    apart,
    near_boundary,
    occupied,
    parts,
    quantity_map,
    regions,
    where_largest,
)
from uncertainty.predictions import Sampled, running_means
from uncertainty.predictive import entropy

R = 12
FRAMES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
X = np.tile((np.arange(R) - R / 2 + 0.5), R)  # from left to right, the boundary in the middle


def sampled(class_1: np.ndarray, frames: tuple[int, ...] = FRAMES) -> Sampled:
    """Cells of these probabilities of class 1, (S, R·R)."""
    probs = np.stack([1 - class_1, class_1], axis=-1)
    return Sampled(frames, running_means(probs, frames), running_means(entropy(probs), frames))


def draws(slope: float, noise: float, seed: int) -> Sampled:
    """Fifty samples of one slope across the boundary, each shifted a little."""
    shift = noise * np.random.default_rng(seed).standard_normal((50, 1))
    return sampled(1 / (1 + np.exp(-slope * (X + shift))))


def test_the_maps_of_a_cell_are_those_of_paper():
    """Samples .5 and 1 of class 1: mean .75, mean entropy half of ln 2, the rest is disagreement."""
    cells = sampled(np.stack([np.full(4, 0.5), np.ones(4)]), (1, 2))
    total = -0.75 * log(0.75) - 0.25 * log(0.25)
    for quantity, value in (
        ("probability", 0.75), ("entropy", total), ("aleatoric", log(2) / 2), ("epistemic", total - log(2) / 2),
    ):  # fmt: skip
        found = quantity_map(cells, 2, quantity)
        assert found.shape == (2, 2)
        np.testing.assert_allclose(found, value, atol=1e-6)


def test_a_boundary_is_near_within_its_reach():
    """Two columns of four cells; with a reach of one, the two in the middle."""
    winner = np.array([[0, 0, 1, 1]] * 4)
    assert near_boundary(winner, 1).tolist() == [[False, True, True, False]] * 4
    assert not near_boundary(np.zeros((4, 4), int)).any()


def test_regions_are_those_of_both_networks():
    """Near either boundary, far from both; without a boundary in one of them there is one region."""
    one, other = np.zeros((20, 20), int), np.zeros((20, 20), int)
    one[:, 3:], other[:, 16:] = 1, 1
    found = regions(one, other)
    assert list(found) == ["near", "far"]
    assert found["near"][0].tolist() == [True] * 7 + [False] * 5 + [True] * 8
    np.testing.assert_array_equal(found["far"], ~found["near"])
    assert list(regions(one, np.zeros((20, 20), int))) == ["everywhere"]


def test_a_surer_network_is_told_to_be_surer():
    """Steeper across the boundary: more probable and less entropy near it, and no less anywhere."""
    flat, steep = draws(0.3, 0.01, 1), draws(3, 0.01, 2)
    for quantity in ("probability", "entropy"):
        gained = PlaneChange(flat, steep, 50, quantity)
        assert set(gained.gains.values()) == {1}
        assert set(PlaneChange(steep, flat, 50, quantity).gains.values()) == {-1}
        assert gained.moved == 0
        assert not gained.is_none
    assert PlaneChange(flat, steep, 50, "probability").after > PlaneChange(flat, steep, 50, "probability").before


def test_the_share_that_changes_class_is_counted():
    """The boundary moves by three of twelve columns; a plane of one class is a collapse only if there were two."""
    here, there = sampled(np.tile(1 / (1 + np.exp(-X)), (50, 1))), sampled(np.tile(1 / (1 + np.exp(-X + 3)), (50, 1)))
    assert PlaneChange(here, there, 50, "entropy").moved == 3 / 12
    one_class = sampled(np.full((50, R * R), 0.9))
    assert PlaneChange(here, one_class, 50, "entropy").has_collapsed
    assert not PlaneChange(one_class, one_class, 50, "entropy").has_collapsed
    assert not PlaneChange(here, there, 50, "entropy").has_collapsed


def test_the_same_plane_is_no_change():
    """It is the very same, and as sure as before."""
    change = PlaneChange(draws(1, 0.1, 1), draws(1, 0.1, 1), 50, "entropy")
    assert change.is_none
    assert change.is_as_before
    assert set(change.gains.values()) == {0}
    assert change.before == change.after


def test_two_draws_of_one_network_are_rarely_told_apart():
    """One time in twenty at most, for every quantity; one sample tells nothing at all."""
    for quantity in ("probability", "entropy", "aleatoric", "epistemic"):
        told = [
            any(PlaneChange(draws(1, 2, 2 * seed), draws(1, 2, 2 * seed + 1), 50, quantity).gains.values())
            for seed in range(60)
        ]
        assert np.mean(told) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 60)
    single = PlaneChange(draws(0.3, 0, 1), draws(3, 0, 2), 1, "entropy")
    assert set(single.gains.values()) == {0}
    assert not single.is_as_before


def test_what_is_no_number_is_found():
    """NaN anywhere on either plane."""
    broken = sampled(np.full((50, R * R), np.nan))
    assert not PlaneChange(draws(1, 1, 1), broken, 50, "entropy").is_finite
    assert PlaneChange(draws(1, 1, 1), draws(1, 1, 2), 50, "entropy").is_finite


def test_the_noise_is_student_s_interval_of_the_blocks():
    """Two single samples that differ by 0 and by 0.2: mean 0.1, standard error 0.1, the quantile of one degree."""
    one, other = np.full((2, 4), 0.6), np.array([[0.6] * 4, [0.8] * 4])
    noise = SamplingNoise(sampled(one, (1, 2)), sampled(other, (1, 2)), 2, "probability")
    assert noise.of(np.ones((2, 2), bool)) == pytest.approx((1 + 3 / np.sqrt(2)) * 25.5 * 0.1, rel=1e-5)
    assert SamplingNoise(sampled(one, (1, 2)), sampled(other, (1, 2)), 1, "probability").of(
        np.ones((2, 2), bool)
    ) == float("inf")


def test_the_blocks_of_a_running_mean_are_its_samples():
    """Taken apart again, means after 1, 2, 3, 5 samples are those of the first, second, third, and the last two."""
    values = np.array([[1.0], [3.0], [2.0], [6.0], [8.0]])
    found = apart(running_means(values, (1, 2, 3, 5)), np.array([1, 2, 3, 5]))
    np.testing.assert_allclose(found, [[1], [3], [2], [7]], atol=1e-5)


def test_parts_are_told_by_boundary_and_points():
    """A boundary in the middle of 40 columns, points at the left: near it, among the points, far from all."""
    winner = np.repeat([[0] * 20 + [1] * 20], 40, axis=0)
    held = np.zeros((40, 40), bool)
    held[:, 2] = True
    found = parts(winner, held)
    assert [np.flatnonzero(found[part][0]).tolist() for part in ("boundary", "among", "far")] == [
        list(range(16, 24)), list(range(11)), [*range(11, 16), *range(24, 40)],
    ]  # fmt: skip
    assert (sum(cells.astype(int) for cells in found.values()) == 1).all()


def test_a_part_without_a_cell_is_left_out():
    """One class and points everywhere: all cells are among them."""
    assert list(parts(np.zeros((9, 9), int), np.ones((9, 9), bool))) == ["among"]


def test_a_point_lies_in_its_cell():
    """Rows go from low to high y; a point on the upper rim belongs to the last cell."""
    held = occupied(np.array([[0.0, 0.0], [4.0, 1.0], [1.5, 1.0]]), (0, 4, -1, 1), 4)
    assert np.argwhere(held).tolist() == [[2, 0], [3, 1], [3, 3]]


def test_the_largest_part_is_told_where_the_samples_can_tell():
    """At the left the samples disagree, at the right they do not; a pair of samples is enough where it is plain."""
    halves = {"boundary": (X < 0).reshape(R, R), "far": (X > 0).reshape(R, R)}
    rng = np.random.default_rng(0)
    sides = np.where(X < 0, rng.choice([0.1, 0.9], (50, 1)), 0.9)
    found = where_largest(sampled(sides), 50, "epistemic", halves)
    assert (found.told, found.possible) == ("boundary", {"boundary"})
    assert found.means["boundary"] > 0.3 > 1e-6 > found.means["far"]


def test_equal_parts_are_not_told_apart():
    """Nor is anything by a single sample, which knows no disagreement."""
    halves = {"boundary": (X < 0).reshape(R, R), "far": (X > 0).reshape(R, R)}
    for cells, n_samples in ((draws(2, 0.5, 0), 50), (sampled(np.where(X < 0, 0.5, 0.9)[None], (1,)), 1)):
        found = where_largest(cells, n_samples, "epistemic", halves)
        assert (found.told, found.possible) == (None, {"boundary", "far"})


@pytest.mark.parametrize(
    ("left", "n_samples"),
    [(np.tile([0.47, 0.53], 25), 50), (np.array([0.2, 0.6]), 2)],
    ids=["too little to be seen", "too few samples to tell"],
)
def test_neither_a_tiny_difference_nor_one_of_few_samples_is_told(left, n_samples):
    """Two thousandths of a nat, however sure; a tenth, of two samples that may have been others."""
    halves = {"boundary": (X < 0).reshape(R, R), "far": (X > 0).reshape(R, R)}
    frames = tuple(size for size in FRAMES if size <= n_samples)
    found = where_largest(sampled(np.where(X < 0, left[:, None], 0.5), frames), n_samples, "epistemic", halves)
    assert found.means["boundary"] > 0.001 > found.means["far"]
    assert found.possible == {"boundary", "far"}
