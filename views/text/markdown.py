"""What a stranger wrote, shown as it is written."""

from __future__ import annotations

import re


def plain(text: str) -> str:
    """The text with everything escaped that Markdown would read as more than letters."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
