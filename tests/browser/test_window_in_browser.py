"""What the window around the pages does: its history, its popovers, a finger on a chart, and no room taken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.browser.conftest import Visitor, start_server, visitors
from views.browser.page_tour import MOONS
from views.moons.presets import PRESETS

expect = pytest.importorskip("playwright.sync_api").expect
QUICK = "strategy=No+retraining&ratio=0.8"  # of both pages; trains the dense network alone
STATE = f"?{QUICK}&hidden=30&units=hidden1.0&colour=Epistemic&view=The+network"
SMALL = "?hidden=10&patience=5"
TITLES = {
    "Moons": "Pruning × Uncertainty Explorer",
    "Images": "Pruned networks and pictures they have never seen",
    "Glossary": "What the words of the other pages mean",
}
APART = 2100  # milliseconds between two changes of the address that make each a deed of its own
PHONE = {"viewport": {"width": 375, "height": 740}, "has_touch": True, "is_mobile": True}


def arrive(visitor, name: str):
    """Wait until this page is there and stands still."""
    visitor.says(TITLES[name])
    return visitor.settle()


def go(visitor, name: str):
    """Follow the link to this page."""
    visitor.page.get_by_role("link", name=name, exact=True).click()
    return arrive(visitor, name)


def back(visitor, name: str):
    visitor.page.go_back()
    return arrive(visitor, name)


def forward(visitor, name: str):
    visitor.page.go_forward()
    return arrive(visitor, name)


def sliders(visitor) -> dict[str, str]:
    """What the sliders say, by name."""
    handles = visitor.page.get_by_role("slider").all()
    return {handle.get_attribute("aria-label"): handle.get_attribute("aria-valuetext") for handle in handles}


def state(visitor) -> tuple[str, dict[str, str], str, str, list[str]]:
    """What the moons page is about: path, address, sentence, the open tab, and what is pressed."""
    pressed = visitor.page.get_by_role("radio", checked=True).all_inner_texts()
    opened = visitor.page.get_by_role("tab", selected=True).inner_text()
    path = visitor.page.url.removeprefix(visitor.server).partition("?")[0]
    return path, visitor.query(), visitor.sentence(), opened, pressed


def entries(visitor) -> int:
    return visitor.page.evaluate("history.length")


def focused_on(target) -> bool:
    """Whether the focus is on this very element."""
    return target.evaluate("target => target === target.getRootNode().activeElement")


def holds_focus(target) -> bool:
    """Whether the focus is on this element or in it."""
    return target.evaluate("target => target.contains(document.activeElement)")


def scrolled(visitor) -> int:
    """How many pixels the page is scrolled down."""
    return visitor.page.locator("[data-testid=stMain]").evaluate("main => main.scrollTop")


def in_sight(visitor, target) -> bool:
    """Whether some of it is on the screen, below what lies over the top of the page."""
    box = target.bounding_box()
    return box["y"] < visitor.page.viewport_size["height"] and box["y"] + box["height"] > 64


# The history


def press_story(visitor, story) -> None:
    """Press it as somebody who has looked at the page for a while."""
    visitor.page.wait_for_timeout(APART)
    visitor.button(story.name).click()
    visitor.says(story.sentences)
    visitor.settle()


def test_a_story_is_one_step_in_the_history(visit):
    """However many controls it sets: two stories are two entries, and Back leads through the states as they were."""
    visitor = visit(f"?{QUICK}&hidden=30")
    seen, before = [state(visitor)], entries(visitor)
    for story in PRESETS[2:4]:
        press_story(visitor, story)
        assert visitor.query().keys() == story.settings.keys()
        seen.append(state(visitor))
    assert entries(visitor) == before + 2
    assert back(visitor, "Moons").query() == seen[1][1]
    assert state(visitor) == seen[1]
    back(visitor, "Moons")
    assert state(visitor) == seen[0]
    forward(visitor, "Moons")
    assert state(visitor) == seen[1]


def test_back_from_the_glossary_is_the_very_state(visit):
    """The page that was left comes back with its units, tab and colours, and so does the way forward."""
    visitor = visit(STATE)
    left, before = state(visitor), entries(visitor)
    go(visitor, "Glossary")
    assert entries(visitor) == before + 1
    back(visitor, "Moons")
    assert state(visitor) == left
    assert forward(visitor, "Glossary").page.url == f"{visitor.server}/glossary"
    go(visitor, "Moons")
    assert state(visitor) == left


def test_back_from_a_page_that_shares_controls_is_the_very_state(visit):
    """What came with the link holds on the image page too; Back and Forward show each page as it was left."""
    visitor = visit(STATE)
    left = state(visitor)
    go(visitor, "Images").complete()
    assert visitor.query() == {"strategy": "No retraining", "ratio": "0.8"}
    assert sliders(visitor)["Prune ratio"] == "0.8"
    visitor.slider("Prune ratio").press("ArrowLeft")
    images = (visitor.settle().query(), sliders(visitor), visitor.sentence())
    assert images[0]["ratio"] == "0.7"
    back(visitor, "Moons")
    assert state(visitor) == left
    forward(visitor, "Images").complete()
    assert (visitor.query(), sliders(visitor), visitor.sentence()) == images


def test_along_a_link_to_a_page_its_controls_keep_what_they_say(visit):
    """From the image page the link leads to the moons as they were left, address and all."""
    visitor = visit(STATE)
    left = state(visitor)
    go(visitor, "Images").complete()
    go(visitor, "Moons")
    assert state(visitor) == left


def test_a_locked_link_is_locked_again_after_another_page(visit):
    """The address has the lock and what it holds again, so that a page loaded anew shows the one slider too."""
    visitor = visit("?ratio=0.0&hidden=30&only=ratio")
    locked = {"hidden": "30", "only": "ratio"}
    assert list(sliders(visitor)) == ["Prune ratio"]
    go(visitor, "Glossary")
    go(visitor, "Moons")
    assert {name: visitor.query().get(name) for name in locked} == locked
    said = visitor.sentence()
    visitor.page.reload()
    arrive(visitor, "Moons")
    assert {name: visitor.query().get(name) for name in locked} == locked
    assert list(sliders(visitor)) == ["Prune ratio"]
    assert visitor.sentence() == said


# Popovers by keyboard


@pytest.fixture
def share(visit):
    """A visitor, the button "Share" with the focus on it, and what it unfolds."""
    visitor = visit(SMALL)
    button = visitor.page.locator("[data-testid=stPopover] button").filter(has_text="Share")
    button.focus()
    return visitor, button, visitor.page.locator("[data-testid=stPopoverBody]")


def step(visitor, key: str) -> None:
    """Press a key, and wait until the focus has settled."""
    visitor.page.keyboard.press(key)
    visitor.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def unfold(share) -> None:
    visitor, _, body = share
    visitor.page.keyboard.press("Enter")
    body.wait_for()
    expect(body).to_be_focused()


def test_tab_walks_through_a_popover_and_back_to_its_button(share):
    """Enter leads in, Tab goes by everything in it that can be used, and after the last to the button."""
    visitor, button, body = share
    before = scrolled(visitor)
    unfold(share)
    met = []
    while not focused_on(button):
        assert len(met) < 10, f"Tab does not lead out of the popover: {met}"
        step(visitor, "Tab")
        if not focused_on(button):
            assert holds_focus(body), f"after {met} the focus is on the page behind"
            met.append(
                visitor.page.evaluate("document.activeElement.dataset.testid ?? document.activeElement.tagName")
            )
    assert {"stTab", "stCode", "stBaseButton-secondary"} <= set(met)
    assert scrolled(visitor) == before


def test_shift_tab_from_the_start_of_a_popover_leads_to_its_button(share):
    """The way out is the way in, and the page stands where it stood."""
    visitor, button, _ = share
    before = scrolled(visitor)
    unfold(share)
    step(visitor, "Shift+Tab")
    expect(button).to_be_focused()
    assert scrolled(visitor) == before


def test_escape_closes_a_popover_and_leads_to_its_button(share):
    """From wherever in it, and it can be opened once more."""
    visitor, button, body = share
    before = scrolled(visitor)
    for steps in (0, 2):
        unfold(share)
        for _ in range(steps):
            step(visitor, "Tab")
        visitor.page.keyboard.press("Escape")
        body.wait_for(state="detached")
        expect(button).to_be_focused()
    assert scrolled(visitor) == before


def test_a_mouse_opens_a_popover_and_keeps_the_focus_on_the_button(share):
    """Nothing takes the focus from who points; a second click closes it."""
    visitor, button, body = share
    before = scrolled(visitor)
    button.click()
    body.wait_for()
    visitor.settle()
    assert focused_on(button)
    button.click()
    body.wait_for(state="detached")
    assert scrolled(visitor) == before


# A Streamlit that nobody has looked at


@pytest.fixture(scope="module")
def unknown(tmp_path_factory) -> Iterator[str]:
    """The address of a server whose Streamlit says that it is another."""
    launcher = (str(Path(__file__).with_name("other_streamlit.py")),)
    process, address = start_server(
        tmp_path_factory.mktemp("other"), launcher=launcher, EXPLORER_TEST_VERSION="1.99.0"
    )
    yield address
    process.terminate()
    process.wait(10)


@pytest.fixture
def stranger(chromium, unknown) -> Iterator[Visitor]:
    """Somebody on its page, who meets no error."""
    with visitors(chromium, unknown) as new:
        yield new(SMALL)


def is_own(visitor) -> bool:
    """Whether the page has put something of its own in the place of the browser's history."""
    return not visitor.page.evaluate("String(history.pushState).includes('[native code]')")


def test_the_history_is_mended_where_the_version_is_known(visit):
    """The one that is installed."""
    assert is_own(visit(SMALL))


def test_with_an_unknown_version_the_history_is_left_alone(stranger):
    """Presets and pages work all the same, and so does what else the window does."""
    assert not is_own(stranger)
    press_story(stranger, PRESETS[2])
    assert stranger.query().keys() == PRESETS[2].settings.keys()
    go(stranger, "Glossary")
    go(stranger, "Moons")
    assert not is_own(stranger)
    assert stranger.page.evaluate("document.documentElement.dataset.pageWindow") == "done"


def test_with_an_unknown_version_popovers_are_left_alone(stranger):
    """One opens by keyboard and is closed by it, and nothing of ours takes the focus."""
    button = stranger.page.locator("[data-testid=stPopover] button").filter(has_text="Share")
    button.focus()
    stranger.page.keyboard.press("Enter")
    body = stranger.page.locator("[data-testid=stPopoverBody]")
    body.wait_for()
    stranger.settle()
    assert not focused_on(body)
    stranger.page.keyboard.press("Escape")
    body.wait_for(state="detached")


# Fingers


def tooltip(visitor):
    """What a chart tells at a place that is pointed at, visible or not."""
    visitor.chart("Accuracy against").locator("[aria-roledescription=circle]").nth(3).hover(force=True)
    found = visitor.page.locator("#vg-tooltip-element.visible")
    found.wait_for(state="attached")
    return found


@pytest.mark.parametrize(("options", "display"), [({}, "block"), (PHONE, "none")], ids=["mouse", "finger"])
def test_a_finger_that_scrolls_over_a_chart_leaves_no_tooltip(visit, options, display):
    """Where nothing hovers no tooltip is left behind; a mouse gets it."""
    visitor = visit(f"{SMALL}&show=None", **options)
    assert visitor.page.evaluate("matchMedia('(hover: none)').matches") == bool(options)
    expect(tooltip(visitor)).to_have_css("display", display)


# The tour


def test_after_a_tour_that_stayed_in_place_the_focus_is_on_its_button(visit):
    """On a screen as high as the page nothing has moved, and the button that has come back has the focus."""
    visitor = visit(SMALL, viewport={"width": 1280, "height": 3500})
    visitor.button("Take the tour").focus()
    visitor.keys(*["Enter"] * (1 + len(MOONS)))
    assert focused_on(visitor.button("Take the tour"))


# Quick clicks on units


# Clicks the first two units that are kept, the second as soon as the run that answers the first has begun.
TWO_CLICKS = """drawing => {
  const [first, second] = drawing.querySelectorAll(".unit[aria-pressed=true]");
  first.click();
  const app = document.querySelector("[data-testid=stApp]");
  const wait = setInterval(() => {
    if (app.dataset.testScriptState !== "running") return;
    clearInterval(wait);
    second.click();
  }, 5);
  return [first, second].map(unit => Number(unit.ariaLabel.match(/unit (\\d+)/)[1]));
}"""


def test_two_units_clicked_at_once_are_both_out(visit):
    """The second click interrupts the answer to the first; neither is lost."""
    visitor = visit(f"{SMALL}&points=200&view=The+network")
    drawing = visitor.page.locator(".st-key-network .root")
    numbers = drawing.evaluate(TWO_CLICKS)
    visitor.says("taken out")
    expect(visitor.page.get_by_text("Pruned to 3 of 10 units")).to_be_visible()
    assert visitor.settle().query()["units"] == "-".join(f"hidden1.{number - 1}" for number in numbers)
    for number in numbers:
        words = drawing.get_by_role("button", name=re.compile(f"^hidden layer 1, unit {number} of"), pressed=False)
        assert "removed by hand" in words.get_attribute("aria-label")


# A board of one's own


def test_the_board_says_what_the_networks_learn(visit):
    """After the button it does, until a point is changed; undone, they are the learned ones again."""
    visitor = visit(f"{SMALL}&view=Your+own+points")
    reason = visitor.page.locator(".st-key-pad .reason")
    visitor.button("Ring").click()
    expect(reason).to_have_text("120 points, ready.")
    visitor.button("Train on these points").click()
    visitor.says("your own 120 points (2 classes)")
    visitor.settle()
    expect(reason).to_have_text("120 points, which the networks learn.")
    visitor.button("Stripes").click()
    expect(reason).to_have_text("120 points, ready.")
    visitor.button("Undo").click()
    expect(reason).to_have_text("120 points, which the networks learn.")


def test_on_a_phone_the_answer_comes_right_below_the_board(visit):
    """Board, pruned plane, uploader: who has drawn need not look for what was learned."""
    visitor = visit(f"{SMALL}&view=Your+own+points", **PHONE)
    visitor.button("Ring").click()
    visitor.button("Train on these points").click()
    visitor.says("your own 120 points (2 classes)")
    visitor.settle()
    page = visitor.page
    parts = (
        page.locator(".st-key-pad"),
        page.get_by_text("Pruned network on your points"),
        page.locator(".st-key-plane_beside_points figure"),
        page.get_by_text("Or bring a file"),
        page.locator("[data-testid=stFileUploader]"),
    )
    boxes = [part.first.bounding_box() for part in parts]
    gaps = [below["y"] - box["y"] - box["height"] for box, below in pairwise(boxes)]
    assert min(gaps) >= 0
    assert gaps[0] < 80  # nothing between the board and the words on its answer


# The room it takes


def test_the_window_component_takes_no_room(visit):
    """On every page, come to by a link of its own too, the title stands at the very top of what the page holds."""
    visitor = visit(SMALL)
    for name in ("Moons", "Glossary", "Moons"):
        go(visitor, name)
        block = visitor.page.locator("[data-testid=stMainBlockContainer]")
        top = block.evaluate(
            "block => block.getBoundingClientRect().top + parseFloat(getComputedStyle(block).paddingTop)"
        )
        title = visitor.page.locator("h1").first.evaluate(
            "title => title.closest('[data-testid=stElementContainer]').getBoundingClientRect().top"
        )
        assert title == pytest.approx(top, abs=8)  # it stands in the middle of its line
        assert visitor.page.locator(".st-key-window").bounding_box() is None


# A server that is gone

# What changes on the page within so many milliseconds.
CHANGES = """duration => new Promise((done) => {
  const seen = [];
  const note = (changes) => changes.forEach((each) => seen.push([each.target.outerHTML, each.attributeName]));
  const all = { subtree: true, childList: true, attributes: true, characterData: true };
  new MutationObserver(note).observe(document.documentElement, all);
  setTimeout(() => done(seen), duration);
})"""


def test_of_a_lost_server_one_sentence_is_said_and_the_page_stays(chromium, tmp_path):
    """It is for those who did not start it; nothing covers what they looked at, and until then nothing changes."""
    process, address = start_server(tmp_path)
    visitor = Visitor(chromium, address).open("?points=200&hidden=10&patience=5")
    assert visitor.page.evaluate(CHANGES, 2500) == []
    process.kill()
    process.wait(10)
    visitor.page.get_by_text("The server does not answer").wait_for(timeout=30_000)
    visitor.page.wait_for_timeout(3000)
    assert visitor.page.get_by_role("dialog").count() == 0
    expect(visitor.plane("Pruned")).to_be_visible()
    visitor.context.close()
