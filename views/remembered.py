"""What has been worked out about a network, for as long as that network is in memory.

A network is what its object is: a stored one is unpickled once, and shown to many visitors many
times, while one slider asks for the same few numbers again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from pruning import Network

T = TypeVar("T")
_NOTES: WeakKeyDictionary[Network, dict[Any, Any]] = WeakKeyDictionary()
_GUARD = threading.Lock()


def remembered(network: Network, what: Any, compute: Callable[[], T]) -> T:
    """What `compute` once returned for this network and this question, `what` (hashable)."""
    with _GUARD:
        notes = _NOTES.setdefault(network, {})
    if what not in notes:
        notes[what] = compute()  # twice, if two ask at once: cheaper than making one wait
    return notes[what]
