"""The gallery: pictures, each with what every prune ratio makes of it; and a closer look at one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cache.image_samples import ask
from pruning import Outcome
from pruning.data.images import Images, Shown
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.similarity import Part, neighbours, part_of, ranking
from pruning.outcome import IMAGE_SAMPLES
from views.charts import images as image_charts
from views.controls.images import ALL_CLASSES, ORDER, PICTURES, experiment_of, of_class
from views.images import cards
from views.shared import sets_section
from views.shared.placeholder import Placeholder
from views.text import comparison, names, readings
from views.text.markdown import plain

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

PER_PAGE = 10
SIDE, LARGE, SMALL = 112, 224, 64  # pixels of a picture on the page
NEIGHBOURS = 8


def draw(seen: Evaluated, images: Shown, place: DeltaGenerator) -> None:
    """One page of pictures, sorted and filtered; a button under each looks closer."""
    with place:
        with st.container(key="gallery_row", horizontal=True, gap="medium", vertical_alignment="bottom"):
            pictures = PICTURES.draw()
            order = ORDER.draw()
            wanted = of_class(images).draw()
        asked = sets_section.draw_controls(st.container())
        role: Part = "ood" if pictures == "never seen" else "test"
        part = _pictures(images, role)
        which = _of_class(part, ranking(seen.outcome, role, order, seen.n_samples), wanted)
        if not len(which):
            st.info(f"None of these pictures is of the class {wanted}. Choose another, or {ALL_CLASSES}.")
            return
        page = st.pagination(-(-len(which) // PER_PAGE), key=f"page_{role}_{wanted}_{order}")
        st.caption(_caption(len(which), part, images.test.classes))
        said = [part_of(network, role).probs(seen.n_samples) for network in seen.pair]
        sets = sets_section.of_inputs(seen, asked, said)
        with st.container(key="gallery_cards", horizontal=True, gap="small"):
            for place_on_page, index in enumerate(which[PER_PAGE * (page - 1) : PER_PAGE * page]):
                own = {name: members[index] for name, members in sets.items()}
                _card(seen, images, role, int(index), place_on_page, own)


def _caption(count: int, part: Images, classes: tuple[str, ...]) -> str:
    return (
        f"{count:,} pictures. One row a prune ratio, 0 is the dense network; the bars from left to right: "
        f"{', '.join(classes)}. Below them the prediction sets. Look closer at one for its numbers."
    )


def _of_class(part: Images, which: np.ndarray, wanted: str) -> np.ndarray:
    if wanted == ALL_CLASSES:
        return which
    numbers = [number for number, name in enumerate(part.classes) if name == wanted]
    return which[np.isin(part.labels[which], numbers)]


def rows(outcome: Outcome, said: Sequence[np.ndarray]) -> list[cards.Row]:
    """A row a network, from the class probabilities (C,) that each of them gives a picture."""
    chosen = outcome.experiment.prune_ratio
    return [
        cards.Row(
            f"{network.prune_ratio:g}", probs, network.prune_ratio == chosen, network.level == 0, network.trained
        )
        for network, probs in zip(outcome.networks, said, strict=True)
    ]


def _card(
    seen: Evaluated, images: Shown, role: Part, index: int, position: int, sets: Mapping[str, np.ndarray]
) -> None:
    part = _pictures(images, role)
    name, answers = part.classes[part.labels[index]], rows(seen.outcome, _said(seen, role, index))
    with st.container(width="content", gap="xsmall"):
        st.html(cards.card(part.pixels[index], SIDE, name, answers, images.test.classes, sets))
        if st.button("Look closer", key=f"look_{position}", icon=":material/zoom_in:"):
            _look_closer(seen, images, role, index)


def _pictures(images: Shown, role: Part) -> Images:
    return images.ood if role == "ood" else images.test


def _said(seen: Evaluated, role: Part, index: int) -> list[np.ndarray]:
    """The class probabilities (C,) that each network gives a picture."""
    return [part_of(network, role).probs_of(index, seen.n_samples) for network in seen.outcome.networks]


@st.dialog("A closer look", width="large")
def _look_closer(seen: Evaluated, images: Shown, role: Part, index: int) -> None:
    """The picture large, the spread of its MC samples, all probabilities, and the test images answered alike."""
    part, outcome = _pictures(images, role), seen.outcome
    name = part.classes[part.labels[index]]
    known = "a class no network has learned" if role == "ood" else "a test image"
    left, right = st.columns([1, 2], gap="medium")
    left.html(cards.picture(part.pixels[index], LARGE, name))
    left.markdown(f"**{name}**, {known}")
    pair = dict(zip(comparison.pair(seen).titles, seen.pair, strict=True))
    answers = rows(outcome, _said(seen, role, index))
    left.html(cards.bars(answers, images.test.classes))
    n_samples = outcome.source.method.samples(IMAGE_SAMPLES[-1])
    right.markdown(
        f"**{n_samples} {names.samples_of(outcome.source.method, n_samples)}**: a line is the probability of one, a "
        "dot their mean."
    )
    spread = right.empty()  # the networks take a moment, and seconds where nobody has asked them before
    spread.skeleton(2 * image_charts.spread_height(len(images.test.classes)))
    st.markdown("**Class probabilities** at every prune ratio")
    st.table(numbers(answers, images.test.classes), hide_index=True, border="horizontal")
    st.markdown(
        "**Test images that are answered most alike**: the nearest predicted distributions (Hellinger distance)."
    )
    for title, network in pair.items():
        own = part_of(network, role).probs_of(index, seen.n_samples)
        skip = index if role == "test" else None
        nearest, distance = neighbours(own, network.test.probs(seen.n_samples), NEIGHBOURS, skip)
        alike = [
            (images.test.pixels[i], images.test.classes[images.test.labels[i]], f"{far:.2f}")
            for i, far in zip(nearest, distance, strict=True)
        ]
        st.html(cards.strip(title, alike, SMALL))
    experiment, pixels = experiment_of(outcome), part.pixels[index : index + 1]
    said_by = {
        title: ask(experiment, network, pixels, n_samples, outcome.source)[:, 0] for title, network in pair.items()
    }
    with spread.container():
        for title, samples in said_by.items():
            _draw_spread(title, samples, images.test.classes)


def _draw_spread(title: str, samples: np.ndarray, classes: tuple[str, ...]) -> None:
    """The samples (S, C) of one network."""
    st.caption(f"{title} network")
    Placeholder(st.container()).chart(
        image_charts.spread_chart(samples, classes), f"{title} network: spread of samples."
    )
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
