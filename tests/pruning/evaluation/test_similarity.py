"""Which examples come first, which are answered alike, and how unusual an answer is: by hand."""

from __future__ import annotations

from dataclasses import replace
from math import log, sqrt
from typing import get_args

import numpy as np
import pytest

from pruning import Outcome
from pruning.evaluation.similarity import Order, Part, disagreement, neighbours, novelty, ranking
from tests.pruning.evaluation.fabricated import network, outcome, sampled, says
from uncertainty.predictions import Predictions

LABELS = np.arange(4)
# Confidence .6 .9 .6 .7; entropy .67 .33 .95 .80; disagreement with the dense network 0 0 .12 .36
DENSE = says((0.6, 0.4), (0.9, 0.1), (0.2, 0.8), (0.0, 0.2, 0.8))
PRUNED = says((0.6, 0.4), (0.9, 0.1), (0.6, 0.2, 0.2), (0.7, 0.15, 0.15))


def pair(dense: Predictions, pruned: Predictions) -> Outcome:
    """Two networks that say the same of test examples as of unknown ones."""
    return outcome(LABELS, network(0.0, dense, dense), network(0.5, pruned, pruned))


def order_of(one: Outcome, order: Order, part: Part = "ood") -> list[int]:
    return list(ranking(one, part, order, 2))


# Order


@pytest.mark.parametrize(
    ("order", "indices"),
    [
        ("confident first", [1, 3, 0, 2]),
        ("doubtful first", [0, 2, 3, 1]),
        ("highest entropy", [2, 3, 0, 1]),
        ("most disagreement", [3, 2, 0, 1]),
    ],
)
def test_each_order_is_that_of_paper(order, indices):
    """By the pruned network's confidence or entropy, or by what the ratios disagree on; equal ones by position."""
    assert order_of(pair(DENSE, PRUNED), order) == indices
    assert order_of(pair(DENSE, PRUNED), order, "test") == indices


@pytest.mark.parametrize("order", get_args(Order))
def test_equal_examples_stay_in_place(order):
    """Forty that are answered alike are in the order of their numbers, whatever it is sorted by."""
    same = says(*[(0.7, 0.3)] * 40)
    assert order_of(pair(same, same), order) == list(range(40))


def test_both_groups_have_an_order_of_their_own():
    """Test examples are sorted by what is said of them, not of the unknown ones."""
    one = pair(DENSE, PRUNED)
    mixed = replace(one, networks=(one.dense, network(0.5, says((0.1, 0.9), (0.6, 0.4)), PRUNED)))
    assert order_of(mixed, "confident first", "test") == [0, 1]
    assert order_of(mixed, "confident first", "ood") == [1, 3, 0, 2]


def test_disagreement_knows_of_networks_that_came_later():
    """What is remembered of a network does not outlive the set of networks that it was compared with."""
    pruned = network(0.5, PRUNED, PRUNED)
    alone = outcome(LABELS, pruned)
    assert order_of(alone, "most disagreement") == [0, 1, 2, 3]
    joined = replace(alone, networks=(network(0.0, DENSE, DENSE), pruned))
    assert order_of(joined, "most disagreement") == [3, 2, 0, 1]


def test_disagreement_is_that_of_the_strategy_that_is_asked():
    """At ratio 0 the dense network is the chosen one; two strategies share it, and not what their others say."""
    dense = network(0.0, DENSE, DENSE)
    one = outcome(LABELS, dense, network(0.5, PRUNED, PRUNED), prune_ratio=0.0)
    same = outcome(LABELS, dense, network(0.5, DENSE, DENSE), prune_ratio=0.0, strategy="iterative")
    assert order_of(one, "most disagreement") == [3, 2, 0, 1]
    assert order_of(same, "most disagreement") == [0, 1, 2, 3]


def test_disagreement_is_mutual_information():
    """ln 2 where two networks are certain of different classes, 0 where they say the same."""
    probs = np.array([[[1.0, 0.0], [0.3, 0.7]], [[0.0, 1.0], [0.3, 0.7]]])
    np.testing.assert_allclose(disagreement(probs), [log(2), 0], atol=1e-12)


# Neighbours


def test_the_distance_is_hellinger_s():
    """Equal distributions are 0 apart, certain ones of different classes 1, a certain and an even one √(1 − 1/√2)."""
    others = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5]])
    nearest, distance = neighbours(np.array([1.0, 0.0]), others, 3)
    assert list(nearest) == [1, 2, 0]
    np.testing.assert_allclose(distance, [0, sqrt(1 - 1 / sqrt(2)), 1])


def test_the_distance_is_the_same_both_ways_and_bounded():
    """On random distributions: symmetric, within [0, 1], rising."""
    probs = np.random.default_rng(0).dirichlet(np.full(10, 0.3), 50)
    nearest, distance = neighbours(probs[7], probs, 50)
    assert (np.diff(distance) >= 0).all()
    assert distance.min() >= 0
    assert distance.max() <= 1
    for other, far in zip(nearest, distance, strict=True):
        back, way = neighbours(probs[other], probs, 50)
        assert way[list(back).index(7)] == pytest.approx(far)


def test_an_example_is_no_neighbour_of_itself():
    """The one that is skipped is left out even where there are fewer others than asked for."""
    others = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
    nearest, distance = neighbours(others[0], others, 2, skip=0)
    assert list(nearest) == [1, 2]
    assert list(neighbours(others[0], others, 8, skip=0)[0]) == [1, 2]
    assert len(distance) == 2
    assert list(neighbours(others[0], others, 8)[0]) == [0, 1, 2]


def test_neighbours_leave_the_predictions_as_they_are():
    """Skipping one does not write into the array of the others."""
    others = np.array([[1.0, 0.0], [0.5, 0.5]])
    neighbours(others[0], others, 1, skip=0)
    np.testing.assert_array_equal(others, [[1.0, 0.0], [0.5, 0.5]])


# Novelty


def halves(first: list[float], second: list[float]) -> list[list[list[float]]]:
    """Class-0 probabilities of N examples in two samples → (2, N, 2)."""
    return [[[p, 1 - p] for p in sample] for sample in (first, second)]


# Of four test examples the means are .99 .9 .6 .5, and only the last two have samples that disagree.
USUAL = halves([0.99, 0.9, 0.8, 0.9], [0.99, 0.9, 0.4, 0.1])


@pytest.mark.parametrize(
    ("first", "second", "values", "shares"),
    [
        # Confidence .7: .99 and .9 are surer. Two lie below its entropy. The samples agree: none lies below 0.
        (0.7, 0.7, (0.7, -0.7 * log(0.7) - 0.3 * log(0.3), 0), (0.5, 0.5, 0)),
        # Certain of one and of the other: entropy ln 2, all of it disagreement.
        (1.0, 0.0, (0.5, log(2), log(2)), (0.75, 0.75, 1)),
        # Certain: as sure as can be, nothing is surer and nothing less uncertain.
        (1.0, 1.0, (1, 0, 0), (0, 0, 0)),
    ],
)
def test_an_answer_stands_among_those_to_the_test_examples(first, second, values, shares):
    """Confidence, entropy and mutual information, and the share of the test examples that are less uncertain."""
    found = novelty(np.array(halves([first], [second])), network(0.0, sampled(*USUAL)), 2)
    measures = (found.confidence, found.entropy, found.information)
    assert [each.value for each in measures] == pytest.approx(values, abs=1e-12)
    # The undecided example has exactly the entropy ln 2 in double precision, and in the single one that is kept.
    assert [each.less_uncertain for each in measures] == list(shares)


def test_each_network_has_its_own_usual_answers():
    """The same answer is usual to a network that always doubts, and new to one that never does."""
    doubtful, certain = (network(0.0, sampled(*halves([p] * 4, [p] * 4))) for p in (0.5, 1.0))
    answer = np.array(halves([0.7], [0.7]))
    assert novelty(answer, doubtful, 2).confidence.less_uncertain == 0
    assert novelty(answer, certain, 2).confidence.less_uncertain == 1
