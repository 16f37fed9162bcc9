"""Differences between networks as the pages tell them: by hand, against an oracle, silent where nothing is there."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pruning.outcome import Network, Outcome
from uncertainty.estimate import Estimate
from uncertainty.predictions import Predictions
from views.text import comparison
from views.text.claims import direction

N, SAMPLES, BINS = 150, 2, 15
NOTHING = Predictions(
    (1, 2), np.zeros((2, 0, 2), np.float32), np.zeros((2, 0), np.float32), np.zeros((0, 2), np.float32)
)


def network(ratio: float, class_1: np.ndarray, single: np.ndarray | None = None) -> Network:
    """A network that says these probabilities of class 1 (N,), by MC dropout and in a single pass."""
    p = class_1 if single is None else single
    said = Predictions(
        (1, 2),
        np.stack([np.stack([1 - class_1, class_1], axis=-1)] * 2).astype(np.float32),
        np.zeros((2, len(class_1)), np.float32),
        np.log(np.maximum(np.stack([1 - p, p], axis=-1), 1e-30)).astype(np.float32),
    )
    return Network(
        ratio, int(ratio > 0), {}, {}, {}, 0, np.zeros(0), np.zeros(1), False, 1, 1, 1, 0.0, test=said, ood=NOTHING
    )


def outcome(labels: np.ndarray, *networks: Network) -> Outcome:
    experiment = SimpleNamespace(prune_ratio=networks[-1].prune_ratio, dropout=0.2)
    return Outcome(experiment, labels, 2, networks)


def task(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities of class 1 (N,), mostly clear, and labels that follow them."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 0.3, n)
    return p, (rng.random(n) < p).astype(int)


def told(found: comparison.Compared) -> int:
    return sum(abs(change.told) for change in (found.accuracy, found.ece, found.nll))


def test_the_same_network_is_no_other():
    """Nothing is told of a network against itself, nor against itself after rounding."""
    p, labels = task(0)
    shaken = np.clip(p + 1e-7 * np.random.default_rng(1).standard_normal(N), 0, 1)
    found = comparison.compared(outcome(labels, network(0.0, p), network(0.5, shaken)), SAMPLES, BINS)
    assert told(found) == 0


def test_a_network_of_coins_is_told_from_one_that_knows():
    """Accuracy falls, NLL rises; both networks are calibrated, so of the ECE nothing is told."""
    p, labels = task(0)
    found = comparison.compared(outcome(labels, network(0.0, p), network(0.5, np.full(N, 0.51))), SAMPLES, BINS)
    assert (found.accuracy.told, found.nll.told) == (-1, 1)
    assert found.accuracy.before == pytest.approx(((p > 0.5) == labels).mean())
    assert found.ece.told == 0


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
        found.append(
            comparison.compared(outcome(labels, network(0.0, p), network(0.5, cautious)), SAMPLES, BINS).ece.told != 0
        )
    assert sum(found) <= 5 + 3 * np.sqrt(100 * 0.05 * 0.95)


# Signed gaps


def gap_of(confidence: np.ndarray, right: np.ndarray, comparisons: int = 1) -> Estimate:
    one = network(0.0, 1 - confidence)
    return comparison.gap(outcome((~right).astype(int), one), one, SAMPLES, BINS, comparisons)


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


def test_dropout_and_a_single_pass_of_one_network():
    """The four numbers: MC dropout's gap, against dense, against the single pass, and the single pass's own."""
    rng = np.random.default_rng(4)
    labels = (rng.random(N) < 0.95).astype(int)
    dense, pruned = network(0.0, np.full(N, 0.95)), network(0.5, np.full(N, 0.7), single=np.full(N, 0.94))
    right = labels.mean()
    values = [each.value for each in comparison.dropout_gaps(outcome(labels, dense, pruned), SAMPLES, BINS)]
    np.testing.assert_allclose(values, [0.7 - right, 0.7 - 0.95, 0.7 - 0.94, 0.94 - right], atol=1e-6)


def test_what_is_by_hand_is_no_stored_network():
    """A unit taken out of the dense network: its ratio is 0 too, and its gap is its own."""
    labels = np.ones(N, int)
    whole = outcome(labels, network(0.0, np.full(N, 0.95)))
    found = comparison.dropout_gaps(replace(whole, by_hand=network(0.0, np.full(N, 0.6))), SAMPLES, BINS)
    assert found[1].value == pytest.approx(0.6 - 0.95, abs=1e-6)


# Over the ratios


def test_every_ratio_is_looked_at_with_a_correction():
    """Three pruned networks: each interval is wider than that of one alone, and values are differences from dense."""
    p, labels = task(5)
    others = [network(ratio, np.clip(p + shift, 0, 1)) for ratio, shift in ((0.3, 0.1), (0.5, 0.2), (0.9, 0.4))]
    dense = network(0.0, p)
    alone = comparison.over_ratios(outcome(labels, dense, others[0]), SAMPLES, BINS)
    found = comparison.over_ratios(outcome(labels, dense, *others), SAMPLES, BINS)
    assert list(found.accuracy) == list(found.ece) == [0.3, 0.5, 0.9]
    assert list(found.gaps) == [0.0, 0.3, 0.5, 0.9]
    assert found.accuracy[0.3].value == alone.accuracy[0.3].value
    assert found.accuracy[0.3].high > alone.accuracy[0.3].high
    assert found.gaps[0.3].high > alone.gaps[0.3].high


# Against the truth


def test_the_truth_stands_in_for_labels():
    """Accuracy is that to be expected, the prefix says so, and a calibrated network is at an ECE of nothing."""
    p, labels = task(8)
    truth = np.stack([1 - p, p], axis=1)
    dense, pruned = network(0.0, p), network(0.5, np.full(N, 0.51))
    found = comparison.compared(outcome(truth, dense, pruned), SAMPLES, BINS)
    assert (found.accuracy.name, found.ece.name, found.nll.name) == ("true accuracy", "true ECE", "true NLL")
    assert found.accuracy.before == pytest.approx(np.maximum(p, 1 - p).mean(), abs=1e-6)
    assert found.ece.before == pytest.approx(0, abs=1e-6)
    assert (
        comparison.compared(outcome(labels, *map(copied, (dense, pruned))), SAMPLES, BINS).accuracy.name == "accuracy"
    )


def copied(one: Network) -> Network:
    """The same for another outcome, of which nothing is remembered."""
    return replace(one)


def test_the_truth_tells_what_few_labels_cannot():
    """Everywhere too sure by 0.03: told against the truth and not against the labels, of which chance has more."""
    rng = np.random.default_rng(9)
    p = np.where(rng.random(N) < 0.5, 0.05, 0.95)
    labels, sure = (rng.random(N) < p).astype(int), np.where(p > 0.5, 0.98, 0.02)
    truth = np.stack([1 - p, p], axis=1)
    against = [
        comparison.gap(outcome(held, one), one, SAMPLES, BINS)
        for held, one in ((truth, network(0.0, sure)), (labels, network(0.0, sure)))
    ]
    assert against[0].value == pytest.approx(0.03)
    assert [direction(each) for each in against] == [1, 0]


def test_the_floors_are_no_difference_of_what_is_calibrated():
    """Against labels the interval of two ECEs is moved by what chance gives them; against the truth it is not."""
    p, labels = task(10)
    truth = np.stack([1 - p, p], axis=1)
    for held, moved in ((labels, True), (truth, False)):
        pair = network(0.0, p), network(0.5, np.clip(p, 0.3, 0.7))
        found = comparison.ece_difference(outcome(held, *pair), *pair, SAMPLES, BINS)
        assert ((found.low + found.high) / 2 == pytest.approx(found.value, abs=1e-9)) != moved


# Detection


def scored(*scores: list[float]) -> dict[float, tuple[np.ndarray, np.ndarray]]:
    return dict(zip((0.0, 0.5, 0.9), (tuple(map(np.array, pair)) for pair in scores), strict=False))


def test_detection_is_compared_with_the_dense_network():
    """AUROC ¾ dense, 1 pruned: up by a quarter; each of two ratios has a wider interval than one alone."""
    labels = np.zeros(N, int)
    networks = [network(ratio, np.full(N, 0.1)) for ratio in (0.0, 0.5, 0.9)]
    scores = scored(([0.1, 0.5], [0.3, 0.9]), ([0.1, 0.2], [0.3, 0.9]), ([0.1, 0.5], [0.3, 0.9]))

    def of(one: Network) -> tuple[np.ndarray, np.ndarray]:
        return scores[one.prune_ratio]

    found = comparison.detections(outcome(labels, *networks), of, ("hand",), 1)
    wider = comparison.detections(outcome(labels, *networks), of, ("hand",), 2)
    assert {ratio: each.value for ratio, each in found.items()} == {0.5: 0.25, 0.9: 0.0}
    assert wider[0.5].high >= found[0.5].high > 0.25
    assert wider[0.5].low < found[0.5].low
