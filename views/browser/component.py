"""Parts of the page that live in the browser: JavaScript and style of their own, mounted by Streamlit.

Their files import each other by name. Streamlit delivers one script and one style a component, from
an address beside which there is no other file; so each is put together here of all that it imports.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent
_IMPORT = {
    "js": re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";\n', re.MULTILINE),
    "css": re.compile(r'^@import "\./(\w+)\.css";\n', re.MULTILINE),
}
_EXPORT = re.compile(r"^export (?!default\b)", re.MULTILINE)  # of one part to another


def component(name: str) -> ComponentRenderer:
    """The component of `browser/<name>.js`, and `.css` if there is one; made once, as its module is imported."""
    return st.components.v2.component(
        f"explorer_{name}", html='<div class="root"></div>', js=source(name, "js"), css=source(name, "css") or None
    )


def source(name: str, kind: str) -> str:
    """The script (`js`) or style (`css`) of this name after all that it imports, in one; empty if there is none."""
    texts = (_IMPORT[kind].sub("", (FOLDER / part).read_text(encoding="utf-8")) for part in parts(name, kind))
    return "\n".join(_EXPORT.sub("", text) if kind == "js" else text for text in texts)


def parts(name: str, kind: str) -> list[str]:
    """The names of the files that make it up, what is imported before what imports it; none if there is none."""
    return list(dict.fromkeys(_parts(name, kind)))


def _parts(name: str, kind: str) -> Iterator[str]:
    file = FOLDER / f"{name}.{kind}"
    if file.exists():
        for imported in _IMPORT[kind].findall(file.read_text(encoding="utf-8")):
            yield from _parts(imported, kind)
        yield file.name
