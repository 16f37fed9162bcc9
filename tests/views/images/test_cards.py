"""Pictures and bars as HTML: every pixel as it was, every name as text, every bar as high as its probability."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from views.charts.colours import DENSE, PRUNED
from views.images import cards
from views.images.cards import Row

NASTY = '<b>&"'
ESCAPED = "&lt;b&gt;&amp;&quot;"
CLASSES = ("cat", "dog", "owl", "fox")
PROBS = np.array([0.25, 0.5, 0.125, 0.125])


class Parsed(HTMLParser):
    """The elements of a piece of HTML with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def decoded(url: str) -> np.ndarray:
    head, _, content = url.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content, validate=True)), formats=("PNG",)))


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def row(*, chosen: bool = False, dense: bool = False, probs: np.ndarray = PROBS, label: str = "0.5") -> Row:
    return Row(label, probs, chosen, dense)


def drawn(html: str) -> list[tuple[str, float, float, float]]:
    """Colour, left and width in percent, and height in pixels, of every bar of a row; a gap is left of each width."""
    (style,) = (span["style"] or "" for span in Parsed(html).all("span") if "gradient" in (span.get("style") or ""))
    bar = r"linear-gradient\((#\w+) 0 0\) ([\d.]+)% 100%/([\d.]+)% ([\d.]+)px no-repeat"
    return [(colour, *map(float, numbers)) for colour, *numbers in re.findall(bar, style)]


def titles(html: str) -> list[str]:
    """What is told where a row is pointed at."""
    return [div["title"] or "" for div in Parsed(html).all("div") if "title" in div]


# Pictures


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3), (5, 9, 3), (1, 1, 1)])
def test_a_picture_holds_exactly_its_pixels(shape):
    """Grey and RGB come back from the data URL bit for bit, rows as rows and columns as columns."""
    pixels = noise(*shape)
    (image,) = Parsed(cards.picture(pixels, 112, "x")).all("img")
    np.testing.assert_array_equal(decoded(image["src"]), pixels[..., 0] if shape[-1] == 1 else pixels)
    assert (image["width"], image["height"]) == ("112", "112")
    assert "image-rendering:pixelated" in image["style"]


def test_a_picture_of_a_visitor_is_not_kept():
    """It looks the same as one that is kept, and leaves nothing behind."""
    pixels = np.full((4, 4, 3), 77, np.uint8)
    before = cards.data_url.cache_info()
    own = cards.picture(pixels, 40, "mine", kept=False)
    assert cards.data_url.cache_info() == before
    assert own == cards.picture(pixels, 40, "mine")


def test_equal_bytes_of_another_shape_are_another_picture():
    """What is remembered of a picture knows its shape, not its bytes alone."""
    content = noise(2, 6, 3)
    wide, high = (decoded(cards.data_url(content.tobytes(), shape)) for shape in ((2, 6, 3), (6, 2, 3)))
    assert (wide.shape, high.shape) == ((2, 6, 3), (6, 2, 3))


def test_a_part_of_a_larger_array_is_that_part():
    """Pixels that do not lie in one piece in memory are drawn in order all the same."""
    whole = noise(16, 16, 3)
    (image,) = Parsed(cards.picture(whole[::2, 4:12], 20, "x")).all("img")
    np.testing.assert_array_equal(decoded(image["src"]), whole[::2, 4:12])


# Names


def test_a_name_is_never_markup():
    """A class called like a tag is text in the title of a card, in its picture's description and in its rows."""
    classes = (NASTY, *CLASSES[1:])
    html = cards.card(noise(8, 8, 1), 112, NASTY, [row(probs=np.array([0.7, 0.1, 0.1, 0.1]), label="<i>")], classes)
    assert "<b>" not in html
    assert "<i>" not in html
    assert f"<strong>{ESCAPED}</strong>" in html
    assert f">{ESCAPED} (0.70)</span>" in html
    assert Parsed(html).all("img")[0]["alt"] == NASTY
    (title,) = titles(html)
    assert title.startswith(f"{NASTY} 0.70, dog 0.10")


def test_a_strip_names_its_pictures_and_what_is_said_of_them():
    """Title, names and words are text, and every picture has its description."""
    html = cards.strip("Dense & <i>", [(noise(8, 8, 1), NASTY, "<0.1>"), (noise(8, 8, 3), "owl", "0.25")], 64)
    parsed = Parsed(html)
    assert [image["alt"] for image in parsed.all("img")] == [NASTY, "owl"]
    assert parsed.words == ["Dense & <i>", NASTY, "<0.1>", "owl", "0.25"]


def test_a_strip_of_nothing_is_its_title():
    """Where there is no picture alike, no picture is drawn."""
    parsed = Parsed(cards.strip("Pruned", [], 64))
    assert parsed.all("img") == []
    assert parsed.words == ["Pruned"]


# Bars


def test_bars_are_as_high_as_their_probabilities_side_by_side():
    """Of 16 pixels, 0.5 takes 8 and 0.25 takes 4; four classes share the width, from its left end to its right."""
    bars = drawn(cards.bars([row()], CLASSES))
    assert [height for *_, height in bars] == [4, 8, 2, 2]
    assert [left for _, left, _, _ in bars] == [0, 33.33, 66.67, 100]
    assert {width for _, _, width, _ in bars} == {21.25}


def test_one_class_alone_has_one_bar():
    """It takes all that bars take, and nothing is divided by nought."""
    assert drawn(cards.bars([row(probs=np.ones(1))], ("cat",))) == [(PRUNED, 0, 85, cards.TALL)]


def test_no_bar_vanishes_and_none_leaves_its_row():
    """Probability 0 leaves a line of one pixel, 1 fills the height."""
    bars = drawn(cards.bars([row(probs=np.array([0.0, 1.0, 0.0, 0.0]))], CLASSES))
    assert [height for *_, height in bars] == [1, cards.TALL, 1, 1]


@pytest.mark.parametrize(("dense", "colour"), [(True, DENSE), (False, PRUNED)])
def test_the_winner_alone_is_coloured(dense, colour):
    """It has the colour of its network, grey for the dense one, and is the class with the largest probability."""
    html = cards.bars([row(dense=dense)], CLASSES)
    assert [shown for shown, *_ in drawn(html)] == [cards.FAINT, colour, cards.FAINT, cards.FAINT]
    assert Parsed(html).words == ["0.5", "dog (0.50)"]


def test_of_equal_classes_the_first_wins():
    """As with argmax: the words and the colour agree on one class."""
    html = cards.bars([row(probs=np.full(4, 0.25))], CLASSES)
    assert Parsed(html).words[1] == "cat (0.25)"
    assert [shown for shown, *_ in drawn(html)].index(PRUNED) == 0


def test_pointing_at_a_row_tells_all_its_numbers():
    """Every class with two decimals, in order."""
    (title,) = titles(cards.bars([row()], CLASSES))
    assert title == "cat 0.25, dog 0.50, owl 0.12, fox 0.12"


def test_the_chosen_row_is_bold_and_no_other():
    """Rows come in the order in which they are given, with the chosen one in bold."""
    rows = [row(label="0", dense=True), row(label="0.5", chosen=True), row(label="0.9")]
    parsed = Parsed(cards.bars(rows, CLASSES))
    assert ["font-weight:bold" in (div["style"] or "") for div in parsed.all("div")] == [False, True, False]
    assert parsed.words[::2] == ["0", "0.5", "0.9"]


# Prediction sets


def test_a_set_is_a_chip_for_every_class_in_it():
    """By the name of its network, in the order of the classes; names are no markup."""
    html = cards.chips({"Dense": np.array([True, False, True])}, ("<b>", "cat", "dog"))
    assert html.count("border-radius") == 2
    assert "Dense, set of 2: &lt;b&gt;, dog" in html
    assert "<b>" not in html
    assert "cat" not in html


def test_an_empty_set_says_so_and_a_large_one_is_cut():
    """Of ten classes five have a chip, and the sixth counts the rest; all are told to whoever asks."""
    classes = tuple("abcdefghij")
    assert "<em>no class</em>" in cards.chips({"Pruned": np.zeros(10, bool)}, classes)
    html = cards.chips({"Pruned": np.ones(10, bool)}, classes)
    assert html.count("border-radius") == 6
    assert ">+ 5<" in html
    assert "set of 10: a, b, c, d, e, f, g, h, i, j" in html


def test_the_sets_stand_under_the_bars_of_a_card():
    """A line a network, and none where none is given."""
    pixels, rows = np.zeros((2, 2, 1), np.uint8), [cards.Row("0", np.array([0.5, 0.5]), True, True)]
    sets = {"Dense": np.array([True, False]), "Pruned": np.array([False, False])}
    with_sets = cards.card(pixels, 10, "x", rows, ("a", "b"), sets)
    assert with_sets.count("set of") == 2
    assert with_sets.index("linear-gradient") < with_sets.index("Dense, set of 1")
    assert "set of" not in cards.card(pixels, 10, "x", rows, ("a", "b"))
