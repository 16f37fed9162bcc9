"""The samples of one network asked anew, and what temperatures do for them: wherever the work is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pruning.data.task import Task
from pruning.evaluation.mending import MendedSamples, mended_samples
from pruning.experiment import Recipe
from pruning.lottery.progress import Progress
from pruning.options import Part
from pruning.outcome import Network
from uncertainty.options import Source
from uncertainty.temperature import Objective

STEPS = ("Asking about the validation examples", "Asking about the test examples", "Fitting both temperatures")


@dataclass(frozen=True)
class Asked:
    """A network, by which samples and about what it is asked, and what is true there: labels (N,) or posterior."""

    experiment: Recipe
    network: Network
    task: Task
    source: Source
    n_samples: int
    truth: np.ndarray


def mend(asked: Asked, *, report: Callable[[Any], None]) -> Mapping[Objective, MendedSamples]:
    """The samples of a network at the temperature of each objective: see `mended_samples`.

    `report` is called before each of the `STEPS` with a `Progress`, and now and then with None; it may raise.
    """
    from pruning.lottery.asking import voice_of
    from pruning.model.build import modules
    from pruning.training.threads import one_thread

    def step(done: int) -> None:
        report(Progress(done, len(STEPS), STEPS[done]))

    task, against_truth = asked.task, asked.truth.ndim == 2
    with one_thread():
        models = modules(asked.experiment, asked.network, task.n_classes)
        voice = voice_of(models, asked.experiment, task, asked.source).voice
        held_out = task.validation()
        step(0)
        fitted_on = voice.logits(held_out.inputs, asked.n_samples)
        step(1)
        inputs = task.fresh().inputs if against_truth else task.inputs(Part.TEST)
        said = voice.logits(inputs, asked.n_samples)
        step(2)
        return mended_samples(said, asked.truth, fitted_on, held_out.labels)
