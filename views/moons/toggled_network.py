"""The pruned network as a visitor has changed it by hand, and what the page says of that."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cache import results
from cache.visitor import Visit
from pruning.model.units import Unit
from pruning.outcome import Network, PlaneOutcome
from views.controls import lock, state
from views.controls.moons import Choice
from views.controls.state import Units
from views.moons.toggled_units import NONE, remember
from views.text.claims import changed
from views.text.names import unit_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from views.text.comparison import Compared


def applied(outcome: PlaneOutcome, units: Units, choice: Choice, visit: Visit) -> PlaneOutcome:
    """The outcome with the pruned network as it is once the units have been toggled."""
    if not units:
        return outcome
    network = results.changed_by_hand(outcome, units, (choice.n_samples,), visit, outcome.source)
    return replace(outcome, by_hand=network)


def draw_banner(units: Units, trained: Network, place: DeltaGenerator) -> None:
    """What is no longer as pruning left it, with the way back; and what could not be done."""
    if problem := state.UNITS_PROBLEM.get():
        place.warning(problem, icon=":material/back_hand:")
    if units:
        row = place.container(horizontal=True, vertical_alignment="center")
        words = ", ".join(_named(unit, trained) for unit in sorted(units)[:4])
        more = f" and {len(units) - 4} more" if len(units) > 4 else ""
        row.info(f"Changed by hand, without training: {words}{more}.", icon=":material/back_hand:")
        if not lock.current():
            row.button("Undo all", on_click=remember, args=(NONE,), icon=":material/undo:")


def draw_caveat(units: Units, place: DeltaGenerator) -> None:
    """A reminder, under what knows nothing of the change."""
    if units:
        place.caption(":material/back_hand: Of the network as it was pruned, before it was changed by hand.")


def _named(unit: Unit, trained: Network) -> str:
    layer, position = unit
    return f"{unit_named(unit)} {'out' if trained.masks[layer][position] else 'back'}"


def worth(unit: Unit, removed: bool, seen: Compared, basis: str) -> str:
    """What toggling one unit has done, in words; the networks of `seen` share their dropout samples."""
    changes = changed([seen.accuracy, seen.nll, seen.ece, seen.epistemic], basis)
    verb = "taken out" if removed else "put back"
    return f"{unit_named(unit).capitalize()} was **{verb}**. What it was worth: {changes}."
