"""From an experiment to its task."""

from __future__ import annotations

from pruning.data.image_task import ImageTask
from pruning.data.own_points import Points
from pruning.data.plane_task import PlaneTask
from pruning.data.task import Task
from pruning.experiment import Experiment, ImageExperiment, Recipe


def task_of(experiment: Recipe, points: Points | None = None) -> Task:
    """The task of an experiment; `points` are somebody's own, instead of those that a plane experiment describes."""
    if isinstance(experiment, ImageExperiment):
        return ImageTask(experiment.dataset)
    assert isinstance(experiment, Experiment)
    return PlaneTask.of(experiment, points)
