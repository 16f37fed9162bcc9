"""A browser is given a cookie with the first page, and all its tabs are one visitor by it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from cache.turns import Visitor
from views.browser import script_run, visitor_cookie
from views.browser.visitor_cookie import COOKIE, LONGEST, Recognised, visitor


def cookies(
    cookie: bytes | None = None, content: bytes = b"text/html; charset=utf-8", status: int = 200, kind: str = "http"
) -> list[str]:
    """What an answer of this kind sets, asked for with this cookie."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", content), (b"set-cookie", b"of=Streamlit")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"content"})

    async def send(message: Any) -> None:
        sent.append(message)

    with start_blocking_portal() as portal:
        headers = [] if cookie is None else [(b"cookie", cookie)]
        portal.call(Recognised(app), {"type": kind, "headers": headers}, None, send)
    assert sent[1]["body"] == b"content"
    found = [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]
    assert found[0] == "of=Streamlit"
    return found[1:]


@pytest.mark.parametrize("cookie", [None, b"", b"other=1; another=2", f"{COOKIE}x=1".encode(), b"\xff=;;=\x00"])
def test_a_browser_without_the_cookie_is_given_one(cookie: bytes | None) -> None:
    """Of random letters, which no script of the page can read, for as long as the browser is open."""
    (first,), (second,) = cookies(cookie), cookies(cookie)
    for each in (first, second):
        assert re.fullmatch(rf"{COOKIE}=[0-9a-f]{{32}}; Path=/; HttpOnly; SameSite=Lax", each)
    assert first != second


@pytest.mark.parametrize(
    "asked",
    [
        {"cookie": f"a=b; {COOKIE}=1".encode()},
        {"content": b"text/javascript"},
        {"status": 404},
        {"kind": "websocket"},
    ],
)
def test_nothing_else_sets_one(asked: Any) -> None:
    assert cookies(**asked) == []


class Context:
    """Of a session, as Streamlit has it."""

    def __init__(self, ip: str | None, cookies: dict[str, str]) -> None:
        self.ip_address = ip
        self.cookies = cookies
        self.session_id = "session"


@pytest.mark.parametrize(
    ("ip", "sent", "who"),
    [
        (None, {COOKIE: "abc"}, Visitor("", "abc")),
        ("10.0.0.1", {COOKIE: "abc"}, Visitor("10.0.0.1", "abc")),
        ("10.0.0.1", {"other": "abc"}, Visitor("10.0.0.1", "session")),
        ("10.0.0.1", {COOKIE: "x" * 10_000}, Visitor("10.0.0.1", "x" * LONGEST)),
    ],
)
def test_a_visitor_is_a_browser_at_an_address(
    ip: str | None, sent: dict[str, str], who: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser that keeps no cookies is told apart by its tabs; a cookie may say no more than ours would."""
    context = Context(ip, sent)
    monkeypatch.setattr(script_run, "get_script_run_ctx", lambda: context)
    monkeypatch.setattr(visitor_cookie.st, "context", context)
    assert visitor() == who


def test_outside_of_a_page_it_is_nobody() -> None:
    assert visitor() == Visitor()
