"""A short tour of a page, in the browser: it can be left at any moment, and who has been here is not asked again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from views.browser.component import component

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True)
class Step:
    """One stop of a tour. Its target is the key of a container on the page, which is outlined meanwhile."""

    title: str
    text: str
    target: str


MOONS = (
    Step(
        "Prune and watch",
        "Move the prune ratio: units go, and everything below answers. "
        "Then try another strategy, or more MC-dropout samples.",
        "controls",
    ),
    Step(
        "Where is it unsure?",
        "First the dense network, then the pruned one: the same colours, the same scale. "
        "Colour the plane by “Epistemic” to see where the network does not know.",
        "planes",
    ),
    Step(
        "Look inside",
        "In the tabs below you can watch it train, take units out by hand, and take the code home.",
        "more",
    ),
)
IMAGES = (
    Step(
        "Prune and watch",
        "Move the prune ratio: everything below answers for another network. "
        "Digits train in seconds, and what is trained stays.",
        "controls",
    ),
    Step(
        "Strangers",
        "The gallery shows pictures of classes that no network has learned, and what each of them calls them: "
        "a row a prune ratio. Look closer at one.",
        "tabs",
    ),
    Step(
        "Does it know?",
        "Detection asks whether doubt tells strangers from test images, and what refusing buys. Mistaken for counts "
        "what they are called, and Your picture takes one of yours.",
        "tabs",
    ),
)
_TOUR = component("page_tour")


def draw_tour(page: str, steps: Sequence[Step], place: DeltaGenerator, quiet: bool) -> None:
    """Offer the tour of a page, opened for who has not been there; if quiet, only the button that starts it."""
    with place:
        _TOUR(key=f"tour_{page}", data={"page": page, "steps": [asdict(step) for step in steps], "quiet": quiet})
