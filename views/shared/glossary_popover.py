"""A term of the glossary as Markdown, and the small popover that holds a few of them beside a figure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from views.text.glossary import Term, term
from views.text.papers import linked

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw_depth(place: DeltaGenerator, *names: str) -> None:
    """A popover with formula and source of these terms. Raises ValueError for a name the glossary does not have."""
    words = "\n\n".join(f"**{each.name}**  \n{explained(each)}" for each in map(term, names))
    place.popover("Formula and source", type="tertiary", icon=":material/function:").markdown(words)


def explained(term: Term) -> str:
    """All that is said of a term below its name, as Markdown; other terms and papers are links."""
    # Two dollars make a formula a line of its own only where they have lines of their own.
    formula = f"$$\n{term.formula}\n$$" if term.formula else ""
    see = " · ".join(f"[{name}](glossary#{anchor(name)})" for name in term.see)
    notes = [linked(term.source), f"See also: {see}" if see else ""]
    small = "  \n".join(f":small[{note}]" for note in notes if note)
    return "\n\n".join(part for part in (term.sentence, formula, small) if part)


def anchor(name: str) -> str:
    """What stands behind the # of the address of a term."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
