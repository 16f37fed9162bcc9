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
from uncertainty.predictions import Predictions, running_means
from uncertainty.predictive import entropy
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


def sampled(*probs: float, samples: tuple[float, ...] = ()) -> Predictions:
    """Two samples of two classes that lie so far to both sides of these probabilities of class 1."""
    p, d = np.array(probs), np.array(samples or (0.0,) * len(probs))
    each = np.stack([np.stack([1 - p + s * d, p - s * d], axis=-1) for s in (-1, 1)])
    counts = (1, 2)
    logits = np.log(np.stack([1 - p, p], axis=-1)).astype(np.float32)
    return Predictions(counts, running_means(each, counts), running_means(entropy(each), counts), logits)


def by_spread(near: float, far: float) -> Evaluated:
    """Networks whose samples lie so far apart on the test examples, and on those far away."""
    test, ood = sampled(0.5, 0.5, 0.5, samples=(near,) * 3), sampled(0.5, 0.5, samples=(far,) * 2)
    return Evaluated(outcome(LABELS, network(0.0, test, ood), network(0.5, test, ood)), 2)


def information(spread: float) -> str:
    """ln 2 less the entropy of each of two samples, by hand."""
    low, high = 0.5 - spread, 0.5 + spread
    return f"{math.log(2) + low * math.log(low) + high * math.log(high):.3f}"


def test_mutual_information_is_told_near_and_far_of_every_method_that_has_samples():
    """Numbers alone; not of a single pass, nor twice of a method with a temperature."""
    laplace = Source(Method.LAST_LAYER)
    found = {
        SINGLE: by_spread(0.0, 0.0), Source(): by_spread(0.1, 0.2), laplace: by_spread(0.2, 0.4),
        Source(Method.LAST_LAYER, tempered=True): by_spread(0.3, 0.3),
    }  # fmt: skip
    said = words.of_information(found, IMAGES)
    assert said.startswith(
        "Mean mutual information of the pruned network in nats, test images / classes the network has never seen: MC "
        f"dropout {information(0.1)} / {information(0.2)} and Last-layer Laplace {information(0.2)} / "
        f"{information(0.4)}. "
    )
    assert "Single pass" not in said
    assert "tempered" not in said
    assert words.of_information({SINGLE: by_spread(0.0, 0.0)}, IMAGES) == ""
    rows = method_rows(found)
    assert [f"{row['epistemic_ood']:.3f}" for row in rows[2:4]] == [information(0.2)] * 2


def test_the_layers_that_drop_are_told_side_by_side():
    """Of the dense and of the pruned network, near and far, under either choice."""
    said = words.of_layers(by_spread(0.3, 0.4), by_spread(0.1, 0.2), IMAGES)
    both = (
        f"{information(0.3)} / {information(0.4)} where all layers drop, {information(0.1)} / {information(0.2)} "
        "where the last alone does"
    )
    assert said.endswith(f"never seen: dense {both}; pruned {both}.")


def test_the_caption_says_about_what_was_asked():
    """How many examples, and with how many samples."""
    said = words.costs({SINGLE: seen(coins(np.array([0.2, 0.7, 0.9])))}, IMAGES)
    assert "have it answer about 3 test images with all its samples, 2 at most" in said
