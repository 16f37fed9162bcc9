"""The stories on the moons page: what a press sets, how long a story is told, and who else gets to see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import briefly, train_instead
from tests.views.link_cases import SMALL, controls, opened, shared, shared_store
from views.controls import setting
from views.controls.moons import ALL, OPENING
from views.moons import presets
from views.moons.presets import PRESETS, Preset
from views.shared import preset_bar

CONTROLS = {control.name: control for control in ALL}
NAMED = {story.name: story for story in PRESETS}

every_story = pytest.mark.parametrize("story", PRESETS, ids=lambda story: story.name)


@pytest.fixture(autouse=True, scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One store for all visits, and networks that are trained for one epoch: stories need no good ones here."""

    with shared_store(tmp_path_factory.mktemp("stories")), pytest.MonkeyPatch.context() as patch:
        train_instead(patch, briefly)
        yield


class Bar:
    """The line of stories as the server sees it: what the browser was given last, and what it sends."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.sent: Any = None
        self.number = 0
        self.key = ""
        self.act: Callable[[], None] = lambda: None

    def draw(self, key: str, data: dict[str, Any], on_press_change: Callable[[], None]) -> None:
        self.key, self.data, self.act = key, data, on_press_change

    def hear(self) -> None:
        """What Streamlit does before a run, where what the browser sends has changed."""
        import streamlit as st

        if self.sent is not None:
            st.session_state[self.key] = SimpleNamespace(press=self.sent)
            self.act()

    def send(self, app: AppTest, press: Any) -> AppTest:
        """Have the browser send this with the next run, and with all that follow."""
        self.sent = press
        return app.run()

    def press(self, app: AppTest, **deed: Any) -> AppTest:
        """A press on a button, with a number of its own."""
        self.number += 1
        return self.send(app, {"number": self.number, "visit": self.data["visit"], **deed})

    def tell(self, app: AppTest, story: Preset | None) -> AppTest:
        return self.press(app, story=story and story.name)

    @property
    def story(self) -> str | None:
        """The name of the story that is told, if one is."""
        return self.data["told"] and self.data["told"]["name"]

    @property
    def left(self) -> bool:
        """Whether it says that its settings are others by now."""
        return self.data["told"]["left"]


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Bar:
    """The line of stories, which is pressed without a browser."""
    found, settle = Bar(), setting.settle
    monkeypatch.setattr(preset_bar, "_BAR", found.draw)
    monkeypatch.setattr(setting, "settle", lambda: (found.hear(), settle()))
    return found


def settings(app: AppTest) -> dict[str, Any]:
    """What the controls say, where it is not the default."""
    values = {name: app.session_state[name] for name in [*controls(app), "view"] if name in CONTROLS}
    return {name: value for name, value in values.items() if value != CONTROLS[name].default}


def due(story: Preset) -> dict[str, Any]:
    """What they say once the story is told."""
    return {n: v for n, v in {**story.settings, **story.view}.items() if v != CONTROLS[n].default}


@every_story
def test_a_press_sets_every_control_and_tells_the_story(bar, story):
    """From any state: the settings are those of the story and no others, and so is the way they are looked at."""
    app = opened({**SMALL, "seed": "3", "show": "None", "samples": "10", "view": "Take home", "units": "hidden1.3"})
    bar.tell(app, story)
    assert not app.exception
    assert settings(app) == due(story)
    words = {"name": story.name, "sentences": story.sentences, "look_at": story.look_at, "left": False}
    assert words.items() <= bar.data["told"].items()
    assert bar.data["current"] == story.name
    assert "units" not in app.query_params


@every_story
def test_a_link_with_its_settings_tells_the_story(bar, story):
    """Whoever opens the link of a page that tells a story is told it too."""
    link = shared(bar.tell(opened(SMALL), story))
    assert set(link) == set(due(story))
    other = opened(link)
    assert not other.warning
    assert settings(other) == due(story)
    assert (bar.story, bar.data["current"]) == (story.name, story.name)


def test_no_story_is_told_of_other_settings(bar):
    """Neither on the page as it opens nor with small networks; no button is marked then."""
    for link in ({}, SMALL):
        opened(link)
        assert (bar.story, bar.data["current"], bar.data["target"]) == (None, None, None)
        assert bar.data["names"] == list(NAMED)


def test_one_story_follows_another(bar):
    """The settings of the first are gone with the press on the second."""
    app = bar.tell(opened({}), PRESETS[0])
    bar.tell(app, PRESETS[5])
    assert settings(app) == due(PRESETS[5])
    assert bar.story == PRESETS[5].name


def test_a_press_is_done_once_however_often_it_is_sent(bar):
    """The browser sends its last press with everything that follows; what has been moved since then stays."""
    story = PRESETS[4]
    app = bar.tell(opened({}), story)
    for ratio in (0.3, 0.2):
        controls(app)["ratio"].set_value(ratio).run()
        assert settings(app) == {**due(story), "ratio": ratio}
    bar.tell(app, story)
    assert settings(app) == due(story)


@pytest.mark.parametrize(
    "press",
    [None, "x", 7, [], {}, {"story": "Dropout off"}, {"number": 1, "story": "Dropout off"},
     {"number": 1, "visit": "another", "story": "Dropout off"}],
)  # fmt: skip
def test_what_is_no_press_of_this_visit_does_nothing(bar, press):
    """A page that stayed open while the server was started anew goes on sending the press of the visit before."""
    app = bar.send(opened({"ratio": "0.3"}), press)
    assert not app.exception
    assert settings(app) == {"ratio": 0.3}


@pytest.mark.parametrize("deed", [{"story": "No such"}, {"story": ["x"]}, {"trial": "No such"}, {"close": 7}, {}])
def test_a_press_on_nothing_breaks_nothing(bar, deed):
    """It is a browser that says what was pressed; a story that there is not is none."""
    app = bar.press(opened({}), **deed)
    assert not app.exception
    assert bar.story is None


def test_start_over_leads_to_what_the_page_opens_on(bar):
    """The story is left, every control stands where it stood on the first visit."""
    app = opened({})
    before = settings(app)
    bar.tell(bar.tell(app, PRESETS[4]), None)
    assert settings(app) == before == dict(OPENING)
    assert bar.story is None


@pytest.mark.parametrize(
    ("name", "value"), [("ratio", 0.3), ("seed", 1), ("bins", 10), ("hidden", (30,)), ("rewind", 5)]
)
def test_a_story_can_be_read_on_after_a_change_of_what_it_is_about(bar, name, value):
    """Its button is no longer marked and it says why, until the way back makes it current again."""
    story = PRESETS[4]
    app = bar.tell(opened({}), story)
    controls(app)[name].set_value(value).run()
    assert (bar.story, bar.left, bar.data["current"]) == (story.name, True, None)
    assert settings(app) == {**due(story), name: value}
    controls(app)[name].set_value(CONTROLS[name].default).run()
    assert (bar.story, bar.left, bar.data["current"]) == (story.name, False, story.name)


def test_a_story_that_is_closed_stays_closed_while_its_settings_stand(bar):
    """The controls stay; a press tells it again, and so does the way back to its settings from others."""
    story = PRESETS[4]
    app = bar.tell(opened({}), story)
    bar.press(app, close=story.name)
    for _ in range(2):
        assert (bar.story, bar.data["current"]) == (None, story.name)
        assert settings(app) == due(story)
        app.run()
    bar.tell(app, story)
    assert bar.story == story.name
    controls(app)["ratio"].set_value(0.3).run()
    bar.press(app, close=story.name)
    assert bar.story is None
    controls(app)["ratio"].set_value(0.5).run()
    assert bar.story == story.name


def test_another_story_takes_the_place_of_one_that_was_left(bar):
    """There is one at a time, before and after the press."""
    app = bar.tell(opened({}), PRESETS[4])
    controls(app)["ratio"].set_value(0.3).run()
    bar.tell(app, PRESETS[5])
    assert (bar.story, bar.left) == (PRESETS[5].name, False)


@every_story
def test_what_it_asks_to_try_is_set_with_one_press(bar, story):
    """On top of what the controls say, and the story is read on."""
    app = bar.tell(opened({}), story)
    assert bar.data["told"]["trial"] == bool(story.trial)
    controls(app)["samples"].set_value(10).run()
    bar.press(app, trial=story.name)
    expected = {**story.settings, **story.view, **story.trial, "samples": 10}
    assert settings(app) == {name: value for name, value in expected.items() if value != CONTROLS[name].default}
    assert bar.story == story.name


def test_each_press_asks_for_a_look_and_nothing_else_does(bar):
    """The browser scrolls where the turn has changed; a control that is moved leaves the page where it is."""
    app = opened({"label_noise": "0.2"})
    assert (bar.data["turn"], bar.data["target"]) == (0, PRESETS[5].target)
    for turn in (1, 2):
        bar.tell(app, PRESETS[5])
        assert bar.data["turn"] == turn
        controls(app)["samples"].set_value(turn).run()
        assert bar.data["turn"] == turn


def test_no_story_is_current_where_units_are_turned_over(bar):
    """Its settings stand, but it is not this network of which it tells."""
    opened({"label_noise": "0.2", "units": "hidden1.3"})
    assert (bar.story, bar.data["current"]) == (None, None)


def test_a_story_is_told_in_the_run_that_forgets_units_of_another_network(bar):
    """The control that brings its settings takes the units away, before anything is said of them."""
    app = opened({"label_noise": "0.2", "ratio": "0.6", "units": "hidden1.3"})
    assert bar.story is None
    controls(app)["ratio"].set_value(0.5).run()
    assert "units" not in app.query_params
    assert (bar.story, bar.data["current"]) == (PRESETS[5].name, PRESETS[5].name)


def test_no_story_is_current_with_own_points(bar):
    """Their networks have learned something else: what was current is left, and comes back with the data set."""
    story, points = PRESETS[5], b"".join(b"%d,%d,%d\n" % (i % 7, i * i % 11, i % 2) for i in range(30))
    app = opened({"label_noise": "0.2", "view": "Your own points"})
    assert (bar.story, bar.left) == (story.name, False)
    app.file_uploader[0].upload("points.csv", points, "text/csv").run()
    assert (bar.story, bar.left, bar.data["current"]) == (story.name, True, None)
    (back,) = [button for button in app.button if button.label == "Back to the data set"]
    back.click().run()
    assert (bar.story, bar.left) == (story.name, False)


@pytest.mark.parametrize(("name", "value"), [("samples", 5), ("colour", "probability"), ("show", "training")])
def test_a_story_goes_on_however_it_is_looked_at(bar, name, value):
    """Samples, colour and points are no part of what it says."""
    app = bar.tell(opened({}), PRESETS[4])
    controls(app)[name].set_value(value).run()
    assert app.session_state[name] == value
    assert (bar.story, bar.left) == (PRESETS[4].name, False)


def test_a_locked_link_tells_its_story_without_the_buttons(bar):
    """A class that is left one slider reads the story, but not what to look at: that asks for other controls."""
    app = opened({"label_noise": "0.2", "only": "ratio"})
    assert set(controls(app)) == {"ratio"}
    words = {"name": PRESETS[5].name, "sentences": PRESETS[5].sentences, "look_at": "", "trial": False}
    assert bar.data["told"] == {**words, "left": False}
    assert bar.data["names"] == []
    controls(app)["ratio"].set_value(0.3).run()
    assert bar.left
    bar.tell(app, PRESETS[2])
    assert app.session_state["ratio"] == 0.3


def test_words_of_a_story_are_the_words_on_the_page(bar, monkeypatch):
    """Name, sentences and what to look at come from the story, and one button is drawn for each."""
    tiny = Preset(
        "Tiny", "It is small. It is fast.", "Look closer.", {"points": 200, "hidden": (10,), "patience": 5}, {}, "x"
    )
    monkeypatch.setattr(presets, "PRESETS", (tiny,))
    opened(SMALL)
    assert (bar.data["names"], bar.data["target"]) == (["Tiny"], "x")
    assert {"sentences": "It is small. It is fast.", "look_at": "Look closer."}.items() <= bar.data["told"].items()
