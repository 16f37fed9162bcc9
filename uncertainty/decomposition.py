"""Calibration and refinement: how much of the NLL a better reading of confidences takes away, and what is left.

    NLL = calibration error + refinement error

The refinement error is the NLL that is left after the best recalibration, and the calibration error what that
recalibration takes away (Berta, Holzmüller, Jordan & Bach 2025, "Rethinking early stopping: refine, then calibrate",
their variational formulation; Bröcker 2009 for proper scores in general). The best of all recalibrations cannot be
found from N examples, so it is taken from a family, a `Recalibration`, and what is estimated depends on where it was
fitted:

    in_sample      on the examples themselves: refinement too small on average, calibration too large and never
                   below 0. For temperature scaling, one number, by some 1/(2N) nats; for isotonic regression by more.
    held_out       on other examples, as one would recalibrate in earnest: refinement is too large by what so few
                   examples leave unlearned, and calibration too small. Below 0 it says that recalibrating harms.
    cross_fitted   on the other folds of the same examples: as held_out, with N (K − 1)/K examples to learn from.

So in_sample and cross_fitted have what the family can reach between them, on average. `probs: (N, C)`, labels (N,);
all in nats, with the NLL and its bound of `calibration.negative_log_likelihood`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uncertainty.arrays import distributions, whole_number
from uncertainty.calibration import checked, negative_log_likelihood
from uncertainty.options import Option
from uncertainty.temperature import fit_temperature, scaled

STREAM = 3  # folds are drawn with other numbers than floors and powers


class Recalibration(Option):
    """The family that the best recalibration is taken from."""

    TEMPERATURE = (
        "temperature", "Temperature scaling",
        "One temperature for any number of classes: the TS-refinement of Berta et al. 2025.",
    )  # fmt: skip
    ISOTONIC = (
        "isotonic", "Isotonic regression",
        "The best rising function of the probability, for two classes: only their order of the examples counts.",
    )  # fmt: skip


@dataclass(frozen=True)
class Decomposition:
    """The two parts of an NLL, in nats."""

    calibration: float  # what recalibration takes away; negative where one fitted elsewhere does harm
    refinement: float  # what is left, at least 0

    @property
    def nll(self) -> float:
        """The NLL before recalibration, their sum."""
        return self.calibration + self.refinement


def in_sample(
    probs: np.ndarray, labels: np.ndarray, recalibration: Recalibration = Recalibration.TEMPERATURE
) -> Decomposition:
    """The parts, recalibration fitted on the very examples: with a temperature, Berta et al.'s TS-refinement.

    Isotonic refinement is the same for every strictly rising function of the probabilities. Raises ValueError for
    isotonic regression of other than two classes, and as the metrics of `calibration` do.

    >>> probs = np.array([[0.9, 0.1]] * 4)  # right 3 times of 4: 0.75 would do
    >>> parts = in_sample(probs, np.array([0, 0, 0, 1]))
    >>> round(parts.nll, 4), round(parts.refinement, 4)  # −(3 ln 0.9 + ln 0.1)/4, −(3 ln 0.75 + ln 0.25)/4
    (0.6547, 0.5623)
    """
    probs, labels = _checked(probs, labels, recalibration)
    if recalibration == Recalibration.ISOTONIC:
        right = _pooled(probs[:, 1], labels, probs[:, 1])  # no infinite loss: a block at 0 or 1 has one label
        return _parts(probs, _two_classes(right), labels)
    return _parts(probs, recalibrated(probs, probs, labels, recalibration), labels)


def held_out(
    probs: np.ndarray,
    labels: np.ndarray,
    fitted_on: tuple[np.ndarray, np.ndarray],
    recalibration: Recalibration = Recalibration.TEMPERATURE,
) -> Decomposition:
    """The parts, recalibration fitted on the probs (M, C) and labels (M,) of other examples, such as validation's."""
    probs, labels = _checked(probs, labels, recalibration)
    return _parts(probs, recalibrated(probs, *fitted_on, recalibration), labels)


def cross_fitted(
    probs: np.ndarray,
    labels: np.ndarray,
    recalibration: Recalibration = Recalibration.TEMPERATURE,
    *,
    folds: int = 5,
    seed: int = 0,
) -> Decomposition:
    """The parts, each fold recalibrated by what is fitted on the others; folds have labels in like shares.

    Raises ValueError for more folds than examples, or fewer than 2.
    """
    probs, labels = _checked(probs, labels, recalibration)
    if whole_number(folds, "folds", 2) > len(probs):
        raise ValueError(f"folds is {folds}; at most the number of examples, {len(probs)}, is possible")
    rng = np.random.Generator(np.random.SFC64([seed, len(probs), STREAM]))
    fold = np.empty(len(probs), int)
    fold[np.lexsort((rng.random(len(probs)), labels))] = np.arange(len(probs)) % folds
    after = np.empty_like(probs)
    for part in range(folds):
        held = fold == part
        after[held] = recalibrated(probs[held], probs[~held], labels[~held], recalibration)
    return _parts(probs, after, labels)


def recalibrated(
    probs: np.ndarray, fit_probs: np.ndarray, fit_labels: np.ndarray, recalibration: Recalibration
) -> np.ndarray:
    """The probabilities (N, C) under the best recalibration for `fit_probs` (M, C) and `fit_labels` (M,).

    Temperature scaling divides their logarithms, with probabilities below the smallest float32 raised to it.
    Isotonic regression minimises NLL and every other proper score at once (Brümmer & du Preez 2013). Between two
    fitted probabilities it takes the mean of their values, so that only order counts. Where all fitted labels of a
    block agree it would give 0 or 1, and one exception an infinite loss: so it is mixed with the uniform
    distribution, of weight 1/(M + 1), as Berta et al. do in their package probmetrics. Raises ValueError where the
    two have not as many classes.
    """
    fit_probs, fit_labels = _checked(fit_probs, fit_labels, recalibration)
    probs = distributions(probs)
    if probs.ndim != 2 or probs.shape[1] != fit_probs.shape[1]:
        raise ValueError(
            f"probs must have shape (N, {fit_probs.shape[1]}), as those fitted on have so many classes; "
            f"got {probs.shape}"
        )
    if recalibration == Recalibration.TEMPERATURE:
        return scaled(_logarithms(probs), fit_temperature(_logarithms(fit_probs), fit_labels).value)
    right, weight = _pooled(fit_probs[:, 1], fit_labels, probs[:, 1]), 1 / (len(fit_probs) + 1)
    return _two_classes((1 - weight) * right + weight / 2)


def _pooled(fitted: np.ndarray, labels: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Isotonic regression of labels 0 and 1 on `fitted` (M,), read at `asked` (N,)."""
    from scipy.optimize import isotonic_regression  # late: it takes a third of a second

    places, members, count = np.unique(fitted, return_inverse=True, return_counts=True)
    values = isotonic_regression(np.bincount(members, labels) / count, weights=count).x.clip(0, 1)
    left = np.searchsorted(places, asked, side="right") - 1
    right = np.searchsorted(places, asked, side="left")
    last = len(places) - 1
    return (values[left.clip(0, last)] + values[right.clip(0, last)]) / 2


def _parts(before: np.ndarray, after: np.ndarray, labels: np.ndarray) -> Decomposition:
    refinement = negative_log_likelihood(after, labels)
    return Decomposition(negative_log_likelihood(before, labels) - refinement, refinement)


def _logarithms(probs: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(probs, np.finfo(np.float32).tiny))


def _two_classes(second: np.ndarray) -> np.ndarray:
    return np.stack([1 - second, second], axis=1)


def _checked(probs: np.ndarray, labels: np.ndarray, recalibration: Recalibration) -> tuple[np.ndarray, np.ndarray]:
    probs, labels = checked(probs, labels)
    if labels.ndim != 1:
        raise ValueError(f"labels must have shape ({len(probs)},); got a posterior of shape {labels.shape}")
    recalibration = Recalibration(recalibration)  # type: ignore[call-arg]
    if recalibration is Recalibration.ISOTONIC and probs.shape[1] != 2:
        raise ValueError(
            f"isotonic recalibration is for two classes; probs has {probs.shape[1]}. Use: "
            f"{Recalibration.TEMPERATURE.value}"
        )
    return probs, labels
