"""What workers promise, held against real processes: progress, cancel, errors, and a death in the middle."""

from __future__ import annotations

import functools
import gc
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cache import studies
from cache.jobs import Cancelled, Jobs
from cache.workers import choose
from cache.workers import dask as cluster_module
from cache.workers import local as module
from cache.workers.choose import workers_from_environment
from cache.workers.dask import DaskWorkers
from cache.workers.here import ThisProcess
from cache.workers.local import LocalWorkers
from cache.workers.protocol import NoWorkers, WorkerLost, Workers
from pruning import Experiment
from pruning.study import Study, run_study
from tests.cache.workers import worker_tasks as tasks
from tests.conftest import CLOCK, use

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PATIENCE = 30  # seconds before a test gives up on something that hangs

posix = pytest.mark.skipif(os.name != "posix", reason="signals and /proc are POSIX")


def until(true: Callable[[], Any]) -> None:
    """Wait for a condition, within reason."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def patient() -> Callable[[Any], None]:
    """A report that lets the call go on, within reason."""
    end = time.monotonic() + PATIENCE

    def report(progress: Any) -> None:
        assert time.monotonic() < end, "the call hangs"

    return report


def gone(pid: int) -> bool:
    """Whether a process has ended, even if nobody has asked how."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] in "ZX"


def noted_pid(folder: Path) -> int:
    until((folder / "pid").exists)
    return int((folder / "pid").read_text())


def cancel_when(begun: Callable[[], Any]) -> Callable[[Any], None]:
    """A report that cancels once a condition holds."""

    def report(progress: Any) -> None:
        if begun():
            raise Cancelled("enough")

    return report


@pytest.fixture(scope="module")
def warm() -> Workers:
    """One local worker that many tests share, as starting one takes a while."""
    return LocalWorkers()


@pytest.fixture(scope="module")
def cluster() -> Iterator[Workers]:
    """Two workers of a Dask cluster, each in its own process."""
    with dask_cluster() as (workers, _):
        yield workers


@pytest.fixture(params=["local", "dask"])
def workers(request: pytest.FixtureRequest) -> Workers:
    return request.getfixturevalue({"local": "warm", "dask": "cluster"}[request.param])


@contextmanager
def dask_cluster() -> Iterator[tuple[DaskWorkers, dict[str, subprocess.Popen[bytes]]]]:
    """A scheduler and two workers as programs of their own; ended with the block."""
    pytest.importorskip("distributed")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        place = folder / "scheduler.json"
        common = ["--host", "127.0.0.1", "--scheduler-file", str(place), "--no-dashboard"]
        single = ["--nthreads", "1", "--no-nanny", "--local-directory", str(folder)]
        processes = {"scheduler": start_dask(stack, "dask_scheduler", *common, "--port", "0")}
        for name in ("first", "second"):
            processes[name] = start_dask(stack, "dask_worker", *common, *single)
        until(lambda: place.exists() and place.read_text().endswith("}"))
        workers = DaskWorkers(json.loads(place.read_text())["address"])
        stack.callback(workers._client.close)
        until(lambda: len(workers._client.nthreads()) == 2)
        yield workers, processes


def start_dask(stack: ExitStack, program: str, *options: str) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{program}", *options],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


# What both kinds promise


def test_progress_arrives_in_order_and_before_the_end(workers: Workers) -> None:
    """Every progress object is handed on, in order, all of it by the time the result is there."""
    seen: list[Any] = []
    assert workers.call(tasks.count_up, 300, report=seen.append) == 300
    assert [progress for progress in seen if progress is not None] == list(range(300))


def test_megabytes_travel_both_ways(workers: Workers) -> None:
    """Arguments, progress and result of several megabytes come out as they went in."""
    weights = tasks.Weights("all", np.arange(1_000_000.0).reshape(1000, 1000))
    seen: list[Any] = []
    result = workers.call(tasks.doubled, weights, report=seen.append)
    [progress] = [progress for progress in seen if progress is not None]
    assert (progress.name, result.name) == ("all", "2 × all")
    np.testing.assert_array_equal(progress.values, weights.values)
    np.testing.assert_array_equal(result.values, 2 * weights.values)


def test_report_is_asked_while_the_worker_is_silent(workers: Workers, tmp_path: Path) -> None:
    """A function that says nothing does not keep the caller from being asked whether to go on."""
    asked: list[Any] = []

    def report(progress: Any) -> None:
        asked.append(progress)
        if len(asked) >= 3:
            (tmp_path / "go").touch()

    assert workers.call(tasks.silent, tmp_path, report=report) == noted_pid(tmp_path)
    assert set(asked) == {None}


def test_cancel_is_heard_in_the_worker(workers: Workers, tmp_path: Path) -> None:
    """What the report raises comes out of the call, and the function's own report raises Cancelled."""
    with pytest.raises(Cancelled, match="enough"):
        workers.call(tasks.until_cancelled, tmp_path, report=cancel_when((tmp_path / "pid").exists))
    until((tmp_path / "cancelled").exists)
    assert workers.call(tasks.count_up, 3, report=patient()) == 3


def test_cancel_does_not_wait_for_the_worker(workers: Workers, tmp_path: Path) -> None:
    """The call ends at once even if the function does not hear of it."""
    with pytest.raises(Cancelled):
        workers.call(tasks.silent, tmp_path, report=cancel_when((tmp_path / "pid").exists))
    assert not gone(noted_pid(tmp_path))
    (tmp_path / "go").touch()


@pytest.mark.parametrize(
    ("kind", "error", "text"),
    [
        ("own", tasks.Diverged, "the loss is nan at epoch 3"),
        ("standard", ValueError, "prune_ratio is 1.5; it must be in [0, 1)"),
        ("exit", SystemExit, "3"),
        ("picky", RuntimeError, "Picky: loss is 2.5"),
        ("locked", RuntimeError, "Locked: cannot travel"),
    ],
)
def test_error_of_the_function_arrives(workers: Workers, kind: str, error: type[BaseException], text: str) -> None:
    """The exception has its own type and text, and those that cannot travel become a RuntimeError with their text."""
    with pytest.raises(error) as caught:
        workers.call(tasks.fail, kind, report=patient())
    assert type(caught.value) is error
    assert str(caught.value) == text


def test_error_says_where_it_was_raised(workers: Workers) -> None:
    """The traceback of the worker travels along as a note, for the log."""
    with pytest.raises(tasks.Diverged) as caught:
        workers.call(tasks.fail, "own", report=patient())
    assert "worker_tasks.py" in caught.value.__notes__[0]


@pytest.mark.parametrize("task", [tasks.result_that_cannot_travel, tasks.progress_that_cannot_travel])
def test_what_cannot_be_pickled_is_an_error(workers: Workers, task: Callable[..., Any]) -> None:
    """A result or a progress object that cannot be sent fails the call with a reason, not the worker."""
    with pytest.raises(TypeError, match="pickle"):
        workers.call(task, report=patient())
    assert workers.call(tasks.count_up, 1, report=patient()) == 1


# This machine


def test_two_calls_run_side_by_side(tmp_path: Path) -> None:
    """With two workers, two calls that wait for each other both end."""
    workers = LocalWorkers(2)
    with ThreadPoolExecutor(2) as threads:
        pair = [
            threads.submit(workers.call, tasks.meet, tmp_path, mine, other, report=patient())
            for mine, other in (("a", "b"), ("b", "a"))
        ]
        assert [call.result(PATIENCE) for call in pair] == ["a", "b"]


def test_no_more_calls_than_workers_run_at_a_time(warm: Workers, tmp_path: Path) -> None:
    """Who comes while the only worker is busy waits, can be cancelled meanwhile, and leaves the busy one alone."""
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(warm.call, tasks.silent, tmp_path, report=patient())
        pid = noted_pid(tmp_path)
        with pytest.raises(Cancelled):
            warm.call(tasks.count_up, 1, report=cancel_when(lambda: True))
        (tmp_path / "go").touch()
        assert busy.result(PATIENCE) == pid


def test_worker_is_kept_after_a_cancel(warm: Workers, tmp_path: Path) -> None:
    """A function that ends when it is cancelled leaves its process to the next call."""
    with pytest.raises(Cancelled):
        warm.call(tasks.until_cancelled, tmp_path, report=cancel_when((tmp_path / "pid").exists))
    assert warm.call(tasks.pid, report=patient()) == noted_pid(tmp_path)


def test_cancelled_work_that_goes_on_is_killed(warm: Workers, tmp_path: Path) -> None:
    """Work that never reports is killed some time after its cancel, so that the next call is not stuck behind it."""
    with pytest.raises(Cancelled):
        warm.call(tasks.silent, tmp_path, report=cancel_when((tmp_path / "pid").exists))
    assert warm.call(tasks.pid, report=patient()) != noted_pid(tmp_path)
    assert gone(noted_pid(tmp_path))


def test_call_hears_nothing_of_the_one_before(warm: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process that was killed had still to say does not reach the next call."""
    monkeypatch.setattr(module, "GRACE", 0.0)

    def report(progress: Any) -> None:
        if progress:
            time.sleep(0.1)  # more is said meanwhile
            raise Cancelled

    with pytest.raises(Cancelled):
        warm.call(tasks.until_cancelled, tmp_path, report=report)
    seen: list[Any] = []
    warm.call(tasks.count_up, 3, report=seen.append)
    assert [progress for progress in seen if progress is not None] == [0, 1, 2]


@posix
def test_worker_that_dies_is_replaced(warm: Workers) -> None:
    """A process that is killed in the middle is a sentence, its work is not begun again, and the next call works."""
    warm.call(tasks.count_up, 1, report=patient())
    seen: list[Any] = []
    with pytest.raises(WorkerLost, match=r"^The process that was training died .*-9; out of memory.*\. Try again\.$"):
        warm.call(tasks.die, report=seen.append)
    assert seen.count("before") <= 1
    assert warm.call(tasks.count_up, 3, report=patient()) == 3


@posix
def test_worker_that_dies_in_the_middle_of_a_message(warm: Workers) -> None:
    """Half a message is no reason to wait for ever."""

    def report(progress: Any) -> None:
        if isinstance(progress, int):
            until(lambda: gone(progress))

    with pytest.raises(WorkerLost):
        warm.call(tasks.die_in_the_middle_of_a_message, report=report)


@posix
def test_worker_that_died_between_calls_is_not_missed(warm: Workers) -> None:
    """The next call after an idle process was killed works as if nothing had happened."""
    pid = warm.call(tasks.pid, report=patient())
    os.kill(pid, signal.SIGKILL)
    assert warm.call(tasks.pid, report=patient()) != pid


@posix
def test_worker_of_one_call_dies_alone(tmp_path: Path) -> None:
    """The death of one of two workers leaves the call in the other one alone."""
    workers = LocalWorkers(2)
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(workers.call, tasks.silent, tmp_path, report=patient())
        pid = noted_pid(tmp_path)
        with pytest.raises(WorkerLost):
            workers.call(tasks.die, report=patient())
        (tmp_path / "go").touch()
        assert other.result(PATIENCE) == pid


def test_idle_worker_leaves() -> None:
    """A process without work ends after the time given, and the next call starts another."""
    workers = LocalWorkers(idle_seconds=0.2)
    pid = workers.call(tasks.pid, report=patient())
    until(lambda: gone(pid))
    assert workers.call(tasks.pid, report=patient()) != pid


def test_workers_that_nobody_holds_leave() -> None:
    """Processes end with the object that started them."""
    workers = LocalWorkers()
    pid = workers.call(tasks.pid, report=patient())
    del workers
    until(lambda: gone(pid))


@posix
@pytest.mark.parametrize("task", ["silent", "until_cancelled"])
def test_worker_does_not_outlive_a_killed_server(tmp_path: Path, task: str) -> None:
    """When the server is killed its worker ends, whether it reports or not."""
    server = start_server(tmp_path, task)
    pid = noted_pid(tmp_path)
    server.kill()
    server.wait(PATIENCE)
    until(lambda: gone(pid))


@posix
def test_idle_worker_does_not_outlive_a_killed_server(tmp_path: Path) -> None:
    """When the server is killed a worker without work ends as well."""
    (tmp_path / "go").touch()
    server = start_server(tmp_path, "silent")
    until((tmp_path / "returned").exists)
    server.kill()
    server.wait(PATIENCE)
    until(lambda: gone(noted_pid(tmp_path)))


@posix
def test_interrupted_server_ends(tmp_path: Path) -> None:
    """Ctrl-C, which reaches server and worker, ends both although a thread still waits for silent work."""
    server = start_server(tmp_path, "silent")
    pid = noted_pid(tmp_path)
    os.killpg(server.pid, signal.SIGINT)
    server.wait(PATIENCE)
    until(lambda: gone(pid))


def start_server(folder: Path, task: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(HERE / "worker_tasks.py"), str(folder), task],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_surroundings_of_the_work(warm: Workers) -> None:
    """A worker computes with one thread, and PyTorch is loaded by those alone who need it."""
    assert warm.call(tasks.surroundings, report=patient()) == {"threads": "1", "torch": False}


@posix
def test_many_calls_leave_nothing_behind(warm: Workers, tmp_path: Path) -> None:
    """After many calls, failures and cancels there are no more open files, threads or temporary files than before."""

    def traces() -> tuple[int, int, int]:
        gc.collect()
        places = [Path(tempfile.gettempdir()), Path("/dev/shm")]
        files = [
            path for place in places for prefix in ("pymp-", "loky-", "sem.") for path in place.glob(prefix + "*")
        ]
        opened = Path("/proc/self/fd")
        return len(os.listdir(opened)) if opened.exists() else 0, threading.active_count(), len(files)

    warm.call(tasks.count_up, 1, report=patient())
    before = traces()
    for _ in range(100):
        warm.call(tasks.count_up, 2, report=patient())
    for _ in range(5):
        with pytest.raises(tasks.Diverged):
            warm.call(tasks.fail, "own", report=patient())
        with pytest.raises(Cancelled):
            warm.call(tasks.until_cancelled, tmp_path, report=cancel_when(lambda: True))
        with pytest.raises(WorkerLost):
            warm.call(tasks.die, report=patient())
    warm.call(tasks.count_up, 1, report=patient())
    until(lambda: all(now <= then for now, then in zip(traces(), before, strict=True)))


def test_jobs_over_workers(warm: Workers, tmp_path: Path) -> None:
    """A job's thread orchestrates a call: its progress is the job's, and leaving the job cancels the call."""
    jobs = Jobs()
    with jobs.watch("key", lambda report: warm.call(tasks.until_cancelled, tmp_path, report=report)) as job:
        until(lambda: job.progress == "under way")
    until((tmp_path / "cancelled").exists)
    with pytest.raises(Cancelled):
        job.result()
    jobs._executor.shutdown()


# A Dask cluster


def test_dask_calls_run_side_by_side(cluster: DaskWorkers, tmp_path: Path) -> None:
    """Each worker of the cluster takes one of two calls that wait for each other."""
    assert cluster.count == 2
    with ThreadPoolExecutor(2) as threads:
        pair = [
            threads.submit(cluster.call, tasks.meet, tmp_path, mine, other, report=patient())
            for mine, other in (("a", "b"), ("b", "a"))
        ]
        assert [call.result(PATIENCE) for call in pair] == ["a", "b"]


def test_dask_keeps_nothing(cluster: DaskWorkers, tmp_path: Path) -> None:
    """After calls that succeeded, failed and were cancelled nothing of them lies at the scheduler."""
    cluster.call(tasks.count_up, 3, report=patient())
    with pytest.raises(tasks.Diverged):
        cluster.call(tasks.fail, "own", report=patient())
    with pytest.raises(Cancelled):
        cluster.call(tasks.until_cancelled, tmp_path, report=cancel_when((tmp_path / "pid").exists))
    kept_nothing(cluster)


def kept_nothing(cluster: DaskWorkers) -> None:
    """Wait until the scheduler has forgotten every call."""
    none = {"queues": 0, "events": 0, "tasks": 0}
    end = time.monotonic() + PATIENCE
    while (left := cluster._client.run_on_scheduler(tasks.leftovers)) != none:
        assert time.monotonic() < end, left
        time.sleep(0.01)


@posix
def test_dask_cluster_dies_piece_by_piece(tmp_path: Path) -> None:
    """Each worker that dies is a sentence, the next call goes to another one, and the scheduler's death is one."""
    with dask_cluster() as (workers, processes):
        with pytest.raises(WorkerLost, match=r"^The process that was training at tcp://.* Try again\.$"):
            workers.call(tasks.die, report=patient())
        assert workers.call(tasks.count_up, 3, report=patient()) == 3
        with pytest.raises(WorkerLost):
            workers.call(tasks.die, report=patient())
        assert workers.count == 1  # the first to come
        kept_nothing(workers)
        with ThreadPoolExecutor(1) as threads:
            call = threads.submit(workers.call, tasks.count_up, 3, report=patient())
            processes["scheduler"].kill()
            with pytest.raises(WorkerLost):
                call.result(PATIENCE)


@pytest.mark.parametrize(("wanted", "heard"), [(True, True), (True, False), (False, True)])
def test_dask_work_stops_when_its_caller_has_vanished(wanted: bool, heard: bool) -> None:
    """The worker's report raises Cancelled once the caller has left, or takes no progress any more."""

    class Line:
        def put(self, value: Any, timeout: float) -> None:
            if not heard:
                raise TimeoutError

    messenger = object.__new__(cluster_module._Messenger)
    messenger._address, messenger._line, messenger._reports = "tcp://somewhere", Line(), queue.SimpleQueue()
    messenger._wanted, messenger._cancelled = threading.Event(), threading.Event()
    if wanted:
        messenger._wanted.set()
    messenger.report("before")
    messenger._keep_in_touch()
    if wanted and heard:
        messenger.report("after")
    else:
        with pytest.raises(Cancelled):
            messenger.report("after")


def test_a_study_on_a_cluster_is_that_of_one_process(
    cluster: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers side by side train, this process keeps and measures, and every figure is the same."""
    tiny = Experiment(hidden=(8,), points=200, max_epochs=8)
    study = Study(tiny, ("one_shot", "random_mask"), (0.5, 0.9), (0, 1, 2))
    use(monkeypatch, tmp_path / "store", cluster)
    found = studies.train(study, patient())
    alone = run_study(study)
    pd.testing.assert_frame_equal(found.drop(columns=[*CLOCK]), alone.drop(columns=[*CLOCK]))
    assert found.seconds_spent.gt(0).all()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nowhere://x", "tcp://127.0.0.1:port"])
def test_dask_address_where_nothing_answers(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """A wrong address is named, in bounded time."""
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster_module, "PATIENCE", 0.5)
    monkeypatch.setenv("EXPLORER_DASK", address)
    with pytest.raises(RuntimeError, match=f"^EXPLORER_DASK is '{address}', but no Dask scheduler answers there"):
        workers_from_environment()


def test_dask_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the optional package there is a sentence that says how to get it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setenv("EXPLORER_DASK", "tcp://127.0.0.1:8786")
    with pytest.raises(RuntimeError, match="the package distributed is missing: pip install distributed"):
        workers_from_environment()


# The environment


def test_environment_gives_local_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a cluster, so many local workers as are asked for, or one for every two cores, but at least one."""
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setenv("EXPLORER_WORKERS", "3")
    assert workers_from_environment().count == 3
    monkeypatch.delenv("EXPLORER_WORKERS")
    for cores, count in ((1, 1), (2, 1), (8, 4), (500, 64)):
        monkeypatch.setattr(choose, "cpu_count", functools.partial(int, cores))
        assert workers_from_environment().count == count


@pytest.mark.parametrize("wish", ["65", "-1", "two", "1.5", "²"])
def test_environment_with_a_wrong_number(monkeypatch: pytest.MonkeyPatch, wish: str) -> None:
    """A number of workers that is none is named, with what is legal."""
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setenv("EXPLORER_WORKERS", wish)
    with pytest.raises(ValueError, match=f"^EXPLORER_WORKERS is '{wish}'; it must be a whole number from 0 to 64$"):
        workers_from_environment()


def test_environment_that_wants_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zero is a wish, and said in a sentence; a cluster serves all the same."""
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setenv("EXPLORER_WORKERS", "0")
    with pytest.raises(NoWorkers, match=r"^This server trains no networks on images: EXPLORER_WORKERS is 0\. "):
        workers_from_environment()


def test_this_process_carries_out_a_call_as_workers_do() -> None:
    """What it reports is heard, what it raises comes out."""
    heard: list[Any] = []

    def work(a: int, b: int, *, report: Any) -> int:
        report("half")
        return a // b

    assert ThisProcess().call(work, 7, 2, report=heard.append) == 3
    assert heard == ["half"]
    with pytest.raises(ZeroDivisionError):
        ThisProcess().call(work, 1, 0, report=heard.append)


def test_workers_must_be_some() -> None:
    """No worker at all would mean waiting for ever."""
    with pytest.raises(ValueError, match="count is 0; at least 1"):
        LocalWorkers(0)
