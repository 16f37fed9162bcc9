"""Seconds of the trainings behind a network, as far as they were measured on this machine."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pruning.data.task import Task
from pruning.experiment import Recipe
from pruning.lottery.members import members
from pruning.lottery.plan import plan, results
from pruning.outcome import TrainedNetwork
from uncertainty.options import Method
from uncertainty.timed import this_machine


@lru_cache(maxsize=8192)
def machine_key(network: str) -> str:
    """The key of which machine has trained a network, named by its own key."""
    return json.dumps({"machine": json.loads(network)}, sort_keys=True)


def training_seconds(
    experiment: Recipe, prune_ratio: float, task: Task, get: Callable[[str], Any | None], method: Method
) -> float:
    """Seconds of every training that led to the networks of a ratio which a method asks, by the processor's clock.

    See `History.seconds`; those of an ensemble's members are added up. NaN where one of them is not there, was not
    measured, or was trained on another machine.
    """
    trained = members(replace(experiment, prune_ratio=prune_ratio), method)
    behind = {step.key for batch in plan(trained, (), task) for step in batch.steps}
    if any(get(machine_key(key)) != this_machine() for key in behind):
        return math.nan
    ends: list[TrainedNetwork | None] = [get(results(each, (), task)[prune_ratio].key) for each in trained]
    return sum(math.nan if network is None else network.history.seconds for network in ends)
