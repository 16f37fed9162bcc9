"""Session state: everything that a visit keeps from run to run, each key with its type, in one place.

Controls keep their values under their own names, which no key here may have. What one control says
is read and set with `said` and `say`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import streamlit as st

from cache.jobs import Job, Watcher
from cache.visitor import VisitStore
from pruning.model.units import Unit

if TYPE_CHECKING:
    from pruning.data.own_points import Points
    from views.text.worksheet import Entry

T = TypeVar("T")
Units = frozenset[Unit]
Values = Mapping[str, Any]
"""Name of a control, or of a word of the address behind a question mark, → value."""


@dataclass(frozen=True)
class Key(Generic[T]):
    """A name in the session, and what stands for it until it is set: a value that nobody changes in place."""

    name: str
    default: T

    def get(self) -> T:
        """What is kept, or the default."""
        return st.session_state.get(self.name, self.default)

    def set(self, value: T) -> None:
        """Keep this."""
        st.session_state[self.name] = value

    def pop(self) -> T:
        """What is kept, or the default; afterwards nothing is."""
        return st.session_state.pop(self.name, self.default)

    def first(self, make: Callable[[], T]) -> T:
        """What is kept; on a first visit what `make` gives, which is kept from then on."""
        if not self.is_set:
            self.set(make())
        return self.get()

    @property
    def is_set(self) -> bool:
        return self.name in st.session_state

    def of(self, part: str) -> Key[T]:
        """The key of one page, or of one kind, of several that keep the same."""
        return replace(self, name=f"{self.name}_{part}")


def said(name: str) -> Any:
    """What the control of this name says; None where it was not drawn in this visit."""
    return st.session_state.get(name)


def sent(name: str, event: str) -> Any:
    """What the component of this name has sent as this event; None where it has left the page meanwhile."""
    return getattr(said(name), event, None)


def said_or(name: str, default: Any) -> Any:
    """The same, with what stands for a control that was not drawn."""
    return st.session_state.get(name, default)


def is_said(name: str) -> bool:
    """Whether the control of this name says anything, were it None."""
    return name in st.session_state


def say(values: Mapping[str, Any]) -> None:
    """Have controls say this. Before they are drawn."""
    st.session_state.update(values)


@dataclass(frozen=True)
class Lock:
    """The names of the controls that are left, what the link said of every other, and the page that it is for."""

    left: frozenset[str]
    values: Mapping[str, str]
    page: str | None = None

    def leaves(self, name: str) -> bool:
        return name in self.left


@dataclass(frozen=True)
class Pending:
    """What the page has set, and what of that the browser may not know yet."""

    number: int = 0  # of the last setting
    due: Values = field(default_factory=dict)  # to be set
    told: tuple[tuple[int, Values], ...] = ()  # settings that it had not heard: number, and all that held then
    heard: int = 0  # the number that it sent back last
    said: Values = field(default_factory=dict)  # and what the controls said then

    @property
    def names(self) -> frozenset[str]:
        """Everything that may have to be set again."""
        return frozenset(self.due).union(*(values for _, values in self.told))


@dataclass
class Followed:
    """The job that this visitor follows, and how far it was when the page was last drawn."""

    start: Callable[[Watcher, float], Job]
    job: Job
    seen: Any = None
    left: bool = False  # by the visitor's own wish

    @property
    def over(self) -> bool:
        return self.job.cancelled.is_set() or self.job.wait(0)


MADE_FIRST: Any = None  # of what is made where it is first asked for

# The visit and its pages
PAGE: Key[str | None] = Key("page", None)  # that was drawn last, by its place in the address; None: it arrives again
ARRIVED = Key("arrived", False)  # whether the page that is drawn is another than the one before
OPENED: Key[frozenset[str]] = Key("opened", frozenset())  # the pages that have been
DRAWN = Key("drawn", False)  # of a page: whether its pictures have been
VISIT_STORE: Key[VisitStore] = Key("visit_store", MADE_FIRST)  # results that are nobody else's
LARGE = Key("large", False)  # a switch: larger type

# Links and locks
PROBLEMS: Key[tuple[str, ...]] = Key("problems", ())  # of a page: what its link got wrong
CHOICE: Key[object] = Key("choice", None)  # of a page: what its controls said first
LOCK: Key[Lock | None] = Key("lock", None)
ASKED = Key("asked", False)  # of a page, behind a lock for another one: whether its networks are wanted

# Controls that the page sets
PENDING = Key("pending_settings", Pending())
HEARD = Key("heard", "")  # a control that nobody sees: the number of the last setting that the browser heard

# Presets
VISIT: Key[str] = Key("preset_visit", MADE_FIRST)  # the name of this visit
PRESS: Key[Any] = Key("preset_press", None)  # the number of the last press
TURN = Key("preset_turn", 0)  # how many presses there were
OPEN_PRESET: Key[str | None] = Key("preset_open", None)  # of a page: what is read
CLOSED_PRESET: Key[str | None] = Key("preset_closed", None)  # of a page: what has been closed

# Guesses
WORKSHEET: Key[tuple[Entry, ...]] = Key("worksheet", ())  # in the order in which they were locked

# Units toggled by hand
UNITS_OF = Key("toggled_of", "")  # the network that they are of
UNITS: Key[Units] = Key("toggled_units", frozenset())
UNITS_STEP: Key[tuple[Unit, Units, Units] | None] = Key("toggled_step", None)  # the last unit, before it, after it
UNITS_PROBLEM: Key[str | None] = Key("toggled_problem", None)
CLICK = Key("click_heard", 0)  # on the drawn network: the number of the last one

# A visitor's own points and picture
POINTS: Key[Points | None] = Key("own_points", None)
POINTS_PROBLEM: Key[str | None] = Key("own_problem", None)
PICTURE: Key[str | None] = Key("own_picture_seen", None)  # the file whose answers were drawn last

# Sliders that are moved
PREVIEWED = Key("previewed", "")  # of a slider: the name of the stops that the browser has asked for

# Clicks on curves
CURVE_TURN = Key("curve_turn", 0)  # of a curve: another one after each click on it

# Jobs that a page follows
WATCHER: Key[str] = Key("watcher", MADE_FIRST)  # the name by which this visitor wants jobs
GATHERED: Key[int | None] = Key("gathered", None)  # runs of a study that had come in when the page was last drawn
FOLLOWED: Key[Followed | None] = Key("job_followed", None)  # of a kind of job
REFUSED: Key[str | None] = Key("job_refused", None)  # of a kind of job: why it was not taken

# Widgets that are no controls of an experiment
OWN_FILE = "own_file"  # somebody's points
OWN_PICTURE_FROM, OWN_PICTURE, OWN_PHOTOGRAPH = "own_picture_from", "own_picture", "own_photograph"
LEFT = "left"  # controls that a locked link leaves to whoever opens it
FIND = "find"  # a term of the glossary
WIDGETS = frozenset({OWN_FILE, OWN_PICTURE_FROM, OWN_PICTURE, OWN_PHOTOGRAPH, LEFT, FIND})

REGISTER = tuple(each for each in tuple(globals().values()) if isinstance(each, Key))
