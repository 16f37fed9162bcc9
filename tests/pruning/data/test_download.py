"""What a download promises: the whole file or a sentence, and nothing sent twice that has arrived once."""

from __future__ import annotations

import errno
import hashlib
import io
import itertools
import math
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from email.message import Message
from http.client import BadStatusLine, InvalidURL, RemoteDisconnected
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError, URLError

import pytest

from pruning.data import download as module
from pruning.data.download import CHUNK, DownloadError, Transfer, download
from tests.pruning.data import certificates

ROOT = Path(__file__).parents[3]
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
        self.type: str | None = None
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
        if self.server.type:
            self.send_header("Content-Type", self.server.type)
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


ELSEWHERE = "It is not given to everybody, or not in this network: try again from another one."


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (404, "It may have moved."),
        (410, "It may have moved."),
        (401, ELSEWHERE),
        (403, ELSEWHERE),
        (429, "The server has too much to do. Try again later."),
        (500, "try again later."),
        (503, "try again later."),
    ],
)
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
    """Without a server the message names the host, and who is to blame."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    with pytest.raises(DownloadError, match=r"^127\.0\.0\.1 refuses to be connected \(.+\)\. Its server") as caught:
        download(f"http://127.0.0.1:{port}/data.tar.gz", path, md5(CONTENT))
    assert isinstance(caught.value.__cause__, OSError)


@pytest.fixture
def secure(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
    """A function that puts the server behind the certificate of one name, and has that of another trusted."""

    def put(name: str, trusted: str) -> str:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificates.write(tmp_path, name))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates.write(tmp_path, trusted)[0]))
        return server.url.replace("http", "https")

    return put


def test_good_certificate(secure: Callable[[str, str], str], path: Path) -> None:
    """So that the tests below fail for the certificate alone."""
    download(secure("valid", "valid"), path, md5(CONTENT))
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("name", "trusted", "said", "advice"),
    [
        (
            "expired",
            "expired",
            "The certificate of 127.0.0.1 has expired by the clock of this machine",
            "Set the clock if",
        ),
        (
            "future",
            "future",
            "The certificate of 127.0.0.1 is not valid yet by the clock of this",
            "Set the clock if",
        ),
        (
            "valid",
            "other",
            "The certificate of 127.0.0.1 is signed by nobody whom this machine knows",
            "SSL_CERT_FILE",
        ),
        (
            "other",
            "other",
            "What answers for 127.0.0.1 has the certificate of somebody else",
            "sign in if the network",
        ),
    ],
)
def test_certificate_that_is_not_accepted(
    secure: Callable[[str, str], str], path: Path, name: str, trusted: str, said: str, advice: str
) -> None:
    """What is wrong with it is told, and what to do; to check the network would not help."""
    with pytest.raises(DownloadError) as caught:
        download(secure(name, trusted), path, md5(CONTENT))
    assert str(caught.value).startswith(said)
    assert advice in str(caught.value)
    assert "Check the network" not in str(caught.value)
    assert not path.exists()


def verification(words: str) -> ssl.SSLCertVerificationError:
    return ssl.SSLCertVerificationError(
        1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {words} (_ssl.c:1)"
    )


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (verification("certificate has expired"), "The certificate of files.example has expired by the clock"),
        (verification("self signed certificate in certificate chain"), "is signed by nobody whom this machine knows"),
        (verification("self-signed certificate"), "is signed by nobody whom this machine knows"),
        (verification("unable to get local issuer certificate"), "is signed by nobody whom this machine knows"),
        (
            verification("certificate revoked"),
            "Try again from another network; if it is the same there, only those who",
        ),
        (verification("EE certificate key too weak"), "The certificate of files.example is not accepted ("),
        (
            ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"),
            "files.example offers no secure connection that this machine accepts ([SSL: WRONG_VERSION_NUMBER]",
        ),
        (
            socket.gaierror(-2, "Name or service not known"),
            "The address of files.example cannot be found (Name or service not known). Check the network connection",
        ),
        (TimeoutError("timed out"), "files.example has not answered for 7 seconds. Check the network connection"),
        (
            OSError("Tunnel connection failed: 407 Proxy Authentication Required"),
            "wants a name and a password (HTTP 407). Set the environment variable HTTPS_PROXY to http://name:password@",
        ),
        (
            OSError("Tunnel connection failed: 403 Forbidden"),
            "The proxy between here and files.example does not let it through (HTTP 403). Ask who runs it",
        ),
        (
            ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
            "files.example was connected, and then there was no proper answer (Connection reset by peer). Check",
        ),
        (
            OSError(errno.ENETUNREACH, "Network is unreachable"),
            "There is no way to files.example (Network is unreachable). Check the network connection and try again.",
        ),
        (OSError("odd"), "files.example cannot be reached (odd). Check the network connection and try again."),
        ("a reason in words", "files.example cannot be reached (a reason in words). Check the network"),
    ],
)
@pytest.mark.parametrize("wrapped", [True, False])
def test_no_answer_has_its_own_advice(
    error: Any, said: str, wrapped: bool, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether urllib has wrapped the error or not."""
    monkeypatch.setenv("no_proxy", "*")
    raised = URLError(error) if wrapped or isinstance(error, str) else error

    def fail(*_: Any, **__: Any) -> None:
        raise raised

    monkeypatch.setattr(module, "urlopen", fail)
    with pytest.raises(DownloadError) as caught:
        download("https://files.example/data.tar.gz", path, md5(CONTENT), timeout=7)
    assert said in str(caught.value)
    assert str(caught.value).endswith(".")
    assert caught.value.__cause__ is raised


PROXY = "The proxy proxy.example:3128 between here and files.example"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
            f"{PROXY} does not answer (Connection refused). Start it, or correct or remove its address, which stands "
            "in the environment variable HTTPS_PROXY",
        ),
        (TimeoutError("timed out"), f"{PROXY} does not answer (timed out)."),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), f"{PROXY} does not answer (Network is unreachable)."),
        (socket.gaierror(-2, "Name or service not known"), f"{PROXY} cannot be found (Name or service not known)."),
        (InvalidURL("nonnumeric port: 'x'"), f"{PROXY} cannot be used (nonnumeric port: 'x'). Write its address as"),
        (ValueError("proxy URL with no authority"), f"{PROXY} cannot be used (proxy URL with no authority)."),
        ("no host given", f"{PROXY} cannot be used (no host given)."),
        (OSError("Tunnel connection failed: 407 No"), "The proxy between here and files.example wants a name"),
        (verification("certificate has expired"), "The certificate of files.example has expired"),
        (
            ConnectionResetError(errno.ECONNRESET, "reset"),
            "files.example was connected, and then there was no proper",
        ),
    ],
)
def test_proxy_that_fails_is_named(error: Any, said: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everything goes by a proxy, it is that which cannot be found or does not answer, and not the host."""

    def fail(*_: Any, **__: Any) -> None:
        raise error if isinstance(error, InvalidURL | ValueError) else URLError(error)

    monkeypatch.setenv("https_proxy", "http://name:secret@proxy.example:3128/")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setattr(module, "urlopen", fail)
    with pytest.raises(DownloadError) as caught:
        download("https://files.example/data.tar.gz", path, md5(CONTENT))
    assert str(caught.value).startswith(said)
    assert "secret" not in str(caught.value)


def test_proxy_that_is_passed_by_is_not_blamed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that NO_PROXY names is connected without it."""

    def fail(*_: Any, **__: Any) -> None:
        raise URLError(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))

    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", ".example")
    monkeypatch.setattr(module, "urlopen", fail)
    with pytest.raises(DownloadError, match=r"^files\.example refuses to be connected"):
        download("https://files.example/data.tar.gz", path, md5(CONTENT))


@pytest.mark.parametrize("error", [RemoteDisconnected("Remote end closed"), BadStatusLine("SSH-2.0")])
def test_answer_that_is_none(error: Exception, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no HTTP is told as it came."""

    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(module, "urlopen", fail)
    with pytest.raises(DownloadError, match=r"was connected, and then there was no proper answer \((Remote|SSH)"):
        download("https://files.example/data.tar.gz", path, md5(CONTENT))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (407, "The proxy between here and files.example wants a name and a password (HTTP 407: No). Set the"),
        (511, "The network between here and files.example wants you to sign in (HTTP 511: No): open any web page"),
    ],
)
def test_status_of_somebody_between(status: int, said: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy or a guest network answers in place of the host, which is not blamed."""

    def fail(*_: Any, **__: Any) -> None:
        raise HTTPError("https://files.example", status, "No", Message(), io.BytesIO())

    monkeypatch.setattr(module, "urlopen", fail)
    with pytest.raises(DownloadError) as caught:
        download("https://files.example/data.tar.gz", path, md5(CONTENT))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("start", [b"\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n "])
def test_page_of_a_guest_network_is_not_the_file(start: bytes, server: Server, path: Path) -> None:
    """A login page comes in place of the file, with status 200; the next try starts anew."""
    server.content = start + b"<!DOCTYPE html><html>Welcome, please sign in</html>"
    with pytest.raises(
        DownloadError, match=r"^What came in place of data\.tar\.gz .* is a web page\. It has been removed"
    ):
        download(server.url, path, md5(CONTENT))
    assert not part_of(path).exists()


@pytest.mark.parametrize("content", [b"<html>Welcome, please sign in", b"\x1f\x8b\x08 packed", b"location = 'x'"])
def test_page_of_a_guest_network_costs_nothing_that_has_arrived(content: bytes, server: Server, path: Path) -> None:
    """One that says what it is does not take the place of the part, whatever it looks like."""
    part_of(path, CONTENT[:5000])
    server.content, server.type, server.resumes = content, "text/html; charset=utf-8", False
    with pytest.raises(DownloadError, match=r"is a web page\. What has arrived before is kept\. In a guest network"):
        download(server.url, path, md5(CONTENT))
    assert part_of(path).read_bytes() == CONTENT[:5000]
    server.content, server.type, server.resumes = CONTENT, "application/x-gzip", True
    download(server.url, path, md5(CONTENT))
    assert server.asked[-1] == ("bytes=5000-", len(CONTENT) - 5000)


@pytest.mark.parametrize(("reason", "said"), [("", "(HTTP 404)."), ("No\nsuch\n  file", "(HTTP 404: No such file).")])
def test_reason_of_a_refusal_is_one_line(reason: str, said: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many it has; urllib writes three of them where addresses lead in a circle."""

    def fail(*_: Any, **__: Any) -> None:
        raise HTTPError("https://files.example", 404, reason, Message(), io.BytesIO())

    monkeypatch.setattr(module, "urlopen", fail)
    with pytest.raises(DownloadError) as caught:
        download("https://files.example/data.tar.gz", path, md5(CONTENT))
    assert str(caught.value).startswith(f"files.example does not give data.tar.gz {said}")


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (
            errno.ENOSPC,
            "Make room on the disk, or set the environment variable EXPLORER_DATA to a folder of your own",
        ),
        (errno.EDQUOT, "Make room on the disk, or set"),
        (errno.EACCES, "Make the folder writable, or set"),
        (errno.EROFS, "Make the folder writable, or set"),
        (errno.ENOTDIR, "Remove or rename what is in its place, or set"),
        (errno.EIO, "The folder must be writable and have room for it: see to that, or set"),
    ],
)
def test_disk_has_its_own_advice(number: int, advice: str, path: Path) -> None:
    """What is wrong with the disk is named, and what to do about it."""
    with pytest.raises(DownloadError) as caught, module.disk_errors_named(path):
        raise OSError(number, os.strerror(number))
    start = f"data.tar.gz cannot be kept in {path.parent} ({os.strerror(number)}). "
    assert str(caught.value).startswith(start + advice)


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
