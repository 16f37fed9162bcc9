"""Values as plain data: what comes back is what was there, and no bytes whatever run anything."""

from __future__ import annotations

import dataclasses
import os
import pickle
import random
from collections import OrderedDict
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cache import mending, plain_data, results, runs, services
from cache.plain_data import KEPT, NotPlain, packed, unpacked
from cache.visitor import Visit, VisitStore
from pruning import Experiment, ImageExperiment, Strategy
from pruning.data.task_of import task_of
from pruning.evaluation import Evaluated
from pruning.lottery.history import History
from pruning.study import Study, run_study
from tests.conftest import Here
from uncertainty.predictions import Predictions

NAN = float("nan")


def same(found: Any, value: Any) -> bool:
    """Equal in type, and in every number to the bit, and as writable."""
    if type(found) is not type(value):
        return False
    if isinstance(value, np.ndarray):
        kept = ("dtype", "shape")
        return (
            all(getattr(found, name) == getattr(value, name) for name in kept)
            and found.tobytes() == value.tobytes()
            and found.flags.writeable == value.flags.writeable
        )
    if dataclasses.is_dataclass(value):
        return all(same(getattr(found, f.name), getattr(value, f.name)) for f in dataclasses.fields(value))
    if isinstance(value, dict):
        return list(found) == list(value) and all(same(found[key], value[key]) for key in value)
    if isinstance(value, list | tuple):
        return len(found) == len(value) and all(map(same, found, value))
    return repr(found) == repr(value)


def read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        2**100,
        -0.0,
        NAN,
        "θ",
        b"\x00",
        [1, [2, (3, {"a": {4}})], frozenset({5})],
        {("a", 1): [np.arange(3)], "b": np.float32(0.1)},
        (np.float64(NAN), np.int8(-1), np.bool_(True), np.str_("word")),
        [],
        (),
        {},
        np.array(2.5),
        np.zeros((0, 3)),
        np.array([NAN, -0.0, np.inf]),
        np.arange(24, dtype=">i4").reshape(2, 3, 4),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(24.0).reshape(4, 6)[::2, 1:],
        np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2),
        np.array([True, False]),
        np.array(["zero", "one"]),
        np.array([b"ab"]),
        np.array([1j]),
        read_only(np.arange(3)),
        [Strategy.ITERATIVE, {"of": Strategy.ONE_SHOT}],
        Experiment(strategy="iterative", prune_ratio=0.8, hidden=(3, 4)),
        ImageExperiment(),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert same(unpacked(packed(value)), value)


def test_one_object_in_two_places_comes_back_as_one() -> None:
    """So nothing is kept twice, and what is remembered by identity still is."""
    array, experiment = np.arange(1000.0), Experiment()
    payload = packed({"a": array, "b": [array, experiment], "c": experiment})
    found = unpacked(payload)
    assert found["a"] is found["b"][0]
    assert found["c"] is found["b"][1]
    assert len(payload) < 1.2 * array.nbytes


def test_an_instance_comes_back_without_a_call_of_its_methods(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = packed(Experiment(seed=3))
    for name in ("__init__", "__post_init__", "__setattr__"):
        monkeypatch.setattr(Experiment, name, None)
    assert unpacked(payload).seed == 3


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.array([object()]), "dtype object holds more than numbers or texts"),
        ([{"a": np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])}], "holds more than numbers"),
        (object(), "builtins.object is not among"),
        (os.system, "builtin_function_or_method is not among"),
        (Experiment, "builtins.type is not among"),
        (OrderedDict(a=1), "OrderedDict is not among"),
        (Path("a"), "PosixPath is not among"),
    ],
    ids=["objects", "records", "object", "function", "class", "ordered", "path"],
)
def test_what_is_no_plain_data_is_refused_by_name(value: Any, message: str) -> None:
    with pytest.raises(NotPlain, match=message):
        packed(value)


@pytest.mark.parametrize("name", sorted(KEPT))
def test_every_kind_that_is_kept_is_a_dataclass_or_an_enum(name: str) -> None:
    """One of this project, under the very name it has; a field that is not kept by fields would be lost."""
    module, _, kind = name.rpartition(".")
    found = getattr(import_module(module), kind)
    assert f"{found.__module__}.{found.__qualname__}" == name
    assert dataclasses.is_dataclass(found) or issubclass(found, Enum)
    assert not {"__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"} & vars(found).keys() or issubclass(
        found, Enum
    )


class Silent:
    """Nobody looks at the progress."""

    def progress(self, share: float, text: str) -> None:
        """Shown to nobody."""


def test_all_that_runs_studies_and_pictures_leave_is_kept(here: Here) -> None:
    """Networks, answers, points, recordings, planes, tables: each is on disk, and none is refused."""
    small = Experiment(points=100, hidden=(4,), max_epochs=2, prune_ratio=0.5)
    visit, store = Visit(VisitStore()), services.services().store
    *_, outcome = results.outcomes(small, Silent(), visit)
    results.recording(small, Silent(), visit)
    box = (-2.0, 2.0, -2.0, 2.0)
    results.plane(small, outcome.pruned, task_of(small), box, store)
    results.draws(small, outcome.pruned, task_of(small), box, store, outcome.source)
    mending.by_objective(Evaluated(outcome), outcome.pruned)
    runs.train(ImageExperiment(train_images=50, max_epochs=1), lambda *_, **__: None)
    run_study(Study(small, ("one_shot",), ratios=(0.5,), seeds=(0,)), kept=store)
    assert store.note is None
    files = list(store.folder.rglob("output.pkl"))
    assert len(files) == len(store._memory) > 40
    kinds = {type(value).__name__ for _, value in store._memory.values()}
    assert kinds >= {"TrainedNetwork", "TimedPredictions", "Fresh", "Task", "Recording", "Plane", "float", "list"}


# What others may have made


class Bomb:
    """Unpickling it calls a function."""

    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call[0], self.call[1:]


def hostile(exploded: Path) -> list[bytes]:
    """Payloads that run something, or make what could, for whoever reads them as pickles usually are read."""
    touch = f"touch {exploded}"
    bombs = (
        Bomb(os.system, touch),
        Bomb(eval, f"__import__('os').system({touch!r})"),
        Bomb(getattr, Experiment, "key"),  # a way to any function from an allowed class
        Bomb(np.ndarray, (1,), "O"),
        Bomb(np.dtype, "O"),
        Bomb(import_module, "pruning.data.image_download"),
        np.array([Bomb(os.system, touch)]),  # an array of objects
        Experiment(),  # even an honest one: classes are named, and not made by pickle
        np.arange(3),
    )
    by_hand = (
        b"cos\nsystem\n(S'" + touch.encode() + b"'\ntR.",  # protocol 0
        b"(S'" + touch.encode() + b"'\nios\nsystem\n.",  # INST
        b"\x80\x02(cos\nsystem\nU\x01ao.",  # OBJ
        b"\x82\x01.",  # a class by the number of an extension
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL
        b"Psomething\n.",  # a persistent name
        b"\x80\x05\x97.",  # a buffer that lies elsewhere
    )
    trees = [pickle.dumps(tree, 5) for bomb in bombs for tree in (bomb, ("plain", bomb), ("list", [bomb]))]
    return [*trees, *by_hand]


def test_nothing_that_is_read_runs(tmp_path: Path) -> None:
    exploded = tmp_path / "exploded"
    payloads = hostile(exploded)
    for payload in payloads:
        with pytest.raises(Exception):  # noqa: B017, PT011  # of whichever kind
            unpacked(payload)
        assert not exploded.exists()
    pickle.loads(payloads[0])
    assert exploded.exists()  # it does work


NAME = f"{History.__module__}.{History.__qualname__}"


@pytest.mark.parametrize(
    "node",
    [
        ("array", "|O", (1,), "C", bytes(8)),
        ("array", "O", (1,), "C", bytes(8)),
        ("array", "<f8,O", (1,), "C", bytes(16)),
        ("array", "|V8", (1,), "C", bytes(8)),
        ("array", "<f8\n", (1,), "C", bytes(8)),
        ("array", ["<f8"], (1,), "C", bytes(8)),
        ("array", "<f8", (2,), "C", bytes(8)),  # beyond its bytes
        ("array", "<f8", (1,), "C", bytes(9)),
        ("array", "<f8", (-1,), "C", bytes(8)),
        ("array", "<f8", (2**62, 2**62), "C", bytes(8)),
        ("array", "<f8", "1", "C", bytes(8)),
        ("array", "<f8", (1,), "X", bytes(8)),
        ("array", "<f8", (1,), "C", "a text!!"),
        ("array", "<f8", (1,), "C"),
        ("scalar", "|O", bytes(8)),
        ("instance", "builtins.object", {}, {}),
        ("instance", "os.environ", {}, {}),
        ("instance", "pruning.experiment.fields", {}, {}),
        ("instance", "pruning.options.Strategy", {}, {}),
        ("instance", NAME, {}, {}),
        ("instance", NAME, {"__class__": 1}, {}),
        ("instance", [NAME], {}, {}),
        ("member", "pruning.options.Strategy", "__class__"),
        ("member", "pruning.options.Strategy", "mro"),
        ("member", NAME, "epochs"),
        ("dict", [("plain", 1)], []),
        ("dict", [("list", [])], [("plain", 1)]),
        ("value",),
        ("__init__",),
        (),
        "plain",
        {"plain": 1},
        None,
    ],
    ids=repr,
)
def test_a_tree_that_is_no_value_is_damage(node: Any) -> None:
    """Whatever stands where a node is expected: no class that is not kept, no field too many, no byte beyond."""
    for tree in (node, ("list", [("plain", 1), node])):
        with pytest.raises((ValueError, TypeError, KeyError, LookupError, AttributeError)):
            unpacked(pickle.dumps(tree, 5))


def test_trees_that_grow_without_end_are_damage() -> None:
    """One that holds itself, and one that is deeper than can be followed."""
    loop: list[Any] = []
    loop.append(("list", loop))
    levels = 100_000
    deep = b"\x80\x05" + b"\x8c\x04list]" * levels + pickle.dumps(("plain", 1))[2:-1] + b"a\x86" * levels + b"."
    for payload in (pickle.dumps(("list", loop)), deep):
        with pytest.raises(RecursionError):
            unpacked(payload)


def test_a_bomb_of_references_is_one_value() -> None:
    """Ten lists of the same ten lists, and so on: each is made once."""
    node: Any = ("list", [("array", "<f8", (1,), "C", bytes(8))] * 10)
    for _ in range(50):
        node = ("list", [node] * 10)
    assert len(unpacked(pickle.dumps(node, 5))) == 10


def test_random_damage_runs_nothing_and_ends() -> None:
    """Bytes turned over in an honest payload give a value or an exception, and never the end of the process."""
    draw = random.Random(0)
    samples = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    answer = object.__new__(Predictions)
    for field in dataclasses.fields(Predictions):
        object.__setattr__(answer, field.name, samples)
    whole = packed([answer, {"a": Strategy.ONE_SHOT, "b": np.float64(2)}])
    for _ in range(3000):
        damaged = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] = draw.randrange(256)
        try:
            found = unpacked(bytes(damaged))
        except Exception:
            continue
        assert isinstance(repr(found), str)


def test_kept_names_are_looked_up_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No module is imported because a file names it."""
    asked: list[str] = []
    monkeypatch.setattr(plain_data, "import_module", lambda name: asked.append(name))
    for name in ("antigravity.Class", "pruning.data.image_download.Fetching"):
        with pytest.raises(ValueError, match=f"{name} is not among the classes"):
            unpacked(pickle.dumps(("instance", name, {}, {})))
    assert asked == []
