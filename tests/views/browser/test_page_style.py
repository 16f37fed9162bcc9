"""Every document carries the style of the page; nothing else is touched, and no older one is kept."""

from __future__ import annotations

from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from views.browser.component import source
from views.browser.page_style import Styled

DOCUMENT = b"<html><head><title>t</title></head><body><div></div></body></html>"
STYLE = source("page_style", "css").encode()
BROWSER = [(b"accept", b"text/html,application/xhtml+xml,*/*;q=0.8")]


def ask(
    headers: list[tuple[bytes, bytes]],
    kind: bytes = b"text/html; charset=utf-8",
    body: bytes = DOCUMENT,
    method: str = "GET",
    status: int = 200,
):
    """(status, headers, body) of an answer that comes in two parts, and the headers that the app behind was given."""
    sent: list[dict[str, Any]] = []
    given: list[tuple[bytes, bytes]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        given.extend(scope["headers"])
        said = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-cache")]
        ages = [(b"etag", b'"1"'), (b"last-modified", b"Thu, 26 Nov 2026 22:37:46 GMT")]
        await send({"type": "http.response.start", "status": status, "headers": [*said, *ages]})
        await send({"type": "http.response.body", "body": body[:20], "more_body": True})
        await send({"type": "http.response.body", "body": body[20:]})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/images", "headers": headers}
    with start_blocking_portal() as portal:
        portal.call(Styled(app), scope, None, send)
    whole = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], dict(sent[0]["headers"]), whole, dict(given)


def test_a_document_ends_with_the_style_of_the_page():
    """After all that Streamlit says in the head, so that it wins; the length is that of what is sent."""
    status, headers, body, _ = ask(BROWSER)
    assert status == 200
    before, style, after = body.partition(b"<style>\n" + STYLE + b"</style>")
    assert before + after == DOCUMENT
    assert style
    assert after == b"</body></html>"
    assert int(headers[b"content-length"]) == len(body)
    assert headers[b"cache-control"] == b"no-cache"


def test_no_older_document_is_kept_by_an_age_that_is_not_of_the_style():
    """Neither answered nor asked by entity tag or date, or a changed style would not be seen."""
    ages = [(b"if-none-match", b'"1"'), (b"if-modified-since", b"Thu")]
    asks = [*BROWSER, *ages, (b"accept-encoding", b"gzip"), (b"cookie", b"a=b")]
    _, headers, _, given = ask(asks)
    assert not {b"etag", b"last-modified"} & headers.keys()
    assert given == {**dict(BROWSER), b"cookie": b"a=b"}


@pytest.mark.parametrize(
    "other",
    [
        {"headers": []},
        {"headers": BROWSER, "kind": b"application/json"},
        {"headers": BROWSER, "body": b"<p>a part of a page, and nothing after it</p>"},
        {"headers": BROWSER, "method": "HEAD"},
        {"headers": BROWSER, "status": 404},
    ],
)
def test_everything_else_passes_as_it_is(other):
    """What is fetched by a script, what is no document or none whole, and what went wrong."""
    status, headers, body, _ = ask(**other)
    assert body == other.get("body", DOCUMENT)
    assert status == other.get("status", 200)
    assert headers[b"etag"] == b'"1"'
