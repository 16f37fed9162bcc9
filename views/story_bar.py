"""The stories in one line, and what the open one has to say until it is closed."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import streamlit as st

from views import controls, deeds, lock, own_points, turned
from views.components import component
from views.stories import STORIES, Story

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

KEY = "stories_bar"
OPEN, CLOSED = "story_open", "story_closed"  # names of stories, of this visit
VISIT, LAST, TURN = "story_visit", "story_press", "story_turn"  # of this visit: its name, the last press, their count
VIEW = {knob.name: knob.default for knob in (controls.QUANTITY, controls.POINTS, controls.TAB)}
DEFAULTS = {knob.name: knob.default for knob in controls.EXPERIMENT}
DISPLAY = {*VIEW, controls.N_SAMPLES.name}  # of which no story tells
_BAR = component("stories")


def draw(values: Mapping[str, Any], place: DeltaGenerator) -> None:
    """A button a story, which sets every control, and what the one has to say whose settings stand.

    Who set them does not matter: a link to a story is a link to its settings. Who changes them, as
    the story itself may ask, can read on until another is pressed or this one is closed.
    """
    is_other = own_points.visit().points or controls.UNITS in st.query_params  # of which no story tells either
    current = None if is_other else told(values)
    story, locked = _open(current), lock.current() is not None
    data = {
        "names": [] if locked else [each.name for each in STORIES],
        "current": current and current.name,
        "told": story and _words(story, story is not current, locked),
        "target": story and story.target,
        "turn": st.session_state.get(TURN, 0),
        "visit": st.session_state.setdefault(VISIT, uuid.uuid4().hex),
    }
    with place:
        _BAR(key=KEY, data=data, on_press_change=_act)


def told(values: Mapping[str, Any]) -> Story | None:
    """The story whose settings these are, apart from how they are looked at."""
    for story in STORIES:
        due = {**DEFAULTS, **story.settings}
        if all(value == due[name] for name, value in values.items() if name in due and name not in DISPLAY):
            return story
    return None


def _open(current: Story | None) -> Story | None:
    """The story to be read: the current one unless it was closed, or the last that was."""
    if current is None or current.name != st.session_state.get(CLOSED):
        st.session_state[CLOSED] = None
        st.session_state[OPEN] = current.name if current else st.session_state.get(OPEN)
    return _named(st.session_state.get(OPEN))


def _words(story: Story, left: bool, locked: bool) -> dict[str, Any]:
    # What to look at asks for controls that a lock may hold.
    look_at, trial = ("", False) if locked else (story.look_at, bool(story.trial))
    return {"name": story.name, "sentences": story.sentences, "look_at": look_at, "left": left, "trial": trial}


def _named(name: Any) -> Story | None:
    return next((story for story in STORIES if story.name == name), None)


def _act() -> None:
    """Do what was pressed, once: the browser sends its last press again with everything that follows."""
    press = st.session_state[KEY].press
    if not isinstance(press, Mapping) or lock.current() is not None:
        return
    number = press.get("number")
    if press.get("visit") != st.session_state.get(VISIT) or number == st.session_state.get(LAST):
        return
    st.session_state[LAST] = number
    if "close" in press:
        st.session_state.update({OPEN: None, CLOSED: press["close"]})
    elif story := _named(press.get("trial")):
        deeds.put(story.trial)
    elif "story" in press:
        _tell(_named(press["story"]))


def _tell(story: Story | None) -> None:
    """Set every control to the story, or to what the page opens on; own points and units changed by hand leave."""
    own_points.forget()
    turned.remember(turned.NONE)
    st.session_state.update({OPEN: None, CLOSED: None, TURN: st.session_state.get(TURN, 0) + 1})
    due = {**story.settings, **story.view} if story else controls.OPENING
    deeds.put({**DEFAULTS, **VIEW, **due})
