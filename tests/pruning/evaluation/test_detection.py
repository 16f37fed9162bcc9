"""What a score detects and what refusing by it does: by hand, and against trusted libraries."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from pruning.evaluation.detection import Detection, answers, groups, scores
from tests.pruning.evaluation.fabricated import sampled
from uncertainty import ood, rejection
from uncertainty.options import Score
from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy

SAMPLES = (1, 2, 20)
LABELS = np.arange(40) % 8


def predictions(rng: np.random.Generator, n: int, sharpness: float) -> Predictions:
    """Random samples of eight classes; the larger `sharpness`, the surer."""
    logits = sharpness * rng.normal(size=(n, 8)).astype(np.float32)
    noisy = logits + rng.normal(size=(SAMPLES[-1], n, 8))
    probs = np.exp(noisy) / np.exp(noisy).sum(axis=-1, keepdims=True)
    return Predictions(SAMPLES, running_means(probs, SAMPLES), running_means(entropy(probs), SAMPLES), logits)


def detection(score: Score, seed: int = 0, n_samples: int = 20) -> Detection:
    rng = np.random.default_rng(seed)
    return Detection(score, predictions(rng, 40, 3.0), predictions(rng, 30, 1.0), LABELS, n_samples)


def by_hand(known: list[float], unknown: list[float], labels: np.ndarray | None = None) -> Detection:
    """Examples of which every one is called class 0, with these scores: max logits with their sign turned."""
    test, far = (
        sampled([[1.0, 0.0]] * len(group), logits=[[-score, -99.0] for score in group]) for group in (known, unknown)
    )
    return Detection(Score.MAX_LOGIT, test, far, np.zeros(len(known), int) if labels is None else labels, 1)


# Scores


@pytest.mark.parametrize(
    ("score", "value"),
    [
        (Score.MSP, 0.5),  # the mean of (1, 0) and (0, 1) is undecided
        (Score.ENTROPY, log(2)),
        (Score.INFORMATION, log(2)),  # each sample is certain, they disagree entirely
        (Score.ENERGY, -log(3 + 1)),
        (Score.MAX_LOGIT, -log(3)),
    ],
)
def test_each_score_is_its_formula(score, value):
    """One image, logits ln 3 and 0, two samples that are certain of different classes."""
    image = sampled([[1.0, 0.0]], [[0.0, 1.0]], logits=[[log(3), 0.0]])
    np.testing.assert_allclose(scores(score, image, 2), [value], atol=1e-6)


@pytest.mark.parametrize("score", Score)
def test_a_doubtful_image_has_the_higher_score(score):
    """For every score, higher means more OOD: an image that is certain comes below one that is not."""
    pair = sampled([[0.99, 0.01], [0.9, 0.1]], [[0.99, 0.01], [0.2, 0.8]], logits=[[5.0, 0.0], [0.5, 0.4]])
    certain, doubtful = scores(score, pair, 2)
    assert certain < doubtful


def test_the_answer_is_of_the_prediction_that_the_score_is_made_of():
    """Samples say class 1, the single pass says class 0: scores of the one do not judge answers of the other."""
    image = sampled([[0.1, 0.9]], [[0.2, 0.8]], logits=[[2.0, 0.0]])
    said = {score: answers(score, image, 2)[0] for score in Score}
    assert said == {score: int(score not in (Score.ENERGY, Score.MAX_LOGIT)) for score in Score}


# Measures


@pytest.mark.parametrize("score", Score)
def test_the_measures_are_those_of_a_trusted_library_with_unknown_classes_positive(score):
    """AUROC and average precision, and the false positives where 95 % are caught, on random networks."""
    one = detection(score)
    known, unknown = one.known, one.unknown
    truth, values = np.repeat([0, 1], [len(known), len(unknown)]), np.concatenate([known, unknown])
    assert one.measures.auroc == one.auroc == pytest.approx(roc_auc_score(truth, values))
    assert one.measures.aupr == pytest.approx(average_precision_score(truth, values))
    threshold = np.sort(unknown)[::-1][28]  # 29 of 30 are at least this, 28 would be less than 95 %
    assert one.measures.fpr == (known >= threshold).mean()


def test_the_measures_of_four_and_two():
    """Of eight pairs seven are in order; both unknown ones are caught where one of four known ones is too."""
    one = by_hand([1, 2, 3, 6], [5, 7])
    assert one.auroc == 7 / 8
    assert one.measures.fpr == 1 / 4
    assert one.measures.aupr == pytest.approx((1 + 2 / 3) / 2)


def test_a_gain_is_a_difference_of_areas():
    """AUROC ¾, then 1: up by a quarter; each of two that are looked at has a wider interval than one alone."""
    dense, better, same = (
        by_hand(*pair) for pair in (([1, 5], [3, 9]), ([1, 2], [3, 9]), ([1, 5], [3, 9]))
    )  # fmt: skip
    assert (better.gain(dense).value, same.gain(dense).value) == (0.25, 0.0)
    found, wider = better.gain(dense, 1), better.gain(dense, 2)
    assert wider.high >= found.high > 0.25
    assert wider.low < found.low
    assert dense.gain(better).value == -0.25


# Rejection


def test_refusing_half_of_four_images():
    """Wrong answers have the highest scores: half are refused, the rest is right, and one of two strangers goes.

    Scores −4 −3 −2 −1, and of the strangers −5 and −1.5.
    """
    one = by_hand([-4, -3, -2, -1], [-5, -1.5], np.array([0, 0, 0, 1]))
    refusal = one.refuse(0.5)
    assert refusal.accuracy == 0.75
    assert refusal.threshold == pytest.approx(-3)
    assert (refusal.kept.id_kept, refusal.kept.ood_refused, refusal.kept.accuracy) == (2, 1, 1.0)
    assert refusal.refused == (0.5, 0.5)
    assert refusal.risk == (0.5, 0.0)
    np.testing.assert_allclose(one.risk_coverage.risk, [0, 0, 0, 0.25])
    np.testing.assert_allclose(one.risk_coverage.coverage, [0.25, 0.5, 0.75, 1])
    assert one.aurc == one.best_aurc == pytest.approx(0.25 / 4)


def test_errors_that_are_ranked_first_cost_the_most():
    """The wrong answer has the lowest score: risks 1, ½, ⅓, ¼, against 0, 0, 0, ¼ at best."""
    one = by_hand([-4, -3, -2, -1], [0], np.array([1, 0, 0, 0]))
    assert one.aurc == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert one.best_aurc == pytest.approx(0.25 / 4)


def test_the_threshold_lies_on_both_curves():
    """What is refused is a point of the ROC and of the risk–coverage curve."""
    one = detection(Score.ENTROPY)
    refusal, curve, risk = one.refuse(0.3), one.roc, one.risk_coverage
    assert refusal.refused in set(zip(curve.fpr, curve.tpr, strict=True))
    at = np.flatnonzero(np.isclose(risk.coverage, refusal.risk[0]))
    assert risk.risk[at] == pytest.approx(refusal.risk[1])
    np.testing.assert_array_equal(curve.tpr, ood.roc(refusal.known, refusal.unknown).tpr)
    assert one.aurc == rejection.aurc(refusal.known, refusal.said_known != LABELS)


def test_errors_need_labels():
    """A posterior tells no single answer right or wrong; what needs no labels is told all the same."""
    known = by_hand([1, 2], [3])
    one = Detection(known.score, known.test, known.ood, np.full((2, 2), 0.5), 1)
    assert one.auroc == 1
    with pytest.raises(ValueError, match=r"errors need labels of the shape \(N,\); got \(2, 2\)"):
        one.aurc  # noqa: B018


# Examples


def test_examples_are_in_their_group_and_in_order():
    """A score equal to the threshold is kept; kept ones begin with the lowest, refused ones with the highest."""
    known, unknown = np.array([0.3, 0.9, 0.1, 0.5, 0.7]), np.array([0.8, 0.2, 0.6, 0.4])
    found = groups(known, unknown, 0.5, 8)
    assert [list(group.examples) for group in found] == [[2, 0, 3], [1, 4], [0, 2], [1, 3]]
    kinds = [(group.is_unknown, group.is_refused) for group in found]
    assert kinds == [(False, False), (False, True), (True, True), (True, False)]


def test_a_group_shows_a_few_and_counts_all():
    """Of twenty kept images the eight most certain are shown; nobody is refused."""
    kept, refused, *_ = groups(np.arange(20.0)[::-1], np.arange(20.0), 19.0, 8)
    assert list(kept.examples) == list(range(19, 11, -1))
    assert (kept.count, refused.count, len(refused.examples)) == (20, 0, 0)
