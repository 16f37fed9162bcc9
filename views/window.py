"""What the browser's window does around every page, set right: see `browser/window.js`."""

from __future__ import annotations

from views.components import component

_WINDOW = component("window")


def mend_window() -> None:
    """Set the window right, once for as long as it is open; nothing is seen of this."""
    _WINDOW(key="window")
