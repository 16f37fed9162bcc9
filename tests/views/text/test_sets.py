"""What is said of prediction sets, by hand: promises kept and broken, their price, how much may be pruned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pruning.evaluation.sets import PredictionSets
from tests.pruning.evaluation.fabricated import coins, network, outcome
from uncertainty.conformal import SetScore
from uncertainty.paired import Difference
from uncertainty.tolerance import Tolerance
from views.text import sets as words
from views.text.names import DENSE_PRUNED, Pair

GROWS, SHRINKS, UNTOLD = Difference(0.25, 0.1, 0.4), Difference(-0.25, -0.4, -0.1), Difference(0.25, -0.1, 0.6)


def of(test: list[float], validation: float, alpha: float = 0.1, score: SetScore = SetScore.LAC) -> PredictionSets:
    """Sets for test points of class 1, which get these probabilities, after 99 validation points with one and it."""
    one = replace(network(0.0, coins(np.array(test))), validation=coins(np.full(99, validation)))
    found = replace(outcome(np.ones(len(test), int), one), validation_labels=np.ones(99, int))
    return PredictionSets.of(found, one, 2, alpha, score)


SMALL = of([0.9, 0.9, 0.9, 0.7], 0.6)  # one class each
LARGE = of([0.55, 0.5, 0.5, 0.9], 0.45)  # two classes, and one: 1.75 on average


def test_larger_sets_are_the_price_where_the_promise_is_kept():
    """Both halves are told only if both can be."""
    assert words.of_pair(SMALL, LARGE, DENSE_PRUNED, GROWS, "4 test points") == (
        "Sets hold the true class for 100.0\u00a0% (dense) and 100.0\u00a0% (pruned) of 4 test points: the promise "
        "is kept, and **paid for with larger sets**, 1.00 → 1.75 classes on average."
    )


def test_smaller_sets_are_told_as_such():
    """Nothing is paid then."""
    said = words.of_pair(LARGE, SMALL, DENSE_PRUNED, SHRINKS, "4 test points")
    assert said.endswith("of 4 test points; mean set size **falls** 1.75 → 1.00 classes.")


def test_a_difference_that_cannot_be_told_is_none():
    """With the size that could have been told."""
    said = words.of_pair(SMALL, LARGE, DENSE_PRUNED, UNTOLD, "4 test points")
    assert said.endswith("; no difference that 4 test points could tell in mean set size (1.00 → 1.75, ±0.35).")


def test_a_broken_promise_is_not_called_kept():
    """Where the coverage is below what chance leaves, larger sets pay for nothing."""
    broken = of([0.45] * 10 + [0.1] * 30, 0.45)
    assert broken.coverage == 0.25
    assert not words.is_kept(broken)
    said = words.of_pair(SMALL, broken, DENSE_PRUNED, GROWS, "40 test points")
    assert "kept" not in said
    assert "mean set size **rises**" in said


def test_two_strategies_go_by_their_names():
    """Neither is what the other was before."""
    said = words.of_pair(SMALL, LARGE, Pair("One-shot", "Iterative"), GROWS, "4 test points")
    assert said.endswith("; *Iterative* needs **more** classes for it (1.00 → 1.75 on average).")


def test_the_dense_network_beside_itself_is_told_once():
    """At ratio 0 there is nothing to compare."""
    assert words.of_pair(SMALL, SMALL, DENSE_PRUNED, UNTOLD, "4 test points") == (
        "The sets of the dense network hold the true class for 100.0\u00a0% of 4 test points, with **1.00 classes** "
        "on average."
    )


def rows(*coverage: float) -> pd.DataFrame:
    return pd.DataFrame({"ratio": [0.0, 0.5, 0.9][: len(coverage)], "value": coverage, "low": 0.85, "high": 0.95})


def test_coverage_within_its_band_is_told_once():
    """For all networks, or for the only one."""
    assert words.of_coverage(rows(0.9, 0.85, 0.95), 150, 0.1) == (
        "Coverage is within the band 0.850–0.950 that 150 validation examples leave for all 3 networks, around the "
        "promised 0.9."
    )
    assert "leave for the dense network," in words.of_coverage(rows(0.9), 150, 0.1)


def test_coverage_outside_of_its_band_is_named():
    """Below and above, with the farthest; and how often chance does that."""
    assert words.of_coverage(rows(0.9, 0.84, 0.97), 150, 0.1) == (
        "Coverage is below it at 0.5 (84.0\u00a0%) and above it from 0.9 on (97.0\u00a0%): the band 0.850–0.950 that "
        "150 validation examples leave, around the promised 0.9 (by chance, one in twenty is out)."
    ).replace("from 0.9 on", "at 0.9")
    assert "below it for every network" in words.of_coverage(rows(0.8, 0.7), 150, 0.1)


@pytest.mark.parametrize(("n", "alpha", "least"), [(30, 0.01, 99), (9, 0.05, 19), (2, 0.3, 3)])
def test_too_few_examples_are_told_with_how_many_it_takes(n, alpha, least):
    """The least n with (n + 1) α ≥ 1."""
    assert (least + 1) * alpha >= 1 > least * alpha - 1e-9
    assert words.too_few(n, alpha).endswith(
        f": {n} validation examples are too few to promise more. It takes {least}."
    )


def test_empty_sets_are_told_with_whose_they_are():
    """By LAC of the least sure, by APS of the surest."""
    assert words.of_shares("pruned", of([0.9, 0.9, 0.5, 0.9], 0.8)) == (
        "Pruned: 75\u00a0% of the sets hold one class, 0\u00a0% several, 25\u00a0% none, for inputs that it is "
        "**least sure** of."
    )
    assert words.of_shares("dense", of([0.7, 0.7, 0.7, 0.9], 0.8, score=SetScore.APS)).endswith(
        "25\u00a0% none, for inputs that it is **surest** of."
    )
    assert words.of_shares("dense", SMALL).endswith("0\u00a0% none.")


def test_sets_of_every_class_are_explained_where_aps_makes_them():
    """Where the network is wrong more often than α allows, the threshold is 1; by LAC it is not explained so."""
    all_wrong = of([0.9, 0.6], 0.2, score=SetScore.APS)
    assert all_wrong.threshold == 1
    assert words.of_shares("pruned", all_wrong).startswith("Pruned: every set holds several classes. Without chance ")
    assert "chance" not in words.of_shares("pruned", of([0.3, 0.6], 0.2))


def test_the_largest_tolerable_ratio_in_words():
    """With what was measured, the bound, what it rests on and what it does not say."""
    found = Tolerance((0.3, 0.6), np.array([0.001, 0.05]), np.array([0.012, 0.07]), 0.3)
    assert words.of_tolerance(found, 2, 1000, "test images", against_truth=False) == (
        "The largest ratio whose accuracy loss is at most 2 points with confidence 95\u00a0% is **0.3**: 0.1 points "
        "as measured, 1.2 points at most, by an exact binomial bound on the same 1,000 test images. Ratios are tried "
        "in rising order until one fails. Of networks of other seeds it says nothing."
    )


def test_where_no_ratio_can_be_named_the_first_is_told():
    """A gain has its sign."""
    found = Tolerance((0.1,), np.array([-0.004]), np.array([0.037]), None)
    assert words.of_tolerance(found, 1, 150, "fresh points", against_truth=True) == (
        "At no ratio can it be said with confidence 95\u00a0% that no more than 1 point of accuracy is lost: at 0.1 "
        "it is −0.4 points as measured, and 3.7 points at most by an empirical Bernstein bound on the same 150 fresh "
        "points."
    )
    assert words.of_tolerance(None, 2, 150, "x", against_truth=True) == "There is no pruned network yet."


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ([], "no class"), ([1], "b"), ([0, 2], "a or c"), ([0, 1, 3], "a, b or d"),
        ([0, 1, 2, 3], "a, b, c or 1 more"), ([0, 1, 2, 3, 4], "any class"),
    ],
)  # fmt: skip
def test_a_set_in_words(held, said):
    """A few of many are named."""
    assert words.set_named(np.isin(np.arange(5), held), "abcde") == said
