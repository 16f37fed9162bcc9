"""Rows of a table: every network of an outcome with all its figures as plain numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import flat
from pruning.options import Strategy
from pruning.outcome import Outcome
from uncertainty.options import Score

N_SAMPLES = 50
DENSE = "dense"
"""What stands for the strategy in the rows of networks that nothing is removed from."""


def rows(outcome: Outcome, ratios: Iterable[float]) -> list[dict[str, Any]]:
    """A row for every network of an outcome at these ratios, and for the dense one, whose strategy is `DENSE`.

    Measured with `N_SAMPLES` samples of its source, or as many as there are.
    strategy, prune_ratio, seed, data_seed, level; every figure under its name as `metrics.flat` gives them, those
    against the truth with the prefix `truth_`; `ece_floor` and `uce_floor`, what a calibrated network would get for
    these from as many labels; `auroc`, of predictive entropy for what is out of distribution;
    `trained`, whether the network has left chance; `winning`, whether it is a winning ticket: see `wins`;
    `stop_compares`, whether its early-stop epoch can be held against the dense network's (like with like).
    """
    seen, experiment = Evaluated(outcome, outcome.source.method.samples(N_SAMPLES)), outcome.experiment
    dense, wanted = flat(seen.figures(outcome.dense)), {0.0, *ratios}
    found = []
    for network in outcome.networks:
        if network.prune_ratio not in wanted:
            continue
        figures = flat(seen.figures(network))
        found.append(
            {
                "strategy": experiment.strategy.value if network.level else DENSE,
                "prune_ratio": network.prune_ratio,
                "seed": experiment.seed,
                "data_seed": getattr(experiment, "data_seed", None),
                "level": network.level,
                "trained": network.trained,
                "ece_floor": seen.of(network).floor().mean,
                "uce_floor": seen.of(network).floor("uncertainty").mean,
                "auroc": seen.detection(network, Score.ENTROPY).auroc,
                "stop_compares": network.level > 0 and network.stop_compares_with(outcome.dense),
                "winning": network.level > 0 and wins(figures, dense, experiment.strategy),
                **figures,
            }
        )
    return found


def wins(figures: Mapping[str, Any], dense: Mapping[str, Any], strategy: Strategy) -> bool:
    """Whether a network is a winning ticket: from rewound weights as accurate as the dense one, in as many epochs.

    Frankle & Carbin 2019, section 1. The accuracy is that against the truth, where that is known.
    """
    accuracy = "truth_accuracy" if "truth_accuracy" in dense else "accuracy"
    epochs = figures["early_stop_epoch"]
    as_soon = epochs is not None and epochs <= dense["early_stop_epoch"]
    return bool(strategy.start_from == "rewound" and as_soon and figures[accuracy] >= dense[accuracy])
