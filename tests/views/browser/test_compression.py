"""Scripts and styles are compressed once and kept; everything else passes as it is."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from views.browser.compression import Compressed

SCRIPT = b"const a = 1;\n" * 1000
ASKS = [(b"accept-encoding", b"gzip, br")]


class Files:
    """An app behind the middleware, which counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        known = scope["path"] != "/static/js/nope.js"
        kind = b"text/javascript; charset=utf-8" if known else b"text/html"
        status = 404 if scope["path"] == "/static/js/gone.js" else 200
        headers = [(b"content-type", kind), (b"etag", b'"1"'), (b"cache-control", b"immutable")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": SCRIPT[:500], "more_body": True})
        await send({"type": "http.response.body", "body": SCRIPT[500:]})


def ask(app: Compressed, path: str, headers: list[tuple[bytes, bytes]], method: str = "GET"):
    """(status, headers, body) of one request."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    with start_blocking_portal() as portal:  # a thread of its own: the browser tests take this one's event loop
        portal.call(app, scope, None, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), body


def test_a_script_is_compressed_once_and_is_the_same_script():
    """The second visitor's is not even read again; type and lifetime stay, the length is that of what is sent."""
    files = Files()
    app = Compressed(files)
    for _ in range(3):
        status, headers, body = ask(app, "/static/js/a.js", ASKS)
        assert status == 200
        assert gzip.decompress(body) == SCRIPT
        assert headers[b"content-encoding"] == b"gzip"
        assert int(headers[b"content-length"]) == len(body) < len(SCRIPT) / 10
        assert headers[b"cache-control"] == b"immutable"
        assert headers[b"vary"] == b"accept-encoding"
        assert b"etag" not in headers
    assert files.asked == 1


@pytest.mark.parametrize(
    ("path", "headers", "method"),
    [
        ("/static/js/a.js", [], "GET"),
        ("/static/js/a.js", [*ASKS, (b"range", b"bytes=0-9")], "GET"),
        ("/static/js/a.js", [*ASKS, (b"if-none-match", b'"1"')], "GET"),
        ("/static/js/a.js", ASKS, "HEAD"),
        ("/static/media/font.woff2", ASKS, "GET"),
        ("/_stcore/health", ASKS, "GET"),
        ("/a.js", ASKS, "GET"),
        ("/static/js//a.js", ASKS, "GET"),
        ("/static/./js/a.js", ASKS, "GET"),
        ("/static/js/../js/a.js", ASKS, "GET"),
    ],
)
def test_everything_else_passes_as_it_is(path, headers, method):
    """Browsers without gzip, parts of files, questions whether a file has changed, pictures, other places."""
    status, sent, body = ask(Compressed(Files()), path, headers, method)
    assert (status, body) == (200, SCRIPT)
    assert b"content-encoding" not in sent


@pytest.mark.parametrize(("path", "status"), [("/static/js/nope.js", 200), ("/static/js/gone.js", 404)])
def test_what_is_no_file_is_not_kept(path, status):
    """Whoever asks for a thousand names that do not exist fills no memory."""
    app = Compressed(Files())
    assert ask(app, path, ASKS)[0] == status
    assert app.kept == {}
