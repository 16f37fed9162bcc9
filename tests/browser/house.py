"""A server of its own with a CIFAR of a few hundred pictures, whose training can be held; what is asked of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from tests.browser.conftest import TRAINING, Visitor, start_server
from tests.browser.small_cifar import pack

CIFAR = "?task=" + quote_plus("CIFAR-10 → CIFAR-100")
QUICK = "&strategy=No+retraining"  # trains the dense network alone
LONG = "&epochs=30&stop_after=10"
PROGRESS = "[data-testid=stProgress]"


@dataclass(frozen=True)
class House:
    """A server of its own, with a CIFAR of a few hundred pictures."""

    address: str
    folder: Path
    pid: int

    def networks(self) -> int:
        """How many trained networks are stored."""
        entries = (self.folder / "store/results").glob("*/output.pkl")
        return sum(b"TrainedNetwork" in entry.read_bytes() for entry in entries)

    def worker(self) -> int:
        """The process that trains."""
        listing = subprocess.run(
            ["ps", "-A", "-ww", "-o", "pid=", "-o", "ppid=", "-o", "args="],
            capture_output=True,
            text=True,
            check=True,
        )
        lines = [line.split(None, 2) for line in listing.stdout.splitlines()]
        (pid,) = [int(pid) for pid, parent, words in lines if parent == str(self.pid) and "LokyProcess" in words]
        return pid

    def training_held(self) -> AbstractContextManager[None]:
        """What is training stands still meanwhile, however fast the machine."""
        return frozen(self.worker())


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """This process stands still meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def open_house(folder: Path, **options: Any) -> Iterator[House]:
    """The server, with a store and pictures in this folder; options as of `start_server`."""
    pack(folder / "data")
    process, address = start_server(folder, EXPLORER_DATA=str(folder / "data"), EXPLORER_WORKERS="1", **options)
    try:
        yield House(address, folder, process.pid)
    finally:
        process.terminate()
        process.wait(10)


def started(visitor: Visitor) -> Visitor:
    """Ask for the training, and wait until a worker is at it."""
    visitor.button("Train").click()
    visitor.page.locator(PROGRESS).get_by_text(re.compile("^(Loading|Training|Asking)")).wait_for(timeout=TRAINING)
    return visitor
