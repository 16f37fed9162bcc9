"""Networks and outcomes made up of the predictions that a test is about."""

from __future__ import annotations

import numpy as np

from pruning import ImageExperiment, Network, Outcome
from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy

NOTHING = Predictions(
    (1, 2), np.zeros((2, 0, 2), np.float32), np.zeros((2, 0), np.float32), np.zeros((0, 2), np.float32)
)


def network(prune_ratio: float, test: Predictions, ood: Predictions = NOTHING) -> Network:
    """A network that says this, and of which nothing else is known."""
    return Network(
        prune_ratio=prune_ratio, level=int(prune_ratio > 0), masks={}, start_weights={}, weights={},
        early_stop_epoch=1, train_loss=np.zeros(1), val_loss=np.zeros(2), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002, test=test, ood=ood,
    )  # fmt: skip


def outcome(labels: np.ndarray, *networks: Network, **changes: object) -> Outcome:
    """Their outcome; the last is the pruned one, unless another ratio is among the changes."""
    experiment = ImageExperiment(**{"prune_ratio": networks[-1].prune_ratio, "dropout": 0.2} | changes)
    return Outcome(experiment, labels, networks[0].test.logits.shape[1], networks)


def says(*answers: tuple[float, ...], samples: tuple[int, ...] = (1, 2), classes: int = 8) -> Predictions:
    """Predictions that are the same for every number of samples; missing classes have probability 0."""
    probs = np.array([(*answer, *[0.0] * (classes - len(answer))) for answer in answers], np.float32)
    frames = np.broadcast_to(probs, (len(samples), *probs.shape))
    return Predictions(samples, frames, np.zeros(frames.shape[:2], np.float32), probs)


def coins(class_1: np.ndarray, single: np.ndarray | None = None) -> Predictions:
    """Probabilities of class 1 (N,) of two, by MC dropout and in a single pass."""
    p = class_1 if single is None else single
    return Predictions(
        (1, 2),
        np.stack([np.stack([1 - class_1, class_1], axis=-1)] * 2).astype(np.float32),
        np.zeros((2, len(class_1)), np.float32),
        np.log(np.maximum(np.stack([1 - p, p], axis=-1), 1e-30)).astype(np.float32),
    )


def sampled(*samples: list[list[float]], logits: list[list[float]] | None = None) -> Predictions:
    """Predictions of these samples (S, N, C), each number of them kept; the logits are by default the first's."""
    probs, counts = np.array(samples), tuple(range(1, len(samples) + 1))
    with np.errstate(divide="ignore"):
        first = np.maximum(np.log(probs[0]), -99) if logits is None else np.array(logits)
    return Predictions(counts, running_means(probs, counts), running_means(entropy(probs), counts), first)
