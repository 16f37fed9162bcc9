"""What a temperature mends: by hand, on both sides of what can be known, and whatever logits were divided by."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.mending import (
    can_mend,
    isotonic_left,
    losses,
    mended,
    mended_samples,
    nll_curve,
    noise,
    over_ratios,
    refinement_gained,
    single_pass_logits,
)
from tests.pruning.evaluation.fabricated import network, outcome
from uncertainty.decomposition import Recalibration, held_out, in_sample
from uncertainty.predictions import Predictions
from uncertainty.temperature import HIGHEST, LOWEST, Objective, fit_temperature, scaled
from uncertainty.temperature import nll_curve as nll_of_labels

FEW = np.array([[2.0, 0.0]] * 4)
ONE_WRONG = np.array([0, 0, 0, 1])  # of four: 0.75 would do, and exp(2/T) = 3
BEST = 2 / log(3)
BEFORE = log(1 + np.exp(-2)) + 2 / 4  # −(3 ln p + ln(1 − p)) / 4, p = 1/(1 + e^−2)
AFTER = -(0.75 * log(0.75) + 0.25 * log(0.25))


def says(logits: np.ndarray, temperature: float = 1.0) -> Predictions:
    """A single pass of these logits (N, C), which were divided by a temperature."""
    divided = logits / temperature
    return Predictions((1,), scaled(divided, 1.0)[None], np.zeros((1, len(logits))), divided, temperature)


def seen(
    logits: np.ndarray, truth: np.ndarray, held: np.ndarray, labels: np.ndarray, temperature: float = 1.0
) -> Evaluated:
    """A dense network that says this of the measured and of the validation examples, and nothing pruned."""
    one = replace(network(0.0, says(logits, temperature)), validation=says(held, temperature))
    return Evaluated(replace(outcome(truth, one), validation_labels=labels), 1)


def drawn(n: int, slope: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits of two classes, `slope` times what is true, and labels that come true by it."""
    rng = np.random.default_rng(seed)
    true = rng.normal(0, 2, n)
    labels = (rng.random(n) < 1 / (1 + np.exp(-true))).astype(int)
    return np.stack([np.zeros(n), slope * true], axis=1), labels


def test_the_parts_are_those_of_paper():
    """At 2/ln 3 a confidence of 0.88 becomes the 0.75 that comes true."""
    of_labels = seen(FEW, ONE_WRONG, FEW, ONE_WRONG)
    found = mended(of_labels, of_labels.outcome.dense)
    assert found.temperature.value == pytest.approx(BEST, abs=1e-5)
    assert found.before == pytest.approx(BEFORE)
    assert found.refinement.value == pytest.approx(AFTER)
    assert found.calibration.value == pytest.approx(BEFORE - AFTER)
    assert found.best[1] == pytest.approx(AFTER, abs=1e-4)
    assert not found.at_bound


def test_the_truth_stands_in_place_of_labels():
    """A posterior of 0.75 for the class is as three labels of four; its own entropy is what nobody goes below."""
    posterior = np.array([[0.75, 0.25]] * 4)
    true = seen(FEW, posterior, FEW, ONE_WRONG)
    found = mended(true, true.outcome.dense)
    assert found.before == pytest.approx(BEFORE)
    assert found.refinement.value == pytest.approx(AFTER)
    assert noise(true) == pytest.approx(AFTER)
    assert noise(seen(FEW, ONE_WRONG, FEW, ONE_WRONG)) is None


@pytest.mark.parametrize("temperature", [0.5, 3.0])
def test_what_a_tempered_source_divided_by_is_undone(temperature):
    """Its networks are mended as those of the source as it is."""
    plain, tempered = (seen(FEW, ONE_WRONG, FEW, ONE_WRONG, each) for each in (1.0, temperature))
    one, other = (mended(each, each.outcome.dense) for each in (plain, tempered))
    np.testing.assert_allclose(single_pass_logits(tempered.outcome.dense.test), FEW, atol=1e-6)
    assert other.temperature.value == pytest.approx(one.temperature.value)
    assert other.before == pytest.approx(one.before)


def test_held_out_and_in_sample_are_the_two_sides():
    """The parts are those of `decomposition`, fitted on other examples and on the very ones."""
    (logits, labels), (held, held_labels) = drawn(400, 2.5, 1), drawn(150, 2.5, 2)
    case = seen(logits, labels, held, held_labels)
    found = mended(case, case.outcome.dense)
    probs, held_probs = scaled(logits, 1.0), scaled(held, 1.0)
    outer, inner = held_out(probs, labels, (held_probs, held_labels)), in_sample(probs, labels)
    assert found.calibration.value == pytest.approx(outer.calibration, abs=1e-6)
    assert found.refinement.value == pytest.approx(outer.refinement, abs=1e-6)
    assert found.best[1] == pytest.approx(inner.refinement, abs=2e-5)
    assert found.best[1] <= found.refinement.value
    assert found.calibration.direction == 1
    other = held_out(probs, labels, (held_probs, held_labels), Recalibration.ISOTONIC)
    assert isotonic_left(case, case.outcome.dense) == pytest.approx(other.refinement)


def test_a_temperature_that_was_fitted_elsewhere_may_harm():
    """Validation examples that are surer than those that are measured: the calibration error is below 0."""
    (logits, labels), (held, held_labels) = drawn(2000, 1.0, 1), drawn(2000, 0.4, 2)
    case = seen(logits, labels, held, held_labels)
    found = mended(case, case.outcome.dense)
    assert found.temperature.value == pytest.approx(0.4, rel=0.1)
    assert found.calibration.direction == -1
    assert found.best[0] == pytest.approx(1, rel=0.15)


def test_logits_twice_as_large_have_twice_the_temperature_and_the_same_refinement():
    """What is lost is lost however loudly it is said."""
    (logits, labels), (held, held_labels) = drawn(300, 1.0, 1), drawn(150, 1.0, 2)
    one, other = (seen(k * logits, labels, k * held, held_labels) for k in (1, 2))
    a, b = (mended(each, each.outcome.dense) for each in (one, other))
    assert b.temperature.value == pytest.approx(2 * a.temperature.value, rel=1e-4)
    assert b.refinement.value == pytest.approx(a.refinement.value, abs=1e-6)
    assert a.is_one


@pytest.mark.parametrize(("labels", "bound"), [([0, 0, 0, 0], LOWEST), ([1, 1, 1, 1], HIGHEST)])
def test_at_a_bound_nothing_is_known_of_the_temperature(labels, bound):
    """All right, or all wrong: the NLL falls throughout."""
    case = seen(FEW, ONE_WRONG, FEW, np.array(labels))
    found = mended(case, case.outcome.dense)
    assert found.at_bound
    assert not found.is_one
    assert (found.temperature.low, found.temperature.value, found.temperature.high) == (0, bound, np.inf)


def test_the_interval_of_a_temperature_is_that_of_resampled_examples():
    """Against the middle 95 % of fits to 400 resamples of the validation examples."""
    held, labels = drawn(400, 2.0, 3)
    case = seen(FEW, ONE_WRONG, held, labels)
    found = mended(case, case.outcome.dense).temperature
    rng = np.random.default_rng(0)
    fits = [fit_temperature(held[at], labels[at]).value for at in (rng.integers(0, 400, 400) for _ in range(400))]
    low, high = np.quantile(fits, [0.025, 0.975])
    assert found.low == pytest.approx(low, rel=0.05)
    assert found.high == pytest.approx(high, rel=0.05)


def test_the_curve_is_the_nll_at_every_temperature():
    """As the objective has it, against labels."""
    logits, labels = drawn(50, 1.5, 4)
    case = seen(logits, labels, FEW, ONE_WRONG)
    temperatures = np.geomspace(LOWEST, HIGHEST, 81)
    wanted = nll_of_labels(logits, labels, temperatures)
    np.testing.assert_allclose(nll_curve(case, case.outcome.dense)[20:], wanted[20:], atol=1e-6)
    at_two = losses(case, case.outcome.dense, 2.0)
    assert at_two.mean() == pytest.approx(nll_of_labels(logits, labels, np.array([2.0]))[0])


def test_refinement_is_compared_example_by_example():
    """A pruned network that has forgotten half of what the dense one knows; it beside itself has gained nothing."""
    (logits, labels), (held, held_labels) = drawn(500, 1.0, 1), drawn(300, 1.0, 2)
    blind, held_blind = logits.copy(), held.copy()
    blind[::2], held_blind[::2] = 0, 0
    dense = replace(network(0.0, says(logits)), validation=says(held))
    pruned = replace(network(0.5, says(blind)), validation=says(held_blind))
    case = Evaluated(replace(outcome(labels, dense, pruned), validation_labels=held_labels), 1)
    gained = refinement_gained(case, pruned)
    found = over_ratios(case)
    assert list(found) == [0.0, 0.5]
    assert gained.value == pytest.approx(found[0.5].refinement.value - found[0.0].refinement.value)
    assert gained.direction == 1
    assert refinement_gained(case, dense).value == 0
    # Two are looked at: each interval is wider than that of one alone.
    alone = mended(case, pruned).refinement
    assert found[0.5].refinement.high > alone.high


def test_each_objective_makes_its_own_nll_smallest():
    """Of samples that disagree: neither does better by the measure of the other."""
    held, labels = drawn(300, 1.5, 5)
    shifts = np.random.default_rng(6).normal(0, 1.5, (20, 300, 2))
    found = mended_samples(held + shifts, labels, held + shifts, labels)
    mean, each = found[Objective.PREDICTIVE], found[Objective.SAMPLES]
    for objective, one in found.items():
        fitted = fit_temperature(held + shifts, labels, objective)
        assert one.mended.temperature.value == pytest.approx(fitted.value)
        assert one.mended.temperature.low < fitted.value < one.mended.temperature.high
    assert mean.mended.refinement.value < each.mended.refinement.value
    assert each.by_sample[1] < mean.by_sample[1]
    assert each.mended.temperature.value > mean.mended.temperature.value
    assert mean.mended.before == each.mended.before < mean.by_sample[0] == each.by_sample[0]  # Jensen


def test_equal_samples_are_a_single_pass():
    """Both objectives are then one."""
    held, labels = drawn(100, 2.0, 7)
    case = seen(held, labels, held, labels)
    single = mended(case, case.outcome.dense)
    for each in mended_samples(np.stack([held] * 3), labels, np.stack([held] * 3), labels).values():
        assert each.mended.temperature.value == pytest.approx(single.temperature.value, rel=1e-5)
        assert each.mended.temperature.high == pytest.approx(single.temperature.high, rel=1e-4)
        assert each.mended.calibration.value == pytest.approx(single.calibration.value, abs=1e-6)


def test_without_validation_examples_there_is_nothing_to_fit():
    """It says so, and can be asked first."""
    case = Evaluated(outcome(ONE_WRONG, network(0.0, says(FEW))), 1)
    assert not can_mend(case)
    with pytest.raises(ValueError, match="nothing is known of the validation examples"):
        mended(case, case.outcome.dense)
