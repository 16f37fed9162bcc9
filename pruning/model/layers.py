"""Single layers, as pruning sees them: where their units lie, behind which layers, and what is to be cut of each.

Whatever is not known to keep units apart is refused: a layer that mixes them makes another network of one that has
lost some.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from pruning.model.layer_kinds import (
    CONVOLUTIONS,
    KEEP_APART,
    NORMS,
    SPATIAL,
    UPSAMPLING,
    WEIGHTED,
    groups,
    is_per_unit,
    is_transposed,
    is_weighted,
    kind,
    tensors,
)
from pruning.model.unknown import why_unknown

TELL_AXES = "put nn.Flatten() before the linear layer, if its inputs are (N, features)"
CARRIERS = "activations, BatchNorm, InstanceNorm, dropout, pooling, padding, upsampling and nn.Flatten"
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


def start(layer: nn.Module, rank: int | None) -> Place:
    """Where the units lie in what a linear or convolutional layer makes of values with so many axes."""
    map_axes = WEIGHTED[kind(layer) or nn.Linear]
    return Place(-1 - map_axes, map_axes + 2 if map_axes else rank)


def rank_behind(layer: nn.Module, rank: int | None) -> int | None:
    """How many axes values with so many have behind a layer; None is any number."""
    what = kind(layer)
    if what in CONVOLUTIONS:
        return CONVOLUTIONS[what] + 2
    if what is nn.Flatten:
        first, last = _flattened_axes(layer, rank)
        return rank - max(last - first, 0) if rank else 2 if (first, last) == (1, -1) else None
    if len(ranks := NORMS.get(what or nn.Module, set())) == 1:
        return next(iter(ranks))
    return rank if what is nn.Linear or what in KEEP_APART or what in SPATIAL else None


def carried(layer: nn.Module, place: Place, n_units: int) -> Place:
    """Where the units lie behind a layer that keeps them apart. Raises NotKnown for any other."""
    what = kind(layer)
    if what is nn.Flatten:
        return _flattened(layer, place)
    if what in SPATIAL:
        if place.axis >= -SPATIAL[what]:
            raise NotKnown("works along the very axis of the units, and mixes them")
        if vars(layer).get("return_indices"):
            raise NotKnown("gives indices beside its values: set return_indices to False")
        return place
    if what in UPSAMPLING:
        if place.rank is None or not place.is_second:
            raise NotKnown("works along the very axis of the units, and mixes them")
        return place
    if what not in KEEP_APART:
        raise NotKnown(f"{why_unknown(layer)}; there may be {CARRIERS}")
    if not is_per_unit(layer):
        return place
    return _normalised(layer, place, n_units)


def read(layer: nn.Module, place: Place, n_units: int) -> int:
    """How many inputs of a linear or convolutional layer are of one unit. Raises NotKnown where that is unclear."""
    if groups(layer) > 1:
        raise NotKnown(f"takes them in {groups(layer)} groups, which do not come apart: only groups=1 can be cut")
    if place.axis != start(layer, None).axis:
        where = "last axis" if kind(layer) is nn.Linear else "axis of channels"
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
        raise NotKnown("works along another axis than that of the units, and may mix them")
    _share(width(layer), "features", place, n_units)
    if place.rank is None and not tensors(layer):  # with nothing to fall out of step, it would go wrong in silence
        raise NotKnown(f"has nothing that tells along which axis it works: {TELL_AXES}")
    return replace(place, rank=place.rank or 2)


def spreads(layer: nn.Module, place: Place) -> bool:
    """Whether, cut down to one feature, the layer would take it for all places on an axis that is not known."""
    return kind(layer) is nn.PReLU and is_per_unit(layer) and place.rank is None


def width(layer: nn.Module) -> int:
    """Of how many places a layer that `is_per_unit` has something. Raises NotKnown where its tensors disagree."""
    vectors = [value for value in _checked(layer).values() if value.ndim]
    count = len(vectors[0]) if kind(layer) is nn.PReLU else int(layer.num_features)  # type: ignore[arg-type]
    if any(value.shape != (count,) for value in vectors):
        raise NotKnown(f"has tensors of other lengths than its {count} features")
    return count


def _checked(layer: nn.Module) -> dict[str, Tensor]:
    """The tensors of a layer that is to be cut. Raises NotKnown where they are not the usual ones."""
    for name in (*layer._parameters, *layer._buffers, *layer._modules):
        if name not in _KNOWN_PARTS:
            raise NotKnown(f"holds {name!r} besides, and what that has to do with its units is not known")
    own = tensors(layer)
    for name, value in own.items():
        if value.layout != torch.strided:
            raise NotKnown(f"holds its {name} as {value.layout}: make it dense first, by to_dense()")
    return own


def _flattened(layer: nn.Module, place: Place) -> Place:
    """Behind nn.Flatten, which makes one axis of several."""
    first, last = _flattened_axes(layer, place.rank)
    rank = rank_behind(layer, place.rank)
    if place.rank is None or rank is None:  # the units lie on the last axis, which any in front may be joined to
        return Place(-1, rank, "outside")
    at = place.axis % place.rank
    if not first <= at <= last:
        return replace(place, axis=(at if at < first else at - last + first) - rank, rank=rank)
    joined = {side for side, joins in (("outside", first < at), ("inside", at < last)) if joins}
    joined |= {place.flattened} - {""}
    if len(joined) > 1 or (first == 0 and at > 0):
        raise NotKnown("flattens axes on both sides of the units into one, or that of the examples")
    return Place(first - rank, rank, *joined)


def _flattened_axes(layer: nn.Module, rank: int | None) -> tuple[int, int]:
    """The first and the last of them, counted from the front where it is known how many there are."""
    axes_of = (int(layer.start_dim), int(layer.end_dim))  # type: ignore[arg-type]
    return (axes_of[0] % rank, axes_of[1] % rank) if rank else axes_of
