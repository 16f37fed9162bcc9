"""Carrying out an experiment: one ratio or many, one seed or many, alone or beside others, all give the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch

from pruning import RATIOS, Diverged, Experiment, Outcome, Progress, Strategy, module, run, run_seeds
from pruning.data.csv_points import drawn_points
from pruning.data.fresh_points import fresh_points
from pruning.data.plane_tasks import make_task
from pruning.data.task_of import task_of
from pruning.inspect.plane import SAMPLES
from pruning.outcome import MAX_SAMPLES
from pruning.training.schedule import MIN_IMPROVEMENT
from pruning.training.threads import one_thread
from uncertainty.predictions import running_means
from uncertainty.randomness import sampling_seed
from uncertainty.sampling import mc_dropout, single_pass

every_strategy = pytest.mark.parametrize("strategy", Strategy)


def forward(network, inputs):
    """Logits (N, C) by NumPy, from the network's own weights and nothing else."""
    *hidden, last = sorted({name.rpartition(".")[0] for name in network.weights})
    values = inputs.astype(float)
    for name in hidden:
        values = np.maximum(values @ network.weights[f"{name}.weight"].T + network.weights[f"{name}.bias"], 0)
    return values @ network.weights[f"{last}.weight"].T + network.weights[f"{last}.bias"]


# ---- one result, however it is asked for


@every_strategy
@pytest.mark.parametrize("ratio", [0.3, 0.95])
def test_a_ratio_gives_the_same_alone_and_among_all(outcome_of, small, differences, strategy, ratio):
    """Every array of a single run is, to the bit, that of a run over all ratios."""
    everything = outcome_of(strategy=strategy)
    alone = run(small(strategy=strategy, prune_ratio=ratio))
    assert [network.prune_ratio for network in alone.networks] == sorted({0.0, ratio})
    assert differences(alone.dense, everything.dense) == []
    assert differences(alone.pruned, everything.at(ratio)) == []


@pytest.mark.parametrize("points", [150, 151, 300, 700])
def test_a_ratio_gives_the_same_among_all_whatever_the_number_of_points(small, differences, points):
    """Products round by how their matrices lie in memory; a matrix lies in a stack as it does alone."""
    experiment = small(dataset="blobs", points=points, hidden=(64, 64), prune_ratio=0.6)
    assert differences(run(experiment).pruned, run(experiment, ratios=RATIOS).pruned) == []


@pytest.mark.parametrize("strategy", [s for s in Strategy if s.iterative])
@pytest.mark.parametrize(("rounds", "ratio"), [(0, 0.25), (3, 0.5)])
def test_a_chain_gives_the_same_alone_and_among_all(small, differences, strategy, rounds, ratio):
    """Also off the grid, and with rounds of its own."""
    experiment = small(strategy=strategy, rounds=rounds, prune_ratio=ratio)
    assert differences(run(experiment).pruned, run(experiment, ratios=[0.1, 0.2, 0.6, 0.9]).pruned) == []


@every_strategy
def test_a_seed_gives_the_same_alone_and_among_others(outcome_of, small, differences, strategy):
    """Several seeds in one stack are, to the bit, each seed's own run, in the order asked for."""
    together = run_seeds(small(strategy=strategy), [1, 0], ratios=RATIOS)
    assert [outcome.experiment.seed for outcome in together] == [1, 0]
    for outcome in together:
        alone = outcome_of(strategy=strategy, seed=outcome.experiment.seed)
        assert differences(outcome, alone) == []


@every_strategy
def test_the_same_experiment_gives_the_same_bytes(outcome_of, small, differences, strategy):
    """Run twice, every array is the same."""
    assert differences(run(small(strategy=strategy), ratios=RATIOS), outcome_of(strategy=strategy)) == []


@every_strategy
def test_another_seed_gives_another_result(outcome_of, differences, strategy):
    """Start, learned weights and samples all change, on the same data."""
    a, b = outcome_of(strategy=strategy), outcome_of(strategy=strategy, seed=1)
    for one, other in zip(a.networks, b.networks, strict=True):
        for part in ("start_weights", "weights"):
            assert differences(getattr(one, part), getattr(other, part)) != []
        for part in ("logits", "mean_probs"):
            assert differences(getattr(one.test, part), getattr(other.test, part)) != []
    assert np.array_equal(a.train_inputs, b.train_inputs)
    assert np.array_equal(a.test_labels, b.test_labels)


def test_threads_do_not_disturb_each_other(outcome_of, small, differences):
    """Three experiments at once give, to the bit, what each gives on its own."""
    wanted = [
        {"strategy": Strategy.ITERATIVE},
        {"strategy": Strategy.ONE_SHOT_RANDOM, "seed": 1},
        {"strategy": Strategy.RANDOM_MASK, "criterion": "random"},
    ]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda fields: run(small(**fields), ratios=RATIOS), wanted * 2))
    for fields, outcome in zip(wanted * 2, results, strict=True):
        assert differences(outcome, outcome_of(**fields)) == []


def test_a_run_depends_on_no_global_generator(outcome_of, small, differences):
    """Other states of torch's own random numbers change nothing, and they are left where they were."""
    torch.manual_seed(12345)
    state = torch.get_rng_state()
    assert differences(run(small(), ratios=RATIOS), outcome_of()) == []
    assert torch.equal(torch.get_rng_state(), state)


def test_seeds_asked_for_twice_are_trained_once(small):
    """Each seed has one outcome, where it was first asked for."""
    assert [outcome.experiment.seed for outcome in run_seeds(small(max_epochs=2), [1, 0, 1])] == [1, 0]


def test_a_ratio_that_differs_by_rounding_only_is_the_same_ratio(small):
    """0.1 · 6 asked for among the ratios is 0.6, as it is in an experiment."""
    outcome = run(small(prune_ratio=0.0, max_epochs=2), ratios=[0.1 * 6])
    assert [network.prune_ratio for network in outcome.networks] == [0.0, 0.6]


@pytest.mark.parametrize("ratio", [-0.1, 1.0, 1.5])
def test_a_ratio_out_of_range_is_refused(small, ratio):
    """The message names it and the legal range, also among several."""
    with pytest.raises(ValueError, match=rf"{ratio}.* it must be"):
        run(small(max_epochs=2), ratios=[0.5, ratio])


# ---- what an outcome holds


@every_strategy
def test_predictions_come_from_the_network_s_own_weights(outcome_of, strategy):
    """The logits on the test points are those of its weights, recomputed by NumPy, and no other model's."""
    outcome = outcome_of(strategy=strategy)
    for network in outcome.networks:
        np.testing.assert_allclose(network.test.logits, forward(network, outcome.test_inputs), atol=1e-5)
    logits = {network.test.logits.tobytes() for network in outcome.networks}
    assert len(logits) > len(RATIOS) / 2  # a network that does not change would give one and the same


def test_the_module_of_a_network_gives_its_predictions(outcome_of):
    """The smaller module reproduces the stored logits and samples, and has the stored size."""
    outcome = outcome_of()
    task_far = _task(outcome.experiment).far_inputs
    for network in outcome.networks[::3]:
        small_module = module(outcome.experiment, network, outcome.n_classes)
        assert not small_module.training
        assert sum(p.numel() for p in small_module.parameters()) == network.parameters
        np.testing.assert_allclose(single_pass(small_module, outcome.test_inputs), network.test.logits, atol=1e-5)
        for inputs, probs in [(outcome.test_inputs, network.test.mean_probs), (task_far, network.ood.mean_probs)]:
            samples = mc_dropout(small_module, inputs, MAX_SAMPLES, sampling_seed(outcome.experiment.seed))
            expected = running_means(samples, range(1, MAX_SAMPLES + 1))
            np.testing.assert_allclose(expected, probs, atol=1e-5)


def _task(e: Experiment):
    return make_task(e.dataset, e.points, e.noise, e.label_noise, e.data_seed)


@every_strategy
def test_the_weights_reproduce_the_best_validation_loss(outcome_of, strategy):
    """The stored network is that of its early-stop epoch, on the validation split."""
    outcome = outcome_of(strategy=strategy)
    task = _task(outcome.experiment)
    for network in outcome.networks:
        assert network.val_loss[network.kept_epoch] <= network.val_loss.min() + MIN_IMPROVEMENT
        logits = forward(network, task.val_inputs)
        log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        loss = -log_probs[np.arange(len(logits)), task.val_labels].mean()
        assert loss == pytest.approx(network.val_loss[network.kept_epoch], rel=1e-5)


def test_the_arrays_of_a_network_have_the_shapes_they_claim(outcome_of):
    """S samples of N test points and M far points, C classes; probabilities sum to 1."""
    outcome = outcome_of(dataset="blobs")
    assert outcome.n_classes == 3
    for network in outcome.networks:
        assert network.test.logits.shape == (30, 3)
        assert network.test.mean_probs.shape == (MAX_SAMPLES, 30, 3)
        assert network.ood.mean_probs.shape == (MAX_SAMPLES, 64, 3)
        np.testing.assert_allclose(network.test.mean_probs.sum(axis=-1), 1, atol=1e-5)
        assert network.latency > 0
        assert not network.diverged


def test_an_outcome_holds_its_data(outcome_of):
    """Training and test points are those of the task; the experiment is the one that was run."""
    outcome = outcome_of(seed=1)
    task = _task(outcome.experiment)
    assert outcome.experiment.seed == 1
    for name in ("train_inputs", "train_labels", "test_inputs", "test_labels"):
        assert np.array_equal(getattr(outcome, name), getattr(task, name))


def test_the_test_split_decides_nothing(small, differences, monkeypatch):
    """With other test labels and points, every network learns the same."""
    from pruning.data import plane_task

    honest = run(small(strategy=Strategy.ITERATIVE), ratios=RATIOS)

    def other_test_split(*args):
        task = make_task(*args)
        return replace(task, test_inputs=task.test_inputs + 1, test_labels=1 - task.test_labels)

    monkeypatch.setattr(plane_task, "make_task", other_test_split)
    changed = run(small(strategy=Strategy.ITERATIVE), ratios=RATIOS)
    for a, b in zip(honest.networks, changed.networks, strict=True):
        for part in ("masks", "start_weights", "weights", "val_loss", "early_stop_epoch"):
            assert differences(getattr(a, part), getattr(b, part)) == []
    assert differences(honest.pruned.test.logits, changed.pruned.test.logits) != []


# ---- progress


def recorded(experiment: Experiment, **options) -> tuple[Outcome, list[Progress]]:
    reports: list[Progress] = []
    return run(experiment, reports.append, **options), reports


@every_strategy
@pytest.mark.parametrize("rounds", [0, 3])
def test_progress_never_goes_back_and_ends_complete(small, strategy, rounds):
    """`done` rises one by one from 0 to a total that does not change, and every report has its sentence."""
    _, reports = recorded(small(strategy=strategy, rounds=rounds), ratios=[0.1, 0.3, 0.35])
    done = [report.done for report in reports]
    assert done[0] == 0
    assert set(np.diff(done)) == {0, 1}
    assert {report.total for report in reports} == {done[-1]}
    assert all(report.message for report in reports)


@every_strategy
def test_partial_outcomes_grow_and_keep_their_order(small, differences, strategy):
    """Each holds the networks so far in order of ratio, dense first, as they will be in the end."""
    outcome, reports = recorded(small(strategy=strategy), ratios=RATIOS)
    assert reports[0].outcome is None
    grown = {len(report.outcome.networks): report.outcome for report in reports if report.outcome}
    assert list(grown) == list(range(1, len(RATIOS) + 1))
    for so_far in grown.values():
        ratios = [network.prune_ratio for network in so_far.networks]
        assert ratios[0] == 0.0
        assert ratios == sorted(ratios)
        for network in so_far.networks:
            final = outcome.at(network.prune_ratio)
            assert differences(network, final if network.fresh else replace(final, fresh=None)) == []


@every_strategy
def test_fresh_points_are_asked_once_the_wanted_network_has_been_shown(small, strategy):
    """Until then nobody has seen one; from the next report on every network that is shown has."""
    outcome, reports = recorded(small(strategy=strategy), ratios=RATIOS)
    partial = [report.outcome for report in reports if report.outcome]
    first = next(i for i, so_far in enumerate(partial) if so_far.fresh)
    assert all(network.fresh is None for so_far in partial[:first] for network in so_far.networks)
    assert partial[first - 1].has(0.5)
    known = len(partial[first].networks)
    shown = {len(so_far.networks) for so_far in partial[:first] if so_far.has(0.5)}
    assert shown == {known}  # nothing trains between
    assert known < len(RATIOS)
    assert all(network.fresh for so_far in partial[first:] for network in so_far.networks)
    assert all(network.fresh for network in outcome.networks)


def test_fresh_points_are_asked_of_the_smaller_network_with_its_own_dropout(outcome_of):
    """Running means of the same samples that every other input of that network gets, and its single pass."""
    outcome = outcome_of(strategy="iterative", prune_ratio=0.3)
    assert np.array_equal(outcome.fresh.inputs, fresh_points(outcome.experiment).inputs)
    for network in (outcome.dense, outcome.at(0.9)):
        smaller = module(outcome.experiment, network, outcome.n_classes)
        samples = mc_dropout(smaller, outcome.fresh.inputs, MAX_SAMPLES, sampling_seed(outcome.experiment.seed))
        assert network.fresh.samples == SAMPLES
        np.testing.assert_allclose(network.fresh.mean_probs, running_means(samples, SAMPLES), atol=1e-6)
        np.testing.assert_array_equal(network.fresh.logits, single_pass(smaller, outcome.fresh.inputs))


def test_own_points_have_no_truth(small):
    """Nobody knows what they were drawn from."""
    rows = [[i % 7, i % 5 + 3 * (i % 2), i % 2] for i in range(60)]
    outcome = run(small(), points=drawn_points(rows))
    with pytest.raises(ValueError, match="nobody knows what they were drawn from"):
        task_of(outcome.experiment, drawn_points(rows)).fresh()
    assert outcome.fresh is None
    assert all(network.fresh is None for network in outcome.networks)


def test_every_seed_is_asked_the_same_fresh_points(small):
    """They belong to the task; all networks of all seeds have answered in the end."""
    outcomes = run_seeds(small(), [0, 1], ratios=[0.0, 0.5, 0.9])
    assert outcomes[0].fresh is outcomes[1].fresh
    assert all(network.fresh is not None for outcome in outcomes for network in outcome.networks)


def test_partial_outcomes_of_several_seeds_always_hold_the_dense_network(small):
    """They are of the first seed, and there is none before its dense network, whichever seed stops first."""
    for seeds in ([0, 1, 2], [1, 2, 0], [2, 0, 1]):
        reports: list[Progress] = []
        run_seeds(small(), seeds, reports.append)
        partial = [report.outcome for report in reports if report.outcome]
        assert partial
        assert {outcome.experiment.seed for outcome in partial} == {seeds[0]}
        assert all(outcome.networks and outcome.dense.level == 0 for outcome in partial)


def test_what_progress_raises_stops_the_run(small):
    """Its own exception comes through, from the first report and from one in the middle."""

    class Cancelled(Exception):
        pass

    for stop_at in (0, 1, 2):
        seen = []

        def report(progress, stop_at=stop_at, seen=seen):
            seen.append(progress)
            if progress.done >= stop_at:
                raise Cancelled

        with pytest.raises(Cancelled):
            run(small(strategy=Strategy.ITERATIVE, prune_ratio=0.5), report)
        assert seen[-1].done == stop_at


def test_watching_changes_nothing(small, outcome_of, differences):
    """A run with a callback gives the same as one without."""
    assert differences(recorded(small(), ratios=RATIOS)[0], outcome_of()) == []


def test_a_run_gives_the_threads_back(small):
    """Torch has as many threads afterwards as before, also when the run was stopped."""

    def stop(progress):
        assert torch.get_num_threads() == 1
        raise RuntimeError("stop")

    with one_thread():
        torch.set_num_threads(2)
        run(small(max_epochs=1))
        assert torch.get_num_threads() == 2
        with pytest.raises(RuntimeError, match="stop"):
            run(small(max_epochs=1), stop)
        assert torch.get_num_threads() == 2


# ---- divergence


@every_strategy
def test_a_learning_rate_far_too_large_is_reported_in_a_sentence(strategy):
    """`Diverged` names the learning rate and what helps; it is not a crash somewhere else."""
    experiment = Experiment(strategy=strategy, points=200, hidden=(12, 8), learning_rate=1e30)
    with pytest.raises(Diverged, match=r"dense network .* The learning rate is 1e\+30; a smaller one"):
        run(experiment)


def test_being_watched_changes_the_order_and_nothing_else(small, differences):
    """With a progress callback the chosen ratio comes first, and every array stays the same to the bit."""
    experiment = small(strategy="one_shot_rewind", prune_ratio=0.7)
    reports: list[Progress] = []
    watched = run(experiment, reports.append, ratios=(0.3, 0.5, 0.7))
    first = next(r.outcome for r in reports if r.outcome and len(r.outcome.networks) == 2)
    assert [network.prune_ratio for network in first.networks] == [0.0, 0.7]
    assert differences(watched, run(experiment, ratios=(0.3, 0.5, 0.7))) == []
