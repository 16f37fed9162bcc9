"""Prediction sets of networks by hand: against labels, against the truth, at the ends of α; what pruning may lose."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pruning import Outcome
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.sets import PredictionSets
from pruning.evaluation.tolerance import tolerance
from tests.pruning.evaluation.fabricated import coins, network, outcome
from uncertainty.conformal import SetScore
from uncertainty.predictions import Predictions

ONES = np.ones(9, int)  # the classes of nine validation examples


def calibrated(validation: np.ndarray, test: np.ndarray, truth: np.ndarray, labels: np.ndarray = ONES) -> Outcome:
    """A network that gives class 1 these probabilities: of validation examples (V,), of test examples (N,)."""
    one = replace(network(0.0, coins(test)), validation=coins(validation))
    return replace(outcome(truth, one), validation_labels=labels)


# Nine examples of class 1, so that at α = 0.2 the threshold is the ⌈10 · 0.8⌉ = 8th smallest score: 1 − 0.3.
VALIDATION = np.array([0.9, 0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.3, 0.1])
TEST = np.array([0.95, 0.6, 0.25, 0.1])  # class 1 is in the first two sets, class 0 in the last three


def of(found: Outcome, alpha: float = 0.2, score: SetScore = SetScore.LAC) -> PredictionSets:
    return PredictionSets.of(found, found.dense, 2, alpha, score)


def test_sets_against_labels_by_hand():
    """The 8th smallest score decides; coverage is the share of sets that hold the label."""
    sets = of(calibrated(VALIDATION, TEST, np.array([1, 0, 1, 0])))
    assert sets.threshold == pytest.approx(0.7)
    assert sets.members.astype(int).tolist() == [[0, 1], [1, 1], [1, 0], [1, 0]]
    assert sets.coverage == 0.75
    assert sets.mean_size == 1.25
    assert sets.shares == (0, 0.75, 0.25)
    assert (sets.law.n, sets.law.rank) == (9, 8)


def test_sets_against_the_truth_by_hand():
    """The mean probability that a set holds the class: 0.9, all of it, 0.6 and 1."""
    truth = np.array([[0.1, 0.9], [0.5, 0.5], [0.6, 0.4], [1.0, 0.0]])
    assert of(calibrated(VALIDATION, TEST, truth)).coverage == pytest.approx((0.9 + 1 + 0.6 + 1) / 4)


def test_a_certain_network_has_empty_sets_where_it_is_undecided():
    """Right and certain on validation, the threshold is 0: whatever is less than certain is strange."""
    sets = of(calibrated(np.ones(9), np.array([1.0, 0.5, 0.0]), np.array([1, 1, 1])))
    assert sets.threshold == 0
    assert sets.members.astype(int).tolist() == [[0, 1], [0, 0], [1, 0]]
    assert sets.shares == pytest.approx((1 / 3, 2 / 3, 0))
    assert sets.coverage == pytest.approx(1 / 3)
    assert not sets.empties_are_sure


def test_by_aps_the_surest_sets_may_be_empty():
    """The score of the most probable class is its probability: above the threshold where the network is surest."""
    validation = np.array([0.9, 0.9, 0.8, 0.8, 0.7, 0.7, 0.6, 0.6, 0.95])
    sets = of(calibrated(validation, np.array([0.99, 0.7, 0.8]), np.array([1, 1, 1])), 0.2, SetScore.APS)
    assert sets.threshold == pytest.approx(0.9)
    assert sets.members.astype(int).tolist() == [[0, 0], [0, 1], [0, 1]]
    assert sets.empties_are_sure


def test_rounding_decides_no_set():
    """All classes together have the score 1, although single precision has it a little above or below."""
    test = np.random.default_rng(0).uniform(0.3, 0.45, 500)
    wrong = calibrated(np.random.default_rng(1).uniform(0.1, 0.4, 99), test, np.ones(500, int), np.ones(99, int))
    sets = of(wrong, 0.8, SetScore.APS)
    assert sets.threshold == 1
    assert sets.members.all()


@pytest.mark.parametrize("score", SetScore)
def test_the_ends_of_alpha(score):
    """At α = 0 every class is in every set and nothing is promised, at α = 1 none is in any."""
    one = calibrated(VALIDATION, TEST, np.array([1, 0, 1, 0]))
    everything, nothing = of(one, 0.0, score), of(one, 1.0, score)
    assert everything.members.all()
    assert everything.is_vacuous
    assert (everything.coverage, everything.mean_size) == (1, 2)
    assert not nothing.members.any()
    assert not nothing.is_vacuous
    assert (nothing.coverage, nothing.mean_size, nothing.shares) == (0, 0, (1, 0, 0))


def test_too_few_validation_examples_promise_nothing():
    """Nine are enough for α = 0.1, and too few for any smaller one."""
    one = calibrated(VALIDATION, TEST, np.array([1, 0, 1, 0]))
    assert not of(one, 0.1).is_vacuous
    assert of(one, 0.09).is_vacuous


def test_without_validation_examples_there_are_no_sets():
    """An outcome in which nothing is known of them, or a network that was not asked about them, is refused."""
    one = calibrated(VALIDATION, TEST, np.array([1, 0, 1, 0]))
    mute = replace(one, networks=(replace(one.dense, validation=None),))
    for each in (replace(one, validation_labels=None), mute):
        with pytest.raises(ValueError, match="nothing is known of the validation examples"):
            of(each)


def test_a_number_of_samples_that_is_not_kept_is_refused():
    """With the legal ones."""
    one = calibrated(VALIDATION, TEST, np.array([1, 0, 1, 0]))
    with pytest.raises(ValueError, match="n_samples is 3; it must be one of: 1, 2"):
        PredictionSets.of(one, one.dense, 3)


def test_sets_are_remembered_for_the_labels_that_they_were_made_of():
    """The same question twice is answered once; of other labels, another α or another score anew."""
    one = calibrated(VALIDATION, TEST, np.array([1, 0, 1, 0]))
    seen = Evaluated(one, 2)
    first = seen.sets(one.dense, 0.2)
    assert seen.sets(one.dense, 0.2) is first
    assert seen.sets(one.dense, 0.1).threshold != first.threshold
    assert seen.sets(one.dense, 0.2, SetScore.APS).score == SetScore.APS
    other = Evaluated(replace(one, test_labels=np.array([0, 0, 0, 0])), 2)
    assert other.sets(one.dense, 0.2).coverage == 0.75
    assert seen.sets(one.dense, 0.2) is not other.sets(one.dense, 0.2)


def test_growth_is_the_mean_difference_in_size():
    """Sets of 1 and 2 classes beside sets of 2 each: half a class more on average."""
    one = of(calibrated(VALIDATION, np.array([0.95, 0.6]), np.array([1, 1])))
    other = of(calibrated(VALIDATION, np.array([0.5, 0.6]), np.array([1, 1])))
    assert other.growth(one).value == 0.5
    assert other.growth(one).value == -one.growth(other).value
    wide, wider = other.growth(one), other.growth(one, comparisons=10)
    assert wider.high - wider.low > wide.high - wide.low


# How much may be pruned


def pruned(says: dict[float, Predictions], truth: np.ndarray) -> Evaluated:
    return Evaluated(outcome(truth, *[network(ratio, said) for ratio, said in says.items()]), 2)


def test_the_tolerable_ratio_of_labels_is_that_of_the_binomial_bound():
    """Of 2,000 answers 10 and then 100 are lost: half a point may be claimed to be less than two, five may not."""
    labels = np.ones(2000, int)
    right = {
        ratio: coins(np.where(np.arange(2000) < lost, 0.2, 0.8)) for ratio, lost in ((0.0, 0), (0.3, 10), (0.6, 100))
    }
    found = tolerance(pruned(right, labels), 0.02)
    assert found.ratios == (0.3, 0.6)
    np.testing.assert_allclose(found.loss, [0.005, 0.05])
    assert found.tolerable == 0.3
    assert found.loss[0] < found.bound[0] < 0.02 < found.loss[1] < found.bound[1]


def test_the_tolerable_ratio_of_the_truth_needs_no_labels():
    """Where the answer changes, what is lost is the difference of the two posteriors: 0.6 at 1 % of the points."""
    n = 4000
    truth = np.tile([0.2, 0.8], (n, 1))
    changed = coins(np.where(np.arange(n) < 40, 0.1, 0.9))
    found = tolerance(pruned({0.0: coins(np.full(n, 0.9)), 0.5: changed}, truth), 0.02)
    assert found.loss == pytest.approx([0.006])
    # By hand: √(2 · 0.6² · 0.01 · 0.99 · ln 40 / 4000) + 14 ln 40 / (3 · 3999) more
    assert found.bound == pytest.approx([0.006 + 0.002564 + 0.004305], abs=2e-5)
    assert found.tolerable == 0.5
    assert tolerance(pruned({0.0: coins(np.full(n, 0.9)), 0.5: changed}, truth), 0.01).tolerable is None


def test_without_a_pruned_network_there_is_no_ratio():
    """Nothing is claimed before the first of them is there."""
    assert tolerance(pruned({0.0: coins(np.full(5, 0.9))}, np.ones(5, int))) is None


def test_a_ratio_behind_one_that_fails_is_not_named():
    """The second loses nothing, but the first has failed already."""
    labels = np.ones(2000, int)
    bad = coins(np.where(np.arange(2000) < 100, 0.2, 0.8))
    good = coins(np.full(2000, 0.8))
    assert tolerance(pruned({0.0: good, 0.3: bad, 0.6: good}, labels), 0.02).tolerable is None
