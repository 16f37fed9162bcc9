"""The sentence under each picture: word for word on small inputs, and never against its own numbers."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uncertainty.paired import Difference
from views.text import readings
from views.text.claims import Change

few = settings(max_examples=80, deadline=None)
BASIS = "150 points"


def change(name: str, before: float, after: float, half: float = 0.02) -> Change:
    return Change(name, before, after, around(after - before, half))


def around(value: float, half: float = 0.02) -> Difference:
    return Difference(value, value - half, value + half)


# Reliability


@pytest.mark.parametrize(
    ("confidence", "accuracy", "words"),
    [
        (
            (0.94, 0.97),
            (0.96, 0.91),
            "Pruned is **more** confident (0.940 → 0.970) and **less** right (0.960 → 0.910).",
        ),
        (
            (0.94, 0.95),
            (0.96, 0.95),
            "No difference that 150 points could tell in confidence (0.940 → 0.950, ±0.020) and "
            "accuracy (0.960 → 0.950, ±0.020).",
        ),
        (
            (0.94, 0.84),
            (0.96, 0.96),
            "Pruned is **less** confident (0.940 → 0.840); no difference that 150 points could tell in "
            "accuracy (0.960 for both, ±0.020).",
        ),
    ],
)
def test_a_panel_of_confidence(confidence, accuracy, words):
    """More and less in bold where 0.02 either way excludes zero; the rest could not be told."""
    pair = change("confidence", *confidence), change("accuracy", *accuracy)
    assert readings.of_panel(*pair, "confidence", BASIS) == words


def test_a_panel_of_uncertainty():
    """Normalised entropy and error rate have words of their own."""
    pair = change("normalised entropy", 0.15, 0.1), change("error rate", 0.06, 0.12)
    text = readings.of_panel(*pair, "uncertainty", BASIS)
    assert text == "Pruned is **less** uncertain (0.150 → 0.100) and **more** often wrong (0.060 → 0.120)."


@pytest.mark.parametrize(
    ("single", "words"),
    [
        (around(-0.05), "a single pass under-confident by 0.05"),
        (around(0.03), "a single pass over-confident by 0.03"),
        (around(-0.01), "of a single pass no gap is told"),
    ],
)
def test_what_dropout_does_to_a_narrow_network(single, words):
    """Said where MC dropout is told to be under-confident, more than dense and more than a single pass."""
    text = readings.of_dropout(around(-0.2), around(-0.18), around(-0.15), single, 0.2)
    assert text == (
        f"Pruned, MC dropout is **under-confident** by 0.20, {words}: the rate stays 0.2 however few units are left."
    )


def test_a_rate_that_follows_what_is_left_is_not_blamed():
    """The numbers are told, and no reason that is none."""
    text = readings.of_dropout(around(-0.2), around(-0.18), around(-0.15), around(-0.05), None)
    assert text == "Pruned, MC dropout is **under-confident** by 0.20, a single pass under-confident by 0.05."


def test_a_panel_of_a_network_that_did_not_train():
    """No verdict on its calibration."""
    pair = change("confidence", 0.94, 0.13), change("accuracy", 0.96, 0.12)
    assert readings.of_panel(*pair, "confidence", BASIS, trained=False) == readings.UNTRAINED


@pytest.mark.parametrize(
    "numbers",
    [
        (around(-0.01), around(-0.18), around(-0.15), around(-0.01)),  # not told of MC dropout
        (around(0.2), around(0.18), around(0.15), around(0.01)),  # over-confident
        (around(-0.2), around(-0.01), around(-0.15), around(-0.01)),  # the dense network was so already
        (around(-0.2), around(-0.18), around(-0.01), around(-0.19)),  # a single pass is so too
        (around(-0.2), around(-0.18), around(-0.05), around(-0.15)),  # and mostly
    ],
)
def test_dropout_is_blamed_only_where_the_numbers_show_it(numbers):
    """Each of its conditions can fail, and then nothing is said."""
    assert readings.of_dropout(*numbers, 0.2) == ""


# Learning

FLAT, RISES, FALLS = (
    [0.4, 0.41, 0.4, 0.41, 0.4, 0.41],
    [0.4, 0.42, 0.44, 0.6, 0.62, 0.64],
    [0.6, 0.58, 0.56, 0.3, 0.28, 0.26],
)


@pytest.mark.parametrize(
    ("train", "val", "best", "words"),
    [
        ([], [0.4], 0, "There is no epoch of training; validation loss is 0.400 nats."),
        (
            [0.6, 0.5],
            [0.7, 0.5, 0.4],
            2,
            "Validation loss is lowest at the last epoch, 2: 0.400 nats; it may not be at its end.",
        ),
        (
            [0.7, *FALLS],
            [0.7, 0.39, *RISES],
            1,
            "Validation loss is lowest at epoch 1 of 7, 0.390 nats; then it **rises** 0.420 → 0.620 while training "
            "loss **falls** 0.580 → 0.280: **overfitting**.",
        ),
        (
            [0.7, *FLAT],
            [0.7, 0.1, *FLAT],
            1,
            # the lowest epoch was lucky; those after it do not rise
            "Validation loss is lowest at epoch 1 of 7, 0.100 nats; then it stays about 0.407 while training loss "
            "stays about 0.407: both are flat.",
        ),
        (
            [0.7, *RISES],
            [0.7, 0.39, *RISES],
            1,
            "Validation loss is lowest at epoch 1 of 7, 0.390 nats; then it **rises** 0.420 → 0.620 while training "
            "loss **rises** 0.420 → 0.620.",
        ),
        (
            [0.6, 0.5, 0.4, 0.3, 0.2, 0.1],
            [0.7, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],
            1,
            "Validation loss is lowest at epoch 1 of 6, 0.400 nats; too few epochs follow to tell a trend.",
        ),
        (
            [0.6, 9.0],
            [0.7, 0.5, math.nan],
            1,
            "Validation loss is no longer a number at epoch 2; kept is epoch 1, 0.500 nats.",
        ),
        ([9.0], [0.5, math.inf], 0, "Validation loss is no longer a number at epoch 1; kept is epoch 0, 0.500 nats."),
        ([], [math.nan], 0, "Validation loss is not a number from the start."),
    ],
)
def test_how_a_network_learned(train, val, best, words):
    """Overfitting is a rising validation loss under a falling training loss, after the epoch that was picked."""
    assert readings.of_training(np.array(train), np.array(val), best) == words


def test_a_network_that_did_not_train_has_no_trend():
    """Whatever its losses do around those of guessing."""
    text = readings.of_training(np.array([2.3, *RISES]), np.array([2.3, 2.2, *RISES]), 1, trained=False)
    assert text == "Validation loss is lowest at epoch 1 of 7, 2.200 nats: the network **did not train**."


def test_noise_about_a_flat_loss_is_no_trend():
    """Twenty epochs after the lowest, a tenth up or down by chance: a trend is told one time in twenty, or less."""
    rng, told = np.random.default_rng(9), 0
    for _ in range(200):
        val = 0.4 * np.exp(0.1 * rng.standard_normal(120))
        best = int(val[:100].argmin())
        last = best + 21
        told += "**" in readings.of_training(val[1:last], val[:last], best)
    assert told <= 10


@given(st.lists(st.floats(0, 2), min_size=2, max_size=30))
@few
def test_learning_never_speaks_against_its_numbers(val):
    """Rise and fall agree with the numbers that are printed, and what rises or falls is more than a tenth."""
    losses = np.array(val)
    text = readings.of_training(losses[1:], losses, int(losses.argmin()))
    for verb, a, b in re.findall(r"\*\*(rises|falls)\*\* (\d\.\d+) → (\d\.\d+)", text):
        assert (float(b) > float(a)) == (verb == "rises")
        assert abs(float(b) - float(a)) > readings.TREND * float(a) - 0.001


def network(ratio: float, val=(1.0,), best: int = 0, masks=None, weights=None) -> SimpleNamespace:
    return SimpleNamespace(prune_ratio=ratio, val_loss=np.array(val), kept_epoch=best, masks=masks, weights=weights)


@pytest.mark.parametrize(
    ("pruned", "words"),
    [
        (
            network(0.0, (0.7, 0.3), 1),
            "Both lines are the dense network's: validation loss 0.700 at the start, 0.300 at best.",
        ),
        (
            network(0.5, (0.6, 0.4), 1),
            "Validation loss goes from 0.700 to 0.300 nats (dense), from 0.600 to 0.400 (pruned).",
        ),
        (network(0.5, (math.nan,), 0), "The pruned network's validation loss is not a number from the start."),
    ],
)
def test_two_learning_curves(pruned, words):
    """Where both start and how low they get: nothing bounds their difference, so no direction is told."""
    assert readings.of_losses(network(0.0, (0.7, 0.3), 1), pruned) == words


def test_a_learning_curve_that_did_not_train():
    """It is said, not left to the numbers."""
    text = readings.of_losses(network(0.0, (2.3, 0.3), 1), network(0.9, (2.3, 2.29), 1), trained=False)
    assert text.endswith("from 2.300 to 2.290 (pruned): it **did not train**.")


# Networks


def pruned_network(*kept: str) -> tuple[SimpleNamespace, SimpleNamespace]:
    """A dense network of weights 0.5 and a pruned one of 0.25; `kept` has a letter a unit, x for a kept one."""
    masks = {f"hidden{i}": np.array([unit == "x" for unit in layer]) for i, layer in enumerate(kept, start=1)}
    inputs = np.array([True, True])
    dense, weights = {}, {}
    for name, mask in masks.items():
        dense[f"{name}.weight"] = np.full((len(mask), len(inputs)), -0.5, np.float32)
        weights[f"{name}.weight"] = 0.25 * np.outer(mask, inputs).astype(np.float32)
        inputs = mask
    ratio = 1 - np.mean([mask.mean() for mask in masks.values()])
    full = {name: np.ones_like(mask) for name, mask in masks.items()}
    return network(0.0, masks=full, weights=dense), network(ratio, masks=masks, weights=weights)


MEAN = "mean |weight| into them 0.500 dense, 0.250 pruned"


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (("xx", "xxx"), "Nothing is pruned: units kept 2 of 2 in hidden layer 1, 3 of 3 in hidden layer 2."),
        (("x.", "xx.."), f"Units kept: 1 of 2 in hidden layer 1, 2 of 4 in hidden layer 2; {MEAN}."),
        (("x...",), f"Units kept: 1 of 4 in hidden layer 1; {MEAN}."),
        (
            ("xx", "x..."),
            "Units kept: 2 of 2 in hidden layer 1, 1 of 4 in hidden layer 2; **hidden layer 2** lost most, "
            f"75\u00a0%; {MEAN}.",
        ),
        (
            ("x.", "x.", "xxx"),
            "Units kept: 1 of 2 in hidden layer 1, 1 of 2 in hidden layer 2, 3 of 3 in hidden layer 3; "
            f"**hidden layer 1** and **hidden layer 2** lost most, 50\u00a0%; {MEAN}.",
        ),
    ],
)
def test_what_is_left_of_a_network(kept, words):
    """Units layer by layer; only weights between kept units count, in both networks."""
    assert readings.of_networks(*pruned_network(*kept)) == words


# The image page


def test_scores_at_the_median_of_the_unknown():
    """Two of four unknown images score 0.5 or more, and one of five test images; ties count as caught."""
    text = readings.of_scores(np.array([0.1, 0.2, 0.3, 0.4, 0.9]), np.array([0.1, 0.4, 0.6, 0.8]))
    assert text == "50\u00a0% of the unknown classes score 0.500 or more, and so do 20\u00a0% of the test images."
    text = readings.of_scores(np.zeros(4), np.zeros(2))
    assert text == "100\u00a0% of the unknown classes score 0.000 or more, and so do 100\u00a0% of the test images."


@pytest.mark.parametrize(
    ("dense", "pruned", "words"),
    [
        (
            [[0.7, 0.3], [0.5, 0.5]],
            [[0.4, 0.6], [0.1, 0.9]],
            # rows' largest: 0.7, 0.5 → 0.6, 0.9
            "The largest of 4 cells: pruned, 90\u00a0% of *woman* are called *cat* (dense 50\u00a0%). "
            "On average a row's largest is 75\u00a0% (dense 60\u00a0%).",
        ),
        (
            [[0.704, 0.296], [0, 0]],
            [[0.696, 0.304], [0, 0]],
            "The largest of 4 cells: pruned, 70\u00a0% of *man* are called *deer* (dense 70\u00a0%). "
            "On average a row's largest is 70\u00a0% (dense 70\u00a0%).",
        ),
    ],
)
def test_what_unknown_classes_are_mistaken_for(dense, pruned, words):
    """The largest share, as the largest of so many, and how mistakes gather; an empty class does not count."""
    text = readings.of_mistaken(np.array(dense), np.array(pruned), ("man", "woman"), ("deer", "cat"))
    assert text == words


def test_the_spread_of_samples():
    """The class of the largest mean wins two of three; 5 % and 95 % of its probability, by hand."""
    samples = np.array([[0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])
    # sorted 0.4, 0.7, 0.8: 0.4 + 0.1 · 0.3 and 0.7 + 0.9 · 0.1
    text = readings.of_spread(samples, ("deer", "cat"))
    assert text == "*cat* wins in 2 of 3 samples; nine in ten give it a probability from 0.43 to 0.79."
    text = readings.of_spread(samples[:1], ("deer", "cat"))
    assert text == "*cat* wins in 1 of 1 samples; nine in ten give it a probability from 0.80 to 0.80."


def test_reading_needs_neither_streamlit_nor_torch():
    """Sentences are pure: the module loads without the page's and the networks' libraries."""
    modules = "views.text.readings, views.text.readings_curves, views.text.readings_planes"
    code = f"import sys, {modules}; sys.exit(bool({{'streamlit', 'torch'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
