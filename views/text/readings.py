"""One sentence a picture, which reads this very picture: arrays and tables in, markdown out.

A direction is in bold, and only where `views.text.claims` lets it be told; what is merely read off stays plain.
Planes and curves have sentences of their own: `readings_planes`, `readings_curves`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pruning import Network
from pruning.evaluation.comparison import Interval, direction
from uncertainty.calibration import Bins, Quantity
from uncertainty.options import DropoutLayers, Method, Source
from views.text.claims import Change, leaning, no_difference, percent, side
from views.text.names import DENSE_PRUNED, Pair, layers_named, listed, titled

TREND = 0.1  # of a loss: from epoch to epoch dropout alone moves it by about as much
LEAST_EPOCHS = 3  # of a mean that is compared
ERRORS = 3  # standard errors: of few epochs, few are no trend
UNTRAINED = "The network **did not train**: its validation loss never left that of guessing."
# quantity → score, outcome, and what is said of the network with more of each
WORDS: dict[Quantity, tuple[str, str, str, str]] = {
    "confidence": ("confidence", "accuracy", "confident", "right"),
    "uncertainty": ("normalised entropy", "error rate", "uncertain", "often wrong"),
}


def of_panel(
    score: Change, outcome: Change, quantity: Quantity, basis: str, trained: bool = True, pair: Pair = DENSE_PRUNED
) -> str:
    """Whether the pruned network is more sure and more often right than its reference.

    score, outcome: what the two axes of the panel show on average.
    """
    if not trained:
        return UNTRAINED
    told = [
        f"**{'more' if change.told > 0 else 'less'}** {word} ({change.numbers})"
        for change, word in zip((score, outcome), WORDS[quantity][2:], strict=True)
        if change.told
    ]
    silent = [f"{change.name} ({change.numbers}, {change.margin})" for change in (score, outcome) if not change.told]
    than = f" than {pair.the_reference}" if pair.are_pruned else ""
    words = f"{pair.the_pruned if pair.are_pruned else 'Pruned'} is {listed(told)}{than}" if told else ""
    if silent:
        none = f"{no_difference(basis)} in {listed(silent)}"
        words = f"{words}; {none}" if words else none.capitalize()
    return f"{words}."


def of_dropout(
    sampled: Interval,
    change: Interval,
    beside: Interval,
    single: Interval,
    rate: float | None,
    pair: Pair = DENSE_PRUNED,
) -> str:
    """That MC dropout makes the pruned network under-confident, and a single pass hardly; nothing if it is not so.

    sampled, single: the pruned network's signed gap, mean confidence − accuracy, under MC dropout and of a single
    pass. change: of the former, pruned − dense. beside: sampled − single. rate: of dropout, if it is the same
    whatever is left.
    """
    if side(sampled) >= 0 or any(direction(each) >= 0 for each in (change, beside)):
        return ""
    if abs(single.value) > abs(sampled.value) / 2:
        return ""
    told = leaning(single).replace("**", "")
    alone = f"a single pass {told}" if told else "of a single pass no gap is told"
    why = "" if rate is None else f": the rate stays {rate:g} however few units are left"
    who = pair.the_pruned if pair.are_pruned else "Pruned"
    return f"{who}, MC dropout is {leaning(sampled)}, {alone}{why}."


def of_training(train_loss: np.ndarray, val_loss: np.ndarray, early_stop_epoch: int, trained: bool = True) -> str:
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
    if not trained:
        return (
            f"Validation loss is lowest at epoch {best} of {last}, {lowest:.3f} nats: the network **did not train**."
        )
    if best == last:
        return f"Validation loss is lowest at the last epoch, {last}: {lowest:.3f} nats; it may not be at its end."
    start = f"Validation loss is lowest at epoch {best} of {last}, {lowest:.3f} nats"
    n = (last - best) // 2
    if n < LEAST_EPOCHS:
        return f"{start}; too few epochs follow to tell a trend."
    # The lowest value was picked for being low, so it is no part of what is compared.
    val, val_words = _trend(val_loss[best + 1 :], n)
    train, train_words = _trend(train_loss[best:], n)
    verdict = {("rises", "falls"): ": **overfitting**", ("stays", "stays"): ": both are flat"}.get((val, train), "")
    return f"{start}; then it {val_words} while training loss {train_words}{verdict}."


def of_losses(reference: Network, pruned: Network, trained: bool = True, pair: Pair = DENSE_PRUNED) -> str:
    """From where the validation loss of both networks starts, and how low it gets: numbers that nothing bounds."""
    start, low = reference.val_loss[0], reference.val_loss[reference.kept_epoch]
    if pruned.prune_ratio == 0:
        return f"Both lines are the dense network's: validation loss {start:.3f} at the start, {low:.3f} at best."
    before, after = pruned.val_loss[0], pruned.val_loss[pruned.kept_epoch]
    if not np.isfinite(after):
        return f"{titled(pair.the_pruned)}'s validation loss is not a number from the start."
    words = (
        f"Validation loss goes from {start:.3f} to {low:.3f} nats ({pair.reference}), from {before:.3f} to "
        f"{after:.3f} ({pair.pruned})"
    )
    return f"{words}." if trained else f"{words}: it **did not train**."


def of_networks(dense: Network, pruned: Network) -> str:
    """How many units each layer keeps, which lost most, and the mean weight into kept units."""
    units = ", ".join(
        f"{mask.sum():,} of {len(mask):,} in {layers_named(name)}" for name, mask in pruned.masks.items()
    )
    lost = {name: float(1 - mask.mean()) for name, mask in pruned.masks.items()}
    if not any(lost.values()):
        return f"Nothing is pruned: units kept {units}."
    share = percent(max(lost.values()))
    most = [f"**{layers_named(name)}**" for name, each in lost.items() if percent(each) == share]
    words = f"; {listed(most)} lost most, {share}" if len(most) < len(lost) else ""
    # What went with a removed unit is exactly zero, into it and out of it.
    kept = {f"{name}.weight": pruned.weights[f"{name}.weight"] != 0 for name in lost}
    before, after = (
        np.concatenate([np.abs(network.weights[name][which]) for name, which in kept.items()]).mean(dtype=float)
        for network in (dense, pruned)
    )
    return f"Units kept: {units}{words}; mean |weight| into them {before:.3f} dense, {after:.3f} pruned."


def of_single_samples(source: Source, dropout: float) -> str:
    """What a single sample, whose boundary is drawn on a plane, is beside the network that is drawn."""
    method = source.method
    if method == Method.SINGLE_PASS:
        return ""
    if method == Method.ENSEMBLE:
        return (
            "A member of the ensemble is another network, with weights and units of its own; the one that is drawn "
            "is the first."
        )
    if method != Method.MC_DROPOUT:
        which = "the last layer" if method == Method.LAST_LAYER else "units that survived"
        return f"In a draw of the weights every unit stands; what differs are weights of {which}."
    if not dropout:
        return "At dropout rate 0 every sample keeps all units."
    last = " Only the last hidden layer drops." if source.layers == DropoutLayers.LAST else ""
    return (
        "A single sample is this network without some of its units. Let one stand out under the planes: the units "
        f"that it keeps are lit, those that it drops are dimmed, and their connections go.{last}"
    )


def of_scores(known: np.ndarray, unknown: np.ndarray) -> str:
    """How far apart the scores of N test images and of M of unknown classes are, at the median of the latter."""
    middle = float(np.median(unknown))
    caught, flagged = (percent((scores >= middle).mean()) for scores in (unknown, known))
    return f"{caught} of the unknown classes score {middle:.3f} or more, and so do {flagged} of the test images."


def of_mistaken(
    reference: np.ndarray,
    pruned: np.ndarray,
    unknown: Sequence[str],
    known: Sequence[str],
    pair: Pair = DENSE_PRUNED,
) -> str:
    """The pruned network's largest share, as the largest of many, and whether mistakes gather on few classes.

    reference, pruned (U, C): the share of each unknown class given each known one; without pictures, zeros.
    """
    row, column = map(int, np.unravel_index(pruned.argmax(), pruned.shape))
    before, after = (percent(float(shares[shares.any(axis=1)].max(axis=1).mean())) for shares in (reference, pruned))
    return (
        f"The largest of {pruned.size:,} cells: {pair.pruned}, {percent(pruned[row, column])} of *{unknown[row]}* "
        f"are called *{known[column]}* ({pair.reference} {percent(reference[row, column])}). "
        f"On average a row's largest is {after} ({pair.reference} {before})."
    )


def of_spread(samples: np.ndarray, classes: Sequence[str]) -> str:
    """How many of S samples (S, C) of one picture the winning class wins, and how far its probability spreads."""
    winner = samples.mean(axis=0).argmax()
    low, high = np.quantile(samples[:, winner], [0.05, 0.95])
    votes = f"{(samples.argmax(axis=1) == winner).sum()} of {len(samples)} samples"
    return f"*{classes[winner]}* wins in {votes}; nine in ten give it a probability from {low:.2f} to {high:.2f}."


def _trend(losses: np.ndarray, n: int) -> tuple[str, str]:
    """What a loss does between its first and its last n epochs, and the same with its numbers."""
    first, later = losses[:n], losses[-n:]
    a, b = float(first.mean()), float(later.mean())
    error = np.sqrt((first.var(ddof=1) + later.var(ddof=1)) / n)
    if abs(b - a) <= max(TREND * a, ERRORS * float(error)):
        return "stays", f"stays about {b:.3f}"
    verb = "rises" if b > a else "falls"
    return verb, f"**{verb}** {a:.3f} → {b:.3f}"


def of_bin(name: str, bins: Bins, position: int, quantity: Quantity, examples: str) -> str:
    """What a dot of a reliability diagram stands for.

    name: of the network; examples: what they are called, `points`.
    """
    low, high, count = (each[position] for each in (bins.lower, bins.upper, bins.count))
    score, outcome = bins.mean_score[position], bins.mean_outcome[position]
    what, came = ("confidence", "right") if quantity == "confidence" else ("normalised entropy", "wrong")
    return (
        f"*{name}*: **{count:,}** of {bins.count.sum():,} {examples} have a {what} from {low:.2f} to {high:.2f}, on "
        f"average {score:.3f}; **{outcome:.3f}** of them are {came}."
    )
