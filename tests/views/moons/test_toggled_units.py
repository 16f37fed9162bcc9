"""Units turned over by hand, as the session and the address know them: clicks, and addresses from elsewhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cache.visitor import Visit, VisitStore
from pruning import Experiment
from views.controls import setting, state
from views.moons import toggled_units

MASKS = {"hidden1": np.array([True, True, False]), "hidden2": np.array([True, True])}
A, B, C = ("hidden1", 0), ("hidden1", 1), ("hidden2", 1)
HERE, ELSEWHERE = Experiment(), Experiment(prune_ratio=0.3)
VISIT = Visit(VisitStore())


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A session and an address without a page."""
    here = SimpleNamespace(session_state={}, query_params={})
    for module in (toggled_units, setting, state):
        monkeypatch.setattr(module, "st", here)
    return here


def asked() -> toggled_units.Units:
    """What the page finds, of a network with `MASKS`."""
    return toggled_units.asked(SimpleNamespace(pruned=SimpleNamespace(masks=MASKS)))


# ---- the words of the address


@pytest.mark.parametrize("units", [{A}, {A, B, C}, {("hidden9", 9999)}])
def test_units_are_read_as_they_are_written(units):
    """Every set of units has words of its own."""
    assert toggled_units.read(toggled_units.write(frozenset(units))) == units


def test_units_are_written_in_order():
    """Equal units are equal words, whatever came first."""
    assert toggled_units.write(frozenset({C, B, A})) == "hidden1.0-hidden1.1-hidden2.1"


@pytest.mark.parametrize("text", ["", "hidden1", "hidden0.1", "hidden1.01", "hidden1.10000", "hidden1.0-", "x"])
def test_other_words_are_refused(text):
    """The error says how units are written."""
    with pytest.raises(ValueError, match=r"it must look like hidden1\.3-hidden2\.7"):
        toggled_units.read(text)


# ---- clicks


def test_of_two_clicks_before_an_answer_both_stay(here):
    """The second comes with an address that does not know of the first."""
    asked()
    toggled_units.toggle(A, MASKS)
    here.query_params.clear()
    toggled_units.toggle(C, MASKS)
    assert asked() == {A, C}
    assert here.query_params == {"units": "hidden1.0-hidden2.1"}
    assert toggled_units.last_step(asked()) == (C, {A})


def test_a_second_click_on_a_unit_takes_the_first_back(here):
    """The address then says nothing of units, and what was done is still known."""
    toggled_units.toggle(A, MASKS)
    toggled_units.toggle(A, MASKS)
    assert asked() == toggled_units.NONE
    assert here.query_params == {}
    assert toggled_units.last_step(toggled_units.NONE) == (A, {A})


def test_a_click_that_cannot_be_changes_nothing_but_the_sentence(here):
    """The last unit of a layer stays, and so does what is known of the click before."""
    toggled_units.toggle(A, MASKS)
    toggled_units.toggle(B, MASKS)
    assert asked() == {A}
    assert toggled_units.last_step({A}) == (A, toggled_units.NONE)
    assert state.UNITS_PROBLEM.get().startswith("This would remove the last unit of hidden layer 1;")


@pytest.mark.parametrize("units", [{C}, {A, C}, {B}, set()])
def test_a_step_is_told_only_of_the_units_that_it_led_to(units, here):
    """An address from elsewhere, as Back brings it, has no step; the one that the click led to has."""
    toggled_units.toggle(A, MASKS)
    there = here.query_params.copy()
    here.query_params["units"] = toggled_units.write(frozenset(units))
    assert asked() == units
    assert toggled_units.last_step(asked()) is None
    here.query_params.update(there)
    assert toggled_units.last_step(asked()) == (A, toggled_units.NONE)


def test_clicks_go_on_from_an_address_from_elsewhere(here):
    """What the page shows counts, and not what was clicked before."""
    toggled_units.toggle(A, MASKS)
    here.query_params["units"] = "hidden1.1"
    asked()
    toggled_units.toggle(C, MASKS)
    assert asked() == {B, C}
    assert toggled_units.last_step(asked()) == (C, {B})


# ---- another network, another page


def test_units_go_with_their_network(here):
    """They are forgotten where the experiment is another, and for good."""
    toggled_units.settle(HERE, VISIT, arrived=False)
    toggled_units.toggle(A, MASKS)
    toggled_units.settle(HERE, VISIT, arrived=False)
    assert asked() == {A}
    for experiment in (ELSEWHERE, HERE):
        toggled_units.settle(experiment, VISIT, arrived=False)
        assert here.query_params == {}
        assert asked() == toggled_units.NONE


def test_who_comes_back_from_another_page_gets_the_units_back(here):
    """The address has lost them on the way; on the same page it lacks them because somebody took them out."""
    for arrived, units in ((True, {A}), (False, toggled_units.NONE)):
        toggled_units.settle(HERE, VISIT, arrived=False)
        toggled_units.remember(frozenset({A}))
        here.query_params.clear()
        toggled_units.settle(HERE, VISIT, arrived=arrived)
        assert asked() == units


def test_who_comes_back_to_another_network_does_not(here):
    """Its units are other units."""
    toggled_units.settle(HERE, VISIT, arrived=False)
    toggled_units.remember(frozenset({A}))
    here.query_params.clear()
    toggled_units.settle(ELSEWHERE, VISIT, arrived=True)
    assert asked() == toggled_units.NONE


def test_who_comes_with_units_in_the_address_keeps_those(here):
    """A link to the page knows better than the session."""
    toggled_units.settle(HERE, VISIT, arrived=False)
    toggled_units.remember(frozenset({A}))
    here.query_params["units"] = "hidden2.1"
    toggled_units.settle(HERE, VISIT, arrived=True)
    assert asked() == {C}
