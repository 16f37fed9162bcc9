"""Long work in processes of this machine, started by loky."""

from __future__ import annotations

import os
import pickle
import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from joblib.externals.loky.backend import get_context

from cache.jobs import Cancelled
from cache.workers.protocol import STEP, Report, WorkerLost, carried_out, value_of

GRACE = 2.0  # seconds for which a local worker may go on with cancelled work
# Two threads on a shared machine can be ten times slower than one, above all where the one that waits keeps its core
# busy. Read when the libraries are loaded; work may ask for more threads.
ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
) | {"OMP_WAIT_POLICY": "PASSIVE"}


class LocalWorkers:
    """Processes of this machine, started when first needed; one that has nothing to do for so long leaves.

    They are started by loky, which neither forks this process nor runs its main script again. They
    end when this process ends, however that happens. Work that does not report within 2 s of being
    cancelled is killed.
    """

    def __init__(self, count: int = 1, idle_seconds: float = 300.0) -> None:
        if count < 1:
            raise ValueError(f"count is {count}; at least 1 worker is needed")
        self.count = count
        self._free: queue.LifoQueue[_LocalWorker] = queue.LifoQueue()  # the last one used is the warmest
        for _ in range(count):
            self._free.put(_LocalWorker(idle_seconds))

    def call(self, function: Callable[..., Any], *args: Any, report: Report) -> Any:
        """See Workers."""
        payload = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        worker = self._take(report)
        try:
            outcome = worker.carry_out(payload, report)
        except BaseException:
            threading.Thread(target=self._wind_down, args=(worker,), daemon=True).start()
            raise
        self._free.put(worker)
        return value_of(outcome)

    def _take(self, report: Report) -> _LocalWorker:
        while True:
            try:
                return self._free.get(timeout=STEP)
            except queue.Empty:
                report(None)

    def _wind_down(self, worker: _LocalWorker) -> None:
        try:
            worker.cancel()
        finally:
            self._free.put(worker)


class _LocalWorker:
    """A process, as far as it has been started, and the line to it."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._process: Any = None
        self._line: Any = None
        self._busy = False

    def carry_out(self, payload: bytes, report: Report) -> bytes:
        """The outcome of a call; raises what `report` raises, with the process still at work."""
        kept = self._process is not None  # it may have left, or have died, since the last call: that is no loss
        if not kept:
            self._start()
        while True:
            try:
                kind, content = self._hear(STEP)
            except WorkerLost:
                if not kept:
                    raise
                self._start()
                kept = False
                continue
            if kind == "ready":
                self._busy = True
                with suppress(OSError):  # it is gone, as will be heard next
                    self._line.send(payload)
            elif kind == "begun":
                kept = False
            elif kind == "ended":
                self._busy = False
                return content
            else:
                report(None if kind == "silent" else pickle.loads(content))

    def cancel(self) -> None:
        """Ask the process to end what it is at, and kill it if it does not."""
        end = time.monotonic() + GRACE
        try:
            if self._busy:
                self._line.send(None)
            while self._busy and (left := end - time.monotonic()) > 0:
                self._busy = self._hear(left)[0] != "ended"
        except (OSError, WorkerLost):
            self._busy = True
        if self._busy:
            if self._process.is_alive():
                os.kill(self._process.pid, getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows has the latter alone
                self._process.join()
            self._process = None  # nor may the next call hear what this one has said last

    def _start(self) -> None:
        context = get_context("loky")
        self._line, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self._idle_seconds), env=ENVIRONMENT, daemon=True
        )
        self._process.start()
        theirs.close()  # so that the line breaks when the process dies
        self._busy = False

    def _hear(self, seconds: float) -> tuple[str, Any]:
        """What the process says within so many seconds; raises WorkerLost once a dead one has been heard out."""
        try:
            return self._line.recv() if self._line.poll(seconds) else ("silent", None)
        except (EOFError, OSError):
            self._process.join(STEP)
            code = self._process.exitcode
            raise WorkerLost(
                f"The process that was training died (exit code {code}; out of memory?). Try again."
            ) from None


def _serve(line: Any, idle_seconds: float) -> None:
    """What a local worker does: carry out call after call, until none has come for so long."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a server that is interrupted takes its workers along, silently
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    cancelled = threading.Event()

    def report(progress: Any = None) -> None:
        if cancelled.is_set():
            raise Cancelled("nobody wants this any more")
        if progress is not None:
            line.send(("progress", pickle.dumps(progress, pickle.HIGHEST_PROTOCOL)))

    threading.Thread(target=_listen, args=(line, calls, cancelled), daemon=True).start()
    with suppress(OSError, queue.Empty):
        while True:
            line.send(("ready", None))
            payload = calls.get(timeout=idle_seconds)
            line.send(("begun", None))
            line.send(("ended", carried_out(payload, report)))


def _listen(line: Any, calls: queue.SimpleQueue[bytes], cancelled: threading.Event) -> None:
    """Take what comes over the line, a call or None, which cancels the one under way."""
    try:
        while True:
            payload = line.recv()
            if payload is None:
                cancelled.set()
            else:
                cancelled.clear()
                calls.put(payload)
    except (EOFError, OSError):
        os._exit(1)  # the caller's process is gone, whatever this one is at
