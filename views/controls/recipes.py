"""The popover beside the control of the strategy, in which all recipes are drawn."""

from __future__ import annotations

import streamlit as st

from pruning.options import Strategy
from views.text import recipes


def draw_recipes(chosen: Strategy) -> None:
    """A button that unfolds the recipes, the chosen one marked."""
    with st.popover("Recipes"):
        st.html(recipes.diagram(chosen))
        st.caption(recipes.CAPTION)
