"""What Streamlit does to the browser's window, set right: the history, and the focus at popovers.

`window_fixes.js` stands on how Streamlit behaves. Where another version is installed, nobody has looked
whether it still does: then nothing is set right, and everything else works. Who has looked, and has
seen the tests of it pass, adds the version here.
"""

from __future__ import annotations

import streamlit as st

from views.browser.component import component

KNOWN = ((1, 67), (1, 67))  # the first and the last version that was looked at, both included
_FIXES = component("window_fixes")


def is_known(version: str) -> bool:
    """Whether this version of Streamlit, or one that differs by its third number alone, was looked at."""
    numbers = version.split(".")[:2]
    if len(numbers) < 2 or not all(number.isdecimal() for number in numbers):
        return False
    first, last = KNOWN
    return first <= (int(numbers[0]), int(numbers[1])) <= last


def mend_window() -> None:
    """Set the window right, once for as long as it is open; with an unknown Streamlit, leave it as it is."""
    if is_known(st.__version__):
        _FIXES(key="mended")
