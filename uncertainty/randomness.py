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
    FRESH = 10


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
    """A keep pattern: True with probability 1 − p, as booleans of the given shape."""
    return kept_by(noise_bits(rng, shape), p)


def noise_bits(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Sixteen random bits for each element, as numbers from 0 to 65,535 of the given shape.

    They decide what dropout keeps: one draw serves networks of several rates. This costs a tenth of
    torch's CPU dropout, which draws a full double per element and takes no generator.
    """
    count = int(np.prod(shape))
    return rng.bit_generator.random_raw(-(-count // 4)).view(np.uint16)[:count].reshape(shape)


def kept_by(bits: np.ndarray, p: float) -> np.ndarray:
    """What dropout keeps, given the bits of `noise_bits`; what is kept at a rate p is kept at every lower one."""
    return bits >= round(p * 65536)


def share_kept(p: np.ndarray) -> np.ndarray:
    """The share that `kept_by` keeps at each rate: 1 − p to within 1/65,536."""
    return 1 - np.round(p * 65536) / 65536
