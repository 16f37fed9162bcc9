"""Similarity and ranking of predicted distributions: sort orders, nearest neighbours, how unusual an answer is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from pruning.evaluation.memo import remembered
from pruning.outcome import Network, Outcome
from uncertainty.predictions import Predictions
from uncertainty.predictive import confidence, entropy, mutual_information, predictive_entropy

Part = Literal["test", "ood"]  # test examples, or those that are out of distribution
Order = Literal["confident first", "doubtful first", "highest entropy", "most disagreement"]


@dataclass(frozen=True)
class Standing:
    """A measure of one answer, and the share of the test examples that are less uncertain by it."""

    value: float
    less_uncertain: float


@dataclass(frozen=True)
class Novelty:
    """How uncertain an answer is, beside a network's answers to its test examples."""

    confidence: Standing
    entropy: Standing  # nats
    information: Standing  # nats


def part_of(network: Network, part: Part) -> Predictions:
    """A network's predictions of the test examples, or of those out of distribution."""
    return network.ood if part == "ood" else network.test


def ranking(outcome: Outcome, part: Part, order: Order, n_samples: int = 50) -> np.ndarray:
    """The numbers of all examples (N,) in order, by the pruned network's answers or by what all networks disagree on.

    Equal ones stay in place. Raises ValueError where `n_samples` is no number of samples that predictions are kept
    for.
    """

    def compute() -> np.ndarray:
        if order == "most disagreement":
            said = [part_of(network, part).probs(n_samples) for network in outcome.networks]
            return np.argsort(-disagreement(np.stack(said)), kind="stable")
        return ranked(part_of(outcome.pruned, part).probs(n_samples), order)

    ratios = tuple(network.prune_ratio for network in outcome.networks)
    # All strategies share the dense network, which is the chosen one at ratio 0.
    question = ("ranking", part, order, n_samples, outcome.experiment.key(), ratios)
    return remembered(outcome.pruned, question, compute)


def ranked(probs: np.ndarray, order: Order) -> np.ndarray:
    """The rows of probabilities (N, C) in order of their confidence or entropy (N,).

    >>> ranked(np.array([[0.6, 0.4], [0.1, 0.9]]), "confident first").tolist()
    [1, 0]
    """
    if order == "highest entropy":
        return np.argsort(-entropy(probs), kind="stable")
    sure = probs.max(axis=1)
    return np.argsort(sure if order == "doubtful first" else -sure, kind="stable")


def disagreement(probs: np.ndarray) -> np.ndarray:
    """Mutual information (N,) between example and network, in nats, of K networks' probabilities (K, N, C)."""
    return mutual_information(probs)


def hellinger_distance(probs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """√(½ Σ (√p − √q)²) in [0, 1] between one distribution (C,) and each of others (N, C).

    >>> hellinger_distance(np.array([1.0, 0.0]), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [0.0, 1.0]
    """
    return np.sqrt(np.square(np.sqrt(others) - np.sqrt(probs)).sum(axis=1) / 2)


def neighbours(
    probs: np.ndarray, others: np.ndarray, count: int, skip: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The `count` rows of `others` (N, C) nearest to `probs` (C,), and their Hellinger distances in [0, 1].

    skip: a row that is left out, such as the example itself.
    """
    distance = hellinger_distance(probs, others)
    if skip is not None:
        distance[skip] = np.inf
    nearest = np.argsort(distance, kind="stable")[:count]
    nearest = nearest[np.isfinite(distance[nearest])]
    return nearest, distance[nearest]


def novelty(samples: np.ndarray, network: Network, n_samples: int = 50) -> Novelty:
    """How unusual an answer, samples (S, 1, C), is beside the network's test examples at so many samples."""
    sure, total, between = (float(f(samples)[0]) for f in (confidence, predictive_entropy, mutual_information))
    usual = remembered(network, ("usual", n_samples), lambda: _usual(network, n_samples))
    return Novelty(
        Standing(sure, float((usual[0] > sure).mean())),
        Standing(total, float((usual[1] < total).mean())),
        Standing(between, float((usual[2] < between).mean())),
    )


def _usual(network: Network, n_samples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence, entropy and mutual information (N,) of the test examples."""
    probs = network.test.probs(n_samples)
    return probs.max(axis=1), predictive_entropy(probs[None]), network.test.epistemic(n_samples)
