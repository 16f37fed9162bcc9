"""Results on disk, by the store of `joblib.Memory`, with the promises that joblib alone does not give.

One key is computed once, whatever number of threads and processes ask for it. An entry that does
not match its checksum, or is another's, is computed again. A disk that is full or read-only costs the
storing, not the answer, and leaves in `Store.note` what to do. The size is bounded; what was used
longest ago goes first. Entries are plain data (`cache.plain_data`): reading one runs nothing, whoever has
written it. The folder is readable by its owner alone, and nothing is read that others could have written.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import joblib
from cachetools import LRUCache
from filelock import FileLock, Timeout

from cache import plain_data
from cache.private import advice, expanded, is_trusted, make_private, why_unwritten

T = TypeVar("T")
RESULTS = "results"  # the folder of all entries
STRIPES = 256  # locks; two keys that share one wait for each other, which is harmless
MEMORY_BYTES = 256 * 2**20
DISK_BYTES = 2 * 2**30
WAIT_STEP = 0.2  # seconds between two looks at a lock that another process holds


class Store:
    """A keyed store of values, of the kinds that `cache.plain_data` knows, in a folder of its own.

    `version` is part of every key: values of other code are never returned, and can live beside. `remark` is what
    `note` says of the folder for as long as nothing is wrong with it.
    """

    def __init__(
        self, folder: str | os.PathLike[str], version: str, disk_bytes: int = DISK_BYTES, remark: str | None = None
    ) -> None:
        self.folder = expanded(folder)
        self._results = self.folder / RESULTS
        self.version = version
        self.disk_bytes = disk_bytes
        self.note = self._remark = remark
        self._memory: LRUCache[str, tuple[int, Any]] = LRUCache(MEMORY_BYTES, getsizeof=lambda item: item[0])
        self._guard = threading.Lock()
        self._locks = [threading.Lock() for _ in range(STRIPES)]
        self._disk = self._open()

    def _open(self) -> joblib.Memory:
        """The folder as joblib sees it; one that keeps nothing, where the folder cannot be used."""
        try:
            make_private(self.folder, RESULTS)
            return joblib.Memory(self.folder, verbose=0)
        except (OSError, Warning) as error:  # warnings are raised where they are made errors
            self._unsaved(error)
            return joblib.Memory(None, verbose=0)

    def get(self, key: str) -> Any | None:
        """The stored value, or None. A damaged entry counts as missing; the next `fetch` replaces it."""
        with self._guard:
            if key in self._memory:
                return self._memory[key][1]
        payload = self._read(key)
        if payload is None:
            return None
        try:
            value = plain_data.unpacked(payload)
        except Exception:  # whatever comes of bytes that are no value, or of a class that is no more
            return None
        self._touch(key)
        self._remember(key, value, len(payload))
        return value

    def fetch(self, key: str, compute: Callable[[], T], waiting: Callable[[], None] | None = None) -> T:
        """The stored value, or what `compute` returns, which is stored.

        While another thread or process computes the same key, wait for it; `waiting` is called
        now and then and may raise. What `compute` raises is passed on, and nothing is stored.
        `compute` must not fetch from the same store, as it holds a lock that other keys share.
        """
        return self.fetch_all([key], lambda missing: {key: compute()}, waiting)[key]

    def fetch_all(
        self,
        keys: Collection[str],
        compute: Callable[[Collection[str]], Mapping[str, Any]],
        waiting: Callable[[], None] | None = None,
        alone: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """The stored values of all keys; `compute` takes those that are missing and returns at least these.

        All that it returns is stored. Otherwise as `fetch`: who asks for one of the keys meanwhile waits. Hundreds of
        keys would hold most locks there are, and so keep others waiting who ask for none of them: let `alone` name
        what is locked instead, by names that all have in common who ask for these keys.
        """
        found = {key: self.get(key) for key in keys}
        if any(value is None for value in found.values()):
            with self._these_alone(keys if alone is None else alone, waiting):
                found = {key: self.get(key) for key in keys}
                missing = [key for key, value in found.items() if value is None]
                for key, value in (compute(missing) if missing else {}).items():
                    found[key] = self._saved(key, value)
                if missing and self._disk.store_backend is not None:
                    self._disk.reduce_size(bytes_limit=self.disk_bytes)
        return {key: found[key] for key in keys}

    def _saved(self, key: str, value: T) -> T:
        try:
            payload = plain_data.packed(value)
        except Exception as error:
            self._unsaved(error)
        else:
            self._remember(key, value, len(payload))
            self._write(key, payload)
        return value

    def _entry(self, key: str) -> list[str]:
        """The name of the entry for joblib, whose eviction looks for folders named by a hash.

        Entries are named here, not by `Memory.cache`, which drops all of them when its note of the
        function's source is lost or damaged, or another process has another source.
        """
        return [RESULTS, hashlib.sha256(repr((self.version, key)).encode()).hexdigest()]

    def _path(self, key: str) -> Path:
        return self.folder.joinpath(*self._entry(key))

    def _checksum(self, key: str, payload: bytes) -> str:
        """Of the value and of its entry: one that has been moved to where another was is no more valid than that."""
        digest = hashlib.sha256(self._entry(key)[-1].encode())
        digest.update(payload)
        return digest.hexdigest()

    def _read(self, key: str) -> bytes | None:
        """The packed value; None where there is none, it does not match its checksum, or others may have written it.

        It is not read by joblib, whose reading carries out what a file says.
        """
        if self._disk.store_backend is None:
            return None
        try:
            with (self._path(key) / "output.pkl").open("rb") as file:
                if not is_trusted(file.fileno()) or not is_trusted(self._results):
                    return None
                checksum, payload = plain_data.read_tree(file)
            return payload if self._checksum(key, payload) == checksum else None
        except Exception:  # no folder, no file, or whatever damage makes of reading
            return None

    def _write(self, key: str, payload: bytes) -> None:
        """Store the packed value, see whether it has reached the disk, and keep the store within its size."""
        disk = self._disk = self._open()  # the folder may have gone, or have become usable
        if disk.store_backend is None:
            return
        with suppress(Warning):  # how joblib says that it could not write; raised where warnings are errors
            disk.store_backend.dump_item(self._entry(key), (self._checksum(key, payload), payload))
        self._sweep(key)
        if self._read(key) == payload:
            self.note = self._remark
        else:
            self._unsaved(why_unwritten(self.folder, len(payload)))
        self._touch(key)

    def _touch(self, key: str) -> None:
        """Mark the entry as just used: many file systems do not by themselves, or only to a few milliseconds."""
        now = time.time_ns()
        with suppress(OSError):
            os.utime(self._path(key) / "output.pkl", ns=(now, now))

    def _sweep(self, key: str) -> None:
        """Remove the halves that failed or killed writes of this key have left; who calls holds its lock."""
        with suppress(OSError):  # looking, too, is refused by a disk that fails
            for half in self._path(key).glob("output.pkl.*"):
                half.unlink()

    def _unsaved(self, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or str(error)
        note = f"Results cannot be kept in {self.folder} ({reason}), so they are computed again after a restart."
        self.note = f"{note} {advice(error, self.folder)}" if isinstance(error, OSError | Warning) else note

    def _remember(self, key: str, value: Any, size: int) -> None:
        with self._guard:
            if size <= self._memory.maxsize:
                self._memory[key] = (size, value)

    @contextmanager
    def _these_alone(self, keys: Collection[str], waiting: Callable[[], None] | None) -> Iterator[None]:
        """Hold the locks of all these keys; in one order, so that no two wait for each other."""
        with ExitStack() as held:
            for stripe in sorted({_stripe(key) for key in keys}):
                held.enter_context(self._locked(stripe, waiting))
            yield

    @contextmanager
    def _locked(self, stripe: int, waiting: Callable[[], None] | None) -> Iterator[None]:
        """Hold a lock against the threads of this process and against other processes.

        The operating system frees the lock of a process that dies.
        """
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
                    with suppress(OSError):  # as some network file systems do; the lock goes with the process
                        lock.release()
        finally:
            between.release()

    def _file_lock(self, stripe: int, waiting: Callable[[], None] | None) -> FileLock | None:
        """The lock between processes, acquired; None where no lock file can be written."""
        if self._disk.store_backend is None:
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


def _stripe(key: str) -> int:
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % STRIPES
