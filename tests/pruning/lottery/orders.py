"""Single steps of a run, carried out by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pruning.data.task_of import task_of
from pruning.experiment import Recipe
from pruning.lottery.engine import InMemory, carry_out, run_seeds
from pruning.lottery.order import Order
from pruning.lottery.plan import SHOWN, Batch, Step, answers_key, plan, worker_code
from pruning.outcome import Network, Outcome, TrainedNetwork, answered
from uncertainty.options import MC_DROPOUT


def steps(experiment: Recipe, ratios: Sequence[float] = ()) -> list[Step]:
    """Every network on the way to the experiment's own ratio, then all others."""
    return [step for batch in plan([experiment], ratios, task_of(experiment)) for step in batch.steps]


def trained(
    step: Step,
    dense: TrainedNetwork | None = None,
    last: TrainedNetwork | None = None,
    report: Callable[[Any], None] = lambda news: None,
    experiment: Recipe | None = None,
) -> Network:
    """The network of a step that is pruned from these, of its own experiment or another one."""
    task = task_of(step.experiment)
    one = step if experiment is None else Step(experiment, step.levels, step.key, step.parent, step.dense)
    batch = Batch((one,), task, task.fingerprint, worker_code(task))
    parents = {key: network for key, network in ((step.dense, dense), (step.parent, last)) if key and network}
    found = carry_out(Order(batch, parents, dict.fromkeys(SHOWN)), report=report)
    test, ood, validation = (found[answers_key(step.key, MC_DROPOUT, part)] for part in SHOWN)
    return answered(found[step.key], test, ood, None, validation)


def run_kept(experiment: Recipe, kept: InMemory, ratios: Sequence[float] = ()) -> Outcome:
    """`pruning.run` with networks that other runs may have trained."""
    return run_seeds(experiment, [experiment.seed], ratios=ratios, kept=kept)[0]
