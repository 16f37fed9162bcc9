"""Under which names this server answers.

A page of another site can have its own name lead to this computer, and so talk to a server that answers this computer
alone (DNS rebinding). A browser then still sends that name along.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import streamlit as st

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

REFUSAL = (
    "This server answers this computer alone, and not under the name {name!r}. Where that name is its own, as behind "
    "a proxy, start it with --browser.serverAddress {name}."
)
MISDIRECTED = 421  # of RFC 9110: a request for a name that this server does not answer for
POLICY_VIOLATION = 1008  # of RFC 6455


class Addressed:
    """ASGI middleware that refuses what is sent to another name, on a server that answers this computer alone.

    One that others are let in to, by `server.address`, may be known to them by any name.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        asked = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if is_own(asked, st.get_option("server.address"), _named()):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            text = REFUSAL.format(name=name_of(asked) or asked[:100]).encode()
            headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
            await send({"type": "http.response.start", "status": MISDIRECTED, "headers": headers})
            await send({"type": "http.response.body", "body": text})


def _named() -> list[str]:
    """The names by which whoever runs the server says that it is known."""
    return [*(st.get_option("server.allowedHosts") or ()), st.get_option("browser.serverAddress") or ""]


def is_own(host: str, bound: str | None, names: Iterable[str] = ()) -> bool:
    """Whether a server bound to an address is meant by what a browser sends as its host, perhaps with a port.

    >>> is_own("localhost:8501", "localhost"), is_own("evil.example", "localhost"), is_own("evil.example", "0.0.0.0")
    (True, False, True)
    """
    if not (bound and _is_loopback(bound)):
        return True
    name = name_of(host)
    return bool(name) and (_is_loopback(name) or any(_fits(name, each) for each in names))


def name_of(host: str) -> str:
    """A host without its port, in small letters; empty where it is none.

    >>> name_of("LocalHost:8501"), name_of("[::1]:8501"), name_of("a b"), name_of("a@b")
    ('localhost', '::1', '', '')
    """
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname or "", parts.port  # a port that is no number raises
    except ValueError:
        return ""
    bare = f"[{name}]" if ":" in name else name
    whole = bare if parts.port is None else f"{bare}:{parts.port}"
    return name.rstrip(".") if host.lower().rstrip(":") == whole and " " not in name else ""


def _fits(name: str, wish: str) -> bool:
    """Whether a name is this one, or below it where it begins with `*.`; `*` is any."""
    wish = wish.strip().lower().rstrip(".")
    return wish == "*" or name == wish or (wish.startswith("*.") and name.endswith(wish[1:]))


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):  # which lead to this computer, by RFC 6761
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
