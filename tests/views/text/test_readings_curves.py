"""The sentence under a curve: every ratio looked at, a direction only where its interval tells one."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.paired import Difference, mean_difference
from views.text.names import Pair
from views.text.readings_curves import of_calibration, of_curve, of_curves_apart, of_epochs

BASIS = "150 points"
shares = st.floats(0, 1)
few = settings(max_examples=80, deadline=None)


def curve(values: dict[float, float], chosen: float = 0.9, **columns: list) -> pd.DataFrame:
    rows = pd.DataFrame({"ratio": list(values), "value": list(values.values())})
    return rows.assign(dense=values[0], chosen=rows.ratio == chosen, **columns)


def around(values: dict[float, float], half: float) -> dict[float, Difference]:
    """Differences from the dense value, each with so wide an interval."""
    return {
        ratio: Difference(value - values[0], value - values[0] - half, value - values[0] + half)
        for ratio, value in values.items()
        if ratio
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({0: 0.967}, " of the dense network is 0.967; there is no pruned one to compare with yet"),
        (
            {0: 0.967, 0.5: 0.95, 0.9: 0.947},
            ": no difference that 150 points could tell from the dense 0.967 at any ratio (±0.030)",
        ),
        ({0: 0.967, 0.5: 0.96, 0.9: 0.873}, " **falls** to 0.873 at 0.9 (dense 0.967)"),
        ({0: 0.967, 0.5: 0.96, 0.8: 0.9, 0.9: 0.873}, " **falls** from 0.8 on, to 0.873 at 0.9 (dense 0.967)"),
        ({0: 0.967, 0.5: 0.8, 0.8: 0.96, 0.9: 0.873}, " **falls** at 0.5 and 0.9, to 0.800 at 0.5 (dense 0.967)"),
        (
            {0: 0.9, 0.1: 0.95, 0.5: 0.9, 0.8: 0.8, 0.9: 0.7},
            " **rises** to 0.950 at 0.1 and **falls** from 0.8 on, to 0.700 at 0.9 (dense 0.900)",
        ),
        (
            {0: 0.8, 0.3: 0.8, 0.5: math.nan, 0.9: 0.7},
            " **falls** to 0.700 at 0.9 (dense 0.800); there is no number at 0.5",
        ),
        (
            {0: 0.8, 0.5: math.nan},
            " of the dense network is 0.800; there is no pruned one to compare with yet; there is no number at 0.5",
        ),
    ],
)
@pytest.mark.parametrize("chosen", [0, 0.9, 0.7])
def test_a_curve_tells_where_it_differs(values, words, chosen):
    """At which ratios, and how far it goes there, whatever is chosen; ±0.03 is what could be told."""
    assert of_curve(curve(values, chosen), "Accuracy", 3, around(values, 0.03), BASIS) == f"Accuracy{words}."


def test_what_is_printed_alike_is_no_change():
    """A sure difference of a hundredth of what is printed is not told."""
    values = {0: 0.96701, 0.5: 0.96699}
    text = of_curve(curve(values), "Accuracy", 3, around(values, 1e-6), "5,000 points")
    assert "**" not in text


def test_what_did_not_train_is_named_and_not_judged():
    """Its accuracy is that of guessing, and no fall; it is said instead that it did not train."""
    values = {0: 0.967, 0.5: 0.96, 0.9: 0.12}
    text = of_curve(curve(values, trained=[True, True, False]), "Accuracy", 3, around(values, 0.03), BASIS)
    assert text == (
        "Accuracy: no difference that 150 points could tell from the dense 0.967 at any ratio (±0.030); "
        "at 0.9 the network **did not train**."
    )


def test_beside_a_dense_network_that_did_not_train_nothing_is_compared():
    """There is no reference then."""
    values = {0: 0.12, 0.5: 0.96}
    text = of_curve(curve(values, trained=[False, True]), "Accuracy", 3, around(values, 0.03), BASIS)
    assert text == "Accuracy: the dense network **did not train**, so there is nothing to compare with."


def test_a_curve_of_errors_tells_the_side():
    """Over- and under-confident where the signed gap is told, at trained ratios alone."""
    values = {0: 0.03, 0.5: 0.03, 0.8: 0.2, 0.9: 0.3, 0.95: 0.01}
    gap = {0: -0.1, 0.5: 0.1, 0.8: -0.2, 0.9: -0.3, 0.95: 0.4}
    gaps = {ratio: Difference(value, value - 0.05, value + 0.05) for ratio, value in gap.items()}
    rows = curve(values, trained=[True, True, True, True, False])
    assert of_curve(rows, "ECE", 3, around(values, 0.03), BASIS, gaps) == (
        "ECE **rises** from 0.8 on, to 0.300 at 0.9 (dense 0.030); **over-confident** at 0.5 and **under-confident** "
        "from 0.8 on; at 0.95 the network **did not train**."
    )


def test_a_curve_without_a_dense_value():
    """Without it there is nothing to compare with."""
    text = of_curve(curve({0: math.nan, 0.5: 0.3}), "Share", 2, {}, BASIS)
    assert text == "Share: the dense network has no number to compare with."


@given(st.lists(shares, min_size=2, max_size=6), st.floats(0, 0.3))
@few
def test_a_curve_never_speaks_against_its_numbers(values, half):
    """What rises is printed above the dense value, what falls below it, and by more than the interval."""
    named = {i / 10: value for i, value in enumerate(values)}
    text = of_curve(curve(named), "X", 3, around(named, half), BASIS)
    dense = float(re.search(r"dense ([\d.]+)", text)[1])
    for verb, value in re.findall(r"\*\*(rises|falls)\*\*.*? to ([\d.]+) at", text):
        assert (float(value) > dense) == (verb == "rises")
        assert abs(float(value) - values[0]) > half - 0.001
    assert len(text.split()) <= 25


def test_under_the_null_at_most_one_curve_in_twenty_tells_anything():
    """Ten ratios as good as dense, corrected together: a direction at any of them in at most 5 % of curves."""
    rng, told = np.random.default_rng(7), []
    for right in rng.random((150, 11, 150)) < 0.94:
        values = {i / 10: share for i, share in enumerate(right.mean(axis=1))}
        differences = {i / 10: mean_difference(right[0], right[i], comparisons=10) for i in range(1, 11)}
        told.append("**" in of_curve(curve(values), "Accuracy", 3, differences, BASIS))
    assert np.mean(told) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


# The band


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({0: 0.03, 0.5: 0.04, 0.9: 0.05}, "150 points cannot tell any network from calibrated"),
        (
            {0: 0.03, 0.5: 0.04, 0.9: 0.0506},
            "ECE is above its band at 0.9 (by chance, one network in forty is); "
            "150 points cannot tell the others from calibrated",
        ),
    ],
)
def test_every_ratio_is_held_against_its_band(values, words):
    """The least sensitive of those inside says what could have been found; an end of the band belongs to it."""
    smallest = {0: 0.06, 0.5: 0.08, 0.9: 0.07}
    text = of_calibration(curve(values, high=[0.05] * 3), BASIS, smallest)
    assert text == f"{words} (0.08 they would find, four times in five)."


def test_all_above_their_bands():
    """Nothing is left of which nothing could be told."""
    text = of_calibration(curve({0: 0.1, 0.5: 0.2}, high=[0.05, 0.05]), BASIS, {})
    assert text == "ECE is above its band at every ratio (by chance, one network in forty is)."


# Early stop


@pytest.mark.parametrize(
    ("values", "chosen", "words"),
    [
        ({0: 71}, 0.9, "Early stop of the dense network is 71; there is no pruned one to compare with yet"),
        ({0: 71, 0.5: 60}, 0.5, "Early stop: 60 at 0.5, the only one (dense 71)"),
        ({0: 71, 0.5: 40, 0.9: 84}, 0.5, "Early stop: 40 at 0.5, the lowest of 2 (dense 71)"),
        ({0: 71, 0.5: 40, 0.9: 84}, 0.9, "Early stop: 40 at 0.5, the lowest of 2 (dense 71); 84 at the chosen 0.9"),
        ({0: 71, 0.5: 40, 0.7: 80, 0.9: 40}, 0.9, "Early stop: 40 at 0.5 and 0.9, the lowest of 3 (dense 71)"),
    ],
)  # fmt: skip
def test_a_curve_of_epochs(values, chosen, words):
    """The fewest are named as the lowest of so many, without a verdict: one seed has no interval."""
    text = of_epochs(curve(values, chosen), "Early stop", alike=True)
    assert text == f"{words}."
    assert "**" not in text


def test_fine_tuned_networks_have_the_dense_epochs_behind_them():
    """They are not compared with the network whose epochs they count."""
    text = of_epochs(curve({0: 71, 0.5: 73, 0.9: 155}), "Early stop", alike=False)
    assert text == ("Early stop: 73 at 0.5 (71 of them the dense network's), the lowest of 2; 155 at the chosen 0.9.")


def test_what_did_not_train_is_not_the_fastest():
    """Four epochs at chance are no early stop."""
    rows = curve({0: 16, 0.5: 14, 0.9: 4}, trained=[True, True, False])
    assert of_epochs(rows, "Early stop", alike=True) == (
        "Early stop: 14 at 0.5, the only one (dense 16); at 0.9 the network **did not train**."
    )


PAIR = Pair("Random tickets", "One-shot")


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (
            [0.9, 0.9, 0.8, 0.7],
            " is **higher** from 0.5 on (0.900 against 0.700 at 0.9) than that of *Random tickets*",
        ),
        (
            [0.9, 0.95, 0.9, 0.8],
            " is **lower** at 0.1 (0.900 against 0.950) and **higher** at 0.9 (0.900 against 0.800) than that of "
            "*Random tickets*",
        ),
        ([0.9] * 4, ": no difference that 150 points could tell from *Random tickets* at any ratio (±0.030)"),
        (
            [0.9, 0.9, math.nan, 0.8],
            " is **higher** at 0.9 (0.900 against 0.800) than that of *Random tickets*; nothing of "
            "*Random tickets* at 0.5",
        ),
        ([0.9, *[math.nan] * 3], ": *One-shot* and *Random tickets* have no ratio in common yet"),
    ],
)
def test_two_strategies_are_held_against_each_other_at_the_same_ratio(theirs, words):
    """Higher or lower, and where most, never a rise or a fall: neither is what the other was before."""
    rows = curve({0: 0.9, 0.1: 0.9, 0.5: 0.9, 0.9: 0.9}, other=theirs)
    differences = {
        ratio: Difference(0.9 - other, 0.87 - other, 0.93 - other)
        for ratio, other in zip(rows.ratio, theirs, strict=True)
        if ratio and other == other
    }
    assert of_curves_apart(rows, "Accuracy", 3, differences, BASIS, PAIR) == f"Accuracy{words}."


def test_a_network_that_did_not_train_is_compared_with_no_other_strategy():
    """It is named, and left out however far off it is."""
    rows = curve({0: 0.9, 0.5: 0.5, 0.9: 0.9}, other=[0.9, 0.9, 0.8], trained=[True, False, True])
    differences = {0.5: Difference(-0.4, -0.41, -0.39), 0.9: Difference(0.1, 0.09, 0.11)}
    text = of_curves_apart(rows, "Accuracy", 3, differences, BASIS, PAIR)
    assert "lower" not in text
    assert text.endswith("; at 0.5 the network **did not train**.")
