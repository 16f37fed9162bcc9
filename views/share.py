"""The link that reopens what is on the page, whole or locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from views import lock
from views.knobs import Knob
from views.links import link

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


SAME = ", so it gives the same figures to everybody."


def draw_share(
    values: Mapping[str, Any], knobs: Sequence[Knob], extra: Mapping[str, str], caveat: str, place: DeltaGenerator
) -> None:
    """A button that unfolds the link to this state, and a locked one that leaves the chosen controls alone.

    extra: further words of the link. caveat: what the link cannot carry, mostly nothing.
    """
    held, lockable = lock.current(), tuple(values)
    values = {**_elsewhere(knobs), **values}
    with place.popover("Share", icon=":material/link:"):
        st.markdown(f"**This very state**: the link carries every control{'.' if caveat else SAME}")
        left = sorted(held.left) if held else []
        fixed = {lock.PARAM: lock.write(left)} if held else {}
        st.code(_address(link(values, knobs, {**extra, **fixed})), language=None, wrap_lines=True)
        if caveat:
            st.caption(caveat)
        if held is None:
            _draw_lock(values, lockable, knobs, extra)


def _draw_lock(
    values: Mapping[str, Any], lockable: Sequence[str], knobs: Sequence[Knob], extra: Mapping[str, str]
) -> None:
    labels = {knob.name: knob.label for knob in knobs if knob.name in lockable}
    left = st.multiselect(
        "Lock controls: leave only these",
        list(labels),
        format_func=labels.__getitem__,
        placeholder="leave none",
        key="left",
        help="Who opens the locked link sees these controls alone; all others stand where they stand now.",
    )
    st.code(_address(link(values, knobs, {**extra, lock.PARAM: lock.write(left)})), language=None, wrap_lines=True)


def _elsewhere(knobs: Sequence[Knob]) -> dict[str, Any]:
    """What the controls say that stand further down the page, as far as they have been drawn in this visit."""
    found = {knob.name: st.session_state.get(knob.name) for knob in knobs}
    return {knob.name: found[knob.name] for knob in knobs if knob.allows(found[knob.name])}


def _address(query: str) -> str:
    base = st.context.url or ""
    return f"{base}?{query}" if query else base
