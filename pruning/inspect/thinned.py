"""Thinned networks by their units: what each single sample of MC dropout keeps of every hidden layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pruning.experiment import Experiment
from pruning.inspect.plane import DRAWN
from pruning.outcome import Network
from uncertainty.options import DropoutLayers
from uncertainty.randomness import sampling_seed


def thinned_units(
    experiment: Experiment, network: Network, n_classes: int, layers: DropoutLayers = DropoutLayers.ALL
) -> Mapping[str, np.ndarray]:
    """Layer → (D, units) truth values: the units that each of the samples drawn by `make_draws` keeps.

    Over all units of the layer; those that are pruned are kept by none. At dropout rate 0 all that are there are kept
    by all.
    """
    from pruning.model.build import module  # loads PyTorch
    from pruning.training.threads import one_thread
    from uncertainty.kept_units import kept_units

    inputs, seed = np.zeros((2, 2), np.float32), sampling_seed(experiment.seed)
    with one_thread():
        drawn = kept_units(module(experiment, network, n_classes), inputs, DRAWN, seed, layers)
    return {name: _over_all(kept, mask) for (name, mask), kept in zip(network.masks.items(), drawn, strict=True)}


def _over_all(kept: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What samples keep of the units that are left (D, left) → of all of them (D, units)."""
    units = np.zeros((len(kept), len(mask)), bool)
    units[:, mask] = kept
    return units
