"""The table of methods: passes and seconds as they are written, a dash for what nobody has measured."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from pruning.evaluation.by_method import method_rows
from pruning.evaluation.evaluated import Evaluated
from tests.pruning.evaluation.fabricated import coins, network, outcome
from uncertainty.options import Method, Source
from uncertainty.predictions import Predictions
from uncertainty.timed import TimedPredictions, this_machine
from views.text import methods as words
from views.text.figure_table import IMAGES

SINGLE, ENSEMBLE = Source(Method.SINGLE_PASS), Source(Method.ENSEMBLE)
LABELS = np.array([0, 1, 1])


def clocked(fitting: float, asking: float, machine: str) -> TimedPredictions:
    said = coins(np.array([0.2, 0.7, 0.9]))
    own = {each.name: getattr(said, each.name) for each in fields(Predictions)}
    return TimedPredictions(**own, fitting=fitting, asking=asking, machine=machine)


def seen(test: Predictions) -> Evaluated:
    """A dense and a pruned network that say the same."""
    ood = coins(np.array([0.5, 0.6, 0.4]))
    return Evaluated(outcome(LABELS, network(0.0, test, ood), network(0.5, test, ood)), 2)


def table(test: Predictions, training: dict[Method, dict[float, float]]) -> pd.DataFrame:
    return words.method_table(method_rows({SINGLE: seen(test), ENSEMBLE: seen(test)}, training))


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0.0, "0.0000"), (0.00234, "0.0023"), (0.0994, "0.0994"), (0.125, "0.12"), (9.99, "9.99"), (10.4, "10"),
        (1234.5, "1,234"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_seconds_have_the_digits_of_a_clock(seconds, written):
    """Fine where they are few; a dash where nobody knows."""
    found = table(clocked(0.0, seconds, this_machine()), {})
    assert set(found["Asking, s"]) == {written}
    assert set(found["Training, s"]) == {"–"}


def test_fitting_counts_as_asking_and_training_goes_by_method_and_ratio():
    """One column for each; the rows of the dense and of the pruned network have their own."""
    training = {Method.SINGLE_PASS: {0.0: 2.0, 0.5: 3.0}, Method.ENSEMBLE: {0.0: 20.0, 0.5: math.nan}}
    found = table(clocked(0.5, 0.25, this_machine()), training)
    assert list(found["Asking, s"]) == ["0.75"] * 4
    assert list(zip(found.Method, found.Network, found["Training, s"], strict=True)) == [
        ("Single pass", "dense", "2.00"), ("Single pass", "pruned", "3.00"),
        ("Deep ensemble", "dense", "20"), ("Deep ensemble", "pruned", "–"),
    ]  # fmt: skip


def test_another_machines_clock_and_older_answers_are_dashes():
    """What was kept without seconds goes on being read."""
    for test in (clocked(0.5, 0.25, "elsewhere"), coins(np.array([0.2, 0.7, 0.9]))):
        found = table(test, {})
        assert set(found["Asking, s"]) == {"–"}
        assert set(found.Accuracy) == {"1.000"}


def test_the_caption_says_about_what_was_asked():
    """How many examples, and with how many samples."""
    said = words.costs({SINGLE: seen(coins(np.array([0.2, 0.7, 0.9])))}, IMAGES)
    assert "have it answer about 3 test images with all its samples, 2 at most" in said
