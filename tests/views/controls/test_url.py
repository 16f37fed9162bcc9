"""Links to the moons page: what a stranger's link may break, what a teacher's lock leaves, what Share gives away."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import CLOCK_ROWS, briefly, train_instead
from tests.views.link_cases import (
    SMALL,
    LinkCase,
    charts,
    controls,
    link_cases,
    opened,
    sentence,
    shared,
    shared_store,
    table,
    turned_to,
)
from uncertainty.options import Method
from views.browser import script_run
from views.controls.control import Control
from views.controls.moons import ALL, IN_TABS
from views.moons.presets import PRESETS

CASES = link_cases()
CONTROLS = {control.name: control for control in ALL}
MARKUP = set("<>$[]{}\\*~!#|")


@pytest.fixture(autouse=True, scope="module")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One store for all links of this file."""
    with shared_store(tmp_path_factory.mktemp("links")):
        yield


def away(app: AppTest) -> AppTest:
    """The same visit on the glossary, with nothing in the address, which is what the navigation leads to."""
    return _at(app, "views/pages/glossary.py")


def back(app: AppTest) -> AppTest:
    """The same visit on the moons page, again with nothing in the address."""
    return _at(app, "views/pages/moons.py")


def _at(app: AppTest, page: str) -> AppTest:
    app.query_params.clear()
    return app.switch_page(page).run()


def components(app: AppTest) -> list[str]:
    """The names of the parts that live in the browser."""
    return [element.proto.component_name for element in app.get("bidi_component")]


def told(app: AppTest) -> dict[str, Any]:
    """What the story says that is told on the page."""
    (bar,) = (
        element for element in app.get("bidi_component") if element.proto.component_name == "explorer_preset_bar"
    )
    return json.loads(bar.proto.json)["told"]


def figures(app: Any) -> dict[str, tuple[str, str, str]]:
    """The table without what a clock measured."""
    return {name: row for name, row in table(app).items() if name not in CLOCK_ROWS}


# ---- what a link says


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.encode("ascii", "backslashreplace").decode())
def test_any_link_leaves_the_page_standing_and_is_told_what_it_got_wrong(case: LinkCase):
    """Planes and table are drawn, every wrong thing has one tame sentence, and just what was right stands."""
    app = opened({**SMALL, **case.params})
    assert not app.exception
    assert not app.error
    assert "explorer_planes" in components(app)
    assert {"Accuracy", "ECE"} <= {name.split()[0] for name in charts(app)}
    assert len(app.table) == (case.kept.get("view") is None)
    told = [warning.value for warning in app.warning]
    assert len(told) == len(case.said)
    for sentence_, pieces in zip(told, case.said, strict=True):
        assert all(piece in sentence_ for piece in pieces), sentence_
        assert len(sentence_) < 500
        assert sentence_.isprintable()
        assert not MARKUP & set(re.sub(r"`[^`]*`", "", sentence_))
    assert shared(app) == case.stands()


def test_there_are_more_than_a_hundred_links_and_no_two_are_the_same():
    """Of the generated links, asked for twice, most are wrong, and a few dozen are right."""
    assert link_cases() == CASES
    assert len({repr(case.params) for case in CASES}) == len({case.name for case in CASES}) == len(CASES) >= 100
    assert sum(not case.said for case in CASES) >= 30


def test_what_a_link_got_wrong_is_told_until_a_control_is_moved():
    """The sentence is still there in a second run, and gone with the first change, for good."""
    app = opened({**SMALL, "ratio": "2"})
    assert "`2`" in app.run().warning[0].value
    for samples in (10, 50):
        controls(app)["samples"].set_value(samples).run()
        assert not app.warning


# ---- a lock


def test_a_lock_leaves_the_named_control_alone():
    """Neither strategy nor expander nor stories nor a list of locks; the other values are those of the link."""
    app = opened(
        {**SMALL, "only": "ratio", "strategy": "No retraining", "noise": "0.3", "bins": "10", "ratio": "0.4"}
    )
    assert set(controls(app)) == {"ratio"}
    assert [expander.label for expander in app.expander] == ["What each figure means"]
    assert table(app)["Units"] == ("10", "6", "−4")
    assert shared(app) == {
        **SMALL, "only": "ratio", "strategy": "No retraining", "noise": "0.3", "bins": "10", "ratio": "0.4",
    }  # fmt: skip
    assert any("10 bins" in caption.value for caption in app.caption)


def test_a_lock_on_everything_draws_no_control():
    """`only=nothing` leaves the pictures and the table of the link."""
    app = opened({**SMALL, "only": "nothing", "ratio": "0.3"})
    assert not controls(app)
    assert table(app)["Units"] == ("10", "7", "−3")
    assert len(charts(app)) == 6


def test_the_control_that_is_left_works():
    """Moving it answers as ever, and the link in Share follows and keeps the lock."""
    app = opened({**SMALL, "only": "ratio", "noise": "0.3"})
    controls(app)["ratio"].set_value(0.2).run()
    assert table(app)["Units"] == ("10", "8", "−2")
    assert shared(app) == {**SMALL, "only": "ratio", "noise": "0.3", "ratio": "0.2"}
    assert len(app.code) == 1


@pytest.mark.parametrize(("name", "wrong"), [("seed", "٣"), ("noise", "0.31"), ("colour", "red"), ("samples", "")])
def test_a_held_value_that_is_illegal_is_the_default_and_told(name, wrong):
    """What cannot be moved is not left at nonsense either."""
    app = opened({**SMALL, "only": "ratio", name: wrong})
    assert f"The link sets {name} to " in app.warning[0].value
    assert f"Using {CONTROLS[name].show(CONTROLS[name].default)}." in app.warning[0].value
    assert name not in shared(app)


@pytest.mark.parametrize("left", ["colour", "show"])
def test_what_the_plane_shows_can_be_locked_too(left):
    """Of colour and points one is left, and the other stands where the link puts it."""
    app = opened({**SMALL, "only": left, "colour": "Epistemic", "show": "None"})
    assert set(controls(app)) == {left}
    assert {"colour": "Epistemic", "show": "None"}.items() <= shared(app).items()
    (pair,) = (part for part in app.get("bidi_component") if part.proto.component_name == "explorer_planes")
    assert json.loads(pair.proto.json)["quantity"] == "epistemic"


def test_a_lock_on_a_folded_control_leaves_it_beside_the_page():
    """Where the one that is left is folded away, the fold is drawn with it alone."""
    app = opened({**SMALL, "only": "seed"})
    assert set(controls(app)) == {"seed"}
    assert [number.key for number in app.sidebar.number_input] == ["seed"]
    assert [title.value for title in app.sidebar.markdown] == ["**Measurement**"]


def test_a_lock_holds_although_the_address_changes():
    """Whoever edits the address without loading the page anew is as locked as before."""
    app = opened({**SMALL, "only": "ratio", "noise": "0.3"})
    app.query_params.clear()
    app.query_params.update({"only": "strategy,seed", "noise": "0.1"})
    app.run()
    assert set(controls(app)) == {"ratio"}
    assert shared(app) == {**SMALL, "only": "ratio", "noise": "0.3"}


@pytest.mark.parametrize("lock", [{}, {"only": "ratio"}], ids=["open", "locked"])
def test_no_tour_leads_through_a_locked_page(lock):
    """It speaks of controls that may not be there."""
    assert ("explorer_page_tour" in components(opened({**SMALL, **lock}))) is not bool(lock)


def test_a_lock_is_in_the_address_again_after_a_visit_to_another_page():
    """With every value that it holds, so that a page loaded anew is as locked; what is left stands where it stood."""
    link = {**SMALL, "only": "ratio", "noise": "0.3", "bins": "10", "colour": "Epistemic"}
    app = opened(link)
    controls(app)["ratio"].set_value(0.3).run()
    back(away(app))
    assert not app.exception
    assert app.query_params == {**link, "ratio": "0.3"}
    assert set(controls(app)) == {"ratio"}
    assert set(controls(opened(app.query_params))) == {"ratio"}


# ---- another page, and back


def test_what_the_controls_say_outlives_a_visit_to_another_page():
    """Values, colour, points and tab are on the page and in its address again."""
    app = opened({**SMALL, "noise": "0.3", "seed": "7", "show": "None", "colour": "Epistemic"})
    controls(app)["ratio"].set_value(0.3)
    turned_to(app, "Checks")
    before = shared(app)
    assert "Glossary" in [title.value for title in away(app).title]
    back(app)
    assert not app.exception
    assert shared(app) == before == app.query_params
    assert not app.warning


@pytest.mark.parametrize("link", [{}, SMALL, {**SMALL, "only": "ratio"}], ids=["defaults", "small", "locked"])
def test_units_outlive_a_visit_to_another_page(link, monkeypatch):
    """They are turned over again, whatever else is in the address."""
    if not link:
        train_instead(monkeypatch, briefly)
    app = opened({**link, "units": "hidden1.3"})
    before = sentence(app)
    back(away(app))
    assert not app.exception
    assert app.query_params == {**link, "units": "hidden1.3"}
    assert "unit 4 of hidden layer 1" in app.info[-1].value
    assert sentence(app) == before


def test_units_of_another_network_do_not_outlive_it():
    """The ratio was moved elsewhere, where the page that shares it has one too."""
    app = away(opened({**SMALL, "units": "hidden1.3"}))
    app.session_state["ratio"] = 0.3
    back(app)
    assert app.query_params == {**SMALL, "ratio": "0.3"}
    assert not app.info


def test_a_story_outlives_a_visit_to_another_page(monkeypatch):
    """The one that was current is so again, and one that was left can be read on."""
    train_instead(monkeypatch, briefly)
    app = opened({"label_noise": "0.2"})
    for ratio, left in ((0.5, False), (0.3, True)):
        controls(app)["ratio"].set_value(ratio).run()
        for _ in range(2):
            assert (told(app)["sentences"], told(app)["left"]) == (PRESETS[5].sentences, left)
            back(away(app))


def test_who_goes_back_in_the_browser_finds_what_the_address_said(monkeypatch):
    """It knows better than the controls, which have been moved since."""
    app = opened({**SMALL, "ratio": "0.4"})
    controls(app)["ratio"].set_value(0.3).run()
    away(app)
    address = "points=200&hidden=10&patience=5&ratio=0.4"
    monkeypatch.setattr(script_run, "gone_back_to", lambda: address)
    back(app)
    assert controls(app)["ratio"].value == 0.4
    assert shared(app) == {**SMALL, "ratio": "0.4"}


# ---- Share


def moved(seed: int) -> dict[str, Any]:
    """A value other than the default for some controls; the network stays small."""
    draw = random.Random(seed)
    # Ten seeds would train beside the test, and beyond it: see `tests/views/shared/test_over_seeds.py`.
    elsewhere = {*SMALL, "view", "learning_rate", "over_seeds", *(control.name for control in IN_TABS)}
    free = [control for control in ALL if control.name not in elsewhere]
    chosen = draw.sample(free, 8)
    values = {control.name: draw.choice([o for o in choices(control) if o != control.default]) for control in chosen}
    if values.get("method") == Method.SINGLE_PASS:  # then nobody can move the number of samples
        values.pop("samples", None)
    return values


def choices(control: Control) -> list[Any]:
    return [7, 1234] if control.widget == "number" else list(control.options)


@pytest.mark.parametrize("seed", range(6))
def test_a_shared_link_gives_the_same_page_to_everybody(seed):
    """Eight controls are moved: whoever opens the link sees the same figures and sentence, and shares the same."""
    app, values = opened(SMALL), moved(seed)
    for name, value in values.items():
        controls(app)[name].set_value(value)
    app.run()
    assert {name: app.session_state[name] for name in values} == values
    link = shared(app)
    assert set(link) == {*SMALL, *values}
    other = opened(link)
    assert not other.warning
    assert {name: other.session_state[name] for name in values} == values
    assert figures(other) == figures(app)
    assert sentence(other) == sentence(app)
    assert shared(other) == link
    assert list(charts(other)) == list(charts(app))


def test_a_shared_link_names_defaults_too():
    """Of every control: what is a default today may be none tomorrow, and the page is the same either way."""
    app = opened({**SMALL, "ratio": "0.3"})
    whole = dict(parse_qsl(app.code[0].value.partition("?")[2]))
    assert set(whole) == set(CONTROLS)
    assert (whole["seed"], whole["strategy"], whole["view"]) == ("0", "One-shot", "Reliability")
    other = opened(whole)
    assert not other.warning
    assert other.code[0].value == app.code[0].value
    assert figures(other) == figures(app)
    assert sentence(other) == sentence(app)


def test_tab_colour_points_and_units_are_in_the_link():
    """So that the other sees the very same drawing, too."""
    said = {"view": "The network", "colour": "Aleatoric", "show": "Training", "units": "hidden1.2-hidden1.5"}
    app = opened({**SMALL, "units": said["units"]})
    controls(app)["colour"].set_value("aleatoric")
    controls(app)["show"].set_value("training")
    turned_to(app, "The network")
    assert shared(app) == {**SMALL, **said}
    other = opened(shared(app))
    assert not other.warning
    assert shared(other) == shared(app)
    assert list(charts(other)) == list(charts(app))


@pytest.mark.parametrize("left", [[], ["ratio"], ["points"], ["show"], ["samples", "colour"]], ids=" ".join)
def test_a_locked_link_leaves_what_was_chosen(left):
    """The second link in Share draws these controls alone; with none chosen it draws none."""
    app = opened({**SMALL, "ratio": "0.3"})
    controls(app)["left"].set_value(left).run()
    link = shared(app, 1)
    assert link == {**shared(app), "only": ",".join(left) or "nothing"}
    other = opened(link)
    assert set(controls(other)) == set(left)
    assert figures(other) == figures(app)


def test_two_controls_that_can_be_locked_have_two_names():
    """Who chooses what to leave must be able to tell one from the other."""
    labels = controls(opened(SMALL))["left"].options
    assert len(set(labels)) == len(labels)
