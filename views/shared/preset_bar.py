"""The stories in one line, and what the open one has to say until it is closed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from views.browser.component import component
from views.controls import lock, setting
from views.controls.control import Knob
from views.moons.presets import Story

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

VISIT, LAST, TURN = "story_visit", "story_press", "story_turn"  # of this visit: its name, the last press, their count
_BAR = component("preset_bar")


@dataclass(frozen=True)
class Stories:
    """The stories of a page, and what is set by one beside its own settings."""

    page: str
    stories: Sequence[Story]
    knobs: Sequence[Knob]  # all that a story tells of; those that it does not name are set to their defaults
    view: Sequence[Knob]  # how that is looked at: likewise
    opening: Mapping[str, Any]  # what *Start over* leads to
    untold: frozenset[str] = frozenset()  # of `knobs`: those that decide what is shown, of which no story tells
    leave: Callable[[], None] = lambda: None  # what else goes when a story begins

    @property
    def defaults(self) -> dict[str, Any]:
        return {knob.name: knob.default for knob in self.knobs}

    @property
    def key(self) -> str:
        """Of the line of buttons."""
        return f"stories_{self.page}"

    def of_visit(self, word: str) -> str:
        """The key of what this visit knows of the stories: the name of the one that is `open`, or was `closed`."""
        return f"story_{word}_{self.page}"

    def named(self, name: Any) -> Story | None:
        return next((story for story in self.stories if story.name == name), None)

    def told(self, values: Mapping[str, Any]) -> Story | None:
        """The story whose settings these are, apart from how they are looked at."""
        defaults = self.defaults
        for story in self.stories:
            due = {**defaults, **story.settings}
            if all(value == due[name] for name, value in values.items() if name in due and name not in self.untold):
                return story
        return None


def draw(stories: Stories, values: Mapping[str, Any], place: DeltaGenerator, is_other: bool = False) -> None:
    """A button a story, which sets every control, and what the one has to say whose settings stand.

    Who set them does not matter: a link to a story is a link to its settings. Who changes them, as
    the story itself may ask, can read on until another is pressed or this one is closed.
    is_other: whether something is shown of which no story tells, whatever the values.
    """
    current = None if is_other else stories.told(values)
    story, locked = _open(stories, current), lock.current() is not None
    data = {
        "names": [] if locked else [each.name for each in stories.stories],
        "current": current and current.name,
        "told": story and _words(story, story is not current, locked),
        "target": story and story.target,
        "turn": st.session_state.get(TURN, 0),
        "visit": st.session_state.setdefault(VISIT, uuid.uuid4().hex),
    }
    with place:
        _BAR(key=stories.key, data=data, on_press_change=partial(_act, stories))


def _open(stories: Stories, current: Story | None) -> Story | None:
    """The story to be read: the current one unless it was closed, or the last that was."""
    opened, closed = stories.of_visit("open"), stories.of_visit("closed")
    if current is None or current.name != st.session_state.get(closed):
        st.session_state[closed] = None
        st.session_state[opened] = current.name if current else st.session_state.get(opened)
    return stories.named(st.session_state.get(opened))


def _words(story: Story, left: bool, locked: bool) -> dict[str, Any]:
    # What to look at asks for controls that a lock may hold.
    look_at, trial = ("", False) if locked else (story.look_at, bool(story.trial))
    return {"name": story.name, "sentences": story.sentences, "look_at": look_at, "left": left, "trial": trial}


def _act(stories: Stories) -> None:
    """Do what was pressed, once: the browser sends its last press again with everything that follows."""
    press = st.session_state[stories.key].press
    if not isinstance(press, Mapping) or lock.current() is not None:
        return
    number = press.get("number")
    if press.get("visit") != st.session_state.get(VISIT) or number == st.session_state.get(LAST):
        return
    st.session_state[LAST] = number
    if "close" in press:
        st.session_state.update({stories.of_visit("open"): None, stories.of_visit("closed"): press["close"]})
    elif story := stories.named(press.get("trial")):
        setting.put(story.trial)
    elif "story" in press:
        _tell(stories, stories.named(press["story"]))


def _tell(stories: Stories, story: Story | None) -> None:
    """Set every control to the story, or to what the page opens on."""
    stories.leave()
    opened, closed = stories.of_visit("open"), stories.of_visit("closed")
    st.session_state.update({opened: None, closed: None, TURN: st.session_state.get(TURN, 0) + 1})
    due = {**story.settings, **story.view} if story else stories.opening
    setting.put({**stories.defaults, **{knob.name: knob.default for knob in stories.view}, **due})
