"""How many threads PyTorch computes with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import torch

MAX_THREADS = 64


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Run torch on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_thread() -> AbstractContextManager[None]:
    """Run torch on one thread: for networks this small a second one only waits for the first."""
    return threads(1)


def thread_count() -> int:
    """Threads of one training on images: EXPLORER_THREADS, or one.

    Two are faster on idle cores, far slower on busy ones. Raises ValueError for a wish that is no such number.
    """
    wish = os.environ.get("EXPLORER_THREADS") or "1"
    if not (wish.isdecimal() and 1 <= int(wish) <= MAX_THREADS):
        raise ValueError(f"EXPLORER_THREADS is {wish!r}; it must be a whole number from 1 to {MAX_THREADS}")
    return int(wish)
