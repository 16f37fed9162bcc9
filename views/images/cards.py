"""Pictures with what networks say of them, as HTML: crisp pixels, a small bar for every class, no requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np

from views.charts.colours import DENSE, PRUNED
from views.charts.raster import png

TALL, LABEL, WORDS = 16, 30, 94  # pixels: height of a full bar, width of a label, of what is said in words
FILLED = 85  # per cent of the width that bars take, the rest is between them
WIDTH = 236  # pixels of a card where two stand side by side; on a narrower screen one is as wide as the page
CARD = f"width:clamp({WIDTH}px,(520px - 100vw)*999,100vw - 2rem);max-width:100%"
FAINT = "#80808080"  # seen on light and on dark
NOT_TRAINED = "not trained"
CHIPS = 5  # classes of a set that are named
NO_CLASS = "no class"


@dataclass(frozen=True)
class Row:
    """One network's word on a picture."""

    label: str
    probs: np.ndarray  # (C,)
    chosen: bool  # whether it is the network the page is about
    dense: bool
    trained: bool = True  # whether that network has learned anything


def picture(pixels: np.ndarray, side: int, alt: str, kept: bool = True) -> str:
    """Pixels (H, W, channels) uint8 as an image element of `side` CSS pixels, enlarged without blur.

    kept: whether it stays in memory, for others who ask for the same one.
    """
    url = data_url(pixels.tobytes(), pixels.shape) if kept else png(pixels)
    return (
        f'<img src="{url}" width="{side}" height="{side}" alt="{escape(alt)}" '
        'style="image-rendering:pixelated;border-radius:4px;display:block">'
    )


@lru_cache(maxsize=4096)
def data_url(content: bytes, shape: tuple[int, ...]) -> str:
    """Pixels of that shape as a PNG in a data URL."""
    return png(np.frombuffer(content, np.uint8).reshape(shape))


def card(
    pixels: np.ndarray,
    side: int,
    name: str,
    rows: Sequence[Row],
    classes: Sequence[str],
    sets: Mapping[str, np.ndarray] | None = None,
) -> str:
    """A picture, its name, and what every network makes of it: below, or beside it where that is wide enough.

    sets: prediction sets (C,) of some of them, by their names; they stand under the rest.
    """
    return (
        f'<div style="{CARD};display:flex;flex-wrap:wrap;column-gap:12px">'
        f"<div>{picture(pixels, side, name)}<strong>{escape(name)}</strong></div>"
        f'<div style="flex:1 1 200px">{bars(rows, classes)}</div>{chips(sets or {}, classes)}</div>'
    )


def chips(sets: Mapping[str, np.ndarray], classes: Sequence[str]) -> str:
    """Prediction sets (C,), a line each: its network's name, and a chip for every class in it, a few of many."""
    return "".join(_chip_row(name, members, classes) for name, members in sets.items())


def _chip_row(name: str, members: np.ndarray, classes: Sequence[str]) -> str:
    held = [each for each, is_in in zip(classes, members, strict=True) if is_in]
    more = [f"+ {len(held) - CHIPS}"] if len(held) > CHIPS else []
    look = f"border:1px solid {FAINT};border-radius:9px;padding:0 7px;line-height:17px;overflow-wrap:anywhere"
    spans = "".join(f'<span style="{look}">{escape(each)}</span>' for each in (*held[:CHIPS], *more))
    told = f"{name}, set of {len(held)}: {', '.join(held) or NO_CLASS}"
    return (
        f'<div title="{escape(told)}" style="flex:1 1 100%;display:flex;flex-wrap:wrap;gap:3px;font-size:12px;'
        f'margin-top:3px"><span style="opacity:.8">{escape(name)}:</span>{spans or f"<em>{NO_CLASS}</em>"}</div>'
    )


def strip(title: str, pictures: Sequence[tuple[np.ndarray, str, str]], side: int) -> str:
    """Small pictures side by side after a title: (pixels, name, what is written under the name)."""
    cells = "".join(
        f'<div style="font-size:12px">{picture(pixels, side, name)}{escape(name)}<br>{escape(words)}</div>'
        for pixels, name, words in pictures
    )
    head = f'<div style="width:60px">{escape(title)}</div>'
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{head}{cells}</div>'


def bars(rows: Sequence[Row], classes: Sequence[str]) -> str:
    """Class probabilities: a bar a class in the order of `classes`, the winner in colour and in words.

    They are as wide as the place they are put into.
    """
    return "".join(_bar_row(row, classes) for row in rows)


def _bar_row(row: Row, classes: Sequence[str]) -> str:
    winner, last = int(row.probs.argmax()), max(len(classes) - 1, 1)
    colour = (DENSE if row.dense else PRUNED) if row.trained else FAINT
    drawn = ", ".join(
        # One background a class: an element for every bar would be a thousand elements a page.
        f"linear-gradient({colour if number == winner else FAINT} 0 0) "
        # At 0 % a bar touches the left end, at 100 % the right one.
        f"{100 * number / last:.2f}% 100%/{FILLED / len(classes):.2f}% {max(TALL * float(p), 1):.1f}px "
        "no-repeat"
        for number, p in enumerate(row.probs)
    )
    spoken = ", ".join(f"{name} {p:.2f}" for name, p in zip(classes, row.probs, strict=True))
    answer = f"{classes[winner]} ({row.probs[winner]:.2f})"
    if not row.trained:
        answer, spoken = NOT_TRAINED, f"{NOT_TRAINED}: {spoken}"
    weight = "bold" if row.chosen else "normal"
    return (
        f'<div title="{escape(spoken)}" style="display:flex;align-items:end;gap:6px;height:{TALL + 4}px;'
        f'font-size:12px;line-height:{TALL}px;white-space:nowrap;font-weight:{weight}">'
        f'<span style="width:{LABEL}px;flex:none;text-align:right">{escape(row.label)}</span>'
        f'<span style="height:{TALL}px;flex:1;background:{drawn}"></span>'
        f'<span style="width:{WORDS}px;flex:none">{escape(answer)}</span></div>'
    )
