"""What a sentence says of the dense and of the pruned network's plane, from what `PlaneChange` tells in numbers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pruning.evaluation.planes import MapQuantity, PlaneChange, Region
from pruning.inspect.plane import Maps, Plane, TrueMaps
from views.text.claims import no_difference, percent
from views.text.names import DENSE_PRUNED, Pair

NAMES: Mapping[MapQuantity, str] = {
    "probability": "winning probability",
    "entropy": "predictive entropy",
    "aleatoric": "aleatoric (expected entropy)",
    "epistemic": "epistemic (mutual information)",
}
PLACES: Mapping[Region, str] = {"everywhere": "", "near": " near the boundary", "far": " far from it"}
# quantity → who, and what of them is said where there is less doubt, and where there is more
DOUBT: Mapping[MapQuantity, tuple[str, str, str]] = {
    "epistemic": ("samples of {pruned} agree", "**more**", "**less**"),
    "aleatoric": ("each sample{of} is by itself", "**surer**", "**less sure**"),
}
SELF = ("{pruned} is", "**surer**", "**less sure**")


def of_planes(
    dense: Plane,
    pruned: Plane,
    n_samples: int,
    quantity: MapQuantity,
    *,
    truth: np.ndarray | None = None,
    trained: bool = True,
    pair: Pair = DENSE_PRUNED,
) -> str:
    """How much of the plane changes class, and where the doubt that colours it grows and shrinks.

    dense: that of the reference, be it dense or not. truth (R, R, C): the true class probabilities of the cells,
    where they are known. trained: whether training has brought the pruned network anywhere.
    """
    change = PlaneChange(dense.cells, pruned.cells, n_samples, quantity)
    if not change.is_finite:
        return "One of the networks has no number for part of the plane."
    unit = "" if quantity == "probability" else " nats"
    if change.is_none:
        return f"Both planes are the same: mean {NAMES[quantity]} {change.before:.3f}{unit}{_true(truth, quantity)}."
    if not trained:
        return f"{_moved(change, pair)}; {pair.the_pruned} **did not train**, so its doubt means nothing."
    where = " over the plane" if quantity == "epistemic" else ""  # at the points it may go the other way
    mean = f"mean {NAMES[quantity]} {_numbers(change, pair)}{unit}{where}{_true(truth, quantity)}"
    words = _where_surer(change.gains, *DOUBT.get(quantity, SELF), pair) or _silence(change, pair)
    return f"{_moved(change, pair)}; {words}: {mean}."


def of_truth(truth: TrueMaps, dense: Maps, pruned: Maps, quantity: str, pair: Pair = DENSE_PRUNED) -> str:
    """What the plane shows that only the truth can tell: the networks' distance from it, or itself."""
    errors = [truth.error(maps) for maps in (dense, pruned)]
    wrong = [percent((maps.probs.argmax(axis=-1) != truth.winner).mean()) for maps in (dense, pruned)]
    if quantity == "error":
        return (
            f"Mean distance from the true probability: {pair.reference} {errors[0].mean():.3f}, "
            f"{pair.pruned} {errors[1].mean():.3f}; "
            f"beyond Bayes' boundary (dashed) lie {wrong[0]} and {wrong[1]} of the plane."
        )
    return (
        f"The same truth under both boundaries: mean entropy {truth.entropy.mean():.3f} nats over the plane; "
        f"{pair.reference} and {pair.pruned} decide otherwise in {wrong[0]} and {wrong[1]} of it."
    )


def _moved(change: PlaneChange, pair: Pair) -> str:
    """How much of the plane changes class, and whether one class is left."""
    if pair.are_pruned:
        left = f", and to {pair.the_pruned} all is one class" if change.has_collapsed else ""
        return f"The two give {percent(change.moved)} of the plane another class{left}"
    left = ", all is one class" if change.has_collapsed else ""
    return f"{percent(change.moved).capitalize()} of the plane changes class{left}"


def _numbers(change: PlaneChange, pair: Pair) -> str:
    a, b = f"{change.before:.3f}", f"{change.after:.3f}"
    if a == b:
        return b
    return f"{b} against {a}" if pair.are_pruned else f"{a} → {b}"


def _true(truth: np.ndarray | None, quantity: str) -> str:
    """The same quantity of the true probabilities, which know no disagreement."""
    if truth is None or quantity == "epistemic":
        return ""
    logs = np.log(np.where(truth > 0, truth, 1))
    value = truth.max(axis=-1) if quantity == "probability" else -(truth * logs).sum(axis=-1)
    return f", truly {value.mean():.3f}"


def _where_surer(gains: Mapping[Region, int], who: str, surer: str, less_sure: str, pair: Pair) -> str:
    """Where sureness grows and where it shrinks; nothing if neither may be told."""
    who = who.format(pruned=pair.the_pruned, of=f" of {pair.the_pruned}" if pair.are_pruned else "")
    words = []
    for verb, sign in ((surer, 1), (less_sure, -1)):
        if places := [PLACES[region] for region, told in gains.items() if told == sign]:
            words.append(verb + " and".join(places))
    return f"{who} {', '.join(words)}" if words else ""


def _silence(change: PlaneChange, pair: Pair) -> str:
    """Why nothing is told: there is next to nothing, or these samples cannot tell."""
    if change.is_as_before:
        return "one is as sure as the other" if pair.are_pruned else "it is as sure as before"
    return no_difference(f"{change.n_samples} samples" if change.n_samples > 1 else "one sample")
