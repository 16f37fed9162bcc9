"""The floor: what a perfectly calibrated model would score, by hand, in the limit, and as a band that holds 95 %."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.calibration import (
    adaptive_calibration_error,
    expected_calibration_error,
    reliability_bins,
    uncertainty_calibration_error,
)
from uncertainty.floor import calibration_floor, consistency_bars

QUANTITIES = ["confidence", "uncertainty"]
every_quantity = pytest.mark.parametrize("quantity", QUANTITIES)


def two_class(confidences):
    confidences = np.asarray(confidences, float)
    return np.stack([confidences, 1 - confidences], axis=1)


def bins_of(probs, quantity="confidence", **options):
    """The bins, which for the floor need no true labels: the scores are all that it takes from them."""
    return reliability_bins(probs, np.zeros(len(probs), int), quantity=quantity, **options)


def floor_of(probs, quantity="confidence", *, binning="width", **options):
    return calibration_floor(probs, bins_of(probs, quantity, binning=binning), quantity=quantity, **options)


def random_probs(seed, n, n_classes=3):
    return np.random.default_rng(seed).dirichlet(np.ones(n_classes), n)


def drawn_labels(seed, probs):
    """Labels that follow the probabilities, class by class, as the definition of calibration says."""
    uniform = np.random.default_rng(seed).random((len(probs), 1))
    return (uniform > probs.cumsum(axis=1)[:, :-1]).sum(axis=1)


# Closed form


def test_floor_of_four_coins():
    """Four predictions at 1/2 miss by |k/4 − 1/2| with k heads of four coins."""
    floor = floor_of(two_class([0.5] * 4), n_draws=20_000)
    # (1 · 0.5 + 4 · 0.25 + 6 · 0 + 4 · 0.25 + 1 · 0.5) / 16 = 3 / 16; standard error 0.0012
    assert floor.mean == pytest.approx(3 / 16, abs=0.006)
    # the gap is 0 in 6/16 of the draws and 1/2 in 2/16, both more than 2.5 %
    assert (floor.low, floor.high) == (0, 0.5)


def test_floor_of_one_prediction():
    """One prediction at 0.8 misses by 0.2 when it is right and by 0.8 when it is not."""
    floor = floor_of(two_class([0.8]), n_draws=20_000)
    # 0.8 · 0.2 + 0.2 · 0.8 = 0.32; standard error 0.0017
    assert floor.mean == pytest.approx(0.32, abs=0.008)
    np.testing.assert_allclose([floor.low, floor.high], [0.2, 0.8])


def test_floor_of_uce_is_not_zero():
    """Two classes all at 0.9 have a UCE of |0.1 − 0.469| however well calibrated, and the floor says so."""
    floor = floor_of(two_class([0.9] * 5000), "uncertainty")
    assert floor.mean == pytest.approx(0.368996, abs=0.002)
    # the error rate has a standard deviation of √(0.09 / 5000) = 0.0042
    assert floor.low == pytest.approx(0.368996 - 1.96 * 0.0042, abs=0.003)
    assert floor.high == pytest.approx(0.368996 + 1.96 * 0.0042, abs=0.003)


def test_uce_of_calibrated_labels_tends_to_its_floor():
    """On labels drawn from the probabilities the UCE of a large sample is the floor's 0.369."""
    probs = two_class([0.9] * 20_000)
    assert uncertainty_calibration_error(probs, drawn_labels(0, probs)) == pytest.approx(0.368996, abs=0.01)


def test_bars_of_a_large_bin_are_binomial():
    """The bar of 400 predictions at 3/4 is 3/4 ± 1.96 standard deviations of a binomial share."""
    low, high = consistency_bars(probs := two_class([0.75] * 400), bins_of(probs), n_draws=20_000)
    # √(0.75 · 0.25 / 400) = 0.02165
    np.testing.assert_allclose(low, [0.75 - 1.96 * 0.02165], atol=0.005)
    np.testing.assert_allclose(high, [0.75 + 1.96 * 0.02165], atol=0.005)


def test_bars_of_uncertainty_are_error_rates():
    """For uncertainty the bars speak of errors: predictions at 3/4 err a quarter of the time."""
    probs = two_class([0.75] * 400)
    low, high = consistency_bars(probs, bins_of(probs, "uncertainty"), quantity="uncertainty", n_draws=20_000)
    np.testing.assert_allclose(low, [0.25 - 1.96 * 0.02165], atol=0.005)
    np.testing.assert_allclose(high, [0.25 + 1.96 * 0.02165], atol=0.005)


# The band


@pytest.mark.parametrize(
    ("metric", "quantity", "binning"),
    [
        (expected_calibration_error, "confidence", "width"),
        (adaptive_calibration_error, "confidence", "mass"),
        (uncertainty_calibration_error, "uncertainty", "width"),
    ],
    ids=["ece", "ace", "uce"],
)
def test_the_band_holds_95_percent_of_calibrated_models(metric, quantity, binning):
    """On labels drawn from the probabilities the metric is inside the band about 95 times in 100."""
    inside = 0
    for seed in range(200):
        probs = random_probs(seed, 100)
        floor = floor_of(probs, quantity, binning=binning, seed=seed)
        inside += floor.low <= metric(probs, drawn_labels(1000 + seed, probs)) <= floor.high
    assert 178 <= inside <= 199  # 190 expected, with a standard deviation of 3


def test_an_overconfident_model_is_above_its_band():
    """A model whose labels ignore its probabilities has an ECE far above the floor."""
    probs = random_probs(0, 1000)
    labels = np.random.default_rng(1).integers(0, 3, 1000)
    assert expected_calibration_error(probs, labels) > 3 * floor_of(probs).high


def test_floor_of_ece_shrinks_with_the_sample():
    """Four times the examples halve the ECE of a calibrated model."""
    means = [floor_of(random_probs(0, n)).mean for n in (250, 1000, 4000)]
    np.testing.assert_allclose([means[1] / means[0], means[2] / means[1]], 0.5, atol=0.08)


@every_quantity
@given(seed=st.integers(0, 10**6), n=st.integers(1, 60), n_classes=st.integers(2, 5))
@settings(max_examples=25, deadline=None)
def test_floor_and_bars_are_ordered_fractions(quantity, seed, n, n_classes):
    """The band and the bars are ordered, and they and the mean lie in [0, 1]."""
    probs = random_probs(seed, n, n_classes)
    bins = bins_of(probs, quantity)
    floor = calibration_floor(probs, bins, quantity=quantity, n_draws=100)
    low, high = consistency_bars(probs, bins, quantity=quantity, n_draws=100)
    assert 0 <= floor.low <= floor.high <= 1
    assert 0 <= floor.mean <= 1
    assert ((low >= 0) & (low <= high) & (high <= 1)).all()


# Edges


@every_quantity
@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_floor_of_one_hot_predictions_is_exactly_zero(quantity, n_classes):
    """A certain model that is calibrated is always right, in every draw."""
    floor = floor_of(np.eye(n_classes)[np.arange(20) % n_classes], quantity)
    assert (floor.mean, floor.low, floor.high) == (0, 0, 0)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_bar_of_a_single_example_spans_everything(quantity):
    """One example is either right or wrong, so its bar goes from 0 to 1."""
    probs = two_class([0.6, 0.75, 0.9])
    bins = bins_of(probs, quantity)
    low, high = consistency_bars(probs, bins, quantity=quantity)
    assert bins.count.tolist() == [1, 1, 1]
    assert low.tolist() == [0, 0, 0]
    assert high.tolist() == [1, 1, 1]


def test_bar_of_a_certain_example_is_a_point():
    """A bin of confidence 1 must be right all the time."""
    low, high = consistency_bars(probs := two_class([0.7, 1.0]), bins_of(probs))
    assert (low.tolist(), high.tolist()) == ([0, 1], [1, 1])


def test_one_bar_for_each_bin():
    """There are as many bars as bins that hold examples, in the same order."""
    probs = two_class([0.55, 0.55, 0.95, 0.95, 0.99])
    bins = bins_of(probs, n_bins=10)
    low, high = consistency_bars(probs, bins)
    assert low.shape == high.shape == bins.count.shape == (2,)


def test_bars_are_in_the_order_of_the_bins():
    """The bar of the surer bin is the higher one, whatever the order of the examples."""
    probs = two_class([0.95, 0.55] * 300)
    low, high = consistency_bars(probs, bins_of(probs))
    assert high[0] < low[1]


@pytest.mark.parametrize("n_bins", [1, 15])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_floor_of_float32_probabilities(n_bins, n_classes):
    """A float32 array gives the very floor of the same values in float64."""
    probs = random_probs(0, 50, n_classes).astype(np.float32)
    bins = bins_of(probs, n_bins=n_bins)
    assert calibration_floor(probs, bins) == calibration_floor(probs.astype(float), bins)


# Randomness


def test_same_seed_same_floor():
    """The floor and the bars are functions of their seed."""
    probs = random_probs(0, 100)
    bins = bins_of(probs)
    assert calibration_floor(probs, bins, seed=3) == calibration_floor(probs, bins, seed=3)
    assert calibration_floor(probs, bins, seed=3) != calibration_floor(probs, bins, seed=4)
    np.testing.assert_array_equal(consistency_bars(probs, bins, seed=3), consistency_bars(probs, bins, seed=3))


def test_the_global_generator_is_left_alone():
    """The floor neither reads nor advances NumPy's global random state."""
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1:3]  # noqa: NPY002
    floor = floor_of(random_probs(0, 50))
    after = np.random.get_state()[1:3]  # noqa: NPY002
    np.testing.assert_array_equal(before[0], after[0])
    assert before[1] == after[1]
    np.random.seed(1)  # noqa: NPY002
    assert floor_of(random_probs(0, 50)) == floor


@every_quantity
def test_the_floor_does_not_depend_on_the_true_labels(quantity):
    """What a calibrated model would score is a matter of the probabilities alone."""
    probs = random_probs(0, 200)
    floors = [
        calibration_floor(probs, reliability_bins(probs, labels, quantity=quantity), quantity=quantity)
        for labels in (np.zeros(200, int), probs.argmax(axis=1), probs.argmin(axis=1))
    ]
    assert floors[0] == floors[1] == floors[2]


# Bad input


@pytest.mark.parametrize("function", [calibration_floor, consistency_bars], ids=lambda function: function.__name__)
def test_values_that_are_not_probabilities_are_refused(function):
    """Logits are refused here as they are by the metrics."""
    bins = bins_of(two_class([0.9, 0.9]))
    with pytest.raises(ValueError, match=r"finite, not negative, and sum to 1.*are these logits\?"):
        function(np.array([[2.5, -1.5], [0.5, 0.5]]), bins)


@pytest.mark.parametrize("function", [calibration_floor, consistency_bars], ids=lambda function: function.__name__)
def test_an_unknown_quantity_is_refused(function):
    """A quantity that does not exist is refused by name, not taken for one of the two that do."""
    probs = two_class([0.9, 0.9])
    with pytest.raises(ValueError, match=r"quantity 'entropy' is unknown; choose one of: confidence, uncertainty"):
        function(probs, bins_of(probs), quantity="entropy")
