"""A person's own picture, made into what a network takes.

The bytes may come from anybody. Nothing is decoded before the header has told how large the picture is, and of a PNG
or JPEG the decoder is handed the pixels alone: bombs, garbage and warnings hide in metadata. One picture is decoded
at a time, so that many people at once need the memory of one.
"""

from __future__ import annotations

import io
import math
import re
import struct
import threading
import zlib
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, ImageOps

from pruning.data.picture_kinds import AGAIN, PictureError, kind_of

__all__ = ["MAX_BYTES", "Picture", "PictureError", "read_picture"]
MAX_BYTES = 8 * 2**20
MAX_PIXELS = 24_000_000
MAX_ASPECT = 20  # the longer side over the shorter one
MAX_PARTS = 20_000  # chunks of a PNG, segments of a JPEG
MAX_SCANS = 64  # of a progressive JPEG, which has about ten; 65 bytes can cost a pass over all pixels
WORKING_SIDE = 1024  # pixels; what comes after decoding sees a picture no larger
MIN_CONTRAST = 32  # of 255; less is noise on an empty sheet
STANDS_OUT = 95  # per cent of the pixels of a drawing stand out less
MAX_FRAMED = 0.25  # a drawing may touch the edge of its sheet; a photograph covers it

_Examined = tuple[tuple[int, int], bytes, bytes]  # (width, height), the file without its metadata, its EXIF block
_APPLE = (
    "The PNG picture is of Apple's own variant (CgBI), as it lies in iPhone apps, which only Apple's programs show. "
    "Open it on a Mac or iPhone and export it as PNG or JPEG, or take a screenshot of it."
)
_OVER_BLACK = "Transparency laid over black, from which the drawing stands out more than from white"
_ONE_AT_A_TIME = threading.Lock()
_PIXEL_CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_MARKER = re.compile(rb"\xff[\xc0-\xc7\xc9-\xcf\xd9-\xef\xf7\xfe]")  # those with a length behind them, and the end
_END, _SCAN, _EXIF = 0xD9, 0xDA, 0xE1
_SIZE_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}
_USUAL = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}  # in one scan or progressive, by Huffman's code or an arithmetic one
_METADATA_MARKERS = frozenset(range(0xE1, 0xF0)) - {0xEE} | {0xFE}  # APP0 and APP14 tell how colours are coded


@dataclass(frozen=True)
class Picture:
    """A picture as a network takes it; `width` and `height` are the original's, once it stands upright."""

    pixels: np.ndarray  # (size, size, channels) uint8
    width: int
    height: int
    notes: tuple[str, ...]  # what was done to it, in sentences without their full stop


def read_picture(data: bytes, size: int, channels: int) -> Picture:
    """The picture in the bytes of a PNG, JPEG or WebP file, cut to a square and scaled to `size` pixels a side.

    channels 3: the centre square in RGB. channels 1: grey and light on dark; a drawing, that is what stands out from
    an even background, is sought on the whole sheet, cut out, centred, and its contrast spread. Transparency is laid
    over white or, where the picture stands out from it more, over black. The EXIF orientation is applied, a colour
    profile ignored. Raises PictureError for a file refused, ValueError for another size or number of channels.
    """
    if size < 1 or channels not in (1, 3):
        raise ValueError(f"size is {size}, at least 1; channels is {channels}, one of: 1 (grey), 3 (RGB)")
    if len(data) > MAX_BYTES:
        raise PictureError(f"The file has {len(data):,} bytes; at most {MAX_BYTES:,} (8 MiB) are read.")
    kind = kind_of(data)
    try:
        original, payload, exif = {"PNG": _png, "JPEG": _jpeg, "WebP": _webp}[kind](data)
        _check_size(*original)
        with _ONE_AT_A_TIME:
            image = _decoded(kind, payload, original)
    except PictureError:
        raise
    except Exception as error:  # a decoder raises whatever the damage leads it to
        raise PictureError(f"The {kind} file is damaged or cut short. {AGAIN}") from error
    orientation = _orientation(exif or image.info.get("exif", b""))
    image, before = _upright(image, orientation)
    pixels, after = (_grey if channels == 1 else _centre_square)(image, size)
    width, height = original if orientation < 5 else original[::-1]  # from 5 on the sides change places
    return Picture(pixels, width, height, (*before, *after))


def _png(data: bytes) -> _Examined:
    """The chunks that hold pixels. Text, profiles and animation are left out: Pillow unpacks or warns of them."""
    if data[12:16] == b"CgBI":
        raise PictureError(_APPLE)
    length, name, width, height, bits = struct.unpack_from(">I4sIIB", data, 8)
    if (length, name) != (13, b"IHDR") or zlib.crc32(data[12:29]) != int.from_bytes(data[29:33]):
        raise ValueError("the header is damaged, so the size that it tells means nothing")
    if bits == 16:
        raise PictureError("The PNG picture has 16 bits a channel; at most 8 are read. Save it with 8 bits.")
    kept, exif, at = [data[:8]], b"", 8
    for _ in range(MAX_PARTS):
        if at >= len(data):  # cut short: the decoder knows whether it matters
            return (width, height), b"".join(kept), exif
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if name == b"acTL":
            _check_frames(*struct.unpack_from(">I", data, at + 8))
        elif name == b"CgBI":
            raise PictureError(_APPLE)
        elif name == b"eXIf":
            exif = data[at + 8 : end - 4]
        elif name in _PIXEL_CHUNKS:
            kept.append(data[at:end])
        at = end if name != b"IEND" else len(data)
    raise PictureError(f"The PNG is in over {MAX_PARTS:,} chunks, too many. {AGAIN}")


def _jpeg(data: bytes) -> _Examined:
    """All but the metadata, among which cameras put more pictures, and of which Pillow may warn."""
    size: list[int] = []
    exif, scans, kept, at, end = b"", 0, [], 0, 2
    for part in range(MAX_PARTS + 1):
        marker = _MARKER.search(data, end)
        if marker is None or marker[0][1] == _END or scans > MAX_SCANS or part == MAX_PARTS:
            break
        code, start, body = marker[0][1], marker.start(), marker.end()
        end = body + struct.unpack_from(">H", data, body)[0]
        scans += code == _SCAN
        if code in _SIZE_MARKERS:
            bits, *size = struct.unpack_from(">BHH", data, body + 2)
            if bits != 8 or code not in _USUAL:
                found = f"{bits} bits a channel" if bits != 8 else "a lossless or layered code"
                raise PictureError(f"The JPEG picture has {found}, as hardly any has. {AGAIN}")
        elif code in _METADATA_MARKERS:
            kept.append(data[at:start])
            at = end
            if code == _EXIF and data[body + 2 : body + 8] == b"Exif\0\0":
                exif = exif or data[body + 8 : end]  # what does not fit into one segment goes on in the next
    if part == MAX_PARTS or scans > MAX_SCANS:
        raise PictureError(f"The JPEG is in over {MAX_SCANS} scans or {MAX_PARTS:,} segments, too many. {AGAIN}")
    height, width = size  # there are none in a file that ends before them
    return (width, height), b"".join([*kept, data[at : marker.end() if marker else None]]), exif


def _webp(data: bytes) -> _Examined:
    """The size alone, as Pillow takes the memory for it when it opens the file; Pillow reads the rest."""
    if data[12:16] == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif data[12:16] == b"VP8L" and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif data[12:16] == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        raise ValueError("the first chunk is damaged, so the size that it tells means nothing")
    return (width, height), data, b""


def _check_size(width: int, height: int) -> None:
    found = f"The picture is {width:,} × {height:,}"
    if min(width, height) < 1:
        raise PictureError(f"{found} pixels; each side needs at least 1.")
    if width * height > MAX_PIXELS:
        mega = math.ceil(width * height / 1e5) / 10  # rounded up: just over the limit must not read as the limit
        raise PictureError(f"{found} = {mega:,.12g} megapixels; at most {MAX_PIXELS // 10**6} megapixels are read.")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise PictureError(f"{found} pixels; the longer side may be at most {MAX_ASPECT} times the shorter.")


def _check_frames(frames: int) -> None:
    if frames > 1:
        raise PictureError(f"The picture is animated, in {frames:,} frames; only pictures of 1 frame are read.")


def _decoded(kind: str, payload: bytes, size: tuple[int, int]) -> Image.Image:
    """The whole picture in RGB or RGBA, shrunk to what is needed of it."""
    with Image.open(io.BytesIO(payload), formats=(kind,)) as image:
        if image.size != size:
            raise ValueError(f"the header was found to say {size}, the decoder says {image.size}")
        _check_frames(getattr(image, "n_frames", 1))
        image.draft(None, (WORKING_SIDE, WORKING_SIDE))
        mode = "RGBA" if image.has_transparency_data else "RGB"
        whole = image if image.mode == mode else image.convert(mode)
        scale = min(1.0, WORKING_SIDE / max(image.size))
        return whole.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)


def _orientation(exif: bytes) -> int:
    """The orientation, 1 (upright) to 8, in the first directory of a TIFF block; 1 where it makes no sense."""
    exif = exif.removeprefix(b"Exif\0\0")
    with suppress(KeyError, struct.error):  # no TIFF block, or one that ends too early
        order = {b"II*\0": "<", b"MM\0*": ">"}[exif[:4]]
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(start + 2, start + 2 + 12 * entries, 12):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == ExifTags.Base.Orientation and 1 <= value <= 8:
                return value
    return 1


def _upright(image: Image.Image, orientation: int) -> tuple[Image.Image, list[str]]:
    """The picture as a camera meant it, on paper that shows it, in RGB, and what was done."""
    notes = []
    if image.mode == "RGBA":
        ground = _ground(image)
        if image.getchannel("A").getextrema() != (255, 255):
            notes.append("Transparency laid over white" if ground == "white" else _OVER_BLACK)
        image = Image.alpha_composite(Image.new("RGBA", image.size, ground), image).convert("RGB")
    image.info.clear()  # Pillow would read the orientation there itself, with warnings
    if orientation != 1:
        image.getexif()[ExifTags.Base.Orientation] = orientation
        image = ImageOps.exif_transpose(image)
        notes.append("Turned upright, as its camera noted")
    return image, notes


def _ground(image: Image.Image) -> str:
    """Black for an RGBA picture that stands out from it more than from white, white for any other.

    How far it stands out is told by the pixel at STANDS_OUT of those that are not transparent, in luma times alpha.
    """
    luma, alpha = (
        np.asarray(channel, np.float32) for channel in (image.convert("RGB").convert("L"), image.getchannel("A"))
    )
    ink = alpha > 0
    if not ink.any():
        return "white"
    share = alpha[ink] / 255
    black, white = (np.percentile(share * contrast, STANDS_OUT) for contrast in (luma[ink], 255 - luma[ink]))
    return "black" if black > white else "white"


def _centre_square(image: Image.Image, size: int) -> tuple[np.ndarray, list[str]]:
    """The centre square (size, size) or (size, size, 3), and what was done."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    square = image.resize((size, size), Image.Resampling.BOX, box=(left, top, left + side, top + side))
    return np.array(square), ["Cut to its centre square"] if width != height else []


def _grey(image: Image.Image, size: int) -> tuple[np.ndarray, list[str]]:
    """The drawing, or the centre square where there is none (size, size, 1), light on dark, and what was done."""
    sheet = image.convert("L")
    tones = np.asarray(sheet, np.float32)  # (height, width)
    edge = np.ones(tones.shape, bool)
    edge[1:-1, 1:-1] = False
    background = np.median(tones[edge])
    dark_ink = background > (tones.min() + tones.max()) / 2
    ink = (background - tones if dark_ink else tones - background).clip(0)
    contrast = ink.max()
    if contrast < MIN_CONTRAST:
        return np.zeros((size, size, 1), np.uint8), ["Left empty: nothing stands out from the background"]
    notes = ["Inverted: the digits known here are light on dark"] if dark_ink else []
    drawn = ink > contrast / 2
    if drawn[edge].mean() > MAX_FRAMED:
        square, cut = _centre_square(ImageOps.invert(sheet) if dark_ink else sheet, size)
        return square[..., None], notes + cut
    if contrast < 255:
        notes.append("Contrast spread: the background became black, the strongest ink white")
    sheet = Image.fromarray((ink / contrast * 255).round().astype(np.uint8))
    box = _square_around(drawn)
    if box != (0, 0, *sheet.size):
        notes.append("Cut to the drawing and centred: the digits known here fill their square")
    return np.array(sheet.crop(box).resize((size, size), Image.Resampling.BOX))[..., None], notes


def _square_around(drawn: np.ndarray) -> tuple[int, int, int, int]:
    """The smallest square around all that is drawn: left, top, right, bottom; it may leave the sheet."""
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    side = int(max(np.ptp(rows), np.ptp(columns))) + 1
    left, top = (int(line[0] + line[-1] + 1 - side) // 2 for line in (columns, rows))
    return left, top, left + side, top + side
