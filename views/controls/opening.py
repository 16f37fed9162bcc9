"""What a page opens on where nothing is asked for: a picture in which pruning shows.

It is a preset and not the controls' defaults, so that a link says the same whatever the page opens on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from views.controls import setting, state

WORD, DEFAULTS = "from", "defaults"  # what the address says that would say nothing, and is not that of the opening


def settle(page: str, opening: Mapping[str, Any]) -> None:
    """Set the controls to the opening, once in a visit, before they are drawn; a link asks for something else.

    As soon as anything is moved, the address names what is left of the opening: one that says
    something means the defaults of all that it does not name.
    """
    opened = state.OPENED.get()
    left = _left(opening)
    if page not in opened and not opened and not st.query_params:
        state.say(opening)
    elif page in opened and not state.ARRIVED.get() and (st.query_params or left != opening):
        setting.put({name: value for name, value in left.items() if name not in st.query_params})
    state.OPENED.set(opened | {page})


def mark(opening: Mapping[str, Any]) -> None:
    """After the controls: have an address that names none of them say whether it is that of the opening."""
    names_some = bool(set(st.query_params) - {WORD})
    setting.write(WORD, "" if names_some or _left(opening) == opening else DEFAULTS)


def _left(opening: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in opening.items() if state.said(name) == value}
