"""What a slider shows while it is moved: the same as the page at each of its stops, and one message for them all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from cache import results
from cache.visitor import Visit, VisitStore
from pruning import RATIOS, Experiment, Strategy
from pruning.inspect.plane import SAMPLES
from tests.views.link_cases import shared_store
from uncertainty.options import MC_DROPOUT, Method, Source
from views.controls import lock, state
from views.controls.moons import MEMBERS, N_SAMPLES, RATIO, Choice
from views.moons import planes, slider_preview
from views.moons.answer import Answer
from views.moons.planes import View
from views.shared import sections

SMALLEST = Experiment(points=200, hidden=(10,), patience=5)
VISIT = Visit(VisitStore())
BOTH = [N_SAMPLES, RATIO]


class Bar:
    def progress(self, share: float, text: str) -> None:
        """Nobody looks."""


@pytest.fixture(scope="module", autouse=True)
def store(tmp_path_factory) -> Iterator[object]:
    """One store for all, so that networks are trained once."""
    with shared_store(tmp_path_factory.mktemp("preview")) as found:
        yield found


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session without a page."""
    here = SimpleNamespace(session_state={})
    monkeypatch.setattr(state, "st", here)


def run(experiment: Experiment):
    *_, last = results.outcomes(experiment, Bar(), VISIT)
    return last


@pytest.fixture(scope="module")
def trained(store):
    return run(SMALLEST)


def answer(trained, ratio: float = 0.5, other: Strategy | None = None, **choice) -> Answer:
    """What the page shows at a ratio."""
    experiment = replace(SMALLEST, prune_ratio=ratio)
    against = other and replace(experiment, strategy=other)
    asked = Choice(experiment, **{"n_samples": 50, "n_bins": 15, "other": against, **choice})
    view = View(asked.quantity, asked.points, "light", asked.draws)
    beside = run(against) if against else None
    return Answer(replace(trained, experiment=experiment), frozenset(), asked, view, VISIT, beside)


def drawn(answer: Answer) -> dict[str, object]:
    """What the page itself draws of this answer."""
    pair = planes.stop(answer.outcome, answer.choice, answer.view, answer.visit, answer.other)
    ids = [(panel["name"], panel["id"]) for panel in pair["panels"]]
    return {"planes": ids, "top": pair["top"], "words": sections.read(answer.seen, *answer.figures, answer.nouns)}


def shown(stop: dict) -> dict[str, object]:
    ids = [(panel["name"], panel["id"]) for panel in stop["panels"]]
    return {"planes": ids, "top": stop["top"], "words": stop["words"]}


@pytest.mark.parametrize("other", [None, Strategy.PRUNE_ONLY])
def test_every_stop_of_the_ratio_is_what_the_page_shows_there(trained, other):
    """Both networks by their names, the end of their scale and the headline; beside another strategy as well."""
    found = slider_preview.stops(answer(trained, other=other), RATIO)["stops"]
    assert [stop["value"] for stop in found] == [str(ratio) for ratio in RATIOS]
    for stop, ratio in zip(found, RATIOS, strict=True):
        assert shown(stop) == drawn(answer(trained, ratio, other))


def test_every_stop_of_the_samples_is_what_the_page_shows_there(trained):
    """At the ratio that is chosen."""
    found = slider_preview.stops(answer(trained), N_SAMPLES)["stops"]
    assert [stop["value"] for stop in found] == [str(count) for count in SAMPLES]
    for stop, count in zip(found, SAMPLES, strict=True):
        assert shown(stop) == drawn(answer(trained, n_samples=count))


def test_the_maps_are_those_that_the_planes_are_drawn_of(trained):
    """Each once, under the name that its panels have."""
    found = slider_preview.stops(answer(trained), RATIO)
    pair = planes.stop(answer(trained).outcome, answer(trained).choice, answer(trained).view, VISIT)
    assert {panel["id"]: panel["maps"] for panel in pair["panels"]}.items() <= found["maps"].items()
    assert found["maps"].keys() == {panel["id"] for stop in found["stops"] for panel in stop["panels"]}


@pytest.mark.parametrize(("control", "moved"), [(RATIO, {"ratio": 0.9}), (N_SAMPLES, {"n_samples": 5})])
def test_the_message_is_the_same_wherever_the_slider_stands(trained, control, moved):
    """So that it is sent once: its name and all that it holds."""
    one, other = answer(trained), answer(trained, **moved)
    assert slider_preview.name(one, control) == slider_preview.name(other, control)
    assert json.dumps(slider_preview.stops(one, control)) == json.dumps(slider_preview.stops(other, control))


@pytest.mark.parametrize(
    "changed",
    [
        {"n_samples": 5},
        {"n_bins": 10},
        {"basis": "test"},
        {"source": Source(Method.SINGLE_PASS)},
        {"source": replace(MC_DROPOUT, tempered=True)},
    ],
)
def test_whatever_a_stop_shows_is_in_the_name(trained, changed):
    """Stops of one name are never taken for those of another."""
    assert slider_preview.name(answer(trained), RATIO) != slider_preview.name(answer(trained, **changed), RATIO)


def test_the_ratio_is_in_the_name_of_the_samples(trained):
    """Their stops are of one pruned network."""
    assert slider_preview.name(answer(trained), N_SAMPLES) != slider_preview.name(answer(trained, 0.9), N_SAMPLES)


def test_how_it_is_looked_at_makes_no_other_stops(trained):
    """Colour and points are the browser's to show."""
    plain, other = (answer(trained, n_bins=20, **look) for look in ({}, {"quantity": "epistemic", "points": "none"}))
    assert slider_preview.name(plain, RATIO) == slider_preview.name(other, RATIO)
    found = slider_preview.stops(other, RATIO)["stops"]  # which nobody has asked for before
    assert all(len(panel["wrong"]) == len(trained.test_labels) for stop in found for panel in stop["panels"])


def test_more_than_the_bound_is_not_sent(trained, monkeypatch):
    """Then there is nothing to follow, and nothing to ask for again."""
    monkeypatch.setattr(slider_preview, "MOST", 1000)
    assert slider_preview.stops(answer(trained, n_bins=5), RATIO) == {"stops": [], "maps": {}}


def test_what_can_be_followed(trained):
    """Not a slider that decides nothing, nor a changed network by its samples, nor boundaries of single samples."""
    assert list(slider_preview.followed(answer(trained))) == BOTH
    assert list(slider_preview.followed(answer(trained, source=Source(Method.SINGLE_PASS)))) == [RATIO]
    assert list(slider_preview.followed(answer(trained, source=Source(Method.ENSEMBLE)))) == [MEMBERS, RATIO]
    assert list(slider_preview.followed(answer(trained, source=Source(Method.LAST_LAYER)))) == BOTH
    by_hand = replace(answer(trained), units=frozenset({("hidden1", 0)}))
    assert list(slider_preview.followed(by_hand)) == [RATIO]
    assert list(slider_preview.followed(answer(trained, draws=True))) == []


def test_a_lock_leaves_what_it_leaves(trained):
    """Who cannot move a slider needs none of its stops."""
    state.LOCK.set(state.Lock(frozenset({"samples"}), {}))
    assert lock.current() is not None
    assert list(slider_preview.followed(answer(trained))) == [N_SAMPLES]


@pytest.mark.parametrize("said", ["another", None, 3, {"run": 1}, ["run"]])
def test_what_else_a_browser_says_asks_for_nothing(said):
    """Only the name that it was handed makes the server make its stops."""
    heard = state.PREVIEWED.of("ratio")
    state.say({"preview_ratio": SimpleNamespace(asked=said)})
    slider_preview._note("preview_ratio", "run", heard)
    assert heard.get() == ""
    state.say({"preview_ratio": SimpleNamespace(asked="run")})
    slider_preview._note("preview_ratio", "run", heard)
    assert heard.get() == "run"
