"""Two networks compared on the same examples: by hand, against an oracle, silent where nothing is there."""

from __future__ import annotations

import numpy as np
import pytest

from pruning.evaluation.calibration import Evaluation
from pruning.evaluation.comparison import Comparison, Shift, direction
from tests.pruning.evaluation.fabricated import coins, sampled
from uncertainty.paired import Difference

N, SAMPLES, BINS = 150, 2, 15


def task(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities of class 1 (N,), mostly clear, and labels that follow them."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 0.3, n)
    return p, (rng.random(n) < p).astype(int)


def compared(truth: np.ndarray, before: np.ndarray, after: np.ndarray, comparisons: int = 1) -> Comparison:
    pair = (Evaluation(coins(each), truth, SAMPLES, BINS) for each in (before, after))
    return Comparison(*pair, comparisons)


def test_the_same_network_is_no_other():
    """Nothing is told of a network against itself, nor against itself after rounding."""
    p, labels = task(0)
    shaken = np.clip(p + 1e-7 * np.random.default_rng(1).standard_normal(N), 0, 1)
    same = compared(labels, p, p)
    assert [shift.direction for shift in (same.accuracy, same.ece, same.nll, same.gap, *same.panel())] == [0] * 6
    assert same.nll.difference == Difference(0, 0, 0)
    found = compared(labels, p, shaken)
    assert (found.accuracy.direction, found.ece.direction) == (0, 0)
    assert abs(found.nll.difference.value) < 1e-6


def test_a_network_of_coins_is_told_from_one_that_knows():
    """Accuracy falls, NLL rises; both networks are calibrated, so of the ECE nothing is told."""
    p, labels = task(0)
    found = compared(labels, p, np.full(N, 0.51))
    assert (found.accuracy.direction, found.nll.direction) == (-1, 1)
    assert found.accuracy.before == pytest.approx(((p > 0.5) == labels).mean())
    assert found.nll.after == pytest.approx(-(labels * np.log(0.51) + (1 - labels) * np.log(0.49)).mean(), abs=1e-6)
    assert found.ece.direction == 0


def test_two_calibrated_networks_are_rarely_told_apart_by_their_ece():
    """One sure, one cautious, both calibrated: the latter's ECE is larger by chance, and rarely told to be."""
    rng, found = np.random.default_rng(2), []
    for seed in range(100):
        p, labels = task(seed)
        # What another network could know: the mean of p over a random half of its neighbours
        order = np.argsort(p + 0.2 * rng.standard_normal(N))
        cautious = np.empty(N)
        cautious[order] = np.convolve(p[order], np.ones(15) / 15, "same") / np.convolve(
            np.ones(N), np.ones(15) / 15, "same"
        )
        found.append(compared(labels, p, cautious).ece.direction != 0)
    assert sum(found) <= 5 + 3 * np.sqrt(100 * 0.05 * 0.95)


def test_the_floors_are_no_difference_of_what_is_calibrated():
    """Against labels the interval of two ECEs is moved by what chance gives them; against the truth it is not."""
    p, labels = task(10)
    truth = np.stack([1 - p, p], axis=1)
    for held, moved in ((labels, True), (truth, False)):
        found = compared(held, p, np.clip(p, 0.3, 0.7))
        difference = found.ece.difference
        centred = (difference.low + difference.high) / 2 == pytest.approx(difference.value, abs=1e-9)
        assert centred != moved
        if moved:
            due = found.after.floor().mean - found.before.floor().mean
            assert (difference.low + difference.high) / 2 == pytest.approx(difference.value - due)


def test_the_truth_stands_in_for_labels():
    """Accuracy is that to be expected, and a calibrated network is at an ECE of nothing."""
    p, _ = task(8)
    found = compared(np.stack([1 - p, p], axis=1), p, np.full(N, 0.51))
    assert found.after.is_against_truth
    assert found.accuracy.before == pytest.approx(np.maximum(p, 1 - p).mean(), abs=1e-6)
    assert found.ece.before == pytest.approx(0, abs=1e-6)


def test_the_axes_of_a_panel_are_its_means():
    """Confidence .9 → .6 with 120 of 150 right; for uncertainty the normalised entropy, and who is wrong."""
    labels = (np.arange(N) < 120).astype(int)
    found = compared(labels, np.full(N, 0.9), np.full(N, 0.6))
    score, right = found.panel("confidence")
    assert (score.before, score.after) == pytest.approx((0.9, 0.6))
    assert (right.before, right.after) == (0.8, 0.8)
    score, wrong = found.panel("uncertainty")
    entropy = [-(p * np.log2(p) + (1 - p) * np.log2(1 - p)) for p in (0.9, 0.6)]
    assert (score.before, score.after) == pytest.approx(entropy, abs=1e-6)
    assert (wrong.before, wrong.after) == pytest.approx((0.2, 0.2))
    assert score.direction == 1


def test_the_shift_of_a_gap_and_of_the_disagreement():
    """Over-confident by .1, then under-confident by .2; of two samples that are sure of one and the other, ln 2."""
    labels = (np.arange(N) < 120).astype(int)
    found = compared(labels, np.full(N, 0.9), np.full(N, 0.6))
    assert (found.gap.before, found.gap.after) == pytest.approx((0.1, -0.2))
    assert found.gap.difference.value == pytest.approx(-0.3)
    assert found.gap.direction == -1
    agreed = sampled([[0.5, 0.5]] * 3, [[0.5, 0.5]] * 3)
    torn = sampled([[1.0, 0.0]] * 3, [[0.0, 1.0]] * 3)
    pair = (Evaluation(each, np.zeros(3, int), 2) for each in (agreed, torn))
    doubt = Comparison(*pair).epistemic
    assert (doubt.before, doubt.after) == pytest.approx((0, np.log(2)), abs=1e-6)
    assert doubt.direction == 1


def test_more_comparisons_widen_every_interval():
    """Bonferroni's correction, of means, of shares and of binned errors."""
    p, labels = task(5)
    one, many = (compared(labels, p, np.clip(p + 0.1, 0, 1), count) for count in (1, 10))
    for name in ("accuracy", "nll", "ece", "gap"):
        narrow, wide = getattr(one, name).difference, getattr(many, name).difference
        assert narrow.value == wide.value
        assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("value", "low", "high", "told"),
    [(0.02, 0.01, 0.03, 1), (-0.02, -0.03, -0.01, -1), (0.02, -0.01, 0.05, 0), (-0.01, 0.01, 0.03, 0), (0, 0, 0, 0)],
)
def test_a_direction_is_told_where_value_and_interval_agree(value, low, high, told):
    """Where the interval excludes zero, on the value's side."""
    assert direction(Difference(value, low, high)) == told
    assert Shift(0, value, Difference(value, low, high)).direction == told


def test_networks_of_other_examples_do_not_compare():
    """The message names both numbers."""
    one, other = (Evaluation(coins(np.full(n, 0.3)), np.zeros(n, int), SAMPLES) for n in (3, 4))
    with pytest.raises(ValueError, match="3 and 4"):
        Comparison(one, other).accuracy  # noqa: B018
