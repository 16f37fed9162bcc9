"""A visitor's own picture: what the networks say of it, and how it compares with what they know."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from cache.image_samples import ask
from pruning import Network, Outcome
from pruning.data.picture_upload import MAX_BYTES, Picture, PictureError, read_picture
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.similarity import novelty
from uncertainty.options import Method
from views.controls import state
from views.controls.images import experiment_of
from views.images import cards
from views.images.gallery_tab import rows
from views.shared import sets_section
from views.text import comparison

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.runtime.uploaded_file_manager import UploadedFile

LARGE = 224
TWO_ROWS = "The dense and the pruned network alone: for a new picture {method} is fitted again to each that is asked."
FILE, CAMERA = "From a file", "With the camera"
FORGOTTEN = "It is looked at on this server and forgotten when you leave; nothing is stored."
# All that JPEG files are called, and PNG and MPO files with more than one picture. HEIC is none of them: a phone that
# is asked for JPEG sends its photographs as that.
ENDINGS = ["png", "jpg", "jpeg", "webp", "jfif", "jpe", "jif", "pjpeg", "pjp", "apng", "mpo"]


def draw(seen: Evaluated, classes: tuple[str, ...], place: DeltaGenerator) -> None:
    """A file or a photograph; then the picture as the networks see it, a row a prune ratio, and how unusual the
    answers are."""
    with place:
        source = st.segmented_control(
            "A picture of your own",
            (FILE, CAMERA),
            default=FILE,
            required=True,
            key=state.OWN_PICTURE_FROM,
            help=FORGOTTEN,
        )
        file = _photograph() if source == CAMERA else _upload()
        line = st.empty()  # one place for words, so that those of a file before leave with it
        if file is None:
            line.caption(
                f"The networks know {', '.join(classes)}. Show them one of these, or anything else. Photographs in "
                "HEIC, as phones keep them, have to be exported as JPEG before."
            )
            return
        height, _, channels = experiment_of(seen.outcome).dataset.shape
        try:
            picture = read_picture(file.getvalue(), height, channels)
        except PictureError as problem:
            line.error(str(problem), icon=":material/error:")
            return
        is_new = state.PICTURE.get() != file.file_id
        _draw_answers(seen, classes, picture, sets_section.draw_controls(st.container()), is_new)
        state.PICTURE.set(file.file_id)


def _upload() -> UploadedFile | None:
    return st.file_uploader(
        "PNG, JPEG or WebP", type=ENDINGS, max_upload_size=MAX_BYTES // 2**20, key=state.OWN_PICTURE
    )


def _photograph() -> UploadedFile | None:
    """The camera is asked for only where somebody wants it."""
    return st.camera_input(
        "A photograph",
        key=state.OWN_PHOTOGRAPH,
        help="Browsers lend a camera to pages of this very computer and to those that come over https. On a phone "
        "the button for a file offers the camera too.",
    )


def _draw_answers(
    seen: Evaluated, classes: tuple[str, ...], picture: Picture, wanted: sets_section.Asked, is_new: bool
) -> None:
    """The picture at once; where it `is_new`, what was said of another leaves before the networks have answered."""
    left, *columns = st.columns([1, 1, 2], gap="medium")
    left.html(cards.picture(picture.pixels, LARGE, "your picture as the networks see it", kept=False))
    side = picture.pixels.shape[0]
    notes = "".join(f" {note}." for note in picture.notes)
    left.caption(f"{picture.width:,} × {picture.height:,} pixels, brought to {side} × {side}.{notes}")
    places = [column.empty() if is_new else column for column in columns]
    for place in places if is_new else ():
        place.skeleton(LARGE)
    outcome = seen.outcome
    asked = partial(
        ask, experiment_of(outcome), pixels=picture.pixels[None], n_samples=seen.n_samples, source=outcome.source
    )
    slow = _is_slow(outcome)
    if slow:
        outcome = replace(outcome, networks=tuple(each for each in outcome.networks if each in seen.pair))
    samples = {network: asked(network=network) for network in dict.fromkeys((*outcome.networks, *seen.pair))}
    said = [samples[network].mean(axis=0)[0] for network in outcome.networks]
    middle, right = (place.container() for place in places)
    middle.html(cards.bars(rows(outcome, said), classes))
    told = TWO_ROWS.format(method=outcome.source.method.label) if slow else "One row a prune ratio."
    middle.caption(f"{told} The bars from left to right: {', '.join(classes)}.")
    pair = dict(zip(comparison.pair(seen).titles, seen.pair, strict=True))
    of_pair = [samples[network].mean(axis=0) for network in seen.pair]
    sets = {name: members[0] for name, members in sets_section.of_inputs(seen, wanted, of_pair).items()}
    middle.html(cards.chips(sets, classes))
    middle.caption("Below: the prediction sets, see α.")
    right.table(
        measures({name: (network, samples[network]) for name, network in pair.items()}, seen.n_samples),
        hide_index=True,
        border="horizontal",
    )
    right.caption(
        "In brackets: the share of the test images of the known classes that are less uncertain than this picture. "
        "Near 100 % the network treats it as something new."
    )


def _is_slow(outcome: Outcome) -> bool:
    """Whether asking a network takes seconds: its method is fitted on all training images, or by derivatives."""
    many = bool(experiment_of(outcome).dataset.sources)
    return outcome.source.method == Method.SURVIVORS or (many and outcome.source.method == Method.LAST_LAYER)


def measures(asked: dict[str, tuple[Network, np.ndarray]], n_samples: int) -> pd.DataFrame:
    """Confidence, entropy and mutual information of each network's answer (S, 1, C), and how rare they are."""

    def column(network: Network, samples: np.ndarray) -> list[str]:
        found = novelty(samples, network, n_samples)
        return [
            f"{found.confidence.value:.2f} ({100 * found.confidence.less_uncertain:.0f} %)",
            f"{found.entropy.value:z.2f} ({100 * found.entropy.less_uncertain:.0f} %)",
            f"{found.information.value:.3f} ({100 * found.information.less_uncertain:.0f} %)",
        ]

    columns = {name: column(network, samples) for name, (network, samples) in asked.items()}
    names = ["Confidence", "Predictive entropy, nats", "Mutual information, nats"]
    return pd.DataFrame({"Measure": names, **columns})
