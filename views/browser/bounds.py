"""A bound on what a browser may send in one message, so that nobody holds the server up for everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST = 2 * 2**20  # bytes: ten times what a drawing of 5,000 points takes; files come another way
TOO_BIG = 1009  # of RFC 6455: a message that is too big to be processed


class Bounded:
    """Middleware that closes a connection over which a larger message comes, before anything reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self.app(scope, receive, send)
            return

        async def bounded() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and _size(message) > MOST:
                await send({"type": "websocket.close", "code": TOO_BIG})
                return {"type": "websocket.disconnect", "code": TOO_BIG}
            return message

        await self.app(scope, bounded, send)


def _size(message: Message) -> int:
    """Of its bytes, or at least of its text in bytes."""
    return len(message.get("bytes") or message.get("text") or "")
