"""Streamlit's own files, compressed on the wire.

Streamlit sends them as they are, because compressing them anew for every visitor would cost more
than it saves. They never change, so here each is compressed once and kept.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER, ENDINGS = "/static/", (".js", ".css")
DETOURS = ("//", "/.")  # other spellings of the same file, of which there is no end
Kept = tuple[list[tuple[bytes, bytes]], bytes]
"""Headers and body."""


class Compressed:
    """ASGI middleware that answers for scripts and styles whose names change with their contents."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.kept: dict[str, Kept] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _wanted(scope):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self.kept:
            answer = Answer()
            await self.app(scope, receive, answer.take)
            if answer.status != 200 or not answer.is_of(
                "javascript", "css"
            ):  # an unknown name is answered by the page itself
                await answer.give(send)
                return
            self.kept[path] = await run_sync(_compressed, answer.headers, bytes(answer.body))
        headers, body = self.kept[path]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _wanted(scope: Scope) -> bool:
    """A request for a whole file of Streamlit's, from a browser that understands gzip."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    path, headers = scope["path"], dict(scope["headers"])
    partial = b"range" in headers or b"if-none-match" in headers
    return (
        path.startswith(FOLDER)
        and path.endswith(ENDINGS)
        and not any(detour in path for detour in DETOURS)
        and b"gzip" in headers.get(b"accept-encoding", b"")
        and not partial
    )


def _compressed(headers: list[tuple[bytes, bytes]], body: bytes) -> Kept:
    packed = gzip.compress(body, mtime=0)
    rest = [(name, value) for name, value in headers if name not in {b"content-length", b"etag"}]
    more = [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
    return [*rest, *more, (b"content-length", str(len(packed)).encode())], packed


class Answer:
    """What the app behind has to say, held back until it is complete."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()

    def is_of(self, *kinds: str) -> bool:
        """Whether its content type is one of these."""
        said = dict(self.headers).get(b"content-type", b"")
        return any(kind.encode() in said for kind in kinds)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message["headers"])
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def give(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": bytes(self.body)})
