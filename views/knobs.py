"""A knob: its name in the link, its label, its help, its choices, its default; and what a link gets wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import streamlit as st

from pruning.options import Option

C = TypeVar("C")


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

    def _allows(self, value: Any) -> bool:
        if self.widget == "number":
            return isinstance(value, int) and self.options[0] <= value <= self.options[-1]
        return value in self.options

    def draw(self) -> Any:
        """Draw the control; the value chosen. One from another page or task that is not legal here is forgotten."""
        if self.name in st.session_state and not self._allows(st.session_state[self.name]):
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
    values: dict[str, Any] = {}
    with st.expander("More settings", icon=":material/tune:"):
        for column, (title, knobs) in zip(st.columns(len(groups), gap="medium"), groups.items(), strict=True):
            with column:
                st.markdown(f"**{title}**")
                values |= {knob.name: knob.draw() for knob in knobs}
    return values


def draw_row(knobs: Sequence[Knob]) -> dict[str, Any]:
    """Knobs side by side; name → value."""
    values: dict[str, Any] = {}
    for column, knob in zip(st.columns(len(knobs), gap="medium"), knobs, strict=True):
        with column:
            values[knob.name] = knob.draw()
    return values


def warn_of_link(page: str, knobs: Callable[[], Sequence[Knob]], draw: Callable[[], C]) -> C:
    """Draw the controls, and above them what the link got wrong, until one of them is moved.

    `knobs` are those the link may set; they are asked for once, and only if it sets any.
    """
    # Streamlit drops from the address what it cannot use, so this is read before the knobs are drawn.
    if f"{page}_problems" not in st.session_state:
        params = st.query_params.to_dict()
        st.session_state[f"{page}_problems"] = link_problems(params, knobs()) if params else []
    problems = st.session_state[f"{page}_problems"]
    place = st.container()
    choice = draw()
    if st.session_state.setdefault(f"{page}_choice", choice) == choice:
        for problem in problems:
            place.warning(problem, icon=":material/link_off:")
    return choice


def link_problems(params: Mapping[str, str], knobs: Sequence[Knob]) -> list[str]:
    """A sentence for everything in the link that no knob understands; the page then uses the default."""
    known = {knob.name: knob for knob in knobs}
    return [sentence for name, value in params.items() if (sentence := _problem(known, name, value))]


def _problem(known: Mapping[str, Knob], name: str, value: str) -> str | None:
    if name not in known:
        return f"The link sets {_quoted(name)}, which this page does not know. It knows: {', '.join(known)}."
    knob, shown = known[name], _quoted(value)
    if knob.widget == "number":
        low, high = knob.options[0], knob.options[-1]
        if value.isdecimal() and value.isascii() and low <= int(value) <= high:
            return None
        return (
            f"The link sets {name} to {shown}; it must be a whole number from {low} to {high}. Using {knob.default}."
        )
    if value in knob.legal():
        return None
    choices = " · ".join(knob.legal())  # labels have commas of their own
    return f"The link sets {name} to {shown}; it must be one of: {choices}. Using {knob.show(knob.default)}."


def _quoted(text: str) -> str:
    """At most 40 characters of something a stranger wrote, as code, so that nothing in it is markup."""
    clean = "".join(c for c in text if c.isprintable() and c != "`")
    return f"`{clean[:40]}{'…' if len(clean) > 40 else ''}`" if clean else "nothing"
