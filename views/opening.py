"""What the start page opens on where nothing is asked for: a picture in which pruning shows.

It is a preset and not the controls' defaults, so that a link says the same whatever the page opens on.
"""

from __future__ import annotations

import streamlit as st

from views import controls

OPENING = {controls.RATIO.name: 0.9, controls.QUANTITY.name: "entropy"}
OPENED = "opened"  # of this visit


def settle() -> None:
    """Set the controls to the opening, once in a visit, before they are drawn; a link asks for something else."""
    if OPENED not in st.session_state and not st.query_params:
        st.session_state.update(OPENING)
    st.session_state[OPENED] = True
