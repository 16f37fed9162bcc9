"""Parts of the page that live in the browser: JavaScript and style of their own, mounted by Streamlit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

FOLDER = Path(__file__).parent / "browser"


def component(name: str) -> ComponentRenderer:
    """The component of `browser/<name>.js` and `.css`, to be registered once, when its module is imported."""
    styles = [(FOLDER / f"{part}.css").read_text(encoding="utf-8") for part in ("common", name)]
    return st.components.v2.component(
        f"explorer_{name}",
        html='<div class="root"></div>',
        js=(FOLDER / f"{name}.js").read_text(encoding="utf-8"),
        css="\n".join(styles),
    )
