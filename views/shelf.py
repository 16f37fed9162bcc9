"""What belongs to one visitor alone: points of their own, and results that nobody else will ask for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from pruning.points import Points


class Shelf:
    """The last few results that nobody but one visitor will ask for, in memory, gone when the visitor goes."""

    def __init__(self, size: int = 24) -> None:
        self._results: LRUCache[str, Any] = LRUCache(size)
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        with self._lock:
            return self._results.get(key)

    def fetch(self, key: str, compute: Callable[[], Any], waiting: Callable[[], None] | None = None) -> Any:
        """What is kept under the key or, where nothing is, what `compute` returns; nobody else computes it."""
        result = self.get(key)
        if result is None:
            result = compute()
            with self._lock:
                self._results[key] = result
        return result


@dataclass(frozen=True, eq=False)
class Own:
    """A visitor's own points, and where the results that they lead to are kept: never on disk."""

    points: Points
    shelf: Shelf
