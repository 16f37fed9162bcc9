"""The drawing board in a real browser: drawn on by mouse, finger and keyboard, undone, sent."""

from __future__ import annotations

import io
import math
import re

import numpy as np
import pytest
from PIL import Image

from tests.browser.harness import blank_page, events, mount, remount
from views.browser.drawing_board import board
from views.charts.colours import CLASSES, INK, PAPER

WIDTH = 416  # pixels of the board, 12 of them at each side beyond −1 and 1
BRUSH = {"one point": "0", "small": "1", "large": "2"}


class Pad:
    """A person at a board."""

    def __init__(self, page, n_classes: int = 5, theme: str = "light", width: int = 800) -> None:
        self.page = page
        self.root = mount(page, "drawing_board", board(n_classes, theme), theme, width)
        self.canvas = self.root.locator("canvas")

    def button(self, name: str):
        return self.root.get_by_role("button", name=name)

    def brush(self, name: str) -> Pad:
        self.root.get_by_role("slider", name="Brush").fill(BRUSH[name])
        return self

    def spot(self, x: float, y: float) -> tuple[float, float]:
        """Where on the page a place of the board is."""
        box = self.canvas.bounding_box()
        unit = box["width"] / 2 - 12
        return box["x"] + box["width"] / 2 + unit * x, box["y"] + box["height"] / 2 - unit * y

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.spot(x, y))

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 10) -> None:
        self.page.mouse.move(*self.spot(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.spot(*end), steps=steps)
        self.page.mouse.up()

    def press(self, *keys: str) -> None:
        self.canvas.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def sizes(self) -> list[int]:
        return [int(size) for size in re.findall(r":\s(\d+)", self.root.locator(".counts").inner_text())]

    def said(self) -> str:
        return self.root.get_by_role("status").inner_text()

    def reason(self) -> str:
        return self.root.locator("#reason").inner_text()

    def rows(self) -> list[list[float]]:
        """What stands on the board, told by sending it."""
        assert self.reason().endswith("ready.")
        self.button("Train").click()
        return events(self.page)[-1][1]["rows"]

    def colour(self, x: float, y: float) -> str:
        """The colour that is painted at a place."""
        self.page.evaluate("() => new Promise(requestAnimationFrame)")
        image = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
        scale = self.page.evaluate("devicePixelRatio")
        return "#{:02x}{:02x}{:02x}".format(*image.getpixel(tuple(int(scale * at) for at in self.spot(x, y))))


@pytest.fixture
def page(chromium):
    with blank_page(chromium) as page:
        yield page


# By mouse


def test_a_click_places_a_point_of_the_chosen_class_where_it_was_made(page):
    """The place, to a pixel, and the class are sent; y grows upwards."""
    pad = Pad(page).brush("one point")
    pad.button("Ring").click()
    pad.root.get_by_role("radio", name="Class 2, square").click()
    pad.click(0.5, -0.25)
    x, y, label = pad.rows()[-1]
    assert (x, y) == (pytest.approx(0.5, abs=0.006), pytest.approx(-0.25, abs=0.006))
    assert label == 1
    assert pad.sizes() == [48, 73, 0, 0, 0]


def test_one_point_brush_leaves_one_point_and_larger_ones_scatter_more_around(page):
    """Every point of a spray lies within the brush, no two on one another."""
    pad = Pad(page, 2)
    pad.button("Ring").click()
    for name, amount, radius in (("one point", 1, 0), ("small", 3, 0.08), ("large", 6, 0.18)):
        pad.brush(name).click(0, 0.5)
        sprayed = pad.rows()[-amount:]
        assert len({(x, y) for x, y, _ in sprayed}) == amount
        assert max(math.hypot(x, y - 0.5) for x, y, _ in sprayed) <= radius + 0.006
    assert pad.sizes() == [48 + 1 + 3 + 6, 72]


def test_dragging_sprays_along_the_way_however_fast(page):
    """One leap of the mouse leaves the same trail of points as many small moves; one Undo takes it away."""
    pad = Pad(page, 2).brush("one point")
    counts = []
    for steps in (1, 40):
        pad.drag((-0.7, 0), (0.7, 0), steps)
        counts.append(pad.sizes()[0])
        pad.button("Undo").click()
        assert pad.sizes() == [0, 0]
    assert counts == [21, 21]


def test_points_stay_on_the_board(page):
    """What a brush would scatter over the edge is folded back, and a drag beyond it ends at the edge."""
    pad = Pad(page, 2).brush("large")
    pad.button("Clusters").click()
    for corner in ((-1, -1), (1, 1), (-1, 1)):
        pad.click(*corner)
    pad.drag((0, 0), (1.6, -1.6))
    rows = np.array(pad.rows())
    assert np.abs(rows[:, :2]).max() <= 1
    assert len({tuple(row) for row in rows.tolist()}) == len(rows)


def test_the_board_takes_a_thousand_points_and_says_that_it_is_full(page):
    """The last spray is cut; a further one changes nothing, nor does it become a step to undo."""
    pad = Pad(page, 2).brush("large")
    for y in np.linspace(-0.9, 0.9, 14):
        pad.drag((-0.9, y), (0.9, y), 3)
    assert pad.sizes() == [1000, 0]
    pad.click(0, 0)
    assert pad.said() == "The board is full: 1,000 points."
    pad.button("Undo").click()
    assert pad.sizes()[0] < 1000


def test_only_the_main_button_draws(page):
    """A right click opens the browser's menu and leaves no point."""
    pad = Pad(page, 2)
    page.mouse.click(*pad.spot(0, 0), button="right")
    assert pad.sizes() == [0, 0]


# By finger


def test_a_finger_draws_without_scrolling_and_the_page_scrolls_elsewhere(chromium):
    """A tap places points; the browser is told to leave touches alone on the board, and nowhere else."""
    with blank_page(chromium, has_touch=True, viewport={"width": 320, "height": 600}) as page:
        pad = Pad(page, 5, width=320).brush("small")
        page.touchscreen.tap(*pad.spot(0.3, 0.3))
        assert pad.sizes() == [3, 0, 0, 0, 0]
        touch = "element => getComputedStyle(element).touchAction"
        assert pad.canvas.evaluate(touch) == "none"
        assert pad.root.locator(".pad").evaluate(touch) == "auto"


# By keyboard


def test_the_keyboard_alone_draws_undoes_and_sends(page):
    """Arrows move, Shift further; Enter and Space place; a digit chooses; Backspace undoes."""
    pad = Pad(page, 2).brush("one point")
    pad.press("ArrowRight", "ArrowUp", "ArrowUp", "2", "Enter", "Shift+ArrowLeft", "Shift+ArrowDown", "1", "Space")
    assert pad.sizes() == [1, 1]
    assert pad.said() == "point of class 1 at −0.20, −0.15; 2 points"
    pad.press("Backspace")
    assert pad.sizes() == [0, 1]
    assert pad.said() == "Undone; 1 point"
    assert pad.root.get_by_role("radio", name="Class 1").is_checked()
    pad.button("Stripes").press("Enter")
    pad.button("Train").press("Enter")
    assert events(page)[0][0] == "points"


def test_a_spray_by_keyboard_is_told_in_one_sentence(page):
    """How many points of which class, where, and how many there are now."""
    pad = Pad(page, 3).brush("small")
    pad.press("3", "ArrowUp", "Enter")
    assert pad.said() == "3 points of class 3 at 0.00, 0.05; 3 points"


def test_the_crosshair_stops_at_the_edge(page):
    """However often an arrow is pressed, points stay on the board."""
    pad = Pad(page, 2).brush("one point")
    pad.press(*["Shift+ArrowLeft"] * 6, *["Shift+ArrowDown"] * 6, "Enter")
    assert pad.said() == "point of class 1 at −1.00, −1.00; 1 point"


def test_keys_that_mean_something_else_are_left_alone(page):
    """Digits beyond the classes, letters, and keys with Control do nothing; Tab leaves the board."""
    pad = Pad(page, 2)
    pad.press("3", "0", "x", "Control+Enter")
    assert pad.sizes() == [0, 0]
    assert pad.root.get_by_role("radio", name="Class 1").is_checked()
    pad.press("Tab")
    assert pad.root.get_by_role("radio", name="Class 1").evaluate("input => input.matches(':focus')")


def test_the_way_through_by_tab_has_nine_stops_each_with_a_ring(page):
    """Board, classes, brush, three starts, Undo, Clear, Train; each shows that it has the focus."""
    Pad(page)
    focused = "() => document.activeElement.shadowRoot?.activeElement"
    ring = f"""() => {{
        const element = ({focused})();
        const shown = element.type === 'radio' ? element.parentElement : element;
        return getComputedStyle(shown).outlineStyle + ' ' + getComputedStyle(shown).outlineWidth;
    }}"""
    names = []
    for _ in range(9):
        page.keyboard.press("Tab")
        names.append(page.evaluate(f"() => ({focused})().ariaLabel || ({focused})().textContent"))
        assert page.evaluate(ring) == "solid 2px"
    assert names[:3] == ["Drawing board", "Class 1, circle", ""]
    assert names[3:] == ["Ring", "Stripes", "Clusters", "Undo", "Clear", "Train on these points"]
    page.keyboard.press("Tab")
    assert page.evaluate(f"() => !({focused})()")


# Undo, clear, starts


def test_clearing_and_starts_can_be_undone_one_by_one(page):
    """Each change is one step back; with nothing to take back, Undo says that it is disabled."""
    pad = Pad(page, 2)
    undo = pad.button("Undo")
    assert undo.get_attribute("aria-disabled") == "true"
    for name in ("Ring", "Clusters", "Clear"):
        pad.button(name).click()
    seen = []
    for _ in range(4):
        seen.append(pad.sizes())
        undo.click(force=True)
    assert seen == [[0, 0], [60, 60], [48, 72], [0, 0]]
    assert undo.get_attribute("aria-disabled") == "true"
    pad.button("Clear").click(force=True)
    assert undo.get_attribute("aria-disabled") == "true"


# Sending


def test_what_is_missing_is_said_until_the_points_can_be_sent(page):
    """Two classes, then four of each, then twenty: the reason in words; only then a click sends, each time anew."""
    pad = Pad(page, 2).brush("one point")
    said, train = [pad.reason()], pad.button("Train")
    train.click(force=True)
    for keys in (["Enter", "2", "Enter"], ["1", *["Enter"] * 3], ["2", *["Enter"] * 2], ["Enter"], ["Enter"] * 11):
        pad.press(*keys)
        said.append(pad.reason())
        assert train.get_attribute("aria-disabled") == "true"
        train.click(force=True)
    assert said == [
        "Draw points of at least 2 classes.",
        "Class 1 needs 3 more points.",
        "Class 2 needs 3 more points.",
        "Class 2 needs 1 more point.",
        "Draw 12 more points.",
        "Draw 1 more point.",
    ]
    assert events(page) == []
    pad.press("Enter")
    assert (pad.reason(), train.get_attribute("aria-disabled")) == ("20 points, ready.", "false")
    train.click()
    train.click()
    (first, second) = events(page)
    assert first[0] == second[0] == "points"
    assert first[1]["rows"] == second[1]["rows"]
    assert sorted(first[1]["rows"]) == [[0, 0, 0]] * 4 + [[0, 0, 1]] * 16
    assert [first[1]["count"], second[1]["count"]] == [1, 2]


# Reruns


def test_a_rerun_keeps_points_class_brush_focus_and_the_drawing_surface(page):
    """The same data again, or those of the other theme, change no state and build nothing anew."""
    pad = Pad(page, 3).brush("large")
    pad.press("2", "Enter")
    pad.canvas.evaluate("canvas => canvas.dataset.kept = 'yes'")
    remount(page, board(3, "dark"))
    assert pad.sizes() == [0, 6, 0]
    assert pad.root.get_by_role("radio", name="Class 2").is_checked()
    assert pad.root.get_by_role("slider", name="Brush").get_attribute("aria-valuetext") == "large"
    assert pad.canvas.evaluate("canvas => canvas.dataset.kept === 'yes' && canvas.matches(':focus')")
    assert pad.colour(-0.9, 0.9) == PAPER["dark"]
    pad.press("Backspace")
    assert pad.sizes() == [0, 0, 0]


def test_fewer_classes_leave_no_points_of_those_that_are_gone(page):
    """Their points go, their buttons too, and the chosen class is one that there is."""
    pad = Pad(page, 5)
    pad.button("Clusters").click()
    pad.press("5")
    remount(page, board(2, "light"))
    assert pad.sizes() == [24, 24]
    assert pad.root.get_by_role("radio").count() == 2
    assert pad.root.get_by_role("radio", name="Class 2").is_checked()
    pad.press("Backspace")
    assert pad.sizes() == [24, 24]


def test_a_board_that_is_taken_away_stops_painting_and_comes_back_with_its_points(page):
    """No frame and no observer is left behind; whoever returns to the tab finds what was drawn."""
    pad = Pad(page, 2)
    pad.button("Ring").click()
    left = """async (canvas, data) => {
        mounted.render(data);
        mounted.remove();
        canvas.width = 5;
        canvas.style.width = "300px";
        for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
        return canvas.width;
    }"""
    assert pad.canvas.evaluate(left, board(2, "light")) == 5
    remount(page, board(2, "light"))
    assert pad.sizes() == [48, 72]


# What is seen


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_points_have_the_colour_of_their_class_on_the_paper_of_the_theme(chromium, theme):
    """At the middle of each point, its colour, sharp on a screen of twice the density."""
    with blank_page(chromium, device_scale_factor=2) as page:
        pad = Pad(page, 5, theme).brush("one point")
        for label in range(5):
            pad.press(str(label + 1))
            pad.click(-0.8 + 0.4 * label, 0.13)
        page.mouse.move(0, 0)
        assert [pad.colour(-0.8 + 0.4 * label, 0.13) for label in range(5)] == list(CLASSES)
        assert pad.colour(0.13, 0.6) == PAPER[theme]
        assert pad.canvas.evaluate("canvas => canvas.width") == 2 * WIDTH


def test_the_crosshair_is_seen_while_the_keyboard_is_used(page):
    """A line through its place when the board has the focus by keyboard; none after it is left."""
    pad = Pad(page, 2)
    pad.press("Shift+ArrowUp", "ArrowUp", "ArrowUp")
    paper, ink = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in (PAPER["light"], INK["light"]))
    line = pad.colour(-0.6, 0.35)
    assert np.abs(np.array([int(line[i : i + 2], 16) for i in (1, 3, 5)]) - (paper + ink) / 2).max() <= 3
    page.keyboard.press("Tab")
    assert pad.colour(-0.6, 0.35) == PAPER["light"]


@pytest.mark.parametrize("width", [288, 343, 600, 1400])
def test_it_fits_every_width_and_nothing_moves_while_drawing(page, width):
    """Nothing is wider than its place, the board is square, controls are large enough, the height is constant."""
    page.set_viewport_size({"width": max(width, 320), "height": 900})
    pad = Pad(page, 5, width=width)
    before = pad.root.bounding_box()
    box = pad.canvas.bounding_box()
    assert abs(box["width"] - box["height"]) < 1
    assert pad.root.evaluate("root => root.scrollWidth") <= width
    for control in pad.root.locator("button, label, input[type=range]").all():
        size = control.bounding_box()
        assert min(size["width"], size["height"]) >= 24
    pad.button("Clusters").click()
    pad.press("Enter")
    assert pad.root.bounding_box() == before
