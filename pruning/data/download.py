"""A file from the network: with progress, resumed after a break, verified."""

from __future__ import annotations

import codecs
import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock, Timeout

from pruning.data.download_errors import proxy_of, refusal, unkept, unreachable

CHUNK = 256 * 2**10  # bytes
REPORT_EVERY = 0.1  # seconds
WAIT_STEP = 0.1  # seconds between two looks at a lock that somebody else holds


class DownloadError(RuntimeError):
    """There is no file; the message is a sentence for people, the cause is chained."""


@dataclass(frozen=True)
class Transfer:
    """How far a file has come."""

    done: int  # bytes, with those of earlier tries
    total: int | None  # bytes; None where the server does not say
    bytes_per_second: float  # of this try alone, on average

    @property
    def seconds_left(self) -> float | None:
        """At the speed so far; None while size or speed are unknown."""
        if self.total is None or self.bytes_per_second <= 0:
            return None
        return max(self.total - self.done, 0) / self.bytes_per_second


def download(
    url: str,
    path: Path,
    md5: str,
    progress: Callable[[Transfer], None] | None = None,
    timeout: float = 30.0,
) -> Path:
    """Bring the file at `url` to `path`, unless it is there already, and return `path`.

    What arrives is collected in `path`.part, which a later call goes on with, and which is renamed once its
    MD5, in hexadecimal digits, is right. `progress` is called about ten times a second and at the end; it may
    raise to stop. While another thread or process downloads the same file, wait for it. timeout: seconds of
    silence, in connecting or in between, after which the server is given up. Raises DownloadError.
    """
    report = progress or (lambda transfer: None)
    part = _beside(path, ".part")
    if _matches(path, md5):
        return path
    with one_at_a_time(path, waiting=lambda: report(Transfer(_size(part), None, 0.0))):
        if not _matches(path, md5):
            if not _matches(part, md5):
                with closing(_transfers(url, part, timeout)) as transfers:
                    for transfer in transfers:
                        report(transfer)
                _check(part, md5, url)
            with disk_errors_named(path):
                part.replace(path)
    return path


@contextmanager
def one_at_a_time(path: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold `path`.lock against other threads and processes.

    `waiting` is called now and then until the lock is free, and may raise. Raises DownloadError where no lock
    file can be written. The empty file stays: to remove it would part those who wait from those who come.
    """
    lock = FileLock(_beside(path, ".lock"))
    while not _acquired(lock, path):
        waiting()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def disk_errors_named(path: Path) -> Iterator[None]:
    """Raise DownloadError, which names the folder of `path` and what to do, for an OSError inside."""
    try:
        yield
    except OSError as error:
        raise DownloadError(unkept(path.name, path.parent.absolute(), error)) from error


def _acquired(lock: FileLock, path: Path) -> bool:
    with disk_errors_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=WAIT_STEP)
        except Timeout:
            return False
        return True


def _transfers(url: str, part: Path, timeout: float) -> Generator[Transfer]:
    """Write to `part` what it still misses, and tell how far it has come.

    A generator, so that what the listener raises is not mistaken for an error of the disk.
    """
    size = _size(part)
    with _answer(url, size, timeout) as response, disk_errors_named(part):
        if response.headers.get_content_type() == "text/html":  # before it takes the place of what has arrived
            raise DownloadError(_web_page(url, "What has arrived before is kept."))
        start = size if response.status == 206 else 0
        total = None if response.length is None else start + response.length
        done, begun, told = start, time.monotonic(), -REPORT_EVERY
        transfer = Transfer(done, total, 0.0)
        with part.open("ab" if start else "wb") as file:
            while (total is None or done < total) and (chunk := _chunk(response, url, timeout)):
                file.write(chunk)
                done += len(chunk)
                elapsed = time.monotonic() - begun
                transfer = Transfer(done, total, (done - start) / elapsed if elapsed else 0.0)
                if elapsed - told >= REPORT_EVERY:
                    told = elapsed
                    yield transfer
    yield transfer
    if total is not None and done < total:
        raise DownloadError(_cut(url))


def _answer(url: str, start: int, timeout: float) -> HTTPResponse:
    """The server's answer to a request for the bytes from `start` on, which it may ignore: status 206 or 200."""
    headers = {"User-Agent": "pruning-uncertainty-explorer"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        return urlopen(Request(url, headers=headers), timeout=timeout)
    except HTTPError as error:
        error.close()
        if error.code == 416 and start:  # there is nothing from here on, and yet the part is not the file
            return _answer(url, 0, timeout)
        raise DownloadError(refusal(_host(url), _name(url), error)) from error
    except (OSError, HTTPException, ValueError) as error:
        raise DownloadError(unreachable(_host(url), proxy_of(url), error, timeout)) from error


def _chunk(response: HTTPResponse, url: str, timeout: float) -> bytes:
    """What has arrived, at most CHUNK bytes, as soon as there is something; nothing at the end."""
    try:
        return response.read1(CHUNK)
    except TimeoutError as error:
        raise DownloadError(
            f"{_host(url)} has sent nothing for {timeout:g} seconds. Try again: what has arrived is kept."
        ) from error
    except (OSError, HTTPException) as error:
        raise DownloadError(_cut(url)) from error


def _cut(url: str) -> str:
    return (
        f"The connection to {_host(url)} was cut before {_name(url)} was complete. "
        "Try again: what has arrived is kept."
    )


def _web_page(url: str, kept: str) -> str:
    return (
        f"What came in place of {_name(url)} from {_host(url)} is a web page. {kept} In a "
        "guest network open any web page in a browser, sign in if it asks for it, and try again."
    )


def _check(part: Path, md5: str, url: str) -> None:
    """Raise DownloadError, and remove the part, if it is not what was announced."""
    if not _matches(part, md5):
        with disk_errors_named(part):
            with part.open("rb") as file:
                beginning = file.read(64)
            part.unlink()
        if beginning.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<"):
            raise DownloadError(_web_page(url, "It has been removed."))
        raise DownloadError(
            f"{_name(url)} from {_host(url)} is not the file that was expected: its MD5 is not {md5}. "
            "It has been removed. Try again; if this happens twice, something on the way changes the file."
        )


def _matches(path: Path, md5: str) -> bool:
    """Whether there is a file with this checksum."""
    with disk_errors_named(path):
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == md5


def _size(path: Path) -> int:
    with disk_errors_named(path):
        return path.stat().st_size if path.is_file() else 0


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


def _name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2] or url
