"""The tab in which the pruned network is drawn, and taken apart by hand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pruning.outcome import PlaneOutcome
from views import basis, by_hand, compared, drawing, lock, planes, readings, turned
from views.controls import Choice
from views.depth import draw_depth
from views.shelf import Visit
from views.turned import Units

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
    shown = by_hand.applied(trained, units, choice, visit)
    drawn, beside = place.columns([3, 2], gap="medium")
    names = visit.points.classes if visit.points else tuple(f"class {c}" for c in range(trained.n_classes))
    data = drawing.diagram(shown.pruned, trained.dense, units, names, view.theme)
    turn_over = None if lock.current() else partial(turned.turn_over, masks=trained.pruned.masks)
    drawing.draw_network(data, turn_over, drawn)
    drawn.caption(readings.of_networks(trained.dense, shown.pruned))
    draw_depth(drawn, "Units", "Prune ratio", "L1 of incoming weights")
    planes.draw_pruned_plane(shown, choice, view, visit, beside, "plane_beside_units")
    step = turned.last_step(units)
    if turn_over is None:
        beside.caption("This link is locked by whoever made it: units stay as they are.")
        return
    if step is None:
        beside.caption("Take a unit out with a click or a tap, or with the arrow keys and Enter: what was it worth?")
        return
    unit, before = step
    first, then = (
        basis.measured_on(by_hand.applied(trained, these, choice, visit), choice.basis) for these in (before, units)
    )
    seen = compared.compare(then, first.pruned, then.pruned, choice.n_samples, choice.n_bins)
    removed = not shown.pruned.masks[unit[0]][unit[1]]
    beside.markdown(by_hand.worth(unit, removed, seen, compared.basis(then, basis.nouns(then).examples)))
