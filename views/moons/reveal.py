"""What came beside what was guessed, the worksheet that keeps both, and for a teacher everything that is asked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from cache import results, runs
from cache.visitor import Visit
from pruning.evaluation.planes import occupied, parts, where_largest
from pruning.inspect.plane import RESOLUTION
from views.controls import moons as controls
from views.controls import share, state
from views.controls.moons import Choice
from views.moons import planes, presets, toggled_units
from views.moons.answer import Answer
from views.moons.planes import View
from views.shared.preset import Preset
from views.text import comparison, truths, worksheet
from views.text.figure_table import figure_table
from views.text.names import pair_named
from views.text.questions import Question
from views.text.truths import Truth
from views.text.worksheet import Entry

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

KEPT = ("Accuracy", "NLL", "ECE", "Signed gap", "Epistemic, test")  # the figures of a worksheet
MOVED = "Your guess was **{}**. The controls say something else by now: put them back, or press the story again."
NOT_YET = "not trained yet"


def truth(question: Question, answer: Answer) -> Truth:
    """What is true of a question, from the networks of the page."""
    if question != Question.DOUBT:
        return truths.of_evaluated(question, answer.seen, comparison.basis(answer.seen, answer.nouns.examples))
    if not answer.outcome.pruned.trained:
        return truths.untold(question, comparison.pair(answer.seen))
    outcome, n_samples = answer.outcome, answer.choice.n_samples
    _, plane = planes.both_planes(outcome, answer.choice, answer.view, answer.visit, answer.other)
    winner = plane.cells.probs(n_samples).argmax(axis=-1).reshape(RESOLUTION, RESOLUTION)
    points = occupied(outcome.train_inputs, plane.extent, RESOLUTION)
    largest = where_largest(plane.cells, n_samples, "epistemic", parts(winner, points))
    return truths.of_doubt(largest, f"{n_samples} {outcome.source.method.noun}")


def draw(story: Preset, entry: Entry, answer: Answer, place: DeltaGenerator) -> None:
    """Guess and truth side by side, which from now on are on the worksheet, and the worksheet itself."""
    assert story.question
    if not entry.came:
        if not _is_of(entry, answer.choice):
            place.info(MOVED.format(entry.guess), icon=":material/lock:")
            return
        entry = _completed(entry, truth(story.question, answer), answer)
        entries = (entry if each.is_of(entry.story, entry.turn) else each for each in state.WORKSHEET.get())
        state.WORKSHEET.set(tuple(entries))
    with place.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"You guessed **{entry.guess}**. What came: {entry.came}. {entry.judged}")
        draw_download("revealed")


def draw_download(key: str, place: DeltaGenerator | None = None) -> None:
    """The worksheet as a file, with the number of its entries; nothing as long as it is empty."""
    entries = state.WORKSHEET.get()
    if count := len(worksheet.answered(entries)):
        (place or st).download_button(
            f"Worksheet ({count})", lambda: worksheet.page(entries), "worksheet.html", "text/html",
            key=f"worksheet_{key}", icon=":material/assignment:", on_click="ignore",
        )  # fmt: skip


def _is_of(entry: Entry, choice: Choice) -> bool:
    """Whether the networks that are shown are those that were asked about."""
    decides = [control.name for control in (*controls.EXPERIMENT, *controls.COMPARED)]
    return all(entry.values[name] == choice.values[name] for name in decides)


def _completed(entry: Entry, found: Truth, answer: Answer) -> Entry:
    values = {**answer.choice.values, controls.GUESS.name: False}  # whoever opens it sees what came
    shown = {control.label: control.show(values.get(control.name, control.default)) for control in controls.ALL}
    defaults = {control.label: control.show(control.default) for control in controls.ALL}
    table = figure_table(*answer.figures, {}, alike=False, pair=comparison.pair(answer.seen))
    kept = table[table.Figure.isin(KEPT)].itertuples(index=False)
    return replace(
        entry,
        came=found.words,
        judged=found.judged(entry.guess),
        settings={label: value for label, value in shown.items() if value != defaults[label]},
        figures=(tuple(table.columns), *(tuple(line) for line in kept)),
        link=share.address(values, controls.ALL, toggled_units.in_link(answer.units)),
    )


def draw_questions(choice: Choice, visit: Visit) -> None:
    """For a teacher: every question with its answer for the networks of the story, where these are stored."""
    st.caption("Of the stories as they are when they are pressed. With another seed something else may be true.")
    for story in presets.PRESETS:
        if story.question:
            asked = _as_told(story, choice)
            pair = pair_named(asked.experiment, None)
            sentence = story.question.sentence(pair, asked.experiment.prune_ratio)
            st.markdown(f"**{story.name}.** {sentence}  \n*{_known(story.question, asked, visit)}*")


def _as_told(story: Preset, choice: Choice) -> Choice:
    """What is chosen where a story has just been pressed."""
    defaults: dict[str, Any] = {each.name: each.default for each in (*controls.EXPERIMENT, *controls.COMPARED)}
    return replace(controls.choice_of({**defaults, **story.settings}), basis=choice.basis)


def _known(question: Question, choice: Choice, visit: Visit) -> str:
    trained = results.so_far(choice.experiment, visit, choice.source)
    if trained is None or not runs.complete(trained, visit):
        return NOT_YET
    view = View("epistemic", "none", "light")
    return truth(question, Answer(trained, toggled_units.NONE, choice, view, visit)).words
