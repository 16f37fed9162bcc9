"""Hands quicker than the page, seven at once: at rest, controls, address, marks and pictures are of one state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from typing import Any
from urllib.parse import urlencode

import pytest

from pruning import RATIOS
from tests.browser.conftest import CALM, TRAINING, Visitor
from tests.browser.house import PROGRESS
from views.controls.images import TAB as IMAGE_TAB
from views.controls.moons import ALL, RATIO, TABS
from views.moons.presets import PRESETS, Preset

expect = pytest.importorskip("playwright.sync_api").expect
NAMES = [story.name for story in PRESETS]
SLOW, FAST = 200, 40  # milliseconds from key to key: of a hurried hand, of a key that is held down
DIGITS = "images?strategy=No+retraining&images=100&epochs=2"  # of which one network is trained
# The ratio whose ring is seen, and what the sentence says.
LOOK = """() => {
  const at = (mark) => mark.getAttribute("transform").match(/\\((.*?),/)[1];
  const curve = document.querySelector('[aria-label^="Accuracy against"]');
  const rings = [...curve.querySelectorAll('path[stroke-width="2.5"][opacity="1"]')];
  const dots = [...curve.querySelectorAll("[aria-roledescription=circle]")].filter((dot) => at(dot) === at(rings[0]));
  const words = [...document.querySelectorAll("p")].map((part) => part.innerText);
  return {
    marked: dots.map((dot) => Number(dot.ariaLabel.match(/ratio: ([0-9.]+)/)[1])),
    sentence: words.find((text) => /^(Pruned to \\d|Nothing is pruned)/.test(text)),
  };
}"""
# Notes from now on, by the page's clock, which keys the page hears and where, what the slider says, who has the
# focus, and whether the page is connected: what there is to read where a press is lost.
TRAIL = """() => {
  if (window.trail) return void (window.trail.length = 0);
  const trail = window.trail = [], app = document.querySelector("[data-testid=stApp]");
  const who = ({ tagName, ariaLabel }) => `${tagName} ${ariaLabel ?? ""}`;
  const note = (...what) => trail.push([Math.round(performance.now()), ...what]);
  for (const kind of ["keydown", "focusin", "focusout"]) {
    addEventListener(kind, ({ type, key, target }) => note(type, key ?? "", who(target)), true);
  }
  const look = (changes) => changes.forEach(({ target, attributeName: name }) => {
    const isSlider = target.ariaLabel === "Prune ratio";
    if (isSlider || target === app) note(name, target.getAttribute(name));
  });
  const attributeFilter = ["aria-valuetext", "disabled", "data-test-connection-state"];
  new MutationObserver(look).observe(document.body, { subtree: true, attributeFilter });
}"""
BROKEN = re.compile("Connection error|Bad message format|ForwardMsg MISS")


class Hands(Visitor):
    """A visitor beside others in one browser."""

    def __init__(self, chromium: Any, server: str, context: Any, link: str) -> None:
        super().__init__(chromium, server, context)
        self.link = link
        self.page.goto(f"{server}/{link}", wait_until="commit")

    def story(self, name: str):
        return self.page.locator(".st-key-stories").get_by_text(name, exact=True)

    def ratio(self) -> float:
        return float(self.slider("Prune ratio").get_attribute("aria-valuetext"))

    def look(self) -> dict[str, Any]:
        """The ratio that the curve marks, the sentence, both planes."""
        planes = {name: self.picture(name) for name in ("Dense", "Pruned")}
        return {**self.page.evaluate(LOOK), **planes}

    def hold(self, key: str) -> None:
        """The key goes down, and goes on being down."""
        self.page.keyboard.down(key)


@pytest.fixture
def crowd(chromium, server: str) -> Iterator[Callable[[Sequence[str]], list[Hands]]]:
    """Opens these links side by side; afterwards nobody has met an error, nor an exception."""
    with _crowd(chromium, server) as new:
        yield new


@contextmanager
def _crowd(chromium, server: str) -> Iterator[Callable[[Sequence[str]], list[Hands]]]:
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    everybody: list[Hands] = []

    def new(links: Sequence[str]) -> list[Hands]:
        arrived = [Hands(chromium, server, context, link) for link in links]
        everybody.extend(arrived)
        for hands in arrived:
            hands.slider("Prune ratio").wait_for(timeout=TRAINING)
        rest(arrived)
        return arrived

    yield new
    problems = [(hands.link, hands.errors) for hands in everybody if hands.errors]
    exceptions = [text for hands in everybody for text in hands.exceptions()]
    for hands in everybody:
        hands.note_no_more()
    chromium.leave(context, server)
    assert problems == []
    assert exceptions == []


def rest(hands: Sequence[Hands]) -> None:
    """Wait until nothing runs for any of them, and what they asked is answered, for a while by each page's clock."""
    for each in hands:
        each.page.evaluate(f"patience => {{ window.calmed = ({CALM})(patience) }}", 2 * TRAINING)  # they are many
    for each in hands:
        assert each.page.evaluate("() => window.calmed"), "the page does not come to rest"
        assert not BROKEN.search(" ".join(each.errors)), each.errors


class Truth:
    """What a new visitor sees who comes by an address; asked for once."""

    def __init__(self, chromium, server: str) -> None:
        self.chromium, self.server = chromium, server
        self.known: dict[str, dict[str, Any]] = {}

    def of(self, query: dict[str, str]) -> dict[str, Any]:
        words = urlencode(sorted((name, value) for name, value in query.items() if name != "view"))
        if words not in self.known:
            with _crowd(self.chromium, self.server) as new:
                (visitor,) = new([f"?{words}"])
                visitor.complete()
                self.known[words] = visitor.look()
        return self.known[words]


@pytest.fixture(scope="module")
def truth(chromium, server: str) -> Truth:
    """All networks of all stories are there."""
    found = Truth(chromium, server)
    for story in PRESETS:
        found.of(settings(story))
    return found


def settings(story: Preset) -> dict[str, str]:
    """What the address says of a story's settings."""
    controls = {control.name: control for control in ALL}
    return {name: controls[name].show(value) for name, value in story.settings.items()}


def agree(hands: Hands, truth: Truth) -> None:
    """The slider, the address, the ring in the curve, the sentence and both planes are of one state."""
    ratio, seen, query = hands.ratio(), hands.look(), hands.query()
    assert float(query.get("ratio", RATIO.default)) == ratio
    assert seen["marked"] == [ratio]
    assert seen == truth.of(query)


def stands(hands: Hands, story: Preset, ratio: float) -> None:
    """The controls are those of the story, but for the ratio."""
    due = {**settings(story), "ratio": str(ratio)}
    if ratio == RATIO.default:
        del due["ratio"]
    found = {name: value for name, value in hands.query().items() if name not in ("view", "colour", "show")}
    assert found == due


def moved(start: float, *steps: int) -> float:
    """Where the slider is after so many steps to the right, each as far as it goes."""
    at = RATIOS.index(start)
    for step in steps:
        at = min(max(at + step, 0), len(RATIOS) - 1)
    return RATIOS[at]


def hurry(everybody: Sequence[Hands]) -> None:
    """Four presses to the left in a hurry, by each of them."""
    for hands in everybody:
        hands.page.evaluate(TRAIL)
        hands.slider("Prune ratio").focus()
    for _ in range(4):
        for hands in everybody:
            hands.page.keyboard.press("ArrowLeft")
        everybody[0].page.wait_for_timeout(SLOW)


# Held keys, on the images


@pytest.fixture(scope="module")
def digits(chromium, server: str) -> None:
    """The networks that the images are shown to are there."""
    with _crowd(chromium, server) as new:
        (visitor,) = new([DIGITS])
        visitor.complete()


def test_held_keys_on_every_tab_of_the_images(crowd, digits):
    """To and fro, and what stands there is what a new visitor reads."""
    tabs = [*IMAGE_TAB.options, "Gallery", "Detection"]
    links = [f"{DIGITS}&tab={tab.replace(' ', '+')}" for tab in tabs]
    everybody = crowd(links)
    for hands in everybody:
        hands.slider("Prune ratio").focus()
    for key, gap in (("ArrowLeft", SLOW), ("ArrowRight", FAST), ("ArrowLeft", FAST), ("ArrowRight", SLOW)):
        for _ in range(4):
            for hands in everybody:
                hands.hold(key)
            everybody[0].page.wait_for_timeout(gap)
        for hands in everybody:
            hands.page.keyboard.up(key)
    everybody[0].page.keyboard.press("ArrowLeft")
    rest(everybody)
    assert [hands.ratio() for hands in everybody] == [0.4, *[0.5] * (len(links) - 1)]
    fresh = crowd([everybody[0].page.url.removeprefix(everybody[0].server + "/"), *links[1:]])
    for hands in (*everybody, *fresh):  # who look at all methods wait for those that are still to be asked
        hands.page.locator(PROGRESS).wait_for(state="detached", timeout=TRAINING)
    rest([*everybody, *fresh])
    for hands, other in zip(everybody, fresh, strict=True):
        assert float(hands.query().get("ratio", RATIO.default)) == hands.ratio()
        assert words(hands) == words(other)


def words(hands: Hands) -> list[str]:
    """All that can be read, in no order: a chart whose data changed writes its ticks in another one."""
    return sorted(hands.page.locator("[data-testid=stMain]").inner_text().splitlines())


# Quick moves after a story that came by a link, by a press, by several presses


def test_four_presses_after_a_story_by_link(crowd, truth):
    """Four steps to the left of the story's half, and nothing of it undone."""
    story = PRESETS[NAMES.index("Label noise")]
    everybody = crowd(["?label_noise=0.2"] * 6)
    hurry(everybody)
    rest(everybody)
    for hands in everybody:
        assert hands.ratio() == 0.1, hands.page.evaluate("() => window.trail")
        stands(hands, story, 0.1)
        agree(hands, truth)


def test_two_clicks_on_the_track_after_a_story_by_link(crowd, truth):
    """The second one counts."""
    everybody = crowd(["?label_noise=0.2"] * 6)
    for share in (0.2, 0.8):
        for hands in everybody:
            track = hands.page.locator("[data-testid=stSlider]").filter(has_text="Prune ratio").bounding_box()
            thumb = hands.slider("Prune ratio").bounding_box()
            hands.page.mouse.click(track["x"] + share * track["width"], thumb["y"] + thumb["height"] / 2)
        everybody[0].page.wait_for_timeout(600)
    rest(everybody)
    for hands in everybody:
        assert hands.ratio() == 0.8
        stands(hands, PRESETS[NAMES.index("Label noise")], 0.8)
        agree(hands, truth)


def test_keys_before_the_story_has_been_answered(crowd, truth):
    """Whether a key still finds the old ratio or the story's, all else is as the story sets it, and all agrees."""
    everybody = crowd([""] * len(PRESETS))
    for hands, story in zip(everybody, PRESETS, strict=True):
        hands.story(story.name).click()
        hands.slider("Prune ratio").focus()
        for _ in range(3):
            hands.page.keyboard.press("ArrowLeft")
    rest(everybody)
    for hands, story in zip(everybody, PRESETS, strict=True):
        stands(hands, story, hands.ratio())
        agree(hands, truth)


def test_one_story_after_the_other(crowd, truth):
    """As fast as a hand goes along the line, to each of them last: this one is told, with its settings."""
    everybody = crowd([""] * len(PRESETS))
    for turn in range(len(PRESETS)):
        for i, hands in enumerate(everybody):
            hands.story(NAMES[(i + turn) % len(NAMES)]).click()
        everybody[0].page.wait_for_timeout(100)
    rest(everybody)
    for i, hands in enumerate(everybody):
        story = PRESETS[i - 1]
        expect(hands.page.get_by_text(story.sentences).first).to_be_visible()
        stands(hands, story, story.settings.get("ratio", RATIO.default))
        agree(hands, truth)


def test_a_click_on_a_curve_and_a_key_at_once(crowd, truth):
    """The key goes on from where the click went, or from where it was; slider and picture are of one ratio."""
    everybody = crowd([""] * 4)
    for hands, index in zip(everybody, cycle((1, 9)), strict=False):
        circle = hands.chart("Accuracy against").locator("[aria-roledescription=circle]").nth(index)
        circle.scroll_into_view_if_needed()
        box = circle.bounding_box()
        hands.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        hands.slider("Prune ratio").press("ArrowLeft")
    rest(everybody)
    for hands in everybody:
        agree(hands, truth)


def test_a_unit_taken_out_and_another_control_moved_at_once(crowd):
    """The unit stays out, in the address and in the picture, while the samples move."""
    (hands,) = crowd(["?view=The+network"])
    unit = hands.page.get_by_role("button", name=re.compile("^hidden layer 1, unit 1 of"))
    unit.click()
    hands.slider("MC-dropout samples").press("ArrowLeft")
    hands.slider("MC-dropout samples").press("ArrowLeft")
    hands.page.wait_for_url(re.compile("samples=20"))
    rest([hands])
    assert {"units": "hidden1.0", "samples": "20"}.items() <= hands.query().items()
    hands.says("Changed by hand")
    assert unit.get_attribute("aria-pressed") == "false"


def test_what_a_story_asks_to_try_is_one_press(crowd, truth):
    """And a key after it moves on from there."""
    (hands,) = crowd([""])
    story = PRESETS[NAMES.index("Dropout off")]
    hands.story(story.name).click()
    hands.says(story.sentences)
    hands.button("Try it").click()
    hands.page.wait_for_url(re.compile("colour=Epistemic"))
    rest([hands])
    hands.slider("Prune ratio").press("ArrowRight")
    hands.page.wait_for_url(re.compile("ratio=0.6"))
    rest([hands])
    assert hands.query() == {"ratio": "0.6", "colour": "Epistemic"}
    expect(hands.page.get_by_text("with other settings by now")).to_be_visible()


# Held keys on the moons: at the end, for those who come for it stay


@pytest.fixture(scope="module")
def regulars(chromium, server: str) -> Iterator[list[Hands]]:
    """As many visitors as there are stories, who stay for all tabs."""
    with _crowd(chromium, server) as new:
        yield new([""] * len(PRESETS))


@pytest.mark.parametrize("tab", TABS)
def test_held_keys_after_every_story_on_every_tab(regulars, truth, tab):
    """Four hurried presses to the left, six of a held key to the right, by seven visitors at once: each counts.

    A story is pressed on the tab, which it leaves, and the keys where the visitor has come back to it.
    """
    turn = TABS.index(tab)
    stories = [PRESETS[(place + turn) % len(PRESETS)] for place in range(len(PRESETS))]
    for hands, story in zip(regulars, stories, strict=True):
        hands.page.get_by_role("tab", name=tab).click()
        hands.story(story.name).click()
    for hands, story in zip(regulars, stories, strict=True):
        hands.says(story.sentences)
        expect(hands.slider("Prune ratio")).to_have_attribute(
            "aria-valuetext", str(story.settings.get("ratio", RATIO.default))
        )
        hands.page.get_by_role("tab", name=tab).click()
    rest(regulars)
    hurry(regulars)
    for _ in range(6):
        for hands in regulars:
            hands.hold("ArrowRight")
        regulars[0].page.wait_for_timeout(FAST)
    for hands in regulars:
        hands.page.keyboard.up("ArrowRight")
    rest(regulars)
    for hands, story in zip(regulars, stories, strict=True):
        ratio = moved(story.settings.get("ratio", RATIO.default), -4, 6)
        assert hands.ratio() == ratio, hands.page.evaluate("() => window.trail")
        assert hands.page.get_by_role("tab", name=tab).get_attribute("aria-selected") == "true"
        stands(hands, story, ratio)
        agree(hands, truth)
