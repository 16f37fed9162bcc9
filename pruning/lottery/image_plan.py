"""An image experiment as steps, one trained network each, that can be kept, shared and resumed.

A step is named by everything that decides its network and by nothing else: all strategies share
one dense network, and every ratio of an iterative chain is a step that the next one starts from.
Nothing heavy is imported here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from pruning.experiment import ImageExperiment
from pruning.lottery.levels import Path, paths
from pruning.options import PrunedLayers, Scope


@dataclass(frozen=True)
class Step:
    """One network to train: the dense one, or that of a level of a chain."""

    levels: tuple[float, ...]  # the ratios on the way to it, its own the last; none for the dense network
    key: str
    parent: str | None  # the key of the network it is pruned from
    fingerprint: str  # of the images

    @property
    def prune_ratio(self) -> float:
        return self.levels[-1] if self.levels else 0.0

    @property
    def name(self) -> str:
        return f"the network pruned at {self.prune_ratio:.3g}" if self.levels else "the dense network"


def steps(experiment: ImageExperiment, ratios: Sequence[float], fingerprint: str) -> list[Step]:
    """Every network on the way to the experiment's own ratio, then all others that `ratios` ask for."""
    own = experiment.prune_ratio
    chains = _paths(experiment, ratios)
    chains.sort(key=lambda path: own not in path.levels)
    found: dict[tuple[float, ...], Step] = {(): _step(experiment, (), fingerprint)}
    for path in chains:
        for end in range(1, len(path.levels) + 1):
            levels = path.levels[:end]
            found.setdefault(levels, _step(experiment, levels, fingerprint))
    return list(found.values())


def results(experiment: ImageExperiment, ratios: Sequence[float], fingerprint: str) -> dict[float, Step]:
    """The step that yields each ratio, in order of the ratio, dense first."""
    own = {0.0: _step(experiment, (), fingerprint)}
    for path in _paths(experiment, ratios):
        for end in path.results:
            own[path.levels[end]] = _step(experiment, path.levels[: end + 1], fingerprint)
    return dict(sorted(own.items()))


def _paths(experiment: ImageExperiment, ratios: Sequence[float]) -> list[Path]:
    wanted = sorted({experiment.prune_ratio, *ratios})
    return paths(experiment.strategy, wanted, experiment.rounds, experiment.round_share)


def _step(experiment: ImageExperiment, levels: tuple[float, ...], fingerprint: str) -> Step:
    parent = _key(experiment, levels[:-1], fingerprint) if levels else None
    return Step(levels, _key(experiment, levels, fingerprint), parent, fingerprint)


@lru_cache(maxsize=4096)  # a page that shows what is stored asks for the same keys again and again
def _key(experiment: ImageExperiment, levels: tuple[float, ...], fingerprint: str) -> str:
    """Everything that decides the network of these levels, and nothing that does not."""
    strategy = experiment.strategy
    plain = ImageExperiment()
    if strategy.start_from != "rewound":
        experiment = replace(experiment, rewind_epoch=plain.rewind_epoch)
    if not levels:
        experiment = replace(
            experiment, strategy=plain.strategy, pruned_layers=PrunedLayers.ALL, scope=plain.scope,
            dropout_rule=plain.dropout_rule,
        )  # fmt: skip
    if not levels or (strategy.mask_from == "chance" and experiment.scope == Scope.LAYER):  # each layer's size is set
        experiment = replace(experiment, criterion=plain.criterion)
    experiment = replace(
        experiment, rounds=0, round_share=0.0, batch_size=experiment.batch_size or experiment.dataset.batch_size
    )
    return json.dumps({"images": json.loads(experiment.key()), "levels": levels, "data": fingerprint}, sort_keys=True)
