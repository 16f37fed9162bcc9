"""The plane as the pruned network sees it, beside that of the dense one or of another strategy's."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from cache import results, runs
from cache.visitor import Visit
from pruning import Network
from pruning.evaluation.evaluated import rival
from pruning.evaluation.memo import remembered
from pruning.evaluation.planes import MapQuantity
from pruning.inspect.plane import RESOLUTION, Maps, Plane, TrueMaps, extent
from pruning.outcome import PlaneOutcome
from views.browser.component import component
from views.charts import vega
from views.charts.colours import CLASSES, INK, PAPER, PRUNED, SEQUENCE, STRONGEST, TRUE_BOUNDARY, Theme
from views.controls.moons import OWN_QUANTITY, QUANTITY, Choice
from views.text import readings_planes, untrained
from views.text.names import pair_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

# The tops of the colour scale for epistemic uncertainty: a fixed few, so that colours compare.
EPISTEMIC_TOPS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.1)
TRUE = ("error", "truth", "noise")  # quantities that only the truth can tell
SHORT = {"noise": "true entropy"}  # beside a number
LEVELS = 4095  # of a map's values on their way to the browser: twelve bits, a fourth of a thousandth
_PLANES = component("planes")


@dataclass(frozen=True)
class View:
    """How the plane is to be shown."""

    quantity: str
    points: str
    theme: Theme
    draws: bool = False  # whether the boundaries of single samples are drawn


def draw_planes(
    outcome: PlaneOutcome,
    choice: Choice,
    view: View,
    visit: Visit,
    place: DeltaGenerator,
    other: PlaneOutcome | None = None,
) -> None:
    """The plane as the reference and as the pruned network sees it, on one colour scale.

    What is nobody else's comes from the store of the visit. It is drawn but once in a run.
    other: see `evaluated.rival`.
    """
    scene = _Scene(outcome, choice, view, visit, other)
    with place:
        _PLANES(key="plane_pair", data=scene.data(*scene.networks))


def draw_pruned_plane(
    outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit, place: DeltaGenerator, key: str
) -> None:
    """The pruned network's plane once more, on the scale that it shares with the dense one."""
    scene = _Scene(outcome, choice, view, visit)
    with place:
        _PLANES(key=key, data=scene.data(scene.names.titles[1]))


def sentence(
    outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit, other: PlaneOutcome | None = None
) -> str:
    """What reads both planes; a slider that goes to and fro asks for the same few sentences again."""
    scene = _Scene(outcome, choice, view, visit, other)
    (dense, pruned), truth, names = scene.planes.values(), scene.truth, scene.names
    reference = next(iter(scene.networks.values()))

    def compute() -> str:
        if failed := untrained.apart(names, reference, outcome.pruned):
            return f"{failed}."
        if truth and view.quantity in TRUE:
            maps = dense.maps(choice.n_samples), pruned.maps(choice.n_samples)
            return readings_planes.of_truth(truth, *maps, view.quantity, names)
        probs = truth.probs if truth else None
        return readings_planes.of_planes(
            dense,
            pruned,
            choice.n_samples,
            cast(MapQuantity, view.quantity),  # without the truth there is no other
            truth=probs,
            trained=outcome.pruned.trained,
            pair=names,
        )

    # Not the other plane itself: two that held each other would be remembered for ever.
    beside = results.digest(reference)
    return remembered(pruned, ("sentence", beside, names, choice.n_samples, view.quantity, truth), compute)


def plane_charts(
    outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit, other: PlaneOutcome | None = None
) -> dict[str, vega.Chart]:
    """Both planes and their scale by name, for whoever saves them."""
    scene = _Scene(outcome, choice, view, visit, other)
    named = {f"{view.quantity} {name}": scene.chart(name) for name in scene.networks}
    return {**named, f"{view.quantity} scale": scene.legend()}


def stop(
    outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit, other: PlaneOutcome | None = None
) -> dict[str, Any]:
    """What the browser needs on top of what it has, to draw both planes of another stop of a slider.

    Its `panels` are as those of `draw_planes`, its `top` is the end of the scale for epistemic uncertainty.
    """
    return _Scene(outcome, choice, view, visit, other).stop()


def both_planes(
    outcome: PlaneOutcome, choice: Choice, view: View, visit: Visit, other: PlaneOutcome | None = None
) -> list[Plane]:
    """The planes of the reference and of the pruned network."""
    return list(_Scene(outcome, choice, view, visit, other).planes.values())


def packed(probs: np.ndarray, *others: np.ndarray) -> str:
    """Maps with values in [0, 1] as the browser unpacks them: the probability of every class but the first
    (R, R, C), then the others (R, R).

    Rows go from high to low y, and the cells at the rim are repeated once around. The differences along
    a row, high bytes before low bytes, are deflated and written in base64.
    """
    return _deflated([*np.moveaxis(probs, -1, 0)[1:], *others])


def packed_draws(draws: np.ndarray) -> str:
    """The probabilities of single samples (D, R, R, C), of every class but the first, one sample after the other."""
    return _deflated([layer for probs in draws for layer in np.moveaxis(probs, -1, 0)[1:]])


def _deflated(layers: Sequence[np.ndarray]) -> str:
    values = np.stack([np.pad(layer[::-1], 1, mode="edge") for layer in layers])
    levels = np.rint(LEVELS * values.clip(0, 1)).astype(np.uint16)
    steps = np.diff(levels, axis=2, prepend=np.uint16(0))
    return base64.b64encode(zlib.compress(np.stack([steps >> 8, steps & 255]).astype(np.uint8).tobytes())).decode()


def _packed_maps(maps: Maps) -> str:
    """A network's maps for the browser; epistemic uncertainty as a share of the most that there can be, ln C."""
    return packed(maps.probs, maps.epistemic / math.log(maps.probs.shape[-1]))


class _Scene:
    """Both networks' planes, and the scale that they share."""

    def __init__(
        self,
        outcome: PlaneOutcome,
        choice: Choice,
        view: View,
        visit: Visit,
        other: PlaneOutcome | None = None,
    ) -> None:
        self.outcome, self.choice, self.view, self.visit = outcome, choice, view, visit
        beside = rival(outcome, other)
        self.names = pair_named(outcome.experiment, other.experiment if other and beside else None)
        self.networks = dict(zip(self.names.titles, (beside or outcome.dense, outcome.pruned), strict=True))
        self.planes = {name: self._plane(network, visit) for name, network in self.networks.items()}
        self.epistemic_top = _epistemic_top(self.planes.values(), choice.n_samples, outcome.n_classes)
        self.truth = None if visit.points else results.truth(outcome.experiment, extent(outcome))
        self.quantities = (OWN_QUANTITY if visit.points else QUANTITY).options

    def _plane(self, network: Network, visit: Visit) -> Plane:
        outcome = self.outcome
        task, kept = runs.task_and_kept(outcome.experiment, visit)
        plane = partial(results.plane, outcome.experiment, network, task, extent(outcome), source=outcome.source)
        if network is outcome.by_hand:
            # It is looked at once, so it is drawn for no more samples than are shown.
            return plane(kept=visit.store, samples=(self.choice.n_samples,))
        return plane(kept=kept)

    def _draws(self, name: str) -> str:
        """What single samples of a network say, packed for the browser."""
        outcome, network = self.outcome, self.networks[name]
        task, kept = runs.task_and_kept(outcome.experiment, self.visit)
        own = self.visit.store if network is outcome.by_hand else kept
        draws = results.draws(outcome.experiment, network, task, extent(outcome), own, outcome.source)
        return remembered(self.planes[name], "packed draws", lambda: packed_draws(draws))

    def stop(self) -> dict[str, Any]:
        """What of `data` is another where a slider stands elsewhere."""
        return {"panels": [self._panel(name) for name in self.networks], "top": self.epistemic_top}

    def data(self, *names: str) -> dict[str, Any]:
        """What the browser needs to draw the planes of these networks."""
        outcome, view, own = self.outcome, self.view, self.visit.points
        classes = own.classes if own else [f"class {c}" for c in range(outcome.n_classes)]
        bounds = extent(outcome)
        return {
            "panels": [self._panel(name) for name in names],
            "truth": packed(self.truth.probs) if self.truth else None,
            "side": RESOLUTION + 2,
            "classes": outcome.n_classes,
            "names": list(classes),
            "drawn": outcome.source.method.noun,
            "axes": list(own.axes) if own else ["", ""],
            "extent": bounds,
            "points": _places(*_points(outcome, view.points), bounds),
            "quantity": view.quantity,
            "quantities": list(self.quantities),
            "words": {quantity: _words(quantity, outcome.n_classes) for quantity in self.quantities},
            "tops": {quantity: self._top(quantity) for quantity in self.quantities},
            "theme": view.theme,
            "strongest": STRONGEST,
            "colours": {
                "classes": CLASSES[: outcome.n_classes],
                "sequence": SEQUENCE[view.theme],
                "paper": PAPER[view.theme],
                "ink": INK[view.theme],
                "truth": TRUE_BOUNDARY[view.theme],
                "draw": PRUNED,
            },
        }

    def _panel(self, name: str) -> dict[str, Any]:
        plane, n_samples = self.planes[name], self.choice.n_samples
        maps = remembered(plane, ("packed", n_samples), lambda: _packed_maps(plane.maps(n_samples)))
        wrong = _wrong(self.outcome, self.networks[name], n_samples) if self.view.points == "test" else []
        draws = self._draws(name) if self.view.draws else None
        shown = zlib.crc32(f"{maps}{draws or ''}".encode())
        return {"name": name, "id": f"{shown:x}", "maps": maps, "wrong": wrong, "draws": draws}

    def _top(self, quantity: str) -> float:
        """Where the colour scale ends."""
        if quantity in ("probability", "truth", "error"):
            return 1.0
        return self.epistemic_top if quantity == "epistemic" else math.log(self.outcome.n_classes)

    def chart(self, name: str) -> vega.Chart:
        view, n_samples, outcome = self.view, self.choice.n_samples, self.outcome
        plane, quantity = self.planes[name], view.quantity
        inputs, labels = _points(outcome, view.points)
        points = pd.DataFrame({"x": inputs[:, 0], "y": inputs[:, 1], "label": labels}).assign(wrong=False, p=np.nan)
        if view.points == "test":
            own = self.networks[name].test.probs(n_samples)[np.arange(len(labels)), labels]
            points = points.assign(wrong=_wrong(outcome, self.networks[name], n_samples), p=own)
        if self.truth and quantity in TRUE:
            maps, quantity = _true_view(self.truth, plane.maps(n_samples), quantity)
            return vega.maps_chart(maps, plane.extent, points, quantity, self._top(view.quantity), view.theme)
        return vega.plane_chart(plane, n_samples, points, quantity, self._top(quantity), view.theme)

    def legend(self) -> vega.Chart:
        quantity, n_classes = self.view.quantity, self.outcome.n_classes
        return vega.legend_chart(quantity, n_classes, self._top(quantity), self.view.theme)


def _true_view(truth: TrueMaps, maps: Maps, quantity: str) -> tuple[Maps, str]:
    """Maps that show what only the truth can tell, and the quantity of theirs that does."""
    if quantity == "error":
        return replace(maps, entropy=truth.error(maps)), "entropy"
    true = Maps(truth.probs, truth.entropy, truth.entropy, np.zeros_like(truth.entropy))
    return true, "probability" if quantity == "truth" else "entropy"


def _words(quantity: str, n_classes: int) -> dict[str, str]:
    """What the browser calls a quantity: in a sentence, above its scale, beside a number."""
    name, short = vega.TERMS.get(quantity, f"{quantity} uncertainty"), SHORT.get(quantity, quantity)
    return {"name": name, "title": vega.scale_title(quantity, n_classes), "short": short}


def _epistemic_top(planes: Iterable[Plane], n_samples: int, n_classes: int) -> float:
    """The next round value above all epistemic uncertainty there is."""
    largest = max(float(plane.maps(n_samples).epistemic.max()) for plane in planes)
    return next((top for top in EPISTEMIC_TOPS if top >= largest), math.log(n_classes))


def _points(outcome: PlaneOutcome, shown: str) -> tuple[np.ndarray, np.ndarray]:
    """The points to draw (N, 2) and their classes (N,)."""
    if shown == "none":
        return np.zeros((0, 2)), np.zeros(0, int)
    if shown == "training":
        return outcome.train_inputs, outcome.train_labels
    return outcome.test_inputs, outcome.test_labels


def _wrong(outcome: PlaneOutcome, network: Network, n_samples: int) -> list[bool]:
    """Which test points a network gets wrong (N,); the others' predictions are not kept."""
    probs = network.test.probs(n_samples)
    return (probs.argmax(axis=1) != outcome.test_labels).tolist()


def _places(inputs: np.ndarray, labels: np.ndarray, extent: tuple[float, ...]) -> list[tuple[float, float, int]]:
    """Points as shares of the extent, with their class."""
    x0, x1, y0, y1 = extent
    shares = ((inputs - [x0, y0]) / [x1 - x0, y1 - y0]).tolist()
    return [(round(x, 4), round(y, 4), int(label)) for (x, y), label in zip(shares, labels, strict=True)]
