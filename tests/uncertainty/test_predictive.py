"""The entropies of a predictive distribution: by hand, at the edges, and the identities that hold between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.predictive import (
    confidence,
    entropy,
    expected_entropy,
    mean_probs,
    mutual_information,
    predictive_entropy,
)

ENTROPIES = [predictive_entropy, expected_entropy, mutual_information]
ALL = [*ENTROPIES, confidence, mean_probs]

every_function = pytest.mark.parametrize("function", ALL, ids=lambda function: function.__name__)
few = settings(max_examples=30, deadline=None)


@st.composite
def samples(draw):
    """Probabilities (S, N, C) with zeros and one-hot rows among them."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 8), st.integers(2, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(0, 4, shape)
    weights[..., 0] += weights.sum(axis=-1) == 0
    return weights / weights.sum(axis=-1, keepdims=True)


# Closed form

# Two samples of four examples: certain and opposed; one certain, one torn; both torn; both certain and agreed.
FOUR = np.array(
    [
        [[1.0, 0.0], [0.5, 0.5], [0.5, 0.5], [0.0, 1.0]],
        [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [0.0, 1.0]],
    ]
)
LN2, LN3 = np.log(2), np.log(3)


def test_mean_probs_of_four_examples():
    """The predictive distribution is the mean over samples."""
    np.testing.assert_allclose(mean_probs(FOUR), [[0.5, 0.5], [0.75, 0.25], [0.5, 0.5], [0, 1]])


def test_confidence_of_four_examples():
    """Confidence is the maximum of the mean, not the mean of the maxima: certain but opposed samples have 1/2."""
    np.testing.assert_allclose(confidence(FOUR), [0.5, 0.75, 0.5, 1])


def test_predictive_entropy_of_four_examples():
    """The total uncertainty is the entropy of the mean, in nats."""
    # H(3/4, 1/4) = 3/4 (2 ln 2 − ln 3) + 1/4 · 2 ln 2 = 2 ln 2 − 3/4 ln 3 = 0.5623
    np.testing.assert_allclose(predictive_entropy(FOUR), [LN2, 2 * LN2 - 0.75 * LN3, LN2, 0], atol=1e-12)


def test_expected_entropy_of_four_examples():
    """The aleatoric part is the mean of the samples' entropies: (0 + 0, ln 2 + 0, ln 2 + ln 2, 0 + 0) / 2."""
    np.testing.assert_allclose(expected_entropy(FOUR), [0, LN2 / 2, LN2, 0], atol=1e-12)


def test_mutual_information_of_four_examples():
    """The epistemic part is what the samples disagree on: all of it, some, none and none."""
    # 2 ln 2 − 3/4 ln 3 − 1/2 ln 2 = 1.5 ln 2 − 3/4 ln 3 = 0.2158
    np.testing.assert_allclose(mutual_information(FOUR), [LN2, 1.5 * LN2 - 0.75 * LN3, 0, 0], atol=1e-12)


def test_entropy_of_dyadic_probabilities():
    """Entropy is in nats, over the last axis of an array of any shape: 1/2, 1/4, 1/8, 1/8 has 1.75 bits."""
    np.testing.assert_allclose(entropy(np.array([0.5, 0.25, 0.125, 0.125])), 1.75 * LN2)


def test_confidence_is_the_maximum_over_classes():
    """Confidence is the top label's probability, whichever class that is, and not that of class 0."""
    np.testing.assert_allclose(confidence([[[0.1, 0.7, 0.2], [0.2, 0.1, 0.7]]]), [0.7, 0.7])


# Edges


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_one_hot_samples_that_agree_know_everything(n_classes):
    """Certain samples that agree have no uncertainty of any kind, and ln 0 makes no NaN."""
    probs = np.stack([np.eye(n_classes)] * 3)
    for function in ENTROPIES:
        np.testing.assert_array_equal(function(probs), np.zeros(n_classes))
    np.testing.assert_array_equal(confidence(probs), np.ones(n_classes))


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_uniform_samples_are_all_noise(n_classes):
    """Uniform samples have the entropy ln C, all of it aleatoric."""
    probs = np.full((4, 2, n_classes), 1 / n_classes)
    np.testing.assert_allclose(predictive_entropy(probs), np.log(n_classes))
    np.testing.assert_allclose(expected_entropy(probs), np.log(n_classes))
    np.testing.assert_allclose(mutual_information(probs), 0, atol=1e-12)
    np.testing.assert_allclose(confidence(probs), 1 / n_classes)


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_samples_certain_of_every_class_are_all_ignorance(n_classes):
    """One certain sample for each class has the entropy ln C, all of it epistemic."""
    probs = np.eye(n_classes)[:, None, :]
    np.testing.assert_allclose(predictive_entropy(probs), np.log(n_classes))
    np.testing.assert_array_equal(expected_entropy(probs), 0)
    np.testing.assert_allclose(mutual_information(probs), np.log(n_classes))


def test_a_single_sample_knows_no_ignorance():
    """With one sample the mutual information is exactly zero and the entropies are equal."""
    probs = np.random.default_rng(0).dirichlet([0.5] * 5, (1, 50))
    np.testing.assert_array_equal(mutual_information(probs), np.zeros(50))
    np.testing.assert_array_equal(predictive_entropy(probs), expected_entropy(probs))
    np.testing.assert_array_equal(mean_probs(probs), probs[0])


def test_rounding_makes_no_negative_ignorance():
    """Samples that are all equal have a mutual information of 0, which rounding does not push below."""
    probs = np.repeat(np.random.default_rng(0).dirichlet([0.5] * 5, (1, 200)), 7, axis=0)
    assert (mutual_information(probs) >= 0).all()
    np.testing.assert_allclose(mutual_information(probs), 0, atol=1e-12)


def test_one_class():
    """With a single class there is nothing to be uncertain of."""
    for function in ENTROPIES:
        np.testing.assert_array_equal(function(np.ones((2, 3, 1))), np.zeros(3))


@every_function
def test_float32_samples_are_computed_in_float64(function):
    """A float32 array gives the very numbers of the same values in float64."""
    probs = np.random.default_rng(1).dirichlet([0.5] * 5, (30, 20)).astype(np.float32)
    result = function(probs)
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, function(probs.astype(float)))


@every_function
def test_arguments_are_not_changed(function):
    """The samples are left as they are."""
    probs = np.random.default_rng(2).dirichlet([0.5] * 3, (4, 5))
    before = probs.copy()
    function(probs)
    np.testing.assert_array_equal(probs, before)


# Identities, bounds and invariances


@given(samples())
@few
def test_the_parts_add_up(probs):
    """Predictive entropy is expected entropy plus mutual information."""
    np.testing.assert_allclose(
        predictive_entropy(probs), expected_entropy(probs) + mutual_information(probs), atol=1e-12
    )


@given(samples())
@few
def test_uncertainties_are_bounded(probs):
    """Each uncertainty is between 0 and ln C, each confidence between 1/C and 1, and the predictive sums to 1."""
    n_classes = probs.shape[-1]
    for function in ENTROPIES:
        assert (function(probs) >= 0).all()
        assert (function(probs) <= np.log(n_classes) + 1e-12).all()
    assert (confidence(probs) >= 1 / n_classes - 1e-12).all()
    assert (confidence(probs) <= 1 + 1e-12).all()
    np.testing.assert_allclose(mean_probs(probs).sum(axis=-1), 1)


@given(samples())
@few
def test_mutual_information_is_the_mean_divergence_from_the_mean(probs):
    """Mutual information equals the mean Kullback–Leibler divergence of the samples from their mean."""
    mean = np.broadcast_to(probs.mean(axis=0), probs.shape)
    ratio = np.divide(probs, mean, out=np.ones_like(probs), where=probs > 0)
    divergence = (probs * np.log(ratio)).sum(axis=-1).mean(axis=0)
    np.testing.assert_allclose(mutual_information(probs), divergence, atol=1e-12)


@pytest.mark.parametrize("function", [*ENTROPIES, confidence], ids=lambda function: function.__name__)
@given(probs=samples(), seed=st.integers(0, 99))
@few
def test_order_of_samples_and_classes_does_not_matter(function, probs, seed):
    """Shuffling samples or renumbering classes changes nothing."""
    rng = np.random.default_rng(seed)
    shuffled = probs[rng.permutation(probs.shape[0])][:, :, rng.permutation(probs.shape[2])]
    np.testing.assert_allclose(function(shuffled), function(probs), atol=1e-12)


@every_function
@given(probs=samples(), seed=st.integers(0, 99))
@few
def test_examples_do_not_see_each_other(function, probs, seed):
    """Shuffling the examples shuffles the answers."""
    order = np.random.default_rng(seed).permutation(probs.shape[1])
    np.testing.assert_allclose(function(probs[:, order]), function(probs)[order], atol=1e-12)


@every_function
@given(probs=samples(), copies=st.integers(2, 4))
@few
def test_repeating_the_samples_does_not_matter(function, probs, copies):
    """The same samples a few times over give the same answer."""
    np.testing.assert_allclose(function(np.tile(probs, (copies, 1, 1))), function(probs), atol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_entropy_agrees_with_scipy():
    """SciPy has the same entropy, in nats."""
    stats = pytest.importorskip("scipy.stats")
    probs = np.random.default_rng(3).dirichlet([0.3] * 5, (10, 40))
    np.testing.assert_allclose(predictive_entropy(probs), stats.entropy(probs.mean(axis=0), axis=-1))
    np.testing.assert_allclose(expected_entropy(probs), stats.entropy(probs, axis=-1).mean(axis=0))


@pytest.mark.parametrize("classes", [2, 5, 10, 100])
def test_entropy_in_single_precision_is_that_of_double_to_its_last_digits(classes):
    """Certain and even rows too, none of them below zero, and −0 nowhere."""
    drawn = np.random.default_rng(4).dirichlet([0.1] * classes, 5000)
    probs = np.concatenate([drawn, np.eye(classes), np.full((1, classes), 1 / classes)]).astype(np.float32)
    single, double = entropy(probs, np.float32), entropy(probs)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(single, double, atol=2e-7 * classes**0.5)
    assert not np.signbit(single).any()


# Bad input


@every_function
def test_a_single_pass_without_its_axis_is_refused(function):
    """A (N, C) array is refused with its shape, the shape that is needed and how to get there."""
    with pytest.raises(ValueError, match=r"shape \(S, N, C\).*got \(4, 2\).*probs\[None\]"):
        function(np.full((4, 2), 0.5))


@every_function
@pytest.mark.parametrize("shape", [(0, 4, 2), (3, 0, 2), (3, 4, 0)])
def test_empty_samples_are_refused(function, shape):
    """No samples, no examples or no classes is an error, not a NaN."""
    with pytest.raises(ValueError, match=rf"none of them zero; got \({shape[0]}, {shape[1]}, {shape[2]}\)"):
        function(np.ones(shape))


@every_function
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(function, value):
    """A NaN or an infinity among the samples is an error, not an uncertainty."""
    with pytest.raises(ValueError, match=r"probs .*finite"):
        function(np.array([[[0.5, 0.5], [value, 0.5]]]))


@every_function
@pytest.mark.parametrize("row", [[2.5, -1.5], [3.0, 1.0]], ids=["negative", "sum"])
def test_logits_are_refused(function, row):
    """Numbers that are negative or do not sum to 1 are no probabilities and have no entropy."""
    with pytest.raises(ValueError, match=r"probs .*logits\?"):
        function(np.array([[[0.5, 0.5], row]]))
