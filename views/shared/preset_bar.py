"""The presets in one line, and what the open one has to say until it is closed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from views.browser.component import component
from views.controls import lock, setting, state
from views.controls.control import Control
from views.shared.preset import Preset

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

_BAR = component("preset_bar")
QUESTION = "guessing"  # the key of the part of the page in which a preset asks


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
    asks: Callable[[Preset], bool] = lambda preset: False  # whether it asks first, and so says nothing yet
    seeds: frozenset[str] = frozenset()  # of `controls`: those that differ from one of a class to the next

    @property
    def defaults(self) -> dict[str, Any]:
        return {control.name: control.default for control in self.controls}

    @property
    def key(self) -> str:
        """Of the line of buttons."""
        return f"stories_{self.page}"

    @property
    def open(self) -> state.Key[str | None]:
        """The name of the preset that is read."""
        return state.OPEN_PRESET.of(self.page)

    @property
    def closed(self) -> state.Key[str | None]:
        """The name of the one that was closed."""
        return state.CLOSED_PRESET.of(self.page)

    def named(self, name: Any) -> Preset | None:
        return next((preset for preset in self.entries if preset.name == name), None)

    def told(self, values: Mapping[str, Any], besides: frozenset[str] = frozenset()) -> Preset | None:
        """The preset whose settings these are, apart from how they are looked at, and from those `besides`."""
        defaults, left = self.defaults, self.untold | besides
        for preset in self.entries:
            due = {**defaults, **preset.settings}
            if all(value == due[name] for name, value in values.items() if name in due and name not in left):
                return preset
        return None


def draw(presets: Presets, values: Mapping[str, Any], place: DeltaGenerator, is_other: bool = False) -> Preset | None:
    """A button a preset, which sets every control, and what the one has to say whose settings stand.

    Who set them does not matter: a link to a preset is a link to its settings. Who changes them, as
    the preset itself may ask, can read on until another is pressed or this one is closed. Who comes
    with another seed, as one of a class, can read it from the start.
    is_other: whether something is shown of which no preset tells, whatever the values. Returns the one that is read.
    """
    current = None if is_other else presets.told(values)
    near = None if is_other else presets.told(values, presets.seeds)
    preset, locked = _open(presets, near), lock.current() is not None
    asks = preset is not None and presets.asks(preset)
    data = {
        "names": [] if locked else [each.name for each in presets.entries],
        "current": current and current.name,
        "told": (preset and not asks and _words(preset, preset is not current, locked)) or None,
        "target": QUESTION if asks else preset and preset.target,
        "turn": state.TURN.get(),
        "visit": state.VISIT.first(lambda: uuid.uuid4().hex),
    }
    with place:
        _BAR(key=presets.key, data=data, on_press_change=partial(_act, presets))
    return preset


def _open(presets: Presets, current: Preset | None) -> Preset | None:
    """The preset to be read: the one whose settings stand unless it was closed, or the last that was."""
    if current is None or current.name != presets.closed.get():
        presets.closed.set(None)
        presets.open.set(current.name if current else presets.open.get())
    return presets.named(presets.open.get())


def _words(preset: Preset, left: bool, locked: bool) -> dict[str, Any]:
    # What to look at asks for controls that a lock may hold.
    look_at, trial = ("", False) if locked else (preset.look_at, bool(preset.trial))
    return {"name": preset.name, "sentences": preset.sentences, "look_at": look_at, "left": left, "trial": trial}


def _act(presets: Presets) -> None:
    """Do what was pressed, once: the browser sends its last press again with everything that follows."""
    press = state.sent(presets.key, "press")
    if not isinstance(press, Mapping) or lock.current() is not None:
        return
    number = press.get("number")
    if press.get("visit") != state.VISIT.get() or number == state.PRESS.get():
        return
    state.PRESS.set(number)
    if "close" in press:
        presets.open.set(None)
        presets.closed.set(press["close"])
    elif preset := presets.named(press.get("trial")):
        setting.put(preset.trial)
    elif "story" in press:
        _tell(presets, presets.named(press["story"]))


def _tell(presets: Presets, preset: Preset | None) -> None:
    """Set every control to the preset, or to what the page opens on."""
    presets.leave()
    presets.open.set(None)
    presets.closed.set(None)
    state.TURN.set(state.TURN.get() + 1)
    due = {**preset.settings, **preset.view} if preset else presets.opening
    setting.put({**presets.defaults, **{control.name: control.default for control in presets.view}, **due})
