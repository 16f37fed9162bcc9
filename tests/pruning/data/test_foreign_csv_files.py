"""CSV files as spreadsheets, programs and people write them: what is read of them, noted and refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from pruning.data.csv_points import PointsError, read_points
from pruning.data.own_points import Points
from pruning.data.splits import stratified

XS = [1.5, 2.0, 12.25, 0.5]
YS = [7.5, 3.25, 1.0]


def rows(separator: str = ",", labels: Sequence[str] = ("a", "b"), decimal: str = ".") -> list[str]:
    """Twenty-four points (XS, YS in turn), the labels taking turns."""
    cells = ((f"{XS[i % 4]}", f"{YS[i % 3]}", labels[i % len(labels)]) for i in range(24))
    return [separator.join([x.replace(".", decimal), y.replace(".", decimal), name]) for x, y, name in cells]


def of(xs: Sequence[str], separator: str = ";", ys: Sequence[str] = ("1", "2")) -> list[str]:
    """Twenty-four points with these writings of x in turn, and of y; classes a and b."""
    return [separator.join([xs[i % len(xs)], ys[i % len(ys)], "ab"[i % 2]]) for i in range(24)]


def read(lines: Sequence[str], encoding: str = "utf-8", end: str = "\n") -> Points:
    return read_points("".join(line + end for line in lines).encode(encoding))


def refusal(lines: Sequence[str]) -> str:
    with pytest.raises(PointsError) as caught:
        read(lines)
    return str(caught.value)


def assert_those(points: Points, labels: Sequence[str] = ("a", "b")) -> None:
    """The very points of `rows`, none more and none less."""
    np.testing.assert_array_equal(points.values, [[XS[i % 4], YS[i % 3]] for i in range(24)])
    assert [points.classes[label] for label in points.labels] == [labels[i % len(labels)] for i in range(24)]


def noted(points: Points) -> list[str]:
    """The notes, without the one that is true of all of these files."""
    return [note for note in points.notes if not note.startswith("Repetitions")]


# ---- headers


@pytest.mark.parametrize("labels", [("0", "1", "2"), ("a", "b")])
@pytest.mark.parametrize("header", ["0,1,2", '"0","1","2"', "1,2,3"])
def test_a_header_of_numbers_is_no_point(header, labels):
    """pandas numbers columns it has no names for; whether 2 is a class below or not, there are 24 points."""
    points = read([header, *rows(labels=labels)])
    assert_those(points, labels)
    assert noted(points)[0].startswith("Line 1 skipped, as it numbers the columns: “")


@pytest.mark.parametrize("header", ["1,2,label", "0,1,species", "2020,2021,Klasse", "0.5,1.5,target", "3,7,colour"])
@pytest.mark.parametrize("labels", [("0", "1"), ("a", "b")])
def test_a_header_with_a_name_for_the_label_alone_is_no_point(header, labels):
    """It is the class of no other line, and is one of the usual words, or behind numbers that follow each other."""
    if header.startswith("3,7") and labels == ("a", "b"):  # a word among words behind any two numbers: mistyped?
        assert refusal([header, *rows()]).startswith(
            "Class “colour” (line 1) has too few points, 1; each class needs"
        )
        return
    points = read([header, *rows(labels=labels)])
    assert_those(points, labels)
    label = header.rpartition(",")[2]
    assert noted(points)[0] == (
        f"Line 1 skipped, as it names the columns: “{header}”; “{label}” is the class of no other line"
    )


def test_columns_chosen_from_a_frame_without_names():
    """2,3,4 numbers the columns where no other coordinates are whole, and is a point where they are; 0,1,2 always."""
    for header in ("2,3,4", "0,1,3", "0,2,4", "1,3,4"):
        assert_those(read([header, *rows(labels="01234")]), "01234")
    for point in ("2,1,3", "1,1,2", "0,3,3"):
        assert len(read([point, *rows(labels="01234")]).labels) == 25
    whole = [f"{i % 7},{i % 3},{i % 5}" for i in range(25)]
    assert len(read(["0,1,2", *whole]).labels) == len(read(["1,2,3", *whole]).labels) == 25
    points = read(["2,3,4", *whole])
    assert (len(points.labels), points.values[0].tolist(), points.classes[points.labels[0]]) == (26, [2, 3], "4")
    assert noted(points) == []


def test_a_point_of_whole_numbers_in_a_row_is_read_from_any_line_but_the_first():
    """So that a point which looks like a header can be brought all the same."""
    points = read([*rows(labels="012"), "0,1,2"])
    assert points.values[-1].tolist() == [0, 1]
    assert len(points.labels) == 25


def test_a_first_point_is_not_lost():
    """A class of its own, or a mistyped one, is no header: it is refused, so that nobody loses a point unawares."""
    assert refusal(["5.1,3.5,setoza", *rows()]).startswith(
        "Class “setoza” (line 1) has too few points, 1; each class"
    )
    assert refusal(["5.1,3.5,setoza", *rows(labels="01")]).startswith("Class “setoza” (line 1) has too few points, 1")
    assert refusal(["NA,NA,a", *rows()]).startswith("Line 1 has “NA” as its x")
    assert refusal(["x,1,a", *rows()]).startswith("Line 1 has “x” as its x")


# ---- columns


def indexed(lines: Sequence[str], start: int = 0) -> list[str]:
    return [f"{i},{line}" for i, line in enumerate(lines, start)]


@pytest.mark.parametrize(
    "lines",
    [
        [",x,y,label", *indexed(rows())],
        [",0,1,2", *indexed(rows())],
        ["Unnamed: 0,x,y,label", *indexed(rows())],
        [",x,y,label", *(f"{i % 6},{line}" for i, line in enumerate(rows()))],  # frames put together
        ['"","x","y","label"', *(f'"{i}",{line}' for i, line in enumerate(rows(), 1))],
        ["index,x,y,label", *indexed(rows(), 1)],
        ["id,x,y,label", *indexed(rows()[::-1], 1000)[::-1]],
        ['"x" "y" "label"', *(f'"{i}" {line}' for i, line in enumerate(rows(" "), 1))],
    ],
    ids=["pandas", "pandas, no names", "read again", "put together", "R", "named", "backwards", "R, write.table"],
)
def test_a_column_that_numbers_the_lines_is_left_out(lines):
    """As pandas and R write it in front of x, y and label; a note says so."""
    points = read(lines)
    assert_those(points)
    assert "The first column left out, as it numbers the lines" in points.notes


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (indexed(rows()), "Line 1, “0,1.5,7.5,a”, has 4 instead of 3 columns"),
        (["t,x,y,label", *indexed(rows())], "Line 1, “t,x,y,label”, has 4 instead of 3 columns"),
        (["id,x,y,label", *(f"7,{line}" for line in rows())], "Line 1, “id,x,y,label”, has 4 instead of 3 columns"),
        (
            [",x,label", *(f"{i},{i % 7},{'ab'[i % 2]}" for i in range(24))],
            "Line 1, “,x,label”, has no name for the first column, which numbers the lines; x, y and label",
        ),
        (["a,b,c,d,species", *["5.1,3.5,1.4,.2,s"] * 24], "Line 1, “a,b,c,d,species”, has 5 instead of 3 columns"),
    ],
)
def test_columns_that_may_be_data_are_not_guessed(lines, said):
    """A fourth column without a name that says what it is, an index in place of x: refused."""
    assert refusal(lines).startswith(said)


@pytest.mark.parametrize("labels", [("red", "blue"), ("#f00", "#00f")])
@pytest.mark.parametrize("place", [0, 1])
def test_a_label_in_another_column_is_found(labels, place):
    """Where it alone holds words, header or not; and a note says so."""
    lines = [row.split(",") for row in rows(labels=labels)]
    turned = [",".join([*cells[:place], cells[2], *cells[place:2]]) for cells in lines]
    header = ",".join([*["x", "y"][:place], "what", *["x", "y"][place:]])
    for points in (read(turned), read([header, *turned])):
        assert_those(points, labels)
        assert f"The label is read from column {place + 1}, and x and y from the others" in points.notes


def test_a_label_of_numbers_in_front_is_found_by_its_name():
    """Without a name nothing tells it from x; then the last column has too many classes, and the refusal says where
    the label is sought."""
    lines = [f"{i % 2},{i / 2},{i / 4}" for i in range(24)]
    points = read(["class,x,y", *lines])
    assert points.classes == ("0", "1")
    np.testing.assert_array_equal(points.values, [[i / 2, i / 4] for i in range(24)])
    assert refusal(lines).endswith("The label is the last column, unless a header names another one.")


def test_one_mistyped_number_does_not_make_a_label():
    """Of a column of numbers it is the line that is wrong."""
    lines = rows(labels="01")
    lines[6] = "one,2,1"
    assert refusal(lines).startswith("Line 7 has “one” as its x")


@pytest.mark.parametrize(
    "lines",
    [
        rows("\t\t"),
        [row.replace("\t", "\t" * (1 + i % 2), 1) for i, row in enumerate(rows("\t"))],
        [f"\t{row}" for row in rows("\t")],
    ],
    ids=["doubled", "aligned", "indented"],
)
def test_doubled_tabs_are_one(lines):
    """Where each line has three cells between them."""
    assert_those(read(lines))
    assert "Tabs in a row taken for one" in read(lines).notes


def test_a_missing_cell_between_tabs_is_not_closed_up():
    """A line with two cells has none too many: nothing moves to the left."""
    lines = rows("\t\t")
    lines[4] = "1.5\t\t\t\ta"
    assert refusal(lines).startswith("Line 5 has nothing as its y")
    lines = rows("\t")
    lines[4] = "1.5\t\ta"
    assert refusal(lines).startswith("Line 5 has nothing as its y")


@pytest.mark.parametrize("ending", [",", ",,", ", "])
def test_separators_at_the_end_of_lines_are_left_out(ending):
    """With a header that has them too, or not."""
    for header in ("x,y,label", f"x,y,label{ending}"):
        points = read([header, *(row + ending for row in rows())])
        assert_those(points)
        assert "Columns without anything in them left out" in points.notes


def test_lines_of_separators_are_blank():
    """Spreadsheets write them below the data."""
    points = read([*rows(), ",,", ' , ,""', "\x0b,\x1c", ",\u00a0,", "\u2003"])
    assert_those(points)
    assert noted(points) == []


def test_comments_are_passed_over():
    """As numpy.savetxt writes a header, and anywhere else; a note tells of the first."""
    points = read(["# x,y,label", "#", *rows()[:9], "  # 1,2,a", *rows()[9:]])
    assert_those(points)
    assert noted(points) == ["Comments left out, that is lines that begin with #, such as line 1: “# x,y,label”"]


@pytest.mark.parametrize("cell", ["#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#WERT!", "#NV"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_a_spreadsheet_failed_to_compute_is_no_comment(cell, separator):
    """It stands for a number, so that its line is refused and not passed over."""
    lines = rows(separator)
    lines[6] = separator.join([cell, "2", "a"])
    assert refusal(lines).startswith(f"Line 7 has “{cell}” as its x; a number")
    lines[6] = separator.join([cell, cell, "a"])
    assert refusal(lines).startswith(f"Line 7 has “{cell}” as its x; a number")


@pytest.mark.parametrize("cell", ["#N/A", "#DIV/0!", "#VALUE!", "#NAME?"])
def test_what_a_spreadsheet_failed_to_compute_is_no_class(cell):
    """However often it is there."""
    assert refusal(rows(labels=["a", cell])).startswith(
        f"Line 2 has “{cell}” as its label, which stands for a missing"
    )


@pytest.mark.parametrize("line", ["#", "# N/A, 1, b", "#x,y,label", "#hashtag!", "#!/bin/sh", "#1, 2, a", "#A! b"])
def test_a_comment_that_looks_a_little_like_it(line):
    """It is passed over as ever."""
    assert len(read([line, *rows()]).labels) == 24


def test_tabs_are_shown():
    """A header is quoted with an arrow for each, and not as if it could not be read."""
    notes = noted(read(["x\ty\tlabel", *rows("\t")]))
    assert notes == ["Separated by tabs", "Line 1 skipped, as it names the columns: “x→y→label”"]


def test_many_comments_cost_no_point():
    """They do not count among the lines that are read."""
    assert len(read(["# a"] * 6000 + rows()).labels) == 24


def test_numbers_as_numpy_saves_them():
    """Spaces, exponents and labels with a point."""
    lines = [f"{XS[i % 4]:.18e} {YS[i % 3]:.18e} {i % 2:.18e}" for i in range(24)]
    points = read(lines)
    np.testing.assert_array_equal(points.values[:3], [[1.5, 7.5], [2, 3.25], [12.25, 1]])
    assert len(points.classes) == 2


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_the_line_in_which_excel_names_the_separator(separator):
    """It is no header and no fault."""
    points = read([f"sep={separator}", "x,y,label".replace(",", separator), *rows(separator)])
    assert_those(points)


def test_a_separator_in_the_header_alone_decides_nothing():
    """What separates the numbers counts."""
    assert_those(read(["x;cm,y;cm,label;of", *rows()]))
    assert_those(read(["x, y, label", *rows(";")][1:]))


# ---- encodings and ends


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_order_marks(encoding, end):
    """Text of Windows with its mark is read, as Excel saves “Unicode text”; the mark is no part of the header."""
    points = read(["x\ty\tgrüße", *rows("\t", labels=["groß", "klein"])], encoding, end)
    assert_those(points, ["groß", "klein"])


def test_utf_16_with_both_ends_first():
    """The mark tells which."""
    data = "\n".join(rows())
    assert_those(read_points(b"\xff\xfe" + data.encode("utf-16-le")))
    assert_those(read_points(b"\xfe\xff" + data.encode("utf-16-be")))


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp1251", "mac-roman"])
def test_other_encodings_are_refused(encoding):
    """Nothing tells them apart, and in each a label would read differently."""
    with pytest.raises(PointsError, match="is not in UTF-8; save it as “CSV UTF-8”"):
        read(rows(labels=["é" if encoding != "cp1251" else "я", "b"]), encoding)


# ---- numbers


def test_thousands_with_a_comma_are_refused_where_nothing_shows_the_sign():
    """995, 1,002 and 1,015: the comma may be either, and the sentence says how to write both."""
    said = (
        "Line 2 has “1,002” as its x, which may be 1002 or 1.002, as three digits behind a comma show neither; "
        "write 1,002.0 or 1,0020."
    )
    xs = ["995", "1,002", "1,015"]
    assert refusal(of(xs)) == refusal(of(xs, "\t")) == said
    assert refusal(of(['"995"', '"1,002"', '"1,015"'])) == said
    assert refusal(of(["995", '"1,002"', '"1,015"'], ",")) == said
    assert refusal(of(["1,002", "1,015"])).startswith("Line 1 has “1,002” as its x, which may be 1002 or 1.002")
    assert refusal(of(["1", "2"], ys=["-1,002"])).startswith(
        "Line 1 has “-1,002” as its y, which may be -1002 or -1.00"
    )


@pytest.mark.parametrize("separator", [";", "\t", " "])
def test_either_writing_of_the_advice_decides_the_whole_file(separator):
    """With one cell written as the refusal says, the others follow, and a note tells how."""
    xs = ["995", "1,002", "1,015"]
    first = {"1,002.0": [995, 1002, 1015], "1,0020": [995, 1.002, 1.015]}
    for writing, values in first.items():
        lines = of(xs, separator)
        lines[1] = separator.join([writing, "2", "b"])
        points = read(lines)
        np.testing.assert_array_equal(points.values[:, 0], values * 8)
        assert any(note.startswith("Commas in numbers taken for ") for note in points.notes)


@pytest.mark.parametrize(
    ("xs", "values"),
    [
        (["995", "1,002", "1,234,567"], [995, 1002, 1234567]),
        (["995", "1,002", "1,002.5"], [995, 1002, 1002.5]),
        (["995", "1,002", "0.5"], [995, 1002, 0.5]),
        (["995", "1,002", "1.5e3"], [995, 1002, 1500]),
        (["995", "1,002", "0,5"], [995, 1.002, 0.5]),
        (["995", "1,002", "0,125"], [995, 1.002, 0.125]),  # no thousands begin with a zero
        (["995", "1,002", "1234,567"], [995, 1.002, 1234.567]),  # nor have they four digits in front
        (["995", "1,002", "1,5e3"], [995, 1.002, 1500]),
        (["995", "1,002", "1.002,5"], [995, 1.002, 1002.5]),
        (["995", "1,002", "1.234.567"], [995, 1.002, 1234567]),
        (["995", "1.002", "1.234.567"], [995, 1002, 1234567]),
        (["995", "1.002", "1.002,5"], [995, 1002, 1002.5]),
        (["995", "1.002", "0.5"], [995, 1.002, 0.5]),
        (["995", "1.002", "12.3456"], [995, 1.002, 12.3456]),
        (["995", "1.002", "1995"], [995, 1.002, 1995]),  # a thousand without a mark
        (["1.234", "1.002", "9.015"], [1.234, 1.002, 9.015]),  # three decimals throughout
        (["-1,5", "+2,25", ",5"], [-1.5, 2.25, 0.5]),
        (["1,5", "3,", "2"], [1.5, 3, 2]),
        (["1 002", "995", "1 234 567"], [1002, 995, 1234567]),
        (["1\u202f002,5", "995", "1\u00a0002"], [1002.5, 995, 1002]),
        (["1'002.5", "995", "1’234’567"], [1002.5, 995, 1234567]),
        (["−1.5", "–2.5", "-3"], [-1.5, -2.5, -3]),
        (["1e3", "2E-1", "-.5e+2"], [1000, 0.2, -50]),
        (["0", "-0", "+0", "7"], [0, 0, 0, 7]),
    ],
)
@pytest.mark.parametrize("separator", [";", "\t"])
def test_numbers_by_hand(xs, values, separator):
    """One cell that can be read in one way only shows the decimal sign of all."""
    np.testing.assert_array_equal(read(of(xs, separator)).values[:, 0], values * (24 // len(values)))


@pytest.mark.parametrize(
    ("xs", "values"),
    [
        (["995", "1.002", "1.015"], [995, 1.002, 1.015]),  # no mark of thousands where commas separate
        (['"1,5"', '"2,25"', "3"], [1.5, 2.25, 3]),
        (["995", '"1,002"', "0.5"], [995, 1002, 0.5]),
        (['"1.002,5"', "995"], [1002.5, 995]),
    ],
)
def test_numbers_between_commas_by_hand(xs, values):
    """The same, where only quotation marks let a comma into a number."""
    np.testing.assert_array_equal(read(of(xs, ",")).values[:, 0], values * (24 // len(values)))


def test_the_sign_is_shown_by_either_column():
    """A decimal comma in y tells what those in x are, and so does a decimal point."""
    xs = ["995", "1,002", "1,015"]
    np.testing.assert_array_equal(read(of(xs, ys=["0,5", "2"])).values[:3], [[995, 0.5], [1.002, 2], [1.015, 0.5]])
    np.testing.assert_array_equal(read(of(xs, ys=["0.5", "2"])).values[:3], [[995, 0.5], [1002, 2], [1015, 0.5]])


@pytest.mark.parametrize(
    ("xs", "ys", "said"),
    [
        (["995", "1.002"], ["1", "2"], "Line 2 has “1.002” as its x, which may be 1.002 or 1002, as three digits"),
        (["995", "1.002"], ["0,5", "2"], "write 1.002,0 or 1,0020."),
        (
            ["1,5", "2.5"],
            ["1", "2"],
            "Line 1 has “1,5”, with a decimal comma, and line 2 has “2.5”, with a decimal point",
        ),
        (
            ["0.5", "2"],
            ["1", "1,5"],
            "Line 1 has “0.5”, with a decimal point, and line 2 has “1,5”, with a decimal comma",
        ),
        (["1.5", "1,23,456"], ["1", "2"], "Line 2 has “1,23,456” as its x; a number from -1,000"),
        (["1.5", "1 23"], ["1", "2"], "Line 2 has “1 23” as its x; a number"),
        (["1.5", "1 234 56"], ["1", "2"], "Line 2 has “1 234 56” as its x; a number"),
        (["1.5", "1 234'567"], ["1", "2"], "Line 2 has “1 234'567” as its x; a number"),
        (["1.5", "1_000"], ["1", "2"], "Line 2 has “1_000” as its x; a number"),
        (["1.5", "0x10"], ["1", "2"], "Line 2 has “0x10” as its x; a number"),
        (["1.5", "inf"], ["1", "2"], "Line 2 has “inf” as its x; a number"),
        (["1.5", "nan"], ["1", "2"], "Line 2 has “nan” as its x; a number"),
        (["1.5", "1e308"], ["1", "2"], "Line 2 has “1e308” as its x; a number"),
        (["1.5", "1,2,3"], ["1", "2"], "Line 2 has “1,2,3” as its x; a number"),
        (["1.5", "1,"], ["1", "2"], "with a decimal point, and line 2 has “1,”, with a decimal comma"),
    ],
)
def test_numbers_refused(xs, ys, said):
    """What nothing decides, what contradicts, and what is no number."""
    assert said in refusal(of(xs, ys=ys))


def test_notes_on_numbers():
    """What was taken for what, with the first cell in which it was."""
    assert noted(read(of(["1.002,5", "995"]))) == [
        "Separated by semicolons",
        "Commas in numbers taken for decimal ones, as in “1.002,5” (line 1)",
        "Points in numbers taken for marks of thousands, as in “1.002,5” (line 1)",
    ]
    assert noted(read(of(["1.5", "1,002"]))) == [
        "Separated by semicolons",
        "Commas in numbers taken for marks of thousands, as in “1,002” (line 2)",
    ]
    assert noted(read(of(["1.5", "1\u202f002"]))) == [
        "Separated by semicolons",
        "Spaces or apostrophes in numbers taken for marks of thousands, as in “1 002” (line 2)",
    ]
    assert noted(read(of(["1.5", "2"]))) == ["Separated by semicolons"]


# ---- labels


@pytest.mark.parametrize("label", ["NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "?", "<NA>"])
def test_a_missing_label_is_no_class(label):
    """However it is written, and however often: a line without a label is refused by its number."""
    for count in (1, 12):
        message = refusal([*rows(), *[f"1,2,{label}"] * count])
        assert message == (
            f"Line 25 has “{label}” as its label, which stands for a missing one; "
            "leave the line out or, if it is a class, write its name differently."
        )


@pytest.mark.parametrize("label", ["Na", "no", "none of these", "-", "+", "?!", "inf", "na"])
def test_what_only_looks_missing_is_a_class(label):
    """Sodium is one."""
    assert label in read(rows(labels=[label, "b"])).classes


def test_composed_and_decomposed_are_one_class():
    """“café” in either form of Unicode, as two keyboards write it; so are kinds of spaces, and doubled ones."""
    assert read(rows(labels=["caf\u00e9", "cafe\u0301", "thé"])).classes == ("café", "thé")
    assert read(rows(labels=["a b", "a\u00a0b", "a  b", "c"])).classes == ("a b", "c")
    assert read(rows(labels=["a ", " a", "a", "c"])).classes == ("a", "c")


def test_capitals_count_and_are_noted():
    """Two classes, as they are written; if that was not meant, the note tells."""
    points = read(rows(labels=["Setosa", "setosa", "virginica"]))
    assert points.classes == ("Setosa", "setosa", "virginica")
    assert noted(points) == ["“Setosa” and “setosa” taken for two classes, as capitals count"]


@pytest.mark.parametrize("labels", [("1", "1.0", "2", "2.0"), ("1", "1,0", "2", "2,0"), ("1", "01", "2", "+2")])
def test_equal_numbers_are_one_class(labels):
    """A column that pandas has made floats of, put together with one that it has not; named as written first."""
    points = read(rows(";", labels=labels))
    assert points.classes == ("1", "2")
    assert np.bincount(points.labels).tolist() == [12, 12]
    assert f"“{labels[1]}” taken for “1”, the same number" in points.notes


def test_true_and_false_are_words():
    """In whatever capitals; one writing makes two classes."""
    assert read(rows(labels=["True", "False"])).classes == ("False", "True")


# ---- what is split


def test_repeated_points_are_noted():
    """A file put together with itself tests on what it has trained on."""
    lines = [f"{i / 7},{i * i % 11},{'ab'[i % 2]}" for i in range(24)]
    assert read(lines).notes == ()
    assert read(lines * 2).notes == (
        "Repetitions of an earlier point, label and all: 24; some may be trained and tested on",
    )


def test_a_rare_class_is_trained_and_tested():
    """Lines 6, 8, 10 and 20 of twenty, and 4 of 404: both classes are in every split, for every seed."""
    few = read([f"{i / 3},{i % 7},{'ab'[i in (6, 8, 10, 20)]}" for i in range(1, 21)])
    many = read([f"{i / 3},{i % 7},{'ab'[i % 101 == 0]}" for i in range(404)])
    for points in (few, many):
        for seed in range(20):
            assert all(len(set(points.labels[part])) == 2 for part in stratified(points.labels, seed))


def test_long_numbers_that_differ_are_two_classes():
    """Identifiers of 16 digits and more, which as float64 would be one and the same."""
    labels = ["9007199254740993", "9007199254740992"]
    assert read(rows(labels=labels)).classes == tuple(sorted(labels))
    assert not [note for note in read(rows(labels=labels)).notes if "same number" in note]
