"""The plane as pixels: what would be ten thousand marks is one small picture."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image

from pruning.inspect.plane import Maps
from views.charts.colours import INK, PAPER, SEVERAL, Theme, blend, rgb, sequence

PIXELS = 320  # of each side, smoothly enlarged from the plane's resolution
HATCH = 8  # pixels from one stroke of a hatching to the next


def plane_picture(maps: Maps, quantity: str, top: float, theme: Theme) -> str:
    """The plane coloured by `quantity` from 0 to `top`, with the decision boundary, as a data URL."""
    probs = np.stack([_enlarged(maps.probs[..., c]) for c in range(maps.probs.shape[-1])], axis=-1)
    if quantity == "probability":
        pixels = blend(probs, theme)
    else:
        pixels = sequence(_enlarged(getattr(maps, quantity)) / top, theme)
    line = _boundary(probs.argmax(axis=-1))
    pixels[_widened(line)] = rgb(PAPER[theme]).astype(np.uint8)  # a halo: the line crosses ink-dark places
    pixels[line] = rgb(INK[theme]).astype(np.uint8)
    return png(pixels[::-1])  # a picture's first row is at the top, the plane's at the bottom


def sets_picture(members: np.ndarray, theme: Theme) -> str:
    """The plane coloured by its prediction sets (R, R, C), as a data URL.

    The class's colour where a set holds one class, a neutral one where it holds more, ink that is hatched where it
    holds none. A cell is drawn as it is: between two of them nobody knows of a set.
    """
    across = np.arange(PIXELS) * len(members) // PIXELS
    members = members[across][:, across]
    size = members.sum(axis=-1)
    one = np.eye(members.shape[-1])[members.argmax(axis=-1)]
    pixels = np.where((size == 1)[..., None], blend(one, theme), rgb(SEVERAL[theme]).astype(np.uint8))
    row, column = np.indices(size.shape)
    stroke = (row + column) % HATCH < HATCH // 2
    pixels[(size == 0) & stroke] = rgb(INK[theme]).astype(np.uint8)
    pixels[(size == 0) & ~stroke] = rgb(PAPER[theme]).astype(np.uint8)
    return png(pixels[::-1])


def scale_picture(quantity: str, n_classes: int, theme: Theme) -> str:
    """A strip that runs through the colours of `quantity`, as a data URL."""
    share = np.linspace(0, 1, 256)
    if quantity != "probability":
        strip = sequence(share, theme)
    elif n_classes == 2:
        strip = blend(np.stack([1 - share, share], axis=-1), theme)
    else:
        strip = blend(_winning(share, n_classes), theme)
    return png(np.repeat(strip[None], 8, axis=0))


def _boundary(winner: np.ndarray) -> np.ndarray:
    """Where the winning class differs from that of the pixel below or to the left."""
    edge = np.zeros(winner.shape, bool)
    edge[1:] |= winner[1:] != winner[:-1]
    edge[:, 1:] |= winner[:, 1:] != winner[:, :-1]
    return edge


def _widened(line: np.ndarray) -> np.ndarray:
    """The line and its four neighbours on every side."""
    wide = line.copy()
    wide[1:] |= line[:-1]
    wide[:-1] |= line[1:]
    wide[:, 1:] |= line[:, :-1]
    wide[:, :-1] |= line[:, 1:]
    return wide


def _winning(share: np.ndarray, n_classes: int) -> np.ndarray:
    """Probabilities (len(share), C) of a first class that grows from 1/C to 1."""
    first = 1 / n_classes + share * (1 - 1 / n_classes)
    rest = np.repeat(((1 - first) / (n_classes - 1))[:, None], n_classes - 1, axis=1)
    return np.column_stack([first, rest])


def _enlarged(values: np.ndarray) -> np.ndarray:
    image = Image.fromarray(values.astype(np.float32), mode="F")
    return np.asarray(image.resize((PIXELS, PIXELS), Image.Resampling.BICUBIC)).clip(0)


def png(pixels: np.ndarray) -> str:
    """Pixels (H, W, 3), or grey ones (H, W, 1), uint8, as a data URL."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG", compress_level=2)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
