"""Points of a visitor's own, from a CSV file or drawn on the plane, made into what a network takes.

Both may come from anybody: they are read in one certain way, with a note of what was assumed, or refused in a
sentence.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from pruning.data.csv_cells import (
    MAX_BYTES,
    MAX_POINTS,
    MIN_POINTS,
    PointsError,
    quoted,
    read_sheet,
    spaced,
    told,
    wrong,
)
from pruning.data.csv_columns import MISSING, arranged
from pruning.data.csv_numbers import coordinate, coordinates
from pruning.data.numerals import COMMA, numeral
from pruning.data.own_points import AXES, COLUMNS, SAME, Points

__all__ = [
    "MAX_BYTES",
    "MAX_CLASSES",
    "MAX_POINTS",
    "MIN_CLASSES",
    "MIN_OF_CLASS",
    "MIN_POINTS",
    "Points",
    "PointsError",
    "drawn_points",
    "read_points",
]
MIN_CLASSES, MAX_CLASSES, MIN_OF_CLASS = 2, 5, 4
MAX_LABEL = 40  # characters
EXACT = 2**53  # from here on a float64 does not hold every whole number


class _Row(NamedTuple):
    where: str  # such as "line 7"
    x: float
    y: float
    label: str


def read_points(data: bytes) -> Points:
    """The points in the bytes of a CSV file: two columns of numbers and a label.

    Text. UTF-8, or UTF-16 or UTF-32 with its byte order mark; other encodings cannot be told from each other and are
    refused. Blank lines and comments (#) are passed over. Columns stand between tabs, semicolons, commas or spaces.

    Columns. x, y and label; the label elsewhere if that column alone holds words, or alone is named as one. Left out
    are cells that are empty in every line, and a fourth column in front with whole numbers and no name, or named as
    one that numbers lines. Other columns are refused. The first line is a header if it names columns in words; if it
    numbers them, as pandas does, 0,1,2, or 1,2,3 (or others that rise, above points that are no whole numbers); and
    if its label is the class of no other line and is such a word as “species”, or stands behind two whole numbers
    that follow each other, or above labels that are numbers. Any other is a point.

    Numbers. One decimal sign for all, as those show that can be read in one way only: 1,5 and 0.5, 1.002,5 and
    1,234.5. Then the other sign marks thousands, and so may spaces and apostrophes. A comma with three digits behind
    it shows nothing, so that 995 and 1,002 alone are refused; a point with three digits behind it is decimal, unless
    decimal commas or, between semicolons or tabs, whole numbers below 1000 in the same column make that doubtful,
    which is refused too.

    Labels. Any text, in Unicode's composed form, with single spaces; capitals count. Numbers that are equal, 1 and
    1.0, are one class. Missing labels (nothing, NA, null, ? …) are refused. Classes are numbered in order: by value
    where all are numbers, else by the alphabet.

    All that was assumed is in the notes. Raises PointsError for a file refused.
    """
    sheet = read_sheet(data)
    lines, axes, columns = arranged(sheet, MAX_CLASSES)
    places, signs = coordinates(lines[:MAX_POINTS], sheet.separator)
    labels = [_label(line.cells[2], f"line {line.number}") for line in lines[:MAX_POINTS]]
    if len(lines) > MAX_POINTS:
        raise PointsError(f"Line {lines[MAX_POINTS].number} is one point too many; at most {MAX_POINTS:,} are read.")
    names, equal = _named_once(labels)
    rows = [
        _Row(f"line {line.number}", *place, names[label])
        for line, place, label in zip(lines, places, labels, strict=False)
    ]
    whole = f"The file up to line {sheet.lines[-1].number}"
    return _points(rows, whole, [*sheet.notes, *columns, *signs, *equal], axes)


def drawn_points(rows: Any) -> Points:
    """The points that a browser sent: a list of [x, y, class number], the number from 0 to MAX_CLASSES − 1.

    The numbers sent name the classes; the labels count those that occur. Raises PointsError for anything else.
    """
    if not isinstance(rows, list | tuple):
        raise PointsError(f"The drawing is {told(rows)}; a list of points is needed.")
    if len(rows) > MAX_POINTS:
        raise PointsError(f"The drawing has {len(rows):,} points; at most {MAX_POINTS:,} are read.")
    return _points([_drawn_row(f"point {i}", row) for i, row in enumerate(rows, 1)], "The drawing", [])


def _drawn_row(where: str, row: Any) -> _Row:
    if not isinstance(row, list | tuple) or len(row) != len(COLUMNS):
        raise PointsError(f"{where.capitalize()} is no list of x, y and class number; these three are needed.")
    x, y = (coordinate(row[i], row[i], where, COLUMNS[i]) for i in (0, 1))
    label = row[2]
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < MAX_CLASSES:
        raise wrong(where, label, "class", f"a whole number from 0 to {MAX_CLASSES - 1} is needed")
    return _Row(where, x, y, str(label))


def _label(cell: str, where: str) -> str:
    """The label in one writing: composed, with plain and single spaces."""
    if cell in MISSING:
        found = f"{where.capitalize()} has {quoted(cell)} as its label, which stands for a missing one"
        raise PointsError(f"{found}; leave the line out or, if it is a class, write its name differently.")
    if not 1 <= len(cell) <= MAX_LABEL or not spaced(cell).isprintable():
        raise wrong(where, cell, "label", f"1 to {MAX_LABEL} printable characters are needed")
    return unicodedata.normalize("NFC", " ".join(spaced(cell).split()))


def _named_once(labels: list[str]) -> tuple[dict[str, str], list[str]]:
    """label → the name of its class, the first label that is the same number; and notes on labels that are alike."""
    numbers = {label: number for label in labels if (number := _label_number(label)) is not None}
    first: dict[float, str] = {}
    for label, number in numbers.items():
        first.setdefault(number, label)
    names = {label: first[numbers[label]] if label in numbers else label for label in labels}
    notes = [
        f"{quoted(label)} taken for {quoted(name)}, the same number" for label, name in names.items() if label != name
    ]
    classes = list(dict.fromkeys(names.values()))
    folded: dict[str, str] = {}
    for name in classes[:MAX_CLASSES]:
        other = folded.setdefault(name.casefold(), name)
        notes += (
            [f"{quoted(other)} and {quoted(name)} taken for two classes, as capitals count"] if other != name else []
        )
    return names, notes


def _label_number(label: str) -> float | None:
    """The number that a label is, with either decimal sign; None for a text, or for one that a float64 cannot tell
    from its neighbours, as some that name things are so long."""
    found = numeral(label)
    number = found.by_comma if found.sign == COMMA else found.by_point
    return number if number is not None and abs(number) < EXACT else None


def _points(rows: list[_Row], whole: str, notes: list[str], axes: tuple[str, str] = AXES) -> Points:
    if len(rows) < MIN_POINTS:
        raise PointsError(f"{whole} has too few points, {len(rows)}; at least {MIN_POINTS} are needed.")
    names = [row.label for row in rows]
    _check_classes(names, rows, whole)
    values = np.array([(row.x, row.y) for row in rows])
    _check_range(values, rows)
    classes = _in_order(set(names))
    labels = np.array([classes.index(name) for name in names], np.int64)
    if again := len(rows) - len({(row.x, row.y, row.label) for row in rows}):
        notes.append(f"Repetitions of an earlier point, label and all: {again:,}; some may be trained and tested on")
    return Points(values, labels, classes, tuple(notes), axes)


def _check_classes(names: list[str], rows: list[_Row], whole: str) -> None:
    sizes = Counter(names)  # in order of appearance
    known = ", ".join(map(quoted, list(sizes)[:MAX_CLASSES]))
    if len(sizes) < MIN_CLASSES:
        raise PointsError(f"{whole} has no class but {known}; {MIN_CLASSES} to {MAX_CLASSES} classes are needed.")
    if len(sizes) > MAX_CLASSES:
        extra = list(sizes)[MAX_CLASSES]
        found = f"{quoted(extra)} ({rows[names.index(extra)].where})"
        where = "The label is the last column, unless a header names another one"
        raise PointsError(f"Class {found} is one too many beside {known}; at most {MAX_CLASSES} are read. {where}.")
    name, size = min(sizes.items(), key=lambda item: item[1])
    if size < MIN_OF_CLASS:
        found = f"{quoted(name)} ({rows[names.index(name)].where}) has too few points, {size}"
        raise PointsError(f"Class {found}; each class needs at least {MIN_OF_CLASS}, to train, validate and test on.")


def _check_range(values: np.ndarray, rows: list[_Row]) -> None:
    """Each column of the values (N, 2) must differ by more than rounding can tell."""
    for name, column in zip("xy", values.T, strict=True):
        low, high = int(column.argmin()), int(column.argmax())
        if column[high] - column[low] <= SAME * np.abs(column).max():
            found = f"from {column[low]:g} ({rows[low].where}) to {column[high]:g} ({rows[high].where})"
            raise PointsError(f"Every {name} is (nearly) the same, {found}; values that differ are needed.")


def _in_order(names: set[str]) -> tuple[str, ...]:
    """By value where all are numbers, with either decimal sign; else by the alphabet, whatever the case."""
    values = {name: number for name in names if (number := _label_number(name)) is not None}
    by_value = len(values) == len(names)
    return tuple(sorted(names, key=lambda name: (values[name] if by_value else 0.0, name.casefold(), name)))
