"""Values as plain data, in a form that runs nothing when it is read.

A value becomes a tree of numbers, strings, bytes, lists, tuples, dictionaries and sets. Pickle writes that tree, and
reads it with every way to a class or function closed, so that nothing can come of a file but such a tree. Arrays, and
instances of the classes in `KEPT`, are then made of it here, field by field; no method of theirs is called.
"""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from functools import cache
from importlib import import_module
from typing import IO, Any

import numpy as np

# Dataclasses and enums that results are made of; a class that is missing here costs the keeping of its results.
KEPT = frozenset(
    {
        "pruning.data.plane_tasks.Task",
        "pruning.evaluation.mending.Mended",
        "pruning.evaluation.mending.MendedSamples",
        "pruning.experiment.Experiment",
        "pruning.experiment.ImageExperiment",
        "pruning.inspect.plane.Plane",
        "pruning.inspect.replay.Check",
        "pruning.inspect.replay.Phase",
        "pruning.inspect.replay.Recording",
        "pruning.lottery.history.History",
        "pruning.options.Architecture",
        "pruning.options.Criterion",
        "pruning.options.Dataset",
        "pruning.options.DropoutRule",
        "pruning.options.ImageSet",
        "pruning.options.PrunedLayers",
        "pruning.options.Scope",
        "pruning.options.Strategy",
        "pruning.outcome.Fresh",
        "pruning.outcome.TrainedNetwork",
        "uncertainty.estimate.Estimate",
        "uncertainty.paired.Difference",
        "uncertainty.predictions.Predictions",
        "uncertainty.temperature.Objective",
        "uncertainty.timed.TimedPredictions",
    }
)
DTYPE = re.compile(r"[<>|][biufcSU]\d+")  # of truth values, numbers and texts; none that holds objects
SIMPLE = {type(None), bool, int, float, str, bytes}
COLLECTIONS = {list, tuple, set, frozenset}
Node = Sequence[Any]
"""A kind, as in `_READERS`, and what it is made of."""


class NotPlain(TypeError):
    """Something in a value can become no plain data."""


def packed(value: Any) -> bytes:
    """A value as bytes; what of it is one object comes back as one. Raises NotPlain, or RecursionError."""
    return pickle.dumps(_Writer().node(value), 5)


def unpacked(payload: bytes) -> Any:
    """The value again. Whatever the bytes are, nothing is run: they are a value or raise some exception."""
    return _Reader().value(read_tree(io.BytesIO(payload)))


def read_tree(file: IO[bytes]) -> Any:
    """What a pickle holds that needs neither class nor function; raises some exception for any other."""
    return _Closed(file).load()


class _Closed(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain data")


class _Writer:
    def __init__(self) -> None:
        self._seen: dict[int, Node] = {}  # arrays and instances by identity; the value holds them meanwhile

    def node(self, value: Any) -> Node:
        kind = type(value)
        if kind in SIMPLE:
            return "plain", value
        if kind is dict:
            nodes = [self.node(each) for each in (*value.keys(), *value.values())]
            return ("plain", value) if _all_plain(nodes) else ("dict", nodes[: len(value)], nodes[len(value) :])
        if kind in COLLECTIONS:
            nodes = [self.node(each) for each in value]
            return ("plain", value) if _all_plain(nodes) else (kind.__name__, nodes)
        if id(value) not in self._seen:
            self._seen[id(value)] = self._made(value, kind)
        return self._seen[id(value)]

    def _made(self, value: Any, kind: type) -> Node:
        if kind is np.ndarray or issubclass(kind, np.generic):
            return _array_node(value)
        name = f"{kind.__module__}.{kind.__qualname__}"
        if name not in KEPT:
            raise NotPlain(f"{name} is not among the classes of which results may be made")
        if isinstance(value, Enum):
            return "member", name, value.name
        nodes = {field.name: self.node(getattr(value, field.name)) for field in fields(value)}
        plain = {field: node[1] for field, node in nodes.items() if node[0] == "plain"}
        return "instance", name, plain, {field: node for field, node in nodes.items() if field not in plain}


def _all_plain(nodes: list[Node]) -> bool:
    return all(node[0] == "plain" for node in nodes)


def _array_node(value: np.ndarray | np.generic) -> Node:
    """The bytes of an array as they lie in memory, without a copy where they lie together."""
    if not DTYPE.fullmatch(value.dtype.str):
        raise NotPlain(f"an array of dtype {value.dtype} holds more than numbers or texts")
    if isinstance(value, np.generic):
        return "scalar", value.dtype.str, value.tobytes()
    by_columns = value.flags.f_contiguous and not value.flags.c_contiguous
    whole = value if by_columns else np.ascontiguousarray(value).reshape(value.shape)
    return "array", value.dtype.str, value.shape, "F" if by_columns else "C", pickle.PickleBuffer(whole)  # type: ignore[arg-type]


class _Reader:
    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}  # by the identity of nodes; the tree holds them meanwhile

    def value(self, node: Any) -> Any:
        kind, *parts = node
        if kind == "plain":
            return parts[0]
        if id(node) not in self._seen:
            self._seen[id(node)] = _READERS[kind](self, *parts)
        return self._seen[id(node)]

    def dictionary(self, keys: list[Node], values: list[Node]) -> dict[Any, Any]:
        return dict(zip(map(self.value, keys), map(self.value, values), strict=True))

    def instance(self, name: str, plain: Mapping[str, Any], nodes: Mapping[str, Node]) -> Any:
        values = {**plain, **{field: self.value(node) for field, node in nodes.items()}}
        if values.keys() != _fields(name):
            raise ValueError(f"{name} has other fields than {', '.join(map(str, values))}")
        made: Any = object.__new__(_kept(name))
        vars(made).update(values)  # as a frozen one allows it
        return made

    def member(self, name: str, member: str) -> Enum:
        kind = _kept(name)
        if not issubclass(kind, Enum):
            raise ValueError(f"{name} has no members")
        return kind[member]


def _array(dtype: str, shape: tuple[int, ...], order: str, data: bytes | bytearray) -> np.ndarray:
    """An array upon the bytes that were read; it can be written to where the one that was kept could."""
    if type(data) is not bytearray and type(data) is not bytes:
        raise ValueError(f"no array is kept as {type(data).__name__}")
    found = np.ndarray(shape, _dtype(dtype), data, order=order)  # type: ignore[arg-type]
    if found.nbytes != len(data) or found.shape != shape:  # NumPy makes something of a length of -1
        raise ValueError(f"{len(data)} bytes are not of shape {shape} and dtype {dtype}")
    return found


@cache
def _dtype(name: str) -> np.dtype[Any]:
    if not DTYPE.fullmatch(name):
        raise ValueError(f"no array is kept with dtype {name!r}")
    return np.dtype(name)


@cache
def _fields(name: str) -> frozenset[str]:
    return frozenset(field.name for field in fields(_kept(name)))


@cache
def _kept(name: str) -> type:
    """A class by its name; no other module is imported for it than those in `KEPT`."""
    if name not in KEPT:
        raise ValueError(f"{name} is not among the classes of which results may be made")
    module, _, kind = name.rpartition(".")
    found: type = getattr(import_module(module), kind)
    return found


_READERS: dict[str, Callable[..., Any]] = {
    "list": lambda reader, nodes: [reader.value(node) for node in nodes],
    "tuple": lambda reader, nodes: tuple([reader.value(node) for node in nodes]),
    "set": lambda reader, nodes: {reader.value(node) for node in nodes},
    "frozenset": lambda reader, nodes: frozenset([reader.value(node) for node in nodes]),
    "dict": _Reader.dictionary,
    "array": lambda reader, *parts: _array(*parts),
    "scalar": lambda reader, dtype, data: _array(dtype, (), "C", data)[()],
    "instance": _Reader.instance,
    "member": _Reader.member,
}
