"""The network drawn, alone in a browser: pixels, mouse, finger and keyboard, and what comes of a click."""

from __future__ import annotations

import base64
import io
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.browser.harness import blank_page, events, mount, remount, unmount
from views.browser.network_diagram import SIGNS
from views.charts.colours import CLASSES, PRUNED, rgb

PAPER = {"light": (255, 255, 255), "dark": (14, 17, 23)}  # of the bare page


def data_of(*matrices, kept=None, by_hand=(), heard: int = 0, theme="light", largest: float = 4.0) -> dict[str, Any]:
    """A diagram of these weights, each matrix (units, inputs). kept: of each hidden layer, all by default."""
    matrices = [np.asarray(matrix, "<f4") for matrix in matrices]
    kept = kept or [[True] * len(matrix) for matrix in matrices[:-1]]
    hidden = [
        {
            "name": f"hidden{i}",
            "title": f"hidden layer {i}",
            "kept": list(bits),
            "by_hand": [(i, unit) in by_hand for unit in range(len(bits))],
            "words": [
                f"hidden layer {i}, unit {u + 1} of {len(bits)}: {'kept' if b else 'gone'}"
                for u, b in enumerate(bits)
            ],
        }
        for i, bits in enumerate(kept, start=1)
    ]
    names = [f"class {label}" for label in range(len(matrices[-1]))]
    return {
        "layers": [
            {"name": "inputs", "title": "inputs", "labels": ["x", "y"]},
            *hidden,
            {"name": "output", "title": "output", "labels": names, "colours": list(CLASSES[: len(names)])},
        ],
        "matrices": [
            {"weights": base64.b64encode(matrix.tobytes()).decode(), "largest": largest} for matrix in matrices
        ],
        "colours": SIGNS[theme],
        "heard": heard,
    }


# x feeds the first two units, y the third; what they give out is as large as can be.
FIRST = [[4, 0], [4, 0], [0, -4]]
LAST = [[4, 4, -4], [0, 0, 0]]


def tiny(removed: tuple[int, ...] = (), **options) -> dict[str, Any]:
    """Two inputs, three units, two classes; removed units have no weight."""
    bits = [unit not in removed for unit in range(3)]
    return data_of(np.array(FIRST) * np.array(bits)[:, None], np.array(LAST) * bits, kept=[bits], **options)


def random_data(*widths: int, seed: int = 0, **options) -> dict[str, Any]:
    """A network of these hidden widths, all of whose weights are different from 0."""
    rng = np.random.default_rng(seed)
    sizes = (2, *widths, 2)
    shapes = zip(sizes[1:], sizes, strict=False)
    return data_of(*(rng.normal(size=shape) + 1e-3 for shape in shapes), **options)


@pytest.fixture
def page(chromium) -> Iterator[Any]:
    with blank_page(chromium) as page:
        yield page


def unit(root, number: int, layer: str = "hidden layer 1"):
    """The button of a unit, counted from 1."""
    return root.locator(f'.unit[aria-label^="{layer}, unit {number} of"]')


def pressed(root) -> list[bool]:
    return root.locator(".unit").evaluate_all("units => units.map(unit => unit.ariaPressed === 'true')")


def focused(root) -> str:
    return root.evaluate("root => root.getRootNode().activeElement?.ariaLabel ?? ''")


def sent(page) -> list[tuple[str, int, int]]:
    """Every click so far, as (layer, unit, count)."""
    assert all(name == "unit" for name, _ in events(page))
    return [(value["layer"], value["unit"], value["count"]) for _, value in events(page)]


def centres(locator) -> np.ndarray:
    """(n, 2) CSS pixels on the page."""
    script = (
        """all => all.map(each => each.getBoundingClientRect()).map(b => [b.x + b.width / 2, b.y + b.height / 2])"""
    )
    return np.array(locator.evaluate_all(script))


def colour_between(page, root, start: str, end: str) -> np.ndarray:
    """The colour (3,) of the page half-way between the dots that two selectors find."""
    x, y = (centres(root.locator(start))[0] + centres(root.locator(end))[0]) / 2
    image = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    return np.array(image.getpixel((int(x), int(y))), float)


def strokes(page, data: dict[str, Any]) -> int:
    """How many lines the component draws when it is given these data."""
    page.evaluate("""() => {
      const pen = CanvasRenderingContext2D.prototype;
      pen.drawn ??= pen.stroke;
      window.strokes = 0;
      pen.stroke = function () { window.strokes += 1; this.drawn(); };
    }""")
    remount(page, data)
    return page.evaluate("() => window.strokes")


X, Y = ".end.layer0 >> nth=0 >> i", ".end.layer0 >> nth=1 >> i"
UNITS = [f".unit >> nth={i}" for i in range(3)]
CLASS_0 = ".end.layer2 >> nth=0 >> i"


# What is drawn


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_connection_has_the_colour_of_its_sign(page, theme):
    """The largest weights are drawn in full colour, and where there is no weight there is paper."""
    root = mount(page, "network_diagram", tiny(theme=theme), theme)
    np.testing.assert_allclose(colour_between(page, root, X, UNITS[0]), rgb(SIGNS[theme]["positive"]), atol=2)
    np.testing.assert_allclose(colour_between(page, root, Y, UNITS[2]), rgb(SIGNS[theme]["negative"]), atol=2)
    np.testing.assert_allclose(colour_between(page, root, X, UNITS[2]), PAPER[theme], atol=2)


def test_a_removed_unit_has_no_connections(page):
    """Where they were is paper, on both of its sides; those of other units stay."""
    root = mount(page, "network_diagram", tiny())
    assert np.abs(colour_between(page, root, X, UNITS[0]) - PAPER["light"]).max() > 100
    remount(page, tiny(removed=(0,)))
    np.testing.assert_array_equal(colour_between(page, root, X, UNITS[0]), PAPER["light"])
    np.testing.assert_array_equal(colour_between(page, root, CLASS_0, UNITS[0]), PAPER["light"])
    np.testing.assert_allclose(colour_between(page, root, Y, UNITS[2]), rgb(SIGNS["light"]["negative"]), atol=2)


def test_a_small_weight_is_paler_than_a_large_one(page):
    """Half the largest weight has less of the colour, but some."""
    root = mount(page, "network_diagram", data_of(np.array(FIRST) / 2, LAST))
    half = np.abs(colour_between(page, root, X, UNITS[0]) - PAPER["light"]).max()
    full = np.abs(rgb(SIGNS["light"]["positive"]) - PAPER["light"]).max()
    assert 0.2 * full < half < 0.8 * full


def test_units_are_buttons_that_say_whether_they_are_kept(page):
    """One button a hidden unit and none for inputs and classes, under a group that counts."""
    root = mount(
        page,
        "network_diagram",
        data_of(FIRST, np.ones((2, 3)), np.ones((2, 2)), kept=[[True, False, True], [True, True]]),
    )
    assert root.get_by_role("button").count() == 5
    assert pressed(root) == [True, False, True, True, True]
    assert unit(root, 2).get_attribute("aria-label") == "hidden layer 1, unit 2 of 3: gone"
    assert root.get_by_role("group", name="hidden layer 1: 2 of 3 units kept").count() == 1
    assert root.get_by_text("2 of 3").is_visible()
    assert [root.get_by_text(name, exact=True).count() for name in ("x", "y", "class 0", "class 1")] == [1] * 4


def test_what_was_changed_by_hand_is_marked(page):
    """A unit by hand has a ring of its own, the others have none."""
    root = mount(page, "network_diagram", tiny(removed=(1,), by_hand={(1, 1)}))
    assert root.locator(".unit").evaluate_all("units => units.map(u => u.classList.contains('hand'))") == [
        False,
        True,
        False,
    ]


def test_of_very_many_connections_the_strongest_are_drawn(page):
    """4,096 are too many and the legend says what is left out; of fewer, all are drawn."""
    root = mount(page, "network_diagram", random_data(64, 64))
    words = "Drawn are the 1,500 strongest connections of 4,096 from hidden layer 1 to hidden layer 2."
    assert root.locator(".note").inner_text() == words
    assert strokes(page, random_data(64, 64, seed=1)) == 2 * 64 + 1500 + 64 * 2
    assert strokes(page, random_data(30, 30)) == 2 * 30 + 30 * 30 + 30 * 2
    assert root.locator(".note").inner_text() == "All 1,020 connections are drawn."


def test_weights_that_are_no_numbers_are_left_out(page):
    """A diverged network is drawn as far as it can be."""
    root = mount(page, "network_diagram", data_of([[np.nan, 4], [4, 0], [0, 4]], LAST))
    assert root.locator(".note").inner_text() == "All 6 connections are drawn."


@pytest.mark.parametrize(
    ("widths", "width", "apart"), [((64, 64), 800, 24), ((64, 64), 288, 16), ((128, 128), 288, 9)]
)
def test_no_unit_hides_another(page, widths, width, apart):
    """In every column units keep their distance, and nothing leaves its place, on a phone neither."""
    root = mount(page, "network_diagram", random_data(*widths), width=width)
    spots = centres(root.locator(".unit"))
    distances = np.linalg.norm(spots[:, None] - spots, axis=-1) + 1e3 * np.eye(len(spots))
    assert distances.min() >= apart
    assert root.evaluate("root => root.scrollWidth") <= width
    boxes = root.locator(".stage *").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
    assert max(boxes) <= width


def test_in_a_wide_place_buttons_are_large_enough(page):
    """24 by 24 pixels each."""
    root = mount(page, "network_diagram", random_data(64, 64))
    box = unit(root, 1).bounding_box()
    assert (box["width"], box["height"]) == (24, 24)


def test_the_drawing_is_as_fine_as_the_screen(chromium):
    """On a screen of two dots a pixel the canvas has twice the pixels."""
    with blank_page(chromium, device_scale_factor=2) as page:
        root = mount(page, "network_diagram", tiny(), width=500)
        assert root.locator("canvas.edges").evaluate("canvas => [canvas.width, canvas.height]") == [1000, 840]


def test_a_narrower_place_is_drawn_anew(page):
    """When the page is resized, units and connections move together."""
    root = mount(page, "network_diagram", tiny())
    page.evaluate("() => { document.getElementById('host').style.width = '400px'; }")
    page.wait_for_function("canvas => canvas.width === 400", arg=root.locator("canvas.edges").element_handle())
    np.testing.assert_allclose(colour_between(page, root, X, UNITS[0]), rgb(SIGNS["light"]["positive"]), atol=2)


def test_drawing_the_default_network_again_is_quick(page):
    """64 and 64 units, all weights new each time; the page itself measures it."""
    mount(page, "network_diagram", random_data(64, 64))
    took = []
    for seed in range(1, 12):
        remount(page, random_data(64, 64, seed=seed))
        took += page.evaluate("() => performance.getEntriesByName('network drawn').map(each => each.duration)")
    assert len(took) == 11
    assert statistics.median(took) < 50


# What is pointed at


def test_pointing_at_a_unit_tells_of_it_and_shows_its_own_connections(page):
    """All others fade, its own are there in full, and its words stand beside it until the pointer leaves."""
    root = mount(page, "network_diagram", tiny())
    unit(root, 1).hover()
    tip = root.locator(".tip")
    assert tip.is_visible()
    assert tip.inner_text() == "hidden layer 1, unit 1 of 3: kept"
    own = colour_between(page, root, X, UNITS[0])
    other = colour_between(page, root, Y, UNITS[2])
    assert np.abs(own - rgb(SIGNS["light"]["positive"])).max() < 30
    assert np.abs(other - PAPER["light"]).max() < 40
    page.mouse.move(5, 5)
    assert tip.is_hidden()
    np.testing.assert_allclose(colour_between(page, root, Y, UNITS[2]), rgb(SIGNS["light"]["negative"]), atol=2)


@pytest.mark.parametrize("width", [288, 340, 800])
def test_the_words_on_a_unit_hide_no_other(page, width):
    """They stand between its layer and the next, wherever the unit is and however narrow the drawing."""
    root = mount(page, "network_diagram", random_data(8, 8, seed=1), width=width)
    dots = root.locator(".unit, .end i")
    boxes = [dots.nth(i).bounding_box() for i in range(dots.count())]
    middles = [(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) for box in boxes]
    for name in ("hidden layer 1", "hidden layer 2"):
        for number in (1, 4, 8):
            unit(root, number, name).hover()
            box = root.locator(".tip").bounding_box()
            across, down = (box["x"], box["x"] + box["width"]), (box["y"], box["y"] + box["height"])
            assert not any(across[0] <= x <= across[1] and down[0] <= y <= down[1] for x, y in middles)


def test_escape_sends_the_words_away(page):
    """What covers something can be dismissed without moving."""
    root = mount(page, "network_diagram", tiny())
    page.keyboard.press("Tab")
    assert root.locator(".tip").is_visible()
    page.keyboard.press("Escape")
    assert root.locator(".tip").is_hidden()


def test_who_wants_no_motion_gets_none(chromium):
    """With reduced motion nothing fades slowly."""
    with blank_page(chromium, reduced_motion="reduce") as page:
        root = mount(page, "network_diagram", tiny())
        assert root.locator(".edges").evaluate("canvas => getComputedStyle(canvas).transitionDuration") == "0s"


# Clicks


def test_a_click_is_sent_and_shown_at_once(page):
    """The unit changes its look and loses its connections before any new data; the count rises."""
    root = mount(page, "network_diagram", tiny())
    unit(root, 1).click()
    assert pressed(root) == [False, True, True]
    unit(root, 3).click()
    assert sent(page) == [("hidden1", 0, 1), ("hidden1", 2, 2)]
    page.mouse.move(5, 5)
    np.testing.assert_array_equal(colour_between(page, root, X, UNITS[0]), PAPER["light"])
    assert root.get_by_role("group", name="hidden layer 1: 1 of 3 units kept").count() == 1


def test_a_removed_unit_is_restored_by_a_click(page):
    """The same click the other way round."""
    root = mount(page, "network_diagram", tiny(removed=(1,)))
    unit(root, 2).click()
    assert pressed(root) == [True, True, True]
    assert sent(page) == [("hidden1", 1, 1)]


def test_data_older_than_a_click_do_not_undo_it(page):
    """Data settle a unit once they have heard of the click, also when it has been refused."""
    root = mount(page, "network_diagram", tiny())
    unit(root, 1).click()
    remount(page, tiny())
    assert pressed(root) == [False, True, True]
    remount(page, tiny(removed=(0,), heard=1))
    assert pressed(root) == [False, True, True]
    unit(root, 2).click()
    remount(page, tiny(removed=(0,), heard=2))
    assert pressed(root) == [False, True, True]


def test_a_double_click_is_one_click(page):
    """A unit that has just been clicked is busy; another one is not."""
    root = mount(page, "network_diagram", tiny())
    root.evaluate("root => [0, 0, 1].forEach(i => root.querySelectorAll('.unit')[i].click())")
    assert sent(page) == [("hidden1", 0, 1), ("hidden1", 1, 2)]
    page.wait_for_timeout(200)
    unit(root, 1).click()
    assert sent(page)[2:] == [("hidden1", 0, 3)]


def test_counts_go_on_after_a_fresh_start(page):
    """A drawing that is made anew counts on from the last click that was heard of."""
    root = mount(page, "network_diagram", tiny(heard=7))
    unit(root, 1).click()
    assert sent(page) == [("hidden1", 0, 8)]


def test_inputs_and_classes_are_not_clicked(page):
    """A click on what cannot be removed sends nothing, although units are in reach of it."""
    root = mount(page, "network_diagram", tiny())
    for place in (X, CLASS_0):
        root.locator(place).click(force=True)
    page.mouse.click(*centres(root.locator(UNITS[0]))[0] + [60, 0])
    assert events(page) == []


def test_a_finger_need_not_hit_exactly(chromium):
    """The nearest unit within 24 pixels is meant, also between the buttons."""
    with blank_page(chromium, has_touch=True) as page:
        root = mount(page, "network_diagram", tiny())
        x, y = centres(root.locator(UNITS[1]))[0]
        page.touchscreen.tap(x + 16, y + 14)
        assert sent(page) == [("hidden1", 1, 1)]
        page.touchscreen.tap(x + 20, y + 20)
        assert len(sent(page)) == 1


def test_a_mouse_means_the_unit_that_is_pointed_out(page):
    """A click beside a button is one on the unit whose words are shown."""
    root = mount(page, "network_diagram", tiny())
    spot = centres(root.locator(UNITS[1]))[0] + [16, 14]
    page.mouse.move(*spot)
    assert root.locator(".tip").inner_text() == "hidden layer 1, unit 2 of 3: kept"
    page.mouse.click(*spot)
    assert sent(page) == [("hidden1", 1, 1)]


def test_only_the_answer_to_a_click_is_spoken(page):
    """The live region is silent until a click is settled, and then says what is left."""
    root = mount(page, "network_diagram", tiny())
    status = root.get_by_role("status")
    remount(page, tiny(removed=(1,)))
    unit(root, 1).click()
    assert status.inner_text() == ""
    remount(page, tiny(removed=(0, 1), heard=1))
    assert status.inner_text() == "hidden layer 1: 1 of 3 units kept"


# The keyboard


def test_the_drawing_is_one_tab_stop(page):
    """Tab goes to the first unit and leaves from there; coming back leads to the unit that was left."""
    root = mount(page, "network_diagram", random_data(5, 10))
    page.keyboard.press("Tab")
    assert focused(root).startswith("hidden layer 1, unit 1 of 5")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert focused(root) == ""
    page.keyboard.press("Shift+Tab")
    assert focused(root).startswith("hidden layer 1, unit 2 of 5")
    assert root.locator("[tabindex='0']").count() == 1


def test_arrows_walk_along_and_across_layers(page):
    """Up and down within a layer, left and right to the same height in the next, Home and End to the ends."""
    root = mount(page, "network_diagram", random_data(5, 10))
    page.keyboard.press("Tab")
    steps = {
        "ArrowUp": "hidden layer 1, unit 1", "ArrowLeft": "hidden layer 1, unit 1",
        "ArrowDown": "hidden layer 1, unit 2", "End": "hidden layer 1, unit 5",
        "ArrowRight": "hidden layer 2, unit 10", "Home": "hidden layer 2, unit 1",
    }  # fmt: skip
    for key, place in steps.items():
        page.keyboard.press(key)
        assert focused(root).startswith(f"{place} of"), key
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
    assert focused(root).startswith("hidden layer 1, unit 2 of")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_enter_and_space_toggle_and_the_focus_stays(page, key):
    """The same click as by mouse; after the answer the same unit is focused, and seen to be."""
    root = mount(page, "network_diagram", tiny())
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.press(key)
    assert sent(page) == [("hidden1", 2, 1)]
    remount(page, tiny(removed=(2,), heard=1))
    assert focused(root) == "hidden layer 1, unit 3 of 3: gone"
    style = unit(root, 3).evaluate("button => getComputedStyle(button).outlineStyle")
    assert style == "solid"


# Reruns


def test_a_rerun_changes_what_has_changed_and_no_more(page):
    """The buttons of the same layers are the same elements; those of other layers are new."""
    root = mount(page, "network_diagram", tiny())
    root.evaluate("root => { root.querySelector('.unit').kept = 'mark'; }")
    remount(page, tiny(removed=(0,)))
    assert root.locator(".unit").first.evaluate("button => button.kept") == "mark"
    assert root.locator("canvas").count() == 2
    remount(page, random_data(4, 4))
    assert root.locator(".unit").count() == 8
    assert root.locator(".unit").first.evaluate("button => button.kept ?? ''") == ""


def test_the_focus_survives_other_layers(page):
    """Where the focused unit is gone, the nearest in number has the focus."""
    root = mount(page, "network_diagram", random_data(5, 10))
    for key in ("Tab", "ArrowRight", "End"):
        page.keyboard.press(key)
    remount(page, random_data(3))
    assert focused(root).startswith("hidden layer 1, unit 3 of 3")


def test_nothing_moves_when_units_go(page):
    """The drawing is as high after a rerun as before, however many connections are left."""
    root = mount(page, "network_diagram", random_data(64, 64), width=343)
    height = root.bounding_box()["height"]
    remount(page, random_data(64, 64, kept=[[True] * 8 + [False] * 56] * 2))
    assert root.bounding_box()["height"] == height


# A single sample


def samples(*kept: str) -> dict[str, Any]:
    """Samples of one hidden layer, as letters for the units that each of them keeps."""
    return {"named": "MC-dropout sample", "colour": PRUNED, "kept": [list(kept)]}


def stand_out(page, sample: int) -> None:
    """What the planes tell when somebody steps to a sample."""
    page.evaluate("n => document.dispatchEvent(new CustomEvent('explorer sample', { detail: n }))", sample)


def looks(root) -> list[str]:
    """How each hidden unit looks."""
    return root.locator(".unit").evaluate_all(
        "units => units.map(unit => ['lit', 'dropped'].filter(name => unit.classList.contains(name)).join())"
    )


def test_a_sample_lights_what_it_keeps_and_dims_what_it_drops(page):
    """Its connections alone are drawn, a sentence counts its units, a reader hears of each; then all is as before."""
    root = mount(page, "network_diagram", {**tiny(), "thinned": samples("110", "001")})
    said, note = root.locator(".sample"), root.locator(".note")
    before = note.inner_text()
    assert (looks(root), said.is_visible(), before) == (["", "", ""], False, "All 6 connections are drawn.")
    stand_out(page, 1)
    assert looks(root) == ["lit", "lit", "dropped"]
    assert said.inner_text() == (
        "MC-dropout sample 1 of 2 keeps 2 of 3 units in hidden layer 1: they are lit, the others dimmed."
    )
    assert note.inner_text() == "All 4 connections are drawn."
    assert [label.endswith("dropped in this sample") for label in labels(root)] == [False, False, True]
    np.testing.assert_allclose(colour_between(page, root, Y, UNITS[2]), PAPER["light"], atol=2)
    stand_out(page, 2)
    assert looks(root) == ["dropped", "dropped", "lit"]
    stand_out(page, 0)
    assert (looks(root), said.is_visible(), note.inner_text()) == (["", "", ""], False, before)


def test_a_removed_unit_is_neither_lit_nor_dimmed(page):
    """It stays what it is; where no samples are known, whatever stands out lights nothing."""
    root = mount(page, "network_diagram", {**tiny((2,)), "thinned": samples("100")})
    stand_out(page, 1)
    assert looks(root) == ["lit", "dropped", ""]
    assert "1 of 2 units in hidden layer 1" in root.locator(".sample").inner_text()
    remount(page, tiny((2,)))
    assert looks(root) == ["", "", ""]
    assert not root.locator(".sample").is_visible()


def test_a_drawing_that_has_gone_hears_no_more(page):
    """What the planes tell later leaves it as it was."""
    root = mount(page, "network_diagram", {**tiny(), "thinned": samples("011")})
    stand_out(page, 1)
    unmount(page)
    stand_out(page, 0)
    assert looks(root) == ["dropped", "lit", "lit"]


def labels(root) -> list[str]:
    return root.locator(".unit").evaluate_all("units => units.map(unit => unit.ariaLabel)")


def test_after_the_end_nothing_is_watched(page):
    """A drawing that has been taken away does not answer to a change of size."""
    root = mount(page, "network_diagram", tiny())
    unmount(page)
    page.evaluate("() => { document.getElementById('host').style.width = '400px'; }")
    page.wait_for_timeout(100)
    assert root.locator("canvas.edges").evaluate("canvas => canvas.width") == 800
