"""Whether anything of an outcome is still to come."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pruning.data.task import Task
from pruning.outcome import Outcome


def has_all(found: Outcome, task: Task, ratios: Sequence[float]) -> bool:
    """Whether the dense network, the experiment's own and those of all these ratios are there, with all there is.

    Each has its latency, and its answers about fresh points where they are asked for: on generated points, of which
    more can be drawn.
    """
    asked = bool(task.fresh_key)
    return all(found.has(ratio) for ratio in (0.0, found.experiment.prune_ratio, *ratios)) and all(
        not math.isnan(network.latency) and (network.fresh is not None) == asked for network in found.networks
    )
