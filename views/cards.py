"""Pictures with what networks say of them, as HTML: crisp pixels, a small bar for every class, no requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np

from views.colours import DENSE, PRUNED
from views.raster import png

TALL, BARS, LABEL = 16, 100, 30  # pixels: height of a full bar, width of all bars, width of a label
WIDTH = LABEL + BARS + 106
FAINT = "#80808080"  # seen on light and on dark


@dataclass(frozen=True)
class Row:
    """One network's word on a picture."""

    label: str
    probs: np.ndarray  # (C,)
    chosen: bool  # whether it is the network the page is about
    dense: bool


def picture(pixels: np.ndarray, side: int, alt: str) -> str:
    """Pixels (H, W, channels) uint8 as an image element of `side` CSS pixels, enlarged without blur."""
    return (
        f'<img src="{data_url(pixels.tobytes(), pixels.shape)}" width="{side}" height="{side}" alt="{escape(alt)}" '
        'style="image-rendering:pixelated;border-radius:4px;display:block">'
    )


@lru_cache(maxsize=4096)
def data_url(content: bytes, shape: tuple[int, ...]) -> str:
    """Pixels of that shape as a PNG in a data URL."""
    return png(np.frombuffer(content, np.uint8).reshape(shape))


def card(pixels: np.ndarray, side: int, name: str, rows: Sequence[Row], classes: Sequence[str]) -> str:
    """A picture, its name, and what every network makes of it."""
    return f"{picture(pixels, side, name)}<strong>{escape(name)}</strong>{bars(rows, classes)}"


def strip(title: str, pictures: Sequence[tuple[np.ndarray, str, str]], side: int) -> str:
    """Small pictures side by side after a title: (pixels, name, what is written under the name)."""
    cells = "".join(
        f'<div style="font-size:12px">{picture(pixels, side, name)}{escape(name)}<br>{escape(words)}</div>'
        for pixels, name, words in pictures
    )
    head = f'<div style="width:60px">{escape(title)}</div>'
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{head}{cells}</div>'


def bars(rows: Sequence[Row], classes: Sequence[str]) -> str:
    """Class probabilities: a bar a class in the order of `classes`, the winner in colour and in words."""
    return "".join(_bar_row(row, classes) for row in rows)


def _bar_row(row: Row, classes: Sequence[str]) -> str:
    winner, width = int(row.probs.argmax()), BARS / len(classes)
    colour = DENSE if row.dense else PRUNED
    drawn = ", ".join(
        # One background a class: an element for every bar would be a thousand elements a page.
        f"linear-gradient({colour if number == winner else FAINT} 0 0) "
        f"{number * width:.1f}px 100%/{width - 1.5:.1f}px {max(TALL * float(p), 1):.1f}px no-repeat"
        for number, p in enumerate(row.probs)
    )
    spoken = ", ".join(f"{name} {p:.2f}" for name, p in zip(classes, row.probs, strict=True))
    weight = "bold" if row.chosen else "normal"
    return (
        f'<div title="{escape(spoken)}" style="display:flex;align-items:end;gap:6px;height:{TALL + 4}px;'
        f'font-size:12px;line-height:{TALL}px;white-space:nowrap;font-weight:{weight}">'
        f'<span style="width:{LABEL}px;text-align:right">{escape(row.label)}</span>'
        f'<span style="width:{BARS}px;height:{TALL}px;flex:none;background:{drawn}"></span>'
        f"<span>{escape(classes[winner])} ({row.probs[winner]:.2f})</span></div>"
    )
