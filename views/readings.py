"""One sentence a picture, which reads this very picture: arrays and tables in, markdown out.

Everything is judged on the numbers as they are printed: what looks equal is never called a change.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from pruning import Network
from pruning.plane import Maps
from uncertainty.calibration import Quantity
from views import tables

if TYPE_CHECKING:
    from views.sections import Judged

NEAR = 0.02  # a figure this close to that of the dense network has not left it
TREND = 0.1  # of a loss: from epoch to epoch dropout alone moves it by about as much
REACH = 4  # cells of the plane to every side of a boundary are near it
WORDS: dict[Quantity, tuple[str, ...]] = {
    "confidence": ("confidence", "confident", "accuracy", "right", "ECE"),
    "uncertainty": ("normalised entropy", "uncertain", "error rate", "often wrong", "UCE"),
}
# quantity of the plane → who, and what of them is said where there is less doubt, and where there is more
DOUBT = {
    "epistemic": ("samples of the pruned network agree", "**more**", "**less**"),
    "aleatoric": ("each sample of the pruned network alone is", "**surer**", "**less sure**"),
}
SELF = ("the pruned network is", "**surer** of itself", "**less sure** of itself")


def of_planes(dense: Maps, pruned: Maps, quantity: str, n_classes: int) -> str:
    """How much of the plane changes class, and what becomes of the mean of the quantity that colours it."""
    sure = quantity == "probability"
    before, after = (maps.probs.max(axis=-1) if sure else getattr(maps, quantity) for maps in (dense, pruned))
    if not np.isfinite([before, after]).all():
        return "One of the networks has no number for part of the plane."
    names = {"probability": "probability of the winning class", "entropy": "predictive entropy"}
    name = f"mean {names.get(quantity, f'{quantity} uncertainty')}"
    unit = f" (at least {1 / n_classes:.3f})" if sure else f" nats (at most {math.log(n_classes):.3f})"
    if np.array_equal(dense.probs, pruned.probs) and np.array_equal(before, after):
        return f"Both planes are the same: {name} {before.mean():.3f}{unit}."
    one, other = dense.probs.argmax(axis=-1), pruned.probs.argmax(axis=-1)
    gain, near = after - before if sure else before - after, _near_boundary(one) | _near_boundary(other)
    where = _where_surer(gain, near, *DOUBT.get(quantity, SELF))
    change = tables.moved(name, before.mean(), after.mean(), 3, unit)
    return f"{tables.percent((one != other).mean()).capitalize()} of the plane changes class; {change}{where}."


def of_curve(rows: pd.DataFrame, name: str, better: Literal["high", "low"], digits: int) -> str:
    """How long a figure stays with that of the dense network as the prune ratio grows, and where it goes then.

    rows: as `charts.curve_chart` takes them, dense first; with a floor, also `high`, the top of its band. Of a
    whole number (no digits) the best ratio is named.
    """
    dense = round(float(rows.dense.iloc[0]), digits)
    if math.isnan(dense):
        return f"{name}: the dense network has no number to compare with."
    known = rows[rows.value.notna()]
    known = known.assign(dense=dense, value=[round(float(value), digits) for value in known.value])
    missing = ", ".join(f"{ratio:g}" for ratio in rows.ratio[rows.value.isna()])
    end = f"; there is no number at ratio {missing}." if missing else "."
    if not (known.ratio > 0).any():
        return f"{name} of the dense network is {dense:.{digits}f}; there is no pruned one to compare with yet{end}"
    if (known.value == dense).all():
        return f"{name} is {dense:.{digits}f} at every ratio shown{end}"
    return f"{name} {_departure(known, better, digits) if digits else _best(known, better)}{end}"


def of_panel(dense: Judged, pruned: Judged, quantity: Quantity) -> str:
    """Whether the pruned network is surer and more often right, and where both errors stand beside their floors."""
    score, outcome = (
        [float(np.average(getattr(each.bins, field), weights=each.bins.count)) for each in (dense, pruned)]
        for field in ("mean_score", "mean_outcome")
    )
    x, sure, y, right, metric = WORDS[quantity]
    one, other = _place(dense, quantity), _place(pruned, quantity)
    floor = f"both {one} their floor bands" if one == other else f"from {one} to {other} its floor band"
    return (
        f"Pruned is {_more(sure, *score)} and {_more(right, *outcome)}: mean {x} {tables.arrow(*score)}, "
        f"{y} {tables.arrow(*outcome)}; {metric} {tables.arrow(dense.bins.error, pruned.bins.error)}, {floor}."
    )


def of_training(train_loss: np.ndarray, val_loss: np.ndarray, early_stop_epoch: int) -> str:
    """When the validation loss was lowest, and what both losses do after that.

    train_loss (epochs,), val_loss (epochs + 1,) in nats, as in `pruning.outcome.Network`.
    """
    best, last, lowest = early_stop_epoch, len(val_loss) - 1, val_loss[early_stop_epoch]
    if not np.isfinite(lowest):
        return "Validation loss is not a number from the start."
    if not np.isfinite(val_loss[-1]):
        return f"Validation loss is no longer a number at epoch {last}; kept is epoch {best}, {lowest:.3f} nats."
    if last == 0:
        return f"There is no epoch of training; validation loss is {lowest:.3f} nats."
    if best == last:
        return f"Validation loss is lowest at the last epoch, {last}: {lowest:.3f} nats; it may not be at its end."
    n = (last - best + 1) // 2
    val, val_words = _trend(lowest, val_loss[-n:].mean())
    train, train_words = _trend(train_loss[best : best + n].mean(), train_loss[-n:].mean())
    verdict = {("rises", "falls"): ": **overfitting**", ("stays", "stays"): ": both are flat"}.get((val, train), "")
    return (
        f"Validation loss is lowest at epoch {best} of {last}; after that it {val_words} and training loss "
        f"{train_words} nats (later values are means over {n} {'epoch' if n == 1 else 'epochs'}){verdict}."
    )


def of_losses(dense: Network, pruned: Network) -> str:
    """From where the validation loss of both networks starts, and how low it gets."""
    start, low = dense.val_loss[0], dense.val_loss[dense.kept_epoch]
    if pruned.prune_ratio == 0:
        return f"Both lines are the dense network's: validation loss {start:.3f} at the start, {low:.3f} at best."
    before, after = pruned.val_loss[0], pruned.val_loss[pruned.kept_epoch]
    if not np.isfinite(after):
        return "The pruned network's validation loss is not a number from the start."
    change = tables.moved("the lowest validation loss", low, after, 3, " nats")
    return f"The dense network starts from {start:.3f} nats, the pruned one from {before:.3f}; {change}."


def of_networks(dense: Network, pruned: Network) -> str:
    """How many units each layer keeps, which lost most, and how the weights into kept units changed."""
    units = ", ".join(f"{mask.sum():,} of {len(mask):,} in {name}" for name, mask in pruned.masks.items())
    lost = {name: float(1 - mask.mean()) for name, mask in pruned.masks.items()}
    if not any(lost.values()):
        return f"Nothing is pruned: units kept {units}."
    share = tables.percent(max(lost.values()))
    most = [f"**{name}**" for name, each in lost.items() if tables.percent(each) == share]
    layers = "every layer" if len(lost) > 1 else "it"
    words = f"{' and '.join(most)} lost most, {share}" if len(most) < len(lost) else f"{layers} lost {share}"
    # What went with a removed unit is exactly zero, into it and out of it.
    kept = {f"{name}.weight": pruned.weights[f"{name}.weight"] != 0 for name in lost}
    before, after = (
        np.concatenate([np.abs(network.weights[name][which]) for name, which in kept.items()]).mean(dtype=float)
        for network in (dense, pruned)
    )
    change = tables.moved("the mean |weight| into kept units", before, after, 3, "")
    return f"Units kept: {units}; {words}; {change}."


def of_scores(known: np.ndarray, unknown: np.ndarray) -> str:
    """How far apart the scores of N test images and of M of unknown classes are, at the median of the latter."""
    middle = float(np.median(unknown))
    caught, flagged = (tables.percent((scores >= middle).mean()) for scores in (unknown, known))
    return f"{caught} of the unknown classes score {middle:.3f} or more, and so do {flagged} of the test images."


def of_mistaken(dense: np.ndarray, pruned: np.ndarray, unknown: Sequence[str], known: Sequence[str]) -> str:
    """The pruned network's most frequent mistake, and whether mistakes gather on few classes.

    dense, pruned (U, C): the share of each unknown class given each known one; without pictures, zeros.
    """
    row, column = map(int, np.unravel_index(pruned.argmax(), pruned.shape))
    before, after = (100 * shares[shares.any(axis=1)].max(axis=1).mean() for shares in (dense, pruned))
    return (
        f"Pruned, {tables.percent(pruned[row, column])} of *{unknown[row]}* are called *{known[column]}* "
        f"(dense {tables.percent(dense[row, column])}); "
        f"{tables.moved('the largest share of a row, on average,', before, after, 0, tables.PERCENT)}."
    )


def of_spread(samples: np.ndarray, classes: Sequence[str]) -> str:
    """How many of S samples (S, C) of one picture the winning class wins, and how far its probability spreads."""
    winner = samples.mean(axis=0).argmax()
    low, high = np.quantile(samples[:, winner], [0.05, 0.95])
    votes = f"{(samples.argmax(axis=1) == winner).sum()} of {len(samples)} samples"
    return f"*{classes[winner]}* wins in {votes}; nine in ten give it a probability from {low:.2f} to {high:.2f}."


def _near_boundary(winner: np.ndarray) -> np.ndarray:
    """Which cells (R, R) have another winning class within REACH cells."""
    padded, side = np.pad(winner, REACH, mode="edge"), 2 * REACH + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    return windows.min(axis=(-2, -1)) != windows.max(axis=(-2, -1))


def _where_surer(gain: np.ndarray, near: np.ndarray, who: str, surer: str, less_sure: str) -> str:
    """Where the mean sureness grows and where it shrinks; gain in sureness and near a boundary, both (R, R)."""
    parts = {" near the boundary": near, " far from it": ~near}
    gains = {part: round(float(gain[cells].mean()), 3) for part, cells in parts.items() if cells.any()}
    words = []
    for verb, sign in ((surer, 1), (less_sure, -1)):
        places = [part for part, change in gains.items() if sign * change > 0]
        if places:
            words.append(verb + (" and".join(places) if len(gains) > 1 else ""))
    return f": {who} {', '.join(words)}" if words else ""


def _departure(rows: pd.DataFrame, better: str, digits: int) -> str:
    """Up to which ratio a curve stays near its dense value, and the farthest that it gets from it."""
    values, ratios, dense = rows.value.to_numpy(), rows.ratio.to_numpy(), rows.dense.iloc[0]
    written = [f"{value:.{digits}f}" for value in values]
    distance = np.abs(values - dense).round(digits)
    outside, far = distance > NEAR, int(distance.argmax())
    if not outside.any():
        return f"stays within {NEAR:g} of the dense {written[0]} up to ratio {ratios[-1]:g}"
    first, up = int(outside.argmax()), values > dense
    ways = [f"**{'rises' if up[i] else 'falls'}** to {written[i]} at {ratios[i]:g}" for i in (first, far)]
    stays = f"stays within {NEAR:g} of the dense {written[0]} up to ratio {ratios[first - 1]:g}, then"
    start = f"leaves the dense {written[0]} at ratio {ratios[1]:g} and" if first == 1 else stays
    way = f"first {ways[0]}, later {ways[1]}" if up[first] != up[far] else ways[1]
    judged = "better" if up[far] == (better == "high") else "worse"
    if "floor" in rows:
        judged = f"{judged}; floor {rows.floor.iloc[far]:.{digits}f}"
        if values[far] <= round(float(rows.high.iloc[far]), digits):
            judged = "no more than chance gives a calibrated network"
    back = "" if outside[-1] else f", and is back at {written[-1]} at {ratios[-1]:g}"
    return f"{start} {way} ({judged}){back}"


def _best(rows: pd.DataFrame, better: str) -> str:
    """Where a whole number is best, and how that of the chosen ratio compares with the dense network."""
    dense, best = rows.dense.iloc[0], rows.value.min() if better == "low" else rows.value.max()
    at = rows.ratio[rows.value == best]
    where = f"ratio {at.iloc[0]:g}" if len(at) == 1 else f"{len(at)} ratios from {at.min():g} to {at.max():g}"
    words = f"is {better}est at {where}: {best:.0f}" + (f", dense {dense:.0f}" if best != dense else "")
    for row in rows[rows.chosen & (rows.ratio > 0) & (rows.value != best)].itertuples():
        side = "**above**" if row.value > dense else "**below**" if row.value < dense else "equal to"
        words += f"; at the chosen {row.ratio:g} it is {row.value:.0f}, {side} the dense"
    return words


def _more(word: str, before: float, after: float) -> str:
    if f"{before:.3f}" == f"{after:.3f}":
        return f"as {word} as dense"
    return f"**{'more' if after > before else 'less'}** {word}"


def _place(judged: Judged, quantity: Quantity) -> str:
    """Where an error stands beside its band, in bold where that speaks against the network."""
    place = tables.place(judged.bins.error, judged.floor)
    # The floor of UCE is no minimum: a calibrated network is not below it either.
    against = place == "above" or (place == "below" and quantity == "uncertainty")
    return f"**{place}**" if against else place


def _trend(before: float, after: float) -> tuple[str, str]:
    """What a loss does, and the same with its numbers."""
    a, b = round(float(before), 3), round(float(after), 3)
    if abs(b - a) <= TREND * a:
        return "stays", f"stays about {b:.3f}"
    verb = "rises" if b > a else "falls"
    return verb, f"**{verb}** {a:.3f} → {b:.3f}"
