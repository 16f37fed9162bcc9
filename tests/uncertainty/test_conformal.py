"""Conformal prediction sets: thresholds by hand, the exact law of their coverage, ties, and against MAPIE."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from uncertainty.conformal import (
    CoverageLaw,
    SetScore,
    calibration_scores,
    coverage,
    coverage_law,
    empty_sets,
    mean_set_size,
    prediction_sets,
    threshold,
)

few = settings(max_examples=40, deadline=None)
every_score = pytest.mark.parametrize("score", list(SetScore))
LAC, APS, RANDOMISED = SetScore.LAC, SetScore.APS, SetScore.APS_RANDOMISED
INF = np.inf


def drawn(n: int, seed: int = 0, n_classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, n_classes), and labels drawn from sharper ones: an under-confident network."""
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(n_classes, 0.7), n)
    return probs, (2 * np.log(probs) + rng.gumbel(size=probs.shape)).argmax(axis=1)


@st.composite
def cases(draw):
    """Probabilities with ties, zeros and ones among them, and labels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(1, 20)), draw(st.integers(1, 5))
    weights = rng.integers(0, 4, shape)
    weights[:, 0] += weights.sum(axis=1) == 0
    return weights / weights.sum(axis=1, keepdims=True), rng.integers(0, shape[1], shape[0])


# Thresholds


@pytest.mark.parametrize(
    ("alpha", "expected"),
    # (n + 1)(1 − α) = 10 (1 − α): the rank, rounded up
    [(0, INF), (0.09, INF), (0.1, 9), (0.11, 9), (0.19, 9), (0.2, 8), (0.5, 5), (0.9, 1), (0.91, 1), (1, -INF)],
)
def test_threshold_of_nine_scores(alpha, expected):
    """The ⌈10 (1 − α)⌉-th smallest; at α below 1/10 there is none, and at 1 none is needed."""
    assert threshold(np.array([3, 1, 2, 9, 8, 7, 4, 6, 5]), alpha) == expected


def test_threshold_of_one_score():
    """One example promises one half and no more."""
    assert [threshold([0.3], alpha) for alpha in (0.49, 0.5, 0.99, 1)] == [INF, 0.3, 0.3, -INF]


@pytest.mark.parametrize("n", [9, 99, 199, 999])
def test_ranks_are_exact_at_every_whole_percent(n):
    """(n + 1)(1 − 0.29) of 99 scores is rank 71, though 100 · 0.29 falls short of 29 in floating point."""
    for percent in range(101):
        assert coverage_law(n, percent / 100).rank == -((n + 1) * (percent - 100) // 100)


def test_equal_scores_are_one_threshold():
    """Ties are no trouble: the quantile is one of the scores."""
    assert threshold([0.2, 0.5, 0.5, 0.5], 0.2) == 0.5
    assert threshold([0.2, 0.5, 0.5, 0.5], 0.8) == 0.2


# Scores


def test_scores_of_one_example():
    """LAC is 1 − p; APS what is at least as probable: 0.5, 0.5 + 0.3 and all of it."""
    probs = np.array([[0.3, 0.5, 0.2]] * 3)
    np.testing.assert_allclose(calibration_scores(probs, [0, 1, 2], LAC), [0.7, 0.5, 0.8])
    np.testing.assert_allclose(calibration_scores(probs, [0, 1, 2], APS), [0.8, 0.5, 1.0])


def test_equally_probable_classes_have_one_score():
    """Neither of two classes at 0.4 is the first: both are as strange as the two together, and those at 0 are 1."""
    probs = np.array([[0.4, 0.2, 0.4, 0.0, 0.0]] * 5)
    np.testing.assert_allclose(calibration_scores(probs, range(5), APS), [0.8, 1.0, 0.8, 1.0, 1.0])
    assert prediction_sets(probs[:1], 0.8, APS).tolist() == [[True, False, True, False, False]]
    assert prediction_sets(probs[:1], 0.79, APS).tolist() == [[False] * 5]


def test_the_least_probable_class_has_a_score_of_exactly_one():
    """Though probabilities seldom sum to it: a set that a threshold of 1 leaves it out of would say all is known."""
    probs, _ = drawn(1000, n_classes=7)
    assert (calibration_scores(probs, probs.argmin(axis=1), APS) == 1).all()
    assert prediction_sets(probs, 1.0, APS).all()


def test_the_randomised_score_lies_between_what_is_above_and_what_is_included():
    """Uniformly: for a class of 0.3 below one of 0.5 from 0.5 to 0.8."""
    n = 4000
    scores = calibration_scores(np.array([[0.3, 0.5, 0.2]] * n), np.zeros(n, int), RANDOMISED)
    assert stats.kstest(scores, "uniform", args=(0.5, 0.3)).pvalue > 0.01


def test_the_randomised_score_of_the_truth_is_uniform():
    """Where labels follow the probabilities, ties among them, it is uniform on [0, 1] (Romano et al. 2020)."""
    rng = np.random.default_rng(0)
    probs = np.array([[0.4, 0.2, 0.4], [0.1, 0.8, 0.1], [1 / 3, 1 / 3, 1 / 3]])[rng.integers(0, 3, 6000)]
    labels = (np.log(probs) + rng.gumbel(size=probs.shape)).argmax(axis=1)
    assert stats.kstest(calibration_scores(probs, labels, RANDOMISED), "uniform").pvalue > 0.01


def test_random_shares_follow_the_seed_and_differ_between_calibration_and_test():
    """The same seed, the same scores; the sets of calibration examples are drawn by other numbers."""
    probs, labels = drawn(50)
    scores = [calibration_scores(probs, labels, RANDOMISED, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert (scores[0] != scores[2]).all()
    own = np.array(
        [prediction_sets(probs, each, RANDOMISED, seed=1)[i, labels[i]] for i, each in enumerate(scores[0])]
    )
    assert not own.all()


# Sets


def test_sets_and_what_is_counted_of_them():
    """LAC at 0.55 holds what is at least 0.45: of three examples one class, two classes and none."""
    probs = np.array([[0.8, 0.1, 0.1], [0.5, 0.45, 0.05], [0.4, 0.3, 0.3]])
    sets = prediction_sets(probs, 0.55)
    assert sets.tolist() == [[True, False, False], [True, True, False], [False, False, False]]
    assert coverage(sets, [0, 1, 0]) == pytest.approx(2 / 3)
    assert mean_set_size(sets) == 1
    assert empty_sets(sets) == 1


@every_score
@given(case=cases())
@few
def test_infinite_thresholds_hold_all_and_none(score, case):
    """α = 0 and α = 1."""
    probs, labels = case
    scores = calibration_scores(probs, labels, score)
    assert prediction_sets(probs, threshold(scores, 0), score).all()
    assert empty_sets(prediction_sets(probs, threshold(scores, 1), score)) == len(probs)


@every_score
@given(case=cases())
@few
def test_sets_are_nested(score, case):
    """A smaller α takes nothing out of any set."""
    probs, labels = case
    scores = calibration_scores(probs, labels, score)
    sets = [prediction_sets(probs, threshold(scores, alpha), score) for alpha in np.linspace(0, 1, 11)]
    for wider, narrower in pairwise(sets):
        assert (wider | ~narrower).all()


@every_score
@given(case=cases(), seed=st.integers(0, 99))
@few
def test_names_of_classes_do_not_matter(score, case, seed):
    """Renumbered classes have the same scores and sets, though many be equally probable."""
    probs, labels = case
    order = np.random.default_rng(seed).permutation(probs.shape[1])
    scores = calibration_scores(probs, labels, score)
    np.testing.assert_array_equal(scores, calibration_scores(probs[:, order], np.argsort(order)[labels], score))
    level = threshold(scores, 0.3)
    np.testing.assert_array_equal(
        prediction_sets(probs, level, score)[:, order], prediction_sets(probs[:, order], level, score)
    )


@pytest.mark.parametrize("score", [LAC, APS])
@given(case=cases(), alpha=st.floats(0, 1))
@few
def test_the_calibration_examples_themselves_are_covered(score, case, alpha):
    """At least the share rank / n of them, and in a set each class as probable as one that is in it."""
    probs, labels = case
    sets = prediction_sets(probs, threshold(calibration_scores(probs, labels, score), alpha), score)
    assert coverage(sets, labels) >= min(coverage_law(len(labels), alpha).rank / len(labels), 1) - 1e-12
    least = np.where(sets, probs, INF).min(axis=1)
    assert (sets | (probs < least[:, None])).all()


def test_a_class_that_is_certain_is_alone():
    """One-hot predictions that are right have scores of 0, and sets of one class."""
    probs = np.eye(4)
    for score, expected in ((LAC, 0), (APS, 1)):
        scores = calibration_scores(probs, range(4), score)
        np.testing.assert_array_equal(scores, expected)
    assert mean_set_size(prediction_sets(probs, threshold(np.zeros(4), 0.2))) == 1


def test_one_class():
    """With a single class each set holds it or nothing."""
    assert calibration_scores(np.ones((2, 1)), [0, 0], APS).tolist() == [1, 1]
    assert prediction_sets(np.ones((2, 1)), 1.0, APS).all()


def test_arguments_are_not_changed():
    """Nor are scores sorted in place."""
    probs, labels = drawn(20)
    scores = calibration_scores(probs, labels, APS)
    before = probs.copy(), scores.copy()
    prediction_sets(probs, threshold(scores, 0.3), APS)
    np.testing.assert_array_equal(probs, before[0])
    np.testing.assert_array_equal(scores, before[1])


# The law of coverage


@pytest.mark.parametrize("score", [LAC, RANDOMISED])
@pytest.mark.parametrize(("n", "m", "alpha"), [(50, 100, 0.1), (19, 30, 0.25)])
def test_coverage_over_2000_splits_follows_its_law(score, n, m, alpha):
    """Calibration and test examples drawn anew: the mean, the law by a χ² test, and how often the interval holds."""
    rng, law, splits = np.random.default_rng(1), coverage_law(n, alpha), 2000
    probs, labels = drawn(splits * (n + m), 3)
    # what `prediction_sets` and `coverage` do, for all splits at once: a set holds its class where its score is low
    scores = calibration_scores(probs, labels, score)[rng.permutation(len(labels))].reshape(splits, n + m)
    levels = np.array([threshold(each, alpha) for each in scores[:, :n]])
    right = (scores[:, n:] <= levels[:, None]).sum(axis=1)
    expected = law.probabilities(m)
    deviation = np.sqrt(((np.arange(m + 1) - m * law.mean) ** 2 * expected).sum())
    assert right.mean() == pytest.approx(m * law.mean, abs=4 * deviation / np.sqrt(splits))
    cells = np.unique(np.append(0, np.searchsorted(np.cumsum(expected), np.linspace(0.1, 0.9, 9))))
    observed = np.add.reduceat(np.bincount(right, minlength=m + 1), cells)
    assert stats.chisquare(observed, splits * np.add.reduceat(expected, cells), sum_check=False).pvalue > 0.001
    low, high = law.observed_interval(m)
    assert ((low <= right / m) & (right / m <= high)).mean() > 0.93


def test_a_split_covers_by_its_own_functions():
    """One split through every function: 0.9 of 4,000 test examples, within the law's interval."""
    probs, labels = drawn(6000)
    for score in SetScore:
        level = threshold(calibration_scores(probs[:2000], labels[:2000], score), 0.1)
        measured = coverage(prediction_sets(probs[2000:], level, score), labels[2000:])
        low, high = coverage_law(2000, 0.1).observed_interval(4000, 0.999)
        assert low <= measured <= (1 if score is APS else high)  # whose scores tie at 1


def test_randomised_sets_are_no_larger_than_those_of_the_sum():
    """The random share makes APS exact, so that its sets are smaller on average."""
    probs, labels = drawn(4000)
    sizes = [
        mean_set_size(prediction_sets(probs, threshold(calibration_scores(probs, labels, score), 0.1), score))
        for score in (LAC, RANDOMISED, APS)
    ]
    assert sizes == sorted(sizes)


def test_the_law_by_hand():
    """n = 1, α = 1/2: the coverage is uniform; of two test examples none, one and both are equally probable."""
    law = coverage_law(1, 0.5)
    assert law == CoverageLaw(n=1, rank=1)
    assert law.mean == 0.5
    assert law.interval(0.9) == pytest.approx((0.05, 0.95))
    np.testing.assert_allclose(law.probabilities(2), [1 / 3] * 3)
    assert law.observed_interval(2, 0.5) == (0, 1)


@pytest.mark.parametrize(("alpha", "share"), [(0, 1.0), (0.001, 1.0), (1, 0.0)])
def test_the_law_of_all_and_none_is_certain(alpha, share):
    """Infinite thresholds leave nothing to chance."""
    law = coverage_law(10, alpha)
    assert (law.mean, law.interval(), law.observed_interval(7)) == (share, (share, share), (share, share))
    assert law.probabilities(3).tolist() == ([0, 0, 0, 1] if share else [1, 0, 0, 0])


@pytest.mark.parametrize(("n", "alpha", "m"), [(10, 0.2, 5), (500, 0.1, 2000), (1000, 0.05, 100)])
def test_the_law_is_that_of_scipy(n, alpha, m):
    """Beta and beta-binomial, their means and quantiles; the mean is between 1 − α and 1 − α + 1/(n + 1)."""
    law = coverage_law(n, alpha)
    parameters = law.rank, n + 1 - law.rank
    assert law.interval(0.9) == pytest.approx(stats.beta.interval(0.9, *parameters))
    np.testing.assert_allclose(
        law.probabilities(m), stats.betabinom.pmf(np.arange(m + 1), m, *parameters), rtol=1e-7, atol=1e-13
    )
    expected = stats.betabinom.ppf([0.05, 0.95], m, *parameters) / m
    assert law.observed_interval(m, 0.9) == pytest.approx(tuple(expected))
    assert 1 - alpha - 1e-12 <= law.mean <= 1 - alpha + 1 / (n + 1)


# Oracle

CALIBRATION = [
    [0.34, 0.56, 0.1], [0.0, 0.86, 0.14], [0.03, 0.07, 0.9], [0.86, 0.12, 0.02],
    [0.15, 0.69, 0.16], [0.49, 0.51, 0.0], [0.03, 0.52, 0.45], [0.31, 0.16, 0.53],
]  # fmt: skip
LABELS = [0, 1, 2, 0, 1, 2, 0, 1]
TEST = [
    [0.62, 0.3, 0.08], [0.18, 0.38, 0.44], [0.3, 0.53, 0.17],
    [0.12, 0.18, 0.7], [0.42, 0.56, 0.02], [0.74, 0.03, 0.23],
]  # fmt: skip


@pytest.mark.parametrize(
    ("alpha", "sets"),
    [
        (0.3, ["111", "111", "111", "111", "110", "111"]),
        (0.4, ["110", "111", "111", "011", "110", "101"]),
        (0.5, ["100", "011", "010", "001", "110", "100"]),
        (0.6, ["000", "000", "000", "001", "000", "100"]),
    ],
)
def test_sets_are_those_of_mapie(alpha, sets):
    """MAPIE 1.6.0, split conformal classification by LAC."""
    level = threshold(calibration_scores(CALIBRATION, LABELS), alpha)
    assert ["".join("01"[held] for held in each) for each in prediction_sets(TEST, level).tolist()] == sets


def test_aps_scores_are_those_of_mapie():
    """MAPIE 1.6.0, the cumulated probability of the true label."""
    expected = [0.9, 0.86, 0.9, 0.86, 0.69, 1.0, 1.0, 1.0]
    np.testing.assert_allclose(calibration_scores(CALIBRATION, LABELS, APS), expected)


# Bad input


@pytest.mark.parametrize("alpha", [-0.1, 1.1, 10, np.nan])
def test_a_share_outside_zero_and_one_is_refused(alpha):
    """The message names it; 10 is not 10 %."""
    for call in (lambda: threshold([0.1], alpha), lambda: coverage_law(5, alpha)):
        with pytest.raises(ValueError, match=f"alpha is {alpha}; it is a share and must be from 0 to 1"):
            call()


@pytest.mark.parametrize("scores", [[], [np.nan], [[0.1]]])
def test_scores_that_are_none_are_refused(scores):
    """There is at least one, in a row, and each is a number."""
    with pytest.raises(ValueError, match=r"scores must have shape \(N,\) with N at least 1, and be numbers; got"):
        threshold(np.array(scores), 0.1)


def test_sets_that_are_none_are_refused():
    """Probabilities in the place of sets would be counted without complaint."""
    for call in (mean_set_size, empty_sets, lambda sets: coverage(sets, [0, 1])):
        with pytest.raises(ValueError, match=r"sets must have shape \(N, C\), True or False; got float64 of shape"):
            call(np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\) as there are 2 sets; got \(1,\)"):
        coverage(np.ones((2, 2), bool), [0])


def test_probs_labels_and_thresholds_that_do_not_fit_are_refused():
    """Each by its name."""
    with pytest.raises(ValueError, match=r"probs must have shape \(N, C\), neither of them zero; got \(2,\)"):
        prediction_sets(np.full(2, 0.5), 0.5)
    with pytest.raises(ValueError, match="threshold is nan"):
        prediction_sets(np.full((2, 2), 0.5), np.nan)
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\); got a posterior of shape \(2, 2\)"):
        calibration_scores(np.full((2, 2), 0.5), np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match="setscore 'raps' is unknown; choose one of: lac, aps, aps_randomised"):
        prediction_sets(np.full((2, 2), 0.5), 0.5, "raps")
