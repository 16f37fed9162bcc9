"""The bound on a mean of bounded values: by hand, at its ends, and how often it errs."""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np
import pytest

from uncertainty.bounded import mean_bound


def test_the_bound_is_its_formula():
    """Of 0 and 1 the sample variance is ½: 0.5 + √(2 · ½ · ln 40 / 2) + 7 ln 40 / 3."""
    assert mean_bound(np.array([0.0, 1.0]), 0, 1) == pytest.approx(0.5 + sqrt(log(40) / 2) + 7 * log(40) / 3)


def test_the_bound_moves_and_grows_with_its_values():
    """Shifted values have the shifted bound, stretched ones the stretched one."""
    values = np.random.default_rng(0).random(50)
    bound = mean_bound(values, 0, 1)
    assert mean_bound(values + 3, 3, 4) == pytest.approx(bound + 3)
    assert mean_bound(2 * values, 0, 2) == pytest.approx(2 * bound)


def test_of_one_value_nothing_is_known():
    """It has no variance."""
    assert mean_bound(np.array([0.5]), 0, 1) == inf


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_the_bound_errs_in_no_more_than_it_says(share):
    """Of 2,000 draws of 300 values, of the kind that accuracy losses are, at most 5 % have a bound below the mean."""
    values = -(np.random.default_rng(1).random((2000, 300)) < share).astype(float)
    assert np.mean([mean_bound(each, -1, 1) < -share for each in values]) <= 0.05


@pytest.mark.parametrize("values", [[-0.1, 0.5], [0.5, 1.1]])
def test_values_outside_of_the_range_are_refused(values):
    """With the range."""
    with pytest.raises(ValueError, match="they must be from 0 to 1"):
        mean_bound(np.array(values), 0, 1)


def test_a_range_without_a_width_is_refused():
    """Nothing can vary in it."""
    with pytest.raises(ValueError, match="they must be from 1 to 1"):
        mean_bound(np.ones(3), 1, 1)
