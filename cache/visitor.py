"""What belongs to one visitor alone: points of their own, and results that nobody else will ask for."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from cache.turns import NOBODY, Visitor
from pruning.data.own_points import Points

VISIT_BYTES = 64 * 2**20


class VisitStore:
    """The last results that nobody but one visitor will ask for, in memory, gone when the visitor goes.

    `size` bounds them, in bytes of their pickles; a result larger than that is not kept.
    """

    def __init__(self, size: int = VISIT_BYTES) -> None:
        self._results: LRUCache[str, tuple[int, Any]] = LRUCache(size, getsizeof=lambda item: item[0])
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        with self._lock:
            return self._results.get(key, (0, None))[1]

    def fetch(self, key: str, compute: Callable[[], Any], waiting: Callable[[], None] | None = None) -> Any:
        """What is kept under the key or, where nothing is, what `compute` returns; nobody else computes it."""
        return self.fetch_all([key], lambda missing: {key: compute()}, waiting)[key]

    def fetch_all(
        self,
        keys: Collection[str],
        compute: Callable[[Collection[str]], Mapping[str, Any]],
        waiting: Callable[[], None] | None = None,
        alone: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """What is kept under the keys; `compute` takes those that are missing and returns at least these."""
        found = {key: self.get(key) for key in keys}
        missing = [key for key, value in found.items() if value is None]
        computed = self.keep(compute(missing)) if missing else {}
        return {key: computed.get(key, found[key]) for key in keys}

    def keep(self, results: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep these results, as far as there is room; the results themselves."""
        for key, result in results.items():
            size = len(pickle.dumps(result))
            with self._lock:
                if size <= self._results.maxsize:
                    self._results[key] = (size, result)
        return results


@dataclass(frozen=True, eq=False)
class Visit:
    """Where one visitor's results are kept, never on disk, the points they brought, if any, and who they are."""

    store: VisitStore
    points: Points | None = None
    visitor: Visitor = NOBODY
