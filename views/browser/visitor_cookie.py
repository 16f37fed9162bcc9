"""Who a visitor is to a queue: a browser, known by a cookie that all of its tabs send, at a network address."""

from __future__ import annotations

import uuid
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

import streamlit as st

from cache.turns import Visitor
from views.browser import script_run

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "explorer_browser"
LONGEST = 64  # letters of one; ours have 32


class Recognised:
    """ASGI middleware that gives every browser that opens a page a cookie of random letters, until it is closed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _carried(scope):
            await self.app(scope, receive, send)
            return

        async def recognised(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_document(message):
                cookie = f"{COOKIE}={uuid.uuid4().hex}; Path=/; HttpOnly; SameSite=Lax".encode()
                message = {**message, "headers": [*message["headers"], (b"set-cookie", cookie)]}
            await send(message)

        await self.app(scope, receive, recognised)


def visitor() -> Visitor:
    """Who runs this script. Without the cookie, as within another site's frame, each tab is a browser of its own."""
    return Visitor.at(st.context.ip_address, st.context.cookies.get(COOKIE, script_run.session())[:LONGEST])


def _carried(scope: Scope) -> bool:
    try:
        return COOKIE in SimpleCookie(dict(scope["headers"]).get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return False


def _is_document(message: Message) -> bool:
    return message["status"] == 200 and b"text/html" in dict(message["headers"]).get(b"content-type", b"")
