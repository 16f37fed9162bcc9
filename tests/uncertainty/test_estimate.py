"""Intervals around means and calibration errors: by hand, against SciPy, and by how often they hold."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from scipy import stats

from uncertainty.calibration import reliability_bins
from uncertainty.estimate import Estimate, binned_estimate, mean_estimate


def two_class(p: np.ndarray) -> np.ndarray:
    return np.column_stack([p, 1 - p])


def calibrated(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Class-0 probabilities (n,), and labels that follow them."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0, 1, n)
    return p, (rng.random(n) > p).astype(int)


def test_a_mean_of_three_values_by_hand():
    """1, 2, 6: mean 3, sample deviation √7, standard error √(7/3), of which t takes 4.302653."""
    found = mean_estimate(np.array([1.0, 2.0, 6.0]))
    half = 4.302653 * sqrt(7 / 3)
    assert (found.value, found.low, found.high) == pytest.approx((3, 3 - half, 3 + half), rel=1e-6)


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_the_interval_of_a_mean_is_that_of_scipy(confidence):
    """Student's, for any confidence."""
    values = np.random.default_rng(0).normal(size=20)
    low, high = stats.t.interval(confidence, 19, values.mean(), stats.sem(values))
    found = mean_estimate(values, confidence=confidence)
    assert (found.low, found.high) == pytest.approx((low, high))


def test_several_intervals_are_each_as_wide_as_one_of_a_higher_confidence():
    """Ten at 95 % together are each at 99.5 %."""
    values = np.random.default_rng(1).normal(size=30)
    assert mean_estimate(values, comparisons=10) == mean_estimate(values, confidence=1 - 0.05 / 10)
    bins = reliability_bins(two_class(calibrated(100, 0)[0]), calibrated(100, 0)[1])
    assert binned_estimate(bins, comparisons=10) == binned_estimate(bins, confidence=1 - 0.05 / 10)


def test_one_value_says_nothing_of_the_others():
    """Its interval is all there is; equal values leave none."""
    assert mean_estimate(np.array([0.3])) == Estimate(0.3, -inf, inf)
    assert mean_estimate(np.full(5, 0.25)) == Estimate(0.25, 0.25, 0.25)
    bins = reliability_bins(np.array([[0.8, 0.2]]), np.array([0]))
    assert binned_estimate(bins) == Estimate(pytest.approx(0.2), 0.0, inf)


def test_truth_values_are_taken_as_zeros_and_ones():
    """A share is the mean of them."""
    assert mean_estimate(np.array([True, False, True, True])).value == 0.75


@pytest.mark.parametrize("quantity", ["confidence", "uncertainty"])
def test_what_examples_contribute_averages_to_the_error(quantity):
    """Each adds its residual in the direction of its bin's gap, which of some examples is less than nothing."""
    p, labels = calibrated(200, 2)
    bins = reliability_bins(two_class(p), labels, quantity=quantity)
    assert bins.contribution.shape == (200,)
    assert bins.contribution.mean() == pytest.approx(bins.error)
    assert (bins.contribution < 0).any()
    np.testing.assert_allclose(np.abs(bins.contribution), np.abs(bins.residual))


def test_the_interval_of_an_error_by_hand():
    """Ten examples at 0.8, all right: each contributes 0.2. Three wrong ones at 0.6 beside them contribute 0.6."""
    probs, labels = two_class(np.r_[np.full(10, 0.8), np.full(3, 0.6)]), np.r_[np.zeros(10, int), np.ones(3, int)]
    found = binned_estimate(reliability_bins(probs, labels))
    low, high = stats.t.interval(0.95, 12, 3.8 / 13, stats.sem([0.2] * 10 + [0.6] * 3))
    assert (found.value, found.low, found.high) == pytest.approx((3.8 / 13, low, high))


def test_the_interval_of_an_error_is_as_wide_as_drawing_examples_again_has_it():
    """Half of it over 1.96 is about the deviation of the error under resampling with replacement."""
    rng = np.random.default_rng(6)
    p, _ = calibrated(400, 5)
    probs, labels = two_class(p), (rng.random(400) > 0.5 + (p - 0.5) / 3).astype(int)
    errors = [reliability_bins(probs[i], labels[i]).error for i in rng.integers(0, 400, (400, 400))]
    found = binned_estimate(reliability_bins(probs, labels))
    assert 0.9 * np.std(errors) < (found.high - found.value) / 1.96 < 1.4 * np.std(errors)


def test_an_error_is_not_below_zero():
    """However wide its interval."""
    p, labels = calibrated(30, 8)
    assert binned_estimate(reliability_bins(two_class(p), labels), confidence=0.9999).low == 0


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 2])
def test_a_confidence_is_between_zero_and_one(confidence):
    """The message names it."""
    with pytest.raises(ValueError, match=rf"confidence is {confidence}; it must be above 0 and below 1"):
        mean_estimate(np.arange(3.0), confidence=confidence)


def test_at_least_one_is_looked_at():
    """The message names the number."""
    with pytest.raises(ValueError, match="comparisons is 0; at least 1"):
        mean_estimate(np.arange(3.0), comparisons=0)


@pytest.mark.parametrize("values", [np.zeros(0), np.zeros((2, 2)), np.array(1.0)])
def test_values_are_a_row_of_at_least_one(values):
    """The message names the shape that came."""
    with pytest.raises(ValueError, match=r"values must have shape \(N,\) with N at least 1; got"):
        mean_estimate(values)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_values_are_finite(wrong):
    """The message names what is not."""
    with pytest.raises(ValueError, match=f"values must be finite; got {wrong}"):
        mean_estimate(np.array([1.0, wrong]))
