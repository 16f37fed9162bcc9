"""What may be said of a difference between networks: each figure before and after, with its interval.

Networks are held against what the outcome has for labels: those of its examples (N,), or the truth there (N, C).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from pruning import Network, Outcome
from pruning.evaluation.cached import answers, calibration, floor
from pruning.evaluation.memo import remembered
from uncertainty.calibration import Quantity, log_losses, rights
from uncertainty.estimate import CONFIDENCE, Estimate, mean_estimate, normal, tail_of
from uncertainty.ood import auroc_difference
from uncertainty.paired import Difference, binned_difference, mean_difference
from uncertainty.power import smallest_detectable_ece
from views.text.claims import Change

T = TypeVar("T")
Scores = tuple[np.ndarray, np.ndarray]  # of known examples (N,) and of unknown ones (M,)
AXES: Mapping[Quantity, tuple[str, str]] = {
    "confidence": ("confidence", "accuracy"),
    "uncertainty": ("normalised entropy", "error rate"),
}


@dataclass(frozen=True)
class Compared:
    """Two networks over the same examples."""

    accuracy: Change
    ece: Change
    nll: Change
    epistemic: Change


@dataclass(frozen=True)
class OverRatios:
    """Every ratio against the dense network, by ratio, corrected for how many are looked at."""

    accuracy: Mapping[float, Difference]
    ece: Mapping[float, Difference]
    gaps: Mapping[float, Estimate]  # signed, of each network, the dense one among them


def compared(outcome: Outcome, n_samples: int, n_bins: int) -> Compared:
    """The figures of the dense and of the pruned network that are written beside each other."""
    dense, pruned = outcome.dense, outcome.pruned
    return _remembered(
        dense, pruned, ("compared", n_samples, n_bins), lambda: compare(outcome, dense, pruned, n_samples, n_bins)
    )


def compare(outcome: Outcome, before: Network, after: Network, n_samples: int, n_bins: int) -> Compared:
    """The same of any two networks over the outcome's test examples."""
    labels, networks = outcome.test_labels, (before, after)
    probs = [network.test.probs(n_samples) for network in networks]
    bins = [calibration(outcome, network, n_samples, n_bins) for network in networks]
    difference = ece_difference(outcome, before, after, n_samples, n_bins)
    prefix = "true " if against_truth(outcome) else ""
    doubt = [network.test.epistemic(n_samples) for network in networks]
    return Compared(
        accuracy=_means(f"{prefix}accuracy", [rights(each, labels) for each in probs]),
        ece=Change(f"{prefix}ECE", bins[0].error, bins[1].error, difference),
        nll=_means(f"{prefix}NLL", [log_losses(each, labels) for each in probs], " nats"),
        epistemic=_means("epistemic uncertainty", doubt, " nats"),
    )


def panel(outcome: Outcome, n_samples: int, n_bins: int, quantity: Quantity) -> tuple[Change, Change]:
    """Both axes of a reliability panel, dense against pruned. No MC-dropout samples: a single pass."""

    def compute() -> tuple[Change, Change]:
        scores, outcomes = [], []
        for network in (outcome.dense, outcome.pruned):
            bins = calibration(outcome, network, n_samples, n_bins, quantity)
            right = rights(answers(network, n_samples), outcome.test_labels)
            wrong = ~right if right.dtype == bool else 1 - right
            outcomes.append(right if quantity == "confidence" else wrong)
            scores.append(outcomes[-1] - bins.residual)
        prefix = "true " if against_truth(outcome) else ""
        return _means(AXES[quantity][0], scores), _means(f"{prefix}{AXES[quantity][1]}", outcomes)

    return _remembered(outcome.dense, outcome.pruned, ("panel", n_samples, n_bins, quantity), compute)


def over_ratios(outcome: Outcome, n_samples: int, n_bins: int) -> OverRatios:
    """Accuracy and ECE of every ratio that is there so far, and the signed gaps."""
    dense, *pruned = outcome.networks
    n = len(pruned)

    def of(network: Network) -> tuple[Difference, Difference]:
        return _remembered(dense, network, ("over ratios", n, n_samples, n_bins), lambda: compute(network))

    def compute(network: Network) -> tuple[Difference, Difference]:
        right = [rights(answers(each, n_samples), outcome.test_labels) for each in (dense, network)]
        error = ece_difference(outcome, dense, network, n_samples, n_bins, n)
        return mean_difference(*right, comparisons=n), error

    found = {network.prune_ratio: of(network) for network in pruned}
    return OverRatios(
        accuracy={ratio: accuracy for ratio, (accuracy, _) in found.items()},
        ece={ratio: ece for ratio, (_, ece) in found.items()},
        gaps={each.prune_ratio: gap(outcome, each, n_samples, n_bins, n + 1) for each in outcome.networks},
    )


def against_truth(outcome: Outcome) -> bool:
    """Whether the outcome has the truth in place of labels."""
    return outcome.test_labels.ndim == 2


def ece_difference(
    outcome: Outcome, before: Network, after: Network, n_samples: int, n_bins: int, comparisons: int = 1
) -> Difference:
    """After minus before. Against labels, of what exceeds the floors.

    Chance alone gives a cautious network a larger ECE than a sure one, on average by the difference of their
    floors, so that this much is no difference in calibration.
    """
    pair = (before, after)
    found = binned_difference(
        *(calibration(outcome, network, n_samples, n_bins) for network in pair), comparisons=comparisons
    )
    if against_truth(outcome):
        return found
    floors = [floor(outcome, network, n_samples, n_bins).mean for network in pair]
    due = floors[1] - floors[0]
    return Difference(found.value, found.low - due, found.high - due)


def gap(outcome: Outcome, network: Network, n_samples: int, n_bins: int, comparisons: int = 1) -> Estimate:
    """The signed gap of a network, mean confidence − accuracy, with its interval. No samples: a single pass.

    It is Student's and, against labels, never narrower than what chance gives a calibrated network: of a few
    certain answers, all right, the residuals alone say nothing of how wide it is.
    """
    found = mean_estimate(-calibration(outcome, network, n_samples, n_bins).residual, comparisons=comparisons)
    if against_truth(outcome):
        return found
    confidence = answers(network, n_samples).max(axis=1)
    chance = float(np.sqrt((confidence * (1 - confidence)).sum())) / len(confidence)
    half = max(found.value - found.low, normal(tail_of(CONFIDENCE, comparisons)) * chance)
    return Estimate(found.value, found.value - half, found.value + half)


def dropout_gaps(outcome: Outcome, n_samples: int, n_bins: int) -> tuple[Estimate, Difference, Difference, Estimate]:
    """What `readings.of_dropout` asks for: the pruned network's gap under MC dropout, the same against the dense
    one's and against that of its single pass, and the latter."""
    dense, pruned = outcome.dense, outcome.pruned

    def gaps(network: Network, samples: int) -> np.ndarray:
        return -calibration(outcome, network, samples, n_bins).residual  # confidence − right, of each example

    sampled = gaps(pruned, n_samples)
    return (
        gap(outcome, pruned, n_samples, n_bins),
        mean_difference(gaps(dense, n_samples), sampled),
        mean_difference(gaps(pruned, 0), sampled),
        gap(outcome, pruned, 0, n_bins),
    )


def detections(
    outcome: Outcome, scores: Callable[[Network], Scores], what: tuple[Hashable, ...], comparisons: int
) -> Mapping[float, Difference]:
    """AUROC of every ratio against the dense network's; `what` names the scores."""
    dense, *pruned = outcome.networks

    def of(network: Network) -> Difference:
        key = ("auroc difference", *what, comparisons)
        level = 1 - (1 - CONFIDENCE) / comparisons

        def compute() -> Difference:
            return Difference(*auroc_difference(*scores(network), *scores(dense), level))

        return _remembered(dense, network, key, compute)

    return {network.prune_ratio: of(network) for network in pruned}


def smallest(outcome: Outcome, network: Network, n_samples: int, n_bins: int) -> float:
    """The least ECE that the test examples would find in this network four times in five."""

    def compute() -> float:
        asked = outcome, network, n_samples, n_bins
        return smallest_detectable_ece(calibration(*asked), floor(*asked))

    return remembered(network, ("smallest", n_samples, n_bins), compute)


def basis(outcome: Outcome, examples: str) -> str:
    """What every interval rests on: `150 points`."""
    return f"{len(outcome.test_labels):,} {examples}"


def _means(name: str, values: list[np.ndarray], unit: str = "") -> Change:
    before, after = values
    return Change(name, float(before.mean()), float(after.mean()), mean_difference(before, after), unit=unit)


def _remembered(before: Network, after: Network, what: tuple[Hashable, ...], compute: Callable[[], T]) -> T:
    other = None if before is after else before  # what held itself would be remembered for ever
    return remembered(after, (*what, other), compute)
