"""The Wilson interval: by hand, at its edges, under its symmetry, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from uncertainty.proportion import wilson_interval

few = settings(max_examples=60, deadline=None)

Z = 1.959963984540054  # the 97.5 % quantile of the normal distribution


def counts(largest=10_000):
    """A number of trials and the successes among them."""
    return st.integers(1, largest).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_half_of_eight():
    """For 4 of 8 the interval is ½ ± z / (2 √(n + z²))."""
    half_width = Z / (2 * np.sqrt(8 + Z**2))
    assert wilson_interval(4, 8) == pytest.approx((0.5 - half_width, 0.5 + half_width))
    assert wilson_interval(4, 8) == pytest.approx((0.2152, 0.7848), abs=1e-4)


def test_none_and_all():
    """No success in n leaves (0, z² / (n + z²)), so that a share of 0 or 1 has a width too."""
    assert wilson_interval(0, 10) == pytest.approx((0, Z**2 / (10 + Z**2)))
    assert wilson_interval(10, 10) == pytest.approx((10 / (10 + Z**2), 1))


@pytest.mark.parametrize("n", [1, 3, 10, 12_345])
@pytest.mark.parametrize("confidence", [0.5, 0.68, 0.95, 0.999])
def test_the_ends_are_exact(n, confidence):
    """Rounding never leaves a lower end a little off 0 or an upper end a little off 1."""
    assert wilson_interval(0, n, confidence)[0] == 0
    assert wilson_interval(n, n, confidence)[1] == 1


def test_nothing_counted():
    """Of no trials nothing is known."""
    assert wilson_interval(0, 0) == (0, 1)


def test_arrays_are_intervals_one_by_one():
    """Arrays of counts, empty bins among them, give what each pair of counts gives; one n serves all."""
    successes, n = np.array([0, 3, 7, 0]), np.array([0, 10, 7, 5])
    low, high = wilson_interval(successes, n)
    assert list(zip(low, high, strict=True)) == [
        wilson_interval(int(k), int(m)) for k, m in zip(successes, n, strict=True)
    ]
    np.testing.assert_array_equal(wilson_interval(successes, 7), wilson_interval(successes, np.full(4, 7)))


def test_two_counts_give_two_floats():
    """Plain numbers come out as plain numbers, to be written and compared."""
    assert [type(end) for end in wilson_interval(3, 4)] == [float, float]


@given(counts())
@few
def test_failures_have_the_mirrored_interval(case):
    """The interval of the failures is one minus that of the successes, and the share lies inside."""
    k, n = case
    low, high = wilson_interval(k, n)
    assert wilson_interval(n - k, n) == pytest.approx((1 - high, 1 - low))
    assert 0 <= low <= k / n <= high <= 1


@given(counts(200))
@few
def test_more_evidence_or_less_confidence_narrows(case):
    """Ten times the trials, or a lower confidence, give a shorter interval."""

    def width(*arguments):
        low, high = wilson_interval(*arguments)
        return high - low

    k, n = case
    assert width(10 * k, 10 * n) < width(k, n)
    assert width(k, n, 0.68) < width(k, n, 0.95) < width(k, n, 0.99)


@given(counts(), st.floats(0.01, 0.9999))
@few
def test_the_interval_agrees_with_scipy(case, confidence):
    """SciPy's Wilson interval without continuity correction is the same."""
    expected = binomtest(*case).proportion_ci(confidence, method="wilson")
    assert wilson_interval(*case, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


# Bad input


@pytest.mark.parametrize(("successes", "n", "got"), [(5, 4, "5 out of 4"), ([0, 3], 2, "3 out of 2")])
def test_more_successes_than_trials_are_refused(successes, n, got):
    """The message names the first pair that cannot be."""
    with pytest.raises(ValueError, match=f"successes must be at most n; got {got}"):
        wilson_interval(successes, n)


@pytest.mark.parametrize("value", [-1, 0.93, np.nan, np.inf], ids=["negative", "share", "nan", "infinite"])
def test_what_is_no_count_is_refused(value):
    """A share in the place of a count would give an interval around the wrong number."""
    with pytest.raises(ValueError, match=rf"successes must be counts, whole and not negative; got {value}"):
        wilson_interval(value, 10)
    with pytest.raises(ValueError, match=rf"n must be counts, whole and not negative; got {value}"):
        wilson_interval([0, 0], [3, value])


@pytest.mark.parametrize("confidence", [0, 1, 95, -0.5, np.nan])
def test_a_confidence_outside_zero_and_one_is_refused(confidence):
    """The message names the confidence; 95 is not 95 %."""
    with pytest.raises(ValueError, match=rf"confidence is {confidence}; it must be above 0 and below 1"):
        wilson_interval(1, 2, confidence)
