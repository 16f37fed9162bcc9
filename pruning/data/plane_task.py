"""The task of an experiment on points of the plane.

Nothing heavy is imported here before the points themselves are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np

from pruning.code_version import code_version
from pruning.data.own_points import Points
from pruning.data.plane_tasks import Task as PlaneData
from pruning.data.plane_tasks import make_task, split
from pruning.data.task import Get
from pruning.experiment import Experiment, Recipe
from pruning.options import Dataset, Part
from pruning.outcome import MAX_SAMPLES, PLANE_SAMPLES, Fresh, Network, PlaneOutcome
from uncertainty.examples import Examples
from uncertainty.options import Source


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

    @property
    def title(self) -> str:
        return "own points" if self.own else self.dataset.label

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

    @property
    def data_key(self) -> str:
        """The key of the points: of what they are drawn by, and of the code that draws them."""
        return json.dumps({"points": self.named, "code": code_version("pruning.data.plane_tasks")})

    @property
    def kept(self) -> Mapping[str, Callable[[], Any]]:
        return {self.data_key: lambda: self.data}

    @property
    def fresh_key(self) -> str:
        if self.own is not None:
            return ""
        return json.dumps({"fresh points": self.named, "code": code_version("pruning.data.fresh_points")})

    def fresh(self) -> Fresh:
        """Fresh points of a generated task. Raises ValueError: of own ones nobody knows what they were drawn from."""
        if self.own is not None:
            raise ValueError("own points have no fresh ones: nobody knows what they were drawn from")
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

    def outcome(
        self, experiment: Recipe, networks: tuple[Network, ...], source: Source, get: Get
    ) -> PlaneOutcome | None:
        data: PlaneData | None = get(self.data_key)
        if data is None:
            return None
        fresh: Fresh | None = get(self.fresh_key) if any(network.fresh for network in networks) else None
        assert isinstance(experiment, Experiment)
        return PlaneOutcome(
            experiment, data.test_labels, data.n_classes, networks,
            data.train_inputs, data.train_labels, data.test_inputs, data.far_inputs,
            fresh=fresh, source=source, validation_labels=data.val_labels,
        )  # fmt: skip


@lru_cache(maxsize=64)  # each batch of a study asks for the points of all its seeds
def _kept(make: Callable[..., PlaneData], *what: Any) -> PlaneData:
    """What was made of this before."""
    return make(*what)
