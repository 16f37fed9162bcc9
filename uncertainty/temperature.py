"""Temperature scaling: one number by which all logits are divided, so that confidence fits what comes true.

`logits` are those of a single pass (N, C), or of S sampled networks (S, N, C): passes of MC dropout, members of an
ensemble, draws of a posterior. The temperature T is fitted on examples of its own, by the negative log-likelihood
(NLL) in nats: T > 1 softens over-confident predictions, T < 1 sharpens, and the most probable class of a pass stays
what it was (Guo et al. 2017, section 4.2). Unlike `calibration.negative_log_likelihood`, the NLL here is not bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from uncertainty.arrays import classes, floats
from uncertainty.options import Option

LOWEST, HIGHEST = 0.05, 20.0
"""The temperatures among which the best is looked for."""
GRID = 9  # temperatures tried first where the NLL may have several minima, each 2.1 times the one before
CLOSE = 1e-6  # how near in ln T is near enough; Newton's last step leaves the square of it
NEGLIGIBLE = -1e5  # a logit so far below the largest has probability 0 in float64 at any temperature


class Objective(Option):
    """What a temperature for sampled networks makes small. For a single pass both are one."""

    PREDICTIVE = (
        "predictive", "NLL of the mean prediction",
        "The NLL of the mean over samples of softmax(logits / T), which is the prediction that is shown.",
    )  # fmt: skip
    SAMPLES = (
        "samples", "Mean NLL of the samples",
        "The NLL of each sample by itself, averaged over samples, as Laves et al. 2019 fit it for MC dropout.",
    )  # fmt: skip


@dataclass(frozen=True)
class Temperature:
    """A fitted temperature, and what it does to the objective on the examples that it was fitted on."""

    value: float  # in [LOWEST, HIGHEST]; 1 where no other is better
    nll: float  # nats, at this temperature; at most `before`
    before: float  # nats, at temperature 1
    at_bound: bool  # whether the NLL still falls beyond LOWEST or HIGHEST: then `value` is that bound, no minimum


def fit_temperature(
    logits: np.ndarray, labels: np.ndarray, objective: Objective = Objective.PREDICTIVE
) -> Temperature:
    """The temperature in [0.05, 20] of least NLL on these examples (Guo et al. 2017, section 4.2).

    logits (N, C) or (S, N, C), labels (N,). The mean NLL of samples, and that of a single pass, is convex in 1/T,
    so that its minimum is the only one. The NLL of a mean prediction is not: there the least is taken of nine
    temperatures, and refined. (Laves et al. 2019 predict by the mean of softmax(logits / T), but their published
    code fits T to the mean of log softmax over samples. That is at least as large by Jensen's inequality, more so the
    more samples disagree, so that its T is higher and may make the mean prediction worse than T = 1 does.) Where all
    examples are right T reaches the bound 0.05, unless they cost nothing as it is. Raises ValueError for shapes that
    do not fit, labels that are no classes, and logits that are not finite.

    >>> found = fit_temperature(np.array([[2.0, 0.0]] * 4), np.array([0, 0, 0, 1]))  # right 3 times of 4
    >>> round(found.value, 4), round(float(scaled([2.0, 0.0], found.value)[0]), 4)
    (1.8205, 0.75)
    """
    logits, labels = _checked(logits, labels)
    case, by_sample = _case(logits, labels), _by_sample(objective) or len(logits) == 1
    low, high = np.log(LOWEST), np.log(HIGHEST)
    if not by_sample:
        low, high = _bracket(*case, np.linspace(low, high, GRID))
    value = float(np.exp(_turning_point(partial(_slope, *case, by_sample=by_sample), low, high)))
    bounds = [bound for bound in (LOWEST, HIGHEST) if abs(np.log(value / bound)) < 2 * CLOSE]
    value = bounds[0] if bounds else value
    found, before = (_nll(*case, each, by_sample=by_sample) for each in (value, 1.0))
    if not found < before:
        return Temperature(1.0, before, before, at_bound=False)
    return Temperature(value, found, before, at_bound=bool(bounds))


def scaled(logits: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(logits / T) over the last axis, as float64 (Guo et al. 2017, equation 9).

    Of sampled networks (S, N, C) these are the `probs` of `predictive`, whose mean is the prediction. Raises
    ValueError for a temperature that is not finite and above 0.
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is {temperature}; it must be finite and above 0")
    logits = _finite(logits)
    exponentials = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def nll_curve(
    logits: np.ndarray,
    labels: np.ndarray,
    temperatures: np.ndarray,
    objective: Objective = Objective.PREDICTIVE,
) -> np.ndarray:
    """The NLL (K,) in nats at each of K temperatures: what `fit_temperature` finds the least of.

    Raises ValueError for temperatures of another shape, or not finite and above 0.
    """
    logits, labels = _checked(logits, labels)
    temperatures = floats(temperatures, "temperatures")
    if temperatures.ndim != 1 or not (np.isfinite(temperatures) & (temperatures > 0)).all():
        raise ValueError(f"temperatures must have shape (K,), each finite and above 0; got {temperatures}")
    case, by_sample = _case(logits, labels), _by_sample(objective)
    return np.array([_nll(*case, each, by_sample=by_sample) for each in temperatures])


def _case(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits less the largest of their row (C, S, N), and how far the label's is below it (S, N).

    Classes come first, as NumPy sums over a long last axis an order of magnitude faster than over a short one.
    """
    below = np.ascontiguousarray(np.moveaxis(logits, -1, 0))
    below -= below.max(axis=0)
    gap = -below[labels, :, np.arange(len(labels))].T
    return np.maximum(below, NEGLIGIBLE), gap


def _by_sample(objective: Objective) -> bool:
    return Objective(objective) is Objective.SAMPLES  # type: ignore[call-arg]


def _bracket(below: np.ndarray, gap: np.ndarray, grid: np.ndarray) -> tuple[float, float]:
    """The neighbours, in a grid of ln T, of the one at which the NLL of the mean prediction is least."""
    below = below.astype(np.float32)  # good enough to choose by, in half of the time
    best = int(np.argmin([_nll(below, gap, float(np.exp(each)), by_sample=False) for each in grid]))
    return grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]


def _nll(below: np.ndarray, gap: np.ndarray, temperature: float, *, by_sample: bool) -> float:
    """In nats: of each sample by itself, averaged, or of the mean prediction."""
    exponentials = below / temperature
    np.exp(exponentials, out=exponentials)  # in place: fresh memory costs more than the arithmetic
    losses = gap / temperature + np.log(exponentials.sum(axis=0))
    return float(losses.mean() if by_sample else _loss_of_mean(losses).mean())


def _loss_of_mean(losses: np.ndarray) -> np.ndarray:
    """Losses of samples (S, N) → −ln of their mean probability (N,)."""
    least = losses.min(axis=0)
    return least - np.log(np.exp(least - losses).mean(axis=0))


def _slope(below: np.ndarray, gap: np.ndarray, log_temperature: float, *, by_sample: bool) -> tuple[float, float]:
    """The first and second derivative of the NLL with respect to ln T.

    With β = 1/T the loss of a sample has in β the slope gap + E[below] and the bend Var[below], under the sample's
    own probabilities. A mean prediction weighs samples by what they give the label, and its bend lacks the variance
    of their slopes.
    """
    inverse = float(np.exp(-log_temperature))
    terms = below * inverse
    np.exp(terms, out=terms)
    total = terms.sum(axis=0)
    terms *= below
    mean = terms.sum(axis=0) / total
    terms *= below
    slopes, bends = gap + mean, terms.sum(axis=0) / total - np.square(mean)
    if by_sample:
        slope, bend = slopes.mean(), bends.mean()
    else:
        losses = gap * inverse + np.log(total)
        weights = np.exp(losses.min(axis=0) - losses)
        weights /= weights.sum(axis=0)
        means = (weights * slopes).sum(axis=0)
        slope = means.mean()
        bend = (weights * (bends - np.square(slopes - means))).sum(axis=0).mean()
    return float(-inverse * slope), float(inverse * (inverse * bend + slope))


def _turning_point(slope: Callable[[float], tuple[float, float]], low: float, high: float) -> float:
    """Where a falling function turns to rise, between low and high; one of them if it falls or rises throughout.

    Newton's method. Where a step would leave the bracket, or is not half as long as the one before, the bracket is
    halved instead: so it ends in some twenty steps even where the slope fades out exponentially.
    """
    at, last = (low + high) / 2, high - low
    while high - low > CLOSE:
        first, second = slope(at)
        low, high = (low, at) if first > 0 else (at, high)
        step = -first / second if second > 0 else np.inf
        if abs(step) < CLOSE:
            return at + step
        if not (low < at + step < high and abs(step) < last / 2):
            step = (low + high) / 2 - at
        at, last = at + step, abs(step)
    return at


def _checked(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits as (S, N, C), S = 1 for a single pass, and labels as ints."""
    logits, labels = _finite(logits), floats(labels, "labels")
    if logits.ndim not in (2, 3) or 0 in logits.shape:
        raise ValueError(f"logits must have shape (N, C) or (S, N, C), none of them zero; got {logits.shape}")
    if labels.shape != logits.shape[-2:-1]:
        raise ValueError(
            f"labels must have shape ({logits.shape[-2]},), one for each example of the logits; got {labels.shape}"
        )
    return logits.reshape(-1, *logits.shape[-2:]), classes(labels, logits.shape[-1])


def _finite(logits: np.ndarray) -> np.ndarray:
    logits = floats(logits, "logits")
    if not np.isfinite(logits).all():
        raise ValueError(f"logits must be finite; got {logits[~np.isfinite(logits)][0]}")
    return logits
