"""Members of a deep ensemble: the same experiment from other seeds, and the same step of each."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache

from pruning.experiment import RANGES, Recipe
from pruning.lottery.plan import Step
from uncertainty.options import Method

SEEDS = int(RANGES["seed"][1]) + 1


def members(experiment: Recipe, method: Method) -> tuple[Recipe, ...]:
    """The experiments whose networks a method asks, the experiment itself first; all have the same data."""
    return tuple(replace(experiment, seed=(experiment.seed + i) % SEEDS) for i in range(method.trainings))


@lru_cache(maxsize=8192)
def member_keys(step: Step, method: Method) -> tuple[str, ...]:
    """The keys of the networks that are asked beside that of a step."""
    named = json.loads(step.key)
    return tuple(
        json.dumps(named | {"network": named["network"] | {"seed": other.seed}}, sort_keys=True)
        for other in members(step.experiment, method)[1:]
    )
