"""Training, validation and test: which points are which."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from uncertainty.randomness import Purpose, stream

TRAIN_SHARE, VAL_SHARE = 0.70, 0.15
ENOUGH = 20  # points to test on and to validate on, where a quarter of all are as many


class Split(NamedTuple):
    """The rows (n,) int64 of the points in each of three splits; together they are all rows, each once."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


def shuffled(points: int, seed: int) -> Split:
    """So many points in random order, 70/15/15, whatever their classes."""
    order = stream(seed, Purpose.SPLIT).permutation(points)
    n_train, n_val = round(TRAIN_SHARE * points), round(VAL_SHARE * points)
    return Split(*np.split(order, [n_train, n_train + n_val]))


def stratified(labels: np.ndarray, seed: int) -> Split:
    """Points with labels (N,) from 0 to C − 1 in random order, each class in each split by its share.

    Shares are those of `sizes`, rounded by the largest remainder, but at least one point of each class. Raises
    ValueError for a class of fewer than three, and for fewer than 4 C points.
    """
    counts = np.bincount(labels)
    if counts.min() < 3 or len(labels) < 4 * len(counts):
        found = f"the classes have {', '.join(map(str, counts))} points"
        raise ValueError(f"{found}; each needs at least 3, and {len(counts)} classes need {4 * len(counts)} in all")
    _, n_val, n_test = sizes(len(labels))
    test = _shared_out(counts, n_test, counts - 2)
    val = _shared_out(counts - test, n_val, counts - test - 1)
    order = stream(seed, Purpose.SPLIT).permutation(len(labels))
    rank = np.empty(len(labels), np.int64)  # of each point of the order among those of its class
    for c, count in enumerate(counts):
        rank[labels[order] == c] = np.arange(count)
    left = (counts - test - val)[labels[order]]
    return Split(
        order[rank < left],
        order[(rank >= left) & (rank < left + val[labels[order]])],
        order[rank >= left + val[labels[order]]],
    )


def sizes(points: int) -> tuple[int, int, int]:
    """How many of so many points are for training, validation and test in `stratified`.

    15 % are tested on, and as many validated on; of few points more, up to a quarter, until there are ENOUGH.
    """
    held_out = max(round(VAL_SHARE * points), min(ENOUGH, points // 4))
    return points - 2 * held_out, held_out, held_out


def _shared_out(counts: np.ndarray, total: int, most: np.ndarray) -> np.ndarray:
    """So many in proportion to the counts (C,), by the largest remainder; each at least 1 and at most `most` (C,)."""
    quota = counts * total / counts.sum()
    share = np.floor(quota).astype(np.int64).clip(1, most)
    while share.sum() != total:
        step = 1 if share.sum() < total else -1
        open_ = share < most if step > 0 else share > 1
        share[np.argmax(np.where(open_, step * (quota - share), -np.inf))] += step
    return share
