"""A visitor's own points, kept by their page as long as it is open.

A network that is cut for minutes ends a visit on the server, and with it all that the visit had; the page stays, and
gives the points back. What comes from it is not to be trusted.
"""

from __future__ import annotations

import streamlit as st

from views.browser.component import component

_KEEPER = component("points_keeper")


def keep(text: str | None, settled: bool) -> str | None:
    """Have the page keep this file of points, or none; a file that it gives back to a visit that is not settled.

    settled: whether this visit has had points, be it that it has dropped them since.
    """
    with st.container(key="keeper"):
        data = {"text": text, "settled": settled}
        found = _KEEPER(key="points_keeper", data=data, on_found_change=lambda: None).found
    given_back = found.get("text") if isinstance(found, dict) and not settled else None
    return given_back if isinstance(given_back, str) else None
