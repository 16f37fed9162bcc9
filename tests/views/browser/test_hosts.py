"""The names under which a server answers: its own alone, where it answers this computer alone."""

from __future__ import annotations

from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from views.browser import hosts
from views.browser.hosts import MISDIRECTED, POLICY_VIOLATION, Addressed, is_own, name_of


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("localhost", True),
        ("localhost:8501", True),
        ("LOCALHOST.:8501", True),
        ("app.localhost:8501", True),
        ("127.0.0.1:8501", True),
        ("127.0.0.2", True),
        ("[::1]:8501", True),
        ("[::1]", True),
        ("evil.example", False),
        ("evil.example:8501", False),
        ("localhost.evil.example", False),
        ("evillocalhost", False),
        ("10.0.0.1:8501", False),
        ("0.0.0.0:8501", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("evil.example@localhost", False),
        ("localhost/evil", False),
        ("localhost?evil", False),
        ("localhost#evil", False),
        ("localhost:port", False),
        ("localhost evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("bound", ["localhost", "127.0.0.1", "::1"])
def test_a_server_for_this_computer_answers_to_its_names_alone(host: str, own: bool, bound: str) -> None:
    assert is_own(host, bound) == own


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "", None, "192.0.2.1", "school.example"])
def test_a_server_that_others_are_let_in_to_answers_to_any(bound: str | None) -> None:
    """It may be known to them by names that it does not know."""
    assert is_own("school.example", bound)


@pytest.mark.parametrize(
    ("wish", "own"),
    [
        ("school.example", True),
        (" School.Example. ", True),
        ("*.example", True),
        ("*", True),
        ("example", False),
        ("*.school.example", False),
        ("", False),
    ],
)
def test_whoever_runs_it_may_name_others(wish: str, own: bool) -> None:
    """As behind a proxy on the same machine."""
    assert is_own("school.example:443", "localhost", [wish]) == own


def test_a_name_is_read_as_browsers_send_it() -> None:
    assert [name_of(host) for host in ("A.b:1", "[2001:DB8::1]:1", "a:")] == ["a.b", "2001:db8::1", "a"]


def asked(kind: str, host: bytes | None, monkeypatch: pytest.MonkeyPatch, bound: str = "localhost") -> Any:
    """What is sent to whoever asks for this host, and whether the app behind was asked."""
    options = {"server.address": bound, "server.allowedHosts": [], "browser.serverAddress": "own.example"}
    monkeypatch.setattr(hosts.st, "get_option", options.get)
    sent: list[Any] = []
    reached: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [] if host is None else [(b"host", host)]
    with start_blocking_portal() as portal:
        portal.call(Addressed(app), {"type": kind, "headers": headers}, None, send)
    return sent, reached == [kind]


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_its_own_names_reach_the_app(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for host in (b"localhost:1", b"own.example"):
        assert asked(kind, host, monkeypatch) == ([], True)
    assert asked(kind, b"evil.example", monkeypatch, "0.0.0.0") == ([], True)


def test_a_page_under_another_name_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    (start, body), reached = asked("http", b"Evil.example:8501", monkeypatch)
    assert not reached
    assert start["status"] == MISDIRECTED
    text = body["body"].decode()
    assert "not under the name 'evil.example'" in text
    assert text.endswith("start it with --browser.serverAddress evil.example.")
    assert dict(start["headers"])[b"content-length"] == b"%d" % len(text)


@pytest.mark.parametrize("host", [None, b"", b"<script>", b"\xff"])
def test_no_name_is_another_name(host: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers always send one."""
    (start, _), reached = asked("http", host, monkeypatch)
    assert (start["status"], reached) == (MISDIRECTED, False)


def test_a_websocket_under_another_name_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = [{"type": "websocket.close", "code": POLICY_VIOLATION}]
    assert asked("websocket", b"evil.example", monkeypatch) == (closed, False)


def test_what_has_no_host_goes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start and the end of the server."""
    assert asked("lifespan", None, monkeypatch) == ([], True)
