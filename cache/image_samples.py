"""Asking image networks about single pictures, while the visitor waits."""

from __future__ import annotations

import numpy as np

from cache.runs import load_torch
from cache.services import services
from pruning import ImageExperiment, Network, module
from uncertainty.randomness import sampling_seed


def ask(experiment: ImageExperiment, network: Network, pixels: np.ndarray, n_samples: int) -> np.ndarray:
    """The MC-dropout samples (S, N, C) of a network on pictures (N, H, W, channels) uint8.

    The samples are those behind the stored predictions: the same thinned networks.
    """
    load_torch()
    from uncertainty.sampling import mc_dropout

    with services().pictures:
        small = module(experiment, network, experiment.dataset.n_classes)
        return mc_dropout(small, pixels, n_samples, sampling_seed(experiment.seed))
