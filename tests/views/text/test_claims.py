"""A direction is told only where an interval excludes zero and the printed numbers show it; else what could be."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.floor import Floor
from uncertainty.paired import Difference, mean_difference
from views.text.claims import (
    Change,
    beside,
    calibrated,
    changed,
    direction,
    half_width,
    leaning,
    percent,
    place,
    truly_calibrated,
)

FLOOR = Floor(0.03, 0.01, 0.05)
BASIS = "150 points"
numbers = st.floats(-1, 1)
few = settings(max_examples=80, deadline=None)


def change(before: float, after: float, half: float, name: str = "accuracy", unit: str = "") -> Change:
    value = after - before
    return Change(name, before, after, Difference(value, value - half, value + half), unit=unit)


@pytest.mark.parametrize(
    ("difference", "side"),
    [
        (Difference(0.1, 0.05, 0.15), 1),
        (Difference(-0.1, -0.15, -0.05), -1),
        (Difference(0.1, 0.0, 0.2), 0),
        (Difference(0.1, -0.1, 0.3), 0),
        (Difference(0.01, -0.05, -0.01), 0),  # corrected for bias it lies beside its own value: no direction is sure
        (Difference(-0.01, 0.01, 0.05), 0),
        (Difference(0.0, -math.inf, math.inf), 0),
        (Difference(math.nan, math.nan, math.nan), 0),
    ],
)
def test_a_direction_needs_an_interval_without_zero(difference, side):
    """An end at zero does not exclude it, and an interval that contradicts its value tells nothing."""
    assert direction(difference) == side


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([change(0.967, 0.873, 0.03)], "accuracy **falls** 0.967 → 0.873"),
        ([change(0.873, 0.967, 0.03)], "accuracy **rises** 0.873 → 0.967"),
        (
            [change(0.967, 0.960, 0.0284)],
            "no difference that 150 points could tell in accuracy (0.967 → 0.960, ±0.028)",
        ),
        (
            [change(0.967, 0.967, 0.02)],
            "no difference that 150 points could tell in accuracy (0.967 for both, ±0.020)",
        ),
        # surely less, but not in what is printed
        (
            [change(0.9671, 0.9669, 0.0001)],
            "no difference that 150 points could tell in accuracy (0.967 for both, ±0.001)",
        ),
        (
            [change(0.967, 0.960, 0.03), change(0.2, 0.4, 0.1, "NLL", " nats"), change(0.03, 0.04, 0.02, "ECE")],
            "NLL **rises** 0.200 → 0.400 nats; no difference that 150 points could tell in "
            "accuracy (0.967 → 0.960, ±0.030) and ECE (0.030 → 0.040, ±0.020)",
        ),
        (
            [change(0.967, 0.87, 0.03), change(0.2, 0.4, 0.1, "NLL", " nats")],
            "accuracy **falls** 0.967 → 0.870 and NLL **rises** 0.200 → 0.400 nats",
        ),
    ],
)
def test_what_is_told_comes_first(changes, words):
    """Then what is not, with its numbers and half its interval."""
    assert changed(changes, BASIS) == words


def test_of_one_example_any_difference_may_hide():
    """An interval without ends has no half."""
    assert half_width(Difference(0.5, -math.inf, math.inf)) == "of any size"
    assert half_width(Difference(0.5, 0.472, 0.528)) == "±0.028"
    assert half_width(Difference(0.5, 0.49999, 0.50001)) == "±0.001"


@given(numbers, numbers, st.floats(0, 1))
@few
def test_words_never_speak_against_their_numbers(before, after, half):
    """What rises is printed larger, what falls smaller, and neither is said within half an interval."""
    text = changed([change(before, after, half)], BASIS)
    found = re.search(r"\*\*(rises|falls)\*\* (-?[\d.]+) → (-?[\d.]+)", text)
    if found is None:
        assert "**" not in text
        assert "no difference" in text
        return
    verb, a, b = found.groups()
    assert (float(b) > float(a)) == (verb == "rises")
    assert abs(after - before) > half


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (Difference(0.034, 0.01, 0.06), "**over-confident** by 0.03"),
        (Difference(-0.2, -0.3, -0.1), "**under-confident** by 0.20"),
        (Difference(0.034, -0.01, 0.06), ""),
        (Difference(0.004, 0.001, 0.006), ""),  # sure, and nothing
    ],
)
def test_a_gap_has_a_side_only_if_it_is_told(gap, words):
    """Above zero is over-, below it under-confident; what would be printed 0.00 is none."""
    assert leaning(gap) == words


NONE = "150 points cannot tell it from calibrated, ECE"
SILENT, SURE = Difference(0.01, -0.02, 0.04), Difference(-0.09, -0.12, -0.06)


@pytest.mark.parametrize(
    ("ece", "gap", "smallest", "words"),
    [
        (0.1, SURE, 0.07, "it is **under-confident** by 0.09, ECE 0.100"),
        (0.06, SILENT, 0.07, "it is **not calibrated**, ECE 0.060"),
        (0.04, SURE, 0.07, "it is **under-confident** by 0.09, ECE 0.040"),
        (0.04, SILENT, 0.07, f"{NONE} 0.040 (0.07 they would find, four times in five)"),
        (0.005, SILENT, 0.07, f"{NONE} 0.005 (0.07 they would find, four times in five)"),
        (0.04, SILENT, math.nan, f"{NONE} 0.040 (so few would find none)"),
    ],
)  # fmt: skip
def test_inside_the_band_nothing_is_proved(ece, gap, smallest, words):
    """A side where the gap is told; else whether it is above its band; else what could have been told."""
    assert calibrated("it", ece, FLOOR, gap, BASIS, smallest) == words
    assert "chance" not in words


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        (SURE, "it is **under-confident** by 0.09, true ECE 0.100"),
        (SILENT, "it leans to neither side, true ECE 0.100"),
    ],
)
def test_against_the_truth_there_is_no_band(gap, words):
    """The number itself, and to which side the network errs."""
    assert truly_calibrated("it", 0.1, gap) == words


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (0.0504, "within"),  # printed 0.050, the end of the band
        (0.0506, "above"),
        (0.0096, "within"),
        (0.0094, "below"),
        (np.float64(0.0504), "within"),
    ],
)
def test_a_place_is_that_of_the_printed_number(error, where):
    """The ends of the band belong to it."""
    assert place(error, FLOOR) == where


@pytest.mark.parametrize(
    ("error", "minimum", "words"),
    [
        (0.07, True, "**above** its floor 0.030 (0.010–0.050)"),
        (0.03, True, "within its floor 0.030 (0.010–0.050)"),
        (0.00, True, "below its floor 0.030 (0.010–0.050)"),
        (0.00, False, "**below** its floor 0.030 (0.010–0.050)"),
    ],
)
def test_below_its_band_an_uncertainty_is_not_calibrated_either(error, minimum, words):
    """The floor of UCE is no minimum: below and above are in bold alike, within is not."""
    assert beside(error, FLOOR, minimum) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0"), (0.004, "less than 1"), (0.042, "4"), (0.996, "more than 99"), (1, "100")],
)
def test_none_and_all_are_said_only_where_they_are_meant(share, words):
    """A share is rounded to whole per cent, but never to none or all."""
    assert percent(share) == f"{words}\u00a0%"


# Under the null: nothing is there, so that at most one in twenty is told


def told(differences: list[Difference]) -> float:
    return float(np.mean([direction(each) != 0 for each in differences]))


@pytest.mark.parametrize("share", [0.6, 0.94, 0.99])
def test_two_networks_equally_often_right_are_rarely_told_apart(share):
    """150 points, each network right by its own luck: a direction is told one time in twenty, or less."""
    rng = np.random.default_rng(5)
    pairs = rng.random((1000, 2, 150)) < share
    assert told([mean_difference(*pair) for pair in pairs]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


def test_a_different_test_set_is_no_change_of_the_network():
    """Doubt of one network on the same points after rounding: nothing is told; a true change of a fifth is."""
    rng = np.random.default_rng(6)
    doubt = rng.gamma(1, 0.02, 150)
    shifted = doubt + 1e-7 * rng.standard_normal(150)
    for pair, expected in (((doubt, shifted), 0), ((doubt, 1.2 * doubt), 1)):
        found = Change("doubt", pair[0].mean(), pair[1].mean(), mean_difference(*pair))
        assert found.told == expected
