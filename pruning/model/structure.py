"""The structure of a model: which layers have units, what carries those on, and which layer reads them.

A model is understood as a chain: `nn.Sequential`s, nested as they may be, of PyTorch's own layers. A linear or
convolutional layer is prunable where all that stands between it and the next one keeps its units apart, and where
nothing else has a hold on what goes with them. What is not understood is told apart, with the reason.

Inputs are batches (N, …); a one-dimensional BatchNorm or a PReLU behind a linear layer is taken to be over its units.
What comes before and after the layers that are pruned may be of any kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from pruning.model.layer_kinds import UNITLESS, groups, is_per_unit, is_transposed, is_weighted, kind, tensors
from pruning.model.layers import NotKnown, carried, rank_behind, read, size, spreads, start
from pruning.model.unknown import title, why_unknown

_TORCH = set(vars(nn.Module()))  # what every module has


@dataclass(frozen=True)
class Prunable:
    """A layer that can lose units, and what goes with them."""

    n_units: int
    norms: tuple[str, ...]  # layers with something of each unit: BatchNorm, InstanceNorm, PReLU with a slope for each
    feeds: str  # the next linear or convolutional layer
    spread: int  # inputs of that layer per unit: the pixels of a map where it is flattened, else 1
    apart: bool = False  # those inputs lie as many units apart and not side by side: axes in front are flattened
    groups: int = 1  # of as many units each; each must keep as many
    fewest: int = 1  # units that must stay

    def along(self, kept: np.ndarray, length: int) -> np.ndarray:
        """`kept` (units,) along an axis of `length` places, one or several of each unit."""
        share = length // self.n_units
        return np.tile(kept, share) if self.apart else kept.repeat(share)


@dataclass(frozen=True)
class Structure:
    """The chain of a model's layers in forward order, by dotted names, and what is known of them."""

    layers: tuple[tuple[str, nn.Module], ...]  # a layer that stands twice is here twice
    ranks: tuple[int | None, ...]  # how many axes the values have that each of them takes; None where that is open
    prunable: dict[str, Prunable]
    unknown: dict[str, str]  # layers that have or may have hidden units → why those cannot be pruned
    output: str | None  # the linear or convolutional layer that gives the outputs

    def of(self, name: str) -> Prunable:
        """What goes with the units of a layer. Raises ValueError, with the reason, where it cannot be pruned."""
        if name in self.prunable:
            return self.prunable[name]
        legal = ", ".join(self.prunable) or "none"
        raise ValueError(
            f"layer {name!r} cannot be pruned: {self._why(name)}. "
            f"Leave it out of the masks; prunable layers of this model: {legal}"
        )

    def require_chain(self) -> None:
        """Raises ValueError, with the reason, where the model is one thing that is not understood."""
        if "" in self.unknown:
            raise ValueError(f"nothing of the model can be pruned: {self.unknown['']}")

    def require_known(self, but: Collection[type] = ()) -> None:
        """Raises ValueError, with the reason, where a hidden layer is not understood that is of other classes."""
        self.require_chain()
        for name, layer in self.layers:
            if name in self.unknown and kind(layer) not in but:
                self.of(name)

    def _why(self, name: str) -> str:
        layers = dict(self.layers)
        if not isinstance(name, str):
            return f"names of layers are strings, and this is of type {type(name).__name__}"
        if name in self.unknown:
            return self.unknown[name]
        if name == self.output:
            return f"it is the output layer ({type(layers[name]).__name__}), whose units are the model's outputs"
        if name in layers:
            return f"its class is {type(layers[name]).__name__}, and only linear and convolutional layers have units"
        for place, layer in self.layers:
            if not is_weighted(layer) and (not place or name.startswith(f"{place}.")):
                return f"{title(place, layer)} is not looked into, for it {why_unknown(layer)}"
        holds = any(place.startswith(f"{name}.") for place in layers)
        return "it is a container; name a layer in it" if holds else "the model has no layer of that name"


def structure(model: nn.Module) -> Structure:
    """What is known of a model. Raises TypeError where it is no module."""
    require_module(model)
    layers, holders = tuple(chain(model)), _Holders(model)
    prunable: dict[str, Prunable] = {}
    unknown: dict[str, str] = {}
    with_units = [i for i, (_, layer) in enumerate(layers) if may_have_units(layer)]
    ranks = _ranks(layers)
    for i in with_units:
        name, layer = layers[i]
        if not is_weighted(layer):
            unknown[name] = f"this {type(layer).__name__} {why_unknown(layer)}"
        elif i < with_units[-1]:
            try:
                prunable[name] = _followed(layers[i:], ranks[i], holders)
            except NotKnown as reason:
                unknown[name] = str(reason)
    last = layers[with_units[-1]] if with_units else ("", model)
    return Structure(layers, ranks, prunable, unknown, last[0] if is_weighted(last[1]) else None)


def require_module(model: object) -> None:
    """Raises TypeError where the model is something else than a module."""
    if not isinstance(model, nn.Module):
        what = f"the class {model.__name__}" if isinstance(model, type) else f"of type {type(model).__name__}"
        raise TypeError(f"the model is {what}; it must be an nn.Module, such as an nn.Sequential of layers")


def prunable_layers(model: nn.Module) -> dict[str, Prunable]:
    """Every prunable layer by its dotted name, in forward order.

    The last layer gives the logits; its units are classes and are never pruned. A layer that is not understood is
    left out; `structure` has the reason. Raises ValueError where the model has a forward of its own, so that nothing
    of it is understood, and TypeError where it is no module.
    """
    found = structure(model)
    found.require_chain()
    return found.prunable


def chain(model: nn.Module, name: str = "") -> Iterator[tuple[str, nn.Module]]:
    """The layers by dotted names, in the order they run in: the model itself where it is no plain `nn.Sequential`."""
    if kind(model) is not nn.Sequential:
        yield name, model
        return
    for part, layer in model._modules.items():
        if layer is not None:
            yield from chain(layer, f"{name}.{part}" if name else part)


def outputs(name: str, layer: nn.Module, values: Tensor) -> Tensor:
    """What a layer makes of values. Raises ValueError, naming the layer, where it cannot take them."""
    try:
        made: Tensor = layer(values)
    except Exception as error:  # whatever a layer says of values that it was not made for
        given = f"{tuple(values.shape)} of {values.dtype}" if isinstance(values, Tensor) else type(values).__name__
        raise ValueError(f"{title(name, layer)} cannot take its inputs, {given}: {error}") from error
    return made


def may_have_units(layer: nn.Module) -> bool:
    """Whether it is a linear or convolutional layer, or something unknown that holds numbers."""
    return is_weighted(layer) or (kind(layer) not in UNITLESS and bool(layer.state_dict()))


def _ranks(layers: tuple[tuple[str, nn.Module], ...]) -> tuple[int | None, ...]:
    ranks: list[int | None] = [None]
    for _, layer in layers:
        ranks.append(rank_behind(layer, ranks[-1]))
    return tuple(ranks[:-1])


def _followed(layers: tuple[tuple[str, nn.Module], ...], rank: int | None, holders: _Holders) -> Prunable:
    """What goes with the units of the first of the layers. Raises NotKnown where that is unclear."""
    (name, layer), *others = layers
    try:
        holders.require_alone(layer)
        n_units, _ = size(layer)
        _require_separable(layer, n_units)
    except NotKnown as reason:
        raise NotKnown(f"this {type(layer).__name__} {reason}") from None
    place = start(layer, rank)
    norms: list[str] = []
    fewest = 1
    for there, other in others:
        try:
            if is_weighted(other):
                share = read(other, place, n_units)
                holders.require_alone(other)
                apart = share > 1 and place.flattened == "outside"
                return Prunable(n_units, tuple(norms), there, share, apart, groups(layer), fewest)
            fewest = 2 if spreads(other, place) else fewest
            place = carried(other, place, n_units)
            if is_per_unit(other):
                holders.require_alone(other)
                norms.append(there)
        except NotKnown as reason:
            role = ", which reads its units," if is_weighted(other) else ""
            raise NotKnown(f"behind it, {title(there, other)}{role} {reason}") from None
    raise NotKnown(f"nothing reads the units of {title(name, layer)}")


def _require_separable(layer: nn.Module, n_units: int) -> None:
    of_one = groups(layer) > 1 and n_units == groups(layer)
    if n_units == 0 or of_one or (groups(layer) > 1 and is_transposed(layer)):
        raise NotKnown(f"has {n_units} units in {groups(layer)} groups, which do not come apart")


class _Holders:
    """How often each layer and each tensor stands in a model."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.layers = Counter(id(layer) for layer in _everywhere(model))
        self.tensors = Counter(id(value) for layer in model.modules() for value in tensors(layer).values())
        self.tensors.update(id(value) for layer in model.modules() for value in _aside(layer))

    def require_alone(self, layer: nn.Module) -> None:
        """Raises NotKnown where the layer stands more than once, or one of its tensors does."""
        if self.layers[id(layer)] > 1:
            places = [name for name, other in self.model.named_modules(remove_duplicate=False) if other is layer]
            raise NotKnown(
                f"stands more than once in the model, as {', '.join(places)}: give each place a copy first"
            )
        shared = [name for name, value in tensors(layer).items() if self.tensors[id(value)] > 1]
        if shared:
            raise NotKnown(f"shares its {shared[0]} with another layer: give each a copy first")


def _aside(layer: nn.Module) -> Iterator[Tensor]:
    """Tensors that a layer of somebody's own holds in plain attributes or lists, which torch does not look into."""
    values = [] if kind(layer) else [value for name, value in vars(layer).items() if name not in _TORCH]
    seen: set[int] = set()
    while values:
        value = values.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, nn.Module):
            yield from (*value.parameters(), *value.buffers())
        elif isinstance(value, dict | list | tuple):
            values += value.values() if isinstance(value, dict) else value


def _everywhere(layer: nn.Module) -> Iterator[nn.Module]:
    """The layer and all in it, once for every place where it stands."""
    yield layer
    for inner in layer._modules.values():
        if inner is not None:
            yield from _everywhere(inner)
