"""The sentence under the planes: which doubt grew where, and nothing that another draw of samples would not say."""

from __future__ import annotations

import math
import re
from functools import cache

import numpy as np
import pytest

from pruning.inspect.plane import Plane
from uncertainty.predictions import Sampled, running_means
from uncertainty.predictive import entropy
from views.text import readings_planes
from views.text.names import Pair
from views.text.readings_planes import of_planes

R = 24  # cells to a side: fewer than on the page, for speed
SIZES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
EXTENT = (0.0, 1.0, 0.0, 1.0)
X = np.linspace(-3, 3, R)
COLUMNS = np.tile(X, (R, 1)).ravel()  # (R·R,) how far right each cell is
SURER, LESS = "the pruned network is **surer**", "the pruned network is **less sure**"
BOTH = " near the boundary and far from it"


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pruning.inspect.plane.RESOLUTION", R)


def logistic(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def sampled(class_1: np.ndarray) -> Plane:
    """A plane of S samples (S, R·R) of the probability of class 1."""
    probs = np.stack([1 - class_1, class_1], axis=-1)
    sizes = [size for size in SIZES if size <= len(probs)]
    cells = Sampled(tuple(sizes), running_means(probs, sizes), running_means(entropy(probs), sizes))
    return Plane(EXTENT, cells)


def still(slope: float, shift: float = 0.0, samples: int = 50) -> Plane:
    """Samples that all draw one boundary, where x = shift."""
    return sampled(np.tile(logistic(slope * (COLUMNS - shift)), (samples, 1)))


def shaken(slope: float, spread: float, seed: int, samples: int = 50) -> Plane:
    """Samples whose boundaries lie apart, by so much on average."""
    shifts = spread * np.random.default_rng(seed).standard_normal((samples, 1))
    return sampled(logistic(slope * (COLUMNS - shifts)))


@cache
def draws(samples: int) -> list[Plane]:
    """One network drawn eighty times."""
    return [shaken(6, 0.4, seed, samples) for seed in range(80)]


def test_equal_planes_are_called_the_same():
    """At ratio 0 nothing is said to change, whatever colours the plane."""
    plane = still(3)
    for quantity, name in readings_planes.NAMES.items():
        text = of_planes(plane, still(3), 50, quantity)
        assert text.startswith(f"Both planes are the same: mean {name} ")
        assert "**" not in text


@pytest.mark.parametrize("quantity", readings_planes.NAMES)
@pytest.mark.parametrize("samples", [5, 50])
def test_a_shift_of_nothing_is_no_change(quantity, samples):
    """A boundary of slope 3.02 is not surer than one of slope 3, though every cell is a little; rounding neither."""
    for other in (still(3.02, samples=samples), still(3, 1e-6, samples)):
        text = of_planes(still(3, samples=samples), other, samples, quantity)
        assert "**" not in text
        assert "it is as sure as before" in text


@pytest.mark.parametrize("quantity", readings_planes.NAMES)
@pytest.mark.parametrize("samples", [5, 20, 50])
def test_another_draw_of_samples_is_no_change(quantity, samples):
    """The same network, drawn twice: a direction is told one time in twenty, or less."""
    told = [
        "**" in of_planes(one, other, samples, quantity)
        for one, other in zip(draws(samples)[::2], draws(samples)[1::2], strict=True)
    ]
    assert sum(told) <= 5  # of 40; 2 are due at one in twenty, and 6 or more have a chance of 1 %


def test_with_one_sample_no_direction_is_told():
    """A single draw does not know how far another would lie; numbers are given."""
    text = of_planes(shaken(6, 0.4, 0, 1), shaken(2, 0.4, 1, 1), 1, "entropy")
    assert "no difference that one sample could tell: mean predictive entropy 0." in text
    assert "**" not in text


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("probability", f"{LESS}{BOTH}: mean winning probability 0."),
        ("entropy", f"{LESS}{BOTH}: mean predictive entropy 0."),
        ("aleatoric", f"each sample is by itself **less sure**{BOTH}: mean aleatoric (expected entropy) 0."),
    ],
)
def test_a_flatter_boundary_is_less_sure_on_both_sides(quantity, words):
    """Slope 1 after slope 6: more doubt near the boundary and far from it, in every kind but disagreement."""
    text = of_planes(still(6), still(1), 50, quantity)
    assert f"0\u00a0% of the plane changes class; {words}" in text
    assert "it is as sure as before: mean epistemic" in of_planes(still(6), still(1), 50, "epistemic")


def test_a_steeper_boundary_is_surer_near_it():
    """Slope 100 after slope 6: far from the boundary nothing was in doubt."""
    assert f"{SURER} near the boundary: mean" in of_planes(still(6), still(100), 50, "entropy")


def test_samples_that_disagree_agree_less():
    """More spread of the boundaries is less agreement near them, and only there."""
    text = of_planes(shaken(20, 0.02, 0), shaken(20, 0.3, 0), 50, "epistemic")
    assert (
        "samples of the pruned network agree **less** near the boundary: mean epistemic (mutual information)" in text
    )


@pytest.mark.parametrize(("dense", "pruned"), [(6, 0), (0, 6), (0, 0)])
def test_a_plane_without_a_boundary_has_nothing_near_it(dense, pruned):
    """One class everywhere: the network is less sure, or surer, and not near or far from anything."""
    one, other = (still(slope) if slope else still(0.5, -9) for slope in (dense, pruned))
    text = of_planes(one, other if dense or pruned else still(0.2, -9), 50, "entropy")
    assert "**" in text
    assert "boundary" not in text
    assert ("all is one class" in text) == (dense > 0)


def test_half_of_the_plane_changes_class():
    """Shares of the plane are read off."""
    text = of_planes(still(6, -3.1), still(6, 0), 50, "entropy")
    assert text.startswith("50\u00a0% of the plane changes class;")


def test_the_truth_stands_beside_the_doubt():
    """The true entropy of the cells, which is the noise in the data; disagreement has no truth."""
    p = logistic(3 * COLUMNS).reshape(R, R)
    truth = np.stack([1 - p, p], axis=-1)
    due = f", truly {entropy(truth).mean():.3f}."
    for quantity in ("entropy", "aleatoric"):
        assert of_planes(still(3), still(1), 50, quantity, truth=truth).endswith(f" nats{due}")
    assert of_planes(still(3), still(1), 50, "probability", truth=truth).endswith(
        f", truly {truth.max(-1).mean():.3f}."
    )
    assert "truly" not in of_planes(still(3), still(1), 50, "epistemic", truth=truth)
    certain = np.zeros((R, R, 2))
    certain[..., 0] = 1
    assert of_planes(still(3), still(1), 50, "entropy", truth=certain).endswith(", truly 0.000.")


def test_the_doubt_of_a_network_that_did_not_train_is_none():
    """What changes class is read off; whether it is surer is not said."""
    text = of_planes(still(6), still(0.1), 50, "entropy", trained=False)
    assert text.endswith(
        "of the plane changes class; the pruned network **did not train**, so its doubt means nothing."
    )


def test_a_plane_that_is_not_a_number():
    """NaN is neither more nor less than anything."""
    broken = sampled(np.full((50, R * R), math.nan))
    assert of_planes(still(3), broken, 50, "entropy") == "One of the networks has no number for part of the plane."


def test_no_sentence_is_longer_than_a_line_or_two():
    """At most thirty-two words, whatever happens."""
    planes = [still(6), still(1), shaken(3, 0.5, 1), still(0.5, -9)]
    for quantity in readings_planes.NAMES:
        for one in planes:
            for other in planes:
                assert len(of_planes(one, other, 50, quantity).split()) <= 32


def test_of_two_strategies_neither_plane_changes_into_the_other():
    """The same planes, told of two pruned networks: what differs, who is surer, numbers without an arrow."""
    pair = Pair("Random tickets", "One-shot, L2")
    text = of_planes(still(6), still(2, shift=0.5), 50, "entropy", pair=pair)
    assert re.fullmatch(
        r"The two give \d+\u00a0% of the plane another class; \*One-shot, L2\* is \*\*less sure\*\*.*: mean "
        r"predictive entropy 0\.\d{3} against 0\.\d{3} nats\.",
        text,
    )
    assert "and to *One-shot, L2* all is one class" in of_planes(still(3), still(3, 9.0), 50, "entropy", pair=pair)
    untrained = of_planes(still(6), still(2), 50, "entropy", trained=False, pair=pair)
    assert untrained.endswith("; *One-shot, L2* **did not train**, so its doubt means nothing.")
    aleatoric = of_planes(still(6), still(2), 50, "aleatoric", pair=pair)
    assert "each sample of *One-shot, L2* is by itself **less sure**" in aleatoric
