"""A link for a class: everybody who opens it has another seed, and with it points of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import streamlit as st

from cache.services import SEATS, services
from pruning.study import Study
from views.browser.visitor_cookie import visitor
from views.controls import moons as controls
from views.controls import study as study_controls
from views.controls.control import Control
from views.controls.share import ClassLinks
from views.controls.url import link

WORD = "class"


def settle() -> None:
    """Who has come by such a link takes a seat: seed and data seed are set, and the address says these in its place.

    Before the controls are drawn; the run then begins anew. As in a study, each seed has points of its own.
    """
    name = st.query_params.get(WORD)
    if name is None:
        return
    seat = services().seats.take(name, visitor())
    seeds = {controls.SEED.name: seat, controls.DATA_SEED.name: controls.DATA_SEED.default + seat}
    st.query_params.pop(WORD)
    st.query_params.update({word: str(seed) for word, seed in seeds.items()})
    st.rerun()  # a control reads of the address what that said when the run began


def links(values: Mapping[str, Any], known: Sequence[Control], study: Study) -> ClassLinks:
    """For a class that runs this study, each of its visitors with another seed."""
    without = [each for each in known if each.name not in controls.SEEDS]
    return ClassLinks(link(values, without, {WORD: name_of(study)}), _gathering(study))


@lru_cache(maxsize=256)  # a slider asks for that of one study again and again
def _gathering(study: Study) -> str:
    """The address of the study page that gathers what the class trains."""
    whole = replace(study, seeds=tuple(range(SEATS)))
    said = {**study_controls.settings_of(whole), study_controls.GATHER.name: True}
    return f"./study?{link(said, study_controls.known(study_controls.task_of(whole)))}"


@lru_cache(maxsize=256)
def name_of(study: Study) -> str:
    """The same for all who are to be in one class, and no more than that: eight letters."""
    return hashlib.sha256(study.key.encode()).hexdigest()[:8]
