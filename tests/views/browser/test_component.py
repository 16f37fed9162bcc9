"""One script and one style a component: all that its files import, each once, and no name twice."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from views.browser.component import FOLDER, parts, source

SCRIPTS = (
    "drawing_board",
    "network_diagram",
    "page_tour",
    "page_window",
    "planes",
    "points_keeper",
    "preset_bar",
    "replay_player",
    "slider_preview",
    "window_fixes",
)
UNSEEN = ("page_window", "points_keeper", "window_fixes")
STYLES = (*(name for name in SCRIPTS if name not in UNSEEN), "page_style")
NAMED = re.compile(r"^(?:async )?(?:function|class|const|let) (?:(\w+)|\[([^\]]+)\])", re.MULTILINE)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_whole(name):
    """Nothing is imported any more, one thing is exported, and no two parts have a name of theirs in common."""
    script = source(name, "js")
    assert re.findall(r"^import .*|@import \"", script, re.MULTILINE) == []
    assert re.findall(r"^export \w+", script, re.MULTILINE) == ["export default"]
    names = [each for one, several in NAMED.findall(script) for each in (one or several).split(", ")]
    assert {"component", "find"} < set(names)
    assert [each for each, times in Counter(names).items() if times > 1] == []


@pytest.mark.parametrize("name", STYLES)
def test_a_style_is_whole(name):
    """No other file is asked for, and what all components share is there once."""
    style = source(name, "css")
    assert "@import" not in style
    assert style.count(".spoken {") == (name != "page_style")


def test_what_is_imported_comes_first():
    """A part may use at once what it imports; the component itself is last."""
    assert parts("drawing_board", "js") == [
        "common.js",
        "drawing_board_points.js",
        "drawing_board_painting.js",
        "drawing_board_state.js",
        "drawing_board_strokes.js",
        "drawing_board.js",
    ]


def test_a_component_may_have_no_style():
    """Then there is none, not even what others share."""
    assert source("window_fixes", "css") == ""


@pytest.mark.parametrize(("kind", "names"), [("js", SCRIPTS), ("css", STYLES)])
def test_every_file_is_delivered(kind, names):
    """With one component at least."""
    assert {part for name in names for part in parts(name, kind)} == {file.name for file in FOLDER.glob(f"*.{kind}")}


def test_the_height_of_the_planes_is_stated_once():
    """The page keeps room for them, and they fill it."""
    stated = [file.name for file in FOLDER.glob("*.css") if re.search(r"--plane: ", file.read_text())]
    assert stated == ["plane_height.css"]
    assert all("plane_height.css" in parts(name, "css") for name in ("planes", "page_style"))


@pytest.mark.parametrize("kind", ["js", "css"])
def test_no_file_is_longer_than_one_purpose_takes(kind):
    """No file above 250 lines, no line above 118 letters."""
    texts = {file.name: file.read_text(encoding="utf-8").splitlines() for file in FOLDER.glob(f"*.{kind}")}
    assert {name: len(lines) for name, lines in texts.items() if len(lines) > 250} == {}
    assert [line for lines in texts.values() for line in lines if len(line) > 118] == []
