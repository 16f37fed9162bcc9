"""An outcome as it is evaluated: every network alike, what is asked of one network kept as long as it is in memory.

seen = Evaluated(run(ImageExperiment(dataset="digits", prune_ratio=0.8)), n_samples=50)
seen.pruned.ece, seen.comparison.accuracy.difference, seen.detection(seen.outcome.pruned, Score.ENTROPY).auroc
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import numpy as np

from pruning.evaluation.calibration import Evaluation
from pruning.evaluation.comparison import Comparison
from pruning.evaluation.detection import Detection
from pruning.evaluation.memo import remembered
from pruning.evaluation.metrics import Figures, figures
from pruning.evaluation.sets import PredictionSets
from pruning.outcome import Network, Outcome, PlaneOutcome
from uncertainty.calibration import Binning
from uncertainty.conformal import SetScore
from uncertainty.estimate import Estimate
from uncertainty.options import Method, Score
from uncertainty.paired import Difference

T = TypeVar("T")


@dataclass(frozen=True)
class OverRatios:
    """Every ratio against its reference, by ratio, corrected for how many are looked at."""

    accuracy: Mapping[float, Difference]
    ece: Mapping[float, Difference]
    gaps: Mapping[float, Estimate]  # signed, of each network, the dense one among them


@dataclass(frozen=True, eq=False)
class Evaluated:
    """The networks of an outcome, each held against what the outcome has for labels.

    They are compared with a reference: the dense network, or the network of an `other` outcome at the same prune
    ratio. That is of another strategy, say, on the same examples; it may still lack ratios.
    Whatever is asked of it raises ValueError where `n_samples` is no number of samples that predictions are kept for.
    """

    outcome: Outcome
    n_samples: int = 50  # of its source, 0 for a single pass
    n_bins: int = 15
    binning: Binning = "width"  # of reliability diagrams; ECE and UCE have bins of equal width
    other: Outcome | None = None  # whose networks take the place of the dense one

    @property
    def dense(self) -> Evaluation:
        return self.of(self.outcome.dense)

    @property
    def pruned(self) -> Evaluation:
        """That of the network of the experiment's own prune ratio, as changed by hand if it was."""
        return self.of(self.outcome.pruned)

    @property
    def reference(self) -> Evaluation:
        """That of what the pruned network is compared with."""
        return self.of(self.pair[0])

    @property
    def pair(self) -> tuple[Network, Network]:
        """The reference and the pruned network."""
        return rival(self.outcome, self.other) or self.outcome.dense, self.outcome.pruned

    @property
    def single_pass(self) -> Evaluated:
        """The same with dropout off. Of it there are neither figures nor samples that disagree."""
        return replace(self, n_samples=0)

    @property
    def is_against_truth(self) -> bool:
        """Whether the outcome has the truth in place of labels: see `on_fresh_points`."""
        return self.outcome.test_labels.ndim == 2

    def remembered(self, what: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` once returned about these networks and this question (hashable).

        It is kept as long as the pruned network is in memory, or the dense one while that is all there is.
        """
        outcome, other = self.outcome, self.other
        of = outcome.pruned if outcome.has(outcome.experiment.prune_ratio) else outcome.dense
        networks = (of, *outcome.networks, *(other.networks if other else ()))
        numbers = tuple(self.of(network).number for network in networks)
        key = (what, self.binning, outcome.experiment, other and other.experiment, numbers)
        return remembered(of, key, compute)

    def of(self, network: Network) -> Evaluation:
        """One network of the outcome."""
        truth = self.outcome.test_labels

        def make() -> Evaluation:
            return Evaluation(network.test, truth, self.n_samples, self.n_bins)

        key = ("evaluation", self.n_samples, self.n_bins)
        return _kept(network, key, make, lambda found: _same(found.truth, truth))

    def figures(self, network: Network) -> Figures:
        """All figures of one network of the outcome."""
        compute = partial(figures, self.outcome, network, self.n_samples, self.n_bins)
        return remembered(self.of(network), "figures", compute)

    @property
    def comparison(self) -> Comparison:
        """The pruned network against its reference."""
        return self.against(*self.pair)

    def against(self, reference: Network, network: Network, comparisons: int = 1) -> Comparison:
        """One network against another one of the same examples, corrected for so many `comparisons`."""
        before, after = self.of(reference), self.of(network)

        def fits(found: Comparison) -> bool:
            return found.after is after

        # An evaluation knows no network: two networks that are held against each other hold nobody for ever.
        key = ("comparison", comparisons, before)
        return _kept(network, key, lambda: Comparison(before, after, comparisons), fits)

    @property
    def references(self) -> dict[float, tuple[Network, Network]]:
        """Every pruned network that there is so far, by its ratio, behind its reference, as far as that is there."""
        dense, *pruned = self.outcome.networks
        if self.other is None:
            return {each.prune_ratio: (dense, each) for each in pruned}
        theirs = {each.prune_ratio: each for each in self.other.networks}
        return {each.prune_ratio: (theirs[each.prune_ratio], each) for each in pruned if each.prune_ratio in theirs}

    @property
    def over_ratios(self) -> OverRatios:
        """Accuracy and ECE of every ratio that is there so far against its reference, and the signed gaps."""
        networks, pairs = self.outcome.networks, self.references
        found = {ratio: self.against(*pair, len(pairs)) for ratio, pair in pairs.items()}
        return OverRatios(
            accuracy={ratio: each.accuracy.difference for ratio, each in found.items()},
            ece={ratio: each.ece.difference for ratio, each in found.items()},
            gaps={each.prune_ratio: self.of(each).gap(len(networks)) for each in networks},
        )

    def sets(self, network: Network, alpha: float, score: SetScore = SetScore.LAC) -> PredictionSets:
        """The prediction sets of one network of the outcome: see `PredictionSets.of`, and what it raises."""
        truth = self.outcome.test_labels

        def make() -> PredictionSets:
            return PredictionSets.of(self.outcome, network, self.n_samples, alpha, score)

        return _kept(network, ("sets", alpha, score, self.n_samples), make, lambda found: _same(found.truth, truth))

    def can_detect(self, score: Score) -> bool:
        """Whether a score means anything: mutual information needs samples that can disagree."""
        by_dropout = self.outcome.source.method == Method.MC_DROPOUT
        can_disagree = self.n_samples > 1 and (self.outcome.experiment.dropout > 0 or not by_dropout)
        return score != Score.INFORMATION or can_disagree

    def detection(self, network: Network, score: Score) -> Detection:
        """How a score of one network of the outcome tells unknown from known examples."""
        samples, labels = self.n_samples if score.sampled else 0, self.outcome.test_labels

        def make() -> Detection:
            return Detection(score, network.test, network.ood, labels, samples)

        return _kept(network, ("detection", score, samples), make, lambda found: _same(found.labels, labels))

    def aurocs(self, score: Score) -> dict[float, float]:
        """The AUROC of a score at every prune ratio that is there so far."""
        return {each.prune_ratio: self.detection(each, score).auroc for each in self.outcome.networks}

    def others_aurocs(self, score: Score) -> dict[float, float] | None:
        """The same of the other outcome, without its networks that have learned nothing; None where there is none."""
        if self.other is None:
            return None
        there = [each for each in self.other.networks if each.trained]
        return {each.prune_ratio: self.detection(each, score).auroc for each in there}

    def auroc_gain(self, score: Score) -> Difference:
        """What the pruned network's AUROC gains on its reference's."""
        return self._gain(score, *self.pair, 1)

    def auroc_gains(self, score: Score, comparisons: int | None = None) -> dict[float, Difference]:
        """What each ratio's AUROC gains on its reference's, corrected for all ratios or for so many."""
        pairs = self.references
        return {ratio: self._gain(score, *pair, comparisons or len(pairs)) for ratio, pair in pairs.items()}

    def _gain(self, score: Score, reference: Network, network: Network, comparisons: int) -> Difference:
        ours, theirs = self.detection(network, score), self.detection(reference, score)
        # A detection knows no network either, see `against`.
        return remembered(network, ("auroc gain", comparisons, theirs), lambda: ours.gain(theirs, comparisons))


def rival(outcome: Outcome, other: Outcome | None) -> Network | None:
    """The network of another outcome that the pruned one is compared with; None until it is there.

    Where nothing is pruned there is none either: both outcomes have the dense network there.
    """
    ratio = outcome.experiment.prune_ratio
    return other.at(ratio) if other and ratio and other.has(ratio) else None


def on_fresh_points(outcome: PlaneOutcome) -> PlaneOutcome:
    """The outcome with its fresh points for test examples, and the posterior there (N, C) in place of labels.

    While networks still come in, those that have not been asked about the fresh points are left out. Where there is
    no truth to be had, or the dense network has not been asked yet, it is the outcome itself.
    """
    if outcome.fresh is None or outcome.dense.fresh is None:
        return outcome
    networks = tuple(_asked_fresh(network) for network in outcome.networks if network.fresh is not None)
    by_hand = outcome.by_hand and _asked_fresh(outcome.by_hand)
    return replace(outcome, test_labels=outcome.fresh.posterior, networks=networks, by_hand=by_hand, fresh=None)


def _asked_fresh(network: Network) -> Network:
    """Always the same one, so that what is worked out of it is remembered."""
    assert network.fresh is not None
    fresh = network.fresh
    return remembered(network, "against the truth", lambda: replace(network, test=fresh, fresh=None))


def _kept(of: Network, what: Hashable, make: Callable[[], T], fits: Callable[[T], bool]) -> T:
    """What was made before for this network, unless it was made of other labels."""
    found = remembered(of, what, make)
    return found if fits(found) else make()


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return one is other or np.array_equal(one, other)
