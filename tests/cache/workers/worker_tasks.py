"""What the tests in test_workers.py send to workers; and, as a program, a server that can be killed:

python worker_tasks.py FOLDER TASK calls that task with the folder in a worker of its own.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cache.jobs import Cancelled
from cache.workers.local import LocalWorkers

PATIENCE = 30  # seconds before a task gives up on something that hangs


class Diverged(RuntimeError):
    """An exception of the project's own."""


class Picky(Exception):
    """An exception that can be pickled, but not unpickled."""

    def __init__(self, name: str, value: float) -> None:
        super().__init__(f"{name} is {value}")


class Locked(Exception):
    """An exception that cannot be pickled."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


@dataclass(frozen=True)
class Weights:
    """Something of several megabytes."""

    name: str
    values: np.ndarray


def wait_for(path: Path) -> None:
    """Wait until the file is there, within reason."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.01)


def note_pid(folder: Path) -> None:
    """Leave the number of this process in the file `pid`, all of it at once."""
    (folder / "half").write_text(str(os.getpid()))
    (folder / "half").rename(folder / "pid")


def pid(report: Callable[..., None]) -> int:
    return os.getpid()


def count_up(n: int, report: Callable[..., None]) -> int:
    for number in range(n):
        report(number)
    return n


def doubled(weights: Weights, report: Callable[..., None]) -> Weights:
    report(weights)
    return Weights(f"2 × {weights.name}", 2 * weights.values)


def until_cancelled(folder: Path, report: Callable[..., None]) -> None:
    """Report all the time, and leave the file `cancelled` on hearing of it."""
    note_pid(folder)
    end = time.monotonic() + PATIENCE
    try:
        while time.monotonic() < end:
            report("under way")
            time.sleep(0.005)
    except Cancelled:
        (folder / "cancelled").touch()
        raise


def silent(folder: Path, report: Callable[..., None]) -> int:
    """Say nothing until the file `go` is there."""
    note_pid(folder)
    wait_for(folder / "go")
    return os.getpid()


def meet(folder: Path, mine: str, other: str, report: Callable[..., None]) -> str:
    """End once the other call has begun as well."""
    (folder / mine).touch()
    wait_for(folder / other)
    return mine


def fail(kind: str, report: Callable[..., None]) -> None:
    report("before")
    raise {
        "own": Diverged("the loss is nan at epoch 3"),
        "standard": ValueError("prune_ratio is 1.5; it must be in [0, 1)"),
        "exit": SystemExit(3),
        "picky": Picky("loss", 2.5),
        "locked": Locked("cannot travel"),
    }[kind]


def result_that_cannot_travel(report: Callable[..., None]) -> Any:
    return threading.Lock()


def progress_that_cannot_travel(report: Callable[..., None]) -> None:
    report(threading.Lock())


def die(report: Callable[..., None]) -> None:
    report("before")
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_the_middle_of_a_message(report: Callable[..., None]) -> None:
    """Report more than fits between the processes, and die before the caller takes it."""
    report(os.getpid())
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
    report(bytes(20_000_000))


def surroundings(report: Callable[..., None]) -> dict[str, Any]:
    """What this process finds itself in."""
    return {"threads": os.environ.get("OMP_NUM_THREADS"), "torch": "torch" in sys.modules}


def leftovers(dask_scheduler: Any) -> dict[str, int]:
    """What lies at a Dask scheduler."""
    extensions = dask_scheduler.extensions
    return {
        "queues": len(extensions["queues"].queues),
        "events": len(extensions["events"]._events),
        "tasks": len(dask_scheduler.tasks),
    }


if __name__ == "__main__":
    from tests.cache.workers import worker_tasks  # under the name that a worker can import

    workers, folder = LocalWorkers(), Path(sys.argv[1])
    with ThreadPoolExecutor(1) as threads:
        task = getattr(worker_tasks, sys.argv[2])
        threads.submit(workers.call, task, folder, report=lambda progress: None).result()
        (folder / "returned").touch()
        time.sleep(PATIENCE)
