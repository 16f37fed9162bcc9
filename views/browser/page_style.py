"""The style of the page, in the page from its first moment.

What Streamlit is handed as an element comes with the other elements, when their places have been seen;
everything would then jump to where it belongs. So the document that the browser asks for first carries it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from views.browser.component import source
from views.browser.compression import Answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

END = b"</body>"  # after Streamlit's own style, which comes to stand in the head
# With the style inside, the document is as old as neither says: no browser may keep an older one by it.
AGES = {b"etag", b"last-modified"}
# And it has to come whole and unpacked.
NOT_ASKED = {b"if-none-match", b"if-modified-since", b"range", b"accept-encoding"}


class Styled:
    """ASGI middleware that adds `browser/page_style.css` to every document."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.style = b"<style>\n" + source("page_style", "css").encode() + b"</style>"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _asks_for_document(scope):
            await self.app(scope, receive, send)
            return
        answer = Answer()
        headers = [(name, value) for name, value in scope["headers"] if name not in NOT_ASKED]
        await self.app({**scope, "headers": headers}, receive, answer.take)
        if answer.status == 200 and answer.is_of("text/html") and END in answer.body:
            head, end, rest = bytes(answer.body).rpartition(END)
            answer.body = bytearray(head + self.style + end + rest)
            kept = [(name, value) for name, value in answer.headers if name not in {b"content-length", *AGES}]
            answer.headers = [*kept, (b"content-length", str(len(answer.body)).encode())]
        await answer.give(send)


def _asks_for_document(scope: Scope) -> bool:
    """A browser that opens a page, and not one that fetches a part of it."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    return b"text/html" in dict(scope["headers"]).get(b"accept", b"")
