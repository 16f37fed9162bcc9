"""Temperature scaling in words and numbers: what it takes of the NLL, what it leaves, and what neither tells."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.mending import (
    Mended,
    MendedSamples,
    isotonic_left,
    losses,
    mended,
    noise,
    refinement_gained,
)
from pruning.outcome import Network
from uncertainty.estimate import Estimate
from uncertainty.paired import Difference
from uncertainty.temperature import HIGHEST, LOWEST, Objective
from views.text import comparison, untrained
from views.text.claims import Change, no_difference
from views.text.figure_table import Nouns
from views.text.names import network_named

HEADER = "Can one number mend it?"
OBJECTIVES_HEAD = "A temperature for samples: two objectives"
NOTHING = "Nothing is known of the validation examples, on which a temperature is fitted."
PARTS = (
    "A bar is the NLL of a single pass. What the fitted temperature takes away is its calibration error, what is "
    "left its refinement error. Dashed is the dense network's refinement error{noise}."
)
NOISE = "; dotted is the noise in the data, below which no network goes"
ESTIMATOR = (
    "Held out: a temperature is fitted on the {validation:,} validation examples, by the NLL of a single pass, and "
    "both parts are those of {measured}. So few leave something unlearned, which counts as refinement error: it is "
    "too large and the calibration error too small, even below 0 where the temperature harms. The best temperature "
    "for the measured examples themselves (in sample) is the other side. The validation examples have chosen the "
    "epoch of the early stop, too. Intervals are those of the measured examples, at the temperature that was fitted."
)
CURVES = (
    "NLL of {measured} at every temperature. A diamond is the temperature that was fitted on the validation "
    "examples; the upright line is the one that is tried above."
)
FITTED = (
    "Above 1 a network is made less sure, below 1 surer. Upright bars are the intervals that {validation:,} "
    "validation examples leave; a triangle is where the search ends without a minimum."
)
OBJECTIVES = (
    "MC dropout, {name}, {samples} samples: a temperature can be fitted to each sample by itself, as Laves et al. "
    "2019 do, or to the mean of them, which is the prediction that is shown. By Jensen's inequality the NLL of the "
    "mean is the smaller one."
)


def reading(seen: Evaluated, nouns: Nouns) -> list[str]:
    """What a temperature does for the dense and for the pruned network, and what it cannot do."""
    dense, pruned = seen.outcome.dense, seen.outcome.pruned  # whatever else is compared with
    basis = comparison.basis(seen, nouns.examples)
    lines = [_mended_line(seen, dense, basis)]
    if pruned.level:
        lines += [_mended_line(seen, pruned, basis), _lost(seen, dense, pruned, basis)]
    least = noise(seen)
    if least is not None:
        lines.append(
            f"Of every refinement error {least:.3f} nats are noise in the data, the least that there can be."
        )
    bent = isotonic_left(seen, pruned)
    if bent is not None and not untrained.short(pruned):
        lines.append(
            "Isotonic regression on the same validation examples, which may bend the pruned network's probabilities "
            f"in any rising way, leaves {bent:.3f} nats; the one number leaves "
            f"{mended(seen, pruned).refinement.value:.3f}."
        )
    return [f"- {line}" for line in lines]


def _mended_line(seen: Evaluated, network: Network, basis: str) -> str:
    found, name = mended(seen, network), network_named(network.prune_ratio)
    colour = "violet" if network.level else "gray"
    start = f":{colour}[**{name}**]"
    if words := untrained.short(network):
        return f"{start}: {words}, so that there is nothing to mend."
    return f"{start}: {_fitted(found, seen)} {_taken(found, basis)} {_rest(found)}"


def _fitted(found: Mended, seen: Evaluated) -> str:
    """The temperature, and what is known of it."""
    labels = seen.outcome.validation_labels
    examples = f"{0 if labels is None else len(labels):,} validation examples"
    written = f"T = {found.temperature.value:.2f}"
    if found.at_bound:
        way = "the surer, the better" if found.temperature.value <= LOWEST else "the less sure, the better"
        return f"{written}, where the search ends: for the {examples} {way}."
    if found.is_one:
        return f"{written}, which {examples} **cannot tell from 1** ({_ends(found.temperature)})."
    side = "too sure" if found.temperature.value > 1 else "not sure enough"
    return f"{written} ({_ends(found.temperature)}): the network is **{side}**."


def _taken(found: Mended, basis: str) -> str:
    """What the temperature does to the NLL."""
    gain = found.calibration
    change = Change("NLL", found.before, found.refinement.value, Difference(-gain.value, -gain.high, -gain.low))
    if not change.told:
        return f"It makes {no_difference(basis)} (NLL {change.numbers}, {change.margin} nats)."
    verb = "takes" if change.told < 0 else "adds"
    what = f"{abs(gain.value):.3f}" if round(abs(gain.value), 3) else "less than 0.001"
    of = f"of the {found.before:.3f} nats away" if change.told < 0 else f"nats to {found.before:.3f}"
    return f"It **{verb}** {what} {of}."


def _rest(found: Mended) -> str:
    value, least = found.best
    return (
        f"{found.refinement.value:.3f} are refinement error; the best temperature for these very examples, "
        f"{value:.2f}, would leave {least:.3f}."
    )


def _lost(seen: Evaluated, dense: Network, pruned: Network, basis: str) -> str:
    """How the refinement error changes with pruning."""
    if untrained.short(dense) or untrained.short(pruned):
        return "Of a network that knows nothing no loss is told."
    before, after = mended(seen, dense), mended(seen, pruned)
    change = Change(
        "Refinement error",
        before.refinement.value,
        after.refinement.value,
        refinement_gained(seen, pruned),
        unit=" nats",
    )
    if not change.told:
        return f"Refinement error, dense → pruned: {no_difference(basis)} ({change.numbers}, {change.margin})."
    beyond = change.told > 0 and round(after.best[1], 3) > round(before.refinement.value, 3)
    return f"{change.words}, dense → pruned{': what is gone, no single number brings back' if beyond else ''}."


def tried(seen: Evaluated, temperature: float) -> str:
    """The NLL of both networks at a temperature, beside that at 1."""
    dense, pruned = seen.outcome.dense, seen.outcome.pruned
    pair = {"dense": dense, "pruned": pruned} if pruned.level else {"dense": dense}
    said = [
        f"{name} {losses(seen, each, temperature).mean():.3f} nats ({mended(seen, each).before:.3f} at 1)"
        for name, each in pair.items()
    ]
    return f"At T = {temperature:g}: {', '.join(said)}."


def ratio_table(found: Mapping[float, Mended]) -> pd.DataFrame:
    """Every prune ratio with its temperature and both parts, intervals in brackets."""
    return pd.DataFrame(
        [
            {
                "Prune ratio": network_named(ratio),
                "Fitted T": f"{each.temperature.value:.2f} ({_ends(each.temperature)})",
                "NLL before": f"{each.before:.4f}",
                "NLL after: refinement error": _estimate(each.refinement),
                "Calibration error": _estimate(each.calibration),
                "Best T in sample": f"{each.best[0]:.2f}",
                "NLL there": f"{each.best[1]:.4f}",
            }
            for ratio, each in found.items()
        ]
    )


def objective_table(found: Mapping[Objective, MendedSamples]) -> pd.DataFrame:
    """What each objective of a temperature for samples gives, by its own measure and by the other."""
    return pd.DataFrame(
        [
            {
                "Fitted to": objective.label,
                "T": f"{each.mended.temperature.value:.2f} ({_ends(each.mended.temperature)})",
                Objective.PREDICTIVE.label: f"{each.mended.before:.4f} → {each.mended.refinement.value:.4f}",
                "Calibration error": _estimate(each.mended.calibration),
                Objective.SAMPLES.label: f"{each.by_sample[0]:.4f} → {each.by_sample[1]:.4f}",
            }
            for objective, each in found.items()
        ]
    )


def _ends(found: Estimate) -> str:
    """`0.59–1.51`; of a temperature of which nothing is known, no bounds."""
    return "at the bound" if found.high > 2 * HIGHEST and found.low == 0 else f"{found.low:.2f}–{found.high:.2f}"


def _estimate(found: Estimate) -> str:
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})".replace("-", "−")
