"""The tour in a real browser: shown once, left at any moment, remembered, and gone without a trace."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from tests.browser.harness import blank_page, mount, remount, unmount
from views.browser.page_tour import MOONS

expect = pytest.importorskip("playwright.sync_api").expect

SITE = "http://explorer.test/"
STEPS = [asdict(step) for step in MOONS]
TARGETS = """() => {
  document.body.prepend(Object.assign(document.createElement("div"), { style: "height: 100px" }));
  for (const [name, height] of [["controls", 150], ["planes", 400], ["more", 200]]) {
    const target = document.createElement("div");
    target.className = `other st-key-${name}`;
    target.style.cssText = `height: ${height}px; margin: 40px 20px`;
    document.body.append(target);
  }
  document.body.append(Object.assign(document.createElement("button"), { textContent: "elsewhere" }));
  document.body.append(Object.assign(document.createElement("div"), { style: "height: 1500px" }));
}"""


class Tour:
    """A visitor of a page with three parts, and the tour above them."""

    def __init__(self, page, quiet: bool = False, **options) -> None:
        self.page = page
        self.root = mount(page, "page_tour", {"page": "moons", "steps": STEPS, "quiet": quiet}, **options)
        page.evaluate(TARGETS)

    def button(self, name: str):
        return self.root.get_by_role("button", name=name)

    def click(self, *names: str) -> Tour:
        for name in names:
            self.button(name).click()
        return self

    def open(self) -> bool:
        return self.root.get_by_role("region", name="Tour").is_visible()

    def step(self) -> str:
        return self.root.locator(".current .count").inner_text()

    def outlined(self) -> list[str]:
        """The parts of the page that are outlined."""
        return [
            name
            for name in ("controls", "planes", "more")
            if self.page.locator(f".st-key-{name}").evaluate("part => getComputedStyle(part).outlineStyle") == "solid"
        ]

    def focused(self) -> str:
        return self.page.evaluate("() => document.activeElement.shadowRoot?.activeElement?.textContent ?? ''")

    def said(self) -> str:
        return self.root.get_by_role("status").inner_text()


@pytest.fixture
def page(chromium):
    """A page of a site with a storage of its own, which is empty."""
    with blank_page(chromium) as page:
        page.route(SITE, lambda route: route.fulfill(body="<title>site</title>", content_type="text/html"))
        page.goto(SITE)
        yield page


def test_who_is_new_sees_the_first_step_and_keeps_the_focus(page):
    """The card stands open, the controls are outlined, nothing is said, scrolled or focused."""
    tour = Tour(page)
    assert tour.open()
    assert tour.step() == "1 of 3"
    assert tour.outlined() == ["controls"]
    assert (tour.said(), tour.focused()) == ("", "")
    assert page.evaluate("scrollY") == 0
    assert tour.button("Back").get_attribute("aria-disabled") == "true"
    assert not tour.button("Take the tour").is_visible()


def test_next_and_back_move_the_outline_and_are_announced(page):
    """Each step outlines its own part alone and is spoken in full; Back on the first does nothing."""
    tour = Tour(page).click("Next")
    assert (tour.step(), tour.outlined()) == ("2 of 3", ["planes"])
    assert tour.said() == f"2 of 3: {MOONS[1].title}. {MOONS[1].text}"
    assert tour.focused() == "Next"
    tour.click("Next")
    assert (tour.step(), tour.outlined()) == ("3 of 3", ["more"])
    assert tour.focused() == "Done"
    tour.click("Back", "Back")
    assert (tour.step(), tour.outlined()) == ("1 of 3", ["controls"])
    tour.button("Back").click(force=True)
    assert tour.step() == "1 of 3"


@pytest.mark.parametrize("leave", [("Next", "Next", "Done"), ("Skip the tour",)])
def test_done_and_skip_are_remembered(page, leave):
    """The card becomes the small button, which has the focus; the next visit begins with that button."""
    page.set_viewport_size({"width": 1000, "height": 1400})  # all parts are in sight
    tour = Tour(page).click(*leave)
    assert not tour.open()
    assert tour.outlined() == []
    assert tour.focused() == "Take the tour"
    assert page.evaluate("localStorage.getItem('explorer-tour-moons')") == "done"
    again = Tour(page)
    assert not again.open()
    expect(again.button("Take the tour")).to_be_visible()


def test_the_small_button_starts_again_at_the_first_step(page):
    """Whoever asked for the tour gets it from the beginning, with the focus on Next."""
    tour = Tour(page).click("Next", "Skip the tour", "Take the tour")
    assert tour.open()
    assert (tour.step(), tour.outlined(), tour.focused()) == ("1 of 3", ["controls"], "Next")
    assert tour.said().startswith("1 of 3: ")


def test_who_came_by_a_link_is_not_toured(page):
    """Quietly there is only the small button, which works; nothing is remembered for it."""
    tour = Tour(page, quiet=True)
    assert not tour.open()
    assert tour.outlined() == []
    assert page.evaluate("localStorage.getItem('explorer-tour-moons')") is None
    assert tour.click("Take the tour").open()


def test_escape_skips_unless_it_is_meant_for_something_else(page):
    """With the focus on a control of the page Escape is left to it; in the card or nowhere, it skips."""
    tour = Tour(page)
    page.get_by_role("button", name="elsewhere").focus()
    page.keyboard.press("Escape")
    assert tour.open()
    page.get_by_role("button", name="elsewhere").blur()
    page.keyboard.press("Escape")
    assert not tour.open()
    assert tour.focused() == ""
    tour.click("Take the tour")
    page.keyboard.press("Escape")
    assert not tour.open()
    assert tour.focused() == "Take the tour"


def test_a_closed_storage_breaks_nothing(chromium):
    """Where the browser forbids to remember, the tour runs and ends all the same."""
    with blank_page(chromium) as page:
        tour = Tour(page).click("Next", "Next", "Done")
        assert not tour.open()
        assert tour.click("Take the tour").step() == "1 of 3"


def test_a_part_out_of_sight_is_scrolled_to_and_nothing_is_covered(page):
    """A part in sight leaves the page where it is; for one below it scrolls, and the card stays in its place."""
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": 1000, "height": 640})
    tour = Tour(page).click("Next")
    assert page.evaluate("scrollY") == 0
    place = tour.root.locator(".card").evaluate("card => card.getBoundingClientRect().top + scrollY")
    tour.click("Next")
    target = page.locator(".st-key-more").bounding_box()
    assert page.evaluate("scrollY") > 0
    assert 0 <= target["y"] < 640
    assert tour.root.locator(".card").evaluate("card => getComputedStyle(card).position") == "static"
    assert tour.root.locator(".card").evaluate("card => card.getBoundingClientRect().top + scrollY") == place


@pytest.mark.parametrize("deed", ["press", "key"])
def test_the_tour_goes_when_a_control_moves(page, deed):
    """Who moves a control knows enough; one who only passes it with the Tab key reads on."""
    tour = Tour(page)
    page.locator(".st-key-controls").evaluate("part => { part.tabIndex = 0; part.focus(); }")
    page.keyboard.press("Tab")
    assert tour.open()
    page.locator(".st-key-controls").focus()
    if deed == "press":
        page.locator(".st-key-controls").click()
    else:
        page.keyboard.press("ArrowLeft")
    assert not tour.open()
    assert tour.outlined() == []


def test_motion_is_smooth_only_for_those_who_want_it(chromium):
    """With reduced motion the page jumps; else it glides."""
    for motion, behaviour in (("reduce", "instant"), ("no-preference", "smooth")):
        with blank_page(chromium, reduced_motion=motion, viewport={"width": 1000, "height": 300}) as page:
            page.add_init_script(
                "Element.prototype.scrollIntoView = options => { window.scrolled = options.behavior; }"
            )
            page.goto("about:blank")
            Tour(page).click("Next")
            assert page.evaluate("scrolled") == behaviour


def test_a_rerun_changes_nothing_but_what_is_new(page):
    """The step, the focus and the nodes stay; quiet does not close an open tour; other steps are taken over."""
    tour = Tour(page).click("Next")
    tour.root.locator(".current").evaluate("step => step.dataset.kept = 'yes'")
    remount(page, {"page": "moons", "steps": STEPS, "quiet": True})
    assert (tour.step(), tour.focused(), tour.outlined()) == ("2 of 3", "Next", ["planes"])
    assert tour.root.locator(".current").get_attribute("data-kept") == "yes"
    remount(page, {"page": "moons", "steps": STEPS[:1], "quiet": True})
    assert tour.step() == "1 of 1"
    expect(tour.button("Done")).to_be_visible()


def test_a_part_that_is_not_there_is_passed_over(page):
    """A step whose part is missing is told like any other, and text is never taken for markup."""
    steps = [{"title": "<b>1</b>", "text": "&amp;", "target": "no such } part"}, STEPS[1]]
    data = {"page": "moons", "steps": steps, "quiet": False}
    root = mount(page, "page_tour", data)
    page.evaluate(TARGETS)
    assert root.locator(".current").inner_text().split("\n")[0].startswith("<b>1</b>")
    assert "&amp;" in root.locator(".current").inner_text()
    root.get_by_role("button", name="Next").click()
    root.get_by_role("button", name="Back").click()
    assert root.get_by_role("status").inner_text().startswith("1 of 2: ")


def test_leaving_the_page_leaves_nothing_behind(page):
    """No outline, no style and no listener outlives the component."""
    before = page.evaluate("() => document.head.children.length")
    tour = Tour(page).click("Next")
    unmount(page)
    assert tour.outlined() == []
    assert page.evaluate("() => document.head.children.length") <= before
    page.keyboard.press("Escape")
    assert page.evaluate("localStorage.getItem('explorer-tour-moons')") is None


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [288, 343, 1400])
def test_the_card_fits_every_width_and_keeps_its_height(page, theme, width):
    """Nothing is wider than its place, all controls are large enough, and no step moves the page or the titles."""
    page.set_viewport_size({"width": max(width, 320), "height": 1200})
    tour = Tour(page, theme=theme, width=width)
    if width < 640:  # a narrow window waits to be asked
        tour.click("Take the tour")
    places = []
    for _ in range(3):
        places.append((tour.root.bounding_box(), tour.root.locator(".current .title").bounding_box()["y"]))
        if len(places) < 3:
            tour.click("Next")
    assert places[0] == places[1] == places[2]
    assert tour.root.evaluate("root => root.scrollWidth") <= width
    for name in ("Back", "Done", "Skip the tour"):
        size = tour.button(name).bounding_box()
        assert min(size["width"], size["height"]) >= 24
    small = tour.click("Done").button("Take the tour").bounding_box()
    assert min(small["width"], small["height"]) >= 24
