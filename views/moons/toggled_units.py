"""Units toggled by hand: they stand in the address, and go with the network that they are of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from pruning.model.units import Unit, toggled
from views.controls import setting
from views.controls.moons import UNITS
from views.controls.url import quoted
from views.text.names import layers_named

if TYPE_CHECKING:
    import numpy as np

    from cache.visitor import Visit
    from pruning import Experiment
    from pruning.outcome import PlaneOutcome

Units = frozenset[Unit]
NONE: Units = frozenset()
OF, NOW, STEP, PROBLEM = "toggled_of", "toggled", "toggled_step", "toggled_problem"  # of this visit


def settle(experiment: Experiment, visit: Visit, *, arrived: bool) -> None:
    """Forget the units of another network than the one before.

    A visitor who has `arrived` from another page, whose address lacks them, gets them back.
    """
    network = f"{experiment} {visit.points.key() if visit.points else ''}"
    if st.session_state.setdefault(OF, network) != network:
        st.session_state[OF] = network
        remember(NONE)
    elif arrived and UNITS not in st.query_params:
        remember(st.session_state.get(NOW, NONE))


def asked(outcome: PlaneOutcome) -> Units:
    """The units that the address turns over; none, and a sentence kept, if it says anything else."""
    text, units = st.query_params.get(UNITS, ""), NONE
    try:
        if text:
            units = read(text)
            toggled(outcome.pruned.masks, units)
    except ValueError as problem:
        st.session_state[PROBLEM] = f"The link turns over the units {quoted(text)}; {problem}. None is."
        units = NONE
    st.session_state[NOW] = units
    return units


def read(text: str) -> Units:
    """`hidden1.3-hidden2.7` → units; raises ValueError if it says anything else."""
    found = [re.fullmatch(r"(hidden[1-9])\.(0|[1-9][0-9]{0,3})", part) for part in text.split("-")]
    if not all(found):
        raise ValueError("it must look like hidden1.3-hidden2.7")
    return frozenset((match[1], int(match[2])) for match in found if match)


def write(units: Units) -> str:
    return "-".join(f"{layer}.{position}" for layer, position in sorted(units))


def toggle(unit: Unit, masks: Mapping[str, np.ndarray]) -> None:
    """Remove a unit, or put it back, on top of what is toggled by now; a sentence is kept if that cannot be.

    masks: those of the network as it was pruned. Of two quick clicks the second comes before the
    page has answered the first, so the address may not yet know of that.
    """
    before = st.session_state.get(NOW, NONE)
    after = before ^ {unit}
    try:
        toggled(masks, after)
    except ValueError as problem:
        st.session_state[PROBLEM] = f"{layers_named(str(problem)[:1].upper() + str(problem)[1:])}."
    else:
        remember(after)
        st.session_state[STEP] = (unit, before, after)


def remember(units: Units) -> None:
    """Toggle these and no others."""
    st.session_state.update({NOW: units, STEP: None, PROBLEM: None})
    setting.put({setting.WORD + UNITS: write(units)})
    setting.write(UNITS, write(units))


def last_step(units: Units) -> tuple[Unit, Units] | None:
    """The unit that somebody toggled to come to these units, and what was toggled before it."""
    unit, before, after = st.session_state.get(STEP) or (None, NONE, None)
    return (unit, before) if unit and after == units else None
