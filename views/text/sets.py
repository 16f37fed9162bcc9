"""Prediction sets in words: whether they keep their promise, what that costs, how much may be pruned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from pruning.evaluation.sets import PredictionSets
from uncertainty.conformal import SetScore
from uncertainty.estimate import CONFIDENCE
from uncertainty.paired import Difference
from uncertainty.tolerance import Tolerance
from views.text.claims import Change, no_difference, percent
from views.text.names import Pair, listed, ratios_named, titled

DIGITS = 2  # of a mean set size
EARLY_STOP = (
    "The validation examples have chosen the epoch of the early stop too, so the promise holds of them not to the "
    "letter: sets may be a little too small. It is one on average over inputs like these: not for each class, and "
    "not for inputs from elsewhere."
)
COLOURS = (
    "A class's colour: the set holds that class alone. Grey: two classes or more. Hatched: none. A ring marks test "
    "points whose set lacks their class."
)
NAMED_CLASSES = 3  # of a set that are named
EMPTY = "no class"


def too_few(n: int, alpha: float) -> str:
    """Why every class is in every set: fewer than 1/α − 1 examples promise nothing."""
    return (
        f"At α = {alpha:g} every set holds every class: {n:,} validation examples are too few to promise more. "
        f"It takes {int(np.ceil(1 / alpha - 1e-9)) - 1:,}."
    )


def of_pair(reference: PredictionSets, pruned: PredictionSets, names: Pair, growth: Difference, basis: str) -> str:
    """Coverage and mean size of both networks' sets; that larger sets are the price only where both can be told.

    growth: in mean size, pruned − reference.
    """
    if reference is pruned:
        return (
            f"The sets of the dense network hold the true class for {_share(pruned.coverage)} of {basis}, with "
            f"**{pruned.mean_size:.{DIGITS}f} classes** on average."
        )
    size = Change("mean set size", reference.mean_size, pruned.mean_size, growth, DIGITS)
    held = (
        f"Sets hold the true class for {_share(reference.coverage)} ({names.reference}) and "
        f"{_share(pruned.coverage)} ({names.pruned}) of {basis}"
    )
    if not size.told:
        return f"{held}; {no_difference(basis)} in {size.name} ({size.numbers}, {size.margin})."
    if names.are_pruned:
        comparative = "more" if size.told > 0 else "fewer"
        return f"{held}; {names.the_pruned} needs **{comparative}** classes for it ({size.numbers} on average)."
    if size.told > 0 and is_kept(pruned):
        return f"{held}: the promise is kept, and **paid for with larger sets**, {size.numbers} classes on average."
    return f"{held}; {size.words} classes."


def is_kept(sets: PredictionSets) -> bool:
    """Whether coverage, as it is printed, is no less than what so many validation examples leave of it by chance."""
    return round(sets.coverage, 3) >= round(expected_band(sets)[0], 3)


def expected_band(sets: PredictionSets) -> tuple[float, float]:
    """Where the coverage lies for 95 % of all validation (and test) examples, by the exact law of split conformal."""
    if sets.truth.ndim == 2:  # so many fresh points that they stand for all
        return sets.law.interval()
    return sets.law.observed_interval(len(sets.truth))


def of_coverage(rows: pd.DataFrame, n: int, alpha: float) -> str:
    """At which ratios the coverage is outside of its band, if at any.

    rows: as `charts.sets.coverage_chart` takes them. n: validation examples.
    """
    ratios, value = list(rows.ratio), rows.value.round(3)
    low, high = rows.low.round(3), rows.high.round(3)
    words = []
    for side, outside in (("below", value < low), ("above", value > high)):
        where = [ratio for ratio, each in zip(ratios, outside, strict=True) if each]
        if where:
            far = rows.value[outside].min() if side == "below" else rows.value[outside].max()
            at = "for every network" if len(where) == len(ratios) > 1 else ratios_named(where, ratios)
            words.append(f"{side} it {at} ({_share(far)})")
    band = f"the band {low.iloc[0]:.3f}–{high.iloc[0]:.3f} that {n:,} validation examples leave"
    if not words:
        networks = f"for all {len(ratios)} networks" if len(ratios) > 1 else "for the dense network"
        return f"Coverage is within {band} {networks}, around the promised {1 - alpha:g}."
    return (
        f"Coverage is {listed(words)}: {band}, around the promised {1 - alpha:g} (by chance, one in twenty is out)."
    )


def of_shares(name: str, sets: PredictionSets) -> str:
    """How many sets hold one class, several and none, and whom an empty set belongs to."""
    none, one, more = sets.shares
    if more == 1 and sets.score == SetScore.APS:
        return (
            f"{titled(name)}: every set holds several classes. Without chance APS gives the least probable class the "
            "score 1, and it is the true one too often for a lower threshold; *APS, randomised* is finer."
        )
    words = (
        f"{titled(name)}: {percent(one)} of the sets hold one class, {percent(more)} several, {percent(none)} none"
    )
    if not none:
        return f"{words}."
    who = "surest" if sets.empties_are_sure else "least sure"
    return f"{words}, for inputs that it is **{who}** of."


def of_tolerance(found: Tolerance | None, points: int, n: int, examples: str, *, against_truth: bool) -> str:
    """The largest ratio that loses at most so many points of accuracy, with what the bound rests on."""
    if found is None:
        return "There is no pruned network yet."
    bound = "an empirical Bernstein bound" if against_truth else "an exact binomial bound"
    base = f"{bound} on the same {n:,} {examples}"
    lost = "2 points" if points == 2 else f"{points} point{'s' if points != 1 else ''}"
    sure = percent(CONFIDENCE)
    first = found.ratios[0]
    if found.tolerable is None:
        return (
            f"At no ratio can it be said with confidence {sure} that no more than {lost} of accuracy is lost: at "
            f"{first:g} it is {_points(found.loss[0])} as measured, and {_points(found.bound[0])} at most by {base}."
        )
    at = found.ratios.index(found.tolerable)
    return (
        f"The largest ratio whose accuracy loss is at most {lost} with confidence {sure} is **{found.tolerable:g}**: "
        f"{_points(found.loss[at])} as measured, {_points(found.bound[at])} at most, by {base}. Ratios are tried in "
        "rising order until one fails. Of networks of other seeds it says nothing."
    )


def set_named(members: np.ndarray, classes: Sequence[str]) -> str:
    """A set (C,) in words: `cat or dog`, `no class`, `any class`."""
    held = [name for name, each in zip(classes, members, strict=True) if each]
    if not held:
        return EMPTY
    if len(held) == len(classes) > 1:
        return "any class"
    shown = [*held[:NAMED_CLASSES], *([f"{len(held) - NAMED_CLASSES} more"] if len(held) > NAMED_CLASSES else [])]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _share(value: float) -> str:
    return f"{100 * value:.1f}\u00a0%"


def _points(share: float) -> str:
    return f"{100 * share:z.1f} points".replace("-", "−")
