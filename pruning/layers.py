"""Single layers, as pruning sees them: which have units, which carry them on one by one, which read them.

A unit is a neuron of a linear layer or a channel of a convolution. Whatever is not known to keep units apart is
refused: a layer that mixes them makes another network of a network that has lost some.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor, nn

from pruning.unknown import why_unknown

TRANSPOSED: dict[type, int] = {nn.ConvTranspose1d: 1, nn.ConvTranspose2d: 2, nn.ConvTranspose3d: 3}
CONVOLUTIONS: dict[type, int] = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3, **TRANSPOSED}
# has units, and reads those of another → axes of the map that each unit is
WEIGHTED: dict[type, int] = {nn.Linear: 0, **CONVOLUTIONS}
# takes every number on its own
ACTIVATIONS: set[type] = {
    nn.ReLU, nn.ReLU6, nn.RReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish,
    nn.Softplus, nn.Softsign, nn.Softshrink, nn.Hardshrink, nn.Tanhshrink, nn.Sigmoid, nn.LogSigmoid, nn.Tanh,
    nn.Hardtanh, nn.Hardsigmoid, nn.Hardswish, nn.Threshold,
}  # fmt: skip
DROPOUTS: set[type] = {
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout,
}  # fmt: skip
# takes every channel on its own, channels being the second axis → the numbers of axes that its inputs may have
NORMS: dict[type, set[int]] = {
    nn.BatchNorm1d: {2, 3}, nn.BatchNorm2d: {4}, nn.BatchNorm3d: {5},
    nn.InstanceNorm1d: {3}, nn.InstanceNorm2d: {4}, nn.InstanceNorm3d: {5},
}  # fmt: skip
# mixes what lies along so many last axes, and nothing else
SPATIAL: dict[type, int] = {
    getattr(nn, f"{name}{n}d"): n
    for n in (1, 2, 3)
    for name in (
        "MaxPool", "AvgPool", "LPPool", "AdaptiveMaxPool", "AdaptiveAvgPool",
        "ZeroPad", "ConstantPad", "ReflectionPad", "ReplicationPad", "CircularPad",
    )
}  # fmt: skip
# mixes what lies along all axes but the first two
UPSAMPLING: set[type] = {nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d}
_KEEP_APART: set[type] = {*ACTIVATIONS, *DROPOUTS, *NORMS, nn.Identity}
# whatever it holds, no units of a linear or convolutional layer
UNITLESS: set[type] = {
    *_KEEP_APART, *SPATIAL, nn.Flatten,
    nn.SyncBatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.Embedding, nn.EmbeddingBag,
}  # fmt: skip
CARRIERS = "activations, BatchNorm, InstanceNorm, dropout, pooling, padding, upsampling and nn.Flatten"

# What a subclass may say for itself and still be the same layer.
_HARMLESS = {
    "__init__", "__module__", "__qualname__", "__doc__", "__annotations__", "__annotate__", "__annotate_func__",
    "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__", "__parameters__", "__constants__",
    "__repr__", "_get_name", "extra_repr", "reset_parameters", "train",
}  # fmt: skip
# What a single object may have replaced, so that it is another layer than its class says.
_METHODS = {"forward", "_call_impl", "_conv_forward", "_output_padding", "_check_input_dim", "__iter__"}
_KNOWN_PARTS = {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


class NotKnown(Exception):
    """Why a layer does not do what is asked of it, as the end of a sentence about it."""


@dataclass(frozen=True)
class Place:
    """Where units lie in a batch of values, whose first axis is that of the examples.

    axis: counted from the end, −1 is the last. rank: the number of axes; None is any from 2.
    flattened: "" where the axis holds a number of each unit; "inside" where it holds several of each, side by side,
    because a unit's map is flattened into it; "outside" where axes in front are, and they lie as many units apart.
    """

    axis: int
    rank: int | None
    flattened: str = ""

    @property
    def is_second(self) -> bool:
        """Whether it is the axis behind that of the examples; where the rank is any, it is taken to be 2."""
        return self.axis + (self.rank or 2) == 1


def kind(layer: nn.Module) -> type | None:
    """PyTorch's own class whose forward the layer runs, and nothing besides; None where it runs another."""
    if layer._forward_hooks or layer._forward_pre_hooks or not _METHODS.isdisjoint(vars(layer)):
        return None
    own = type(layer)
    if own.__module__.startswith("torch.nn.modules."):  # most are, and many ask
        return own
    found = next(cls for cls in own.__mro__ if cls.__module__.startswith("torch.nn.modules."))
    heirs = own.__mro__[: own.__mro__.index(found)]
    replaced = any(name not in _HARMLESS and hasattr(found, name) for cls in heirs for name in vars(cls))
    return None if replaced else found


def is_weighted(layer: nn.Module) -> bool:
    return kind(layer) in WEIGHTED


def is_transposed(layer: nn.Module) -> bool:
    """Whether its weight is (inputs, units, …) and not (units, inputs, …)."""
    return kind(layer) in TRANSPOSED


def groups(layer: nn.Module) -> int:
    return int(getattr(layer, "groups", 1))


def is_per_unit(layer: nn.Module) -> bool:
    """Whether a layer that carries units has something of each: a parameter, a statistic, or their number."""
    what = kind(layer)
    return what in NORMS or (what is nn.PReLU and layer.get_parameter("weight").numel() > 1)


def tensors(layer: nn.Module) -> dict[str, Tensor]:
    """The layer's own parameters and buffers by name, those that are None left out."""
    own = {**layer._parameters, **layer._buffers}
    return {name: value for name, value in own.items() if value is not None}


def size(layer: nn.Module) -> tuple[int, int]:
    """(units, inputs) of a linear or convolutional layer. Raises NotKnown where it holds other tensors than usual."""
    weight = _checked(layer).get("weight")
    if weight is None or weight.ndim != 2 + WEIGHTED[kind(layer) or nn.Linear]:
        raise NotKnown("has no weight of the usual shape among its parameters")
    units, inputs = weight.shape[:2]
    if is_transposed(layer):
        units, inputs = inputs * groups(layer), units // groups(layer)
    bias = tensors(layer).get("bias")
    if bias is not None and bias.shape != (units,):
        raise NotKnown(f"has a bias of shape {tuple(bias.shape)}, not one number for each of {units} units")
    return units, inputs * groups(layer)


def length(layer: nn.Module, reads: bool) -> int:
    """Of how many inputs the layer reads or, otherwise, of how many units or features it has something."""
    return size(layer)[reads] if is_weighted(layer) else width(layer)


def size_name(layer: nn.Module, reads: bool) -> str:
    """The attribute in which the layer says that number."""
    if not is_weighted(layer):
        return "num_parameters" if kind(layer) is nn.PReLU else "num_features"
    return ("in_" if reads else "out_") + ("features" if kind(layer) is nn.Linear else "channels")


def axes(layer: nn.Module, reads: bool) -> dict[str, int]:
    """The layer's tensors with an axis of its inputs or, otherwise, of its units: by name, with that axis."""
    if reads:
        return {"weight": 0 if is_transposed(layer) else 1}
    turned = is_transposed(layer)
    return {name: int(turned and name == "weight") for name, value in tensors(layer).items() if value.ndim}


def start(layer: nn.Module) -> Place:
    """Where the units lie in what a linear or convolutional layer gives out."""
    axes = WEIGHTED[kind(layer) or nn.Linear]
    return Place(-1 - axes, axes + 2 if axes else None)


def carried(layer: nn.Module, place: Place, n_units: int) -> Place:
    """Where the units lie behind a layer that keeps them apart. Raises NotKnown for any other."""
    what = kind(layer)
    if what is nn.Flatten:
        return _flattened(layer, place)
    if what in SPATIAL:
        if place.axis >= -SPATIAL[what]:
            raise NotKnown("works along the very axis of the units, and mixes them")
        if getattr(layer, "return_indices", False):
            raise NotKnown("gives indices beside its values: set return_indices to False")
        return place
    if what in UPSAMPLING:
        if place.rank is None or not place.is_second:
            raise NotKnown("works along the very axis of the units, and mixes them")
        return place
    if what not in _KEEP_APART:
        raise NotKnown(f"{why_unknown(layer)}; there may be {CARRIERS}")
    if not is_per_unit(layer):
        return place
    return _normalised(layer, place, n_units)


def read(layer: nn.Module, place: Place, n_units: int) -> int:
    """How many inputs of a linear or convolutional layer are of one unit. Raises NotKnown where that is unclear."""
    if groups(layer) > 1:
        raise NotKnown(f"takes them in {groups(layer)} groups, which do not come apart: only groups=1 can be cut")
    if place.axis != start(layer).axis:
        where = "last axis" if start(layer).axis == -1 else "axis of channels"
        raise NotKnown(
            f"takes its inputs from the {where}, where they do not lie: put nn.Flatten() between, or the like"
        )
    return _share(size(layer)[1], "inputs", place, n_units)


def _share(count: int, what: str, place: Place, n_units: int) -> int:
    share, rest = divmod(count, n_units)
    if rest or share < 1 or (share > 1 and not place.flattened):
        wanted = f"a multiple of the {n_units} units" if place.flattened else f"one for each of the {n_units} units"
        raise NotKnown(f"has {count} {what}, not {wanted}")
    return share


def _normalised(layer: nn.Module, place: Place, n_units: int) -> Place:
    """Behind a layer with something of each unit, on the second axis."""
    ranks = NORMS.get(kind(layer) or nn.PReLU)
    if not place.is_second or (ranks and (place.rank or 2) not in ranks):
        raise NotKnown("works along another axis than that of the units, and would mix them")
    _share(width(layer), "features", place, n_units)
    return replace(place, rank=place.rank or 2)


def width(layer: nn.Module) -> int:
    """Of how many places a layer that `is_per_unit` has something. Raises NotKnown where its tensors disagree."""
    vectors = [value for value in _checked(layer).values() if value.ndim]
    count = len(vectors[0]) if kind(layer) is nn.PReLU else int(layer.num_features)  # type: ignore[arg-type]
    if any(value.shape != (count,) for value in vectors):
        raise NotKnown(f"has tensors of other lengths than its {count} features")
    return count


def _checked(layer: nn.Module) -> dict[str, Tensor]:
    for name in (*layer._parameters, *layer._buffers, *layer._modules):
        if name not in _KNOWN_PARTS:
            raise NotKnown(f"holds {name!r} besides, and what that has to do with its units is not known")
    return tensors(layer)


def _flattened(layer: nn.Module, place: Place) -> Place:
    first, last = int(layer.start_dim), int(layer.end_dim)  # type: ignore[arg-type]
    if place.rank is None:  # any axes in front of the last, on which the units lie
        return Place(-1, 2 if (first, last) == (1, -1) else None, "outside")
    first, last, at = first % place.rank, last % place.rank, place.axis % place.rank
    rank = place.rank - max(last - first, 0)
    if not first <= at <= last:
        return replace(place, axis=(at if at < first else at - last + first) - rank, rank=rank)
    if first < at:
        raise NotKnown("flattens the axis of the examples into that of the units")
    return Place(first - rank, rank, "inside" if at < last else place.flattened)
