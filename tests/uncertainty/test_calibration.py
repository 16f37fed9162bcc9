"""Calibration metrics: worked out by hand, at their edges, under symmetries, and against other libraries."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.calibration import (
    accuracy,
    adaptive_calibration_error,
    brier_score,
    expected_calibration_error,
    maximum_calibration_error,
    negative_log_likelihood,
    reliability_bins,
    uncertainty_calibration_error,
)

BINNED = [
    expected_calibration_error,
    maximum_calibration_error,
    adaptive_calibration_error,
    uncertainty_calibration_error,
]
PROPER = [brier_score, negative_log_likelihood]
METRICS = [*BINNED, *PROPER, accuracy]

every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
every_binned = pytest.mark.parametrize("metric", BINNED, ids=lambda metric: metric.__name__)
few = settings(max_examples=30, deadline=None)


def two_class(confidences):
    """Rows (p, 1 − p): the top label is class 0 wherever p > 1/2."""
    confidences = np.asarray(confidences, float)
    return np.stack([confidences, 1 - confidences], axis=1)


def random_case(seed, n, n_classes):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(n_classes, 0.7), n)
    return probs, rng.integers(0, n_classes, n)


@st.composite
def cases(draw):
    """Probabilities (N, C) with a single largest entry in each row, zeros and one-hot rows among them, and labels."""
    n, n_classes = draw(st.integers(1, 25)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.integers(0, 5, (n, n_classes))
    weights[np.arange(n), weights.argmax(axis=1)] += 1
    return weights / weights.sum(axis=1, keepdims=True), rng.integers(0, n_classes, n)


# Closed form


def test_ece_and_mce_of_eight_examples():
    """ECE weighs each bin's gap by its share of the examples, and MCE is the largest of the gaps."""
    probs = two_class([0.9, 0.9, 0.9, 0.9, 0.7, 0.7, 0.55, 0.55])
    labels = [0, 0, 0, 1, 0, 1, 1, 1]
    # (0.8, 1]:   4 examples, accuracy 3/4, confidence 0.90, gap 0.15
    # (0.6, 0.8]: 2 examples, accuracy 1/2, confidence 0.70, gap 0.20
    # (0.4, 0.6]: 2 examples, accuracy 0,   confidence 0.55, gap 0.55
    # ECE = (4 · 0.15 + 2 · 0.20 + 2 · 0.55) / 8 = 2.1 / 8
    assert expected_calibration_error(probs, labels, n_bins=5) == pytest.approx(0.2625)
    assert maximum_calibration_error(probs, labels, n_bins=5) == pytest.approx(0.55)


def test_confidence_is_the_maximum_over_classes():
    """Confidence is the probability of the top label, whichever class that is, and not that of class 0."""
    probs = [[0.1, 0.8, 0.1], [0.05, 0.05, 0.9], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]]
    labels = [1, 2, 0, 0]
    # gaps: |1 − 0.8|, |1 − 0.9|, |0 − 0.7|, |1 − 0.6|, each example in a bin of its own
    # ECE = ACE = (0.2 + 0.1 + 0.7 + 0.4) / 4, MCE = 0.7; class 0's probability would give an ECE of 0.5125
    assert expected_calibration_error(probs, labels, n_bins=10) == pytest.approx(0.35)
    assert maximum_calibration_error(probs, labels, n_bins=10) == pytest.approx(0.7)
    assert adaptive_calibration_error(probs, labels, n_bins=4) == pytest.approx(0.35)
    np.testing.assert_allclose(reliability_bins(probs, labels, 10).mean_score, [0.6, 0.7, 0.8, 0.9])


def test_ace_of_six_examples():
    """ACE takes its gaps over bins that hold the same number of examples."""
    probs = two_class([0.95, 0.55, 0.65, 0.6, 0.7, 0.8])
    labels = [0, 0, 0, 1, 0, 1]
    # sorted: 0.55 right, 0.60 wrong | 0.65 right, 0.70 right | 0.80 wrong, 0.95 right
    # gaps: |1/2 − 0.575| = 0.075, |1 − 0.675| = 0.325, |1/2 − 0.875| = 0.375
    assert adaptive_calibration_error(probs, labels, n_bins=3) == pytest.approx((0.075 + 0.325 + 0.375) / 3)


def test_uce_of_four_examples():
    """UCE compares the error rate with the entropy divided by ln C."""
    probs = [[0.5, 0.25, 0.125, 0.125], [0.25, 0.25, 0.25, 0.25], [0.5, 0.5, 0, 0], [1, 0, 0, 0]]
    labels = [0, 3, 0, 2]
    # entropies in bits 1.75, 2, 1, 0; divided by log2(4) = 2: 0.875, 1, 0.5, 0; wrong: no, yes, no, yes
    # (0.75, 1]: |1/2 − 0.9375| = 0.4375 twice; 0.5: |0 − 0.5|; 0: |1 − 0|
    # UCE = (2 · 0.4375 + 0.5 + 1) / 4
    assert uncertainty_calibration_error(probs, labels, n_bins=4) == pytest.approx(0.59375)


def test_uce_of_a_calibrated_model_is_not_zero():
    """Two classes at 0.9 that are right nine times in ten have an ECE of 0 and a UCE of 0.369."""
    probs, labels = two_class([0.9] * 10), [0] * 9 + [1]
    # normalised entropy: −(0.9 ln 0.9 + 0.1 ln 0.1) / ln 2 = 0.468996; error rate 0.1
    assert expected_calibration_error(probs, labels) == pytest.approx(0, abs=1e-12)
    assert uncertainty_calibration_error(probs, labels) == pytest.approx(0.368996, abs=1e-6)


def test_brier_of_four_examples():
    """Brier sums the squared distances over the classes, then averages over the examples."""
    probs = [[0.8, 0.2], [0.6, 0.4], [0.1, 0.9], [0.5, 0.5]]
    # 2 · 0.2², 2 · 0.6², 2 · 0.1², 2 · 0.5² = 0.08 + 0.72 + 0.02 + 0.50 = 1.32
    assert brier_score(probs, [0, 1, 1, 0]) == pytest.approx(1.32 / 4)


def test_brier_of_three_classes():
    """Brier counts the probability of every class, not only of the label's."""
    # (0.5 − 1)² + 0.3² + 0.2² = 0.25 + 0.09 + 0.04
    assert brier_score([[0.5, 0.3, 0.2]], [0]) == pytest.approx(0.38)


def test_nll_of_four_examples():
    """The negative log-likelihood is the mean surprise at the label, in nats."""
    probs = [[0.5, 0.25, 0.25], [0.5, 0.25, 0.25], [0.75, 0.125, 0.125], [0, 0, 1]]
    # −ln of 1/2, 1/4, 1/8, 1: (1 + 2 + 3 + 0) ln 2 / 4
    assert negative_log_likelihood(probs, [0, 2, 1, 2]) == pytest.approx(1.5 * np.log(2))


def test_accuracy_of_four_examples():
    """Accuracy is the share of examples whose largest probability is on the label."""
    probs = [[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.6, 0.2, 0.2]]
    assert accuracy(probs, [0, 1, 2, 2]) == 0.75


def test_a_tie_goes_to_the_lower_class():
    """Of two equally probable classes the lower one is the prediction."""
    assert accuracy([[0.0, 0.5, 0.5]], [1]) == 1
    assert accuracy([[0.0, 0.5, 0.5]], [2]) == 0


def test_reliability_bins_of_six_examples():
    """Every field of the bins is what a hand count gives, and bins without examples are absent."""
    bins = reliability_bins(two_class([0.95, 0.55, 0.85, 0.95, 0.55, 0.9]), [0, 1, 0, 1, 0, 0], 5)
    # (0.4, 0.6]: 0.55 wrong, 0.55 right; (0.8, 1]: 0.95 right, 0.85 right, 0.95 wrong, 0.9 right
    np.testing.assert_allclose(bins.lower, [0.4, 0.8])
    np.testing.assert_allclose(bins.upper, [0.6, 1.0])
    np.testing.assert_array_equal(bins.count, [2, 4])
    np.testing.assert_allclose(bins.mean_score, [0.55, 3.65 / 4])
    np.testing.assert_allclose(bins.mean_outcome, [0.5, 0.75])
    np.testing.assert_allclose(bins.gap, [0.05, 0.1625])
    np.testing.assert_array_equal(bins.members, [1, 0, 1, 1, 0, 1])


def test_uncertainty_bins_hold_entropy_and_error():
    """For uncertainty a bin's score is the normalised entropy and its outcome the error rate."""
    bins = reliability_bins([[1, 0], [0.5, 0.5], [0.5, 0.5]], [0, 0, 1], 4, quantity="uncertainty")
    np.testing.assert_allclose(bins.mean_score, [0, 1])
    np.testing.assert_allclose(bins.mean_outcome, [0, 0.5])
    np.testing.assert_array_equal(bins.count, [1, 2])


def test_equal_mass_bins_follow_the_scores():
    """Equal-mass bins hold equal counts, and their edges are scores that the upper bin does not include."""
    bins = reliability_bins(two_class([0.51, 0.52, 0.53, 0.54, 0.55, 0.99]), [0] * 6, 3, binning="mass")
    np.testing.assert_array_equal(bins.count, [2, 2, 2])
    np.testing.assert_allclose(bins.lower, [0, 0.52, 0.54])
    np.testing.assert_allclose(bins.upper, [0.52, 0.54, 1])


# Edges


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("n_bins", [1, 2, 15])
def test_certain_and_always_right(n_classes, n_bins):
    """One-hot predictions that are right have no error of any kind."""
    labels = np.arange(10) % n_classes
    probs = np.eye(n_classes)[labels]
    assert [metric(probs, labels, n_bins) for metric in BINNED] == [0, 0, 0, 0]
    assert [metric(probs, labels) for metric in PROPER] == [0, 0]
    assert accuracy(probs, labels) == 1


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("n_bins", [1, 2, 15])
def test_certain_and_always_wrong(n_classes, n_bins):
    """One-hot predictions that are wrong score the worst of every metric: confidence 1 and entropy 0 have a bin."""
    labels = np.arange(10) % n_classes
    probs = np.eye(n_classes)[(labels + 1) % n_classes]
    assert [metric(probs, labels, n_bins) for metric in BINNED] == [1, 1, 1, 1]
    assert brier_score(probs, labels) == 2
    assert accuracy(probs, labels) == 0


def test_one_impossible_label_costs_a_finite_nll():
    """A label of probability 0 costs 126 ln 2, the smallest normal float32, not infinity."""
    assert negative_log_likelihood([[1.0, 0.0]], [1]) == pytest.approx(126 * np.log(2))
    assert negative_log_likelihood([[1.0, 0.0], [1.0, 0.0]], [1, 0]) == pytest.approx(63 * np.log(2))


@pytest.mark.parametrize("n_classes", [2, 3, 4, 5])
def test_uniform_predictions(n_classes):
    """Uniform predictions on balanced labels are calibrated, except for UCE: entropy 1 and error 1 − 1/C."""
    probs, labels = np.full((4 * n_classes, n_classes), 1 / n_classes), np.arange(4 * n_classes) % n_classes
    assert expected_calibration_error(probs, labels) == pytest.approx(0, abs=1e-12)
    assert maximum_calibration_error(probs, labels) == pytest.approx(0, abs=1e-12)
    assert adaptive_calibration_error(probs, labels) == pytest.approx(0, abs=1e-12)
    assert uncertainty_calibration_error(probs, labels) == pytest.approx(1 / n_classes)
    assert brier_score(probs, labels) == pytest.approx(1 - 1 / n_classes)
    assert negative_log_likelihood(probs, labels) == pytest.approx(np.log(n_classes))
    assert accuracy(probs, labels) == 1 / n_classes


def test_one_example():
    """A single example is a data set too."""
    probs, labels = [[0.25, 0.75]], [1]
    assert expected_calibration_error(probs, labels) == 0.25
    assert maximum_calibration_error(probs, labels) == 0.25
    assert adaptive_calibration_error(probs, labels) == 0.25
    # normalised entropy of (1/4, 3/4) is 2 − 0.75 log2(3) = 0.811278, the error rate 0
    assert uncertainty_calibration_error(probs, labels) == pytest.approx(0.811278, abs=1e-6)
    assert reliability_bins(probs, labels).count.tolist() == [1]


def test_one_class():
    """With a single class everything is certain and right."""
    probs, labels = np.ones((3, 1)), np.zeros(3, int)
    assert [metric(probs, labels) for metric in METRICS] == [0, 0, 0, 0, 0, 0, 1]


@given(cases())
@few
def test_one_bin_compares_the_averages(case):
    """With one bin ECE, MCE and ACE are |accuracy − mean confidence| over the whole data set."""
    gap = abs(accuracy(*case) - case[0].max(axis=1).mean())
    for metric in [expected_calibration_error, maximum_calibration_error, adaptive_calibration_error]:
        assert metric(*case, n_bins=1) == pytest.approx(gap)


@pytest.mark.parametrize("tenths", [5, 6, 7, 8, 9, 10])
def test_a_confidence_on_an_edge_is_in_the_bin_below(tenths):
    """A bin is closed at its upper edge, so a confidence of 0.7 is in (0.6, 0.7]."""
    bins = reliability_bins(two_class([tenths / 10]), [0], 10)
    np.testing.assert_allclose([bins.lower[0], bins.upper[0]], [(tenths - 1) / 10, tenths / 10])


def test_scores_of_0_and_1_are_in_the_outer_bins():
    """Normalised entropies of exactly 0 and exactly 1 are in the first and the last bin."""
    bins = reliability_bins([[1, 0], [0.5, 0.5]], [0, 0], 15, quantity="uncertainty")
    np.testing.assert_allclose(bins.lower, [0, 14 / 15])
    np.testing.assert_allclose(bins.upper, [1 / 15, 1])


@pytest.mark.parametrize("n_classes", [2, 3, 5, 7])
@pytest.mark.parametrize("binning", ["width", "mass"])
def test_no_score_leaves_the_unit_interval(n_classes, binning):
    """Rounding pushes no uniform prediction out of the last bin."""
    bins = reliability_bins(
        np.full((9, n_classes), 1 / n_classes), np.zeros(9, int), quantity="uncertainty", binning=binning
    )
    assert bins.count.tolist() == [9]
    assert bins.mean_score[0] == pytest.approx(1)
    assert bins.mean_score[0] <= 1


def test_empty_bins_do_not_dilute_the_error():
    """More empty bins around the same examples change neither the error nor the number of bins shown."""
    probs, labels = two_class([0.97, 0.97, 0.57, 0.57]), [1, 1, 0, 1]
    # gaps 0.97 and |0.5 − 0.57| = 0.07 at any number of bins that separates them: ECE = (0.97 + 0.07) / 2
    for n_bins in (5, 15, 200, 10_000):
        assert expected_calibration_error(probs, labels, n_bins) == pytest.approx(0.52)
        assert len(reliability_bins(probs, labels, n_bins).count) == 2


@pytest.mark.parametrize("quantity", ["confidence", "uncertainty"])
def test_equal_scores_share_an_equal_mass_bin(quantity):
    """Equal-mass bins never tear equal scores apart, however many bins are asked for."""
    bins = reliability_bins(two_class([0.75] * 8), [0, 1] * 4, 15, quantity=quantity, binning="mass")
    assert bins.count.tolist() == [8]
    assert bins.mean_outcome.tolist() == [0.5]


def test_five_classes():
    """The metrics know no special number of classes."""
    probs = [[0.6, 0.1, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.1, 0.6]]
    labels = [0, 3]
    # both confidences 0.6, accuracy 1/2: gap 0.1; Brier (0.16 + 4 · 0.01) and (0.36 + 0.81 + 3 · 0.01)
    assert expected_calibration_error(probs, labels) == pytest.approx(0.1)
    assert maximum_calibration_error(probs, labels) == pytest.approx(0.1)
    assert adaptive_calibration_error(probs, labels) == pytest.approx(0.1)
    assert brier_score(probs, labels) == pytest.approx((0.2 + 1.2) / 2)
    assert negative_log_likelihood(probs, labels) == pytest.approx(-np.log(0.06) / 2)
    # entropy (−0.6 ln 0.6 − 0.4 ln 0.1) / ln 5 = 0.762707, error rate 1/2
    assert uncertainty_calibration_error(probs, labels) == pytest.approx(0.262707, abs=1e-6)


@every_metric
def test_float32_probabilities_are_computed_in_float64(metric):
    """A float32 array gives the very number of the same values in float64, as a Python float."""
    probs, labels = random_case(0, 500, 5)
    single = probs.astype(np.float32)
    assert metric(single, labels) == metric(single.astype(float), labels)
    assert metric(single, labels) == pytest.approx(metric(probs, labels), abs=1e-3)
    assert type(metric(single, labels)) is float


@every_metric
def test_arguments_are_not_changed(metric):
    """A metric leaves the arrays that it is given as they are."""
    probs, labels = random_case(1, 40, 3)
    before = probs.copy(), labels.copy()
    metric(probs, labels)
    np.testing.assert_array_equal(probs, before[0])
    np.testing.assert_array_equal(labels, before[1])


# Invariances and bounds


@every_metric
@given(case=cases(), seed=st.integers(0, 99))
@few
def test_order_of_examples_does_not_matter(metric, case, seed):
    """Shuffling the examples changes nothing."""
    probs, labels = case
    order = np.random.default_rng(seed).permutation(len(probs))
    assert metric(probs[order], labels[order]) == pytest.approx(metric(probs, labels), abs=1e-9)


@every_metric
@given(case=cases(), seed=st.integers(0, 99))
@few
def test_names_of_classes_do_not_matter(metric, case, seed):
    """Renumbering the classes, in the probabilities and the labels alike, changes nothing."""
    probs, labels = case
    order = np.random.default_rng(seed).permutation(probs.shape[1])
    assert metric(probs[:, order], np.argsort(order)[labels]) == pytest.approx(metric(probs, labels), abs=1e-9)


@every_metric
@given(case=cases(), copies=st.integers(2, 4))
@few
def test_size_of_the_data_set_does_not_matter(metric, case, copies):
    """A data set repeated a few times over has the metric of the original."""
    probs, labels = case
    repeated = np.tile(probs, (copies, 1)), np.tile(labels, copies)
    assert metric(*repeated) == pytest.approx(metric(probs, labels), abs=1e-9)


@given(case=cases(), n_bins=st.integers(1, 20))
@few
def test_metrics_are_bounded(case, n_bins):
    """Calibration errors are fractions with ECE ≤ MCE, Brier is at most 2, NLL not negative."""
    ece, mce, ace, uce = (metric(*case, n_bins=n_bins) for metric in BINNED)
    assert 0 <= ece <= mce + 1e-12
    assert mce <= 1
    assert 0 <= ace <= 1
    assert 0 <= uce <= 1
    assert 0 <= brier_score(*case) <= 2
    assert 0 <= negative_log_likelihood(*case) <= 126 * np.log(2) + 1e-9


@given(case=cases(), n_bins=st.integers(2, 20))
@few
def test_more_bins_cannot_hide_the_overall_gap(case, n_bins):
    """By the triangle inequality ECE is at least |accuracy − mean confidence|."""
    overall = expected_calibration_error(*case, n_bins=1)
    assert expected_calibration_error(*case, n_bins=n_bins) >= overall - 1e-12
    assert adaptive_calibration_error(*case, n_bins=n_bins) >= overall - 1e-12


@pytest.mark.parametrize("quantity", ["confidence", "uncertainty"])
@pytest.mark.parametrize("binning", ["width", "mass"])
@given(case=cases(), n_bins=st.integers(1, 20))
@few
def test_bins_account_for_every_example(quantity, binning, case, n_bins):
    """Every example is in exactly one bin, no bin is empty, and a bin's mean score is between its edges."""
    bins = reliability_bins(*case, n_bins, quantity=quantity, binning=binning)
    np.testing.assert_array_equal(np.bincount(bins.members), bins.count)
    assert bins.count.sum() == len(case[0])
    assert 1 <= len(bins.count) <= n_bins
    assert (bins.lower <= bins.mean_score + 1e-12).all()
    assert (bins.mean_score <= bins.upper + 1e-12).all()
    wrong = np.average(bins.mean_outcome, weights=bins.count)
    assert wrong == pytest.approx(accuracy(*case) if quantity == "confidence" else 1 - accuracy(*case))


@given(case=cases())
@few
def test_the_label_that_is_least_probable_is_worse(case):
    """Brier and NLL prefer the most probable labels to the least probable."""
    probs, _ = case
    for metric in PROPER:
        assert metric(probs, probs.argmax(axis=1)) < metric(probs, probs.argmin(axis=1))


# Oracles

sizes = pytest.mark.parametrize(("seed", "n", "n_classes"), [(0, 7, 2), (1, 300, 2), (2, 1000, 3), (3, 1000, 5)])


def torchmetrics_classification():
    """torchmetrics, past the torchvision that it imports: one built for another torch misses these two operators."""
    torch = pytest.importorskip("torch")
    try:
        importlib.import_module("torchvision")
    except ImportError:
        return pytest.importorskip("torchmetrics.classification")
    except RuntimeError:
        library = torch.library.Library("torchvision", "FRAGMENT")  # gone again when this function returns
        library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return pytest.importorskip("torchmetrics.classification")
    return pytest.importorskip("torchmetrics.classification")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_bins", [1, 10, 15])
@sizes
def test_ece_and_mce_agree_with_torchmetrics(seed, n, n_classes, n_bins):
    """torchmetrics has the same ECE and MCE."""
    metrics, torch = torchmetrics_classification(), pytest.importorskip("torch")
    probs, labels = random_case(seed, n, n_classes)
    assert probs.max() < 1  # there it has a bin outside of the unit interval
    ece = metrics.MulticlassCalibrationError(n_classes, n_bins, "l1", validate_args=True)
    mce = metrics.MulticlassCalibrationError(n_classes, n_bins, "max", validate_args=True)
    theirs = [float(metric(torch.tensor(probs), torch.tensor(labels))) for metric in (ece, mce)]
    assert expected_calibration_error(probs, labels, n_bins) == pytest.approx(theirs[0], abs=1e-6)
    assert maximum_calibration_error(probs, labels, n_bins) == pytest.approx(theirs[1], abs=1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_bins", [1, 10, 15])
@pytest.mark.parametrize(("seed", "n", "n_classes"), [(1, 40, 3), (2, 1000, 3), (3, 1000, 5)])
def test_ece_and_mce_agree_with_netcal(seed, n, n_classes, n_bins):
    """netcal has the same ECE and MCE for three classes or more; for two it means the probability of class 1."""
    netcal = pytest.importorskip("netcal.metrics")
    probs, labels = random_case(seed, n, n_classes)
    assert expected_calibration_error(probs, labels, n_bins) == pytest.approx(
        netcal.ECE(n_bins).measure(probs, labels)
    )
    assert maximum_calibration_error(probs, labels, n_bins) == pytest.approx(
        netcal.MCE(n_bins).measure(probs, labels)
    )


@pytest.mark.filterwarnings("ignore")
@sizes
def test_brier_nll_and_accuracy_agree_with_scikit_learn(seed, n, n_classes):
    """scikit-learn has the same log loss, accuracy and, unscaled, Brier score."""
    metrics = pytest.importorskip("sklearn.metrics")
    probs, labels = random_case(seed, n, n_classes)
    classes = np.arange(n_classes)
    assert negative_log_likelihood(probs, labels) == pytest.approx(metrics.log_loss(labels, probs, labels=classes))
    assert accuracy(probs, labels) == pytest.approx(metrics.accuracy_score(labels, probs.argmax(axis=1)))
    unscaled = metrics.brier_score_loss(labels, probs, labels=classes, scale_by_half=False)
    assert brier_score(probs, labels) == pytest.approx(unscaled)


# Bad input


@every_metric
def test_probabilities_of_the_wrong_shape_are_refused(metric):
    """The message names the shape that came and the one that is needed."""
    with pytest.raises(ValueError, match=r"probs must have shape \(N, C\).*got \(4,\)"):
        metric(np.full(4, 0.25), [0, 0, 0, 0])
    with pytest.raises(ValueError, match=r"probs must have shape \(N, C\).*got \(2, 1, 2\)"):
        metric(np.full((2, 1, 2), 0.5), [0, 0])


@every_metric
def test_no_examples_are_refused(metric):
    """A metric of nothing is an error, not a NaN."""
    with pytest.raises(ValueError, match=r"neither of them zero; got \(0, 3\)"):
        metric(np.zeros((0, 3)), np.zeros(0, int))


@every_metric
def test_labels_of_the_wrong_shape_are_refused(metric):
    """The message names the shape that came and the number of rows it has to match."""
    with pytest.raises(
        ValueError, match=r"labels must have shape \(2,\) as probs has 2 rows, or \(2, 2\) as a posterior; got \(3,\)"
    ):
        metric(two_class([0.9, 0.9]), [0, 1, 0])
    with pytest.raises(ValueError, match=r"labels must have shape \(2,\).*got \(2, 1\)"):
        metric(two_class([0.9, 0.9]), [[0], [1]])


@every_metric
@pytest.mark.parametrize(
    "row", [[2.5, -1.5], [0.9, 0.7], [np.nan, 0.5], [np.inf, 0.0]], ids=["logits", "sum", "nan", "inf"]
)
def test_values_that_are_not_probabilities_are_refused(metric, row):
    """Logits, rows that do not sum to 1 and NaN are refused with what is legal and a guess at the cause."""
    with pytest.raises(ValueError, match=r"finite, not negative, and sum to 1.*are these logits\?"):
        metric([[0.5, 0.5], row], [0, 1])


def test_the_offending_probabilities_are_named():
    """The message shows a value that is no probability, so that it can be found."""
    with pytest.raises(ValueError, match=r"2\.5"):
        accuracy([[0.5, 0.5], [2.5, -1.5]], [0, 1])


@every_metric
@pytest.mark.parametrize("label", [-1, 2, 0.5], ids=["negative", "too large", "fraction"])
def test_labels_that_are_no_class_are_refused(metric, label):
    """The message names the labels that came and the range that is legal."""
    with pytest.raises(ValueError, match=rf"whole numbers from 0 to 1; got .*{label}"):
        metric(two_class([0.9, 0.9]), [0, label])


def test_missing_labels_are_refused():
    """A label that is NaN is refused like any other that is no class, without a warning first."""
    with pytest.raises(ValueError, match=r"whole numbers from 0 to 1; got .*nan"):
        accuracy(two_class([0.9, 0.9]), [0, np.nan])


@every_binned
@pytest.mark.parametrize("n_bins", [0, -3])
def test_no_bins_are_refused(metric, n_bins):
    """The message names the number of bins and the least that is legal."""
    with pytest.raises(ValueError, match=f"n_bins is {n_bins}; at least 1"):
        metric(two_class([0.9]), [0], n_bins)


def test_an_unknown_quantity_is_refused():
    """The message names the quantity and lists the two that exist."""
    with pytest.raises(ValueError, match=r"quantity 'entropy' is unknown; choose one of: confidence, uncertainty"):
        reliability_bins(two_class([0.9]), [0], quantity="entropy")


def test_an_unknown_binning_is_refused():
    """The message names the binning and lists the two that exist."""
    with pytest.raises(ValueError, match=r"binning 'depth' is unknown; choose one of: width, mass"):
        reliability_bins(two_class([0.9]), [0], binning="depth")
