"""The last linear layer of a network: its features, and the curvature of the likelihood in its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from uncertainty.examined import Examined
from uncertainty.laplace_options import Structure
from uncertainty.laplace_posterior import Curvature, full_curvature, kron_curvature
from uncertainty.refusal import Refused


@dataclass(frozen=True, eq=False)
class LastLayer:
    """A network as a function of the P weights and biases of its last linear layer, in which it is linear.

    A bias counts as the weight of a feature that is always 1.
    """

    network: Examined
    indices: Tensor  # (P,) of these weights in all parameters, flattened one after the other
    order: Tensor  # (C, F) at which of the P places the weight of a class and a feature stands
    has_bias: bool

    def of(self, network: Examined) -> LastLayer:
        """The same layer of the same network, examined on other inputs."""
        return LastLayer(network, self.indices, self.order, self.has_bias)

    @property
    def widest(self) -> int:
        """Numbers of one input in the largest intermediate result of one deviation."""
        return len(self.order)

    def features(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Features (N, F), a last 1 for the bias among them, and logits (N, C). The batch may be overwritten."""
        logits, last = _passed(self.network, batch)
        features = last.features
        return (functional.pad(features, (0, 1), value=1.0) if self.has_bias else features), logits

    def changed(self, batch: Tensor, deviations: Iterable[Tensor]) -> tuple[list[Tensor], Tensor]:
        """By how much logits change, (s, C, N) for each (s, P) of `deviations`; and the logits (N, C)."""
        features, logits = self.features(batch)
        columns = features.T.contiguous()
        return [part[:, self.order].to(columns.dtype) @ columns for part in deviations], logits

    def variances(self, batch: Tensor, curvature: Curvature, precision: float) -> tuple[Tensor, Tensor]:
        """The posterior variances (N, C) of the logits, and the logits (N, C)."""
        features, logits = self.features(batch)
        return curvature.layer_variances(features.double(), self.order, precision), logits

    def curvature(self, seen: Iterable[tuple[Tensor, Tensor]], structure: Structure) -> Curvature:
        """The GGN Σ Λₙ ⊗ φₙφₙᵀ of the cross-entropy, Λ = diag(p) − ppᵀ, in one of two structures.

        It is the Hessian itself, for in these weights the logits are linear. Kronecker-factored it is
        ΣΛₙ ⊗ mean φₙφₙᵀ (Martens & Grosse 2015, section 3; Ritter et al. 2018), exact for a single example.
        seen: features (n, F) and class probabilities (n, C) in float64, block by block.
        """
        n_classes, n_features = self.order.shape
        if structure == Structure.KRON:
            over_outputs = self.order.new_zeros((n_classes, n_classes), dtype=torch.float64)
            over_inputs = self.order.new_zeros((n_features, n_features), dtype=torch.float64)
            count = 0
            for features, probs in seen:
                over_outputs += torch.diag(probs.sum(dim=0)) - probs.T @ probs
                over_inputs += features.T @ features
                count += len(features)
            return kron_curvature(over_outputs, over_inputs / count, self.order)
        ggn = self.order.new_zeros((self.order.numel(), self.order.numel()), dtype=torch.float64)
        for features, probs in seen:
            for c in range(n_classes):
                for d in range(c + 1):
                    weight = probs[:, c] * (float(c == d) - probs[:, d])
                    block = features.T @ (weight[:, None] * features)
                    ggn[self.order[c][:, None], self.order[d]] += block
                    if d < c:
                        ggn[self.order[d][:, None], self.order[c]] += block
        return full_curvature(ggn)


def last_layer(network: Examined) -> LastLayer:
    """The nn.Linear that makes the logits. Raises ValueError where that is not the network's last step."""
    logits, last = _passed(network, network.few.clone())
    starts, start = {}, 0
    for parameter in network.model.parameters():
        starts[id(parameter)] = start
        start += parameter.numel()
    own = [last.weight] if last.bias is None else [last.weight, last.bias]
    if any(id(value) not in starts for value in own):
        raise Refused(
            f"the last linear layer of {network.name} computes its weights from other parameters; "
            "remove its parametrisation first"
        )
    n_classes, n_features = last.weight.shape
    indices = torch.cat([torch.arange(value.numel()) + starts[id(value)] for value in own])
    order = torch.arange(n_classes * n_features).reshape(n_classes, n_features)
    if last.bias is not None:
        order = torch.cat([order, n_classes * n_features + torch.arange(n_classes)[:, None]], dim=1)
    device = logits.device
    return LastLayer(network, indices.to(device), order.to(device), last.bias is not None)


@dataclass(frozen=True, eq=False)
class _Linear:
    """One call of a linear layer."""

    features: Tensor
    weight: Tensor
    bias: Tensor | None
    result: Tensor


class _Linears(TorchFunctionMode):
    """Sees the calls of linear layers in a pass, whatever module makes them."""

    def __init__(self) -> None:
        super().__init__()
        self.last: _Linear | None = None
        self.weights: list[Tensor] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is functional.linear:
            self.last = _linear(result, *args, **(kwargs or {}))
            self.weights.append(self.last.weight)
        return result


def _linear(result: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None = None) -> _Linear:
    return _Linear(input, weight, bias, result)


def _passed(network: Examined, batch: Tensor) -> tuple[Tensor, _Linear]:
    """Logits (N, C) of a batch, and the call of the last linear layer, which returned them."""
    with _Linears() as seen:
        logits = network.logits(batch)
    if seen.last is None or seen.last.result is not logits:
        raise Refused(
            f"{network.name} does not end in an nn.Linear, and last-layer Laplace is over the weights of one; "
            "leave out what comes behind it, or choose the weights yourself"
        )
    if sum(weight is seen.last.weight for weight in seen.weights) > 1:
        raise Refused(f"the last linear layer of {network.name} is called twice in a pass; choose weights yourself")
    return logits, seen.last
