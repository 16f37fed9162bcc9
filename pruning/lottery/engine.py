"""From an experiment to its networks: planned, trained wherever the work is done, kept wherever results are kept.

Nothing heavy is imported here; PyTorch comes with `carry_out` and `answer`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

import numpy as np

from pruning.data.images import NoImages
from pruning.data.own_points import Points
from pruning.data.task import Task
from pruning.data.task_of import task_of
from pruning.evaluation.memo import remembered
from pruning.experiment import Recipe
from pruning.lottery.clock import machine_key
from pruning.lottery.members import member_keys, members
from pruning.lottery.order import Order
from pruning.lottery.plan import SHOWN, Batch, Step, answers_key, plan, results, worker_code
from pruning.lottery.progress import News, Progress, Report, WrongWorker
from pruning.options import Part
from pruning.outcome import Fresh, Network, Outcome, TrainedNetwork, answered
from pruning.training.curves import Curves
from uncertainty.options import MC_DROPOUT, Source
from uncertainty.predictions import Predictions
from uncertainty.timed import this_machine

Compute = Callable[[Collection[str]], Mapping[str, Any]]
"""Computes the results of these keys, and perhaps more."""
Asked = Mapping[Part, Mapping[str, np.ndarray] | None]
"""See `Order.asked`."""
Call = Callable[..., Any]
"""Calls a function with its arguments and `report`, wherever the work is done."""


class Kept(Protocol):
    """Where results are kept by a key."""

    def get(self, key: str) -> Any | None: ...

    def fetch_all(
        self,
        keys: Collection[str],
        compute: Compute,
        waiting: Callable[[], None] | None = None,
        alone: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """What is kept under the keys; what is missing is computed, once, and kept.

        Who asks for one of these meanwhile waits: for the keys, or for what `alone` names in their place.
        """


class InMemory:
    """Keeps results for as long as one run takes."""

    def __init__(self) -> None:
        self._results: dict[str, Any] = {}

    def get(self, key: str) -> Any | None:
        return self._results.get(key)

    def fetch_all(
        self,
        keys: Collection[str],
        compute: Compute,
        waiting: Callable[[], None] | None = None,
        alone: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """See `Kept`."""
        if missing := [key for key in keys if key not in self._results]:
            self._results.update(compute(missing))
        return {key: self._results[key] for key in keys}


def here(function: Callable[..., Any], *arguments: Any, report: Report) -> Any:
    """Carry out a call in this very thread."""
    return function(*arguments, report=report)


def run_seeds(
    experiment: Recipe,
    seeds: Sequence[int],
    progress: Report | None = None,
    *,
    ratios: Sequence[float] | None = None,
    points: Points | None = None,
    source: Source = MC_DROPOUT,
    kept: Kept | None = None,
    call: Call = here,
) -> list[Outcome]:
    """An outcome per seed, in order: see `pruning.run_seeds`.

    `kept` may hold networks already, `call` may carry out the training in another process.
    """
    if not seeds:
        return []
    experiments = [replace(experiment, seed=seed) for seed in dict.fromkeys(seeds)]
    wanted = [replace(experiment, prune_ratio=ratio).prune_ratio for ratio in ratios or ()]
    store = InMemory() if kept is None else kept
    run = Run(experiments, wanted, task_of(experiment, points), store, call, progress, source=source)
    run.train()
    return run.outcomes()


class Run:
    """The way of some experiments on one kind of data, alike or not, to all their networks."""

    def __init__(
        self,
        experiments: Sequence[Recipe],
        ratios: Sequence[float],
        task: Task,
        kept: Kept,
        call: Call = here,
        progress: Report | None = None,
        between: Callable[[], None] = lambda: None,
        own_first: bool | None = None,
        source: Source = MC_DROPOUT,
        asks_fresh: bool = True,
    ) -> None:
        """task: of any of the experiments. `between` is called between two batches, where stopping loses nothing, and
        may raise. own_first: see `plan`; without it, where somebody watches. source: of what the experiments'
        networks say; those of an ensemble bring its other members along. asks_fresh: whether about fresh points, too.
        """
        self.experiments, self.ratios, self.task, self.source = experiments, ratios, task, source
        self.asks_fresh = asks_fresh
        trained = list(dict.fromkeys(member for each in experiments for member in members(each, source.method)))
        of_each = [task.beside(each) for each in trained]
        named = {each.name: each for each in reversed(of_each)}
        self.tasks = {
            replace(one, prune_ratio=0.0): named[each.name] for one, each in zip(trained, of_each, strict=True)
        }
        self.kept, self.call, self.progress, self.between = kept, call, progress, between
        watched = progress is not None or not task.stacked
        self.plan = plan(trained, ratios, task, own_first=watched if own_first is None else own_first)
        self.total = sum(len(batch.steps) for batch in self.plan)
        self.needed = {step.key for batch in self.plan for step in batch.steps}
        self.found: dict[str, Any] = {}  # results of this run by their keys, those of a batch under way included
        self.done: set[str] = set()  # keys of networks
        self.fresh: dict[str, Fresh] = {}  # name of a task → once its experiments' own networks have been shown
        self.so_far: Outcome | None = None  # of the first experiment, as it was last shown
        self.is_old = False  # there is more by now

    def train(self) -> None:
        """Have every network trained and asked that is not kept already.

        Raises `Diverged` where a dense network cannot be trained, `WrongWorker`, and what `progress` raises.
        """
        self._keep_data()
        for planned in self.plan:
            self.between()
            batch = replace(planned, steps=tuple(step for step in planned.steps if step.key in self.needed))
            if not batch.steps:
                continue
            if not self.task.stacked:
                self._report(f"Starting on {batch.steps[0].name}")
            keys = [key for step in batch.steps for key in (step.key, *self._answers(step).values())]
            self._take(self.kept.fetch_all(keys, partial(self._compute, batch), self._wait, _alone(batch)))
            self._count(batch.steps)
            self._keep_clock(batch)
            self._ask_by_source()
            self._ask_fresh()

    def leave(self, experiment: Recipe) -> None:
        """Begin no more batches for one of the experiments; of one that is under way it stays a part."""
        self.experiments = [each for each in self.experiments if each != experiment]
        trained = [member for each in self.experiments for member in members(each, self.source.method)]
        planned = plan(trained, self.ratios, self.task)
        self.needed = {step.key for batch in planned for step in batch.steps}

    def outcomes(self) -> list[Outcome]:
        """What there is so far, an outcome for each experiment that has a dense network."""
        found = [outcome(each, self.ratios, self._task(each), self.get, self.source) for each in self.experiments]
        return [each for each in found if each is not None]

    def _task(self, experiment: Recipe) -> Task:
        return self.tasks[replace(experiment, prune_ratio=0.0)]

    def get(self, key: str) -> Any | None:
        """A result, of this run or kept."""
        return self.found[key] if key in self.found else self.kept.get(key)

    def _take(self, results: Mapping[str, Any]) -> None:
        self.found.update(results)
        self.is_old = self.is_old or bool(results)

    def _keep_data(self) -> None:
        makes = {key: make for task in self.tasks.values() for key, make in task.kept.items()}
        if makes:
            self._take(self.kept.fetch_all(makes, lambda keys: {key: makes[key]() for key in keys}, self._wait))

    def _answers(self, step: Step) -> dict[Part, str]:
        """What comes of a network with its training: the parts it is asked about, and the key of each answer."""
        if self.source != MC_DROPOUT:
            return {}
        return {part: answers_key(step.key, self.source, part) for part in self._parts(step)}

    def _parts(self, step: Step) -> tuple[Part, ...]:
        return (*SHOWN, Part.FRESH) if self._task(step.experiment).name in self.fresh else SHOWN

    def _compute(self, batch: Batch, missing: Collection[str]) -> dict[str, Any]:
        """Train what is missing of a batch, and ask what is trained but has not answered."""
        lost = [step for step in batch.steps if step.key in missing or self.get(step.key) is None]
        found: dict[str, Any] = {}
        if lost:
            parents: dict[str, Any] = {
                key: self.get(key) for step in lost for key in (step.parent, step.dense) if key
            }
            order = Order(replace(batch, steps=tuple(lost)), parents, self._asked(), self._clock(lost[0]))
            found.update(self.call(carry_out, order, report=self._news))
            self._take(found)
        for step in batch.steps:
            asked = [part for part, key in self._answers(step).items() if key in missing]
            if step not in lost and asked:
                found.update(self._answered(step, asked))
        return found

    def _answered(self, step: Step, parts: Sequence[Part]) -> dict[str, Any]:
        asked, task = {part: self._asked()[part] for part in parts}, self._task(step.experiment)
        return _answered(step, self.get, task, asked, self.source, self.call, self._news)

    def _asked(self) -> Asked:
        """What networks are asked about; None is for whoever asks to look up in the task."""
        fresh = {name: each.inputs for name, each in self.fresh.items()}
        return {**dict.fromkeys(SHOWN), **({Part.FRESH: fresh} if fresh else {})}

    def _ask_by_source(self) -> None:
        """Ask what can be asked by now, of sources whose answers do not come with the training."""
        if self.source != MC_DROPOUT and self._ask({step: self._parts(step) for step in self._ready()}):
            self._report(f"Asked by {self.source.label}")

    def _ask_fresh(self) -> None:
        """Once the experiments' own networks have been shown: fresh points, of all networks that there are."""
        due = {task.fresh_key: task for task in self._due()} if self.asks_fresh else {}
        if not due:
            return
        self._take(self.kept.fetch_all(due, lambda keys: {key: due[key].fresh() for key in keys}, self._wait))
        self.fresh |= {task.name: self.found[key] for key, task in due.items()}
        names = {task.name for task in due.values()}
        # All at once: they are shown together.
        self._ask({step: (Part.FRESH,) for step in self._ready() if self._task(step.experiment).name in names})
        self._report("Measured on fresh points")

    def _ask(self, wanted: Mapping[Step, Sequence[Part]]) -> bool:
        """Have trained networks asked about parts that they have not been asked about; whether there were any."""
        asked = {
            key: (step, part)
            for step, parts in wanted.items()
            for part in parts
            if (key := answers_key(step.key, self.source, part)) not in self.found
        }

        def compute(missing: Collection[str]) -> dict[str, Any]:
            parts: dict[Step, list[Part]] = {}
            for key in missing:
                step, part = asked[key]
                parts.setdefault(step, []).append(part)
            found: dict[str, Any] = {}
            for step, each in parts.items():
                found.update(self._answered(step, each))
            return found

        if asked:
            alone = [name for batch in self.plan for name in _alone(batch) or ()]
            self._take(self.kept.fetch_all(asked, compute, self._wait, alone or None))
        return bool(asked)

    def _ready(self) -> list[Step]:
        """The networks of the experiments that are there, with all who are asked beside them."""
        asked = {replace(each, prune_ratio=0.0) for each in self.experiments}
        there = [step for batch in self.plan for step in batch.steps if step.key in self.done]
        return [
            step
            for step in there
            if step.experiment in asked and self.done.issuperset(member_keys(step, self.source.method))
        ]

    def _due(self) -> list[Task]:
        """The tasks of which the truth is known whose experiments' own networks have come to be there."""
        own: dict[str, list[str]] = {}
        for each in self.experiments:
            task = self._task(each)
            own.setdefault(task.name, []).append(results(each, (), task)[each.prune_ratio].key)
        tasks = {task.name: task for task in self.tasks.values() if task.name not in self.fresh}
        return [task for name, task in tasks.items() if task.fresh_key and self.done.issuperset(own[name])]

    def _clock(self, step: Step) -> float | None:
        return self.get(clock_key(step, self.task))

    def _keep_clock(self, batch: Batch) -> None:
        """One latency for one dense network: in another run a clock tells of the machine, not of the network."""
        if not batch.level:
            key, dense = clock_key(batch.steps[0], self.task), self.found[batch.steps[0].key]
            self._take(self.kept.fetch_all([key], lambda keys: {key: dense.latency}, self._wait))

    def _wait(self) -> None:
        if self.progress:
            self.progress(None)

    def _news(self, news: News | None) -> None:
        """Pass on what whoever trains has to say."""
        if news is None:
            self._wait()
            return
        self._take(news.finished)
        if news.finished:
            self._count([step for batch in self.plan for step in batch.steps if step.key in news.finished])
        else:
            self._report(news.message, news.curves)

    def _count(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if step.key not in self.done:
                self.done.add(step.key)
                self._report(f"Trained {step.name}")

    def _report(self, message: str, curves: Curves | None = None) -> None:
        if self.progress is None:
            return
        if self.is_old and self.task.stacked:  # put together when there is more, not at every report
            first = self.experiments[0]
            self.so_far = outcome(first, self.ratios, self._task(first), self.get, self.source)
            self.is_old = False
        self.progress(Progress(len(self.done), self.total, message, self.so_far, curves))


def outcome(
    experiment: Recipe,
    ratios: Sequence[float],
    task: Task,
    get: Callable[[str], Any | None],
    source: Source = MC_DROPOUT,
) -> Outcome | None:
    """What there is of an experiment under its keys, as a source has it; None without the dense network.

    The same objects as long as `get` returns the same, so that what is worked out of them is remembered.
    """
    networks = [_network(step, get, source) for step in results(experiment, ratios, task).values()]
    there = tuple(network for network in networks if network is not None)
    if not there or there[0].level:
        return None
    return task.outcome(experiment, there, source, get)


def answers(
    experiment: Recipe,
    part: Part,
    source: Source,
    task: Task,
    kept: Kept,
    call: Call = here,
    ratios: Sequence[float] = (),
) -> dict[float, Predictions]:
    """What trained networks say of a part of their task by a source: prune ratio → predictions, dense first.

    Of the experiment's own ratio and all of `ratios`, as far as these networks are kept, and the other members of
    their ensembles. An answer is a result of its own: it is kept under the key of its network, the source and the
    part, and given once. Raises ValueError for fresh points of a task that has none, and as `carry_out` does.
    """
    steps = {
        ratio: step
        for ratio, step in results(experiment, ratios, task).items()
        if all(kept.get(key) for key in (step.key, *member_keys(step, source.method)))
    }
    keys = {answers_key(step.key, source, part): step for step in steps.values()}

    def compute(missing: Collection[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in missing:
            step, asked = keys[key], {part: _inputs(task, part)}
            found.update(_answered(step, kept.get, task, asked, source, call, lambda news: None))
        return found

    alone = [_seed_of(step, task) for step in steps.values()] if task.stacked else None
    found = kept.fetch_all(keys, compute, None, alone)
    return {ratio: found[answers_key(step.key, source, part)] for ratio, step in steps.items()}


def _alone(batch: Batch) -> list[str] | None:
    """What is locked while a stack is computed: the seeds on their data, which all its networks' keys name."""
    return [_seed_of(step, batch.task) for step in batch.steps] if batch.task.stacked else None


def _seed_of(step: Step, task: Task) -> str:
    return f"seed {step.experiment.seed} on {task.beside(step.experiment).name}"


def _answered(
    step: Step,
    get: Callable[[str], Any],
    task: Task,
    asked: Asked,
    source: Source,
    call: Call,
    report: Report,
) -> dict[str, Any]:
    """Ask one trained network, wherever the work is done: key → predictions."""
    batch = Batch((step,), task, task.fingerprint, worker_code(task))
    others = tuple(get(key) for key in member_keys(step, source.method))
    return dict(call(answer, Order(batch, {step.key: get(step.key)}, asked, None, source, others), report=report))


def _inputs(task: Task, part: Part) -> dict[str, np.ndarray] | None:
    """What is asked about; None for what the task itself looks up wherever it is asked."""
    if part == Part.FRESH and task.fresh_key:
        return {task.name: task.fresh().inputs}
    return None


def _network(step: Step, get: Callable[[str], Any | None], source: Source) -> Network | None:
    """A trained network with its answers; None before it has any."""
    trained: TrainedNetwork | None = get(step.key)
    if trained is None:
        return None
    test, ood, validation, fresh = (get(answers_key(step.key, source, part)) for part in (*SHOWN, Part.FRESH))
    if test is None or ood is None or validation is None:
        return None
    others = tuple(other for key in member_keys(step, source.method) if (other := get(key)) is not None)
    key = ("answered", test, ood, validation, fresh, others)
    return remembered(trained, key, lambda: answered(trained, test, ood, fresh, validation, others))


def clock_key(step: Step, task: Task) -> str:
    """What decides the latency of a dense network is how wide its layers are."""
    layers = {name: value for name, value in step.experiment.configuration("model").items() if name != "dropout"}
    return json.dumps({"latency": layers, "of": task.pass_over})


def carry_out(order: Order, *, report: Report) -> dict[str, Any]:
    """Train the networks of a batch and ask them, in whatever process: key → network, predictions or machine.

    report takes `News`. Raises `Diverged` for a dense network that cannot be trained, `WrongWorker` for another
    version of the code, `NoImages` where the images are others or are not there.
    """
    _check(order.batch)
    if order.batch.task.stacked:
        from pruning.lottery import stack_trainer

        found = stack_trainer.carry_out(order, report)
    else:
        from pruning.lottery import image_trainer

        found = image_trainer.carry_out(order, report)
    return {**found, **{machine_key(step.key): this_machine() for step in order.batch.steps}}


def answer(order: Order, *, report: Report) -> dict[str, Any]:
    """Ask the networks of a batch, which are among its parents: key → predictions. See `carry_out`."""
    _check(order.batch)
    from pruning.lottery.asking import ask_again

    return ask_again(order, report)


def _check(batch: Batch) -> None:
    here, there = worker_code(batch.task), batch.code
    if here != there:
        raise WrongWorker(
            f"The worker has another version of the code than whoever asks ({here} and {there}). "
            "Give both the same checkout and start the worker anew."
        )
    data = batch.task.fingerprint
    if data != batch.fingerprint:
        raise NoImages(
            f"The worker has other {batch.task.title} than the page ({data} and {batch.fingerprint}). "
            "Give both the same files in EXPLORER_DATA."
        )
