"""A worksheet: what was guessed and what came, as one HTML page that opens without a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
section { border-top: 1px solid; padding: 0.5rem 0 1rem; break-inside: avoid; }
dt { font-weight: 600; margin-top: 0.5rem; } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; } th, td { padding: 0 1rem 0 0; text-align: left; font-weight: 400; }
thead th { font-weight: 600; }
"""

Figures = tuple[tuple[str, ...], ...]
"""Lines of a table, the head first."""


@dataclass(frozen=True)
class Entry:
    """A guess that was locked, and what came of it, once that was seen."""

    story: str
    turn: int  # how many stories had been told in the visit
    question: str
    guess: str
    values: Mapping[str, Any]  # control → value when it was locked
    came: str = ""  # nothing as long as networks are awaited
    judged: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)  # label → value, of all that are not at their default
    figures: Figures = ()
    link: str = ""

    def is_of(self, story: str, turn: int) -> bool:
        """Whether it was locked when the story was told this time."""
        return (self.story, self.turn) == (story, turn)


def with_guess(entries: Sequence[Entry], new: Entry) -> tuple[Entry, ...]:
    """The entries and a new one, in whose place there may have been one with the same guess on the same."""

    def same(each: Entry) -> bool:
        return (each.story, each.question, each.guess, each.values) == (
            new.story, new.question, new.guess, new.values,
        )  # fmt: skip

    return (*(each for each in entries if not same(each)), new)


def answered(entries: Sequence[Entry]) -> list[Entry]:
    """Those of which it is known what came."""
    return [entry for entry in entries if entry.came]


def page(entries: Sequence[Entry]) -> str:
    """The whole page; everything on it is text, and nothing runs."""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Worksheet: pruning and uncertainty</title><style>{STYLE}</style>"
        "<h1>Worksheet: pruning and uncertainty</h1><p>Name:</p>"
        f"{''.join(_section(at, entry) for at, entry in enumerate(answered(entries), start=1))}</html>"
    )


def _section(at: int, entry: Entry) -> str:
    settings = "; ".join(f"{label}: {value}" for label, value in entry.settings.items()) or "all at their defaults"
    told = {
        "Question": escape(entry.question),
        "Guess": escape(entry.guess),
        "What came": f"{escape(entry.came)}. {escape(entry.judged)}",
        "Figures": _table(entry.figures),
        "Settings": escape(settings),
        "To see it again": _anchor(entry.link),
    }
    lines = "".join(f"<dt>{name}</dt><dd>{html}</dd>" for name, html in told.items())
    return f"<section><h2>{at}. {escape(entry.story)}</h2><dl>{lines}</dl></section>"


def _table(lines: Figures) -> str:
    if not lines:
        return ""
    head, *body = ("".join(f"<th>{escape(cell)}</th>" for cell in line) for line in lines)
    return f"<table><thead><tr>{head}</tr></thead>{''.join(f'<tr>{line}</tr>' for line in body)}</table>"


def _anchor(link: str) -> str:
    """A link that can be followed; an address of any other kind is only written."""
    shown = escape(link)
    return f'<a href="{shown}">{shown}</a>' if link.startswith(("http://", "https://")) else shown
