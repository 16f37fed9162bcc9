"""Sliders that are moved: planes, curves and headline follow the hand, and are what the server draws at its rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.browser.conftest import Visitor
from tests.browser.harness import blank_page, events, mount, remount, unmount

LINK = "?ratio=0.5&colour=Predictive+entropy"
RATIO = "Prune ratio"
WAIT = 60_000  # milliseconds that all planes may take on a busy machine
READY = """key => [...document.querySelectorAll(`.st-key-preview_${key} *`)].some((part) =>
  Number(part.shadowRoot?.querySelector(".root")?.dataset.stops))"""
# What can be seen: the headline, whoever writes it, which ring of each curve from the left, and what the sliders say.
LOOK = """() => {
  const parts = [...document.querySelectorAll(".st-key-headline *")];
  const words = parts.flatMap((part) => [part, part.shadowRoot?.querySelector("p")]).filter((part) =>
    part?.tagName === "P" && part.offsetHeight).map((part) => part.textContent);
  const across = (ring) => Number(/\\((.*?)[,)]/.exec(ring.getAttribute("transform"))[1]);
  const marks = [...document.querySelectorAll("[class*=st-key-curve_slot]")].map((chart) => {
    const rings = [...chart.querySelectorAll('path[stroke-width="2.5"]')].sort((a, b) => across(a) - across(b));
    return rings.flatMap((ring, i) => getComputedStyle(ring).opacity === "1" ? [i] : []);
  });
  const [bold] = parts.flatMap((part) => [part, part.shadowRoot?.querySelector("strong")]).filter((part) =>
    part?.tagName === "STRONG" && part.offsetHeight);
  return {
    words,
    type: bold && [getComputedStyle(bold).fontWeight, getComputedStyle(bold).fontSize, bold.offsetWidth],
    height: document.querySelector(".st-key-headline").offsetHeight,
    marks,
    ratio: document.querySelector(".st-key-ratio [aria-valuetext]").ariaValueText,
    samples: document.querySelector(".st-key-samples [aria-valuetext]").ariaValueText,
  };
}"""
LEFT = """() => document.querySelector("[data-preview]") !== null ||
  [...document.querySelectorAll('path[stroke-width="2.5"]')].some((ring) => ring.style.opacity !== "")"""
# Notes every pair of planes that is seen, and whether the server had been heard from since `listen` was called.
LISTEN = """() => {
  const start = performance.now();
  window.seen = [];
  const panels = [...document.querySelectorAll(".st-key-plane_pair *")].map((part) =>
    part.shadowRoot?.querySelector(".panels")).find(Boolean);
  new MutationObserver(() => seen.push({
    drawn: panels.querySelector('[data-panel="1"]').dataset.drawn,
    answered: window.overheard.answered > start,
  })).observe(panels, { subtree: true, attributeFilter: ["data-drawn"] });
}"""


def ready(visitor: Visitor, key: str) -> Visitor:
    """Wait until the stops of a slider are there; those of the samples are asked for by a hand that comes near."""
    if key == "samples":
        visitor.page.locator(".st-key-samples").hover()
    visitor.page.wait_for_function(READY, arg=key, timeout=WAIT)
    return visitor.settle()


def track(visitor: Visitor, key: str) -> tuple[float, float, float]:
    """Where the line of a slider begins, how long it is, and how high it lies."""
    line = visitor.page.locator(f".st-key-{key} [role=group] > div")
    line.scroll_into_view_if_needed()
    box = line.bounding_box()
    return box["x"], box["width"], box["y"] + box["height"] / 2


def grab(visitor: Visitor, key: str, share: float) -> None:
    left, width, y = track(visitor, key)
    visitor.page.mouse.move(left + share * width, y)
    visitor.page.mouse.down()


def pull(visitor: Visitor, key: str, share: float) -> dict[str, Any]:
    """Move the held thumb to a share of its line; what is seen then."""
    left, width, y = track(visitor, key)
    visitor.page.mouse.move(left + share * width, y)
    return look(visitor)


def look(visitor: Visitor) -> dict[str, Any]:
    """What is seen two frames later."""
    visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    planes = {name: visitor.picture(name) for name in ("Dense", "Pruned")}
    drawn = {name: visitor.plane(name).get_attribute("data-drawn") for name in planes}
    return {**visitor.page.evaluate(LOOK), "planes": planes, "drawn": drawn}


def asked(visitor: Visitor) -> float:
    """When the page last asked its server for something."""
    return visitor.page.evaluate("() => window.overheard.asked")


def test_a_drag_shows_what_the_server_draws_when_it_rests(visit: Callable[..., Visitor]):
    """Both planes to the pixel, marks and headline at every stop; nothing is asked before the thumb is let go."""
    visitor = ready(visit(LINK).complete(), "ratio")
    before, start = asked(visitor), look(visitor)
    grab(visitor, "ratio", 0.5)
    passed = [pull(visitor, "ratio", share) for share in (0.6, 0.7, 0.8)]
    assert asked(visitor) == before
    assert [seen["ratio"] for seen in passed] == ["0.6", "0.7", "0.8"]
    assert len({seen["drawn"]["Pruned"] for seen in [start, *passed]}) == 4
    assert len({seen["planes"]["Pruned"] for seen in [start, *passed]}) == 4
    assert {seen["planes"]["Dense"] for seen in passed} == {start["planes"]["Dense"]}
    assert [seen["marks"] for seen in [start, *passed]] == [[[at]] * 3 for at in (5, 6, 7, 8)]
    visitor.page.mouse.up()
    visitor.settle()
    assert asked(visitor) > before
    assert visitor.query()["ratio"] == "0.8"
    assert look(visitor) == passed[-1]
    assert not visitor.page.evaluate(LEFT)


def test_a_drag_that_comes_back_leaves_everything_as_it_was(visit):
    """To and fro, and what the server has drawn is seen again, before and after the thumb is let go."""
    visitor = ready(visit(LINK).complete(), "ratio")
    start = look(visitor)
    grab(visitor, "ratio", 0.5)
    assert pull(visitor, "ratio", 0.9) != start
    assert pull(visitor, "ratio", 0.5) == start
    assert not visitor.page.evaluate(LEFT)
    visitor.page.mouse.up()
    visitor.settle()
    assert look(visitor) == start


def test_the_samples_are_followed_as_well(visit):
    """Once a hand has come near: both planes are of as many samples as the slider says."""
    visitor = ready(visit(LINK).complete(), "samples")
    before, start = asked(visitor), look(visitor)
    grab(visitor, "samples", 9 / 13)
    one, few = (pull(visitor, "samples", share / 13) for share in (0, 3))
    assert (one["samples"], few["samples"]) == ("1", "5")
    assert asked(visitor) == before
    for name in ("Dense", "Pruned"):
        assert len({seen["planes"][name] for seen in (start, one, few)}) == 3
    assert start["marks"] == one["marks"] == few["marks"]
    visitor.page.mouse.up()
    visitor.settle()
    assert look(visitor) == few
    assert not visitor.page.evaluate(LEFT)


def test_a_key_shows_its_stop_before_the_server_has_answered(visit):
    """And what the server draws after it is the same."""
    visitor = ready(visit(LINK).complete(), "ratio")
    visitor.slider(RATIO).focus()
    visitor.page.evaluate(LISTEN)
    visitor.keys("ArrowRight")
    seen = visitor.page.evaluate("() => window.seen")
    assert seen[0]["answered"] is False
    assert {each["drawn"] for each in seen} == {visitor.plane("Pruned").get_attribute("data-drawn")}
    assert not visitor.page.evaluate(LEFT)


def test_a_finger_is_followed_on_a_phone(visit):
    """There one network is seen at a time; the other is as it is to be when its side is turned up."""
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
    visitor = ready(visit(LINK, **phone).complete(), "ratio")
    touch = visitor.context.new_cdp_session(visitor.page)
    left, width, y = track(visitor, "ratio")
    before = asked(visitor)

    def finger(kind: str, *shares: float) -> None:
        points = [{"x": left + share * width, "y": y} for share in shares]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def seen() -> dict[str, Any]:
        visitor.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return {**visitor.page.evaluate(LOOK), "plane": visitor.picture("Pruned")}

    start = seen()
    finger("touchStart", 0.5)
    for share in (0.6, 0.7, 0.8, 0.9):
        finger("touchMove", share)
    passed = seen()
    assert (passed["ratio"], asked(visitor)) == ("0.9", before)
    assert passed["plane"] != start["plane"]
    finger("touchEnd")
    visitor.settle()
    assert seen() == passed


def test_stops_of_another_run_are_never_shown(visit):
    """A story sets another ratio and another task: until it has its networks, what was drawn stays."""
    visitor = ready(visit("?ratio=0.8&colour=Predictive+entropy").complete(), "ratio")
    visitor.slider(RATIO).focus()
    was = visitor.plane("Pruned").get_attribute("data-drawn")
    visitor.page.evaluate(LISTEN)
    visitor.page.locator(".st-key-stories").get_by_text("Label noise", exact=True).click()
    visitor.page.wait_for_url("**label_noise=0.2**")
    visitor.settle().complete()
    seen = {each["drawn"] for each in visitor.page.evaluate("() => window.seen")}
    assert seen <= {was, visitor.plane("Pruned").get_attribute("data-drawn")}


# The part alone, on a page that is no Streamlit


@pytest.fixture
def page(chromium) -> Iterator[Any]:
    with blank_page(chromium) as found:
        yield found


def stop(value: str, words: str) -> dict[str, Any]:
    return {"value": value, "panels": [], "top": 0.2, "words": words}


def data(**changes: Any) -> dict[str, Any]:
    stops = [stop("a", "**Pruned** to *A*: 1 × 2"), stop("b", "B")]
    given = {"control": "ratio", "id": "run", "eager": True, "marked": True, "side": 82, "maps": {}, "stops": stops}
    return {**given, **changes}


def test_where_there_is_no_slider_nothing_happens(page):
    """Neither planes nor headline nor curves are needed: another Streamlit may have them under other names."""
    root = mount(page, "slider_preview", data())
    page.evaluate("() => document.dispatchEvent(new Event('explorer-drawn'))")
    remount(page, data(id="other"))
    assert root.inner_text() == ""
    unmount(page)


def test_the_stops_are_asked_for_once_at_rest(page):
    """By their name, and again when the server has still not given them."""
    mount(page, "slider_preview", data(stops=None))
    page.wait_for_timeout(1000)
    assert events(page) == [["asked", "run"]]
    remount(page, data(stops=None, id="other"))
    page.wait_for_timeout(1000)
    assert events(page) == [["asked", "run"], ["asked", "other"]]
    remount(page, data(id="other"))
    page.wait_for_timeout(1000)
    assert len(events(page)) == 2


def test_what_is_not_eager_waits_for_a_hand(page):
    """A pointer over the slider, or the keyboard's focus in it; twice is once."""
    mount(page, "slider_preview", data(stops=None, eager=False))
    page.evaluate("() => document.body.insertAdjacentHTML('beforeend', '<p class=st-key-ratio><input></p><input>')")
    page.locator("body > input").focus()
    page.wait_for_timeout(1000)
    assert events(page) == []
    page.locator(".st-key-ratio input").focus()
    page.locator(".st-key-ratio input").hover()
    page.wait_for_timeout(1000)
    assert events(page) == [["asked", "run"]]


SLIDER = """() => {
  document.body.insertAdjacentHTML("beforeend", '<div class=st-key-ratio><input aria-valuetext=b></div>' +
    '<div class=st-key-headline></div>');
  window.proposed = [];
  document.addEventListener("explorer-proposed", ({ detail }) => {
    if (detail.later) return;
    proposed.push(detail.pair?.top ?? null);
    detail.taken = detail.pair !== null;
  });
}"""
SAY = "value => document.querySelector('.st-key-ratio input').setAttribute('aria-valuetext', value)"


def test_only_a_hand_is_followed(page):
    """A value that the page sets by itself is not: it may be that of another run. What is bold is bold."""
    root = mount(page, "slider_preview", data())
    page.evaluate(SLIDER)
    page.evaluate(SAY, "a")
    page.wait_for_timeout(50)
    assert page.evaluate("() => proposed") == []
    page.locator(".st-key-ratio input").focus()
    page.evaluate(SAY, "a")
    page.wait_for_timeout(50)
    assert page.evaluate("() => proposed") == [0.2]
    assert root.locator("p").inner_html() == '<strong class="">Pruned</strong> to <em class="">A</em>: 1 × 2'
    assert page.locator("[data-preview=ratio]").count() == 1
    page.evaluate(SAY, "unknown")
    page.wait_for_timeout(50)
    assert page.evaluate("() => proposed") == [0.2, None]
    assert page.locator("[data-preview]").count() == 0


def test_what_goes_away_leaves_nothing(page):
    """Neither words in place of the headline, nor an ear for the slider."""
    mount(page, "slider_preview", data())
    page.evaluate(SLIDER)
    page.locator(".st-key-ratio input").focus()
    page.evaluate(SAY, "a")
    page.wait_for_timeout(50)
    assert page.locator("[data-preview]").count() == 1
    unmount(page)
    assert page.locator("[data-preview]").count() == 0
    page.evaluate(SAY, "b")
    page.wait_for_timeout(50)
    assert page.evaluate("() => proposed") == [0.2]
