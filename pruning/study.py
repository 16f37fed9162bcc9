"""Study: several strategies at many prune ratios over many seeds, one row a network, and a verdict over the seeds.

study = Study(Experiment(hidden=(30,)), strategies=("one_shot", "random_mask"), seeds=range(10))
table = run_study(study)
for found in verdicts(table, "truth_ece", against="dense"): print(found.line, found.prune_ratio, found.verdict)
by_method = replace(study, variants=by_methods([Source("single_pass"), Source("ensemble", tempered=True)]))
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pruning.code_version import code_version
from pruning.data.task_of import task_of
from pruning.evaluation.rows import DENSE, rows
from pruning.experiment import RATIOS, Experiment, Recipe
from pruning.lottery.engine import Call, InMemory, Kept, Run, here
from pruning.lottery.engine import outcome as kept_outcome
from pruning.lottery.members import members
from pruning.lottery.plan import plan, worker_code
from pruning.lottery.progress import Diverged, Progress
from pruning.lottery.whole import has_all
from pruning.options import Strategy
from pruning.outcome import Outcome
from uncertainty import verdict
from uncertainty.estimate import mean_estimate
from uncertainty.options import MC_DROPOUT, Source
from uncertainty.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

SEEDS = tuple(range(10))
MOST_SEEDS = 1000
SEEDS_TOGETHER = 3  # at most in one stack; what a killed process was at is lost
NETWORKS_TOGETHER = 120  # more train no faster each, and a process holds all of a stack with their answers
STOP = "early_stop_epoch"
MEASURED_BY = ("pruning.evaluation.rows", "pruning.inspect.training_gap")


OF_SOURCE = tuple(each.name for each in fields(Source))


@dataclass(frozen=True)
class Variant:
    """Fields of an experiment, or of the source of its class probabilities, that are to be otherwise than in a study.

    method, tempered: see `uncertainty.options.Source`.
    """

    name: str
    changes: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, name: str, **changes: Any) -> Variant:
        """`Variant.of("Taylor", criterion="taylor")`."""
        return cls(name, tuple(changes.items()))

    @property
    def of_experiment(self) -> dict[str, Any]:
        """What is otherwise in how networks are trained and pruned; of others the networks are the same."""
        return {name: value for name, value in self.changes if name not in OF_SOURCE}

    @property
    def of_source(self) -> dict[str, Any]:
        """What is otherwise in how they are asked."""
        return {name: value for name, value in self.changes if name in OF_SOURCE}


BASE = Variant("")


def by_methods(sources: Iterable[Source]) -> tuple[Variant, ...]:
    """A variant for each source of class probabilities, by its label: the same networks, asked in several ways."""
    return tuple(Variant.of(source.label, **asdict(source)) for source in sources)


@dataclass(frozen=True)
class Study:
    """What is to be compared: every strategy at every prune ratio with every seed, all else as `base` says.

    With `variants` every strategy is run in every variant, each with dense networks of its own where these differ.
    With `own_data` every seed draws points of its own, for one test set is the largest error of all: the data seed is
    that of `base` plus the seed. Images are the same for all seeds. `source` is where class probabilities come from,
    unless a variant says otherwise. Raises ValueError, naming the value and what is
    legal, for what no experiment may have, for nothing at all, and for what is named twice.
    """

    base: Recipe = Experiment()  # noqa: RUF009 (it is frozen)
    strategies: tuple[Strategy, ...] = tuple(Strategy)  # by name, too
    ratios: tuple[float, ...] = RATIOS[1:]
    seeds: tuple[int, ...] = SEEDS
    own_data: bool = True
    variants: tuple[Variant, ...] = (BASE,)
    source: Source = MC_DROPOUT

    def __post_init__(self) -> None:
        plain = replace(self.base, prune_ratio=0.0)
        normal = {
            "strategies": tuple(replace(plain, strategy=each).strategy for each in self.strategies),
            "ratios": tuple(sorted(replace(plain, prune_ratio=ratio).prune_ratio for ratio in self.ratios)),
            "seeds": tuple(replace(plain, seed=seed).seed for seed in self.seeds),
            "variants": tuple(self._normal(variant) for variant in self.variants),
            "base": plain,
        }
        for name, values in normal.items():
            object.__setattr__(self, name, values)
        for name in ("strategies", "ratios", "seeds"):
            _check_each_once(name, getattr(self, name))
        _check_each_once("variants", tuple(variant.name for variant in self.variants))
        if len(self.seeds) > MOST_SEEDS:
            raise ValueError(f"there are {len(self.seeds)} seeds; at most {MOST_SEEDS} are run")

    def _normal(self, variant: Variant) -> Variant:
        legal = [each.name for each in fields(self.base) if each.name not in ("strategy", "prune_ratio", "seed")]
        for name, _ in variant.changes:
            if name not in (*legal, *OF_SOURCE):
                legal += OF_SOURCE
                raise ValueError(f"variant {variant.name!r} changes {name!r}; it may change: {', '.join(legal)}")
        trained, asked = replace(self.base, **variant.of_experiment), self.source_of(variant)
        normal = {name: getattr(asked if name in OF_SOURCE else trained, name) for name, _ in variant.changes}
        return Variant.of(variant.name, **normal)

    @property
    def key(self) -> str:
        """Canonical JSON of everything that decides the table."""
        said = asdict(self) | {"kind": type(self.base).__name__}
        if self.source == MC_DROPOUT:  # as it was before there were others
            del said["source"]
        return json.dumps(said, sort_keys=True)

    def source_of(self, variant: Variant = BASE) -> Source:
        """Where class probabilities come from in a variant."""
        return replace(self.source, **variant.of_source)

    def run(self, strategy: Strategy, seed: int, variant: Variant = BASE, prune_ratio: float | None = None) -> Recipe:
        """One run of the study, as the explorer pages show it; without a ratio at the largest."""
        ratio = self.ratios[-1] if prune_ratio is None else prune_ratio
        chosen = replace(self.base, seed=seed, strategy=strategy, prune_ratio=ratio, **variant.of_experiment)
        if self.own_data and isinstance(chosen, Experiment):
            return replace(chosen, data_seed=chosen.data_seed + chosen.seed)
        return chosen

    @property
    def of_points(self) -> bool:
        """Whether its networks are small ones on points of the plane, which train together."""
        return isinstance(self.base, Experiment)

    @property
    def pruned_networks(self) -> int:
        """How many different networks are pruned for it, those of the other members of ensembles among them."""
        asked = {(each, self.source_of(variant).method) for shard in self.shards() for variant, each in shard}
        return len({member for each in asked for member in members(*each)}) * len(self.ratios)

    @property
    def n_runs(self) -> int:
        """How many runs it has: every strategy with every seed in every variant."""
        return len(self.variants) * len(self.strategies) * len(self.seeds)

    def shards(self) -> list[list[tuple[Variant, Recipe]]]:
        """Every run with its variant, as many seeds as train well together; the first alone, to be soon there.

        Variants that ask the same networks in several ways are one after the other in the same shard.
        """
        members = max(self.source_of(variant).method.trainings for variant in self.variants)
        few = NETWORKS_TOGETHER // (len(self.strategies) * len(self.ratios) * members)
        together = max(1, min(SEEDS_TOGETHER, few)) if self.of_points else 1
        rest = self.seeds[1:]
        parts = [self.seeds[:1], *(rest[at : at + together] for at in range(0, len(rest), together))]
        alike: dict[str, list[Variant]] = {}
        for variant in self.variants:
            alike.setdefault(repr(variant.of_experiment), []).append(variant)
        return [
            [
                (variant, self.run(strategy, seed, variant))
                for variant in variants
                for seed in seeds
                for strategy in self.strategies
            ]
            for seeds in parts
            for variants in alike.values()
        ]


def _check_each_once(name: str, values: Sequence[Any]) -> None:
    if not values:
        raise ValueError(f"{name} is empty; at least one is needed")
    if twice := sorted({str(value) for value in values if values.count(value) > 1}):
        raise ValueError(f"{name} names {', '.join(twice)} more than once; each may stand there once")


@dataclass(frozen=True)
class StudyProgress:
    """How far a study is: `done` of `total` networks, so many `parts` of it measured."""

    done: int
    total: int
    message: str
    parts: int = 0


Rows = list[dict[str, Any]] | str
"""What has come of a run: its rows; or why it has none, as a sentence."""

Told = Callable[[Collection[str], str], Any]
"""Takes the keys of networks that are there, and a message; may raise."""


def run_study(
    study: Study,
    progress: Callable[[StudyProgress], Any] | None = None,
    *,
    kept: Kept | None = None,
    call: Call = here,
    at_once: int = 1,
    part: Callable[[Study, int, Told], dict[str, Rows]] | None = None,
) -> pd.DataFrame:
    """Train what the study needs, and measure it: a row for every network, see `pruning.evaluation.rows`.

    Before the figures stand `variant`, `line`, which names strategy and variant together, `method` and `tempered`,
    whose class probabilities are measured; behind them
    `training_gap`, see `pruning.inspect.training_gap`. `kept` may hold networks
    already, which are not trained again: strategies share their dense networks. `call` may carry out the training
    elsewhere, `at_once` parts of the study side by side; or `part` carries out whole ones elsewhere: see `run_part`.
    A run whose dense network cannot be trained has no rows; why not stands in `table.attrs["failed"]`, by line and
    seed. Raises what `progress` raises.
    """
    store = InMemory() if kept is None else kept
    run = part or (lambda study, number, told: run_part(study, number, store, told, call))
    counter = _Counter(study, progress)

    def carried_out(number: int) -> None:
        found = run(study, number, counter.count)
        store.fetch_all(found, lambda keys: found)  # whatever may have become of what was kept elsewhere
        counter.parts += 1
        counter.count(_keys(study.shards()[number], study), "Measured")

    pool = ThreadPoolExecutor(max(1, at_once), thread_name_prefix="study")
    try:
        for _ in pool.map(carried_out, range(len(study.shards()))):
            pass
    except BaseException:
        counter.stopped = True
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    return so_far(study, store)


def run_part(study: Study, number: int, kept: Kept, told: Told, call: Call = here) -> dict[str, Rows]:
    """Have the runs of one of the study's shards trained and measured, as far as they are not; by `rows_key`."""
    return _carried_out(study.shards()[number], study, kept, told, call)


def _carried_out(
    shard: Sequence[tuple[Variant, Recipe]], study: Study, kept: Kept, told: Told, call: Call
) -> dict[str, Rows]:
    keys = [_rows_key(study, variant, experiment) for variant, experiment in shard]
    there: dict[str, Rows] = {key: found for key in keys if (found := kept.get(key)) is not None}
    missing = [each for each, key in zip(shard, keys, strict=True) if key not in there]
    for source, experiments in _by_source(study, missing):
        there |= _asked(experiments, source, study, kept, told, call)
    return there


def _by_source(study: Study, runs: Iterable[tuple[Variant, Recipe]]) -> Iterator[tuple[Source, list[Recipe]]]:
    """Runs that train and are asked together: those of one source; of ensembles each alone, being a stack itself."""
    found: dict[Source, list[Recipe]] = {}
    for variant, experiment in runs:
        found.setdefault(study.source_of(variant), []).append(experiment)
    for source, experiments in found.items():
        if source.method.trainings > 1:
            yield from ((source, [experiment]) for experiment in experiments)
        else:
            yield source, experiments


def _asked(
    experiments: Sequence[Recipe], source: Source, study: Study, kept: Kept, told: Told, call: Call
) -> dict[str, Rows]:
    there: dict[str, Rows] = {}
    try:
        outcomes = _trained(experiments, source, study, kept, call, told)
    except Diverged as error:
        if len(experiments) > 1:  # the others are not to blame
            for each in experiments:
                there |= _asked([each], source, study, kept, told, call)
            return there
        key, reason = rows_key(experiments[0], study.ratios, source), str(error)
        return kept.fetch_all([key], lambda keys: {key: reason})
    for outcome in outcomes:
        key = rows_key(outcome.experiment, study.ratios, source)
        there |= kept.fetch_all([key], partial(_measured, outcome, study))
    return there


def so_far(study: Study, kept: Kept) -> pd.DataFrame:
    """The table of what has been measured of a study, in the order of variants, strategies, ratios and seeds.

    `attrs["failed"]`: see `run_study`.
    """
    import pandas as pd

    found: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for variant, experiment in (each for shard in study.shards() for each in shard):
        came = kept.get(_rows_key(study, variant, experiment))
        if isinstance(came, str):
            failed[f"{_line(experiment.strategy.value, variant)}, seed {experiment.seed}"] = came
            continue
        source = study.source_of(variant)
        asked = {"method": source.method.value, "tempered": source.tempered}
        for row in came or ():
            found.append({"variant": variant.name, "line": _line(row["strategy"], variant), **asked, **row})
    names = [variant.name for variant in study.variants]
    strategies = [DENSE, *(each.value for each in study.strategies)]
    found.sort(key=lambda row: (names.index(row["variant"]), strategies.index(row["strategy"]), row["prune_ratio"]))
    columns = None if found else ["variant", "line", "method", "tempered", "strategy", "prune_ratio", "seed"]
    table = pd.DataFrame(found, columns=columns)
    table = table.drop_duplicates(["line", "prune_ratio", "seed"], ignore_index=True)  # dense, of each strategy
    table.attrs["failed"] = failed
    return table


def gather(study: Study, kept: Kept, most: int = MOST_SEEDS) -> int:
    """Have runs measured whose networks are all kept, whoever has trained them, `most` at a time; how many were.

    Nothing is trained for it. The table is that of `so_far`.
    """
    measured = 0
    for variant, experiment in (each for shard in study.shards() for each in shard):
        key, source = _rows_key(study, variant, experiment), study.source_of(variant)
        if measured == most or kept.get(key) is not None:
            continue
        task = task_of(experiment)
        found = kept_outcome(experiment, study.ratios, task, kept.get, source)
        if found is not None and has_all(found, task, study.ratios):
            kept.fetch_all([key], partial(_measured, found, study))
            measured += 1
    return measured


def runs_missing(study: Study, kept: Kept) -> int:
    """How many runs, a strategy with a seed in a variant each, have not been measured."""
    return sum(not is_there for is_there in _measured_runs(study, kept))


def is_whole(study: Study, kept: Kept) -> bool:
    """Whether every run has been measured, or is known not to be trainable; as soon known as one is not."""
    return all(_measured_runs(study, kept))


def _measured_runs(study: Study, kept: Kept) -> Iterator[bool]:
    """Of one run after the other, whether it has been measured or is known not to be trainable."""
    for shard in study.shards():
        yield from (kept.get(_rows_key(study, *each)) is not None for each in shard)


def _trained(
    experiments: Sequence[Recipe], source: Source, study: Study, kept: Kept, call: Call, told: Told
) -> list[Outcome]:
    def heard(news: Progress | None) -> None:
        told(run.done, news.message if news else "")

    task = task_of(experiments[0])
    run = Run(experiments, study.ratios, task, kept, call, heard, own_first=False, source=source)
    run.train()
    return run.outcomes()


def _measured(outcome: Outcome, study: Study, keys: Collection[str]) -> dict[str, Any]:
    from pruning.inspect.training_gap import training_gap  # PyTorch, which a table that is there can do without

    found = rows(outcome, study.ratios)
    for row in found:
        row["training_gap"] = training_gap(outcome, outcome.at(row["prune_ratio"]))
    return dict.fromkeys(keys, found)


def _rows_key(study: Study, variant: Variant, experiment: Recipe) -> str:
    return rows_key(experiment, study.ratios, study.source_of(variant))


def rows_key(experiment: Recipe, ratios: Sequence[float], source: Source = MC_DROPOUT) -> str:
    """The key of the rows of a run at these ratios by a source: everything that decides them."""
    task = task_of(experiment)
    code = f"{worker_code(task)}-{code_version(*MEASURED_BY)}"
    named = {"rows": json.loads(experiment.key()), "ratios": ratios, "data": task.fingerprint, "code": code}
    asked = {} if source == MC_DROPOUT else {"asked by": asdict(source)}
    return json.dumps(named | asked, sort_keys=True)


class _Stopped(Exception):
    """Ends the other parts of a study that has ended."""


class _Counter:
    """Counts networks once, whichever part of a study has brought them; one part at a time tells of it."""

    def __init__(self, study: Study, progress: Callable[[StudyProgress], Any] | None) -> None:
        self.progress, self.done, self.lock, self.message = progress, set[str](), threading.Lock(), "Starting"
        self.stopped, self.parts = False, 0
        self.total = len(set[str]().union(*(_keys(shard, study) for shard in study.shards()))) if progress else 0

    def count(self, done: Collection[str], message: str) -> None:
        """Raises `_Stopped` once another part has failed, or whoever waits has been interrupted."""
        if self.stopped:
            raise _Stopped
        if self.progress:
            with self.lock:
                self.done.update(done)
                self.message = message or self.message
                self.progress(StudyProgress(len(self.done), self.total, self.message, self.parts))


def _keys(shard: Sequence[tuple[Variant, Recipe]], study: Study) -> set[str]:
    """Those of the networks that these runs need, the other members of ensembles among them."""
    experiments = list(
        dict.fromkeys(member for variant, each in shard for member in members(each, study.source_of(variant).method))
    )
    return {step.key for batch in plan(experiments, study.ratios, task_of(experiments[0])) for step in batch.steps}


def _line(strategy: str, variant: Variant) -> str:
    return f"{strategy}, {variant.name}" if variant.name else strategy


@dataclass(frozen=True)
class Finding:
    """What the seeds say of one line, a strategy in a variant, at one prune ratio, in one figure."""

    line: str
    prune_ratio: float
    verdict: Verdict


def verdicts(table: pd.DataFrame, figure: str, against: str = DENSE) -> list[Finding]:
    """Every line at every prune ratio against the dense network, or `against` another line at that ratio.

    table: see `run_study`. Runs of the same seed are compared, those of a variant with the dense networks of that
    variant, and all that is compared here is corrected together: see `uncertainty.verdict.verdicts`. Early-stop
    epochs are held against the dense network's only where they count from the same start. Raises ValueError for a
    figure or a line that the table has not.
    """
    names = [str(name) for name, kind in table.dtypes.items() if kind.kind in "fiub"]
    if figure not in names:
        raise ValueError(f"figure is {figure!r}; it must be one of: {', '.join(names)}")
    lines = dict(zip(table.line, table.variant, strict=True))
    legal = [DENSE, *(line for line in lines if not line.startswith(DENSE))]
    if against not in legal:
        raise ValueError(f"against is {against!r}; it must be one of: {', '.join(legal)}")
    values = table[figure].astype(float)
    if figure == STOP and against == DENSE:
        values = values.where(table.stop_compares | (table.strategy == DENSE))
    by_seed = table.assign(value=values).pivot(index=["line", "prune_ratio"], columns="seed", values="value")
    pairs = [
        (line, ratio)
        for line in legal[1:]
        if line != against
        for ratio in sorted(set(table.prune_ratio[table.line == line]))
    ]
    if not pairs:
        return []
    dense = [(_line(DENSE, Variant(lines[line])), 0.0) for line, _ in pairs]
    references = dense if against == DENSE else [(against, ratio) for _, ratio in pairs]
    changes = by_seed.reindex(pairs).to_numpy() - by_seed.reindex(references).to_numpy()
    found = verdict.verdicts(np.zeros(by_seed.shape[1]), changes)
    return [Finding(*pair, each) for pair, each in zip(pairs, found, strict=True)]


def summary(table: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Mean of a figure over the seeds with Student's interval: line, prune_ratio, mean, low, high, runs."""
    import pandas as pd

    found = []
    for (line, ratio), group in table.groupby(["line", "prune_ratio"], sort=False):
        values = group[figure].dropna().to_numpy(float)
        if len(values):
            each = mean_estimate(values)
            found.append((line, ratio, each.value, each.low, each.high, len(values)))
    return pd.DataFrame(found, columns=["line", "prune_ratio", "mean", "low", "high", "runs"])
