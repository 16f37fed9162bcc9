"""The sentence under each picture: word for word on small inputs, and never against its own numbers."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from itertools import permutations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning.plane import Maps
from uncertainty.calibration import reliability_bins
from uncertainty.floor import Floor
from uncertainty.predictive import entropy
from views import readings

shares = st.floats(0, 1)
few = settings(max_examples=80, deadline=None)
SURER = "the pruned network is **surer** of itself"
AGREE = "samples of the pruned network agree"
WHO = {  # colour of the plane → what is said where there is less doubt, and what where there is more
    "entropy": (SURER, "the pruned network is **less sure** of itself", "**less sure** of itself"),
    "aleatoric": (
        "each sample of the pruned network alone is **surer**",
        "each sample of the pruned network alone is **less sure**",
        "**less sure**",
    ),
    "epistemic": (f"{AGREE} **more**", f"{AGREE} **less**", "**less**"),
}


# The plane


def maps(class_1, epistemic=0.0) -> Maps:
    """A plane of 10 × 20 cells whose columns have these probabilities of class 1, and this epistemic part."""
    p = np.tile(np.broadcast_to(np.asarray(class_1, float), 20), (10, 1))
    probs = np.stack([1 - p, p], axis=-1)
    part = np.tile(np.broadcast_to(np.asarray(epistemic, float), 20), (10, 1))
    return Maps(probs, entropy(probs), entropy(probs) - part, part)


def halves(left: float, right: float) -> np.ndarray:
    return np.repeat([left, right], 10)


SPLIT = halves(0.1, 0.9)  # the boundary is in the middle: columns 6 to 13 are near it


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("probability", "mean probability of the winning class 0.900 (at least 0.500)"),
        ("entropy", "mean predictive entropy 0.325 nats (at most 0.693)"),  # −0.9 ln 0.9 − 0.1 ln 0.1
        ("aleatoric", "mean aleatoric uncertainty 0.295 nats (at most 0.693)"),
        ("epistemic", "mean epistemic uncertainty 0.030 nats (at most 0.693)"),
    ],
)
def test_equal_planes_are_called_the_same(quantity, words):
    """At ratio 0 nothing is said to change, whatever colours the plane."""
    text = readings.of_planes(maps(SPLIT, 0.03), maps(SPLIT, 0.03), quantity, 2)
    assert text == f"Both planes are the same: {words}."


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            0.031,
            0.012,
            f"**falls** 0.031 → 0.012 nats (at most 0.693): {AGREE} **more** near the boundary and far from it",
        ),
        (
            0.012,
            0.031,
            f"**rises** 0.012 → 0.031 nats (at most 0.693): {AGREE} **less** near the boundary and far from it",
        ),
        (0.0449, 0.0451, "**stays** at 0.045 nats (at most 0.693)"),
        (0.0444, 0.0446, "**rises** 0.044 → 0.045 nats (at most 0.693)"),  # too little to say where
    ],
)
def test_a_plane_that_keeps_its_classes(before, after, words):
    """The boundary stays, the mean of the quantity moves; what looks equal stays."""
    text = readings.of_planes(maps(SPLIT, before), maps(SPLIT, after), "epistemic", 2)
    assert text == f"0\u00a0% of the plane changes class; mean epistemic uncertainty {words}."


def test_a_plane_that_changes_near_its_boundary_only():
    """Columns 6 to 13 are within four cells of the boundary; they alone lose uncertainty."""
    near = (np.arange(20) >= 6) & (np.arange(20) <= 13)
    text = readings.of_planes(maps(SPLIT, 0.1), maps(SPLIT, np.where(near, 0.05, 0.1)), "epistemic", 2)
    assert text.endswith(f"**falls** 0.100 → 0.080 nats (at most 0.693): {AGREE} **more** near the boundary.")


def test_a_plane_that_changes_in_both_directions():
    """Where the mean stays, the sentence still tells of a gain near the boundary and a loss far from it."""
    near = (np.arange(20) >= 6) & (np.arange(20) <= 13)
    text = readings.of_planes(maps(SPLIT, 0.1), maps(SPLIT, np.where(near, 0.07, 0.12)), "epistemic", 2)
    assert text.endswith(
        f"**stays** at 0.100 nats (at most 0.693): {AGREE} **more** near the boundary, **less** far from it."
    )


def coloured(doubt) -> Maps:
    """The plane of two halves, in which every kind of doubt is this one (20,)."""
    part = np.tile(np.broadcast_to(np.asarray(doubt, float), 20), (10, 1))
    return Maps(maps(SPLIT).probs, part, part, part)


@pytest.mark.parametrize("quantity", WHO)
@pytest.mark.parametrize(
    ("near", "far", "words"),
    [
        (0.05, 0.05, "{less} near the boundary and far from it"),
        (0.15, 0.15, "{more} near the boundary and far from it"),
        (0.05, 0.10, "{less} near the boundary"),
        (0.10, 0.15, "{more} far from it"),
        (0.05, 0.15, "{less} near the boundary, {also} far from it"),
        (0.15, 0.05, "{less} far from it, {also} near the boundary"),
    ],
)
def test_only_less_doubt_in_all_is_called_being_sure_of_oneself(quantity, near, far, words):
    """A low epistemic part says that samples agree, a low aleatoric one that each alone is sure; from 0.1 each."""
    columns = np.where((np.arange(20) >= 6) & (np.arange(20) <= 13), near, far)
    text = readings.of_planes(coloured(0.1), coloured(columns), quantity, 2)
    less, more, also = WHO[quantity]
    assert text.endswith(f" nats (at most 0.693): {words.format(less=less, more=more, also=also)}.")


def test_more_probability_is_more_sureness():
    """Of entropies less is surer, of the winning probability more; a collapsed plane has no boundary to be near."""
    text = readings.of_planes(maps(0.8), maps(0.9), "probability", 2)
    assert text == (
        "0\u00a0% of the plane changes class; mean probability of the winning class **rises** 0.800 → 0.900 "
        f"(at least 0.500): {SURER}."
    )


@pytest.mark.parametrize(
    ("cells", "share"), [(0, "0"), (1, "Less than 1"), (8, "4"), (199, "More than 99"), (200, "100")]
)
def test_the_share_of_the_plane_that_changes_class(cells, share):
    """Of 200 cells; none and all are said only of none and all."""
    before = Maps(np.tile([0.6, 0.4], (10, 20, 1)), *np.zeros((3, 10, 20)))
    probs = before.probs.copy()
    probs.reshape(200, 2)[:cells] = [0.4, 0.6]
    text = readings.of_planes(
        before, Maps(probs, before.entropy, before.aleatoric, np.ones((10, 20))), "epistemic", 2
    )
    assert text.startswith(f"{share}\u00a0% of the plane changes class; ")


def test_a_plane_that_is_not_a_number():
    """NaN is neither more nor less than anything."""
    text = readings.of_planes(maps(0.8, 0.1), maps(0.8, math.nan), "epistemic", 2)
    assert text == "One of the networks has no number for part of the plane."


# Curves


def curve(values: dict[float, float], chosen: float = 0.9) -> pd.DataFrame:
    rows = pd.DataFrame({"ratio": list(values), "value": list(values.values())})
    return rows.assign(dense=values[0], chosen=rows.ratio == chosen)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({0: 0.967}, "of the dense network is 0.967; there is no pruned one to compare with yet"),
        ({0: 0.967, 0.5: 0.9673, 0.9: 0.9669}, "is 0.967 at every ratio shown"),
        ({0: 0.967, 0.5: 0.95, 0.9: 0.947}, "stays within 0.02 of the dense 0.967 up to ratio 0.9"),
        (
            {0: 0.967, 0.5: 0.95, 0.8: 0.98, 0.9: 0.9, 0.95: 0.873},
            "stays within 0.02 of the dense 0.967 up to ratio 0.8, then **falls** to 0.873 at 0.95 (worse)",
        ),
        (
            {0: 0.061, 0.1: 0.021, 0.5: 0.07, 0.95: 0.441},
            "leaves the dense 0.061 at ratio 0.1 and first **falls** to 0.021 at 0.1, "
            "later **rises** to 0.441 at 0.95 (better)",
        ),
        (
            {0: 0.9, 0.3: 0.9, 0.5: 0.93, 0.9: 0.7, 0.95: 0.91},
            "stays within 0.02 of the dense 0.900 up to ratio 0.3, then first **rises** to 0.930 at 0.5, "
            "later **falls** to 0.700 at 0.9 (worse), and is back at 0.910 at 0.95",
        ),
        # 0.0204 is printed as 0.020, so it is within; 0.0206 as 0.021
        ({0: 0.9, 0.5: 0.8796}, "stays within 0.02 of the dense 0.900 up to ratio 0.5"),
        ({0: 0.9, 0.5: 0.8794}, "leaves the dense 0.900 at ratio 0.5 and **falls** to 0.879 at 0.5 (worse)"),
        (
            {0: 0.8, 0.5: 0.85, 0.9: 0.81},
            "leaves the dense 0.800 at ratio 0.5 and **rises** to 0.850 at 0.5 (better), and is back at 0.810 at 0.9",
        ),
        (
            {0: 0.8, 0.3: 0.8, 0.5: math.nan, 0.9: 0.7},
            "stays within 0.02 of the dense 0.800 up to ratio 0.3, then **falls** to 0.700 at 0.9 (worse); "
            "there is no number at ratio 0.5",
        ),
        (
            {0: 0.8, 0.5: math.nan},
            "of the dense network is 0.800; there is no pruned one to compare with yet; "
            "there is no number at ratio 0.5",
        ),
    ],
)
@pytest.mark.parametrize("chosen", [0, 0.9, 0.7])
def test_a_curve_of_shares(values, words, chosen):
    """How far it stays near the dense network and where it goes, whatever is chosen, trained or not."""
    assert readings.of_curve(curve(values, chosen), "Accuracy", "high", 3) == f"Accuracy {words}."


@pytest.mark.parametrize(
    ("ece", "high", "words"),
    [
        (0.110, 0.1094, "**rises** to 0.110 at 0.9 (worse; floor 0.050)"),
        (0.110, 0.1096, "**rises** to 0.110 at 0.9 (no more than chance gives a calibrated network)"),
        (0.1104, 0.1096, "**rises** to 0.110 at 0.9 (no more than chance gives a calibrated network)"),
        (0.060, 0.055, "**falls** to 0.060 at 0.9 (better; floor 0.050)"),
        (0.060, 0.090, "**falls** to 0.060 at 0.9 (no more than chance gives a calibrated network)"),
    ],
)
def test_a_curve_beside_its_floor(ece, high, words):
    """An error in the band that chance gives is judged no further; for others lower is better."""
    rows = curve({0: 0.085, 0.9: ece}).assign(floor=[0.02, 0.05], high=[0.04, high])
    assert readings.of_curve(rows, "ECE", "low", 3) == f"ECE leaves the dense 0.085 at ratio 0.9 and {words}."


@pytest.mark.parametrize(
    ("values", "chosen", "words"),
    [
        ({0: 71}, 0.9, "of the dense network is 71; there is no pruned one to compare with yet"),
        ({0: 71, 0.5: 71}, 0.5, "is 71 at every ratio shown"),
        ({0: 71, 0.5: 2, 0.9: 84}, 0, "is lowest at ratio 0.5: 2, dense 71"),
        ({0: 71, 0.5: 2, 0.9: 84}, 0.5, "is lowest at ratio 0.5: 2, dense 71"),
        (
            {0: 71, 0.5: 2, 0.9: 84},
            0.9,
            "is lowest at ratio 0.5: 2, dense 71; at the chosen 0.9 it is 84, **above** the dense",
        ),
        (
            {0: 71, 0.5: 2, 0.9: 70},
            0.9,
            "is lowest at ratio 0.5: 2, dense 71; at the chosen 0.9 it is 70, **below** the dense",
        ),
        (
            {0: 71, 0.5: 2, 0.9: 71},
            0.9,
            "is lowest at ratio 0.5: 2, dense 71; at the chosen 0.9 it is 71, equal to the dense",
        ),
        ({0: 71, 0.5: 0, 0.7: 0, 0.9: 0}, 0.9, "is lowest at 3 ratios from 0.5 to 0.9: 0, dense 71"),
        ({0: 71, 0.5: 90}, 0.5, "is lowest at ratio 0: 71; at the chosen 0.5 it is 90, **above** the dense"),
    ],
)
def test_a_curve_of_epochs(values, chosen, words):
    """The fewest epochs are named, ties counted, and the chosen ratio compared with the dense network."""
    assert readings.of_curve(curve(values, chosen), "Early-stop epoch", "low", 0) == f"Early-stop epoch {words}."


def test_a_whole_number_of_which_more_is_better():
    """The best is then the highest."""
    text = readings.of_curve(curve({0: 3, 0.5: 9}), "Wins", "high", 0)
    assert text == "Wins is highest at ratio 0.5: 9, dense 3."


def test_a_curve_without_a_dense_value():
    """Without it there is nothing to compare with."""
    text = readings.of_curve(curve({0: math.nan, 0.5: 0.3}), "Share", "low", 2)
    assert text == "Share: the dense network has no number to compare with."


@given(st.lists(shares, min_size=2, max_size=6), st.sampled_from(["high", "low"]), st.integers(2, 4))
@few
def test_a_curve_never_speaks_against_its_numbers(values, better, digits):
    """Rise, fall, better and worse agree with the two numbers that are printed."""
    text = readings.of_curve(curve({i / 10: value for i, value in enumerate(values)}), "X", better, digits)
    found = re.search(r"dense ([\d.]+) .*\*\*(rises|falls)\*\* to ([\d.]+) at [\d.]+ \((\w+)\)", text)
    if found is None:
        assert "rises" not in text
        assert "falls" not in text
        return
    dense, verb, value, judged = found.groups()
    assert (float(value) > float(dense)) == (verb == "rises")
    assert abs(float(value) - float(dense)) > readings.NEAR
    assert (judged == "better") == ((verb == "rises") == (better == "high"))


# Reliability


def judged(score: float, outcome: float, low: float, high: float, error: float | None = None) -> SimpleNamespace:
    """A network in one bin, so that its error is the gap; or with an error of its own."""
    gap = abs(score - outcome) if error is None else error
    bins = SimpleNamespace(
        mean_score=np.array([score]), mean_outcome=np.array([outcome]), count=np.array([150]), error=gap
    )
    return SimpleNamespace(bins=bins, floor=Floor((low + high) / 2, low, high))


@pytest.mark.parametrize(
    ("pruned", "words"),
    [
        (
            judged(0.97, 0.91, 0.01, 0.04),
            "**more** confident and **less** right: mean confidence 0.940 → 0.970, accuracy 0.960 → 0.910; "
            "ECE 0.020 → 0.060, from within to **above** its floor band",
        ),
        (
            judged(0.9401, 0.9604, 0.01, 0.04),
            "as confident as dense and as right as dense: mean confidence 0.940 for both, accuracy 0.960 for both; "
            "ECE 0.020 for both, both within their floor bands",
        ),
        (
            judged(0.9, 0.97, 0.08, 0.1),
            "**less** confident and **more** right: mean confidence 0.940 → 0.900, accuracy 0.960 → 0.970; "
            "ECE 0.020 → 0.070, from within to below its floor band",
        ),
    ],
)
def test_a_panel_of_confidence(pruned, words):
    """Mean confidence, accuracy and ECE, dense against pruned; an error within its band is not called above."""
    dense = judged(0.94, 0.96, 0.01, 0.04)
    assert readings.of_panel(dense, pruned, "confidence") == f"Pruned is {words}."


def test_a_panel_of_uncertainty():
    """Mean normalised entropy, error rate and UCE."""
    text = readings.of_panel(judged(0.15, 0.06, 0.05, 0.06), judged(0.1, 0.07, 0.01, 0.02), "uncertainty")
    assert text == (
        "Pruned is **less** uncertain and **more** often wrong: mean normalised entropy 0.150 → 0.100, "
        "error rate 0.060 → 0.070; UCE 0.090 → 0.030, both **above** their floor bands."
    )


@pytest.mark.parametrize(
    ("error", "low", "high", "place"),
    [
        (0.0451, 0.0, 0.0449, "within"),  # both are printed 0.045
        (0.0456, 0.0, 0.0454, "**above**"),  # 0.046 and 0.045
        (0.0449, 0.0451, 0.1, "within"),
        (0.0444, 0.0446, 0.1, "below"),
    ],
)
def test_the_band_is_that_which_is_printed(error, low, high, place):
    """An error and an end of its band that look equal are equal."""
    one = judged(0.9, 0.9, low, high, error)
    assert readings.of_panel(one, one, "confidence").endswith(f"both {place} their floor bands.")


def test_below_the_band_an_uncertainty_is_not_calibrated_either():
    """The floor of UCE is no minimum: below and above are in bold alike, within is not."""
    above, within, below = (judged(0.9, 0.9, 0.04, 0.06, error) for error in (0.07, 0.05, 0.03))
    said = {"**above**": above, "within": within, "**below**": below}
    for (one, before), (other, after) in permutations(said.items(), 2):
        text = readings.of_panel(before, after, "uncertainty")
        assert text.endswith(f", from {one} to {other} its floor band.")


def test_means_over_examples_come_from_the_bins():
    """Bins count by their examples: three of four at 0.9, and the mean is not that of the two bins."""
    probs = np.array([[0.9, 0.1]] * 3 + [[0.6, 0.4]])
    bins = reliability_bins(probs, np.array([0, 0, 1, 0]))
    one = SimpleNamespace(bins=bins, floor=Floor(0.1, 0.0, 0.2))
    # (3 · 0.9 + 0.6) / 4 = 0.825, three of four right; gaps |2/3 − 0.9| and |1 − 0.6|: (3 · 0.2333 + 0.4) / 4
    assert "mean confidence 0.825 for both, accuracy 0.750 for both; ECE 0.275 for both, both **above**" in (
        readings.of_panel(one, one, "confidence")
    )


@given(shares, shares, shares, shares)
@few
def test_a_panel_never_speaks_against_its_numbers(a, b, c, d):
    """More and less agree with the numbers that are printed."""
    text = readings.of_panel(judged(a, b, 0, 1), judged(c, d, 0, 1), "confidence")
    for word, name in (("confident", "mean confidence"), ("right", "accuracy")):
        arrow = re.search(rf"{name} ([\d.]+) → ([\d.]+)", text)
        if arrow is None:
            assert f"as {word} as dense" in text
        else:
            verb = "more" if float(arrow[2]) > float(arrow[1]) else "less"
            assert float(arrow[1]) != float(arrow[2])
            assert f"**{verb}** {word}" in text
    assert len(text.split()) <= 35


# Learning


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
            [0.6, 0.5, 0.4, 0.3, 0.2],
            [0.7, 0.4, 0.5, 0.5, 0.6, 0.8],
            1,
            # after epoch 1: training 0.5, 0.4 | 0.3, 0.2, validation … | 0.6, 0.8
            "Validation loss is lowest at epoch 1 of 5; after that it **rises** 0.400 → 0.700 and training loss "
            "**falls** 0.450 → 0.250 nats (later values are means over 2 epochs): **overfitting**.",
        ),
        (
            [0.6, 0.4, 0.3, 0.2],
            [0.7, 0.4, 0.5, 0.7, 0.6],
            1,
            # the middle one of three epochs counts at both ends: 0.4, 0.3 | 0.3, 0.2
            "Validation loss is lowest at epoch 1 of 4; after that it **rises** 0.400 → 0.650 and training loss "
            "**falls** 0.350 → 0.250 nats (later values are means over 2 epochs): **overfitting**.",
        ),
        (
            [0.6, 0.40, 0.41],
            [0.7, 0.4, 0.42, 0.43],
            1,
            "Validation loss is lowest at epoch 1 of 3; after that it stays about 0.430 and training loss "
            "stays about 0.410 nats (later values are means over 1 epoch): both are flat.",
        ),
        (
            [0.6, 0.4, 0.3],
            [0.7, 0.4, 0.41, 0.41],
            1,
            "Validation loss is lowest at epoch 1 of 3; after that it stays about 0.410 and training loss "
            "**falls** 0.400 → 0.300 nats (later values are means over 1 epoch).",
        ),
        (
            [0.3, 0.6],
            [0.4, 0.5, 0.8],
            0,
            "Validation loss is lowest at epoch 0 of 2; after that it **rises** 0.400 → 0.800 and training loss "
            "**rises** 0.300 → 0.600 nats (later values are means over 1 epoch).",
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
    """Overfitting is a rising validation loss under a falling training loss, and nothing else."""
    assert readings.of_training(np.array(train), np.array(val), best) == words


@given(st.lists(st.floats(0, 2), min_size=2, max_size=12))
@few
def test_learning_never_speaks_against_its_numbers(val):
    """Rise and fall agree with the numbers that are printed, and what rises or falls is more than a tenth."""
    losses = np.array(val)
    text = readings.of_training(losses[1:], losses, int(losses.argmin()))
    for verb, a, b in re.findall(r"\*\*(rises|falls)\*\* ([\d.]+) → ([\d.]+)", text):
        assert (float(b) > float(a)) == (verb == "rises")
        assert abs(float(b) - float(a)) > readings.TREND * float(a)


def network(ratio: float, val=(1.0,), best: int = 0, masks=None, weights=None) -> SimpleNamespace:
    return SimpleNamespace(
        prune_ratio=ratio, val_loss=np.array(val), early_stop_epoch=best, masks=masks, weights=weights
    )


@pytest.mark.parametrize(
    ("pruned", "words"),
    [
        (
            network(0.0, (0.7, 0.3), 1),
            "Both lines are the dense network's: validation loss 0.700 at the start, 0.300 at best.",
        ),
        (
            network(0.5, (0.6, 0.4), 1),
            "The dense network starts from 0.700 nats, the pruned one from 0.600; "
            "the lowest validation loss **rises** 0.300 → 0.400 nats.",
        ),
        (
            network(0.5, (0.6, 0.3004), 1),
            "The dense network starts from 0.700 nats, the pruned one from 0.600; "
            "the lowest validation loss **stays** at 0.300 nats.",
        ),
        (network(0.5, (math.nan,), 0), "The pruned network's validation loss is not a number from the start."),
    ],
)
def test_two_learning_curves(pruned, words):
    """Where both start and how low they get."""
    assert readings.of_losses(network(0.0, (0.7, 0.3), 1), pruned) == words


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


FALLS = "the mean |weight| into kept units **falls** 0.500 → 0.250"


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (("xx", "xxx"), "Nothing is pruned: units kept 2 of 2 in hidden1, 3 of 3 in hidden2."),
        (("x.", "xx.."), f"Units kept: 1 of 2 in hidden1, 2 of 4 in hidden2; every layer lost 50\u00a0%; {FALLS}."),
        (("x...",), f"Units kept: 1 of 4 in hidden1; it lost 75\u00a0%; {FALLS}."),
        (
            ("xx", "x..."),
            f"Units kept: 2 of 2 in hidden1, 1 of 4 in hidden2; **hidden2** lost most, 75\u00a0%; {FALLS}.",
        ),
        (
            ("x.", "x.", "xxx"),
            "Units kept: 1 of 2 in hidden1, 1 of 2 in hidden2, 3 of 3 in hidden3; "
            f"**hidden1** and **hidden2** lost most, 50\u00a0%; {FALLS}.",
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
            "Pruned, 90\u00a0% of *woman* are called *cat* (dense 50\u00a0%); "
            "the largest share of a row, on average, **rises** 60 → 75\u00a0%.",
        ),
        (
            [[0.704, 0.296], [0, 0]],
            [[0.696, 0.304], [0, 0]],
            "Pruned, 70\u00a0% of *man* are called *deer* (dense 70\u00a0%); "
            "the largest share of a row, on average, **stays** at 70\u00a0%.",
        ),
    ],
)
def test_what_unknown_classes_are_mistaken_for(dense, pruned, words):
    """The most frequent mistake and how mistakes gather; a class without pictures does not count."""
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
    code = "import sys, views.readings; sys.exit(bool({'streamlit', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
