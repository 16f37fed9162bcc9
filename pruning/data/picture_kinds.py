"""What kind of picture a file is, by its first bytes, and what to do with one that is not read here."""

from __future__ import annotations

import re

AGAIN = "Save it again as a PNG, JPEG or WebP picture."
_SAVE = "Open it in a picture program and save it as one of these."
_EXPORT = "Export it as one of these, or take a screenshot of it."
_PHONE = (
    "Export or share it as JPEG; an iPhone takes JPEG photographs if Settings, Camera, Formats is “Most Compatible”."
)
_READ = {"PNG": rb"\x89PNG\r\n\x1a\n", "JPEG": rb"\xff\xd8\xff", "WebP": rb"RIFF....WEBP"}
# Files in boxes (ISO 14496-12) begin alike; one of their brands tells what is in them, looked for in this order.
_BRANDS = {
    "an AVIF picture": (rb"avi[fs]", _SAVE),
    "an HEIC picture, as phones take them": (rb"hei[cmsx]|hev[cmsx]|mif1|msf1", _PHONE),
    "a raw photograph": (rb"crx ", "Export it from the camera's program as one of these."),
    "a film": (rb"....", "Take a screenshot of it."),
}
_FOREIGN = {
    "a GIF picture": (rb"GIF8", _SAVE),
    "a BMP picture": (rb"BM", _SAVE),
    "a BigTIFF picture": (rb"II\+\0|MM\0\+", _SAVE),
    "a TIFF picture or a raw photograph": (rb"II\*\0|MM\0\*", _SAVE),
    "a JPEG XL picture": (rb"\xff\x0a|\0\0\0\x0cJXL ", _SAVE),
    "a JPEG 2000 picture": (rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51", _SAVE),
    "a JPEG XR picture": (rb"II\xbc", _SAVE),
    "an icon": (rb"\0\0[\x01\x02]\0", _SAVE),
    "a Photoshop picture": (rb"8BPS", _SAVE),
    "a GIMP picture": (rb"gimp xcf", _SAVE),
    "a Netpbm picture": (rb"P[1-7]\s", _SAVE),
    "an MNG or JNG picture": (rb"[\x8a\x8b][MJ]NG", _SAVE),
    "a PNG picture whose line ends were changed on its way": (
        rb"\x89?PNG[\r\n]",
        "Send it again as it is, in binary.",
    ),
    "a PDF document": (rb"%PDF-", _EXPORT),
    "a PostScript drawing": (rb"%!PS|\xc5\xd0\xd3\xc6", _EXPORT),
    "an SVG drawing": (rb"(\xef\xbb\xbf)?\s*(<svg|<!DOCTYPE svg|<(\?xml|!--).*<svg)", _EXPORT),
    "a web page or another text in angle brackets": (
        rb"(\xef\xbb\xbf)?\s*<",
        "Open it in a browser and save the picture that it shows.",
    ),
    "a picture written as text, in Base64": (rb"data:image|iVBORw0KGgo|/9j/", "Decode it first."),
    "a ZIP archive or a document": (rb"PK\x03\x04", "Take the picture out of it, or take a screenshot of it."),
}


class PictureError(ValueError):
    """A file that is no picture to be read here; the message is a sentence for people."""


def kind_of(data: bytes) -> str:
    """PNG, JPEG or WebP, whatever the name of the file says. Raises PictureError, which names any other kind."""
    for kind, magic in _READ.items():
        if re.match(magic, data, re.DOTALL):
            return kind
    found, advice = _foreign(data)
    raise PictureError(f"The file is {found}; a PNG, JPEG or WebP picture is needed. {advice}".rstrip())


def _foreign(data: bytes) -> tuple[str, str]:
    if not data:
        return "empty", ""
    if data[4:8] == b"ftyp":
        brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(len(data), 64), 4))]
        for name, (pattern, advice) in _BRANDS.items():
            if any(re.fullmatch(pattern, brand, re.DOTALL) for brand in brands):
                return name, advice
    head = data[:999]
    known = ((name, advice) for name, (magic, advice) in _FOREIGN.items() if re.match(magic, head, re.DOTALL))
    return next(known, ("of a kind not known here", _SAVE))
