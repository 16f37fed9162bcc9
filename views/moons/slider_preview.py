"""Preview of a slider's stops: what planes, curves and headline show while it is moved, before the server is asked.

The browser asks for them when the page is at rest, or as a hand comes near the slider. They are the same wherever
among them it stands, so that they are sent once. Nobody waits while they are made: whatever else is wished ends it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterator
from concurrent.futures import wait
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from cache.services import services
from pruning.evaluation.memo import remembered
from pruning.inspect.plane import RESOLUTION
from uncertainty.options import Method
from views.browser.component import component
from views.controls import state
from views.controls.control import Control
from views.controls.moons import MEMBERS, N_SAMPLES, RATIO, samples_of
from views.moons import planes
from views.moons.answer import Answer
from views.moons.toggled_units import NONE
from views.shared import sections

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MOST = 512 * 2**10
"""Bytes of maps, of all stops of a slider: with more there is no preview."""
LOOK = 0.02  # seconds between two looks whether a stop is made; also how soon another wish ends the wait
_PREVIEW = component("slider_preview")


def draw(answer: Answer, place: DeltaGenerator) -> None:
    """Hand over, when the browser asks, what the sliders show that can be followed; last of all on a page."""
    with place:
        _draw(answer)


@st.fragment
def _draw(answer: Answer) -> None:
    for control in followed(answer):
        key, own, given = f"preview_{control.name}", name(answer, control), state.PREVIEWED.of(control.name)
        made = stops(answer, control) if given.get() == own else None
        data = {
            "control": control.name,
            "id": own,
            "eager": control is RATIO,
            "marked": control is RATIO,
            "side": RESOLUTION + 2,
            **(made or {"stops": None, "maps": {}}),
        }
        _PREVIEW(key=key, data=data, on_asked_change=partial(_note, key, own, given))


def _note(key: str, own: str, given: state.Key[str]) -> None:
    """That the browser asks for these stops, before the run that answers; whatever else it may say is passed over."""
    if state.sent(key, "asked") == own:
        given.set(own)


def followed(answer: Answer) -> Iterator[Control]:
    """The sliders that can be followed: that of the ratio last, whose stops may take a while.

    Neither while single samples are drawn, whose boundaries would be too much to send.
    """
    if answer.view.draws:
        return
    method = answer.choice.source.method
    number = MEMBERS if method == Method.ENSEMBLE else N_SAMPLES
    if number.is_open and not answer.units and method != Method.SINGLE_PASS:
        yield number
    if RATIO.is_open:
        yield RATIO


def name(answer: Answer, control: Control) -> str:
    """The name of what all stops of a slider have in common."""
    return hashlib.sha256(repr(_common(answer, control)).encode()).hexdigest()[:16]


def _common(answer: Answer, control: Control) -> Hashable:
    choice = moved(answer, control, control.options[0]).choice
    points = answer.visit.points.key() if answer.visit.points else None
    compared = answer.other and answer.other.experiment.key()
    return choice.experiment, compared, choice.source, choice.n_samples, choice.n_bins, choice.basis, points


def moved(answer: Answer, control: Control, value: Any) -> Answer:
    """The answer as it is where a slider stands at this value; of another ratio no unit is toggled by hand."""
    choice = answer.choice
    if control is not RATIO:
        return replace(
            answer, choice=replace(choice, n_samples=samples_of(choice.source.method, {control.name: value}))
        )
    experiment = replace(choice.experiment, prune_ratio=value)
    trained, other = replace(answer.trained, experiment=experiment), answer.other
    other = other and replace(other, experiment=replace(other.experiment, prune_ratio=value))
    return replace(answer, trained=trained, other=other, units=NONE, choice=replace(choice, experiment=experiment))


def stops(answer: Answer, control: Control) -> dict[str, Any]:
    """Every stop of a slider, and the packed maps that they name by their id; none where they would be too heavy."""
    return remembered(answer.trained.dense, ("stops", _common(answer, control)), lambda: _stops(answer, control))


def _stops(answer: Answer, control: Control) -> dict[str, Any]:
    found = []
    for value in control.options:
        job = services().previews.submit(_stop, moved(answer, control, value), control.show(value))
        while not wait([job], LOOK).done:
            state.PAGE.get()  # a look at the session lets Streamlit end a run that is no longer wanted
        found.append(job.result())
    maps = {panel["id"]: panel.pop("maps") for stop in found for panel in stop["panels"]}
    if sum(map(len, maps.values())) > MOST:
        return {"stops": [], "maps": {}}
    return {"stops": found, "maps": maps}


def _stop(answer: Answer, value: str) -> dict[str, Any]:
    """What planes and headline show at a stop, with the maps still in its panels."""
    view = replace(answer.view, points="test", draws=False)
    pair = planes.stop(answer.outcome, answer.choice, view, answer.visit, answer.other)
    return {"value": value, "words": sections.read(answer.seen, *answer.figures, answer.nouns), **pair}
