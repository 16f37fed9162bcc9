"""A locked link: it names the controls that a teacher leaves, and all others stand still where it puts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import streamlit as st

from views.controls import state
from views.controls.older_links import renewed
from views.controls.state import Lock

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

PARAM = "only"
NOTHING = "nothing"  # leaves no control at all


def current() -> Lock | None:
    """The lock of this visit, if it came by a locked link. It holds until the page is loaded anew."""
    return state.LOCK.first(lambda: read(st.query_params.to_dict(), _page()))


def is_elsewhere() -> bool:
    """Whether this visit came by a link that was locked for another page than this one."""
    held = current()
    return held is not None and held.page != _page()


def waits(place: DeltaGenerator) -> bool:
    """Whether what is not stored yet has to wait for a click, since the link did not ask for it; draws the button."""
    asked = state.ASKED.of(str(_page()))
    if not is_elsewhere() or asked.get():
        return False
    place.button("Train these networks", on_click=asked.set, args=(True,))
    return True


def _page() -> str | None:
    """The page that is drawn, by its place in the address."""
    return state.PAGE.get()


def restore(names: Iterable[str]) -> None:
    """Put the lock, and what it says of these controls, back into the address, which loses them from page to page.

    So a page that is loaded anew, or an address handed on, is still locked.
    """
    held = current()
    if held and PARAM not in st.query_params:
        fixed = {name for name in names if name in held.values and not held.leaves(name)}
        st.query_params.update({name: held.values[name] for name in (*fixed, PARAM)})


def read(params: Mapping[str, str], page: str | None = None) -> Lock | None:
    """The lock that a link to this page describes; one that names nothing locks nothing."""
    said = renewed(params)
    names = {name.strip() for name in said.get(PARAM, "").split(",")} - {""}
    return Lock(frozenset(names), said, page) if names else None


def write(names: list[str]) -> str:
    """What a link says to leave these controls alone."""
    return ",".join(names) or NOTHING
