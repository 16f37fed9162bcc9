"""The image page: networks on pictures they know and on pictures they have never seen."""

from functools import partial

import streamlit as st

from views import controls, deeds, image_controls, lock, opening, story_bar
from views.image_controls import TAB
from views.image_stories import IMAGE_STORIES

opening.settle("images", image_controls.OPENING)
with st.container(key="head", horizontal=True, vertical_alignment="center", gap="medium"):
    st.title("Pruned networks and pictures they have never seen", anchor=False, width="content")
    st.caption("Asked about classes they never learned: do they know that they do not know?")
    links = st.container(width="content")
stories = st.container(key="stories")
with st.container(key="controls"):
    asked = image_controls.draw_controls()
told = story_bar.Stories(
    "images", IMAGE_STORIES, image_controls.of_story(), image_controls.VIEW, image_controls.OPENING,
    controls.UNTOLD,
)  # fmt: skip
story_bar.draw(told, asked.values, stories)
status, sentence, tour = st.container(), st.container(), st.container()
with st.container(key="tabs"):
    opened = st.tabs(TAB.options, key=TAB.name, on_change="rerun", bind="query-params")
tabs = dict(zip(TAB.options, opened, strict=True))
opening.mark(image_controls.OPENING)
deeds.seal()

# The controls stand before the slow imports begin.
from pruning.images import NoImages, shown  # noqa: E402
from views import (  # noqa: E402
    compute,
    detection,
    fetching,
    gallery,
    mistaken,
    overview,
    own_picture,
    runs,
    sections,
    share,
    take,
    take_home,
    training,
    untrained,
)
from views.places import theme  # noqa: E402
from views.tour import IMAGES, draw_tour  # noqa: E402

if lock.current() is None:  # a tour speaks of controls that may not be there
    draw_tour("images", IMAGES, tour, quiet=bool(st.query_params))
share.draw_share(asked.values, image_controls.known(asked.experiment.dataset), {}, "", links)
try:
    images = shown(asked.experiment.dataset)
except NoImages as problem:
    fetching.draw_fetching(problem, status)
    st.stop()
fetching.done()

outcome = runs.stored(asked.experiment)
training.draw_training(asked.experiment, outcome, status)
if outcome is None:
    sentence.caption("The pictures below appear as soon as the first network is trained.")
    st.stop()
outcome, choice = training.nearest(outcome, asked)
if choice != asked:
    sentence.info(training.stand_in(asked, choice), icon=":material/hourglass_top:")

failed = untrained.sentences(outcome.networks)
for words in failed:
    sentence.caption(words)

if tabs["Reliability"].open:
    overview.draw(outcome, choice, images, tabs["Reliability"])
if tabs["Gallery"].open:
    gallery.draw(outcome, choice, images, tabs["Gallery"])
if tabs["Mistaken for"].open:
    mistaken.draw(outcome, choice, images, theme(), tabs["Mistaken for"])
if tabs["Detection"].open:
    detection.draw(outcome, choice, images, theme(), tabs["Detection"])
if tabs["Your picture"].open:
    own_picture.draw(outcome, choice, images.test.classes, tabs["Your picture"])
if tabs["Take home"].open:
    program = take_home.code(choice.experiment, choice.n_samples, choice.n_bins)
    take.draw(outcome, choice, program, partial(sections.all_charts, outcome, choice), tabs["Take home"])
for note in compute.notes(outcome):
    if note not in failed:
        st.caption(note)
