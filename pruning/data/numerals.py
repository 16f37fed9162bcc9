"""Numbers as people and programs write them: with a decimal point or comma, with marks between thousands.

A cell such as 1,5 or 0.25 can be read in one way only, and so it shows what the whole file means. One such as 1,002
cannot: it is 1002 where the decimal sign is a point and 1.002 where it is a comma.
"""

from __future__ import annotations

import re
from typing import NamedTuple

POINT, COMMA = ".", ","  # the decimal sign

_MINUS = str.maketrans(
    dict.fromkeys("\N{MINUS SIGN}\N{EN DASH}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}", "-")
)
_MARKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'\N{RIGHT SINGLE QUOTATION MARK}"
_THOUSAND = re.compile(rf"(?<=\d)[{_MARKS}](?=\d{{3}}(?!\d))")
_GROUPED = re.compile(rf"[+-]?[1-9]\d{{0,2}}([{_MARKS}])\d{{3}}(\1\d{{3}})*(?!\d)[^{_MARKS}]*", re.ASCII)
_FORMS = {
    sign: (
        re.compile(rf"[+-]?(\d+(\{sign}\d*)?|\{sign}\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE),
        re.compile(rf"[+-]?[1-9]\d{{0,2}}(\{mark}\d{{3}})+(\{sign}\d*)?", re.ASCII),
    )
    for sign, mark in ((POINT, COMMA), (COMMA, POINT))
}


class Numeral(NamedTuple):
    """A cell and the two numbers that it may be, None where it is none."""

    cell: str
    by_point: float | None  # the number if the decimal sign is a point
    by_comma: float | None  # and if it is a comma

    @property
    def is_number(self) -> bool:
        return self.by_point is not None or self.by_comma is not None

    @property
    def is_undecided(self) -> bool:
        """Whether it is two different numbers."""
        return None not in (self.by_point, self.by_comma) and self.by_point != self.by_comma

    @property
    def sign(self) -> str | None:
        """The decimal sign that this cell alone shows; None where it could be either."""
        if self.is_number and None in (self.by_point, self.by_comma):
            return COMMA if self.by_point is None else POINT
        return None

    @property
    def has_marks(self) -> bool:
        """Whether spaces or apostrophes stand between thousands."""
        return self.is_number and _THOUSAND.search(self.cell) is not None

    def value(self, sign: str) -> float | None:
        return self.by_point if sign == POINT else self.by_comma


def numeral(cell: str) -> Numeral:
    """The cell as a number. Marks between thousands must stand before three digits each; nan and inf are none."""
    text = cell.translate(_MINUS)
    if _GROUPED.fullmatch(text):
        text = _THOUSAND.sub("", text)
    return Numeral(cell, *(_value(text, sign) for sign in (POINT, COMMA)))


def is_number(cell: str) -> bool:
    return numeral(cell).is_number


def _value(text: str, sign: str) -> float | None:
    plain, grouped = _FORMS[sign]
    if plain.fullmatch(text):
        return float(text.replace(sign, "."))
    if grouped.fullmatch(text):
        return float(text.replace(COMMA if sign == POINT else POINT, "").replace(sign, "."))
    return None
