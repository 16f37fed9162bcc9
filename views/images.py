"""The image page: networks on pictures they know and on pictures they have never seen."""

import streamlit as st

from views import image_controls
from views.image_controls import TAB

st.title("Pruned networks and pictures they have never seen", anchor=False)
st.markdown(
    "A network learns some classes. Then it is pruned, and asked about others: does it know that it does not know?"
)
choice = image_controls.draw_controls((TAB,))
status = st.container()
sentence = st.container()
tabs = dict(zip(TAB.options, st.tabs(TAB.options, key=TAB.name, on_change="rerun", bind="query-params"), strict=True))

# The controls stand before the slow imports begin.
from pruning.images import NoImages, shown  # noqa: E402
from views import image_sections, runs, training  # noqa: E402

try:
    images = shown(choice.experiment.dataset)
except NoImages as problem:
    status.warning(str(problem))
    st.stop()

outcome = runs.stored(choice.experiment)
training.draw_training(choice.experiment, outcome, status)
if outcome is None:
    st.stop()
if tabs["Reliability"].open:
    image_sections.draw_reliability(outcome, choice, tabs["Reliability"])
