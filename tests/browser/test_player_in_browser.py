"""The player in a real browser: what it paints, how it plays, and that keys alone are enough."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pruning import Experiment
from pruning.inspect.replay import SIDE, Phase, Recording
from pruning.outcome import PlaneOutcome
from tests.browser.harness import blank_page, events, mount, remount, unmount
from views.browser.replay_player import replayed
from views.charts.colours import CLASSES, INK, PAPER, STRONGEST, rgb

DENSE_FRAMES = 31  # epochs 0 to 29, and the early stop
PRUNED_FRAMES = 13
KEPT = ("1111111111", "1101011011", "0101010001")  # of ten units, phase by phase
STARTS = (0, DENSE_FRAMES, DENSE_FRAMES + PRUNED_FRAMES)
LAST = DENSE_FRAMES + 2 * PRUNED_FRAMES - 1
SURE = (50, 51 + 50)  # the codes of certainty for either class


def split(right: np.ndarray) -> np.ndarray:
    """A map in which class 1 has the cells of a mask, for certain, and class 0 the others."""
    return np.where(right, SURE[1], SURE[0]).astype(np.uint8)


ROW, COLUMN = np.mgrid[:SIDE, :SIDE]
UPRIGHT, LEVEL = split(SIDE // 2 <= COLUMN), split(SIDE // 2 <= ROW)


def phase(level: int, frames: int, map_: np.ndarray, **changes: Any) -> Phase:
    """Epochs 0, 1, 2 … with a validation loss of 1, 1/2, 1/3 …; kept are the weights of epoch 8."""
    made = Phase(
        prune_ratio=0.3 * level,
        level=level,
        masks={"hidden1": np.array([unit == "1" for unit in KEPT[level]])},
        epochs=np.array([*range(frames - 1), 8]),
        maps=np.repeat(map_[None], frames, axis=0),
        train_loss=np.linspace(1, 0.5, frames - 2),
        val_loss=1 / np.arange(1, frames),
        early_stop_epoch=8,
    )
    return replace(made, **changes)


def data_of(*phases: Phase, theme: Any = "light", n_classes: int = 2) -> dict[str, Any]:
    points = np.array([[0.5, 0.5], [3.5, 3.5]]), np.array([0, 1])
    none = np.zeros((0, 2))
    outcome = PlaneOutcome(Experiment(), np.zeros(0, int), n_classes, (), *points, none, none)
    return replayed(Recording(Experiment(), (0.0, 4.0, 0.0, 4.0), n_classes, phases, (), {}), outcome, theme)


def three_phases(theme: Any = "light") -> dict[str, Any]:
    """Dense with a vertical boundary, then two levels with a horizontal one."""
    levels = [phase(level, PRUNED_FRAMES, LEVEL) for level in (1, 2)]
    return data_of(phase(0, DENSE_FRAMES, UPRIGHT), *levels, theme=theme)


class Viewer:
    """A person in front of a player."""

    def __init__(self, page, data: dict[str, Any] | None = None, theme: str = "light", width: int = 800) -> None:
        self.page = page
        self.root = mount(page, "replay_player", data or three_phases(theme), theme, width)
        self.range = self.root.get_by_role("slider", name="Frame of the film")
        self.range.wait_for()

    @property
    def frame(self) -> int:
        return int(self.range.input_value())

    @property
    def playing(self) -> bool:
        return self.button("Pause").count() == 1

    def button(self, name: str):
        return self.root.get_by_role("button", name=name)

    def seek(self, frame: int) -> Viewer:
        self.range.fill(str(frame))
        return self

    def press(self, *keys: str) -> Viewer:
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def words(self) -> str:
        """What stands above the plane, with plain spaces."""
        return re.sub(r"\s+", " ", self.root.locator(".words").inner_text()).strip()

    def row(self, y: int) -> np.ndarray:
        """(width, 4) of the map, a row of its pixels."""
        script = "(map, y) => [...map.getContext('2d').getImageData(0, y, map.width, 1).data]"
        return np.array(self.root.locator("canvas.map").evaluate(script, y)).reshape(-1, 4)

    def pixel(self, x: float, y: float, layer: str = "map") -> np.ndarray:
        """Red, green, blue and opacity at a share of the width and height, from the upper left."""
        script = "(map, [x, y]) => [...map.getContext('2d').getImageData(x * map.width, y * map.height, 1, 1).data]"
        return np.array(self.root.locator(f"canvas.{layer}").evaluate(script, [x, y]))

    def units(self) -> str:
        dots = self.root.locator(".dots i")
        return "".join(dots.evaluate_all("dots => dots.map((dot) => dot.dataset.unit)"))

    def paintings(self) -> list[float]:
        """Milliseconds of each frame painted since play was pressed."""
        return self.page.evaluate("performance.getEntriesByName('player frame').map((frame) => frame.duration)")


@pytest.fixture
def page(chromium) -> Iterator[Any]:
    with blank_page(chromium) as blank:
        yield blank


@pytest.fixture
def clocked(chromium) -> Iterator[Any]:
    """A page on which time stands still until a test moves it."""
    with blank_page(chromium) as blank:
        blank.clock.install(time=0)
        blank.clock.pause_at(1000)
        yield blank


def certain(label: int, theme: Any = "light") -> np.ndarray:
    return STRONGEST * rgb(CLASSES[label]) + (1 - STRONGEST) * rgb(PAPER[theme])


# What is painted


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_side_of_the_boundary_has_its_class_and_the_boundary_is_ink(page, theme):
    """Class 0 is left, class 1 right, each in its colour, and between them runs a line from top to bottom."""
    viewer = Viewer(page, theme=theme)
    for y in (0.02, 0.5, 0.98):
        np.testing.assert_allclose(viewer.pixel(0.25, y)[:3], certain(0, theme), atol=1)
        np.testing.assert_allclose(viewer.pixel(0.75, y)[:3], certain(1, theme), atol=1)
        np.testing.assert_allclose(viewer.pixel(0.5, y)[:3], rgb(INK[theme]), atol=1)


def test_high_y_is_painted_at_the_top(page):
    """Where class 1 has the upper half, so it has on the screen."""
    viewer = Viewer(page).seek(STARTS[1])
    np.testing.assert_allclose(viewer.pixel(0.5, 0.25)[:3], certain(1), atol=1)
    np.testing.assert_allclose(viewer.pixel(0.5, 0.75)[:3], certain(0), atol=1)
    np.testing.assert_allclose(viewer.pixel(0.1, 0.5)[:3], rgb(INK["light"]), atol=1)


def test_the_boundary_is_nearer_to_the_side_that_is_less_sure(page):
    """Between a cell ahead by 10.5 and one by 30.5 the line divides their distance in that ratio."""
    codes = np.where(SIDE // 2 <= COLUMN, 51 + 30, 10).astype(np.uint8)
    viewer = Viewer(page, data_of(phase(0, 12, codes)), width=1200)
    row = viewer.row(100)
    dark = np.flatnonzero(row[:, :3].sum(axis=1) < 200) + 0.5
    # Smoothed over three columns: ahead by (10.5 · 3 − 30.5) / 4 = 0.25 on the left, by 20.25 on the right
    assert dark.mean() * SIDE / len(row) == pytest.approx(SIDE / 2 - 0.5 + 0.25 / 20.5, abs=0.1)


def test_three_classes_have_three_lines(page):
    """Of three columns each has its colour, and a line runs wherever two classes meet, also between 0 and 2."""
    codes = (51 * np.array([1, 0, 2])[COLUMN // (SIDE // 3)] + 50).astype(np.uint8)
    viewer = Viewer(page, data_of(phase(0, 12, codes), n_classes=3))
    for x, label in ((1 / 6, 1), (1 / 2, 0), (5 / 6, 2)):
        np.testing.assert_allclose(viewer.pixel(x, 0.3)[:3], certain(label), atol=1)
    for x in (1 / 3, 2 / 3):
        np.testing.assert_allclose(viewer.pixel(x, 0.3)[:3], rgb(INK["light"]), atol=1)


def test_the_picture_ends_where_the_plane_ends(page):
    """The first column of cells is one cell wide: what is repeated around the rim is not seen."""
    viewer = Viewer(page, data_of(phase(0, 12, split(COLUMN == 0))))
    np.testing.assert_allclose(viewer.pixel(0.2 / SIDE, 0.5)[:3], certain(1), atol=20)
    np.testing.assert_allclose(viewer.pixel(1.8 / SIDE, 0.5)[:3], certain(0), atol=20)


def test_the_training_points_lie_on_top(page):
    """A point is where its coordinates are, in its class's colour."""
    viewer = Viewer(page)
    np.testing.assert_array_equal(viewer.pixel(0.125, 0.875, "points"), [*rgb(CLASSES[0]), 255])
    np.testing.assert_array_equal(viewer.pixel(0.875, 0.125, "points"), [*rgb(CLASSES[1]), 255])
    assert viewer.pixel(0.5, 0.5, "points")[3] == 0


def test_a_fine_screen_gets_fine_pixels(chromium):
    """On a screen of two pixels per pixel the canvases have twice as many as they are wide."""
    with blank_page(chromium, device_scale_factor=2) as page:
        viewer = Viewer(page)
        canvas = viewer.root.locator("canvas.map")
        assert canvas.evaluate("map => map.width") == round(2 * canvas.bounding_box()["width"])


def test_the_units_are_those_of_the_masks(page):
    """Dots are full where kept and hollow where gone; those that go with a phase are told from the others."""
    viewer = Viewer(page)
    assert viewer.units() == KEPT[0]
    assert viewer.seek(STARTS[1]).units() == "11-1-11-11"
    assert viewer.seek(STARTS[2]).units() == "-10101-0-1"
    assert viewer.root.locator(".layers").inner_text().split("\n") == ["Hidden layer 1", "4 of 10"]


def test_rings_fade_while_the_phase_begins(page):
    """What has just gone is ringed in the first frames of its phase and, ten frames on, just hollow."""
    viewer = Viewer(page)
    ring = "dot => getComputedStyle(dot).outlineColor.split('/')[1]?.slice(0, -1) ?? 1"  # without a share: all
    left = viewer.root.locator(".dots [data-unit='-']").first
    opacities = [float(viewer.seek(STARTS[1] + frame) and left.evaluate(ring)) for frame in (0, 5, 10, 12)]
    assert opacities == pytest.approx([1, 0.5, 0, 0], abs=0.01)


def test_the_cursor_stands_at_the_epoch_and_its_loss(page):
    """The cursor's dot is at the epoch's share of the width and at the validation loss's share of the scale."""
    viewer = Viewer(page).seek(3)  # epoch 3 of 29, a loss of 1/4 on a scale up to 1
    chart, dot = (viewer.root.locator(part).bounding_box() for part in (".chart", ".dot"))
    assert (dot["x"] + dot["width"] / 2 - chart["x"]) / chart["width"] == pytest.approx(3 / 29, abs=0.01)
    assert (dot["y"] + dot["height"] / 2 - chart["y"]) / chart["height"] == pytest.approx(0.75, abs=0.02)
    assert viewer.root.locator(".stop").inner_text() == "early stop, epoch 8"
    assert viewer.root.locator(".chart").get_attribute("aria-label").endswith("29 epochs. early stop, epoch 8")


def test_losses_that_are_no_numbers_are_gaps(page):
    """A training that went astray is told as such, and its curve is broken there."""
    losses = np.array([0.5, 0.4, np.nan, 0.3, 0.2, np.inf, 0.1, 0.1, 0.1, 0.1, 0.1])
    viewer = Viewer(page, data_of(phase(0, 12, UPRIGHT, val_loss=losses))).seek(2)
    assert viewer.words().startswith("Dense, epoch 2 of 10 validation loss not finite")
    path = viewer.root.locator(".past .val").get_attribute("d")
    assert (path.count("M"), path.count("L")) == (3, 6)


# Words


def test_the_first_view_is_the_untrained_network_at_rest(page):
    """Nothing plays by itself; what is seen first is epoch 0, and a button that invites."""
    viewer = Viewer(page)
    page.wait_for_timeout(200)
    assert (viewer.frame, viewer.playing) == (0, False)
    assert viewer.words() == "Dense, epoch 0 of 29 validation loss 1.000 Starting from random weights"
    assert viewer.root.get_by_role("status").inner_text() == ""


def test_the_words_follow_the_frame(page):
    """Ratio, epoch, loss, what has just happened, and at the end of a phase that its early stop is kept."""
    viewer = Viewer(page)
    assert viewer.seek(14).words() == "Dense, epoch 14 of 29 validation loss 0.067"
    kept = "validation loss 0.111 The early stop: these weights are kept"
    assert viewer.seek(STARTS[1] - 1).words() == f"Dense, epoch 8 of 29 {kept}"
    said = viewer.seek(STARTS[1]).words()
    assert said == "Pruned at 0.3, epoch 0 of 11 validation loss 1.000 3 units removed"
    assert viewer.range.get_attribute("aria-valuetext") == "Pruned at 0.3, epoch 0 of 11, validation loss 1.000"


def test_a_phase_without_training_says_so(page):
    """Pruning without retraining has one network to show: no epochs, no early stop."""
    still = phase(1, 2, LEVEL, val_loss=np.array([0.4]), train_loss=np.array([]), early_stop_epoch=0)
    still = replace(still, epochs=np.array([0, 0]))
    viewer = Viewer(page, data_of(phase(0, 12, UPRIGHT), still)).seek(13)
    assert viewer.words() == "Pruned at 0.3, untrained validation loss 0.400 3 units removed"
    assert viewer.root.locator(".stop").inner_text() == ""


# Playing


def test_it_plays_and_a_frame_is_painted_in_time(page):
    """Frames advance by themselves, without a word to the server; half of them take far less than 50 ms."""
    viewer = Viewer(page)
    viewer.button("Play").click()
    page.wait_for_function("performance.getEntriesByName('player frame').length > 15")
    assert viewer.playing
    assert viewer.frame >= 14
    assert np.median(viewer.paintings()) < 50
    assert events(page) == []


@pytest.mark.parametrize(("speed", "frames"), [("½×", 5), ("1×", 10), ("2×", 20)])
def test_the_speed_is_what_it_says(clocked, speed, frames):
    """At 1× half a second is ten frames."""
    viewer = Viewer(clocked)
    viewer.root.get_by_role("radio", name=speed).check()
    viewer.button("Play").click()
    clocked.clock.run_for(520)
    assert viewer.frame == frames


def test_the_end_of_a_phase_is_held(clocked):
    """The last frame of a phase stays for 0.6 s; then the next phase begins."""
    viewer = Viewer(clocked).seek(STARTS[1] - 2)
    viewer.button("Play").click()
    clocked.clock.run_for(70)
    assert viewer.frame == STARTS[1] - 1
    clocked.clock.run_for(560)
    assert viewer.frame == STARTS[1] - 1
    clocked.clock.run_for(60)
    assert viewer.frame == STARTS[1]


def test_the_film_ends_and_begins_again(clocked):
    """At the last frame it stops and says where, having been silent until then; Play starts it over."""
    viewer = Viewer(clocked).seek(LAST - 3)
    said = viewer.root.get_by_role("status")
    viewer.button("Play").click()
    clocked.clock.run_for(60)
    assert said.inner_text() == ""
    clocked.clock.run_for(1000)
    assert (viewer.frame, viewer.playing) == (LAST, False)
    assert said.inner_text() == "Paused. Pruned at 0.6, epoch 8 of 11, validation loss 0.111"
    viewer.button("Play").click()
    assert (viewer.frame, viewer.playing) == (0, True)


def test_the_time_out_of_sight_is_not_made_up_for(clocked):
    """A page that has been hidden for a minute goes on from where it was, and does not jump to the end."""
    viewer = Viewer(clocked)
    viewer.button("Play").click()
    clocked.clock.fast_forward(60_000)
    clocked.clock.run_for(20)
    assert 0 < viewer.frame <= 10


def test_buttons_step_jump_and_return(page):
    """One frame back and on, to the next phase, from the last phase to the end, and to the start."""
    viewer = Viewer(page)
    seen = []
    for name in ("One frame on", "One frame on", "One frame back", *["To the next phase"] * 3, "To the start"):
        viewer.button(name).click()
        seen.append(viewer.frame)
    assert seen == [1, 2, 1, *STARTS[1:], LAST, 0]


def test_stepping_pauses_and_jumping_does_not(clocked):
    """Who steps or scrubs wants to look; who jumps to a phase wants to see it played."""
    viewer = Viewer(clocked)
    viewer.button("Play").click()
    viewer.button("To the next phase").click()
    assert viewer.playing
    viewer.button("One frame on").click()
    assert not viewer.playing
    viewer.button("Play").click()
    viewer.seek(4)
    assert not viewer.playing


# Keys alone


def test_keys_step_scrub_and_jump(page):
    """On the timeline arrows step, Home and End go to the ends, and the page keys from phase to phase."""
    viewer = Viewer(page).press("Tab")
    seen = []
    for key in (
        "ArrowRight",
        "ArrowRight",
        "ArrowLeft",
        "PageUp",
        "PageUp",
        "PageUp",
        "PageDown",
        "PageDown",
        "Home",
    ):
        viewer.press(key)
        seen.append(viewer.frame)
    assert seen == [1, 2, 1, *STARTS[1:], LAST, STARTS[2], STARTS[1], 0]
    assert viewer.press("End").frame == LAST


def test_three_tab_stops_reach_everything(page):
    """Timeline, Play, speed, in this order, each with a ring of focus; the next Tab leaves the player."""
    viewer = Viewer(page)
    focused = "root => root.getRootNode().activeElement?.matches(':focus-visible') && "
    focused += "(root.getRootNode().activeElement.dataset.do ?? root.getRootNode().activeElement.type)"
    stops = [viewer.press("Tab") and viewer.root.evaluate(focused) for _ in range(4)]
    assert stops == ["range", "play", "radio", None]


def test_space_plays_wherever_the_focus_is(clocked):
    """On the timeline and after a click into the picture Space plays and pauses; on Play it is one press, not two."""
    viewer = Viewer(clocked).press("Tab", "Space")
    assert viewer.playing
    assert not viewer.press("Space").playing
    assert viewer.press("Tab", "Space").playing
    assert not viewer.press("Space").playing
    viewer.root.locator(".plane").click()
    assert viewer.press("Space").playing


def test_arrows_choose_the_speed(clocked):
    """The speeds are one group of radio buttons; Space there chooses and does not play."""
    viewer = Viewer(clocked).press("Tab", "Tab", "Tab", "ArrowRight", "Space")
    assert viewer.root.get_by_role("radio", name="2×").is_checked()
    assert not viewer.playing


# Reruns


def test_a_rerun_with_the_same_recording_changes_nothing(page):
    """Place, focus, speed and the very nodes stay; in the other theme only the colours change."""
    viewer = Viewer(page).seek(STARTS[1] + 5)
    viewer.root.locator("canvas.map").evaluate("map => map.dataset.kept = 'yes'")
    viewer.range.focus()
    painted = len(viewer.paintings())
    remount(page, three_phases())
    page.wait_for_timeout(50)
    assert (viewer.frame, len(viewer.paintings())) == (STARTS[1] + 5, painted)
    remount(page, three_phases("dark"))
    page.wait_for_timeout(50)
    assert viewer.frame == STARTS[1] + 5
    np.testing.assert_allclose(viewer.pixel(0.5, 0.25)[:3], certain(1, "dark"), atol=1)
    assert viewer.root.locator("canvas.map[data-kept=yes]").count() == 1
    assert viewer.press("ArrowRight").frame == STARTS[1] + 6


def test_another_recording_starts_at_its_first_frame_at_rest(page):
    """New data stop the film, whatever was playing, and the timeline has their length."""
    viewer = Viewer(page).seek(20)
    viewer.button("Play").click()
    remount(page, data_of(phase(0, 12, LEVEL)))
    viewer.root.get_by_text("epoch 0 of 10").wait_for()
    assert (viewer.frame, viewer.playing) == (0, False)
    assert viewer.range.get_attribute("max") == "11"
    np.testing.assert_allclose(viewer.pixel(0.5, 0.25)[:3], certain(1), atol=1)


def test_of_two_quick_recordings_the_later_is_shown(page):
    """What was asked for last is shown, also where what came before takes longer to unpack."""
    viewer = Viewer(page)
    noise = np.random.default_rng(0).integers(0, 102, (700, SIDE, SIDE), np.uint8)
    slow = data_of(phase(0, 700, UPRIGHT, maps=noise))
    page.evaluate("both => both.forEach((data) => mounted.render(data))", [slow, data_of(phase(0, 12, LEVEL))])
    page.wait_for_timeout(500)
    assert viewer.range.get_attribute("max") == "11"
    np.testing.assert_allclose(viewer.pixel(0.5, 0.25)[:3], certain(1), atol=1)


def test_it_stops_when_it_is_taken_away(page):
    """Once unmounted, nothing is painted any more, neither in time nor in another size."""
    viewer = Viewer(page)
    viewer.button("Play").click()
    unmount(page)
    painted = len(viewer.paintings())
    page.evaluate("document.getElementById('host').style.width = '500px'")
    page.wait_for_timeout(200)
    assert len(viewer.paintings()) == painted


# Every screen


@pytest.mark.parametrize("width", [320, 375, 800, 1600])
def test_nothing_overflows_and_nothing_moves(page, width):
    """On a phone as on a projector all fits, every control is large enough, and no frame moves anything."""
    page.set_viewport_size({"width": width, "height": 900})
    viewer = Viewer(page, width=width)
    parts = ".plane, .chart, .layers, .timeline, .controls"
    boxes = "parts => parts.map((part) => JSON.stringify(part.getBoundingClientRect()))"
    places = {tuple(viewer.seek(at).root.locator(parts).evaluate_all(boxes)) for at in (0, 14, STARTS[1], LAST)}
    assert len(places) == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in viewer.root.locator("button, label, input[type=range]").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_small_print_can_be_read(page, theme):
    """The faintest text stands out from the page by more than 4.5 to 1 (WCAG 2.2, 1.4.3)."""
    viewer = Viewer(page, theme=theme)
    colour = viewer.root.locator("figcaption").evaluate("text => getComputedStyle(text).color")
    text = np.array(re.findall(r"0?\.\d+|\d+", colour)[:3], float)
    paper = {"light": np.ones(3), "dark": np.array([14, 17, 23]) / 255}[theme]
    light, dark = sorted((luminance(text), luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 4.5


def luminance(colour: np.ndarray) -> float:
    """Relative luminance of red, green and blue in [0, 1] (WCAG 2.2)."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def test_frames_that_are_inflated_after_the_player_has_left_are_let_go(page):
    """Of a page that is left while it is answered: what arrives then finds no place, and breaks nothing."""
    root = mount(page, "replay_player", three_phases())
    data = three_phases("dark")
    page.evaluate(
        """async (data) => {
          await mounted.render(data); // its frames are being inflated
          mounted.remove();
          document.querySelector("#host").shadowRoot.querySelector(".root").replaceChildren();
        }""",
        {**data, "id": "another"},
    )
    page.wait_for_timeout(500)
    assert root.inner_html() == ""
