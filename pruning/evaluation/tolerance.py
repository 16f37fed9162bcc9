"""The largest prune ratio that loses little accuracy, as far as the examples can promise it.

    largest = tolerance(seen, tolerated=0.02)
    largest.tolerable, largest.bound

Test labels give a binomial bound; against the truth the accuracy lost at a fresh point is a number in [−1, 1], the
posterior of the dense network's answer less that of the pruned one's, whose mean has a bound of its own.
"""

from __future__ import annotations

import numpy as np

from pruning.evaluation.evaluated import Evaluated
from uncertainty.bounded import mean_bound
from uncertainty.estimate import CONFIDENCE
from uncertainty.tolerance import Tolerance, largest_tolerable


def tolerance(seen: Evaluated, tolerated: float = 0.02, confidence: float = CONFIDENCE) -> Tolerance | None:
    """How much may be pruned, of the networks as they were trained; None where there is no pruned one yet.

    Ratios are tested in rising order until one fails, as in `uncertainty.tolerance.largest_tolerable`, so that the
    confidence holds for the ratio that is named.
    """
    dense, *pruned = seen.outcome.networks
    if not pruned:
        return None
    ratios = [network.prune_ratio for network in pruned]
    right = np.stack([seen.of(network).right for network in pruned])
    if not seen.is_against_truth:
        return largest_tolerable(
            ratios, seen.of(dense).right > 0, right > 0, tolerated=tolerated, confidence=confidence
        )
    lost = seen.of(dense).right - right
    bound = np.array([mean_bound(values, -1, 1, confidence=confidence) for values in lost])
    passed = int(np.logical_and.accumulate(bound <= tolerated).sum())
    return Tolerance(tuple(ratios), lost.mean(axis=1), bound, ratios[passed - 1] if passed else None)
