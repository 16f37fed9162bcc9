"""Differences between networks as the pages name them: told where printed numbers differ, true against the truth."""

from __future__ import annotations

import numpy as np
import pytest

from pruning.evaluation import Comparison, Evaluated, Evaluation
from tests.pruning.evaluation.fabricated import coins, network, outcome
from views.text import comparison

N, SAMPLES, BINS = 150, 2, 15


def task(seed: int, n: int = N) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities of class 1 (N,), mostly clear, and labels that follow them."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 0.3, n)
    return p, (rng.random(n) < p).astype(int)


def compared(truth: np.ndarray, before: np.ndarray, after: np.ndarray) -> comparison.Compared:
    pair = (Evaluation(coins(each), truth, SAMPLES, BINS) for each in (before, after))
    return comparison.compared(Comparison(*pair))


def told(found: comparison.Compared) -> int:
    return sum(abs(change.told) for change in (found.accuracy, found.ece, found.nll))


def test_the_same_network_is_no_other():
    """Nothing is told of a network against itself, nor against itself after rounding."""
    p, labels = task(0)
    shaken = np.clip(p + 1e-7 * np.random.default_rng(1).standard_normal(N), 0, 1)
    assert told(compared(labels, p, shaken)) == 0


def test_a_network_of_coins_is_told_from_one_that_knows():
    """Accuracy falls, NLL rises; both networks are calibrated, so of the ECE nothing is told."""
    p, labels = task(0)
    found = compared(labels, p, np.full(N, 0.51))
    assert (found.accuracy.told, found.nll.told) == (-1, 1)
    assert found.accuracy.before == pytest.approx(((p > 0.5) == labels).mean())
    assert found.ece.told == 0
    assert (found.accuracy.unit, found.ece.unit, found.nll.unit, found.epistemic.unit) == ("", "", " nats", " nats")


def test_the_truth_has_its_name():
    """What is held against the truth is called true; what no label decides has no such name."""
    p, labels = task(8)
    found, plain = (compared(held, p, np.full(N, 0.51)) for held in (np.stack([1 - p, p], axis=1), labels))
    assert (found.accuracy.name, found.ece.name, found.nll.name) == ("true accuracy", "true ECE", "true NLL")
    assert (plain.accuracy.name, plain.ece.name, plain.nll.name) == ("accuracy", "ECE", "NLL")
    assert found.epistemic.name == plain.epistemic.name == "epistemic uncertainty"


def test_the_axes_of_a_panel_have_their_names():
    """Confidence and accuracy, or normalised entropy and error rate; what is true of them is called so."""
    p, labels = task(8)
    for held, true in ((labels, ""), (np.stack([1 - p, p], axis=1), "true ")):
        pair = Comparison(*(Evaluation(coins(each), held, SAMPLES, BINS) for each in (p, np.full(N, 0.51))))
        names = [[change.name for change in comparison.panel(pair, q)] for q in ("confidence", "uncertainty")]
        assert names == [["confidence", f"{true}accuracy"], ["normalised entropy", f"{true}error rate"]]


def test_the_basis_of_an_interval_is_a_number_of_examples():
    """With a comma between thousands."""
    one = network(0.0, coins(np.full(1500, 0.5)))
    assert comparison.basis(Evaluated(outcome(np.zeros(1500, int), one)), "points") == "1,500 points"
