"""The tab of all methods on images: what is soon asked begins with the tab, what takes long is offered."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from cache import mending, methods, runs, services
from cache.jobs import Job
from pruning import ImageExperiment, Outcome
from pruning.evaluation.by_method import BY_LAYERS, SOURCES
from pruning.evaluation.evaluated import Evaluated
from pruning.lottery.progress import Progress
from uncertainty.options import Method, Source
from views.controls import lock
from views.controls.images import ImageChoice
from views.controls.moons import samples_of
from views.images.training_panel import duration, seconds_of_asking, seconds_of_mending, seconds_of_one
from views.shared import mending_section, sample_size_section
from views.shared.job_panel import Kind, follow, leave
from views.shared.methods_tab import MethodsPanel
from views.text.figure_table import IMAGES
from views.text.names import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from streamlit.delta_generator import DeltaGenerator


def draw(shown: Evaluated, choice: ImageChoice, place: DeltaGenerator) -> None:
    """Every method, what one number mends, and how many samples are enough."""
    draw_methods(choice, place.container())
    mending_section.draw(shown, IMAGES, partial(_by_objective, shown, choice.experiment), mending.SAMPLES, place)
    sample_size_section.draw(shown, place)


def _by_objective(shown: Evaluated, experiment: ImageExperiment) -> mending.Found | None:
    """What each objective of a temperature gives; of small bundled images at once, of others once somebody asks."""
    network = shown.outcome.pruned
    if not experiment.dataset.sources:
        return mending.by_objective(shown, network)
    found = mending.stored(shown, network)
    if found is not None:
        leave(MENDING)
    elif not lock.waits(st.container()):
        offer = partial(_offer_objectives, shown, experiment)
        follow(MENDING, mending.key(shown, network), partial(mending.join, shown, network), offer)
    return found


def _offer_objectives(shown: Evaluated, experiment: ImageExperiment) -> str:
    """What it takes to ask for the samples, and to fit the temperatures; the button's label."""
    held_out = shown.outcome.validation_labels
    n_images = len(shown.outcome.test_labels) + (0 if held_out is None else len(held_out))
    taken = duration(seconds_of_mending(experiment, n_images))
    st.info(f"Not asked yet. It takes about {taken}, for this network alone.", icon=":material/thermostat:")
    return "Fit both temperatures"


def draw_methods(choice: ImageChoice, place: DeltaGenerator) -> None:
    """Every method that has answered, at the ratio that is shown; under it what is still to be asked."""
    drawn, status = MethodsPanel(place), place.container()
    found = methods.stored(choice.experiment)
    seen = {source: _measured(choice, source, found[source]) for source in SOURCES if source in found}
    drawn.draw(seen, IMAGES)
    missing = [source for source in SOURCES if source not in found]
    soon = [source for source in missing if is_soon_asked(choice.experiment, source)]
    if not missing:
        leave(ASKING)
    elif not lock.waits(status):
        with status:
            _follow(choice.experiment, soon or missing, None if soon else partial(_offer, choice.experiment, missing))
    if not soon:
        by_layers = methods.stored(choice.experiment, BY_LAYERS)
        layers = {source.layers: _measured(choice, source, each) for source, each in by_layers.items()}
        drawn.finish(seen, IMAGES, methods.training_seconds(choice.experiment), layers)


def _measured(choice: ImageChoice, source: Source, outcome: Outcome) -> Evaluated:
    """With as many samples as the page asks for, whatever method it shows."""
    return Evaluated(outcome, samples_of(source.method, choice.values), choice.n_bins, choice.binning)


def is_soon_asked(experiment: ImageExperiment, source: Source) -> bool:
    """Whether nothing has to be trained for it, and asking takes seconds."""
    trained, needed = runs.trained(experiment, source, ())
    return trained == needed and not (experiment.dataset.sources and seconds_of_asking(experiment, source))


def _follow(experiment: ImageExperiment, sources: Sequence[Source], offer: Callable[[], str] | None) -> None:
    follow(ASKING, methods.key(experiment, sources), partial(methods.join, experiment, sources), offer)


def _offer(experiment: ImageExperiment, sources: Sequence[Source]) -> str:
    """What is still to be asked, and what that takes; the button's label."""
    labels = list(dict.fromkeys(source.method.label for source in sources))
    told = []
    trained, needed = runs.trained(experiment, Source(Method.ENSEMBLE), ())
    if any(source.method == Method.ENSEMBLE for source in sources) and trained < needed:
        one = seconds_of_one(experiment)
        told.append(
            f"A deep ensemble needs {needed - trained} networks more for this ratio, at most {duration(one)} each, "
            f"{duration(one * (needed - trained))} in all."
        )
    asking = sum(2 * seconds_of_asking(experiment, source) for source in sources)
    if asking and experiment.dataset.sources:
        told.append(f"{Method.SURVIVORS.label} takes about {duration(asking)}.")
    st.info(f"Not asked yet: {listed(labels)}. {' '.join(told)}", icon=":material/model_training:")
    return f"Ask {'it' if len(labels) == 1 else 'them'} too"


def _failure(error: Exception, key: str) -> str:
    return runs.sentence(error, key, "Asking", "Try again")


def _progress(job: Job) -> tuple[float, str]:
    progress: Progress | None = job.progress
    return (progress.done / progress.total, progress.message) if progress else (0.0, "Starting a worker process")


def _answered(job: Job) -> int:
    """How many methods have answered: with each the charts are drawn anew."""
    progress: Progress | None = job.progress
    return progress.done if progress else 0


def _count(_: Job) -> None:
    """Nothing else is to be seen while temperatures are fitted."""


ASKING = Kind("methods", services.queue, _failure, _progress, _answered)
MENDING = Kind("mending", services.queue, _failure, _progress, _count)
