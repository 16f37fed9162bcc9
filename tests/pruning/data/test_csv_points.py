"""A visitor's own points: what becomes of them by hand, what is refused and in which words, and hostile input."""

from __future__ import annotations

import csv
import hashlib
import struct
import subprocess
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pruning.data.csv_points import (
    MAX_CLASSES,
    MAX_POINTS,
    MIN_CLASSES,
    MIN_OF_CLASS,
    MIN_POINTS,
    PointsError,
    drawn_points,
    read_points,
)
from pruning.data.own_points import Points
from pruning.data.splits import stratified
from tests.pruning.data.csv_files import csv_files, lines, text, with_line

FILES = csv_files()
RIGHT = [file for file in FILES if file[2] is None]
REFUSED = [file for file in FILES if file[2] is not None]

every_right = pytest.mark.parametrize("data", [file[1] for file in RIGHT], ids=[file[0] for file in RIGHT])
many = settings(max_examples=150, deadline=None)


def refusal(data: bytes) -> str:
    with pytest.raises(PointsError) as caught:
        read_points(data)
    return str(caught.value)


def drawing(count: int = 20) -> list[list[Any]]:
    """Points of two classes in turn, as a browser sends them."""
    return [[i / 4, i * i % 7, i % 2] for i in range(count)]


def drawn_refusal(rows: Any) -> str:
    with pytest.raises(PointsError) as caught:
        drawn_points(rows)
    return str(caught.value)


def drawn_with(row: Any) -> str:
    """What is said of a drawing whose third point is this."""
    rows = drawing()
    rows[2] = row
    return drawn_refusal(rows)


def assert_legal(points: Points) -> None:
    count, classes = len(points.labels), len(points.classes)
    assert points.inputs.shape == (count, 2)
    assert (points.inputs.dtype, points.labels.dtype) == (np.float32, np.int64)
    assert MIN_POINTS <= count <= MAX_POINTS
    assert MIN_CLASSES <= classes <= MAX_CLASSES
    assert len(set(points.classes)) == classes
    np.testing.assert_allclose(points.inputs.mean(axis=0, dtype=float), 0, atol=1e-6)
    np.testing.assert_allclose(points.inputs.std(axis=0, dtype=float), 1, atol=1e-6)
    assert np.bincount(points.labels, minlength=classes).min() >= MIN_OF_CLASS
    assert set(points.labels) == set(range(classes))
    for note in points.notes:
        assert note.isprintable()
        assert not note.endswith(".")


def assert_a_sentence(message: str) -> None:
    """Short, printable, on one line, and with the full stop of a sentence."""
    assert message.isprintable()
    assert message.endswith(".")
    assert message[0].isupper()
    assert len(message) < 400


# By hand


def test_twenty_points_by_hand():
    """Each column has its mean taken off and is divided by its deviation; labels count from zero."""
    # x: 0, 0, 0, 4 five times over: mean 1, variance (1 + 1 + 1 + 9) / 4 = 3
    # y: 10, 30 ten times over: mean 20, deviation 10
    points = read_points(b"0,10,b\n0,30,b\n0,10,b\n4,30,a\n" * 5)
    third = 1 / np.sqrt(3)
    expected = [[-third, -1], [-third, 1], [-third, -1], [3 * third, 1]] * 5
    np.testing.assert_allclose(points.inputs, expected, rtol=1e-6)
    np.testing.assert_array_equal(points.labels, [1, 1, 1, 0] * 5)
    assert points.classes == ("a", "b")
    assert points.notes == ("Repetitions of an earlier point, label and all: 17; some may be trained and tested on",)
    assert_legal(points)


def test_what_is_learned_is_standardised_by_the_training_points_by_hand():
    """Where those of class a have x = 0 or 2 and those of b have y = 0 or 2, and nobody else tests, all is known."""
    points = read_points(text([f"{2 * (i % 2)},{10 + 10 * (i % 3)},{'ab'[i % 2]}" for i in range(60)]))
    train = stratified(points.labels, 7).train
    mean, deviation = points.scale(7)
    np.testing.assert_allclose(mean, points.values[train].mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(deviation, points.values[train].std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(
        mean[0], 1, rtol=1e-12
    )  # half of each class, x being 0 for the one and 2 for the other
    np.testing.assert_allclose(deviation[0], 1, rtol=1e-12)
    learned = points.learned(7)
    assert learned.dtype == np.float32
    np.testing.assert_allclose(learned, (points.values - mean) / deviation, rtol=1e-6)
    np.testing.assert_allclose(learned[train].mean(axis=0, dtype=float), 0, atol=1e-6)
    np.testing.assert_allclose(learned[train].std(axis=0, dtype=float), 1, atol=1e-6)
    assert np.abs(learned.mean(axis=0, dtype=float)[1]) > 1e-3


def test_a_held_out_point_changes_no_training_point():
    """However far off a test point is moved, what is trained on stays the same to the bit."""
    split = stratified(read_points(text(lines(60))).labels, 3)
    rows = lines(60)
    rows[split.test[0]] = f"1e6,-1e7,{'ab'[split.test[0] % 2]}"
    before, after = (read_points(text(each)).learned(3) for each in (lines(60), rows))
    np.testing.assert_allclose(after[split.train], before[split.train], rtol=1e-6)
    assert after[split.test[0], 0] > 1e5


def test_training_points_that_agree_take_the_deviation_of_all():
    """Only one point differs in x, and it is tested on: nothing is divided by zero."""
    labels = read_points(text(lines(60))).labels
    test = stratified(labels, 3).test[0]
    rows = [f"{5 + (i == test)},{i % 7},{'ab'[label]}" for i, label in enumerate(labels)]
    points = read_points(text(rows))
    # a share of 1/60 differs by 1: variance 1/60 · 59/60
    np.testing.assert_allclose(points.scale(3)[1][0], np.sqrt(59) / 60, rtol=1e-9)
    assert np.isfinite(points.learned(3)).all()


def test_the_key_by_hand():
    """The key is the SHA-256 of the standardised inputs as float32 and the labels as int64, little end first."""
    points = read_points(b"-1,1,a\n1,1,b\n-1,-1,a\n1,-1,b\n" * 5)  # mean 0 and deviation 1 already
    inputs = struct.pack("<8f", -1, 1, 1, 1, -1, -1, 1, -1) * 5
    labels = struct.pack("<4q", 0, 1, 0, 1) * 5
    assert points.key() == hashlib.sha256(inputs + labels).hexdigest()


def test_a_drawing_by_hand():
    """A drawing is standardised as a file is, and its classes are named by their numbers."""
    points = drawn_points([[0, 10.0, 1], [0, 30.0, 1], [0, 10.0, 1], [4, 30.0, 0]] * 5)
    same = read_points(b"0,10,b\n0,30,b\n0,10,b\n4,30,a\n" * 5)
    assert points.key() == same.key()
    assert (points.classes, points.notes) == (("0", "1"), same.notes)


def test_a_class_left_out_of_a_drawing_leaves_no_gap():
    """Classes 1 and 4 alone are labelled 0 and 1, and keep their names."""
    points = drawn_points([[x, y, (1, 4)[label]] for x, y, label in drawing()])
    np.testing.assert_array_equal(points.labels, [0, 1] * 10)
    assert points.classes == ("1", "4")


# The files


def test_there_are_over_a_hundred_different_files():
    """No two files have the same name or the same bytes, and they are the same each time."""
    assert len({file[0] for file in FILES}) == len({file[1] for file in FILES}) == len(FILES) >= 100
    assert csv_files() == FILES
    assert len(RIGHT) >= 40
    assert len(REFUSED) >= 60


@every_right
def test_a_right_file_is_read(data):
    """What comes out has mean 0, deviation 1, labels without gaps and enough points of each class."""
    assert_legal(read_points(data))


@every_right
def test_the_same_file_gives_the_same_key(data):
    """Reading twice gives the same bytes, and so one name for them."""
    assert read_points(data).key() == read_points(data).key()


@pytest.mark.parametrize(("data", "said"), [file[1:] for file in REFUSED], ids=[file[0] for file in REFUSED])
def test_a_wrong_file_is_refused_in_a_sentence(data, said):
    """The sentence names the line, what stands there and what was expected."""
    message = refusal(data)
    assert said in message
    assert_a_sentence(message)


# What a file may look like


PLAIN = read_points(text(lines()))


@pytest.mark.parametrize(
    "data",
    [
        text(lines(), "\r\n"),
        text(lines(), "\r"),
        text(lines())[:-1],
        b"\xef\xbb\xbf" + text(lines()),
        text(lines(separator=";")),
        text(lines(separator=";", decimal=",")),
        text(lines(separator="\t")),
        text(lines(separator="\t", decimal=",")),
        text([f"  {row.replace(',', ' , ')}  " for row in lines()]),
        text([", ".join(f'"{cell}"  ' for cell in row.split(",")) for row in lines()]),
        text(["", *lines()[:7], " \t ", *lines()[7:], "", ""]),
        text(["x,y,label", *lines()]),
        text([row.replace("0.", ".") for row in lines()]),
    ],
)
def test_the_form_of_a_file_does_not_matter(data):
    """Line ends, marks, separators, decimal commas, spaces, quotes, blank lines and headers change no point."""
    points = read_points(data)
    assert points.key() == PLAIN.key()
    assert points.classes == PLAIN.classes


def test_only_what_was_assumed_is_noted():
    """A plain file has no notes; a header and a separator other than the comma have one each."""
    tabs = text(lines(separator="\t"))
    header = text(["", "Länge;Breite;Art", *lines(separator=";")])
    assert PLAIN.notes == ()
    assert read_points(b"\xef\xbb\xbf" + text(lines(), "\r\n")).notes == ()
    assert read_points(tabs).notes == ("Separated by tabs",)
    assert read_points(header).notes == (
        "Separated by semicolons",
        "Line 2 skipped, as it names the columns: “Länge;Breite;Art”",
    )


def test_a_first_line_with_one_number_is_no_header():
    """A line is skipped only where neither of its first two cells is a number, so that no point is lost."""
    assert refusal(text(["x,1,a", *lines()])).startswith("Line 1 has “x” as its x")
    assert refusal(text(["1,y,a", *lines()])).startswith("Line 1 has “y” as its y")
    assert len(read_points(text(["1,2,label", "1,3,label", *lines(), "3,4,label", "5,6,label"])).labels) == 28


@pytest.mark.parametrize(
    ("separator", "labels", "classes"),
    [
        (",", ["10", "9", "2"], ("2", "9", "10")),
        (",", ["1e1", "-3", "+2.5"], ("-3", "+2.5", "1e1")),
        (";", ["10,5", "-1,5", "9,25"], ("-1,5", "9,25", "10,5")),
        (",", ["10", "9", "two"], ("10", "9", "two")),
        (",", ["2", "inf", "10"], ("10", "2", "inf")),
        (",", ["pear", "Apple", "apple", "Quince"], ("Apple", "apple", "pear", "Quince")),
        (",", ["1", "2.0", "003"], ("1", "2.0", "003")),
        (",", ["a b", "  a  "], ("a", "a b")),
        (",", ["1e400", "-1e400"], ("-1e400", "1e400")),
        (",", ['"a, b"', '"say ""c"""'], ("a, b", 'say "c"')),
        (",", ["<b>", "=1+1"], ("<b>", "=1+1")),
    ],
)
def test_classes_are_numbered_in_order(separator, labels, classes):
    """Labels keep their writing; numbers are in order of value where all are numbers, else all by the alphabet."""
    points = read_points(text(lines(separator=separator, labels=labels)))
    assert points.classes == classes
    written = [label.strip().removeprefix('"').removesuffix('"').replace('""', '"') for label in labels]
    assert [points.classes[label] for label in points.labels[: len(labels)]] == written


def test_the_key_tells_points_and_labels_apart():
    """Another coordinate or another label is another key; another name for a class is not."""
    assert read_points(with_line(5, "4.4,1.5,b")).key() != PLAIN.key()
    assert read_points(with_line(5, lines()[4].replace("a", "b"))).key() != PLAIN.key()
    assert read_points(text(lines(labels=["no", "yes"]))).key() == PLAIN.key()


@pytest.mark.parametrize(("factor", "shift"), [(1000, 0), (1, 500), (0.001, -3), (2**-900, 0), (1e7, 1e8)])
def test_units_do_not_matter(factor, shift):
    """Centimetres or metres, with zero here or there: the inputs are the same up to rounding."""
    rows = [row.split(",") for row in lines()]
    moved = [f"{float(x) * factor + shift!r},{y},{label}" for x, y, label in rows]
    points = read_points(text(moved))
    np.testing.assert_allclose(points.inputs, PLAIN.inputs, atol=1e-5)
    mean, deviation = points.scale(3)
    np.testing.assert_allclose((points.values - mean) / deviation, points.learned(3), atol=1e-5)
    np.testing.assert_allclose(points.learned(3), PLAIN.learned(3), atol=1e-5)


def test_the_order_of_lines_is_kept():
    """A file turned upside down gives the same points, the last one first."""
    turned = read_points(text(lines()[::-1]))
    np.testing.assert_allclose(turned.inputs[::-1], PLAIN.inputs, atol=1e-6)
    np.testing.assert_array_equal(turned.labels[::-1], PLAIN.labels)


@pytest.mark.parametrize("change", [b",c", b"\xff", b"\n1,2", b"\n1,nan,a", b'\n1,2,"'])
def test_a_line_is_counted_as_in_an_editor(change):
    """Every end of a line counts, in any of the three ways and on blank lines; a Unicode separator does not."""
    data = text(lines()[:9]) + b"\r\r\n\r\n\n" + b'1,2,a\r1,2,"b"' + change  # 9 + 4 lines, then two more
    number = 15 + change.startswith(b"\n")
    assert f"Line {number}" in refusal(data)
    assert refusal(text(["x,y,\u2028", *lines()[:3], "?,1,a"])).startswith("Line 5 has “?”")


# Refusals, word for word


WANTED = "a number from -1,000,000,000 to 1,000,000,000 is needed."
SAVE = "save it as “CSV UTF-8” in a spreadsheet, or with the encoding UTF-8 in an editor."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (with_line(9, "abc,2,a"), f"Line 9 has “abc” as its x; {WANTED}"),
        (with_line(9, "1,,a"), f"Line 9 has nothing as its y; {WANTED}"),
        (with_line(9, "1,2e9,a"), f"Line 9 has “2e9” as its y; {WANTED}"),
        (with_line(9, "1,2, "), "Line 9 has nothing as its label; 1 to 40 printable characters are needed."),
        (
            with_line(9, "1,a"),
            "Line 9, “1,a”, has 2 instead of 3 columns separated by commas; x, y and label are needed.",
        ),
        (
            with_line(9, '1,2,"a'),
            'Line 9, “1,2,"a”, has an opening quotation mark and no closing one; a cell needs both or neither.',
        ),
        (b"7" * 2000, f"Line 1, “{'7' * 40}…”, has 2,000 characters; at most 1,000 are read."),
        (b"1,2,a\n1,\0", f"Line 2, “1,�”, holds a byte that is zero, as no text in UTF-8 does; {SAVE}"),
        (b"1,2,a\n1,2,\xe4", f"Line 2 of the file, “1,2,�”, is not in UTF-8; {SAVE}"),
        (b"\x89PNG\r\n\x1a\n", f"Line 1 begins as a PNG picture does, where CSV is needed; {SAVE}"),
        (b"", "The file is empty; 20 to 5,000 lines of x, y and label are needed."),
        (bytes(2**21), "The file has 2,097,152 bytes; at most 1,048,576 (1 MiB) are read."),
        (text(lines(19)), "The file up to line 19 has too few points, 19; at least 20 are needed."),
        (text(lines(5001)), "Line 5001 is one point too many; at most 5,000 are read."),
        (text(lines(labels="a")), "The file up to line 24 has no class but “a”; 2 to 5 classes are needed."),
        (
            text(lines(labels="abcdef")),
            "Class “f” (line 6) is one too many beside “a”, “b”, “c”, “d”, “e”; at most 5 are read. "
            "The label is the last column, unless a header names another one.",
        ),
        (
            with_line(9, "1,2,c"),
            "Class “c” (line 9) has too few points, 1; each class needs at least 4, to train, validate and test on.",
        ),
        (
            text([f"{i},{1e8 + (i > 9) / 100},{'ab'[i % 2]}" for i in range(20)]),
            "Every y is (nearly) the same, from 1e+08 (line 1) to 1e+08 (line 11); values that differ are needed.",
        ),
    ],
)
def test_a_refusal_word_for_word(data, said):
    """One sentence for each fault, with its place, what is there and what is legal."""
    assert refusal(data) == said


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (None, "The drawing is None; a list of points is needed."),
        ("[[1, 2, 0]]", "The drawing is “[[1, 2, 0]]”; a list of points is needed."),
        ({"x": 1}, "The drawing is a value of type dict; a list of points is needed."),
        (True, "The drawing is True; a list of points is needed."),
        ([], "The drawing has too few points, 0; at least 20 are needed."),
        (drawing(19), "The drawing has too few points, 19; at least 20 are needed."),
        ([0] * 10**6, "The drawing has 1,000,000 points; at most 5,000 are read."),
        ([[i, i % 3, 3] for i in range(20)], "The drawing has no class but “3”; 2 to 5 classes are needed."),
        (
            [*drawing(), [1, 2, 4], [2, 1, 4]],
            "Class “4” (point 21) has too few points, 2; each class needs at least 4, to train, validate and test "
            "on.",
        ),
        (
            [[3, i, i % 2] for i in range(20)],
            "Every x is (nearly) the same, from 3 (point 1) to 3 (point 1); values that differ are needed.",
        ),
    ],
)
def test_a_drawing_is_refused_word_for_word(rows, said):
    """The drawing as a whole is refused in the words for files, with points in place of lines."""
    assert drawn_refusal(rows) == said


THREE = "Point 3 is no list of x, y and class number; these three are needed."
CLASS = "as its class; a whole number from 0 to 4 is needed."


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (None, THREE),
        ("120", THREE),
        ([1, 2], THREE),
        ([1, 2, 0, 0], THREE),
        ({"x": 1, "y": 2, "class": 0}, THREE),
        (["1", 2, 0], f"Point 3 has “1” as its x; {WANTED}"),
        ([True, 2, 0], f"Point 3 has True as its x; {WANTED}"),
        ([1, None, 0], f"Point 3 has None as its y; {WANTED}"),
        ([1, float("nan"), 0], f"Point 3 has nan as its y; {WANTED}"),
        ([-float("inf"), 2, 0], f"Point 3 has -inf as its x; {WANTED}"),
        ([1, 2 * 10**9, 0], f"Point 3 has 2000000000 as its y; {WANTED}"),
        ([1, 10**10000, 0], f"Point 3 has a value of type int as its y; {WANTED}"),
        ([1, [[[2]]], 0], f"Point 3 has a value of type list as its y; {WANTED}"),
        ([1, "<b>\n" + "2" * 10**6, 0], f"Point 3 has “<b>�{'2' * 36}…” as its y; {WANTED}"),
        ([1, 2, 5], f"Point 3 has 5 {CLASS}"),
        ([1, 2, -1], f"Point 3 has -1 {CLASS}"),
        ([1, 2, 1.0], f"Point 3 has 1.0 {CLASS}"),
        ([1, 2, True], f"Point 3 has True {CLASS}"),
        ([1, 2, "0"], f"Point 3 has “0” {CLASS}"),
        ([1, 2, ""], f"Point 3 has nothing {CLASS}"),
        ([1, 2, "\ud800"], f"Point 3 has “�” {CLASS}"),
    ],
)
def test_a_point_of_a_drawing_is_refused_word_for_word(row, said):
    """A point that is not two numbers and a class is named by its place, and told in a few words."""
    assert drawn_with(row) == said


def test_a_nest_of_many_levels_is_refused():
    """What stands in a drawing is never written out, however deep it goes."""
    nest: list[Any] = []
    for _ in range(10**5):
        nest = [nest]
    assert drawn_refusal(nest) == THREE.replace("3", "1")
    assert drawn_with([nest, 0, 0]) == f"Point 3 has a value of type list as its x; {WANTED}"


# Limits


def test_the_limits_themselves_are_legal():
    """The largest and the smallest that is allowed is read, in a file and in a drawing."""
    assert len(read_points(text(lines(MAX_POINTS))).labels) == MAX_POINTS
    assert len(drawn_points(drawing(MAX_POINTS)).labels) == MAX_POINTS
    assert len(drawn_points(drawing(MIN_POINTS)).labels) == MIN_POINTS
    assert len(drawn_points([[i, i % 3, i % MAX_CLASSES] for i in range(20)]).classes) == MAX_CLASSES
    assert_legal(drawn_points([*drawing(), [10**9, -1e9, 1]]))
    assert_legal(drawn_points([[i * 5e-324, -(i % 3) * 1e-310, i % 2] for i in range(20)]))


def test_the_limit_of_the_csv_module_stays_as_it_is():
    """The longest cell that Python reads is a setting of all threads; it is not touched, and a low one is enough."""
    before = csv.field_size_limit(1001)
    try:
        for _, data, said in FILES:
            if said:
                refusal(data)
            else:
                read_points(data)
            assert csv.field_size_limit() == 1001
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize(
    "data",
    [
        b"\n" * 2**20,
        b"1\n" * 2**19,
        b"1,2,a\n" * (2**20 // 6),
        b'"' * 2**20,
        b"\n" * (2**20 - 1) + b"\xff",
        b"," * 2**20,
    ],
    ids=["line ends", "lines", "points", "quotation marks", "line ends and a fault", "commas"],
)
def test_a_hostile_mebibyte_takes_little_memory(data):
    """However many lines or cells a file has, no more than a legal number of them is held."""
    tracemalloc.start()
    try:
        refusal(data)
        assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    finally:
        tracemalloc.stop()


def test_no_heavy_library_is_loaded():
    """Reading points costs neither PyTorch nor pandas nor scikit-learn."""
    code = "import sys, pruning.points; print(sorted({'torch', 'pandas', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Anything at all


def survives(make: Any, value: Any) -> None:
    """Legal points or a sentence; any other error gets out."""
    try:
        points = make(value)
    except PointsError as error:
        assert_a_sentence(str(error))
    else:
        assert_legal(points)


@many
@given(st.binary(max_size=2000))
def test_any_bytes_give_points_or_a_sentence(data):
    """Nothing but a PointsError comes out of bytes that mean nothing."""
    survives(read_points, data)


PIECES = [
    *',;\t\n\r" .-+eab01259',
    "\r\n",
    "1.5",
    "1,5",
    "nan",
    "1e9",
    "\ufeff",
    "\u2028",
    "é",
    "a\n",
    "\0",
    "=",
    "<b>",
]


@many
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join), st.integers(0, 24))
def test_nearly_right_files_give_points_or_a_sentence(piece, number):
    """A file that is right but for one place, where anything stands, is read or refused in a sentence."""
    rows = lines()
    survives(read_points, text([*rows[:number], piece, *rows[number:]]))


@many
@given(st.data())
def test_files_of_any_numbers_give_points_or_a_sentence(data):
    """Any finite numbers are standardised, or told to be too large or too close together."""
    number = st.floats(-1.1e9, 1.1e9) | st.sampled_from([0.0, 1.0, 1 + 1e-9, 1e9, 5e-324])
    xs = data.draw(st.lists(number, min_size=20, max_size=30))
    rows = [f"{x!r},{data.draw(number)!r},{'abc'[i % 3]}" for i, x in enumerate(xs)]
    survives(read_points, text(rows))


PLAIN_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60)
ANY_JSON = st.recursive(
    PLAIN_VALUES,
    lambda inner: st.lists(inner, max_size=25) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=60,
)


@many
@given(ANY_JSON)
def test_any_json_gives_points_or_a_sentence(value):
    """Whatever a browser sends is taken or refused in a sentence."""
    survives(drawn_points, value)


@many
@given(
    st.lists(st.tuples(st.floats(-2e9, 2e9) | st.integers(), st.floats(), st.integers(-1, 5)), max_size=40), ANY_JSON
)
def test_nearly_right_drawings_give_points_or_a_sentence(rows, odd):
    """So is a list of points in which anything may be odd."""
    survives(drawn_points, [*drawing(), *map(list, rows)])
    survives(drawn_points, [*drawing(), odd])
    survives(drawn_points, [*drawing(), [odd, 1, 0]])
    survives(drawn_points, [*drawing(), [1, 1, odd]])


@every_right
def test_a_file_written_from_points_is_read_as_the_same_points(data):
    """To the bit, names included: so the code that the page shows gives the figures of the page."""
    points = read_points(data)
    again = read_points(points.to_csv().encode())
    assert again.key() == points.key()
    assert again.classes == points.classes


def test_a_drawing_written_as_a_file_is_read_as_the_same_points():
    """The class numbers become names, in the same order."""
    points = drawn_points(drawing())
    again = read_points(points.to_csv().encode())
    assert (again.key(), again.classes) == (points.key(), points.classes)


def test_networks_learn_points_of_ones_own():
    """`run` takes them instead of a data set; their split and everything else is the experiment's."""
    from pruning import Experiment, run

    points = read_points(text(lines(60)))
    outcome = run(Experiment(hidden=(6,), patience=3, max_epochs=20), points=points)
    assert outcome.n_classes == len(points.classes)
    split = stratified(points.labels, 42)
    assert (len(outcome.train_labels), len(outcome.test_labels)) == (30, 15)
    np.testing.assert_array_equal(outcome.train_inputs, points.learned(42)[split.train])
    np.testing.assert_array_equal(outcome.test_inputs, points.learned(42)[split.test])
    np.testing.assert_array_equal(outcome.test_labels, points.labels[split.test])
    assert run(Experiment(hidden=(6,), patience=3, max_epochs=20, data_seed=1), points=points).n_classes == 2


# What the columns are called

ROWS = [f"{i / 4},{i * i % 7},{'ab'[i % 2]}" for i in range(20)]


@pytest.mark.parametrize(
    ("header", "axes"),
    [
        ("length,width,species", ("length", "width")),
        ("Länge (cm),Breite (cm),Art", ("Länge (cm)", "Breite (cm)")),
        ("x,y,label", ("x", "y")),
        (None, ("x", "y")),
        ("0,1,2", ("x", "y")),  # numbered, not named
        (f"{'a' * 41},b,label", ("x", "y")),  # too long for a plane
        ('"a,b",c,label', ("x", "y")),  # a name that would need quotes
    ],
)
def test_columns_keep_the_names_of_the_header(header, axes):
    """Where it names them in a few plain signs; else they are x and y."""
    points = read_points("\n".join([*([header] if header else []), *ROWS]).encode())
    assert points.axes == axes
    assert len(points.labels) == 20
    again = read_points(points.to_csv().encode())
    assert (again.axes, again.key()) == (axes, points.key())


def test_names_go_with_their_columns():
    """Where the label stands first, and where a column in front numbers the lines."""
    turned = "\n".join(
        ["species,length,width", *(",".join([*row.split(",")[2:], *row.split(",")[:2]]) for row in ROWS)]
    )
    assert read_points(turned.encode()).axes == ("length", "width")
    numbered = "\n".join([",length,width,species", *(f"{i},{row}" for i, row in enumerate(ROWS))])
    assert read_points(numbered.encode()).axes == ("length", "width")
