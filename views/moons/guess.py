"""A story that asks before it shows: the question, and the guess that is locked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from views.controls import state
from views.controls.moons import GUESS, Choice
from views.shared.preset import Preset
from views.text import worksheet
from views.text.names import pair_named
from views.text.questions import MIDDLE, Question
from views.text.worksheet import Entry

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

WAITS = "Your guess is locked: **{}**. What came is told as soon as the networks are there."


def asks(story: Preset, choice: Choice) -> bool:
    """Whether the story, told as it is this time, waits for a guess."""
    return bool(choice.values[GUESS.name] and story.question and locked(story) is None)


def locked(story: Preset | None) -> Entry | None:
    """The guess that was locked since the story was told last."""
    turn = state.TURN.get()
    return next((entry for entry in state.WORKSHEET.get() if story and entry.is_of(story.name, turn)), None)


def draw_question(story: Preset, choice: Choice, place: DeltaGenerator) -> None:
    """The question, its answers, and the button that locks one of them."""
    assert story.question
    turn, ratio = state.TURN.get(), choice.experiment.prune_ratio
    pair = pair_named(choice.experiment, choice.other if ratio else None)
    sentence, options = story.question.sentence(pair, ratio), story.question.options(pair)
    key = f"guess_of_{story.question.value}_{turn}"
    entry = Entry(story.name, turn, sentence, "", choice.values)
    # While this is there, the style hides what has nothing to show.
    with place.container(key="asks").form("question"):
        st.markdown(f"**{story.name}** asks first. {sentence}")
        if story.question == Question.BREAKS:
            st.select_slider("Your guess", options, MIDDLE, key=key)
        else:
            st.segmented_control("Your guess", options, key=key, wrap=True)
        if st.form_submit_button("Lock my guess", type="primary", on_click=_lock, args=(key, entry)):
            st.caption("Choose an answer first.")


def _lock(key: str, entry: Entry) -> None:
    if guess := state.said(key):
        state.WORKSHEET.set(worksheet.with_guess(state.WORKSHEET.get(), replace(entry, guess=guess)))
