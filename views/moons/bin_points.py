"""Points behind a dot of a reliability diagram, on the plane of their network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from views.charts import vega
from views.moons import planes
from views.moons.answer import Answer
from views.shared.bin_examples import PickedBin
from views.shared.placeholder import Placeholder

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MOST = 300
"""Points of a bin that are drawn."""


def draw(answer: Answer, picked: PickedBin, place: DeltaGenerator) -> None:
    """The plane with these points alone, those that the network gets wrong ringed."""
    outcome, seen, shown = answer.outcome, answer.seen, picked.members[:MOST]
    fresh = outcome.fresh if seen.is_against_truth else None
    inputs = (fresh.inputs if fresh else outcome.test_inputs)[shown]
    truth = seen.outcome.test_labels[shown]
    labels = truth.argmax(axis=1) if fresh else truth
    probs = picked.evaluation.probs[shown]
    points = pd.DataFrame({"x": inputs[:, 0], "y": inputs[:, 1], "label": labels})
    points = points.assign(wrong=probs.argmax(axis=1) != labels, p=probs[np.arange(len(labels)), labels])
    both = planes.both_planes(outcome, answer.choice, answer.view, answer.visit, answer.other)
    plane = both[0 if picked.is_reference else 1]
    chart = vega.plane_chart(plane, answer.choice.n_samples, points, "probability", 1.0, answer.view.theme)
    Placeholder(place).chart(chart, "The points of the bin, on the plane of their network.")
    ring = "another class than the one that is truly more probable" if fresh else "another class than their own"
    more = f" The {MOST} least sure are drawn." if len(picked.members) > MOST else ""
    place.caption(f"A ring marks points to which the network gives {ring}.{more}")
