"""Lower half of the image page: fetching images, training beside the page, and the tab that is open."""

from __future__ import annotations

import streamlit as st

from cache import runs
from cache.services import services
from pruning.data.images import NoImages, Shown, shown
from pruning.evaluation.evaluated import Evaluated
from views.browser.page_tour import IMAGES, draw_tour
from views.controls import images as controls
from views.controls import lock, share
from views.images import download_panel, tabs, training_panel
from views.images.head import Asked
from views.shared import over_seeds
from views.shared.placeholder import theme
from views.text import comparison, untrained


def draw(asked: Asked) -> None:
    """Everything that images and networks are needed for."""
    choice, places = asked.choice, asked.places
    over_seeds.settle(choice.experiment, choice.source)
    if lock.current() is None:  # a tour speaks of controls that may not be there
        draw_tour("images", IMAGES, places.tour, quiet=bool(st.query_params))
    share.draw_share(choice.values, controls.known(choice.experiment.dataset), {}, "", places.share)
    try:
        images = shown(choice.experiment.dataset)
    except NoImages as problem:
        download_panel.draw_fetching(choice.experiment.dataset, problem, places.status)
        return
    download_panel.done()
    answer = _answer(asked, images)
    if answer is None:
        return
    outcome = answer.seen.outcome
    failed = untrained.sentences(outcome.networks)
    failed += untrained.of_other(comparison.curves(answer.seen), answer.seen.other)
    for words in failed:
        places.sentence.caption(words)
    for title, tab in places.tabs.items():
        if tab.open:
            tabs.TABS[title](answer, tab)
    for note in untrained.notes(outcome, services().store.note):
        if note not in failed:
            st.caption(note)


def _answer(asked: Asked, images: Shown) -> tabs.Answer | None:
    """The answer of the networks that are trained so far, while others train; None before the first."""
    choice, places = asked.choice, asked.places
    trained = runs.stored(choice.experiment, source=choice.source)
    other = runs.stored(choice.other, source=choice.source) if choice.other else None
    training_panel.draw_training(choice, trained, other, places.status)
    if trained is None:
        places.sentence.caption("The pictures below appear as soon as the first network has answered.")
        return None
    outcome, nearest = training_panel.nearest(trained, choice)
    if nearest != choice:
        places.sentence.info(training_panel.stand_in(choice, nearest), icon=":material/hourglass_top:")
    if words := training_panel.no_other(nearest, other):
        places.sentence.info(words, icon=":material/compare_arrows:")
    seen = Evaluated(outcome, nearest.n_samples, nearest.n_bins, nearest.binning, other)
    return tabs.Answer(seen, images, nearest, theme())
