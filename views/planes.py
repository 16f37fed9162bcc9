"""The plane as the dense and the pruned network see it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from pruning import Network
from pruning.outcome import PlaneOutcome
from pruning.plane import Maps, extent
from views import charts, compute
from views.colours import Theme
from views.controls import Choice
from views.places import Place

# The tops of the colour scale for epistemic uncertainty: a fixed few, so that colours compare.
EPISTEMIC_TOPS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.1)


def draw_planes(
    outcome: PlaneOutcome, choice: Choice, quantity: str, shown: str, theme: Theme, places: tuple[Place, Place, Place]
) -> None:
    """The plane as the dense and as the pruned network sees it, on one colour scale."""
    area = extent(outcome)
    networks = {"Dense": outcome.dense, "Pruned": outcome.pruned}
    planes = {
        name: compute.plane(outcome.experiment, network, outcome.n_classes, area)
        for name, network in networks.items()
    }
    top = _top(quantity, outcome.n_classes, [plane.maps(choice.n_samples) for plane in planes.values()])
    for place, (name, network) in zip(places[:2], networks.items(), strict=True):
        points = _points(outcome, network, shown, choice.n_samples)
        place.chart(
            charts.plane_chart(planes[name], choice.n_samples, points, quantity, top, theme),
            f"{name} network: decision boundary over the plane, coloured by {quantity}.",
        )
    places[2].chart(charts.legend_chart(quantity, outcome.n_classes, top, theme), f"Colour scale of {quantity}.")


def _top(quantity: str, n_classes: int, maps: list[Maps]) -> float:
    """Where the colour scale ends: ln C for entropies, the next round value for the epistemic part."""
    if quantity != "epistemic":
        return math.log(n_classes)
    largest = max(float(each.epistemic.max()) for each in maps)
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
