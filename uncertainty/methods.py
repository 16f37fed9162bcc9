"""Predictions by any method: one form for what a network says, wherever its class probabilities come from.

asked = predictor(Source(Method.MC_DROPOUT, tempered=True), [model], seed, training, validation)
asked.temperature, asked.predictions(inputs, samples=(1, 10, 50)).probs(50)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from scipy.special import softmax
from torch import nn

from uncertainty.batches import Inputs
from uncertainty.examples import Examples
from uncertainty.laplace import LIMIT, fit_laplace
from uncertainty.laplace_options import Structure, Subnetwork
from uncertainty.laplace_predictive import Laplace
from uncertainty.options import DropoutLayers, Method, Source
from uncertainty.predictions import Predictions, averaged
from uncertainty.sampling import mc_dropout, predict, single_pass
from uncertainty.temperature import fit_temperature

MOST_EXAMPLES = 2000
"""Training examples whose curvature a Laplace approximation of the survivors takes in: each costs a derivative of
every logit by every weight. Of more, the posterior is that of a network that saw so many, and wider."""
FITTED_SAMPLES = 50  # of those that a temperature is fitted for; it hardly depends on how many there are


class Voice(Protocol):
    """A method that is ready to be asked."""

    def logits(self, inputs: Inputs, n_samples: int) -> np.ndarray:
        """(S, N, C), each up to a constant over the classes; S is `n_samples` or as many as there are."""

    def predictions(
        self, inputs: Inputs, samples: Sequence[int], temperature: float, on_block: Callable[[], None]
    ) -> Predictions:
        """What is said of inputs (N, …), averaged over the first s samples for each s in `samples`, as far as
        there are so many."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """A method fitted to a network, and the temperature that its logits are divided by."""

    voice: Voice
    temperature: float = 1.0

    def predictions(
        self, inputs: Inputs, samples: Sequence[int], on_block: Callable[[], None] = lambda: None
    ) -> Predictions:
        """What is said of inputs (N, …), averaged over the first s samples for each s in `samples`, which rise.

        A method that has fewer samples keeps all of those: see `Method.samples`. Raises as `sampling.predict` does.
        """
        return self.voice.predictions(inputs, samples, self.temperature, on_block)

    def samples(self, inputs: Inputs, n_samples: int) -> np.ndarray:
        """The class probabilities (S, N, C) of the first `n_samples` samples, or of as many as there are."""
        return softmax(self.voice.logits(inputs, n_samples) / self.temperature, axis=-1)


def predictor(
    source: Source,
    models: Sequence[nn.Module],
    seed: int,
    training: Callable[[], Examples],
    validation: Callable[[], Examples],
) -> Predictor:
    """A source of class probabilities, fitted for a network.

    models: the network, and the other members where the method is an ensemble. Laplace is fitted on the training
    examples, a temperature on the validation examples by the NLL of the mean predictive; neither is asked for
    unless it is needed. Raises ValueError for a tempered network whose last layer is no `nn.Linear`, for one without
    dropout where its samples are wanted, and as `fit_temperature` does.
    """
    voice = _voice(source, models, seed, training)
    if not source.tempered:
        return Predictor(voice)
    held_out = validation()
    fitted = fit_temperature(voice.logits(held_out.inputs, FITTED_SAMPLES), held_out.labels)
    return Predictor(voice, fitted.value)


def _voice(source: Source, models: Sequence[nn.Module], seed: int, training: Callable[[], Examples]) -> Voice:
    method = source.method
    if method == Method.MC_DROPOUT:
        return _Dropout(models[0], seed, source.layers)
    if method in (Method.SINGLE_PASS, Method.ENSEMBLE):
        return _Members(models if method == Method.ENSEMBLE else models[:1])
    return _Laplace(_fitted(method, models[0], training()), seed)


def _fitted(method: Method, model: nn.Module, examples: Examples) -> Laplace:
    if method == Method.LAST_LAYER:
        # Of many features and classes a covariance of all their weights takes too much room.
        wide = list(model.modules())[-1]
        is_large = isinstance(wide, nn.Linear) and sum(values.numel() for values in wide.parameters()) > LIMIT
        structure = Structure.KRON if is_large else Structure.FULL
        return fit_laplace(model, examples.inputs, examples.labels, Subnetwork.LAST_LAYER, structure)
    some = slice(MOST_EXAMPLES)
    return fit_laplace(model, examples.inputs[some], examples.labels[some], Subnetwork.SURVIVING)


@dataclass(frozen=True, eq=False)
class _Dropout:
    """Thinned networks: see `sampling.mc_dropout`."""

    model: nn.Module
    seed: int
    layers: DropoutLayers

    def logits(self, inputs: Inputs, n_samples: int) -> np.ndarray:
        probs = mc_dropout(self.model, inputs, n_samples, self.seed, self.layers)
        return np.log(np.maximum(probs, np.finfo(np.float32).tiny))

    def predictions(
        self, inputs: Inputs, samples: Sequence[int], temperature: float, on_block: Callable[[], None]
    ) -> Predictions:
        found = predict(cooled(self.model, temperature), inputs, samples, self.seed, on_block, self.layers)
        return replace(found, temperature=temperature)


@dataclass(frozen=True, eq=False)
class _Laplace:
    """Draws of the weights around the trained ones, by which the linearised network is moved: see `laplace`."""

    posterior: Laplace
    seed: int

    def logits(self, inputs: Inputs, n_samples: int) -> np.ndarray:
        return self.posterior.sample_logits(inputs, n_samples, self.seed)

    def predictions(
        self, inputs: Inputs, samples: Sequence[int], temperature: float, on_block: Callable[[], None]
    ) -> Predictions:
        return self.posterior.predict(inputs, samples, self.seed, on_block, temperature)


@dataclass(frozen=True, eq=False)
class _Members:
    """Networks that are asked as they are: a single one, or those of an ensemble (Lakshminarayanan et al. 2017)."""

    models: Sequence[nn.Module]

    def logits(self, inputs: Inputs, n_samples: int) -> np.ndarray:
        return np.stack([single_pass(model, inputs) for model in self.models[:n_samples]])

    def predictions(
        self, inputs: Inputs, samples: Sequence[int], temperature: float, on_block: Callable[[], None]
    ) -> Predictions:
        logits = self.logits(inputs, len(self.models)) / temperature
        on_block()
        return averaged([(softmax(logits, axis=-1), logits[0])], range(1, len(logits) + 1), temperature=temperature)


def cooled(model: nn.Module, temperature: float) -> nn.Module:
    """The network with all its logits divided by a temperature; itself where that is 1.

    They are so in its last layer, and everything else is the same, its dropout too: it has the same thinned networks.
    Raises ValueError for a network that does not end in an `nn.Linear`.
    """
    if temperature == 1:
        return model
    copy = deepcopy(model)
    last = list(copy.modules())[-1]
    if not isinstance(last, nn.Linear):
        raise ValueError(
            f"{type(model).__name__} ends in {type(last).__name__}; a temperature needs one that ends in nn.Linear"
        )
    with torch.no_grad():
        for parameter in last.parameters():
            parameter.div_(temperature)
    return copy
