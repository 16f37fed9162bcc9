"""The layers of a network in a row, and which of them are known: by their type it is certain what they do."""

from __future__ import annotations

from torch import nn

from uncertainty.unit_dropout import UnitDropout

UNITWISE = {nn.Linear, nn.Identity, nn.ReLU, nn.LeakyReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Softplus}
"""Layers that have no more activations than units."""
OF_MAPS = {nn.Conv1d, nn.Conv2d, nn.MaxPool1d, nn.MaxPool2d, nn.AvgPool1d, nn.AvgPool2d, nn.AdaptiveAvgPool2d}
NORMS = {nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d}
FACTORS = {nn.Dropout, UnitDropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d}
"""Dropout that is a multiplication."""
DROPOUTS = {*FACTORS, nn.AlphaDropout, nn.FeatureAlphaDropout}


def flat_layers(model: nn.Module) -> list[nn.Module]:
    """The layers in forward order, nested sequentials opened; anything else is one layer."""
    if not (isinstance(model, nn.Sequential) and type(model).forward is nn.Sequential.forward and is_bare(model)):
        return [model]
    return [layer for child in model for layer in flat_layers(child)]  # children() leaves out what is used twice


def is_known(layer: nn.Module) -> bool:
    """Whether an input's values come from those of the same input alone, without chance but that of dropout."""
    if not is_bare(layer):
        return False
    if type(layer) in NORMS:
        return layer.running_mean is not None  # else it looks across the inputs
    if type(layer) is nn.Flatten:
        return layer.start_dim >= 1
    return type(layer) in UNITWISE or type(layer) in OF_MAPS or type(layer) in DROPOUTS


def is_bare(module: nn.Module) -> bool:
    """Whether a call of the module is its class's forward, and nothing beside it."""
    hooked = module._forward_hooks or module._forward_pre_hooks or "forward" in vars(module)
    return not hooked and type(module).__call__ is nn.Module.__call__


def keeps_values(layer: nn.Module) -> bool:
    """Whether what comes out with dropout off is what came in, perhaps in another shape."""
    return type(layer) in DROPOUTS or type(layer) in (nn.Identity, nn.Flatten)
