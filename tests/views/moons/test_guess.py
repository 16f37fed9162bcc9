"""A story that asks before it shows: what is hidden, what a lock reveals, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cache.visitor import Visit, VisitStore
from tests.conftest import briefly, train_instead
from tests.views.link_cases import opened, shared, shared_store
from views.controls import moons as moons_controls
from views.moons import presets, reveal
from views.moons.presets import PRESETS
from views.shared.preset import Preset
from views.text.questions import NEVER, NO_DIFFERENCE, NOWHERE, Question

SMALL: dict[str, Any] = {"points": 200, "hidden": (10,), "patience": 5}
LINK = {"points": "200", "hidden": "10", "patience": "5", "guess": "true"}
TOLD = "It is small. It is fast."


@pytest.fixture(autouse=True, scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One store for all visits, and networks that are trained for one epoch."""
    with shared_store(tmp_path_factory.mktemp("guesses")), pytest.MonkeyPatch.context() as patch:
        train_instead(patch, briefly)
        yield


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Preset:
    """The only story there is, of small networks."""
    question = getattr(request, "param", Question.SURER)
    tiny = Preset("Tiny", TOLD, "Look closer.", SMALL, {}, "planes", question=question)
    monkeypatch.setattr(presets, "PRESETS", (tiny,))
    return tiny


def answer_control(app: AppTest) -> Any:
    """What a guess is said with, if something is asked."""
    found = [each for each in (*app.select_slider, *app.get("button_group")) if each.key.startswith("guess_of_")]
    return found[0] if found else None


def lock(app: AppTest, guess: str | None = None) -> AppTest:
    """Say this, and lock it."""
    if guess:
        answer_control(app).set_value(guess)
    next(button for button in app.button if button.label == "Lock my guess").click()
    app.run()
    assert not app.exception
    return app


def shows(app: AppTest) -> bool:
    """Whether anything is drawn that could give an answer away: a picture, a table, a figure in words."""
    said = [each.value for each in (*app.markdown, *app.caption)]
    drawn = [part for part in app.get("bidi_component") if part.proto.component_name == "explorer_planes"]
    return bool(drawn or app.get("vega_lite_chart") or app.table or any("accuracy" in words for words in said))


def revealed(app: AppTest) -> list[str]:
    return [each.value for each in app.markdown if each.value.startswith("You guessed")]


def test_a_story_asks_before_it_shows(story):
    """Controls and question are there; no picture, no figure, no tab's content, and nothing that the story says."""
    app = opened(LINK)
    assert not app.exception
    assert not shows(app)
    assert answer_control(app).options == ["the dense network", "the pruned network", NO_DIFFERENCE]
    assert app.select_slider(key="ratio").value == 0.5
    (bar,) = (part for part in app.get("bidi_component") if part.proto.component_name == "explorer_preset_bar")
    assert TOLD not in bar.proto.json
    assert shared(app)["guess"] == "true"


@pytest.mark.parametrize("story", Question, indirect=True, ids=lambda question: question.value)
def test_a_locked_guess_reveals_the_page_and_what_came(story):
    """Both side by side, and the worksheet has one entry, which says what the page says."""
    app = opened(LINK)
    guess = answer_control(app).options[-1]
    lock(app, guess)
    assert shows(app)
    assert answer_control(app) is None
    (line,) = revealed(app)
    assert line.startswith(f"You guessed **{guess}**. What came: ")
    (entry,) = app.session_state["worksheet"]
    assert (entry.story, entry.guess) == ("Tiny", guess)
    assert entry.came in line
    assert guess in {NEVER, NO_DIFFERENCE, NOWHERE}
    assert dict(entry.settings) == {"Points": "200", "Hidden layers": "10", "Patience": "5"}
    assert ("Accuracy", *table(app)["Accuracy"][:2]) in [line[:3] for line in entry.figures]
    assert "guess=false" in entry.link
    assert "points=200" in entry.link
    assert downloads(app) == ["Worksheet (1)"]


def table(app: AppTest) -> dict[str, tuple[str, ...]]:
    return {row[1]: tuple(row[2:]) for row in app.table[0].value.itertuples()}


def downloads(app: AppTest) -> list[str]:
    return [each.label for each in app.get("download_button") if each.label.startswith("Worksheet")]


def test_a_guess_that_is_not_said_is_not_locked(story):
    """The question goes on standing there, and says why."""
    app = lock(opened(LINK))
    assert not shows(app)
    assert "Choose an answer first." in [each.value for each in app.caption]
    assert shows(lock(app, NO_DIFFERENCE))


def test_a_move_of_the_ratio_does_not_get_round_the_question(story):
    """It is then asked of that ratio."""
    app = opened(LINK)
    app.select_slider(key="ratio").set_value(0.3).run()
    assert not shows(app)
    assert any("At prune ratio 0.3" in each.value for each in app.markdown)


def test_after_the_reveal_everything_moves_as_ever(story):
    """What was guessed and what came stay as they were told; the worksheet is in the tab to take home, too."""
    app = lock(opened(LINK), NO_DIFFERENCE)
    line = revealed(app)
    app.select_slider(key="ratio").set_value(0.8).run()
    assert shows(app)
    assert revealed(app) == line
    app.query_params.pop("view", None)
    app.session_state["view"] = "Take home"
    app.run()
    assert downloads(app) == ["Worksheet (1)", "Worksheet (1)"]


def test_told_again_it_asks_again_and_another_guess_is_another_entry(story):
    """The same guess is none; both files are made of what was locked."""
    app = lock(opened(LINK), NO_DIFFERENCE)
    for turn, guess, entries in ((1, "the dense network", 2), (2, "the dense network", 2)):
        app.session_state["preset_turn"] = turn
        app.run()
        assert not shows(app)
        lock(app, guess)
        assert len(app.session_state["worksheet"]) == entries


def test_what_is_moved_before_the_answer_came_is_said(story, monkeypatch):
    """The guess was on other networks: it waits until they are back."""
    app = opened(LINK)
    answer_control(app).set_value(NO_DIFFERENCE)
    app.select_slider(key="ratio").set_value(0.3)  # in the same message
    lock(app)
    (entry,) = app.session_state["worksheet"]
    assert not entry.came
    assert any("The controls say something else by now" in each.value for each in app.info)
    app.select_slider(key="ratio").set_value(0.5).run()
    assert revealed(app)


def test_without_the_switch_nothing_is_asked(story):
    """Nor where no story is told, nor of points of one's own."""
    assert shows(opened({**LINK, "guess": "false"}))
    assert shows(opened({**LINK, "label_noise": "0.2"}))


@pytest.mark.parametrize("link", [{"only": "ratio"}, {"seed": "3", "data_seed": "45"}], ids=["locked", "of a class"])
def test_a_locked_link_and_one_of_a_class_ask_too(story, link):
    """With the one control that is left; under another seed."""
    app = opened({**LINK, **link})
    assert not shows(app)
    assert shows(lock(app, NO_DIFFERENCE))
    assert revealed(app)
    (entry,) = app.session_state["worksheet"]
    assert ("only=ratio" in entry.link) == ("only" in link)


def test_a_value_that_is_none_is_told_and_asks_nothing(story):
    """As of every other control."""
    app = opened({**LINK, "guess": "maybe"})
    assert any("`maybe`; it must be one of: true · false. Using false." in each.value for each in app.warning)
    assert shows(app)


def test_every_story_has_a_question():
    """Of all three kinds."""
    assert {story.question for story in PRESETS} == set(Question)


def test_a_teacher_reads_what_is_true_where_the_networks_are_stored(story):
    """And that the others are not trained yet."""
    (entry,) = lock(opened(LINK), NO_DIFFERENCE).session_state["worksheet"]
    defaults = {each.name: each.default for each in (*moons_controls.EXPERIMENT, *moons_controls.COMPARED)}
    asked, visit = reveal._as_told(story, moons_controls.choice_of(defaults)), Visit(VisitStore())
    assert reveal._known(Question.SURER, asked, visit) == entry.came
    other = replace(asked, experiment=replace(asked.experiment, seed=99))
    assert reveal._known(Question.SURER, other, visit) == reveal.NOT_YET


def test_the_list_of_questions_stands_beside_the_link_for_a_class(story):
    """On a press, and only where the link asks; what is asked of a class is in the list that its teacher reads."""
    label = "What it asks, and what is true"
    assert label not in [button.label for button in opened({**LINK, "guess": "false"}).button]
    app = opened(LINK)
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    (told,) = [each.value for each in app.markdown if each.value.startswith("**Tiny.** At prune ratio 0.5, which")]
    assert told.endswith("*")
    assert not shows(app)
