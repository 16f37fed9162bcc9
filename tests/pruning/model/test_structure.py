"""Structure: a model of any kind is shrunk to its own outputs, or refused with a sentence that names the layer."""

from __future__ import annotations

import copy
import threading
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import Conv2d, Linear, Sequential
from torch.nn.utils import parametrize, prune

from pruning import PrunedLayers
from pruning.model.masks import apply_masks, full_masks
from pruning.model.networks import prunable_layers
from pruning.model.shrink import shrink, widen
from tests.pruning.model.odd_models import (
    EIGHT,
    FOUR,
    REFUSED,
    ROWS,
    UNDERSTOOD,
    Net,
    Residual,
    between,
    by_chance,
    chain,
    hooked,
    parametrised,
    patched,
    pruned_by_torch,
    shared_relu,
    tied,
    twice,
    values,
)
from tests.pruning.model.silencing import WEIGHTED, outputs, right_outputs


@pytest.mark.filterwarnings("ignore:Complex modules are a new feature")
@pytest.mark.parametrize("what", UNDERSTOOD)
def test_what_is_understood_keeps_its_outputs(what):
    """Shrunk, masked and widened again, a model gives its own outputs with the columns of removed units at zero."""
    make, masks, shape = UNDERSTOOD[what]
    model = make()
    inputs = values(shape).to(next(model.parameters()).dtype)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    due = right_outputs(model, masks, inputs)
    small = shrink(model, masks)
    np.testing.assert_allclose(outputs(small, inputs), due, atol=1e-5, rtol=0)
    for weights in (apply_masks(model, model.state_dict(), masks), widen(small.state_dict(), model, masks)):
        whole = copy.deepcopy(model)
        whole.load_state_dict(weights)
        np.testing.assert_allclose(outputs(whole, inputs), due, atol=1e-5, rtol=0)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    if not all(map(all, masks.values())):
        assert np.abs(due - outputs(model, inputs)).max() > 1e-3  # the units that went did matter
        assert {n: layer.n_units for n, layer in prunable_layers(small).items()}.items() >= {
            (name, sum(mask)) for name, mask in masks.items()
        }


def test_smaller_layers_of_every_kind_say_what_they_are():
    """Channels, features and slopes in the attributes are those of the tensors, statistics or not."""
    model = chain(
        nn.ConvTranspose2d(2, 4, 3), nn.InstanceNorm2d(4), nn.PReLU(4), nn.ConvTranspose2d(4, 8, 3),
        nn.Flatten(), nn.BatchNorm1d(8 * 144), Linear(8 * 144, 3),
    )  # fmt: skip
    small = shrink(model, {"0": FOUR, "3": EIGHT})
    assert [(small[i].in_channels, small[i].out_channels) for i in (0, 3)] == [(2, 3), (3, 5)]
    assert (small[1].num_features, small[2].num_parameters, small[5].num_features) == (3, 3, 5 * 144)
    assert (small[6].in_features, small[6].out_features) == (5 * 144, 3)
    assert small[0].weight.shape == (2, 3, 3, 3)
    assert small[3].weight.shape == (3, 5, 3, 3)


def test_convolutions_in_groups_keep_their_groups():
    """Half of each group gone, inputs and groups stay as they are; unequal groups are refused with their numbers."""
    model = chain(Conv2d(4, 8, 1, groups=2), nn.Sigmoid(), Conv2d(8, 3, 1))
    small = shrink(model, {"0": [1, 1, 0, 0, 0, 1, 0, 1]})
    assert (small[0].in_channels, small[0].out_channels, small[0].groups) == (4, 4, 2)
    assert torch.equal(small[0].weight, model[0].weight[[0, 1, 5, 7]])
    with pytest.raises(ValueError, match=r"mask of '0' keeps 3, 1 of the 4 units of its 2 groups.*as many of each"):
        shrink(model, {"0": [1, 1, 1, 0, 1, 0, 0, 0]})


def test_one_slope_is_not_left_where_it_would_be_taken_for_all():
    """A PReLU with one slope applies it along every axis: with inputs (N, 4, 2) that would be another network."""
    model = between(nn.PReLU(4))
    with pytest.raises(ValueError, match=r"mask of '0' keeps one unit.*PReLU.*two must stay, or put nn\.Flatten\(\)"):
        shrink(model, {"0": [0, 1, 0, 0]})


# ---- what is not understood


@pytest.mark.filterwarnings(
    "ignore:Lazy modules", "ignore:torch.quantize", "ignore:Initializing zero", "ignore::FutureWarning"
)
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_understood_is_refused_with_its_name(what):
    """The sentence names the layer asked for, what stands in the way, and the layers that can be pruned."""
    make, name, reason = REFUSED[what]
    model = make()
    masks = {name: FOUR}
    for refused in (
        lambda: shrink(model, masks),
        lambda: apply_masks(model, model.state_dict(), masks),
        lambda: widen(model.state_dict(), model, masks),
    ):
        with pytest.raises(
            ValueError, match=f"layer '{name}' cannot be pruned: .*{reason}.*prunable layers of this model:"
        ):
            refused()


def test_a_prunable_layer_is_told_beside_one_that_is_not():
    """A layer is not lost because of another one: it is listed, and shrunk."""
    model = chain(Linear(2, 4), nn.Softmax(1), Linear(4, 4), nn.ReLU(), Linear(4, 2))
    assert list(prunable_layers(model)) == ["2"]
    with pytest.raises(ValueError, match=r"layer '0' cannot be pruned: .*of this model: 2$"):
        shrink(model, {"0": FOUR})
    assert shrink(model, {"2": FOUR})[2].out_features == 3


def test_the_masks_of_all_layers_are_refused_where_one_could_have_none():
    """A ratio would remove nothing from it, in silence. Where convolutions stay whole anyway, they need none."""
    with pytest.raises(ValueError, match=r"layer '0' cannot be pruned: .*layer '1' \(Softmax\)"):
        full_masks(chain(Linear(2, 4), nn.Softmax(1), Linear(4, 4), nn.ReLU(), Linear(4, 2)))
    model = chain(Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.Flatten(), Linear(144, 4), nn.ReLU(), Linear(4, 2))
    assert list(full_masks(model, PrunedLayers.FULLY_CONNECTED)) == ["3"]
    with pytest.raises(ValueError, match="GroupNorm"):
        full_masks(model)


@pytest.mark.parametrize("model", [Net(), Residual(3), nn.DataParallel(between())])
def test_a_model_that_is_one_unknown_thing_has_no_layers_to_list(model):
    """An empty list would say that there is nothing in it to prune."""
    with pytest.raises(ValueError, match=f"nothing of the model can be pruned: this {type(model).__name__}"):
        prunable_layers(model)


@pytest.mark.parametrize("model", [None, [Linear(2, 4)], between().state_dict(), nn.Linear, lambda values: values])
def test_what_is_no_module_is_refused(model):
    """With its type, and what it should be."""
    for refused in (lambda: shrink(model, {}), lambda: prunable_layers(model), lambda: apply_masks(model, {}, {})):
        with pytest.raises(TypeError, match=r"the model is .*; it must be an nn\.Module"):
            refused()


# ---- masks

KEPT = {
    "booleans": np.array(FOUR), "a list": FOUR, "a tuple": tuple(FOUR), "whole numbers": [1, 0, 1, 1],
    "bytes": np.array([1, 0, 1, 1], np.uint8), "floats": np.array([1.0, 0, 1, 1]), "a tensor": torch.tensor(FOUR),
    "a tensor of floats": torch.tensor([1.0, 0, 1, 1], dtype=torch.bfloat16, requires_grad=True),
    "NumPy's own": [np.True_, np.False_, np.int64(1), np.float32(1)],
}  # fmt: skip


@pytest.mark.parametrize("form", KEPT)
def test_a_mask_may_be_anything_of_two_values(form):
    """Booleans or 0 and 1, as an array, a list or a tensor: the same units go."""
    model = between(nn.Sigmoid())
    due = shrink(model, {"0": np.array(FOUR)}).state_dict()
    small = shrink(model, {"0": KEPT[form]}).state_dict()
    assert all(torch.equal(small[name], value) for name, value in due.items())
    masked = apply_masks(model, model.state_dict(), {"0": KEPT[form]})
    assert not masked["0.weight"][1].any()
    assert masked["0.weight"][[0, 2, 3]].all()


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        ([1, 0, 0.5, 1], "holds 0.5"), ([1, 0, 2, 1], "holds 2"), ([1, 0, -1, 1], "holds -1"),
        ([1, 0, float("nan"), 1], "holds nan"), (["a", "b", "c", "d"], "holds 'a'"), ([None] * 4, "holds None"),
        (np.ma.array([1, 1, 1, 1], mask=[0, 1, 0, 0]), "entries that are masked out"),
        ([1 + 0j] * 4, "holds"), ([0, 2, 3], r"shape \(3,\); the layer has 4 units"),
        ([[1, 0, 1, 1]], r"shape \(1, 4\)"), ([], r"shape \(0,\)"), (True, r"shape \(\)"), ("1011", r"shape \(\)"),
        ({0, 1}, r"shape \(\)"), (None, r"shape \(\)"),
        ([[1], [1, 0]], "is no array"), ([0, 0, 0, 0], "removes all 4 units; at least one must stay"),
    ],
)  # fmt: skip
def test_a_mask_of_anything_else_is_refused(mask, reason):
    """With the layer, and what is wrong."""
    with pytest.raises(ValueError, match=f"mask of '0' {reason}|mask of '0' has {reason}"):
        shrink(between(), {"0": mask})


def test_names_of_layers_are_strings():
    with pytest.raises(ValueError, match=r"layer 0 cannot be pruned: names of layers are strings.*int"):
        shrink(between(), {0: FOUR})


@pytest.mark.parametrize("masks", [None, [FOUR], np.array(FOUR), "0"])
def test_masks_are_a_mapping(masks):
    with pytest.raises(TypeError, match=r"masks is of type .*; it must map names of layers"):
        shrink(between(), masks)


# ---- what is left as it was


def forwards():
    model = Net()
    model.fc1.register_forward_hook(lambda *_: None)
    return model


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize(
    "make",
    [
        Net, forwards, lambda: Linear(2, 4), lambda: nn.DataParallel(between()), shared_relu, twice, tied,
        partial(between, nn.Softmax(1)), hooked(0), patched(1), parametrised(0), nn.ReLU, Sequential,
        lambda: nn.LSTM(2, 3), lambda: torch.jit.script(between(nn.ReLU())), lambda: chain(Linear(2, 4), Residual(4)),
        parametrised(2, nn.utils.spectral_norm), lambda: between().to("meta"),
    ],
)  # fmt: skip
def test_without_masks_any_module_comes_back_as_a_copy(make):
    """Of the same class with the same weights, none of which is the model's own; what is tied stays tied."""
    model = make()
    small = shrink(model, {})
    assert small is not model
    assert type(small) is type(model)
    assert [name for name, _ in small.named_parameters()] == [name for name, _ in model.named_parameters()]
    assert [name for name, _ in small.named_modules(remove_duplicate=False)] == [
        name for name, _ in model.named_modules(remove_duplicate=False)
    ]
    for mine, theirs in zip(small.parameters(), model.parameters(), strict=True):
        assert mine is not theirs
        assert mine.is_meta or torch.equal(mine, theirs)
    if not isinstance(model, nn.LSTM) and not any(value.is_meta for value in model.parameters()):
        np.testing.assert_array_equal(outputs(small, values(ROWS)), outputs(model, values(ROWS)))


@pytest.mark.parametrize("make", [pruned_by_torch(0), pruned_by_torch(2)])
def test_a_model_pruned_by_torch_is_not_copied_but_told_what_to_do(make):
    """What PyTorch says of it names no layer. Made permanent, it is shrunk."""
    model = make()
    with pytest.raises(ValueError, match=r"layer '[02]' \(Linear\) is pruned by torch.nn.utils.prune.*prune\.remove"):
        shrink(model, {})
    for layer in (model[0], model[2]):
        if prune.is_pruned(layer):
            prune.remove(layer, "weight")
    due = right_outputs(model, {"0": FOUR}, values(ROWS))
    np.testing.assert_allclose(outputs(shrink(model, {"0": FOUR}), values(ROWS)), due, atol=1e-5, rtol=0)


def test_a_model_pruned_by_torch_is_told_so_without_gradients_too():
    """Then PyTorch would copy it; what it is stays the same."""
    with torch.no_grad():
        model = pruned_by_torch(0)()
    with pytest.raises(ValueError, match=r"layer '0' \(Linear\) is pruned by torch.nn.utils.prune"):
        shrink(model, {})


def test_a_tensor_that_autograd_follows_is_named():
    """Where a layer has kept one, no copy can be made."""
    model = between(nn.ReLU())
    model[1].seen = model[0](values(ROWS))
    with pytest.raises(ValueError, match=r"layer '1' \(ReLU\) holds in 'seen'.*detach"):
        shrink(model, {"0": FOUR})


def test_what_cannot_be_copied_is_named():
    """A lock, say, deep in the model; Python's own message names a type."""
    model = Sequential(Linear(2, 4), Sequential(nn.Identity()), Linear(4, 2))
    model[1][0].lock = threading.Lock()
    with pytest.raises(ValueError, match=r"layer '1\.0' \(Identity\) cannot be copied .*lock"):
        shrink(model, {"0": FOUR})


def test_made_permanent_a_parametrised_layer_is_shrunk():
    """As the refusal says: then it is a plain layer."""
    model = parametrised(2)()
    parametrize.remove_parametrizations(model[2], "weight")
    due = right_outputs(model, {"0": FOUR}, values(ROWS))
    np.testing.assert_allclose(outputs(shrink(model, {"0": FOUR}), values(ROWS)), due, atol=1e-5, rtol=0)


def test_what_was_set_on_a_model_is_kept():
    """What is frozen, modes, types, an attribute, one object in two places, the order in memory."""
    model = chain(Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), Conv2d(4, 4, 3), nn.ReLU(), Conv2d(4, 2, 3))
    model = model.to(torch.float64, memory_format=torch.channels_last).train()
    model[1].eval()
    model[0].requires_grad_(False)
    model[3].bias.requires_grad_(False)
    model[4] = model[2]
    model.note = ["a note"]
    small = shrink(model, {"0": FOUR, "3": FOUR})
    assert {n: p.requires_grad for n, p in small.named_parameters()} == {
        n: p.requires_grad for n, p in model.named_parameters()
    }
    assert [layer.training for layer in small.modules()] == [layer.training for layer in model.modules()]
    assert {value.dtype for value in small.parameters()} == {torch.float64}
    assert all(layer.weight.is_contiguous(memory_format=torch.channels_last) for layer in (small[0], small[3]))
    assert small[2] is small[4]
    assert small[2] is not model[2]
    assert small.note == ["a note"]
    assert small.note is not model.note


def test_a_hook_goes_on_where_nothing_is_removed():
    """Before the layers that are pruned, it is copied with its layer and still changes what goes through."""
    model = chain(Linear(2, 4), nn.ReLU(), Linear(4, 4), nn.ReLU(), Linear(4, 2))
    model[0].register_forward_hook(lambda layer, given, made: made + 7)
    due = right_outputs(model, {"2": FOUR}, values(ROWS))
    np.testing.assert_allclose(outputs(shrink(model, {"2": FOUR}), values(ROWS)), due, atol=1e-5, rtol=0)


def test_weights_without_memory_are_cut_too():
    """On the device "meta", where there are sizes alone."""
    small = shrink(between(nn.ReLU()).to("meta"), {"0": FOUR})
    assert [(value.shape, value.device.type) for value in small.parameters()] == [
        ((3, 2), "meta"), ((3,), "meta"), ((3, 3), "meta"), ((3,), "meta"),
    ]  # fmt: skip


def test_weights_of_another_model_are_refused():
    """With the name and the shapes, where they would be masked or widened."""
    model, other = between(nn.ReLU()), chain(Linear(2, 5), nn.ReLU(), Linear(5, 3))
    with pytest.raises(ValueError, match=r"the weights have '0.weight' of shape \(5, 2\)"):
        apply_masks(model, other.state_dict(), {"0": FOUR})
    with pytest.raises(ValueError, match=r"the weights lack '0\.weight'"):
        apply_masks(model, {}, {"0": FOUR})
    with pytest.raises(ValueError, match=r"'0.weight' of the shrunk network has shape \(4, 2\).*shape \(3, 2\)"):
        widen(model.state_dict(), model, {"0": FOUR})
    with pytest.raises(ValueError, match=r"'0\.weight' of the shrunk network is not there"):
        widen({}, model, {"0": FOUR})


# ---- models by chance


def attempt(model, masks):
    """The smaller model, or what is said where there is none."""
    try:
        return shrink(model, masks), ""
    except ValueError as refusal:
        return None, str(refusal)


@pytest.mark.filterwarnings("ignore")
@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_models_by_chance_are_right_or_refused(seed):
    """Whatever stands between layers, no other network comes out; a refusal names the layer."""
    model, inputs = by_chance(seed)
    rng, understood = np.random.default_rng(seed), {}
    with torch.no_grad():
        for name, layer in model.named_modules():
            if isinstance(layer, WEIGHTED):
                units = layer.weight.shape[0] if isinstance(layer, Linear) else layer.out_channels
                mask = rng.random(units) < 0.6
                mask[rng.integers(units)] = True
                small, refusal = attempt(model, {name: mask})
                if small is None:
                    assert f"'{name}'" in refusal
                else:
                    due = right_outputs(model, {name: mask}, inputs)
                    np.testing.assert_allclose(outputs(small, inputs), due, atol=1e-4, rtol=1e-4)
                    understood[name] = mask
    due = right_outputs(model, understood, inputs)
    np.testing.assert_allclose(outputs(shrink(model, understood), inputs), due, atol=1e-4, rtol=1e-4)
