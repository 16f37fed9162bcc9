"""The numbers of a file, once its lines have shown which decimal sign they are written with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pruning.data.csv_cells import Line, PointsError, quoted, wrong
from pruning.data.numerals import COMMA, POINT, Numeral, numeral
from pruning.data.own_points import COLUMNS

LARGEST = 10**9  # of a coordinate, either way
_NEEDED = f"a number from {-LARGEST:,} to {LARGEST:,} is needed"


class _Found(NamedTuple):
    line: int
    column: int
    number: Numeral


def coordinates(lines: list[Line], separator: str) -> tuple[list[tuple[float, float]], list[str]]:
    """x and y of each line, and notes on how their numbers are written: see `pruning.points.read_points`.

    Raises PointsError for a cell that is no number within the limits, and where two decimal signs are shown, or none
    although it matters.
    """
    found = [_Found(line.number, i, numeral(line.cells[i])) for line in lines for i in (0, 1)]
    sign, notes = _decimal_sign(found, separator)
    values = [
        coordinate(each.number.value(sign), each.number.cell, f"line {each.line}", COLUMNS[each.column])
        for each in found
    ]
    return list(zip(values[::2], values[1::2], strict=True)), notes


def coordinate(number: Any, found: Any, where: str, name: str) -> float:
    """`number`, or whatever stands in its place, as one within the limits; `found` is its writing."""
    if not isinstance(number, int | float) or isinstance(number, bool) or not -LARGEST <= number <= LARGEST:
        raise wrong(where, found, name, _NEEDED)
    return float(number)


def _decimal_sign(found: list[_Found], separator: str) -> tuple[str, list[str]]:
    shown: dict[str, _Found] = {}
    for each in found:
        if each.number.sign:
            shown.setdefault(each.number.sign, each)
    if len(shown) > 1:
        first, second = sorted(shown.values())
        names = {POINT: "decimal point", COMMA: "decimal comma"}
        one, other = (
            f"{quoted(each.number.cell)}, with a {names[str(each.number.sign)]}" for each in (first, second)
        )
        where = f"Line {first.line} has {one}, and line {second.line} has {other}"
        raise PointsError(f"{where}; write all numbers with the same sign.")
    sign = next(iter(shown), POINT)
    if open_ := next(_open(found, shown, separator), None):
        raise _undecided(open_, by_comma=COMMA in shown)
    return sign, list(_notes(found, shown, sign))


def _undecided(found: _Found, by_comma: bool) -> PointsError:
    """The refusal of a cell that may be two numbers, with two writings of which either decides the whole file."""
    cell, name = found.number.cell, "comma" if COMMA in found.number.cell else "point"
    thousands = f"{cell}{POINT if COMMA in cell else COMMA}0"
    decimal = f"{cell.replace(POINT, COMMA) if by_comma else cell}0"
    numbers = f"{found.number.by_point:.10g} or {found.number.by_comma:.10g}"
    either = f"which may be {numbers}, as three digits behind a {name} show neither"
    what = f"Line {found.line} has {quoted(cell)} as its {COLUMNS[found.column]}"
    return PointsError(f"{what}, {either}; write {thousands} or {decimal}.")


def _open(found: list[_Found], shown: dict[str, _Found], separator: str) -> Iterator[_Found]:
    """The cells of which no other tells which of two numbers they are."""
    grouped = any(each.number.sign == COMMA and POINT in each.number.cell for each in found)
    whole = {each.column for each in found if each.number.cell.isdigit() and len(each.number.cell) < 4}
    whole -= {each.column for each in found if each.number.cell.isdigit() and len(each.number.cell) > 3}
    for each in found:
        if not each.number.is_undecided:
            continue
        if COMMA in each.number.cell:
            is_open = not shown
        elif COMMA in shown:
            is_open = not grouped
        else:
            is_open = not shown and separator in ";\t" and each.column in whole
        if is_open:
            yield each


def _notes(found: Iterable[_Found], shown: dict[str, _Found], sign: str) -> Iterator[str]:
    names = {POINT: "Points", COMMA: "Commas"}
    other = COMMA if sign == POINT else POINT
    numbers = [each for each in found if each.number.value(sign) is not None]
    kinds = {
        "Commas in numbers taken for decimal ones": (each for each in numbers if sign == COMMA in each.number.cell),
        f"{names[other]} in numbers taken for marks of thousands": (
            each for each in numbers if other in each.number.cell
        ),
        "Spaces or apostrophes in numbers taken for marks of thousands": (
            each for each in numbers if each.number.has_marks
        ),
    }
    for what, those in kinds.items():
        if first := next(those, None):
            yield f"{what}, as in {quoted(first.number.cell)} (line {first.line})"
