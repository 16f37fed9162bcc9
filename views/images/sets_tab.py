"""The tab on prediction sets of images: what must be said to be right as often as promised, and at what price."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pruning.evaluation.evaluated import Evaluated
from views.shared import sets_section
from views.shared.glossary_popover import draw_depth
from views.text import comparison
from views.text import sets as words
from views.text.figure_table import IMAGES

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

ELSEWHERE = (
    "Of classes that no network has learned no set can hold the right one, and a network may be as sure as of any "
    "other: a set of one class is no sign that it knows. The gallery has the set of every picture."
)


def draw(seen: Evaluated, place: DeltaGenerator) -> None:
    """Coverage and size of the sets over all ratios, and the largest ratio that loses little accuracy."""
    place.header("Prediction sets: what must be said to be right as often as promised?", anchor=False)
    asked = sets_section.draw_controls(place)
    sets_section.draw_summary(seen, asked, IMAGES, place)
    left, right = place.columns(2, gap="medium")
    sets_section.draw_curves(seen, asked, IMAGES, right)
    for name, sets in zip(comparison.pair(seen).both, sets_section.both(seen, asked), strict=True):
        left.markdown(words.of_shares(name, sets))
    left.caption(ELSEWHERE)
    sets_section.draw_tolerance(seen, IMAGES, left)
    place.caption(words.EARLY_STOP)
    draw_depth(place, "Prediction set", "Coverage of sets", sets_section.term_of(asked.score))
