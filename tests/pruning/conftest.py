"""What the tests of `pruning` share: a small experiment, its outcomes, and how two outcomes are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache, partial
from typing import Any

import numpy as np
import pytest

from pruning import RATIOS, Experiment, Outcome, run
from pruning.model import cost
from pruning.training.threads import one_thread

MEASURED = ("latency", "seconds", "fitting", "asking")  # by a clock: no two runs have the same
SMALL = {"points": 200, "hidden": (12, 8), "max_epochs": 30, "patience": 5, "learning_rate": 0.03, "data_seed": 1}


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    """Small networks are slower on two threads, far slower on a busy machine."""
    with one_thread():
        yield


@pytest.fixture(autouse=True, scope="session")
def _brief_latency() -> Iterator[None]:
    """A clock read once tells as much to a test as the median of many readings."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield


@pytest.fixture(scope="session")
def small() -> Callable[..., Experiment]:
    """A function from a few fields to an experiment that runs in a moment."""

    def make(**changes: Any) -> Experiment:
        return Experiment(**{**SMALL, **changes})

    return make


@pytest.fixture(scope="session")
def outcome_of(small: Callable[..., Experiment]) -> Callable[..., Outcome]:
    """A function from a few fields to the outcome of the small experiment, over all of RATIOS; computed once."""

    @cache
    def compute(*, ratios: tuple[float, ...] = RATIOS, **changes: Any) -> Outcome:
        return run(small(**changes), ratios=ratios)

    return compute


@pytest.fixture(scope="session")
def differences() -> Callable[[Any, Any], list[str]]:
    """A function that names the parts in which two results differ by at least a bit, clocks aside."""

    def compare(a: Any, b: Any, name: str = "result") -> list[str]:
        if type(a) is not type(b):
            return [name]
        if is_dataclass(a):
            names = [field.name for field in fields(a) if field.name not in MEASURED]
            return [d for n in names for d in compare(getattr(a, n), getattr(b, n), f"{name}.{n}")]
        if isinstance(a, dict):
            if list(a) != list(b):
                return [name]
            return [d for key in a for d in compare(a[key], b[key], f"{name}[{key!r}]")]
        if isinstance(a, list | tuple):
            if len(a) != len(b):
                return [name]
            return [d for i, (x, y) in enumerate(zip(a, b, strict=True)) for d in compare(x, y, f"{name}[{i}]")]
        if hasattr(a, "numpy"):  # a tensor
            a, b = a.numpy(), b.numpy()
        if isinstance(a, np.ndarray):
            same = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        else:
            same = a == b
        return [] if same else [name]

    return compare
