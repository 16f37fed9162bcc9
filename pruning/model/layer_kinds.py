"""Kinds of layers: what each of PyTorch's own does with units, and whether a layer is of such a kind at all.

A unit is a neuron of a linear layer or a channel of a convolution.
"""

from __future__ import annotations

from torch import Tensor, nn

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
KEEP_APART: set[type] = {*ACTIVATIONS, *DROPOUTS, *NORMS, nn.Identity}
# whatever it holds, no units of a linear or convolutional layer
UNITLESS: set[type] = {
    *KEEP_APART, *SPATIAL, nn.Flatten,
    nn.SyncBatchNorm, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.Embedding, nn.EmbeddingBag,
}  # fmt: skip

# What a subclass may say for itself and still be the same layer.
_HARMLESS = {
    "__init__", "__module__", "__qualname__", "__doc__", "__annotations__", "__annotate__", "__annotate_func__",
    "__dict__", "__weakref__", "__firstlineno__", "__static_attributes__", "__parameters__", "__constants__",
    "__repr__", "_get_name", "extra_repr", "reset_parameters", "train",
}  # fmt: skip
_HELD = {"weight", "bias", "running_mean", "running_var"}
# What a single object may have replaced, so that it is another layer than its class says.
_METHODS = {"forward", "_call_impl", "_conv_forward", "_output_padding", "_check_input_dim", "__iter__"}


def kind(layer: nn.Module) -> type | None:
    """PyTorch's own class whose forward the layer runs, and nothing besides; None where it runs another."""
    if layer._forward_hooks or layer._forward_pre_hooks or not vars(layer).keys().isdisjoint(_METHODS):
        return None
    own = type(layer)
    if own.__module__.startswith("torch.nn.modules."):  # most are, and many ask
        return own
    found = next(cls for cls in own.__mro__ if cls.__module__.startswith("torch.nn.modules."))
    known = {*_HELD, *getattr(found, "__constants__", ())}  # what only objects have, and a property may stand for
    heirs = own.__mro__[: own.__mro__.index(found)]
    said = {name for cls in heirs for name in vars(cls)} - _HARMLESS
    return None if any(hasattr(found, name) or name in known for name in said) else found


def is_weighted(layer: nn.Module) -> bool:
    return kind(layer) in WEIGHTED


def is_transposed(layer: nn.Module) -> bool:
    """Whether its weight is (inputs, units, …) and not (units, inputs, …)."""
    return kind(layer) in TRANSPOSED


def groups(layer: nn.Module) -> int:
    return int(vars(layer).get("groups", 1))


def is_per_unit(layer: nn.Module) -> bool:
    """Whether a layer that carries units has something of each: a parameter, a statistic, or their number."""
    what = kind(layer)
    return what in NORMS or (what is nn.PReLU and layer.get_parameter("weight").numel() > 1)


def tensors(layer: nn.Module) -> dict[str, Tensor]:
    """The layer's own parameters and buffers by name, those that are None left out."""
    own = {**layer._parameters, **layer._buffers}
    return {name: value for name, value in own.items() if value is not None}
