"""Study: several strategies at many prune ratios over many seeds, one row a network, and a verdict over the seeds.

study = Study(Experiment(hidden=(30,)), strategies=("one_shot", "random_mask"), seeds=range(10))
table = run_study(study)
for found in verdicts(table, "truth_ece", against="dense"): print(found.strategy, found.prune_ratio, found.verdict)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pruning.data.task_of import task_of
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import flat
from pruning.experiment import RATIOS, Experiment, Recipe
from pruning.lottery.engine import Call, InMemory, Kept, Run, here
from pruning.lottery.plan import plan
from pruning.lottery.progress import Diverged, Progress
from pruning.options import Strategy
from pruning.outcome import Outcome
from uncertainty import verdict
from uncertainty.options import Score
from uncertainty.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd

DENSE = "dense"
"""What stands for the strategy in the rows of networks that nothing is removed from."""
SEEDS = range(10)
MOST_SEEDS = 1000
SEEDS_TOGETHER = 3  # in one stack; what a killed process was at is lost


@dataclass(frozen=True)
class Study:
    """What is to be compared: every strategy at every prune ratio with every seed, all else as `base` says.

    With `own_data` every seed draws points of its own, for one test set is the largest error of all: the data seed is
    that of `base` plus the seed. Images are the same for all seeds. Raises ValueError, naming the value and what is
    legal, for what no experiment may have, for nothing at all, and for what is named twice.
    """

    base: Recipe = Experiment()  # noqa: RUF009 (frozen)
    strategies: tuple[Strategy, ...] = tuple(Strategy)
    ratios: tuple[float, ...] = RATIOS
    seeds: tuple[int, ...] = tuple(SEEDS)
    own_data: bool = True

    def __post_init__(self) -> None:
        given = {"strategies": self.strategies, "ratios": self.ratios, "seeds": self.seeds}
        for name, values in given.items():
            object.__setattr__(self, name, tuple(values))
        checked = [self.experiment(strategy, 0) for strategy in self.strategies]
        object.__setattr__(self, "strategies", tuple(each.strategy for each in checked))
        object.__setattr__(self, "ratios", tuple(sorted(self._ratio(ratio) for ratio in self.ratios)))
        object.__setattr__(self, "seeds", tuple(self.experiment(None, seed).seed for seed in self.seeds))
        for name in given:
            values = getattr(self, name)
            if not values:
                raise ValueError(f"{name} is empty; at least one is needed")
            if twice := sorted({str(value) for value in values if values.count(value) > 1}):
                raise ValueError(f"{name} names {', '.join(twice)} more than once; each may stand there once")
        if len(self.seeds) > MOST_SEEDS:
            raise ValueError(f"there are {len(self.seeds)} seeds; at most {MOST_SEEDS} are run")

    def _ratio(self, ratio: float) -> float:
        return replace(self.base, prune_ratio=ratio).prune_ratio

    def experiment(self, strategy: Strategy | None, seed: int, prune_ratio: float | None = None) -> Recipe:
        """One run of the study, as the explorer shows it; without a strategy that of `base`."""
        chosen = replace(
            self.base,
            seed=seed,
            strategy=self.base.strategy if strategy is None else strategy,
            prune_ratio=self.base.prune_ratio if prune_ratio is None else prune_ratio,
        )
        if self.own_data and isinstance(chosen, Experiment):
            return replace(chosen, data_seed=chosen.data_seed + chosen.seed)
        return chosen

    def shards(self) -> Iterator[list[Recipe]]:
        """Every run, as many seeds at a time as train well together; the first seed comes alone, to be soon there."""
        yield self.runs(self.seeds[:1])
        for start in range(1, len(self.seeds), SEEDS_TOGETHER):
            yield self.runs(self.seeds[start : start + SEEDS_TOGETHER])

    def runs(self, seeds: Iterable[int]) -> list[Recipe]:
        """The runs of these seeds, up to the largest ratio."""
        return [self.experiment(strategy, seed, self.ratios[-1]) for seed in seeds for strategy in self.strategies]


@dataclass(frozen=True)
class StudyProgress:
    """How far a study is: `done` of `total` networks."""

    done: int
    total: int
    message: str


def run_study(
    study: Study,
    progress: Callable[[StudyProgress], Any] | None = None,
    *,
    kept: Kept | None = None,
    call: Call = here,
) -> pd.DataFrame:
    """Train what the study needs, and measure it: a row for every network, see `rows`.

    `kept` may hold networks already, which are not trained again: strategies share their dense networks. `call` may
    carry out the training elsewhere. A run whose dense network cannot be trained has no rows; why not stands in
    `table.attrs["failed"]`, by strategy and seed. Raises what `progress` raises.
    """
    import pandas as pd

    store = InMemory() if kept is None else kept
    table: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    counter = _Counter(study, progress)

    def measured(experiments: Sequence[Recipe]) -> list[dict[str, Any]]:
        task = task_of(experiments[0])
        run = Run(experiments, study.ratios, task, store, call, counter.told, own_first=False)
        counter.run = run
        run.train()
        counter.count("Measuring")
        return [row for outcome in run.outcomes() for row in rows(outcome, study.ratios)]

    for shard in study.shards():
        try:
            table += measured(shard)
        except Diverged:  # one of them; the others are kept, and those that were not begun are not its fault
            for experiment in shard:
                try:
                    table += measured([experiment])
                except Diverged as error:
                    failed[f"{experiment.strategy.value}, seed {experiment.seed}"] = str(error)
    found = pd.DataFrame(table)
    if len(found):  # every strategy has brought the dense network of its seed
        found = found.drop_duplicates(["strategy", "prune_ratio", "seed"], ignore_index=True)
    found.attrs["failed"] = failed
    return found


class _Counter:
    """Counts networks once, whichever run has brought them."""

    def __init__(self, study: Study, progress: Callable[[StudyProgress], Any] | None) -> None:
        self.progress, self.done = progress, set[str]()
        self.total = len(_keys(study)) if progress else 0
        self.run: Run | None = None

    def told(self, news: Progress | None) -> None:
        if news is not None:
            self.count(news.message)

    def count(self, message: str) -> None:
        if self.progress and self.run:
            self.done |= self.run.done
            self.progress(StudyProgress(len(self.done), self.total, message))


def _keys(study: Study) -> set[str]:
    batches = [batch for shard in study.shards() for batch in plan(shard, study.ratios, task_of(shard[0]))]
    return {step.key for batch in batches for step in batch.steps}


def rows(outcome: Outcome, ratios: Iterable[float] = RATIOS) -> list[dict[str, Any]]:
    """A row for every network of an outcome at these ratios, and for the dense one, whose strategy is `DENSE`.

    strategy, prune_ratio, seed, level; every figure under its name as `metrics.flat` gives them, that against the
    truth with the prefix `truth_`; `auroc`, of predictive entropy for what is out of distribution; `trained`,
    whether the network has left chance; `winning`, whether it is a winning ticket: not trained on, as accurate as
    the dense network of its seed (against the truth, where that is known) and stopped no later.
    """
    seen = Evaluated(outcome)
    experiment, wanted = outcome.experiment, {0.0, *ratios}
    dense = flat(seen.figures(outcome.dense))
    found = []
    for network in outcome.networks:
        if network.prune_ratio not in wanted:
            continue
        figures = flat(seen.figures(network))
        strategy = experiment.strategy.value if network.level else DENSE
        found.append(
            {
                "strategy": strategy,
                "prune_ratio": network.prune_ratio,
                "seed": experiment.seed,
                "data_seed": getattr(experiment, "data_seed", None),
                "level": network.level,
                "trained": network.trained,
                "auroc": seen.detection(network, Score.ENTROPY).auroc,
                "winning": network.level > 0 and wins(figures, dense, experiment.strategy),
                **figures,
            }
        )
    return found


def wins(figures: dict[str, Any], dense: dict[str, Any], strategy: Strategy) -> bool:
    """Frankle & Carbin 2019, section 1: at least as accurate in at most as many epochs, from rewound weights."""
    accuracy = "truth_accuracy" if "truth_accuracy" in dense else "accuracy"
    epochs = figures["early_stop_epoch"]
    as_soon = epochs is not None and epochs <= dense["early_stop_epoch"]
    return bool(strategy.start_from == "rewound" and as_soon and figures[accuracy] >= dense[accuracy])


@dataclass(frozen=True)
class Finding:
    """What the seeds say of one strategy at one prune ratio, in one figure."""

    strategy: str
    prune_ratio: float
    verdict: Verdict


def verdicts(table: pd.DataFrame, figure: str, against: str = DENSE) -> list[Finding]:
    """Every strategy at every prune ratio against the dense network, or `against` another strategy at that ratio.

    table: see `run_study`. Runs of the same seed are compared, and all that is compared here is corrected together:
    see `uncertainty.verdict.verdicts`. Raises ValueError for a figure or a strategy that the table has not.
    """
    names = [name for name, kind in table.dtypes.items() if kind.kind in "fiub"]
    if figure not in names:
        raise ValueError(f"figure is {figure!r}; it must be one of: {', '.join(map(str, names))}")
    strategies = list(dict.fromkeys(table.strategy))
    if against not in strategies:
        raise ValueError(f"against is {against!r}; it must be one of: {', '.join(strategies)}")
    by_run = table.set_index(["strategy", "prune_ratio", "seed"])[figure].astype(float)
    seeds = list(dict.fromkeys(table.seed))

    def values(strategy: str, ratio: float) -> np.ndarray:
        return by_run.reindex([(strategy, ratio, seed) for seed in seeds]).to_numpy()

    pairs = [
        (strategy, ratio)
        for strategy in strategies
        for ratio in sorted(set(table.prune_ratio[table.strategy == strategy]))
        if strategy not in (DENSE, against)
    ]
    changes = [values(*pair) - values(against, 0.0 if against == DENSE else pair[1]) for pair in pairs]
    found = verdict.verdicts(np.zeros(len(seeds)), changes) if pairs else []
    return [Finding(*pair, each) for pair, each in zip(pairs, found, strict=True)]


def summary(table: pd.DataFrame, figure: str) -> pd.DataFrame:
    """Mean of a figure over the seeds with Student's interval: strategy, prune_ratio, mean, low, high, runs."""
    import pandas as pd

    from uncertainty.estimate import mean_estimate

    found = []
    for (strategy, ratio), group in table.groupby(["strategy", "prune_ratio"], sort=False):
        values = group[figure].dropna().to_numpy(float)
        if len(values):
            each = mean_estimate(values)
            found.append((strategy, ratio, each.value, each.low, each.high, len(values)))
    return pd.DataFrame(found, columns=["strategy", "prune_ratio", "mean", "low", "high", "runs"])
