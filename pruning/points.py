"""Points of a visitor's own, from a CSV file or drawn on the plane, made into what a network takes.

Both may come from anybody. No more of a file is taken apart than a legal one can hold, and that line by line: a fault
has the number that an editor shows beside it, and a quotation mark left open ends with its line.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

MAX_BYTES = 2**20
MIN_POINTS, MAX_POINTS = 20, 5000
MIN_CLASSES, MAX_CLASSES, MIN_OF_CLASS = 2, 5, 4
MAX_LINE, MAX_LABEL = 1000, 40  # characters; a message quotes no more than those of a label
LARGEST = 10**9  # of a coordinate, either way
SAME = 1e-9  # of the largest value: over a narrower range the digits of a float64 no longer fill a float32

_Line = tuple[int, str]  # its number as an editor counts, from 1, and its text
_COLUMNS = ("x", "y", "label")
_SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas"}  # commas last, since they may be decimal ones
_NUMBER = re.compile(r"[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|nan|inf|infinity)", re.ASCII | re.IGNORECASE)
_LINE_END = re.compile(rb"\r\n?|\n")
_SAVE = "save it as “CSV UTF-8” in a spreadsheet, or with the encoding UTF-8 in an editor"
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\x89PNG": "a PNG picture",
    b"%PDF-": "a PDF document",
}


class PointsError(ValueError):
    """Points that cannot be taken; the message is a sentence for people, and may quote what they sent."""


@dataclass(frozen=True, eq=False)
class Points:
    """Labelled points as a network takes them. The deviation is that of the population: divided by N."""

    inputs: np.ndarray  # (N, 2) float32, each column with mean 0 and standard deviation 1
    labels: np.ndarray  # (N,) int64, 0 to C − 1
    classes: tuple[str, ...]  # (C,) what the visitor calls them
    values: np.ndarray  # (N, 2) float64, the inputs as they were sent
    notes: tuple[str, ...]  # what was assumed, in sentences without their full stop

    @property
    def mean(self) -> np.ndarray:
        """(2,) float64, of the values; the inputs are (values − mean) / deviation."""
        return self.values.mean(axis=0)

    @property
    def deviation(self) -> np.ndarray:
        """(2,) float64, of the values, found where no square vanishes."""
        scale = np.abs(self.values).max(axis=0)
        return scale * (self.values / scale).std(axis=0)

    def key(self) -> str:
        """SHA-256 of inputs and labels, in hexadecimal: it names the data without holding them."""
        return hashlib.sha256(self.inputs.astype("<f4").tobytes() + self.labels.astype("<i8").tobytes()).hexdigest()

    def to_csv(self) -> str:
        """A file that `read_points` makes the very same points of."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for (x, y), label in zip(self.values.tolist(), self.labels, strict=True):
            writer.writerow([x, y, self.classes[label]])
        return text.getvalue()


class _Row(NamedTuple):
    where: str  # such as "line 7"
    x: float
    y: float
    label: str


def read_points(data: bytes) -> Points:
    """The points in the bytes of a CSV file in UTF-8: two columns of numbers, then the label.

    Columns are separated as in the first line, by commas, semicolons or tabs; where it is not by commas, a comma in a
    number is a decimal one. A first line without numbers is a header. Labels are any text, numbered in order: by
    value where all are numbers, else by the alphabet. Raises PointsError for a file refused.
    """
    lines = _lines(_text(data))
    separator = _separator(lines[0])
    notes = [] if separator == "," else [f"Separated by {_SEPARATORS[separator]}, so commas are decimal ones"]
    if header := _is_header(_cells(lines[0], separator), separator):
        notes.append(f"Line {lines[0][0]} skipped, as it names the columns: {_quoted(lines[0][1])}")
    body = lines[header:]
    rows = [_row(line, separator) for line in body[:MAX_POINTS]]
    if len(body) > MAX_POINTS:
        raise PointsError(f"Line {body[MAX_POINTS][0]} is one point too many; at most {MAX_POINTS:,} are read.")
    return _points(rows, f"The file up to line {lines[-1][0]}", notes)


def drawn_points(rows: Any) -> Points:
    """The points that a browser sent: a list of [x, y, class number], the number from 0 to MAX_CLASSES − 1.

    The numbers sent name the classes; the labels count those that occur. Raises PointsError for anything else.
    """
    if not isinstance(rows, list | tuple):
        raise PointsError(f"The drawing is {_told(rows)}; a list of points is needed.")
    if len(rows) > MAX_POINTS:
        raise PointsError(f"The drawing has {len(rows):,} points; at most {MAX_POINTS:,} are read.")
    return _points([_drawn_row(f"point {i}", row) for i, row in enumerate(rows, 1)], "The drawing", [])


def _text(data: bytes) -> str:
    """The text of a file that is one, without its byte order mark."""
    if len(data) > MAX_BYTES:
        raise PointsError(f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} (1 MiB) are read.")
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise PointsError(f"Line 1 begins as {kind} does, where CSV is needed; {_SAVE}.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        *before, start = _LINE_END.split(error.object[: error.start])
        rest = _LINE_END.split(error.object[error.start : error.start + MAX_LABEL])[0]
        found = _quoted((start + rest).decode(errors="replace"))
        raise PointsError(f"Line {len(before) + 1} of the file, {found}, is not in UTF-8; {_SAVE}.") from None


def _lines(text: str) -> list[_Line]:
    """The lines that are not blank; of too many, enough to tell that they are: a header may be among them."""
    every = ((number, line.rstrip("\n")) for number, line in enumerate(io.StringIO(text, newline=None), 1))
    lines = list(islice((line for line in every if line[1].strip()), MAX_POINTS + 2))
    if not lines:
        raise PointsError(f"The file is empty; {MIN_POINTS} to {MAX_POINTS:,} lines of x, y and label are needed.")
    return lines


def _separator(first: _Line) -> str:
    """The one that makes three cells of the line, a number first; else three; else the most."""
    cells = {separator: _cells(first, separator) for separator in _SEPARATORS}
    three = [separator for separator in _SEPARATORS if len(cells[separator]) == len(_COLUMNS)]
    numeric = [separator for separator in three if _number(cells[separator][0], separator) is not None]
    return [*numeric, *three, max(reversed(_SEPARATORS), key=lambda each: len(cells[each]))][0]


def _is_header(cells: list[str], separator: str) -> bool:
    """Whether the first two cells are words; an empty one is a number left out."""
    return len(cells) == len(_COLUMNS) and all(cell and _number(cell, separator) is None for cell in cells[:2])


def _cells(line: _Line, separator: str) -> list[str]:
    number, text = line
    start = f"Line {number}, {_quoted(text)},"
    if "\0" in text:
        raise PointsError(f"{start} holds a byte that is zero, as no text in UTF-8 does; {_SAVE}.")
    if len(text) > MAX_LINE:
        raise PointsError(f"{start} has {len(text):,} characters; at most {MAX_LINE:,} are read.")
    reader = csv.reader([text, ""], delimiter=separator, skipinitialspace=True)
    cells = [cell.strip() for cell in next(reader)]
    if reader.line_num > 1:  # a quoted cell was sought to its end in the line behind
        raise PointsError(f"{start} has an opening quotation mark and no closing one; a cell needs both or neither.")
    return cells


def _row(line: _Line, separator: str) -> _Row:
    cells, where = _cells(line, separator), f"line {line[0]}"
    if len(cells) != len(_COLUMNS):
        found = f"{_quoted(line[1])}, has {len(cells)} instead of 3 columns separated by {_SEPARATORS[separator]}"
        raise PointsError(f"{where.capitalize()}, {found}; x, y and label are needed.")
    x, y = (_coordinate(_number(cells[i], separator), cells[i], where, _COLUMNS[i]) for i in (0, 1))
    label = cells[2]
    if not 1 <= len(label) <= MAX_LABEL or not label.isprintable():
        raise _wrong(where, label, "label", f"1 to {MAX_LABEL} printable characters are needed")
    return _Row(where, x, y, label)


def _drawn_row(where: str, row: Any) -> _Row:
    if not isinstance(row, list | tuple) or len(row) != len(_COLUMNS):
        raise PointsError(f"{where.capitalize()} is no list of x, y and class number; these three are needed.")
    x, y = (_coordinate(row[i], row[i], where, _COLUMNS[i]) for i in (0, 1))
    label = row[2]
    if not isinstance(label, int) or isinstance(label, bool) or not 0 <= label < MAX_CLASSES:
        raise _wrong(where, label, "class", f"a whole number from 0 to {MAX_CLASSES - 1} is needed")
    return _Row(where, x, y, str(label))


def _number(cell: str, separator: str) -> float | None:
    if separator != ",":
        cell = cell.replace(",", ".")
    return float(cell) if _NUMBER.fullmatch(cell) else None


def _coordinate(number: Any, found: Any, where: str, name: str) -> float:
    """`number`, or whatever stands in its place, as one within the limits; `found` is its writing."""
    if not isinstance(number, int | float) or isinstance(number, bool) or not -LARGEST <= number <= LARGEST:
        raise _wrong(where, found, name, f"a number from {-LARGEST:,} to {LARGEST:,} is needed")
    return float(number)


def _points(rows: list[_Row], whole: str, notes: list[str]) -> Points:
    if len(rows) < MIN_POINTS:
        raise PointsError(f"{whole} has too few points, {len(rows)}; at least {MIN_POINTS} are needed.")
    names = [row.label for row in rows]
    _check_classes(names, rows, whole)
    values = np.array([(row.x, row.y) for row in rows])
    _check_range(values, rows)
    classes = _in_order(set(names))
    labels = np.array([classes.index(name) for name in names], np.int64)
    return Points(_standardised(values).astype(np.float32), labels, classes, values, tuple(notes))


def _check_classes(names: list[str], rows: list[_Row], whole: str) -> None:
    sizes = Counter(names)  # in order of appearance
    known = ", ".join(map(_quoted, list(sizes)[:MAX_CLASSES]))
    if len(sizes) < MIN_CLASSES:
        raise PointsError(f"{whole} has no class but {known}; {MIN_CLASSES} to {MAX_CLASSES} classes are needed.")
    if len(sizes) > MAX_CLASSES:
        extra = list(sizes)[MAX_CLASSES]
        found = f"{_quoted(extra)} ({rows[names.index(extra)].where})"
        raise PointsError(f"Class {found} is one too many beside {known}; at most {MAX_CLASSES} are read.")
    name, size = min(sizes.items(), key=lambda item: item[1])
    if size < MIN_OF_CLASS:
        found = f"{_quoted(name)} ({rows[names.index(name)].where}) has too few points, {size}"
        raise PointsError(f"Class {found}; each class needs at least {MIN_OF_CLASS}.")


def _check_range(values: np.ndarray, rows: list[_Row]) -> None:
    """Each column of the values (N, 2) must differ by more than rounding can tell."""
    for name, column in zip("xy", values.T, strict=True):
        low, high = int(column.argmin()), int(column.argmax())
        if column[high] - column[low] <= SAME * np.abs(column).max():
            found = f"from {column[low]:g} ({rows[low].where}) to {column[high]:g} ({rows[high].where})"
            raise PointsError(f"Every {name} is (nearly) the same, {found}; values that differ are needed.")


def _standardised(values: np.ndarray) -> np.ndarray:
    """The values (N, 2) with mean 0 and deviation 1; brought to [−1, 1] before, where no square vanishes."""
    scaled = values / np.abs(values).max(axis=0)
    centred = scaled - scaled.mean(axis=0)
    return centred / centred.std(axis=0)


def _in_order(names: set[str]) -> tuple[str, ...]:
    """By value where all are numbers, with either decimal sign; else by the alphabet, whatever the case."""
    values = {name: number for name in names if (number := _number(name, ";")) is not None and math.isfinite(number)}
    by_value = len(values) == len(names)
    return tuple(sorted(names, key=lambda name: (values[name] if by_value else 0.0, name.casefold(), name)))


def _wrong(where: str, found: Any, name: str, needed: str) -> PointsError:
    return PointsError(f"{where.capitalize()} has {_told(found)} as its {name}; {needed}.")


def _told(value: Any) -> str:
    """What a value is, in a few words: a number may have a million digits, a list a million levels."""
    if isinstance(value, str):
        return _quoted(value) if value else "nothing"
    brief = value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**18)
    return str(value) if brief else f"a value of type {type(value).__name__}"


def _quoted(text: str) -> str:
    """The text in quotation marks, shortened, with a sign in place of what cannot be printed."""
    shown = "".join(character if character.isprintable() else "�" for character in text[:MAX_LABEL])
    return f"“{shown}{'…' * (len(text) > MAX_LABEL)}”"
