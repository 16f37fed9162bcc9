"""Out-of-distribution scores and measures: by hand, with OOD as the positive class, and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from sklearn import metrics

from uncertainty.ood import (
    aupr,
    auroc,
    energy_score,
    entropy_score,
    fpr_at_tpr,
    max_logit_score,
    msp_score,
    mutual_information_score,
    roc,
)
from uncertainty.predictive import expected_entropy, mean_probs, mutual_information

MEASURES = [auroc, aupr, fpr_at_tpr]
LN2 = np.log(2)

every_measure = pytest.mark.parametrize("measure", [*MEASURES, roc], ids=lambda measure: measure.__name__)
every_number = pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.__name__)
of_probs = pytest.mark.parametrize("score", [msp_score, entropy_score], ids=lambda score: score.__name__)
of_logits = pytest.mark.parametrize("score", [energy_score, max_logit_score], ids=lambda score: score.__name__)
few = settings(max_examples=40, deadline=None)

# Few values, so that most cases have ties within and between the two groups.
tied = st.lists(st.integers(-4, 4), min_size=1, max_size=30).map(np.array)


def with_labels(id_scores, ood_scores):
    """What scikit-learn takes: truth, 1 for OOD, and scores."""
    return np.repeat([0, 1], [len(id_scores), len(ood_scores)]), np.concatenate([id_scores, ood_scores])


# Scores


def test_scores_of_probabilities_by_hand():
    """MSP is one minus the top probability and the entropy is in nats."""
    probs = [[0.5, 0.25, 0.25], [0.0, 0.0, 1.0], [0.1, 0.8, 0.1]]
    np.testing.assert_allclose(msp_score(probs), [0.5, 0, 0.2])
    # 1/2 ln 2 + 2 · 1/4 · 2 ln 2 = 1.5 ln 2
    np.testing.assert_allclose(entropy_score(probs)[:2], [1.5 * LN2, 0], atol=1e-12)


def test_energy_by_hand():
    """C equal logits a have energy −a − T ln C, and ln 1, ln 3 add up to −ln 4."""
    np.testing.assert_allclose(energy_score([[2.0, 2.0, 2.0, 2.0]]), [-2 - 2 * LN2])
    np.testing.assert_allclose(energy_score([[2.0, 2.0, 2.0, 2.0]], temperature=3.0), [-2 - 6 * LN2])
    np.testing.assert_allclose(energy_score(np.log([[1.0, 3.0]])), [-2 * LN2])


def test_max_logit_by_hand():
    """The score is the largest logit with its sign turned, so that a weak top logit is suspicious."""
    np.testing.assert_allclose(max_logit_score([[1.0, 3.0, -7.0], [-2.0, -5.0, -4.0]]), [-3, 2])


def test_mutual_information_by_hand():
    """The score is the entropy of the mean less the expected entropy, and rounding below zero becomes 0."""
    probs = [[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]]
    np.testing.assert_allclose(mutual_information_score(probs, [0.0, LN2 / 2, 1e-9]), [LN2, LN2 / 2, 0])


def test_mutual_information_is_that_of_the_samples():
    """What is kept of S samples gives the same mutual information as the samples."""
    samples = np.random.default_rng(0).dirichlet(np.ones(4), (5, 20))
    score = mutual_information_score(mean_probs(samples), expected_entropy(samples))
    np.testing.assert_allclose(score, mutual_information(samples))


@pytest.mark.parametrize("temperature", [0.1, 1.0, 7.0])
def test_energy_agrees_with_scipy(temperature):
    """Energy is −T · logsumexp(logits / T), also where exp of a logit over- or underflows."""
    logits = np.random.default_rng(1).normal(size=(20, 5)) * np.logspace(-2, 3, 20)[:, None]
    expected = -temperature * logsumexp(logits / temperature, axis=1)
    np.testing.assert_allclose(energy_score(logits, temperature), expected)
    np.testing.assert_allclose(energy_score([[1e4, 0.0], [-1e4, -1e4]]), [-1e4, 1e4 - LN2])


def test_logits_that_rise_together_leave_the_distribution_and_not_the_energy():
    """A constant added to all logits of an example lowers energy and max-logit by just that much."""
    logits = np.random.default_rng(2).normal(size=(6, 3))
    for score in (energy_score, max_logit_score):
        np.testing.assert_allclose(score(logits + 5), score(logits) - 5)


def test_every_score_is_higher_where_the_network_is_less_sure():
    """All five scores share one direction: a flat prediction looks more OOD than a peaked one."""
    logits = np.array([[9.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    scores = [msp_score(probs), entropy_score(probs), mutual_information_score(probs, [0, 0])]
    for sure, unsure in [*scores, energy_score(logits), max_logit_score(logits)]:
        assert unsure > sure


# Orientation


def test_ood_is_the_positive_class():
    """Swapping the positive class moves FPR95 from 0.98 to 0.44 on the same scores, and AUROC does not see it."""
    id_scores = np.repeat([-10, 10, 30], [2, 93, 5])
    ood_scores = np.repeat([0, 5, 20], [6, 38, 56])
    # 56 + 38 = 94 OOD are at 5 or above, so 95 need the threshold 0, which flags 93 + 5 = 98 of 100 ID
    assert fpr_at_tpr(id_scores, ood_scores) == pytest.approx(0.98)
    # ID positive: 2 + 93 = 95 ID are at 10 or below, and so are 6 + 38 = 44 of 100 OOD
    assert fpr_at_tpr(-ood_scores, -id_scores) == pytest.approx(0.44)
    assert auroc(id_scores, ood_scores) == pytest.approx(auroc(-ood_scores, -id_scores))
    assert aupr(id_scores, ood_scores) != pytest.approx(aupr(-ood_scores, -id_scores))


@every_number
def test_perfect_separation_has_a_direction(measure):
    """OOD above all of ID is the best value of each measure, OOD below all of ID the worst."""
    low, high = np.arange(10.0), np.arange(10.0, 14.0)
    best, worst = measure(low, high), measure(high, low)
    # the worst average precision: the 4 ID first, then precisions 1/5, 2/6, … 10/14, each with recall 1/10
    ten_last = np.mean(np.arange(1, 11) / np.arange(5, 15))
    assert (best, worst) == pytest.approx({auroc: (1, 0), aupr: (1, ten_last), fpr_at_tpr: (0, 1)}[measure])


# Measures by hand


def test_measures_of_four_and_three_examples():
    """Every pair counts for AUROC, a tie half; AUPR and FPR take the thresholds one after the other."""
    id_scores, ood_scores = [0.1, 0.4, 0.4, 0.8], [0.4, 0.7, 0.9]
    # pairs won by OOD: 0.4 wins 1, ties 2; 0.7 wins 3; 0.9 wins 4: (1 + 2/2 + 3 + 4) / 12
    assert auroc(id_scores, ood_scores) == pytest.approx(9 / 12)
    # falling: 0.9 precision 1/1; 0.8 catches none; 0.7 precision 2/3; 0.4 precision 3/6; recall rises by 1/3 each
    assert aupr(id_scores, ood_scores) == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)
    # two of three OOD need the threshold 0.7, which flags 0.8 alone; all three need 0.4, which flags three
    assert fpr_at_tpr(id_scores, ood_scores, 0.6) == pytest.approx(1 / 4)
    assert fpr_at_tpr(id_scores, ood_scores, 1.0) == pytest.approx(3 / 4)
    curve = roc(id_scores, ood_scores)
    np.testing.assert_allclose(curve.thresholds, [np.inf, 0.9, 0.8, 0.7, 0.4, 0.1])
    np.testing.assert_allclose(curve.fpr, [0, 0, 1 / 4, 1 / 4, 3 / 4, 1])
    np.testing.assert_allclose(curve.tpr, [0, 1 / 3, 1 / 3, 2 / 3, 1, 1])


def test_exactly_the_wanted_share_is_enough():
    """19 of 20 are 95 %: the threshold that catches just these is taken, not the next lower one."""
    ood_scores = np.arange(20)
    assert fpr_at_tpr([0.5, 1.0, -1.0], ood_scores) == pytest.approx(1 / 3)
    assert fpr_at_tpr([0.5, 1.0, -1.0], ood_scores, 0.951) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("n_id", "n_ood"), [(1, 1), (7, 3), (3, 7)])
def test_a_constant_score_knows_nothing(n_id, n_ood):
    """All scores equal: AUROC ½, AUPR the share of OOD, everything flagged, and a ROC curve of one step."""
    case = np.zeros(n_id), np.zeros(n_ood)
    assert auroc(*case) == 0.5
    assert aupr(*case) == pytest.approx(n_ood / (n_id + n_ood))
    assert fpr_at_tpr(*case) == 1
    np.testing.assert_allclose([roc(*case).fpr, roc(*case).tpr], [[0, 1], [0, 1]])


@every_number
def test_infinite_scores_are_the_largest_and_the_smallest(measure):
    """Only the order counts, and infinity has a place in it."""
    finite = measure([-9, 0, 1, 9], [-9, 0, 2, 9, 9])
    assert measure([-np.inf, 0, 1, np.inf], [-np.inf, 0, 2, np.inf, np.inf]) == finite


# Invariances


@given(tied, tied)
@few
def test_a_monotone_change_of_the_scores_changes_nothing(id_scores, ood_scores):
    """A rising function of the scores leaves every measure bit for bit."""
    for measure in MEASURES:
        assert measure(np.exp(id_scores), np.exp(ood_scores)) == measure(id_scores, ood_scores)


@given(tied, tied, st.randoms(use_true_random=False))
@few
def test_the_order_of_the_examples_changes_nothing(id_scores, ood_scores, random):
    """Each measure is that of two sets, ties included."""
    shuffled = random.sample(id_scores.tolist(), len(id_scores)), random.sample(ood_scores.tolist(), len(ood_scores))
    for measure in MEASURES:
        assert measure(*shuffled) == measure(id_scores, ood_scores)


@given(tied, tied)
@few
def test_auroc_of_the_swapped_groups_is_the_rest(id_scores, ood_scores):
    """AUROC(a, b) + AUROC(b, a) = 1, because a tie counts half both ways."""
    assert auroc(id_scores, ood_scores) + auroc(ood_scores, id_scores) == pytest.approx(1)


# Oracles


@given(tied, tied)
@few
def test_measures_agree_with_scikit_learn(id_scores, ood_scores):
    """AUROC, AUPR and the whole ROC curve are scikit-learn's, with ties."""
    truth, scores = with_labels(id_scores, ood_scores)
    assert auroc(id_scores, ood_scores) == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert aupr(id_scores, ood_scores) == pytest.approx(metrics.average_precision_score(truth, scores))
    curve = roc(id_scores, ood_scores)
    expected = metrics.roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose([curve.fpr, curve.tpr, curve.thresholds], expected)
    assert metrics.auc(curve.fpr, curve.tpr) == pytest.approx(auroc(id_scores, ood_scores))


def test_measures_of_many_examples_agree_with_scikit_learn():
    """The same for 20,000 scores of which some are equal: a sum over pairs must not overflow."""
    rng = np.random.default_rng(3)
    id_scores, ood_scores = rng.normal(0, 1, 10_000).round(3), rng.normal(1, 1, 10_000).round(3)
    truth, scores = with_labels(id_scores, ood_scores)
    assert auroc(id_scores, ood_scores) == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert aupr(id_scores, ood_scores) == pytest.approx(metrics.average_precision_score(truth, scores))


@given(tied, tied, st.integers(1, 100))
@few
def test_fpr_agrees_with_trying_every_threshold(id_scores, ood_scores, percent):
    """The highest threshold that catches enough is found by trying them from above."""
    tpr = percent / 100
    threshold = next(t for t in range(4, -5, -1) if np.mean(ood_scores >= t) >= tpr)
    assert fpr_at_tpr(id_scores, ood_scores, tpr) == np.mean(id_scores >= threshold)


# Bad input


@every_measure
def test_missing_scores_are_refused(measure):
    """A score that is NaN has no order, and the message says which group and entry it is."""
    with pytest.raises(ValueError, match=r"ood_scores must be numbers.*entry 1 is nan"):
        measure([1.0], [0.0, np.nan])
    with pytest.raises(ValueError, match=r"id_scores must be numbers.*entry 0 is nan"):
        measure([np.nan], [0.0])


@every_measure
@pytest.mark.parametrize("scores", [np.zeros(0), np.zeros((3, 1)), np.float64(1)], ids=["none", "matrix", "number"])
def test_scores_of_the_wrong_shape_are_refused(measure, scores):
    """Measures need two groups of at least one example, and the message names the shape that came."""
    with pytest.raises(ValueError, match=r"id_scores must have shape \(N,\) with N at least 1; got \("):
        measure(scores, [1.0])
    with pytest.raises(ValueError, match=r"ood_scores must have shape \(N,\) with N at least 1; got \("):
        measure([1.0], scores)


@pytest.mark.parametrize("tpr", [0, -0.1, 1.01, 95, np.nan])
def test_a_share_that_cannot_be_caught_is_refused(tpr):
    """The share of OOD to catch is above 0 and at most 1; 95 is not 95 %."""
    with pytest.raises(ValueError, match=rf"tpr is {tpr}; it must be above 0 and at most 1"):
        fpr_at_tpr([0.0], [1.0], tpr)


@of_probs
def test_values_that_are_no_probabilities_are_refused(score):
    """Samples that were not averaged, nothing at all, and logits are told apart from probabilities."""
    with pytest.raises(ValueError, match=r"probs must have shape \(N, C\).*got \(2, 3, 4\)"):
        score(np.full((2, 3, 4), 0.25))
    with pytest.raises(ValueError, match=r"neither of them zero; got \(0, 4\)"):
        score(np.zeros((0, 4)))
    with pytest.raises(ValueError, match=r"are these logits\?"):
        score([[2.0, -1.0]])


@of_logits
def test_values_that_are_no_logits_are_refused(score):
    """Logits are a finite matrix, and the message says which entry is not."""
    with pytest.raises(ValueError, match=r"logits must have shape \(N, C\).*got \(3,\)"):
        score(np.zeros(3))
    for value in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=rf"logits must be finite; entry 1, 0 is {value}"):
            score([[0.0, 1.0], [value, 1.0]])


@pytest.mark.parametrize("temperature", [0, -1.0, np.nan, np.inf])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    """The message names the temperature and what is legal."""
    with pytest.raises(ValueError, match=rf"temperature is {temperature}; it must be finite and above 0"):
        energy_score([[0.0, 1.0]], temperature)


def test_expected_entropies_that_do_not_belong_are_refused():
    """There is one finite expected entropy for each row, never one that broadcasts."""
    with pytest.raises(ValueError, match=r"expected_entropy must have shape \(2,\) as probs has 2 rows; got \(1,\)"):
        mutual_information_score([[0.5, 0.5], [1, 0]], [0.1])
    with pytest.raises(ValueError, match=r"expected_entropy must be finite; entry 1 is nan"):
        mutual_information_score([[0.5, 0.5], [1, 0]], [0.1, np.nan])
