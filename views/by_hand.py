"""Units that a visitor takes out of the pruned network, or puts back, by hand; they stand in the link."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pruning.outcome import Network, PlaneOutcome
from pruning.units import Unit, toggled
from views import compute, tables
from views.controls import UNITS, Choice
from views.links import quoted
from views.shelf import Visit

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from pruning.figures import Figures

Units = frozenset[Unit]
NONE: Units = frozenset()
OF, LAST, PROBLEM = "by_hand_of", "by_hand_last", "by_hand_problem"  # of this visit


def asked(outcome: PlaneOutcome, visit: Visit) -> Units:
    """The units that the address turns over. Those of another network than the one before are forgotten."""
    network = f"{outcome.experiment} {visit.points.key() if visit.points else ''}"
    if st.session_state.setdefault(OF, network) != network:
        st.session_state[OF] = network
        _remember(NONE, None)
    text = st.query_params.get(UNITS, "")
    if not text:
        return NONE
    try:
        units = read(text)
        toggled(outcome.pruned.masks, units)
    except ValueError as problem:
        st.session_state[PROBLEM] = f"The link turns over the units {quoted(text)}; {problem}. None is."
        return NONE
    return units


def read(text: str) -> Units:
    """`hidden1.3-hidden2.7` → units; raises ValueError if it says anything else."""
    found = [re.fullmatch(r"(hidden[1-9])\.(0|[1-9][0-9]{0,3})", part) for part in text.split("-")]
    if not all(found):
        raise ValueError("it must look like hidden1.3-hidden2.7")
    return frozenset((match[1], int(match[2])) for match in found if match)


def write(units: Units) -> str:
    return "-".join(f"{layer}.{position}" for layer, position in sorted(units))


def applied(outcome: PlaneOutcome, units: Units, choice: Choice, visit: Visit, beside: Units = NONE) -> PlaneOutcome:
    """The outcome with the pruned network as it is once the units have been turned over.

    beside: see `pruning.by_hand.changed`.
    """
    if not units | beside:
        return outcome
    network = compute.changed_by_hand(outcome, units, (choice.n_samples,), beside, visit.shelf)
    return replace(outcome, by_hand=network)


def turn_over(unit: Unit, units: Units, masks: Mapping[str, np.ndarray]) -> None:
    """Remove a unit, or put it back, on top of `units`; a sentence is kept if that cannot be."""
    try:
        toggled(masks, units ^ {unit})
    except ValueError as problem:
        st.session_state[PROBLEM] = f"{str(problem)[:1].upper()}{str(problem)[1:]}."
    else:
        _remember(units ^ {unit}, unit)


def _remember(units: Units, last: Unit | None) -> None:
    st.session_state[LAST], st.session_state[PROBLEM] = last, None
    if units:
        st.query_params[UNITS] = write(units)
    else:
        st.query_params.pop(UNITS, None)


def last_step(units: Units) -> tuple[Unit, Units] | None:
    """The unit turned over last in this visit, and what was turned over before it."""
    last = st.session_state.get(LAST)
    return None if last is None else (last, units ^ {last})


def draw_banner(units: Units, trained: Network, place: DeltaGenerator) -> None:
    """What is no longer as pruning left it, with the way back; and what could not be done."""
    if problem := st.session_state.get(PROBLEM):
        place.warning(problem, icon=":material/back_hand:")
    if units:
        row = place.container(horizontal=True, vertical_alignment="center")
        words = ", ".join(_named(unit, trained) for unit in sorted(units)[:4])
        more = f" and {len(units) - 4} more" if len(units) > 4 else ""
        row.info(f"Changed by hand, without training: {words}{more}.", icon=":material/back_hand:")
        row.button("Undo all", on_click=_remember, args=(NONE, None), icon=":material/undo:")


def _named(unit: Unit, trained: Network) -> str:
    layer, position = unit
    return f"unit {position + 1} of {layer} {'out' if trained.masks[layer][position] else 'back'}"


def worth(unit: Unit, removed: bool, before: Figures, after: Figures) -> str:
    """What turning over one unit has done, in words."""
    layer, position = unit
    moved = [
        tables.moved("Accuracy", before.accuracy, after.accuracy, 3, ""),
        tables.moved("ECE", before.ece, after.ece, 3, ""),
        tables.moved("NLL", before.nll, after.nll, 3, " nats"),
        tables.moved("epistemic uncertainty", before.epistemic_test, after.epistemic_test, 4, " nats"),
    ]
    verb = "taken out" if removed else "put back"
    return (
        f"Unit {position + 1} of {layer} was **{verb}**. {'; '.join(moved)}: that is what it was worth, over the "
        "same dropout samples."
    )
