"""A visitor's own points, kept by their page as long as it is open.

A network that is cut for minutes ends a visit on the server, and with it all that the visit had; the page stays, and
gives the points back. What comes from it is not to be trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from views.browser.component import component
from views.controls import state

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "points_keeper"
_KEEPER = component("points_keeper")


def keep(text: str | None, settled: bool, on_found: Callable[[str], None]) -> None:
    """Have the page keep this file of points, or none; `on_found` gets one that it gives back, before the next run.

    settled: whether this visit has had points, be it that it has dropped them since; such a visit is given none.
    """

    def act() -> None:
        # Here and not in the run: a run that another move cuts short before it comes so far loses what was sent.
        found = given_back(state.sent(KEY, "found"))
        if found is not None:
            on_found(found)

    with st.container(key="keeper"):
        _KEEPER(key=KEY, data={"text": text, "settled": settled}, on_found_change=act)


def given_back(sent: Any) -> str | None:
    """The file in what a page has sent; None if there is none."""
    found = sent.get("text") if isinstance(sent, dict) else None
    return found if isinstance(found, str) else None
