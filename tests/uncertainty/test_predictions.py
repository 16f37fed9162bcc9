"""Predictions kept as running means: by hand on three samples, and against all samples kept."""

from __future__ import annotations

import re
from math import log

import numpy as np
import pytest

from uncertainty.predictions import Predictions, Sampled, running_means
from uncertainty.predictive import entropy, expected_entropy, mutual_information

SAMPLES = np.array([[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]], np.float32)


def kept(probs, stops):
    return Sampled(tuple(stops), running_means(probs, stops), running_means(entropy(probs), stops))


def single_pass(logits):
    logits = np.asarray(logits, np.float32)
    probs = np.zeros((1, *logits.shape), np.float32)
    return Predictions((1,), probs, probs[..., 0], logits).single_pass()


def test_a_running_mean_takes_the_first_s_values():
    """Of 1, 3, 5, 11 the first is 1, the first two average 2, all four 5."""
    np.testing.assert_array_equal(running_means(np.array([1.0, 3.0, 5.0, 11.0]), (1, 2, 4)), [1, 2, 5])


def test_running_means_are_added_up_in_double_precision():
    """Two hundred float32 values of 0.1 average 0.1 to the last bit of float32."""
    values = np.full((200, 3), 0.1, np.float32)
    assert running_means(values, (200,)).tolist() == [[np.float32(0.1)] * 3]


def test_two_opposite_samples_disagree_by_ln_2():
    """Sure of either class in turn: entropy 0 each, their mean ln 2; undecided in both: no disagreement."""
    two = kept(SAMPLES, (1, 2, 3))
    np.testing.assert_allclose(two.probs(2), [[0.5, 0.5], [0.5, 0.5]])
    np.testing.assert_allclose(two.aleatoric(2), [0, log(2)], atol=1e-7)
    np.testing.assert_allclose(two.epistemic(2), [log(2), 0], atol=1e-7)
    np.testing.assert_allclose(two.aleatoric(3), [log(2) / 3, log(2)], rtol=1e-6)


def test_one_sample_disagrees_with_nobody():
    """Exactly zero, whatever rounding does."""
    probs = np.random.default_rng(0).dirichlet(np.ones(4), (1, 50)).astype(np.float32)
    assert (kept(probs, (1,)).epistemic(1) == 0).all()


def test_what_is_kept_is_what_all_samples_give():
    """Mean, aleatoric and epistemic part agree with those of the samples themselves, at every stop."""
    probs = np.random.default_rng(1).dirichlet(np.full(5, 0.4), (30, 20)).astype(np.float32)
    running = kept(probs, (1, 2, 7, 30))
    for s in running.samples:
        np.testing.assert_allclose(running.probs(s), probs[:s].mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(running.aleatoric(s), expected_entropy(probs[:s]), atol=1e-6)
        np.testing.assert_allclose(running.epistemic(s), mutual_information(probs[:s]), atol=1e-6)


@pytest.mark.parametrize("n_samples", [0, -1, 4, 201])
def test_a_number_of_samples_that_is_not_kept_is_refused(n_samples):
    """The message names it and the legal set."""
    with pytest.raises(ValueError, match=rf"n_samples is {n_samples}; it must be one of: 1, 2, 3"):
        kept(SAMPLES, (1, 2, 3)).probs(n_samples)


def test_a_single_pass_gives_the_softmax_of_the_logits():
    """ln 4 against 0 is .8 against .2."""
    np.testing.assert_allclose(single_pass([[log(4), 0], [0, log(4)]]), [[0.8, 0.2], [0.2, 0.8]], rtol=1e-6)


def test_a_single_pass_survives_huge_logits():
    """No overflow at both ends of float32: finite probabilities that sum to 1 and pick the largest."""
    logits = [[3e38, 0], [0, -3e38], [1e4, 1e4], [-3e38, -3e38], [3e38, -3e38]]
    np.testing.assert_array_equal(single_pass(logits), [[1, 0], [1, 0], [0.5, 0.5], [0.5, 0.5], [1, 0]])


@pytest.mark.parametrize("samples", [50, [], [0, 1], [2, 1], [1, 1], [1.0, 2.0], "12", None])
def test_samples_that_do_not_rise_are_refused(samples):
    """A single number is no sequence of them, either; the message says what was given."""
    with pytest.raises(ValueError, match=f"rising whole numbers from 1 on; got {re.escape(repr(samples))}"):
        running_means(np.ones((2, 3)), samples)
