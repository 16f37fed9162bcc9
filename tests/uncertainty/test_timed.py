"""Predictions with a clock: what is said stays what it is, and seconds count on the machine that measured them."""

from __future__ import annotations

import math
import time
from dataclasses import fields, replace

import numpy as np
import pytest

from uncertainty import timed as module
from uncertainty.predictions import Predictions
from uncertainty.timed import TimedPredictions, seconds_of, this_machine, timed

PROBS = np.full((1, 2, 2), 0.5, np.float32)
SAID = Predictions((1,), PROBS, PROBS[..., 0], PROBS[0], 2.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that shows 10.0, 10.25, 10.5, …"""
    shown = iter(10 + step / 4 for step in range(100))
    monkeypatch.setattr(time, "thread_time", lambda: next(shown))


@pytest.mark.usefixtures("clock")
def test_an_answer_takes_its_fitting_and_its_asking():
    """Half a second before, a quarter for the question."""
    said = timed(lambda: SAID, fitting=0.5)
    assert (said.fitting, said.asking, seconds_of(said)) == (0.5, 0.25, 0.75)
    for each in fields(Predictions):
        assert getattr(said, each.name) is getattr(SAID, each.name)


def test_what_no_clock_has_measured_here_is_not_known():
    """An answer that was kept before there was a clock, and one of another machine."""
    said = timed(lambda: SAID, fitting=0.0)
    assert seconds_of(said) >= 0
    assert math.isnan(seconds_of(SAID))
    assert math.isnan(seconds_of(replace(said, machine="elsewhere")))
    assert math.isnan(seconds_of(TimedPredictions(**{each.name: getattr(SAID, each.name) for each in fields(SAID)})))


def test_a_machine_is_told_by_its_name(monkeypatch):
    """Another name, another machine; asked again, the same."""
    here = this_machine()
    assert (len(here), this_machine()) == (8, here)
    module.this_machine.cache_clear()
    monkeypatch.setattr(module.platform, "node", lambda: "another one")
    assert this_machine() != here
    monkeypatch.undo()
    module.this_machine.cache_clear()
    assert this_machine() == here
