"""One network's predictions measured: by hand, against the truth, and calibrated ones that chance alone moves."""

from __future__ import annotations

from math import log

import numpy as np
import pytest

from pruning.evaluation.calibration import Evaluation
from pruning.evaluation.comparison import direction
from tests.pruning.evaluation.fabricated import coins, sampled
from uncertainty.calibration import adaptive_calibration_error, expected_calibration_error
from uncertainty.estimate import Estimate
from uncertainty.floor import calibration_floor, consistency_bars
from uncertainty.power import smallest_detectable_ece
from uncertainty.proportion import wilson_interval

N, SAMPLES, BINS = 150, 2, 15

# Class-0 probabilities of four examples in two samples, and their labels:
#     mean        .8   .8   .3   .6     top label  0 0 1 0    confidence  .8 .8 .7 .6    label  0 0 1 1
FOUR = sampled(
    [[0.9, 0.1], [0.7, 0.3], [0.4, 0.6], [0.6, 0.4]],
    [[0.7, 0.3], [0.9, 0.1], [0.2, 0.8], [0.6, 0.4]],
    logits=[[log(4), 0], [0, log(4)], [0, log(4)], [log(4), 0]],
)
LABELS = np.array([0, 0, 1, 1])


def test_accuracy_error_and_gap_are_those_of_paper():
    """Three of four right; ECE ½ · .2 + ¼ · .3 + ¼ · .6, confidence .725, NLL of each example."""
    found = Evaluation(FOUR, LABELS, 2)
    assert found.accuracy == Estimate(0.75, *wilson_interval(3, 4))
    assert found.ece.value == found.bins().error == pytest.approx(0.5 * 0.2 + 0.25 * 0.3 + 0.25 * 0.6)
    assert found.gap().value == pytest.approx(0.725 - 0.75)
    np.testing.assert_allclose(found.gaps, [0.8 - 1, 0.8 - 1, 0.7 - 1, 0.6], atol=1e-6)
    np.testing.assert_allclose(found.log_losses, [-log(0.8), -log(0.8), -log(0.7), -log(0.4)], atol=1e-6)
    assert found.right.tolist() == [True, True, True, False]
    assert not found.is_against_truth


def test_no_samples_are_a_single_pass():
    """Its logits say .8, and class 1 of the second example, which is wrong; there are no samples to disagree."""
    found = Evaluation(FOUR, LABELS, 0)
    np.testing.assert_allclose(found.probs[:2], [[0.8, 0.2], [0.2, 0.8]])
    assert found.accuracy.value == 0.5
    with pytest.raises(ValueError, match="n_samples is 0; it must be one of: 1, 2"):
        found.epistemic  # noqa: B018


def test_the_bins_are_chosen_by_number_quantity_and_mass():
    """Three in four questions have another answer, and each is remembered as its own."""
    p = np.random.default_rng(0).beta(0.3, 0.3, N)
    labels = (np.random.default_rng(1).random(N) < p).astype(int)
    found = Evaluation(coins(p), labels, SAMPLES, BINS)
    assert found.bins(binning="mass").error == adaptive_calibration_error(found.probs, labels, BINS)
    assert found.bins().error == expected_calibration_error(found.probs, labels, BINS)
    assert found.bins(binning="mass").count.tolist() == [10] * 15
    errors = {found.bins(q, b).error for q in ("confidence", "uncertainty") for b in ("width", "mass")}
    assert len(errors) == 4
    assert found.bins() is found.bins("confidence", "width")
    assert Evaluation(coins(p), labels, SAMPLES, 1).bins().error == pytest.approx(abs(found.gap().value))


def test_floor_bars_and_power_are_those_of_the_very_bins():
    """What chance gives is drawn for the bins of each quantity and binning; the power is that of equal width."""
    p = np.random.default_rng(0).beta(0.3, 0.3, N)
    found = Evaluation(coins(p), (p > 0.5).astype(int), SAMPLES, BINS)
    for quantity in ("confidence", "uncertainty"):
        for binning in ("width", "mass"):
            bins = found.bins(quantity, binning)
            assert found.floor(quantity, binning) == calibration_floor(found.probs, bins, quantity=quantity)
            for ours, theirs in zip(
                found.bars(quantity, binning), consistency_bars(found.probs, bins, quantity=quantity), strict=True
            ):
                np.testing.assert_array_equal(ours, theirs)
    assert found.smallest_detectable_ece == smallest_detectable_ece(found.bins(), found.floor())


# Signed gaps


def gap_of(confidence: np.ndarray, right: np.ndarray, comparisons: int = 1) -> Estimate:
    return Evaluation(coins(1 - confidence), (~right).astype(int), SAMPLES, BINS).gap(comparisons)


def test_a_gap_is_confidence_minus_accuracy():
    """0.9 everywhere and 120 of 150 right: over-confident by 0.1; with 148 right, under-confident."""
    confidence = np.full(N, 0.9)
    found = gap_of(confidence, np.arange(N) < 120)
    assert found.value == pytest.approx(0.1)
    assert direction(found) == 1
    assert direction(gap_of(confidence, np.arange(N) < 148)) == -1
    assert direction(gap_of(confidence, np.arange(N) < 133)) == 0


@pytest.mark.parametrize("a", [0.5, 5, 50])
def test_a_calibrated_network_has_no_side(a):
    """However sure it is: told to be over- or under-confident one time in twenty, or less."""
    rng, found = np.random.default_rng(3), []
    for _ in range(300):
        confidence = 0.5 + rng.beta(a, 0.5, N) / 2
        found.append(direction(gap_of(confidence, rng.random(N) < confidence)) != 0)
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_certain_answers_that_are_all_right_are_no_proof():
    """150 of 150 at a confidence of 0.99: chance alone does that one time in five."""
    assert direction(gap_of(np.full(N, 0.99), np.ones(N, bool))) == 0


def test_more_gaps_that_are_looked_at_are_each_less_sure():
    """Bonferroni's correction widens every interval."""
    confidence, right = np.full(N, 0.9), np.arange(N) < 125
    one, many = (gap_of(confidence, right, count) for count in (1, 11))
    assert one.value == many.value
    assert one.high - one.low < many.high - many.low


# Against the truth


def test_the_truth_tells_what_few_labels_cannot():
    """Everywhere too sure by 0.03: told against the truth and not against the labels, of which chance has more."""
    rng = np.random.default_rng(9)
    p = np.where(rng.random(N) < 0.5, 0.05, 0.95)
    labels, sure = (rng.random(N) < p).astype(int), np.where(p > 0.5, 0.98, 0.02)
    truth = np.stack([1 - p, p], axis=1)
    against = [Evaluation(coins(sure), held, SAMPLES, BINS).gap() for held in (truth, labels)]
    assert against[0].value == pytest.approx(0.03)
    assert [direction(each) for each in against] == [1, 0]


def test_accuracy_against_the_truth_is_that_to_be_expected():
    """The mean probability of being right, with an interval over the points."""
    truth = np.array([[1, 0], [0.7, 0.3], [0.4, 0.6], [0.5, 0.5]])
    found = Evaluation(FOUR, truth, 2)
    assert found.is_against_truth
    assert found.accuracy.value == pytest.approx((1 + 0.7 + 0.6 + 0.5) / 4)
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high
    assert found.ece.value == pytest.approx((2 * 0.05 + 0.1 + 0.1) / 4)
