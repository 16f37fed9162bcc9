"""The planes in a real browser: what is painted, what pointer and keyboard are told, and how colours change."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from pruning.inspect.plane import RESOLUTION
from tests.browser.harness import blank_page, mount, remount, unmount
from views.charts.colours import CLASSES, INK, PAPER, PRUNED, SEQUENCE, STRONGEST, TRUE_BOUNDARY, blend, rgb, sequence
from views.moons.planes import packed, packed_draws

TOP = 0.2  # of the scale for epistemic uncertainty
QUANTITIES = ["probability", "entropy", "aleatoric", "epistemic"]


def maps(probs: np.ndarray, epistemic: float = 0.05) -> str:
    """Maps of the probabilities (R, R, C), the same epistemic part everywhere, as the page sends them."""
    return packed(probs, np.full(probs.shape[:2], epistemic / math.log(probs.shape[-1])))


def two(class_1: np.ndarray) -> np.ndarray:
    return np.stack([1 - class_1, class_1], axis=-1)


ROW, COLUMN = np.mgrid[:RESOLUTION, :RESOLUTION]  # rows go from low to high y
UPRIGHT = two(np.where(COLUMN >= RESOLUTION // 2, 0.9, 0.2))  # class 1 at the right
LEVEL = two(np.where(ROW >= RESOLUTION // 2, 0.9, 0.2))  # class 1 at the top


def scene(dense: np.ndarray, pruned: np.ndarray | None = None, **changes: Any) -> dict[str, Any]:
    """What the page hands over for one or two networks."""
    n_classes = dense.shape[-1]
    given = {"Dense": dense} if pruned is None else {"Dense": dense, "Pruned": pruned}
    theme = changes.get("theme", "light")
    return {
        "panels": [
            {"name": name, "id": f"{name}{probs.sum():.3f}", "maps": maps(probs), "wrong": []}
            for name, probs in given.items()
        ],
        "truth": None,
        "side": RESOLUTION + 2,
        "classes": n_classes,
        "names": [f"class {c}" for c in range(n_classes)],
        "axes": ["", ""],
        "extent": [-1.0, 3.0, 0.0, 2.0],
        "points": [],
        "quantity": "probability",
        "quantities": QUANTITIES,
        "words": {name: {"name": name, "title": f"{name}, nats", "short": name} for name in QUANTITIES},
        "tops": {
            "probability": 1,
            "entropy": math.log(n_classes),
            "aleatoric": math.log(n_classes),
            "epistemic": TOP,
        },
        "theme": "light",
        "strongest": STRONGEST,
        "colours": {
            "classes": CLASSES[:n_classes],
            "sequence": SEQUENCE[theme],
            "paper": PAPER[theme],
            "ink": INK[theme],
            "truth": TRUE_BOUNDARY[theme],
            "draw": PRUNED,
        },
        **changes,
    }


@pytest.fixture
def page(chromium) -> Iterator[Any]:
    with blank_page(chromium) as found:
        yield found


def shown(page, data: dict[str, Any], **options: Any):
    """The planes of these data, once they are painted."""
    root = mount(page, "planes", data, **options)
    painted(page, data)
    return root


def painted(page, data: dict[str, Any], quantity: str | None = None) -> None:
    """Wait until what can be seen is what the data say."""
    colour = quantity or data["quantity"]
    for i, panel in enumerate(data["panels"]):
        drawn = f"{panel['id']} {colour} {data['theme']}"
        page.locator(f'[data-panel="{i}"][data-drawn="{drawn}"]').wait_for(state="attached")


PIXEL = """(canvas, [x, y]) => [...canvas.getContext("2d").getImageData(
    Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data].slice(0, 3)"""


def pixel(root, x: float, y: float, panel: int = 0, layer: str = "map") -> np.ndarray:
    """The colour at shares x and y of a plane, from its upper left corner."""
    return np.array(root.locator(f'[data-panel="{panel}"] .{layer}').evaluate(PIXEL, [x, y]))


def near(colour: np.ndarray, expected: np.ndarray) -> bool:
    """Equal but for rounding: twelve bits of a map, eight of a colour."""
    return bool((np.abs(colour - expected) <= 2).all())


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_colours_are_those_of_the_files(page, theme):
    """Each side has the colour that the page's own Python gives that probability."""
    root = shown(page, scene(UPRIGHT, theme=theme), theme=theme)
    assert near(pixel(root, 0.25, 0.5), blend(np.array([0.8, 0.2]), theme))
    assert near(pixel(root, 0.75, 0.5), blend(np.array([0.1, 0.9]), theme))


def test_high_y_is_at_the_top_and_large_x_at_the_right(page):
    """The dense network's boundary is upright, the pruned one's level; neither is mirrored."""
    root = shown(page, scene(UPRIGHT, LEVEL))
    one, other = (blend(np.array(probs), "light") for probs in ([0.1, 0.9], [0.8, 0.2]))
    assert near(pixel(root, 0.9, 0.9), one)
    assert near(pixel(root, 0.9, 0.1, panel=1), one)
    assert near(pixel(root, 0.9, 0.9, panel=1), other)


def test_the_boundary_is_ink_where_the_winner_changes(page):
    """From 0.2 to 0.9 the probability passes ½ at 3/7 of the way between two cells; on the line lies ink."""
    root = shown(page, scene(UPRIGHT))
    assert near(pixel(root, (RESOLUTION / 2 - 0.5 + 3 / 7) / RESOLUTION, 0.3), rgb(INK["light"]))
    assert near(pixel(root, (RESOLUTION / 2 - 0.5 + 3 / 7) / RESOLUTION, 0.999), rgb(INK["light"]))


def test_one_class_everywhere_has_no_boundary(page):
    """A plane without a change of winner has one colour."""
    root = shown(page, scene(two(np.full((RESOLUTION, RESOLUTION), 0.9))))
    colours = {tuple(pixel(root, x, y)) for x in np.linspace(0.02, 0.98, 9) for y in np.linspace(0.02, 0.98, 9)}
    assert len(colours) == 1


@pytest.mark.parametrize("quantity", ["entropy", "aleatoric", "epistemic"])
def test_an_uncertainty_has_its_place_on_its_scale(page, quantity):
    """Entropy and its two parts of p = 0.2: 0.5004 nats, of which 0.05 are epistemic."""
    value = {"entropy": 0.5004, "aleatoric": 0.4504, "epistemic": 0.05}[quantity]
    root = shown(page, scene(UPRIGHT, quantity=quantity))
    top = TOP if quantity == "epistemic" else math.log(2)
    assert near(pixel(root, 0.2, 0.5), sequence(np.array(value / top), "light"))


def test_three_classes_have_three_colours_and_a_boundary_between_any_two(page):
    """A third of the plane each: the winner's colour on both sides of two lines."""
    probs = np.full((RESOLUTION, RESOLUTION, 3), 0.1)
    np.put_along_axis(probs, (COLUMN * 3 // RESOLUTION)[..., None], 0.8, axis=-1)
    root = shown(page, scene(probs))
    for label, x in enumerate((0.15, 0.5, 0.85)):
        winning = np.full(3, 0.1)
        winning[label] = 0.8
        assert near(pixel(root, x, 0.5), blend(winning, "light"))
    for line in (27 / 80, 54 / 80):
        row = [pixel(root, line + step / 800, 0.5) for step in range(-8, 9)]
        assert any(near(colour, rgb(INK["light"])) for colour in row)


def test_a_wrong_point_wears_a_ring_and_a_right_one_does_not(page):
    """The ring is ink; the point itself has the colour of its class."""
    data = scene(UPRIGHT, points=[[0.25, 0.5, 1], [0.75, 0.5, 1]])
    data["panels"][0]["wrong"] = [True, False]
    root = shown(page, data)
    for x in (0.25, 0.75):
        assert near(pixel(root, x, 0.5, layer="points"), rgb(CLASSES[1]))
    width = root.locator(".plane").first.bounding_box()["width"]
    around = {
        x: [pixel(root, x + step / width, 0.5, layer="points") for step in np.arange(2, 9, 0.5)] for x in (0.25, 0.75)
    }
    assert any(near(colour, rgb(INK["light"])) for colour in around[0.25])
    assert not any(near(colour, rgb(INK["light"])) for colour in around[0.75])


def test_the_pointer_is_told_the_numbers_of_its_place_by_both_networks(page):
    """Class, its probability and the quantity; away from the planes nothing is said."""
    data = scene(UPRIGHT, LEVEL, quantity="entropy")
    root = shown(page, data)
    box = root.locator(".plane").first.bounding_box()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"])
    dense, pruned = root.locator(".numbers").all_inner_texts()
    assert dense == "class 1: 0.90, entropy 0.325"
    assert pruned == "class 0: 0.80, entropy 0.500"
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] + 200)
    assert root.locator(".numbers").all_inner_texts() == ["", ""]


def test_arrow_keys_move_a_crosshair_and_its_numbers_are_read_out(page):
    """From the middle one step to the right and one up; Escape puts it away."""
    root = shown(page, scene(UPRIGHT, LEVEL))
    root.locator(".panels").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    said = root.locator("[role=status]").inner_text()
    assert said == "x 1.10, y 1.05. Dense: class 1: 0.90. Pruned: class 1: 0.90"
    page.keyboard.press("Escape")
    assert root.locator("[role=status]").inner_text() == ""
    assert root.locator(".numbers").all_inner_texts() == ["", ""]


COLOURS = """() => {
  const group = document.createElement("div");
  group.className = "st-key-colour";
  group.innerHTML = "<button data-testid='stBaseButton-segmented_control'>x</button>".repeat(4);
  document.body.append(group);
}"""


def test_a_colour_is_shown_when_its_button_is_pressed(page):
    """Before anything has come from the server; an answer that is older than the press does not undo it."""
    data = scene(UPRIGHT, LEVEL)
    root = shown(page, data)
    page.evaluate(COLOURS)
    page.locator(".st-key-colour button").nth(3).click()
    painted(page, data, "epistemic")
    assert near(pixel(root, 0.2, 0.5), sequence(np.array(0.05 / TOP), "light"))
    remount(page, scene(UPRIGHT, UPRIGHT))
    painted(page, scene(UPRIGHT, UPRIGHT), "epistemic")
    answered = scene(UPRIGHT, UPRIGHT, quantity="epistemic")
    remount(page, answered)
    painted(page, answered)
    later = scene(UPRIGHT, LEVEL, quantity="entropy")
    remount(page, later)
    painted(page, later)


def test_other_maps_replace_the_picture_without_a_blank_one(page):
    """While new maps are unpacked the old ones stay, and the canvas is the same one."""
    root = shown(page, scene(UPRIGHT))
    page.evaluate("""() => {
      window.blank = 0;
      const canvas = document.querySelector("#host").shadowRoot.querySelector(".map");
      window.canvas = canvas;
      const look = () => {
        if (canvas.getContext("2d").getImageData(5, 5, 1, 1).data[3] === 0) window.blank += 1;
        requestAnimationFrame(look);
      };
      look();
    }""")
    for probs in (LEVEL, UPRIGHT, LEVEL):
        remount(page, scene(probs))
        painted(page, scene(probs))
    assert page.evaluate("() => window.blank") == 0
    assert page.evaluate("() => window.canvas.isConnected")
    assert near(pixel(root, 0.1, 0.1), blend(np.array([0.1, 0.9]), "light"))


def test_on_a_phone_one_network_is_seen_and_the_other_is_a_touch_away(page):
    """The pruned one first; where there is room, both."""
    data = scene(UPRIGHT, LEVEL)
    root = mount(page, "planes", data, width=340)
    page.locator('[data-panel="1"][data-drawn]').wait_for(state="visible")
    assert [figure.is_visible() for figure in root.locator("figure").all()] == [False, True]
    root.get_by_text("Dense", exact=True).first.click()
    page.locator('[data-panel="0"][data-drawn]').wait_for(state="visible")
    assert [figure.is_visible() for figure in root.locator("figure").all()] == [True, False]
    assert near(pixel(root, 0.9, 0.9), blend(np.array([0.1, 0.9]), "light"))
    root = shown(page, data, width=900)
    assert [figure.is_visible() for figure in root.locator("figure").all()] == [True, True]
    assert not root.locator(".sides").is_visible()


def test_a_stranger_s_names_are_no_markup(page):
    """Names of classes and columns come from anybody's file."""
    nasty = "<img src=x onerror=alert(1)>"
    root = shown(page, scene(UPRIGHT, names=[nasty, "b"], axes=[nasty, nasty]))
    assert root.locator(".classes img, .axis img").count() == 0
    assert root.locator(".across").inner_text() == nasty
    assert nasty in root.locator(".classes").inner_text()


TRUE = ["error", "truth", "noise"]


def with_truth(dense: np.ndarray, truth: np.ndarray, quantity: str) -> dict[str, Any]:
    """One network and the truth."""
    data = scene(dense, quantity=quantity, truth=packed(truth), quantities=[*QUANTITIES, *TRUE])
    data["words"] |= {name: {"name": name, "title": name, "short": name} for name in TRUE}
    return {**data, "tops": {**data["tops"], "error": 1, "truth": 1, "noise": math.log(2)}}


def test_the_truth_is_a_colour_and_its_boundary_a_line_on_every_plane(page):
    """The network's own boundary is ink, Bayes' dashed in a colour of its own; the error is |p − truth|."""
    root = shown(page, with_truth(UPRIGHT, LEVEL, "probability"))
    across = [pixel(root, x, 0.3) for x in np.linspace(0.02, 0.3, 120)]
    assert not any(near(colour, rgb(TRUE_BOUNDARY["light"])) for colour in across)
    middle = [pixel(root, x, 1 - (RESOLUTION / 2 - 0.5 + 3 / 7) / RESOLUTION) for x in np.linspace(0.05, 0.4, 120)]
    assert any(near(colour, rgb(TRUE_BOUNDARY["light"])) for colour in middle)
    root = shown(page, with_truth(UPRIGHT, LEVEL, "truth"))
    assert near(pixel(root, 0.1, 0.1), blend(np.array([0.1, 0.9]), "light"))
    root = shown(page, with_truth(UPRIGHT, LEVEL, "error"))
    assert near(pixel(root, 0.1, 0.1), sequence(np.array(0.7), "light"))
    assert near(pixel(root, 0.9, 0.1), sequence(np.array(0.0), "light"))
    root = shown(page, with_truth(UPRIGHT, LEVEL, "noise"))
    assert near(pixel(root, 0.1, 0.9), sequence(np.array(0.5004 / math.log(2)), "light"))


def test_the_scale_is_written_at_its_ticks(page):
    """From nothing to the top in quarters, all with as many digits."""
    root = shown(page, scene(UPRIGHT, quantity="epistemic"))
    assert root.locator(".ticks span").all_inner_texts() == ["0.000", "0.050", "0.100", "0.150", "0.200"]
    assert root.locator(".legend .title").inner_text() == "epistemic, nats"


def test_whoever_leaves_takes_everything_along(page):
    """Once it is gone, a pressed colour changes nothing and breaks nothing."""
    shown(page, scene(UPRIGHT))
    page.evaluate(COLOURS)
    unmount(page)
    page.locator(".st-key-colour button").nth(2).click()
    assert page.locator('[data-panel="0"]').get_attribute("data-drawn").split()[1] == "probability"


def test_maps_that_are_unpacked_after_the_planes_have_left_are_let_go(page):
    """Of a page that is left while it is answered: what arrives then finds no place, and breaks nothing."""
    root = shown(page, scene(UPRIGHT))
    later = scene(LEVEL)
    page.evaluate(
        """async (data) => {
          const given = mounted.render(data); // its maps are being unpacked
          await given;
          mounted.remove();
          document.querySelector("#host").shadowRoot.querySelector(".root").replaceChildren();
        }""",
        later,
    )
    page.wait_for_timeout(500)
    assert root.inner_html() == ""


def sharply(share: float) -> np.ndarray:
    """A sample whose class 1 lies right of this share of the plane's width."""
    return two(np.where(share * RESOLUTION <= COLUMN, 0.99, 0.01))


DRAWS = np.stack([sharply(share) for share in (0.25, 0.4, 0.75)])  # UPRIGHT's own boundary lies at a half


def drawn(draws: np.ndarray | None) -> dict[str, Any]:
    """A plane whose network has these samples."""
    data = scene(UPRIGHT, drawn="ensemble member")
    own = {"draws": None if draws is None else packed_draws(draws)}
    return {**data, "panels": [{**panel, "id": f"{len(own['draws'] or '')}", **own} for panel in data["panels"]]}


def edges(root) -> dict[float, bool]:
    """Whether there is a line where each sample has its boundary, and where none has one."""
    clear = {share: pixel(root, share - 0.06, 0.5) for share in (0.25, 0.4, 0.75, 0.9)}
    places = {share: [pixel(root, share + aside, 0.5) for aside in np.linspace(-0.01, 0.01, 9)] for share in clear}
    return {share: any(np.abs(seen - clear[share]).max() > 40 for seen in places[share]) for share in clear}


def test_single_samples_have_fine_boundaries_of_their_own(page):
    """One line where each of them changes its mind, and none without them."""
    assert edges(shown(page, drawn(None))) == {0.25: False, 0.4: False, 0.75: False, 0.9: False}
    root = shown(page, drawn(DRAWS))
    assert edges(root) == {0.25: True, 0.4: True, 0.75: True, 0.9: False}
    unmount(page)


def test_one_sample_after_the_other_stands_out(page):
    """The slider names what they are and counts them; the chosen one is drawn in its colour over all others."""
    root = shown(page, drawn(DRAWS))
    slider, said = root.locator(".draws input"), root.locator(".draws output")
    assert root.locator(".draws span").inner_text() == "Which ensemble member"
    assert said.inner_text() == "all 3"
    for draw, share in ((1, 0.25), (3, 0.75)):
        slider.fill(str(draw))
        assert said.inner_text() == f"{draw} of 3"
        seen = [pixel(root, share + aside, 0.5) for aside in np.linspace(-0.01, 0.01, 21)]
        assert any(near(colour, rgb(PRUNED)) for colour in seen)
    slider.fill("0")
    assert said.inner_text() == "all 3"


def test_whoever_asks_is_told_which_sample_stands_out(page):
    """The drawn network and another plane hear of it; what another plane says counts here too."""
    root = shown(page, drawn(DRAWS))
    page.evaluate("""() => {
      window.told = [];
      document.addEventListener("explorer sample", ({ detail }) => window.told.push(detail));
    }""")
    root.locator(".draws input").fill("2")
    page.evaluate("document.dispatchEvent(new Event('explorer sample?'))")
    assert page.evaluate("window.told") == [2, 2]
    page.evaluate("document.dispatchEvent(new CustomEvent('explorer sample', { detail: 3 }))")
    assert root.locator(".draws output").inner_text() == "3 of 3"
    unmount(page)
    page.evaluate("document.dispatchEvent(new Event('explorer sample?'))")
    assert page.evaluate("window.told") == [2, 2, 3]


def test_without_samples_there_is_nothing_to_step_through(page):
    """Nor is there where there is but one, that of a single pass."""
    for draws in (None, DRAWS[:1]):
        root = shown(page, drawn(draws))
        assert not root.locator(".draws").is_visible()
        unmount(page)
