"""A network linearised in some of its weights: its Jacobians, its curvature, and which weights to take.

f(x) + J(x) δ (Immer et al. 2021, equation 5), with δ over a subnetwork (Daxberger et al. 2021, section 4).
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, reduce

import torch
from torch import Tensor
from torch.func import functional_call, jacrev, jvp, vmap

from uncertainty.examined import Examined
from uncertainty.laplace_posterior import FullCurvature, full_curvature
from uncertainty.refusal import Refused, kind

JACOBIAN_ELEMENTS = 2**22  # numbers of the Jacobians that are held at a time
# Torch counts the levels of forward differentiation for the whole process: where two threads differentiate at once,
# the one that is done first takes away the level that the other one is on.
_FORWARD = threading.Lock()


@dataclass(frozen=True, eq=False)
class Linearised:
    """A network as a linear function of P of its weights, around their trained values."""

    network: Examined
    indices: Tensor  # (P,) in all parameters, flattened one after the other; rising
    n_classes: int

    def of(self, network: Examined) -> Linearised:
        """The same weights of the same network, examined on other inputs."""
        return replace(self, network=network)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The parameters with one of these weights or more, by name."""
        return {name: values for name, values, _ in self._places()}

    @property
    def columns(self) -> Tensor:
        """The places (P,) of these weights in `tensors`, flattened one after the other."""
        found, start = [], 0
        for _, values, own in self._places():
            found.append(own + start)
            start += values.numel()
        return torch.cat(found)

    def _places(self) -> Iterable[tuple[str, Tensor, Tensor]]:
        start = 0
        for name, values in self.network.model.named_parameters():
            own = self.indices[(self.indices >= start) & (self.indices < start + values.numel())] - start
            start += values.numel()
            if len(own):
                yield name, values.detach(), own

    @property
    def widest(self) -> int:
        """Numbers of one input in the largest intermediate result of one deviation."""
        return self.network.largest

    @property
    def rows(self) -> int:
        """How many inputs' Jacobians may be held at a time."""
        each = sum(values.numel() for values in self.tensors.values()) + self.network.total
        return max(JACOBIAN_ELEMENTS // (each * self.n_classes), 1)

    def jacobians(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """∂f/∂θ (N, C, P) and the logits (N, C). The batch is left as it was."""
        tensors = self.tensors

        def single(values: dict[str, Tensor], example: Tensor) -> tuple[Tensor, Tensor]:
            logits = functional_call(self.network.model, values, (example.clone().unsqueeze(0),)).squeeze(0)
            return logits, logits

        with self._refusing():
            found, logits = vmap(jacrev(single, has_aux=True), in_dims=(None, 0))(tensors, batch)
        flat = torch.cat([found[name].flatten(2) for name in tensors], dim=2)
        return (flat if flat.shape[2] == len(self.indices) else flat[..., self.columns]), logits

    def changed(self, batch: Tensor, deviations: Iterable[Tensor]) -> tuple[list[Tensor], Tensor]:
        """By how much logits change, (s, C, N) for each (s, P) of `deviations`; and the logits (N, C)."""
        tensors, columns, model = self.tensors, self.columns, self.network.model

        def along(direction: dict[str, Tensor]) -> Tensor:
            return jvp(lambda values: functional_call(model, values, (batch.clone(),)), (tensors,), (direction,))[1]

        _load_forward_mode()
        with self._refusing(), _FORWARD:
            found = [vmap(along)(_spread(part, columns, tensors)).transpose(1, 2) for part in deviations]
        return found, self.network.logits(batch.clone())

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """Say of a network that cannot be differentiated so that it cannot."""
        try:
            yield
        except (RuntimeError, NotImplementedError) as error:
            raise Refused(
                f"{self.network.name} cannot be differentiated input by input ({kind(error)}: {error}); "
                "take the last layer alone"
            ) from error

    def variances(self, batch: Tensor, curvature: FullCurvature, precision: float) -> tuple[Tensor, Tensor]:
        """The posterior variances (N, C) of the logits, and the logits (N, C)."""
        found, logits = [], []
        for rows in batch.split(self.rows):
            jacobians, own = self.jacobians(rows)
            found.append(curvature.variances(jacobians.double(), precision))
            logits.append(own)
        return torch.cat(found), torch.cat(logits)

    def curvature(self, seen: Iterable[Tensor]) -> FullCurvature:
        """The GGN Σ JₙᵀΛₙJₙ of the cross-entropy (P, P), from blocks of `rooted` Jacobians."""
        ggn = self.indices.new_zeros((len(self.indices),) * 2, dtype=torch.float64)
        for rows in seen:
            ggn.addmm_(rows.T, rows)
        return full_curvature(ggn)


@cache
def _load_forward_mode() -> None:
    """Have torch load its rules for `jvp` as it does at the first use, without what it then warns of in itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        jvp(torch.sin, (torch.zeros(1),), (torch.ones(1),))


def _spread(deviations: Tensor, columns: Tensor, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Deviations (s, P) at their columns in whole parameters (s, …), by name; the rest of these stays at zero."""
    sizes = [values.numel() for values in tensors.values()]
    wide = next(iter(tensors.values())).new_zeros((len(deviations), sum(sizes)))
    wide[:, columns] = deviations.to(wide.dtype)
    pieces = zip(tensors.items(), wide.split(sizes, dim=1), strict=True)
    return {name: piece.reshape(-1, *values.shape) for (name, values), piece in pieces}


def rooted(jacobians: Tensor, probs: Tensor) -> Tensor:
    """Rows (n·C, P) in float64 whose products with themselves sum to JᵀΛJ, for Jacobians (n, C, P).

    Λ = diag(p) − ppᵀ is RᵀR with R = (I − √p√pᵀ) diag(√p), for I − √p√pᵀ is a projection.
    """
    root = probs.double().sqrt()
    scaled = root[..., None] * jacobians.double()
    return (scaled - root[..., None] * (root[:, None] @ scaled)).flatten(0, 1)


def diagonal(seen: Iterable[Tensor]) -> Tensor:
    """The diagonal (P,) of the GGN, from blocks of `rooted` Jacobians."""
    return reduce(torch.add, (rows.square().sum(dim=0) for rows in seen))


def most_certain(diagonal: Tensor, limit: int) -> Tensor:
    """The rising indices of the `limit` weights of largest curvature h (P,), the GGN's diagonal; the first of equals.

    Taken by itself, a weight adds h/(h + λ) to the variances of the logits over the training examples, each by Λ:
    these are the weights that the predictive depends on. In networks with dead units it stays far closer to the
    predictive of all weights than with those of `least_certain`.
    """
    return torch.argsort(diagonal, stable=True, descending=True)[:limit].sort().values


def least_certain(diagonal: Tensor, limit: int) -> Tensor:
    """The rising indices of the `limit` weights of largest marginal variance 1/(h + λ); the first of equals.

    Of all subnetworks the nearest to the whole posterior in Wasserstein distance, with no covariances between weights
    (Daxberger et al. 2021, section 5). It is the same for every λ. The weights of dead units come first: the data
    say nothing of them, and their variance is the prior's.
    """
    return torch.argsort(diagonal, stable=True)[:limit].sort().values
