"""The start page: three sliders, and what they do to a decision boundary and to its doubt."""

from contextlib import closing
from dataclasses import replace

import streamlit as st

from views.controls import lock, opening, setting
from views.controls import moons as moons_controls
from views.moons import points_tab, toggled_units
from views.moons.presets import PRESETS
from views.shared import preset_bar


def leave() -> None:
    """What no preset tells of goes when one begins."""
    points_tab.forget()
    toggled_units.remember(toggled_units.NONE)


opening.settle("moons", moons_controls.OPENING)
with st.container(key="head", horizontal=True, vertical_alignment="center", gap="medium"):
    st.title("Pruning × Uncertainty Explorer", anchor=False, width="content")
    st.caption("When a network is pruned, what happens to what it knows, and to what it knows it does not know?")
    share_place = st.container(width="content")
stories = st.container(key="stories")
with st.container(key="controls"):
    choice = moons_controls.draw_controls()
visit = points_tab.visit()
choice = replace(choice, basis="test")  # of one's own points nobody knows the truth
toggled_units.settle(choice.experiment, visit, arrived=st.session_state.get("arrived", False))
is_other = visit.points is not None or moons_controls.UNITS in st.query_params
told = preset_bar.Presets(
    "moons",
    PRESETS,
    moons_controls.EXPERIMENT,
    moons_controls.VIEW,
    moons_controls.OPENING,
    moons_controls.UNTOLD,
    leave,
)
preset_bar.draw(told, choice.values, stories, is_other)

banner = st.container()
with st.container(key="looks", horizontal=True, gap="medium", vertical_alignment="center"):
    quantity = (moons_controls.OWN_QUANTITY if visit.points else moons_controls.QUANTITY).draw()
    shown = moons_controls.POINTS.draw()
with st.container(key="stage"):
    pictures, curves = st.columns([2, 1], gap="medium")
with pictures.container(key="planes", gap="small"):
    names = ("plane_slot", "headline", "plane_words", "plane_depth")
    plane_place, status, plane_words, plane_depth = (st.container(key=name) for name in names)
with curves.container(key="curves", gap="small"):
    curves_head = st.container(key=None if visit.points else "curves_head")
    curves_head.markdown(
        f"**All prune ratios**{': click one to go there' if moons_controls.RATIO.is_open else ''}",
        help="Of this strategy. Dashed: the dense network. The band under ECE is its floor: what a perfectly "
        "calibrated network would get; dotted is the ECE of a single pass. Upright bars are the intervals that the "
        "test points leave.",
    )
    if not visit.points:
        with curves_head:
            choice = replace(choice, basis=moons_controls.BASIS.draw())
    curve_columns = [(st.container(key=f"curve_words{i}"), st.container(key=f"curve_slot{i}")) for i in range(3)]
    curve_depth = st.container()
tour = st.container()
with st.container(key="more"):
    opened = st.tabs(moons_controls.TABS, key=moons_controls.TAB.name, on_change="rerun", bind="query-params")
tabs = dict(zip(moons_controls.TABS, opened, strict=True))
opening.mark(moons_controls.OPENING)
setting.seal()

# The controls stand before the slow imports begin.
from cache import results, runs  # noqa: E402
from cache.jobs import QueueFull  # noqa: E402
from cache.services import services  # noqa: E402
from views.browser.page_tour import MOONS, draw_tour  # noqa: E402
from views.charts import vega  # noqa: E402
from views.controls import share  # noqa: E402
from views.moons import network_tab, planes, replay_tabs, toggled_network  # noqa: E402
from views.shared import basis, export_tab, sections  # noqa: E402
from views.shared.glossary_popover import draw_depth  # noqa: E402
from views.shared.placeholder import Place, theme  # noqa: E402
from views.text import program as program_text  # noqa: E402
from views.text import untrained  # noqa: E402

if lock.current() is None:  # a tour speaks of controls that may not be there
    draw_tour("moons", MOONS, tour, quiet=bool(st.query_params))
if visit.points:
    points_tab.draw_banner(visit.points, banner)
if tabs["Your own points"].open:
    answer = points_tab.draw(theme(), tabs["Your own points"])
view = planes.View(quantity, shown, theme())
line = Place(status)
plane_line = Place(plane_words)
curve_places = [(Place(chart), Place(words)) for words, chart in curve_columns]
waiting = Place(plane_place)
if lock.is_elsewhere() and not results.is_stored(choice.experiment, visit) and lock.waits(status):
    st.stop()
if "moons_drawn" not in st.session_state:
    waiting.skeleton(vega.PLANE_HEIGHT)
    for (chart, _), height in zip(curve_places, vega.CURVE_HEIGHTS, strict=True):
        chart.skeleton(height)

try:
    drawn = False
    with closing(results.outcomes(choice.experiment, line, visit)) as arriving:
        for trained in arriving:
            measured = basis.measured_on(trained, choice)
            if basis.is_ready(measured, choice.basis):
                answers = moons_controls.RATIO.is_open and runs.complete(trained)
                words = basis.nouns(measured)
                sections.draw_curves(measured, curve_places, words, answers=answers, stacked=True)
            if not drawn and trained.has(choice.experiment.prune_ratio):
                units = toggled_units.asked(trained)
                outcome = toggled_network.applied(trained, units, choice, visit)
                waiting.clear()
                planes.draw_planes(outcome, choice, view, visit, plane_place)
                plane_line.caption(planes.sentence(outcome, choice, view, visit))
                drawn = st.session_state.moons_drawn = True
except (QueueFull, runs.Failure) as problem:
    line.error(str(problem))
    for place in (waiting, plane_line, *(part for pair in curve_places for part in pair)):
        place.clear()
    st.stop()

outcome = toggled_network.applied(trained, units, choice, visit)
toggled_network.draw_banner(units, trained.pruned, banner)
measured = basis.measured_on(outcome, choice)
words = basis.nouns(measured)
dense, pruned = sections.both_figures(measured)
line.markdown(sections.read(measured, dense, pruned, words))
draw_depth(plane_depth, "MC dropout", "Predictive entropy", "Expected entropy", "Mutual information")
toggled_network.draw_caveat(units, curve_depth)
draw_depth(curve_depth, "Prune ratio", "ECE", "Floor", "Early-stop epoch")
values = {**choice.values, moons_controls.QUANTITY.name: quantity, moons_controls.POINTS.name: shown}
if not visit.points:
    values[moons_controls.BASIS.name] = choice.basis
by_hand_words = {moons_controls.UNITS: toggled_units.write(units)} if units else {}
caveat = "A link cannot carry your own points: who opens it sees the data set instead." if visit.points else ""
share.draw_share(values, moons_controls.ALL, by_hand_words, caveat, share_place)

if tabs["Reliability"].open:
    sections.draw_reliability(measured, words, tabs["Reliability"])
    sections.draw_table(measured, dense, pruned, words, tabs["Reliability"])
if tabs["Watch it train"].open:
    replay_tabs.draw_replay(trained, visit, view.theme, tabs["Watch it train"])
    toggled_network.draw_caveat(units, tabs["Watch it train"])
if tabs["The network"].open:
    network_tab.draw(trained, units, choice, view, visit, tabs["The network"])
if tabs["Checks"].open:
    replay_tabs.draw_checks(trained, visit, tabs["Checks"])
    toggled_network.draw_caveat(units, tabs["Checks"])
if tabs["Your own points"].open and visit.points:
    planes.draw_pruned_plane(outcome, choice, view, visit, answer, "plane_beside_points")
if tabs["Take home"].open:
    program = program_text.code(
        choice.experiment, choice.n_samples, choice.n_bins, own=visit.points is not None, units=units
    )

    def all_charts() -> dict[str, vega.Chart]:
        return planes.plane_charts(outcome, choice, view, visit) | sections.all_charts(measured)

    on_test = basis.measured_on(outcome, replace(choice, basis=basis.TEST))
    export_tab.draw(on_test, program, all_charts, tabs["Take home"], visit.points)
for note in untrained.notes(outcome, services().store.note):
    st.caption(note)
