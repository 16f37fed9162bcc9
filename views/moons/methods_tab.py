"""The tab of all methods on points."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from cache import mending
from cache.jobs import QueueFull
from cache.methods import by_methods
from cache.runs import Failure
from pruning.outcome import PlaneOutcome
from views.controls.moons import N_SAMPLES
from views.moons.answer import Answer
from views.shared import basis, mending_section, sample_size_section
from views.shared.methods_tab import MethodsPlace

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(answer: Answer, place: DeltaGenerator) -> None:
    """Every method, what one number mends, and how many samples are enough."""
    methods, mended, samples = (place.container() for _ in range(3))
    draw_mending(answer, mended)  # of what is there already: for the methods more may have to be trained
    draw_methods(answer, methods)
    sample_size_section.draw(answer.seen, samples)


def draw_methods(answer: Answer, place: DeltaGenerator) -> None:
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


def draw_mending(answer: Answer, place: DeltaGenerator) -> None:
    """What one number mends, at every ratio."""
    seen = answer.seen
    mending_section.draw(
        seen,
        answer.nouns,
        lambda: mending.by_objective(seen, seen.outcome.pruned, answer.visit),
        mending.SAMPLES,
        place,
    )
