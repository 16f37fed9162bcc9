"""Masks: how many units go, which ones, and that what has gone is silent."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pruning import Architecture, PrunedLayers, Scope
from pruning.model.masks import apply_masks, full_masks, prune, removed_units
from pruning.model.networks import cnn, draw_weights, mlp, with_weights

RATIOS = st.floats(0, 0.99)
LAYER = st.integers(1, 30)
SCORE = st.floats(0, 1e6, width=32) | st.just(0.0)  # a criterion's scores are float32


@st.composite
def scored_layers(draw):
    """Two to four layers of scores, ties and zeros included."""
    widths = draw(st.lists(LAYER, min_size=1, max_size=4))
    return {f"hidden{i}": draw(arrays(float, width, elements=SCORE)) for i, width in enumerate(widths, 1)}


def all_kept(scores):
    return {name: np.ones(len(values), bool) for name, values in scores.items()}


@pytest.mark.parametrize(
    ("ratio", "n_units", "removed"),
    [
        (0.29, 100, 29),  # 0.29 * 100 is 28.999999999999996
        (0.57, 100, 57),  # 0.57 * 100 is 56.99999999999999
        (0.0, 100, 0),
        (0.5, 64, 32),
        (0.95, 64, 61),  # 60.8
        (0.1, 64, 6),  # 6.4
        (0.99, 30, 29),  # 29.7 would be all 30
        (0.99, 1, 0),
        (0.5, 5, 2),  # 2.5: halves go to the even neighbour
        (0.5, 7, 4),  # 3.5
    ],
)
def test_the_number_of_removed_units_is_rounded(ratio, n_units, removed):
    """The nearest whole number of units goes, and at least one stays."""
    assert removed_units(ratio, n_units) == removed


@pytest.mark.parametrize("ratio", [-0.1, 1.0, 1.5, float("nan")])
def test_a_prune_ratio_out_of_range_is_refused(ratio):
    """The message names the value and the legal range."""
    with pytest.raises(ValueError, match=rf"prune ratio {ratio} .*at least 0 and below 1"):
        removed_units(ratio, 10)


@settings(deadline=None, max_examples=50)
@given(ratio=RATIOS, n_units=st.integers(1, 1000))
def test_the_removed_share_is_as_close_to_the_ratio_as_whole_units_allow(ratio, n_units):
    """No other number of units that leaves one is closer to the ratio."""
    gone = removed_units(ratio, n_units)
    assert 0 <= gone < n_units
    assert abs(gone - ratio * n_units) <= 0.5 or gone == n_units - 1 < ratio * n_units


def test_the_dense_masks_keep_every_hidden_unit():
    """A mask per hidden layer, all True, and none for the output layer."""
    masks = full_masks(mlp(2, (3, 2), 4, 0.1))
    assert {name: mask.tolist() for name, mask in masks.items()} == {"hidden1": [True] * 3, "hidden2": [True] * 2}


@settings(deadline=None, max_examples=50)
@given(scores=scored_layers(), ratio=RATIOS)
def test_layer_scope_removes_the_ratio_from_every_layer(scores, ratio):
    """Each layer loses round(r · n) units, whatever the scores, ties and zeros."""
    masks = prune(all_kept(scores), scores, ratio, Scope.LAYER)
    for mask in masks.values():
        assert mask.sum() == max(len(mask) - round(ratio * len(mask)), 1)


@settings(deadline=None, max_examples=50)
@given(scores=scored_layers(), ratio=RATIOS)
def test_global_scope_removes_as_many_units_in_total(scores, ratio):
    """The total equals that of layer scope, and no layer is left empty."""
    masks = prune(all_kept(scores), scores, ratio, Scope.GLOBAL)
    wanted = sum(max(len(values) - round(ratio * len(values)), 1) for values in scores.values())
    assert sum(mask.sum() for mask in masks.values()) == wanted
    assert all(mask.any() for mask in masks.values())


@settings(deadline=None, max_examples=50)
@given(scores=scored_layers(), ratio=RATIOS, scope=st.sampled_from(Scope))
def test_kept_units_score_at_least_as_high_as_removed_ones(scores, ratio, scope):
    """Within a layer the lowest scores go first."""
    for name, mask in prune(all_kept(scores), scores, ratio, scope).items():
        if not mask.all():
            assert scores[name][mask].min() >= scores[name][~mask].max()


@settings(deadline=None, max_examples=50)
@given(data=st.data(), scope=st.sampled_from(Scope))
def test_pruning_again_only_removes_and_reaches_the_same_number(data, scope):
    """Two steps with unlike scores are nested and end with as many units as one step."""
    scores = data.draw(scored_layers())
    low, high = sorted([data.draw(RATIOS), data.draw(RATIOS)])
    first = prune(all_kept(scores), scores, low, scope)
    reversed_scores = {name: values[::-1] for name, values in scores.items()}
    second = prune(first, reversed_scores, high, scope)
    once = prune(all_kept(scores), scores, high, scope)
    assert all((second[name] <= first[name]).all() for name in first)
    assert sum(mask.sum() for mask in second.values()) == sum(mask.sum() for mask in once.values())
    if scope == Scope.LAYER:
        assert all(second[name].sum() == once[name].sum() for name in once)


def test_a_removed_unit_never_comes_back_for_its_score():
    """The highest score does not help a unit that has already gone."""
    masks = {"hidden1": np.array([True, False, True, True])}
    pruned = prune(masks, {"hidden1": np.array([1.0, 9.0, 2.0, 3.0])}, 0.5, Scope.LAYER)
    assert pruned["hidden1"].tolist() == [False, False, True, True]


def test_ties_are_broken_by_position():
    """Among equal scores the first units stay."""
    pruned = prune({"hidden1": np.ones(4, bool)}, {"hidden1": np.ones(4)}, 0.5, Scope.LAYER)
    assert pruned["hidden1"].tolist() == [True, True, False, False]


def test_global_scope_differs_from_layer_scope_as_computed_by_hand():
    """One even layer and one with a single strong unit: only global scope takes more from the second.

    Scaled to length one, (3, 3, 3, 3) is (.5, .5, .5, .5) and (24, 7, 0, 0) is (.96, .28, 0, 0).
    Half of the eight units go: per layer the last two of each; globally 0, 0, .28 and one of the .5s,
    the last by position.
    """
    scores = {"hidden1": np.array([3.0, 3.0, 3.0, 3.0]), "hidden2": np.array([24.0, 7.0, 0.0, 0.0])}
    per_layer = prune(all_kept(scores), scores, 0.5, Scope.LAYER)
    overall = prune(all_kept(scores), scores, 0.5, Scope.GLOBAL)
    assert per_layer["hidden1"].tolist() == [True, True, False, False]
    assert per_layer["hidden2"].tolist() == [True, True, False, False]
    assert overall["hidden1"].tolist() == [True, True, True, False]
    assert overall["hidden2"].tolist() == [True, False, False, False]


@settings(deadline=None, max_examples=50)
@given(scores=scored_layers(), ratio=RATIOS, exponent=st.integers(-8, 8))
def test_global_scope_does_not_depend_on_the_scale_of_a_layer(scores, ratio, exponent):
    """Scores are scaled to length one per layer, so another unit of measure changes nothing."""
    scores = {name: np.round(values) for name, values in scores.items()}
    rescaled = {**scores, "hidden1": scores["hidden1"] * 2.0**exponent}
    before = prune(all_kept(scores), scores, ratio, Scope.GLOBAL)
    after = prune(all_kept(scores), rescaled, ratio, Scope.GLOBAL)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_pruning_leaves_its_arguments_untouched():
    """Masks and scores that go in are not written to."""
    for scope in Scope:
        masks, scores = {"hidden1": np.ones(4, bool)}, {"hidden1": np.array([4.0, 3.0, 2.0, 1.0])}
        prune(masks, scores, 0.5, scope)
        assert masks["hidden1"].tolist() == [True] * 4
        assert scores["hidden1"].tolist() == [4.0, 3.0, 2.0, 1.0]


def test_a_removed_unit_takes_nothing_in_and_gives_nothing_out():
    """Its incoming row, its bias and its outgoing column are 0; all other weights stay to the bit."""
    model = mlp(2, (3, 2), 2, 0.0)
    weights = draw_weights(model, np.random.default_rng(0))
    masked = apply_masks(model, weights, {"hidden1": np.array([True, False, True]), "hidden2": np.ones(2, bool)})
    expected = {name: value.clone() for name, value in weights.items()}
    expected["hidden1.weight"][1] = 0
    expected["hidden1.bias"][1] = 0
    expected["hidden2.weight"][:, 1] = 0
    assert masked.keys() == expected.keys()
    assert all(torch.equal(masked[name], expected[name]) for name in expected)


def test_applying_masks_leaves_the_weights_untouched():
    """The masked weights are a copy, even where nothing is masked."""
    model = mlp(2, (3,), 2, 0.0)
    weights = draw_weights(model, np.random.default_rng(0))
    before = {name: value.clone() for name, value in weights.items()}
    masked = apply_masks(model, weights, {"hidden1": np.array([True, False, True])})
    masked["output.bias"].add_(1)
    assert all(torch.equal(weights[name], before[name]) for name in before)


# ---- convolutional networks


def normed(seed=0):
    """The network with BatchNorm for digits, with γ, β and running statistics as training might leave them."""
    model = cnn(Architecture.WIDE_NORM, (8, 8, 1), 8, 0.2)
    rng = np.random.default_rng(seed)
    weights = draw_weights(model, rng)
    for name, value in weights.items():
        if name.startswith("norm") and value.ndim:
            weights[name] = torch.from_numpy(rng.uniform(0.5, 2, len(value)).astype(np.float32))
    return model, weights


@pytest.mark.parametrize(
    ("layers", "names"),
    [
        (PrunedLayers.ALL, {"conv1": 32, "conv2": 64, "hidden1": 128}),
        (PrunedLayers.FULLY_CONNECTED, {"hidden1": 128}),
    ],
)
def test_only_the_layers_that_may_be_pruned_have_a_mask(layers, names):
    """Channels and neurons, or neurons alone; never the output layer."""
    masks = full_masks(normed()[0], layers)
    assert {name: mask.tolist() for name, mask in masks.items()} == {name: [True] * n for name, n in names.items()}


def test_the_masks_of_a_multilayer_perceptron_are_the_same_either_way():
    """It has nothing but neurons."""
    masks = full_masks(mlp(2, (3, 2), 4, 0.1), PrunedLayers.FULLY_CONNECTED)
    assert {name: len(mask) for name, mask in masks.items()} == {"hidden1": 3, "hidden2": 2}


def test_a_removed_channel_takes_its_filter_its_batch_norm_and_its_columns_along():
    """Exactly these are 0: filter, bias, γ, β and what the next layer reads of it; the statistics stay."""
    model, weights = normed()
    masks = full_masks(model)
    masks["conv1"][3] = masks["conv2"][5] = False
    masked = apply_masks(model, weights, masks)
    expected = {name: value.clone() for name, value in weights.items()}
    for i, channel in ((1, 3), (2, 5)):
        for part in (f"conv{i}.weight", f"conv{i}.bias", f"norm{i}.weight", f"norm{i}.bias"):
            expected[part][channel] = 0
    expected["conv2.weight"][:, 3] = 0
    expected["hidden1.weight"][:, 5 * 4 : 6 * 4] = 0  # a map of 2 × 2 is flattened to four neighbours
    assert masked.keys() == expected.keys()
    assert all(torch.equal(masked[name], expected[name]) for name in expected)


def pictures():
    return torch.from_numpy(np.random.default_rng(1).integers(0, 256, (9, 8, 8, 1), dtype=np.uint8))


def test_a_removed_channel_is_silent_where_it_is_flattened():
    """The maps of removed channels are 0 on every picture, those of the others what they are in the whole network."""
    model, weights = normed()
    masks = full_masks(model)
    masks["conv2"][[0, 5, 63]] = False
    maps = {}
    for name, held in (("whole", weights), ("masked", apply_masks(model, weights, masks))):
        with torch.no_grad():
            maps[name] = with_weights(model, held)[: list(dict(model.named_children())).index("flatten")](pictures())
    assert (maps["masked"][:, ~masks["conv2"]] == 0).all()
    assert (maps["whole"][:, ~masks["conv2"]] != 0).any()
    assert torch.equal(maps["masked"][:, masks["conv2"]], maps["whole"][:, masks["conv2"]])


def test_a_removed_channel_gets_no_gradient():
    """Nothing that belongs to it is moved by a step of training, BatchNorm's γ and β included."""
    model, weights = normed()
    masks = full_masks(model)
    masks["conv1"][3] = masks["conv2"][5] = False
    with_weights(model, apply_masks(model, weights, masks)).train()
    model(pictures()).logsumexp(1).sum().backward()
    for i, channel in ((1, 3), (2, 5)):
        for layer in (model.get_submodule(f"conv{i}"), model.get_submodule(f"norm{i}")):
            assert (layer.weight.grad[channel] == 0).all()
            assert (layer.bias.grad[channel] == 0).all()
            assert (layer.weight.grad != 0).any()
