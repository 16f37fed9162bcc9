"""Models of every kind, most of them odd: what can be pruned, what is refused and why, and some drawn by chance."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from tests.pruning.model.silencing import WEIGHTED

FOUR, EIGHT = [True, False, True, True], [True, False, True, True, False, True, True, False]
ROWS, SERIES, PICTURES, VOLUMES = (3, 2), (3, 2, 9), (3, 2, 8, 8), (2, 2, 5, 5, 5)
TABLES = (3, 5, 2)  # rows with an axis more in front of their features
Linear, Conv1d, Conv2d, Sequential = nn.Linear, nn.Conv1d, nn.Conv2d, nn.Sequential


def values(shape, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32))


def unlike(model, seed=0):
    """The model with other parameters and statistics everywhere than those that layers begin with."""
    rng = np.random.default_rng(seed)
    for name, value in [*model.named_parameters(), *model.named_buffers()]:
        if value.ndim:
            low = 0.5 if "running_var" in name else -1
            value.data = torch.from_numpy(rng.uniform(low, 1.5, value.shape)).to(value.dtype)
    return model


def chain(*layers):
    return unlike(Sequential(*layers))


def between(*layers):
    """Two linear layers and what stands between them."""
    return chain(Linear(2, 4), *layers, Linear(4, 3))


def between_maps(*layers):
    return chain(Conv2d(2, 4, 3), *layers, Conv2d(4, 3, 1))


def shared_relu():
    relu = nn.ReLU()
    return chain(Linear(2, 4), relu, Linear(4, 4), relu, Linear(4, 2))


def shared_slope():
    slope = nn.PReLU()
    return chain(Linear(2, 4), slope, Linear(4, 4), slope, Linear(4, 2))


def nested():
    features = Sequential(Conv2d(2, 4, 3), Sequential(nn.BatchNorm2d(4), nn.ReLU()), Sequential())
    return unlike(Sequential(OrderedDict(features=features, flatten=nn.Flatten(), head=Sequential(Linear(144, 3)))))


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.inner = Linear(width, width)

    def forward(self, values):
        return values + self.inner(values).relu()


class Named(nn.Sequential):
    """A Sequential that only knows its own layers."""

    def __init__(self):
        super().__init__(Linear(2, 4), nn.Tanh(), Linear(4, 2))
        self.note = "by hand"

    def extra_repr(self):
        return self.note


# what it is → model, masks, shape of its inputs
UNDERSTOOD = {
    "an activation that stands twice": (shared_relu, {"0": FOUR, "2": FOUR}, ROWS),
    "one slope for all, twice": (shared_slope, {"0": FOUR, "2": FOUR}, ROWS),
    "no activation": (between, {"0": FOUR}, ROWS),
    "sigmoid, half of one at zero": (partial(between, nn.Sigmoid()), {"0": FOUR}, ROWS),
    "hard sigmoid": (partial(between, nn.Hardsigmoid()), {"0": FOUR}, ROWS),
    "softplus": (partial(between, nn.Softplus()), {"0": FOUR}, ROWS),
    "log-sigmoid": (partial(between, nn.LogSigmoid()), {"0": FOUR}, ROWS),
    "threshold": (partial(between, nn.Threshold(0.5, 7.0)), {"0": FOUR}, ROWS),
    "in place": (partial(between, nn.ELU(inplace=True)), {"0": FOUR}, ROWS),
    "a slope for each neuron": (partial(between, nn.PReLU(4)), {"0": FOUR}, ROWS),
    "a slope for each channel": (partial(between_maps, nn.PReLU(4)), {"0": FOUR}, PICTURES),
    "dropout of every kind": (
        partial(between, nn.Dropout(), nn.AlphaDropout(), nn.FeatureAlphaDropout(), nn.Identity()), {"0": FOUR}, ROWS,
    ),
    "BatchNorm1d": (partial(between, nn.BatchNorm1d(4), nn.ReLU()), {"0": FOUR}, ROWS),
    "BatchNorm1d behind the activation": (partial(between, nn.Sigmoid(), nn.BatchNorm1d(4)), {"0": FOUR}, ROWS),
    "BatchNorm without parameters": (
        partial(between_maps, nn.BatchNorm2d(4, affine=False), nn.ReLU()), {"0": FOUR}, PICTURES,
    ),
    "BatchNorm without statistics": (
        partial(between_maps, nn.BatchNorm2d(4, track_running_stats=False)), {"0": FOUR}, PICTURES,
    ),
    "BatchNorm without either": (
        partial(between_maps, nn.BatchNorm2d(4, affine=False, track_running_stats=False)), {"0": FOUR}, PICTURES,
    ),
    "BatchNorm behind flattening": (
        lambda: chain(Conv2d(2, 4, 3), nn.Flatten(), nn.BatchNorm1d(144), nn.ReLU(), Linear(144, 3)),
        {"0": FOUR}, PICTURES,
    ),
    "InstanceNorm without anything": (partial(between_maps, nn.InstanceNorm2d(4)), {"0": FOUR}, PICTURES),
    "InstanceNorm with everything": (
        partial(between_maps, nn.InstanceNorm2d(4, affine=True, track_running_stats=True)), {"0": FOUR}, PICTURES,
    ),
    "a series": (
        lambda: chain(Conv1d(2, 4, 2), nn.BatchNorm1d(4), nn.ReLU(), nn.MaxPool1d(2), Conv1d(4, 8, 2), nn.Tanh(),
                      nn.Flatten(), Linear(24, 3)),
        {"0": FOUR, "4": EIGHT}, SERIES,
    ),
    "a volume": (
        lambda: chain(nn.Conv3d(2, 4, 2), nn.BatchNorm3d(4), nn.ReLU(), nn.AvgPool3d(2), nn.Flatten(), Linear(32, 3)),
        {"0": FOUR}, VOLUMES,
    ),
    "transposed between convolutions": (
        lambda: chain(Conv2d(2, 4, 3), nn.ReLU(), nn.ConvTranspose2d(4, 8, 3, stride=2), nn.ReLU(), Conv2d(8, 2, 1)),
        {"0": FOUR, "2": EIGHT}, PICTURES,
    ),
    "transposed series": (
        lambda: chain(nn.ConvTranspose1d(2, 4, 3), nn.ReLU(), nn.ConvTranspose1d(4, 3, 3, bias=False)),
        {"0": FOUR}, SERIES,
    ),
    "groups that keep as many each": (
        lambda: chain(Conv2d(2, 8, 1, groups=2), nn.Sigmoid(), Conv2d(8, 3, 1)),
        {"0": [1, 1, 0, 0, 0, 1, 0, 1]}, PICTURES,
    ),
    "groups that keep all": (
        lambda: chain(Conv2d(2, 8, 1, groups=2), nn.Sigmoid(), Conv2d(8, 3, 1)), {"0": [1] * 8}, PICTURES,
    ),
    "pooling, padding, upsampling": (
        lambda: between_maps(nn.AvgPool2d(3, padding=1), nn.ZeroPad2d(1), nn.ReflectionPad2d((1, 0, 0, 1)),
                             nn.Upsample(scale_factor=2), nn.LPPool2d(2, 2)),
        {"0": FOUR}, PICTURES,
    ),
    "pooled to one pixel": (
        lambda: chain(Conv2d(2, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), Linear(4, 3)),
        {"0": FOUR}, PICTURES,
    ),
    "pooled to several": (
        lambda: chain(Conv2d(2, 4, 3), nn.ReLU(), nn.AdaptiveMaxPool2d((2, 3)), nn.Flatten(), Linear(24, 3)),
        {"0": FOUR}, PICTURES,
    ),
    "flattened from the end": (
        lambda: chain(Conv2d(2, 4, 3), nn.Flatten(-3), nn.ReLU(), Linear(144, 3)), {"0": FOUR}, PICTURES,
    ),
    "flattened in part": (
        lambda: chain(Conv2d(2, 4, 3), nn.Flatten(1, 2), nn.BatchNorm1d(24), nn.ReLU(), Conv1d(24, 3, 1)),
        {"0": FOUR}, PICTURES,
    ),
    "only the pixels flattened": (
        lambda: chain(Conv2d(2, 4, 3), nn.Flatten(2), nn.ReLU(), Conv1d(4, 3, 1)), {"0": FOUR}, PICTURES,
    ),
    "an axis more": (partial(between, nn.ReLU()), {"0": FOUR}, TABLES),
    "an axis more, flattened": (
        lambda: chain(Linear(2, 4), nn.ReLU(), nn.Flatten(), Linear(20, 3)), {"0": FOUR}, TABLES,
    ),
    "an axis more, flattened and normalised": (
        lambda: chain(Linear(2, 4), nn.Flatten(), nn.BatchNorm1d(20), nn.ReLU(), Linear(20, 3)), {"0": FOUR}, TABLES,
    ),
    "an axis more, joined to the examples": (partial(between, nn.ReLU(), nn.Flatten(0, 1)), {"0": FOUR}, TABLES),
    "series of neurons, flattened": (
        lambda: chain(Conv1d(2, 4, 1), nn.ReLU(), Linear(9, 4), nn.Sigmoid(), nn.Flatten(), nn.BatchNorm1d(16),
                      Linear(16, 2)),
        {"2": FOUR}, SERIES,
    ),
    "BatchNorm without anything, over neurons": (
        lambda: chain(nn.Flatten(), Linear(2, 4), nn.BatchNorm1d(4, affine=False, track_running_stats=False),
                      Linear(4, 2)),
        {"1": FOUR}, ROWS,
    ),
    "one slope left": (
        lambda: chain(nn.Flatten(), Linear(2, 4), nn.PReLU(4), Linear(4, 2)), {"1": [0, 1, 0, 0]}, ROWS,
    ),
    "flattened for nothing": (partial(between, nn.ReLU(), nn.Flatten()), {"0": FOUR}, ROWS),
    "nested": (nested, {"features.0": FOUR}, PICTURES),
    "a class that only names its layers": (lambda: unlike(Named()), {"0": FOUR}, ROWS),
    "something unknown before": (
        lambda: chain(Linear(2, 4), Residual(4), Linear(4, 4), nn.ReLU(), Linear(4, 2)), {"2": FOUR}, ROWS,
    ),
    "something unknown behind": (
        lambda: chain(Linear(2, 4), nn.ReLU(), Linear(4, 4), Residual(4), nn.Softmax(1)), {"0": FOUR}, ROWS,
    ),
    "no bias": (
        lambda: chain(Linear(2, 4, bias=False), nn.ReLU(), Linear(4, 2, bias=False)), {"0": FOUR}, ROWS,
    ),
    "double": (lambda: between(nn.Sigmoid()).double(), {"0": FOUR}, ROWS),
    "complex": (lambda: between().to(torch.complex64), {"0": FOUR}, ROWS),
}  # fmt: skip


# ---- what is not understood


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = Linear(2, 4), Linear(4, 2)

    def forward(self, values):
        return self.fc2(self.fc1(values).relu())


class Soft(nn.Sequential):
    def forward(self, values):
        return super().forward(values).softmax(1)


class Backwards(nn.Sequential):
    def __iter__(self):
        return iter(reversed(list(super().__iter__())))


class Doubled(nn.Linear):
    def forward(self, values):
        return 2 * super().forward(values)


class Silent(nn.Linear):
    """A layer that means another weight by its name."""

    @property
    def weight(self):
        return 0 * self._parameters["weight"]


def silent(model):
    model[0].__class__ = Silent


class Standardised(nn.Conv2d):
    def _conv_forward(self, values, weight, bias):
        return super()._conv_forward(values, weight - weight.mean(), bias)


class OptimizedModule(nn.Module):
    """What torch.compile makes of a module, as far as names go; the compiler itself takes seconds to load."""

    def __init__(self, module):
        super().__init__()
        self._orig_mod = module


class Neighbours(nn.Module):
    def forward(self, values):
        return values + values.roll(1, -1)


def changed(change, *layers):
    """Two linear layers with a ReLU, after `change` has been done to them."""
    model = between(*(layers or (nn.ReLU(),)))
    change(model)
    return model


def twice():
    linear = Linear(4, 4)
    return chain(Linear(2, 4), nn.ReLU(), linear, nn.ReLU(), linear, nn.ReLU(), Linear(4, 2))


def twice_in_a_block():
    block = Sequential(Linear(4, 4), nn.ReLU())
    return chain(Linear(2, 4), block, block, Linear(4, 2))


def tied():
    model = chain(Linear(2, 4), nn.ReLU(), Linear(4, 4), nn.ReLU(), Linear(4, 4), nn.ReLU(), Linear(4, 2))
    model[4].weight = model[2].weight
    return model


def shared_norm():
    norm = nn.BatchNorm1d(4)
    return chain(Linear(2, 4), norm, Linear(4, 4), norm, Linear(4, 2))


def held_elsewhere():
    """A layer that is read by something with a forward of its own, far from its place."""
    model = chain(Linear(2, 4), nn.ReLU(), Linear(4, 2), Residual(2))
    model[3].also = model[0]
    return model


class Turned(nn.Module):
    """The decoder of an autoencoder, which reads the weight of the encoder without being known to hold it."""

    def __init__(self, held):
        super().__init__()
        self.held = held
        held.append(held)  # a list may even hold itself

    def forward(self, values):
        return nn.functional.linear(values, self.held[0].weight.t())


def held_in_a_list():
    model = chain(Linear(2, 4), nn.ReLU(), Linear(4, 4))
    return Sequential(*model, Turned([model[0]]))


def weight_held_in_a_list():
    """Its tensor alone, a level deeper."""
    model = chain(Linear(2, 4), nn.ReLU(), Linear(4, 2), Residual(2))
    model[3].held = {"weights": (model[0].weight,)}
    return model


def patched(position):
    def patch(model):
        own = model[position].forward
        model[position].forward = lambda given: 2 * own(given)

    return lambda: changed(patch)


def hooked(position, kind="register_forward_hook"):
    return lambda: changed(lambda model: getattr(model[position], kind)(lambda *_: None))


def pruned_by_torch(position):
    return lambda: changed(lambda model: prune.l1_unstructured(model[position], "weight", amount=0.5))


def parametrised(position, how=parametrizations.weight_norm):
    return lambda: changed(lambda model: how(model[position]))


# what it is → model, layer to be pruned, what the refusal says
REFUSED = {
    "softmax": (partial(between, nn.Softmax(1)), "0", r"layer '1' \(Softmax\).*keep units apart"),
    "softmin": (partial(between, nn.Softmin(1)), "0", r"layer '1' \(Softmin\)"),
    "log-softmax": (partial(between, nn.LogSoftmax(1)), "0", r"layer '1' \(LogSoftmax\)"),
    "gates": (lambda: chain(Linear(2, 8), nn.GLU(), Linear(4, 2)), "0", r"layer '1' \(GLU\)"),
    "LayerNorm": (partial(between, nn.LayerNorm(4)), "0", r"layer '1' \(LayerNorm\)"),
    "RMSNorm": (partial(between, nn.RMSNorm(4)), "0", r"layer '1' \(RMSNorm\)"),
    "GroupNorm": (partial(between_maps, nn.GroupNorm(2, 4)), "0", r"layer '1' \(GroupNorm\)"),
    "local response": (partial(between_maps, nn.LocalResponseNorm(2)), "0", r"layer '1' \(LocalResponseNorm\)"),
    "Softmax2d": (partial(between_maps, nn.Softmax2d()), "0", r"layer '1' \(Softmax2d\)"),
    "shuffled channels": (partial(between_maps, nn.ChannelShuffle(2)), "0", r"layer '1' \(ChannelShuffle\)"),
    "shuffled pixels": (
        lambda: chain(Conv2d(2, 4, 3), nn.PixelShuffle(2), Conv2d(1, 2, 1)), "0", r"layer '1' \(PixelShuffle\)",
    ),
    "unflattened": (
        lambda: chain(Linear(2, 8), nn.Unflatten(1, (2, 2, 2)), Conv2d(2, 3, 1)), "0", r"layer '1' \(Unflatten\)",
    ),
    "pooled over neurons": (
        lambda: chain(Linear(2, 4), nn.MaxPool1d(2), Linear(2, 2)), "0", r"layer '1' \(MaxPool1d\).*axis of the",
    ),
    "pooled over channels": (
        lambda: chain(Conv2d(2, 4, 3), nn.MaxPool3d((2, 1, 1)), Conv2d(2, 2, 1)), "0", r"layer '1' \(MaxPool3d\)",
    ),
    "pooled with its places": (
        partial(between_maps, nn.MaxPool2d(2, return_indices=True)), "0", r"layer '1' \(MaxPool2d\).*return_indices",
    ),
    "padded neurons": (
        lambda: chain(Linear(2, 4), nn.ZeroPad1d(1), Linear(6, 2)), "0", r"layer '1' \(ZeroPad1d\)",
    ),
    "upsampled neurons": (
        lambda: chain(Linear(2, 4), nn.Upsample(scale_factor=2), Linear(8, 2)), "0", r"layer '1' \(Upsample\)",
    ),
    "normalised along another axis": (partial(between, nn.InstanceNorm1d(4)), "0", r"layer '1' \(InstanceNorm1d\)"),
    "normalised channels, as many as units": (
        lambda: chain(Conv1d(2, 4, 1), nn.ReLU(), Linear(9, 4), nn.BatchNorm1d(4), nn.ReLU(), Linear(4, 2)), "2",
        r"layer '3' \(BatchNorm1d\).*another axis",
    ),
    "slopes of channels, as many as units": (
        lambda: chain(nn.BatchNorm2d(2), Linear(8, 2), nn.PReLU(2), Linear(2, 2)), "1", r"layer '2' \(PReLU\).*axis",
    ),
    "BatchNorm without anything, along some axis": (
        partial(between, nn.BatchNorm1d(4, affine=False, track_running_stats=False)), "0",
        r"layer '1' \(BatchNorm1d\).*nn.Flatten\(\)",
    ),
    "one bias for all": (
        lambda: changed(lambda model: setattr(model[0], "bias", nn.Parameter(torch.ones(1)))), "0",
        r"this Linear has a bias of shape \(1,\)",
    ),
    "a sparse weight": (
        lambda: changed(lambda model: setattr(model[2], "weight", nn.Parameter(model[2].weight.data.to_sparse()))),
        "0", r"layer '2' \(Linear\).*holds its weight as torch.sparse_coo.*to_dense",
    ),
    "normalised places": (partial(between, nn.BatchNorm1d(5)), "0", r"layer '1' \(BatchNorm1d\) has 5 .*4 units"),
    "slopes of places": (partial(between, nn.PReLU(5)), "0", r"layer '1' \(PReLU\) has 5 .*4 units"),
    "depthwise behind": (
        lambda: between_maps(nn.ReLU(), Conv2d(4, 4, 3, groups=4), nn.ReLU()), "0", r"layer '2' \(Conv2d\).*4 groups",
    ),
    "depthwise": (
        lambda: between_maps(nn.ReLU(), Conv2d(4, 4, 3, groups=4), nn.ReLU()), "2", "this Conv2d .*4 groups",
    ),
    "groups behind": (
        lambda: chain(Conv2d(2, 4, 3), nn.ConvTranspose2d(4, 4, 3, groups=2)), "0",
        r"layer '1' \(ConvTranspose2d\).*2 groups",
    ),
    "transposed groups": (
        lambda: chain(nn.ConvTranspose2d(2, 4, 3, groups=2), Conv2d(4, 2, 1)), "0", "this ConvTranspose2d .*2 groups",
    ),
    "maps not flattened": (
        lambda: chain(Conv2d(2, 4, 3), nn.ReLU(), Linear(6, 2)), "0", r"layer '2' \(Linear\).*nn.Flatten\(\)",
    ),
    "as many places as channels": (
        lambda: chain(Conv1d(2, 9, 1), nn.ReLU(), Linear(9, 2)), "0", r"layer '2' \(Linear\).*nn.Flatten\(\)",
    ),
    "only pixels flattened": (
        lambda: chain(Conv2d(2, 4, 3), nn.Flatten(2), Linear(36, 2)), "0", r"layer '2' \(Linear\).*nn.Flatten\(\)",
    ),
    "examples flattened": (
        lambda: chain(Conv2d(2, 4, 3), nn.Flatten(0, 1), Conv2d(12, 2, 1)), "0", r"layer '1' \(Flatten\).*examples",
    ),
    "no whole number of pixels": (
        lambda: chain(Conv2d(2, 4, 3), nn.Flatten(), Linear(145, 2)), "0", r"layer '2' \(Linear\).*145.*4 units",
    ),
    "another width": (lambda: chain(Linear(2, 4), Linear(8, 2)), "0", r"layer '1' \(Linear\).*8 .*4 units"),
    "recurrent": (lambda: chain(Linear(2, 4), nn.LSTM(4, 4)), "0", r"layer '1' \(LSTM\)"),
    "attention": (
        lambda: between(nn.TransformerEncoderLayer(4, 2, 8)), "0", r"layer '1' \(TransformerEncoderLayer\)",
    ),
    "bilinear": (lambda: chain(Linear(2, 4), nn.Bilinear(4, 4, 2)), "0", r"layer '1' \(Bilinear\)"),
    "a forward of its own": (Net, "fc1", r"the model \(Net\).*forward of its own"),
    "a Sequential with one": (lambda: Soft(Linear(2, 4), Linear(4, 2)), "0", r"the model \(Soft\).*of its own"),
    "a Sequential in another order": (lambda: Backwards(Linear(4, 2), Linear(2, 4)), "0", r"the model \(Backwards\)"),
    "a nested one": (lambda: chain(Soft(Linear(2, 4)), Linear(4, 2)), "0.0", r"layer '0' \(Soft\).*of its own"),
    "a linear layer with one": (lambda: chain(Doubled(2, 4), Linear(4, 2)), "0", "this Doubled .*forward of its own"),
    "read by one": (lambda: chain(Linear(2, 4), Doubled(4, 2)), "0", r"layer '1' \(Doubled\).*forward of its own"),
    "a weight of another meaning": (lambda: changed(silent), "0", "this Silent .*forward of its own"),
    "a convolution of another kind": (
        lambda: chain(Conv2d(2, 4, 3), Standardised(4, 2, 1)), "0", r"layer '1' \(Standardised\)",
    ),
    "a module without parameters": (partial(between, Neighbours()), "0", r"layer '1' \(Neighbours\)"),
    "a residual block": (partial(between, Residual(4)), "0", r"layer '1' \(Residual\)"),
    "in a residual block": (partial(between, Residual(4)), "1.inner", r"layer '1' \(Residual\)"),
    "one that stands twice": (twice, "2", "this Linear stands more than once in the model, as 2, 4"),
    "read by one that does": (twice, "0", r"layer '2' \(Linear\).*more than once"),
    "a block that stands twice": (twice_in_a_block, "1.0", "more than once in the model, as 1.0, 2.0"),
    "a tied weight": (tied, "2", "this Linear shares its weight"),
    "read by a tied weight": (tied, "0", r"layer '2' \(Linear\).*shares its weight"),
    "a shared BatchNorm": (shared_norm, "0", r"layer '1' \(BatchNorm1d\) stands more than once"),
    "held elsewhere": (held_elsewhere, "0", "more than once in the model, as 0, 3.also"),
    "held in a list": (held_in_a_list, "0", "this Linear shares its weight with another layer"),
    "a weight held in a list": (weight_held_in_a_list, "0", "this Linear shares its weight with another layer"),
    "a hook": (hooked(0), "0", "this Linear has a forward hook.*remove"),
    "a hook between": (hooked(1), "0", r"layer '1' \(ReLU\) has a forward hook"),
    "a hook before the reader": (hooked(2, "register_forward_pre_hook"), "0", r"layer '2' \(Linear\).* forward hook"),
    "a hook on all": (
        lambda: changed(lambda model: model.register_forward_hook(lambda *_: None)), "0",
        r"the model \(Sequential\).*forward hook",
    ),
    "a forward of this one object": (patched(1), "0", r"layer '1' \(ReLU\).*forward of its own"),
    "a patched reader": (patched(2), "0", r"layer '2' \(Linear\).*forward of its own"),
    "pruned by torch": (pruned_by_torch(0), "0", r"prune\.remove\(layer, 'weight'\)"),
    "read by one pruned by torch": (pruned_by_torch(2), "0", r"layer '2' \(Linear\).*prune\.remove"),
    "a parametrisation": (parametrised(0), "0", "this ParametrizedLinear .*remove_parametrizations"),
    "read by a parametrised one": (
        parametrised(2, parametrizations.spectral_norm), "0", r"layer '2' \(ParametrizedLinear\).*remove_param",
    ),
    "the older weight norm": (
        parametrised(2, nn.utils.weight_norm), "0", r"layer '2' \(Linear\).*remove_weight_norm",
    ),
    "the older spectral norm": (
        parametrised(2, nn.utils.spectral_norm), "0", r"layer '2' \(Linear\).*remove_spectral_norm",
    ),
    "something besides": (
        lambda: changed(lambda model: model[0].register_buffer("mask", torch.ones(4))), "0",
        "this Linear holds 'mask'",
    ),
    "no weights yet": (lambda: Sequential(nn.LazyLinear(4), Linear(4, 2)), "0", "this LazyLinear .*on an example"),
    "read by one without": (lambda: Sequential(Linear(2, 4), nn.LazyLinear(2)), "0", r"layer '1' \(LazyLinear\)"),
    "wrapped": (lambda: nn.DataParallel(between()), "module.0", r"the model \(DataParallel\).*\.module"),
    "compiled": (lambda: OptimizedModule(between()), "0", r"the model \(OptimizedModule\).*\._orig_mod"),
    "quantised": (
        lambda: Sequential(Linear(2, 4), torch.ao.nn.quantized.dynamic.Linear(4, 2)), "0", r"layer '1' \(Linear\)",
    ),
    "traced": (lambda: torch.fx.symbolic_trace(between()), "0", "the model .*forward of its own"),
    "no units": (lambda: Sequential(Linear(2, 0), Linear(0, 2)), "0", "this Linear has 0 units"),
    "the output layer": (between, "1", r"it is the output layer \(Linear\)"),
    "the output layer before a softmax": (lambda: chain(Linear(2, 4), nn.Softmax(1)), "0", "it is the output layer"),
    "one layer alone": (lambda: Linear(2, 4), "", "it is the output layer"),
    "an embedding": (lambda: Sequential(nn.Embedding(9, 4), Linear(4, 2)), "0", "its class is Embedding"),
    "an activation": (partial(between, nn.ReLU()), "1", "its class is ReLU"),
    "a container": (nested, "features", "it is a container; name a layer in it"),
    "no such layer": (between, "hidden1", "no layer of that name"),
}  # fmt: skip


# ---- models by chance


def layers_for(shape, rng):
    """Kinds of layers, each a list of (class, arguments) with what may take values of a shape; not all can."""
    features, channels, width = shape[-1], shape[1], int(rng.integers(2, 5))
    group = 2 if channels % 2 == 0 and rng.random() < 0.3 else 1
    conv, turned = (Conv1d, nn.ConvTranspose1d) if len(shape) == 3 else (Conv2d, nn.ConvTranspose2d)
    kernel = int(rng.integers(1, 3))
    weighted = [(Linear, features, width)]
    if len(shape) > 2:
        weighted += [(conv, channels, width, kernel), (conv, channels, 2 * width, kernel, 1, 0, 1, group)]
        weighted += [(turned, channels, width, kernel), (turned, channels, 2 * width, kernel, 1, 0, 0, group)]
    plain = [
        (nn.ReLU,), (nn.Sigmoid,), (nn.ELU, 1.0, True), (nn.Dropout, 0.3), (nn.Dropout2d, 0.3), (nn.Identity,),
        (nn.PReLU,),
    ]  # fmt: skip
    per_unit = [
        (nn.PReLU, channels), (nn.BatchNorm1d, channels), (nn.BatchNorm2d, channels), (nn.InstanceNorm1d, channels),
        (nn.InstanceNorm2d, channels, 1e-5, 0.1, True), (nn.BatchNorm1d, channels, 1e-5, 0.1, False),
    ]  # fmt: skip
    mixing = [
        (nn.Softmax, 1), (nn.Softmax, -1), (nn.LayerNorm, features), (nn.GroupNorm, 1, channels), (nn.GLU, 1),
        (nn.GLU, -1), (nn.LocalResponseNorm, 2), (nn.ChannelShuffle, 2), (nn.PixelShuffle, 2), (Neighbours,),
        (Residual, features),
    ]  # fmt: skip
    shaping = [
        (nn.Flatten,), (nn.Flatten, 2), (nn.Flatten, 1, 2), (nn.Flatten, 0, 1), (nn.Flatten, -2),
        (nn.Unflatten, 1, (1, channels)), (nn.Unflatten, 1, (channels, 1)), (nn.MaxPool1d, 2), (nn.MaxPool2d, 2),
        (nn.AvgPool1d, 2), (nn.AvgPool2d, 2), (nn.MaxPool3d, (2, 1, 1)), (nn.AdaptiveAvgPool2d, 1),
        (nn.AdaptiveAvgPool1d, 2), (nn.ZeroPad1d, 1), (nn.ZeroPad2d, 1), (nn.Upsample, None, 2),
    ]  # fmt: skip
    return [weighted, weighted, weighted, plain, per_unit, mixing, shaping, shaping]


def by_chance(seed):
    """A model that runs, of layers drawn by chance, and its inputs."""
    rng = np.random.default_rng(seed)
    inputs = values([ROWS, TABLES, SERIES, PICTURES][rng.integers(4)], seed)
    reached, layers = inputs, []
    while sum(isinstance(layer, WEIGHTED) for layer in layers) < 3 and len(layers) < 12:
        kinds = layers_for(reached.shape, rng) if reached.ndim > 1 else [[(Linear, len(reached), 3)]]
        some = kinds[rng.integers(len(kinds))]
        make, *arguments = some[rng.integers(len(some))]
        try:
            layer = unlike(make(*arguments), seed + len(layers)).eval()
            reached = layer(reached.clone()).detach()
        except Exception:  # one that cannot take these values: another
            continue
        layers.append(layer)
    if rng.random() < 0.3 and len(layers) > 3:
        layers[1:3] = [Sequential(*layers[1:3])]
    return Sequential(*layers), inputs
