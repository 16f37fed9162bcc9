"""Tabs of the image page: an entry for each, from its title to what draws it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pruning.data.images import Shown
from pruning.evaluation.evaluated import Evaluated
from views.charts.colours import Theme
from views.controls.images import ImageChoice
from views.images import (
    confusion_tab,
    detection_tab,
    gallery_tab,
    methods_tab,
    reliability_tab,
    sets_tab,
    upload_tab,
)
from views.shared import export_tab, sections
from views.text import comparison, program

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True)
class Answer:
    """Answer of the networks to what the page asks, held against its images, and how it is looked at."""

    seen: Evaluated
    images: Shown
    choice: ImageChoice
    theme: Theme


def draw_reliability(answer: Answer, place: DeltaGenerator) -> None:
    """Curves over all ratios, the three diagrams, the table of all figures."""
    reliability_tab.draw(answer.seen, answer.images, place)


def draw_methods(answer: Answer, place: DeltaGenerator) -> None:
    """All methods side by side."""
    methods_tab.draw(answer.seen, answer.choice, place)


def draw_gallery(answer: Answer, place: DeltaGenerator) -> None:
    """Pictures with what every network says of them."""
    gallery_tab.draw(answer.seen, answer.images, place)


def draw_confusion(answer: Answer, place: DeltaGenerator) -> None:
    """What unknown classes are mistaken for."""
    confusion_tab.draw(answer.seen, answer.images, answer.theme, place)


def draw_detection(answer: Answer, place: DeltaGenerator) -> None:
    """Whether scores tell unknown classes from known ones."""
    detection_tab.draw(answer.seen, answer.images, answer.theme, place)


def draw_sets(answer: Answer, place: DeltaGenerator) -> None:
    """Sets of classes instead of one."""
    sets_tab.draw(answer.seen, place)


def draw_upload(answer: Answer, place: DeltaGenerator) -> None:
    """A visitor's own picture."""
    upload_tab.draw(answer.seen, answer.images.test.classes, place)


def draw_export(answer: Answer, place: DeltaGenerator) -> None:
    """Code, figures, charts, the network."""
    choice = answer.choice
    compared = choice.other if comparison.pair(answer.seen).are_pruned else None
    code = program.code(choice.experiment, choice.n_samples, choice.n_bins, source=choice.source, other=compared)
    export_tab.draw(answer.seen, code, partial(sections.all_charts, answer.seen), place)


TABS: Mapping[str, Callable[[Answer, DeltaGenerator], None]] = {
    "Reliability": draw_reliability,
    "Methods": draw_methods,
    "Gallery": draw_gallery,
    "Mistaken for": draw_confusion,
    "Detection": draw_detection,
    "Prediction sets": draw_sets,
    "Your picture": draw_upload,
    "Take home": draw_export,
}
