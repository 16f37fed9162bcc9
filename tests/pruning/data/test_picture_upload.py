"""A person's own picture: what becomes of it by hand, what is refused and how, and what hostile bytes can do."""

from __future__ import annotations

import io
import random
import struct
import threading
import time
import tracemalloc
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageOps, PngImagePlugin

from pruning.data.picture_upload import MAX_BYTES, MAX_PARTS, MAX_SCANS, Picture, PictureError, read_picture

RED, BLUE, WHITE, BLACK = (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)
ORIENTATION = 0x0112
SQUARE = "Cut to its centre square"
INVERTED = "Inverted: the digits known here are light on dark"
OVER_WHITE = "Transparency laid over white"
SPREAD = "Contrast spread: the background became black, the strongest ink white"
AROUND_INK = "Cut to the drawing and centred: the digits known here fill their square"
SEVEN = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]])
BLANK = "Left empty: nothing stands out from the background"


@pytest.fixture(autouse=True)
def _no_warning() -> Iterator[None]:
    """No warning of Pillow gets out. They are listed, since one raised as an error would pass for damage."""
    with warnings.catch_warnings(record=True) as escaped:
        warnings.simplefilter("always")
        yield
    assert [str(warning.message) for warning in escaped] == []


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def halves(left=RED, right=BLUE, size=(8, 8), mode="RGB") -> Image.Image:
    """A picture of two colours side by side."""
    image = Image.new(mode, size, left)
    image.paste(right, (size[0] // 2, 0, *size))
    return image


def noise(width: int, height: int, channels: int = 3) -> np.ndarray:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    return pixels if channels > 1 else pixels[..., 0]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, bits: int, colour: int, raw: bytes, *more: bytes) -> bytes:
    """A PNG made by hand, `more` chunks standing before the pixels."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    end = chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(more) + end


def progressive(extra_scans: int) -> bytes:
    """A JPEG whose last scan, which brings nothing new, is repeated."""
    data = encoded(Image.new("L", (64, 64)), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xc4") : -2]
    return data[:-2] + last * extra_scans + data[-2:]


def pillow_must_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args, **kwargs):
        raise AssertionError("the file was handed to Pillow")

    monkeypatch.setattr(Image, "open", refuse)


def refusal(data: bytes, channels: int = 3) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(data, 8, channels)
    return str(caught.value)


# Colour


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_every_format_is_read(kind):
    """A picture of two colours comes out as these two, whatever the format."""
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    picture = read_picture(encoded(halves(size=(64, 64)), kind, **options), 2, 3)
    expected = np.array([[RED, BLUE], [RED, BLUE]])
    assert picture.pixels.shape == (2, 2, 3)
    assert picture.pixels.dtype == np.uint8
    assert np.abs(picture.pixels.astype(int) - expected).max() <= (3 if kind == "JPEG" else 0)
    assert (picture.width, picture.height, picture.notes) == (64, 64, ())


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_of_a_png_is_read(mode, channels):
    """A picture half black and half white is that in every mode, in colour and in grey."""
    picture = read_picture(encoded(halves(BLACK, WHITE).convert(mode)), 2, channels)
    assert (picture.pixels == np.array([[[0], [255]]] * 2)).all()
    assert picture.pixels.shape == (2, 2, channels)
    assert picture.notes == ()


def test_the_palette_with_its_transparency_is_read():
    """In a palette one colour may be transparent, and the others may be so in part."""
    image = halves(0, 1, mode="P")
    image.putpalette([*RED, *BLUE])
    picture = read_picture(encoded(image, transparency=bytes([0, 51])), 2, 3)
    # opaque by 51/255 = 1/5: 255 · 4/5 = 204 of white stay in red and green
    np.testing.assert_array_equal(picture.pixels[0], [WHITE, (204, 204, 255)])
    assert picture.notes == (OVER_WHITE,)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_every_mode_of_a_jpeg_is_read(mode, progressive):
    """Grey and CMYK pictures, in one scan or in many, come out in RGB."""
    data = encoded(halves(BLACK, WHITE, (64, 64)).convert(mode), "JPEG", quality=95, progressive=progressive)
    pixels = read_picture(data, 2, 3).pixels.astype(int)
    assert np.abs(pixels - np.array([[BLACK, WHITE]] * 2)).max() <= 3


def test_a_cmyk_jpeg_coded_as_ycck_is_read():
    """The Adobe marker says how four channels are coded, 2 for YCCK, and is kept."""
    data = bytearray(encoded(Image.new("CMYK", (16, 16), (0, 0, 0, 0)), "JPEG", quality=95))
    adobe = data.index(b"Adobe") + 11
    assert data[adobe] == 0  # CMYK, turned over as Adobe does: white is 255 in each
    data[adobe] = 2  # the same numbers are now Y = Cb = Cr = K = 255
    # YCbCr is R = 255 + 1.402 · 127 → 255, G = 255 − (0.714 + 0.344) · 127 = 121, B → 255. By their complements they
    # are C, M, Y = 0, 134, 0 as Adobe stores them, where 0 is all of an ink; K = 255 is none.
    assert np.abs(read_picture(bytes(data), 1, 3).pixels[0, 0].astype(int) - (0, 134, 0)).max() <= 2


def test_an_interlaced_png_is_read():
    """Of two by two pixels the seven passes hold one, none, none, none, one, none (empty ones are left out), two."""
    red, blue = bytes(RED), bytes(BLUE)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 1))
    passes = b"\0" + red + b"\0" + blue + b"\0" + red + blue  # (0, 0); (1, 0); the second row
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(passes)) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(read_picture(data, 2, 3).pixels, [[RED, BLUE], [RED, BLUE]])


def test_an_animation_of_one_frame_is_a_picture():
    """APNG and animated WebP of a single frame."""
    control = chunk(b"acTL", struct.pack(">II", 1, 0))
    assert read_picture(png(2, 2, 8, 2, bytes(14), control), 2, 3).width == 2


@pytest.mark.parametrize(("width", "height"), [(16, 8), (8, 16)])
def test_the_centre_square_is_cut_out(width, height):
    """Of a picture twice as long as wide the outer quarters are gone."""
    pixels = np.zeros((8, 16, 3), np.uint8)
    pixels[:, 4:8], pixels[:, 8:12], pixels[:, 12:] = RED, BLUE, WHITE
    image = Image.fromarray(pixels if width > height else pixels.transpose(1, 0, 2))
    picture = read_picture(encoded(image), 2, 3)
    middle = picture.pixels if width > height else picture.pixels.transpose(1, 0, 2)
    np.testing.assert_array_equal(middle, [[RED, BLUE], [RED, BLUE]])
    assert (picture.width, picture.height, picture.notes) == (width, height, (SQUARE,))


def test_a_pixel_is_the_mean_of_the_area_it_covers():
    """Shrinking averages over blocks, as NumPy does."""
    pixels = noise(64, 64)
    blocks = pixels.reshape(8, 8, 8, 8, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(read_picture(encoded(Image.fromarray(pixels)), 8, 3).pixels, blocks, atol=1)


def test_a_large_picture_is_averaged_too():
    """What is larger than the working size comes out as the mean over blocks, and no row of it is skipped."""
    pixels = np.zeros((2048, 2048), np.uint8)
    pixels[::2, :1024], pixels[1::2, 1024:] = 200, 100
    np.testing.assert_array_equal(
        read_picture(encoded(Image.fromarray(pixels)), 2, 3).pixels[..., 0], [[100, 50]] * 2
    )


def test_a_large_jpeg_is_never_decoded_in_full(monkeypatch):
    """JPEG can be decoded at a half or less of its size, which takes a quarter of the memory or less."""
    original, sizes = Image.Image.resize, []
    monkeypatch.setattr(
        Image.Image, "resize", lambda self, *a, **k: (sizes.append(self.size), original(self, *a, **k))[1]
    )
    picture = read_picture(encoded(halves(size=(4096, 2048)), "JPEG"), 2, 3)
    assert sizes[0] == (2048, 1024)
    assert (picture.width, picture.height) == (4096, 2048)


@pytest.mark.parametrize("channels", [1, 3])
def test_one_pixel_is_a_picture(channels):
    """A single pixel is enlarged, and in grey it is an empty sheet."""
    picture = read_picture(encoded(Image.new("RGB", (1, 1), RED)), 4, channels)
    assert (picture.pixels == (np.array(RED) if channels == 3 else 0)).all()


def test_transparency_is_laid_over_white():
    """What is half transparent becomes half white, and a colour nobody sees leaves no trace."""
    picture = read_picture(encoded(halves((255, 0, 0, 0), (0, 0, 0, 51), mode="RGBA")), 2, 3)
    np.testing.assert_array_equal(picture.pixels[0], [WHITE, (204, 204, 204)])
    assert picture.notes == (OVER_WHITE,)


OVER_BLACK = "Transparency laid over black, from which the drawing stands out more than from white"


def inked(tone, mode="RGBA", size=(96, 64)) -> Image.Image:
    """A seven of this tone (R, G, B, A) on a transparent sheet."""
    sheet = Image.new("RGBA", size, (*tone[:3], 0))
    blocks = Image.fromarray(np.kron(SEVEN, np.full((4, 4), 255)).astype(np.uint8))
    sheet.paste(Image.new("RGBA", blocks.size, tone), (40, 24), blocks)
    return sheet.convert(mode)


@pytest.mark.parametrize(
    ("tone", "note"),
    [
        ((255, 255, 255, 255), OVER_BLACK),
        ((200, 200, 200, 255), OVER_BLACK),
        ((255, 255, 0, 255), OVER_BLACK),  # luma 226
        ((0, 255, 255, 255), OVER_BLACK),  # luma 179
        ((255, 255, 255, 100), OVER_BLACK),
        ((0, 0, 0, 255), OVER_WHITE),
        ((255, 0, 0, 255), OVER_WHITE),  # luma 76
        ((120, 120, 120, 255), OVER_WHITE),
        ((0, 0, 0, 100), OVER_WHITE),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_ink_on_a_transparent_ground_is_laid_over_what_shows_it(tone, note, kind):
    """Whatever its colour, a drawing without paper stands out, and comes out light on dark."""
    picture = read_picture(encoded(inked(tone), kind, **({"lossless": True} if kind == "WEBP" else {})), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 * SEVEN)
    assert picture.notes[0] == note
    assert BLANK not in picture.notes
    assert (INVERTED in picture.notes) == (note == OVER_WHITE)


@pytest.mark.parametrize("mode", ["LA", "P"])
def test_white_ink_of_other_modes_is_seen_too(mode):
    """Grey with alpha, and a palette with a transparent colour."""
    picture = read_picture(encoded(inked((255, 255, 255, 255), mode)), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 * SEVEN)
    assert picture.notes[0] == OVER_BLACK


def test_white_ink_is_seen_in_colour_too():
    """What is transparent becomes black."""
    colours = read_picture(encoded(inked((255, 255, 255, 255), size=(64, 64))), 64, 3).pixels
    assert set(np.unique(colours)) == {0, 255}
    assert (colours[0, 0] == 0).all()
    assert (colours == 255).mean() == 7 / 256  # seven cells of 4 × 4 on 64 × 64


def test_what_has_ink_of_its_own_stays_on_white():
    """A white disc with a black stroke in it shows on white paper, and so does a screenshot with round corners."""
    sheet = inked((0, 0, 0, 255))
    badge = Image.new("RGBA", sheet.size, (255, 255, 255, 0))
    badge.paste(Image.new("RGBA", (40, 40), WHITE), (28, 12))
    badge.alpha_composite(sheet)
    picture = read_picture(encoded(badge), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 * SEVEN)
    assert picture.notes[0] == OVER_WHITE


def test_a_sheet_that_is_transparent_everywhere_is_empty():
    """Whatever colour nobody sees."""
    for tone in (0, 255):
        assert read_picture(encoded(Image.new("RGBA", (20, 20), (tone,) * 3 + (0,))), 4, 1).notes == (
            OVER_WHITE,
            BLANK,
        )


def test_the_transparent_colour_of_a_png_is_laid_over_white():
    """A PNG without an alpha channel may name one colour that is transparent."""
    picture = read_picture(encoded(halves(), transparency=RED), 2, 3)
    np.testing.assert_array_equal(picture.pixels[0], [WHITE, BLUE])


# Orientation


def test_orientation_6_turns_the_left_side_up():
    """Tag 6: the first column of the file is the top of the scene; width and height change places."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    picture = read_picture(encoded(halves(size=(16, 8)), exif=exif), 2, 3)
    np.testing.assert_array_equal(picture.pixels, [[RED, RED], [BLUE, BLUE]])
    assert (picture.width, picture.height) == (8, 16)
    assert picture.notes == ("Turned upright, as its camera noted", SQUARE)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied_as_pillow_does(kind, order, orientation):
    """All eight orientations, in either order of bytes, turn out as ImageOps.exif_transpose has them."""
    exif = Image.Exif()
    exif.endian = order
    exif[ORIENTATION] = orientation
    data = encoded(Image.fromarray(noise(13, 8)), kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    expected = read_picture(encoded(upright), 4, 3)
    picture = read_picture(data, 4, 3)
    np.testing.assert_array_equal(picture.pixels, expected.pixels)
    assert (picture.width, picture.height) == upright.size


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"garbage",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",  # a directory far beyond the end
        b"MM\0*\0\0\0\x08\xff\xff",  # 65,535 entries announced, none there
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0",  # orientation 9
        b"II*\0\x08\0\0\0\x01\0\x1a\x01\x05\0\x01\0\0\0\xff\xff\xff\x7f",  # a resolution beyond the end
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_senseless_exif_leaves_the_picture_as_it_is(kind, exif):
    """Broken metadata costs neither the picture nor a warning."""
    data = encoded(halves(size=(16, 16)), kind, exif=b"Exif\0\0" + exif)
    assert read_picture(data, 2, 3).notes == ()


def test_the_orientation_is_found_beside_senseless_entries():
    """One broken entry costs the others nothing, and no warning."""
    turned = b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
    broken = b"\x1a\x01\x05\0\x01\0\0\0\xff\xff\xff\x7f"
    data = encoded(halves(), "WEBP", lossless=True, exif=b"Exif\0\0II*\0\x08\0\0\0\x02\0" + turned + broken)
    np.testing.assert_array_equal(read_picture(data, 2, 3).pixels, [[RED, RED], [BLUE, BLUE]])


def test_exif_in_two_segments_begins_with_the_first():
    """EXIF that is too long for one segment of a JPEG goes on in another, which has no orientation."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encoded(halves(size=(32, 16)), "JPEG", exif=exif)
    at = data.index(b"\xff\xdb")
    data = data[:at] + b"\xff\xe1\x00\x0cExif\0\0more" + data[at:]
    picture = read_picture(data, 2, 3)
    assert (picture.width, picture.height) == (16, 32)


def recoded(data: bytes, names: bytes) -> bytes:
    """The JPEG with its three components renamed, in the header and in the scan."""
    changed = bytearray(data)
    frame, scan = data.index(b"\xff\xc0") + 10, data.index(b"\xff\xda") + 5
    changed[frame : frame + 9 : 3], changed[scan : scan + 6 : 2] = names, names
    return bytes(changed)


@pytest.mark.parametrize(("keep_rgb", "names"), [(True, b"\1\2\3"), (False, b"RGB")])
def test_the_markers_that_tell_how_colours_are_coded_are_kept(keep_rgb, names):
    """RGB is known by the Adobe marker and YCbCr by the JFIF marker, whatever the components are named."""
    data = recoded(encoded(halves(size=(64, 64)), "JPEG", quality=95, keep_rgb=keep_rgb), names)
    assert np.abs(read_picture(data, 2, 3).pixels.astype(int) - np.array([[RED, BLUE]] * 2)).max() <= 3


def test_a_jpeg_with_more_pictures_in_it_is_the_first():
    """Phones append depth and brightness maps to a photograph; that does not make it an animation."""
    data = encoded(halves(size=(64, 64)), "MPO", save_all=True, append_images=[halves(BLUE, RED, (64, 64))])
    assert read_picture(data, 2, 3).pixels[0, 0, 0] > 250


# Grey


def sheet_with(pattern, left: int, top: int, paper: int = 255, ink: int = 0, size=(96, 64)) -> bytes:
    """A sheet on which each cell of the pattern is a block of 4 × 4 pixels, inked where it is 1."""
    pixels = np.full(size[::-1], paper, np.uint8)
    blocks = np.kron(pattern, np.ones((4, 4), int))
    pixels[top : top + len(blocks), left : left + blocks.shape[1]][blocks == 1] = ink
    return encoded(Image.fromarray(pixels))


@pytest.mark.parametrize(("left", "top"), [(3, 3), (70, 40), (40, 10)])
def test_a_small_drawing_on_a_large_sheet_fills_the_square(left, top):
    """Ink on paper comes out light on dark and cut to the ink, wherever on the sheet it is."""
    picture = read_picture(sheet_with(SEVEN, left, top), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 * SEVEN)
    assert (picture.width, picture.height, picture.notes) == (96, 64, (INVERTED, AROUND_INK))


def test_a_light_drawing_on_a_dark_sheet_is_not_inverted():
    """Chalk on a board is light on dark already."""
    picture = read_picture(sheet_with(SEVEN, 70, 40, paper=0, ink=255), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 * SEVEN)
    assert picture.notes == (AROUND_INK,)


def test_a_faint_drawing_is_spread_over_the_range():
    """Pencil on grey paper becomes white on black, and a stroke half as strong half as light."""
    pattern = np.array([[1, 1], [0, 1]])
    pixels = np.array(Image.open(io.BytesIO(sheet_with(pattern, 20, 20, paper=180, ink=80))))
    pixels[24:28, 20:24] = 130  # half-way between paper and ink
    picture = read_picture(encoded(Image.fromarray(pixels)), 2, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], [[255, 255], [128, 255]])
    assert picture.notes == (INVERTED, SPREAD, AROUND_INK)


def test_a_drawing_is_averaged_over_the_area_of_a_pixel():
    """Of the four cells that make a pixel of a coarser seven 2, 3, 1 and 1 are inked."""
    pixels = read_picture(sheet_with(SEVEN, 40, 10), 2, 1).pixels[..., 0]
    np.testing.assert_allclose(pixels, [[127.5, 191.25], [63.75, 63.75]], atol=1)


def test_a_narrow_drawing_is_centred():
    """A stroke stands in the middle of a square as high as it is."""
    picture = read_picture(sheet_with(np.ones((4, 2)), 50, 20), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], [[0, 255, 255, 0]] * 4)


def test_a_drawing_in_a_corner_is_completed_by_paper():
    """The square around a stroke may leave the sheet, beyond which there is only background."""
    picture = read_picture(sheet_with(np.ones((2, 1)), 0, 0, size=(64, 64)), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], [[0, 255, 255, 0]] * 4)


def test_a_drawing_that_fills_its_square_stays_as_it_is():
    """What is light on dark, as large as asked for and centred comes back bit for bit, faint strokes too."""
    digit = np.array([[0, 90, 255, 0], [0, 200, 10, 0], [0, 255, 255, 0], [0, 30, 160, 0]], np.uint8)
    picture = read_picture(encoded(Image.fromarray(digit)), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], digit)
    assert picture.notes == ()


def test_a_smudge_beside_the_drawing_is_not_part_of_it():
    """What is less than half as dark as the ink is not cut around."""
    pixels = np.array(Image.open(io.BytesIO(sheet_with(SEVEN, 60, 40))))
    pixels[5:9, 5:9] = 160
    picture = read_picture(encoded(Image.fromarray(pixels)), 4, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 * SEVEN)


@pytest.mark.parametrize("tone", [0, 100, 128, 255])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_blank_sheet_is_left_empty(tone, kind):
    """Without contrast there is no ink, and nothing is divided by nought."""
    picture = read_picture(encoded(Image.new("L", (40, 30), tone), kind), 8, 1)
    assert (picture.pixels == 0).all()
    assert picture.notes == (BLANK,)


def test_the_noise_of_an_empty_sheet_is_not_taken_for_ink():
    """Grain of a few tones stays below the contrast of a drawing."""
    grain = 220 + noise(40, 30, 1) // 16
    assert read_picture(encoded(Image.fromarray(grain)), 8, 1).notes == (BLANK,)


def test_a_photograph_is_cut_to_its_centre_square():
    """Where what stands out covers the edge there is no sheet, so the grey centre square is taken."""
    pixels = np.full((8, 16), 60, np.uint8)
    pixels[:, 8:] = 180
    picture = read_picture(encoded(Image.fromarray(pixels)), 2, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], [[60, 180], [60, 180]])
    assert picture.notes == (SQUARE,)


def test_a_bright_photograph_is_inverted():
    """Where most of the edge is bright the tones are turned round."""
    pixels = np.full((8, 8), 205, np.uint8)
    pixels[:, :4] = 55
    pixels[0] = pixels[-1] = 205  # 28 pixels of edge, 6 of them dark: under a quarter
    pixels[0, :4] = 55  # 10 of them: over a quarter
    picture = read_picture(encoded(Image.fromarray(pixels)), 8, 1)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 - pixels)
    assert picture.notes == (INVERTED,)


def test_grey_is_luma():
    """Colours become grey by ITU-R 601: 0.299 R + 0.587 G + 0.114 B."""
    picture = read_picture(encoded(halves(RED, (0, 255, 0))), 2, 1)
    np.testing.assert_array_equal(picture.pixels[0, :, 0], [76, 150])


# Refusals


SAVE = "Open it in a picture program and save it as one of these."
EXPORT = "Export it as one of these, or take a screenshot of it."
FOLDED = b"\0\0\0\x20ftyp"


@pytest.mark.parametrize(
    ("data", "found", "advice"),
    [
        (b"just some words, no picture", "of a kind not known here", SAVE),
        (b"RIFF\x24\0\0\0WAVEfmt " + bytes(20), "of a kind not known here", SAVE),
        (b"GIF89a" + bytes(50), "a GIF picture", SAVE),
        (encoded(halves(), "GIF"), "a GIF picture", SAVE),
        (encoded(halves(), "BMP"), "a BMP picture", SAVE),
        (encoded(halves(), "TIFF"), "a TIFF picture or a raw photograph", SAVE),
        (encoded(halves(), "TIFF", big_tiff=True), "a BigTIFF picture", SAVE),
        (encoded(halves(size=(32, 32)), "ICO"), "an icon", SAVE),
        (encoded(halves(), "PPM"), "a Netpbm picture", SAVE),
        (encoded(halves(), "JPEG2000"), "a JPEG 2000 picture", SAVE),
        (encoded(halves(), "JPEG2000", no_jp2=True), "a JPEG 2000 picture", SAVE),
        (encoded(halves(size=(64, 64)), "AVIF"), "an AVIF picture", SAVE),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture", SAVE),
        (b"\xff\x0a\xfa\x1f\x41", "a JPEG XL picture", SAVE),
        (b"II\xbc\x01 \0\0\0", "a JPEG XR picture", SAVE),
        (b"8BPS\0\1", "a Photoshop picture", SAVE),
        (b"gimp xcf file\0", "a GIMP picture", SAVE),
        (b"\x8aMNG\r\n\x1a\n", "an MNG or JNG picture", SAVE),
        (encoded(halves(), "PDF"), "a PDF document", EXPORT),
        (encoded(halves(), "EPS"), "a PostScript drawing", EXPORT),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "an SVG drawing", EXPORT),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<!-- a --><svg/>', "an SVG drawing", EXPORT),
        (
            b"<!DOCTYPE html>\n<html>404</html>",
            "a web page or another text in angle brackets",
            "Open it in a browser and save the picture that it shows.",
        ),
        (b"data:image/png;base64,iVBORw0KGgo", "a picture written as text, in Base64", "Decode it first."),
        (b"iVBORw0KGgoAAAANSUhEUg", "a picture written as text, in Base64", "Decode it first."),
        (
            encoded(halves()).replace(b"\r\n", b"\n"),
            "a PNG picture whose line ends were changed on its way",
            "Send it again as it is, in binary.",
        ),
        (
            b"PK\3\4" + bytes(30),
            "a ZIP archive or a document",
            "Take the picture out of it, or take a screenshot of it.",
        ),
        (FOLDED + b"avif\0\0\0\0mif1miaf", "an AVIF picture", SAVE),
        (FOLDED + b"mif1\0\0\0\0avifmiaf", "an AVIF picture", SAVE),
        (FOLDED + b"qt  \0\0\0\0qt  ", "a film", "Take a screenshot of it."),
        (FOLDED + b"isom\0\0\2\0isomiso2avc1mp41", "a film", "Take a screenshot of it."),
        (
            FOLDED + b"crx \0\0\0\1crx isom",
            "a raw photograph",
            "Export it from the camera's program as one of these.",
        ),
    ],
)
def test_another_kind_of_file_is_named(data, found, advice):
    """The sentences say what the file is, what is needed, and how to come by it."""
    assert refusal(data) == f"The file is {found}; a PNG, JPEG or WebP picture is needed. {advice}"


@pytest.mark.parametrize(
    "brands", [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1heic", b"heix\0\0\0\0", b"msf1\0\0\0\0"]
)
def test_a_photograph_of_a_phone_is_told_how_to_become_one(brands):
    """HEIC, whatever the file is called, comes with what to do on the phone."""
    assert refusal(FOLDED + brands) == (
        "The file is an HEIC picture, as phones take them; a PNG, JPEG or WebP picture is needed. Export or share it "
        "as JPEG; an iPhone takes JPEG photographs if Settings, Camera, Formats is “Most Compatible”."
    )


def test_an_empty_file_is_named():
    """There is nothing to do about it."""
    assert refusal(b"") == "The file is empty; a PNG, JPEG or WebP picture is needed."


def test_angle_brackets_without_end_cost_no_time():
    """What a text looks like is told from its beginning."""
    started = time.process_time()
    assert "angle brackets" in refusal(b"<!--" * 10**6)
    assert time.process_time() - started < 1


# Damage, by its name


def cgbi() -> bytes:
    """A PNG as Xcode makes it for an app: CgBI in front, deflated without a header, blue first."""
    raw = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = raw.compress(bytes(8 * (1 + 32))) + raw.flush()
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"CgBI", b"P\0 \2") + header + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_png_of_apples_own_is_named(monkeypatch):
    """It has no size where others have it, so none is told; and it says what to do."""
    pillow_must_not_open(monkeypatch)
    late = encoded(halves())
    for data in (cgbi(), late[:33] + chunk(b"CgBI", b"P\0 \2") + late[33:]):
        assert refusal(data) == (
            "The PNG picture is of Apple's own variant (CgBI), as it lies in iPhone apps, which only Apple's "
            "programs show. Open it on a Mac or iPhone and export it as PNG or JPEG, or take a screenshot of it."
        )


DAMAGED = "The {} file is damaged or cut short. Save it again as a PNG, JPEG or WebP picture."


@pytest.mark.parametrize("bit", range(8 * 17))
def test_a_size_in_a_damaged_header_is_not_told(bit, monkeypatch):
    """Whatever bit of the header of a PNG is turned over, its checksum tells; no megapixels that are not there."""
    data = bytearray(encoded(halves()))
    data[12 + bit // 8] ^= 1 << bit % 8
    pillow_must_not_open(monkeypatch)
    assert refusal(bytes(data)) == DAMAGED.format("PNG")


@pytest.mark.parametrize("lost", [b"IHDR", b"IDAT", b"IEND"])
def test_a_png_without_one_of_its_chunks(lost):
    """Without its header or its pixels it is damaged; without its end, which holds nothing, it is read."""
    data = encoded(halves())
    at = data.index(lost) - 4
    short = data[:at] + data[at + 12 + int.from_bytes(data[at : at + 4]) :]
    if lost == b"IEND":
        assert read_picture(short, 2, 3).width == 8
    else:
        assert refusal(short) == DAMAGED.format("PNG")


def test_a_jpeg_that_ends_before_its_size_is_damaged():
    """It is not told to have a side of zero pixels."""
    data = encoded(halves(), "JPEG")
    for end in range(3, data.index(b"\xff\xc0") + 4, 7):
        assert refusal(data[:end]) == DAMAGED.format("JPEG")


@pytest.mark.parametrize("kind", [b"\xff\xc3", b"\xff\xc7", b"\xff\xf7"])
def test_a_jpeg_of_a_rare_code_is_named(kind):
    """Lossless JPEG and JPEG-LS, as scanners of hospitals write them, are not damaged."""
    data = encoded(halves(), "JPEG").replace(b"\xff\xc0", kind, 1)
    assert refusal(data).startswith(
        "The JPEG picture has a lossless or layered code, as hardly any has. Save it again"
    )


def test_a_jpeg_of_12_bits_is_named():
    """Nor is this one."""
    data = bytearray(encoded(halves(), "JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    assert refusal(bytes(data)).startswith("The JPEG picture has 12 bits a channel, as hardly any has. Save it again")


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_with_a_damaged_first_chunk_has_no_size(lossless, monkeypatch):
    """Its signature is looked at before the size behind it is believed."""
    data = bytearray(encoded(halves(), "WEBP", lossless=lossless))
    data[20 if lossless else 23] ^= 0xFF
    data[21 if lossless else 26 :] = b"\xff" * len(data[21 if lossless else 26 :])
    pillow_must_not_open(monkeypatch)
    assert refusal(bytes(data)) == DAMAGED.format("WebP")
    assert refusal(bytes(data[:12]) + b"WHAT" + bytes(data[16:])) == DAMAGED.format("WebP")


def test_a_file_of_too_many_bytes_is_refused():
    """One byte over the limit is too much, the limit is not."""
    data = encoded(halves())
    assert read_picture(data.ljust(MAX_BYTES, b"\0"), 2, 3).width == 8
    assert (
        refusal(data.ljust(MAX_BYTES + 1, b"\0"))
        == "The file has 8,388,609 bytes; at most 8,388,608 (8 MiB) are read."
    )


def resized(kind: str, width: int, height: int) -> bytes:
    """A tiny file whose header speaks of another size; 16 bits a side are what JPEG can say."""
    if kind == "PNG":
        return png(width, height, 8, 2, bytes(100))
    if kind == "JPEG":
        data = encoded(halves(), "JPEG")
        at = data.index(b"\xff\xc0") + 5
        return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]
    data = encoded(halves((*RED, 0), (*BLUE, 255), mode="RGBA"), "WEBP")
    assert data[12:16] == b"VP8X"
    return data[:24] + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little") + data[30:]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("width", "height", "found"),
    [
        (60000, 60000, "60,000 × 60,000 = 3,600 megapixels"),
        (8000, 6000, "8,000 × 6,000 = 48 megapixels"),
        (6000, 4001, "6,000 × 4,001 = 24.1 megapixels"),
    ],
)
def test_a_bomb_is_refused_without_decoding(kind, width, height, found, monkeypatch):
    """What the header says is enough: nothing is handed to Pillow, and hardly any memory is taken."""
    data = resized(kind, width, height)
    pillow_must_not_open(monkeypatch)
    tracemalloc.start()
    try:
        assert refusal(data) == f"The picture is {found}; at most 24 megapixels are read."
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("chunk_type", ["VP8 ", "VP8L"])
def test_the_size_of_a_plain_webp_is_in_its_first_chunk(chunk_type, monkeypatch):
    """Lossy and lossless files without an extended header say their size in 14 bits a side each."""
    data = bytearray(encoded(halves(), "WEBP", lossless=chunk_type == "VP8L"))
    assert data[12:16] == chunk_type.encode()
    if chunk_type == "VP8L":
        data[21:25] = struct.pack("<I", (16000 - 1) | (9000 - 1) << 14)
    else:
        data[26:30] = struct.pack("<HH", 16000, 9000)
    pillow_must_not_open(monkeypatch)
    assert refusal(bytes(data)) == "The picture is 16,000 × 9,000 = 144 megapixels; at most 24 megapixels are read."


@pytest.mark.parametrize("side", [2, 9000])
def test_a_second_header_cannot_change_the_size(side):
    """A file that says two sizes is damaged, and is not given the memory of the second."""
    second = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    assert refusal(png(8, 8, 8, 2, bytes(8 * 25), second)).startswith("The PNG file is damaged")


def test_24_megapixels_are_read():
    """The limit itself is legal."""
    picture = read_picture(encoded(Image.new("L", (6000, 4000), 200)), 2, 3)
    assert (picture.width, picture.height) == (6000, 4000)
    assert (picture.pixels == 200).all()


@pytest.mark.parametrize("size", [(21, 1), (1, 21), (401, 20)])
def test_a_strip_is_refused(size):
    """More than twenty times as long as wide is too long, whichever way."""
    said = f"The picture is {size[0]} × {size[1]} pixels; the longer side may be at most 20 times the shorter."
    assert refusal(encoded(Image.new("RGB", size))) == said


def test_twenty_times_as_long_as_wide_is_read():
    """The limit itself is legal."""
    assert read_picture(encoded(Image.new("RGB", (20, 1), RED)), 2, 3).pixels[0, 0].tolist() == [*RED]


def test_a_picture_without_pixels_is_refused():
    """A side of zero is named."""
    assert refusal(png(0, 5, 8, 2, b"")) == "The picture is 0 × 5 pixels; each side needs at least 1."


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_16_bits_a_channel_are_refused(colour):
    """Grey or colour, with alpha or without: Pillow would cut some of them to 8 bits without a word."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    said = "The PNG picture has 16 bits a channel; at most 8 are read. Save it with 8 bits."
    assert refusal(png(2, 2, 16, colour, bytes(2 * (1 + 4 * channels)))) == said


def test_16_bits_as_pillow_writes_them_are_refused():
    """The same for a file that was not made by hand."""
    assert "16 bits" in refusal(encoded(Image.fromarray(np.zeros((4, 4), np.uint16))))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind):
    """APNG and animated WebP are named as such, with the number of their frames."""
    frames = [halves(), halves(BLUE, RED), halves(BLACK, WHITE)]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert refusal(data) == "The picture is animated, in 3 frames; only pictures of 1 frame are read."


def test_counting_frames_costs_nothing(monkeypatch):
    """A PNG that claims four billion frames is believed and refused."""
    pillow_must_not_open(monkeypatch)
    control = chunk(b"acTL", struct.pack(">II", 2**32 - 1, 0))
    assert "4,294,967,295 frames" in refusal(png(2, 2, 8, 2, bytes(14), control))


def test_a_jpeg_of_endless_scans_is_refused(monkeypatch):
    """Every scan is a pass over all pixels for a few bytes, so thousands of them would take an hour."""
    assert read_picture(progressive(MAX_SCANS - 10), 2, 3).width == 64
    data = progressive(MAX_SCANS)
    pillow_must_not_open(monkeypatch)
    assert refusal(data).startswith("The JPEG is in over 64 scans or 20,000 segments, too many.")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_file_of_endless_parts_is_refused(kind, monkeypatch):
    """So are tens of thousands of parts with nothing in them."""
    pillow_must_not_open(monkeypatch)
    if kind == "PNG":
        data = png(2, 2, 8, 2, bytes(14), chunk(b"IDAT", b"") * MAX_PARTS)
    else:
        data = b"\xff\xd8" + b"\xff\xe0\x00\x02" * (MAX_PARTS + 1)
    assert f"{MAX_PARTS:,}" in refusal(data)


@pytest.mark.parametrize(("size", "channels"), [(0, 3), (8, 2), (8, 0)])
def test_impossible_wishes_are_refused(size, channels):
    """What is asked for in code is no matter of the file, and so no PictureError."""
    with pytest.raises(ValueError, match=r"size is .*channels is") as caught:
        read_picture(encoded(halves()), size, channels)
    assert not isinstance(caught.value, PictureError)


# Hostile and broken files


def test_metadata_is_never_unpacked():
    """Text that unpacks to a gigabyte, a broken profile and a senseless animation cost nothing and go unsaid."""
    bomb = b"Comment\0\0" + zlib.compress(bytes(2 * 2**20))
    more = [chunk(b"zTXt", bomb)] * 500 + [chunk(b"iCCP", b"x\0\1"), chunk(b"acTL", bytes(8)), chunk(b"fcTL", b"")]
    tracemalloc.start()
    try:
        assert (read_picture(png(2, 2, 8, 2, bytes(14), *more), 2, 3).pixels == 0).all()
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("odd", [b"\xff\xd9", b"\xff\xf0\x00\x20", b"\xff\xc8\x00\x20", b"\xff\xd0", b"\xff\xff\xff"])
def test_no_metadata_slips_by_in_a_malformed_jpeg(odd):
    """Markers that have no place in a header hide nothing behind them from the one who looks for metadata."""
    data = encoded(halves(size=(64, 64)), "JPEG")
    survives(data[:2] + odd + b"\xff\xe2\x00\x10MPF\0garbage..." + data[2:])


def test_a_colour_profile_is_ignored():
    """A profile, even one that is garbage, changes no pixel."""
    for kind in ("PNG", "JPEG", "WEBP"):
        image = Image.fromarray(noise(16, 16))
        plain, profiled = encoded(image, kind), encoded(image, kind, icc_profile=b"garbage" * 9)
        np.testing.assert_array_equal(read_picture(profiled, 4, 3).pixels, read_picture(plain, 4, 3).pixels)


def test_pixels_that_unpack_to_more_than_the_picture_are_not_kept():
    """The data behind the last row is left alone."""
    data = png(2, 2, 8, 2, bytes(64 * 2**20))
    tracemalloc.start()
    try:
        assert read_picture(data, 2, 3).width == 2
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


def samples() -> dict[str, bytes]:
    """A file of each kind, with all sorts of metadata."""
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x011A] = 72.0  # the resolution, which Pillow reads while it opens a JPEG
    image = Image.fromarray(noise(24, 16))
    clear = Image.fromarray(noise(24, 16, 4))
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "words " * 9, zip=True)
    return {
        "PNG": encoded(image, exif=exif, pnginfo=text, icc_profile=b"profile"),
        "palette PNG": encoded(image.quantize(9), transparency=bytes(range(0, 90, 10))),
        "JPEG": encoded(image, "JPEG", exif=exif, comment="words"),
        "progressive JPEG": encoded(image, "JPEG", exif=exif, progressive=True, icc_profile=b"profile"),
        "WebP": encoded(image, "WEBP"),
        "lossless WebP": encoded(clear, "WEBP", lossless=True, exif=exif, icc_profile=b"profile"),
        "MPO": encoded(image, "MPO", save_all=True, append_images=[image]),
    }


every_sample = pytest.mark.parametrize("name", list(samples()))


def survives(data: bytes) -> bool:
    """Whether the bytes give a legal picture; a PictureError is the only other way out."""
    for channels in (1, 3):
        try:
            picture = read_picture(data, 8, channels)
        except PictureError:
            return False
        assert isinstance(picture, Picture)
        assert picture.pixels.shape == (8, 8, channels)
        assert picture.pixels.dtype == np.uint8
    return True


@every_sample
def test_a_file_cut_short_is_refused_or_read(name):
    """Cut at every tenth byte, a file gives a PictureError or, where only its end is missing, a picture."""
    data = samples()[name]
    assert survives(data)
    assert not any(survives(data[:end]) for end in range(0, len(data) // 2, 10) if name != "MPO")
    for end in range(len(data) // 2, len(data), 10):
        survives(data[:end])


def test_damage_is_named():
    """The sentence for a broken file says what to do."""
    said = "damaged or cut short. Save it again as a PNG, JPEG or WebP picture."
    for name, kind in {"PNG": "PNG", "JPEG": "JPEG", "WebP": "WebP"}.items():
        data = samples()[name]
        assert refusal(data[: len(data) * 3 // 4]) == f"The {kind} file is {said}"


def mutations(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of them changed, dropped or doubled."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        at = rng.randrange(len(changed))
        change: Callable[[], None] = rng.choice(
            [
                lambda at=at: changed.__setitem__(at, rng.randrange(256)),
                lambda at=at: changed.__setitem__(at, changed[at] ^ 1 << rng.randrange(8)),
                lambda at=at: changed.__setitem__(at, 0xFF),
                lambda at=at: changed.__delitem__(slice(at, at + rng.randrange(1, 9))),
                lambda at=at: changed.__setitem__(slice(at, at), changed[at : at + rng.randrange(1, 40)]),
            ]
        )
        change()
    return bytes(changed)


@every_sample
def test_damaged_files_give_a_picture_or_a_picture_error(name):
    """Whatever a few random changes make of a file, nothing but a PictureError is raised, and nothing warned of."""
    rng = random.Random(name)
    data = samples()[name]
    outcomes = [survives(mutations(data, rng)) for _ in range(150)]
    assert len(set(outcomes)) == 2, "the changes ought to spare some files and ruin others"


@pytest.mark.parametrize(
    "magic", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L"]
)
def test_random_bytes_behind_a_signature_are_refused(magic):
    """A signature alone makes no picture, nor does a run of 0xFF take long."""
    rng = random.Random(0)
    for length in (0, 1, 10, 100, 10_000):
        assert not survives(magic + rng.randbytes(length))
    assert not survives(magic + b"\xff" * 2**20)


# Other threads


def test_one_picture_is_decoded_at_a_time(monkeypatch):
    """However many people bring a picture at once, the memory taken is that of one."""
    data, opened = encoded(halves()), Image.open
    inside, most, guard = 0, 0, threading.Lock()

    def counting(*args, **kwargs):
        nonlocal inside, most
        with guard:
            inside += 1
            most = max(most, inside)
        time.sleep(0.01)
        with guard:
            inside -= 1
        return opened(*args, **kwargs)

    monkeypatch.setattr(Image, "open", counting)
    with ThreadPoolExecutor(4) as pool:
        pictures = list(pool.map(lambda _: read_picture(data, 2, 3), range(8)))
    assert most == 1
    assert all((picture.pixels == pictures[0].pixels).all() for picture in pictures)


def test_the_settings_that_all_threads_share_stay_as_they_are():
    """Neither Pillow's limits nor the filters of warnings are touched, by a picture or by a refusal."""
    from PIL import ImageFile

    def shared():
        return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)

    before, seen = shared(), []
    original = Image.Image.resize

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image.Image, "resize", lambda *a, **k: (seen.append(shared()), original(*a, **k))[1])
        survives(encoded(halves()))
        survives(b"")
    assert seen
    assert all(state == before for state in [*seen, shared()])
