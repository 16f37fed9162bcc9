"""The tab on prediction sets and refusal: what networks may say instead of one class, and when nothing at all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.memo import remembered
from pruning.evaluation.sets import PredictionSets
from pruning.inspect.plane import Plane
from views.charts import raster, vega
from views.charts import sets as set_charts
from views.controls.moons import SCORE
from views.controls.sets_and_refusal import REFUSE
from views.moons import planes
from views.moons.answer import Answer
from views.shared import basis, refusal, sets_section
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Placeholder
from views.text import comparison
from views.text import sets as words
from views.text.names import titled

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

RINGS = "Hollow points are refused; a ring marks test points that the network gets wrong."
EQUAL = "There is nothing to refuse by: the score is the same for all points."


def draw(answer: Answer, place: DeltaGenerator) -> None:
    """The sets of both networks on the plane and over all ratios; then who is refused, and what that buys."""
    choice, visit = answer.choice, answer.visit
    on_test = basis.measured_on(answer.outcome, replace(choice, basis=basis.TEST), answer.other)
    both = planes.both_planes(answer.outcome, choice, answer.view, visit, answer.other)
    _draw_sets(answer, on_test, both, place)
    _draw_refusal(answer, on_test, both, place)


def _draw_sets(answer: Answer, on_test: Evaluated, both: list[Plane], place: DeltaGenerator) -> None:
    seen, nouns = answer.seen, answer.nouns
    place.header("Prediction sets: what must be said to be right as often as promised?", anchor=False)
    asked = sets_section.draw_controls(place)
    sets_section.draw_summary(seen, asked, nouns, place)
    left, right = place.columns([2, 1], gap="medium")
    names, shown = comparison.pair(seen), sets_section.both(on_test, asked)
    for column, name, plane, sets in zip(left.columns(2, gap="small"), names.both, both, shown, strict=True):
        column.markdown(f"**{titled(name)}**: the set of every point")
        Placeholder(column).chart(
            _sets_plane(answer, plane, sets), f"{titled(name)} network: prediction sets on the plane."
        )
    left.caption(words.COLOURS)
    for name, sets in zip(names.both, sets_section.both(seen, asked), strict=True):
        left.caption(words.of_shares(name, sets))
    sets_section.draw_tolerance(seen, nouns, left)
    sets_section.draw_curves(seen, asked, nouns, right)
    place.caption(words.EARLY_STOP)
    draw_depth(place, "Prediction set", "Coverage of sets", sets_section.term_of(asked.score))


def _sets_plane(answer: Answer, plane: Plane, sets: PredictionSets) -> vega.Chart:
    """The plane of a network coloured by its sets, with the test points."""
    outcome, n_samples, theme = answer.outcome, answer.choice.n_samples, answer.view.theme

    def draw() -> str:
        probs = plane.maps(n_samples).probs
        cells = sets.classes_of(probs.reshape(-1, outcome.n_classes)).reshape(probs.shape)
        return raster.sets_picture(cells, theme)

    picture = remembered(plane, ("sets", n_samples, theme, sets.threshold, sets.score), draw)
    members, labels = sets.members, outcome.test_labels
    lacking = ~members[np.arange(len(labels)), labels]
    names = answer.visit.points.classes if answer.visit.points else [f"class {c}" for c in range(outcome.n_classes)]
    told = [words.set_named(each, names) for each in members]
    points = _points(answer).assign(ringed=lacking, hollow=False, told=told)
    return set_charts.points_chart(picture, plane.extent, points, theme)


def _draw_refusal(answer: Answer, on_test: Evaluated, both: list[Plane], place: DeltaGenerator) -> None:
    place.header("Refusing: what is gained by leaving the most uncertain unanswered?", anchor=False)
    left, right = place.columns(2, gap="medium")
    with left:
        score = SCORE.draw()
    with right:
        share = REFUSE.draw()
    if not on_test.can_detect(score):
        place.info(refusal.EQUAL_SAMPLES)
        place.caption(EQUAL)
        return
    names, pair = comparison.pair(on_test), refusal.both(on_test, score, share)
    for column, (name, drawn), plane in zip(place.columns(2, gap="small"), pair.items(), both, strict=True):
        column.markdown(f"**{titled(name)}**: whom it refuses")
        Placeholder(column).chart(
            _refusing_plane(answer, plane, drawn), f"{titled(name)} network: refused test points."
        )
    place.caption(RINGS)
    refusal.draw(pair, names, refusal.POINTS, place)
    place.caption("Held against the labels of the test points, which are few: one more error changes the curve.")
    draw_depth(place, score.label, "Risk–coverage curve", "AURC")


def _refusing_plane(answer: Answer, plane: Plane, drawn: refusal.Drawn) -> vega.Chart:
    """The plane of a network coloured by its probabilities, with the test points that it answers and refuses."""
    found, theme = drawn.refusal, answer.view.theme
    refused, wrong = found.known > found.threshold, drawn.detection.wrong
    told = np.where(refused, "no answer", np.where(wrong, "a wrong answer", "a right answer"))
    points = _points(answer).assign(ringed=wrong, hollow=refused, told=told)
    picture = str(vega.painted(plane, answer.choice.n_samples, "probability", 1.0, theme).url[0])
    return set_charts.points_chart(picture, plane.extent, points, theme)


def _points(answer: Answer) -> pd.DataFrame:
    inputs = answer.outcome.test_inputs
    return pd.DataFrame({"x": inputs[:, 0], "y": inputs[:, 1], "label": answer.outcome.test_labels})
