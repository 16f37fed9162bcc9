"""The figures of a network, by hand on four test points and two samples."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from pruning import Experiment, Network, Outcome
from pruning.experiment import MAX_SAMPLES
from pruning.figures import figures, sampled_probs, single_pass_probs

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


def fabricated(**changes):
    network = Network(
        prune_ratio=0.5, level=1, masks={}, start_weights={}, weights={}, early_stop_epoch=17,
        train_loss=np.zeros(0), val_loss=np.zeros(1), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002,
        test_logits=LOGITS, test_probs=two_columns([FIRST, SECOND]), far_probs=two_columns([[1.0, 1.0], [0.0, 1.0]]),
    )  # fmt: skip
    return replace(network, **changes)


def outcome():
    dense = fabricated(prune_ratio=0.0, level=0, units=20, parameters=100, multiply_adds=60)
    points = np.zeros((4, 2), np.float32)
    return Outcome(Experiment(), points, LABELS, points, LABELS, 2, (dense, fabricated()))


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
    assert result.epistemic_far == pytest.approx(log(2) / 2, abs=1e-6)


def test_sizes_are_compared_with_the_dense_network():
    """100 / 25 parameters and 60 / 20 multiply–adds; both ratios are 1 for the dense network itself."""
    result = figures(outcome(), outcome().pruned)
    assert (result.compression_ratio, result.speed_up) == (4, 3)
    assert (result.units, result.parameters, result.early_stop_epoch, result.latency) == (10, 25, 17, 0.002)
    dense = figures(outcome(), outcome().dense)
    assert (dense.compression_ratio, dense.speed_up, dense.units) == (1, 1, 20)


def test_one_sample_disagrees_with_nobody():
    """With a single sample there is no epistemic uncertainty, and the figures are that sample's."""
    result = figures(outcome(), outcome().pruned, n_samples=1)
    assert result.epistemic_test == result.epistemic_far == 0
    assert result.nll == pytest.approx(-(log(0.9) + log(0.7) + log(0.6) + log(0.4)) / 4)


def test_the_number_of_bins_is_an_argument():
    """With one bin the calibration error is |accuracy − mean confidence| = |.75 − .725|."""
    result = figures(outcome(), outcome().pruned, n_samples=2, n_bins=1)
    assert result.ece == pytest.approx(0.025)
    assert result.mce == pytest.approx(0.025)


def test_a_single_pass_gives_the_softmax_of_the_logits():
    """ln 4 against 0 is .8 against .2."""
    np.testing.assert_allclose(single_pass_probs(fabricated())[[0, 2]], [[0.8, 0.2], [0.2, 0.8]], rtol=1e-6)


def test_a_single_pass_survives_huge_logits():
    """No overflow at ±3·10³⁸: finite probabilities that sum to 1 and pick the largest."""
    logits = np.array([[3e38, 0], [0, -3e38], [1e4, 1e4], [-3e38, -3e38]], np.float32)
    probs = single_pass_probs(fabricated(test_logits=logits))
    np.testing.assert_array_equal(probs, [[1, 0], [1, 0], [0.5, 0.5], [0.5, 0.5]])


def test_a_single_pass_survives_logits_at_both_ends_of_float32():
    """Their difference does not fit into float32, and still one class has it all."""
    probs = single_pass_probs(fabricated(test_logits=np.array([[3e38, -3e38]], np.float32)))
    np.testing.assert_array_equal(probs, [[1, 0]])


def test_sampled_probs_are_the_mean_of_a_prefix():
    """The first s samples and no others."""
    network = fabricated()
    np.testing.assert_allclose(sampled_probs(network, 1)[:, 0], FIRST, rtol=1e-6)
    np.testing.assert_allclose(sampled_probs(network, 2)[:, 0], [0.8, 0.8, 0.3, 0.6], rtol=1e-6)
    expected = (np.array(FIRST) + SECOND + 0.5 * (MAX_SAMPLES - 2)) / MAX_SAMPLES
    np.testing.assert_allclose(sampled_probs(network, MAX_SAMPLES)[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("n_samples", [0, -1, MAX_SAMPLES + 1])
def test_a_number_of_samples_out_of_range_is_refused(n_samples):
    """The message names it and the legal range."""
    with pytest.raises(ValueError, match=rf"n_samples is {n_samples}; it must be from 1 to {MAX_SAMPLES}"):
        sampled_probs(fabricated(), n_samples)
