"""Difference of two networks over the plane, and what of it the Monte Carlo noise of MC dropout lets be told.

    change = PlaneChange(dense_plane.cells, pruned_plane.cells, n_samples=50, quantity="epistemic")
    change.moved, change.before, change.after, change.gains

The samples of MC dropout are draws: another handful would colour the plane a little differently. A direction is
told only where the difference exceeds what they leave open, and what anybody would see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isqrt
from typing import Literal

import numpy as np

from uncertainty.predictions import Sampled
from uncertainty.predictive import entropy

MapQuantity = Literal["probability", "entropy", "aleatoric", "epistemic"]
Region = Literal["everywhere", "near", "far"]  # the whole plane, or the cells near a boundary and those far from it
Part = Literal["boundary", "far", "among"]  # of the plane, see `parts`

TOLERANCE = 0.01  # nats, or probability, on average: less is no change, however sure
REACH = 4  # cells of the plane to every side of a boundary are near it
ALONE = 8  # cells: what has no point within so many to every side is far from all of them
# Student's t at 1.25 % for 1, 2, … degrees of freedom: 95 % for two places looked at
QUANTILES = (25.5, 6.21, 4.18, 3.50, 3.16, 2.97, 2.84, 2.75, 2.69, 2.63, 2.59, 2.56, 2.53)
# How much wider the interval is than a mean's: entropies bend, the more so the fewer the samples. Between two draws
# of one network a direction is then told less than one time in twenty.
SECOND_ORDER = 3


@dataclass(frozen=True, eq=False)
class PlaneChange:
    """One quantity of two networks on the same R·R cells of a grid, with the mean of the first `n_samples`.

    Raises ValueError, once it is asked, where `n_samples` is no number of samples that the cells are kept for.
    """

    dense: Sampled  # of R·R cells, row by row
    pruned: Sampled
    n_samples: int
    quantity: MapQuantity

    @cached_property
    def maps(self) -> tuple[np.ndarray, np.ndarray]:
        """The quantity of both (R, R); of `probability`, that of the winning class."""
        before, after = (quantity_map(cells, self.n_samples, self.quantity) for cells in (self.dense, self.pruned))
        return before, after

    @cached_property
    def winners(self) -> tuple[np.ndarray, np.ndarray]:
        """The most probable class of both (R, R)."""
        one, other = (_square(cells.probs(self.n_samples).argmax(axis=-1)) for cells in (self.dense, self.pruned))
        return one, other

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.maps).all())

    @property
    def is_none(self) -> bool:
        """Whether both say the very same."""
        same = np.array_equal(self.dense.probs(self.n_samples), self.pruned.probs(self.n_samples))
        return same and np.array_equal(*self.maps)

    @property
    def before(self) -> float:
        """The mean over the plane."""
        return float(self.maps[0].mean())

    @property
    def after(self) -> float:
        return float(self.maps[1].mean())

    @property
    def moved(self) -> float:
        """The share of the plane that changes class."""
        one, other = self.winners
        return float((one != other).mean())

    @property
    def has_collapsed(self) -> bool:
        """Whether one class is left of several."""
        one, other = self.winners
        return bool((other == other.flat[0]).all() and (one != one.flat[0]).any())

    @cached_property
    def gains(self) -> dict[Region, int]:
        """Where sureness is told to grow, 1, or to shrink, −1; 0 where neither may be told."""
        return {region: self._gain(cells) for region, cells in regions(*self.winners).items()}

    @cached_property
    def is_as_before(self) -> bool:
        """Whether the samples can tell that there is next to no difference; else they may not suffice for one."""
        everywhere = np.ones(self._surer.shape, bool)
        return max(abs(float(self._surer.mean())), self._noise.of(everywhere)) <= TOLERANCE

    @cached_property
    def _surer(self) -> np.ndarray:
        """How much surer each cell has become (R, R)."""
        before, after = self.maps
        return (after - before) if self.quantity == "probability" else -(after - before)

    @cached_property
    def _noise(self) -> SamplingNoise:
        return SamplingNoise(self.dense, self.pruned, self.n_samples, self.quantity)

    def _gain(self, cells: np.ndarray) -> int:
        mean = float(self._surer[cells].mean())
        return int(np.sign(mean)) if abs(mean) > max(TOLERANCE, self._noise.of(cells)) else 0


class SamplingNoise:
    """What the draws of MC dropout leave open in a difference of two planes.

    Running means at several numbers of samples are also the means of the blocks between them. To first order a
    mean quantity is a mean over the samples, so that the spread of its blocks says how well it is known
    (Student's t of means with weights); where both networks share their masks, the blocks are paired.
    """

    def __init__(self, dense: Sampled, pruned: Sampled, n_samples: int, quantity: MapQuantity) -> None:
        self.sizes = np.diff([0, *(size for size in dense.samples if size <= n_samples)])  # (B,)
        parts = [_blocks(cells, n_samples, quantity) for cells in (dense, pruned)]
        self.differences = parts[1] - parts[0]  # (B, R·R)
        self.margin = 1 + SECOND_ORDER / np.sqrt(n_samples)

    def of(self, cells: np.ndarray) -> float:
        """Half the interval of the mean difference over the cells, truth values (R, R); ∞ for a single block."""
        return self.margin * _half_interval(self.differences[:, cells.ravel()].mean(axis=1), self.sizes)


def quantity_map(cells: Sampled, n_samples: int, quantity: MapQuantity) -> np.ndarray:
    """One quantity of R·R cells as a map (R, R), from the mean of the first `n_samples`."""
    if quantity == "aleatoric":
        return _square(cells.aleatoric(n_samples))
    if quantity == "epistemic":
        return _square(cells.epistemic(n_samples))
    probs = cells.probs(n_samples)
    return _square(probs.max(axis=-1) if quantity == "probability" else entropy(probs))


def regions(one: np.ndarray, other: np.ndarray) -> dict[Region, np.ndarray]:
    """Where to look, as truth values (R, R), from the winning classes of two networks (R, R).

    A plane without a boundary has nothing near it.
    """
    if any((winner == winner.flat[0]).all() for winner in (one, other)):
        return {"everywhere": np.ones(one.shape, bool)}
    near = near_boundary(one) | near_boundary(other)
    parts: dict[Region, np.ndarray] = {"near": near, "far": ~near}
    return {region: cells for region, cells in parts.items() if cells.any()}


def near_boundary(winner: np.ndarray, reach: int = REACH) -> np.ndarray:
    """Which cells (R, R) have another winning class within so many cells.

    >>> near_boundary(np.array([[0, 0, 0, 1]] * 4), reach=1)[0].tolist()
    [False, False, True, True]
    """
    padded, side = np.pad(winner, reach, mode="edge"), 2 * reach + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    return windows.min(axis=(-2, -1)) != windows.max(axis=(-2, -1))


@dataclass(frozen=True)
class Largest:
    """Where a quantity of one network is largest."""

    means: Mapping[Part, float]  # over each part that has a cell
    possible: frozenset[Part]  # that with the largest mean, and all that are not told from it

    @property
    def told(self) -> Part | None:
        """The one part where it is larger than in every other; None if that may not be told."""
        (first, *others) = self.possible
        return None if others else first


def where_largest(cells: Sampled, n_samples: int, quantity: MapQuantity, among: Mapping[Part, np.ndarray]) -> Largest:
    """In which part of the plane (truth values (R, R) each) the quantity of R·R cells has the largest mean.

    A part is told from another by the rule of `PlaneChange`: their means differ by more than `TOLERANCE`, and by more
    than the draws of the samples leave open.
    """
    values = quantity_map(cells, n_samples, quantity)
    means = {part: float(values[where].mean()) for part, where in among.items()}
    best = max(means, key=lambda part: means[part])
    sizes = np.diff([0, *(size for size in cells.samples if size <= n_samples)])
    blocks = _blocks(cells, n_samples, quantity)
    margin = 1 + SECOND_ORDER / np.sqrt(n_samples)

    def is_open(part: Part) -> bool:
        first, second = (blocks[:, among[each].ravel()].mean(axis=1) for each in (best, part))
        return means[best] - means[part] <= max(TOLERANCE, margin * _half_interval(first - second, sizes))

    return Largest(means, frozenset(part for part in means if part == best or is_open(part)))


def parts(winner: np.ndarray, occupied: np.ndarray) -> dict[Part, np.ndarray]:
    """Three parts of the plane as truth values (R, R): near the boundary, far from all points, and all other cells.

    winner: the most probable class (R, R). occupied: which cells hold a point (R, R). A part without a cell is left
    out.
    """
    boundary = near_boundary(winner)
    side = 2 * ALONE + 1
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(occupied, ALONE), (side, side))
    far = ~boundary & ~windows.any(axis=(-2, -1))
    found: dict[Part, np.ndarray] = {"boundary": boundary, "far": far, "among": ~boundary & ~far}
    return {part: cells for part, cells in found.items() if cells.any()}


def occupied(inputs: np.ndarray, extent: tuple[float, float, float, float], side: int) -> np.ndarray:
    """Which cells of a grid (side, side) hold one of the points (N, 2); rows go from low to high y.

    extent: (x from, x to, y from, y to), which all points lie in.

    >>> occupied(np.array([[0.1, 0.9]]), (0, 1, 0, 1), 2).tolist()
    [[False, False], [True, False]]
    """
    x0, x1, y0, y1 = extent
    shares = (inputs - [x0, y0]) / [x1 - x0, y1 - y0]
    columns, rows = (side * shares).astype(int).clip(0, side - 1).T
    found = np.zeros((side, side), bool)
    found[rows, columns] = True
    return found


def _half_interval(means: np.ndarray, sizes: np.ndarray) -> float:
    """Half the interval of a mean, from those of blocks (B,) of so many samples; ∞ for a single block."""
    freedom = len(sizes) - 1
    if not freedom:
        return float("inf")
    variance = sizes @ np.square(means - np.average(means, weights=sizes)) / freedom / sizes.sum()
    return float(QUANTILES[min(freedom, len(QUANTILES)) - 1] * np.sqrt(variance))


def apart(running: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Running means (B, …) after `sizes` samples (B,) → the means of the samples in between (B, …)."""
    totals = running * sizes.reshape(-1, *[1] * (running.ndim - 1)).astype(float)
    return np.diff(totals, axis=0, prepend=0) / np.diff(sizes, prepend=0).reshape(-1, *[1] * (running.ndim - 1))


def _blocks(cells: Sampled, n_samples: int, quantity: MapQuantity) -> np.ndarray:
    """What each block of samples (B, R·R) adds to the quantity, to first order."""
    sizes = np.array([size for size in cells.samples if size <= n_samples])
    means = cells.probs(n_samples)
    probs = apart(cells.mean_probs[: len(sizes)], sizes)  # (B, N, C)
    if quantity == "probability":
        return np.take_along_axis(probs, means.argmax(axis=1)[None, :, None], axis=2)[..., 0]
    if quantity == "aleatoric":
        return apart(cells.expected_entropy[: len(sizes)], sizes)
    total = -np.einsum("bnc,nc->bn", probs, np.log(np.maximum(means, np.finfo(np.float32).tiny)))
    return total if quantity == "entropy" else total - _blocks(cells, n_samples, "aleatoric")


def _square(values: np.ndarray) -> np.ndarray:
    side = isqrt(len(values))
    return values.reshape(side, side)
