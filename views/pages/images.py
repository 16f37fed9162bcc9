"""The image page: networks on pictures they know and on pictures they have never seen."""

from functools import partial

import streamlit as st

from views.controls import images as image_controls
from views.controls import lock, opening, setting
from views.controls import moons as moons_controls
from views.controls.images import TAB
from views.images.presets import IMAGE_PRESETS
from views.shared import preset_bar

opening.settle("images", image_controls.OPENING)
with st.container(key="head", horizontal=True, vertical_alignment="center", gap="medium"):
    st.title("Pruned networks and pictures they have never seen", anchor=False, width="content")
    st.caption("Asked about classes they never learned: do they know that they do not know?")
    links = st.container(width="content")
stories = st.container(key="stories")
with st.container(key="controls"):
    asked = image_controls.draw_controls()
told = preset_bar.Presets(
    "images", IMAGE_PRESETS, image_controls.of_presets(), image_controls.VIEW, image_controls.OPENING,
    moons_controls.UNTOLD,
)  # fmt: skip
preset_bar.draw(told, asked.values, stories)
status, sentence, tour = st.container(), st.container(), st.container()
with st.container(key="tabs"):
    opened = st.tabs(TAB.options, key=TAB.name, on_change="rerun", bind="query-params")
tabs = dict(zip(TAB.options, opened, strict=True))
opening.mark(image_controls.OPENING)
setting.seal()

# The controls stand before the slow imports begin.
from cache import runs  # noqa: E402
from cache.services import services  # noqa: E402
from pruning.data.images import NoImages, shown  # noqa: E402
from pruning.evaluation.evaluated import Evaluated  # noqa: E402
from views.browser.page_tour import IMAGES, draw_tour  # noqa: E402
from views.controls import share  # noqa: E402
from views.images import (  # noqa: E402
    confusion_tab,
    detection_tab,
    download_panel,
    gallery_tab,
    reliability_tab,
    training_panel,
    upload_tab,
)
from views.shared import export_tab, sections  # noqa: E402
from views.shared.placeholder import theme  # noqa: E402
from views.text import program as program_text  # noqa: E402
from views.text import untrained  # noqa: E402

if lock.current() is None:  # a tour speaks of controls that may not be there
    draw_tour("images", IMAGES, tour, quiet=bool(st.query_params))
share.draw_share(asked.values, image_controls.known(asked.experiment.dataset), {}, "", links)
try:
    images = shown(asked.experiment.dataset)
except NoImages as problem:
    download_panel.draw_fetching(asked.experiment.dataset, problem, status)
    st.stop()
download_panel.done()

outcome = runs.stored(asked.experiment)
training_panel.draw_training(asked.experiment, outcome, status)
if outcome is None:
    sentence.caption("The pictures below appear as soon as the first network is trained.")
    st.stop()
outcome, choice = training_panel.nearest(outcome, asked)
if choice != asked:
    sentence.info(training_panel.stand_in(asked, choice), icon=":material/hourglass_top:")

seen = Evaluated(outcome, choice.n_samples, choice.n_bins, choice.binning)
failed = untrained.sentences(outcome.networks)
for words in failed:
    sentence.caption(words)

if tabs["Reliability"].open:
    reliability_tab.draw(seen, images, tabs["Reliability"])
if tabs["Gallery"].open:
    gallery_tab.draw(seen, images, tabs["Gallery"])
if tabs["Mistaken for"].open:
    confusion_tab.draw(seen, images, theme(), tabs["Mistaken for"])
if tabs["Detection"].open:
    detection_tab.draw(seen, images, theme(), tabs["Detection"])
if tabs["Your picture"].open:
    upload_tab.draw(seen, images.test.classes, tabs["Your picture"])
if tabs["Take home"].open:
    program = program_text.code(choice.experiment, choice.n_samples, choice.n_bins)
    export_tab.draw(seen, program, partial(sections.all_charts, seen), tabs["Take home"])
for note in untrained.notes(outcome, services().store.note):
    if note not in failed:
        st.caption(note)
