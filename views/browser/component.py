"""Parts of the page that live in the browser: JavaScript and style of their own, mounted by Streamlit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent


def component(name: str) -> ComponentRenderer:
    """The component of `browser/<name>.js`, and `.css` if there is one; made once, as its module is imported."""
    return st.components.v2.component(
        f"explorer_{name}", html='<div class="root"></div>', js=source(name, "js"), css=source(name, "css")
    )


def source(name: str, kind: str) -> str:
    """The script (`js`) or style (`css`) of a component, after what all of them share."""
    files = [FOLDER / f"{part}.{kind}" for part in ("common", name)]
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())
