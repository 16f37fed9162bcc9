"""Differences of two networks on the same examples: by hand, against SciPy, and how often none is told as one."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pytest
from scipy import stats

from uncertainty.calibration import reliability_bins
from uncertainty.paired import Difference, binned_difference, mean_difference


def two_class(p: np.ndarray) -> np.ndarray:
    return np.column_stack([p, 1 - p])


def turned(gained: int, lost: int, same: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth values before and after: so many that come to be true, cease to be, and stay."""
    before = np.r_[np.zeros(gained), np.ones(lost), np.ones(same)].astype(bool)
    after = np.r_[np.ones(gained), np.zeros(lost), np.ones(same)].astype(bool)
    return before, after


@pytest.mark.parametrize(
    ("low", "high", "direction"), [(0.1, 0.2, 1), (-0.2, -0.1, -1), (-0.1, 0.2, 0), (0.0, 0.2, 0), (-0.2, 0.0, 0)]
)
def test_a_difference_is_told_where_its_interval_excludes_zero(low, high, direction):
    """An interval that begins or ends at zero holds it."""
    difference = Difference(0.1, low, high)
    assert difference.direction == direction
    assert difference.told == (direction != 0)


def test_a_difference_of_means_by_hand():
    """Changes 1, 2, 6: mean 3, and 4.302653 standard errors of √(7/3) to either side."""
    found = mean_difference(np.array([1.0, 1.0, 1.0]), np.array([2.0, 3.0, 7.0]))
    half = 4.302653 * sqrt(7 / 3)
    assert (found.value, found.low, found.high) == pytest.approx((3, 3 - half, 3 + half), rel=1e-6)


def test_a_difference_of_means_is_the_paired_one_of_scipy():
    """And so is whether it is told: the p-value is below 1 − confidence."""
    rng = np.random.default_rng(0)
    before = rng.normal(size=40)
    after = before + rng.normal(0.1, 0.3, 40)
    test = stats.ttest_rel(after, before)
    found = mean_difference(before, after)
    low, high = test.confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.told == (test.pvalue < 0.05)
    assert mean_difference(before, after, confidence=1 - test.pvalue * 0.99).told is False
    assert mean_difference(before, after, confidence=1 - test.pvalue * 1.01).told is True


def test_what_is_hard_about_an_example_cancels():
    """A small shift that all share is told, though the examples differ a hundred times as much."""
    before = np.random.default_rng(1).normal(0, 1, 50)
    after = before + np.random.default_rng(2).normal(0.01, 0.01, 50)
    assert mean_difference(before, after).direction == 1
    assert mean_difference(after, before).direction == -1
    assert not mean_difference(before, np.roll(after, 1)).told


def test_shares_are_compared_as_if_one_more_example_had_changed_to_either_side():
    """Six of 150 gained, none lost: centre 6/152, share changed 8/152 (Bonett & Price 2012)."""
    found = mean_difference(*turned(6, 0, 144))
    half = 1.959964 * sqrt((8 / 152 - (6 / 152) ** 2) / 152)
    assert (found.value, found.low, found.high) == pytest.approx((6 / 150, 6 / 152 - half, 6 / 152 + half))


@pytest.mark.parametrize(
    ("gained", "lost"), [(0, 0), (1, 0), (3, 0), (5, 0), (6, 0), (9, 1), (12, 4), (20, 8), (9, 4)]
)
def test_shares_are_told_apart_where_an_exact_test_does(gained, lost):
    """McNemar's: that so uneven a split of the changed examples has a probability below 5 %."""
    found = mean_difference(*turned(gained, lost, 150 - gained - lost))
    exact = stats.binomtest(gained, gained + lost).pvalue < 0.05 if gained + lost else False
    assert found.told == exact
    mirrored = mean_difference(*reversed(turned(gained, lost, 150 - gained - lost)))
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))


def test_no_change_is_none_that_could_be_told():
    """The interval of equal values is zero alone; that of shares is as wide as so many examples leave it."""
    values = np.random.default_rng(3).normal(size=150)
    assert mean_difference(values, values) == Difference(0, 0, 0)
    shares = mean_difference(values > 0, values > 0)
    assert shares.value == 0
    assert shares.low == -shares.high < -0.01
    bins = reliability_bins(two_class(np.linspace(0, 1, 150)), np.zeros(150, int))
    assert binned_difference(bins, bins) == Difference(0, 0, 0)
    assert not binned_difference(bins, bins).told


def test_a_share_stays_within_one():
    """Everything gained by two examples: no more than all."""
    found = mean_difference(*turned(2, 0, 0))
    assert found.value == found.high == 1


def test_one_example_tells_nothing():
    """Its interval is infinite."""
    assert mean_difference(np.array([0.1]), np.array([0.4])) == Difference(pytest.approx(0.3), -inf, inf)
    before, after = (reliability_bins(two_class(np.array([p])), np.array([0])) for p in (0.6, 0.9))
    found = binned_difference(before, after)
    assert found == Difference(pytest.approx(-0.3), -inf, inf)
    assert not found.told


def test_a_difference_of_errors_by_hand():
    """Of 1000 examples 800 are right. At 0.9 each contributes 0.9 less that; at 0.75 that less 0.75.

    Per example the contribution changes by 2 · right − 1.65: on average −0.05, with deviation 2 · √(0.8 · 0.2).
    """
    labels = np.r_[np.zeros(800, int), np.ones(200, int)]
    sure, timid = (reliability_bins(two_class(np.full(1000, p)), labels) for p in (0.9, 0.75))
    found = binned_difference(sure, timid)
    half = 1.9623415 * 2 * sqrt(0.8 * 0.2 / 999)
    assert (found.value, found.low, found.high) == pytest.approx((-0.05, -0.05 - half, -0.05 + half), abs=1e-7)
    assert found.direction == -1
    back = binned_difference(timid, sure)
    assert (back.value, back.low, back.high) == pytest.approx((0.05, -found.high, -found.low))


def test_the_spread_of_a_difference_is_that_of_drawing_examples_again():
    """Both errors of the same resampled examples."""
    rng = np.random.default_rng(4)
    truth = rng.uniform(0, 1, 600)
    labels = (rng.random(600) > truth).astype(int)
    dense, pruned = two_class(np.clip(1.4 * (truth - 0.5) + 0.5, 0, 1)), two_class(0.5 + 0.5 * (truth - 0.5))
    draws = rng.integers(0, 600, (400, 600))
    errors = np.array([[reliability_bins(p[i], labels[i]).error for p in (dense, pruned)] for i in draws])
    found = binned_difference(reliability_bins(dense, labels), reliability_bins(pruned, labels))
    assert 0.9 * np.diff(errors).std() < (found.high - found.value) / 1.96 < 1.3 * np.diff(errors).std()


def test_bins_of_a_posterior_are_compared_as_those_of_labels():
    """With the posterior there is no chance in the outcomes, so a smaller difference is told."""
    truth = np.random.default_rng(5).uniform(0, 1, 400)
    labels = (np.random.default_rng(6).random(400) > truth).astype(int)
    near, far = two_class(0.5 + 0.97 * (truth - 0.5)), two_class(0.5 + 0.85 * (truth - 0.5))
    exact = binned_difference(*(reliability_bins(p, two_class(truth)) for p in (near, far)))
    drawn = binned_difference(*(reliability_bins(p, labels) for p in (near, far)))
    assert exact.direction == 1
    assert exact.high - exact.low < (drawn.high - drawn.low) / 3


def test_of_differences_that_are_none_few_are_told():
    """Two networks equally far from calibrated, or equally sure: told in about 5 % of 300 draws of 150 points."""
    rng = np.random.default_rng(7)
    errors, means = 0, 0
    for _ in range(300):
        truth = rng.uniform(0, 1, 150)
        labels = (rng.random(150) > truth).astype(int)
        before, after = (two_class(np.clip(truth + shift, 0, 1)) for shift in (0.1, -0.1))
        errors += binned_difference(*(reliability_bins(p, labels) for p in (before, after))).told
        means += mean_difference(before.max(axis=1), after.max(axis=1)).told
    assert errors <= 27
    assert means <= 27


def test_what_was_asked_other_examples_is_no_pair():
    """The message names both numbers."""
    with pytest.raises(ValueError, match="must be of the same examples; got 3 and 2 of them"):
        mean_difference(np.zeros(3), np.zeros(2))
    three, two = (reliability_bins(np.full((n, 2), 0.5), np.zeros(n, int)) for n in (3, 2))
    with pytest.raises(ValueError, match="must be of the same examples; got 3 and 2 of them"):
        binned_difference(three, two)


def test_the_one_that_is_wrong_is_named():
    """Before or after."""
    with pytest.raises(ValueError, match="after must be finite; got nan"):
        mean_difference(np.zeros(2), np.array([0, np.nan]))
    with pytest.raises(ValueError, match=r"before must have shape \(N,\) with N at least 1; got \(0,\)"):
        mean_difference(np.zeros(0), np.zeros(0))
