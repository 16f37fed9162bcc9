"""Selective prediction: curves by hand, ties against all their orders, and thresholds at their edges."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.rejection import Kept, aurc, best_aurc, keep, risk_coverage, threshold_for

few = settings(max_examples=40, deadline=None)


@st.composite
def cases(draw, largest=25):
    """Scores of few values, so that most are tied, and which predictions are wrong."""
    n = draw(st.integers(1, largest))
    scores = draw(st.lists(st.integers(-2, 2), min_size=n, max_size=n))
    wrong = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(scores), np.array(wrong)


def over_all_orders(scores, wrong):
    """AURC with ties by brute force: the mean over every order of the examples that sorts the scores."""
    n = len(scores)
    orders = [order for order in permutations(range(n)) if (np.diff(scores[list(order)]) >= 0).all()]
    return np.mean([np.cumsum(wrong[list(order)]) / np.arange(1, n + 1) for order in orders])


# Risk and coverage


def test_risk_and_coverage_of_five_examples():
    """Equal scores enter together, and risk is the error rate among what has entered."""
    curve = risk_coverage([0.3, 0.1, 0.3, 0.9, 0.2], [True, False, False, True, False])
    # 0.1: one kept, none wrong; 0.2: two, none; 0.3: four, one wrong; 0.9: five, two wrong
    np.testing.assert_allclose(curve.thresholds, [0.1, 0.2, 0.3, 0.9])
    np.testing.assert_allclose(curve.coverage, [0.2, 0.4, 0.8, 1.0])
    np.testing.assert_allclose(curve.risk, [0, 0, 1 / 4, 2 / 5])


@given(cases())
@few
def test_risk_at_full_coverage_is_the_error_rate(case):
    """The curve ends where everything is kept, and each point is what its threshold keeps."""
    scores, wrong = case
    curve = risk_coverage(scores, wrong)
    assert (curve.coverage[-1], curve.risk[-1]) == (1, wrong.mean())
    for threshold, coverage, risk in zip(curve.thresholds, curve.coverage, curve.risk, strict=True):
        kept = scores <= threshold
        assert (coverage, risk) == (kept.mean(), wrong[kept].mean())


# AURC


def test_aurc_of_four_examples():
    """AURC is the mean of the risks of the one, two, three and four most certain examples."""
    # in order of certainty: right, wrong, right, wrong → risks 0, 1/2, 1/3, 2/4
    assert aurc([0.4, 0.1, 0.2, 0.3], [True, False, True, False]) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)


def test_aurc_of_a_tie():
    """A right and a wrong prediction of the same score share their two places half and half."""
    # right, then the tied pair: risks 0, (1/2)/2, 1/3
    assert aurc([0, 1, 1], [False, True, False]) == pytest.approx((0 + 1 / 4 + 1 / 3) / 3)


@given(cases(largest=6))
@few
def test_aurc_agrees_with_all_orders_of_the_ties(case):
    """The closed form is the average over every order in which equal scores can stand."""
    assert aurc(*case) == pytest.approx(over_all_orders(*case))


@given(cases(), st.randoms(use_true_random=False))
@few
def test_aurc_does_not_depend_on_the_order_of_the_examples(case, random):
    """Shuffled examples, and scores under a rising function, have the same AURC."""
    scores, wrong = case
    order = random.sample(range(len(scores)), len(scores))
    assert aurc(np.exp(scores[order]), wrong[order]) == aurc(scores, wrong)


@pytest.mark.parametrize("wrong", [[True], [False], [True, False, False, True, False]])
def test_aurc_of_a_constant_score_is_the_error_rate(wrong):
    """A score that ranks nothing cannot lower the risk by refusing."""
    assert aurc(np.zeros(len(wrong)), wrong) == pytest.approx(np.mean(wrong))


def test_aurc_has_a_direction():
    """Uncertainty that is high on the errors is better than uncertainty that is low on them."""
    wrong = np.array([False, False, True])
    # errors last: 0, 0, 1/3; errors first: 1, 1/2, 1/3
    assert aurc([1, 2, 3], wrong) == pytest.approx(1 / 9)
    assert aurc([3, 2, 1], wrong) == pytest.approx(11 / 18)


def test_best_aurc_of_four_examples():
    """A perfect ranking refuses both errors first: risks 0, 0, 1/3, 2/4."""
    assert best_aurc([True, False, True, False]) == pytest.approx((1 / 3 + 1 / 2) / 4)


@given(cases(largest=6))
@few
def test_no_ranking_is_better_than_the_best(case):
    """Over every possible ranking of the examples, the least AURC is the best one."""
    _, wrong = case
    least = min(aurc(np.array(ranks), wrong) for ranks in permutations(range(len(wrong))))
    assert best_aurc(wrong) == pytest.approx(least)


def test_all_right_and_all_wrong():
    """Without errors the area is 0, with nothing else it is 1, however the scores rank."""
    assert aurc([1, 2, 2], [False] * 3) == best_aurc([False] * 3) == 0
    assert aurc([1, 2, 2], [True] * 3) == best_aurc([True] * 3) == 1


# Thresholds


@pytest.mark.parametrize(
    ("refused", "threshold"), [(0, 4), (0.19, 4), (0.2, 3), (0.4, 3), (0.59, 3), (0.6, 1), (0.99, 1), (1, -np.inf)]
)
def test_threshold_for_five_scores(refused, threshold):
    """As many are refused as the share allows: the tied pair goes when there is room for both."""
    # refused above 4: none; above 3: one in five; above 1: three in five; above −∞: all
    assert threshold_for([3, 1, 4, 1, 3], refused) == threshold


@pytest.mark.parametrize("n", [10, 100, 150])
def test_the_threshold_refuses_every_whole_percent_exactly(n):
    """0.29 of 100 scores are 29 of them, though 0.29 · 100 falls short of 29 in floating point."""
    scores = np.random.default_rng(0).permutation(n)
    for percent in range(101):
        assert (scores > threshold_for(scores, percent / 100)).sum() == percent * n // 100


@given(cases(), st.floats(0, 1))
@few
def test_the_threshold_refuses_at_most_the_share_and_no_less_than_ties_allow(case, refused):
    """The share refused is legal, and refusing the next lower score as well would be too much."""
    scores, _ = case
    threshold = threshold_for(scores, refused)
    assert np.mean(scores > threshold) <= refused
    kept = scores <= threshold
    if kept.any():
        assert np.mean(scores >= scores[kept].max()) > refused


def test_refusing_nothing_keeps_infinite_scores():
    """The threshold for a share of 0 is the largest score, though it be infinite."""
    assert threshold_for([0.0, np.inf, np.inf], 0) == np.inf
    assert threshold_for([0.0, np.inf, np.inf], 0.7) == 0


# Kept and refused


def test_what_a_threshold_keeps():
    """A score at the threshold is kept, one above is refused, and accuracy is that of the kept ID examples."""
    kept = keep([0.1, 0.2, 0.3, 0.4], [False, True, False, True], [0.3, 0.5, 0.9], 0.3)
    assert kept == Kept(id_kept=3, id_refused=1, ood_kept=1, ood_refused=2, accuracy=pytest.approx(2 / 3))


def test_keeping_nothing_has_no_accuracy():
    """The accuracy of no predictions is NaN, without a warning."""
    kept = keep([1.0, 2.0], [False, False], [0.5], 0.7)
    assert (kept.id_kept, kept.id_refused, kept.ood_kept, kept.ood_refused) == (0, 2, 1, 0)
    assert np.isnan(kept.accuracy)


@given(cases())
@few
def test_keep_agrees_with_the_curve(case):
    """At each threshold of the risk–coverage curve the counts give its coverage, and the accuracy is 1 − risk."""
    curve = risk_coverage(*case)
    for threshold, coverage, risk in zip(curve.thresholds, curve.coverage, curve.risk, strict=True):
        kept = keep(*case, [0.0], threshold)
        assert (kept.id_kept / len(case[0]), kept.accuracy) == pytest.approx((coverage, 1 - risk))


def test_infinite_thresholds_keep_all_and_none():
    """The two ends of the slider: everything is answered, or nothing is."""
    case = [1.0, 2.0], [True, False], [3.0]
    assert keep(*case, np.inf) == Kept(2, 0, 1, 0, 0.5)
    assert keep(*case, threshold_for(case[0], 1)).id_refused == 2


# Bad input


@pytest.mark.parametrize("function", [risk_coverage, aurc], ids=["risk_coverage", "aurc"])
def test_scores_and_errors_that_do_not_belong_are_refused(function):
    """There is one score and one True or False for each example, at least one, and no NaN."""
    with pytest.raises(ValueError, match=r"scores must have shape \(N,\) with N at least 1; got \(0,\)"):
        function([], np.zeros(0, bool))
    with pytest.raises(ValueError, match=r"scores must be numbers.*entry 0 is nan"):
        function([np.nan], [True])
    with pytest.raises(ValueError, match=r"wrong must have shape \(2,\) as there are 2 scores; got \(1,\)"):
        function([0, 1], [True])
    with pytest.raises(ValueError, match=r"wrong must have shape \(N,\) with N at least 1; got \(1, 2\)"):
        function([0, 1], [[True, False]])


@pytest.mark.parametrize("wrong", [[0, 1], [0.5, 0.5]], ids=["labels", "probabilities"])
def test_errors_that_are_no_truth_values_are_refused(wrong):
    """Labels in the place of errors would be counted without complaint."""
    with pytest.raises(ValueError, match=r"wrong must be True or False for each example; got (int|float)64"):
        aurc([0, 1], wrong)
    with pytest.raises(ValueError, match=r"wrong must be True or False for each example; got (int|float)64"):
        best_aurc(wrong)


@pytest.mark.parametrize("refused", [-0.01, 1.01, 30, np.nan])
def test_a_share_outside_zero_and_one_is_refused(refused):
    """The message names the share; 30 is not 30 %."""
    with pytest.raises(ValueError, match=rf"refused is {refused}; it is a share and must be from 0 to 1"):
        threshold_for([1.0], refused)


def test_keep_names_the_argument_it_refuses():
    """Each message says whether it is the ID or the OOD examples, or the threshold, that cannot be."""
    with pytest.raises(ValueError, match="id_scores must be numbers"):
        keep([np.nan], [True], [1.0], 0)
    with pytest.raises(ValueError, match=r"id_wrong must have shape \(1,\) as there are 1 scores"):
        keep([1.0], [True, False], [1.0], 0)
    with pytest.raises(ValueError, match="id_wrong must be True or False"):
        keep([1.0], [3], [1.0], 0)
    with pytest.raises(ValueError, match=r"ood_scores must have shape \(N,\) with N at least 1"):
        keep([1.0], [True], [], 0)
    with pytest.raises(ValueError, match="threshold is nan"):
        keep([1.0], [True], [1.0], np.nan)
