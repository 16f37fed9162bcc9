"""The line of stories as a person meets it: by mouse, by keyboard, on a phone; what it says and where it leads."""

from __future__ import annotations

import pytest

from tests.browser.conftest import sentence, told
from views.controls import moons as moons_controls
from views.moons.presets import PRESETS

pytest.importorskip("playwright.sync_api")
FOCUSED = """() => {
  let at = document.activeElement;
  while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at.textContent;
}"""


def said_by(story) -> dict[str, str]:
    """What the address says of a story's settings."""
    controls = {control.name: control for control in moons_controls.ALL}
    asked = {**story.settings, **story.view}
    return {name: controls[name].show(value) for name, value in asked.items() if value != controls[name].default}


def test_a_story_pressed_by_mouse_speaks_until_all_starts_over(visit):
    """Its commentary stands as long as its settings, and can be closed; what was on the page first comes back."""
    visitor = visit("")
    before, story = sentence(visitor), PRESETS[2]
    button = visitor.button(story.name)
    button.click()
    visitor.settle()
    told(visitor, story.sentences, story.look_at)
    assert button.get_attribute("aria-current") == "true"
    assert sentence(visitor) != before
    assert visitor.query() == said_by(story)
    visitor.button("Close the story").click()
    visitor.settle()
    assert not visitor.page.get_by_text(story.sentences).is_visible()
    assert visitor.query() == said_by(story)
    visitor.button("Start over").click()
    visitor.settle()
    assert (visitor.alerts(), sentence(visitor)) == ([], before)
    assert button.get_attribute("aria-current") == "false"


def test_a_story_pressed_by_keyboard_is_a_link(visit):
    """Its settings stand in the address, which tells somebody else the same story."""
    visitor = visit()
    number = 3
    story = PRESETS[number]
    visitor.reach(visitor.button(PRESETS[0].name))
    visitor.keys(*["ArrowRight"] * number, "Space")
    assert visitor.query() == said_by(story)
    assert visitor.button(story.name).evaluate("button => button.matches(':focus')")
    other = visit("?" + visitor.page.url.partition("?")[2])
    for each in (visitor, other):
        told(each, story.sentences, story.look_at)
        assert each.button(story.name).get_attribute("aria-current") == "true"
    assert sentence(other) == sentence(visitor)


def test_the_line_of_stories_is_one_stop_of_the_tab_key(visit):
    """The arrows go along it and no further, Tab leaves it for what the story has to say."""
    visitor = visit("?label_noise=0.2")
    visitor.reach(visitor.button("Label noise"))
    met = []
    for key in ("ArrowRight", "End", "ArrowRight", "Home", "ArrowLeft", "Tab"):
        visitor.page.keyboard.press(key)
        met.append(visitor.page.evaluate(FOCUSED))
    first = PRESETS[0].name
    assert met == [PRESETS[-1].name, "Start over", "Start over", first, first, "Try it"]


def test_a_story_is_one_line_and_its_words_few(visit):
    """Two lines and a half at most on a laptop; on a phone two, and the rest on a press."""
    for width, height, most in ((1440, 900, 96), (375, 812, 124)):
        visitor = visit("?label_noise=0.2", viewport={"width": width, "height": height})
        assert visitor.page.locator(".st-key-stories").bounding_box()["height"] <= most
        more = visitor.button("More")
        assert more.is_visible() == (width < 500)
    words = visitor.page.get_by_text(PRESETS[5].look_at)
    before = words.bounding_box()["height"]
    more.click()
    assert words.bounding_box()["height"] > before
    visitor.button("Less").click()
    assert words.bounding_box()["height"] == before


def test_what_a_story_asks_to_look_at_comes_onto_the_screen(visit):
    """The diagram far below is scrolled to, with its tab."""
    story = next(each for each in PRESETS if each.target == "reliability")
    target = ".st-key-reliability"
    inside = f"() => document.querySelector({target!r})?.getBoundingClientRect().top < innerHeight - 200"
    visitor = visit("?view=Take+home", viewport={"width": 1440, "height": 800})
    visitor.button(story.name).click()
    visitor.page.wait_for_function(inside, timeout=60_000)
    assert visitor.page.get_by_role("tab", name="Reliability").get_attribute("aria-selected") == "true"


def test_whoever_does_something_meanwhile_stays_where_they_are(visit):
    """A turn of the wheel before the diagram has come to stand: it is not scrolled to.

    Streamlit brings the tab that the story opens onto the screen, and no more.
    """
    story = next(each for each in PRESETS if each.target == "reliability")
    visitor = visit("?view=Take+home", viewport={"width": 1440, "height": 800})
    visitor.button(story.name).click()
    visitor.page.mouse.move(700, 500)
    visitor.page.mouse.wheel(0, 30)
    visitor.settle()
    visitor.page.locator(".st-key-reliability").wait_for(state="attached")
    visitor.page.wait_for_timeout(2000)
    assert 0 < visitor.page.locator("[data-testid=stMain]").evaluate("part => part.scrollTop") < 400
