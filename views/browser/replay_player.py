"""Watch it train: a recording as what the browser plays back by itself."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import zlib
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pruning.evaluation.memo import remembered
from pruning.inspect.plane import Extent
from pruning.inspect.replay import SIDE, STRENGTHS, Phase, Recording
from pruning.outcome import PlaneOutcome
from views.browser.component import component
from views.charts.colours import CLASSES, DENSE, INK, PAPER, PRUNED, Theme, blend
from views.text.names import network_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MAX_POINTS = 400  # drawn over the plane; more would hide it
_ROUND = (1, 2, 4, 6, 8, 10)  # ends of a scale whose half is a short number too
_PLAYER = component("replay_player")


def draw_player(recording: Recording, outcome: PlaneOutcome, theme: Theme, place: DeltaGenerator) -> None:
    """The player of a recording, with the training points of its outcome, inside `place`."""
    with place:
        _PLAYER(key="player", data=replayed(recording, outcome, theme))


def replayed(recording: Recording, outcome: PlaneOutcome, theme: Theme) -> dict[str, Any]:
    """All that the player needs, as values that JSON can hold.

    `id` tells recordings apart. `frames` are the maps of all phases one behind the other, deflated, from high to low
    y, with the cells at the rim repeated once around, `side` in all; `table` is the colour of every code in them,
    four bytes each. Both are in base64. Points are (x, y, class), x and y as shares of the extent.
    """
    return {
        **_reel(recording),
        "theme": theme,
        "table": _text(colour_table(recording.n_classes, theme).tobytes()),
        "colours": {"classes": CLASSES, "paper": PAPER[theme], "ink": INK[theme]},
        "points": _points(outcome.train_inputs, outcome.train_labels, recording.extent),
    }


def colour_table(n_classes: int, theme: Theme) -> np.ndarray:
    """The colour of each code of `pruning.inspect.replay.coded`, as on the planes: (51·C, 4) uint8, opaque RGBA."""
    strength = np.arange(STRENGTHS + 1) / STRENGTHS
    winner = np.eye(n_classes)[:, None, :]  # (C, 1, C)
    probs = 1 / n_classes + strength[:, None] * (winner - 1 / n_classes)  # (C, 51, C)
    return np.pad(blend(probs, theme).reshape(-1, 3), ((0, 0), (0, 1)), constant_values=255)


def _reel(recording: Recording) -> dict[str, Any]:
    """What the replay says of the recording alone, put together once."""
    return remembered(recording, "reel", partial(_packed, recording))


def _packed(recording: Recording) -> dict[str, Any]:
    maps = np.concatenate([phase.maps[:, ::-1] for phase in recording.phases])
    maps = np.pad(maps, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rounds = max(phase.level for phase in recording.phases)
    before = (recording.phases[0], *recording.phases)
    reel = {
        "frames": _text(zlib.compress(maps.tobytes())),
        "side": SIDE + 2,
        "phases": [_phase(*pair, rounds) for pair in zip(recording.phases, before, strict=False)],
        "top": _top(recording.phases),
    }
    return {"id": hashlib.sha256(json.dumps(reel).encode()).hexdigest()[:12], **reel}


def _phase(phase: Phase, before: Phase, rounds: int) -> dict[str, Any]:
    ratio = f"{phase.prune_ratio:.3g}"
    subject = network_named(phase.prune_ratio).capitalize() if phase.level else "Dense"
    units = [_units(mask, before.masks[layer]) for layer, mask in phase.masks.items()]
    return {
        "title": f"Level {phase.level}: {ratio}" if phase.level and rounds > 1 else subject,
        "subject": subject,
        "ratio": ratio,
        "colour": PRUNED if phase.level else DENSE,
        "epochs": phase.epochs.tolist(),
        "train": _losses(phase.train_loss),
        "val": _losses(phase.val_loss),
        "last": len(phase.val_loss) - 1,
        "stop": int(phase.early_stop_epoch),
        "units": units,
        "opening": _opening("".join(units).count("-")) if phase.level else "Starting from random weights",
    }


def _opening(removed: int) -> str:
    """What is said of a phase while its first frames are shown."""
    return f"{removed} {'unit' if removed == 1 else 'units'} removed"


def _units(kept: np.ndarray, before: np.ndarray) -> str:
    """A layer with one letter per unit: 1 is kept, 0 has long been gone, - went with this phase."""
    return "".join("1" if now else "-" if then else "0" for now, then in zip(kept, before, strict=True))


def _losses(values: Iterable[float]) -> list[float | None]:
    """Four decimals; None where a training has gone astray, for JSON knows neither infinity nor NaN."""
    return [round(float(value), 4) if math.isfinite(value) else None for value in values]


def _top(phases: tuple[Phase, ...]) -> float:
    """Where the scale of the losses ends, the same in all phases: the next round number."""
    losses = np.concatenate([losses for phase in phases for losses in (phase.train_loss, phase.val_loss)])
    largest = max(losses[np.isfinite(losses)].max(initial=0), 1e-3)
    power = math.floor(math.log10(largest))
    return round(next(step for step in _ROUND if step * 10.0**power >= largest) * 10.0**power, 6)


def _points(inputs: np.ndarray, labels: np.ndarray, extent: Extent) -> list[tuple[float, float, int]]:
    """At most `MAX_POINTS` of the points, evenly picked."""
    picked = np.linspace(0, len(inputs) - 1, min(len(inputs), MAX_POINTS)).round().astype(int)
    x0, x1, y0, y1 = extent
    shares = (inputs[picked] - [x0, y0]) / [x1 - x0, y1 - y0]
    return [
        (round(x, 4), round(y, 4), int(label)) for (x, y), label in zip(shares.tolist(), labels[picked], strict=True)
    ]


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
