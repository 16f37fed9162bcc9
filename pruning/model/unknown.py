"""Why a layer is not understood or not copied: what stands in the way and what to do, as the end of a sentence."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.modules.lazy import LazyModuleMixin
from torch.nn.utils import parametrize, prune

# class of a hook that sets a weight before each pass → what makes that weight permanent
_REMOVE = {"WeightNorm": "torch.nn.utils.remove_weight_norm", "SpectralNorm": "torch.nn.utils.remove_spectral_norm"}
# class of a wrapper → where it holds what it wraps
_INNER = {
    "DataParallel": "module", "DistributedDataParallel": "module", "AveragedModel": "module",
    "OptimizedModule": "_orig_mod",
}  # fmt: skip


def title(name: str, layer: nn.Module) -> str:
    """The layer as a sentence calls it: by its dotted name and its class."""
    return f"layer {name!r} ({type(layer).__name__})" if name else f"the model ({type(layer).__name__})"


def why_unknown(layer: nn.Module) -> str:
    """Why nobody can tell what the layer does with units."""
    if told := reparametrised(layer):
        return told
    inner = _INNER.get(type(layer).__name__)
    if inner and isinstance(getattr(layer, inner, None), nn.Module):
        return f"is a wrapper around another module: hand over that one, its .{inner}"
    if isinstance(layer, LazyModuleMixin):
        return "has no weights yet: run the model on an example first"
    if type(layer).__module__.startswith("torch.jit"):
        return "is compiled by TorchScript: hand over the module it was made from"
    if _hooks(layer):
        return "has a forward hook, which may change what goes through: take it off first, by its handle's remove()"
    if type(layer).__module__.startswith("torch.nn.modules") and "forward" not in vars(layer):
        return "is not known to keep units apart"
    return "has a forward of its own, which may do anything: write it as an nn.Sequential of PyTorch's own layers"


def reparametrised(layer: nn.Module) -> str | None:
    """Which tensor of the layer is computed anew before each pass, if one is."""
    if parametrize.is_parametrized(layer):
        part = next(iter(layer.get_submodule("parametrizations")._modules))
        remove = f"torch.nn.utils.parametrize.remove_parametrizations(layer, {part!r})"
        return f"computes its {part} by a parametrization: make it permanent first, with {remove}"
    for hook in _hooks(layer):
        if isinstance(hook, prune.BasePruningMethod):
            remove = f"torch.nn.utils.prune.remove(layer, {hook._tensor_name!r})"
            return f"is pruned by torch.nn.utils.prune, by a mask beside it: make that permanent first, with {remove}"
        if remove := _REMOVE.get(type(hook).__name__, ""):
            return f"computes a weight anew in each pass: make it permanent first, with {remove}(layer)"
    return None


def why_not_copied(layer: nn.Module) -> str | None:
    """Why the layer's own tensors cannot be copied, if they cannot: some belong to a computation under way."""
    hooked = any(isinstance(hook, prune.BasePruningMethod) for hook in _hooks(layer))
    computed = [
        name for name, value in vars(layer).items() if isinstance(value, Tensor) and value.grad_fn is not None
    ]
    if hooked or computed:
        return reparametrised(layer) or (
            f"holds in {computed[0]!r} a tensor that autograd still follows: detach() it, or delete it"
        )
    return None


def _hooks(layer: nn.Module) -> list[object]:
    return [*layer._forward_pre_hooks.values(), *layer._forward_hooks.values()]
