"""What a temperature does for the samples of MC dropout, by each objective: asked once, and kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict

from cache import runs
from cache.results import digest
from cache.runs import load_torch
from cache.services import services
from cache.visitor import Visit
from pruning.code_version import code_version
from pruning.data.plane_task import PlaneTask
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.mending import MendedSamples, mended_samples
from pruning.options import Part
from pruning.outcome import Network
from uncertainty.options import Method, Source
from uncertainty.temperature import Objective

SAMPLES = 50
"""Of MC dropout: more hardly move the temperature."""


def by_objective(seen: Evaluated, network: Network, visit: Visit | None = None) -> Mapping[Objective, MendedSamples]:
    """A network's samples, as many as `SAMPLES`, at the temperature of each objective, on what `seen` measures."""
    source = Source(Method.MC_DROPOUT, layers=seen.outcome.source.layers)
    experiment, truth = seen.outcome.experiment, seen.outcome.test_labels
    task, kept = runs.task_and_kept(experiment, visit)
    key = json.dumps(
        {
            "mended samples": digest(network),
            "asked by": asdict(source),
            "of": json.loads(experiment.key()),
            "data": [task.name, task.fingerprint],
            "against the truth": seen.is_against_truth,
            "samples": SAMPLES,
            "code": code_version("pruning.lottery.asking", "pruning.evaluation.mending"),
        }
    )

    def compute() -> Mapping[Objective, MendedSamples]:
        load_torch()
        from pruning.lottery.asking import voice_of
        from pruning.model.build import modules

        with services().pictures:
            models = modules(experiment, network, task.n_classes)
            voice = voice_of(models, experiment, task, source).voice
            held_out, inputs = task.validation(), task.inputs(Part.TEST)
            if seen.is_against_truth:
                assert isinstance(task, PlaneTask)
                inputs = task.fresh().inputs
            said, fitted_on = (voice.logits(each, SAMPLES) for each in (inputs, held_out.inputs))
            return mended_samples(said, truth, fitted_on, held_out.labels)

    return kept.fetch(key, compute)
