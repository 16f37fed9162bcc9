"""The gallery: pictures, each with what every prune ratio makes of it; and a closer look at one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cache.image_samples import ask
from pruning import Network, Outcome
from pruning.data.images import Images, Shown
from pruning.evaluation.memo import remembered
from pruning.outcome import IMAGE_SAMPLES
from uncertainty.predictions import Predictions
from uncertainty.predictive import entropy, mutual_information
from views.charts import images as image_charts
from views.controls.images import ALL_CLASSES, ORDER, PICTURES, ImageChoice, of_class
from views.images import cards
from views.shared.placeholder import Place
from views.text import readings
from views.text.markdown import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

PER_PAGE = 10
SIDE, LARGE, SMALL = 112, 224, 64  # pixels of a picture on the page
NEIGHBOURS = 8


def draw(outcome: Outcome, choice: ImageChoice, images: Shown, place: DeltaGenerator) -> None:
    """One page of pictures, sorted and filtered; a button under each looks closer."""
    with place:
        with st.container(key="gallery_row", horizontal=True, gap="medium", vertical_alignment="bottom"):
            seen = PICTURES.draw()
            order = ORDER.draw()
            wanted = of_class(images).draw()
        part, role = (images.ood, "ood") if seen == "never seen" else (images.test, "test")
        which = _of_class(part, _sorted(outcome, choice, role, order), wanted)
        if not len(which):
            st.info(f"None of these pictures is of the class {wanted}. Choose another, or {ALL_CLASSES}.")
            return
        page = st.pagination(-(-len(which) // PER_PAGE), key=f"page_{role}_{wanted}_{order}")
        st.caption(_caption(len(which), part, images.test.classes))
        with st.container(key="gallery_cards", horizontal=True, gap="small"):
            for place_on_page, index in enumerate(which[PER_PAGE * (page - 1) : PER_PAGE * page]):
                _card(outcome, choice, images, role, int(index), place_on_page)


def _caption(count: int, part: Images, classes: tuple[str, ...]) -> str:
    return (
        f"{count:,} pictures. One row a prune ratio, 0 is the dense network; the bars from left to right: "
        f"{', '.join(classes)}. Look closer at one for its numbers."
    )


def _predictions(network: Network, role: str) -> Predictions:
    return network.ood if role == "ood" else network.test


def _sorted(outcome: Outcome, choice: ImageChoice, role: str, order: str) -> np.ndarray:
    """The indices of all pictures in the wanted order; equal ones by position."""

    def compute() -> np.ndarray:
        probs = _predictions(outcome.pruned, role).probs(choice.n_samples)
        if order == "highest entropy":
            return np.argsort(-entropy(probs), kind="stable")
        if order == "most disagreement":
            stack = [_predictions(network, role).probs(choice.n_samples) for network in outcome.networks]
            return np.argsort(-mutual_information(np.stack(stack)), kind="stable")
        confidence = probs.max(axis=1)
        return np.argsort(confidence if order == "doubtful first" else -confidence, kind="stable")

    ratios = tuple(network.prune_ratio for network in outcome.networks)
    # All strategies share the dense network, which is the chosen one at ratio 0.
    question = ("gallery", role, order, choice.n_samples, outcome.experiment.key(), ratios)
    return remembered(outcome.pruned, question, compute)


def _of_class(part: Images, which: np.ndarray, wanted: str) -> np.ndarray:
    if wanted == ALL_CLASSES:
        return which
    numbers = [number for number, name in enumerate(part.classes) if name == wanted]
    return which[np.isin(part.labels[which], numbers)]


def rows(outcome: Outcome, choice: ImageChoice, said: list[np.ndarray]) -> list[cards.Row]:
    """A row a network, from the class probabilities (C,) that each of them gives a picture."""
    chosen = choice.experiment.prune_ratio
    return [
        cards.Row(
            f"{network.prune_ratio:g}", probs, network.prune_ratio == chosen, network.level == 0, network.trained
        )
        for network, probs in zip(outcome.networks, said, strict=True)
    ]


def _card(outcome: Outcome, choice: ImageChoice, images: Shown, role: str, index: int, position: int) -> None:
    part = images.ood if role == "ood" else images.test
    name = part.classes[part.labels[index]]
    said = [_predictions(network, role).probs_of(index, choice.n_samples) for network in outcome.networks]
    with st.container(width="content", gap="xsmall"):
        st.html(cards.card(part.pixels[index], SIDE, name, rows(outcome, choice, said), images.test.classes))
        if st.button("Look closer", key=f"look_{position}", icon=":material/zoom_in:"):
            _look_closer(outcome, choice, images, role, index)


@st.dialog("A closer look", width="large")
def _look_closer(outcome: Outcome, choice: ImageChoice, images: Shown, role: str, index: int) -> None:
    """The picture large, the spread of its MC samples, all probabilities, and the test images answered alike."""
    part = images.ood if role == "ood" else images.test
    name = part.classes[part.labels[index]]
    known = "a class no network has learned" if role == "ood" else "a test image"
    left, right = st.columns([1, 2], gap="medium")
    left.html(cards.picture(part.pixels[index], LARGE, name))
    left.markdown(f"**{name}**, {known}")
    pair = {"Dense": outcome.dense, "Pruned": outcome.pruned}
    said = [_predictions(network, role).probs_of(index, choice.n_samples) for network in outcome.networks]
    answers = rows(outcome, choice, said)
    left.html(cards.bars(answers, images.test.classes))
    right.markdown(
        f"**{IMAGE_SAMPLES[-1]} MC-dropout samples**: a line is one thinned network's probability, a dot their mean."
    )
    spread = right.empty()  # the networks take a moment, and seconds where nobody has asked them before
    spread.skeleton(2 * image_charts.spread_height(len(images.test.classes)))
    st.markdown("**Class probabilities** at every prune ratio")
    st.table(numbers(answers, images.test.classes), hide_index=True, border="horizontal")
    st.markdown(
        "**Test images that are answered most alike**: the nearest predicted distributions (Hellinger distance)."
    )
    for title, network in pair.items():
        own = _predictions(network, role).probs_of(index, choice.n_samples)
        skip = index if role == "test" else None
        nearest, distance = neighbours(own, network.test.probs(choice.n_samples), NEIGHBOURS, skip)
        alike = [
            (images.test.pixels[i], images.test.classes[images.test.labels[i]], f"{far:.2f}")
            for i, far in zip(nearest, distance, strict=True)
        ]
        st.html(cards.strip(title, alike, SMALL))
    pixels = part.pixels[index : index + 1]
    said_by = {
        title: ask(choice.experiment, network, pixels, IMAGE_SAMPLES[-1])[:, 0] for title, network in pair.items()
    }
    with spread.container():
        for title, samples in said_by.items():
            _draw_spread(title, samples, images.test.classes)


def _draw_spread(title: str, samples: np.ndarray, classes: tuple[str, ...]) -> None:
    """The samples (S, C) of one network."""
    st.caption(f"{title} network")
    Place(st.container()).chart(image_charts.spread_chart(samples, classes), f"{title} network: spread of samples.")
    st.caption(readings.of_spread(samples, classes))


def numbers(answers: Sequence[cards.Row], classes: Sequence[str]) -> pd.DataFrame:
    """What the bars show, in figures: a row a network, the chosen one in bold; its answer; a column a class."""
    table = {
        "Prune ratio": [f"**{row.label}**" if row.chosen else row.label for row in answers],
        "Predicted": [
            plain(classes[int(row.probs.argmax())]) if row.trained else cards.NOT_TRAINED for row in answers
        ],
    }
    return pd.DataFrame(
        table | {plain(name): [f"{row.probs[c]:.2f}" for row in answers] for c, name in enumerate(classes)}
    )


def neighbours(
    probs: np.ndarray, others: np.ndarray, count: int, skip: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """The `count` rows of `others` (N, C) nearest to `probs` (C,), and their Hellinger distances in [0, 1]."""
    distance = np.sqrt(np.square(np.sqrt(others) - np.sqrt(probs)).sum(axis=1) / 2)
    if skip is not None:
        distance[skip] = np.inf
    nearest = np.argsort(distance, kind="stable")[:count]
    nearest = nearest[np.isfinite(distance[nearest])]
    return nearest, distance[nearest]
