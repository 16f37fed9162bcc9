"""The plane as the dense and the pruned network see it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from pruning import Network
from pruning.outcome import PlaneOutcome
from pruning.plane import Plane, extent
from views import charts, compute, readings_planes
from views.colours import Theme
from views.controls import Choice
from views.places import Place
from views.remembered import remembered
from views.shelf import Visit

# The tops of the colour scale for epistemic uncertainty: a fixed few, so that colours compare.
EPISTEMIC_TOPS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.1)


@dataclass(frozen=True)
class View:
    """How the plane is to be shown."""

    quantity: str
    points: str
    theme: Theme


def draw_planes(
    outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit, places: tuple[Place, Place, Place, Place]
) -> None:
    """The plane as the dense and as the pruned network sees it, on one colour scale, and a sentence that reads it.

    places: dense, pruned, colour scale, sentence. What is nobody else's comes from the visit's shelf.
    """
    scene = _Scene(outcome, choice, view, visit)
    scene.draw("Dense", places[0])
    scene.draw("Pruned", places[1])
    places[2].chart(scene.legend(), f"Colour scale of {view.quantity}.")
    places[3].caption(_sentence(scene.planes["Dense"], scene.planes["Pruned"], choice.n_samples, view.quantity))


def _sentence(dense: Plane, pruned: Plane, n_samples: int, quantity: str) -> str:
    """What reads both planes; a slider that goes to and fro asks for the same few sentences again."""

    def compute() -> str:
        return readings_planes.of_planes(dense, pruned, n_samples, quantity)

    other = None if dense is pruned else dense  # what held itself would be remembered for ever
    return remembered(pruned, ("sentence", other, n_samples, quantity), compute)


def draw_pruned_plane(
    outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit, place: Place, where: str
) -> None:
    """The pruned network's plane once more, on the scale that it shares with the dense one.

    where: which of the two pictures it is, in words.
    """
    _Scene(outcome, choice, view, visit).draw("Pruned", place, f" {where}")


def plane_charts(outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit) -> dict[str, charts.Chart]:
    """Both planes and their scale by name, for whoever saves them."""
    scene = _Scene(outcome, choice, view, visit)
    named = {f"{view.quantity} {name}": scene.chart(name) for name in scene.networks}
    return {**named, f"{view.quantity} scale": scene.legend()}


class _Scene:
    """Both networks' planes, and the scale that they share."""

    def __init__(self, outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit) -> None:
        self.outcome, self.choice, self.view = outcome, choice, view
        self.networks = {"Dense": outcome.dense, "Pruned": outcome.pruned}
        self.planes = {name: self._plane(network, visit) for name, network in self.networks.items()}
        self.top = _top(view.quantity, outcome.n_classes, self.planes.values(), choice.n_samples)

    def _plane(self, network: Network, visit: Visit) -> Plane:
        outcome = self.outcome
        plane = partial(compute.plane, outcome.experiment, network, outcome.n_classes, extent(outcome))
        if network is outcome.by_hand:
            # It is looked at once, so it is drawn for no more samples than are shown.
            return plane(visit.shelf, (self.choice.n_samples,))
        return plane(visit.shelf if visit.points else None)

    def draw(self, name: str, place: Place, where: str = "") -> None:
        words = f"network: decision boundary over the plane, coloured by {self.view.quantity}.{where}"
        place.chart(self.chart(name), f"{name} {words}")

    def chart(self, name: str) -> charts.Chart:
        view, n_samples = self.view, self.choice.n_samples
        points = _points(self.outcome, self.networks[name], view.points, n_samples)
        return charts.plane_chart(self.planes[name], n_samples, points, view.quantity, self.top, view.theme)

    def legend(self) -> charts.Chart:
        return charts.legend_chart(self.view.quantity, self.outcome.n_classes, self.top, self.view.theme)


def _top(quantity: str, n_classes: int, planes: Iterable[Plane], n_samples: int) -> float:
    """Where the colour scale ends: ln C for entropies, the next round value for the epistemic part."""
    if quantity != "epistemic":
        return math.log(n_classes)
    largest = max(float(plane.maps(n_samples).epistemic.max()) for plane in planes)
    return next((top for top in EPISTEMIC_TOPS if top >= largest), math.log(n_classes))


def _points(outcome: PlaneOutcome, network: Network, shown: str, n_samples: int) -> pd.DataFrame:
    """The points to draw. Only test points are judged: the others' predictions are not kept."""
    columns = ["x", "y", "label", "wrong", "p"]
    if shown == "none":
        return pd.DataFrame([], columns=columns)
    if shown == "training":
        inputs, labels = outcome.train_inputs, outcome.train_labels
        wrong, own = np.zeros(len(labels), bool), np.full(len(labels), np.nan)
    else:
        inputs, labels = outcome.test_inputs, outcome.test_labels
        probs = network.test.probs(n_samples)
        wrong, own = probs.argmax(axis=1) != labels, probs[np.arange(len(labels)), labels]
    return pd.DataFrame(dict(zip(columns, (inputs[:, 0], inputs[:, 1], labels, wrong, own), strict=True)))
