"""What one number mends: the NLL of a network before and after temperature scaling, and what no temperature mends.

    NLL = calibration error + refinement error

    found = mended(Evaluated(run(Experiment(prune_ratio=0.9))), outcome.pruned)
    found.temperature.value, found.calibration.value, found.refinement.value

The refinement error is the NLL that recalibration leaves, the calibration error what it takes away (Berta,
Holzmüller, Jordan & Bach 2025). The temperature is fitted on the validation examples, and the two parts are those of
the examples that are measured, `decomposition.held_out`: the refinement error is too large by what so few examples
leave unlearned, the calibration error too small. `best` is the other side, `decomposition.in_sample`. All are of a
single pass unless samples are handed over; where the truth is known, it stands in place of labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.memo import remembered
from pruning.outcome import Network
from uncertainty.calibration import log_losses
from uncertainty.decomposition import Recalibration, recalibrated
from uncertainty.estimate import CONFIDENCE, Estimate, mean_estimate, student, tail_of
from uncertainty.paired import Difference, mean_difference
from uncertainty.predictions import Predictions
from uncertainty.temperature import HIGHEST, LOWEST, Objective, fit_temperature, scaled

TEMPERATURES = np.geomspace(LOWEST, HIGHEST, 81)
"""Where an NLL is drawn against the temperature: each 8 % above the one before."""
STEP = 0.01  # in ln T, of the differences that stand for derivatives
COARSE = 4  # of the temperatures above, every so manieth is tried for the best one
REFINED = 17  # temperatures between the neighbours of the best of those


@dataclass(frozen=True)
class Mended:
    """One network before and after temperature scaling; NLL in nats."""

    temperature: Estimate  # fitted on the validation examples, with what so few of them leave open
    at_bound: bool  # whether there is no minimum, and the temperature is where the search ends
    before: float  # NLL at temperature 1
    calibration: Difference  # what the temperature takes away, paired by example; below 0 it harms
    refinement: Estimate  # what it leaves
    best: tuple[float, float]  # temperature and NLL of the best one for the very examples that are measured

    @property
    def is_one(self) -> bool:
        """Whether the validation examples cannot tell the temperature from 1."""
        return not self.at_bound and self.temperature.low <= 1 <= self.temperature.high


@dataclass(frozen=True)
class MendedSamples:
    """A sampled network at the temperature of one objective; the parts are those of the mean prediction."""

    mended: Mended
    by_sample: tuple[float, float]  # NLL of each sample by itself, averaged, before and after


def single_pass_logits(predictions: Predictions) -> np.ndarray:
    """Logits (N, C) of a single pass as the network gives them, whatever they were divided by."""
    return predictions.logits.astype(float) * predictions.temperature


def can_mend(seen: Evaluated) -> bool:
    """Whether there are validation examples to fit a temperature on."""
    outcome = seen.outcome
    return outcome.validation_labels is not None and all(each.validation is not None for each in outcome.networks)


def mended(seen: Evaluated, network: Network, comparisons: int = 1) -> Mended:
    """One network of an outcome in a single pass; intervals are corrected for so many `comparisons`.

    Raises ValueError where nothing is known of the validation examples.
    """
    fitted_on = _validation(seen, network)
    truth = seen.outcome.test_labels

    def compute() -> Mended:
        return _mended(single_pass_logits(network.test), truth, *fitted_on, Objective.PREDICTIVE, comparisons)

    return remembered(seen.single_pass.of(network), ("mended", comparisons), compute)


def over_ratios(seen: Evaluated) -> dict[float, Mended]:
    """Every network that is there so far, by prune ratio, corrected for how many are looked at."""
    networks = seen.outcome.networks
    return {each.prune_ratio: mended(seen, each, len(networks)) for each in networks}


def refinement_gained(seen: Evaluated, network: Network, comparisons: int = 1) -> Difference:
    """The refinement error of a network less the dense one's, each at its own temperature, paired by example."""
    before, after = (
        losses(seen, each, mended(seen, each).temperature.value) for each in (seen.outcome.dense, network)
    )
    return mean_difference(before, after, comparisons=comparisons)


def isotonic_left(seen: Evaluated, network: Network) -> float | None:
    """The NLL that isotonic regression on the validation examples leaves; None unless there are two classes."""
    if seen.outcome.n_classes != 2:
        return None
    logits, labels = _validation(seen, network)

    def compute() -> float:
        probs = scaled(single_pass_logits(network.test), 1.0)
        after = recalibrated(probs, scaled(logits, 1.0), labels, Recalibration.ISOTONIC)
        return float(log_losses(after, seen.outcome.test_labels).mean())

    return remembered(seen.single_pass.of(network), "isotonic", compute)


def losses(seen: Evaluated, network: Network, temperature: float) -> np.ndarray:
    """The NLL of each measured example (N,), in a single pass at a temperature."""
    return log_losses(scaled(single_pass_logits(network.test), temperature), seen.outcome.test_labels)


def nll_curve(seen: Evaluated, network: Network) -> np.ndarray:
    """The NLL (K,) of the measured examples in a single pass at each of `TEMPERATURES`."""

    def compute() -> np.ndarray:
        return _nll_at(single_pass_logits(network.test), seen.outcome.test_labels, TEMPERATURES)

    return remembered(seen.single_pass.of(network), "nll curve", compute)


def noise(seen: Evaluated) -> float | None:
    """The mean entropy of the truth, the NLL that no network goes below; None where only labels are known."""
    truth = seen.outcome.test_labels
    return float(log_losses(truth, truth).mean()) if seen.is_against_truth else None


def mended_samples(
    logits: np.ndarray, truth: np.ndarray, fitted_on: np.ndarray, labels: np.ndarray
) -> Mapping[Objective, MendedSamples]:
    """A sampled network at the temperature of each objective: that of its samples, and that of their mean.

    logits (S, N, C) of the measured examples, whose `truth` are labels (N,) or a posterior (N, C); `fitted_on`
    (S, M, C) and labels (M,) are of the validation examples. Raises ValueError as `fit_temperature` does.
    """
    found = {}
    for objective in Objective:
        each = _mended(logits, truth, fitted_on, labels, objective, 1)
        by_sample = (_by_sample(logits, truth, temperature) for temperature in (1.0, each.temperature.value))
        found[objective] = MendedSamples(each, (next(by_sample), next(by_sample)))
    return found


def _validation(seen: Evaluated, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Logits (M, C) of a single pass, and labels (M,)."""
    labels, said = seen.outcome.validation_labels, network.validation
    if labels is None or said is None:
        raise ValueError("nothing is known of the validation examples, on which a temperature is fitted")
    return single_pass_logits(said), labels


def _mended(
    logits: np.ndarray,
    truth: np.ndarray,
    fitted_on: np.ndarray,
    labels: np.ndarray,
    objective: Objective,
    comparisons: int,
) -> Mended:
    fitted = fit_temperature(fitted_on, labels, objective)
    before, after = (log_losses(_mean_probs(logits, each), truth) for each in (1.0, fitted.value))
    return Mended(
        temperature=_interval(fitted_on, labels, fitted.value, objective, comparisons, at_bound=fitted.at_bound),
        at_bound=fitted.at_bound,
        before=float(before.mean()),
        calibration=mean_difference(after, before, comparisons=comparisons),
        refinement=mean_estimate(after, comparisons=comparisons),
        best=_best(logits, truth),
    )


def _interval(
    logits: np.ndarray, labels: np.ndarray, fitted: float, objective: Objective, comparisons: int, *, at_bound: bool
) -> Estimate:
    """The temperature with the interval of what M examples leave open, Student's in ln T (delta method).

    Its error is to first order the mean slope of the losses over their mean bend, of which the slopes differ from
    example to example. Without a minimum nothing is known.
    """
    each = [_losses(logits, labels, fitted * np.exp(step), objective) for step in (-STEP, 0.0, STEP)]
    slopes, bend = (each[2] - each[0]) / (2 * STEP), float((each[2] - 2 * each[1] + each[0]).mean()) / STEP**2
    if at_bound or bend <= 0 or len(labels) < 2:
        return Estimate(fitted, 0.0, np.inf)
    error = float(slopes.std(ddof=1)) / bend / np.sqrt(len(labels))
    factor = float(np.exp(student(tail_of(CONFIDENCE, comparisons), len(labels)) * error))
    return Estimate(fitted, fitted / factor, fitted * factor)


def _best(logits: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """The temperature of least NLL for these very examples, and that NLL: one of a grid, refined."""
    grid = TEMPERATURES[::COARSE]
    near = int(np.argmin(_nll_at(logits, truth, grid)))
    temperatures = np.geomspace(grid[max(near - 1, 0)], grid[min(near + 1, len(grid) - 1)], REFINED)
    found = _nll_at(logits, truth, temperatures)
    least = int(np.argmin(found))
    return float(temperatures[least]), float(found[least])


def _nll_at(logits: np.ndarray, truth: np.ndarray, temperatures: np.ndarray) -> np.ndarray:
    return np.array([log_losses(_mean_probs(logits, each), truth).mean() for each in temperatures])


def _losses(logits: np.ndarray, truth: np.ndarray, temperature: float, objective: Objective) -> np.ndarray:
    """What an objective is the mean of, by example (N,)."""
    if objective is Objective.PREDICTIVE or logits.ndim == 2:
        return log_losses(_mean_probs(logits, temperature), truth)
    return np.mean([log_losses(scaled(sample, temperature), truth) for sample in logits], axis=0)


def _by_sample(logits: np.ndarray, truth: np.ndarray, temperature: float) -> float:
    return float(_losses(logits, truth, temperature, Objective.SAMPLES).mean())


def _mean_probs(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Class probabilities (N, C) of a single pass (N, C), or the mean of those of samples (S, N, C)."""
    probs = scaled(logits, temperature)
    return probs if probs.ndim == 2 else probs.mean(axis=0)
