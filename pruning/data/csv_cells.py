"""The cells of a CSV file of anybody's, line by line.

No more of a file is taken apart than a legal one can hold. A fault has the number of the line that an editor shows
beside it, and a quotation mark left open ends with its line.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from pruning.data.numerals import is_number

MAX_BYTES = 2**20
MIN_POINTS, MAX_POINTS = 20, 5000
MAX_LINE, MAX_QUOTED = 1000, 40  # characters of a line, and of what a message quotes
SAMPLE = 20  # lines by which the separator is told
SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces"}  # the first that fits
# What Excel, in English and in German, writes for what it cannot compute.
FAILED = {
    "#N/A", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", "#NV", "#WERT!", "#BEZUG!", "#ZAHL!",
}  # fmt: skip

_LINE_END = re.compile(rb"\r\n?|\n")
_SAVE = "save it as “CSV UTF-8” in a spreadsheet, or with the encoding UTF-8 in an editor"
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"%PDF-": "a PDF document",
    b"\x1f\x8b": "a compressed file",
    b"PAR1": "a Parquet file",
}
_MARKS = {  # the byte order mark decides; that of UTF-32 begins as one of UTF-16 does
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_NOTHING = re.compile(r'[\s,;"]*')
_NAMED_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE | re.DOTALL)
_FAILED = re.compile(rf'"?({"|".join(map(re.escape, sorted(FAILED)))})"?\s*[\t;, ].*')
_TWO_NUMBERS = re.compile(r"#.*([\t;, ])\s*([^\t;, ]+)\s*\1\s*([^\t;, ]+)")


class PointsError(ValueError):
    """Points that cannot be taken; the message is a sentence for people, and may quote what they sent."""


class Line(NamedTuple):
    """A line of a file that has something in it."""

    number: int  # as an editor counts, from 1
    text: str
    cells: list[str]


class Sheet(NamedTuple):
    """The lines of a file in their cells."""

    lines: list[Line]  # at least one; of too many, enough to tell that they are
    separator: str
    notes: list[str]  # what was assumed, in sentences without their full stop


def read_sheet(data: bytes) -> Sheet:
    """The cells in the bytes of a CSV file.

    UTF-8, or UTF-16 and UTF-32 behind their byte order mark. Blank lines, lines of separators alone and comments,
    which begin with #, are passed over. Columns are separated as most of the first lines show, by tabs, semicolons,
    commas or spaces, or as Excel's line “sep=;” says. Raises PointsError for bytes that are no such text.
    """
    text, encoding = _text(data)
    notes = [] if encoding == "UTF-8" else [f"Read in {encoding}, as the first bytes say"]
    comments: list[tuple[int, str]] = []
    lines = list(islice(_lines(text, comments), MAX_POINTS + 3))  # a separator's name, a header, one point too many
    for comment in comments:
        notes.append(
            f"Comments left out, that is lines that begin with #, such as line {comment[0]}: {quoted(comment[1])}"
        )
    named = _NAMED_SEPARATOR.fullmatch(lines[0][1].strip(" ")) if lines else None
    if named and named[1] in SEPARATORS:
        separator = named[1]
        notes.append(f"Separated by {SEPARATORS[separator]}, as line {lines[0][0]} says: {quoted(lines[0][1])}")
        lines = lines[1:]
    elif lines:
        separator = _separator(lines)
        notes += [] if separator == "," else [f"Separated by {SEPARATORS[separator]}"]
    if not lines:
        raise PointsError(f"The file is empty; {MIN_POINTS} to {MAX_POINTS:,} lines of x, y and label are needed.")
    return Sheet([Line(*line, _cells(line, separator)) for line in lines], separator, notes)


def _text(data: bytes) -> tuple[str, str]:
    """The text of a file that is one, without its byte order mark, and its encoding."""
    if len(data) > MAX_BYTES:
        raise PointsError(f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} (1 MiB) are read.")
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise PointsError(f"Line 1 begins as {kind} does, where CSV is needed; {_SAVE}.")
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "UTF-8")
    try:
        return data.decode("utf-8-sig" if encoding == "UTF-8" else encoding), encoding
    except UnicodeDecodeError as error:
        if encoding != "UTF-8":
            raise PointsError(f"The file is not in {encoding}, as its first bytes say it is; {_SAVE}.") from None
        *before, start = _LINE_END.split(error.object[: error.start])
        rest = _LINE_END.split(error.object[error.start : error.start + MAX_QUOTED])[0]
        found = quoted((start + rest).decode(errors="replace"))
        raise PointsError(f"Line {len(before) + 1} of the file, {found}, is not in UTF-8; {_SAVE}.") from None


def _lines(text: str, comments: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The lines in which something stands but for comments, of which the first is added to the list."""
    for number, line in enumerate(io.StringIO(text, newline=None), 1):
        if len(line) <= MAX_LINE and _NOTHING.fullmatch(line):
            continue
        if not _is_comment(line):
            yield number, line.rstrip("\n")
        elif not comments:
            comments.append((number, line.rstrip("\n")))


def _is_comment(text: str) -> bool:
    """Whether a line begins with # and is no point: one of a class whose name does, in front of two numbers, or one
    whose first number a spreadsheet has failed to compute, as #DIV/0! says."""
    if not text.lstrip().startswith("#") or len(text) > MAX_LINE or _FAILED.fullmatch(text.strip()):
        return False
    found = _TWO_NUMBERS.fullmatch(text.strip())
    return not (found and is_number(found[2]) and is_number(found[3]))


def _separator(lines: list[tuple[int, str]]) -> str:
    """The one that puts two numbers at least, among three cells at least, into most of the first lines.

    Where none does, the one that makes most cells of the first line, but spaces.
    """

    def fits(line: tuple[int, str], separator: str) -> bool:
        try:
            cells = _cells(line, separator)
        except PointsError:  # it will be raised where the line is read
            return False
        return len(cells) >= 3 and sum(map(is_number, cells)) >= 2

    found = {each: sum(fits(line, each) for line in lines[:SAMPLE]) for each in SEPARATORS}
    best = max(SEPARATORS, key=lambda each: found[each])
    return best if found[best] else max(",;\t", key=lambda each: len(_cells(lines[0], each)))


def _cells(line: tuple[int, str], separator: str) -> list[str]:
    number, text = line
    start = f"Line {number}, {quoted(text)},"
    if "\0" in text:
        raise PointsError(f"{start} holds a byte that is zero, as no text in UTF-8 does; {_SAVE}.")
    if len(text) > MAX_LINE:
        raise PointsError(f"{start} has {len(text):,} characters; at most {MAX_LINE:,} are read.")
    if separator == " ":
        text = " ".join(text.split())
    reader = csv.reader([text, ""], delimiter=separator, skipinitialspace=True)
    cells = [cell.strip() for cell in next(reader)]
    if reader.line_num > 1:  # a quoted cell was sought to its end in the line behind
        raise PointsError(f"{start} has an opening quotation mark and no closing one; a cell needs both or neither.")
    return cells


def wrong(where: str, found: Any, name: str, needed: str) -> PointsError:
    """The refusal of what a line or point has as its x, y, label or class."""
    return PointsError(f"{where.capitalize()} has {told(found)} as its {name}; {needed}.")


def told(value: Any) -> str:
    """What a value is, in a few words: a number may have a million digits, a list a million levels."""
    if isinstance(value, str):
        return quoted(value) if value else "nothing"
    brief = value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**18)
    return str(value) if brief else f"a value of type {type(value).__name__}"


def quoted(text: str) -> str:
    """The text in quotation marks, shortened, with plain spaces, → for tabs, a sign for what cannot be printed."""
    plain = spaced(text[:MAX_QUOTED]).replace("\t", "→")
    shown = "".join(character if character.isprintable() else "�" for character in plain)
    return f"“{shown}{'…' * (len(text) > MAX_QUOTED)}”"


def spaced(text: str) -> str:
    """The text with a plain space in place of every other kind of space within a line."""
    return "".join(" " if unicodedata.category(character) == "Zs" else character for character in text)
