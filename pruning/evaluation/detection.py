"""Out-of-distribution detection and selective prediction by one score of one network.

    detection = Detection(Score.ENTROPY, network.test, network.ood, outcome.test_labels, n_samples=50)
    detection.auroc, detection.measures.fpr, detection.aurc, detection.refuse(0.1).kept.accuracy

A higher score means more out of distribution, and the unknown examples are the positive ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from uncertainty import ood, rejection
from uncertainty.estimate import CONFIDENCE
from uncertainty.ood import Roc
from uncertainty.options import Score
from uncertainty.paired import Difference
from uncertainty.predictions import Predictions

CAUGHT = 0.95
"""The share of unknown examples at which FPR@95TPR is read off."""
Point = tuple[float, float]  # x, y


@dataclass(frozen=True)
class Measures:
    """How well a score tells unknown from known examples."""

    auroc: float
    aupr: float
    fpr: float  # share of known examples refused where CAUGHT of the unknown ones are


@dataclass(frozen=True, eq=False)
class Refusal:
    """What one threshold keeps and refuses of N known and of M unknown examples."""

    known: np.ndarray  # (N,) scores
    unknown: np.ndarray  # (M,) scores
    said_known: np.ndarray  # (N,) class numbers
    said_unknown: np.ndarray  # (M,) class numbers
    accuracy: float  # among all known examples
    threshold: float
    kept: rejection.Kept

    @property
    def refused(self) -> Point:
        """The shares of known and of unknown examples that are refused: a point of the ROC curve."""
        return self.kept.id_refused / len(self.known), self.kept.ood_refused / len(self.unknown)

    @property
    def risk(self) -> Point:
        """The share of known examples that is kept, and the error rate among them: a point of risk–coverage."""
        return self.kept.id_kept / len(self.known), 1 - self.kept.accuracy


@dataclass(frozen=True)
class Group:
    """Examples that were kept or refused, some of them by number."""

    is_unknown: bool
    is_refused: bool
    examples: np.ndarray  # numbers of a few of them
    count: int


@dataclass(frozen=True, eq=False)
class Detection:
    """A score of a network's predictions for N known and M unknown examples. Equal only to itself.

    Whatever is asked of it raises ValueError where `n_samples` is no number of samples that the predictions are kept
    for. Numbers are kept, arrays are not.
    """

    score: Score
    test: Predictions  # of the known examples
    ood: Predictions  # of the unknown ones
    labels: np.ndarray  # (N,) of the known ones; (N, C), a posterior, will do for all but errors
    n_samples: int = 50  # of MC dropout; without meaning for a score of a single pass

    @property
    def known(self) -> np.ndarray:
        """The scores (N,) of the known examples."""
        return scores(self.score, self.test, self.n_samples)

    @property
    def unknown(self) -> np.ndarray:
        """The scores (M,) of the unknown examples."""
        return scores(self.score, self.ood, self.n_samples)

    @property
    def wrong(self) -> np.ndarray:
        """Which answers to known examples are errors (N,). Raises ValueError where there are no labels."""
        if self.labels.ndim != 1:
            raise ValueError(f"errors need labels of the shape (N,); got {self.labels.shape}, a posterior?")
        return answers(self.score, self.test, self.n_samples) != self.labels

    @property
    def roc(self) -> Roc:
        """The ROC curve: the share of unknown examples that each threshold catches against that of known ones."""
        return ood.roc(self.known, self.unknown)

    @property
    def risk_coverage(self) -> rejection.RiskCoverage:
        """The error rate among the known examples that each threshold keeps, against their share."""
        return rejection.risk_coverage(self.known, self.wrong)

    @cached_property
    def auroc(self) -> float:
        """How often an unknown example has a higher score than a known one; ½ is chance."""
        return ood.auroc(self.known, self.unknown)

    @cached_property
    def measures(self) -> Measures:
        """AUROC, AUPR and FPR@95TPR."""
        pair = self.known, self.unknown
        return Measures(ood.auroc(*pair), ood.aupr(*pair), ood.fpr_at_tpr(*pair, CAUGHT))

    @cached_property
    def aurc(self) -> float:
        """The area under the risk–coverage curve: lower is better."""
        return rejection.aurc(self.known, self.wrong)

    @cached_property
    def best_aurc(self) -> float:
        """The least AURC that its errors allow: that of ranking them perfectly."""
        return rejection.best_aurc(self.wrong)

    def refuse(self, share: float) -> Refusal:
        """What it does to refuse this share, in [0, 1], of the known examples. Raises ValueError for others."""
        known, unknown, wrong = self.known, self.unknown, self.wrong
        threshold = rejection.threshold_for(known, share)
        return Refusal(
            known=known,
            unknown=unknown,
            said_known=answers(self.score, self.test, self.n_samples),
            said_unknown=answers(self.score, self.ood, self.n_samples),
            accuracy=float(1 - wrong.mean()),
            threshold=threshold,
            kept=rejection.keep(known, wrong, unknown, threshold),
        )

    def gain(self, other: Detection, comparisons: int = 1) -> Difference:
        """This AUROC minus the other's, with DeLong's interval, corrected for so many `comparisons`.

        Both are of the same examples in the same order, or ValueError is raised.
        """
        level = 1 - (1 - CONFIDENCE) / comparisons
        return Difference(*ood.auroc_difference(self.known, self.unknown, other.known, other.unknown, level))


def scores(score: Score, predictions: Predictions, n_samples: int) -> np.ndarray:
    """The score of every example (N,), higher is more OOD; of the first `n_samples` where it is sampled."""
    if score == Score.ENERGY:
        return ood.energy_score(predictions.logits)
    if score == Score.MAX_LOGIT:
        return ood.max_logit_score(predictions.logits)
    if score == Score.INFORMATION:
        return predictions.epistemic(n_samples)
    probs = predictions.probs(n_samples)
    return ood.msp_score(probs) if score == Score.MSP else ood.entropy_score(probs)


def answers(score: Score, predictions: Predictions, n_samples: int) -> np.ndarray:
    """The class (N,) that wins in the prediction from which the score is made."""
    return (predictions.probs(n_samples) if score.sampled else predictions.logits).argmax(axis=1)


def groups(known: np.ndarray, unknown: np.ndarray, threshold: float, most: int) -> list[Group]:
    """Known examples kept and refused, unknown ones refused and kept: what a threshold does to scores (N,), (M,).

    Of those kept the most certain come first, of those refused the least certain; at most `most` are named.

    >>> [group.examples.tolist() for group in groups(np.array([0.1, 0.9]), np.array([0.8, 0.2]), 0.5, most=8)]
    [[0], [1], [0], [1]]
    """

    def group(is_unknown: bool, is_refused: bool) -> Group:
        values = unknown if is_unknown else known
        order = np.argsort(-values if is_refused else values, kind="stable")
        members = order[(values[order] > threshold) == is_refused]
        return Group(is_unknown, is_refused, members[:most], len(members))

    return [group(False, False), group(False, True), group(True, True), group(True, False)]
