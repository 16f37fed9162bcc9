"""The network drawn: its units, which a person may remove and restore by hand, and its connections."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pruning import Network
from pruning.model.units import Unit
from views.browser.component import component
from views.charts.colours import CLASSES, PRUNED, Theme
from views.controls import state
from views.text.names import layers_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

INPUTS = ("x", "y")
# The sign of a weight, told apart by hue and by lightness; no class has these colours.
SIGNS = {
    "light": {"positive": "#115e59", "negative": "#e8467c"},
    "dark": {"positive": "#159a8c", "negative": "#ff9dbb"},
}
KEY = "network"

NETWORK = component("network_diagram")


def diagram(
    network: Network, dense: Network, by_hand: frozenset[Unit], classes: Sequence[str], theme: Theme
) -> dict[str, Any]:
    """What the browser needs to draw a fully connected network on the plane.

    dense: the same experiment's; what removed units took in is told of it, and the largest weight of
    the two is the widest, so that widths stay as they are while units go. by_hand: (layer, unit) of
    whatever is not as pruning left it in `network`, removed or restored. classes: the outputs' names.
    Raises ValueError for a network that does not read two inputs, or where there is not one name a class.
    """
    _check(network, classes)
    names = [*network.masks, "output"]
    return {
        "layers": [
            {"name": "inputs", "title": "inputs", "labels": list(INPUTS)},
            *(_hidden(name, network, dense, by_hand) for name in network.masks),
            {
                "name": "output",
                "title": "output",
                "labels": list(classes),
                "colours": list(CLASSES[: len(classes)]),
            },
        ],
        "matrices": [
            {
                "weights": base64.b64encode(_weights(network, name).astype("<f4").tobytes()).decode(),
                "largest": max(_largest(_weights(each, name)) for each in (dense, network)),
            }
            for name in names
        ],
        "colours": SIGNS[theme],
    }


def thinned(units: Mapping[str, np.ndarray], named: str) -> dict[str, Any]:
    """What the browser needs to draw single samples: layer → (D, units), what each keeps; named: what they are."""
    kept = [["".join("01"[bit] for bit in sample.astype(int)) for sample in samples] for samples in units.values()]
    return {"named": named, "colour": PRUNED, "kept": kept}


def _check(network: Network, classes: Sequence[str]) -> None:
    shapes = {name: network.weights[f"{name}.weight"].shape for name in (*network.masks, "output")}
    if any(len(shape) != 2 for shape in shapes.values()) or next(iter(shapes.values()))[1] != len(INPUTS):
        raise ValueError(
            f"weights of shapes {shapes} cannot be drawn; "
            f"only fully connected layers can, over the {len(INPUTS)} inputs {' and '.join(INPUTS)}"
        )
    if len(classes) != shapes["output"][0]:
        raise ValueError(f"classes are {list(classes)}; this network needs {shapes['output'][0]} names")


def _hidden(name: str, network: Network, dense: Network, by_hand: frozenset[Unit]) -> dict[str, Any]:
    kept = [bool(bit) for bit in network.masks[name]]
    touched = [(name, unit) in by_hand for unit in range(len(kept))]
    now, before = _standing(_weights(network, name)), _standing(_weights(dense, name), " in the dense network")
    return {
        "name": name,
        "title": layers_named(name),
        "kept": kept,
        "by_hand": touched,
        "words": [
            f"{layers_named(name)}, unit {unit + 1} of {len(kept)}: {_state(kept[unit], touched[unit])}"
            f" · {(now if kept[unit] else before)[unit]}"
            for unit in range(len(kept))
        ],
    }


def _state(kept: bool, touched: bool) -> str:
    if kept:
        return "restored by hand" if touched else "kept"
    return "removed by hand" if touched else "removed by pruning"


def _standing(weights: np.ndarray, where: str = "") -> list[str]:
    """What each unit takes in and how it compares, equal ones sharing the better rank; weights (units, inputs)."""
    sums = np.abs(weights).sum(axis=1, dtype=float)
    return [
        f"sum of |incoming weights|{where} {total:.2f} (rank {1 + (sums > total).sum()} of {len(sums)})"
        if np.isfinite(total)
        else f"sum of |incoming weights|{where} is not a number"
        for total in sums
    ]


def _weights(network: Network, layer: str) -> np.ndarray:
    return network.weights[f"{layer}.weight"]


def _largest(weights: np.ndarray) -> float:
    """The largest size of a finite weight; 1 where there is none but 0, for it is divided by."""
    return float(np.abs(weights[np.isfinite(weights)]).max(initial=0)) or 1.0


def draw_network(
    data: dict[str, Any],
    on_click: Callable[[Unit], None] | None,
    place: DeltaGenerator,
    samples: dict[str, Any] | None = None,
) -> None:
    """Draw a `diagram`; `on_click` gets the (layer, unit) that somebody clicks, before the run that answers.

    The unit is to be removed if it was kept and restored if it was not. Until data come that have
    heard of the click, the browser shows the unit as it will be. None: units cannot be clicked.
    samples: single samples as `thinned` gives them, of which one may stand out on a plane of the page.
    """

    def act() -> None:
        sent = state.sent(KEY, "unit")
        if on_click and (unit := clicked(sent, data)):
            state.CLICK.set(sent["count"])
            on_click(unit)

    heard = {"heard": state.CLICK.get(), "locked": on_click is None, "thinned": samples}
    with place:
        NETWORK(key=KEY, data={**data, **heard}, on_unit_change=act)


def clicked(value: Any, data: dict[str, Any]) -> Unit | None:
    """The hidden unit of a `diagram` that the browser names; None for whatever else it may have sent."""
    if not isinstance(value, dict):
        return None
    layer, unit, count = value.get("layer"), value.get("unit"), value.get("count")
    if type(layer) is not str or type(unit) is not int or type(count) is not int:  # a bool is no number here
        return None
    units = {each["name"]: len(each["kept"]) for each in data["layers"] if "kept" in each}
    return (layer, unit) if 0 <= unit < units.get(layer, 0) else None
