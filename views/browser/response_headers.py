"""What every answer tells a browser not to do: guess what a file is, show the page in another's frame, run what is
not of this server.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from typing import TYPE_CHECKING

from views.browser.compression import Answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"SAMEORIGIN"),  # of older browsers; the others go by frame-ancestors
    (b"referrer-policy", b"same-origin"),  # an address carries the whole state of a page
)
# Scripts come from this server, or from the page's own memory, as Streamlit mounts components. Vega makes functions
# of its expressions, which is `unsafe-eval`. Styles are written into the page by Streamlit and by the charts.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "media-src": "'self' blob:",  # the camera
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}
_INLINE = re.compile(rb"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL | re.IGNORECASE)


class Shielded:
    """ASGI middleware that adds `HEADERS` to every answer, and to every document the policy of its content.

    A document is held back until it is whole: the policy names the scripts that stand in it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        document = Answer()
        held = False

        async def shielded(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in HEADERS if name not in said]
                message = {**message, "headers": [*message["headers"], *more]}
                held = _is_document(message)
            await (document.take(message) if held else send(message))

        await self.app(scope, receive, shielded)
        if held:
            document.headers.append((b"content-security-policy", policy(bytes(document.body)).encode()))
            await document.give(send)


def policy(document: bytes) -> str:
    """The Content-Security-Policy of a document: what is written in it may run, and nothing else that is written."""
    scripts = "".join(f" 'sha256-{_digest(script)}'" for script in dict.fromkeys(_INLINE.findall(document)))
    allowed = {**POLICY, "script-src": POLICY["script-src"] + scripts}
    return "; ".join(f"{name} {sources}" for name, sources in allowed.items())


def _digest(script: bytes) -> str:
    return b64encode(hashlib.sha256(script.replace(b"\r\n", b"\n")).digest()).decode()


def _is_document(message: Message) -> bool:
    headers = dict(message["headers"])
    return b"text/html" in headers.get(b"content-type", b"") and b"content-encoding" not in headers
