"""Metrics of a trained network: accuracy, likelihood, calibration errors, uncertainty and size as one record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from pruning.outcome import Network, Outcome, PlaneOutcome
from uncertainty.expected import AgainstTruth, Differences, Scores, against_truth, differences, scores
from uncertainty.predictions import Predictions


@dataclass(frozen=True)
class Figures:
    """One network measured on the test examples, with the mean predictive of its first samples.

    Sizes are those of the physically smaller network; ratios compare it with the dense one.
    """

    accuracy: float
    nll: float  # nats per example
    brier: float
    ece: float
    mce: float
    ace: float
    uce: float
    epistemic_test: float  # mean mutual information over the test examples, nats
    epistemic_ood: float  # the same over what is out of distribution
    early_stop_epoch: int | None  # in all, see `Network.epochs_in_all`; None without training after pruning
    epochs_spent: int  # of every training on the way to it, the dense one first
    seconds_spent: float  # of the same trainings, see `Trained.seconds`; they differ from run to run
    units: int
    parameters: int
    compression_ratio: float
    speed_up: float
    latency: float  # seconds for one pass
    test: Scores  # of the test examples, with the intervals that so few leave
    truth: TrueFigures | None = None  # of the fresh points; None where the truth is not known
    against: AgainstTruth | None = None  # where the examples have a posterior in place of labels

    @property
    def signed_gap(self) -> float:
        """Mean confidence − accuracy on the test examples: above 0 over-, below 0 under-confident."""
        return self.test.signed_gap.value


@dataclass(frozen=True)
class TrueFigures:
    """One network measured on the fresh points of a generated task, with the posterior in place of labels."""

    scores: Scores
    against: AgainstTruth
    aleatoric: float  # mean expected entropy, nats: the noise in the data only for a network that fits


@dataclass(frozen=True)
class Changes:
    """The differences of two networks, as the test examples tell them and as they are against the truth."""

    test: Differences
    truth: Differences | None = None  # on the fresh points; None where the truth is not known


def figures(outcome: Outcome, network: Network, n_samples: int = 50, n_bins: int = 15) -> Figures:
    """All figures of one network of the outcome.

    Raises ValueError where `n_samples` is no number of samples that its predictions are kept for.
    """
    probs = network.test.probs(n_samples)
    dense, test = outcome.dense, scores(probs, outcome.test_labels, n_bins)
    return Figures(
        accuracy=test.accuracy.value,
        nll=test.nll.value,
        brier=test.brier.value,
        ece=test.ece.value,
        mce=test.mce,
        ace=test.ace.value,
        uce=test.uce.value,
        epistemic_test=float(network.test.epistemic(n_samples).mean()),
        epistemic_ood=float(network.ood.epistemic(n_samples).mean()),
        early_stop_epoch=network.epochs_in_all,
        epochs_spent=network.history.spent,
        seconds_spent=network.history.seconds,
        units=network.units,
        parameters=network.parameters,
        compression_ratio=dense.parameters / network.parameters,
        speed_up=dense.multiply_adds / network.multiply_adds,
        latency=network.latency,
        test=test,
        truth=true_figures(outcome, network, n_samples, n_bins),
        against=against_truth(probs, outcome.test_labels) if outcome.test_labels.ndim == 2 else None,
    )


def flat(figures: Figures) -> dict[str, Any]:
    """The figures as one row of numbers by name: an estimate as `name`, `name_low` and `name_high`.

    Those of the test examples have no prefix, those against the truth `truth_`; where it is not known there are none.
    """
    return dict(_flat((), figures))


def _flat(path: tuple[str, ...], value: Any) -> Iterator[tuple[str, Any]]:
    if not is_dataclass(value):
        yield "_".join(path), value
        return
    for field in fields(value):
        part = getattr(value, field.name)
        if part is not None or field.name not in ("truth", "against"):
            inner = () if field.name in ("test", "scores", "against", "value") else (field.name,)
            yield from _flat((*path, *inner), part)


def true_figures(outcome: Outcome, network: Network, n_samples: int = 50, n_bins: int = 15) -> TrueFigures | None:
    """One network against the truth; None for images, own points, and as long as it has not been asked."""
    found = _asked_fresh(outcome, network)
    if found is None:
        return None
    fresh, posterior = found
    probs = fresh.probs(n_samples)
    return TrueFigures(
        scores(probs, posterior, n_bins), against_truth(probs, posterior), float(fresh.aleatoric(n_samples).mean())
    )


def changes(
    outcome: Outcome, before: Network, after: Network, n_samples: int = 50, n_bins: int = 15, *, comparisons: int = 1
) -> Changes:
    """What changes from one network of the outcome to another.

    comparisons: how many pairs of networks are looked at beside each other, such as the ratios of a curve.
    """
    old, new = (network.test.probs(n_samples) for network in (before, after))
    test = differences(old, new, outcome.test_labels, n_bins, comparisons=comparisons)
    known = [_asked_fresh(outcome, network) for network in (before, after)]
    if known[0] is None or known[1] is None:
        return Changes(test)
    (old_fresh, posterior), (new_fresh, _) = known[0], known[1]
    old, new = old_fresh.probs(n_samples), new_fresh.probs(n_samples)
    return Changes(test, differences(old, new, posterior, n_bins, comparisons=comparisons))


def _asked_fresh(outcome: Outcome, network: Network) -> tuple[Predictions, np.ndarray] | None:
    """A network's predictions on the fresh points, and the posterior there, if there are both."""
    if not isinstance(outcome, PlaneOutcome) or outcome.fresh is None or network.fresh is None:
        return None
    return network.fresh, outcome.fresh.posterior
