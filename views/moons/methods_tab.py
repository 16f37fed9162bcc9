"""The tab of all methods on points."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from cache import mending
from cache.jobs import QueueFull
from cache.methods import by_methods, stored, training_seconds
from cache.runs import Failure
from pruning.evaluation.by_method import BY_LAYERS
from pruning.evaluation.evaluated import Evaluated
from pruning.outcome import PlaneOutcome
from uncertainty.options import Source
from views.controls.moons import samples_of
from views.moons.answer import Answer
from views.shared import basis, mending_section, sample_size_section
from views.shared.methods_tab import MethodsPanel

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
    drawn = MethodsPanel(place)
    seen: dict[Source, Evaluated] = {}
    try:
        for found in by_methods(answer.choice.experiment, drawn.line, answer.visit):
            seen = {source: _measured(answer, source, cast(PlaneOutcome, each)) for source, each in found.items()}
            drawn.come_in(seen, answer.nouns)
    except (QueueFull, Failure) as problem:
        drawn.draw(seen, answer.nouns)
        drawn.line.error(str(problem))
        return
    drawn.draw(seen, answer.nouns)
    experiment, visit = answer.choice.experiment, answer.visit
    layers = {
        source.layers: _measured(answer, source, cast(PlaneOutcome, each))
        for source, each in stored(experiment, BY_LAYERS, visit).items()
    }
    drawn.finish(seen, answer.nouns, training_seconds(experiment, visit), layers)


def _measured(answer: Answer, source: Source, outcome: PlaneOutcome) -> Evaluated:
    """With as many samples as are asked for, whatever method the page shows."""
    n_samples = samples_of(source.method, answer.choice.values)
    return basis.measured_on(outcome, replace(answer.choice, n_samples=n_samples))


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
