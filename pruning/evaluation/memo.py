"""Memoise by object identity: what was worked out about a network or a recording, as long as that is in memory.

It is what its object is: a stored one is unpickled once, and shown to many visitors many times,
while one slider asks for the same few numbers again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")
_NOTES: WeakKeyDictionary[Any, dict[Any, Any]] = WeakKeyDictionary()
_GUARD = threading.Lock()


def remembered(of: Any, what: Any, compute: Callable[[], T]) -> T:
    """What `compute` once returned for this object and this question about it, `what` (hashable)."""
    with _GUARD:
        notes = _NOTES.setdefault(of, {})
    if what not in notes:
        notes[what] = compute()  # twice, if two ask at once: cheaper than making one wait
    return notes[what]
