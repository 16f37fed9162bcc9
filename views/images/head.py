"""Upper half of the image page: presets, controls, and the places that wait for what the networks answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from views.controls import images as controls
from views.controls import opening, setting
from views.controls.images import ImageChoice
from views.controls.moons import UNTOLD
from views.images import presets
from views.shared import page_head, preset_bar

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator
    from streamlit.elements.lib.mutable_tab_container import TabContainer

TITLE = "Pruned networks and pictures they have never seen"
QUESTION = "Asked about classes they never learned: do they know that they do not know?"


@dataclass(frozen=True)
class Places:
    """Places on the page, in the order in which they stand there."""

    share: DeltaGenerator
    status: DeltaGenerator
    sentence: DeltaGenerator
    tour: DeltaGenerator
    tabs: Mapping[str, TabContainer]  # by their titles


@dataclass(frozen=True)
class Asked:
    """What a visitor asks for, and where the answer is to be drawn."""

    choice: ImageChoice
    places: Places


def draw() -> Asked:
    """Everything that needs neither images nor networks."""
    opening.settle("images", controls.OPENING)
    share, preset_place = page_head.draw_title(TITLE, QUESTION)
    with st.container(key="controls"):
        choice = controls.draw_controls()
    all_presets = preset_bar.Presets(
        "images", presets.IMAGE_PRESETS, controls.of_presets(), controls.VIEW, controls.OPENING, UNTOLD
    )
    preset_bar.draw(all_presets, choice.values, preset_place)
    status, sentence, tour = st.container(), st.container(), st.container()
    tabs = page_head.draw_tabs(controls.TAB, "tabs")
    opening.mark(controls.OPENING)
    setting.seal()
    return Asked(choice, Places(share, status, sentence, tour, tabs))
