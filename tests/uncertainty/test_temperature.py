"""Temperature scaling: by hand, at its bounds, under its invariances, and against three libraries."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from uncertainty.calibration import negative_log_likelihood
from uncertainty.predictive import mean_probs
from uncertainty.temperature import (
    HIGHEST,
    LOWEST,
    Objective,
    Temperature,
    fit_temperature,
    nll_curve,
    scaled,
)

few = settings(max_examples=40, deadline=None)
both = pytest.mark.parametrize("objective", list(Objective))


def drawn(n: int, n_classes: int, temperature: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits (n, n_classes), and labels drawn from softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (n, n_classes))
    return logits, (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)


def sampled(seed: int = 0, s: int = 8, n: int = 60, n_classes: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Logits (s, n, n_classes) of networks that disagree, and labels that follow none of them."""
    rng = np.random.default_rng(seed)
    logits, labels = drawn(n, n_classes, rng.uniform(0.5, 4), seed)
    return logits + rng.normal(0, 2, (s, n, n_classes)), labels


@st.composite
def cases(draw):
    """Logits (S, N, C), whole ones among them so that rows tie, and labels."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 12)), draw(st.integers(2, 5))
    logits = rng.normal(0, draw(st.sampled_from([0.1, 1, 10, 100])), shape)
    return (np.round(logits) if draw(st.booleans()) else logits), rng.integers(0, shape[2], shape[1])


# Closed form


@pytest.mark.parametrize(("right", "n"), [(3, 4), (9, 10), (5, 8)])
@pytest.mark.parametrize("logit", [0.5, 2.0, 8.0])
def test_two_classes_of_one_logit_have_a_closed_form(right, n, logit):
    """All logits (z, 0), right k times of n: softmax must give k/n, so that T = z / ln(k / (n − k))."""
    labels = np.arange(n) >= right
    found = fit_temperature(np.tile([logit, 0.0], (n, 1)), labels)
    share = right / n
    assert found.value == pytest.approx(logit / np.log(right / (n - right)), rel=1e-9)
    assert found.nll == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share))
    assert found.before == pytest.approx(np.log1p(np.exp(-logit)) + (1 - share) * logit)
    assert not found.at_bound


def test_two_samples_by_hand():
    """Logits (2, 0) and (−2, 0) of one example of class 0: the mean is 1/2 whatever T is, the mean loss is not."""
    logits = np.array([[[2.0, 0.0]], [[-2.0, 0.0]]])
    # −ln softmax: ln(1 + e^(−2/T)) and ln(1 + e^(2/T)); their mean ½ ln((1 + e^(−2/T)) (1 + e^(2/T)))
    expected = [0.5 * np.log((1 + np.exp(-2 / t)) * (1 + np.exp(2 / t))) for t in (1, 4)]
    np.testing.assert_allclose(nll_curve(logits, [0], [1, 4], Objective.PREDICTIVE), np.log(2))
    np.testing.assert_allclose(nll_curve(logits, [0], [1, 4], Objective.SAMPLES), expected)
    assert fit_temperature(logits, [0], Objective.PREDICTIVE).value == pytest.approx(1, abs=1e-6)
    assert fit_temperature(logits, [0], Objective.SAMPLES).value == HIGHEST


def test_scaled_by_hand():
    """softmax((ln 9, 0) / 2) = (3, 1) / 4, and /1 is the softmax itself."""
    np.testing.assert_allclose(scaled([np.log(9), 0.0], 2), [0.75, 0.25])
    np.testing.assert_allclose(scaled([np.log(9), 0.0], 1), [0.9, 0.1])


@pytest.mark.parametrize("temperature", [0.5, 1, 2, 3, 6])
@pytest.mark.parametrize("n_classes", [2, 10])
def test_the_temperature_that_labels_were_drawn_at_is_found(temperature, n_classes):
    """Of 40,000 labels drawn from softmax(logits / T) it is found to 3 %, without a starting point to be near of."""
    logits, labels = drawn(40_000, n_classes, temperature)
    assert fit_temperature(logits, labels).value == pytest.approx(temperature, rel=0.03)


# Edges


def test_bounds_that_are_reached_are_said():
    """Where every example is right any cooling helps, where every one is wrong any warming."""
    logits = np.array([[5.0, 0.0], [0.0, 5.0]])
    assert fit_temperature(logits, [0, 1]) == Temperature(LOWEST, 0.0, pytest.approx(np.log1p(np.exp(-5))), True)
    wrong = fit_temperature(logits, [1, 0])
    assert (wrong.value, wrong.at_bound) == (HIGHEST, True)
    assert wrong.nll == pytest.approx(np.log1p(np.exp(5 / HIGHEST)))


@both
@pytest.mark.parametrize("logits", [np.zeros((2, 5, 3)), np.array([[[800.0, 0.0, 0.0]] * 5] * 2)])
def test_where_nothing_is_better_the_temperature_is_one(logits, objective):
    """Logits that are all equal, and answers that are certain and right, say the same at any temperature."""
    found = fit_temperature(logits, np.zeros(5, int), objective)
    assert (found.value, found.nll, found.at_bound) == (1.0, found.before, False)


@both
def test_huge_logits_overflow_nowhere(objective):
    """Logits of 10⁶ and more give finite losses, wrong answers among them."""
    logits = np.array([[[1e6, 0.0], [0.0, 1e30], [-1e30, 1e30]], [[1e6, 0.0], [0.0, 1e6], [3e7, 0.0]]])
    curve = nll_curve(logits, [0, 1, 0], np.array([LOWEST, 1.0, HIGHEST]), objective)
    assert np.isfinite(curve).all()
    assert np.isfinite(fit_temperature(logits, [0, 1, 0], objective).nll)


def test_the_lower_of_two_minima_is_taken():
    """The NLL of a mean prediction may have several: here one near 2.22 and a lower one near 14.9."""
    logits = np.zeros((2, 3, 2))
    logits[..., 0] = [[-17, -3, 22], [0, 4, 13]]
    curve = nll_curve(logits, [0, 0, 0], np.array([1.5, 2.22, 4, 14.9, 20]))
    assert curve[1] < min(curve[0], curve[2])
    assert curve[3] < min(curve[2], curve[4])
    assert fit_temperature(logits, [0, 0, 0]).value == pytest.approx(14.88, abs=0.01)


def test_arguments_are_not_changed():
    """Logits stay as they are, whatever their type."""
    logits, labels = sampled()
    before = logits.copy()
    fit_temperature(logits, labels)
    scaled(logits, 2.0)
    np.testing.assert_array_equal(logits, before)


def test_fifty_samples_of_a_thousand_examples_are_fitted_while_a_slider_moves():
    """The fastest of five fits takes less than a tenth of a second; on an idle core it is three times as fast."""
    logits, labels = sampled(s=50, n=1000, n_classes=10)
    logits = logits.astype(np.float32)
    took = []
    for _ in range(5):
        start = perf_counter()
        fit_temperature(logits, labels)
        took.append(perf_counter() - start)
    assert min(took) < 0.1


# Invariances and bounds


@both
@given(case=cases())
@few
def test_the_nll_never_rises(objective, case):
    """At the fitted temperature it is at most that at 1, and the curve says the same as the fit."""
    found = fit_temperature(*case, objective)
    assert found.nll <= found.before
    assert LOWEST <= found.value <= HIGHEST
    np.testing.assert_allclose(
        nll_curve(*case, np.array([found.value, 1.0]), objective), [found.nll, found.before], rtol=1e-12
    )


@given(case=cases())
@few
def test_no_other_temperature_is_better(case):
    """Where the NLL is convex none of 200; of a mean prediction none of the nine that are tried first."""
    found = fit_temperature(*case, Objective.SAMPLES)
    assert found.nll <= nll_curve(*case, np.geomspace(LOWEST, HIGHEST, 200), Objective.SAMPLES).min() + 1e-9
    found = fit_temperature(*case, Objective.PREDICTIVE)
    assert found.nll <= nll_curve(*case, np.geomspace(LOWEST, HIGHEST, 9)).min() + 1e-6


@both
@given(case=cases())
@few
def test_a_constant_added_to_a_row_does_not_matter(objective, case):
    """Neither to the fit nor to the probabilities."""
    logits, labels = case
    shift = np.random.default_rng(0).integers(-8, 8, (*logits.shape[:2], 1))
    found, moved = (fit_temperature(each, labels, objective) for each in (logits, logits + shift))
    assert moved.nll == pytest.approx(found.nll, rel=1e-6, abs=1e-9)
    np.testing.assert_allclose(scaled(logits + shift, 2.5), scaled(logits, 2.5), atol=1e-12)


@both
@given(case=cases(), seed=st.integers(0, 99))
@few
def test_names_of_classes_and_orders_do_not_matter(objective, case, seed):
    """Classes renumbered, examples shuffled and samples shuffled have the same curve."""
    logits, labels = case
    rng = np.random.default_rng(seed)
    s, n, c = (rng.permutation(size) for size in logits.shape)
    temperatures = np.array([0.3, 1.0, 5.0])
    moved = nll_curve(logits[s][:, n][..., c], np.argsort(c)[labels[n]], temperatures, objective)
    np.testing.assert_allclose(moved, nll_curve(logits, labels, temperatures, objective), rtol=1e-9, atol=1e-12)


@given(case=cases(), temperature=st.floats(LOWEST, HIGHEST))
@few
def test_the_most_probable_class_stays(case, temperature):
    """A temperature changes how sure a pass is, and never what of."""
    logits = case[0][0]
    top = np.take_along_axis(scaled(logits, temperature), logits.argmax(axis=1)[:, None], axis=1)[:, 0]
    np.testing.assert_array_equal(top, scaled(logits, temperature).max(axis=1))


@given(case=cases())
@few
def test_the_mean_of_samples_is_never_worse_than_the_samples(case):
    """Jensen's inequality, at every temperature."""
    temperatures = np.geomspace(LOWEST, HIGHEST, 9)
    predictive, samples = (nll_curve(*case, temperatures, each) for each in Objective)
    assert (predictive <= samples * (1 + 1e-12)).all()


def test_what_is_best_for_the_samples_may_be_worse_for_their_mean():
    """Samples that disagree are each over-confident, while their mean is under-confident: T falls, or rises."""
    rng = np.random.default_rng(0)
    logits, labels = drawn(400, 4, 1.0)
    logits = logits + rng.normal(0, 3, (20, *logits.shape))
    samples, predictive = (
        fit_temperature(logits, labels, each) for each in (Objective.SAMPLES, Objective.PREDICTIVE)
    )
    assert predictive.value < 1 < samples.value
    assert nll_curve(logits, labels, np.array([samples.value]))[0] > predictive.before


@pytest.mark.parametrize("repeat", [1, 3])
def test_for_one_pass_both_objectives_are_one(repeat):
    """(N, C), the same as (1, N, C), and the same pass several times over."""
    logits, labels = drawn(50, 3, 2.0)
    found = [fit_temperature(np.stack([logits] * repeat), labels, each) for each in Objective]
    alone = fit_temperature(logits, labels)
    assert [each.value for each in found] == pytest.approx([alone.value] * 2, rel=1e-7)
    assert [each.nll for each in found] == pytest.approx([alone.nll] * 2)


# Oracles


@pytest.mark.parametrize("seed", range(5))
def test_the_predictive_nll_is_that_of_the_shown_metric(seed):
    """The NLL of the mean over samples of the scaled probabilities."""
    logits, labels = sampled(seed)
    curve = nll_curve(logits, labels, np.array([0.7, 3.0]))
    shown = [negative_log_likelihood(mean_probs(scaled(logits, each)), labels) for each in (0.7, 3.0)]
    np.testing.assert_allclose(curve, shown, rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_the_fits_are_those_of_scipy(seed):
    """By SciPy's softmax and bounded minimiser, in 1/T for the one and in T for the other."""
    logits, labels = sampled(seed)
    rows = np.arange(len(labels))

    def predictive(temperature):
        return -np.log(softmax(logits / temperature, axis=2).mean(axis=0)[rows, labels]).mean()

    def samples(inverse):
        return -log_softmax(logits * inverse, axis=2).mean(axis=0)[rows, labels].mean()

    found = minimize_scalar(predictive, bounds=(0.2, 8), method="bounded", options={"xatol": 1e-9})
    assert fit_temperature(logits, labels, Objective.PREDICTIVE).value == pytest.approx(found.x, rel=1e-5)
    found = minimize_scalar(samples, bounds=(0.05, 5), method="bounded", options={"xatol": 1e-9})
    assert fit_temperature(logits, labels, Objective.SAMPLES).value == pytest.approx(1 / found.x, rel=1e-5)


@pytest.mark.parametrize(("n", "n_classes"), [(300, 3), (500, 2), (1000, 10)])
def test_the_fit_is_that_of_scikit_learn(n, n_classes):
    """Version 1.8 has temperature scaling behind CalibratedClassifierCV."""
    calibration = pytest.importorskip("sklearn.calibration")
    if not hasattr(calibration, "_TemperatureScaling"):
        pytest.skip("scikit-learn before 1.8")
    logits, labels = drawn(n, n_classes, 2.0)
    theirs = calibration._TemperatureScaling().fit(logits, labels)
    assert fit_temperature(logits, labels).value == pytest.approx(1 / theirs.beta_, rel=1e-4)


def test_the_fit_is_that_of_probmetrics_and_netcal():
    """Of probmetrics 1.3.0, by bisection, and of netcal 1.4.0, on the six examples below."""
    assert fit_temperature(SIX, LABELS).value == pytest.approx(PROBMETRICS, rel=1e-7)
    assert fit_temperature(SIX, LABELS).value == pytest.approx(NETCAL, rel=1e-6)


SIX = [[2.0, -1.0, 0.5], [0.0, 3.0, 1.0], [1.0, 1.5, -2.0], [4.0, 0.0, 1.0], [-1.0, 0.0, 2.5], [0.5, 2.0, 1.0]]
LABELS = [0, 1, 0, 2, 2, 1]
PROBMETRICS, NETCAL = 1.5167940517838625, 1.51679411


# Bad input


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_logits_that_are_not_finite_are_refused(wrong):
    """The message names what is not."""
    logits = np.array([[1.0, wrong], [0.0, 1.0]])
    for call in (lambda: fit_temperature(logits, [0, 1]), lambda: scaled(logits, 1)):
        with pytest.raises(ValueError, match=f"logits must be finite; got {wrong}"):
            call()


@pytest.mark.parametrize("shape", [(3,), (0, 3), (2, 0, 3), (2, 2, 2, 2)])
def test_logits_of_another_shape_are_refused(shape):
    """The message names the shapes that are legal, and the one that came."""
    with pytest.raises(
        ValueError, match=r"logits must have shape \(N, C\) or \(S, N, C\), none of them zero; got \("
    ):
        fit_temperature(np.zeros(shape), [0, 1])


def test_labels_that_do_not_fit_are_refused():
    """By their number, and by their value."""
    with pytest.raises(ValueError, match=r"labels must have shape \(4,\), one for each example of the logits; got"):
        fit_temperature(np.zeros((2, 4, 3)), [0, 1])
    with pytest.raises(ValueError, match="labels must be whole numbers from 0 to 2; got 3"):
        fit_temperature(np.zeros((2, 3)), [0, 3])


@pytest.mark.parametrize("temperature", [0, -1, np.nan, np.inf])
def test_temperatures_that_are_none_are_refused(temperature):
    """Alone, and among those of a curve."""
    with pytest.raises(ValueError, match=f"temperature is {temperature}; it must be finite and above 0"):
        scaled(np.zeros((2, 2)), temperature)
    with pytest.raises(ValueError, match=r"temperatures must have shape \(K,\), each finite and above 0; got"):
        nll_curve(np.zeros((2, 2)), [0, 1], [1, temperature])


def test_an_objective_that_is_none_is_refused():
    """The message names those there are."""
    with pytest.raises(ValueError, match="objective 'mean' is unknown; choose one of: predictive, samples"):
        fit_temperature(np.zeros((2, 2)), [0, 1], "mean")
