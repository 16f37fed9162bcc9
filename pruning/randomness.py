"""Every random draw has a generator of its own, named by a seed and a purpose.

Drawing from one purpose never moves another, threads share nothing, and the same
(seed, purpose, index) gives the same bytes in every process.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream of random numbers is for. Values are part of every stored result: append only."""

    SPLIT = 0
    DATA = 1
    LABEL_NOISE = 2
    INITIAL_WEIGHTS = 3
    RANDOM_WEIGHTS = 4
    DROPOUT = 5
    MASK = 6
    MC_DROPOUT = 7
    SUBSET = 8
    BATCHES = 9


def stream(seed: int, purpose: Purpose, index: int = 0) -> np.random.Generator:
    """A fresh generator for one purpose; `index` numbers independent streams of that purpose."""
    return np.random.Generator(np.random.SFC64([seed, int(purpose), index]))


def sampling_seed(seed: int) -> int:
    """The seed of MC dropout: stream i of it, drawn as `[seed, i]`, is `stream(seed, Purpose.MC_DROPOUT, i)`.

    NumPy reads a seed in words of 32 bits, the lowest first; the second one is the purpose. A seed handed over
    as it is would share its streams with the purpose of the same number as i.
    """
    return int(Purpose.MC_DROPOUT) << 32 | seed


def dropout_noise(rng: np.random.Generator, shape: tuple[int, ...], p: float) -> np.ndarray:
    """A keep pattern: True with probability 1 − p, as booleans of the given shape.

    Sixteen raw bits decide each element, so p is met to within 1/65536. This costs a tenth of
    torch's CPU dropout, which draws a full double per element and takes no generator.
    """
    count = int(np.prod(shape))
    bits = rng.bit_generator.random_raw(-(-count // 4)).view(np.uint16)[:count]
    return (bits >= round(p * 65536)).reshape(shape)
