"""The start page: three sliders, and what they do to a decision boundary and to its doubt."""

from contextlib import closing
from dataclasses import replace

import streamlit as st

from views import controls, deeds, lock, opening, own_points, story_bar, turned
from views.stories import STORIES


def leave() -> None:
    """What no story tells of goes when one begins."""
    own_points.forget()
    turned.remember(turned.NONE)


opening.settle("moons", controls.OPENING)
with st.container(key="head", horizontal=True, vertical_alignment="center", gap="medium"):
    st.title("Pruning × Uncertainty Explorer", anchor=False, width="content")
    st.caption("When a network is pruned, what happens to what it knows, and to what it knows it does not know?")
    share_place = st.container(width="content")
stories = st.container(key="stories")
with st.container(key="controls"):
    choice = controls.draw_controls()
visit = own_points.visit()
choice = replace(choice, basis="test")  # of one's own points nobody knows the truth
turned.settle(choice.experiment, visit, arrived=st.session_state.get("arrived", False))
is_other = visit.points is not None or controls.UNITS in st.query_params
told = story_bar.Stories(
    "moons", STORIES, controls.EXPERIMENT, controls.VIEW, controls.OPENING, controls.UNTOLD, leave
)
story_bar.draw(told, choice.values, stories, is_other)

banner = st.container()
with st.container(key="looks", horizontal=True, gap="medium", vertical_alignment="center"):
    quantity = (controls.OWN_QUANTITY if visit.points else controls.QUANTITY).draw()
    shown = controls.POINTS.draw()
with st.container(key="stage"):
    pictures, curves = st.columns([2, 1], gap="medium")
with pictures.container(key="planes", gap="small"):
    names = ("plane_slot", "headline", "plane_words", "plane_depth")
    plane_place, status, plane_words, plane_depth = (st.container(key=name) for name in names)
with curves.container(key="curves", gap="small"):
    curves_head = st.container(key=None if visit.points else "curves_head")
    curves_head.markdown(
        f"**All prune ratios**{': click one to go there' if controls.RATIO.is_open else ''}",
        help="Of this strategy. Dashed: the dense network. The band under ECE is its floor: what a perfectly "
        "calibrated network would get; dotted is the ECE of a single pass. Upright bars are the intervals that the "
        "test points leave.",
    )
    if not visit.points:
        with curves_head:
            choice = replace(choice, basis=controls.BASIS.draw())
    curve_columns = [(st.container(key=f"curve_words{i}"), st.container(key=f"curve_slot{i}")) for i in range(3)]
    curve_depth = st.container()
tour = st.container()
with st.container(key="more"):
    opened = st.tabs(controls.TABS, key=controls.TAB.name, on_change="rerun", bind="query-params")
tabs = dict(zip(controls.TABS, opened, strict=True))
opening.mark(controls.OPENING)
deeds.seal()

# The controls stand before the slow imports begin.
from cache.jobs import QueueFull  # noqa: E402
from views import (  # noqa: E402
    basis,
    by_hand,
    charts,
    compute,
    film,
    network_tab,
    planes,
    sections,
    share,
    take,
    take_home,
)
from views.depth import draw_depth  # noqa: E402
from views.places import Place, theme  # noqa: E402
from views.tour import MOONS, draw_tour  # noqa: E402

if lock.current() is None:  # a tour speaks of controls that may not be there
    draw_tour("moons", MOONS, tour, quiet=bool(st.query_params))
if visit.points:
    own_points.draw_banner(visit.points, banner)
if tabs["Your own points"].open:
    answer = own_points.draw(theme(), tabs["Your own points"])
view = planes.View(quantity, shown, theme())
line = Place(status)
plane_line = Place(plane_words)
curve_places = [(Place(chart), Place(words)) for words, chart in curve_columns]
waiting = Place(plane_place)
if lock.is_elsewhere() and not compute.is_stored(choice.experiment, visit) and lock.waits(status):
    st.stop()
if "moons_drawn" not in st.session_state:
    waiting.skeleton(charts.PLANE_HEIGHT)
    for (chart, _), height in zip(curve_places, charts.CURVE_HEIGHTS, strict=True):
        chart.skeleton(height)

try:
    drawn = False
    with closing(compute.outcomes(choice.experiment, line, visit)) as arriving:
        for trained in arriving:
            measured = basis.measured_on(trained, choice.basis)
            if basis.is_ready(measured, choice.basis):
                answers = controls.RATIO.is_open and compute.complete(trained)
                words = basis.nouns(measured)
                sections.draw_curves(measured, choice, curve_places, words, answers=answers, stacked=True)
            if not drawn and trained.has(choice.experiment.prune_ratio):
                units = turned.asked(trained)
                outcome = by_hand.applied(trained, units, choice, visit)
                waiting.clear()
                planes.draw_planes(outcome, choice, view, visit, plane_place)
                plane_line.caption(planes.sentence(outcome, choice, view, visit))
                drawn = st.session_state.moons_drawn = True
except (QueueFull, compute.Failure) as problem:
    line.error(str(problem))
    for place in (waiting, plane_line, *(part for pair in curve_places for part in pair)):
        place.clear()
    st.stop()

outcome = by_hand.applied(trained, units, choice, visit)
by_hand.draw_banner(units, trained.pruned, banner)
measured = basis.measured_on(outcome, choice.basis)
words = basis.nouns(measured)
dense, pruned = sections.both_figures(measured, choice)
judgement = sections.judge(measured, choice)
line.markdown(sections.read(measured, choice, dense, pruned, words))
draw_depth(plane_depth, "MC dropout", "Predictive entropy", "Expected entropy", "Mutual information")
by_hand.draw_caveat(units, curve_depth)
draw_depth(curve_depth, "Prune ratio", "ECE", "Floor", "Early-stop epoch")
values = {**choice.values, controls.QUANTITY.name: quantity, controls.POINTS.name: shown}
if not visit.points:
    values[controls.BASIS.name] = choice.basis
by_hand_words = {controls.UNITS: turned.write(units)} if units else {}
caveat = "A link cannot carry your own points: who opens it sees the data set instead." if visit.points else ""
share.draw_share(values, controls.ALL, by_hand_words, caveat, share_place)

if tabs["Reliability"].open:
    sections.draw_reliability(measured, choice, judgement, words, tabs["Reliability"])
    sections.draw_table(measured, choice, dense, pruned, words, tabs["Reliability"])
if tabs["Watch it train"].open:
    film.draw_film(trained, visit, view.theme, tabs["Watch it train"])
    by_hand.draw_caveat(units, tabs["Watch it train"])
if tabs["The network"].open:
    network_tab.draw(trained, units, choice, view, visit, tabs["The network"])
if tabs["Checks"].open:
    film.draw_checks(trained, visit, tabs["Checks"])
    by_hand.draw_caveat(units, tabs["Checks"])
if tabs["Your own points"].open and visit.points:
    planes.draw_pruned_plane(outcome, choice, view, visit, answer, "plane_beside_points")
if tabs["Take home"].open:
    program = take_home.code(
        choice.experiment, choice.n_samples, choice.n_bins, own=visit.points is not None, units=units
    )

    def all_charts() -> dict[str, charts.Chart]:
        return planes.plane_charts(outcome, choice, view, visit) | sections.all_charts(measured, choice)

    take.draw(outcome, choice, program, all_charts, tabs["Take home"], visit.points)
for note in compute.notes(outcome):
    st.caption(note)
