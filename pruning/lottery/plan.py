"""A run as batches of networks that train together, each network by a key of its own.

A network is named by everything that decides it and by nothing else: all strategies share one dense
network, and every ratio of an iterative chain is a step that the next one starts from.
Nothing heavy is imported here; a batch is carried out by `pruning.lottery.engine`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from itertools import chain as joined
from itertools import zip_longest
from typing import Any

from pruning.code_version import code_version
from pruning.data.task import Task
from pruning.experiment import CONFIGURATIONS, ImageExperiment, Recipe
from pruning.lottery.levels import Path, paths
from pruning.options import Part, Scope
from uncertainty.options import Source

ASKING = "pruning.lottery.asking"
SHOWN = (Part.TEST, Part.OOD, Part.VALIDATION)
"""What every network is asked about as soon as it is trained."""


@dataclass(frozen=True)
class Step:
    """One network to train: the dense one, or that of a level of a chain."""

    experiment: Recipe  # of any prune ratio
    levels: tuple[float, ...]  # the ratios on the way to it, its own the last; none for the dense network
    key: str
    parent: str | None  # the key of the network it is pruned from
    dense: str | None  # the key of the dense network; None for that itself

    @property
    def prune_ratio(self) -> float:
        return self.levels[-1] if self.levels else 0.0

    @property
    def name(self) -> str:
        return f"the network pruned at {self.prune_ratio:.3g}" if self.levels else "the dense network"


@dataclass(frozen=True)
class Batch:
    """Networks that train together: as one stack on points, one at a time on pictures.

    task: that of the first; that of any other step is the one `beside` it. fingerprint, code: of the data and of the
    code that whoever plans has; see `engine.carry_out`.
    """

    steps: tuple[Step, ...]
    task: Task
    fingerprint: str
    code: str

    @property
    def level(self) -> int:
        return len(self.steps[0].levels)


@lru_cache(maxsize=8192)
def answers_key(network: str, source: Source, part: Part) -> str:
    """The key of what a network, named by its own key, says of a part of its task by a source of probabilities."""
    named = {"answers": source.method, "tempered": source.tempered, "layers": source.layers, "part": part}
    answers = {**named, "code": code_version(ASKING), "network": json.loads(network)}
    return json.dumps(answers, sort_keys=True)


def training_code(task: Task) -> str:
    """The version of the code that decides a network of this task, and nothing else."""
    return code_version("pruning.lottery." + task.trainer, without=frozenset({ASKING}))


def worker_code(task: Task) -> str:
    """The version of all code that whoever trains and asks networks of this task must share."""
    return f"{training_code(task)}-{code_version(ASKING)}"


def plan(
    experiments: Sequence[Recipe], ratios: Sequence[float], task: Task, *, own_first: bool = True
) -> list[Batch]:
    """Every network that the experiments need for these ratios and their own, in batches, parents before children.

    The experiments share the kind of their task, and its own points or images. The dense networks come first and,
    with `own_first`, then what leads to the experiments' own ratio: who waits for that waits for no other.
    """
    fingerprint, code = task.fingerprint, worker_code(task)
    dense = [[(_step(each, (), task, fingerprint),)] for each in experiments]
    own: list[list[Sequence[Step]]] = []
    others: list[list[Sequence[Step]]] = []
    for each in experiments:
        first: list[Sequence[Step]] = []
        rest: list[Sequence[Step]] = []
        for chain in _chains(each, ratios, task, fingerprint):
            leads_there = own_first and any(step.prune_ratio == each.prune_ratio for step in chain)
            (first if leads_there else rest).append(chain)
        own.append(first)
        others.append(rest)
    grouped = _together if task.stacked else _one_by_one
    ordered = [steps for wave in (dense, own, others) for steps in grouped(wave)]
    planned: set[str] = set()
    batches = []
    for steps in ordered:
        new = {step.key: step for step in steps if step.key not in planned}
        planned |= new.keys()
        if new:
            batches.append(Batch(tuple(new.values()), task, fingerprint, code))
    return batches


def results(experiment: Recipe, ratios: Sequence[float], task: Task) -> dict[float, Step]:
    """The step that yields each ratio, in order of the ratio, dense first."""
    fingerprint = task.fingerprint
    own = {0.0: _step(experiment, (), task, fingerprint)}
    for path in _paths(experiment, ratios):
        for end in path.results:
            own[path.levels[end]] = _step(experiment, path.levels[: end + 1], task, fingerprint)
    return dict(sorted(own.items()))


def _paths(experiment: Recipe, ratios: Sequence[float]) -> list[Path]:
    wanted = {replace(experiment, prune_ratio=ratio).prune_ratio for ratio in ratios}
    return paths(
        experiment.strategy, sorted({experiment.prune_ratio, *wanted}), experiment.rounds, experiment.round_share
    )


def _chains(experiment: Recipe, ratios: Sequence[float], task: Task, fingerprint: str) -> list[tuple[Step, ...]]:
    """The steps of every path, without the dense network in front."""
    return [
        tuple(_step(experiment, path.levels[:end], task, fingerprint) for end in range(1, len(path.levels) + 1))
        for path in _paths(experiment, ratios)
    ]


def _one_by_one(chains: Sequence[Sequence[Sequence[Step]]]) -> list[list[Step]]:
    """The steps of each experiment's chains, chain by chain, and of that each level of every experiment in turn.

    So the members of an ensemble are all there for one ratio before the next one begins.
    """
    return [
        [step]
        for beside in zip_longest(*chains, fillvalue=())
        for level in zip_longest(*beside)
        for step in level
        if step is not None
    ]


def _together(chains: Sequence[Sequence[Sequence[Step]]]) -> list[list[Step]]:
    """The steps of each experiment's chains, level by level, as stacks."""
    grouped: dict[tuple[Any, ...], list[Step]] = {}
    for chain in joined.from_iterable(chains):
        for level, step in enumerate(chain):
            grouped.setdefault((level, *_shared(step)), []).append(step)
    return [grouped[key] for key in sorted(grouped, key=lambda key: key[0])]


def _shared(step: Step) -> tuple[Any, ...]:
    """What the networks of one stack have in common: layers, how long and how fast they learn, from how much."""
    chosen = step.experiment
    learns = chosen.strategy.retrain or not step.levels
    sizes = tuple((name, getattr(chosen, name)) for name in ("dataset", "points", "hidden") if hasattr(chosen, name))
    return (
        learns,
        chosen.learning_rate,
        chosen.patience,
        chosen.max_epochs,
        chosen.dropout,
        chosen.rewind_epoch,
        sizes,
    )


def _step(experiment: Recipe, levels: tuple[float, ...], task: Task, fingerprint: str) -> Step:
    plain = _of_any_ratio(experiment)

    def key(levels: tuple[float, ...]) -> str:
        return _key(plain, levels, fingerprint, task.undecided, training_code(task))

    parent, dense = (key(levels[:-1]), key(())) if levels else (None, None)
    return Step(plain, levels, key(levels), parent, dense)


@lru_cache(maxsize=256)
def _of_any_ratio(experiment: Recipe) -> Recipe:
    return replace(experiment, prune_ratio=0.0)


@lru_cache(maxsize=8192)  # a page that shows what is stored asks for the same keys again and again
def _key(
    experiment: Recipe, levels: tuple[float, ...], fingerprint: str, undecided: frozenset[str], code: str
) -> str:
    """Everything that decides the network of these levels, and nothing that does not."""
    idle = {"prune_ratio", "rounds", "round_share", *undecided}  # rounds count by the levels that they lead to
    if not levels:
        idle.update(CONFIGURATIONS["pruning"])
    elif experiment.strategy.mask_from == "chance" and experiment.scope == Scope.LAYER:  # each layer's size is set
        idle.add("criterion")
    values = {name: value for name, value in asdict(experiment).items() if name not in idle}
    if experiment.strategy.start_from != "rewound":
        values["rewind_epoch"] = 0  # nothing is; so the dense network is that of whoever rewinds to the start
    if isinstance(experiment, ImageExperiment):
        values["batch_size"] = experiment.batch_size or experiment.dataset.batch_size
    named = {"network": values, "levels": levels, "data": fingerprint, "code": code}
    return json.dumps(named, sort_keys=True)
