"""Units toggled by hand: they stand in the address, and go with the network that they are of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import streamlit as st

from pruning.model.units import Unit, toggled
from views.controls import setting, state
from views.controls.moons import UNITS
from views.controls.state import Units
from views.controls.url import quoted
from views.text.names import layers_named

if TYPE_CHECKING:
    import numpy as np

    from cache.visitor import Visit
    from pruning import Experiment
    from pruning.outcome import PlaneOutcome

NONE: Units = frozenset()


def settle(experiment: Experiment, visit: Visit, *, arrived: bool) -> None:
    """Forget the units of another network than the one before.

    A visitor who has `arrived` from another page, whose address lacks them, gets them back.
    """
    network = f"{experiment} {visit.points.key() if visit.points else ''}"
    if state.UNITS_OF.first(lambda: network) != network:
        state.UNITS_OF.set(network)
        remember(NONE)
    elif arrived and UNITS not in st.query_params:
        remember(state.UNITS.get())


def asked(outcome: PlaneOutcome) -> Units:
    """The units that the address turns over; none, and a sentence kept, if it says anything else."""
    text, units = st.query_params.get(UNITS, ""), NONE
    try:
        if text:
            units = read(text)
            toggled(outcome.pruned.masks, units)
    except ValueError as problem:
        state.UNITS_PROBLEM.set(f"The link turns over the units {quoted(text)}; {problem}. None is.")
        units = NONE
    state.UNITS.set(units)
    return units


def read(text: str) -> Units:
    """`hidden1.3-hidden2.7` → units; raises ValueError if it says anything else."""
    found = [re.fullmatch(r"(hidden[1-9])\.(0|[1-9][0-9]{0,3})", part) for part in text.split("-")]
    if not all(found):
        raise ValueError("it must look like hidden1.3-hidden2.7")
    return frozenset((match[1], int(match[2])) for match in found if match)


def write(units: Units) -> str:
    return "-".join(f"{layer}.{position}" for layer, position in sorted(units))


def in_link(units: Units) -> dict[str, str]:
    """The words of a link that say so; none where no unit is toggled."""
    return {UNITS: write(units)} if units else {}


def toggle(unit: Unit, masks: Mapping[str, np.ndarray]) -> None:
    """Remove a unit, or put it back, on top of what is toggled by now; a sentence is kept if that cannot be.

    masks: those of the network as it was pruned. Of two quick clicks the second comes before the
    page has answered the first, so the address may not yet know of that.
    """
    before = state.UNITS.get()
    after = before ^ {unit}
    try:
        toggled(masks, after)
    except ValueError as problem:
        state.UNITS_PROBLEM.set(f"{layers_named(str(problem)[:1].upper() + str(problem)[1:])}.")
    else:
        remember(after)
        state.UNITS_STEP.set((unit, before, after))


def remember(units: Units) -> None:
    """Toggle these and no others."""
    state.UNITS.set(units)
    state.UNITS_STEP.set(None)
    state.UNITS_PROBLEM.set(None)
    setting.put({setting.WORD + UNITS: write(units)})
    setting.write(UNITS, write(units))


def last_step(units: Units) -> tuple[Unit, Units] | None:
    """The unit that somebody toggled to come to these units, and what was toggled before it."""
    step = state.UNITS_STEP.get()
    return step[:2] if step and step[2] == units else None
