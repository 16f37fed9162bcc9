"""What the browser's window does around every page, unseen: see `page_window.js`."""

from __future__ import annotations

import streamlit as st

from views.browser.component import component
from views.browser.window_fixes import mend_window

_WINDOW = component("page_window")


def attend_window() -> None:
    """Attend to the window, for as long as it is open, and set right what Streamlit does to it."""
    with st.container(key="window"):
        _WINDOW(key="attended")
        mend_window()
