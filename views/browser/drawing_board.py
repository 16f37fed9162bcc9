"""A board on which visitors draw points of their own, in the browser; what it sends is not to be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pruning.data.csv_points import MAX_CLASSES, MIN_CLASSES, MIN_OF_CLASS, MIN_POINTS
from views.browser.component import component
from views.charts.colours import CLASSES, INK, PAPER, Theme
from views.controls import state

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.delta_generator import DeltaGenerator

MOST = 1000  # points that can be drawn
FILL = 120  # points of a ready-made start, about
EDGE = 0.92  # how far a ready-made start reaches
# A shape for each class, as the path of an SVG around 0 that is about 1 wide to either side.
MARKERS = {
    "circle": "M-1 0a1 1 0 1 0 2 0a1 1 0 1 0-2 0Z",
    "square": "M-.9-.9H.9V.9H-.9Z",
    "triangle": "M0-1.25 1.2.85H-1.2Z",
    "diamond": "M0-1.3 1.1 0 0 1.3-1.1 0Z",
    "cross": "M-.4-1.15H.4V-.4H1.15V.4H.4V1.15H-.4V.4H-1.15V-.4H-.4Z",
}

Row = list[float | int]  # x and y from −1 to 1, and the number of the class from 0
KEY = "pad"
_PAD = component("drawing_board")


def draw_pad(n_classes: int, theme: Theme, place: DeltaGenerator, on_rows: Callable[[list[Any]], None]) -> None:
    """Draw the board for so many classes; `on_rows` gets the rows that are sent for training, before the next run.

    The rows come from a browser, whatever it sent: `pruning.data.csv_points.drawn_points` checks them. Raises
    ValueError for a number of classes that cannot be drawn.
    """

    def act() -> None:
        # Here and not in the run: a run that another move cuts short before it comes so far loses what was sent.
        sent = state.sent(KEY, "points")
        if sent is not None:
            on_rows(sent_rows(sent))

    with place:
        _PAD(key=KEY, data=board(n_classes, theme), on_points_change=act)


def sent_rows(sent: Any) -> list[Any]:
    """The rows in what a browser has sent; none if there is no list of them."""
    rows = sent.get("rows") if isinstance(sent, dict) else None
    return rows if isinstance(rows, list) else []


def board(n_classes: int, theme: Theme) -> dict[str, Any]:
    """What the browser needs to know to draw the board. Raises ValueError for another number of classes."""
    if not MIN_CLASSES <= n_classes <= MAX_CLASSES:
        raise ValueError(f"n_classes must be from {MIN_CLASSES} to {MAX_CLASSES}, not {n_classes}")
    markers = zip(MARKERS.items(), CLASSES[:n_classes], strict=False)
    return {
        "classes": [{"shape": shape, "path": path, "colour": colour} for (shape, path), colour in markers],
        "starts": {"Ring": ring(), "Stripes": stripes(), "Clusters": clusters(n_classes)},
        "limits": {"classes": MIN_CLASSES, "points": MIN_POINTS, "of_class": MIN_OF_CLASS, "most": MOST},
        "advice": f"At least {MIN_POINTS} points and {MIN_OF_CLASS} of each class, at most {MOST:,}",
        "paper": PAPER[theme],
        "ink": INK[theme],
    }


def ring() -> list[Row]:
    """A disc of class 0, and class 1 all around it."""
    labels = np.arange(FILL) % 5 // 2 != 0
    share, turn = _generator().random((2, FILL))
    distance = np.where(labels, 0.62 + (EDGE - 0.62) * share, 0.4 * np.sqrt(share))
    return _rows(distance[:, None] * _direction(turn), labels)


def stripes() -> list[Row]:
    """Diagonal stripes of two classes in turn."""
    places = _generator().uniform(-EDGE, EDGE, (FILL, 2))
    stripe, share = np.divmod(places.sum(axis=1) + 2, 0.8)
    towards_its_middle = 0.15 * (0.4 - share)[:, None]
    return _rows(places + towards_its_middle, stripe % 2)


def clusters(n_classes: int) -> list[Row]:
    """One heap of points for each class, around the middle of the board."""
    labels = np.arange(FILL // n_classes * n_classes) % n_classes
    centres = 0.58 * _direction(labels / n_classes + 0.125)
    return _rows(centres + 0.13 * _generator().standard_normal((len(labels), 2)), labels)


def _generator() -> np.random.Generator:
    """Always the same numbers, so that a start looks the same each time."""
    return np.random.default_rng(0)


def _direction(turn: np.ndarray) -> np.ndarray:
    """Turns (N,), 1 for a whole one → places (N, 2) on the unit circle."""
    return np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], axis=1)


def _rows(places: np.ndarray, labels: np.ndarray) -> list[Row]:
    """The points as the browser keeps them, all within reach of the board's edge."""
    inside = places.clip(-EDGE, EDGE).tolist()
    return [[round(x, 3), round(y, 3), int(label)] for (x, y), label in zip(inside, labels, strict=True)]
