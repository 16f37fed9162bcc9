"""A network found fit to be asked: in evaluation mode, its inputs' type known, and what a pass of it does.

A pass over two inputs tells it, layer by layer where the network is a sequential. Layers that are not
known by their type are watched. What cannot be served is refused with the layer's name, for the
alternative is a number that is silently another one.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from uncertainty.batches import Inputs, is_whole, pick, tensor
from uncertainty.dropout import OF_LAYERS, Drop, check_maskable, check_off
from uncertainty.evaluating import evaluating, training
from uncertainty.layers import flat_layers, is_known, keeps_values
from uncertainty.refusal import Refused, described, kind, names_of
from uncertainty.unit_dropout import UnitDropout
from uncertainty.watching import NoChance, Watching


@dataclass(frozen=True, eq=False)
class Examined:
    """A network in evaluation mode, and what is known of a pass of it."""

    model: nn.Module
    layers: list[nn.Module]  # nested sequentials opened; the model itself if it is none
    few: Tensor  # two of the inputs, in the type and on the device that it takes
    drops: list[Drop | None]  # the calls of dropout in order; None is switched off in training too
    places: list[int]  # in which layer each of them is
    largest: int  # activations of one input in the largest layer
    total: int  # and in all of them
    apart: bool  # whether what is beside an input changes nothing for it

    @property
    def name(self) -> str:
        return kind(self.model)

    @property
    def streams(self) -> list[tuple[int, ...]]:
        """The stream of random numbers of each dropout: by its layer, counted from the first that has one.

        Further calls within a layer are numbered too.
        """
        within = (self.places[:i].count(place) for i, place in enumerate(self.places))
        return [
            (place - self.places[0], call) if call else (place - self.places[0],)
            for place, call in zip(self.places, within, strict=True)
        ]

    def last_alone(self) -> Examined:
        """The same with every dropout switched off but the last that training switches on; it keeps its stream."""
        last = max(at for at, drop in enumerate(self.drops) if drop)
        return replace(self, drops=[drop if at == last else None for at, drop in enumerate(self.drops)])

    def batch(self, inputs: Inputs) -> Tensor:
        return tensor(inputs, self.few.dtype, self.few.device)

    def logits(self, batch: Tensor) -> Tensor:
        """Logits (N, C) with dropout off. The batch may be overwritten."""
        with torch.no_grad():
            return checked_logits(self.model(batch), len(batch), self.name)

    def check_blocks(self, rows: int, n: int) -> None:
        """Raises ValueError where n inputs do not fit one pass, and the answer depends on what shares it."""
        if n > rows and not self.apart:
            raise Refused(
                f"what {self.name} answers for an input depends on the inputs beside it (a normalisation by the "
                f"batch, say), and {n} inputs are more than the {rows} of one pass; ask for at most {rows} at a time"
            )


def examine(model: nn.Module, inputs: Inputs, *, thinning: bool) -> Examined:
    """The network, once it is found to give logits (N, C) that depend on the inputs alone.

    thinning: also be sure that there is no dropout but what masks can be given to.
    Raises TypeError for what is no network, ValueError for one that cannot be served.
    """
    model = evaluating(model)
    layers = flat_layers(model)
    few = tensor(pick(inputs, [0, -1]), *_taken(model, inputs))
    seen = _Pass(model, thinning, trained=thinning)
    logits = seen.through(layers, few)
    _check_no_probabilities(seen, layers, few, logits)
    apart = all(is_known(layer) for layer in layers) or _is_apart(seen, layers, few, logits)
    return Examined(model, layers, few, seen.drops, seen.places, seen.largest, seen.total, apart)


def checked_logits(output: object, n: int, name: str) -> Tensor:
    """The network's output, once it is found to be logits (n, C)."""
    if not isinstance(output, Tensor):
        raise Refused(
            f"{name} returns a {kind(output)}; a tensor of logits (N, C) is needed: "
            "wrap it in a module whose forward picks them out"
        )
    if output.ndim != 2 or len(output) != n or not output.is_floating_point():
        raise Refused(
            f"{name} returns {described(output)} for {n} inputs; logits of shape ({n}, C), "
            "with a column for each class, are needed"
        )
    if output.shape[1] < 2:
        raise Refused(
            f"{name} returns {described(output)}, one output; logits (N, C) need at least two columns. "
            "Where it is the logit z of the second of two classes, return the columns 0 and z"
        )
    return output


def _taken(model: nn.Module, inputs: Inputs) -> tuple[torch.dtype, torch.device]:
    """The type and device of the inputs: those of the weights, but whole numbers for an embedding."""
    tensors = chain(model.parameters(), model.buffers())
    first = next((t for t in tensors if t.is_floating_point()), torch.empty(0))
    if is_whole(inputs) and any(isinstance(module, nn.Embedding | nn.EmbeddingBag) for module in model.modules()):
        return torch.int64, first.device
    return first.dtype, first.device


@dataclass(eq=False)
class _Pass:
    """A pass over a few inputs, layer by layer."""

    model: nn.Module
    thinning: bool
    trained: bool  # whether to look at what training does, too
    drops: list[Drop | None] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    largest: int = 1
    total: int = 1
    ending: str | None = None  # what made probabilities of the values, if something did

    @torch.no_grad()
    def through(self, layers: list[nn.Module], few: Tensor) -> Tensor:
        """Logits of a few inputs (n, …), once they are found to be that."""
        values = few.clone()
        for place, layer in enumerate(layers):
            try:
                values = (self._known if is_known(layer) else self._watched)(layer, values, len(few))
            except Refused:
                raise
            except Exception as error:
                raise Refused(
                    f"{kind(self.model)} cannot take inputs that are {described(few)}: in "
                    f"{names_of(self.model)[id(layer)]} {kind(error)}: {error}"
                ) from error
            self.places += [place] * (len(self.drops) - len(self.places))
        logits = checked_logits(values, len(few), kind(self.model))
        if self.ending:
            raise Refused(
                f"{kind(self.model)} ends in {self.ending}, so it returns probabilities; logits (N, C) are needed: "
                "leave that out, for softmax is applied to what the model returns"
            )
        return logits

    def _known(self, layer: nn.Module, values: Tensor, n: int) -> Tensor:
        if isinstance(layer, _DropoutNd):
            there = layer.there if isinstance(layer, UnitDropout) else None
            drop = Drop(OF_LAYERS[type(layer)], values, float(layer.p), False, layer.inplace, there)
            self._see(drop, n, lambda: names_of(self.model)[id(layer)])
            return values
        values = layer(values)
        self.ending = self.ending if keeps_values(layer) else None
        self.largest = max(self.largest, values.numel() // n)
        self.total += values.numel() // n
        return values

    def _watched(self, layer: nn.Module, values: Tensor, n: int) -> Tensor:
        names, first, copied = names_of(self.model), len(self.drops), values.clone()
        with NoChance(names, training=False), Watching(names, lambda drop, where: self._see(drop, n, where)) as seen:
            if self.ending:
                seen.squashed(values, self.ending)
            output = layer(values)
        self.ending = seen.ending(output)
        self.largest = max(self.largest, seen.largest // n)
        self.total += seen.total // n
        if self.trained:
            _check_scripts(layer, names)
            self.drops[first:] = _switched_on(layer, names, copied, self.drops[first:])
        return output

    def _see(self, drop: Drop, n: int, where: Callable[[], str]) -> None:
        check_off(drop, where)
        if self.thinning:
            check_maskable(drop, n, where)
        self.drops.append(drop)


def _switched_on(
    layer: nn.Module, names: dict[int, str], values: Tensor, drops: list[Drop | None]
) -> list[Drop | None]:
    """The calls of dropout that training switches on; None for the others. Raises where it draws anything else."""
    twin, seen = training(layer), []
    if twin is None:  # it cannot be tried, so that all count
        _check_untried(layer, names)
        return drops
    names = {id(copied): names[id(m)] for copied, m in zip(twin.modules(), layer.modules(), strict=True)}
    try:
        with NoChance(names, training=True), Watching(names, lambda drop, where: seen.append(drop)):
            twin(values)
    except Refused:
        raise
    except Exception:  # some networks need more than inputs to be trained
        _check_untried(twin, names)
        return drops
    if [drop.function for drop in seen] != [drop.function for drop in drops if drop]:
        raise Refused(
            f"{kind(layer)} calls dropout {len(seen)} times in training mode and {len(drops)} times in evaluation "
            "mode, so that it cannot be told which are meant; call the same layers in both"
        )
    return [drop if active.training else None for drop, active in zip(drops, seen, strict=True)]


def _check_untried(layer: nn.Module, names: dict[int, str]) -> None:
    """Refuse dropout within layers of torch's own, which only a pass in training mode would show."""
    for module in layer.modules():
        within = isinstance(module, nn.RNNBase) and module.num_layers > 1
        p = float(vars(module).get("dropout", 0)) if within or isinstance(module, nn.MultiheadAttention) else 0.0
        if p > 0:
            raise Refused(
                f"{names[id(module)]} has dropout of its own, p = {p:g}, which cannot be given masks; set that "
                "to 0, and put nn.Dropout layers beside it"
            )


def _check_scripts(layer: nn.Module, names: dict[int, str]) -> None:
    for module in layer.modules():
        if isinstance(module, torch.jit.ScriptModule) and "dropout" in str(getattr(module, "inlined_graph", "")):
            raise Refused(
                f"{names[id(module)]} is TorchScript, whose dropout cannot be given masks; "
                "hand over the nn.Module that it was made from"
            )


def _check_no_probabilities(seen: _Pass, layers: list[nn.Module], few: Tensor, logits: Tensor) -> None:
    """Refuse what a network has made into probabilities in a way of its own, told by its sums.

    Other inputs are tried too. Where all give the same, or nothing but whole numbers, it may well be logits.
    """
    if not _sum_to_one(logits):
        return
    others = 1 - few if few.is_floating_point() else few.flip(-1)
    with suppress(Refused):  # it need not take them
        logits = torch.cat([logits, _Pass(seen.model, False, trained=False).through(layers, others)])
    logits = logits[logits.isfinite().all(dim=1)]
    if _sum_to_one(logits) and (logits != logits[0]).any() and (logits % 1 != 0).any():
        raise Refused(
            f"what {kind(seen.model)} returns sums to 1 in every row and is never negative: these are probabilities, "
            "and logits (N, C) are needed, for softmax is applied to what the model returns; leave its last step out"
        )


def _sum_to_one(logits: Tensor) -> bool:
    """Whether all rows are distributions but for rounding, and none of them is NaN."""
    tolerance = max(1e-5, 2 * torch.finfo(logits.dtype).eps)
    return bool((logits >= 0).all() and ((logits.double().sum(dim=1) - 1).abs() <= tolerance).all())


def _is_apart(seen: _Pass, layers: list[nn.Module], few: Tensor, logits: Tensor) -> bool:
    """Whether a third input beside the two changes nothing for them. Raises where they alone give something else."""
    three = _Pass(seen.model, seen.thinning, trained=False)
    if close(three.through(layers, torch.cat([few, few[:1]]))[:2], logits):
        return True
    if not close(_Pass(seen.model, False, trained=False).through(layers, few), logits):
        raise Refused(f"{kind(seen.model)} gives other values for the same inputs from one pass to the next")
    return False


def close(left: Tensor, right: Tensor, power: float = 0.5) -> bool:
    """Whether two sets of logits are equal but for rounding."""
    scale = float(right.abs().nan_to_num(0, 0, 0).max())
    tolerance = torch.finfo(right.dtype).eps ** power * max(scale, 1e-3)
    return left.shape == right.shape and torch.allclose(left, right, rtol=0, atol=tolerance, equal_nan=True)
