"""A story that asks first, as a person meets it: by mouse and by keyboard, from the question to the worksheet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.conftest import sentence
from views.moons.presets import PRESETS
from views.text.questions import NOWHERE

expect = pytest.importorskip("playwright.sync_api").expect
LINK = "?guess=true&ratio=0.3"
PHONE = {"width": 375, "height": 812}
WIDER = "() => document.documentElement.scrollWidth > innerWidth || [...document.querySelectorAll('.st-key-asks, .st-key-guessing')].some(each => each.scrollWidth > each.clientWidth + 1)"  # noqa: E501


def sheet(visitor, label: str) -> str:
    with visitor.page.expect_download() as begun:
        visitor.page.get_by_role("button", name=label).first.click()
    return Path(begun.value.path()).read_text()


def guesses(visitor):
    """The line that tells guess and truth."""
    return visitor.page.get_by_text(re.compile("^You guessed"))


@pytest.mark.parametrize("width", [1280, PHONE["width"]])
def test_a_whole_walk(visit, width):
    """Pressed, a story asks and hides; locked by mouse, it shows; the next one is answered by keyboard alone."""
    visitor = visit(LINK, viewport={"width": width, "height": PHONE["height"]})
    page, story = visitor.page, next(each for each in PRESETS if each.name == "Dropout off")
    stage = page.locator(".st-key-stage")
    expect(stage).to_be_visible()
    visitor.button(story.name).click()
    visitor.settle()
    assert not stage.is_visible()
    assert not page.get_by_text(story.sentences).is_visible()
    assert not page.evaluate(WIDER)
    page.get_by_role("radio", name=NOWHERE).click()
    visitor.button("Lock my guess").click()
    visitor.complete()
    expect(stage).to_be_visible()
    expect(page.get_by_text(story.sentences)).to_be_visible()
    assert guesses(visitor).inner_text() == (
        f"You guessed {NOWHERE}. What came: {NOWHERE}: it is zero everywhere. The guess holds."
    )
    assert not page.evaluate(WIDER)
    assert f"<dd>{NOWHERE}</dd>" in sheet(visitor, "Worksheet (1)")
    before = sentence(visitor)

    visitor.button("A winning ticket").click()
    visitor.settle()
    assert not stage.is_visible()
    visitor.reach(page.locator(".st-key-asks").get_by_role("slider"))
    visitor.keys("End")
    visitor.reach(visitor.button("Lock my guess"))
    visitor.keys("Enter")
    visitor.complete()
    assert guesses(visitor).inner_text().startswith("You guessed never. What came: ")
    assert sentence(visitor) != before
    text = sheet(visitor, "Worksheet (2)")
    assert [name in text for name in ("1. Dropout off", "2. A winning ticket", "<script")] == [True, True, False]
