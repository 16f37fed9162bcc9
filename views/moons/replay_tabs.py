"""The tabs that need the run once more: watched in the browser, and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cache import results, runs
from cache.jobs import QueueFull
from cache.visitor import Visit
from pruning.inspect.replay import Phase, Recording
from pruning.outcome import PlaneOutcome
from views.browser.replay_player import draw_player
from views.charts.colours import Theme
from views.moons import checks
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Placeholder
from views.text import readings
from views.text.names import network_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw_replay(trained: PlaneOutcome, visit: Visit, theme: Theme, place: DeltaGenerator) -> None:
    """The player, and a sentence on how the pruned network learned."""
    recording = _recording(trained, visit, Placeholder(place.container()))
    if recording is None:
        return
    draw_player(recording, trained, theme, place)
    place.caption(_learned(recording.phases[-1], trained.pruned.trained))
    draw_depth(place, "Early-stop epoch", "Re-initialisation", "Level")


def _learned(phase: Phase, trained: bool) -> str:
    """How a phase went, after its name in the replay, for that begins with another phase."""
    subject = network_named(phase.prune_ratio).capitalize() if phase.level else "Dense"
    words = readings.of_training(phase.train_loss, phase.val_loss, phase.early_stop_epoch, trained)
    return f"{subject}: {words[:1].lower()}{words[1:]}"


def draw_checks(trained: PlaneOutcome, visit: Visit, place: DeltaGenerator) -> None:
    """The invariants of pruning, held against this very run."""
    recording = _recording(trained, visit, Placeholder(place.container()))
    if recording is not None:
        checks.draw_checks(recording, trained.pruned, place)


def _recording(trained: PlaneOutcome, visit: Visit, line: Placeholder) -> Recording | None:
    """The recording of the run, while progress stands in `line`; None after a sentence that says why not."""
    try:
        recording = results.recording(trained.experiment, line, visit)
    except (QueueFull, runs.Failure) as problem:
        line.error(str(problem))
        return None
    line.clear()
    return recording
