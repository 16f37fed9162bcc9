"""Predictions by any method: one form for what a network says, wherever its class probabilities come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import nn

from uncertainty.batches import Inputs
from uncertainty.options import Method
from uncertainty.predictions import Predictions
from uncertainty.predictive import entropy
from uncertainty.sampling import predict, single_pass


def predictions(
    method: Method,
    model: nn.Module,
    inputs: Inputs,
    samples: Sequence[int],
    seed: int,
    on_block: Callable[[], None] = lambda: None,
) -> Predictions:
    """What `model` says of inputs (N, …) by a method.

    By MC dropout as means over the first s samples, for each s in `samples`; by a single pass there is one sample,
    without dropout. Raises as `sampling.predict` and `sampling.single_pass` do.
    """
    if method == Method.MC_DROPOUT:
        return predict(model, inputs, samples, seed, on_block)
    logits = single_pass(model, inputs).astype(np.float32, copy=False)
    on_block()
    nothing = np.zeros((1, len(logits)), np.float32)
    probs = Predictions((1,), nothing[..., None], nothing, logits).single_pass()
    return Predictions((1,), probs[None].astype(np.float32), entropy(probs)[None].astype(np.float32), logits)
