"""Results on disk, by `joblib.Memory`, with the promises that joblib alone does not give.

One key is computed once, whatever number of threads and processes ask for it. An entry that does
not match its checksum is dropped and computed again. A disk that is full or read-only costs the
storing, not the answer, and leaves a sentence in `Store.note`. The size is bounded; what was used
longest ago goes first. The folder is readable by its owner alone, because entries are pickles.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import joblib
from cachetools import LRUCache
from filelock import FileLock, Timeout

T = TypeVar("T")
STRIPES = 256  # locks; two keys that share one wait for each other, which is harmless
MEMORY_BYTES = 256 * 2**20
DISK_BYTES = 2 * 2**30
WAIT_STEP = 0.2  # seconds between two looks at a lock that another process holds


def _entry(key: str, version: str, compute: Callable[[], Any]) -> tuple[str, bytes]:
    """What joblib stores: the value as bytes, and their checksum, to be compared before unpickling."""
    payload = pickle.dumps(compute(), protocol=pickle.HIGHEST_PROTOCOL)
    return hashlib.sha256(payload).hexdigest(), payload


class _Missing(Exception):
    """Raised in place of a computation, where only a stored value is wanted."""


def _missing() -> None:
    raise _Missing


class Store:
    """A keyed store of picklable values in a folder of its own.

    `version` is part of every key: values of other code are never returned, and can live beside.
    """

    def __init__(self, folder: str | os.PathLike[str], version: str, disk_bytes: int = DISK_BYTES) -> None:
        self.folder = Path(folder)
        self.version = version
        self.disk_bytes = disk_bytes
        self.note: str | None = None
        self._memory: LRUCache[str, tuple[int, Any]] = LRUCache(MEMORY_BYTES, getsizeof=lambda item: item[0])
        self._guard = threading.Lock()
        self._locks = [threading.Lock() for _ in range(STRIPES)]
        self._disk = self._open()
        self._cached = self._disk.cache(_entry, ignore=["compute"])

    def _open(self) -> joblib.Memory:
        try:
            _make_private(self.folder)
            return joblib.Memory(self.folder, verbose=0)
        except OSError as error:
            self._unsaved(error)
            return joblib.Memory(None, verbose=0)

    def get(self, key: str) -> Any | None:
        """The stored value, or None. A damaged entry is removed and counts as missing."""
        with self._guard:
            if key in self._memory:
                return self._memory[key][1]
        try:
            shelf = self._cached.call_and_shelve(key, self.version, _missing)
        except (_Missing, OSError):
            return None
        try:
            checksum, payload = shelf.get()
            if hashlib.sha256(payload).hexdigest() != checksum:
                raise ValueError("checksum differs")
            value = pickle.loads(payload)
        except Exception:  # whatever a damaged file makes of unpickling
            shelf.clear()
            return None
        self._touch(shelf)
        self._remember(key, value, len(payload))
        return value

    def fetch(self, key: str, compute: Callable[[], T], waiting: Callable[[], None] | None = None) -> T:
        """The stored value, or what `compute` returns, which is stored.

        While another thread or process computes the same key, wait for it; `waiting` is called
        now and then and may raise. What `compute` raises is passed on, and nothing is stored.
        """
        value = self.get(key)
        if value is None:
            with self._one_at_a_time(key, waiting):
                value = self.get(key)
                if value is None:
                    value = self._compute_and_save(key, compute)
        return value

    def _compute_and_save(self, key: str, compute: Callable[[], T]) -> T:
        done: list[T] = []
        failed: list[BaseException] = []

        def recorded() -> T:
            try:
                done.append(compute())
            except BaseException as error:
                failed.append(error)
                raise
            return done[0]

        try:
            self._cached.call_and_shelve(key, self.version, recorded)
        except Exception as error:
            if failed:
                raise
            self._unsaved(error)
        value = done[0] if done else compute()
        if self._disk.location is not None:
            self._after_write(key)
        self._remember(key, value, len(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)))
        return value

    def _after_write(self, key: str) -> None:
        """See whether the value has reached the disk, and keep the store within its size."""
        try:
            if self._cached.check_call_in_cache(key, self.version, _missing):
                self.note = None
            else:
                self._unsaved(OSError("the disk may be full"))
            self._disk.reduce_size(bytes_limit=self.disk_bytes)
        except OSError as error:
            self._unsaved(error)

    def _unsaved(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        self.note = f"Results cannot be kept in {self.folder} ({reason}), so they are computed again after a restart."

    def _remember(self, key: str, value: Any, size: int) -> None:
        with self._guard:
            if size <= MEMORY_BYTES:
                self._memory[key] = (size, value)

    @staticmethod
    def _touch(shelf: Any) -> None:
        """Mark the entry as just used: many file systems do not note a read by themselves."""
        with suppress(OSError):
            os.utime(Path(shelf.store_backend.location, shelf.func_id, shelf.args_id, "output.pkl"))

    @contextmanager
    def _one_at_a_time(self, key: str, waiting: Callable[[], None] | None) -> Iterator[None]:
        """Hold the lock of this key against the threads of this process and against other processes.

        The operating system frees the lock of a process that dies.
        """
        stripe = int(hashlib.sha256(key.encode()).hexdigest(), 16) % STRIPES
        between = self._locks[stripe]
        while not between.acquire(timeout=WAIT_STEP):
            if waiting:
                waiting()
        try:
            lock = self._file_lock(stripe, waiting)
            try:
                yield
            finally:
                if lock:
                    lock.release()
        finally:
            between.release()

    def _file_lock(self, stripe: int, waiting: Callable[[], None] | None) -> FileLock | None:
        """The lock between processes, acquired; None where no lock file can be written."""
        if self._disk.location is None:
            return None
        lock = FileLock(self.folder / "locks" / f"{stripe:03}.lock", mode=0o600)
        while True:
            try:
                (self.folder / "locks").mkdir(exist_ok=True)
                lock.acquire(timeout=WAIT_STEP)
                return lock
            except Timeout:
                if waiting:
                    waiting()
            except OSError:
                return None


def _make_private(folder: Path) -> None:
    """Create the folder for its owner alone, or refuse one that others could have written to."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if os.name != "posix":
        return
    status = folder.stat()
    if status.st_uid != os.getuid():
        raise PermissionError(None, "the folder belongs to another user")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and any(folder.iterdir()):
            raise PermissionError(None, "other users can write to the folder")
        folder.chmod(0o700)
