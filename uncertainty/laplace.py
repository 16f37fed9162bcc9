"""Laplace approximations of a network's posterior, over its last layer or over the weights that pruning has left.

The posterior is a Gaussian around the trained weights, its covariance the inverse of the curvature there: the
generalised Gauss–Newton matrix (GGN) of the cross-entropy over the training examples, plus the precision of a
Gaussian prior (MacKay 1992; Daxberger et al. 2021, *Laplace Redux*). Nothing is trained, and the trained network is
the mean: the predictive is that of the network linearised there (Immer et al. 2021), which at the mean is itself.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from uncertainty.arrays import as_array, classes, whole_number
from uncertainty.batches import Inputs, blocks, checked_inputs
from uncertainty.evaluating import evaluating
from uncertainty.examined import Examined, examine
from uncertainty.laplace_last_layer import LastLayer, last_layer
from uncertainty.laplace_options import Structure, Subnetwork
from uncertainty.laplace_posterior import Curvature, best_precision, checked_precision
from uncertainty.laplace_predictive import BLOCK_ELEMENTS, MOST_WEIGHTS, Laplace
from uncertainty.laplace_subnetwork import Linearised, diagonal, least_certain, most_certain, rooted
from uncertainty.refusal import Refused, kind

LIMIT = 1300
"""Weights of a subnetwork: as many as a 64-64 network has with half of its units. Time grows with the third power."""

PICK = {Subnetwork.SURVIVING: most_certain, Subnetwork.LEAST_CERTAIN: least_certain}
"""Which weights are taken where all are too many."""
Chosen = Subnetwork | str | Sequence[int] | np.ndarray
"""A rule by which weights are chosen, or their indices among all parameters, flattened one after the other."""


def fit_laplace(
    model: nn.Module,
    inputs: Inputs,
    labels: object,
    weights: Chosen = Subnetwork.LAST_LAYER,
    structure: Structure | str = Structure.FULL,
    prior_precision: float | None = None,
    limit: int = LIMIT,
) -> Laplace:
    """The Laplace approximation of a trained classifier's posterior over some of its weights.

    model: maps inputs (N, …) to logits (N, C). It is copied, so that it may go on being trained. Dropout is off.
    inputs, labels: the N training examples, labels from 0 to C − 1.
    weights: the last linear layer; or the surviving weights, all of them if they are at most `limit`, else as many
    of them, as `laplace_subnetwork.most_certain` or `least_certain` says; or the indices of some among all
    parameters, flattened one after the other.
    structure: of the covariance; Kronecker-factored for the last layer alone.
    prior_precision: λ of the prior N(0, I/λ); None is the one of the largest evidence (MacKay 1992).

    Raises TypeError for what is no model and no numbers. ValueError for a network that `single_pass` refuses, one
    whose examples depend on each other, weights or logits that are not finite, a network that does not end in an
    nn.Linear where the last layer is asked for, labels and indices out of range, a prior precision that is not above
    zero, more weights than a full covariance can hold, and where no prior precision has the largest evidence.
    """
    inputs, structure, limit = checked_inputs(inputs), Structure(structure), whole_number(limit, "limit", 1)  # type: ignore[call-arg]
    rule = Subnetwork(weights) if isinstance(weights, str) else _indices(weights)  # type: ignore[call-arg]
    precision = None if prior_precision is None else checked_precision(prior_precision)
    if limit > MOST_WEIGHTS:
        raise ValueError(f"limit is {limit}; a full covariance can hold {MOST_WEIGHTS} weights at most")
    network = _network(model, inputs)
    log_probs = _log_probs(network, inputs)
    targets = _targets(labels, *log_probs.shape)
    if rule == Subnetwork.LAST_LAYER:
        around, curvature, is_limited = *_of_last_layer(network, inputs, log_probs.exp(), structure), False
    elif structure == Structure.FULL:
        around, curvature, is_limited = _of_subnetwork(network, inputs, log_probs.exp(), rule, limit)
    else:
        raise ValueError(f"structure is {structure.value}, which the last layer alone can have; here it must be full")
    trained = torch.cat([values.flatten() for values in network.model.parameters()])[around.indices].double()
    squares = float(trained.square().sum())
    if precision is None:
        precision = best_precision(squares, curvature.values.cpu().numpy())
    log_likelihood = float(log_probs.gather(1, targets.to(log_probs.device)[:, None]).sum())
    return Laplace(around, curvature, precision, log_likelihood, squares, is_limited)


Fitted = tuple[LastLayer | Linearised, Curvature]


def _of_last_layer(network: Examined, inputs: Inputs, probs: Tensor, structure: Structure) -> Fitted:
    around = last_layer(network)
    if structure == Structure.FULL and len(around.indices) > MOST_WEIGHTS:
        raise ValueError(
            f"the last layer has {len(around.indices)} weights, and a full covariance can hold {MOST_WEIGHTS}; "
            f"structure {Structure.KRON.value} takes more"
        )
    parts = zip(_batches(network, inputs, _rows(network)), probs.split(_rows(network)), strict=True)
    seen = ((around.features(batch)[0].double(), own) for batch, own in parts)
    return around, around.curvature(seen, structure)


def _of_subnetwork(
    network: Examined, inputs: Inputs, probs: Tensor, rule: Subnetwork | Tensor, limit: int
) -> tuple[Linearised, Curvature, bool]:
    every = torch.arange(sum(values.numel() for values in network.model.parameters()), device=probs.device)

    def seen(around: Linearised) -> Iterator[Tensor]:
        parts = zip(_batches(network, inputs, around.rows), probs.split(around.rows), strict=True)
        return (rooted(around.jacobians(batch)[0], own) for batch, own in parts)

    around, is_limited = Linearised(network, every, probs.shape[1]), False
    if isinstance(rule, Tensor):
        if int(rule[-1]) >= len(every):
            raise ValueError(
                f"weights has index {int(rule[-1])}; {network.name} has those from 0 to {len(every) - 1}"
            )
        around = replace(around, indices=rule.to(probs.device))
    elif is_limited := len(every) > limit:
        around = replace(around, indices=PICK[rule](diagonal(seen(around)), limit))
    return around, around.curvature(seen(around)), is_limited


def _network(model: nn.Module, inputs: Inputs) -> Examined:
    """A copy of the model, found fit to be linearised at its weights."""
    twin = evaluating(model)
    try:
        twin = copy.deepcopy(twin)
    except Exception as error:
        raise Refused(
            f"{kind(model)} cannot be copied ({error}), and a posterior is kept with its network"
        ) from error
    twin.requires_grad_(False)
    for name, values in [*twin.named_parameters(), *twin.named_buffers()]:
        if not values.isfinite().all():
            raise Refused(f"{name!r} of {kind(model)} has weights that are not finite, around which nothing is known")
    network = examine(twin, inputs, thinning=False)
    if not network.apart:
        raise Refused(
            f"what {network.name} answers for an input depends on the inputs beside it (a normalisation by the "
            "batch, say), so that the curvature is no sum over examples"
        )
    return network


def _rows(network: Examined) -> int:
    return max(BLOCK_ELEMENTS // network.largest, 1)


def _batches(network: Examined, inputs: Inputs, rows: int) -> Iterator[Tensor]:
    return (network.batch(block) for block in blocks(inputs, rows))


def _log_probs(network: Examined, inputs: Inputs) -> Tensor:
    """The log-probabilities (N, C) of the trained network in float64."""
    logits = torch.cat([network.logits(batch) for batch in _batches(network, inputs, _rows(network))])
    if bad := int((~logits.isfinite().all(dim=1)).sum()):
        raise ValueError(f"{network.name} gives logits that are not finite for {bad} of {len(logits)} inputs")
    return logits.double().log_softmax(dim=1)


def _targets(labels: object, n: int, n_classes: int) -> Tensor:
    found = classes(labels, n_classes)
    if found.shape != (n,):
        raise ValueError(f"labels has shape {found.shape}; one for each of the {n} inputs is needed: ({n},)")
    return torch.from_numpy(found)


def _indices(weights: Sequence[int] | np.ndarray) -> Tensor:
    """Chosen indices (P,), rising, once they are found to be whole and different."""
    found = as_array(weights, "weights")
    if found.ndim != 1 or found.dtype.kind not in "iu" or not 1 <= len(found) <= MOST_WEIGHTS:
        raise ValueError(
            f"weights must be one of {', '.join(Subnetwork)}, or 1 to {MOST_WEIGHTS} whole numbers in one row; "
            f"got {found.dtype} of shape {found.shape}"
        )
    rising = np.unique(found)
    if rising[0] < 0 or len(rising) < len(found):
        raise ValueError(
            f"weights must be different indices from 0 on; got {len(found)}, {len(rising)} of them different, "
            f"from {rising[0]} on"
        )
    return torch.from_numpy(rising.astype(np.int64))
