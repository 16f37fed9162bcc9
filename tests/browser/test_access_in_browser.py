"""Whom the pages keep out: every tab at every width and in both themes, by keyboard alone, and through axe's eyes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

from tests.browser.conftest import Visitor, visitors
from views.controls.moons import TABS

playwright = pytest.importorskip("playwright.sync_api")
Axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe
THEMES = ("light", "dark")
WIDTHS = (375, 1920)
TALL = {"width": 1280, "height": 3500}  # all of a page is in sight: axe passes over colours that are not
GRAVE = ("serious", "critical")
# Rule → how the elements begin that it may name. Streamlit has the colours of its syntax highlighting built in;
# no setting of a theme reaches them, and the words are the same without the colours.
EXCUSED = {"color-contrast": '<span class="token '}


def barriers(visitor: Visitor, part: str | None = None) -> list[str]:
    """What axe finds grave on the page, or in this part of it: rule, element, and what is wrong with it."""
    found = [
        (violation["id"], node)
        for violation in Axe().run(visitor.page, context=part).response["violations"]
        for node in violation["nodes"]
        if node["impact"] in GRAVE
    ]
    grave = [
        (rule, node) for rule, node in found if not node["html"].startswith(EXCUSED.get(rule, "no such element"))
    ]
    return [
        f"{rule}: {node['html'][:120]}: {node['failureSummary'].split(chr(10))[-1].strip()}" for rule, node in grave
    ]


def too_wide(visitor: Visitor) -> list[int]:
    """The widths of a screen at which the page has to be scrolled sideways."""
    fits = "() => document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth"
    found = []
    for width in WIDTHS:
        visitor.page.set_viewport_size({**TALL, "width": width})
        try:
            visitor.page.wait_for_function(fits, timeout=5000)  # charts take a moment to follow
        except playwright.TimeoutError:
            found.append(width)
    visitor.page.set_viewport_size(TALL)
    return found


@dataclass
class Walk:
    """What was met on the way through the pages, place by place."""

    barriers: dict[str, list[str]] = field(default_factory=dict)
    too_wide: dict[str, list[int]] = field(default_factory=dict)


@pytest.fixture(scope="module", params=THEMES)
def walk(chromium, server: str, request) -> Walk:
    """The moons page with each tab open, its settings unfolded and a story told; then the glossary."""
    met = Walk()
    with visitors(chromium, server) as new:
        visitor = new(viewport=TALL, color_scheme=request.param)
        met.barriers["first visit"] = barriers(visitor)
        for name in TABS:
            visitor.tab(name)
            met.barriers[name] = barriers(visitor, "[data-testid=stTabs]")
            met.too_wide[name] = too_wide(visitor)
        visitor.settings().page.get_by_role("combobox", name="Dataset").wait_for()
        visitor.button("Dropout off").click()
        met.barriers["settings and a story"] = barriers(visitor.settle())
        met.too_wide["settings and a story"] = too_wide(visitor)
        visitor.page.get_by_role("link", name="Glossary").click()
        visitor.says("What the words of the other pages mean")
        met.barriers["glossary"] = barriers(visitor.settle())
        met.too_wide["glossary"] = too_wide(visitor)
    return met


def test_no_place_has_to_be_scrolled_sideways(walk):
    """On a phone and on a wide screen every tab, the settings and the glossary stay within the screen."""
    assert {place: widths for place, widths in walk.too_wide.items() if widths} == {}


def test_axe_finds_no_barrier_on_moons_and_glossary(walk):
    """Nothing that axe calls serious or critical stands in anybody's way, by day or by night."""
    assert {place: found for place, found in walk.barriers.items() if found} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_no_barrier_on_images(visit, theme):
    """The same for each tab of the image page, once the digits are trained."""
    visitor = visit("images?strategy=No+retraining", viewport=TALL, color_scheme=theme).complete()
    found = {"page": barriers(visitor)}
    for name in visitor.page.get_by_role("tab").all_inner_texts()[1:]:
        visitor.tab(name)
        found[name] = barriers(visitor, "[data-testid=stTabs]")
    assert {place: each for place, each in found.items() if each} == {}


# The keyboard


def seen(visitor: Visitor, x: float, y: float, width: float, height: float) -> np.ndarray:
    """The pixels (height, width, 3) around a box."""
    rim = 8
    clip = {"x": max(x - rim, 0), "y": max(y - rim, 0), "width": width + 2 * rim, "height": height + 2 * rim}
    image = visitor.page.screenshot(clip=clip, animations="disabled")
    return np.asarray(Image.open(io.BytesIO(image)).convert("RGB"), int)


def shows_focus(visitor: Visitor, target) -> bool:
    """Whether an element that has the focus, and keeps it, looks different without it."""
    box = target.bounding_box()
    focused = seen(visitor, **box)
    target.evaluate("target => target.blur()")
    difference = np.abs(focused - seen(visitor, **box)).max(axis=2)
    target.evaluate("target => target.focus()")
    return bool((difference > 40).sum() > 50)


def stops(visitor: Visitor) -> Iterator[tuple[str, object]]:
    """Where the keyboard has to come by on its way down the page."""
    role = visitor.page.get_by_role
    yield "the settings", visitor.page.locator("[data-testid=stExpandSidebarButton]")
    yield "the link", visitor.button("Share")
    yield "a story", role("button", name="A winning ticket")
    yield "the strategy", role("combobox", name="Strategy")
    yield "the prune ratio", visitor.slider("Prune ratio")
    yield "the samples", visitor.slider("MC-dropout samples")
    yield "the colours", role("radio", name="Probability")
    yield "the planes", visitor.page.locator(".st-key-plane_pair .panels")
    yield "the tour", visitor.button("Next")
    yield "the tabs", role("tab", name="Reliability")
    yield "what is in a tab", visitor.page.locator("summary").filter(has_text="What each figure means")


def test_tab_alone_goes_down_the_whole_page(visit):
    """From the first key on, Tab comes by every control in the order of the page, and each shows where it is."""
    visitor, unseen, ys = visit("", viewport=TALL), [], []
    for name, target in stops(visitor):
        visitor.reach(target, most=40)
        ys.append(target.bounding_box()["y"])
        if not shows_focus(visitor, target):
            unseen.append(name)
    assert unseen == []
    assert ys == sorted(ys)


def test_the_settings_unfold_and_answer_by_keyboard(visit):
    """Enter unfolds them, Tab goes in, and an arrow moves a control of the network."""
    visitor = visit()
    visitor.reach(visitor.page.locator("[data-testid=stExpandSidebarButton]")).keys("Enter")
    visitor.slider("Noise").focus()
    visitor.keys("ArrowLeft")
    assert visitor.query()["noise"] == "0.15"
    visitor.says("Pruned to 64 of 128 units")
