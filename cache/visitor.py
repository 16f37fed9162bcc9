"""What belongs to one visitor alone: points of their own, and results that nobody else will ask for."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from pruning.data.csv_points import Points

SHELF_BYTES = 64 * 2**20


class Shelf:
    """The last results that nobody but one visitor will ask for, in memory, gone when the visitor goes.

    `size` bounds them, in bytes of their pickles; a result larger than that is not kept.
    """

    def __init__(self, size: int = SHELF_BYTES) -> None:
        self._results: LRUCache[str, tuple[int, Any]] = LRUCache(size, getsizeof=lambda item: item[0])
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        with self._lock:
            return self._results.get(key, (0, None))[1]

    def fetch(self, key: str, compute: Callable[[], Any], waiting: Callable[[], None] | None = None) -> Any:
        """What is kept under the key or, where nothing is, what `compute` returns; nobody else computes it."""
        result = self.get(key)
        if result is None:
            result = compute()
            size = len(pickle.dumps(result))
            with self._lock:
                if size <= self._results.maxsize:
                    self._results[key] = (size, result)
        return result


@dataclass(frozen=True, eq=False)
class Visit:
    """Where one visitor's results are kept, never on disk, and the points they brought, if any."""

    shelf: Shelf
    points: Points | None = None
