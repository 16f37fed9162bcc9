"""From a network to class probabilities: a single pass, or S samples by MC dropout.

Everything after this takes arrays. A network may be any `nn.Module` that maps inputs (N, …) to logits
(N, C), C ≥ 2; one that cannot be served is refused with its layer's name, for the alternative is a
number that is silently another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from uncertainty.arrays import whole_number
from uncertainty.batches import Inputs, blocks, checked_inputs
from uncertainty.chain import chain_of, is_own_way
from uncertainty.dropout import Drop, draw
from uncertainty.examined import Examined, examine
from uncertainty.options import DropoutLayers
from uncertainty.predictions import Predictions, averaged, checked_samples
from uncertainty.thinned import thinned_logits

BLOCK_ELEMENTS = 2**22  # activations of a layer over the inputs taken at a time: bounds memory to some 16 MB a layer
CHUNK_ELEMENTS = 2**20  # activations of a layer over samples and inputs: they stay in cache
MAX_CHUNK = 50  # samples at a time: a single one need not compute many
PREFIX_LAYERS = 8  # largest layers in front of the first dropout that may be held for the samples to come


def single_pass(model: nn.Module, inputs: Inputs) -> np.ndarray:
    """Logits (N, C) with dropout off, whatever mode the model is in. The model is left as it was.

    float32, or float64 where the model's weights are; not finite where the model's own are not.
    inputs: (N, …) real numbers, cast to the type of the weights. Raises as `mc_dropout`, except for
    what concerns dropout.
    """
    inputs = checked_inputs(inputs)
    network = examine(model, inputs, thinning=False)
    rows = max(BLOCK_ELEMENTS // network.largest, 1)
    network.check_blocks(rows, len(inputs))
    return np.concatenate([_array(network.logits(network.batch(block))) for block in blocks(inputs, rows)])


def mc_dropout(
    model: nn.Module, inputs: Inputs, n_samples: int, seed: int, layers: DropoutLayers = DropoutLayers.ALL
) -> np.ndarray:
    """Class probabilities (S, N, C) of S thinned networks (Gal & Ghahramani 2016, equation 6).

    A sample is one draw of the dropout masks, held for all N inputs: one function out of the
    approximate posterior, as one member is of an ensemble. So every map over a plane is smooth,
    and what comes before the first dropout is computed once. (With few samples the errors of
    different inputs are therefore correlated.) Only dropout is active, wherever in the model it
    stands, each call of it with a mask of its own; kept activations are scaled by 1/(1 − p) exactly
    once, so for a linear network the samples average to the single pass.

    The first s samples do not depend on S: a smaller sample is a prefix of a larger one. Where the last of the
    `layers` alone drops, its masks are those that it has beside the others.
    inputs: (N, …) real numbers, cast to the type of the weights. The model returns logits, or
    log-probabilities, of which softmax makes the same probabilities. Raises TypeError for what is no
    model and no numbers; ValueError for n_samples < 1, a model without dropout, whose samples would
    all be equal, one whose dropout cannot be given a mask, and one that returns anything but logits.
    """
    return np.concatenate([probs for probs, _ in _sample_blocks(model, inputs, n_samples, seed, layers)], axis=1)


def predict(
    model: nn.Module,
    inputs: Inputs,
    samples: Sequence[int],
    seed: int,
    on_block: Callable[[], None] = lambda: None,
    layers: DropoutLayers = DropoutLayers.ALL,
) -> Predictions:
    """A single pass, and MC dropout averaged over the first s samples for each s in `samples`, which rise.

    Memory is bounded whatever N and S: inputs are taken block by block. `on_block` is called after
    each and may raise. Inputs and errors as for `mc_dropout`.
    """
    samples = checked_samples(samples)
    return averaged(_sample_blocks(model, inputs, samples[-1], seed, layers), samples, on_block)


def _sample_blocks(
    model: nn.Module, inputs: Inputs, n_samples: int, seed: int, layers: DropoutLayers
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One block of inputs after the other: its samples (S, n, C), and its logits (n, C) with dropout off."""
    n_samples, seed = whole_number(n_samples, "n_samples", 1), whole_number(seed, "seed", 0)
    inputs = checked_inputs(inputs)
    network = examine(model, inputs, thinning=True)
    if not any(network.drops):
        raise ValueError(
            f"{network.name} has no nn.Dropout layer that its forward calls, so all its MC samples would be equal; "
            "a single pass is what there is"
        )
    if DropoutLayers(layers) is DropoutLayers.LAST:  # type: ignore[call-arg]
        network = network.last_alone()
    rows = max(BLOCK_ELEMENTS // network.largest, 1)
    found = _as_chain(network, n_samples, seed, min(rows, len(inputs)))
    if found is None:
        rows = max(min(rows, PREFIX_LAYERS * BLOCK_ELEMENTS // network.total), 1)
        found = _one_by_one(network, n_samples, seed)
    network.check_blocks(rows, len(inputs))
    for block in blocks(inputs, rows):
        yield found(network.batch(block))


Asked = Callable[[Tensor], tuple[np.ndarray, np.ndarray]]
"""From a batch to its samples (S, N, C) and its logits (N, C)."""


def _as_chain(network: Examined, n_samples: int, seed: int, rows: int) -> Asked | None:
    """Many samples at a time, where that gives the network's own samples."""
    chain = chain_of(network)
    if chain is None:
        return None
    chunk = min(max(CHUNK_ELEMENTS // (rows * chain.widest), 1), MAX_CHUNK)
    # Every chunk is full, the last one too: products of another size round differently.
    whole = -(-n_samples // chunk) * chunk
    masks = [draw(drop, whole, seed, stream) for drop, stream in _drawn(network) if drop]
    if not is_own_way(chain, network, masks):
        return None
    parts = [slice(start, start + chunk) for start in range(0, whole, chunk)]

    def asked(batch: Tensor) -> tuple[np.ndarray, np.ndarray]:
        with torch.no_grad():
            features = chain.shared(batch)
            columns = chain.by_unit(features)
            sampled = [_probs(chain.samples(columns, masks, part)) for part in parts]
            # After the samples, for a layer that works in place would change the features under them.
            return np.concatenate(sampled)[:n_samples], _array(chain.logits(features))

    return asked


def _one_by_one(network: Examined, n_samples: int, seed: int) -> Asked:
    """One sample after the other, each a pass of the network itself."""
    masks = [draw(drop, n_samples, seed, stream) if drop else None for drop, stream in _drawn(network)]

    def asked(batch: Tensor) -> tuple[np.ndarray, np.ndarray]:
        sampled = [_probs(logits) for logits in thinned_logits(network, batch, masks, n_samples)]
        return np.stack(sampled), _array(network.logits(batch))

    return asked


def _drawn(network: Examined) -> Iterator[tuple[Drop | None, tuple[int, ...]]]:
    return zip(network.drops, network.streams, strict=True)


def _array(logits: Tensor) -> np.ndarray:
    wide = logits if logits.dtype is torch.float64 else logits.float()
    return wide.detach().cpu().numpy()


def _probs(logits: Tensor) -> np.ndarray:
    """Softmax over the last axis, computed with that axis moved forward: far faster for few classes."""
    wide = logits if logits.dtype is torch.float64 else logits.float()
    return wide.transpose(-1, -2).contiguous().softmax(-2).transpose(-1, -2).cpu().numpy()
