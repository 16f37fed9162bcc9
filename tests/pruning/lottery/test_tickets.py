"""Every strategy, criterion and scope: what must hold of any pruned network, whatever was chosen.

The networks are small and each combination is run once, over all ratios.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from pruning import RATIOS, Criterion, Scope, Strategy, run
from pruning.data.plane_tasks import make_task
from pruning.lottery.levels import paths
from pruning.lottery.tickets import Parents, next_ticket
from pruning.model.importance import importance
from pruning.model.masks import apply_masks, full_masks, picked_by_chance, removed_units
from pruning.model.networks import draw_weights, mlp, prunable_layers, with_weights
from pruning.training.schedule import Examples, Schedule
from pruning.training.stack import Start, train_stack
from uncertainty.randomness import Purpose, stream

every_strategy = pytest.mark.parametrize("strategy", Strategy)
every_criterion = pytest.mark.parametrize("criterion", Criterion)
every_scope = pytest.mark.parametrize("scope", Scope)
retraining = pytest.mark.parametrize("strategy", [s for s in Strategy if s.retrain])
iterating = pytest.mark.parametrize("strategy", [s for s in Strategy if s.iterative])
WIDTHS = {"hidden1": 12, "hidden2": 8}
SOME = (0.1, 0.2, 0.5, 0.95)
BRIEF = {"ratios": SOME, "points": 100, "max_epochs": 6}  # for what holds of any training, however short


def dense_model(experiment, n_classes=2):
    return mlp(2, experiment.hidden, n_classes, experiment.dropout)


def initial_weights(experiment):
    return draw_weights(dense_model(experiment), stream(experiment.seed, Purpose.INITIAL_WEIGHTS))


def examples_of(experiment):
    e = experiment
    task = make_task(e.dataset, e.points, e.noise, e.label_noise, e.data_seed)
    return Examples(
        *map(torch.from_numpy, (task.train_inputs, task.train_labels, task.val_inputs, task.val_labels)),
    )


def masked(experiment, weights, masks):
    """θ·m as arrays."""
    tensors = {name: torch.as_tensor(value) for name, value in weights.items()}
    return {name: value.numpy() for name, value in apply_masks(dense_model(experiment), tensors, masks).items()}


def same(a, b):
    """Whether two sets of weights are equal to the bit (a zero is a zero, whatever its sign)."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def kept(network):
    return {name: int(mask.sum()) for name, mask in network.masks.items()}


def assert_removed_units_are_zero(network, weights):
    names = list(weights)[::2]
    for before, after in pairwise(name.removesuffix(".weight") for name in names):
        gone = ~network.masks[before]
        assert (weights[f"{before}.weight"][gone] == 0).all()
        assert (weights[f"{before}.bias"][gone] == 0).all()
        assert (weights[f"{after}.weight"][:, gone] == 0).all()


def parents(outcome):
    """Each pruned network with the one its mask was taken from."""
    if outcome.experiment.strategy.iterative:
        return [(a, b) for a, b in pairwise(outcome.networks) if b.level == a.level + 1]
    return [(outcome.dense, network) for network in outcome.networks[1:]]


# ---- counts


@every_strategy
@every_criterion
@every_scope
def test_as_many_units_go_as_the_ratio_says(outcome_of, strategy, criterion, scope):
    """n − round(r·n) of every layer's n units stay, for global scope in total, and never none."""
    outcome = outcome_of(strategy=strategy, criterion=criterion, scope=scope, **BRIEF)
    assert [network.prune_ratio for network in outcome.networks] == [0.0, *SOME]
    for network in outcome.networks:
        wanted = {name: max(n - round(network.prune_ratio * n), 1) for name, n in WIDTHS.items()}
        if scope == Scope.LAYER:
            assert kept(network) == wanted
        assert network.units == sum(kept(network).values()) == sum(wanted.values())
        assert min(kept(network).values()) >= 1


@iterating
@every_scope
@pytest.mark.parametrize(("rounds", "share"), [(0, 0.0), (1, 0.0), (3, 0.0), (10, 0.0), (0, 0.2)])
def test_iterative_pruning_reaches_the_counts_of_one_shot(outcome_of, strategy, scope, rounds, share):
    """All rounds are done, not just the first: every ratio ends with as many units as one-shot leaves."""
    iterative = outcome_of(strategy=strategy, scope=scope, rounds=rounds, round_share=share, **BRIEF)
    one_shot = outcome_of(strategy=Strategy.ONE_SHOT, scope=scope, **BRIEF)
    for chained, direct in zip(iterative.networks[1:], one_shot.networks[1:], strict=True):
        assert chained.prune_ratio == direct.prune_ratio
        assert chained.units == direct.units
        if scope == Scope.LAYER:
            assert kept(chained) == kept(direct)
        fifths = {0.1: 1, 0.2: 1, 0.5: 3, 0.95: 13}[chained.prune_ratio]
        assert chained.level == (rounds or (fifths if share else RATIOS.index(chained.prune_ratio)))
        assert direct.level == 1


@every_strategy
@every_scope
@pytest.mark.parametrize("hidden", [(1,), (3, 1), (2, 5, 1)])
def test_no_layer_empties(small, strategy, scope, hidden):
    """At the largest ratio every layer still has a unit, one of width one included."""
    network = run(small(strategy=strategy, scope=scope, hidden=hidden, prune_ratio=0.99, max_epochs=2)).pruned
    assert set(kept(network).values()) == {1}
    assert np.isfinite(network.test.mean_probs).all()


@every_strategy
def test_a_ratio_of_zero_is_the_dense_network(outcome_of, small, differences, strategy):
    """It is the network of level 0 with every unit, the same for all strategies."""
    dense = run(small(strategy=strategy, prune_ratio=0.0))
    assert len(dense.networks) == 1
    assert dense.pruned is dense.dense
    assert dense.dense.level == 0
    assert kept(dense.dense) == WIDTHS
    assert differences(dense.dense, outcome_of(strategy=Strategy.ONE_SHOT).dense) == []


# ---- which units


@every_strategy
@every_criterion
@every_scope
def test_pruned_stays_pruned(outcome_of, strategy, criterion, scope):
    """All weights into and out of a removed unit and its bias are exactly 0, before and after training."""
    for network in outcome_of(strategy=strategy, criterion=criterion, scope=scope, **BRIEF).networks:
        assert_removed_units_are_zero(network, network.start_weights)
        assert_removed_units_are_zero(network, network.weights)


@iterating
@every_criterion
@every_scope
def test_the_masks_of_a_chain_are_nested(outcome_of, strategy, criterion, scope):
    """A unit once removed is in no later mask."""
    outcome = outcome_of(strategy=strategy, criterion=criterion, scope=scope, **BRIEF)
    for before, after in pairwise(outcome.networks):
        assert all((after.masks[name] <= before.masks[name]).all() for name in WIDTHS)


@pytest.mark.parametrize("strategy", [s for s in Strategy if s.mask_from == "scores"])
@every_criterion
@every_scope
def test_kept_units_score_at_least_as_high_as_removed_ones(outcome_of, strategy, criterion, scope):
    """By the scores of the trained network a mask comes from, among the units it still had."""
    outcome = outcome_of(strategy=strategy, criterion=criterion, scope=scope, **BRIEF)
    experiment = outcome.experiment
    examples = examples_of(experiment)
    for before, after in parents(outcome):
        model = with_weights(dense_model(experiment), before.weights)
        rng = stream(experiment.seed, Purpose.MASK, after.level - 1)
        scores = importance(model, criterion, examples.train_inputs, examples.train_labels, rng)
        if criterion == Criterion.L1_GREEDY:
            scores["hidden2"] = greedy_scores(before, after.prune_ratio)
        for name, mask in after.masks.items():
            removed = before.masks[name] & ~mask
            if removed.any():
                assert scores[name][mask].min() >= scores[name][removed].max()


def greedy_scores(network, ratio):
    """L1 norms into the second hidden layer from those units of the first that pruning it by itself would keep."""
    first = np.abs(network.weights["hidden1.weight"]).sum(axis=1)
    order = [unit for unit in np.argsort(-first, kind="stable") if network.masks["hidden1"][unit]]
    kept = order[: WIDTHS["hidden1"] - removed_units(ratio, WIDTHS["hidden1"])]
    return np.abs(network.weights["hidden2.weight"][:, kept]).sum(axis=1)


def test_greedy_scores_of_two_layers_by_hand(small):
    """Most of what the second unit of layer 2 hears comes from a unit of layer 1 that goes: greedily it goes too.

    Norms of layer 1: 5, 1, 4. Of layer 2: 6, 13, 7 over all its inputs, and 6, 4, 6 without the second of them.
    """
    weights = {
        "hidden1.weight": [[3, 2], [1, 0], [2, 2]], "hidden1.bias": [9, 9, 9],
        "hidden2.weight": [[3, 0, -3], [2, -9, 2], [-3, 1, 3]], "hidden2.bias": [0, 0, 0],
        "output.weight": [[1, 1, 1], [1, 1, 1]], "output.bias": [0, 0],
    }  # fmt: skip
    tensors = {name: torch.tensor(value, dtype=torch.float32) for name, value in weights.items()}
    model = mlp(2, (3, 3), 2, 0.0)
    parents = Parents(full_masks(model), tensors, tensors)
    inputs, labels = torch.ones(2, 2), torch.tensor([0, 1])
    for criterion, left in ((Criterion.L1, [0, 1, 1]), (Criterion.L1_GREEDY, [1, 0, 1])):
        for scope in Scope:
            recipe = small(criterion=criterion, scope=scope, hidden=(3, 3))
            ticket = next_ticket(recipe, 1 / 3, 1, parents, model, inputs, labels, 0)
            if scope == Scope.LAYER:
                assert ticket.masks["hidden1"].tolist() == [1, 0, 1]
                assert ticket.masks["hidden2"].tolist() == left
            assert sum(mask.sum() for mask in ticket.masks.values()) == 4
    assert torch.equal(tensors["hidden2.weight"], torch.tensor(weights["hidden2.weight"], dtype=torch.float32))


def test_one_hidden_layer_is_scored_greedily_as_at_once(outcome_of):
    """There is no layer before it."""
    both = [outcome_of(hidden=(12,), criterion=c, ratios=SOME) for c in (Criterion.L1, Criterion.L1_GREEDY)]
    for at_once, greedy in zip(*(outcome.networks for outcome in both), strict=True):
        assert np.array_equal(at_once.masks["hidden1"], greedy.masks["hidden1"])


@every_criterion
@every_scope
def test_random_tickets_keep_as_many_units_of_each_layer_as_the_scored_mask(outcome_of, criterion, scope):
    """The control has the shape of what it controls, everywhere; which units these are is left to chance."""
    by_chance, scored = (
        outcome_of(strategy=s, criterion=criterion, scope=scope, **BRIEF)
        for s in (Strategy.RANDOM_MASK, Strategy.ONE_SHOT_REWIND)
    )
    for one, other in zip(by_chance.networks, scored.networks, strict=True):
        assert kept(one) == kept(other)
    for before, after in pairwise(by_chance.networks):
        if scope == Scope.LAYER:
            assert all((after.masks[name] <= before.masks[name]).all() for name in WIDTHS)


def test_random_tickets_of_each_layer_use_no_scores(outcome_of):
    """Per layer their masks are the same whatever the criterion, and differ from those that scores choose."""
    masks = [outcome_of(strategy=Strategy.RANDOM_MASK, criterion=c, **BRIEF).at(0.5).masks for c in Criterion]
    assert all(np.array_equal(m[name], masks[0][name]) for m in masks for name in WIDTHS)
    chosen = outcome_of(strategy=Strategy.ONE_SHOT, criterion=Criterion.L1, **BRIEF).at(0.5).masks
    assert any(not np.array_equal(masks[0][name], chosen[name]) for name in WIDTHS)


@every_scope
def test_random_scores_re_initialised_are_random_tickets(outcome_of, differences, scope):
    """Under another name: the same masks, the same start, the same networks."""
    fields = {"criterion": Criterion.RANDOM, "scope": scope, **BRIEF}
    tickets, scored = (outcome_of(strategy=s, **fields) for s in (Strategy.RANDOM_MASK, Strategy.ONE_SHOT_REWIND))
    assert differences(tickets.networks, scored.networks) == []


def test_every_mask_of_a_size_is_as_likely_as_any_other():
    """Two of four units are picked in six ways, each by a sixth of 3,000 generators within five standard errors."""
    masks = {"hidden1": np.ones(4, bool)}
    like = {"hidden1": np.array([1, 0, 0, 1], bool)}
    drawn = [picked_by_chance(masks, like, np.random.default_rng(seed))["hidden1"] for seed in range(3000)]
    patterns, counts = np.unique(drawn, axis=0, return_counts=True)
    assert len(patterns) == 6
    assert (np.abs(counts / 3000 - 1 / 6) < 5 * np.sqrt(5 / 36 / 3000)).all()
    left = {"hidden1": np.array([1, 1, 0, 1], bool)}
    assert all(
        (picked_by_chance(left, like, np.random.default_rng(s))["hidden1"] <= left["hidden1"]).all() for s in range(9)
    )


def test_random_tickets_differ_from_seed_to_seed(outcome_of):
    """Another seed draws another mask."""
    a, b = (outcome_of(strategy=Strategy.RANDOM_MASK, seed=seed).at(0.5).masks for seed in (0, 1))
    assert any(not np.array_equal(a[name], b[name]) for name in WIDTHS)


def test_strategies_that_prune_once_agree_on_the_mask(outcome_of):
    """One-shot, rewound, randomly re-initialised and unretrained: one mask, four starts."""
    once = [s for s in Strategy if s.mask_from == "scores" and not s.iterative]
    masks = [outcome_of(strategy=s).at(0.5).masks for s in once]
    assert len(masks) == 4
    assert all(np.array_equal(m[name], masks[0][name]) for m in masks for name in WIDTHS)


@every_strategy
@pytest.mark.parametrize("hidden", [(12,), (12, 8), (6, 5, 4), (5, 4, 3, 2)])
def test_the_output_layer_is_never_pruned(small, strategy, hidden):
    """At any depth it has no mask, and every class keeps a row of weights and a column of probabilities."""
    experiment = small(strategy=strategy, hidden=hidden, dataset="blobs", prune_ratio=0.9, max_epochs=5)
    network = run(experiment).pruned
    assert list(network.masks) == [f"hidden{i}" for i in range(1, len(hidden) + 1)]
    assert list(network.masks) == list(prunable_layers(dense_model(experiment)))
    for weights in (network.start_weights, network.weights):
        assert weights["output.weight"].shape == (3, hidden[-1])
        assert (weights["output.weight"] != 0).any(axis=1).all()
        assert (weights["output.bias"] != 0).all()
    assert network.test.logits.shape[-1] == network.test.mean_probs.shape[-1] == 3


# ---- which weights


@pytest.mark.parametrize("strategy", [s for s in Strategy if s.start_from == "rewound"])
@every_scope
def test_rewound_weights_are_the_initialisation_in_every_layer(outcome_of, strategy, scope):
    """θ₀·m bit for bit, the output layer included, at every level."""
    outcome = outcome_of(strategy=strategy, scope=scope)
    initial = initial_weights(outcome.experiment)
    for network in outcome.networks:
        assert same(network.start_weights, masked(outcome.experiment, initial, network.masks))


@pytest.mark.parametrize("strategy", [s for s in Strategy if s.start_from == "rewound"])
@pytest.mark.parametrize("epoch", [1, 7, 2000])
def test_rewound_weights_are_those_of_the_rewind_epoch(outcome_of, strategy, epoch):
    """θ_k·m bit for bit, of the dense run's last epoch where that came before k."""
    outcome = outcome_of(strategy=strategy, rewind_epoch=epoch, ratios=SOME)
    e = outcome.experiment
    steps = min(epoch, len(outcome.dense.train_loss))
    begin, schedule = Start(initial_weights(e), e.seed), Schedule(e.learning_rate, 10_000, steps)
    ((_, dense),) = train_stack([begin], examples_of(e), schedule, e.dropout, rewind_epoch=steps)
    for network in outcome.networks[1:]:
        assert same(network.start_weights, masked(e, dense.rewind, network.masks))
    assert not np.array_equal(network.start_weights["output.bias"], begin.weights["output.bias"].numpy())


@pytest.mark.parametrize("strategy", [s for s in Strategy if s.start_from == "trained"])
@every_scope
def test_unrewound_weights_are_those_last_trained(outcome_of, strategy, scope):
    """θ*·m bit for bit, θ* being the dense network or the level before."""
    outcome = outcome_of(strategy=strategy, scope=scope)
    for before, after in parents(outcome):
        assert same(after.start_weights, masked(outcome.experiment, before.weights, after.masks))


def test_a_random_re_initialisation_is_new_in_every_layer(outcome_of):
    """Every kept weight differs from the initialisation and from the trained one."""
    outcome = outcome_of(strategy=Strategy.ONE_SHOT_RANDOM)
    initial, trained = initial_weights(outcome.experiment), outcome.dense.weights
    for network in outcome.networks[1:]:
        for name, value in network.start_weights.items():
            nonzero = value != 0
            assert nonzero.any()
            assert (value != initial[name].numpy())[nonzero].all()
            assert (value != trained[name])[nonzero].all()


def test_a_random_re_initialisation_differs_from_seed_to_seed(outcome_of):
    """Another seed draws other weights."""
    a, b = (outcome_of(strategy=Strategy.ONE_SHOT_RANDOM, seed=seed).at(0.5).start_weights for seed in (0, 1))
    assert not np.array_equal(a["output.bias"], b["output.bias"])


@every_strategy
def test_the_dense_network_starts_from_the_initialisation(outcome_of, strategy):
    """θ₀ is the draw of the seed, for every strategy."""
    outcome = outcome_of(strategy=strategy)
    assert same(outcome.dense.start_weights, masked(outcome.experiment, initial_weights(outcome.experiment), {
        name: np.ones(n, bool) for name, n in WIDTHS.items()
    }))  # fmt: skip


# ---- training after pruning


@retraining
def test_weights_move_after_every_prune(outcome_of, strategy):
    """The optimiser holds what is trained: the loss changes at every level, and some level learns something."""
    networks = outcome_of(strategy=strategy).networks[1:]
    for network in networks:
        assert len(network.train_loss) >= 1
        assert len(network.val_loss) == len(network.train_loss) + 1
        assert len(set(network.val_loss)) > 1
    learned = [network for network in networks if network.early_stop_epoch > 0]
    assert len(learned) >= 2
    assert all(network.val_loss[network.early_stop_epoch] < network.val_loss[0] for network in learned)
    for name in networks[0].weights:  # a layer may stand still where all its kept units are dead
        moved = [not np.array_equal(network.weights[name], network.start_weights[name]) for network in learned]
        assert any(moved)
        assert all(moved) or name != "output.bias"


def test_weights_stay_without_retraining(outcome_of):
    """The pruned network is the trained one, masked, and no step is taken."""
    outcome = outcome_of(strategy=Strategy.PRUNE_ONLY)
    for network in outcome.networks[1:]:
        assert same(network.weights, masked(outcome.experiment, outcome.dense.weights, network.masks))
        assert same(network.weights, network.start_weights)
        assert (network.early_stop_epoch, len(network.train_loss), len(network.val_loss)) == (None, 0, 1)
    assert len(outcome.dense.train_loss) > 0


# ---- the levels of a chain


@pytest.mark.parametrize("strategy", [s for s in Strategy if not s.iterative])
def test_pruning_once_takes_one_step_per_ratio(strategy):
    """No level but the ratio itself, and none for the dense network."""
    assert [(path.levels, path.results) for path in paths(strategy, [0.0, 0.5, 0.3, 0.5], 0)] == [
        ((0.3,), {0}),
        ((0.5,), {0}),
    ]


@iterating
def test_one_chain_passes_through_every_ratio_of_the_grid(strategy):
    """The levels are the grid, up to the largest ratio wanted."""
    (path,) = paths(strategy, [0.0, 0.3, 0.1], 0)
    assert path.levels == (0.1, 0.2, 0.3)
    assert path.results == {0, 2}
    (path,) = paths(strategy, RATIOS, 0)
    assert path.levels == RATIOS[1:]


@iterating
def test_a_ratio_off_the_grid_has_a_chain_of_its_own(strategy):
    """It takes the grid's levels below it and then its own."""
    grid, branch = paths(strategy, [0.2, 0.25], 0)
    assert (grid.levels, grid.results) == ((0.1, 0.2), {1})
    assert (branch.levels, branch.results) == ((0.1, 0.2, 0.25), {2})


@iterating
def test_rounds_take_equal_shares_of_what_is_left(strategy):
    """Two rounds to 75 % take half each; n rounds multiply what is left by the same factor, and end on the ratio."""
    (path,) = paths(strategy, [0.75], 2)
    assert path.levels == (0.5, 0.75)
    (path,) = paths(strategy, [0.9], 5)
    left = 1 - np.array([0, *path.levels])
    np.testing.assert_allclose(left[1:] / left[:-1], 0.1 ** (1 / 5))
    assert path.levels[-1] == 0.9
    assert path.results == {4}


@iterating
def test_rounds_of_a_fifth_take_a_fifth_of_what_is_left(strategy):
    """Seven rounds of a fifth leave 0.21: to leave a fifth there are six of them and one that ends it."""
    (path,) = paths(strategy, [0.8], 0, 0.2)
    assert path.levels == (0.2, 0.36, 0.488, 0.5904, 0.67232, 0.737856, 0.8)
    assert path.results == {6}
    (path,) = paths(strategy, [0.36], 0, 0.2)
    assert path.levels == (0.2, 0.36)


@iterating
@pytest.mark.parametrize("share", [0.05, 0.2, 0.5, 0.9])
def test_the_last_round_is_half_to_one_and_a_half_of_the_others(strategy, share):
    """All others remove exactly the share, on one chain for all ratios; the last level is the ratio."""
    found = paths(strategy, RATIOS, 0, share)
    longest = found[-1].levels
    assert [path.levels[-1] for path in found] == list(RATIOS[1:])
    for path in found:
        assert path.levels[:-1] == longest[: len(path.levels) - 1]
        left = 1 - np.array([0, *path.levels])
        rounds = np.log(left[1:] / left[:-1]) / np.log(1 - share)
        np.testing.assert_allclose(rounds[:-1], 1, atol=1e-6)
        assert rounds[-1] <= 1.5 + 1e-6
        assert rounds[-1] >= 0.5 - 1e-6 or len(rounds) == 1


@every_strategy
@pytest.mark.parametrize("rounds", [0, 4])
def test_nothing_is_pruned_for_a_ratio_of_zero(strategy, rounds):
    """No path leads to the dense network."""
    assert paths(strategy, [0.0], rounds) == []


@iterating
@pytest.mark.parametrize("rounds", [0, 3, 20])
def test_a_chain_never_overshoots_its_ratio(strategy, rounds):
    """Each level removes at least as many units as the one before and at most as many as the last."""
    for path in paths(strategy, [*RATIOS, 0.33, 0.99], rounds):
        for n_units in (1, 7, 30, 64):
            counts = [removed_units(level, n_units) for level in path.levels]
            assert counts == sorted(counts)
