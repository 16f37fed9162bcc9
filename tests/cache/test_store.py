"""What the store promises: once per key, never a damaged value, never an answer lost to the disk."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from filelock import FileLock
from joblib._store_backends import FileSystemStoreBackend

import cache.store
from cache import plain_data
from cache.store import Store

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).parent / "store_worker.py"
PATIENCE = 30  # seconds before a test gives up on something that hangs

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are POSIX")


@dataclass(frozen=True)
class Result:
    """What the application stores, in small."""

    name: str
    curve: np.ndarray


class Counted:
    """A computation that knows how often it was carried out."""

    def __init__(self, value: Any = "value") -> None:
        self.value = value
        self.calls = 0

    def __call__(self) -> Any:
        self.calls += 1
        return self.value


class Stop(BaseException):
    """Like what Streamlit raises to end a run."""


class Bomb:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture(autouse=True)
def results(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results may be made of the class of these tests, too."""
    monkeypatch.setattr(plain_data, "KEPT", plain_data.KEPT | {f"{__name__}.Result"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def reopened(store: Store) -> Store:
    """The store as another process would find it: with nothing in memory."""
    return Store(store.folder, store.version, store.disk_bytes)


def output(folder: Path) -> Path:
    """The one entry on disk."""
    (path,) = folder.rglob("output.pkl")
    return path


def leftovers(folder: Path) -> list[Path]:
    """Temporary files of writes that did not end."""
    return list(folder.rglob("output.pkl.*"))


def start(folder: Path, task: str, key: str = "key") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(WORKER), str(folder), task, key],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(process: subprocess.Popen[str]) -> Any:
    """What a worker printed; its complaints, where it failed."""
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    return json.loads(out)


def until(true: Callable[[], Any]) -> None:
    """Wait for a condition, within reason."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def in_threads(*targets: Callable[[], Any]) -> list[Any]:
    """Carry these out at once; what they returned, in the order in which they ended."""
    found: list[Any] = []
    barrier = threading.Barrier(len(targets))

    def ask(target: Callable[[], Any]) -> None:
        barrier.wait(PATIENCE)
        found.append(target())

    threads = [threading.Thread(target=ask, args=(target,), daemon=True) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(found) == len(targets), "a thread hangs or has failed"
    return found


# Round trip


def test_dataclass_with_arrays_comes_back_as_it_was(folder: Path) -> None:
    """A stored dataclass is read with equal fields, its arrays bit for bit, by a store opened later."""
    curve = np.array([0.1, np.nan, -0.0, np.inf])
    Store(folder, "1").fetch("key", lambda: Result("moons", curve))
    found = Store(folder, "1").get("key")
    assert isinstance(found, Result)
    assert found.name == "moons"
    assert found.curve.tobytes() == curve.tobytes()
    assert found.curve.dtype == curve.dtype


def test_unknown_key_is_none(folder: Path) -> None:
    """A key that nobody stored gives None, also beside others."""
    store = Store(folder, "1")
    assert store.get("key") is None
    store.fetch("other", lambda: 1)
    assert store.get("key") is None


def test_stored_value_is_not_computed_again(folder: Path) -> None:
    """A second fetch, here and by a store opened later, returns the value without computing."""
    store, compute = Store(folder, "1"), Counted()
    assert [store.fetch("key", compute), reopened(store).fetch("key", compute)] == ["value", "value"]
    assert compute.calls == 1
    assert store.note is None


def test_versions_live_beside_each_other(folder: Path) -> None:
    """Stores of two versions on one folder neither see nor remove what the other has stored."""
    old, new = Store(folder, "1"), Store(folder, "2")
    old.fetch("key", lambda: "old")
    assert new.get("key") is None
    new.fetch("key", lambda: "new")
    assert [reopened(old).get("key"), reopened(new).get("key")] == ["old", "new"]


def test_version_and_key_do_not_run_into_each_other(folder: Path) -> None:
    """The border between version and key counts: ("1", "2 a") and ("1 2", "a") are two entries."""
    Store(folder, "1").fetch("2\na", lambda: "value")
    assert Store(folder, "1\n2").get("a") is None


def test_new_process_finds_what_was_stored(folder: Path) -> None:
    """A restart keeps what was stored."""
    Store(folder, "1").fetch("key", lambda: "value")
    assert answer(start(folder, "stored")) == "value"


def test_new_process_finds_it_without_the_bookkeeping_of_joblib(folder: Path) -> None:
    """What joblib notes about functions decides nothing: neither its loss nor garbage there costs an entry."""
    store = Store(folder, "1")
    store.fetch("key", lambda: "value")
    note = output(folder).parents[1] / "func_code.py"
    note.unlink(missing_ok=True)
    assert answer(start(folder, "stored")) == "value"
    note.write_bytes(b"# first line: \xff\xfe garbage")
    assert answer(start(folder, "stored")) == "value"


def test_folder_may_go_away_while_in_use(folder: Path) -> None:
    """A folder that somebody deletes is made again, for its owner alone, with the next value."""
    store = Store(folder, "1")
    store.fetch("key", lambda: "value")
    subprocess.run(["rm", "-r", str(folder)], check=True)
    store.fetch("other", lambda: "value")
    assert store.note is None
    assert reopened(store).get("other") == "value"
    assert folder.stat().st_mode & 0o077 == 0


# Once


@pytest.mark.parametrize("usable", [True, False])
def test_twenty_threads_compute_once(folder: Path, usable: bool) -> None:
    """Threads that ask for one key at once share one computation, also where no folder can hold a lock."""
    if not usable:
        folder.write_text("in the way")
    store, calls = Store(folder, "1"), []

    def compute() -> list[int]:
        calls.append("computed")
        time.sleep(0.2)
        return [1, 2]

    assert in_threads(*[lambda: store.fetch("key", compute)] * 20) == [[1, 2]] * 20
    assert calls == ["computed"]


def test_four_processes_of_five_threads_compute_once(folder: Path) -> None:
    """Processes that ask for one key at once, each with several threads, share one computation."""
    workers = [start(folder, "together") for _ in range(4)]
    until(lambda: len(list(folder.parent.glob("ready-*"))) == 4)
    (folder.parent / "go").touch()
    assert [answer(worker) for worker in workers] == [["value"] * 5] * 4
    assert (folder.parent / "count").read_text() == "computed\n"


def test_other_keys_do_not_wait(folder: Path) -> None:
    """While one key is being computed, another is computed and stored."""
    store, go, begun = Store(folder, "1"), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go.wait(PATIENCE)
        return "slow"

    def other() -> str:
        begun.wait(PATIENCE)
        value = store.fetch("other", lambda: "quick")
        go.set()
        return value

    assert in_threads(lambda: store.fetch("key", slow), other) == ["quick", "slow"]


def test_many_keys_may_be_alone_under_a_common_name(folder: Path) -> None:
    """Who names something else does not wait, though a thousand keys hold every lock; who names the same does."""
    store, go, begun, computed = Store(folder, "1"), threading.Event(), threading.Event(), []
    many = [f"key {number}" for number in range(1000)]

    def slow(missing: Collection[str]) -> dict[str, str]:
        computed.append(len(missing))
        begun.set()
        assert go.wait(PATIENCE)
        return dict.fromkeys(missing, "slow")

    def first() -> int:
        return len(store.fetch_all(many, slow, alone=["ours"]))

    def same() -> int:
        begun.wait(PATIENCE)
        return len(store.fetch_all(many[:3], slow, alone=["ours"]))

    def other() -> int:
        begun.wait(PATIENCE)
        found = store.fetch_all(["other"], lambda missing: dict.fromkeys(missing, "quick"), alone=["theirs"])
        go.set()
        return len(found)

    assert sorted(in_threads(first, same, other)) == [1, 3, 1000]
    assert computed == [1000]


def test_waiting_is_called_while_a_thread_computes(folder: Path) -> None:
    """Who waits for another thread hears of it now and then, and then gets the value."""
    store, go, begun = Store(folder, "1"), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go.wait(PATIENCE)
        return "value"

    def ask() -> str:
        begun.wait(PATIENCE)
        return store.fetch("key", Counted("never"), waiting=go.set)

    assert in_threads(lambda: store.fetch("key", slow), ask) == ["value", "value"]
    assert go.is_set()


def test_waiting_may_leave_a_computing_thread(folder: Path) -> None:
    """An exception from `waiting` ends the wait; the computation goes on, and its lock is free afterwards."""
    store, go, begun = Store(folder, "1"), threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go.wait(PATIENCE)
        return "value"

    def leave() -> None:
        raise Stop

    def ask() -> str:
        begun.wait(PATIENCE)
        with pytest.raises(Stop):
            store.fetch("key", Counted("never"), waiting=leave)
        go.set()
        return "left"

    assert sorted(in_threads(lambda: store.fetch("key", slow), ask)) == ["left", "value"]
    assert store.fetch("key", Counted("never")) == "value"


def test_waiting_may_leave_a_computing_process(folder: Path) -> None:
    """The same between processes: called while the other holds the key, and free to leave it."""
    holder = start(folder, "hold")
    until((folder.parent / "begun").exists)
    store, heard = Store(folder, "1"), []

    def leave() -> None:
        heard.append("waiting")
        if len(heard) == 2:
            raise Stop

    with pytest.raises(Stop):
        store.fetch("key", Counted("never"), waiting=leave)
    (folder.parent / "go").touch()
    assert store.fetch("key", Counted("never")) == "value"
    assert answer(holder) == "value"


# Processes that are killed


def test_killed_computation_blocks_nobody(folder: Path) -> None:
    """A process that is killed while it computes takes its lock with it."""
    dead = start(folder, "die_computing")
    assert dead.wait(PATIENCE) == -9
    dead.communicate()
    assert Store(folder, "1").get("key") is None
    assert Store(folder, "1").fetch("key", lambda: "value") == "value"
    assert answer(start(folder, "stored")) == "value"


def test_killed_write_leaves_nothing_behind(folder: Path) -> None:
    """Half a file is no entry, and the next write of the key removes it, however often that happened."""
    dead = [start(folder, "die_writing") for _ in range(2)]
    for process in dead:
        assert process.wait(PATIENCE) == -9
        process.communicate()
    assert leftovers(folder)
    store = Store(folder, "1")
    assert store.get("key") is None
    assert store.fetch("key", lambda: "value") == "value"
    assert reopened(store).get("key") == "value"
    assert not leftovers(folder)


def test_leftovers_count_as_size(folder: Path) -> None:
    """Half a file whose key nobody asks for again is removed by eviction like any other entry."""
    store = Store(folder, "1", disk_bytes=100_000)
    store.fetch("key", lambda: "value")
    dead = output(folder).parent
    (dead / "output.pkl.0123-4-5").write_bytes(bytes(90_000))
    os.utime(output(folder), (1, 1))
    store.fetch("other", lambda: bytes(50_000))
    assert not dead.exists()


# Damage


def flip(path: Path) -> None:
    """Turn over one bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0b1000
    path.write_bytes(bytes(content))


DAMAGES: dict[str, Callable[[Path], Any]] = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "empty": lambda path: path.write_bytes(b""),
    "random": lambda path: path.write_bytes(np.random.default_rng(0).bytes(500)),
    "one bit": flip,
    "pickle of a number": lambda path: joblib.dump(7, path),
    "pickle of a pair": lambda path: joblib.dump(("a", "b"), path),
    "pickle of an array": lambda path: joblib.dump(np.arange(2), path),
    "no file": lambda path: path.unlink(),
    "looks compressed": lambda path: path.write_bytes(b"\x1f\x8b" + bytes(50)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damaged_entry_is_computed_again_and_repaired(folder: Path, damage: Callable[[Path], Any]) -> None:
    """Whatever happened to the file, the answer is right, and so is the file afterwards."""
    value = np.arange(1000)
    Store(folder, "1").fetch("key", lambda: value)
    damage(output(folder))
    assert Store(folder, "1").get("key") is None
    store, compute = Store(folder, "1"), Counted(value)
    assert np.array_equal(store.fetch("key", compute), value)
    assert compute.calls == 1
    assert store.note is None
    assert np.array_equal(reopened(store).get("key"), value)


def test_no_single_bit_can_change_the_answer(folder: Path) -> None:
    """Whichever bit of the file turns over, what is read is the value or nothing."""
    Store(folder, "1").fetch("key", lambda: "value")
    path = output(folder)
    whole = path.read_bytes()
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(damaged))
        assert Store(folder, "1").get("key") in (None, "value")


@pytest.mark.parametrize("name", ["metadata.json", "../func_code.py"])
def test_damaged_bookkeeping_costs_no_answer(folder: Path, name: str) -> None:
    """The files that joblib may keep beside the value can be lost or damaged, and the value is right."""
    Store(folder, "1").fetch("key", lambda: "value")
    path = output(folder).parent / name
    path.write_bytes(b"\xff garbage")
    assert Store(folder, "1").fetch("key", lambda: "value") == "value"
    path.unlink()
    assert Store(folder, "1").fetch("key", lambda: "value") == "value"


@pytest.mark.parametrize("where", ["the file", "its checksum", "its payload", "an instance in the payload"])
def test_an_entry_made_by_others_runs_nothing(folder: Path, tmp_path: Path, where: str) -> None:
    """Whoever knows how entries are made, and gets one into the folder: it is damage, and computed again."""
    store = Store(folder, "1")
    store.fetch("key", lambda: "value")
    bomb = Bomb(tmp_path / "exploded")
    payload = pickle.dumps(bomb if where == "its payload" else ("list", [("plain", bomb)]))
    whole_entry = (store._checksum("key", payload), payload)
    content = {"the file": bomb, "its checksum": (bomb, b"payload")}.get(where, whole_entry)
    joblib.dump(content, output(folder))
    assert Store(folder, "1").get("key") is None
    assert Store(folder, "1").fetch("key", lambda: "value") == "value"
    assert not (tmp_path / "exploded").exists()
    pickle.loads(payload if where.endswith("payload") else pickle.dumps(content))
    assert (tmp_path / "exploded").exists()  # it does work


def test_entry_in_the_place_of_another_is_damage(folder: Path) -> None:
    """A value is read under its own key alone, though its file is whole and ours."""
    store = Store(folder, "1")
    store.fetch("key", lambda: "value")
    other = output(folder).read_bytes()
    store.fetch("another", lambda: "another value")
    (path,) = (path for path in folder.rglob("output.pkl") if path.read_bytes() != other)
    path.write_bytes(other)
    assert reopened(store).get("another") is None
    assert reopened(store).fetch("another", lambda: "another value") == "another value"
    assert reopened(store).get("another") == "another value"


def test_entry_of_older_versions_is_computed_again(folder: Path) -> None:
    """What was a pickle of the value itself is no value, and no error."""
    store = Store(folder, "1")
    store.fetch("key", lambda: "value")
    payload = pickle.dumps("value")
    joblib.dump((hashlib.sha256(payload).hexdigest(), payload), output(folder))
    compute = Counted()
    assert reopened(store).fetch("key", compute) == "value"
    assert compute.calls == 1
    assert store.note is None


@posix
@pytest.mark.skipif(os.name == "posix" and os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("part", ["output.pkl", "results"])
def test_what_another_user_has_put_there_is_not_read(folder: Path, part: str) -> None:
    """Neither a file of theirs nor any in a folder of theirs, however good it looks."""
    Store(folder, "1").fetch("key", lambda: "value")
    (path,) = folder.rglob(part)
    store = Store(folder, "1")
    os.chown(path, 65534, -1)
    assert store.get("key") is None
    assert store.fetch("key", lambda: "right") == "right"
    assert Store(folder, "1").get("key") == ("right" if part == "output.pkl" else None)
    told = "(everybody can write to the folder results in it, or it is another user's), so they are computed"
    assert (told in (store.note or "")) == (part == "results")


@posix
@pytest.mark.parametrize("part", ["output.pkl", "results"])
def test_what_everybody_may_write_to_is_not_read(folder: Path, part: str) -> None:
    """It may have been written by anybody, before the folder above was closed."""
    Store(folder, "1").fetch("key", lambda: "value")
    (path,) = folder.rglob(part)
    store = Store(folder, "1")
    path.chmod(path.stat().st_mode | 0o002)
    assert store.get("key") is None
    path.chmod(path.stat().st_mode & ~0o002 | 0o020)  # as under a umask of 002
    assert store.get("key") == "value"


def test_folder_that_cannot_be_used_is_not_read(folder: Path, tmp_path: Path) -> None:
    """Once a store has been refused its folder, nothing comes from it."""
    Store(folder, "1").fetch("key", lambda: "value")
    store = Store(folder, "1")
    store._disk = joblib.Memory(None, verbose=0)
    assert store.get("key") is None


def test_value_of_a_class_that_is_gone_is_computed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry that is whole, but of code that is no more, counts as missing."""
    Store(folder, "1").fetch("key", lambda: Result("moons", np.arange(2)))
    monkeypatch.delitem(globals(), "Result")
    plain_data._kept.cache_clear()
    assert Store(folder, "1").get("key") is None
    assert Store(folder, "1").fetch("key", lambda: "value") == "value"
    assert Store(folder, "1").get("key") == "value"


def test_unreadable_file_is_not_deleted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that fails for a passing reason, such as too many open files, does not cost the entry."""

    def refuse(path: Path, mode: str) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    Store(folder, "1").fetch("key", lambda: "value")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        assert Store(folder, "1").get("key") is None
    assert Store(folder, "1").get("key") == "value"


# Folders that cannot be written


def assert_keeps_in_memory(store: Store) -> None:
    """One computation, however often asked; and a sentence that names the folder."""
    compute = Counted()
    assert [store.fetch("new", compute), store.fetch("new", compute), store.get("new")] == ["value"] * 3
    assert compute.calls == 1
    assert store.note is not None
    assert store.note.startswith("Results cannot be kept in ")
    assert str(store.folder) in store.note
    assert store.note.endswith(".")
    assert "et the environment variable EXPLORER_CACHE to a folder of your own, such as /" in store.note


@pytest.mark.parametrize("path", ["file/store", "file"])
def test_path_that_cannot_be_a_folder(tmp_path: Path, path: str) -> None:
    """Where a regular file is in the way, answers come from memory."""
    (tmp_path / "file").write_text("in the way")
    assert_keeps_in_memory(Store(tmp_path / path, "1"))
    assert (tmp_path / "file").read_text() == "in the way"


def make_read_only(folder: Path, number: int, patch: pytest.MonkeyPatch) -> None:
    """Refuse with this error whatever would change something under the folder."""
    error = {errno.EROFS: OSError, errno.EACCES: PermissionError}[number]

    def refuse(path: Any) -> None:
        if str(path).startswith(str(folder)):
            raise error(number, os.strerror(number), str(path))

    def refusing(change: Callable[..., Any]) -> Callable[..., Any]:
        def refused(path: Any, *args: Any, **kwargs: Any) -> Any:
            refuse(path)
            return change(path, *args, **kwargs)

        return refused

    def open_item(path: str, mode: str) -> Any:
        if "r" not in mode:
            refuse(path)
        return open(path, mode)

    def open_file(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            refuse(path)
        return opened(path, flags, *args, **kwargs)

    opened = os.open
    for name in ("mkdir", "chmod", "utime", "replace", "unlink", "rmdir"):
        patch.setattr(os, name, refusing(getattr(os, name)))
    patch.setattr(os, "open", open_file)
    patch.setattr(FileSystemStoreBackend, "_open_item", staticmethod(open_item))


CALLS = ("open", "unlink", "mkdir", "stat", "lstat", "scandir", "utime", "chmod", "rmdir")


class Failing:
    """A disk that fails one call in a folder, the n-th of its kind, and counts them."""

    def __init__(self, folder: Path, call: str, number: int, nth: int, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.error, self.left, self.thread = str(folder), number, nth, threading.get_ident()
        if call == "lock":
            patch.setattr(FileLock, "acquire", self.wrapped(FileLock.acquire, lambda lock, *rest: lock.lock_file))
        elif call == "release":
            patch.setattr(FileLock, "release", self.wrapped(FileLock.release, lambda lock, *rest: lock.lock_file))
        elif call == "move":
            move = self.wrapped(FileSystemStoreBackend._move_item, lambda path, *rest: path)
            patch.setattr(FileSystemStoreBackend, "_move_item", staticmethod(move))
        else:
            patch.setattr(os, call, self.wrapped(getattr(os, call), lambda *rest: rest[0] if rest else ""))
            if call == "open":
                item = self.wrapped(open, lambda path, *rest: path)
                patch.setattr(FileSystemStoreBackend, "_open_item", staticmethod(item))

    def wrapped(self, function: Callable[..., Any], path: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if threading.get_ident() == self.thread and str(path(*args)).startswith(self.folder):
                self.left -= 1
                if self.left == 0:
                    raise OSError(self.error, os.strerror(self.error))
            return function(*args, **kwargs)

        return call


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EACCES], ids=errno.errorcode.get)
@pytest.mark.parametrize("call", [*CALLS, "move", "lock", "release"])
def test_a_disk_that_fails_anywhere_costs_the_keeping_and_never_the_answer(
    tmp_path: Path, call: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first, the second, … call of each kind fails until none is left to fail; small enough to evict, too."""
    failed = 0
    for nth in range(1, 500):
        folder = tmp_path / str(nth)
        before = Store(folder, "1")
        before.fetch("old", lambda: "old value")
        before._path("new").mkdir()
        before._path("new").joinpath("output.pkl.half").write_text("of a write that was killed")
        with monkeypatch.context() as patch:
            disk = Failing(folder, call, number, nth, patch)
            store = Store(folder, "1", disk_bytes=2000)
            assert store.fetch("old", lambda: "old value") == "old value"
            assert store.fetch("new", lambda: "new value") == "new value"
            assert store.fetch_all(["a", "b"], lambda missing: dict.fromkeys(missing, "c" * 900))["b"] == "c" * 900
        assert Store(folder, "1").get("old") in ("old value", None)
        assert Store(folder, "1").fetch("new", lambda: "new value") == "new value"
        assert Store(folder, "1").get("a") in ("c" * 900, None)
        if disk.left > 0:
            break
        failed += 1
    else:
        pytest.fail("there is no end of calls")
    assert failed or call in ("lstat", "chmod", "rmdir")  # which other versions of joblib may call


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_refused_writes(folder: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every write is refused, what is stored is found, and what is new comes from memory."""
    Store(folder, "1").fetch("key", lambda: "value")
    with monkeypatch.context() as patch:
        make_read_only(folder, number, patch)
        store = Store(folder, "1")
        assert store.fetch("key", Counted("never")) == "value"
        assert store.note is None
        assert_keeps_in_memory(store)
    store.fetch("later", lambda: "value")
    assert store.note is None
    assert reopened(store).get("later") == "value"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_folder_that_cannot_be_made(folder: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the folder cannot even be made, answers come from memory, until it can be."""
    with monkeypatch.context() as patch:
        make_read_only(folder, number, patch)
        store = Store(folder, "1")
        assert_keeps_in_memory(store)
    store.fetch("later", lambda: "value")
    assert store.note is None
    assert reopened(store).get("later") == "value"


def test_damaged_entry_where_nothing_can_be_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged entry that cannot be repaired costs one computation and leaves a note."""
    Store(folder, "1").fetch("new", lambda: "value")
    flip(output(folder))
    make_read_only(folder, errno.EROFS, monkeypatch)
    assert_keeps_in_memory(Store(folder, "1"))


def test_lock_that_cannot_be_made_costs_the_lock_alone(folder: Path) -> None:
    """With a file where the locks should be, values are computed and stored all the same."""
    folder.mkdir()
    (folder / "locks").write_text("in the way")
    store = Store(folder, "1")
    assert store.fetch("key", lambda: "value") == "value"
    assert reopened(store).get("key") == "value"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", str(path)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"no mount: {error}")
    if mounted.returncode:
        pytest.skip(f"mounting is not permitted: {mounted.stderr.splitlines()[0]}")
    yield path
    subprocess.run(["umount", str(path)], check=True)


def remount_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)


@pytest.mark.filterwarnings("ignore")
def test_read_only_disk_with_entries(disk: Path) -> None:
    """On a disk that has become read-only, what is stored is found, and what is new comes from memory."""
    Store(disk / "store", "1").fetch("key", lambda: "value")
    remount_read_only(disk)
    store = Store(disk / "store", "1")
    assert store.fetch("key", Counted("never")) == "value"
    assert store.note is None
    assert_keeps_in_memory(store)


def test_read_only_disk_with_looser_mode(disk: Path) -> None:
    """What others may read but not write is trusted, also where the mode cannot be tightened."""
    Store(disk / "store", "1").fetch("key", lambda: "value")
    (disk / "store").chmod(0o755)
    remount_read_only(disk)
    store = Store(disk / "store", "1")
    assert store.get("key") == "value"
    assert_keeps_in_memory(store)


@pytest.mark.parametrize("name", [".", "store"])
def test_read_only_disk_without_entries(disk: Path, name: str) -> None:
    """On a disk that was read-only from the start, answers come from memory."""
    remount_read_only(disk)
    assert_keeps_in_memory(Store(disk / name, "1"))


# Full disks


@posix
def test_disk_full_from_the_first_call(folder: Path) -> None:
    """With no room, the value is computed once and returned, nothing is left on disk, and the note goes later."""
    found = answer(start(folder, "full"))
    assert found["right"]
    assert found["calls"] == 1
    assert str(folder) in found["note"]
    assert found["elsewhere"] is None
    assert found["bytes"] < 4096, "half a file was left where there is no room"
    assert found["later"] is None


@pytest.mark.filterwarnings("ignore")
def test_full_disk(disk: Path) -> None:
    """On a disk without room answers come from memory, whole entries are kept, and room ends the note."""
    store, value = Store(disk / "store", "1"), bytes(2**19)
    store.fetch("key", lambda: value)
    (disk / "filler").write_bytes(bytes(2**18))
    compute = Counted(value)
    for key in ("a", "b", "c"):
        assert store.fetch(key, compute) == value
        assert reopened(store).get(key) is None
    assert compute.calls == 3
    assert str(store.folder) in (store.note or "")
    assert not leftovers(store.folder)
    assert reopened(store).get("key") == value
    (disk / "filler").unlink()
    store.fetch("d", lambda: bytes(2**17))
    assert store.note is None
    assert reopened(store).get("d") == bytes(2**17)


def test_disk_full_before_the_store_is_opened(disk: Path) -> None:
    """The first call ever may find no room at all, not even for an empty file's name."""
    with pytest.raises(OSError, match="space"):  # noqa: PT012, the last of many writes fails
        for number in range(10_000):
            (disk / f"filler {number}").write_bytes(bytes(2**14))
    store = Store(disk / "store", "1")
    assert_keeps_in_memory(store)
    for path in disk.glob("filler *"):
        path.unlink()
    store.fetch("key", lambda: "value")
    assert store.note is None
    assert reopened(store).get("key") == "value"


@pytest.mark.parametrize("action", ["default", "error"])
def test_failed_write_is_a_note_whatever_warnings_are(
    folder: Path, action: Any, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """joblib warns of a failed write; made an error or not, the answer comes and the note says it."""

    def fail(value: object, file: Any, **_: object) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    warnings.simplefilter(action)
    store = Store(folder, "1")
    with monkeypatch.context() as patch:
        patch.setattr(joblib.numpy_pickle, "dump", fail)
        assert_keeps_in_memory(store)
    assert not leftovers(folder)
    assert reopened(store).get("new") is None
    store.fetch("later", lambda: "value")
    assert store.note is None


def test_value_that_is_no_plain_data(folder: Path) -> None:
    """The answer comes all the same, with a note that says why it is not kept, and nothing is stored."""
    store = Store(folder, "1")
    lock = threading.Lock()
    assert store.fetch("key", lambda: lock) is lock
    assert "_thread.lock is not among the classes of which results may be made" in (store.note or "")
    assert str(folder) in (store.note or "")
    assert reopened(store).get("key") is None
    store.fetch("other", lambda: "value")
    assert store.note is None


# Size


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_size_is_bounded(folder: Path) -> None:
    """After many writes the folder is no larger than it may be, and what was just written is there."""
    store = Store(folder, "1", disk_bytes=50_000)
    for number in range(30):
        store.fetch(str(number), lambda: os.urandom(10_000))
        assert reopened(store).get(str(number)) is not None
        assert size(folder / "locks") == 0
        assert size(folder) < 51_000
    assert reopened(store).get("0") is None


def test_least_recently_used_goes_first(folder: Path) -> None:
    """An old entry that was read again outlives a younger one that was not."""
    store = Store(folder, "1", disk_bytes=35_000)
    for age, key in enumerate(["young", "middle", "old"], start=1):
        before = set(folder.rglob("output.pkl"))
        store.fetch(key, lambda: bytes(10_000))
        (path,) = set(folder.rglob("output.pkl")) - before
        os.utime(path, (1e9 - age, 1e9 - age))
    assert reopened(store).get("old") is not None
    store.fetch("new", lambda: bytes(10_000))
    kept = {key for key in ["young", "middle", "old", "new"] if reopened(store).get(key)}
    assert kept == {"young", "old", "new"}


def test_reading_counts_as_use_where_the_disk_does_not_note_it(folder: Path) -> None:
    """A read marks the entry itself: with `noatime` the file system would not."""
    Store(folder, "1").fetch("key", lambda: "value")
    os.utime(output(folder), (1e9, 1e9))
    Store(folder, "1").get("key")
    assert output(folder).stat().st_mtime > 1e9  # reading alone never changes this one


# Privacy


@posix
@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_new_folder_is_for_its_owner(folder: Path, umask: int) -> None:
    """A folder that the store makes is closed to everybody else, whatever the umask."""
    before = os.umask(umask)
    try:
        Store(folder, "1").fetch("key", lambda: "value")
    finally:
        os.umask(before)
    assert folder.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize(("mode", "content"), [(0o777, False), (0o755, True), (0o750, True), (0o755, False)])
def test_folder_of_ours_is_tightened(folder: Path, mode: int, content: bool) -> None:
    """An empty folder, or one that only we could write, becomes ours alone, and what is in it is used."""
    if content:
        Store(folder, "1").fetch("key", lambda: "value")
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)
    store = Store(folder, "1")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert store.note is None
    assert store.get("key") == ("value" if content else None)


@posix
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_folder_that_others_could_fill_is_refused(folder: Path, mode: int) -> None:
    """What others may have written is not unpickled; values are computed, and the note says why."""
    Store(folder, "1").fetch("new", lambda: "somebody else's")
    folder.chmod(mode)
    store = Store(folder, "1")
    assert store.get("new") is None
    assert_keeps_in_memory(store)
    assert "other users can write" in (store.note or "")
    assert folder.stat().st_mode & 0o777 == mode


@posix
def test_folder_of_another_user_is_refused(folder: Path) -> None:
    """A folder that belongs to somebody else is neither read nor written."""
    Store(folder, "1").fetch("new", lambda: "somebody else's")
    try:
        os.chown(folder, 12345, 12345)
    except PermissionError:
        pytest.skip("only root can give a folder away")
    store = Store(folder, "1")
    assert store.get("new") is None
    assert_keeps_in_memory(store)
    assert "another user" in (store.note or "")


THE_DRIVE = "the drive lets other users write to the folder, whatever its permissions say"


@posix
@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("answer", ["silent", "refusing"])
def test_drive_on_which_every_folder_is_open(
    folder: Path, there: bool, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under WSL and on network shares no folder can be closed: from the first value on nothing is kept there."""

    def chmod(*_: Any, **__: Any) -> None:
        if answer == "refusing":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    make = os.mkdir

    def mkdir(path: Any, mode: int = 0o777, **more: Any) -> None:
        make(path, **more)
        original(path, 0o777)

    original = os.chmod
    if there:
        folder.mkdir()
        folder.chmod(0o777)
    monkeypatch.setattr(os, "mkdir", mkdir)
    monkeypatch.setattr(os, "chmod", chmod)
    store = Store(folder, "1")
    assert store.note == (
        f"Results cannot be kept in {folder} ({THE_DRIVE}), so they are computed again after a restart. Set "
        "the environment variable EXPLORER_CACHE to a folder of your own, such as "
        f"{Path.home()}/.cache/pruning-explorer, and start again."
    )
    assert_keeps_in_memory(store)
    assert not list(folder.iterdir())


def test_example_is_another_folder_than_the_one_in_question(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the folder that is usually named is the one that cannot be used, another one is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".cache").write_text("in the way")
    store = Store("~/.cache/pruning-explorer", "1")
    assert f"such as {tmp_path}/pruning-explorer, and start again." in (store.note or "")


def note_of(folder: str | Path) -> str:
    return Store(folder, "1").note or ""


def test_what_to_do_depends_on_what_is_wrong(tmp_path: Path) -> None:
    """A file in the way is to be removed, a dangling or circular link too; a folder open to others may be."""
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name in ("file", "file/store", "dangling", "circle"):
        assert ". Remove or rename what is in its place, which is no folder, or set the" in note_of(tmp_path / name)
    (tmp_path / "linked").symlink_to(tmp_path)
    assert note_of(tmp_path / "linked" / "store") == ""


@posix
def test_folder_open_to_others_may_be_removed(folder: Path) -> None:
    """What it holds is not trusted; without it all is well."""
    (folder / "entry").mkdir(parents=True)
    folder.chmod(0o777)
    assert ". Remove it if what is in it is not needed, or set the environment variable" in note_of(folder)
    (folder / "entry").rmdir()
    assert note_of(folder) == ""


@pytest.mark.parametrize(
    ("free", "writable", "reason", "what"),
    [
        (10, True, "the disk is full: 10 bytes are free, ", "Make room on the disk, or set the environment variable"),
        (10**9, False, "(the folder is read-only)", "after a restart. Set the environment variable"),
        (10**9, True, "(the disk may be full or read-only)", "Make room on it, or set the environment variable"),
    ],
)
def test_write_that_does_not_arrive_says_why(
    folder: Path, free: int, writable: bool, reason: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """joblib swallows why it could not write; the disk is asked."""
    warnings.simplefilter("ignore")
    store = Store(folder, "1")
    usage = type("Usage", (), {"free": free})()
    with monkeypatch.context() as patch:
        patch.setattr(FileSystemStoreBackend, "dump_item", lambda *_, **__: None)
        patch.setattr(shutil, "disk_usage", lambda path: usage)
        patch.setattr(os, "access", lambda *_: writable)
        assert_keeps_in_memory(store)
    assert reason in (store.note or "")
    assert what in (store.note or "")
    store.fetch("later", lambda: "value")
    assert store.note is None


def test_home_of_nobody_makes_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """~somebody who does not exist costs the storing, not the start, and no folder of that name appears."""
    monkeypatch.chdir(tmp_path)
    store = Store("~nobody-of-that-name/store", "1")
    assert_keeps_in_memory(store)
    assert "there is no such user, or no home of that user" in (store.note or "")
    assert not list(tmp_path.iterdir())


def test_relative_folder_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one below the folder in which the program was started, wherever that goes later."""
    monkeypatch.chdir(tmp_path)
    store = Store("some/store", "1")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.fetch("key", lambda: "value")
    assert store.folder == tmp_path / "some" / "store"
    assert Store(tmp_path / "some" / "store", "1").get("key") == "value"
    assert not list((tmp_path / "elsewhere").iterdir())


def test_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder given as ~/… is one in the home, for the store as for joblib."""
    monkeypatch.setenv("HOME", str(tmp_path))
    store = Store("~/store", "1")
    store.fetch("key", lambda: "value")
    assert Store(tmp_path / "store", "1").get("key") == "value"
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


# Failures of the computation


@pytest.mark.parametrize("error", [ValueError("bad"), OSError("disk?"), Stop(), KeyboardInterrupt()])
def test_what_compute_raises_comes_through(folder: Path, error: BaseException) -> None:
    """The very exception arrives, nothing is stored, and the next fetch computes again."""
    store = Store(folder, "1")

    def compute() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        store.fetch("key", compute)
    assert caught.value is error
    assert store.note is None
    assert store.get("key") is None
    assert store.fetch("key", lambda: "value") == "value"


# Memory


def test_hit_in_memory_leaves_the_disk_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What this process has seen is returned without a look at the disk, which may even be gone."""
    store, value = Store(folder, "1"), np.arange(3)
    store.fetch("key", lambda: value)
    output(folder).unlink()

    def refuse(*_: Any) -> None:
        raise AssertionError("the disk was read")

    for name in ("_open_item", "_item_exists"):
        monkeypatch.setattr(FileSystemStoreBackend, name, staticmethod(refuse))
    assert store.get("key") is value
    assert store.fetch("key", Counted("never")) is value


def test_memory_is_bounded_in_bytes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory holds what was used last and no more than its bytes; what is too large is not kept there."""
    monkeypatch.setattr(cache.store, "MEMORY_BYTES", 25_000)
    (folder.parent / "file").touch()
    store = Store(folder.parent / "file" / "store", "1")  # no disk, so what is found is in memory
    for key in ("a", "b"):
        store.fetch(key, lambda: bytes(10_000))
    store.get("a")
    store.fetch("c", lambda: bytes(10_000))
    assert [store.get(key) is not None for key in "abc"] == [True, False, True]
    large = Counted(bytes(30_000))
    assert store.fetch("large", large) == bytes(30_000)
    assert store.get("large") is None
    assert [store.get(key) is not None for key in "ac"] == [True, True]


def test_value_too_large_for_memory_comes_from_disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What memory does not hold is read again and not computed again."""
    monkeypatch.setattr(cache.store, "MEMORY_BYTES", 100)
    store, compute = Store(folder, "1"), Counted(bytes(1000))
    assert [store.fetch("key", compute), store.fetch("key", compute)] == [bytes(1000)] * 2
    assert compute.calls == 1
