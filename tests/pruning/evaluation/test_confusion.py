"""What unknown classes are called: counts, shares and intervals by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from pruning.data.images import Images, Shown
from pruning.evaluation.confusion import Confusion, Rate, by_change, counted
from tests.pruning.evaluation.fabricated import NOTHING, network
from uncertainty.predictions import Predictions

SAMPLES = (1, 2, 20)
KNOWN = tuple("01234567")
LABELS = np.array([0, 1, 1, 0, 1, 1])  # of the unknown pictures: two of class 8, four of class 9
SAID = [3, 3, 3, 5, 7, 0]  # what the network calls them


def answering(answers: list[int]) -> Predictions:
    """Predictions whose winner is that answer, certainly with many samples, and class 1 with a single one."""
    probs = np.eye(8, dtype=np.float32)[answers]
    frames = np.stack([np.eye(8, dtype=np.float32)[[1] * len(answers)], *[probs] * (len(SAMPLES) - 1)])
    return Predictions(SAMPLES, frames, np.zeros(frames.shape[:2], np.float32), probs)


def pictures(labels: np.ndarray, classes: tuple[str, ...]) -> Images:
    return Images(np.zeros((len(labels), 8, 8, 1), np.uint8), labels, classes)


IMAGES = Shown(pictures(np.arange(6), KNOWN), pictures(LABELS, ("8", "9")), "")


def test_shares_count_what_each_class_is_called():
    """Of the class 8 one picture is called 3 and one 5; of 9 two are called 3, one 7 and one 0."""
    found = Confusion.of(network(0.0, NOTHING, answering(SAID)), IMAGES, 20)
    expected = np.zeros((2, 8))
    expected[0, [3, 5]] = 1 / 2
    expected[1, [3, 7, 0]] = 1 / 2, 1 / 4, 1 / 4
    np.testing.assert_allclose(found.shares, expected)
    assert found.counts.sum(axis=1).tolist() == [2, 4]


def test_rows_sum_to_one():
    """Every picture of a class gets one answer, whatever the number of samples; a class without any has no share."""
    rng = np.random.default_rng(0)
    images = Shown(IMAGES.test, pictures(rng.integers(0, 4, 300), tuple("abcde")), "")
    one = network(0.5, NOTHING, answering(list(rng.integers(0, 8, 300))))
    for n_samples in SAMPLES:
        np.testing.assert_allclose(Confusion.of(one, images, n_samples).shares.sum(axis=1), [1, 1, 1, 1, 0])


def test_the_number_of_samples_decides_the_answers():
    """What is remembered of twenty samples is not what one sample says."""
    one = network(0.0, NOTHING, answering(SAID))
    assert Confusion.of(one, IMAGES, 20).shares[0, 3] == 1 / 2
    assert Confusion.of(one, IMAGES, 1).shares[0, 1] == 1


def test_labels_of_a_narrow_type_are_counted():
    """Class 60 of 100, in a byte, called 7 of 10: no number overflows on its way."""
    counts = counted(np.array([60, 60, 99], np.uint8), np.array([7, 7, 9]), 100, 10)
    assert counts.shape == (100, 10)
    assert (counts[60, 7], counts[99, 9], counts.sum()) == (2, 1, 3)


@pytest.mark.parametrize(
    ("seen", "called", "count", "n"), [("9", "3", 2, 4), ("9", "7", 1, 4), ("8", "3", 1, 2), ("8", "7", 0, 2)]
)
def test_the_rate_is_that_of_paper_and_of_the_table(seen, called, count, n):
    """Counts by hand, and the same share as in the cell of the table."""
    found = Confusion.of(network(0.0, NOTHING, answering(SAID)), IMAGES, 20)
    assert found.rate(seen, called) == Rate(count, n)
    row, column = IMAGES.ood.classes.index(seen), IMAGES.test.classes.index(called)
    assert found.shares[row, column] == found.rate(seen, called).share


@pytest.mark.parametrize(
    ("seen", "called", "wrong"), [("3", "3", "'3' is no unknown"), ("9", "8", "'8' is no known")]
)
def test_a_class_that_is_not_there_is_named_with_those_that_are(seen, called, wrong):
    """An unknown class cannot be the answer, a known one cannot be unknown."""
    found = Confusion.of(network(0.0, NOTHING, answering(SAID)), IMAGES, 20)
    with pytest.raises(ValueError, match=f"{wrong} class; choose one of: "):
        found.rate(seen, called)


@pytest.mark.parametrize(("count", "n"), [(4, 8), (0, 10), (100, 100)])
def test_a_rate_has_wilson_s_interval(count, n):
    """As a trusted library has it."""
    interval = binomtest(count, n).proportion_ci(method="wilson")
    assert Rate(count, n).interval == pytest.approx((interval.low, interval.high))


def test_of_no_pictures_nothing_is_known():
    """There is no share, and any is possible."""
    assert np.isnan(Rate(0, 0).share)
    assert Rate(0, 0).interval == (0, 1)


def test_the_largest_change_comes_first():
    """By the sum of all changes of a class; equal ones by position."""
    dense, pruned = np.zeros((4, 3)), np.zeros((4, 3))
    pruned[1, 0], pruned[2, :2], pruned[3, 2] = 0.5, (0.3, 0.3), -0.5
    assert list(by_change(dense, pruned)) == [2, 1, 3, 0]
