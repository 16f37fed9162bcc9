"""Which units each sample of MC dropout keeps: the masks of `sampling.mc_dropout`, drawn once more and the same.

kept = kept_units(model, inputs, n_samples=10, seed=0)  # for each dropout (S, units)
"""

from __future__ import annotations

import numpy as np
from torch import nn

from uncertainty.batches import Inputs, checked_inputs
from uncertainty.dropout import draw
from uncertainty.examined import examine
from uncertainty.options import DropoutLayers


def kept_units(
    model: nn.Module, inputs: Inputs, n_samples: int, seed: int, layers: DropoutLayers = DropoutLayers.ALL
) -> list[np.ndarray]:
    """For each call of dropout, in order, what the samples keep: (S, …) truth values over the values of one input.

    A call that is switched off keeps all. Which inputs (N, …) there are changes nothing but their shape. Raises as
    `mc_dropout` does for a model that it cannot serve.
    """
    network = examine(model, checked_inputs(inputs), thinning=True)
    shapes = [drop.shape if drop else None for drop in network.drops]
    if layers == DropoutLayers.LAST and any(network.drops):
        network = network.last_alone()
    return [
        np.ones((n_samples, *(shape or ())), bool)
        if drop is None
        else draw(drop, n_samples, seed, stream).factor.cpu().numpy() != 0
        for drop, shape, stream in zip(network.drops, shapes, network.streams, strict=True)
    ]
