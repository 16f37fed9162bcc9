"""Dropout of a stack of networks in training, each by its own seed and at its own rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from uncertainty.randomness import Purpose, kept_by, noise_bits, share_kept, stream


class StackDropout:
    """Silences units of K networks. Networks of one seed, side by side in the stack, share their draws.

    seeds (K,), equal ones side by side; rates (K, L) of the hidden layers; `phase` as in `train_stack`. Activations
    are (K, units, M), at most `widest` units, of which the first `n_examples` columns are examples.
    """

    def __init__(
        self, seeds: Sequence[int], rates: np.ndarray, phase: int, widest: int, n_columns: int, n_examples: int
    ) -> None:
        self.seeds, self.rates = list(seeds), rates
        self.noise = {seed: stream(seed, Purpose.DROPOUT, phase) for seed in self.seeds}
        self.pattern, self.n_examples = torch.ones(widest, n_columns), n_examples
        self.shares = self._shares()

    def stay(self, which: np.ndarray) -> None:
        """Keep these networks and no others."""
        self.seeds, self.rates = [self.seeds[k] for k in which], self.rates[which]
        self.shares = self._shares()

    def _shares(self) -> Sequence[float | Tensor]:
        """What is kept of each hidden layer: one share for all networks, or (K, 1, 1) where they differ."""
        shares = share_kept(self.rates.T)
        if (self.rates == self.rates[:1]).all():
            return shares[:, 0].tolist() if len(self.seeds) else []
        return [torch.tensor(each, dtype=torch.float32)[:, None, None] for each in shares]

    def silence(self, hidden: Tensor, layer: int) -> None:
        """Multiply the activations (K, units, M) of a hidden layer in place by 1 where they are kept, else by 0."""
        if not self.rates.any():
            return
        pattern = self.pattern[: hidden.shape[1]]
        of_examples = pattern[:, : self.n_examples]
        start = 0
        for seed in dict.fromkeys(self.seeds):
            stop = start + self.seeds.count(seed)
            bits = noise_bits(self.noise[seed], tuple(of_examples.shape))
            rates = self.rates[start:stop, layer]
            alike = (rates == rates[0]).all()
            for which in [slice(start, stop)] if alike else [slice(k, k + 1) for k in range(start, stop)]:
                of_examples.copy_(torch.from_numpy(kept_by(bits, self.rates[which, layer][0])))
                hidden[which].mul_(pattern)
            start = stop
