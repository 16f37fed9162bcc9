"""Streams of random numbers: one per seed, purpose and index; and the keep patterns of dropout."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from pruning.randomness import Purpose, dropout_noise, stream


def test_the_same_stream_gives_the_same_numbers():
    """Seed, purpose and index decide, and two generators of one name share no state."""
    a, b = stream(3, Purpose.MASK, 1), stream(3, Purpose.MASK, 1)
    a_numbers = a.random(100)
    assert np.array_equal(a_numbers, b.random(100))


def test_streams_of_other_names_give_other_numbers():
    """No two of several seeds, all purposes and several indices agree."""
    streams = [stream(*name).bytes(32) for name in product((0, 1, 2**32 - 1), Purpose, (0, 1, 2))]
    assert len(set(streams)) == len(streams)


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
