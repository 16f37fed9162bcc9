"""The tab of all methods on points."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from cache.jobs import QueueFull
from cache.methods import by_methods
from cache.runs import Failure
from pruning.outcome import PlaneOutcome
from views.controls.moons import N_SAMPLES
from views.moons.answer import Answer
from views.shared import basis
from views.shared.methods_tab import MethodsPlace

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(answer: Answer, place: DeltaGenerator) -> None:
    """Every method as it comes in, at the ratio and on the basis that are chosen."""
    drawn = MethodsPlace(place)
    # As many samples as are asked for, whatever method the page shows.
    choice = replace(answer.choice, n_samples=answer.choice.values[N_SAMPLES.name])
    try:
        for found in by_methods(choice.experiment, drawn.line, answer.visit):
            seen = {source: basis.measured_on(cast(PlaneOutcome, each), choice) for source, each in found.items()}
            drawn.draw(seen, answer.nouns)
    except (QueueFull, Failure) as problem:
        drawn.line.error(str(problem))
        return
    drawn.finish(seen, answer.nouns)
