"""Verdicts over repeated runs: whether one network differs from another once the seeds of both have had their say.

A run is one draw of initial weights, dropout and data. Runs of the same seed are compared with each other, so that
what is hard about a seed cancels, and many comparisons that are looked at together are corrected for their number
by Holm's step-down procedure (Holm 1979, Scandinavian Journal of Statistics 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from uncertainty.estimate import CONFIDENCE, checked_values, standard_error, student
from uncertainty.paired import Difference

FEWEST = 5  # runs; with fewer, equal differences by chance would look like certainty


@dataclass(frozen=True)
class Verdict(Difference):
    """After minus before, averaged over the runs that both have.

    The interval is as wide as Holm's procedure asks for at its place among all comparisons, so that it excludes
    zero exactly where the difference is told.
    """

    runs: int
    p: float  # of so large a difference if there were none, corrected for the number of comparisons (Holm)

    @property
    def least(self) -> float:
        """How large a difference would have to be to be told among so many comparisons; ∞ where none could be."""
        return (self.high - self.low) / 2


def verdicts(
    before: np.ndarray, afters: Sequence[np.ndarray] | np.ndarray, *, confidence: float = CONFIDENCE
) -> list[Verdict]:
    """What each of several networks differs from one that all are compared with, over the same runs.

    before: a figure of that network in every run (N,). afters: of each of the others (M, N), in the same order of
    runs. A run in which either has no such figure (NaN) is left out of that comparison; with fewer than `FEWEST` runs
    left nothing is told. Together, with probability `confidence`, no difference is told that is none. The intervals
    and p are Student's, of the differences: of ten runs they hold the true difference in 95 to 97 % of all studies
    where differences are symmetric, the bootstrap's (BCa) in 87 to 94. Raises ValueError for another shape and for
    what is infinite.

    >>> dense = np.array([0.90, 0.91, 0.92, 0.89, 0.90])
    >>> better, same = verdicts(dense, [dense + [0.03, 0.02, 0.03, 0.04, 0.03], dense + [0.01, -0.01, 0, 0, 0]])
    >>> better.told, same.told, round(better.value, 3), better.runs
    (True, False, 0.03, 5)
    """
    before = _checked(before, "before")
    changes = []
    for number, after in enumerate(afters):
        checked = _checked(after, f"afters[{number}]")
        if len(checked) != len(before):
            raise ValueError(f"before has {len(before)} runs, afters[{number}] {len(checked)}; they must be the same")
        difference = checked - before
        changes.append(difference[~np.isnan(difference)])
    ps = [_p(change) for change in changes]
    tails, corrected = _holm(ps, 1 - confidence)
    return [_verdict(*each) for each in zip(changes, tails, corrected, strict=True)]


def _verdict(change: np.ndarray, level: float, p: float) -> Verdict:
    n = len(change)
    if n < FEWEST:
        value = float(change.mean()) if n else np.nan
        return Verdict(value, -np.inf, np.inf, n, 1.0)
    value, half = float(change.mean()), student(level / 2, n) * standard_error(change)
    return Verdict(value, value - half, value + half, n, p)


def _p(change: np.ndarray) -> float:
    """Of Student's two-sided test that the mean of the differences is 0."""
    from scipy.special import stdtr

    n = len(change)
    if n < FEWEST:
        return 1.0
    error = standard_error(change)
    if error == 0:
        return float(change.mean() == 0)
    return float(2 * stdtr(n - 1, -abs(change.mean()) / error))


def _holm(ps: Sequence[float], level: float) -> tuple[list[float], list[float]]:
    """The level at which each comparison is held, and its p corrected, by Holm's procedure.

    The k-th smallest of M is held at level / (M − k + 1) as long as all smaller ones were told; from the first that
    is not, all others are held at its level.
    """
    n = len(ps)
    order = np.argsort(ps, kind="stable")
    levels, corrected = [0.0] * n, [1.0] * n
    held, largest, told = level / max(n, 1), 0.0, True
    for rank, at in enumerate(order):
        if told:
            held = level / (n - rank)
            told = ps[at] <= held
        levels[at] = held
        largest = max(largest, min(1.0, (n - rank) * ps[at]))
        corrected[at] = largest
    return levels, corrected


def _checked(values: np.ndarray, name: str) -> np.ndarray:
    found = np.asarray(values, float)
    checked_values(np.where(np.isnan(found), 0.0, found), name)
    return found
