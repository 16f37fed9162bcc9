"""What the tests of pages and of stored results share: workers without processes, and a store of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cache import image_runs, results
from cache.jobs import Jobs
from cache.store import Store
from pruning import Network
from pruning.lottery.image_plan import Step
from pruning.model import cost


class Here:
    """Workers that are this thread and note what they train; `instead` is carried out where it is set."""

    count = 1

    def __init__(self) -> None:
        self.trained: list[Step] = []
        self.instead: Callable[..., Network] | None = None

    @property
    def keys(self) -> list[str]:
        return [step.key for step in self.trained]

    @property
    def ratios(self) -> list[float]:
        return [step.prune_ratio for step in self.trained]

    def call(self, function: Callable[..., Network], *args: Any, report: Callable[[Any], None]) -> Network:
        self.trained.append(args[1])
        return (self.instead or function)(*args, report=report)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    """An empty store, a queue of its own, and workers without processes."""
    workers, jobs = Here(), Jobs()
    monkeypatch.setattr(results, "STORE", Store(tmp_path / "store", "test"))
    monkeypatch.setattr(image_runs, "_workers_and_queue", lambda: (workers, jobs))
    monkeypatch.setattr(cost, "latency", partial(cost.latency, repeats=1))
    return workers
