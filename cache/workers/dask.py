"""Long work on a Dask cluster, with progress and cancel by Dask's own means."""

from __future__ import annotations

import importlib
import pickle
import queue
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from typing import Any

from cache.jobs import Cancelled
from cache.workers.protocol import STEP, Report, WorkerLost, carried_out, value_of

PATIENCE = 10.0  # seconds to wait for the cluster, and for a caller that takes no progress
FRESH, WANTED = "-fresh", "-wanted"  # events at the cluster: the call has not begun; its caller has not left
BACKLOG = 32  # batches of progress that may lie at the cluster, unread


class DaskWorkers:
    """The workers of the Dask cluster at this address, on whatever machines; they must be able to import the project.

    Raises RuntimeError where the package distributed is missing, or nothing answers there. Cancelled
    work that never reports goes on to its end. Work whose caller has died stops after some seconds.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = self._connect()

    @property
    def count(self) -> int:
        """The number of workers at the moment; 1 while there are none, as work then waits for the first to come."""
        return max(1, len(self._client.nthreads()))

    def call(self, function: Callable[..., Any], *args: Any, report: Report) -> Any:
        """See Workers."""
        if self._client.status != "running":
            self._client = self._connect()
        client, name = self._client, f"explorer-{uuid.uuid4().hex}"
        payload = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        with self._losses():
            events = [_distributed().Event(name + purpose, client=client) for purpose in (FRESH, WANTED)]
            for event in events:
                event.set()
            line = _distributed().Queue(name, client=client, maxsize=BACKLOG)
            future = client.submit(_carry_out_at_dask, name, payload, key=name, pure=False, retries=0)
        try:
            outcome = self._follow(future, line, report)
        finally:
            if client.status == "running":
                with suppress(OSError):
                    for event in events:
                        event.clear()  # which also removes it
                    line.close()
                    line.close()  # for a worker that was killed before it could; once too often does no harm
                    future.cancel()
        return value_of(outcome)

    def _follow(self, future: Any, line: Any, report: Report) -> bytes:
        """Pass on the progress until the end; the outcome."""
        ended = threading.Event()
        future.add_done_callback(lambda _: ended.set())
        worker = None
        while True:
            last = ended.wait(STEP)
            with self._losses():
                batches = line.get(batch=True)
            for address, batch in batches:
                worker = address
                for progress in batch:
                    report(pickle.loads(progress))
            with self._losses():
                outcome = future.result() if last else None
                if outcome is not None:
                    return outcome
                if last or (worker and not batches and worker not in future.client.nthreads()):
                    raise self._lost()
            report(None)

    def _connect(self) -> Any:
        distributed = _distributed()
        # Arguments of some megabytes are meant to be sent.
        importlib.import_module("dask").config.set({"distributed.admin.large-graph-warning-threshold": "1GB"})
        try:
            return distributed.Client(self._address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            raise RuntimeError(
                f"EXPLORER_DASK is {self._address!r}, but no Dask scheduler answers there "
                f"({type(error).__name__}); it looks like tcp://host:8786"
            ) from error

    def _lost(self) -> WorkerLost:
        return WorkerLost(
            f"The process that was training at {self._address} died (out of memory?), or is out of reach. Try again."
        )

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except (OSError, CancelledError, _distributed().KilledWorker) as error:
            raise self._lost() from error


def _distributed() -> Any:
    """The package, which is optional."""
    try:
        return importlib.import_module("distributed")
    except ImportError as error:
        raise RuntimeError(
            "EXPLORER_DASK is set, but the package distributed is missing: pip install distributed"
        ) from error


def _carry_out_at_dask(name: str, payload: bytes) -> bytes | None:
    """What a worker of the cluster does: carry out one call, whose caller listens under this name.

    None where the scheduler has started it again, as another worker died of it: this one might too.
    """
    fresh = _distributed().Event(name + FRESH, client=_distributed().get_client())
    if not fresh.is_set():
        return None
    fresh.clear()
    messenger = _Messenger(name)
    with messenger.at_work():
        return carried_out(payload, messenger.report)


class _Messenger:
    """Takes progress to the caller, and asks whether the call is still wanted: in a thread of its own, at intervals.

    Training takes many steps a second, and each way to the cluster and back costs some milliseconds.
    """

    def __init__(self, name: str) -> None:
        client = _distributed().get_client()
        self._address = _distributed().get_worker().address
        self._wanted = _distributed().Event(name + WANTED, client=client)
        self._line = _distributed().Queue(name, client=client)
        self._line.close()  # the caller alone keeps it, so that nothing is left of it if this process is killed
        self._reports: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._cancelled = threading.Event()
        self._over = threading.Event()

    def report(self, progress: Any = None) -> None:
        if self._cancelled.is_set():
            raise Cancelled("nobody wants this any more")
        if progress is not None:
            self._reports.put(pickle.dumps(progress, pickle.HIGHEST_PROTOCOL))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep in touch with the caller; everything reported has arrived at the end."""
        self._keep_in_touch()
        self.report()  # it may not be wanted any more
        thread = threading.Thread(target=self._run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _run(self) -> None:
        while not self._over.wait(STEP):
            self._keep_in_touch()
        self._keep_in_touch()

    def _keep_in_touch(self) -> None:
        batch = [self._reports.get() for _ in range(self._reports.qsize())]
        try:
            if self._wanted.is_set():
                self._line.put((self._address, batch), timeout=PATIENCE)
                return
        except Exception:  # the caller or the cluster is gone, in whatever way
            pass
        self._cancelled.set()
