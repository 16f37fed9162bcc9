"""From a network to class probabilities: a single pass, or S samples by MC dropout.

The only module of this package that touches networks; everything after it takes arrays.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy
from uncertainty.unit_dropout import kept_in_samples

BLOCK_ELEMENTS = 2**22  # activations of a layer over the inputs taken at a time: bounds memory to some 16 MB a layer
CHUNK_ELEMENTS = 2**20  # activations of a layer over samples and inputs: they stay in cache
MAX_CHUNK = 50  # samples at a time: a single one need not compute many


def single_pass(model: nn.Module, inputs: Tensor | np.ndarray) -> np.ndarray:
    """Logits (N, C) with dropout off, whatever mode the model is in. The model is left as it was."""
    model = _evaluating(model)
    with torch.inference_mode():
        rows = _rows(list(model) if isinstance(model, nn.Sequential) else [model], inputs)
        return np.concatenate([model(_tensor(block)).numpy() for block in _blocks(inputs, rows)])


def _evaluating(model: nn.Module) -> nn.Module:
    """The model in evaluation mode, as a copy that shares its tensors.

    Switching the model itself would be seen by every other thread that uses it.
    """
    if not any(module.training for module in model.modules()):
        return model
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared).eval()


def _tensor(inputs: Tensor | np.ndarray) -> Tensor:
    """The inputs as float32; an array is copied, for it may be read-only."""
    return inputs.float() if isinstance(inputs, Tensor) else torch.from_numpy(np.array(inputs, np.float32))


def mc_dropout(model: nn.Sequential, inputs: Tensor | np.ndarray, n_samples: int, seed: int) -> np.ndarray:
    """Class probabilities (S, N, C) of S thinned networks (Gal & Ghahramani 2016, equation 6).

    A sample is one draw of the dropout masks, held for all N inputs: one function out of the
    approximate posterior, as one member is of an ensemble. So every map over a plane is smooth,
    and the layers before the first dropout are computed once. (With few samples the errors of
    different inputs are therefore correlated.) Only dropout is active; kept
    activations are scaled by 1/(1 − p) exactly once, so for a linear network the samples average
    to the single pass.

    The first s samples do not depend on S: a smaller sample is a prefix of a larger one.
    inputs: (N, …), taken as float32. Raises ValueError for n_samples < 1, for a model that is not an
    `nn.Sequential`, and for one without dropout, whose samples would all be equal.
    """
    return np.concatenate([probs for probs, _ in _sample_blocks(model, inputs, n_samples, seed)], axis=1)


def predict(
    model: nn.Sequential,
    inputs: Tensor | np.ndarray,
    samples: Sequence[int],
    seed: int,
    on_block: Callable[[], None] = lambda: None,
) -> Predictions:
    """A single pass, and MC dropout averaged over the first s samples for each s in `samples`.

    Memory is bounded whatever N and S: inputs are taken block by block. `on_block` is called after
    each and may raise. inputs: (N, …) of any type the model's first layer takes.
    """
    frames, singles = [], []
    for probs, logits in _sample_blocks(model, inputs, samples[-1], seed):
        frames.append((running_means(probs, samples), running_means(entropy(probs), samples)))
        singles.append(logits)
        on_block()
    mean_probs, expected_entropy = (np.concatenate(parts, axis=1) for parts in zip(*frames, strict=True))
    return Predictions(tuple(samples), mean_probs, expected_entropy, np.concatenate(singles))


def _sample_blocks(
    model: nn.Sequential, inputs: Tensor | np.ndarray, n_samples: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One block of inputs after the other: its samples (S, n, C), and its logits (n, C) with dropout off."""
    if n_samples < 1:
        raise ValueError(f"n_samples is {n_samples}; at least 1 is needed")
    if len(inputs) < 1:
        raise ValueError("inputs is empty; at least one example is needed")
    layers = _flat_layers(_evaluating(model))
    first = next((i for i, layer in enumerate(layers) if isinstance(layer, nn.Dropout)), None)
    if first is None:
        raise ValueError("the model has no nn.Dropout layer, so all its MC samples would be equal")
    rows = _rows(layers, inputs)
    with torch.inference_mode():
        example = nn.Sequential(*layers[:first])(_tensor(inputs[:1]))
        chunk = CHUNK_ELEMENTS // (min(rows, len(inputs)) * _widest(layers[first:]))
        chunk = min(max(chunk, 1), MAX_CHUNK)
        # Every chunk is full, the last one too: products of another size round differently.
        whole = -(-n_samples // chunk) * chunk
        head = _with_masks(layers[first:], example.clone(), whole, seed)
    parts = [slice(start, start + chunk) for start in range(0, whole, chunk)]
    for block in _blocks(inputs, rows):
        with torch.inference_mode():  # not around the yield, where it would leak into the caller
            features = nn.Sequential(*layers[:first])(_tensor(block))
            sampled = [_softmax(_forward(head, features, part)).numpy() for part in parts]
            # After the samples, for a layer that works in place would change the features under them.
            logits = nn.Sequential(*layers[first:])(features).numpy()
        yield np.concatenate(sampled)[:n_samples], logits


def _rows(layers: Sequence[nn.Module], inputs: Tensor | np.ndarray) -> int:
    """How many inputs are taken at a time, from the largest activation of one of them."""
    values, largest = _tensor(inputs[:1]), 1
    with torch.inference_mode():
        for layer in layers:
            values = layer(values)
            largest = max(largest, values.numel())
    return max(BLOCK_ELEMENTS // largest, 1)


def _blocks(inputs: Tensor | np.ndarray, rows: int) -> Iterator[Tensor | np.ndarray]:
    for start in range(0, len(inputs), rows):
        yield inputs[start : start + rows]


def _flat_layers(model: nn.Module) -> list[nn.Module]:
    """The layers in forward order, nested sequentials opened."""
    if not isinstance(model, nn.Sequential):
        kind = type(model).__name__
        raise ValueError(f"MC dropout needs an nn.Sequential, to know what follows a dropout layer; got {kind}")
    layers: list[nn.Module] = []
    for layer in model:  # children() would leave out a module that is used twice
        if isinstance(layer, _DropoutNd) and not isinstance(layer, nn.Dropout):
            raise ValueError(f"MC dropout knows nn.Dropout alone; the model has {type(layer).__name__}")
        layers += _flat_layers(layer) if isinstance(layer, nn.Sequential) else [layer]
    return layers


def _widest(layers: list[nn.Module]) -> int:
    return max([layer.out_features for layer in layers if isinstance(layer, nn.Linear)], default=1)


def _with_masks(
    layers: list[nn.Module], example: Tensor, n_samples: int, seed: int
) -> list[tuple[nn.Module, Tensor | None]]:
    """Each layer with its masks (S, …), already scaled by 1/(1 − p), where it is a dropout."""
    masked: list[tuple[nn.Module, Tensor | None]] = []
    for i, layer in enumerate(layers):
        if isinstance(layer, nn.Dropout):
            rng = np.random.Generator(np.random.SFC64([seed, i]))
            kept = kept_in_samples(layer, tuple(example.shape[1:]), n_samples, rng)
            scale = 1 / (1 - layer.p) if layer.p < 1 else 0.0
            masked.append((layer, torch.from_numpy(kept) * scale))
        else:
            masked.append((layer, None))
            example = layer(example)
    return masked


def _forward(head: list[tuple[nn.Module, Tensor | None]], features: Tensor, part: slice) -> Tensor:
    """Logits (s, N, C) of the samples in `part`.

    A mask is held back until the next layer: a linear one takes it into its weights, which are
    far fewer than the activations of all inputs.
    """
    features = features.unsqueeze(0)
    values, mask = features, None  # (1 or s, N, …), (s, …)
    for layer, masks in head:
        if masks is not None:
            mask = masks[part] if mask is None else mask * masks[part]
        elif isinstance(layer, nn.Linear) and mask is not None:
            weight = layer.weight.T * mask.unsqueeze(-1)  # (s, in, out)
            values, mask = torch.matmul(values, weight), None
            values = values if layer.bias is None else values.add_(layer.bias)
        elif type(layer) is nn.ReLU and mask is None and values is not features:
            values = values.relu_()  # of our own product: fresh memory costs more than the arithmetic
        else:
            if mask is not None:
                values, mask = values * mask.unsqueeze(1), None
            values = layer(values.flatten(0, 1)).unflatten(0, values.shape[:2])
    return values if mask is None else values * mask.unsqueeze(1)


def _softmax(logits: Tensor) -> Tensor:
    """Softmax over the last axis, computed with that axis moved forward: far faster for few classes."""
    return logits.transpose(-1, -2).contiguous().softmax(-2).transpose(-1, -2)
