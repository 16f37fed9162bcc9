"""The tab in which the pruned network is drawn, and taken apart by hand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cache import results, runs
from cache.visitor import Visit
from pruning.evaluation.comparison import Comparison
from pruning.outcome import PlaneOutcome
from uncertainty.options import Method
from views.browser import network_diagram
from views.controls import lock
from views.controls.moons import Choice
from views.controls.state import Units
from views.moons import planes, toggled_network, toggled_units
from views.shared import basis
from views.shared.glossary_popover import draw_depth
from views.text import comparison, readings

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(
    trained: PlaneOutcome,
    units: Units,
    choice: Choice,
    view: planes.View,
    visit: Visit,
    place: DeltaGenerator,
) -> None:
    """The drawing, and beside it the plane of the same network and what the last unit was worth.

    trained: the outcome before anything was changed by hand.
    """
    shown = toggled_network.applied(trained, units, choice, visit)
    drawn, beside = place.columns([3, 2], gap="medium")
    names = visit.points.classes if visit.points else tuple(f"class {c}" for c in range(trained.n_classes))
    data = network_diagram.diagram(shown.pruned, trained.dense, units, names, view.theme)
    toggle = None if lock.current() else partial(toggled_units.toggle, masks=trained.pruned.masks)
    network_diagram.draw_network(data, toggle, drawn, _samples(shown, choice, visit))
    drawn.caption(readings.of_networks(trained.dense, shown.pruned))
    if choice.draws and (words := readings.of_single_samples(shown.source, shown.experiment.dropout)):
        drawn.caption(words)
    draw_depth(drawn, "Units", "Prune ratio", "L1 of incoming weights")
    planes.draw_pruned_plane(shown, choice, view, visit, beside, "plane_beside_units")
    step = toggled_units.last_step(units)
    if toggle is None:
        beside.caption("This link is locked by whoever made it: units stay as they are.")
        return
    if step is None:
        beside.caption("Take a unit out with a click or a tap, or with the arrow keys and Enter: what was it worth?")
        return
    unit, before = step
    first, then = (
        basis.measured_on(toggled_network.applied(trained, these, choice, visit), choice) for these in (before, units)
    )
    seen = comparison.compared(Comparison(first.pruned, then.pruned))
    removed = not shown.pruned.masks[unit[0]][unit[1]]
    beside.markdown(toggled_network.worth(unit, removed, seen, comparison.basis(then, basis.nouns(then).examples)))


def _samples(shown: PlaneOutcome, choice: Choice, visit: Visit) -> dict[str, Any] | None:
    """The units of every single sample whose boundary is drawn; None where these are no thinned networks."""
    source = shown.source
    if not choice.draws or source.method != Method.MC_DROPOUT:
        return None
    task, kept = runs.task_and_kept(shown.experiment, visit)
    own = visit.store if shown.by_hand else kept
    units = results.thinned_units(shown.experiment, shown.pruned, task, own, source.layers)
    return network_diagram.thinned(units, source.method.noun)
