"""What the player is given: frames, colours, words and points, all of them values that JSON can hold."""

from __future__ import annotations

import base64
import gc
import json
import zlib
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pruning import Experiment
from pruning.evaluation.memo import _NOTES
from pruning.inspect.recording import record
from pruning.inspect.replay import SIDE, Phase, Recording, coded
from pruning.outcome import PlaneOutcome
from views.browser import replay_player
from views.browser.replay_player import MAX_POINTS, colour_table, replayed
from views.charts.colours import CLASSES, DENSE, INK, PAPER, PRUNED, STRONGEST, blend, rgb

RNG = np.random.default_rng(0)


def phase(ratio: float, level: int, kept: str, **changes: Any) -> Phase:
    """Two epochs; the frames are noise, a number per cell. `kept`: a letter per unit of the only layer, 1 or 0."""
    made = Phase(
        prune_ratio=ratio,
        level=level,
        masks={"hidden1": np.array([unit == "1" for unit in kept])},
        epochs=np.array([0, 1, 2, 1]),
        maps=RNG.integers(0, 102, (4, SIDE, SIDE), np.uint8),
        train_loss=np.array([0.5, 0.4]),
        val_loss=np.array([0.65, 0.3, 0.35]),
        early_stop_epoch=1,
    )
    return replace(made, **changes)


def recording(*phases: Phase) -> Recording:
    return Recording(Experiment(), (0.0, 4.0, -1.0, 1.0), 2, phases, (), {})


def outcome(inputs: np.ndarray, labels: np.ndarray) -> PlaneOutcome:
    none = np.zeros((0, 2))
    return PlaneOutcome(Experiment(), np.zeros(0, int), 2, (), inputs, labels, none, none)


NOBODY = outcome(np.zeros((0, 2)), np.zeros(0, int))
DENSE_PHASE = phase(0.0, 0, "1111")


def shown(*phases: Phase) -> dict[str, Any]:
    return replayed(recording(*phases), NOBODY, "light")


def test_the_frames_are_the_maps_with_high_y_first_and_the_rim_repeated():
    """Whoever inflates the frames finds each map upside down, as pictures are, in a frame of its own rim."""
    pruned = phase(0.5, 1, "1010")
    data = shown(DENSE_PHASE, pruned)
    frames = np.frombuffer(zlib.decompress(base64.b64decode(data["frames"])), np.uint8)
    frames = frames.reshape(8, data["side"], data["side"])
    maps = np.concatenate([DENSE_PHASE.maps, pruned.maps])
    np.testing.assert_array_equal(frames[:, 1:-1, 1:-1], maps[:, ::-1])
    np.testing.assert_array_equal(frames[:, 0, 1:-1], maps[:, -1])
    np.testing.assert_array_equal(frames[:, 1:-1, -1], maps[:, ::-1, -1])
    np.testing.assert_array_equal(frames[:, -1, 0], maps[:, 0, 0])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("n_classes", [2, 5])
def test_the_colours_run_from_paper_to_the_class(theme, n_classes):
    """A cell that is undecided is paper; a certain one is as strong as on the page's planes; all are opaque."""
    table = colour_table(n_classes, theme).astype(float)
    assert table.shape == (51 * n_classes, 4)
    assert (table[:, 3] == 255).all()
    for label in range(n_classes):
        certain = STRONGEST * rgb(CLASSES[label]) + (1 - STRONGEST) * rgb(PAPER[theme])
        np.testing.assert_array_equal(table[51 * label, :3], rgb(PAPER[theme]))
        np.testing.assert_allclose(table[51 * label + 50, :3], certain, atol=0.51)


def test_a_coded_cell_has_the_colour_of_the_planes():
    """Coding probabilities and looking the code up gives what `blend` gives, to within half a step of strength."""
    probs = RNG.dirichlet(np.full(3, 0.5), 500)
    looked_up = colour_table(3, "light")[coded(probs), :3].astype(float)
    assert np.abs(looked_up - blend(probs, "light")).max() <= 255 * STRONGEST / 100 + 1


def test_one_pruned_phase_is_named_by_its_ratio_and_several_by_their_level():
    """Titles tell the phases apart; the words above the plane say what has been pruned."""
    one = shown(DENSE_PHASE, phase(0.5, 1, "1010"))["phases"]
    several = shown(DENSE_PHASE, phase(0.20629947, 1, "1110"), phase(0.3, 2, "1010"))["phases"]
    assert [each["title"] for each in one] == ["Dense", "Pruned at 0.5"]
    assert [each["title"] for each in several] == ["Dense", "Level 1: 0.206", "Level 2: 0.3"]
    assert [each["subject"] for each in several] == ["Dense", "Pruned at 0.206", "Pruned at 0.3"]
    assert [each["ratio"] for each in several] == ["0", "0.206", "0.3"]
    assert [each["colour"] for each in several] == [DENSE, PRUNED, PRUNED]


def test_units_are_kept_gone_or_have_just_gone():
    """A unit leaves in one phase and is gone in the next; the opening words count those that leave."""
    phases = shown(DENSE_PHASE, phase(0.25, 1, "1110"), phase(0.75, 2, "0100"))["phases"]
    assert [each["units"] for each in phases] == [["1111"], ["111-"], ["-1-0"]]
    assert [each["opening"] for each in phases] == [
        "Starting from random weights",
        "1 unit removed",
        "2 units removed",
    ]


def test_epochs_and_losses_of_a_phase():
    """Frames know their epoch, the last that of the early stop; losses have four decimals."""
    losses = {"val_loss": np.array([0.123456, 0.2, 0.3]), "train_loss": np.array([1 / 3, 0.25])}
    data = shown(phase(0.0, 0, "1111", **losses))["phases"][0]
    assert data["epochs"] == [0, 1, 2, 1]
    assert (data["last"], data["stop"]) == (2, 1)
    assert data["val"] == [0.1235, 0.2, 0.3]
    assert data["train"] == [0.3333, 0.25]


def test_a_training_gone_astray_is_still_json():
    """Losses that are no numbers are null, and do not stretch the scale."""
    astray = phase(0.5, 1, "1010", val_loss=np.array([0.3, np.inf, np.nan]), train_loss=np.array([np.nan, 0.2]))
    data = shown(DENSE_PHASE, astray)
    assert data["phases"][1]["val"] == [0.3, None, None]
    assert data["phases"][1]["train"] == [None, 0.2]
    assert data["top"] == 0.8
    assert json.loads(json.dumps(data, allow_nan=False))["phases"] == data["phases"]


@pytest.mark.parametrize(
    ("largest", "top"),
    [(0.6556, 0.8), (0.8, 0.8), (0.81, 1.0), (1.0, 1.0), (1.01, 2.0), (3.2, 4.0), (57, 60), (0, 0.001)],
)
def test_the_scale_of_the_losses_ends_at_the_next_round_number(largest, top):
    """All phases share one scale, which holds their largest loss and whose half is short too."""
    losses = {"val_loss": np.array([largest, 0.0]), "train_loss": np.array([0.0])}
    assert shown(phase(0.0, 0, "1", **losses))["top"] == top


def test_points_are_shares_of_the_extent_with_their_class():
    """The corners of the plane are 0 and 1; y runs upwards."""
    inputs = np.array([[0.0, -1.0], [4.0, 1.0], [1.0, 0.5]], np.float32)
    data = replayed(recording(DENSE_PHASE), outcome(inputs, np.array([0, 1, 1])), "dark")
    assert data["points"] == [(0.0, 0.0, 0), (1.0, 1.0, 1), (0.25, 0.75, 1)]
    assert (data["theme"], data["colours"]["paper"], data["colours"]["ink"]) == ("dark", PAPER["dark"], INK["dark"])


@pytest.mark.parametrize(("there", "drawn"), [(1, 1), (MAX_POINTS, MAX_POINTS), (5000, MAX_POINTS)])
def test_of_too_many_points_an_even_choice_is_drawn(there, drawn):
    """No point is drawn twice, and the choice reaches from the first to the last."""
    inputs = np.column_stack([np.linspace(0, 4, there), np.zeros(there)])
    x = [
        point[0]
        for point in replayed(recording(DENSE_PHASE), outcome(inputs, np.zeros(there, int)), "light")["points"]
    ]
    assert len(set(x)) == drawn
    assert (x[0], x[-1]) == (0.0, 0.0 if there == 1 else 1.0)


def test_the_id_tells_recordings_apart_and_nothing_else():
    """Equal recordings share an id in either theme; one cell or one unit makes another."""
    again = recording(replace(DENSE_PHASE))
    other_cell = DENSE_PHASE.maps.copy()
    other_cell[2, 20, 20] ^= 1
    ids = [shown(changed)["id"] for changed in (replace(DENSE_PHASE, maps=other_cell), phase(0.0, 0, "1110"))]
    same = {
        replayed(each, NOBODY, theme)["id"] for each in (again, recording(DENSE_PHASE)) for theme in ("light", "dark")
    }
    assert len({*same, *ids}) == 3


def test_a_recording_is_packed_once_and_forgotten_with_it(monkeypatch):
    """A rerun, or the other theme, does not deflate again; who drops the recording drops its film."""
    kept = recording(DENSE_PHASE)
    first = replayed(kept, NOBODY, "light")
    monkeypatch.setattr(zlib, "compress", None)  # whoever packs again fails
    assert replayed(kept, NOBODY, "dark")["frames"] is first["frames"]
    before = len(_NOTES)
    del kept
    gc.collect()
    assert len(_NOTES) < before


def test_a_real_recording_becomes_a_film():
    """A recorded run has a frame for each epoch shown, the last of a phase is its early stop, and all is JSON."""
    experiment = Experiment(strategy="iterative", prune_ratio=0.2, points=100, hidden=(8, 6), max_epochs=4)
    real = record(experiment)
    data = json.loads(json.dumps(replayed(real, NOBODY, "light"), allow_nan=False))
    size = data["side"] ** 2 * sum(len(each["epochs"]) for each in data["phases"])
    assert len(zlib.decompress(base64.b64decode(data["frames"]))) == size
    assert [each["title"] for each in data["phases"]] == ["Dense", "Level 1: 0.1", "Level 2: 0.2"]
    assert all(each["epochs"][-1] == each["stop"] for each in data["phases"])
    assert [len(units) for units in data["phases"][0]["units"]] == [8, 6]


def test_the_player_is_mounted_with_one_key_for_all_recordings(monkeypatch):
    """Its key never changes, so that the browser keeps the player when the recording changes."""
    calls = []
    monkeypatch.setattr(replay_player, "_PLAYER", lambda **options: calls.append(options))
    shown_here = recording(DENSE_PHASE)
    replay_player.draw_player(shown_here, NOBODY, "light", nullcontext())
    assert calls == [{"key": "player", "data": replayed(shown_here, NOBODY, "light")}]
