"""Which points are trained, validated and tested on: every class in each split, by its share."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning.data.splits import shuffled, sizes, stratified


def labels_of(*counts: int) -> np.ndarray:
    return np.repeat(np.arange(len(counts)), counts)


def counts_of(labels: np.ndarray, seed: int = 0) -> list[list[int]]:
    """How many of each class are in each split."""
    return [np.bincount(labels[rows], minlength=labels.max() + 1).tolist() for rows in stratified(labels, seed)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (20, (10, 5, 5)),
        (30, (16, 7, 7)),
        (60, (30, 15, 15)),
        (80, (40, 20, 20)),
        (134, (94, 20, 20)),
        (200, (140, 30, 30)),
        (5000, (3500, 750, 750)),
    ],
)
def test_sizes_by_hand(points, expected):
    """15 % to validate and as many to test on; of few points a quarter, until there are 20."""
    assert sizes(points) == expected


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((16, 4), [[8, 2], [4, 1], [4, 1]]),  # 20: a quarter of each
        ((400, 4), [[280, 2], [60, 1], [60, 1]]),  # 404: 0.6 of the class would be tested on, but one is
        ((10, 10), [[5, 5], [2, 3], [3, 2]]),  # 2.5 each: the first class is tested more, the second validated more
        ((4, 4, 4, 4, 4), [[2] * 5, [1] * 5, [1] * 5]),
        ((50, 30, 20), [[30, 18, 12], [10, 6, 4], [10, 6, 4]]),
    ],
)
def test_classes_by_hand(counts, expected):
    """Each class in each split, by the largest remainder and with one point at least; whatever the seed."""
    assert counts_of(labels_of(*counts), 0) == counts_of(labels_of(*counts), 1) == expected


def test_a_rare_class_on_few_lines_is_in_every_split():
    """Twenty points, the second class on lines 6, 8, 10 and 20: each split holds both, for every seed."""
    labels = np.isin(np.arange(1, 21), [6, 8, 10, 20]).astype(np.int64)
    for seed in range(50):
        assert counts_of(labels, seed) == [[8, 2], [4, 1], [4, 1]]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(4, 60), min_size=2, max_size=5), st.randoms(use_true_random=False), st.integers(0, 9))
def test_every_split_is_whole_and_fair(counts, random, seed):
    """No point is lost or doubled, sizes are as announced, and no class is off its share by two points."""
    labels = labels_of(*counts)
    random.shuffle(labels)
    if len(labels) < 20:
        return
    split = stratified(labels, seed)
    assert sorted(np.concatenate(split)) == list(range(len(labels)))
    assert tuple(map(len, split)) == sizes(len(labels))
    for rows in split:
        found = np.bincount(labels[rows], minlength=len(counts))
        assert found.min() >= 1
        assert np.abs(found - np.array(counts) * len(rows) / len(labels)).max() < 2


def test_a_seed_is_one_split_and_another_is_another():
    """The same seed gives the same rows; another one draws other points of each class."""
    labels = labels_of(40, 40)
    one, again, other = (stratified(labels, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert set(one.test) != set(other.test)


def test_the_points_tested_on_are_drawn_from_all_of_a_class():
    """Over many seeds every point is tested on about as often as any other."""
    labels = labels_of(30, 10)
    tested = sum(np.bincount(stratified(labels, seed).test, minlength=40) for seed in range(400))
    assert np.abs(tested / 400 - 0.25).max() < 0.1


@pytest.mark.parametrize("counts", [(18, 2), (0, 20), (3, 3)])
def test_a_class_too_small_is_refused(counts):
    """Fewer than three cannot be in three splits, nor two classes in less than eight points."""
    with pytest.raises(ValueError, match="each needs at least 3, and 2 classes need 8 in all"):
        stratified(labels_of(*counts), 0)


def test_generated_points_are_split_as_ever():
    """Shuffled whatever the classes, 70/15/15: the first rows of seed 42 as stored results have them."""
    split = shuffled(1000, 42)
    assert tuple(map(len, split)) == (700, 150, 150)
    np.testing.assert_array_equal(split.train[:5], [948, 650, 376, 714, 24])
