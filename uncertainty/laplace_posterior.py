"""The Gaussian posterior of a Laplace approximation, its evidence, and the prior precision that has the most of it.

With a prior N(0, I/λ) over P weights θ and the generalised Gauss–Newton matrix H of the negative log likelihood at
the trained weights, the posterior is N(θ, (H + λI)⁻¹) (MacKay 1992, *A practical Bayesian framework*, section 2).
H is kept as eigenvalues and eigenvectors, so that every λ is served by one decomposition.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor


@dataclass(frozen=True, eq=False)
class FullCurvature:
    """H (P, P) = V diag(e) Vᵀ, with no structure to it."""

    values: Tensor  # (P,) float64, not negative
    vectors: Tensor  # (P, P)

    def scaled(self, noise: Tensor, precision: float) -> Tensor:
        """Noise (S, P) of unit variance made into deviations with the posterior's covariance.

        By the symmetric root (H + λI)^(−1/2), of which there is only one: eigenvectors have no sign of their own.
        """
        return noise @ self.vectors * (self.values + precision).rsqrt() @ self.vectors.T

    def covariance(self, precision: float) -> Tensor:
        """(H + λI)⁻¹ (P, P)."""
        return self.vectors / (self.values + precision) @ self.vectors.T

    def variances(self, jacobians: Tensor, precision: float) -> Tensor:
        """The variances (…) of linear functions of the weights with these gradients (…, P)."""
        return (jacobians @ self.vectors).square() @ (self.values + precision).reciprocal()

    def layer_variances(self, features: Tensor, order: Tensor, precision: float) -> Tensor:
        """The variances (N, C) of a linear layer's outputs for features (N, F); order: `KronCurvature`."""
        covariance = self.covariance(precision)
        by_class = [((features @ covariance[own][:, own]) * features).sum(dim=1) for own in order]
        return torch.stack(by_class, dim=1)


@dataclass(frozen=True, eq=False)
class KronCurvature:
    """H = G ⊗ A of a linear layer: G (C, C) over its outputs, A (F, F) over its inputs, both decomposed."""

    outputs: Tensor  # (C,) float64 eigenvalues of G, not negative
    output_vectors: Tensor  # (C, C)
    inputs: Tensor  # (F,) of A
    input_vectors: Tensor  # (F, F)
    order: Tensor  # (C, F) at which of the P = C·F places in the vector of weights each one stands

    @property
    def values(self) -> Tensor:
        """The eigenvalues of H (P,)."""
        return torch.outer(self.outputs, self.inputs).flatten()

    def scaled(self, noise: Tensor, precision: float) -> Tensor:
        """As `FullCurvature.scaled`."""
        scale = (torch.outer(self.outputs, self.inputs) + precision).rsqrt()
        turned = self.output_vectors.T @ noise[:, self.order] @ self.input_vectors
        deviations = torch.empty_like(noise)
        deviations[:, self.order] = self.output_vectors @ (turned * scale) @ self.input_vectors.T
        return deviations

    def covariance(self, precision: float) -> Tensor:
        """(H + λI)⁻¹ (P, P)."""
        vectors = torch.kron(self.output_vectors, self.input_vectors)
        found = torch.empty_like(vectors)
        place = self.order.flatten()
        found[place[:, None], place] = vectors / (self.values + precision) @ vectors.T
        return found

    def layer_variances(self, features: Tensor, order: Tensor, precision: float) -> Tensor:
        """The variances (N, C) of the layer's outputs for features (N, F)."""
        inverse = (torch.outer(self.outputs, self.inputs) + precision).reciprocal()
        return (features @ self.input_vectors).square() @ (self.output_vectors.square() @ inverse).T


Curvature = FullCurvature | KronCurvature


def full_curvature(ggn: Tensor) -> FullCurvature:
    """A symmetric matrix (P, P) decomposed."""
    return FullCurvature(*_eigen(ggn))


def kron_curvature(over_outputs: Tensor, over_inputs: Tensor, order: Tensor) -> KronCurvature:
    """Two symmetric factors G (C, C) and A (F, F) decomposed; order as in `KronCurvature`."""
    return KronCurvature(*_eigen(over_outputs), *_eigen(over_inputs), order)


def _eigen(matrix: Tensor) -> tuple[Tensor, Tensor]:
    values, vectors = torch.linalg.eigh(matrix)
    return values.clamp(min=0), vectors  # below zero there is nothing but rounding


def log_evidence(log_likelihood: float, squares: float, values: np.ndarray, precision: float) -> float:
    """The log marginal likelihood ln p(D | λ) in nats, by Laplace's method (MacKay 1992, equation 2.4 ff.).

    ln p(D | θ) − λ‖θ‖²/2 − ½ Σ ln(1 + eᵢ/λ): what the data say at the trained weights, less Occam's factor.
    squares: ‖θ‖². values: (P,) the eigenvalues eᵢ of H.
    """
    return log_likelihood - (precision * squares + float(np.log1p(values / precision).sum())) / 2


def effective_weights(values: np.ndarray, precision: float) -> float:
    """γ = Σ eᵢ/(eᵢ + λ), from 0 to P: how many weights the data decide, and not the prior (MacKay 1992)."""
    return float((values / (values + precision)).sum())


def best_precision(squares: float, values: np.ndarray) -> float:
    """The prior precision λ of the largest evidence.

    Its derivative by ln λ is (γ(λ) − λ‖θ‖²)/2. γ falls in λ and λ‖θ‖² rises, so that there is one maximum at most,
    MacKay's λ = γ/‖θ‖²; it lies between bounds that are known beforehand. Raises ValueError where there is none:
    for weights that are all zero the evidence rises with λ for ever, and for data that decide nothing it falls.
    """
    largest = float(values.max())
    if squares <= 0:
        raise ValueError("the weights are all zero, so that no prior precision is the most probable; give one")
    if largest <= 0:
        raise ValueError(
            "the curvature is zero (every prediction is certain, or every feature is zero), so that no prior "
            "precision is the most probable; give one"
        )
    low, high = min(largest, 0.5 / squares) / 2, len(values) / squares

    def slope(t: float) -> float:
        precision = float(np.exp(t))
        return effective_weights(values, precision) - precision * squares

    return float(np.exp(brentq(slope, log(low), log(high), xtol=1e-12)))


def checked_precision(value: float) -> float:
    """A prior precision as a float. Raises ValueError where it is not finite and above zero."""
    precision = float(value)
    if not (isfinite(precision) and precision > 0):
        raise ValueError(f"prior_precision is {value!r}; it must be a finite number above 0, or None for the best")
    return precision
