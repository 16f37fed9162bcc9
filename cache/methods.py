"""What every method says of one experiment's dense and pruned network, kept or asked while somebody waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from cache import runs
from cache.jobs import Job, Watcher
from cache.results import ProgressBar, followed, result_of
from cache.services import queue, services
from cache.visitor import Visit
from pruning.data.task import Task
from pruning.evaluation.by_method import SOURCES
from pruning.experiment import Recipe
from pruning.lottery import clock
from pruning.lottery.engine import outcome
from pruning.lottery.progress import Progress
from pruning.lottery.whole import has_all
from pruning.outcome import Outcome
from uncertainty.options import Method, Source


def by_methods(
    experiment: Recipe, status: ProgressBar, visit: Visit, sources: Sequence[Source] = SOURCES
) -> Generator[Mapping[Source, Outcome], None, None]:
    """The outcome of the experiment's own ratio by each source: what is kept, then more each time that there is more.

    The members of an ensemble are trained where they are not kept. See `results.outcomes` for `status`; raises
    `Failure` with a sentence.
    """
    task, kept = runs.task_and_kept(experiment, visit)
    found = _answered(experiment, task, kept.get, sources)
    yield found
    if len(found) == len(sources):
        return
    with services().jobs.watch(
        key(experiment, sources, visit), partial(_ask, experiment, visit, sources), visit.visitor
    ) as job:
        asked = 0
        for _ in followed(job, status):
            if job.progress is None or job.progress.done == asked:
                continue  # putting ten outcomes together at every look would take time from whoever asks
            asked = job.progress.done
            if len(more := _answered(experiment, task, kept.get, sources)) > len(found):
                found = more
                yield found
        results = result_of(job)
    if visit.points:  # another visitor may have begun the job: everybody who waited keeps what came of it
        visit.store.keep(results)
    yield _answered(experiment, task, lambda key: results[key] if key in results else kept.get(key), sources)


def stored(
    experiment: Recipe, sources: Sequence[Source] = SOURCES, visit: Visit | None = None
) -> Mapping[Source, Outcome]:
    """The outcome of the experiment's own ratio by each source that has answered all it is asked."""
    task, kept = runs.task_and_kept(experiment, visit)
    return _answered(experiment, task, kept.get, sources)


def training_seconds(experiment: Recipe, visit: Visit | None = None) -> Mapping[Method, Mapping[float, float]]:
    """Seconds of the trainings that a method needs, by it and by prune ratio: the dense one and the experiment's own.

    See `clock.training_seconds`.
    """
    task, kept = runs.task_and_kept(experiment, visit)
    ratios = (0.0, experiment.prune_ratio)
    alone, many = (
        {ratio: clock.training_seconds(experiment, ratio, task, kept.get, method) for ratio in ratios}
        for method in (Method.SINGLE_PASS, Method.ENSEMBLE)
    )
    return {method: many if method.trainings > 1 else alone for method in Method}


def join(experiment: Recipe, sources: Sequence[Source], watcher: Watcher | str, seconds: float) -> Job:
    """Have these sources asked by the workers for images, or join those who wait for the same: see `runs.join`."""
    work = partial(_ask, experiment, None, sources)
    return queue().join(key(experiment, sources), work, watcher, seconds)


def key(experiment: Recipe, sources: Sequence[Source], visit: Visit | None = None) -> str:
    """The name of the work that asks these sources."""
    named = {"methods": json.loads(runs.key(experiment, visit)), "ratio": experiment.prune_ratio}
    return json.dumps({**named, "asked by": [asdict(source) for source in sources]})


def _ask(
    experiment: Recipe, visit: Visit | None, sources: Sequence[Source], report: Callable[..., Any]
) -> dict[str, Any]:
    """Have every source asked, one after the other; all results by their keys."""
    results: dict[str, Any] = {}
    for done, source in enumerate(sources):

        def told(progress: Any = None, done: int = done, source: Source = source, **options: Any) -> None:
            news = Progress(done, len(sources), f"{source.label}: {progress.message}") if progress else None
            report(news, **options)

        results |= runs.train(experiment, told, visit, source=source, ratios=())
    return results


def _answered(
    experiment: Recipe, task: Task, get: Callable[[str], Any], sources: Sequence[Source]
) -> dict[Source, Outcome]:
    """What there is by each source whose networks have answered all they are asked about."""
    found = {source: outcome(experiment, (), task, get, source) for source in sources}
    return {source: each for source, each in found.items() if each is not None and has_all(each, task, ())}
