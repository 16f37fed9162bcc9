"""What goes to a worker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pruning.lottery.plan import Batch, Step
from pruning.options import Part
from pruning.outcome import TrainedNetwork
from uncertainty.options import MC_DROPOUT, Source


@dataclass(frozen=True)
class Order:
    """A batch, the networks it is made from, and what its networks are asked about.

    parents: key → network. asked: part → name of a task → inputs (N, …); None for those of the tasks themselves.
    clock: seconds that a pass of the dense network takes, None until measured. source: of what they say once they
    are trained; while they are, it is MC dropout.
    """

    batch: Batch
    parents: Mapping[str, TrainedNetwork]
    asked: Mapping[Part, Mapping[str, np.ndarray] | None]
    clock: float | None = None
    source: Source = MC_DROPOUT
    members: tuple[TrainedNetwork, ...] = ()  # of an ensemble, beside the one that is asked; of the same task

    def dense(self, step: Step) -> TrainedNetwork | None:
        """The dense network that a step is pruned from; None for that itself."""
        return self.parents[step.dense] if step.dense else None

    def parent(self, step: Step) -> TrainedNetwork | None:
        """The network that a step is pruned from; None for the dense one."""
        return self.parents[step.parent] if step.parent else None
