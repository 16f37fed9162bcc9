"""Upper half of the moons page: presets, controls, and the places that wait for what the networks answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from cache.visitor import Visit
from views.controls import moons as controls
from views.controls import opening, seat, setting, state
from views.controls.moons import Choice
from views.moons import guess, points_tab, presets, toggled_units
from views.shared import page_head, preset_bar
from views.shared.preset import Preset
from views.text.comparison import legend
from views.text.names import pair_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.elements.lib.mutable_tab_container import TabContainer

CURVES = 3
TITLE = "Pruning × Uncertainty Explorer"
QUESTION = "When a network is pruned, what happens to what it knows, and to what it knows it does not know?"
CURVES_HELP = (
    "Of this strategy. Dashed: the dense network. The band under ECE is its floor: what a perfectly calibrated "
    "network would get; dotted is the ECE of a single pass. Upright bars are the intervals that the test points "
    "leave."
)


class CurvePlace(NamedTuple):
    """Where a curve is drawn, and what it shows is said."""

    words: DeltaGenerator
    chart: DeltaGenerator


@dataclass(frozen=True)
class Places:
    """Places on the page, in the order in which they stand there."""

    share: DeltaGenerator
    banner: DeltaGenerator
    guess: DeltaGenerator  # what a story asks, and what came
    planes: DeltaGenerator
    headline: DeltaGenerator
    plane_words: DeltaGenerator
    plane_terms: DeltaGenerator
    curves: tuple[CurvePlace, ...]
    seeds: DeltaGenerator
    curve_terms: DeltaGenerator
    tour: DeltaGenerator
    tabs: Mapping[str, TabContainer]  # by their titles


@dataclass(frozen=True)
class Asked:
    """What a visitor asks for, and where the answer is to be drawn."""

    choice: Choice
    visit: Visit
    places: Places
    story: Preset | None  # that is read
    asks: bool  # whether it waits for a guess, so that nothing may be shown


def draw() -> Asked:
    """Everything that needs no network."""
    opening.settle("moons", controls.OPENING)
    seat.settle()
    share, preset_place = page_head.draw_title(TITLE, QUESTION)
    with st.container(key="controls"):
        choice = controls.draw_controls()
    points_tab.keep()
    visit = points_tab.visit()
    toggled_units.settle(choice.experiment, visit, arrived=state.ARRIVED.get())
    story, asks = _draw_presets(choice, visit, preset_place)
    banner, guess_place = st.container(), st.container(key=preset_bar.QUESTION)
    if story and asks:
        guess.draw_question(story, choice, guess_place)
    choice = _draw_looks(choice, visit)
    with st.container(key="stage"):
        pictures, curves = st.columns([2, 1], gap="medium")
    with pictures.container(key="planes", gap="small"):
        planes, headline, plane_words = (st.container(key=name) for name in ("plane_slot", "headline", "plane_words"))
        under = st.container(key="plane_depth", horizontal=True, gap="medium", vertical_alignment="center")
        plane_terms = under.container(width="content")
        with under:
            draws = controls.DRAWS.draw()
        choice = replace(choice, draws=draws, values={**choice.values, controls.DRAWS.name: draws})
    with curves.container(key="curves", gap="small"):
        choice = _draw_head_of_curves(choice, visit)
        curve_places = tuple(
            CurvePlace(st.container(key=f"curve_words{i}"), st.container(key=f"curve_slot{i}")) for i in range(CURVES)
        )
        seeds, curve_terms = st.container(key="seeds_slot"), st.container()
    tour = st.container()
    tabs = page_head.draw_tabs(controls.TAB, "more")
    opening.mark(controls.OPENING)
    setting.seal()
    places = Places(
        share,
        banner,
        guess_place,
        planes,
        headline,
        plane_words,
        plane_terms,
        curve_places,
        seeds,
        curve_terms,
        tour,
        tabs,
    )
    return Asked(choice, visit, places, story, asks)


def _draw_presets(choice: Choice, visit: Visit, place: DeltaGenerator) -> tuple[Preset | None, bool]:
    """The story that is read, and whether it waits for a guess."""

    def asks(story: Preset) -> bool:
        return visit.points is None and guess.asks(story, choice)

    all_presets = preset_bar.Presets(
        "moons",
        presets.PRESETS,
        controls.EXPERIMENT,
        controls.VIEW,
        controls.OPENING,
        controls.UNTOLD,
        _leave,
        asks,
        controls.SEEDS,
    )
    is_other = visit.points is not None or controls.UNITS in st.query_params
    story = preset_bar.draw(all_presets, choice.values, place, is_other)
    return story, story is not None and asks(story)


def _leave() -> None:
    """What no preset tells of goes when one begins."""
    points_tab.forget()
    toggled_units.remember(toggled_units.NONE)


def _draw_looks(choice: Choice, visit: Visit) -> Choice:
    """What the planes show."""
    colour = controls.OWN_QUANTITY if visit.points else controls.QUANTITY
    with st.container(key="looks", horizontal=True, gap="medium", vertical_alignment="center"):
        quantity, points = colour.draw(), controls.POINTS.draw()
    looks = {colour.name: quantity, controls.POINTS.name: points}
    return replace(choice, quantity=quantity, points=points, values={**choice.values, **looks})


def _draw_head_of_curves(choice: Choice, visit: Visit) -> Choice:
    """What is measured; of one's own points nobody knows the truth."""
    head = st.container(key=None if visit.points else "curves_head")
    click = ": click one to go there" if controls.RATIO.is_open else ""
    head.markdown(f"**All prune ratios**{click}", help=CURVES_HELP)
    if choice.other:
        head.markdown(legend(pair_named(choice.experiment, choice.other)))
    if visit.points:
        return replace(choice, basis="test")
    with head:
        basis, over = controls.BASIS.draw(), False
        if controls.has_seeds(choice.source):
            over = controls.OVER_SEEDS.draw()
        else:
            st.caption(controls.NO_SEEDS)
    values = {**choice.values, controls.BASIS.name: basis, controls.OVER_SEEDS.name: over}
    return replace(choice, basis=basis, over_seeds=over, values=values)
