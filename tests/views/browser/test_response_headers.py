"""What every answer says to a browser: no guessing, no foreign frames, and of a document which scripts may run."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from views.browser.response_headers import HEADERS, Shielded, policy

SCRIPT = b"\n      window.ready = false\n    "
DOCUMENT = b"<html><script>" + SCRIPT + b'</script><script type="module" src="./a.js"></script></html>'


def answer(
    kind: bytes = b"text/html; charset=utf-8", *, status: int = 200, more: tuple[tuple[bytes, bytes], ...] = ()
) -> list[dict[str, Any]]:
    """What is sent of an answer that comes in two parts."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind), *more]})
        await send({"type": "http.response.body", "body": DOCUMENT[:20], "more_body": True})
        await send({"type": "http.response.body", "body": DOCUMENT[20:]})

    async def send(message: Any) -> None:
        sent.append(message)

    with start_blocking_portal() as portal:
        portal.call(Shielded(app), {"type": "http", "headers": []}, None, send)
    assert b"".join(message.get("body", b"") for message in sent) == DOCUMENT
    assert sent[0]["status"] == status
    return sent


def directives(text: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (each.split() for each in text.split("; "))}


@pytest.mark.parametrize("status", [200, 404, 421])
@pytest.mark.parametrize("kind", [b"text/html", b"text/javascript", b"application/octet-stream"])
def test_every_answer_carries_the_headers(kind: bytes, status: int) -> None:
    headers = answer(kind, status=status)[0]["headers"]
    assert set(HEADERS) <= set(headers)
    assert (b"content-security-policy" in dict(headers)) == (kind == b"text/html")


def test_what_the_app_behind_has_said_is_not_said_twice() -> None:
    headers = answer(more=((b"X-Frame-Options", b"DENY"),))[0]["headers"]
    assert [value for name, value in headers if name.lower() == b"x-frame-options"] == [b"DENY"]


def test_no_other_answer_is_held_back() -> None:
    """A file goes on to the browser part by part."""
    assert len(answer(b"text/css")) == 3


def test_a_document_runs_the_scripts_that_stand_in_it_and_no_other_text() -> None:
    """Its own by their digests (CSP level 3, 6.7.2); those of this server; nothing that is made of text."""
    said = directives(dict(answer()[0]["headers"])[b"content-security-policy"].decode())
    digest = b64encode(hashlib.sha256(SCRIPT).digest()).decode()
    assert said["script-src"] == ["'self'", "'wasm-unsafe-eval'", "blob:", f"'sha256-{digest}'"]
    assert said["frame-ancestors"] == ["'self'"]
    assert said["object-src"] == ["'none'"]
    assert not any("*" in source or "http" in source for sources in said.values() for source in sources)


@pytest.mark.parametrize(
    ("document", "scripts"),
    [
        (b"<p>none</p>", 0),
        (b'<SCRIPT type="module">a</SCRIPT><script>b</script><script>a</script>', 2),
        (b'<script crossorigin src="a.js"></script>', 0),
        (b"<script></script>", 1),
    ],
)
def test_each_script_is_named_once(document: bytes, scripts: int) -> None:
    assert policy(document).count("'sha256-") == scripts


def test_a_websocket_goes_through_as_it_is() -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, receive, send))

    with start_blocking_portal() as portal:
        portal.call(Shielded(app), {"type": "websocket"}, "receive", "send")
    assert seen == [({"type": "websocket"}, "receive", "send")]
