"""Asking image networks about single pictures, while the visitor waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cache.runs import load_torch
from cache.services import services
from pruning import ImageExperiment, Network
from pruning.data.task_of import task_of
from pruning.evaluation.memo import remembered
from pruning.model.build import modules
from uncertainty.options import MC_DROPOUT, Source

if TYPE_CHECKING:
    from uncertainty.methods import Predictor


def ask(
    experiment: ImageExperiment,
    network: Network,
    pixels: np.ndarray,
    n_samples: int,
    source: Source = MC_DROPOUT,
) -> np.ndarray:
    """The samples (S, N, C) of a network on pictures (N, H, W, channels) uint8, as many as its source has.

    The samples are those behind the stored predictions: the same thinned networks, members or draws.
    """
    load_torch()
    from pruning.lottery.asking import voice_of

    task = task_of(experiment)

    def fitted() -> Predictor:
        return voice_of(modules(experiment, network, task.n_classes), experiment, task, source)

    with services().pictures:
        # What a method is fitted to does not change, and fitting it may take a pass over all training images.
        voice = remembered(network, ("voice", source), fitted)
        return voice.samples(pixels, source.method.samples(n_samples))
