"""The distribution that a generated task is drawn from: how probable each class is at a point, exactly.

`tasks.py` draws points around curves, squares and centres with Gaussian noise, classes equally often. So
p(x, y) is known wherever x lies, and with it Bayes' posterior p(y | x), which no classifier can beat
(Devroye, Györfi & Lugosi 1996, section 2.1). Everything is worked out in logarithms: far outside the data, where
every density vanishes, the posterior is still that of the distribution.

Without noise the points fill lines and no density exists; the posterior is the limit of ever smaller noise.
It is taken at noise `VANISHING`, and for the curves of moons and spirals at `VANISHING_ON_CURVES`: their
classes lie so far apart that less changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from pruning.data.plane_tasks import INNER_RADIUS, blob_centres, moon, spiral_arm
from pruning.options import Dataset

VANISHING = 1e-4
VANISHING_ON_CURVES = 0.03
PANEL = 32  # nodes of a piece of curve; their number does not make the rule dearer, as that of one rule would
MIN_PANELS, NODES_PER_DEVIATION = 3, 2.5  # along a curve; a density near it is then met to 1e-8
BLOCK_ELEMENTS = 2**20  # distances at a time: they stay in cache


def posterior(dataset: Dataset, noise: float, label_noise: float, inputs: np.ndarray) -> np.ndarray:
    """p(y | x) of points (N, 2) as (N, C): the most that can be known of their labels.

    `noise` and `label_noise` are those of `tasks.make_task`: of a share s the label is another class, drawn
    evenly, so that p becomes (1 − s) p + s (1 − p) / (C − 1).
    """
    log_joint = _log_joint(dataset, noise, inputs)
    probs = np.exp(log_joint - _log_sum(log_joint)[:, None])
    probs /= probs.sum(axis=1, keepdims=True)
    return (1 - label_noise) * probs + label_noise * (1 - probs) / (probs.shape[1] - 1)


def log_density(dataset: Dataset, noise: float, inputs: np.ndarray) -> np.ndarray:
    """ln p(x) of points (N, 2) as (N,), finite wherever they lie; label noise does not move points."""
    return _log_sum(_log_joint(dataset, noise, inputs))


def density(dataset: Dataset, noise: float, inputs: np.ndarray) -> np.ndarray:
    """p(x) of points (N, 2) as (N,), per unit of area: it integrates to 1 over the plane."""
    return np.exp(log_density(dataset, noise, inputs))


def _log_joint(dataset: Dataset, noise: float, inputs: np.ndarray) -> np.ndarray:
    """ln p(x, y) of points (N, 2) as (N, C), before labels are flipped."""
    inputs = np.asarray(inputs, float)
    if inputs.ndim != 2 or inputs.shape[1] != 2:
        raise ValueError(f"inputs must have shape (N, 2); got {inputs.shape}")
    classes = _LOG_CLASS_DENSITIES[dataset](inputs, max(noise, VANISHING))
    return np.column_stack(classes) - np.log(len(classes))


# Each of the following returns ln p(x | y) (N,) for every class.


def _moons(inputs: np.ndarray, noise: float) -> list[np.ndarray]:
    """Two half circles, the angle uniform (scikit-learn's `make_moons`)."""
    return [_along(partial(moon, label=label), 0.0, np.pi, inputs, noise) for label in (0, 1)]


def _spirals(inputs: np.ndarray, noise: float) -> list[np.ndarray]:
    """Two arms; the share a of an arm has the density 2a, being the root of a uniform number."""
    return [_along(partial(spiral_arm, label=label), 1.0, 12.0, inputs, noise) for label in (0, 1)]


def _along(
    curve: Callable[[np.ndarray], np.ndarray], power: float, speed: float, inputs: np.ndarray, noise: float
) -> np.ndarray:
    """The logarithm of ∫ w(a) N(x; curve(a), noise² I) da over a from 0 to 1, by Gauss–Legendre quadrature.

    The weight is w(a) = (power + 1) aᵖᵒʷᵉʳ; `speed` is about the length of curve per unit of a.
    """
    noise = max(noise, VANISHING_ON_CURVES)
    panels = max(MIN_PANELS, math.ceil(NODES_PER_DEVIATION * speed / noise / PANEL))
    nodes, weights = np.polynomial.legendre.leggauss(PANEL)
    share = ((np.arange(panels)[:, None] + (nodes + 1) / 2) / panels).ravel()
    log_weights = np.log((power + 1) * share**power * np.tile(weights / 2 / panels, panels))
    points = curve(share)
    rows = max(BLOCK_ELEMENTS // len(points), 1)
    blocks = (inputs[start : start + rows] for start in range(0, len(inputs), rows))
    return np.concatenate([_log_sum(log_weights + _log_gaussian(block, points, noise)) for block in blocks])


def _circles(inputs: np.ndarray, noise: float) -> list[np.ndarray]:
    """Two circles, the angle uniform: with I₀ the Bessel function, r = |x| and R a radius, the density is

    exp(−(r² + R²) / 2σ²) I₀(r R / σ²) / 2πσ², Rice's in polar coordinates.
    """
    from scipy.special import i0e  # late: it takes a third of a second

    radius = np.linalg.norm(inputs, axis=1)
    norm = np.log(2 * np.pi * noise**2)
    return [
        -((radius - ring) ** 2) / (2 * noise**2) + np.log(i0e(radius * ring / noise**2)) - norm
        for ring in (1.0, INNER_RADIUS)
    ]


def _blobs(inputs: np.ndarray, noise: float) -> list[np.ndarray]:
    """Three Gaussians of one deviation."""
    return list(_log_gaussian(inputs, blob_centres(), noise).T)


def _xor(inputs: np.ndarray, noise: float) -> list[np.ndarray]:
    """Two unit squares a class: along each axis a unit interval, blurred, has a difference of normal integrals."""
    upper, lower = (_log_interval(side * inputs / noise, 1 / noise) for side in (1, -1))  # (N, 2)
    same = np.logaddexp(upper.sum(axis=1), lower.sum(axis=1))
    differ = np.logaddexp(upper[:, 0] + lower[:, 1], lower[:, 0] + upper[:, 1])
    return [same - np.log(2), differ - np.log(2)]


def _log_interval(start: np.ndarray, width: float) -> np.ndarray:
    """ln(Φ(start) − Φ(start − width)), also where both are 1 or both are 0 to the last digit."""
    from scipy.special import log_ndtr

    middle = start - width / 2
    near = width / 2 - np.abs(middle)  # the same by symmetry, and in the lower tail
    high = log_ndtr(near)
    return high + np.log1p(-np.exp(log_ndtr(near - width) - high))


def _log_gaussian(inputs: np.ndarray, centres: np.ndarray, noise: float) -> np.ndarray:
    """ln N(x; c, noise² I) of points (N, 2) around centres (M, 2) as (N, M)."""
    squares = np.square(inputs).sum(axis=1)[:, None] + np.square(centres).sum(axis=1) - 2 * inputs @ centres.T
    return -squares / (2 * noise**2) - np.log(2 * np.pi * noise**2)


def _log_sum(logs: np.ndarray) -> np.ndarray:
    """ln Σ exp over the last axis."""
    largest = logs.max(axis=-1, keepdims=True)
    return largest[..., 0] + np.log(np.exp(logs - largest).sum(axis=-1))


_LOG_CLASS_DENSITIES: Mapping[Dataset, Callable[[np.ndarray, float], list[np.ndarray]]] = {
    Dataset.MOONS: _moons,
    Dataset.CIRCLES: _circles,
    Dataset.XOR: _xor,
    Dataset.SPIRALS: _spirals,
    Dataset.BLOBS: _blobs,
}
