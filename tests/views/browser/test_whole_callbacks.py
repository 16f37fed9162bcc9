"""A callback that a newer move overtakes: cut short by Streamlit, whole here; what comes after it is not."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState
from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.runtime.state.common import WidgetMetadata

from views.browser import whole_callbacks


class Overtaken(BaseException):
    """As Streamlit's own, which no `except Exception` catches."""


@pytest.fixture(autouse=True)
def as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit as it is without the change, with one run at a time, and afterwards as it was before the test."""
    monkeypatch.setattr(st, "get_option", {"runner.fastReruns": False}.__getitem__)
    prepare = SafeSessionState.on_script_will_rerun
    monkeypatch.setattr(SafeSessionState, "on_script_will_rerun", getattr(prepare, "__wrapped__", prepare))


def overtaken_while_calling_back() -> tuple[SafeSessionState, dict[str, Any], list[str]]:
    """A visitor's session after a click whose callback keeps two things, with another move waiting; what it kept."""
    looked, kept = [], {}

    def look() -> None:
        looked.append("look")
        raise Overtaken

    inner = SessionState()
    session = SafeSessionState(inner, look)

    def callback() -> None:
        session["first"] = 1
        session["second"] = 2

    inner._set_widget_metadata(
        WidgetMetadata(
            id="button",
            deserializer=lambda value: bool(value),
            serializer=lambda value: bool(value),
            value_type="trigger_value",
            callback=callback,
        )
    )
    states = WidgetStates(widgets=[WidgetState(id="button", trigger_value=True)])
    ThreadState.initialize()
    try:
        session.on_script_will_rerun(states)
    except Overtaken:
        kept["overtaken"] = True
    kept.update({name: inner[name] for name in ("first", "second") if name in inner})
    return session, kept, looked


def test_streamlit_cuts_a_callback_short() -> None:
    """Why anything is done at all: as soon as this fails, nothing needs to be."""
    assert overtaken_while_calling_back()[1] == {"overtaken": True}


def test_a_callback_is_whole_and_what_follows_it_is_overtaken() -> None:
    """Both values are kept, and the newer move is met at the next touch of the session."""
    whole_callbacks.let_callbacks_finish()
    session, kept, looked = overtaken_while_calling_back()
    assert kept == {"first": 1, "second": 2}
    assert looked == []
    with pytest.raises(Overtaken):
        session["third"] = 3


def test_beside_a_newer_run_an_older_one_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the controls said before would undo what they say now."""
    monkeypatch.setattr(st, "get_option", {"runner.fastReruns": True}.__getitem__)
    whole_callbacks.let_callbacks_finish()
    assert overtaken_while_calling_back()[1] == {"overtaken": True}


def test_an_error_of_a_callback_leaves_the_session_as_it_was() -> None:
    """It looks for newer moves again."""
    whole_callbacks.let_callbacks_finish()

    def look() -> None:
        raise Overtaken

    session = SafeSessionState(SessionState(), look)
    with pytest.raises(AttributeError):
        session.on_script_will_rerun("no states")  # type: ignore[arg-type]
    with pytest.raises(Overtaken):
        session["x"] = 1


def test_asking_again_changes_nothing() -> None:
    """One layer, however often the server's file is read."""
    whole_callbacks.let_callbacks_finish()
    once = SafeSessionState.on_script_will_rerun
    whole_callbacks.let_callbacks_finish()
    assert SafeSessionState.on_script_will_rerun is once


def test_an_unknown_streamlit_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has looked whether it still does so."""
    before = SafeSessionState.on_script_will_rerun
    monkeypatch.setattr(st, "__version__", "9.0.0")
    whole_callbacks.let_callbacks_finish()
    assert SafeSessionState.on_script_will_rerun is before
