"""Streams of random numbers: one per seed, purpose and index; and the keep patterns of dropout."""

from __future__ import annotations

from collections import OrderedDict
from itertools import combinations, product

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import skip_init

from uncertainty.randomness import Purpose, dropout_noise, sampling_seed, stream
from uncertainty.sampling import mc_dropout


def test_the_same_stream_gives_the_same_numbers():
    """Seed, purpose and index decide, and two generators of one name share no state."""
    a, b = stream(3, Purpose.MASK, 1), stream(3, Purpose.MASK, 1)
    a_numbers = a.random(100)
    assert np.array_equal(a_numbers, b.random(100))


def test_streams_of_other_names_give_other_numbers():
    """No two of several seeds, all purposes and several indices agree."""
    streams = [stream(*name).bytes(32) for name in product((0, 1, 2**32 - 1), Purpose, (0, 1, 2))]
    assert len(set(streams)) == len(streams)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_samples_are_drawn_from_the_streams_of_their_purpose(seed):
    """Stream i of the seed that a sampler is handed is stream i of MC dropout, to the bit."""
    for i in (0, 1, 7, 200):
        sampler = np.random.Generator(np.random.SFC64([sampling_seed(seed), i]))
        assert sampler.bytes(32) == stream(seed, Purpose.MC_DROPOUT, i).bytes(32)


def test_no_purpose_shares_a_stream_with_the_samples_of_a_layer():
    """Whatever the purpose and its index, the samples of layer i are none of its numbers; the plain seed's were."""
    others = {
        stream(seed, purpose, index).bytes(32)
        for seed, purpose, index in product((0, 1, 2**32 - 1), Purpose, range(30))
        if purpose != Purpose.MC_DROPOUT
    }
    for seed, layer in product((0, 1, 2**32 - 1), range(30)):
        assert np.random.Generator(np.random.SFC64([sampling_seed(seed), layer])).bytes(32) not in others
    assert np.random.Generator(np.random.SFC64([0, int(Purpose.DROPOUT)])).bytes(32) in others


SEEN = nn.Sequential(OrderedDict(dropout1=nn.Dropout(0.5), output=skip_init(nn.Linear, 40, 2)))


def drawn_by(seed):
    """Which of 40 units are kept in each of 50 samples: a dropped one leaves an even match of the classes."""
    with torch.no_grad():
        SEEN.output.weight.copy_(torch.stack([torch.ones(40), torch.zeros(40)]))
        SEEN.output.bias.zero_()
    probs = mc_dropout(SEEN, np.eye(40, dtype=np.float32), 50, seed)
    return probs[..., 0] > 0.6


def test_the_sampler_draws_no_noise_of_another_purpose():
    """Its masks agree with what any other stream would draw as often as chance has it: half of the time."""
    kept = drawn_by(sampling_seed(3))
    assert 0.45 < kept.mean() < 0.55
    for purpose, index in product(Purpose, range(10)):
        if purpose != Purpose.MC_DROPOUT:
            other = stream(3, purpose, index).random(kept.shape, dtype=np.float32) >= 0.5
            assert abs((kept == other).mean() - 0.5) < 5 * 0.5 / np.sqrt(kept.size)


def test_streams_are_uncorrelated():
    """The numbers of one purpose say nothing about those of another: |r| below 5 standard errors."""
    draws = [stream(0, purpose).random(10_000) for purpose in Purpose]
    assert all(abs(np.corrcoef(a, b)[0, 1]) < 5 / 100 for a, b in combinations(draws, 2))


def test_the_numbers_of_purposes_never_change():
    """They are part of every stored result: new ones may only follow."""
    assert [purpose.name for purpose in sorted(Purpose)][:8] == [
        "SPLIT", "DATA", "LABEL_NOISE", "INITIAL_WEIGHTS", "RANDOM_WEIGHTS", "DROPOUT", "MASK", "MC_DROPOUT",
    ]  # fmt: skip
    assert [int(purpose) for purpose in Purpose] == list(range(len(Purpose)))


@pytest.mark.parametrize("p", [0.05, 0.2, 0.5, 0.9])
def test_dropout_keeps_the_share_it_should(p):
    """1 − p of 200,000 elements within five standard errors, in every quarter of a raw draw."""
    kept = dropout_noise(stream(1, Purpose.DROPOUT), (50_000, 4), p)
    for share, n in [(kept.mean(), kept.size), *((column.mean(), len(column)) for column in kept.T)]:
        assert abs(share - (1 - p)) < 5 * np.sqrt(p * (1 - p) / n)


def test_dropout_of_zero_keeps_all():
    """p = 0 drops nothing at all."""
    assert dropout_noise(stream(0, Purpose.DROPOUT), (1000, 7), 0.0).all()


@pytest.mark.parametrize("shape", [(1,), (3,), (5, 7), (2, 3, 5), (4, 4)])
def test_the_pattern_has_the_shape_asked_for(shape):
    """Booleans of that shape, also where its size is no multiple of four."""
    pattern = dropout_noise(stream(0, Purpose.DROPOUT), shape, 0.5)
    assert pattern.shape == shape
    assert pattern.dtype == bool


def test_dropout_noise_depends_on_its_generator_only():
    """The same stream gives the same pattern, and its next draw another."""
    rng = stream(0, Purpose.DROPOUT)
    first, second = dropout_noise(rng, (50, 7), 0.5), dropout_noise(rng, (50, 7), 0.5)
    assert np.array_equal(first, dropout_noise(stream(0, Purpose.DROPOUT), (50, 7), 0.5))
    assert not np.array_equal(first, second)


def test_neighbouring_elements_are_independent():
    """The four elements cut from one raw draw do not move together: |r| below five standard errors."""
    kept = dropout_noise(stream(2, Purpose.DROPOUT), (40_000, 4), 0.5).astype(float)
    correlations = np.corrcoef(kept.T)[np.triu_indices(4, k=1)]
    assert (np.abs(correlations) < 5 / 200).all()
