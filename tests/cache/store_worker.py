"""One process of the tests in test_store.py: python store_worker.py FOLDER TASK [KEY]; prints JSON."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

import joblib.numpy_pickle

from cache.store import Store


def counted(folder: Path, seconds: float = 0.0) -> str:
    """A computation that leaves a line behind each time it is carried out."""
    with open(folder.parent / "count", "a") as file:
        file.write("computed\n")
    time.sleep(seconds)
    return "value"


def wait_for(path: Path) -> None:
    """Wait until the file is there, within reason."""
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, f"{path.name} never came"
        time.sleep(0.01)


def together(folder: Path, key: str) -> list[str]:
    """Ask with five threads at once, as soon as the file `go` is there."""
    store = Store(folder, "1")
    found: list[str] = []
    asking = [
        threading.Thread(target=lambda: found.append(store.fetch(key, lambda: counted(folder, 0.3))))
        for _ in range(5)
    ]
    (folder.parent / f"ready-{os.getpid()}").touch()
    wait_for(folder.parent / "go")
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    return found


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_computing(folder: Path, key: str) -> None:
    Store(folder, "1").fetch(key, die)


def die_writing(folder: Path, key: str) -> None:
    """End in the middle of the file."""

    def half(value: object, file: object, **_: object) -> None:
        file.write(b"half of what sh")  # type: ignore[attr-defined]
        file.flush()  # type: ignore[attr-defined]
        die()

    joblib.numpy_pickle.dump = half
    Store(folder, "1").fetch(key, lambda: "value")


def hold(folder: Path, key: str) -> str:
    """Say when the computation has begun, and end it when the file `go` is there."""

    def compute() -> str:
        (folder.parent / "begun").touch()
        wait_for(folder.parent / "go")
        return "value"

    return Store(folder, "1").fetch(key, compute)


def stored(folder: Path, key: str) -> str | None:
    return Store(folder, "1").get(key)


def full(folder: Path, key: str) -> dict[str, object]:
    """Fetch a value that does not fit on the disk, which has no room from the start, and again once it has."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    store = Store(folder, "1")
    calls: list[str] = []

    def compute() -> bytes:
        calls.append("computed")
        return bytes(100_000)

    right = store.fetch(key, compute) == bytes(100_000)
    first = {
        "right": right,
        "calls": len(calls),
        "note": store.note,
        "elsewhere": Store(folder, "1").get(key),
        "bytes": sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()),
    }
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    store.fetch("another " + key, lambda: "small")
    return first | {"later": store.note}


if __name__ == "__main__":
    tasks = {task.__name__: task for task in (together, die_computing, die_writing, hold, stored, full)}
    print(json.dumps(tasks[sys.argv[2]](Path(sys.argv[1]), sys.argv[3])))
