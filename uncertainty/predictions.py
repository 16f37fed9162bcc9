"""What a network says of N inputs, kept for several numbers of MC-dropout samples.

Most pictures need only two things of the S samples: their mean and their mean entropy. Kept as
running means at a few numbers of samples they are small enough to store for every network, and a
slider over the number of samples is a lookup.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from uncertainty.predictive import entropy


@dataclass(frozen=True, eq=False)
class Sampled:
    """The first s samples averaged, for each s in `samples`; F of them.

    Equal only to itself, so that what is drawn of it can be remembered by it.
    """

    samples: tuple[int, ...]  # (F,) rising
    mean_probs: np.ndarray  # (F, N, C) float32
    expected_entropy: np.ndarray  # (F, N) float32, nats

    def probs(self, n_samples: int) -> np.ndarray:
        """The mean predictive (N, C) of the first `n_samples`."""
        return self.mean_probs[self._frame(n_samples)].astype(float)

    def probs_of(self, example: int, n_samples: int) -> np.ndarray:
        """The mean predictive (C,) of one example."""
        return self.mean_probs[self._frame(n_samples), example].astype(float)

    def aleatoric(self, n_samples: int) -> np.ndarray:
        """Expected entropy (N,) in nats."""
        return self.expected_entropy[self._frame(n_samples)].astype(float)

    def epistemic(self, n_samples: int) -> np.ndarray:
        """Mutual information (N,) in nats, the disagreement between the samples; rounding below zero is cut off."""
        if n_samples == 1:  # exactly, where rounding would leave a trace
            return np.zeros(self.mean_probs.shape[1])
        return np.maximum(entropy(self.probs(n_samples)) - self.aleatoric(n_samples), 0)

    def _frame(self, n_samples: int) -> int:
        if n_samples not in self.samples:
            legal = ", ".join(map(str, self.samples))
            raise ValueError(f"n_samples is {n_samples}; it must be one of: {legal}")
        return self.samples.index(n_samples)


@dataclass(frozen=True, eq=False)
class Predictions(Sampled):
    """Sampled predictions, and beside them a single pass of the network, without dropout and as it was trained."""

    logits: np.ndarray  # (N, C) float32
    temperature: float = 1.0  # what all logits were divided by

    def single_pass(self) -> np.ndarray:
        """Class probabilities (N, C) with dropout off."""
        logits = self.logits.astype(float)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)


def averaged(
    blocks: Iterable[tuple[np.ndarray, np.ndarray]],
    samples: Sequence[int],
    on_block: Callable[[], None] = lambda: None,
    temperature: float = 1.0,
) -> Predictions:
    """Blocks of inputs, each its samples (S, n, C) and its logits (n, C), as predictions of all N inputs.

    Memory is bounded by a block and by what is kept. `on_block` is called after each and may raise.
    """
    frames, singles = [], []
    for probs, logits in blocks:
        # Single precision, as the means are kept: it would take most of the time otherwise.
        frames.append((running_means(probs, samples), running_means(entropy(probs, np.float32), samples)))
        singles.append(logits)
        on_block()
    mean_probs, expected_entropy = (np.concatenate(parts, axis=1) for parts in zip(*frames, strict=True))
    logits = np.concatenate(singles).astype(np.float32, copy=False)
    return Predictions(tuple(samples), mean_probs, expected_entropy, logits, temperature)


def checked_samples(samples: Sequence[int]) -> tuple[int, ...]:
    """The numbers of samples to keep, once they are found whole, at least 1 and rising. Raises ValueError."""
    numbers = np.asarray(samples)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu" or numbers.min() < 1 or (np.diff(numbers) < 1).any():
        raise ValueError(f"samples must be one or more rising whole numbers from 1 on; got {samples!r}")
    return tuple(numbers.tolist())


def running_means(values: np.ndarray, samples: Sequence[int]) -> np.ndarray:
    """(S, …) → (F, …) float32: the mean of the first s values, for each s in `samples` (rising, the last is S).

    Raises ValueError where the last is not.
    """
    samples = checked_samples(samples)
    if samples[-1] != len(values):
        raise ValueError(f"the last of samples is {samples[-1]}, but there are {len(values)} values to average")
    parts = values
    if len(samples) < len(values):
        parts = np.stack(
            [values[start:stop].sum(axis=0, dtype=np.float64) for start, stop in pairwise((0, *samples))]
        )
    totals = parts.cumsum(axis=0, dtype=np.float64)
    counts = np.array(samples).reshape(-1, *[1] * (values.ndim - 1))
    return (totals / counts).astype(np.float32)
