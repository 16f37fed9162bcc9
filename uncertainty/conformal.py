"""Split conformal prediction: for each example the set of classes that holds the true one with a chosen probability.

A score says how strange a class would be for an example, higher is stranger. The threshold is a quantile of the
scores of the true classes of n calibration examples, which the network has neither been trained nor chosen by, and a
set holds every class whose score is at most the threshold. If calibration and test examples are exchangeable, the
set of a test example holds its class with probability at least 1 − α, whatever the network is worth (Vovk, Gammerman
& Shafer 2005; Angelopoulos & Bates 2023, theorem 1). This is an average over examples and calibration sets: not a
promise for each class, nor for inputs from elsewhere. `probs: (N, C)`, labels (N,), sets (N, C) True or False.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from uncertainty.arrays import as_array, classes, distributions, floats, whole_number
from uncertainty.calibration import checked
from uncertainty.estimate import CONFIDENCE, tail_of
from uncertainty.options import Option

STREAM = 2  # APS is randomised by other numbers than floors and powers are drawn with
ROUNDING = 1e-9  # a sum of probabilities so near 1 is 1, and a rank so little below a whole number is that


class SetScore(Option):
    """How strange a class would be for an example, in [0, 1]."""

    LAC = (
        "lac", "LAC",
        "1 − the class's probability: the smallest sets if these are right, some empty (Sadinle et al. 2019).",
    )  # fmt: skip
    APS = (
        "aps", "APS",
        "The probability of all classes at least as probable: larger sets where it is hard (Romano et al. 2020).",
    )  # fmt: skip
    APS_RANDOMISED = (
        "aps_randomised", "APS, randomised",
        "APS with a random share of the class's own probability: no larger than it must be (Romano et al. 2020).",
    )  # fmt: skip


def calibration_scores(
    probs: np.ndarray, labels: np.ndarray, score: SetScore = SetScore.LAC, *, seed: int = 0
) -> np.ndarray:
    """The score (N,) of the true class of each calibration example; seed: of the randomised score.

    Raises ValueError for a posterior in place of labels, and whatever `calibration.checked` refuses.
    """
    probs, labels = checked(probs, labels)
    if labels.ndim != 1:
        raise ValueError(f"labels must have shape ({len(probs)},); got a posterior of shape {labels.shape}")
    return _scores(probs, score, seed, part=0)[np.arange(len(labels)), labels]


def threshold(scores: np.ndarray, alpha: float) -> float:
    """The ⌈(n + 1)(1 − α)⌉-th smallest of the n calibration scores (Angelopoulos & Bates 2023, section 1).

    ∞ where n is below 1/α − 1, and for α = 0: so few examples promise nothing, and every class is in every set.
    −∞ for α = 1: all sets are empty. alpha is in [0, 1]. Raises ValueError for another α, and for scores that have
    another shape than (N,), N at least 1, or are nan.

    >>> threshold(np.array([0.1, 0.4, 0.2, 0.3]), alpha=0.4), threshold(np.array([0.1, 0.4, 0.2, 0.3]), alpha=0.1)
    (0.3, inf)
    """
    scores = floats(scores, "scores")
    if scores.ndim != 1 or len(scores) == 0 or np.isnan(scores).any():
        raise ValueError(f"scores must have shape (N,) with N at least 1, and be numbers; got {scores}")
    rank = _rank(len(scores), alpha)
    return float(np.concatenate([[-np.inf], np.sort(scores), [np.inf]])[rank])


def prediction_sets(
    probs: np.ndarray, threshold: float, score: SetScore = SetScore.LAC, *, seed: int = 0
) -> np.ndarray:
    """Which classes are in the set of each example (N, C): those whose score is at most the threshold.

    score, seed: as for the calibration scores. The random shares are others than theirs. Raises ValueError for a
    threshold that is nan, and for what are no probabilities (N, C).
    """
    if np.isnan(threshold):
        raise ValueError("threshold is nan; it must be a number, infinite ones included")
    probs = as_array(probs, "probs")
    if probs.ndim != 2 or 0 in probs.shape:
        raise ValueError(f"probs must have shape (N, C), neither of them zero; got {probs.shape}")
    return _scores(distributions(probs), score, seed, part=1) <= threshold


def coverage(sets: np.ndarray, labels: np.ndarray) -> float:
    """The share of examples, from 0 to 1, whose set (N, C) holds their class (N,). Other shapes raise ValueError."""
    sets, labels = _checked_sets(sets), floats(labels, "labels")
    if labels.shape != sets.shape[:1]:
        raise ValueError(f"labels must have shape ({len(sets)},) as there are {len(sets)} sets; got {labels.shape}")
    return float(sets[np.arange(len(sets)), classes(labels, sets.shape[1])].mean())


def mean_set_size(sets: np.ndarray) -> float:
    """The mean number of classes in a set, from 0 to C; empty sets count."""
    return float(_checked_sets(sets).sum(axis=1).mean())


def empty_sets(sets: np.ndarray) -> int:
    """How many sets hold no class: there the share α is spent, where even the most probable class is strange."""
    return int((~_checked_sets(sets).any(axis=1)).sum())


@dataclass(frozen=True)
class CoverageLaw:
    """How the coverage varies from calibration set to calibration set: Beta(rank, n + 1 − rank).

    The coverage over all test examples, given the calibration set (Vovk 2012, proposition 2b; Angelopoulos & Bates
    2023, section 3.2), if scores never tie. Where they do it is at least as large, in law.
    """

    n: int  # calibration examples
    rank: int  # of the threshold among their scores; 0 for −∞, n + 1 for ∞

    @property
    def mean(self) -> float:
        """Between 1 − α and 1 − α + 1/(n + 1)."""
        return self.rank / (self.n + 1)

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """The central interval of the coverage over all test examples."""
        from scipy.special import betaincinv  # late: it takes a third of a second

        if self.rank in (0, self.n + 1):
            return self.mean, self.mean
        tail = tail_of(confidence, 1)
        low, high = betaincinv(self.rank, self.n + 1 - self.rank, [tail, 1 - tail])
        return float(low), float(high)

    def probabilities(self, m: int) -> np.ndarray:
        """Of 0, 1, … m sets out of m test examples that hold their class (m + 1,): beta-binomial."""
        from scipy.special import betaln, gammaln

        right = np.arange(whole_number(m, "m", 1) + 1)
        if self.rank in (0, self.n + 1):
            return (right == m * (self.rank > 0)).astype(float)
        a, b = self.rank, self.n + 1 - self.rank
        ways = gammaln(m + 1) - gammaln(right + 1) - gammaln(m - right + 1)
        return np.exp(ways + betaln(right + a, m - right + b) - betaln(a, b))

    def observed_interval(self, m: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Where the coverage measured on m test examples lies with at least this probability (Marques F. 2025).

        Outside of it, calibration and test examples are not exchangeable, or it was bad luck.
        """
        tail, below = tail_of(confidence, 1), np.cumsum(self.probabilities(m))
        low, high = np.searchsorted(below, [tail, 1 - tail - ROUNDING])
        return float(low / m), float(min(high, m) / m)


def coverage_law(n: int, alpha: float) -> CoverageLaw:
    """The law of the coverage at the threshold that n calibration examples give for α.

    >>> low, high = coverage_law(1000, alpha=0.1).interval()
    >>> round(low, 3), round(high, 3)
    (0.881, 0.918)
    """
    return CoverageLaw(n, _rank(whole_number(n, "n", 1), alpha))


def _rank(n: int, alpha: float) -> int:
    """⌈(n + 1)(1 − α)⌉, in whole numbers: 100 · 0.29 is a little less than 29."""
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is {alpha}; it is a share and must be from 0 to 1")
    return n + 1 - int((n + 1) * alpha + ROUNDING)


def _scores(probs: np.ndarray, score: SetScore, seed: int, part: int) -> np.ndarray:
    """The score of every class (N, C); part: 0 for calibration, 1 for test."""
    score = SetScore(score)  # type: ignore[call-arg]
    if score is SetScore.LAC:
        return 1 - probs
    above, with_it = _mass_around(probs)
    if score is SetScore.APS:
        return with_it
    share = np.random.Generator(np.random.SFC64([seed, part, STREAM])).random((len(probs), 1))
    return above + share * (with_it - above)


def _mass_around(probs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of all more probable classes, and that of all at least as probable, for each class (N, C).

    Equally probable classes share both, so that neither depends on how classes are numbered. Without ties, these are
    the ends between which Romano et al. 2020 let chance choose in their function S(x, u; π, τ).
    """
    order = np.argsort(-probs, axis=1, kind="stable")
    ranked = np.take_along_axis(probs, order, axis=1)
    new = np.diff(ranked, axis=1, prepend=2.0) < 0  # (N, C) the first of equally probable classes
    total = np.cumsum(ranked, axis=1)
    total[total > 1 - ROUNDING] = 1.0
    before = np.concatenate([np.zeros((len(probs), 1)), total[:, :-1]], axis=1)
    last = np.concatenate([new[:, 1:], np.ones((len(probs), 1), bool)], axis=1)
    above, with_it = np.empty_like(probs), np.empty_like(probs)
    np.put_along_axis(above, order, np.maximum.accumulate(np.where(new, before, 0.0), axis=1), axis=1)
    upwards = np.minimum.accumulate(np.where(last, total, 1.0)[:, ::-1], axis=1)[:, ::-1]
    np.put_along_axis(with_it, order, upwards, axis=1)
    return above, with_it


def _checked_sets(sets: np.ndarray) -> np.ndarray:
    sets = as_array(sets, "sets")
    if sets.ndim != 2 or 0 in sets.shape or sets.dtype != bool:
        raise ValueError(f"sets must have shape (N, C), True or False; got {sets.dtype} of shape {sets.shape}")
    return sets
