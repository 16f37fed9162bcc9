"""The register of what a visit keeps."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest

from views.controls import state
from views.controls.state import Key


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A session without a page."""
    here = SimpleNamespace(session_state={})
    monkeypatch.setattr(state, "st", here)
    return here.session_state


def test_no_two_keys_have_one_name():
    """Nor one and the page of another, nor one and a widget."""
    names = Counter(key.name for key in state.REGISTER)
    assert len(names) > 20
    assert names.most_common(1)[0][1] == 1
    assert not names.keys() & state.WIDGETS
    assert not [(one, other) for one in names for other in names if one.startswith(f"{other}_") and one != other]


def test_a_key_stands_for_its_default_until_it_is_set(session):
    """And again once it was taken."""
    key = Key("x", 1)
    assert (key.get(), key.is_set) == (1, False)
    key.set(2)
    assert (key.get(), key.is_set, session) == (2, True, {"x": 2})
    assert (key.pop(), key.pop(), session) == (2, 1, {})


def test_what_a_component_has_sent_is_nothing_once_it_has_left(session):
    """It may leave the page while something of it is on its way; and it may have sent something else."""
    session["bar"] = SimpleNamespace(press={"number": 1})
    assert state.sent("bar", "press") == {"number": 1}
    assert state.sent("bar", "other") is None
    del session["bar"]
    assert state.sent("bar", "press") is None


def test_what_is_made_first_stays():
    """Were it false or None."""
    key: Key[Any] = Key("x", 1)
    made = iter((None, 2))
    assert [key.first(lambda: next(made)) for _ in range(3)] == [None] * 3


def test_pages_keep_the_same_apart(session):
    """Each under a name of its own."""
    key = Key("x", 0)
    key.of("moons").set(1)
    assert (key.of("moons").get(), key.of("images").get(), key.get(), session) == (1, 0, 0, {"x_moons": 1})


def test_no_default_can_be_changed_in_place():
    """It would be changed for every visitor."""
    for key in state.REGISTER:
        assert not isinstance(key.default, list | dict | set)
