"""What a page opens on where nothing is asked for: a picture in which pruning shows.

It is a preset and not the controls' defaults, so that a link says the same whatever the page opens on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

OPENED = "opened"  # of this visit: which pages have been


def settle(page: str, opening: Mapping[str, Any]) -> None:
    """Set the controls to the opening, once in a visit, before they are drawn; a link asks for something else."""
    opened = st.session_state.setdefault(OPENED, set())
    if not opened and not st.query_params:
        st.session_state.update(opening)
    opened.add(page)
