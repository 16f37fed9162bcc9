"""What a sentence says of the dense and of the pruned network's plane.

The samples of MC dropout are draws: another handful would colour the plane a little differently. A direction is
told only where the difference exceeds what they leave open, and what anybody would see.
"""

from __future__ import annotations

import numpy as np

from pruning.inspect.plane import Maps, Plane, TrueMaps
from uncertainty.predictions import Sampled
from views.text.claims import no_difference, percent

TOLERANCE = 0.01  # nats, or probability, on average: less is no change, however sure
REACH = 4  # cells of the plane to every side of a boundary are near it
# Student's t at 1.25 % for 1, 2, … degrees of freedom: 95 % for two places looked at
QUANTILES = (25.5, 6.21, 4.18, 3.50, 3.16, 2.97, 2.84, 2.75, 2.69, 2.63, 2.59, 2.56, 2.53)
# How much wider the interval is than a mean's: entropies bend, the more so the fewer the samples. Between two draws
# of one network a direction is then told less than one time in twenty.
SECOND_ORDER = 3
NAMES = {
    "probability": "winning probability",
    "entropy": "predictive entropy",
    "aleatoric": "aleatoric (expected entropy)",
    "epistemic": "epistemic (mutual information)",
}
# quantity → who, and what of them is said where there is less doubt, and where there is more
DOUBT = {
    "epistemic": ("samples of the pruned network agree", "**more**", "**less**"),
    "aleatoric": ("each thinned network is", "**surer**", "**less sure**"),
}
SELF = ("the pruned network is", "**surer**", "**less sure**")


def of_planes(
    dense: Plane,
    pruned: Plane,
    n_samples: int,
    quantity: str,
    *,
    truth: np.ndarray | None = None,
    trained: bool = True,
) -> str:
    """How much of the plane changes class, and where the doubt that colours it grows and shrinks.

    truth (R, R, C): the true class probabilities of the cells, where they are known. trained: whether training has
    brought the pruned network anywhere.
    """
    maps = [plane.maps(n_samples) for plane in (dense, pruned)]
    before, after = (
        each.probs.max(axis=-1) if quantity == "probability" else getattr(each, quantity) for each in maps
    )
    if not np.isfinite([before, after]).all():
        return "One of the networks has no number for part of the plane."
    unit = "" if quantity == "probability" else " nats"
    one, other = (each.probs.argmax(axis=-1) for each in maps)
    if np.array_equal(maps[0].probs, maps[1].probs) and np.array_equal(before, after):
        return f"Both planes are the same: mean {NAMES[quantity]} {before.mean():.3f}{unit}{_true(truth, quantity)}."
    if not trained:
        return f"{_moved(one, other)}; the pruned network **did not train**, so its doubt means nothing."
    noise = _Noise(dense.cells, pruned.cells, n_samples, quantity)
    sign = 1 if quantity == "probability" else -1
    places = _places(one, other)
    gains = {place: _gain(sign * (after - before), noise, cells) for place, cells in places.items()}
    where = " over the plane" if quantity == "epistemic" else ""  # at the points it may go the other way
    mean = f"mean {NAMES[quantity]} {_numbers(before, after)}{unit}{where}{_true(truth, quantity)}"
    words = _where_surer(gains, *DOUBT.get(quantity, SELF))
    claim = f"{words}: {mean}" if words else f"{_silence(sign * (after - before), noise, n_samples)}: {mean}"
    return f"{_moved(one, other)}; {claim}."


def of_truth(truth: TrueMaps, dense: Maps, pruned: Maps, quantity: str) -> str:
    """What the plane shows that only the truth can tell: the networks' distance from it, or itself."""
    errors = [truth.error(maps) for maps in (dense, pruned)]
    wrong = [percent((maps.probs.argmax(axis=-1) != truth.winner).mean()) for maps in (dense, pruned)]
    if quantity == "error":
        return (
            f"Mean distance from the true probability: dense {errors[0].mean():.3f}, pruned {errors[1].mean():.3f}; "
            f"beyond Bayes' boundary (dashed) lie {wrong[0]} and {wrong[1]} of the plane."
        )
    return (
        f"The same truth under both boundaries: mean entropy {truth.entropy.mean():.3f} nats over the plane; "
        f"dense and pruned decide otherwise in {wrong[0]} and {wrong[1]} of it."
    )


def _moved(one: np.ndarray, other: np.ndarray) -> str:
    """How much of the plane changes class, and whether one class is left."""
    share = percent((one != other).mean()).capitalize()
    left = "" if (other != other.flat[0]).any() or (one == one.flat[0]).all() else ", all is one class"
    return f"{share} of the plane changes class{left}"


def _numbers(before: np.ndarray, after: np.ndarray) -> str:
    a, b = f"{before.mean():.3f}", f"{after.mean():.3f}"
    return b if a == b else f"{a} → {b}"


def _true(truth: np.ndarray | None, quantity: str) -> str:
    """The same quantity of the true probabilities, which know no disagreement."""
    if truth is None or quantity == "epistemic":
        return ""
    logs = np.log(np.where(truth > 0, truth, 1))
    value = truth.max(axis=-1) if quantity == "probability" else -(truth * logs).sum(axis=-1)
    return f", truly {value.mean():.3f}"


def _places(one: np.ndarray, other: np.ndarray) -> dict[str, np.ndarray]:
    """Where to look; a plane without a boundary has nothing near it."""
    if any((winner == winner.flat[0]).all() for winner in (one, other)):
        return {"": np.ones(one.shape, bool)}
    near = _near_boundary(one) | _near_boundary(other)
    parts = {" near the boundary": near, " far from it": ~near}
    return {place: cells for place, cells in parts.items() if cells.any()}


def _near_boundary(winner: np.ndarray) -> np.ndarray:
    """Which cells (R, R) have another winning class within REACH cells."""
    padded, side = np.pad(winner, REACH, mode="edge"), 2 * REACH + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    return windows.min(axis=(-2, -1)) != windows.max(axis=(-2, -1))


def _gain(gain: np.ndarray, noise: _Noise, cells: np.ndarray) -> int:
    """Whether the mean gain in sureness over the cells may be told: 1 for more, −1 for less, 0 for neither."""
    mean = float(gain[cells].mean())
    return int(np.sign(mean)) if abs(mean) > max(TOLERANCE, noise.of(cells)) else 0


def _where_surer(gains: dict[str, int], who: str, surer: str, less_sure: str) -> str:
    """Where sureness grows and where it shrinks; nothing if neither may be told."""
    words = []
    for verb, sign in ((surer, 1), (less_sure, -1)):
        if places := [place for place, told in gains.items() if told == sign]:
            words.append(verb + " and".join(places))
    return f"{who} {', '.join(words)}" if words else ""


def _silence(gain: np.ndarray, noise: _Noise, n_samples: int) -> str:
    """Why nothing is told: there is next to nothing, or these samples cannot tell."""
    everywhere = np.ones(gain.shape, bool)
    if max(abs(float(gain.mean())), noise.of(everywhere)) <= TOLERANCE:
        return "it is as sure as before"
    return no_difference(f"{n_samples} samples" if n_samples > 1 else "one sample")


class _Noise:
    """What the draws of MC dropout leave open in a difference of two planes.

    Running means at several numbers of samples are also the means of the blocks between them. To first order a
    mean quantity is a mean over the samples, so that the spread of its blocks says how well it is known
    (Student's t of means with weights); where both networks share their masks, the blocks are paired.
    """

    def __init__(self, dense: Sampled, pruned: Sampled, n_samples: int, quantity: str) -> None:
        self.sizes = np.diff([0, *(size for size in dense.samples if size <= n_samples)])  # (B,)
        parts = [_blocks(cells, n_samples, quantity) for cells in (dense, pruned)]
        self.differences = parts[1] - parts[0]  # (B, R·R)
        self.margin = 1 + SECOND_ORDER / np.sqrt(n_samples)

    def of(self, cells: np.ndarray) -> float:
        """Half the interval of the mean difference over the cells (R, R)."""
        freedom = len(self.sizes) - 1
        if not freedom:
            return float("inf")
        means = self.differences[:, cells.ravel()].mean(axis=1)
        centre = np.average(means, weights=self.sizes)
        variance = self.sizes @ np.square(means - centre) / freedom / self.sizes.sum()
        return self.margin * float(QUANTILES[min(freedom, len(QUANTILES)) - 1] * np.sqrt(variance))


def _blocks(cells: Sampled, n_samples: int, quantity: str) -> np.ndarray:
    """What each block of samples (B, R·R) adds to the quantity, to first order."""
    sizes = np.array([size for size in cells.samples if size <= n_samples])
    means = cells.probs(n_samples)
    probs = _apart(cells.mean_probs[: len(sizes)], sizes)  # (B, N, C)
    if quantity == "probability":
        return np.take_along_axis(probs, means.argmax(axis=1)[None, :, None], axis=2)[..., 0]
    if quantity == "aleatoric":
        return _apart(cells.expected_entropy[: len(sizes)], sizes)
    total = -np.einsum("bnc,nc->bn", probs, np.log(np.maximum(means, np.finfo(np.float32).tiny)))
    return total if quantity == "entropy" else total - _blocks(cells, n_samples, "aleatoric")


def _apart(running: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Running means (B, …) after `sizes` samples → the means of the samples in between."""
    totals = running * sizes.reshape(-1, *[1] * (running.ndim - 1)).astype(float)
    return np.diff(totals, axis=0, prepend=0) / np.diff(sizes, prepend=0).reshape(-1, *[1] * (running.ndim - 1))
