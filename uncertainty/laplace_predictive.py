"""The Gaussian posterior over a network's weights, and what the network says under it.

The predictive is that of the network linearised at its trained weights, in which the mean is the single pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import pi

import numpy as np
import torch
from torch import Tensor

from uncertainty.arrays import whole_number
from uncertainty.batches import Inputs, blocks, checked_inputs
from uncertainty.examined import examine
from uncertainty.laplace_last_layer import LastLayer
from uncertainty.laplace_posterior import Curvature, checked_precision, effective_weights, log_evidence
from uncertainty.laplace_subnetwork import Linearised
from uncertainty.predictions import Predictions, averaged, checked_samples

MOST_WEIGHTS = 4096  # of a full covariance: 134 MB
BLOCK_ELEMENTS = 2**22  # activations, or changes of logits, over the inputs taken at a time
DRAWS = 50  # deviations drawn at a time, always as many: products of another size round differently
STREAM = 2**31
"""Which stream of random numbers of a seed the deviations come from: no dropout layer has this number."""


@dataclass(frozen=True, eq=False)
class Laplace:
    """A Gaussian posterior over P of a network's weights, around their trained values."""

    around: LastLayer | Linearised  # a copy of the network, as a linear function of these weights
    curvature: Curvature  # the GGN (P, P) of the training examples, decomposed
    prior_precision: float
    log_likelihood: float  # nats, of all training labels at the trained weights
    squares: float  # ‖θ‖² of the P trained weights
    is_limited: bool  # whether the network has more weights than it was limited to

    @property
    def indices(self) -> np.ndarray:
        """Which weights these are (P,): of all parameters, flattened one after the other."""
        return self.around.indices.cpu().numpy()

    @property
    def n_weights(self) -> int:
        return len(self.around.indices)

    @property
    def log_marginal_likelihood(self) -> float:
        """The evidence ln p(D | λ) in nats at the prior precision λ, by Laplace's method."""
        return self.log_evidence(self.prior_precision)

    @property
    def effective_weights(self) -> float:
        """γ, from 0 to P: how many weights the data decide, and not the prior (MacKay 1992)."""
        return effective_weights(_array(self.curvature.values), self.prior_precision)

    def log_evidence(self, prior_precision: float) -> float:
        """The evidence ln p(D | λ) in nats at another prior precision."""
        precision = checked_precision(prior_precision)
        return log_evidence(self.log_likelihood, self.squares, _array(self.curvature.values), precision)

    def covariance(self) -> np.ndarray:
        """The posterior covariance (P, P) of the weights, in the order of `indices`.

        Raises ValueError for more than `MOST_WEIGHTS` of them.
        """
        if self.n_weights > MOST_WEIGHTS:
            raise ValueError(f"the covariance of {self.n_weights} weights is too large; at most {MOST_WEIGHTS} fit")
        return _array(self.curvature.covariance(self.prior_precision))

    def draws(self, n_samples: int, seed: int) -> np.ndarray:
        """Deviations (S, P) of the weights from their trained values, in the order of `indices`.

        One per sample, the first s whatever S is, and the same whatever they are then asked about.
        """
        n_samples, seed = whole_number(n_samples, "n_samples", 1), whole_number(seed, "seed", 0)
        rng = np.random.Generator(np.random.SFC64([seed, STREAM]))
        drawn = [self._drawn(rng) for _ in range(0, n_samples, DRAWS)]
        return np.concatenate(drawn)[:n_samples]

    def sample_logits(self, inputs: Inputs, n_samples: int, seed: int) -> np.ndarray:
        """Logits (S, N, C) of S functions out of the posterior: f(x) + J(x) δ (Immer et al. 2021, equation 5).

        A sample is one deviation δ, held for all N inputs, so that its decision boundary can be drawn. The first s
        samples do not depend on S, nor does δ on the inputs. float32, or float64 where the model's weights are.
        Raises as `uncertainty.sampling.single_pass`.
        """
        found = self._sample_blocks(inputs, n_samples, seed)
        return np.concatenate([_array(logits.transpose(1, 2)) for logits, _ in found], axis=1)

    def predict(
        self,
        inputs: Inputs,
        samples: Sequence[int],
        seed: int,
        on_block: Callable[[], None] = lambda: None,
        temperature: float = 1.0,
    ) -> Predictions:
        """A single pass, and the mean over the first s samples for each s in `samples`, which rise.

        Memory is bounded whatever N: as `uncertainty.sampling.predict`, with draws in the place of thinned networks.
        All logits are divided by the temperature.
        """
        samples = checked_samples(samples)
        blocks = (
            # Far faster than over the last axis.
            (_array((logits / temperature).softmax(dim=1).transpose(1, 2)), _array(single / temperature))
            for logits, single in self._sample_blocks(inputs, samples[-1], seed)
        )
        return averaged(blocks, samples, on_block, temperature)

    def logit_variances(self, inputs: Inputs) -> np.ndarray:
        """The posterior variance (N, C) of each logit: the diagonals of J(x) Σ J(x)ᵀ."""
        return np.concatenate([_array(variances) for variances, _ in self._variance_blocks(inputs)])

    def probit(self, inputs: Inputs) -> np.ndarray:
        """Class probabilities (N, C) without sampling: softmax(κf), κ = (1 + π/8 var f)^(−1/2) for each logit.

        MacKay 1992, *The evidence framework applied to classification networks*, equation 10, for each class by
        itself (Daxberger et al. 2021, *Laplace Redux*, section 2). float64.
        """
        found = []
        for variances, logits in self._variance_blocks(inputs):
            found.append(_array((logits.double() / (1 + pi / 8 * variances).sqrt()).softmax(dim=1)))
        return np.concatenate(found)

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        noise = torch.from_numpy(rng.standard_normal((DRAWS, self.n_weights))).to(self.curvature.values.device)
        return _array(self.curvature.scaled(noise, self.prior_precision))

    def _sample_blocks(self, inputs: Inputs, n_samples: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """One block of inputs after the other: logits of its samples (S, C, n), and of a single pass (n, C)."""
        n_samples = whole_number(n_samples, "n_samples", 1)
        inputs = checked_inputs(inputs)
        around = self.around.of(examine(self.around.network.model, inputs, thinning=False))
        rows = min(max(BLOCK_ELEMENTS // max(around.network.largest, DRAWS * around.widest), 1), len(inputs))
        chunk = min(max(BLOCK_ELEMENTS // (rows * around.widest), 1), DRAWS)
        # Every chunk is full, the last one too.
        deviations = torch.from_numpy(self.draws(-(-n_samples // chunk) * chunk, seed)).to(around.network.few.device)
        for block in blocks(inputs, rows):
            with torch.no_grad():
                changes, logits = around.changed(around.network.batch(block), deviations.split(chunk))
                yield torch.cat(changes)[:n_samples] + logits.T, logits

    def _variance_blocks(self, inputs: Inputs) -> Iterator[tuple[Tensor, Tensor]]:
        """One block of inputs after the other: its logits' variances in float64, and the logits, (n, C) each."""
        inputs = checked_inputs(inputs)
        around = self.around.of(examine(self.around.network.model, inputs, thinning=False))
        for block in blocks(inputs, max(BLOCK_ELEMENTS // around.network.largest, 1)):
            with torch.no_grad():
                yield around.variances(around.network.batch(block), self.curvature, self.prior_precision)  # type: ignore[arg-type]


def _array(values: Tensor) -> np.ndarray:
    wide = values if values.dtype is torch.float64 else values.float()
    return wide.detach().cpu().numpy()
