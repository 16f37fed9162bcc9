"""Verdicts over seeds: differences and Holm's procedure by hand, SciPy as oracle, and how often they are wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from uncertainty.verdict import FEWEST, Verdict, verdicts

BEFORE = np.array([1.0, 2.0, 3.0, 4.0, 5.0])


def test_one_difference_by_hand():
    """Changes 1, 2, 3, 4, 5: mean 3, deviation √2.5, standard error √0.5; Student's 2.776 with four degrees."""
    (found,) = verdicts(BEFORE, [BEFORE + BEFORE])
    assert found.value == 3
    assert (found.low, found.high) == pytest.approx((3 - 2.776445 * 0.5**0.5, 3 + 2.776445 * 0.5**0.5))
    assert found.least == pytest.approx(2.776445 * 0.5**0.5)
    assert (found.runs, found.told, found.direction) == (5, True, 1)


def test_p_is_that_of_the_paired_test():
    """SciPy's, where there is one comparison."""
    rng = np.random.default_rng(0)
    before, after = rng.normal(size=(2, 10))
    assert verdicts(before, [after])[0].p == pytest.approx(ttest_rel(after, before).pvalue)


def of_p(*ps: float, n: int = 10) -> list[np.ndarray]:
    """Changes whose uncorrected p are these: of mean t/√n·s with deviation s = 1."""
    from scipy.special import stdtrit

    base = np.tile([-1.0, 1.0], n // 2)
    base /= base.std(ddof=1)
    return [base - stdtrit(n - 1, p / 2) / np.sqrt(n) for p in ps]


def test_holm_by_hand():
    """0.01 is held at 0.05/4; 0.02 at 0.05/3 and fails, and with it 0.024, which 0.05/2 would have let pass."""
    found = verdicts(np.zeros(10), of_p(0.024, 0.01, 0.5, 0.02))
    assert [each.p for each in found] == pytest.approx([0.06, 0.04, 0.5, 0.06])
    assert [each.told for each in found] == [False, True, False, False]


def test_holm_steps_down():
    """All four pass: 4 × 0.01, 3 × 0.015, 2 × 0.02, 0.04, each no less than the one before."""
    found = verdicts(np.zeros(10), of_p(0.01, 0.015, 0.02, 0.04))
    assert [each.p for each in found] == pytest.approx([0.04, 0.045, 0.045, 0.045])
    assert all(each.told for each in found)


@given(st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=12))
def test_the_interval_says_what_the_corrected_p_says(ps):
    """It excludes zero exactly where p is at most 0.05."""
    for each in verdicts(np.zeros(10), of_p(*ps)):
        if abs(each.p - 0.05) > 1e-9:
            assert each.told == (each.p < 0.05)


def test_order_of_runs_and_of_comparisons_decides_nothing():
    """Nor does a constant that every run has more."""
    rng = np.random.default_rng(1)
    before, afters = rng.normal(size=8), rng.normal(size=(5, 8))
    found, order, columns = verdicts(before, afters), rng.permutation(8), rng.permutation(5)
    again = verdicts(before[order] + 7, [row[order] + 7 for row in afters[columns]])
    for one, other in zip([found[i] for i in columns], again, strict=True):
        assert (one.value, one.low, one.high, one.p) == pytest.approx((other.value, other.low, other.high, other.p))


def test_runs_that_one_of_both_has_not_are_left_out():
    """And where fewer than enough are left nothing is told."""
    after = np.where([True, True, True, True, False], BEFORE + 1, np.nan)
    (few,) = verdicts(BEFORE, [after])
    assert (few.runs, few.value, few.told, few.p, few.low) == (4, 1.0, False, 1.0, -np.inf)
    (all_but_one,) = verdicts(np.append(BEFORE, 6.0), [np.append(after, 9.0)])
    assert (all_but_one.runs, all_but_one.value) == (5, pytest.approx(1.4))
    (none,) = verdicts(BEFORE, [BEFORE * np.nan])
    assert (none.runs, none.told, np.isnan(none.value)) == (0, False, True)


def test_equal_changes_are_certain_only_where_there_are_enough():
    """Always the same change is told, no change is none."""
    same, none = verdicts(BEFORE, [BEFORE + 1, BEFORE])
    assert (same.told, same.p, same.low, same.high) == (True, 0.0, 1.0, 1.0)
    assert (none.told, none.p, none.direction) == (False, 1.0, 0)
    assert not verdicts(BEFORE[: FEWEST - 1], [BEFORE[: FEWEST - 1] + 1])[0].told


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ([1.0, 2.0], [1.0], "before has 2 runs"),
        ([np.inf], [1.0], "finite"),
        ([], [], "shape"),
        ([1.0], [[1.0]], "shape"),
    ],
)
def test_what_cannot_be_compared_is_refused(before, after, words):
    """With what is wrong about it."""
    with pytest.raises(ValueError, match=words):
        verdicts(np.array(before), [np.array(after)])


DRAWS = {
    "normal": lambda rng, size: rng.normal(size=size),
    "uniform": lambda rng, size: rng.uniform(-1, 1, size),
    "laplace": lambda rng, size: rng.laplace(size=size),
}


@pytest.mark.parametrize("name", DRAWS)
def test_intervals_hold_the_truth_as_often_as_they_say(name):
    """Of 2,000 studies with ten seeds 93 to 97 % have the true difference in their interval."""
    changes = DRAWS[name](np.random.default_rng(0), (2000, 10)) + 0.3
    found = [verdicts(np.zeros(10), [change])[0] for change in changes]
    assert 0.93 <= np.mean([each.low <= 0.3 <= each.high for each in found]) <= 0.97


@pytest.mark.parametrize("name", DRAWS)
def test_where_nothing_differs_something_is_told_in_at_most_one_study_of_twenty(name):
    """1,000 studies of 70 comparisons that share seeds and the network they are compared with."""
    rng, draw = np.random.default_rng(0), DRAWS[name]
    wrong = 0
    for _ in range(1000):
        seeds = draw(rng, 10)
        before, afters = seeds + draw(rng, 10) / 2, seeds + draw(rng, (70, 10)) / 2
        wrong += any(each.told for each in verdicts(before, afters))
    assert wrong <= 50


def test_without_comparisons_there_are_no_verdicts():
    """Nothing compared, nothing told."""
    assert verdicts(BEFORE, []) == []
    assert isinstance(verdicts(BEFORE, [BEFORE])[0], Verdict)
