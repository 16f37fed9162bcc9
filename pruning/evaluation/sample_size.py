"""How many samples are enough: what another draw of as many would have made of a figure.

    found = sample_bands(network.test, truth, n_bins=15)
    found["nll"].value, found["nll"].low, found["nll"].high

Running means at several numbers of samples are also the means of the blocks between them. How far these lie apart
says how far the mean of other S samples would lie from this one: by the covariance of the blocks over S. So other
means are drawn, as random sums of the blocks' deviations, and each is measured as the mean itself is. A probability
is taken for log-normal, so that it stays above 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pruning.evaluation.planes import apart
from uncertainty.calibration import negative_log_likelihood, reliability_bins
from uncertainty.predictions import Sampled

DRAWS = 40  # other means, of which the middle 95 % is the band
APART = 1.9  # bands between numbers of samples that are nearer to each other are interpolated in ln S
STREAM = 5  # numbers of their own
TINY = float(np.finfo(np.float32).tiny)
FIGURES = ("accuracy", "nll", "ece")


@dataclass(frozen=True, eq=False)
class SampleBand:
    """A figure after the first s samples, and where 95 % of other draws of as many would have it; F numbers."""

    samples: tuple[int, ...]  # (F,) rising
    value: np.ndarray  # (F,)
    low: np.ndarray  # (F,)
    high: np.ndarray  # (F,)

    def half(self, n_samples: int) -> float:
        """Half the width of the band at a number of samples."""
        place = self.samples.index(n_samples)
        return float(self.high[place] - self.low[place]) / 2


def do_vary(said: Sampled) -> bool:
    """Whether there are samples enough to tell how far they lie apart, and they do."""
    return len(said.samples) > 1 and bool(np.abs(_deviations(said)).max() > 1e-6)


def sample_bands(said: Sampled, truth: np.ndarray, n_bins: int = 15) -> dict[str, SampleBand]:
    """Accuracy, NLL and ECE against the number of samples that are averaged.

    truth: labels (N,) or a posterior (N, C). Degrees of freedom are one fewer than the blocks, so that the draws are
    multivariate t. Of a single sample the normal is a rough guess. Raises ValueError where samples do not vary.
    """
    if not do_vary(said):
        raise ValueError("the samples do not vary, so that any number of them gives the same figures")
    numbers = _spaced(said.samples)
    values = np.array([_figures(said.probs(s), truth, n_bins) for s in said.samples])  # (F, 3)
    found = np.array([[_figures(probs, truth, n_bins) for probs in means] for means in _others(said, numbers)])
    ends = np.quantile(found, [0.025, 0.975], axis=0)  # (2, G, 3)
    low, high = (
        np.stack([np.interp(np.log(said.samples), np.log(numbers), each) for each in end.T], axis=1) for end in ends
    )
    return {name: SampleBand(said.samples, values[:, at], low[:, at], high[:, at]) for at, name in enumerate(FIGURES)}


def _figures(probs: np.ndarray, truth: np.ndarray, n_bins: int) -> tuple[float, float, float]:
    """Accuracy, NLL and ECE; the first from the bins of the last."""
    bins = reliability_bins(probs, truth, n_bins)
    return float(np.average(bins.mean_outcome, weights=bins.count)), negative_log_likelihood(probs, truth), bins.error


def _spaced(samples: Sequence[int]) -> list[int]:
    """Some of the numbers, each at least `APART` times the one before, the first and the last among them.

    >>> _spaced((1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200))
    [1, 2, 5, 10, 20, 50, 100, 200]
    """
    found = [samples[-1]]
    for number in samples[-2:0:-1]:
        if found[-1] >= APART * number and number >= APART * samples[0]:
            found.append(number)
    return [samples[0], *found[::-1]]


def _deviations(said: Sampled) -> np.ndarray:
    """(B, N, C) of the blocks from the mean, each times the root of its size: as large as those of single samples."""
    sizes = np.diff([0, *said.samples])
    blocks = apart(said.mean_probs, np.array(said.samples))
    return np.asarray((blocks - said.mean_probs[-1]) * np.sqrt(sizes)[:, None, None])


def _others(said: Sampled, numbers: Sequence[int]) -> Iterator[list[np.ndarray]]:
    """Draw by draw, the mean (N, C) of other samples, of each number of them."""
    deviations, centre = _deviations(said), said.probs(said.samples[-1])
    freedom = len(deviations) - 1
    spread = np.sqrt(np.square(deviations).sum(axis=0) / freedom)  # of single samples (N, C)
    directions = np.divide(deviations, spread * np.sqrt(freedom), out=np.zeros_like(deviations), where=spread > 0)
    widths = [np.sqrt(np.log1p(np.square(spread / np.maximum(centre, TINY)) / s)) for s in numbers]
    rng = np.random.Generator(np.random.SFC64([len(deviations), deviations.shape[1], STREAM]))
    for _ in range(DRAWS):
        weights = rng.standard_normal(len(deviations)) * np.sqrt(freedom / rng.chisquare(freedom))
        moved = np.tensordot(weights, directions, axes=1)  # (N, C) in standard deviations
        means = [centre * np.exp(width * moved - width**2 / 2) for width in widths]
        yield [probs / probs.sum(axis=1, keepdims=True) for probs in means]
