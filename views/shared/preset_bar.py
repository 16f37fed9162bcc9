"""The presets in one line, and what the open one has to say until it is closed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from views.browser.component import component
from views.controls import lock, setting
from views.controls.control import Control
from views.moons.presets import Preset

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

VISIT, LAST, TURN = "story_visit", "story_press", "story_turn"  # of this visit: its name, the last press, their count
_BAR = component("preset_bar")


@dataclass(frozen=True)
class Presets:
    """The presets of a page, and what is set by one beside its own settings."""

    page: str
    entries: Sequence[Preset]
    controls: Sequence[Control]  # all that a preset tells of; those that it does not name are set to their defaults
    view: Sequence[Control]  # how that is looked at: likewise
    opening: Mapping[str, Any]  # what *Start over* leads to
    untold: frozenset[str] = frozenset()  # of `controls`: those that decide what is shown, of which no preset tells
    leave: Callable[[], None] = lambda: None  # what else goes when a preset begins

    @property
    def defaults(self) -> dict[str, Any]:
        return {control.name: control.default for control in self.controls}

    @property
    def key(self) -> str:
        """Of the line of buttons."""
        return f"stories_{self.page}"

    def of_visit(self, word: str) -> str:
        """The key of what this visit knows of the presets: the name of the one that is `open`, or was `closed`."""
        return f"story_{word}_{self.page}"

    def named(self, name: Any) -> Preset | None:
        return next((preset for preset in self.entries if preset.name == name), None)

    def told(self, values: Mapping[str, Any]) -> Preset | None:
        """The preset whose settings these are, apart from how they are looked at."""
        defaults = self.defaults
        for preset in self.entries:
            due = {**defaults, **preset.settings}
            if all(value == due[name] for name, value in values.items() if name in due and name not in self.untold):
                return preset
        return None


def draw(presets: Presets, values: Mapping[str, Any], place: DeltaGenerator, is_other: bool = False) -> None:
    """A button a preset, which sets every control, and what the one has to say whose settings stand.

    Who set them does not matter: a link to a preset is a link to its settings. Who changes them, as
    the preset itself may ask, can read on until another is pressed or this one is closed.
    is_other: whether something is shown of which no preset tells, whatever the values.
    """
    current = None if is_other else presets.told(values)
    preset, locked = _open(presets, current), lock.current() is not None
    data = {
        "names": [] if locked else [each.name for each in presets.entries],
        "current": current and current.name,
        "told": preset and _words(preset, preset is not current, locked),
        "target": preset and preset.target,
        "turn": st.session_state.get(TURN, 0),
        "visit": st.session_state.setdefault(VISIT, uuid.uuid4().hex),
    }
    with place:
        _BAR(key=presets.key, data=data, on_press_change=partial(_act, presets))


def _open(presets: Presets, current: Preset | None) -> Preset | None:
    """The preset to be read: the current one unless it was closed, or the last that was."""
    opened, closed = presets.of_visit("open"), presets.of_visit("closed")
    if current is None or current.name != st.session_state.get(closed):
        st.session_state[closed] = None
        st.session_state[opened] = current.name if current else st.session_state.get(opened)
    return presets.named(st.session_state.get(opened))


def _words(preset: Preset, left: bool, locked: bool) -> dict[str, Any]:
    # What to look at asks for controls that a lock may hold.
    look_at, trial = ("", False) if locked else (preset.look_at, bool(preset.trial))
    return {"name": preset.name, "sentences": preset.sentences, "look_at": look_at, "left": left, "trial": trial}


def _act(presets: Presets) -> None:
    """Do what was pressed, once: the browser sends its last press again with everything that follows."""
    press = st.session_state[presets.key].press
    if not isinstance(press, Mapping) or lock.current() is not None:
        return
    number = press.get("number")
    if press.get("visit") != st.session_state.get(VISIT) or number == st.session_state.get(LAST):
        return
    st.session_state[LAST] = number
    if "close" in press:
        st.session_state.update({presets.of_visit("open"): None, presets.of_visit("closed"): press["close"]})
    elif preset := presets.named(press.get("trial")):
        setting.put(preset.trial)
    elif "story" in press:
        _tell(presets, presets.named(press["story"]))


def _tell(presets: Presets, preset: Preset | None) -> None:
    """Set every control to the preset, or to what the page opens on."""
    presets.leave()
    opened, closed = presets.of_visit("open"), presets.of_visit("closed")
    st.session_state.update({opened: None, closed: None, TURN: st.session_state.get(TURN, 0) + 1})
    due = {**preset.settings, **preset.view} if preset else presets.opening
    setting.put({**presets.defaults, **{control.name: control.default for control in presets.view}, **due})
