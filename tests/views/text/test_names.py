"""One name for each thing, and one way to write a prune ratio, on every page."""

from __future__ import annotations

import pytest

from pruning import Criterion, Experiment, Strategy
from views.text.names import (
    DENSE_PRUNED,
    Pair,
    layers_named,
    listed,
    network_named,
    pair_named,
    ratios_named,
    unit_named,
)

RATIOS = [0.1, 0.2, 0.3, 0.5, 0.8, 0.9, 0.95]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("hidden1", "hidden layer 1"),
        ("3 of 6 units in conv1, 4 of 8 in hidden2", "3 of 6 units in convolution 1, 4 of 8 in hidden layer 2"),
        ("in hidden1.weight, conv1.bias", "in the weights of hidden layer 1, the biases of convolution 1"),
        ("output", "output"),
        ("a hidden layer, unhidden1, hidden12, hidden 1", "a hidden layer, unhidden1, hidden12, hidden 1"),
    ],
)  # fmt: skip
def test_layers_have_names_that_people_read(text, named):
    """Wherever a layer's own name stands in a text, and nowhere else."""
    assert layers_named(text) == named


def test_units_count_from_one():
    """The first unit of a layer is unit 1, as the drawing says."""
    assert unit_named(("hidden1", 0)) == "unit 1 of hidden layer 1"
    assert unit_named(("conv2", 15)) == "unit 16 of convolution 2"


@pytest.mark.parametrize(("ratio", "name"), [(0.0, "dense"), (0.7, "pruned at 0.7"), (0.95, "pruned at 0.95")])
def test_a_prune_ratio_is_no_percentage(ratio, name):
    """It is written as on its slider and in the link."""
    assert network_named(ratio) == name


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ([0.9], "at 0.9"),
        ([0.95], "at 0.95"),
        ([0.9, 0.95], "from 0.9 on"),
        ([0.3, 0.5, 0.8], "from 0.3 to 0.8"),
        ([0.3, 0.5], "at 0.3 and 0.5"),
        ([0.1, 0.3, 0.95], "at 0.1, 0.3 and 0.95"),
        ([0.1, 0.3, 0.8, 0.95], "at 4 of 7 ratios"),
        (RATIOS, "at every ratio"),
    ],
)
def test_where_along_the_ratios(chosen, words):
    """A stretch is named by its ends, single ratios one by one, and many without a pattern are counted."""
    assert ratios_named(chosen, RATIOS) == words


def test_the_only_ratio_there_is():
    """One of one is named, not called every."""
    assert ratios_named([0.5], [0.5]) == "at 0.5"


@pytest.mark.parametrize(("names", "words"), [("a", "a"), ("ab", "a and b"), ("abc", "a, b and c")])
def test_a_list_reads_as_one(names, words):
    """Commas, and one `and` before the last."""
    assert listed([*names]) == words


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ({}, {"strategy": "random_mask"}, ("Random tickets", "One-shot")),
        ({}, {"criterion": "l2"}, ("One-shot, L2", "One-shot, L1")),
        (
            {"strategy": "one_shot_rewind"},
            {"strategy": "one_shot_rewind", "rewind_epoch": 5},
            ("One-shot, re-initialised, epoch 5", "One-shot, re-initialised, epoch 0"),
        ),
        # Nothing of a one-shot network is rewound, and chance needs no scores to draw the mask of a layer.
        (
            {"rewind_epoch": 5},
            {"strategy": "prune_only", "scope": "global"},
            ("No retraining, global", "One-shot, per layer"),
        ),
        ({}, {"strategy": "random_mask", "criterion": "taylor"}, ("Random tickets", "One-shot, L1")),
    ],
)
def test_two_strategies_are_named_by_what_they_differ_in(one, other, names):
    """The reference first; what both have, and what decides nothing for one of them, is left out."""
    pair = pair_named(Experiment(**one), Experiment(**other))
    assert pair.both == names
    assert pair.are_pruned
    assert pair.the_pruned == f"*{names[1]}*"


def test_without_another_strategy_they_are_dense_and_pruned():
    """And no two strategies are, whichever they be."""
    assert pair_named(Experiment(), None) == DENSE_PRUNED == Pair("dense", "pruned")
    assert (DENSE_PRUNED.the_reference, DENSE_PRUNED.titles) == ("the dense network", ("Dense", "Pruned"))
    for strategy in Strategy:
        for criterion in Criterion:
            names = pair_named(Experiment(criterion="l2"), Experiment(strategy=strategy, criterion=criterion)).both
            assert "dense" not in names
