"""The task of an experiment on points of the plane.

Nothing heavy is imported here before the points themselves are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np

from pruning.data.own_points import Points
from pruning.data.plane_tasks import Task as PlaneData
from pruning.data.plane_tasks import make_task, split
from pruning.experiment import Experiment, Recipe
from pruning.options import Dataset, Part
from pruning.outcome import MAX_SAMPLES, PLANE_SAMPLES, Fresh
from uncertainty.examples import Examples


@dataclass(frozen=True, eq=False)
class PlaneTask:
    """Points of the plane: generated as an experiment says or, where there are some, somebody's own.

    Own points are standardised by their training points alone.
    """

    dataset: Dataset
    points: int
    noise: float
    label_noise: float
    data_seed: int
    own: Points | None = None

    trainer = "stack_trainer"
    stacked = True

    @property
    def pass_over(self) -> tuple[Any, ...]:
        return self.n_classes, 2

    @classmethod
    def of(cls, experiment: Experiment, points: Points | None = None) -> Self:
        """The task of an experiment; `points` are somebody's own, instead of those that it describes."""
        chosen = experiment
        return cls(chosen.dataset, chosen.points, chosen.noise, chosen.label_noise, chosen.data_seed, own=points)

    @cached_property
    def name(self) -> str:
        return json.dumps(self.named, sort_keys=True)

    def beside(self, experiment: Recipe) -> PlaneTask:
        assert isinstance(experiment, Experiment)
        other = PlaneTask.of(experiment, self.own)
        return self if other.name == self.name else other

    @cached_property
    def fingerprint(self) -> str:
        return self.own.key() if self.own else ""

    @property
    def undecided(self) -> frozenset[str]:
        return frozenset({"dataset", "points", "noise"} if self.own else ())

    @property
    def named(self) -> dict[str, Any]:
        """What decides the data, for keys."""
        values = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "own"}
        return {name: value for name, value in values.items() if name not in self.undecided} | {
            "data": self.fingerprint
        }

    def fresh(self) -> Fresh:
        """Fresh points of a generated task; of own points nobody knows what they were drawn from."""
        from pruning.data.fresh_points import fresh_points

        return fresh_points(self)

    @cached_property
    def data(self) -> PlaneData:
        """The points in their splits."""
        if self.own is not None:
            return split(self.own.learned(self.data_seed), self.own.labels, self.label_noise, self.data_seed)
        return _kept(make_task, self.dataset, self.points, self.noise, self.label_noise, self.data_seed)

    @property
    def n_classes(self) -> int:
        return self.data.n_classes

    def inputs(self, part: Part) -> np.ndarray:
        """(N, 2) float32. Raises ValueError for fresh points, which are no part of the data: see `fresh_points`."""
        if part == Part.FRESH:
            raise ValueError("fresh points are drawn from the task's distribution, they are no part of its data")
        data = self.data
        return {Part.VALIDATION: data.val_inputs, Part.TEST: data.test_inputs, Part.OOD: data.far_inputs}[part]

    def training(self, experiment: Recipe) -> Examples:
        return Examples(self.data.train_inputs, self.data.train_labels)

    def validation(self) -> Examples:
        return Examples(self.data.val_inputs, self.data.val_labels)

    def samples(self, part: Part) -> Sequence[int]:
        return PLANE_SAMPLES if part in (Part.FRESH, Part.VALIDATION) else range(1, MAX_SAMPLES + 1)


@lru_cache(maxsize=64)  # each batch of a study asks for the points of all its seeds
def _kept(make: Callable[..., PlaneData], *what: Any) -> PlaneData:
    """What was made of this before."""
    return make(*what)
