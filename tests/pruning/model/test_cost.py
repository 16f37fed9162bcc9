"""Sizes: counted by hand, and by a trusted library."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pruning import Architecture
from pruning.model import cost
from pruning.model.networks import Pixels, cnn, draw_weights, mlp, prunable_layers, with_weights
from pruning.model.shrink import shrink
from tests.pruning.model.odd_models import UNDERSTOOD, Net, Residual, twice


def test_a_2_30_2_network_has_the_counts_of_pencil_and_paper():
    """30 units; 2·30 + 30 + 30·2 + 2 = 152 parameters; 2·30 + 30·2 = 120 multiply–adds."""
    model = mlp(2, (30,), 2, 0.2)
    assert (cost.units(model), cost.parameters(model), cost.multiply_adds(model, torch.zeros(1, 2))) == (30, 152, 120)


def test_a_pruned_network_is_counted_without_what_has_gone():
    """12 of 30 units kept: 2·12 + 12 + 12·2 + 2 = 62 parameters and 48 multiply–adds."""
    small = shrink(mlp(2, (30,), 2, 0.2), {"hidden1": np.arange(30) < 12})
    assert (cost.units(small), cost.parameters(small), cost.multiply_adds(small, torch.zeros(1, 2))) == (12, 62, 48)


@pytest.mark.parametrize(
    ("hidden", "kept"), [((30,), (30,)), ((30,), (7,)), ((12, 8), (5, 3)), ((6, 5, 4), (1, 2, 3))]
)
def test_counts_agree_with_torch_pruning(hidden, kept):
    """Parameters are equal; its operations are our multiply–adds and one for every bias and every ReLU.

    torch_pruning's `count_ops_and_params` adds the bias additions of a linear layer (one per output)
    and one operation per ReLU output: 182 for 2-30-2, which is 120 + 32 + 30.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch_pruning = pytest.importorskip("torch_pruning")
        masks = {f"hidden{i}": np.arange(n) < k for i, (n, k) in enumerate(zip(hidden, kept, strict=True), 1)}
        small = shrink(mlp(2, hidden, 3, 0.2), masks).eval()
        operations, parameters = torch_pruning.utils.count_ops_and_params(small, torch.zeros(1, 2))
    biases = sum(layer.out_features for layer in small if isinstance(layer, nn.Linear))
    assert cost.parameters(small) == parameters
    assert cost.multiply_adds(small, torch.zeros(1, 2)) + biases + cost.units(small) == operations


def test_latency_is_a_positive_number_of_seconds_for_each_model():
    """One number per model, in order, each above zero and below a second for a tiny network."""
    models = [mlp(2, (4,), 2, 0.1), mlp(2, (2,), 2, 0.1)]
    seconds = cost.latency(models, torch.zeros(8, 2), repeats=3)
    assert len(seconds) == 2
    assert all(0 < s < 1 for s in seconds)


# ---- convolutional networks

CIFAR, DIGITS = (32, 32, 3), (8, 8, 1)
ONE = torch.zeros(1, *CIFAR, dtype=torch.uint8)


def counts(model, example=ONE):
    return cost.units(model), cost.parameters(model), cost.multiply_adds(model, example)


def test_lenet_has_the_counts_of_pencil_and_paper():
    """A layer has fan-in · units + units parameters, and fan-in · units multiply–adds at each place of its map.

    conv1   3·25·6   =    450 +   6   at 28·28 places: 352,800
    conv2   6·25·16  =  2,400 +  16   at 10·10 places: 240,000
    hidden1 400·120  = 48,000 + 120                     48,000
    hidden2 120·84   = 10,080 +  84                     10,080
    output  84·10    =    840 +  10                        840
    62,006 parameters and 651,720 multiply–adds; 6 + 16 + 120 + 84 = 226 units.
    """
    assert counts(cnn(Architecture.LENET, CIFAR, 10, 0.2)) == (226, 62_006, 651_720)


def test_the_wider_network_has_the_counts_of_pencil_and_paper():
    """As above: 864 + 32, 18,432 + 64, 4,096·128 + 128 and 1,280 + 10 are 545,098 parameters.

    864 at 32·32 places, 18,432 at 16·16, 524,288 and 1,280 are 6,128,896 multiply–adds. BatchNorm adds γ and β
    for each of 32 + 64 channels, 192 parameters, and no multiply–add that is counted.
    """
    assert counts(cnn(Architecture.WIDE, CIFAR, 10, 0.2)) == (224, 545_098, 6_128_896)
    assert counts(cnn(Architecture.WIDE_NORM, CIFAR, 10, 0.2)) == (224, 545_290, 6_128_896)


def test_the_small_network_has_the_counts_of_pencil_and_paper():
    """72 + 8, 1,152 + 16, 64·32 + 32 and 256 + 8 parameters; 72·64 + 1,152·16 + 2,048 + 256 multiply–adds."""
    model = cnn(Architecture.SMALL, DIGITS, 8, 0.2)
    assert counts(model, torch.zeros(1, *DIGITS)) == (56, 3_592, 25_344)


def test_a_pruned_lenet_is_counted_without_what_has_gone():
    """3 and 4 channels, 10 and 5 neurons.

    3·25·3 + 3, 3·25·4 + 4, 4·25·10 + 10, 10·5 + 5 and 5·10 + 10 are 1,657 parameters;
    225·784, 300·100, 1,000, 50 and 50 are 207,500 multiply–adds.
    """
    model, keep = cnn(Architecture.LENET, CIFAR, 10, 0.2), {"conv1": 3, "conv2": 4, "hidden1": 10, "hidden2": 5}
    small = shrink(
        model, {name: np.arange(layer.n_units) < keep[name] for name, layer in prunable_layers(model).items()}
    )
    assert counts(small) == (22, 1_657, 207_500)


def random_cnn(architecture):
    """Random weights, with γ, β and running statistics as training might leave them; and random masks."""
    model, rng = cnn(architecture, CIFAR, 10, 0.2), np.random.default_rng(0)
    weights = draw_weights(model, rng)
    for name, value in weights.items():
        if name.startswith("norm") and value.ndim:
            weights[name] = torch.from_numpy(rng.uniform(0.5, 2, len(value)).astype(np.float32))
    masks = {name: rng.permutation(layer.n_units) % 3 > 0 for name, layer in prunable_layers(model).items()}
    return with_weights(model, weights), masks


@pytest.fixture
def torch_pruning():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield pytest.importorskip("torch_pruning")


CIFAR_NETWORKS = [Architecture.LENET, Architecture.WIDE, Architecture.WIDE_NORM]


@pytest.mark.parametrize("architecture", CIFAR_NETWORKS)
@pytest.mark.parametrize("whole", [True, False])
def test_counts_of_convolutional_networks_agree_with_torch_pruning(torch_pruning, architecture, whole):
    """Parameters are equal; its operations are our multiply–adds and those of what we leave out.

    It counts one for every bias added and every output of a ReLU, and of what goes into pooling one, into
    BatchNorm two for every number.
    """
    model, masks = random_cnn(architecture)
    small = model if whole else shrink(model, masks)
    operations, parameters = torch_pruning.utils.count_ops_and_params(small, ONE)
    left_out, values = 0, ONE
    for layer in small:
        before, values = values.numel(), layer(values)
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.ReLU):
            left_out += values.numel()
        elif isinstance(layer, nn.MaxPool2d):
            left_out += before
        elif isinstance(layer, nn.BatchNorm2d):
            left_out += 2 * before
    assert cost.parameters(small) == parameters
    assert cost.multiply_adds(small, ONE) + left_out == operations


@pytest.mark.parametrize("architecture", CIFAR_NETWORKS)
def test_a_shrunk_network_is_the_one_that_torch_pruning_makes(torch_pruning, architecture):
    """The same units, taken out along its own graph of dependencies: the same shapes, counts and outputs."""
    model, masks = random_cnn(architecture)
    theirs, small = copy.deepcopy(model)[1:], shrink(model, masks)  # its graph cannot see through the pixels' layer
    pictures = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (4, *CIFAR), dtype=np.uint8))
    scaled = Pixels()(pictures)
    graph = torch_pruning.DependencyGraph().build_dependency(theirs, example_inputs=scaled)
    for name, mask in masks.items():
        layer, gone = theirs.get_submodule(name), np.flatnonzero(~mask).tolist()
        is_linear = isinstance(layer, nn.Linear)
        cut = torch_pruning.prune_linear_out_channels if is_linear else torch_pruning.prune_conv_out_channels
        graph.get_pruning_group(layer, cut, idxs=gone).prune()
    shapes = {name: value.shape for name, value in theirs.state_dict().items()}
    assert shapes == {name: value.shape for name, value in small.state_dict().items()}
    assert cost.parameters(small) == sum(parameter.numel() for parameter in theirs.parameters())
    with torch.no_grad():
        np.testing.assert_allclose(small(pictures).numpy(), theirs(scaled).numpy(), atol=1e-5, rtol=0)


# ---- models of other kinds


def counted(model, example):
    """Multiply–adds by PyTorch's own counter, which counts two operations for each."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        copy.deepcopy(model).eval()(example)
    return counter.get_total_flops() // 2


NOT_COUNTED = {
    "complex",
    "something unknown before",
    "BatchNorm without anything, over neurons",
}  # takes no batch of 1


@pytest.mark.parametrize("what", [what for what in UNDERSTOOD if what not in NOT_COUNTED])
def test_multiply_adds_agree_with_pytorchs_counter(what):
    """Of every kind of layer that can be pruned, nested, standing twice, in groups, transposed, with an axis more."""
    make, _, shape = UNDERSTOOD[what]
    model, example = make(), torch.zeros(1, *shape[1:]).to(next(make().parameters()).dtype)
    if what == "something unknown behind":
        model = model[:3]
    assert cost.multiply_adds(model, example) == counted(model, example)


def test_rows_and_places_of_a_map_count_each():
    """By hand: 5 rows of 2·4; 2·4·3 at 7 of 9 places; the transposed 4·3·2 at each of 7 that it starts from."""
    assert cost.multiply_adds(nn.Linear(2, 4), torch.zeros(1, 5, 2)) == 5 * 2 * 4
    assert cost.multiply_adds(nn.Conv1d(2, 4, 3), torch.zeros(1, 2, 9)) == 2 * 4 * 3 * 7
    assert cost.multiply_adds(nn.ConvTranspose1d(4, 3, 2, stride=2), torch.zeros(1, 4, 7)) == 4 * 3 * 2 * 7
    assert cost.multiply_adds(nn.Conv2d(4, 8, 1, groups=2), torch.zeros(1, 4, 5, 5)) == 2 * 8 * 25


def test_counting_changes_nothing():
    """In training too: no statistic moves, no mode changes, and no example is written to."""
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 2))
    example = -torch.ones(1, 2, 3, 3)
    assert cost.multiply_adds(model.train(), example) == 2 * 4 * 9 + 4 * 2
    assert (example == -1).all()
    assert (model[2].running_mean == 0).all()
    assert all(layer.training for layer in model.modules())


def test_what_stands_twice_counts_twice_where_it_works_and_once_where_it_is():
    """Two passes through one layer of 4·4 weights, which are there once; its units are not told."""
    model = twice()
    assert cost.multiply_adds(model, torch.zeros(1, 2)) == 2 * 4 + 2 * 4 * 4 + 4 * 2
    assert cost.parameters(model) == 2 * 4 + 4 + 4 * 4 + 4 + 4 * 2 + 2
    with pytest.raises(ValueError, match=r"layer '2' \(Linear\).*stands more than once"):
        cost.units(model)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Net(), r"the model \(Net\)"), (nn.Sequential(nn.Linear(2, 4), Residual(4)), r"layer '1' \(Residual\)"),
        (nn.Sequential(nn.Linear(2, 4), nn.Sequential(nn.LSTM(4, 4))), r"layer '1\.0' \(LSTM\)"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_not_counted(model, name):
    """No number is given that leaves a layer out: neither of multiply–adds nor of units."""
    with pytest.raises(ValueError, match=f"the multiply–adds of {name} are not known"):
        cost.multiply_adds(model, torch.zeros(1, 2))
    with pytest.raises(ValueError, match=r"cannot be pruned|nothing of the model"):
        cost.units(model)


def test_a_layer_that_cannot_take_its_inputs_is_named():
    """With what it was given; PyTorch speaks of mat1 and mat2."""
    model = nn.Sequential(nn.Linear(2, 4), nn.Sequential(nn.ReLU(), nn.Linear(3, 2)))
    with pytest.raises(
        ValueError, match=r"layer '1\.1' \(Linear\) cannot take its inputs, \(1, 4\) of torch\.float32"
    ):
        cost.multiply_adds(model, torch.zeros(1, 2))
    with pytest.raises(ValueError, match=r"layer '0' \(Linear\) cannot take its inputs, \(1, 2\) of torch\.float32"):
        cost.multiply_adds(model.double(), torch.zeros(1, 2))


@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_a_layer_without_weights_yet_is_named_and_left_without():
    """To count it would give it weights behind the model's back."""
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(2))
    for count in (lambda: cost.parameters(model), lambda: cost.multiply_adds(model, torch.zeros(1, 2))):
        with pytest.raises(ValueError, match=r"layer '0' \(LazyLinear\) has no weights yet"):
            count()
    assert type(model[0]) is nn.LazyLinear
