"""Own points on the moons page: every kind of file, what stays of a visit, and that nothing is kept elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cache import services
from cache.store import Store
from pruning.data.csv_points import read_points
from tests.pruning.data.csv_files import csv_files
from tests.views.link_cases import SMALL, charts, controls, opened, sentence, shared, shared_store, table, turned_to
from views.controls.moons import TABS
from views.moons import points_tab

FILES = csv_files()
RIGHT = [file for file in FILES if file[2] is None]
REFUSED = [file for file in FILES if file[2] is not None]
assert len(FILES) >= 100
POINTS = b"".join(b"%d,%d,%s\n" % (i % 7, i * i % 11, (b"left", b"right")[i % 2]) for i in range(30))
HOSTILE = b"".join(b"%d,%d,%s\n" % (i % 7, i * i % 11, (b"<b>x</b>", b":red[y] $z$")[i % 2]) for i in range(30))
TAB = "Your own points"


@pytest.fixture(autouse=True, scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all visits of this file."""
    with shared_store(tmp_path_factory.mktemp("own")) as store:
        yield store


@pytest.fixture(scope="module")
def visit(store: Store) -> AppTest:
    """A visit that has brought points of its own, to which one file after the other is uploaded."""
    return upload(opened({**SMALL, "view": TAB}), POINTS)


@pytest.fixture
def app(store: Store) -> AppTest:
    """A new visit with the uploader open."""
    return opened({**SMALL, "view": TAB})


def upload(app: AppTest, data: bytes, name: str = "points.csv") -> AppTest:
    return app.file_uploader[0].upload(name, data, "text/csv").run()


def banner(app: AppTest) -> str:
    """What is said of the visitor's own points; empty where the networks learn the data set."""
    return "".join(info.value for info in app.info if "your own" in info.value)


def unescaped(markdown: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


def is_plain(markdown: str) -> bool:
    """Whether nothing in it is read as more than letters: every sign stands behind a backslash."""
    return not re.search(r"[!-/:-@\[-`{-~]", re.sub(r"\\[!-/:-@\[-`{-~]", "", markdown))


def everything_read(app: AppTest) -> str:
    """All text of the page that Markdown is looked for in."""
    kinds = ("markdown", "caption", "info", "warning", "error", "header", "title")
    words = [element.value for kind in kinds for element in app.get(kind)]
    return "\n".join([*words, *(str(button.help) for button in app.button)])


def planes(app: AppTest) -> list[bytes]:
    """All planes, as they are sent to the browser."""
    return [part.proto.json for part in app.get("bidi_component") if part.proto.component_name == "explorer_planes"]


def kept_on_disk() -> dict[str, tuple[int, int]]:
    """Every file of the store with its size and time."""
    found = (path for path in services.services().store.folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}


# ---- a file


@pytest.mark.parametrize("data", [file[1] for file in RIGHT], ids=[file[0] for file in RIGHT])
def test_networks_learn_the_points_of_a_right_file(visit, data):
    """The page stands, says how many points it learns, shows them beside the file too, reads no label as Markdown."""
    points = read_points(data)
    upload(visit, data)
    assert not visit.exception
    assert not visit.error
    assert f"your own {len(points.labels):,} points** ({len(points.classes)} classes)" in banner(visit)
    assert len(charts(visit)) == 3
    assert len(planes(visit)) == 2
    assert sentence(visit)
    captions = [caption.value for caption in visit.caption]
    for note in points.notes:
        (shown,) = [caption for caption in captions if unescaped(caption) == f"{note}."]
        assert is_plain(shown[:-1])
    for label in points.classes:
        assert not set("<[$`{") & set(label) or label not in everything_read(visit)


def test_the_networks_of_a_second_file_learn_that_file(app):
    """In one visit, whatever was learned before: planes and sentence are those of who brings this file alone."""
    upload(app, POINTS)
    before = sentence(app), planes(app)
    other = upload(opened({**SMALL, "view": TAB}), points_tab.EXAMPLE.encode())
    for data, due in ((points_tab.EXAMPLE.encode(), (sentence(other), planes(other))), (POINTS, before)):
        upload(app, data)
        assert (sentence(app), planes(app)) == due
    assert planes(other) != before[1]


@pytest.mark.parametrize(("data", "piece"), [file[1:] for file in REFUSED], ids=[file[0] for file in REFUSED])
def test_a_wrong_file_is_refused_in_a_sentence_and_changes_nothing(visit, data, piece):
    """The sentence tells what is wrong, nothing in it is read as Markdown, and the networks stay."""
    before = banner(visit), planes(visit), sentence(visit)
    upload(visit, data)
    assert not visit.exception
    (error,) = visit.error
    assert piece in unescaped(error.value)
    assert is_plain(error.value)
    assert (banner(visit), planes(visit), sentence(visit)) == before


def test_a_wrong_file_leaves_the_data_set_to_who_has_no_points_yet(app):
    """The error is all that is new, and a right file then takes it away."""
    before = sentence(app)
    upload(app, b"nonsense")
    assert len(app.error) == 1
    assert not banner(app)
    assert sentence(app) == before
    upload(app, POINTS)
    assert not app.error
    assert "your own 30 points" in banner(app)


@pytest.mark.parametrize("before", [[], [POINTS]], ids=["data set", "own points"])
def test_a_wrong_file_that_is_taken_away_takes_its_error_along(app, before):
    """What the networks learn stays what it was."""
    for data in before:
        upload(app, data)
    learned = banner(app), sentence(app)
    upload(app, b"nonsense")
    assert len(app.error) == 1
    app.file_uploader[0].clear().run()
    assert not app.error
    assert (banner(app), sentence(app)) == learned


def test_a_file_that_is_taken_away_leaves_its_points(app):
    """Clearing the uploader is not the way back; the banner has a button for that."""
    upload(app, POINTS)
    app.file_uploader[0].clear().run()
    assert not app.exception
    assert "your own 30 points" in banner(app)


@pytest.mark.parametrize("tab", TABS)
def test_no_tab_reads_a_label_as_markdown(app, tab):
    """Whatever else the page says of own points, their labels are letters."""
    upload(app, HOSTILE)
    turned_to(app, tab)
    assert not app.exception
    assert not [label for label in ("<b>", ":red[y]", "$z$") if label in everything_read(app)]


def test_the_example_file_is_a_right_one(app):
    """What can be downloaded as an example can be uploaded."""
    upload(app, points_tab.EXAMPLE.encode())
    assert "your own 60 points** (2 classes)" in banner(app)


def test_the_banner_says_how_many_points_are_tested_on(app):
    """Thirty points leave seven to test on, each class by its share, and what these can tell, by hand."""
    upload(app, POINTS)
    # Wilson, 6 of 7: (6 + 1.92 ± 1.96 √(6/7 + 0.96)) / (7 + 3.84) = (7.92 ± 2.64) / 10.84
    assert (
        "16 of them train, 7 validate and 7 test, each class by its share. 7 test points tell little: a network that "
        "is right on 6 of them may be right on 49 to 97 % of all such points." in banner(app)
    )


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (20, "10 of them train, 5 validate and 5 test, each class by its share. 5 test points tell little: a"),
        (660, "462 of them train, 99 validate and 99 test, each class by its share. 99 test points tell little: a"),
        (5000, "3,500 of them train, 750 validate and 750 test, each class by its share."),
    ],
)
def test_what_few_test_points_tell_is_said_of_few(points, words):
    """From a hundred on no warning is due."""
    told = points_tab.told_of_split(points)
    assert told.startswith(words)
    assert told.endswith("share.") == (points == 5000)


# ---- a drawing


def test_points_can_be_drawn(app, monkeypatch):
    """What the board sends is learned in the run after it."""
    sent: list[Any] = [[[i / 15 - 1, i * i % 7 / 7, i % 3] for i in range(30)]]
    monkeypatch.setattr(points_tab, "draw_pad", lambda *_, on_rows: on_rows(sent.pop()) if sent else None)
    app.run().run()
    assert not app.exception
    assert "your own 30 points** (3 classes)" in banner(app)
    assert not sent


@pytest.mark.parametrize("rows", [[], [None], [[0, 0, "<b>"]] * 30, [[1e99, 0, 0]] * 30, ["x"] * 30])
def test_a_drawing_that_is_none_is_refused_in_a_sentence(app, monkeypatch, rows):
    """Nothing that a browser could send breaks the page."""
    sent = [rows]
    monkeypatch.setattr(points_tab, "draw_pad", lambda *_, on_rows: on_rows(sent.pop()) if sent else None)
    app.run().run()
    assert not app.exception
    assert is_plain(app.error[0].value)
    assert not banner(app)


# ---- what stays, and what does not


def test_the_way_back_leads_to_the_data_set(app):
    """One press, and the page is what it was; it stays so although the uploader still holds the file."""
    before = sentence(app), planes(app), shared(app)
    upload(app, POINTS)
    assert sentence(app) != before[0]
    (back,) = [button for button in app.button if button.label == "Back to the data set"]
    assert "left 15, right 15" in back.help
    back.click().run()
    for _ in range(2):
        assert not banner(app)
        assert not app.error
        assert (sentence(app), planes(app), shared(app)) == before
        app.run()


def test_nothing_of_own_points_is_written_to_disk(app):
    """Not a file of the store is new or changed after every tab, another colour and units by hand."""
    upload(app, POINTS)
    before = kept_on_disk()
    assert before
    upload(app, HOSTILE)
    for tab in TABS:
        app.query_params["units"] = "hidden1.3"
        turned_to(app, tab)
        assert not app.exception
        assert "Changed by hand" in "".join(info.value for info in app.info)
    for name, value in (("colour", "epistemic"), ("ratio", 0.3)):
        controls(app)[name].set_value(value).run()
    assert banner(app)
    assert kept_on_disk() == before


def test_the_same_walk_over_the_data_set_is_written_to_disk():
    """So that the test above could see a file if there were one."""
    before = kept_on_disk()
    app = opened({**SMALL, "seed": "77"})
    outcome = kept_on_disk()
    turned_to(app, "Watch it train")
    assert len(before) < len(outcome) < len(kept_on_disk())


def test_another_visit_does_not_see_them(app):
    """Whoever comes by the same link learns the data set, before and after."""
    first = opened(SMALL)
    before = sentence(first), planes(first), table(first)
    upload(app, POINTS)
    for other in (first.run(), opened(SMALL)):
        assert not banner(other)
        assert (sentence(other), planes(other), table(other)) == before


def test_two_visits_may_bring_different_points(app):
    """Each sees its own."""
    other = upload(opened({**SMALL, "view": TAB}), points_tab.EXAMPLE.encode())
    upload(app, POINTS)
    assert "your own 60 points" in banner(other.run())
    assert "your own 30 points" in banner(app.run())
    assert planes(app) != planes(other)


def test_share_says_what_a_link_cannot_carry(app):
    """The link says nothing of the points, the words beside it do."""
    words = "A link cannot carry your own points"
    before = shared(app)
    assert words not in everything_read(app)
    upload(app, POINTS)
    assert words in everything_read(app)
    assert shared(app) == before


# A visit that the server has let go


def test_points_that_the_page_gives_back_are_taken_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """To a new visit, and to the number: the page is told that it is settled, and keeps what the visit has."""
    told: list[tuple[str | None, bool]] = []
    points = read_points(POINTS)

    def keep(text: str | None, settled: bool, on_found: Callable[[str], None]) -> None:
        told.append((text, settled))
        on_found(points.to_csv())

    monkeypatch.setattr(points_tab.points_keeper, "keep", keep)
    app = opened(SMALL).run()
    assert "your own 30 points" in unescaped(banner(app)).replace("**", "")
    assert told == [(None, False), (points.to_csv(), True)]
    app.button[[button.label for button in app.button].index("Back to the data set")].click().run()
    assert banner(app) == ""
    assert told[2:] == [(None, True)]


@pytest.mark.parametrize("hostile", ["", "x", "1,2,3\n" * 4, "\x00", "x,y,label\n" + "1,2,a\n" * 9999])
def test_what_the_page_gives_back_is_not_trusted(store: Store, hostile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a file like any other: where it holds no points, the data set stays, and nobody asks again."""
    told: list[bool] = []

    def keep(text: str | None, settled: bool, on_found: Callable[[str], None]) -> None:
        told.append(settled)
        on_found(hostile)

    monkeypatch.setattr(points_tab.points_keeper, "keep", keep)
    app = opened(SMALL).run()
    assert not app.exception
    assert banner(app) == ""
    assert told == [False, True]
