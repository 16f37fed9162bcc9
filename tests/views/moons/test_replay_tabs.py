"""The tabs that repeat the run: once and for all, with progress shown, and whatever fails is a sentence."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cache import services
from cache.jobs import Cancelled, Jobs, QueueFull
from cache.turns import Visitor
from pruning import Diverged, Experiment
from pruning.data.csv_points import read_points
from pruning.data.own_points import Points
from pruning.inspect import recording
from pruning.inspect.recording import record
from pruning.inspect.replay import Recording
from pruning.lottery.progress import Progress
from pruning.model import cost
from tests.conftest import train_instead, use
from views.shared.placeholder import Placeholder

PAGE = Path(__file__).parents[3] / "streamlit_app.py"
PATIENCE = 30  # seconds before a test gives up on something that hangs
SMALL = {"points": "200", "hidden": "10", "patience": "5"}
TABS = ("Watch it train", "Checks")
WATCH, CHECKS = TABS
GREEN = "All 8 invariants hold in this run."
OWN = read_points("".join(f"{i % 7},{i % 5},{'ab'[i % 7 > 3]}\n" for i in range(60)).encode())
every_tab = pytest.mark.parametrize("tab", TABS)


class Recorded:
    """Stands where runs are recorded: notes which, and does something else where it is told to."""

    def __init__(self) -> None:
        self.experiments: list[Experiment] = []
        self.instead: Callable[..., Recording] = record

    @property
    def ratios(self) -> list[float]:
        return [experiment.prune_ratio for experiment in self.experiments]

    def __call__(self, experiment: Experiment, points: Points | None, report: Callable[..., None]) -> Recording:
        self.experiments.append(experiment)
        return self.instead(experiment, points, report)


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    """An empty store, a queue of its own, a clock that is read once."""
    use(monkeypatch, tmp_path / "store")
    monkeypatch.setattr(cost, "latency", partial(cost.latency, repeats=1))
    found = Recorded()
    monkeypatch.setattr(recording, "record", found)
    return found


def visit(tab: str, points: Points | None = None, **link: str) -> AppTest:
    app = AppTest.from_file(str(PAGE), default_timeout=60)
    app.query_params.update(SMALL | link | {"view": tab})
    if points:
        app.session_state["own_points"] = points
    return app.run()


def turn_to(app: AppTest, tab: str) -> AppTest:
    app.query_params["view"] = tab
    return app.run()


def film(app: AppTest) -> list[dict[str, Any]]:
    """The phases that the player of a page has been given."""
    (player,) = (part for part in app.get("bidi_component") if part.proto.component_name == "explorer_replay_player")
    return json.loads(player.proto.json)["phases"]


def whole(app: AppTest) -> None:
    """Everything above the tabs stands, and nothing is under way."""
    assert not app.exception
    assert not app.warning
    assert not app.get("progress")
    assert not app.get("skeleton")
    assert len(app.get("vega_lite_chart")) == 3
    assert "explorer_planes" in [part.proto.component_name for part in app.get("bidi_component")]
    assert any("Pruned to" in element.value for element in app.markdown)


def on_disk(folder: Path) -> int:
    """How many results are in a store."""
    return len(list(folder.rglob("output.pkl")))


# What the tabs show


def test_the_player_has_the_phases_that_lead_to_the_chosen_ratio(recorded):
    """Iterative pruning by 30 % is the dense training and three levels of it, with as many units as are left."""
    app = visit(WATCH, strategy="Iterative, re-initialised", ratio="0.3")
    whole(app)
    phases = film(app)
    assert [phase["title"] for phase in phases] == ["Dense", "Level 1: 0.1", "Level 2: 0.2", "Level 3: 0.3"]
    assert [phase["units"][0].count("1") for phase in phases] == [10, 9, 8, 7]


def test_a_sentence_says_how_the_pruned_network_learned(recorded):
    """It begins with the name of the last phase in the film, and tells the epoch of that one's early stop."""
    for ratio in ("0.5", "0.0"):
        app = visit(WATCH, ratio=ratio)
        subject, stop, last = (film(app)[-1][name] for name in ("subject", "stop", "last"))
        words = (
            f"{subject}: validation loss is lowest at epoch {stop} of {last}",
            f"{subject}: the network **did not train**",
        )
        captions = [caption.value.replace("\u00a0", " ") for caption in app.caption]
        assert sum(caption.startswith(words) for caption in captions) == 1


def test_where_nothing_is_pruned_there_is_the_dense_training_alone(recorded):
    """The film has one phase, and the checks hold."""
    app = visit(WATCH, ratio="0.0")
    assert [phase["title"] for phase in film(app)] == ["Dense"]
    assert [element.value for element in turn_to(app, CHECKS).success] == [GREEN]


# Once


def test_both_tabs_and_every_visitor_share_one_recording(recorded):
    """Opened again, in the other tab or by somebody else, nothing is recorded twice."""
    app = visit(WATCH)
    whole(app)
    whole(turn_to(app, CHECKS))
    whole(turn_to(app, WATCH))
    whole(visit(CHECKS))
    assert recorded.ratios == [0.5]


def test_a_recording_is_there_after_a_restart(recorded, tmp_path, monkeypatch):
    """It lies in the store: another server with the same folder shows it at once."""
    first = film(visit(WATCH))
    use(monkeypatch, tmp_path / "store")
    train_instead(monkeypatch, lambda *_, **__: pytest.fail("trained again"))
    assert film(visit(WATCH)) == first
    assert recorded.ratios == [0.5]


def test_what_does_not_change_the_run_does_not_record_it_again(recorded):
    """Samples, bins, colour and units changed by hand are not of the run; another ratio is, the way back is not."""
    app = visit(CHECKS)
    for link in ({"samples": "10"}, {"bins": "30"}, {"colour": "Epistemic"}, {"units": "hidden1.3-hidden1.5"}):
        whole(visit(CHECKS, **link))
    assert recorded.ratios == [0.5]
    for ratio in (0.9, 0.5):
        whole(app.select_slider(key="ratio").set_value(ratio).run())
        assert [element.value for element in app.success] == [GREEN]
    assert recorded.ratios == [0.5, 0.9]


def test_no_other_tab_records(recorded):
    """Only who opens one of the two tabs asks for the run once more."""
    for tab in ("Reliability", "The network", "Your own points", "Take home"):
        visit(tab)
    assert recorded.ratios == []


# Progress


@every_tab
def test_progress_is_shown_and_goes(recorded, monkeypatch, tab):
    """While the run is repeated a bar says which training it is at; nothing of it is left in the end."""
    seen, shown, told = threading.Event(), [], Placeholder.progress

    def note(place: Placeholder, share: float, text: str) -> None:
        shown.append((share, text))
        told(place, share, text)
        if text == "Training the second of four":
            seen.set()

    def slowly(experiment: Experiment, points: Points | None, report: Callable[..., None]) -> Recording:
        report(Progress(1, 4, "Training the second of four"))
        assert seen.wait(PATIENCE), "nobody was told"
        return record(experiment, points, report)

    monkeypatch.setattr(Placeholder, "progress", note)
    recorded.instead = slowly
    whole(visit(tab))
    assert (0.25, "Training the second of four") in shown


# What goes wrong


@every_tab
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Diverged("Training of the dense network broke off at epoch 3."), "broke off at epoch 3."),
        (MemoryError("no room"), "The computation did not finish (MemoryError)."),
        (ZeroDivisionError("a secret"), "The computation did not finish (ZeroDivisionError)."),
    ],
)
def test_a_recording_that_fails_is_a_sentence(recorded, caplog, tab, error, words):
    """In its tab it says what happened; the rest of the page stands, and a second look tries again."""

    def failing(*_: Any) -> Recording:
        raise error

    recorded.instead = failing
    app = visit(tab)
    whole(app)
    (sentence,) = (element.value for element in app.error)
    assert words in sentence
    assert "secret" not in sentence
    recorded.instead = record
    whole(app.run())
    assert not app.error
    assert recorded.ratios == [0.5, 0.5]


@every_tab
def test_a_full_queue_is_a_sentence(recorded, monkeypatch, tab):
    """What is refused is the recording alone: planes, curves and the other tabs are there."""
    watch = Jobs.watch

    def full(jobs: Jobs, key: str, work: Any, visitor: Visitor) -> Any:
        if "replay" in key:
            raise QueueFull("65 computations are running or waiting already. Try again in a moment.")
        return watch(jobs, key, work, visitor)

    monkeypatch.setattr(Jobs, "watch", full)
    app = visit(tab)
    whole(app)
    assert [element.value for element in app.error] == [
        "65 computations are running or waiting already. Try again in a moment."
    ]
    assert recorded.ratios == []


@every_tab
def test_whoever_leaves_drops_the_recording(recorded, monkeypatch, tab):
    """A visitor who turns away while it runs, alone with it, has it cancelled; nothing of it is kept."""
    under_way, heard = threading.Event(), threading.Event()

    def endless(_experiment: Experiment, _points: Points | None, report: Callable[..., None]) -> Recording:
        end = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < end:
                report(Progress(0, 2, "Filming"))
                under_way.set()
                time.sleep(0.001)
        except Cancelled:
            heard.set()
            raise
        raise AssertionError("never cancelled")

    def gone(place: Placeholder, share: float, text: str) -> None:
        if under_way.is_set():
            st.stop()  # as Streamlit itself does, wherever the page is written to

    app = visit("Reliability")
    stored = on_disk(services.services().store.folder)
    recorded.instead = endless
    with monkeypatch.context() as patch:  # who comes back may see the progress, on a busy machine
        patch.setattr(Placeholder, "progress", gone)
        turn_to(app, tab)
    assert heard.wait(PATIENCE)
    assert services.services().jobs.watchers() == 0
    assert on_disk(services.services().store.folder) == stored
    recorded.instead = record
    whole(turn_to(app, tab))
    assert recorded.ratios == [0.5, 0.5]


# Own points


def test_the_recording_of_own_points_stays_in_the_visit(recorded, tmp_path):
    """It is made once for both tabs, never reaches the disk, and nobody else gets it, not even with equal points."""
    app = visit(WATCH, OWN)
    whole(app)
    whole(turn_to(app, CHECKS))
    assert [element.value for element in app.success] == [GREEN]
    assert recorded.ratios == [0.5]
    assert on_disk(tmp_path) == 0
    whole(visit(CHECKS, OWN))
    assert recorded.ratios == [0.5, 0.5]
    assert on_disk(tmp_path) == 0


def test_the_film_of_own_points_is_not_that_of_the_data_set(recorded, tmp_path):
    """With the same controls both are recorded, and only the data set's is stored."""
    own = film(visit(WATCH, OWN))
    before = on_disk(tmp_path)
    others = film(visit(WATCH))
    assert own != others
    assert before == 0 < on_disk(tmp_path)
    assert film(visit(WATCH, OWN)) == own
