"""The start page: three sliders, and what they do to a decision boundary and to its doubt."""

from contextlib import closing

import streamlit as st

from views import controls

st.title("Pruning × Uncertainty Explorer", anchor=False)
st.markdown("When a neural network is pruned, what happens to what it knows, and to what it knows it does not know?")
choice = controls.draw_controls()

status = st.container()
pictures, curves = st.columns([2, 1], gap="medium")
with pictures:
    with st.container(horizontal=True, gap="medium"):
        quantity = controls.QUANTITY.draw()
        shown = controls.POINTS.draw()
    left, right = st.columns(2)
    left.markdown("**Dense** network")
    right.markdown("**Pruned** network")
    legend = st.container()
with curves:
    st.markdown(
        "**All prune ratios** of this strategy",
        help="Dashed: the dense network. Dotted under ECE: its floor, what a perfectly calibrated network would get.",
    )
    accuracy, ece, epoch = st.container(), st.container(), st.container()
reliability = st.container()
table = st.container()

# The controls stand before the slow imports begin.
from cache.jobs import QueueFull  # noqa: E402
from views import charts, compute, planes, sections, tables  # noqa: E402
from views.places import Place, theme  # noqa: E402

line = Place(status)
plane_places = (Place(left), Place(right), Place(legend))
curve_places = [Place(accuracy), Place(ece), Place(epoch)]
HEIGHTS = (*[charts.PLANE_HEIGHT] * 2, *[charts.CURVE_HEIGHT] * 3)
if "moons_drawn" not in st.session_state:
    for place, height in zip((*plane_places[:2], *curve_places), HEIGHTS, strict=True):
        place.skeleton(height)

try:
    drawn = False
    with closing(compute.outcomes(choice.experiment, line)) as arriving:
        for outcome in arriving:
            sections.draw_curves(outcome, choice, curve_places)
            if not drawn and outcome.has(choice.experiment.prune_ratio):
                planes.draw_planes(outcome, choice, quantity, shown, theme(), plane_places)
                drawn = st.session_state.moons_drawn = True
except (QueueFull, compute.Failure) as problem:
    line.error(str(problem))
    for place in (*plane_places, *curve_places):
        place.clear()
    st.stop()

dense, pruned = sections.both_figures(outcome, choice)
judgement = sections.judge(outcome, choice)
line.markdown(tables.reading(outcome, dense, pruned, sections.floors(judgement)["ece"][1], tables.POINTS))
sections.draw_reliability(judgement, tables.POINTS, reliability)
sections.draw_table(outcome, choice, dense, pruned, judgement, tables.POINTS, table)
for note in compute.notes(outcome):
    st.caption(note)
