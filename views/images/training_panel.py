"""The training of image networks as a visitor sees it: what it would take, live curves, what is missing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from cache import runs, services
from cache.jobs import Job
from pruning import RATIOS, Architecture, ImageExperiment, Outcome
from pruning.data.images import training_size
from pruning.lottery.progress import Progress
from pruning.training.curves import Curves
from uncertainty.options import MC_DROPOUT, Method, Source
from views.charts import images as image_charts
from views.controls import compare, lock
from views.controls.images import ImageChoice
from views.shared.job_panel import Kind, follow, leave
from views.shared.placeholder import Placeholder
from views.text.names import listed, network_named, pair_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# Of one image in one epoch, prediction included, as measured on two cores with one thread.
SECONDS = {
    Architecture.LENET: 1.4e-4,
    Architecture.WIDE: 5.6e-4,
    Architecture.WIDE_NORM: 7e-4,
    Architecture.SMALL: 1e-4,
}
ASKING = 90.0  # for Laplace of the survivors of a LeNet, measured alike: fitted, then asked on all parts
MENDING = 7.5e-5  # of one image and class: samples asked, both temperatures fitted; measured alike
LOSS_REACH = 2.5  # nats: just above ln 10, where networks that know nothing of ten classes begin


def draw_training(choice: ImageChoice, outcome: Outcome | None, other: Outcome | None, place: DeltaGenerator) -> None:
    """What is still to be trained or asked, and how far that is; nothing where all is there.

    What takes seconds begins by itself: bundled images, and to ask networks that are there. All else is offered.
    other: of what the choice is compared with, which has its turn once all of `outcome` is there.
    """
    experiment, source = choice.experiment, choice.source
    if _is_whole(experiment, outcome):
        if choice.other is None or _is_whole(choice.other, other):
            leave(TRAINING)
            return
        experiment, outcome = choice.other, other
        place.caption(f"To compare with: **{pair_named(choice.experiment, choice.other).reference}**.")
    with place:
        # Who came by a link that is locked for another page has not asked for these networks.
        asked = not lock.is_elsewhere() and (not experiment.dataset.sources or _only_answers(experiment, source))
        offer = None if asked else partial(_offer, experiment, source, outcome)
        follow(TRAINING, runs.key(experiment, source=source), partial(runs.join, experiment, source=source), offer)


def _is_whole(experiment: ImageExperiment, outcome: Outcome | None) -> bool:
    return outcome is not None and len(outcome.networks) >= len({*RATIOS, experiment.prune_ratio})


def no_other(shown: ImageChoice, other: Outcome | None) -> str:
    """Why the dense network stands where another strategy was asked for; mostly nothing."""
    ratio = shown.experiment.prune_ratio
    if compare.is_itself(shown.values, shown.other):
        return compare.ITSELF
    if shown.other is None or not ratio or (other is not None and other.has(ratio)):
        return ""
    name = pair_named(shown.experiment, shown.other).reference
    return f"*{name}* has no network {network_named(ratio)} yet; until it is trained, the dense one is compared with."


def nearest(outcome: Outcome, asked: ImageChoice) -> tuple[Outcome, ImageChoice]:
    """The outcome and the choice with the trained ratio nearest to the one asked for."""
    wanted = asked.experiment.prune_ratio
    ratio = min((network.prune_ratio for network in outcome.networks), key=lambda there: abs(there - wanted))
    experiment = replace(asked.experiment, prune_ratio=ratio)
    return replace(outcome, experiment=experiment), replace(asked, experiment=experiment)


def stand_in(asked: ImageChoice, shown: ImageChoice) -> str:
    """What is shown while the network that was asked for is not there yet."""
    ratio = shown.experiment.prune_ratio
    there = f"the one {network_named(ratio)}" if ratio else "the dense one, on both sides"
    usual = asked.source == MC_DROPOUT
    missing = "is not trained yet" if usual else f"has not answered yet ({asked.source.label})"
    return f"The network {network_named(asked.experiment.prune_ratio)} {missing}; shown is {there}."


def _only_answers(experiment: ImageExperiment, source: Source) -> bool:
    """Whether all networks are there, and are soon asked."""
    trained, needed = runs.trained(experiment, source)
    return trained == needed and not seconds_of_asking(experiment, source)


def _left(experiment: ImageExperiment, source: Source, outcome: Outcome | None) -> float:
    """About how many seconds it takes to train what is missing and to ask what has not answered, on two cores."""
    trained, needed = runs.trained(experiment, source)
    answered = len(outcome.networks) if outcome else 0
    asking = seconds_of_asking(experiment, source) * (len(RATIOS) - answered)
    return seconds_of_one(experiment) * (needed - trained) + asking


def _offer(experiment: ImageExperiment, source: Source, outcome: Outcome | None) -> str:
    """What a click on the button will take; the button's label."""
    trained, needed = runs.trained(experiment, source)
    label, n = source.method.label, source.method.trainings
    each = [f"{duration(seconds_of_one(experiment))} for each network"] if trained < needed else []
    if asking := seconds_of_asking(experiment, source):
        each.append(f"{duration(asking)} for each to be asked")
    st.info(
        f"{f'{label}: {n} networks at every prune ratio, each from a seed of its own. ' if n > 1 else ''}"
        f"{trained or 'None'} of the {needed} networks {'are' if trained else 'is'} trained. On two cores the "
        f"rest takes about {duration(_left(experiment, source, outcome))}, {listed(each)}. It goes on while this "
        "page is open, and what is finished is kept; whoever asks for the same shares the run.",
        icon=":material/model_training:",
    )
    if trained == needed:
        return f"Ask by {label}"
    return "Train the rest" if trained else "Train"


def seconds_of_one(experiment: ImageExperiment) -> float:
    """About how long a network of CIFAR takes on two cores, all its epochs long."""
    whole = training_size(experiment.dataset)
    n_images = min(experiment.train_images or whole, whole)
    return SECONDS[experiment.network] * n_images * experiment.max_epochs


def seconds_of_asking(experiment: ImageExperiment, source: Source) -> float:
    """About how long a trained network of CIFAR takes to answer, beyond the few seconds of other methods."""
    of_its_size = SECONDS[experiment.network] / SECONDS[Architecture.LENET]
    return ASKING * of_its_size if source.method == Method.SURVIVORS else 0.0


def seconds_of_mending(experiment: ImageExperiment, n_images: int) -> float:
    """About how long it takes to fit both temperatures for samples, of so many validation and test images."""
    return MENDING * n_images * experiment.dataset.n_classes


def _failure(error: Exception, key: str) -> str:
    return runs.sentence(error, key, "Training", "Try again")


def _draw(job: Job) -> int | None:
    """The live curves, folded once there are pictures to look at; the number of networks that are finished."""
    progress: Progress | None = job.progress
    with st.expander("Loss and accuracy, live", expanded=not (progress and progress.done)):
        _draw_curves(progress.curves if progress else None)
    return progress.done if progress else None


def _progress(job: Job) -> tuple[float, str]:
    progress: Progress | None = job.progress
    if progress is None:
        return 0.0, "Starting a worker process"
    number = min(progress.done + 1, progress.total)
    share, text = progress.done / progress.total, f"{progress.message} ({number} of {progress.total})"
    if curves := progress.curves:
        share += curves.epoch / curves.max_epochs / progress.total
        text += f", epoch {curves.epoch:.1f} of at most {curves.max_epochs}"
        if curves.seconds_left is not None:
            text += f", at most {duration(curves.seconds_left)} left for it"
    return min(share, 1.0), text


def duration(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.0f} h"


def _draw_curves(curves: Curves | None) -> None:
    """Losses and accuracy of the network that is being trained, epoch by epoch."""
    train, val, accuracy = (curves.train_loss, curves.val_loss, curves.val_accuracy) if curves else ((), (), ())
    losses = [("training", epoch + 1, value) for epoch, value in enumerate(train)]
    losses += [("validation", epoch, value) for epoch, value in enumerate(val)]
    shares = [("validation", epoch, value) for epoch, value in enumerate(accuracy)]
    left, right = st.columns(2, gap="medium")
    for column, rows, title, series, reach in (
        (left, losses, "loss, nats", image_charts.TRAIN_VAL, LOSS_REACH),
        (right, shares, "validation accuracy", image_charts.TRAIN_VAL[1:], 1.0),
    ):
        # Between two drawings a chart has no height; what stands below is not to jump.
        place = Placeholder(column.container(height=image_charts.LEARNING_HEIGHT, border=False))
        if curves and rows:
            table = pd.DataFrame(rows, columns=["series", "epoch", "value"])
            chart = image_charts.learning_chart(table, title, curves.max_epochs, series, reach=reach)
            place.chart(chart, f"{title}, epoch by epoch.")
        else:
            place.skeleton(image_charts.LEARNING_HEIGHT)


TRAINING = Kind("training", services.queue, _failure, _progress, _draw)
