"""Controls that the page itself sets, as a preset does: nothing undoes that, and it undoes nothing.

With everything a visitor does, the browser says what all controls say. Until the answer to a press
has arrived there, that is what they said before it, and taken at its word it would undo the press;
and an answer that arrives while the visitor moves on would put back what was moved. So each setting
has a number, and the browser sends back the last number it has heard. As long as that is an older
one, a control that was set counts only where a hand has moved it since, and is set again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from views.controls import state
from views.controls.state import Pending, Values

WORD = "?"


def answered(pending: Pending, heard: int, said: Values) -> tuple[Pending, Values]:
    """What is to be set where the browser says so of the controls in `names`, and has heard this number.

    Nothing, where it has heard the last one: then what it says holds.
    """
    unheard = tuple((number, values) for number, values in pending.told if number > heard)
    if not unheard and not pending.due:
        return replace(pending, told=()), {}
    before = pending.said if heard == pending.heard else {**pending.said, **dict(pending.told).get(heard, {})}
    holds = dict(unheard[-1][1]) if unheard else {}
    for name in holds.keys() & said.keys():
        on_its_way = [values[name] for _, values in unheard if name in values]
        if said[name] != before.get(name, said[name]) and said[name] not in on_its_way:
            holds[name] = said[name]  # a hand has moved it
    return _told(replace(pending, told=unheard, heard=heard, said=dict(said)), holds), {**holds, **pending.due}


def _told(pending: Pending, holds: Values) -> Pending:
    """What holds, and what is due, told under a new number."""
    number = pending.number + 1
    return replace(pending, number=number, due={}, told=(*pending.told, (number, {**holds, **pending.due})))


def put(values: Values) -> None:
    """Have these controls set, and what the address says, before anything is drawn: for what a press is to do."""
    pending = state.PENDING.get()
    if values:
        state.PENDING.set(replace(pending, due={**pending.due, **values}))


def settle() -> None:
    """Before the controls are drawn: set what is due, and again what may not have been heard."""
    pending, values = answered(state.PENDING.get(), _heard(), _said())
    if pending != state.PENDING.get():
        state.PENDING.set(pending)  # first and at once: a run may end between any two of these lines
    if values:
        state.HEARD.set(str(pending.number))
    for name, value in values.items():
        if name.startswith(WORD):
            write(name.removeprefix(WORD), value)
        else:
            state.say({name: value})


def forget() -> None:
    """On another page, whose controls are new: nothing is on its way to them."""
    if state.PENDING.get().told:
        state.PENDING.set(replace(state.PENDING.get(), told=()))


def seal() -> None:
    """After the last control: what the browser sends back once it has heard what all of them say."""
    pending = state.PENDING.get()
    if pending.due:  # put while the page was drawn
        pending = _told(pending, pending.told[-1][1] if pending.told else {})
        state.PENDING.set(pending)
        state.HEARD.set(str(pending.number))
    st.text_input(
        "The last setting that has arrived", key=state.HEARD.name, label_visibility="collapsed", autocomplete="off"
    )


def write(word: str, value: str) -> None:
    """Have the address say this of a word, or nothing."""
    if value and st.query_params.get(word) != value:
        st.query_params[word] = value
    elif not value:
        st.query_params.pop(word, None)


def _heard() -> int:
    text = state.HEARD.get() or ""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 20 else 0


def _said() -> dict[str, Any]:
    """What the controls say; not the address, which no hand moves."""
    return {name: state.said(name) for name in state.PENDING.get().names if state.is_said(name)}
