"""A control: its name in the link, its label, its help, its choices, its default, the field that it sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import streamlit as st

from uncertainty.options import Option
from views.controls import lock, state

MANY = 12  # options of a select box, from which on one looks for one of them by typing


@dataclass(frozen=True)
class Control:
    """One control. `name` is its widget key and its name in the link; `show` turns a value into words.

    field: that of the experiment which it sets, if it sets one.
    """

    name: str
    label: str
    help: str
    default: Any
    options: Sequence[Any]
    widget: Literal["select", "steps", "buttons", "number", "check", "tabs"] = (
        "steps"  # the page draws its tabs itself
    )
    show: Callable[[Any], str] = str
    field: str = ""
    width: float = 1.0  # of its column in a row, where others have 1: with something beside it more

    def legal(self) -> dict[str, Any]:
        """What the link may say for this control, and the value it stands for."""
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

    def read_or_default(self, text: str | None) -> Any:
        """As `read`, and the default for no text or a wrong one."""
        try:
            return self.default if text is None else self.read(text)
        except ValueError:
            return self.default

    def knows(self, said: Mapping[str, str]) -> bool:
        """Whether a link says something of this control that it may be."""
        try:
            self.read(said[self.name])
        except (KeyError, ValueError):
            return False
        return True

    @property
    def is_open(self) -> bool:
        """Whether this visitor may move it."""
        held = lock.current()
        return held is None or held.leaves(self.name)

    def draw(self) -> Any:
        """Draw the control; the value chosen. One from another page or task that is not legal here gives way.

        Where a lock holds it, nothing is drawn and the value is that of the link.
        """
        if not self.is_open:
            return self._held()
        if not self.allows(state.said_or(self.name, self.default)):
            # Forgotten is not enough: the browser would go on showing it.
            state.say({self.name: self.default})
        common: dict[str, Any] = {"key": self.name, "help": self.help or None, "bind": "query-params"}
        if self.widget == "number":
            low, high = self.options[0], self.options[-1]
            return st.number_input(self.label, low, high, self.default, **common)
        if self.widget == "check":
            return st.checkbox(self.label, self.default, **common)
        if self.widget == "select":
            start = list(self.options).index(self.default)
            find: Literal["contains"] | None = "contains" if len(self.options) > MANY else None
            return st.selectbox(self.label, self.options, start, format_func=self.show, filter_mode=find, **common)
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
        return self.read_or_default(held.values.get(self.name))


def choice(
    name: str,
    label: str,
    help: str,
    default: Option,
    options: Sequence[Option] = (),
    widget: Literal["select", "buttons"] = "select",
    field: str = "",
) -> Control:
    """A control over members of an enum, all of them or `options`; each member's own sentence joins the help."""
    options = tuple(options or type(default))
    sentences = "\n".join(f"- **{member.label}**: {member.help}" for member in options)
    return Control(
        name, label, f"{help}\n\n{sentences}", default, options, widget, lambda member: member.label, field
    )


def check(name: str, label: str, help: str, default: bool = True, field: str = "") -> Control:
    """A control that is on or off."""
    return Control(name, label, help, default, (True, False), "check", lambda on: str(on).lower(), field)


def fields_set(controls: Iterable[Control], values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an experiment that these controls set; field → value."""
    return {control.field: values[control.name] for control in controls if control.field}


def draw_settings(groups: Mapping[str, Sequence[Control]]) -> dict[str, Any]:
    """Controls folded away beside the page, each group under its title; name → value.

    Beside and not above the pictures: what they do is to be seen while they are moved.
    """
    values = {
        control.name: control.draw() for controls in groups.values() for control in controls if not control.is_open
    }
    shown = {
        title: left
        for title, controls in groups.items()
        if (left := [control for control in controls if control.is_open])
    }
    for title, controls in shown.items():
        with st.sidebar:
            st.markdown(f"**{title}**")
            values |= {control.name: control.draw() for control in controls}
    return values


def draw_row(
    controls: Sequence[Control],
    beside: Mapping[str, Callable[[Any], object]] = MappingProxyType({}),
    instead: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = MappingProxyType({}),
) -> dict[str, Any]:
    """Controls side by side; name → value.

    `beside` draws, from a control's value, what stands next to it; `instead` draws, from the values that are known by
    then, what stands in the place of a control, and returns what that says.
    """
    values = {control.name: control.draw() for control in controls if not control.is_open}
    shown = [control for control in controls if control.is_open]
    widths = [control.width for control in shown]
    for column, control in zip(st.columns(widths, gap="medium") if shown else (), shown, strict=True):
        has_neighbour = control.name in beside
        with column.container(horizontal=True, vertical_alignment="bottom") if has_neighbour else column:
            if control.name in instead:
                values |= instead[control.name](values)
                continue
            values[control.name] = control.draw()
            if has_neighbour:
                beside[control.name](values[control.name])
    return values
