"""Messages of browsers: small ones come through as they are, larger ones close their connection unread."""

from __future__ import annotations

from typing import Any

import pytest

from views.browser.bounds import MOST, TOO_BIG, Bounded


def heard(messages: list[dict[str, Any]], kind: str = "websocket") -> tuple[list[Any], list[Any]]:
    """What an app behind the middleware receives of these messages, and what is sent to the browser."""
    received, sent, waiting = [], [], iter(messages)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in messages:
            received.append(await receive())

    async def receive() -> dict[str, Any]:
        return next(waiting)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with pytest.raises(StopIteration):  # nothing here waits for anything, so it ends at once
        Bounded(app)({"type": kind}, receive, send).send(None)
    return received, sent


@pytest.mark.parametrize(
    "message",
    [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "bytes": b"x" * MOST},
        {"type": "websocket.receive", "text": "x" * MOST},
        {"type": "websocket.receive", "bytes": None, "text": ""},
        {"type": "websocket.disconnect", "code": 1001},
    ],
    ids=lambda message: message["type"],
)
def test_what_is_small_comes_through(message):
    """As it is, and nothing is sent."""
    assert heard([message]) == ([message], [])


@pytest.mark.parametrize("part", [{"bytes": b"x" * (MOST + 1)}, {"text": "x" * (MOST + 1)}], ids=list)
def test_what_is_larger_closes_the_connection(part):
    """The app hears that the browser has gone, and the browser why."""
    received, sent = heard([{"type": "websocket.receive", **part}])
    assert received == [{"type": "websocket.disconnect", "code": TOO_BIG}]
    assert sent == [{"type": "websocket.close", "code": TOO_BIG}]


def test_files_and_pages_are_not_its_business():
    """HTTP has bounds of its own."""
    message = {"type": "http.request", "body": b"x" * (MOST + 1)}
    assert heard([message], "http") == ([message], [])
