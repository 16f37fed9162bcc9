"""A knob: its name in the link, its label, its help, its choices, its default; links, and what they get wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import streamlit as st

from pruning.options import Option
from views import lock

C = TypeVar("C")
MOST_PROBLEMS = 20  # of a link, told one by one


@dataclass(frozen=True)
class Knob:
    """One control. `name` is its widget key and its name in the link; `show` turns a value into words."""

    name: str
    label: str
    help: str
    default: Any
    options: Sequence[Any]
    widget: Literal["select", "steps", "buttons", "number"] = "steps"
    show: Callable[[Any], str] = str

    def legal(self) -> dict[str, Any]:
        """What the link may say for this knob, and the value it stands for."""
        return {self.show(option): option for option in self.options}

    def allows(self, value: Any) -> bool:
        """Whether it may have this value."""
        if self.widget == "number":
            return isinstance(value, int) and self.options[0] <= value <= self.options[-1]
        return value in self.options

    def read(self, text: str) -> Any:
        """The value that a link stands for by `text`; raises ValueError with the legal set if there is none."""
        if self.widget == "number":
            low, high = self.options[0], self.options[-1]
            if text.isdecimal() and text.isascii() and len(text) < 20 and low <= int(text) <= high:
                return int(text)
            raise ValueError(f"it must be a whole number from {low} to {high}")
        if text not in self.legal():
            raise ValueError(f"it must be one of: {' · '.join(self.legal())}")  # labels have commas of their own
        return self.legal()[text]

    @property
    def is_open(self) -> bool:
        """Whether this visitor may move it."""
        held = lock.current()
        return held is None or held.leaves(self.name)

    def draw(self) -> Any:
        """Draw the control; the value chosen. One from another page or task that is not legal here is forgotten.

        Where a lock holds it, nothing is drawn and the value is that of the link.
        """
        if not self.is_open:
            return self._held()
        if self.name in st.session_state and not self.allows(st.session_state[self.name]):
            del st.session_state[self.name]
        common: dict[str, Any] = {"key": self.name, "help": self.help, "bind": "query-params"}
        if self.widget == "number":
            low, high = self.options[0], self.options[-1]
            return st.number_input(self.label, low, high, self.default, **common)
        if self.widget == "select":
            start = list(self.options).index(self.default)
            return st.selectbox(self.label, self.options, start, format_func=self.show, filter_mode=None, **common)
        if self.widget == "buttons":
            return st.segmented_control(
                self.label,
                self.options,
                default=self.default,
                required=True,
                format_func=self.show,
                wrap=True,
                **common,
            )
        return st.select_slider(self.label, self.options, self.default, format_func=self.show, **common)

    def _held(self) -> Any:
        held = lock.current()
        assert held is not None
        try:
            return self.read(held.values[self.name])
        except (KeyError, ValueError):
            return self.default


def choice(
    name: str,
    label: str,
    help: str,
    default: Option,
    options: Sequence[Option] = (),
    widget: Literal["select", "buttons"] = "select",
) -> Knob:
    """A knob over members of an enum, all of them or `options`; each member's own sentence joins the help."""
    options = tuple(options or type(default))
    sentences = "\n".join(f"- **{member.label}**: {member.help}" for member in options)
    return Knob(name, label, f"{help}\n\n{sentences}", default, options, widget, lambda member: member.label)


def draw_columns(groups: Mapping[str, Sequence[Knob]]) -> dict[str, Any]:
    """Knobs folded away, each group in a column under its title; name → value."""
    values = {knob.name: knob.draw() for knobs in groups.values() for knob in knobs if not knob.is_open}
    shown = {title: left for title, knobs in groups.items() if (left := [knob for knob in knobs if knob.is_open])}
    if shown:
        with st.expander("More settings", icon=":material/tune:"):
            for column, (title, knobs) in zip(st.columns(len(shown), gap="medium"), shown.items(), strict=True):
                with column:
                    st.markdown(f"**{title}**")
                    values |= {knob.name: knob.draw() for knob in knobs}
    return values


def draw_row(knobs: Sequence[Knob]) -> dict[str, Any]:
    """Knobs side by side; name → value."""
    values = {knob.name: knob.draw() for knob in knobs if not knob.is_open}
    shown = [knob for knob in knobs if knob.is_open]
    for column, knob in zip(st.columns(len(shown), gap="medium") if shown else (), shown, strict=True):
        with column:
            values[knob.name] = knob.draw()
    return values


def link(values: Mapping[str, Any], knobs: Sequence[Knob], extra: Mapping[str, str] | None = None) -> str:
    """What stands behind the question mark of the link that reopens these values; defaults need no mention."""
    said = {
        knob.name: knob.show(values[knob.name])
        for knob in knobs
        if knob.name in values and values[knob.name] != knob.default
    }
    return urlencode({**said, **(extra or {})})


def warn_of_link(
    page: str, knobs: Callable[[], Sequence[Knob]], draw: Callable[[], C], also: Sequence[str] = ()
) -> C:
    """Draw the controls, and above them what the link got wrong, until one of them is moved.

    `knobs` are those the link may set; they are asked for once, and only if it sets any. `also` are
    words of a link that other parts of the page understand.
    """
    # Streamlit drops from the address what it cannot use, so this is read before the knobs are drawn.
    if f"{page}_problems" not in st.session_state:
        params = st.query_params.to_dict()
        known = knobs() if params else ()
        st.session_state[f"{page}_problems"] = link_problems(params, known, also)
        if _correct_link(params, known):
            st.rerun()
    problems = st.session_state[f"{page}_problems"]
    place = st.container()
    choice = draw()
    if st.session_state.setdefault(f"{page}_choice", choice) == choice:
        for problem in problems[:MOST_PROBLEMS]:
            place.warning(problem, icon=":material/link_off:")
        if len(problems) > MOST_PROBLEMS:
            place.warning(f"{len(problems) - MOST_PROBLEMS} more things in the link are wrong.")
    return choice


def _correct_link(params: Mapping[str, str], knobs: Sequence[Knob]) -> bool:
    """Take out of the address what `Knob.read` refuses, and whether there was any.

    Streamlit reads some of it otherwise (1e3 as a number, the first of two) and breaks on some (inf).
    """
    wrong = {
        knob.name
        for knob in knobs
        if knob.name in params and _problem({knob.name: knob}, knob.name, params[knob.name])
    }
    twice = {knob.name for knob in knobs if len(st.query_params.get_all(knob.name)) > 1} - wrong
    for name in wrong:
        del st.query_params[name]
    for name in twice:
        st.query_params[name] = params[name]
    return bool(wrong | twice)


def link_problems(params: Mapping[str, str], knobs: Sequence[Knob], also: Sequence[str] = ()) -> list[str]:
    """A sentence for everything in the link that no knob understands; the page then uses the default."""
    known = {knob.name: knob for knob in knobs}
    problems = [_problem(known, name, value) for name, value in params.items() if name not in {*also, lock.PARAM}]
    held = lock.read(params)
    left = sorted(held.left - set(known) - {lock.NOTHING}) if held else []
    problems += [f"The link leaves the control {quoted(n)}, which is none. There are: {_names(known)}." for n in left]
    return [problem for problem in problems if problem]


def _names(known: Mapping[str, Knob]) -> str:
    return ", ".join(known)


def _problem(known: Mapping[str, Knob], name: str, value: str) -> str | None:
    if name not in known:
        return f"The link sets {quoted(name)}, which this page does not know. It knows: {_names(known)}."
    knob = known[name]
    try:
        knob.read(value)
    except ValueError as legal:
        return f"The link sets {name} to {quoted(value)}; {legal}. Using {knob.show(knob.default)}."
    return None


def quoted(text: str) -> str:
    """At most 40 characters of something a stranger wrote, as code, so that nothing in it is markup."""
    clean = "".join(c for c in text if c.isprintable() and c != "`")
    return f"`{clean[:40]}{'…' if len(clean) > 40 else ''}`" if clean else "nothing"
