"""What is remembered of a network: once per question, apart from every other network, and no longer than it lives."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pruning import Network
from pruning.evaluation.memo import _NOTES, remembered
from uncertainty.predictions import Predictions


def network() -> Network:
    nothing = Predictions((1,), np.zeros((1, 0, 2)), np.zeros((1, 0)), np.zeros((0, 2)))
    return Network(
        prune_ratio=0.5, level=1, masks={}, start_weights={}, weights={}, early_stop_epoch=1,
        train_loss=np.zeros(1), val_loss=np.zeros(2), diverged=False,
        units=10, parameters=25, multiply_adds=20, latency=0.002, test=nothing, ood=nothing,
    )  # fmt: skip


class Counting:
    """Something to compute that tells how often it was computed."""

    def __init__(self, value: Any) -> None:
        self.value, self.calls = value, 0

    def __call__(self) -> Any:
        self.calls += 1
        return self.value


def raising() -> Callable[[], Any]:
    def compute() -> Any:
        raise MemoryError

    return compute


def test_a_question_is_answered_once():
    """The second time nothing is computed, and the answer is the same object."""
    one, compute = network(), Counting([1, 2])
    assert remembered(one, "q", compute) is remembered(one, "q", compute)
    assert compute.calls == 1


def test_questions_and_networks_are_kept_apart():
    """Another question, or an equal network that is another object, is another answer."""
    one, other = network(), network()
    asked = [(one, ("q", 1)), (one, ("q", 2)), (other, ("q", 1))]
    for number, (of, what) in enumerate(asked):
        assert remembered(of, what, Counting(number)) == number
    assert [remembered(of, what, raising()) for of, what in asked] == [0, 1, 2]


def test_an_answer_that_is_false_is_an_answer():
    """None, zero and an empty list are remembered like everything else."""
    one = network()
    for value in (None, 0, []):
        compute = Counting(value)
        for _ in range(2):
            assert remembered(one, ("false", repr(value)), compute) == value
        assert compute.calls == 1


def test_what_fails_is_asked_again():
    """An exception is passed on and nothing is remembered of it."""
    one = network()
    with pytest.raises(MemoryError):
        remembered(one, "q", raising())
    assert remembered(one, "q", Counting(7)) == 7


def test_the_answers_go_with_the_network():
    """Once nobody holds the network, neither it nor what was worked out of it stays in memory."""
    one, answer = network(), np.zeros(3)
    remembered(one, "q", Counting(answer))
    seen, kept = weakref.ref(one), weakref.ref(answer)
    before = len(_NOTES)
    del one, answer
    gc.collect()
    assert seen() is None
    assert kept() is None
    assert len(_NOTES) < before


def test_threads_agree():
    """Eight that ask at once get an answer each, and whoever asks later gets one of them."""
    one, barrier, found = network(), threading.Barrier(8), []

    def ask() -> None:
        barrier.wait(30)
        found.append(remembered(one, "q", Counting(11)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [11] * 8
    assert remembered(one, "q", raising()) == 11
