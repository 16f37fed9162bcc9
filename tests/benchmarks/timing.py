"""Timing for benchmarks: medians, and a ratio printed beside what it is measured against."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """The median duration of `work`, after one run that does not count."""
    work()
    durations = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return median(durations)


def report(what: str, ratio: float, target: str, detail: str) -> None:
    print(f"{what}: {ratio:.2f} × ({target}); {detail}", flush=True)
