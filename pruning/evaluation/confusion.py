"""Confusion of unknown classes with known ones: counts, shares and the rate 'man called deer' with its interval.

found = Confusion.of(network, shown(ImageSet.CIFAR10), n_samples=50)
found.rate("man", "deer").share, found.rate("man", "deer").interval
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from pruning.data.images import Shown
from pruning.evaluation.memo import remembered
from pruning.outcome import Network
from uncertainty.proportion import wilson_interval


@dataclass(frozen=True)
class Rate:
    """How often one class is called another.

    >>> [round(end, 2) for end in Rate(4, 8).interval]
    [0.22, 0.78]
    """

    count: int
    n: int  # examples of the class

    @property
    def share(self) -> float:
        """The share of the examples; NaN where there are none."""
        return self.count / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        return wilson_interval(self.count, self.n)


@dataclass(frozen=True, eq=False)
class Confusion:
    """How many examples of each of U unknown classes are given each of C known ones."""

    counts: np.ndarray  # (U, C)
    unknown: tuple[str, ...]  # the names of the U classes
    known: tuple[str, ...]  # and of the C

    @classmethod
    def of(cls, network: Network, images: Shown, n_samples: int = 50) -> Self:
        """What a network makes of the images of unknown classes, by the mean of so many MC-dropout samples.

        Raises ValueError where `n_samples` is no number of samples that the predictions are kept for.
        """
        said = remembered(network, ("answers", n_samples), lambda: network.ood.probs(n_samples).argmax(axis=1))
        unknown, known = images.ood.classes, images.test.classes
        return cls(counted(images.ood.labels, said, len(unknown), len(known)), unknown, known)

    @property
    def shares(self) -> np.ndarray:
        """The counts as shares of their row (U, C), which sum to 1; zeros for a class without examples."""
        return self.counts / np.maximum(self.counts.sum(axis=1, keepdims=True), 1)

    def rate(self, seen: str, called: str) -> Rate:
        """How often the unknown class `seen` is called `called`. Raises ValueError for names that are not there."""
        row = self.counts[_number(seen, self.unknown, "unknown")]
        return Rate(int(row[_number(called, self.known, "known")]), int(row.sum()))


def counted(labels: np.ndarray, said: np.ndarray, n_unknown: int, n_known: int) -> np.ndarray:
    """The counts (U, C) of examples whose class is `labels` (M,) and who are called `said` (M,).

    >>> counted(np.array([0, 1, 1]), np.array([2, 0, 0]), 2, 3).tolist()
    [[0, 0, 1], [2, 0, 0]]
    """
    cells = np.asarray(labels, int) * n_known + said
    return np.bincount(cells, minlength=n_unknown * n_known).reshape(n_unknown, n_known)


def by_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The rows of two tables of shares (U, C), those that change most first, equal ones by position (U,)."""
    return np.argsort(-np.abs(before - after).sum(axis=1), kind="stable")


def _number(name: str, classes: tuple[str, ...], which: str) -> int:
    if name not in classes:
        raise ValueError(f"{name!r} is no {which} class; choose one of: {', '.join(classes)}")
    return classes.index(name)
