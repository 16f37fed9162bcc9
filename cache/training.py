"""Runs on points as jobs: of all who wait the networks that they look at, in one stack; then what is left of each.

A stack of thirty networks takes little longer than a few, and a picture of each of thirty is worth more than
everything of one. So a run takes three turns: its dense network and that of its own ratio, side by side with those of
everybody who waits for such a stack; what these say of fresh points; all other ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

from cache import runs
from cache.jobs import Cancelled, Joint, Report, Rest
from cache.visitor import Visit
from pruning import RATIOS, Experiment, Outcome
from pruning.lottery.engine import Run, outcome
from pruning.lottery.members import members
from pruning.lottery.plan import SHOWN, answers_key, plan
from pruning.lottery.progress import Progress
from pruning.options import Part
from uncertainty.options import MC_DROPOUT, Source

ALIKE = ("dataset", "points", "hidden", "dropout", "learning_rate", "patience", "max_epochs", "rewind_epoch")
"""What the networks of one stack have in common: see `pruning.lottery.plan`."""


def training(experiment: Experiment, visit: Visit, source: Source = MC_DROPOUT) -> Joint:
    """Have every network of a run trained that is not kept, and asked by a source, and keep it: see `runs.train`."""
    task, kept = runs.task_and_kept(experiment, visit)
    kind = (kept, task.fingerprint, source, *(getattr(experiment, name) for name in ALIKE))
    return Joint(kind, _Training(experiment, visit, source), _shown_first)


class _Training:
    """A run on its way, and what its job has been told of it."""

    def __init__(self, experiment: Experiment, visit: Visit, source: Source) -> None:
        self.experiment, self.visit, self.source = experiment, visit, source
        self.task, self.kept = runs.task_and_kept(experiment, visit)
        self.done = 0  # networks
        self.known = 0  # answers
        self.so_far: Outcome | None = None

    @cached_property
    def networks(self) -> set[str]:
        """The keys of all that it needs, those of other members of ensembles included."""
        batches = plan(members(self.experiment, self.source.method), RATIOS, self.task)
        return {step.key for batch in batches for step in batch.steps}

    @cached_property
    def answers(self) -> set[str]:
        """The keys of all that they may be asked."""
        parts = (*SHOWN, Part.FRESH)
        return {answers_key(key, self.source, part) for key in self.networks for part in parts}

    def tell(self, run: Run, progress: Progress | None, report: Report, others: bool) -> None:
        """Tell the job how far its own networks are. Nothing is told twice, as its turns begin with what is there.

        others: whether the progress is that of another's network.
        """
        done = len(self.networks & run.done)
        if progress is None or done < self.done or (others and done == self.done):
            report()
            return
        known = len(self.answers & run.found.keys())
        if known > self.known:
            self.so_far = outcome(self.experiment, RATIOS, self.task, run.get, self.source)
        self.done, self.known = done, max(self.known, known)
        report(Progress(done, len(self.networks), progress.message, self.so_far))


def _shown_first(trainings: Sequence[_Training], reports: Sequence[Report]) -> list[Rest]:
    _carry_out(trainings, reports, (), asks_fresh=False)
    return [Rest(partial(_measured, each)) for each in trainings]


def _measured(each: _Training, report: Report) -> Rest:
    _carry_out([each], [report], ())
    return Rest(partial(_whole, each))


def _whole(each: _Training, report: Report) -> dict[str, Any]:
    return _carry_out([each], [report], RATIOS)


def _carry_out(
    trainings: Sequence[_Training], reports: Sequence[Report], ratios: Sequence[float], *, asks_fresh: bool = True
) -> dict[str, Any]:
    """Have the networks of these ratios and of each run's own trained and asked; the results by their keys.

    Goes on for the others where a job has been cancelled, and raises `Cancelled` once all have been.
    """
    first = trainings[0]
    present = dict(zip(trainings, reports, strict=True))
    counted = 0

    def to_all(tell: Callable[[_Training, Report], None]) -> None:
        for each, report in tuple(present.items()):
            try:
                tell(each, report)
            except Cancelled:
                del present[each]
                if not present:
                    raise
                run.leave(each.experiment)

    def told(progress: Progress | None) -> None:
        nonlocal counted
        is_of_one, counted = len(run.done) > counted, len(run.done)
        to_all(lambda each, report: each.tell(run, progress, report, is_of_one))

    def between() -> None:
        to_all(lambda each, report: report(between_steps=True))

    call = runs.call_for(first.task)
    experiments = [each.experiment for each in trainings]
    run = Run(
        experiments, ratios, first.task, first.kept, call, told, between, source=first.source, asks_fresh=asks_fresh
    )
    run.train()
    return run.found
