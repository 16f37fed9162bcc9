"""The presets: a row of buttons, and what the chosen one has to say for as long as its settings stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from views import controls, lock, own_points, turned
from views.stories import STORIES, Story

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

KEY, LAST = "story", "story_last"
DISPLAY = {knob.name for knob in (controls.N_SAMPLES, controls.QUANTITY, controls.POINTS)}
DEFAULTS = {knob.name: knob.default for knob in (*controls.EXPERIMENT, controls.QUANTITY, controls.POINTS)}


def draw(values: Mapping[str, Any], place: DeltaGenerator) -> None:
    """A button a story, which sets every control, and what the one has to say whose settings stand.

    Who set them does not matter: a link to a story is a link to its settings. Who changes them, as
    the story itself may ask, can read on until another is pressed.
    """
    changed = own_points.visit().points or controls.UNITS in st.query_params  # of which no story tells
    story = None if changed else told(values)
    if lock.current() is None:
        st.session_state[KEY] = story.name if story else None
        names = [each.name for each in STORIES]
        place.pills("Stories: one press sets every control", names, key=KEY, on_change=_tell)
    last = st.session_state[LAST] = story or st.session_state.get(LAST)
    if last is None:
        return
    # What to look at asks for controls that a lock may hold.
    look_at = "" if lock.current() else f"\n\n**Look at this:** {last.look_at}"
    words, way_out = place.columns([11, 1], gap="small")  # as wide when there is no way out: nothing jumps
    name = last.name if story else f"{last.name}, with other settings by now"
    words.info(f"**{name}.** {last.sentences}{look_at}", icon=":material/auto_stories:")
    if not story:
        way_out.button("Close", type="tertiary", icon=":material/close:", on_click=_close)


def _close() -> None:
    st.session_state[LAST] = None


def told(values: Mapping[str, Any]) -> Story | None:
    """The story whose settings these are, apart from how they are looked at."""
    for story in STORIES:
        due = {**DEFAULTS, **story.settings}
        if all(value == due[name] for name, value in values.items() if name in due and name not in DISPLAY):
            return story
    return None


def _tell() -> None:
    """Set every control to the chosen story, or back to its default if it was pressed again; own points leave."""
    own_points.forget()
    turned.remember(turned.NONE)
    _close()
    chosen = {story.name: story for story in STORIES}.get(st.session_state[KEY])
    for name, value in {**DEFAULTS, **(chosen.settings if chosen else {})}.items():
        st.session_state[name] = value
