"""What a page opens on where nothing is asked for: a picture in which pruning shows.

It is a preset and not the controls' defaults, so that a link says the same whatever the page opens on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from views import deeds

OPENED = "opened"  # of this visit: which pages have been
WORD, DEFAULTS = "from", "defaults"  # what the address says where it would say nothing, and is not the opening's


def settle(page: str, opening: Mapping[str, Any]) -> None:
    """Set the controls to the opening, once in a visit, before they are drawn; a link asks for something else."""
    opened = st.session_state.setdefault(OPENED, set())
    if page in opened and not st.session_state.get("arrived"):
        _keep(opening)
    elif not opened and not st.query_params:
        st.session_state.update(opening)
    opened.add(page)


def _keep(opening: Mapping[str, Any]) -> None:
    """Have the address name what is left of the opening as soon as anything has been moved.

    An address that says nothing is that of the opening, and one that says something of what it does
    not name, that it is at its default.
    """
    left = {name: value for name, value in opening.items() if st.session_state.get(name) == value}
    unnamed = {name: value for name, value in left.items() if name not in st.query_params}
    if not st.query_params and len(left) == len(opening):
        return
    if unnamed:
        deeds.put(unnamed)
    elif not st.query_params:
        deeds.write(WORD, DEFAULTS)
