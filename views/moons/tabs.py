"""Tabs of the moons page: an entry for each, from its title to what draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from views.charts import vega
from views.moons import (
    bin_points,
    methods_tab,
    network_tab,
    planes,
    replay_tabs,
    reveal,
    sets_tab,
    toggled_network,
)
from views.moons.answer import Answer
from views.shared import basis, export_tab, sections
from views.text import comparison, program

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw_reliability(answer: Answer, place: DeltaGenerator) -> None:
    """The three diagrams, and the table of all figures."""
    sections.draw_reliability(answer.seen, answer.nouns, place, partial(bin_points.draw, answer))
    sections.draw_table(answer.seen, *answer.figures, answer.nouns, place)


def draw_replay(answer: Answer, place: DeltaGenerator) -> None:
    """The run, epoch by epoch."""
    replay_tabs.draw_replay(answer.trained, answer.visit, answer.view.theme, place)
    toggled_network.draw_caveat(answer.units, place)


def draw_network(answer: Answer, place: DeltaGenerator) -> None:
    """The pruned network, unit by unit."""
    network_tab.draw(answer.trained, answer.units, answer.choice, answer.view, answer.visit, place)


def draw_checks(answer: Answer, place: DeltaGenerator) -> None:
    """The invariants of this very run."""
    replay_tabs.draw_checks(answer.trained, answer.visit, place)
    toggled_network.draw_caveat(answer.units, place)


def draw_beside_points(answer: Answer, place: DeltaGenerator) -> None:
    """What the pruned network makes of a visitor's own points, beside them."""
    if answer.visit.points:
        planes.draw_pruned_plane(
            answer.outcome, answer.choice, answer.view, answer.visit, place, "plane_beside_points"
        )


def draw_export(answer: Answer, place: DeltaGenerator) -> None:
    """Code, figures, charts, the network."""
    outcome, choice, visit = answer.outcome, answer.choice, answer.visit
    code = program.code(
        choice.experiment,
        choice.n_samples,
        choice.n_bins,
        source=choice.source,
        own=visit.points is not None,
        units=answer.units,
        other=choice.other if comparison.pair(answer.seen).are_pruned else None,
    )

    def charts() -> dict[str, vega.Chart]:
        drawn = planes.plane_charts(outcome, choice, answer.view, visit, answer.other)
        return drawn | sections.all_charts(answer.seen)

    on_test = basis.measured_on(outcome, replace(choice, basis=basis.TEST), answer.other)
    export_tab.draw(on_test, code, charts, place, visit.points)
    reveal.draw_download("taken home", place)


OWN_POINTS = "Your own points"  # drawn in two halves: the board needs no network
TABS: Mapping[str, Callable[[Answer, DeltaGenerator], None]] = {
    "Reliability": draw_reliability,
    "Methods": methods_tab.draw,
    "Sets and refusal": sets_tab.draw,
    "Watch it train": draw_replay,
    "The network": draw_network,
    "Checks": draw_checks,
    OWN_POINTS: draw_beside_points,
    "Take home": draw_export,
}
