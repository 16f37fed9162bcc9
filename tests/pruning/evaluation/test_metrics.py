"""The figures of a network, by hand on four test points and two samples."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from pruning import Experiment, Network, Outcome
from pruning.evaluation.metrics import changes, figures, flat
from pruning.lottery.history import History
from pruning.outcome import MAX_SAMPLES, Fresh, PlaneOutcome
from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy

# Class-0 probabilities of the four test points in the first two samples; all later samples say .5.
#     sample 1    .9   .7   .4   .6
#     sample 2    .7   .9   .2   .6
#     mean        .8   .8   .3   .6     top label  0 0 1 0    confidence  .8 .8 .7 .6
#     label        0    0    1    1     right      y y y n
FIRST, SECOND, LABELS = [0.9, 0.7, 0.4, 0.6], [0.7, 0.9, 0.2, 0.6], np.array([0, 0, 1, 1])
LOGITS = np.array([[log(4), 0], [log(4), 0], [0, log(4)], [log(4), 0]], np.float32)


def binary_entropy(p):
    return sum(-q * log(q) for q in (p, 1 - p) if q > 0)


def two_columns(samples):
    """Class-0 probabilities (s, N) → (S, N, 2), the later samples undecided."""
    class_0 = np.full((MAX_SAMPLES, len(samples[0])), 0.5)
    class_0[: len(samples)] = samples
    return np.stack([class_0, 1 - class_0], axis=-1).astype(np.float32)


def predictions(logits, samples):
    probs, stops = two_columns(samples), range(1, MAX_SAMPLES + 1)
    return Predictions(tuple(stops), running_means(probs, stops), running_means(entropy(probs), stops), logits)


def fabricated(**changes):
    network = Network(
        prune_ratio=0.5, level=1, masks={}, start_weights={}, weights={}, early_stop_epoch=17,
        train_loss=np.zeros(0), val_loss=np.zeros(1), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002,
        test=predictions(LOGITS, [FIRST, SECOND]), ood=predictions(LOGITS[:2], [[1.0, 1.0], [0.0, 1.0]]),
    )  # fmt: skip
    return replace(network, **changes)


def outcome():
    dense = fabricated(prune_ratio=0.0, level=0, units=20, parameters=100, multiply_adds=60)
    return Outcome(Experiment(), LABELS, 2, (dense, fabricated()))


def test_the_figures_of_two_samples_are_those_of_paper():
    """Accuracy, likelihood, Brier and calibration of the mean predictive of the first two samples.

    Each point is in a bin of its own but for the first two, which share one:
    ECE = ACE = 2/4 · |1 − .8| + 1/4 · |1 − .7| + 1/4 · |0 − .6|; the largest gap is the last one.
    UCE sets error 0, 0, 0, 1 against entropy / ln 2.
    """
    result = figures(outcome(), outcome().pruned, n_samples=2)
    assert result.accuracy == 3 / 4
    assert result.nll == pytest.approx(-(2 * log(0.8) + log(0.7) + log(0.4)) / 4)
    assert result.brier == pytest.approx(2 * (2 * 0.2**2 + 0.3**2 + 0.6**2) / 4)
    assert result.ece == pytest.approx(0.5 * 0.2 + 0.25 * 0.3 + 0.25 * 0.6)
    assert result.mce == pytest.approx(0.6)
    assert result.ace == pytest.approx(result.ece)
    h8, h7, h6 = (binary_entropy(p) / log(2) for p in (0.8, 0.7, 0.6))
    assert result.uce == pytest.approx(0.5 * h8 + 0.25 * h7 + 0.25 * (1 - h6))


def test_epistemic_uncertainty_is_the_disagreement_of_the_samples():
    """Entropy of the mean less mean entropy; of two far points one is sure either way (ln 2), one agreed on (0)."""
    result = figures(outcome(), outcome().pruned, n_samples=2)
    mean_entropy = [(binary_entropy(a) + binary_entropy(b)) / 2 for a, b in zip(FIRST, SECOND, strict=True)]
    total = [binary_entropy((a + b) / 2) for a, b in zip(FIRST, SECOND, strict=True)]
    assert result.epistemic_test == pytest.approx(np.mean(np.subtract(total, mean_entropy)), abs=1e-6)
    assert result.epistemic_ood == pytest.approx(log(2) / 2, abs=1e-6)


def test_sizes_are_compared_with_the_dense_network():
    """100 / 25 parameters and 60 / 20 multiply–adds; both ratios are 1 for the dense network itself."""
    result = figures(outcome(), outcome().pruned)
    assert (result.compression_ratio, result.speed_up) == (4, 3)
    assert (result.units, result.parameters, result.latency) == (10, 25, 0.002)
    dense = figures(outcome(), outcome().dense)
    assert (dense.compression_ratio, dense.speed_up, dense.units) == (1, 1, 20)


def test_one_sample_disagrees_with_nobody():
    """With a single sample there is no epistemic uncertainty, and the figures are that sample's."""
    result = figures(outcome(), outcome().pruned, n_samples=1)
    assert result.epistemic_test == result.epistemic_ood == 0
    assert result.nll == pytest.approx(-(log(0.9) + log(0.7) + log(0.6) + log(0.4)) / 4)


def test_the_number_of_bins_is_an_argument():
    """With one bin the calibration error is |accuracy − mean confidence| = |.75 − .725|."""
    result = figures(outcome(), outcome().pruned, n_samples=2, n_bins=1)
    assert result.ece == pytest.approx(0.025)
    assert result.mce == pytest.approx(0.025)


def test_an_early_stop_is_told_in_all():
    """Epoch 17 after 40 in the weights it started from; 90 were spent in all, in 2.5 s. Untrained has none."""
    network = fabricated(history=History(before=40, trainings=2, spent=90, seconds=2.5))
    result = figures(outcome(), network)
    assert (result.early_stop_epoch, result.epochs_spent, result.seconds_spent) == (57, 90, 2.5)
    assert figures(outcome(), fabricated(early_stop_epoch=None)).early_stop_epoch is None


# The same two samples at four fresh points, where the truth is known:
#     mean        .8   .8   .3   .6     top label  0 0 1 0
#     posterior    1   .7   .4   .5     right with probability  1 .7 .6 .5
POSTERIOR = np.array([[1, 0], [0.7, 0.3], [0.4, 0.6], [0.5, 0.5]])


def plane_outcome(pruned: Network, known: bool = True) -> PlaneOutcome:
    nothing = np.zeros((0, 2), np.float32)
    dense = fabricated(prune_ratio=0.0, level=0, fresh=predictions(LOGITS, [POSTERIOR[:, 0]] * 2))
    fresh = Fresh(np.zeros((4, 2), np.float32), POSTERIOR) if known else None
    return PlaneOutcome(
        Experiment(), LABELS, 2, (dense, pruned), nothing, np.zeros(0, int), nothing, nothing, fresh=fresh
    )


def test_the_figures_against_the_truth_are_those_of_paper():
    """Of the fresh points alone, with the posterior in place of labels.

    Expected accuracy (1 + .7 + .6 + .5) / 4; .8 is told of two points, right with .85 on average, and gaps are .05
    twice, .1 and .1. The aleatoric part is the mean entropy of the two samples.
    """
    pruned = fabricated(fresh=predictions(LOGITS, [FIRST, SECOND]))
    result = figures(plane_outcome(pruned), pruned, n_samples=2)
    truth = result.truth
    assert truth.scores.accuracy.value == pytest.approx(0.7)
    assert truth.against.bayes_accuracy == pytest.approx(0.7)
    assert truth.scores.confidence.value == pytest.approx(0.725)
    assert truth.scores.signed_gap.value == pytest.approx(0.025)
    assert truth.scores.ece.value == pytest.approx((2 * 0.05 + 0.1 + 0.1) / 4)
    nll = -log(0.8) - 0.7 * log(0.8) - 0.3 * log(0.2) - 0.4 * log(0.3) - 0.6 * log(0.7) - 0.5 * log(0.6 * 0.4)
    noise = (binary_entropy(0.7) + binary_entropy(0.4) + log(2)) / 4
    assert truth.scores.nll.value == pytest.approx(nll / 4)
    assert truth.against.true_entropy == pytest.approx(noise)
    assert truth.against.excess_nll.value == pytest.approx(nll / 4 - noise)
    assert truth.against.error.value == pytest.approx((0.2 + 0.1 + 0.1 + 0.1) / 4)
    entropies = [(binary_entropy(a) + binary_entropy(b)) / 2 for a, b in zip(FIRST, SECOND, strict=True)]
    assert truth.aleatoric == pytest.approx(np.mean(entropies), abs=1e-6)


def test_beside_the_truth_stand_the_test_points_with_their_intervals():
    """The same numbers as ever, now between what so few points leave possible."""
    result = figures(outcome(), outcome().pruned, n_samples=2)
    for name in ("accuracy", "nll", "brier", "ece", "ace", "uce"):
        estimate = getattr(result.test, name)
        assert estimate.value == getattr(result, name)
        assert estimate.low < estimate.value < estimate.high
    assert result.test.mce == result.mce
    assert result.test.signed_gap.value == pytest.approx(0.725 - 0.75)


def test_where_nothing_is_known_there_is_no_truth():
    """For images and own points, and for a network that has not been asked yet."""
    asked = fabricated(fresh=predictions(LOGITS, [FIRST, SECOND]))
    assert figures(outcome(), outcome().pruned).truth is None
    assert figures(plane_outcome(asked, known=False), asked).truth is None
    assert figures(plane_outcome(fabricated()), fabricated()).truth is None
    assert changes(outcome(), outcome().dense, outcome().pruned).truth is None
    half = plane_outcome(fabricated())
    assert changes(half, half.dense, half.pruned).truth is None


def test_changes_are_between_the_two_networks_on_the_same_points():
    """Dense knows the posterior of the fresh points: pruned loses its divergence in NLL; tested, they agree."""
    pruned = fabricated(fresh=predictions(LOGITS, [FIRST, SECOND]))
    both = plane_outcome(pruned)
    found = changes(both, both.dense, pruned, n_samples=2)
    assert found.truth.accuracy.value == pytest.approx(0, abs=1e-6)
    assert found.truth.confidence.value == pytest.approx(0.725 - 0.7, abs=1e-6)
    assert found.truth.nll.value == pytest.approx(figures(both, pruned, 2).truth.against.excess_nll.value, abs=1e-6)
    assert found.truth.ece.value == pytest.approx(0.075, abs=1e-6)
    assert found.test.nll.value == found.test.ece.value == 0
    wide = changes(both, both.dense, pruned, n_samples=2, comparisons=10)
    assert wide.truth.nll.high > found.truth.nll.high
    back = changes(both, pruned, both.dense, n_samples=2)
    assert back.truth.ece.value == pytest.approx(-found.truth.ece.value)


def test_figures_are_written_as_one_row_of_numbers():
    """Estimates with their ends; those against the truth by a prefix, and none where nothing is known."""
    pruned = fabricated(fresh=predictions(LOGITS, [FIRST, SECOND]))
    result = figures(plane_outcome(pruned), pruned, n_samples=2)
    row = flat(result)
    assert all(isinstance(value, int | float) for value in row.values())
    assert row["units"] == 10
    assert (row["ece"], row["ece_low"], row["ece_high"]) == (
        result.ece, result.test.ece.low, result.test.ece.high,
    )  # fmt: skip
    assert row["truth_accuracy_low"] == result.truth.scores.accuracy.low
    assert row["truth_excess_nll"] == result.truth.against.excess_nll.value
    assert (row["truth_bayes_accuracy"], row["truth_aleatoric"]) == (
        result.truth.against.bayes_accuracy, result.truth.aleatoric,
    )  # fmt: skip
    unknown = flat(figures(outcome(), outcome().pruned))
    assert list(unknown) == [name for name in row if not name.startswith("truth_")]
