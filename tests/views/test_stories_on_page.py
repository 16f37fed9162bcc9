"""The stories on the moons page: what a press sets, how long a story is told, and who else gets to see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from link_cases import SMALL, controls, opened, shared, shared_store
from streamlit.testing.v1 import AppTest

from pruning import Outcome, run
from views import compute, story_bar
from views.controls import ALL
from views.stories import STORIES, Story

KNOBS = {knob.name: knob for knob in ALL}

every_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


@pytest.fixture(autouse=True, scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One store for all visits, and networks that are trained for one epoch: stories need no good ones here."""

    def briefly(experiment: Any, *args: Any, **options: Any) -> Outcome:
        return run(replace(experiment, max_epochs=1), *args, **options)

    with shared_store(tmp_path_factory.mktemp("stories")), pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute, "run", briefly)
        yield


class Bar:
    """The line of stories as the server sees it: what it was given last, and what it is told."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.number = 0
        self.waiting: list[dict[str, Any]] = []

    def draw(self, key: str, data: dict[str, Any], on_press_change: Callable[[], None]) -> None:
        self.data = data

    def hear(self) -> None:
        """What Streamlit does before a run: the callbacks of what has changed."""
        import streamlit as st

        while self.waiting:
            st.session_state[story_bar.KEY] = SimpleNamespace(press=self.waiting.pop(0))
            story_bar._act()

    def press(self, app: AppTest, **deed: Any) -> AppTest:
        """A press on this button, with a number of its own."""
        self.number += 1
        self.waiting.append({"number": self.number, "visit": self.data["visit"], **deed})
        return app.run()


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> Bar:
    """The line of stories, which is pressed without a browser."""
    found, settle = Bar(), deeds.settle
    monkeypatch.setattr(story_bar, "_BAR", found.draw)
    monkeypatch.setattr(deeds, "settle", lambda: (found.hear(), settle()))
    return found


def press(app: AppTest, bar: Bar, story: Story | None) -> AppTest:
    return bar.press(app, story=story.name if story else None)


def settings(app: AppTest) -> dict[str, Any]:
    """What the controls say, where it is not the default."""
    values = {name: app.session_state[name] for name in controls(app) if name in KNOBS}
    return {name: value for name, value in values.items() if value != KNOBS[name].default}


@every_story
def test_a_press_sets_every_control_and_tells_the_story(story):
    """From any state: the settings are those of the story and no others, its words stand over the page."""
    app = press(opened({**SMALL, "seed": "3", "show": "None", "samples": "10"}), story)
    assert not app.exception
    assert settings(app) == dict(story.settings)
    (words,) = told(app)
    for part in (story.name, story.sentences, story.look_at):
        assert part in words
    assert controls(app)["story"].value == story.name
    assert len(app.get("vega_lite_chart")) == 6


@every_story
def test_a_link_with_its_settings_tells_the_story(story):
    """Whoever opens the link of a page that tells a story is told it too."""
    link = shared(press(opened(SMALL), story))
    assert set(link) == set(story.settings)
    other = opened(link)
    assert not other.warning
    assert settings(other) == dict(story.settings)
    assert story.sentences in told(other)[0]
    assert controls(other)["story"].value == story.name


def test_no_story_is_told_of_other_settings():
    """Neither on the page as it opens nor with small networks; no button is pressed then."""
    for link in ({}, SMALL):
        app = opened(link)
        assert not told(app)
        assert controls(app)["story"].value is None


def test_one_story_follows_another():
    """The settings of the first are gone with the press on the second."""
    app = press(opened({}), STORIES[0])
    press(app, STORIES[5])
    assert settings(app) == dict(STORIES[5].settings)
    assert STORIES[5].name in told(app)[0]


def test_a_second_press_goes_back_to_the_defaults():
    """The story is left, every control stands where it stood on the first visit."""
    app = press(press(opened({}), STORIES[4]), None)
    assert not app.exception
    assert not told(app)
    assert settings(app) == {}
    assert shared(app) == {}


@pytest.mark.parametrize(
    ("name", "value"), [("ratio", 0.3), ("seed", 1), ("bins", 10), ("hidden", (30,)), ("rewind", 5)]
)
def test_a_story_can_be_read_on_after_a_change_of_what_it_is_about(name, value):
    """Its button is no longer pressed and its name says why, until the way back makes it current again."""
    story = STORIES[4]
    app = press(opened({}), story)
    controls(app)[name].set_value(value).run()
    (words,) = told(app)
    assert words.startswith(f"**{story.name}, with other settings by now.** {story.sentences}")
    assert story.look_at in words
    assert controls(app)["story"].value is None
    assert settings(app) == {**story.settings, name: value}
    controls(app)[name].set_value(KNOBS[name].default).run()
    assert told(app)[0].startswith(f"**{story.name}.** ")
    assert controls(app)["story"].value == story.name
    assert not closing(app)


def test_a_story_that_was_left_can_be_closed():
    """It is gone then, the controls stay, and its settings bring it back."""
    story = STORIES[4]
    app = press(opened({}), story)
    controls(app)["ratio"].set_value(0.3).run()
    (button,) = closing(app)
    button.click().run()
    for _ in range(2):
        assert not told(app)
        assert not closing(app)
        assert settings(app) == {**story.settings, "ratio": 0.3}
        app.run()
    controls(app)["ratio"].set_value(0.5).run()
    assert told(app)[0].startswith(f"**{story.name}.** ")


def test_another_story_takes_the_place_of_one_that_was_left():
    """There is one at a time, before and after the press."""
    app = press(opened({}), STORIES[4])
    controls(app)["ratio"].set_value(0.3).run()
    press(app, STORIES[5])
    assert [words.startswith(f"**{STORIES[5].name}.** ") for words in told(app)] == [True]
    assert not closing(app)


def test_no_story_is_current_where_units_are_turned_over():
    """Its settings stand, but it is not this network of which it tells."""
    app = opened({"label_noise": "0.2", "units": "hidden1.3"})
    assert not told(app)
    assert controls(app)["story"].value is None


def test_a_story_is_told_in_the_run_that_forgets_units_of_another_network():
    """The control that brings its settings takes the units away, before anything is said of them."""
    app = opened({"label_noise": "0.2", "ratio": "0.6", "units": "hidden1.3"})
    assert not told(app)
    controls(app)["ratio"].set_value(0.5).run()
    assert "units" not in app.query_params
    assert [words.startswith(f"**{STORIES[5].name}.** ") for words in told(app)] == [True]
    assert controls(app)["story"].value == STORIES[5].name


def test_no_story_is_current_with_own_points():
    """Their networks have learned something else: what was current is left, and comes back with the data set."""
    story, points = STORIES[5], b"".join(b"%d,%d,%d\n" % (i % 7, i * i % 11, i % 2) for i in range(30))
    app = opened({"label_noise": "0.2", "view": "Your own points"})
    assert told(app)[0].startswith(f"**{story.name}.** ")
    app.file_uploader[0].upload("points.csv", points, "text/csv").run()
    assert told(app)[0].startswith(f"**{story.name}, with other settings by now.** ")
    assert controls(app)["story"].value is None
    (back,) = [button for button in app.button if button.label == "Back to the data set"]
    back.click().run()
    assert told(app)[0].startswith(f"**{story.name}.** ")


@pytest.mark.parametrize(("name", "value"), [("samples", 5), ("colour", "probability"), ("show", "training")])
def test_a_story_goes_on_however_it_is_looked_at(name, value):
    """Samples, colour and points are no part of what it says."""
    app = press(opened({}), STORIES[4])
    controls(app)[name].set_value(value).run()
    assert app.session_state[name] == value
    assert STORIES[4].sentences in told(app)[0]
    assert controls(app)["story"].value == STORIES[4].name


def test_a_locked_link_tells_its_story_without_the_buttons():
    """A class that is left one slider reads the story, but not what to look at: that asks for other controls."""
    app = opened({"label_noise": "0.2", "only": "ratio"})
    assert set(controls(app)) == {"ratio"}
    assert told(app) == [f"**{STORIES[5].name}.** {STORIES[5].sentences}"]
    controls(app)["ratio"].set_value(0.3).run()
    assert told(app) == [f"**{STORIES[5].name}, with other settings by now.** {STORIES[5].sentences}"]


def test_words_of_a_story_are_the_words_on_the_page(monkeypatch):
    """Name, sentences and what to look at come from the story, and one button is drawn for each."""
    tiny = Story("Tiny", "It is small. It is fast.", "Look closer.", {"points": 200, "hidden": (10,), "patience": 5})
    monkeypatch.setattr(story_bar, "STORIES", (tiny,))
    app = opened(SMALL)
    assert controls(app)["story"].options == ["Tiny"]
    assert told(app) == ["**Tiny.** It is small. It is fast.\n\n**Look at this:** Look closer."]
