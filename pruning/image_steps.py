"""An image experiment as steps, one trained network each, that can be kept, shared and resumed.

A step is named by everything that decides its network and by nothing else: all strategies share
one dense network, and every ratio of an iterative chain is a step that the next one starts from.
Nothing heavy is imported here; a step itself is carried out by `pruning.image_training`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from pruning.experiment import ImageExperiment
from pruning.history import next_history
from pruning.images import NoImages, shown
from pruning.levels import Path, paths
from pruning.options import PrunedLayers, Scope
from pruning.outcome import Network, Outcome
from pruning.progress import StepProgress

Compute = Callable[[], Network]
Keep = Callable[[str, Compute], Network]
"""Takes a step's key and what computes its network; returns the network, from wherever it is kept."""
Call = Callable[..., Network]
"""Calls a function with its arguments and `report`, wherever the work is done."""


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


def run_images(
    experiment: ImageExperiment,
    progress: Callable[[StepProgress | None], None] | None = None,
    *,
    ratios: Sequence[float] | None = None,
    keep: Keep = lambda key, compute: compute(),
    call: Call = lambda function, *arguments, report: function(*arguments, report=report),
) -> Outcome:
    """Train the dense network and those of the experiment's strategy, one after the other.

    `keep` may return a network that is stored already, `call` may carry out the training in
    another process. `progress` is called a few times a second, with None where there is no news,
    and may raise to stop the run.
    Raises `Diverged` if the dense network cannot be trained, `NoImages` where the images are not there.
    """
    images = shown(experiment.dataset)
    wanted = [replace(experiment, prune_ratio=ratio).prune_ratio for ratio in ratios or ()]
    plan = steps(experiment, wanted, images.fingerprint)
    networks: dict[str, Network] = {}
    for number, step in enumerate(plan):

        def report(part: StepProgress | None, number: int = number) -> None:
            if progress:
                progress(part and replace(part, step=number, steps=len(plan)))

        report(StepProgress(0, 0, f"Starting on {step.name}"))
        dense = networks.get(plan[0].key)
        last = networks.get(step.parent or "")
        networks[step.key] = keep(
            step.key,
            lambda step=step, dense=dense, last=last, report=report: call(  # type: ignore[misc]
                train_step, experiment, step, dense, last, report=report
            ),
        )
    asked_for = results(experiment, wanted, images.fingerprint).values()
    return outcome(experiment, [networks[step.key] for step in asked_for])


def outcome(experiment: ImageExperiment, networks: Sequence[Network]) -> Outcome:
    """What there is so far of an experiment, the dense network first."""
    labels = shown(experiment.dataset).test.labels
    return Outcome(experiment, labels, experiment.dataset.n_classes, tuple(networks))


def train_step(
    experiment: ImageExperiment, step: Step, dense: Network | None, last: Network | None, report: Any
) -> Network:
    """Carry out one step, in whatever process: `report` takes a `StepProgress`."""
    from pruning.image_training import train_network  # loads PyTorch

    here = shown(experiment.dataset).fingerprint
    if here != step.fingerprint:
        raise NoImages(
            f"The worker has other {experiment.dataset.label} images than the page ({here} and {step.fingerprint}). "
            "Give both the same files in EXPLORER_DATA."
        )
    network = train_network(experiment, step, dense, last, report)
    if dense is None or last is None:
        return network
    history = next_history(experiment, len(dense.train_loss), last.history, last.kept_epoch, len(network.train_loss))
    return replace(network, history=history)


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
