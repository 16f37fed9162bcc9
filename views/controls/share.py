"""The link that reopens what is on the page, whole or locked, as text and as a code for a camera."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from views.controls import addresses, lock, state
from views.controls.control import Control
from views.controls.url import link

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


class ClassLinks(NamedTuple):
    """Where a class goes, and where what it trains is gathered."""

    everybody: str  # behind the question mark
    gathering: str
    draw_questions: Callable[[], None] | None = None  # for a teacher, if the link asks before it shows


WHOLE, LOCKED, CLASS = "This very state", "Locked", "For a class"
SAME = ", so it gives the same figures to everybody."
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def draw_share(
    values: Mapping[str, Any],
    controls: Sequence[Control],
    extra: Mapping[str, str],
    caveat: str,
    place: DeltaGenerator,
    of_class: ClassLinks | None = None,
) -> None:
    """A button that unfolds the link to this state, and a locked one that leaves the chosen controls alone.

    extra: further words of the link. caveat: what the link cannot carry, mostly nothing. of_class: for the same with
    another seed for everybody, where there are such.
    """
    held, lockable = lock.current(), tuple(values)
    values = {**_elsewhere(controls), **values}
    ways = [WHOLE] if held else [WHOLE, LOCKED, *([CLASS] if of_class else [])]
    tabs = dict(zip(ways, place.popover("Share", icon=":material/link:").tabs(ways), strict=True))
    with tabs[WHOLE]:
        st.markdown(f"The link carries every control{'.' if caveat else SAME}")
        _draw_link(link(values, controls, {**extra, **_locked()}), "whole")
        if caveat:
            st.caption(caveat)
    if held is None:
        with tabs[LOCKED]:
            _draw_lock(values, lockable, controls, extra)
    if held is None and of_class:
        with tabs[CLASS]:
            _draw_class(of_class)


def _draw_class(links: ClassLinks) -> None:
    st.markdown(
        "Whoever opens this link has another seed, and points of their own; thirty of them are an experiment. "
        f"[Watch their runs come in]({links.gathering}) on the study page."
    )
    _draw_link(links.everybody, "class")
    if links.draw_questions and st.button("What it asks, and what is true", icon=":material/quiz:"):
        links.draw_questions()


def _draw_lock(
    values: Mapping[str, Any], lockable: Sequence[str], controls: Sequence[Control], extra: Mapping[str, str]
) -> None:
    labels = {control.name: control.label for control in controls if control.name in lockable}
    left = st.multiselect(
        "Lock controls: leave only these",
        list(labels),
        format_func=labels.__getitem__,
        placeholder="leave none",
        key=state.LEFT,
        help="Who opens the locked link sees these controls alone; all others stand where they stand now.",
    )
    _draw_link(link(values, controls, {**extra, lock.PARAM: lock.write(left)}), "locked")


def _draw_link(query: str, which: str) -> None:
    """The link as it is here, the one that others can open if that is another, and a button for its code."""
    here = f"{st.context.url or ''}?{query}"
    st.code(here, language=None, wrap_lines=True)
    there = _for_others(here)
    if there != here:
        st.caption(_advice(there))
        if there:
            st.code(there, language=None, wrap_lines=True)
    if there and st.context.url and st.button("QR code", key=f"qr_{which}", icon=":material/qr_code_2:"):
        _show_code(there)


def _for_others(here: str) -> str | None:
    """The address under which others in the network can open this one; None where they cannot."""
    if not addresses.is_local(here):
        return here
    return None if st.get_option("server.address") in LOOPBACK else addresses.for_others(here)


def address(values: Mapping[str, Any], controls: Sequence[Control], extra: Mapping[str, str]) -> str:
    """The whole link to a state, as others can open it if they can; see `draw_share`."""
    query = link({**_elsewhere(controls), **values}, controls, {**extra, **_locked()})
    here = f"{st.context.url or ''}?{query}"
    return _for_others(here) or here


def _locked() -> dict[str, str]:
    """What a link says to be locked as the one was by which this visit came; nothing if that was not."""
    held = lock.current()
    return {lock.PARAM: lock.write(sorted(held.left))} if held else {}


def _advice(there: str | None) -> str:
    if there is None:
        return (
            "*localhost* is this computer alone, and nobody else can open it. To let others in, start the server "
            "with `--server.address 0.0.0.0` on a machine that has a network."
        )
    return "*localhost* is this computer alone. Others in your network open this, unless a firewall is in the way:"


@st.dialog("Open this with a camera", width="large")
def _show_code(address: str) -> None:
    """The code as large as a projector likes it, on white for every camera, and a file of it."""
    picture = qr_code(address)
    st.image(picture, width="stretch")
    st.code(address, language=None, wrap_lines=True)
    st.download_button(
        "The code as SVG", picture, "link.svg", "image/svg+xml", icon=":material/download:", on_click="ignore"
    )


def qr_code(address: str) -> str:
    """The QR code of an address as SVG: black on white with a quiet rim (ISO/IEC 18004), as large as its place."""
    import segno

    return str(
        segno.make(address, error="l", micro=False).svg_inline(border=4, omitsize=True, light="#fff", title=address)
    )


def _elsewhere(controls: Sequence[Control]) -> dict[str, Any]:
    """What the controls say that stand further down the page: drawn in this visit, or in the link that opened it."""
    found = {
        control.name: state.said_or(control.name, control.read_or_default(st.query_params.get(control.name)))
        for control in controls
    }
    return {control.name: found[control.name] for control in controls if control.allows(found[control.name])}
