"""The training of image networks as a visitor sees it: a button, live curves, a way to stop."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from cache.jobs import Job, QueueFull
from pruning import RATIOS, ImageExperiment, ImageSet, Outcome
from pruning.progress import Curves, StepProgress
from views import charts, runs
from views.places import Place

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

LOOK = 1.0  # seconds between two looks at a run


@dataclass
class Watched:
    """The run that this visitor waits for, and how far it was when the page was last drawn."""

    experiment: ImageExperiment
    job: Job
    step: int = 0
    left: bool = False  # by the visitor's own wish

    @property
    def over(self) -> bool:
        return self.job.cancelled.is_set() or self.job.wait(0)


def draw_training(experiment: ImageExperiment, outcome: Outcome | None, place: DeltaGenerator) -> None:
    """What is still to be trained, and how far that is; nothing where all is there."""
    key = runs.key(experiment)
    watched = _watched()
    if watched and watched.job.key != key:
        _leave(watched)
        watched = None
    if outcome is not None and len(outcome.networks) >= len({*RATIOS, experiment.prune_ratio}):
        st.session_state.pop("watched_run", None)
        return
    with place:
        try:
            if watched is None and (runs.queue().get(key) or experiment.dataset == ImageSet.DIGITS):
                watched = _start(experiment)
        except (QueueFull, RuntimeError, ValueError) as error:
            st.error(str(error), icon=":material/error:")
            return
        if watched is None:
            _offer(experiment, outcome)
        elif watched.over:
            _ended(watched)
        elif watched.left:
            st.info("You have left this run; somebody else still waits for it, so it goes on.")
            st.button("Watch it", on_click=_clicked, args=(experiment,))
        else:
            st.fragment(_look, run_every=LOOK)()


def _watcher() -> str:
    return str(st.session_state.setdefault("watcher", uuid.uuid4().hex))


def _watched() -> Watched | None:
    return st.session_state.get("watched_run")


def _start(experiment: ImageExperiment) -> Watched:
    job = runs.join(experiment, _watcher())
    watched = Watched(experiment, job, job.progress.step if job.progress else 0)
    st.session_state.watched_run = watched
    return watched


def _leave(watched: Watched) -> None:
    runs.queue().leave(watched.job.key, _watcher())
    st.session_state.pop("watched_run", None)


def _offer(experiment: ImageExperiment, outcome: Outcome | None) -> None:
    """A button, and what it sets off; or why the last click was in vain."""
    there = len(outcome.networks) if outcome else 0
    if refusal := st.session_state.pop("refused_run", None):
        st.error(refusal, icon=":material/error:")
    elif there:
        st.info(
            f"{there} of {len(RATIOS)} prune ratios of this strategy are trained.", icon=":material/model_training:"
        )
    else:
        st.info(
            "These networks are not trained yet. On two cores LeNet takes about a minute for the dense network and "
            "less for each pruned one. You may leave the page meanwhile; whoever asks for the same shares the run.",
            icon=":material/model_training:",
        )
    st.button("Train the rest" if there else "Train", type="primary", on_click=_clicked, args=(experiment,))


def _clicked(experiment: ImageExperiment) -> None:
    try:
        _start(experiment)
    except (QueueFull, RuntimeError, ValueError) as error:
        st.session_state.refused_run = str(error)


def _ended(watched: Watched) -> None:
    """Why the run ended before all was there, and a way to go on."""
    problem = runs.failure(watched.job)
    if problem is None:
        return
    if problem == runs.STOPPED:
        st.info(problem, icon=":material/stop_circle:")
    else:
        st.error(problem, icon=":material/error:")
    st.button(
        "Go on" if problem == runs.STOPPED else "Try again",
        type="primary", on_click=_clicked, args=(watched.experiment,),
    )  # fmt: skip


def _look() -> None:
    """One look at the run, every second, on its own; the page is drawn anew when a network is finished."""
    watched = _watched()
    if watched is None or watched.left:
        return
    if watched.over:
        st.rerun()
    watched.job = runs.join(watched.experiment, _watcher())
    progress: StepProgress | None = watched.job.progress
    if progress is not None and progress.step > watched.step:
        watched.step = progress.step
        st.rerun()
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    bar.progress(*_share_and_text(watched, progress))
    button.button("Stop", icon=":material/stop_circle:", on_click=_stop, width="stretch")
    _draw_curves(progress.curves if progress else None, watched.experiment.max_epochs)


def _stop() -> None:
    """Leave the run; where nobody else wants it, it ends."""
    watched = _watched()
    if watched:
        watched.left = True
        runs.queue().leave(watched.job.key, _watcher())


def _share_and_text(watched: Watched, progress: StepProgress | None) -> tuple[float, str]:
    if waiting := runs.queue().position(watched.job):
        return 0.0, f"Waiting: {waiting} {'run' if waiting == 1 else 'runs'} before this one"
    if progress is None:
        return 0.0, "Starting a worker process"
    share, text = progress.step / progress.steps, f"{progress.message} ({progress.step + 1} of {progress.steps})"
    if curves := progress.curves:
        share += curves.epoch / curves.max_epochs / progress.steps
        text += f", epoch {curves.epoch:.1f} of at most {curves.max_epochs}"
        if curves.seconds_left is not None:
            text += f", at most {_duration(curves.seconds_left)} left for it"
    return min(share, 1.0), text


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _draw_curves(curves: Curves | None, max_epochs: int) -> None:
    """Losses and accuracy of the network that is being trained, epoch by epoch."""
    train, val, accuracy = (curves.train_loss, curves.val_loss, curves.val_accuracy) if curves else ((), (), ())
    losses = [("training", epoch + 1, value) for epoch, value in enumerate(train)]
    losses += [("validation", epoch, value) for epoch, value in enumerate(val)]
    shares = [("validation", epoch, value) for epoch, value in enumerate(accuracy)]
    left, right = st.columns(2, gap="medium")
    for column, rows, title in ((left, losses, "loss, nats"), (right, shares, "validation accuracy")):
        place = Place(column.container())
        if rows:
            table = pd.DataFrame(rows, columns=["series", "epoch", "value"])
            place.chart(
                charts.learning_chart(table, title, max_epochs, charts.TRAIN_VAL), f"{title}, epoch by epoch."
            )
        else:
            place.skeleton(charts.CURVE_HEIGHT)
