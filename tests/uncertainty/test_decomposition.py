"""NLL as calibration and refinement: by hand, under recalibrations that change nothing, and against two libraries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.calibration import negative_log_likelihood
from uncertainty.decomposition import (
    Decomposition,
    Recalibration,
    cross_fitted,
    held_out,
    in_sample,
    recalibrated,
)
from uncertainty.temperature import scaled

few = settings(max_examples=40, deadline=None)
TEMPERATURE, ISOTONIC = Recalibration.TEMPERATURE, Recalibration.ISOTONIC
both = pytest.mark.parametrize("recalibration", list(Recalibration))


def two_class(second) -> np.ndarray:
    """Rows (1 − p, p)."""
    second = np.asarray(second, float)
    return np.stack([1 - second, second], axis=1)


def drawn(n: int, seed: int, temperature: float = 1.0, n_classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities softmax(logits), and labels drawn from softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, n_classes))
    return scaled(logits, 1), (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)


@st.composite
def cases(draw):
    """Probabilities of two classes, few values so that they tie, 0 and 1 among them, and labels."""
    n = draw(st.integers(2, 30))
    tenths = draw(st.lists(st.integers(0, 10), min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    return two_class(np.array(tenths) / 10), np.array(labels)


# Closed form


def test_isotonic_refinement_of_five_examples():
    """Labels 0, 1, 0, 0, 1 in the order of their probabilities pool into 0 | 1/3, 1/3, 1/3 | 1."""
    parts = in_sample(two_class([0.1, 0.2, 0.3, 0.4, 0.9]), [0, 1, 0, 0, 1], ISOTONIC)
    # losses at the blocks: 0, ln 3, ln 3/2, ln 3/2, 0
    assert parts.refinement == pytest.approx((np.log(3) + 2 * np.log(1.5)) / 5)
    # before: −ln 0.9, −ln 0.2, −ln 0.7, −ln 0.6, −ln 0.9
    assert parts.nll == pytest.approx(-np.log(0.9 * 0.2 * 0.7 * 0.6 * 0.9) / 5)


def test_equal_probabilities_stay_equal():
    """Of two examples at 0.3, one of either class, isotonic regression makes 1/2 each, in any order."""
    for labels in ([0, 1, 1], [1, 0, 1]):
        assert in_sample(two_class([0.3, 0.3, 0.8]), labels, ISOTONIC).refinement == pytest.approx(2 * np.log(2) / 3)


def test_temperature_refinement_of_ten_examples():
    """Ten at 0.99 that are right nine times: a temperature makes it 0.9, whose entropy stays."""
    parts = in_sample(two_class([0.99] * 10), [1] * 9 + [0])
    assert parts.refinement == pytest.approx(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1)))
    assert parts.calibration == pytest.approx(0.9 * np.log(0.9 / 0.99) + 0.1 * np.log(0.1 / 0.01))


def test_isotonic_regression_fitted_elsewhere_by_hand():
    """Fitted on 0.2 → 0, 0.4 → 0, 0.6 → 1: at or beyond a fitted place its value, between two their mean, mixed."""
    after = recalibrated(
        two_class([0.1, 0.4, 0.5, 0.6, 0.9]), two_class([0.2, 0.4, 0.6]), np.array([0, 0, 1]), ISOTONIC
    )
    # weight 1/(3 + 1) of the uniform distribution: ¾ · v + ⅛ for v = 0, 0, ½, 1, 1
    np.testing.assert_allclose(after[:, 1], [1 / 8, 1 / 8, 1 / 2, 7 / 8, 7 / 8])
    np.testing.assert_allclose(after.sum(axis=1), 1)


def test_held_out_parts_by_hand():
    """Fitted on what was always right, a recalibration that makes sure does harm where it was not: below 0."""
    fitted_on = two_class([0.2, 0.8]), np.array([0, 1])
    parts = held_out(two_class([0.2, 0.8]), np.array([1, 1]), fitted_on, ISOTONIC)
    # after: ⅔ · (0, 1) + ⅙ = 1/6, 5/6; both of class 1
    assert parts.refinement == pytest.approx(-np.log(5 / 36) / 2)
    assert parts.calibration == pytest.approx((np.log(5 / 36) - np.log(0.16)) / 2)
    assert parts.calibration < 0


# Edges


@both
def test_an_exception_to_certainty_costs_a_finite_loss(recalibration):
    """Fitted on 50 examples that all agree, and one test example that does not."""
    fitted_on = two_class(np.linspace(0.01, 0.99, 50)), (np.arange(50) >= 25).astype(int)
    parts = held_out(two_class([0.99]), np.array([0]), fitted_on, recalibration)
    assert np.isfinite(parts.refinement)
    if recalibration is ISOTONIC:
        assert parts.refinement == pytest.approx(np.log(2 * 51))


@both
@pytest.mark.parametrize("function", [in_sample, cross_fitted])
def test_labels_of_one_class_alone(function, recalibration):
    """Are a data set too: recalibration makes them sure."""
    parts = function(two_class(np.linspace(0.1, 0.9, 10)), np.ones(10, int), recalibration)
    assert 0 <= parts.refinement <= parts.nll + 1e-12


def test_certain_and_right_has_no_error_of_either_kind():
    """One-hot predictions that are right have an NLL of 0."""
    assert in_sample(np.eye(3), [0, 1, 2]) == Decomposition(0.0, 0.0)
    assert in_sample(np.eye(2), [0, 1], ISOTONIC) == Decomposition(0.0, 0.0)


def test_impossible_labels_cost_what_they_cost_the_metric():
    """The NLL that is split is the bounded one that is shown."""
    probs = two_class([0.0, 1.0, 1.0])
    for recalibration in Recalibration:
        parts = in_sample(probs, [1, 1, 1], recalibration)
        assert parts.nll == pytest.approx(negative_log_likelihood(probs, [1, 1, 1]))


def test_arguments_are_not_changed():
    """Nor are those of a fit."""
    probs, labels = drawn(30, 0)
    before = probs.copy(), labels.copy()
    held_out(probs, labels, (probs, labels), ISOTONIC)
    cross_fitted(probs, labels)
    np.testing.assert_array_equal(probs, before[0])
    np.testing.assert_array_equal(labels, before[1])


# Invariances and bounds


@both
@given(case=cases())
@few
def test_the_parts_sum_to_the_nll(recalibration, case):
    """Wherever it is fitted; in sample neither part is negative, as leaving all as it is counts, too."""
    nll = negative_log_likelihood(*case)
    found = [function(*case, recalibration) for function in (in_sample, cross_fitted) if len(case[1]) >= 5]
    for parts in [*found, held_out(*case, case, recalibration)]:
        assert parts.calibration + parts.refinement == pytest.approx(nll)
        assert parts.refinement >= 0
    assert in_sample(*case, recalibration).calibration >= -1e-12


def recalibrations(second: np.ndarray) -> list[np.ndarray]:
    """Strictly rising functions of probabilities."""
    odds = second / (1 - second)
    return [second**3, np.sqrt(second), odds**0.2 / (1 + odds**0.2), 7 * odds / (1 + 7 * odds), 0.4 + second / 10]


@pytest.mark.parametrize("seed", range(3))
def test_isotonic_refinement_is_that_of_every_strictly_rising_recalibration(seed):
    """In sample, fitted elsewhere and cross-fitted: only the order of the probabilities counts."""
    (probs, labels), (fit_probs, fit_labels) = drawn(80, seed), drawn(60, seed + 10)
    expected = [
        in_sample(probs, labels, ISOTONIC).refinement,
        held_out(probs, labels, (fit_probs, fit_labels), ISOTONIC).refinement,
        cross_fitted(probs, labels, ISOTONIC).refinement,
    ]
    for moved, fit_moved in zip(recalibrations(probs[:, 1]), recalibrations(fit_probs[:, 1]), strict=True):
        moved, fitted_on = two_class(moved), (two_class(fit_moved), fit_labels)
        assert in_sample(moved, labels, ISOTONIC).refinement == pytest.approx(expected[0])
        assert held_out(moved, labels, fitted_on, ISOTONIC).refinement == pytest.approx(expected[1])
        assert cross_fitted(moved, labels, ISOTONIC).refinement == pytest.approx(expected[2])


@pytest.mark.parametrize("factor", [0.4, 0.9, 3.0])
def test_temperature_refinement_is_that_of_every_other_temperature(factor):
    """A network that is sharper or softer by a temperature has the same refinement, and another calibration."""
    probs, labels = drawn(200, 4, n_classes=4)
    moved = scaled(np.log(probs), factor)
    for function in (in_sample, cross_fitted):
        parts, others = function(probs, labels), function(moved, labels)
        assert others.refinement == pytest.approx(parts.refinement, rel=1e-9)
        assert others.calibration > parts.calibration


@both
@pytest.mark.parametrize("seed", range(3))
def test_names_of_classes_do_not_matter(recalibration, seed):
    """Two classes with their names changed over, in sample and fitted elsewhere."""
    (probs, labels), (fit_probs, fit_labels) = drawn(70, seed, 0.5), drawn(60, seed + 10)
    parts = held_out(probs, labels, (fit_probs, fit_labels), recalibration)
    others = held_out(probs[:, ::-1], 1 - labels, (fit_probs[:, ::-1], 1 - fit_labels), recalibration)
    assert others.refinement == pytest.approx(parts.refinement)
    assert in_sample(probs[:, ::-1], 1 - labels, recalibration).refinement == pytest.approx(
        in_sample(probs, labels, recalibration).refinement
    )


def test_folds_follow_the_seed_and_hold_every_class():
    """The same seed gives the same folds; with three examples of a class three folds have one each."""
    probs, labels = drawn(50, 0)
    assert cross_fitted(probs, labels, seed=3) == cross_fitted(probs, labels, seed=3)
    assert cross_fitted(probs, labels, seed=3) != cross_fitted(probs, labels, seed=4)
    rare = np.zeros(30, int)
    rare[[4, 5, 6]] = 1
    # Were all three in one fold, isotonic regression on the others would make them all but impossible.
    assert cross_fitted(two_class(np.full(30, 0.1)), rare, ISOTONIC, folds=3).refinement < 0.4


# What each estimates


def test_the_three_estimates_lie_around_what_the_family_can_reach():
    """Over 400 draws of 100 calibrated examples: in sample 1/(2N) too little is left, held out as much too much."""
    estimates = []
    for seed in range(400):
        probs, labels = drawn(100, seed)
        fitted_on = drawn(100, seed + 1000)
        estimates.append([in_sample(probs, labels), cross_fitted(probs, labels), held_out(probs, labels, fitted_on)])
    inside, crossed, outside = np.mean([[each.calibration for each in row] for row in estimates], axis=0)
    # a calibrated network has a calibration error of 0
    assert inside == pytest.approx(1 / 200, abs=0.002)
    assert crossed == pytest.approx(-1 / 200, abs=0.003)
    assert outside == pytest.approx(-1 / 200, abs=0.003)


def test_isotonic_refinement_in_sample_flatters_more():
    """It takes from 100 calibrated examples many times the 0.005 nats that a temperature takes."""
    taken = [in_sample(*drawn(100, seed), ISOTONIC).calibration for seed in range(100)]
    assert np.mean(taken) > 0.02
    assert np.mean([cross_fitted(*drawn(100, seed), ISOTONIC).calibration for seed in range(100)]) < 0


def test_a_miscalibrated_network_is_found_out():
    """Labels of temperature 3: the calibration error is near that against the truth, with 20,000 examples."""
    probs, labels = drawn(20_000, 0, 3.0, 3)
    truth = scaled(np.log(probs), 3.0)
    excess = negative_log_likelihood(probs, labels) - negative_log_likelihood(truth, labels)
    for parts in (in_sample(probs, labels), cross_fitted(probs, labels)):
        assert parts.calibration == pytest.approx(excess, abs=1e-3)


# Oracles


@pytest.mark.parametrize("seed", range(4))
def test_isotonic_refinement_is_that_of_scikit_learn(seed):
    """Its isotonic regression and log loss, with ties."""
    isotonic, metrics = pytest.importorskip("sklearn.isotonic"), pytest.importorskip("sklearn.metrics")
    probs, labels = drawn(200, seed)
    probs = two_class(probs[:, 1].round(2))
    after = isotonic.IsotonicRegression().fit_transform(probs[:, 1], labels)
    theirs = metrics.log_loss(labels, two_class(np.clip(after, 1e-15, 1 - 1e-15)))
    assert in_sample(probs, labels, ISOTONIC).refinement == pytest.approx(theirs, abs=1e-9)


SECOND = [0.02, 0.1, 0.2, 0.2, 0.3, 0.4, 0.55, 0.6, 0.7, 0.8, 0.9, 0.95]
TWELVE = [0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1, 1]
SIX = [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.5, 0.2], [0.9, 0.05, 0.05], [0.1, 0.1, 0.8], [0.25, 0.6, 0.15]]


def test_the_parts_are_those_of_probmetrics():
    """probmetrics 1.3.0, the package of Berta et al., fitted on all examples, on the examples above."""
    parts = in_sample(SIX, [0, 1, 0, 2, 2, 1])
    assert (parts.calibration, parts.refinement) == pytest.approx((0.02756095239346501, 0.8913545056420465), abs=1e-8)
    parts = in_sample(two_class(SECOND), TWELVE)
    assert (parts.calibration, parts.refinement) == pytest.approx(
        (0.005074800060521967, 0.5223425550104648), abs=1e-8
    )
    parts = in_sample(two_class(SECOND), TWELVE, ISOTONIC)
    assert (parts.calibration, parts.refinement) == pytest.approx((0.1372397528106351, 0.39017760226035164), abs=1e-6)
    # with its mixture, which stands here wherever isotonic regression is applied to other examples
    mixed = held_out(two_class(SECOND), TWELVE, (two_class(SECOND), TWELVE), ISOTONIC)
    assert (mixed.calibration, mixed.refinement) == pytest.approx(
        (0.12080646868582151, 0.40661088638516524), abs=1e-6
    )


# Bad input


@pytest.mark.parametrize("function", [in_sample, cross_fitted])
def test_isotonic_regression_of_three_classes_is_refused(function):
    """The message says what would do."""
    with pytest.raises(ValueError, match=r"is for two classes; probs has 3\. Use: temperature"):
        function(np.full((9, 3), 1 / 3), np.arange(9) % 3, ISOTONIC)


def test_fits_on_other_classes_are_refused():
    """The message names both numbers."""
    with pytest.raises(ValueError, match=r"probs must have shape \(N, 3\), as those fitted on have so many classes"):
        held_out(np.full((2, 2), 0.5), [0, 1], (np.full((3, 3), 1 / 3), [0, 1, 2]))


def test_a_posterior_is_refused():
    """Where the truth is known, calibration is measured against it and not estimated."""
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\); got a posterior of shape \(2, 2\)"):
        in_sample(np.full((2, 2), 0.5), np.full((2, 2), 0.5))


@pytest.mark.parametrize(
    ("folds", "message"), [(1, "at least 2 is needed"), (9, "at most the number of examples, 8")]
)
def test_folds_that_cannot_be_are_refused(folds, message):
    """From 2 to the number of examples."""
    with pytest.raises(ValueError, match=f"folds is {folds}; {message}"):
        cross_fitted(np.full((8, 2), 0.5), np.arange(8) % 2, folds=folds)


def test_a_recalibration_that_is_none_is_refused():
    """The message names those there are."""
    with pytest.raises(ValueError, match="recalibration 'platt' is unknown; choose one of: temperature, isotonic"):
        in_sample(np.full((2, 2), 0.5), [0, 1], "platt")
