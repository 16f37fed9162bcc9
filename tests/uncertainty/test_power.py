"""The smallest ECE that so many examples would find, against exact binomial answers and fresh draws."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy.stats import binom

from uncertainty.calibration import Bins, reliability_bins
from uncertainty.floor import Floor, calibration_floor
from uncertainty.power import POWER, smallest_detectable_ece

RNG = np.random.default_rng(3)


def calibrated(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, 2) that most often are sure, and labels that follow them."""
    confidence = RNG.beta(5, 1, n) / 2 + 0.5
    return np.stack([confidence, 1 - confidence], axis=1), (RNG.random(n) > confidence).astype(int)


def examined(n: int) -> tuple[Bins, Floor]:
    probs, labels = calibrated(n)
    bins = reliability_bins(probs, labels)
    return bins, calibration_floor(probs, bins)


def one_bin(n: int, confidence: float) -> Bins:
    whole = np.zeros(n, int)
    probs = np.tile([confidence, 1 - confidence], (n, 1))
    return reliability_bins(probs, whole)


@pytest.mark.parametrize(("n", "confidence"), [(40, 0.9), (150, 0.7), (1000, 0.95)])
def test_one_bin_has_the_exact_answer(n, confidence):
    """All confidences alike: the number right is binomial, and the least shift is where its tails reach the power."""
    high = 1.5 * np.sqrt(confidence * (1 - confidence) / n)
    found = smallest_detectable_ece(one_bin(n, confidence), Floor(0.0, 0.0, high), n_draws=20_000)

    def share(shift: float) -> float:
        right = np.arange(n + 1)
        return binom.pmf(right, n, confidence - shift)[np.abs(right / n - confidence) > high].sum()

    assert share(found) == pytest.approx(POWER, abs=0.02)


@pytest.mark.parametrize("n", [60, 150, 2000])
def test_it_is_found_four_times_in_five(n):
    """Labels of a network over-confident by that much, example by example, lie above the band as often as is said."""
    probs, labels = calibrated(n)
    bins = reliability_bins(probs, labels)
    floor = calibration_floor(probs, bins)
    shift = smallest_detectable_ece(bins, floor)
    right = RNG.random((2000, n)) < probs.max(axis=1) - shift
    sums = right @ np.eye(len(bins.count))[bins.members]
    errors = np.abs(sums / bins.count - bins.mean_score) @ bins.count / n
    assert (errors > floor.high).mean() == pytest.approx(POWER, abs=0.05)


def test_more_examples_find_less():
    """Sixteen times as many find about a quarter."""
    few, many = (smallest_detectable_ece(*examined(n)) for n in (150, 2400))
    assert few / many == pytest.approx(4, rel=0.25)


def test_it_lies_above_the_band():
    """What merely reaches the end of the band is found half of the time at most."""
    bins, floor = examined(300)
    assert smallest_detectable_ece(bins, floor) > floor.high
    assert smallest_detectable_ece(bins, floor, power=0.5) < smallest_detectable_ece(bins, floor, power=0.95)


def test_too_few_examples_find_nothing():
    """One example, right or wrong, lies inside its band; there is then no such number."""
    bins = one_bin(1, 0.9)
    floor = calibration_floor(np.array([[0.9, 0.1]]), bins)
    assert np.isnan(smallest_detectable_ece(bins, floor))


def test_the_same_question_has_the_same_answer():
    """Draws come from a seed; another one changes little."""
    bins, floor = examined(150)
    first = smallest_detectable_ece(bins, floor)
    assert smallest_detectable_ece(bins, floor) == first
    assert smallest_detectable_ece(bins, floor, seed=1) == pytest.approx(first, abs=0.01)


def test_it_takes_no_longer_than_a_floor():
    """Its cost depends on the bins and not on the examples: of 10,000 it is less work than their floor."""
    probs, labels = calibrated(10_000)
    bins = reliability_bins(probs, labels)
    start = time.thread_time()
    floor = calibration_floor(probs, bins)
    middle = time.thread_time()
    smallest_detectable_ece(bins, floor)
    assert time.thread_time() - middle < middle - start


@pytest.mark.parametrize("power", [0.0, 1.0, 80])
def test_an_impossible_power_is_refused(power):
    """A power is a probability, and neither never nor always."""
    with pytest.raises(ValueError, match=rf"power is {power}; it must be above 0 and below 1"):
        smallest_detectable_ece(*examined(20), power=power)
