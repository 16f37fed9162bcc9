"""What Streamlit does to a callback that another move of the same visitor overtakes, set right.

Whoever moves a second control while the first one's callback is about to run, or runs, has the callback cut short
wherever it next touches the session: a story's press would be marked as done and not be done, a drawing that was
sent would be lost, half of a preset would stand. Streamlit checks for a newer move at every touch, here too
(`SafeSessionState`), and takes the callback's end for a wish of its own. A callback is short, and its session is
this visitor's alone; so it is let finish, and the newer move is met where the page begins to be drawn.

That is right only where a visitor has one run at a time (`runner.fastReruns` off, as this project's settings have
it). Where a newer run goes on beside it, one that was overtaken before its first callback is ended there: it would
tell the session what the controls said before, after the newer one has told what they say now.

This stands on how Streamlit behaves; see `window_fixes` for versions that nobody has looked at.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

import streamlit as st
from streamlit.runtime.state import SafeSessionState

from views.browser.window_fixes import is_known


def let_callbacks_finish() -> None:
    """Have every callback run to its end from now on; with an unknown Streamlit, leave it as it is.

    Once a process: that it is asked for again changes nothing.
    """
    prepare = SafeSessionState.on_script_will_rerun
    if not is_known(st.__version__) or hasattr(prepare, "__wrapped__"):
        return

    @wraps(prepare)
    def whole(session: SafeSessionState, *args: Any, **named: Any) -> None:
        looks = session._yield_callback
        if st.get_option("runner.fastReruns"):
            looks()
        object.__setattr__(session, "_yield_callback", _go_on)  # it gives every attribute to the visitor but so
        try:
            prepare(session, *args, **named)
        finally:
            object.__setattr__(session, "_yield_callback", looks)

    setattr(SafeSessionState, prepare.__name__, whole)


def _go_on() -> None:
    """A look for a newer move that finds none."""
