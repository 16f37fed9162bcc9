"""Methods side by side: what each source of class probabilities makes of one dense and one pruned network.

rows = method_rows({source: Evaluated(outcome) for source, outcome in outcomes.items()})
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from pruning.evaluation.comparison import Comparison
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.memo import remembered
from uncertainty.options import DropoutLayers, Method, Score, Source
from uncertainty.timed import seconds_of

BY_LAYERS = tuple(Source(layers=layers) for layers in DropoutLayers)
"""MC dropout by the layers that drop."""
SOURCES = tuple(Source(method, tempered) for method in Method for tempered in (False, True))


def method_rows(
    seen: Mapping[Source, Evaluated], training: Mapping[Method, Mapping[float, float]] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """A row for the dense and one for the pruned network by each source, in the order in which they are given.

    label of the source, method, tempered, network (dense or pruned); accuracy, nll (nats), brier, ece, uce, of the
    test examples or against the truth, as `seen` has them; ece_floor, uce_floor, what a calibrated network would get
    for these from as many labels, None against the truth; auroc, of predictive entropy for what is out of
    distribution; epistemic, epistemic_ood, mean mutual information in nats, of those examples and of these;
    temperature; passes of a network for one answer, asking, the seconds that one about the test examples took with
    all its samples; trainings for one network, and training, their seconds, by method and prune ratio as they are
    given. Seconds are NaN where nobody knows them.
    """
    return [
        _row(source, name, each, training.get(source.method, {}))
        for source, each in seen.items()
        for name in (("dense", "pruned") if each.outcome.pruned.level else ("dense",))
    ]


def beside(one: Evaluated, other: Evaluated, comparisons: int) -> Comparison:
    """The pruned network by one method against itself by another, corrected for so many `comparisons`."""
    before, after = one.pruned, other.pruned
    make = partial(Comparison, before, after, comparisons)
    return remembered(other.outcome.pruned, ("beside", comparisons, before, after), make)


def _row(source: Source, name: str, seen: Evaluated, training: Mapping[float, float]) -> dict[str, Any]:
    network = seen.outcome.pruned if name == "pruned" else seen.outcome.dense
    evaluation, found = seen.of(network), seen.figures(network)
    floors = (None, None) if seen.is_against_truth else tuple(
        evaluation.floor(quantity).mean for quantity in ("confidence", "uncertainty")
    )  # fmt: skip
    return {
        "label": source.label,
        "method": source.method,
        "tempered": source.tempered,
        "network": name,
        "accuracy": found.accuracy,
        "nll": found.nll,
        "brier": found.brier,
        "ece": found.ece,
        "ece_floor": floors[0],
        "uce": found.uce,
        "uce_floor": floors[1],
        "auroc": seen.detection(network, Score.ENTROPY).auroc,
        "epistemic": found.epistemic_test,
        "epistemic_ood": found.epistemic_ood,
        "temperature": network.test.temperature,
        "passes": passes(source.method, seen.n_samples),
        "asking": seconds_of(network.test),
        "trainings": source.method.trainings,
        "training": training.get(network.prune_ratio, math.nan),
    }


def passes(method: Method, n_samples: int) -> int:
    """Passes of a network that one answer takes; of a linearised one, three for every draw (value and derivative).

    The draws of the last layer share one pass through what lies before it.

    >>> passes(Method.MC_DROPOUT, 50), passes(Method.LAST_LAYER, 50), passes(Method.SURVIVORS, 50)
    (50, 1, 151)
    """
    if method == Method.SURVIVORS:
        return 1 + 3 * n_samples
    return 1 if method == Method.LAST_LAYER else method.samples(n_samples)
