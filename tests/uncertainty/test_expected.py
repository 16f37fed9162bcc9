"""Predictions held against labels and against a posterior: expectations by hand, and what there is to gain."""

from __future__ import annotations

from dataclasses import fields
from itertools import product
from math import log

import numpy as np
import pytest

from uncertainty.calibration import (
    accuracy,
    adaptive_calibration_error,
    brier_score,
    expected_calibration_error,
    log_losses,
    maximum_calibration_error,
    negative_log_likelihood,
    reliability_bins,
    rights,
    squared_errors,
    uncertainty_calibration_error,
)
from uncertainty.expected import Differences, Scores, against_truth, differences, scores
from uncertainty.proportion import wilson_interval

METRICS = (
    accuracy,
    brier_score,
    negative_log_likelihood,
    expected_calibration_error,
    maximum_calibration_error,
    adaptive_calibration_error,
    uncertainty_calibration_error,
)
every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)

# Two points, three classes.
PROBS = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])
POSTERIOR = np.array([[0.6, 0.4, 0.0], [0.5, 0.25, 0.25]])


def random_case(seed: int, n: int = 200, n_classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities and a posterior (n, C) that has something to do with them, and labels drawn from it."""
    rng = np.random.default_rng(seed)
    posterior = rng.dirichlet(np.full(n_classes, 0.6), n)
    probs = 0.6 * posterior + 0.4 * rng.dirichlet(np.ones(n_classes), n)
    labels = np.array([rng.choice(n_classes, p=row) for row in posterior])
    return probs, posterior, labels


def test_two_points_by_hand():
    """The top labels are 0 and 2, with probability 0.6 and 0.25 of being right."""
    np.testing.assert_allclose(rights(PROBS, POSTERIOR), [0.6, 0.25])
    assert accuracy(PROBS, POSTERIOR) == pytest.approx(0.425)
    np.testing.assert_allclose(
        log_losses(PROBS, POSTERIOR),
        [-0.6 * log(0.7) - 0.4 * log(0.2), -0.5 * log(0.3) - 0.25 * log(0.3) - 0.25 * log(0.4)],
    )
    first = 0.6 * (0.3**2 + 0.2**2 + 0.1**2) + 0.4 * (0.7**2 + 0.8**2 + 0.1**2)
    second = 0.5 * (0.7**2 + 0.3**2 + 0.4**2) + 0.25 * (0.3**2 + 0.7**2 + 0.4**2) + 0.25 * (0.3**2 + 0.3**2 + 0.6**2)
    np.testing.assert_allclose(squared_errors(PROBS, POSTERIOR), [first, second])
    # Confidences 0.7 and 0.4 are in bins of their own: gaps 0.1 and 0.15.
    assert expected_calibration_error(PROBS, POSTERIOR) == pytest.approx((0.1 + 0.15) / 2)
    assert maximum_calibration_error(PROBS, POSTERIOR) == pytest.approx(0.15)


def test_labels_give_the_values_of_each_example():
    """Truth values of being right, the loss and the squared distance of the label that came."""
    labels = np.array([0, 1])
    assert rights(PROBS, labels).tolist() == [True, False]
    np.testing.assert_allclose(log_losses(PROBS, labels), [-log(0.7), -log(0.3)])
    np.testing.assert_allclose(squared_errors(PROBS, labels), [0.3**2 + 0.2**2 + 0.1**2, 0.3**2 + 0.7**2 + 0.4**2])


@every_metric
def test_a_posterior_that_is_certain_is_as_good_as_labels(metric):
    """One-hot rows give what the labels give."""
    probs, _, labels = random_case(0)
    assert metric(probs, np.eye(3)[labels]) == pytest.approx(metric(probs, labels), rel=1e-12)


@pytest.mark.parametrize("metric", METRICS[:3], ids=lambda metric: metric.__name__)
def test_against_a_posterior_a_mean_is_the_expectation_over_all_labels(metric):
    """Every labelling of three points, weighted by how probable it is."""
    probs, posterior, _ = random_case(1, 3)
    expected = sum(
        metric(probs, np.array(labels)) * np.prod(posterior[range(3), list(labels)])
        for labels in product(range(3), repeat=3)
    )
    assert metric(probs, posterior) == pytest.approx(expected)


def test_whoever_knows_the_posterior_is_calibrated_exactly():
    """No bin has a gap, which no number of labels would show."""
    _, posterior, labels = random_case(2)
    for metric in (expected_calibration_error, maximum_calibration_error, adaptive_calibration_error):
        assert metric(posterior, posterior) == pytest.approx(0, abs=1e-12)
        assert metric(posterior, labels) > 0.01


def test_the_residual_of_a_bin_is_outcome_less_score():
    """Summed over a bin it is its gap times its count, in sign."""
    probs, posterior, labels = random_case(3)
    for truth, quantity in product((labels, posterior), ("confidence", "uncertainty")):
        bins = reliability_bins(probs, truth, quantity=quantity)
        np.testing.assert_allclose(
            np.bincount(bins.members, bins.residual), (bins.mean_outcome - bins.mean_score) * bins.count, atol=1e-9
        )


def test_scores_hold_every_metric():
    """Each is what its own function gives, between the ends of its interval."""
    probs, posterior, labels = random_case(4)
    for truth in (labels, posterior):
        found = scores(probs, truth, 10)
        expected = {
            "accuracy": accuracy(probs, truth),
            "confidence": probs.max(axis=1).mean(),
            "signed_gap": probs.max(axis=1).mean() - accuracy(probs, truth),
            "nll": negative_log_likelihood(probs, truth),
            "brier": brier_score(probs, truth),
            "ece": expected_calibration_error(probs, truth, 10),
            "ace": adaptive_calibration_error(probs, truth, 10),
            "uce": uncertainty_calibration_error(probs, truth, 10),
        }
        assert {field.name for field in fields(Scores)} == {*expected, "mce"}
        for name, value in expected.items():
            estimate = getattr(found, name)
            assert estimate.value == pytest.approx(value)
            assert estimate.low < value < estimate.high
        assert found.mce == maximum_calibration_error(probs, truth, 10)


def test_the_posterior_leaves_less_to_chance_than_labels():
    """The interval of the accuracy is narrower against it; against labels it is Wilson's, within [0, 1]."""
    probs, posterior, labels = random_case(5)
    exact, drawn = scores(probs, posterior).accuracy, scores(probs, labels).accuracy
    assert exact.high - exact.low < 0.7 * (drawn.high - drawn.low)
    right = int((probs.argmax(axis=1) == labels).sum())
    assert (drawn.low, drawn.high) == wilson_interval(right, len(labels))
    assert scores(np.eye(3)[labels], labels).accuracy.high == 1


def test_a_higher_confidence_widens_every_interval():
    """Of scores and of what is held against the truth."""
    probs, posterior, _ = random_case(6)
    narrow, wide = (scores(probs, posterior, confidence=c) for c in (0.8, 0.99))
    for name in (field.name for field in fields(Scores) if field.name != "mce"):
        assert getattr(wide, name).high > getattr(narrow, name).high
    narrow, wide = (against_truth(probs, posterior, confidence=c) for c in (0.8, 0.99))
    assert wide.excess_nll.high > narrow.excess_nll.high
    assert wide.error.high > narrow.error.high


def test_what_the_truth_leaves_to_gain_by_hand():
    """Bayes' accuracy 0.6 and 0.5, the entropy of the posterior, the divergence to the network, and |p̂ − p|."""
    found = against_truth(PROBS, POSTERIOR)
    entropies = [-0.6 * log(0.6) - 0.4 * log(0.4), -0.5 * log(0.5) - 2 * 0.25 * log(0.25)]
    divergences = [
        0.6 * log(0.6 / 0.7) + 0.4 * log(0.4 / 0.2),
        0.5 * log(0.5 / 0.3) + 0.25 * log(0.25 / 0.3) + 0.25 * log(0.25 / 0.4),
    ]
    assert found.bayes_accuracy == pytest.approx(0.55)
    assert found.true_entropy == pytest.approx(np.mean(entropies))
    assert found.excess_nll.value == pytest.approx(np.mean(divergences))
    assert found.error.value == pytest.approx(((0.1 + 0.2 + 0.1) / 2 + (0.2 + 0.05 + 0.15) / 2) / 2)


def test_nobody_beats_the_truth():
    """Accuracy is at most Bayes', NLL at least the true entropy; whoever knows the posterior reaches both."""
    probs, posterior, _ = random_case(7)
    found, its = against_truth(probs, posterior), scores(probs, posterior)
    assert its.accuracy.value < found.bayes_accuracy
    assert found.excess_nll.value == pytest.approx(its.nll.value - found.true_entropy)
    assert found.excess_nll.value > 0
    best = against_truth(posterior, posterior)
    assert scores(posterior, posterior).accuracy.value == pytest.approx(best.bayes_accuracy)
    assert best.excess_nll.value == pytest.approx(0, abs=1e-12)
    assert best.error.value == 0


def test_differences_are_those_of_the_scores():
    """After minus before in every metric; the same network differs in nothing."""
    before, posterior, labels = random_case(8)
    after = 0.5 * before + 0.5 / 3
    for truth in (labels, posterior):
        found = differences(before, after, truth, 10)
        old, new = scores(before, truth, 10), scores(after, truth, 10)
        for field in fields(Differences):
            difference = getattr(found, field.name)
            assert difference.value == pytest.approx(getattr(new, field.name).value - getattr(old, field.name).value)
        same = differences(before, before, truth, 10)
        assert not any(getattr(same, field.name).told for field in fields(Differences))
        assert found.accuracy.value == 0
        assert found.confidence.direction == -1
        assert found.signed_gap.direction == -1


def test_several_differences_are_each_told_less_easily():
    """Ten looked at beside each other have wider intervals."""
    before, posterior, _ = random_case(9)
    after = 0.5 * before + 0.5 / 3
    one, ten = (differences(before, after, posterior, comparisons=n) for n in (1, 10))
    for field in fields(Differences):
        if field.name != "accuracy":  # which does not change at all
            assert getattr(ten, field.name).high > getattr(one, field.name).high


@every_metric
def test_a_posterior_of_the_wrong_shape_is_refused(metric):
    """The message names the shapes that would do."""
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\).*or \(2, 3\) as a posterior; got \(2, 2\)"):
        metric(PROBS, POSTERIOR[:, :2])


@every_metric
def test_what_is_no_posterior_is_refused(metric):
    """Its rows must be distributions as well."""
    with pytest.raises(ValueError, match="sum to 1"):
        metric(PROBS, np.ones((2, 3)))


def test_labels_are_no_truth():
    """What only the posterior can tell is not told from labels."""
    with pytest.raises(ValueError, match=r"a posterior must have the shape \(2, 3\) of probs; got \(2,\)"):
        against_truth(PROBS, np.array([0, 1]))
