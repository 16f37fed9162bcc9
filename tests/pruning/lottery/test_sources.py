"""Sources of class probabilities in a run: what each has the networks say, and that nothing is trained twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pruning import RATIOS, Experiment, ImageExperiment, module
from pruning.data.csv_points import drawn_points
from pruning.data.task_of import task_of
from pruning.inspect.ablation import changed
from pruning.inspect.plane import extent, grid, make_plane
from pruning.lottery.engine import InMemory, Run, carry_out, here, outcome
from pruning.lottery.members import SEEDS, member_keys, members
from pruning.lottery.plan import results
from pruning.options import Strategy
from pruning.outcome import Outcome
from uncertainty.methods import FITTED_SAMPLES
from uncertainty.options import ENSEMBLE_MEMBERS, MC_DROPOUT, DropoutLayers, Method, Source
from uncertainty.predictive import entropy
from uncertainty.randomness import sampling_seed
from uncertainty.sampling import mc_dropout, single_pass
from uncertainty.temperature import fit_temperature, scaled

POINTS = Experiment(points=300, hidden=(8, 8), max_epochs=20, prune_ratio=0.5, seed=3)
IMAGES = ImageExperiment(train_images=64, max_epochs=1, prune_ratio=0.5)
ENSEMBLE = Source(Method.ENSEMBLE)
SOURCES = [Source(method, tempered) for method in Method for tempered in (False, True)]


class Counted:
    """A call in this thread that notes the networks it was to train."""

    def __init__(self) -> None:
        self.trained: list[str] = []

    def __call__(self, function: Any, order: Any, *, report: Any) -> Any:
        if function is carry_out:
            self.trained += [step.key for step in order.batch.steps]
        return here(function, order, report=report)


def by(source: Source, experiment: Any = POINTS, kept: InMemory | None = None, call: Any = here) -> Outcome:
    """The outcome of the experiment's own ratio as a source has it."""
    run = Run([experiment], (), task_of(experiment), kept or InMemory(), call, source=source)
    run.train()
    return run.outcomes()[0]


@pytest.fixture(scope="module")
def kept() -> InMemory:
    """Where the networks of this file's experiments are, once somebody has asked for them."""
    return InMemory()


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("experiment", [POINTS, IMAGES], ids=["points", "images"])
def test_the_members_of_an_ensemble_are_the_same_step_of_other_seeds(experiment, strategy):
    """Their keys are those under which their own runs keep them."""
    experiment, task = replace(experiment, strategy=strategy), task_of(experiment)
    others = members(experiment, Method.ENSEMBLE)
    assert [other.seed for other in others] == list(range(experiment.seed, experiment.seed + ENSEMBLE_MEMBERS))
    for ratio, step in results(experiment, RATIOS, task).items():
        wanted = [results(other, RATIOS, task)[ratio].key for other in others[1:]]
        assert list(member_keys(step, Method.ENSEMBLE)) == wanted
        assert member_keys(step, Method.MC_DROPOUT) == ()


def test_seeds_of_members_begin_anew_after_the_last():
    """There is no seed above it."""
    seeds = [other.seed for other in members(replace(POINTS, seed=SEEDS - 2), Method.ENSEMBLE)]
    assert seeds[:4] == [SEEDS - 2, SEEDS - 1, 0, 1]


def test_an_ensemble_is_the_mean_of_its_members(kept):
    """Softmax of each member's logits by hand, of the test, the far and the fresh points, dense and pruned."""
    found = by(ENSEMBLE, kept=kept)
    for other in members(POINTS, Method.ENSEMBLE):
        by(MC_DROPOUT, other, kept)
    alone = [by(MC_DROPOUT, other, kept) for other in members(POINTS, Method.ENSEMBLE)]
    for ratio in (0.0, 0.5):
        network, each = found.at(ratio), [outcome.at(ratio) for outcome in alone]
        assert len(network.others) == ENSEMBLE_MEMBERS - 1
        for part in ("test", "ood", "fresh"):
            probs = np.stack([scaled(getattr(member, part).logits, 1.0) for member in each])
            said = getattr(network, part)
            for n in (1, 4, ENSEMBLE_MEMBERS):
                np.testing.assert_allclose(said.probs(n), probs[:n].mean(axis=0), atol=1e-6)
                np.testing.assert_allclose(said.aleatoric(n), entropy(probs[:n]).mean(axis=0), atol=1e-6)
    assert found.pruned.test.epistemic(ENSEMBLE_MEMBERS).max() > 0.01


def test_an_ensemble_of_one_is_a_single_pass(kept):
    """Number for number."""
    ensemble, single = by(ENSEMBLE, kept=kept), by(Source(Method.SINGLE_PASS), kept=kept)
    np.testing.assert_array_equal(ensemble.pruned.test.probs(1), single.pruned.test.probs(1))
    assert single.pruned.test.samples == (1,)
    assert (single.pruned.test.epistemic(1) == 0).all()


def test_nothing_is_trained_for_a_source_but_the_members_of_an_ensemble():
    """And those but once, whoever asks first."""
    kept, call = InMemory(), Counted()
    by(MC_DROPOUT, kept=kept, call=call)
    assert len(call.trained) == 2  # dense and pruned
    for source in SOURCES:
        if source.method != Method.ENSEMBLE:
            by(source, kept=kept, call=call)
    assert len(call.trained) == 2
    by(ENSEMBLE, kept=kept, call=call)
    by(Source(Method.ENSEMBLE, tempered=True), kept=kept, call=call)
    assert len(call.trained) == len(set(call.trained)) == 2 * ENSEMBLE_MEMBERS
    by(MC_DROPOUT, replace(POINTS, seed=POINTS.seed + 1), kept, call)
    assert len(call.trained) == 2 * ENSEMBLE_MEMBERS


def test_the_members_are_trained_as_one_stack():
    """Ten dense networks together, then ten pruned ones."""
    kept, batches = InMemory(), []

    def call(function: Any, order: Any, *, report: Any) -> Any:
        if function is carry_out:
            batches.append(len(order.batch.steps))
        return here(function, order, report=report)

    by(ENSEMBLE, kept=kept, call=call)
    assert batches == [ENSEMBLE_MEMBERS] * 2


@pytest.mark.parametrize("method", [Method.SINGLE_PASS, Method.MC_DROPOUT, Method.LAST_LAYER, Method.SURVIVORS])
def test_a_temperature_is_fitted_on_the_validation_examples(kept, method):
    """By hand, from what the untempered source says there; it divides the logits of every sample."""
    plain, tempered = by(Source(method), kept=kept), by(Source(method, tempered=True), kept=kept)
    task, n = task_of(POINTS), Method(method).samples(FITTED_SAMPLES)
    for ratio in (0.0, 0.5):
        before, after = plain.at(ratio).test, tempered.at(ratio).test
        assert before.temperature == 1
        assert after.temperature != 1
        np.testing.assert_allclose(after.logits, before.logits / after.temperature, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(after.logits.argmax(axis=1), before.logits.argmax(axis=1))
        model = module(POINTS, plain.at(ratio), 2)
        held_out = task.validation()
        if method == Method.SINGLE_PASS:
            logits = single_pass(model, held_out.inputs)
        elif method == Method.MC_DROPOUT:
            logits = np.log(mc_dropout(model, held_out.inputs, n, sampling_seed(POINTS.seed)))
        else:
            continue
        expected = fit_temperature(logits, held_out.labels).value
        assert after.temperature == pytest.approx(expected, rel=1e-4)


def test_a_tempered_sample_is_the_same_thinned_network(kept):
    """p^(1/T), normalised, sample by sample."""
    plain, tempered = by(MC_DROPOUT, kept=kept), by(Source(Method.MC_DROPOUT, tempered=True), kept=kept)
    inputs = task_of(POINTS).data.test_inputs
    probs = mc_dropout(module(POINTS, plain.pruned, 2), inputs, 20, sampling_seed(POINTS.seed))
    powers = probs ** (1 / tempered.pruned.test.temperature)
    by_hand = (powers / powers.sum(axis=-1, keepdims=True)).mean(axis=0)
    np.testing.assert_allclose(tempered.pruned.test.probs(20), by_hand, atol=1e-5)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.label)
def test_the_plane_says_what_the_points_are_told(kept, source):
    """Its cells are asked by the very predictor of the test points: a point in the middle of a cell as that cell."""
    found = by(source, kept=kept)
    bounds = extent(found)
    plane = make_plane(POINTS, found.pruned, 2, bounds, (1, 10), source)
    cells = grid(bounds)[[100, 2000, 5000]]
    point = changed(replace(found, test_inputs=cells), (), (1, 10), source)
    n = source.method.samples(10)
    np.testing.assert_allclose(plane.cells.probs(n)[[100, 2000, 5000]], point.test.probs(n), atol=1e-5)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.label)
def test_a_network_changed_by_hand_answers_by_the_same_source(kept, source):
    """With no unit changed it says what it said; without one of its units something else."""
    found = by(source, kept=kept)
    n = source.method.samples(5)
    same = changed(found, (), (5,), source)
    np.testing.assert_allclose(same.test.probs(n), found.pruned.test.probs(n), atol=1e-5)
    unit = ("hidden1", int(found.pruned.masks["hidden1"].argmax()))
    other = changed(found, (unit,), (5,), source)
    assert np.abs(other.test.probs(n) - same.test.probs(n)).max() > 1e-3


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.label)
def test_own_points_are_asked_by_every_source(source):
    """There are no fresh ones of them; Laplace and temperature are fitted on the visitor's points."""
    own = drawn_points([[i % 7, i % 5 + 3 * (i % 2), i % 2] for i in range(80)])
    task, kept = task_of(POINTS, own), InMemory()
    run = Run([POINTS], (), task, kept, source=source)
    run.train()
    found = run.outcomes()[0]
    assert found.source == source
    assert found.pruned.fresh is None
    assert outcome(POINTS, (), task, kept.get, source).pruned is found.pruned


def test_images_are_asked_by_every_source():
    """Tempered and not; the members of an ensemble are trained one by one."""
    kept = InMemory()
    for source in SOURCES:
        found = by(source, IMAGES, kept)
        assert found.source == source
        assert found.pruned.test.probs(source.method.samples(10)).shape == (len(found.test_labels), 8)


def test_progress_is_told_what_the_source_says():
    """Of the networks that have answered by then."""
    told: list[Any] = []
    run = Run([POINTS], (0.3,), task_of(POINTS), InMemory(), progress=told.append, source=ENSEMBLE)
    run.train()
    seen = [each.outcome for each in told if each is not None and each.outcome]
    assert {each.source for each in seen} == {ENSEMBLE}
    assert len(seen[-1].networks) == 3
    assert all(len(network.test.samples) == ENSEMBLE_MEMBERS for each in seen for network in each.networks)


def test_the_last_dropout_layer_is_asked_of_networks_that_are_there(kept):
    """Nothing is trained; samples disagree less than those of all layers, and the answers have keys of their own."""
    by(MC_DROPOUT, kept=kept)
    call = Counted()
    last = by(Source(layers=DropoutLayers.LAST), kept=kept, call=call)
    every = by(MC_DROPOUT, kept=kept)
    assert not call.trained
    for ratio in (0.0, 0.5):
        one, other = last.at(ratio).test, every.at(ratio).test
        assert 0 < one.epistemic(50).mean() < other.epistemic(50).mean()
        np.testing.assert_array_equal(one.logits, other.logits)


def test_other_methods_have_no_layers_to_choose():
    """A source says so."""
    with pytest.raises(ValueError, match="layers is 'last' for ensemble; only all are legal there"):
        Source(Method.ENSEMBLE, layers=DropoutLayers.LAST)
    assert Source(tempered=True, layers=DropoutLayers.LAST).label == "MC dropout, last layer, tempered"
