"""What is said of temperature scaling: only what intervals carry, bounds and 1 by their names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.mending import over_ratios
from pruning.evaluation.sample_size import SampleBand
from pruning.outcome import Network
from tests.pruning.evaluation.fabricated import network, outcome
from tests.pruning.evaluation.test_mending import drawn, says
from uncertainty.options import Method, Source
from views.text.figure_table import POINTS
from views.text.mending import ratio_table, reading, tried
from views.text.sample_size import enough, same


def learned(ratio: float, logits: np.ndarray, held: np.ndarray) -> Network:
    """A network that has left chance."""
    one = replace(network(ratio, says(logits)), validation=says(held))
    return replace(one, chance_loss=0.7, val_loss=np.array([0.7, 0.3]))


def case(slope: float, held_slope: float | None = None, *, forgets: bool = False, n: int = 3000) -> Evaluated:
    """Dense and pruned logits `slope` times what is true; a network that forgets knows nothing of every other one."""
    (logits, labels), (held, held_labels) = drawn(n, slope, 1), drawn(1000, held_slope or slope, 2)
    less, held_less = logits.copy(), held.copy()
    if forgets:
        less[::2], held_less[::2] = 0, 0
    both = learned(0.0, logits, held), learned(0.9, less, held_less)
    return Evaluated(replace(outcome(labels, *both), validation_labels=held_labels), 1)


def test_what_is_mended_and_what_is_gone_are_told_apart():
    """Logits twice too large: the temperature takes that away; what was forgotten stays forgotten."""
    dense, pruned, lost, isotonic = reading(case(2.0, forgets=True), POINTS)
    assert "the network is **too sure**" in dense
    assert "It **takes** " in dense
    assert "**pruned at 0.9**" in pruned
    assert "Refinement error **rises**" in lost
    assert lost.endswith("what is gone, no single number brings back.")
    assert "in any rising way, leaves" in isotonic


def test_a_calibrated_network_has_nothing_to_mend():
    """Nothing is told of its NLL, nor of a loss; its temperature is 1 for all that is known."""
    dense, _, lost, _ = reading(case(1.0, n=200), POINTS)
    assert "**cannot tell from 1**" in dense
    assert "no difference that 200 test points could tell" in dense
    assert "**takes**" not in dense
    assert "no difference that 200 test points could tell" in lost
    assert "no single number" not in lost


def test_a_temperature_that_harms_is_said_to_add():
    """Fitted on examples that are another kind."""
    dense, *_ = reading(case(1.0, 0.4), POINTS)
    assert "the network is **not sure enough**" in dense
    assert "It **adds** " in dense


def test_a_bound_is_no_minimum():
    """All validation examples right, by far."""
    seen = case(1.0)
    held = np.array([[9.0, 0.0]] * 50)
    networks = tuple(replace(each, validation=says(held)) for each in seen.outcome.networks)
    changed = replace(seen.outcome, networks=networks, validation_labels=np.zeros(50, int))
    dense, *_ = reading(Evaluated(changed, 1), POINTS)
    assert "T = 0.05, where the search ends: for the 50 validation examples the surer, the better." in dense
    assert "at the bound" in ratio_table(over_ratios(Evaluated(changed, 1)))["Fitted T"][0]


def test_nothing_is_told_of_a_network_that_did_not_train():
    """Neither a temperature nor a loss."""
    seen = case(1.0)
    dense, pruned = seen.outcome.networks
    failed = replace(pruned, val_loss=np.array([0.7, 0.7]))
    lines = reading(Evaluated(replace(seen.outcome, networks=(dense, failed)), 1), POINTS)
    assert "it **did not train**, so that there is nothing to mend." in lines[1]
    assert not any("rises" in line or "Isotonic" in line for line in lines)


def test_the_dense_network_is_what_is_lost_from_whatever_else_is_compared_with():
    """Another strategy's network may stand beside the pruned one elsewhere on the page."""
    seen = case(2.0, forgets=True)
    compared = replace(seen, other=case(1.0, forgets=True).outcome)
    assert reading(compared, POINTS) == reading(seen, POINTS)
    assert tried(compared, 2.0) == tried(seen, 2.0)


def test_what_is_tried_is_told_beside_what_is():
    """Of both networks, and at 1 it is the same."""
    words = tried(case(1.0), 1.0)
    dense = words.split("dense ")[1][:5]
    assert words.startswith(f"At T = 1: dense {dense} nats ({dense} at 1), pruned")


@pytest.mark.parametrize(
    ("source", "dropout", "words"),
    [
        (Source(Method.SINGLE_PASS), 0.2, "one answer"),
        (Source(), 0.0, "At dropout rate 0 all samples are equal"),
        (Source(Method.ENSEMBLE), 0.0, "do not vary"),
    ],
)
def test_samples_that_are_equal_are_said_to_be(source, dropout, words):
    assert words in same(source, dropout)


def test_the_width_of_the_band_is_told_at_the_chosen_number():
    """Half of it, never as nothing at all."""
    band = SampleBand((1, 50), np.zeros(2), np.array([0.0, 0.1]), np.array([1.0, 0.12]))
    none = SampleBand((1, 50), np.zeros(2), np.zeros(2), np.full(2, 1e-6))
    words = enough({"dense": {"accuracy": band, "nll": none, "ece": band}}, Source(), 50)
    assert words == (
        "From one draw of 50 MC-dropout samples to another: the dense network's accuracy moves by ±0.0100, its NLL "
        "by less than 0.0001 nats, its ECE by ±0.0100."
    )
