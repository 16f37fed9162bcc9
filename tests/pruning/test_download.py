"""What a download promises: the whole file or a sentence, and nothing sent twice that has arrived once."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from pruning import download as module
from pruning.download import CHUNK, DownloadError, Transfer, download

ROOT = Path(__file__).parents[2]
PATIENCE = 30  # seconds before a test gives up on something that hangs
CONTENT = bytes(itertools.islice(itertools.cycle(range(251)), 3 * CHUNK + 1000))


def md5(content: bytes) -> str:
    return hashlib.md5(content).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `content` under any name, and misbehaves as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}/files/data.tar.gz"
        self.content = CONTENT
        self.status = 200
        self.resumes = True
        self.announces = True
        self.cut: int | None = None  # the connection ends after so many bytes
        self.quiet: int | None = None  # nothing comes after so many bytes, until `go`
        self.go = threading.Event()
        self.asked: list[tuple[str | None, int]] = []  # the Range header, and the bytes that answer it


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"] if self.server.resumes else None
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        size = len(self.server.content)
        beyond = bool(wanted) and start >= size
        body = b"" if beyond or self.server.status != 200 else self.server.content[start:]
        self.server.asked.append((self.headers["Range"], len(body)))
        self.send_response(416 if beyond else 206 if wanted else self.server.status)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if self.server.announces:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._send(body[: self.server.cut])

    def _send(self, body: bytes) -> None:
        try:
            self.wfile.write(body[: self.server.quiet])
            if self.server.quiet is not None:
                self.server.go.wait(PATIENCE)
                self.wfile.write(body[self.server.quiet :])
        except ConnectionError:  # the client has had enough
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.go.set()
        server.shutdown()
        thread.join(PATIENCE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "data.tar.gz"


def part_of(path: Path, content: bytes | None = None) -> Path:
    """The file in which the bytes are collected, with this content if any is given."""
    part = path.with_name(path.name + ".part")
    if content is not None:
        part.parent.mkdir(exist_ok=True)
        part.write_bytes(content)
    return part


class Stop(Exception):
    pass


def stop(transfer: Transfer) -> None:
    raise Stop


# The whole file


@pytest.mark.parametrize("content", [CONTENT, b"small", b""])
@pytest.mark.parametrize("announces", [True, False])
def test_file_arrives_whole(server: Server, path: Path, content: bytes, announces: bool) -> None:
    """The bytes are those of the server, whether it says how many there will be or not, and no part is left."""
    server.content, server.announces = content, announces
    assert download(server.url, path, md5(content)) == path
    assert path.read_bytes() == content
    assert not part_of(path).exists()


def test_file_with_the_right_checksum_is_not_asked_for(server: Server, path: Path) -> None:
    """What is there already is returned at once, and one that is damaged is replaced."""
    path.parent.mkdir()
    path.write_bytes(b"damaged")
    for _ in range(2):
        download(server.url, path, md5(CONTENT))
        assert path.read_bytes() == CONTENT
    assert server.asked == [(None, len(CONTENT))]


def test_progress_ends_at_the_whole(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes done only grow, up to the size that the server has announced; so does a try that is resumed."""
    monkeypatch.setattr(module, "REPORT_EVERY", 0.0)
    for start in (0, CHUNK):
        part_of(path, CONTENT[:start])
        seen: list[Transfer] = []
        download(server.url, path, md5(CONTENT), seen.append)
        assert [transfer.done for transfer in seen] == sorted(transfer.done for transfer in seen)
        assert len(seen) > (len(CONTENT) - start) // CHUNK  # a chunk is as much as is read at once
        assert seen[0].done > start
        assert {transfer.total for transfer in seen} == {len(CONTENT)}
        assert seen[-1].done == len(CONTENT)
        path.unlink()


def test_progress_is_not_told_for_every_chunk(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two reports lies some time; the first and the last chunk are told of anyway."""
    monkeypatch.setattr(module, "REPORT_EVERY", math.inf)
    seen: list[Transfer] = []
    download(server.url, path, md5(CONTENT), seen.append)
    assert len(seen) == 2
    assert 0 < seen[0].done <= CHUNK
    assert seen[1].done == len(CONTENT)


def test_unknown_size_is_none(server: Server, path: Path) -> None:
    """Where the server does not announce a size, there is none, and no time that is left."""
    server.announces = False
    seen: list[Transfer] = []
    download(server.url, path, md5(CONTENT), seen.append)
    assert (seen[-1].done, seen[-1].total, seen[-1].seconds_left) == (len(CONTENT), None, None)


def test_speed_is_that_of_this_try(server: Server, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that ticks once per chunk, the speed is the bytes of this try by the number of chunks."""
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=itertools.count().__next__))
    part_of(path, CONTENT[:CHUNK])
    seen: list[Transfer] = []
    download(server.url, path, md5(CONTENT), seen.append)
    for chunks, transfer in enumerate(seen[:-1], start=1):
        assert transfer.bytes_per_second == pytest.approx((transfer.done - CHUNK) / chunks)
    assert seen[-1] == seen[-2]


@pytest.mark.parametrize(
    ("transfer", "seconds"),
    [
        (Transfer(50, 150, 10.0), 10.0),
        (Transfer(150, 150, 10.0), 0.0),
        (Transfer(50, None, 10.0), None),
        (Transfer(50, 150, 0.0), None),
    ],
)
def test_seconds_left(transfer: Transfer, seconds: float | None) -> None:
    """What is missing by the speed; unknown without a size or without a speed."""
    assert transfer.seconds_left == seconds


# Breaks


def test_stopped_download_is_resumed(server: Server, path: Path) -> None:
    """What the listener raises comes out, what has arrived stays, and only the rest is sent the next time."""
    with pytest.raises(Stop):
        download(server.url, path, md5(CONTENT), stop)
    arrived = part_of(path).read_bytes()
    assert 0 < len(arrived) < len(CONTENT)
    assert CONTENT.startswith(arrived)
    assert not path.exists()
    download(server.url, path, md5(CONTENT))
    assert path.read_bytes() == CONTENT
    assert server.asked[1:] == [(f"bytes={len(arrived)}-", len(CONTENT) - len(arrived))]


def test_listener_may_raise_an_error_of_the_disk(server: Server, path: Path) -> None:
    """An OSError of the listener is its own affair, and not taken for one of this disk."""

    def fail(transfer: Transfer) -> None:
        raise PermissionError("the page has gone")

    with pytest.raises(PermissionError, match="the page has gone"):
        download(server.url, path, md5(CONTENT), fail)


def test_cut_connection_is_an_error_and_resumed(server: Server, path: Path) -> None:
    """Fewer bytes than announced are never taken for the file; the next try goes on from there."""
    server.cut = CHUNK + 7
    with pytest.raises(DownloadError, match=r"^The connection to 127\.0\.0\.1 was cut before data\.tar\.gz .*\.$"):
        download(server.url, path, md5(CONTENT))
    assert part_of(path).read_bytes() == CONTENT[: CHUNK + 7]
    server.cut = None
    download(server.url, path, md5(CONTENT))
    assert path.read_bytes() == CONTENT
    assert server.asked[-1] == (f"bytes={CHUNK + 7}-", len(CONTENT) - CHUNK - 7)


def test_server_that_cannot_resume_sends_everything(server: Server, path: Path) -> None:
    """An answer that ignores the Range is the whole file, and not appended to the part."""
    part_of(path, CONTENT[:5000])
    server.resumes = False
    seen: list[Transfer] = []
    download(server.url, path, md5(CONTENT), seen.append)
    assert path.read_bytes() == CONTENT
    assert server.asked == [("bytes=5000-", len(CONTENT))]
    assert {transfer.total for transfer in seen} == {len(CONTENT)}


def test_part_that_is_complete_is_not_asked_for(server: Server, path: Path) -> None:
    """A download that was ended between its last byte and its new name needs no server."""
    part_of(path, CONTENT)
    download(server.url, path, md5(CONTENT))
    assert path.read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize("extra", [b"", b"more"])
def test_part_that_is_broken_and_too_long_is_given_up(server: Server, path: Path, extra: bytes) -> None:
    """Where the server has nothing beyond a part that is not the file, the download starts anew."""
    part_of(path, bytes(len(CONTENT)) + extra)
    download(server.url, path, md5(CONTENT))
    assert path.read_bytes() == CONTENT
    assert [header is None for header, _ in server.asked] == [False, True]


def test_silent_server_is_given_up(server: Server, path: Path) -> None:
    """A server that stops in the middle costs the timeout, and what had arrived stays."""
    server.quiet = 1000
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1 has sent nothing for 0\.2 seconds") as caught:
        download(server.url, path, md5(CONTENT), timeout=0.2)
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert part_of(path).read_bytes() == CONTENT[:1000]


# What cannot succeed


def test_wrong_checksum_removes_the_part(server: Server, path: Path) -> None:
    """Bytes that are not the announced ones are neither accepted nor resumed."""
    with pytest.raises(DownloadError, match=r"^data\.tar\.gz from 127\.0\.0\.1 is not .* has been removed"):
        download(server.url, path, md5(b"something else"))
    assert not path.exists()
    assert not part_of(path).exists()


def test_resumed_part_of_another_file_is_removed(server: Server, path: Path) -> None:
    """A part that does not belong to the rest is noticed by the checksum of the whole, and the next try succeeds."""
    part_of(path, bytes(5000))
    with pytest.raises(DownloadError, match="is not the file that was expected"):
        download(server.url, path, md5(CONTENT))
    download(server.url, path, md5(CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "advice"), [(404, "It may have moved."), (503, "try again later.")])
def test_refusal_names_host_file_and_status(server: Server, path: Path, status: int, advice: str) -> None:
    """A server that does not give the file is quoted, and the advice depends on whose fault it is."""
    server.status = status
    with pytest.raises(
        DownloadError, match=rf"^127\.0\.0\.1 does not give data\.tar\.gz \(HTTP {status}: "
    ) as caught:
        download(server.url, path, md5(CONTENT))
    assert str(caught.value).endswith(advice)
    assert caught.value.__cause__ is not None
    assert not path.exists()


def test_nobody_listening(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server the message names the host, and what to look at."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    with pytest.raises(DownloadError, match=r"^127\.0\.0\.1 cannot be reached \(.+\)\. Check the network") as caught:
        download(f"http://127.0.0.1:{port}/data.tar.gz", path, md5(CONTENT))
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_names_the_folder(server: Server, path: Path) -> None:
    """A disk without room is an error that says where room is needed."""
    path.parent.mkdir()
    part_of(path).symlink_to("/dev/full")
    with pytest.raises(DownloadError, match="No space left") as caught:
        download(server.url, path, md5(CONTENT))
    assert str(path.parent) in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)


def test_folder_that_cannot_be(server: Server, path: Path) -> None:
    """Where the folder cannot be made the message names it, and nothing is asked of the server."""
    path.parent.write_text("a file")
    with pytest.raises(DownloadError, match=r"cannot be kept in .*data \("):
        download(server.url, path, md5(CONTENT))
    assert server.asked == []


# Together

OTHER = """
import sys
from pathlib import Path
from pruning.download import download
url, path, md5 = sys.argv[1:]
print("found", download(url, Path(path), md5, lambda transfer: print(transfer.done, flush=True)))
"""


def test_two_processes_are_one_download(server: Server, path: Path) -> None:
    """Who comes second sees the first one's bytes grow, waits for its file, and asks the server for nothing."""
    server.quiet = 1000
    mine = threading.Thread(target=download, args=(server.url, path, md5(CONTENT)), daemon=True)
    mine.start()
    arguments = [sys.executable, "-c", OTHER, server.url, str(path), md5(CONTENT)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as other:
        assert other.stdout is not None
        assert int(other.stdout.readline()) <= 1000  # it waits
        server.go.set()
        rest = other.communicate(timeout=PATIENCE)[0]
    mine.join(PATIENCE)
    assert rest.endswith(f"found {path}\n")
    assert path.read_bytes() == CONTENT
    assert server.asked == [(None, len(CONTENT))]


def test_who_waits_may_leave(server: Server, path: Path) -> None:
    """Waiting for another download can be stopped like a download, and leaves the other alone."""
    server.quiet = 1000
    arriving = threading.Event()
    other = threading.Thread(
        target=download, args=(server.url, path, md5(CONTENT), lambda transfer: arriving.set()), daemon=True
    )
    other.start()
    assert arriving.wait(PATIENCE)
    with pytest.raises(Stop):
        download(server.url, path, md5(CONTENT), stop)
    server.go.set()
    other.join(PATIENCE)
    assert path.read_bytes() == CONTENT
    assert server.asked == [(None, len(CONTENT))]
