"""Head of an explorer page: its title, the place of its presets, and its tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.elements.lib.mutable_tab_container import TabContainer

    from views.controls.control import Control


class Head(NamedTuple):
    """Places in the head of a page."""

    share: DeltaGenerator  # for the link to the state of the page
    presets: DeltaGenerator


def draw_title(title: str, question: str) -> Head:
    """The title, what the page asks, and places for what belongs beside and below them."""
    with st.container(key="head", horizontal=True, vertical_alignment="center", gap="medium"):
        st.title(title, anchor=False, width="content")
        st.caption(question)
        share = st.container(width="content")
    return Head(share, st.container(key="stories"))


def draw_tabs(control: Control, key: str) -> dict[str, TabContainer]:
    """The tabs that a control chooses from, each by its title; what is not open need not be drawn."""
    with st.container(key=key):
        opened = st.tabs(control.options, key=control.name, on_change="rerun", bind="query-params")
    return dict(zip(control.options, opened, strict=True))
