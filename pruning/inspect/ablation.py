"""Units taken out of a trained network, or put back, by hand and without training."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import torch

from pruning.data.plane_task import PlaneTask
from pruning.data.task import Task
from pruning.lottery.asking import voice_of
from pruning.model import cost
from pruning.model.build import modules
from pruning.model.masks import Masks, apply_masks
from pruning.model.networks import Weights, mlp, prunable_layers, with_weights
from pruning.model.pruned_dropout import smaller
from pruning.model.units import Unit, toggled
from pruning.outcome import Network, PlaneOutcome
from pruning.training.threads import one_thread
from uncertainty.options import Source


def changed(
    outcome: PlaneOutcome,
    units: Collection[Unit],
    samples: Sequence[int],
    source: Source | None = None,
    task: Task | None = None,
) -> Network:
    """The pruned network with each of `units` removed if it is there, and put back if it is not.

    A unit that pruning has removed comes back with the weights it had in the dense network, between
    it and the units that are there; nothing is trained. Test, far and fresh points are asked again
    by a source, the outcome's without one, for each number of samples in `samples`. The latency is not measured.
    task: of the outcome, where its points are somebody's own.

    The units that stay are silenced in the same samples as before and at the rates they were trained at, so
    that a unit that does nothing changes nothing.

    Raises ValueError for a unit that does not exist, and where a layer would be left empty.
    """
    experiment, network = outcome.experiment, outcome.at(outcome.experiment.prune_ratio)
    masks = toggled(network.masks, units)
    model = mlp(2, experiment.hidden, outcome.n_classes, experiment.dropout)
    weights = _put_back(_tensors(network.weights), _tensors(outcome.dense.weights), network.masks, model)
    weights = apply_masks(model, weights, masks)
    with one_thread():
        small = smaller(with_weights(model, weights), masks, network.dropout)
        task = task or PlaneTask.of(experiment)
        asked = (
            outcome.test_inputs,
            outcome.far_inputs,
            task.validation().inputs,
            *([outcome.fresh.inputs] if outcome.fresh else []),
        )
        others = modules(experiment, network, outcome.n_classes)[1:]
        voice = voice_of([small, *others], experiment, task, source or outcome.source)
        test, far, validation, *fresh = (voice.predictions(inputs, samples) for inputs in asked)
    return replace(
        network,
        masks=masks,
        weights={name: value.numpy() for name, value in weights.items()},
        units=cost.units(small),
        parameters=cost.parameters(small),
        multiply_adds=cost.multiply_adds(small, torch.zeros(1, 2)),
        latency=float("nan"),
        test=test,
        ood=far,
        validation=validation,
        fresh=fresh[0] if fresh else None,
    )


def _tensors(weights: dict[str, np.ndarray]) -> Weights:
    return {name: torch.from_numpy(value) for name, value in weights.items()}


def _put_back(weights: Weights, dense: Weights, masks: Masks, model: torch.nn.Sequential) -> Weights:
    """The weights with those of removed units as the dense network has them, to and from each other too."""
    filled = {name: value.clone() for name, value in weights.items()}
    for name, layer in prunable_layers(model).items():
        gone = torch.from_numpy(~masks[name])
        outgoing = f"{layer.feeds}.weight"
        filled[f"{name}.weight"][gone] = dense[f"{name}.weight"][gone]
        filled[f"{name}.bias"][gone] = dense[f"{name}.bias"][gone]
        filled[outgoing][:, gone] = dense[outgoing][:, gone]
    return filled
