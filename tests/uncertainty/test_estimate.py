"""Intervals around means and calibration errors: by hand, against SciPy, and by how often they hold."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from scipy import stats

from uncertainty.calibration import reliability_bins
from uncertainty.estimate import Estimate, binned_estimate, by_bin, drawn_means, mean_estimate


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


def test_what_a_bin_gains_from_each_example_adds_up_to_its_gap():
    """Σ_b |mean over all N of what is in bin b| is the binned error, and each example is in one bin."""
    p, labels = calibrated(200, 2)
    bins = reliability_bins(two_class(p), labels)
    parts = by_bin(bins)
    assert parts.shape == (200, len(bins.count))
    assert ((parts != 0).sum(axis=1) <= 1).all()
    assert np.abs(parts.mean(axis=0)).sum() == pytest.approx(bins.error)


def test_drawn_means_have_the_mean_and_covariance_of_means():
    """Over many draws: the values' means, and their covariance over N."""
    rng = np.random.default_rng(3)
    values = rng.normal(size=(50, 3)) @ np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    drawn = drawn_means(values, 0, n_draws=200_000)
    np.testing.assert_allclose(drawn.mean(axis=0), values.mean(axis=0), atol=2e-3)
    np.testing.assert_allclose(np.cov(drawn, rowvar=False), np.cov(values, rowvar=False) / 50, atol=3e-4)


def test_the_same_seed_draws_the_same():
    """And another one others; the interval of an error moves little."""
    p, labels = calibrated(300, 4)
    bins = reliability_bins(two_class(p), labels)
    assert binned_estimate(bins, seed=1) == binned_estimate(bins, seed=1)
    one, other = binned_estimate(bins, seed=1), binned_estimate(bins, seed=2)
    assert one != other
    assert one.high - one.value == pytest.approx(other.high - other.value, rel=0.2)


def test_a_bootstrap_of_an_error_has_the_spread_of_drawing_examples_again():
    """The interval's half width over 1.96 is the deviation of the error under resampling with replacement."""
    p, _ = calibrated(400, 5)
    probs, labels = two_class(p), (np.random.default_rng(6).random(400) > 0.5 + (p - 0.5) / 3).astype(int)
    rng = np.random.default_rng(7)
    errors = [reliability_bins(probs[i], labels[i]).error for i in rng.integers(0, 400, (600, 400))]
    found = binned_estimate(reliability_bins(probs, labels))
    assert (found.high - found.value) / 1.96 == pytest.approx(np.std(errors), rel=0.2)


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
