"""Dropout of a layer that has lost units, in the samples of the layer as it was."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from torch import nn


class UnitDropout(nn.Dropout):
    """Dropout over the units that are left of a layer, drawn in MC dropout for all units there were.

    So a unit that is left is silenced in the same samples as in the whole layer, and a difference between the two
    networks is none of the sampling: common random numbers. In training it is a plain `nn.Dropout`.

    there: (W,) booleans over the units of the whole layer; the inputs are the units that are there, in this order.
    """

    def __init__(self, p: float, there: np.ndarray) -> None:
        super().__init__(p)
        self.there = np.array(there, bool)

    def _get_name(self) -> str:
        return nn.Dropout.__name__  # where a network is printed: to everybody but the sampler it is one


class Dropping(Protocol):
    """A dropout, as far as its masks depend on it; `there` as in `UnitDropout`, where it has one."""

    @property
    def p(self) -> float: ...


def kept_in_samples(
    dropout: Dropping, shape: tuple[int, ...], n_samples: int, rng: np.random.Generator
) -> np.ndarray:
    """What each of S samples keeps: booleans (S, *shape), True with probability 1 − p, over inputs (N, *shape)."""
    there = getattr(dropout, "there", None)
    drawn = shape if there is None else (len(there), *shape[1:])
    kept = rng.random((n_samples, *drawn), dtype=np.float32) >= dropout.p
    return kept if there is None else kept[:, there]
