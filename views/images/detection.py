"""What scores detect: how well they tell unknown classes from test images, and what one threshold makes of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pruning import Network, Outcome
from pruning.evaluation.memo import remembered
from uncertainty import ood, rejection
from uncertainty.options import Score
from uncertainty.predictions import Predictions
from views.charts.detection import CAUGHT, Curve, Point, thinned
from views.text.claims import Difference
from views.text.comparison import Scores, detections

EXAMPLES = 8  # of a group
LEAST_COVERAGE = 0.05  # where the risk–coverage curve begins: the error rate of fewer images is noise


@dataclass(frozen=True)
class Measures:
    """How well a score tells unknown classes from test images."""

    auroc: float
    aupr: float
    fpr: float  # share of test images refused where CAUGHT of the unknown classes are


@dataclass(frozen=True)
class Curves:
    """ROC and risk–coverage of a network, the area under the latter, and the least that its errors allow."""

    roc: Curve
    risk: Curve
    aurc: float
    best: float


@dataclass(frozen=True, eq=False)
class Judged:
    """What a network says of N test images and of M of unknown classes, and what one threshold makes of it."""

    known: np.ndarray  # (N,) scores
    unknown: np.ndarray  # (M,) scores
    said_known: np.ndarray  # (N,) class numbers
    said_unknown: np.ndarray  # (M,) class numbers
    accuracy: float  # among all test images
    threshold: float
    kept: rejection.Kept
    curves: Curves

    @property
    def refused(self) -> Point:
        """The shares of test images and of unknown classes that are refused: a point of the ROC curve."""
        return self.kept.id_refused / len(self.known), self.kept.ood_refused / len(self.unknown)

    @property
    def risk(self) -> Point:
        """The share of test images that is kept, and the error rate among them."""
        return self.kept.id_kept / len(self.known), 1 - self.kept.accuracy


@dataclass(frozen=True)
class Group:
    """Images that were kept or refused, some of them by number."""

    title: str
    unknown: bool  # whether of unknown classes
    examples: np.ndarray  # numbers of at most EXAMPLES of them
    count: int


def scores(score: Score, predictions: Predictions, n_samples: int) -> np.ndarray:
    """The score of every image (N,), higher is more OOD; of the first `n_samples` where it is sampled."""
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


def measures(score: Score, network: Network, n_samples: int) -> Measures:
    """AUROC, AUPR and FPR@95TPR of a score."""

    def compute() -> Measures:
        pair = scores(score, network.test, n_samples), scores(score, network.ood, n_samples)
        return Measures(ood.auroc(*pair), ood.aupr(*pair), ood.fpr_at_tpr(*pair, CAUGHT))

    return remembered(network, ("measures", score, n_samples if score.sampled else 0), compute)


def differences(score: Score, outcome: Outcome, n_samples: int) -> Mapping[float, Difference]:
    """What the AUROC of a score gains on the dense network's, by ratio, corrected for all ratios."""

    def of(network: Network) -> Scores:
        return scores(score, network.test, n_samples), scores(score, network.ood, n_samples)

    return detections(outcome, of, (score, n_samples if score.sampled else 0), len(outcome.networks) - 1)


def compared(score: Score, outcome: Outcome, n_samples: int) -> tuple[Measures, Measures] | None:
    """The measures of the dense and of the pruned network; None where MC-dropout samples cannot disagree."""
    if score == Score.INFORMATION and (n_samples == 1 or outcome.experiment.dropout == 0):
        return None
    return measures(score, outcome.dense, n_samples), measures(score, outcome.pruned, n_samples)


def judge(score: Score, network: Network, labels: np.ndarray, n_samples: int, refused: float) -> Judged:
    """What it does to refuse the share `refused` of the test images, whose labels are (N,), by this score."""
    known, unknown = scores(score, network.test, n_samples), scores(score, network.ood, n_samples)
    said = answers(score, network.test, n_samples)
    wrong = said != labels

    def compute() -> Curves:
        roc, risk = ood.roc(known, unknown), rejection.risk_coverage(known, wrong)
        drawn = risk.coverage >= LEAST_COVERAGE
        areas = rejection.aurc(known, wrong), rejection.best_aurc(wrong)
        return Curves(thinned(roc.fpr, roc.tpr), thinned(risk.coverage[drawn], risk.risk[drawn]), *areas)

    threshold = rejection.threshold_for(known, refused)
    return Judged(
        known=known,
        unknown=unknown,
        said_known=said,
        said_unknown=answers(score, network.ood, n_samples),
        accuracy=float(1 - wrong.mean()),
        threshold=threshold,
        kept=rejection.keep(known, wrong, unknown, threshold),
        curves=remembered(network, ("rejection", score, n_samples if score.sampled else 0), compute),
    )


def groups(known: np.ndarray, unknown: np.ndarray, threshold: float) -> list[Group]:
    """Examples of what a threshold does to scores (N,) and (M,).

    Of those kept the most certain come first, of those refused the least certain.
    """

    def group(title: str, strange: bool, refused: bool) -> Group:
        values = unknown if strange else known
        order = np.argsort(-values if refused else values, kind="stable")
        members = order[(values[order] > threshold) == refused]
        return Group(title, strange, members[:EXAMPLES], len(members))

    return [
        group("Test images kept", False, False),
        group("Test images refused", False, True),
        group("Unknown classes refused", True, True),
        group("Unknown classes kept: the dangerous ones", True, False),
    ]
