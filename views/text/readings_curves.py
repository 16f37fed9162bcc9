"""What a sentence says of a figure over all prune ratios: differences from its reference, every ratio looked at.

Each ratio's interval is corrected for how many there are; an early stop, one number of one seed, has none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from pruning.evaluation.comparison import Interval, direction
from views.text.claims import findable, half_width, no_difference, side
from views.text.names import Pair, listed, ratios_named


def of_curve(
    rows: pd.DataFrame,
    name: str,
    digits: int,
    differences: Mapping[float, Interval],
    basis: str,
    gaps: Mapping[float, Interval] | None = None,
) -> str:
    """At which ratios a figure is told to differ from the dense network's, and how far it goes there.

    rows: as `charts.curve_chart` takes them, dense first; where there is a column `trained`, networks that did not
    train are named and not compared. differences: of each ratio, pruned − dense. gaps: each network's signed gap,
    mean confidence − accuracy. Both corrected for all ratios that are looked at.
    """
    known = _known(rows)
    if known.dense != known.dense:
        return f"{name}: the dense network has no number to compare with."
    if 0 in known.untrained:
        return f"{name}: the dense network **did not train**, so there is nothing to compare with."
    written = f"{known.dense:.{digits}f}"
    if not known.values:
        return f"{name} of the dense network is {written}; there is no pruned one to compare with yet{known.end}"
    told = {ratio: direction(differences[ratio]) for ratio in known.values if ratio in differences}
    told = {ratio: way for ratio, way in told.items() if way and f"{known.values[ratio]:.{digits}f}" != written}
    if told:
        words = f" {' and '.join(_ways(known, told, digits))} (dense {written})"
    else:
        margin = max((differences[ratio] for ratio in known.values), key=lambda each: each.high - each.low)
        words = f": {no_difference(basis)} from the dense {written} at any ratio ({half_width(margin, digits)})"
    return f"{name}{words}{_sides(gaps, known)}{known.end}"


def of_curves_apart(
    rows: pd.DataFrame,
    name: str,
    digits: int,
    differences: Mapping[float, Interval],
    basis: str,
    pair: Pair,
    gaps: Mapping[float, Interval] | None = None,
) -> str:
    """At which ratios a figure is told to differ from the other strategy's at the same ratio, and where most.

    rows: as for `of_curve`, with `other`, the other's value. differences: of each ratio that both have, this one −
    the other. gaps: as for `of_curve`. Networks that did not train are named and not compared, nor are ratios that
    the other has no value of.
    """
    known = _known(rows)
    theirs = {ratio: value for ratio, value in zip(rows.ratio, rows.other, strict=True) if value == value}
    both = [ratio for ratio in known.values if ratio in theirs and ratio in differences]
    if not both:
        return f"{name}: {pair.the_pruned} and {pair.the_reference} have no ratio in common yet{known.end}"
    written = {ratio: tuple(f"{each[ratio]:.{digits}f}" for each in (known.values, theirs)) for ratio in both}
    told = {ratio: direction(differences[ratio]) for ratio in both if written[ratio][0] != written[ratio][1]}
    ways = []
    for way in dict.fromkeys(way for way in told.values() if way):
        where = [ratio for ratio in both if told.get(ratio) == way]
        most = max(where, key=lambda ratio: abs(known.values[ratio] - theirs[ratio]))
        by = f"{written[most][0]} against {written[most][1]}"
        place = f" at {most:.3g}" if len(where) > 1 else ""
        ways.append(f"**{'higher' if way > 0 else 'lower'}** {ratios_named(where, both)} ({by}{place})")
    if ways:
        words = f" is {' and '.join(ways)} than that of {pair.the_reference}"
    else:
        margin = max((differences[ratio] for ratio in both), key=lambda each: each.high - each.low)
        words = f": {no_difference(basis)} from {pair.the_reference} at any ratio ({half_width(margin, digits)})"
    missing = [ratio for ratio in known.values if ratio not in both]
    nothing = f"; nothing of {pair.the_reference} {_at(missing)}" if missing else ""
    return f"{name}{words}{_sides(gaps, known)}{nothing}{known.end}"


def of_gains(
    rows: pd.DataFrame, name: str, differences: Mapping[float, Interval], basis: str, pair: Pair | None
) -> str:
    """One of the two, to three digits: against the other strategy of a `pair`, or against the dense network."""
    if pair is None:
        return of_curve(rows, name, 3, differences, basis)
    return of_curves_apart(rows, name, 3, differences, basis, pair)


def of_calibration(rows: pd.DataFrame, basis: str, smallest: Mapping[float, float]) -> str:
    """At which ratios an error stands above the band of its floor, and what the others may hide.

    rows as for `of_curve`, with `high`, the top of the band. smallest: of each ratio, the ECE that would be found.
    """
    known = _known(rows)
    judged = rows[rows.value.notna() & ~rows.ratio.isin(known.untrained)]
    high = judged.value.round(3) > judged.high.round(3)
    above, rest, words = list(judged.ratio[high]), list(judged.ratio[~high]), []
    if above:
        where = ratios_named(above, list(judged.ratio))
        words.append(f"ECE is above its band {where} (by chance, one network in forty is)")
    if rest:
        which = "the others" if above else "any network"
        least = max((smallest[ratio] for ratio in rest), key=lambda each: (each != each, each))
        words.append(f"{basis} cannot tell {which} from calibrated ({findable(least)})")
    return f"{'; '.join(words)}{known.end}"


def of_epochs(rows: pd.DataFrame, name: str, alike: bool) -> str:
    """Where training took the fewest epochs in all, as the lowest of many, and what the chosen ratio took.

    rows: as for `of_curve`, in epochs in all. alike: whether pruned and dense networks start from like weights; one
    that is fine-tuned has the dense network's epochs behind it, and cannot have fewer.
    """
    known = _known(rows)
    if not known.values:
        return (
            f"{name} of the dense network is {known.dense:.0f}; there is no pruned one to compare with yet{known.end}"
        )
    least = min(known.values.values())
    at = [ratio for ratio, value in known.values.items() if value == least]
    count = f"the lowest of {len(known.values)}" if len(known.values) > 1 else "the only one"
    where = ratios_named(at, list(known.values))
    if alike:
        words = f"{name}: {least:.0f} {where}, {count} (dense {known.dense:.0f})"
    else:
        words = f"{name}: {least:.0f} {where} ({known.dense:.0f} of them the dense network's), {count}"
    chosen = [ratio for ratio in rows.ratio[rows.chosen] if ratio in known.values and ratio not in at]
    return words + "".join(f"; {known.values[ratio]:.0f} at the chosen {ratio:.3g}" for ratio in chosen) + known.end


class _Known(NamedTuple):
    dense: float
    values: dict[float, float]  # of the pruned networks that trained and have a number
    untrained: list[float]
    end: str  # what is said of the others, with the full stop


def _known(rows: pd.DataFrame) -> _Known:
    trained = rows.trained if "trained" in rows else pd.Series(True, index=rows.index)
    dense, pruned = float(rows.dense.iloc[0]), rows.ratio > 0
    told = rows[pruned & trained & rows.value.notna()]
    missing, untrained = list(rows.ratio[rows.value.isna()]), list(rows.ratio[~trained])
    end = f"; there is no number {_at(missing)}" if missing else ""
    end += f"; {_at(untrained)} the network **did not train**" if untrained else ""
    return _Known(dense, dict(zip(told.ratio, told.value, strict=True)), untrained, f"{end}.")


def _at(ratios: Sequence[float]) -> str:
    return f"at {listed([f'{ratio:.3g}' for ratio in ratios])}"


def _ways(known: _Known, told: Mapping[float, int], digits: int) -> list[str]:
    """For rise and fall: where it is told, and the farthest value there; in order of ratio."""
    ways = []
    for way in dict.fromkeys(told.values()):
        where = [ratio for ratio in known.values if told.get(ratio) == way]
        far = max(where, key=lambda ratio: abs(known.values[ratio] - known.dense))
        verb, to = f"**{'rises' if way > 0 else 'falls'}**", f"to {known.values[far]:.{digits}f} at {far:g}"
        ways.append(f"{verb} {to}" if len(where) == 1 else f"{verb} {ratios_named(where, list(known.values))}, {to}")
    return ways


def _sides(gaps: Mapping[float, Interval] | None, known: _Known) -> str:
    """At which ratios the network is told to be over- or under-confident."""
    told = {ratio: side(gaps[ratio]) for ratio in known.values if ratio in gaps} if gaps else {}
    parts = [
        f"**{prefix}-confident** {ratios_named(where, list(known.values))}"
        for prefix, sign in (("over", 1), ("under", -1))
        if (where := [ratio for ratio, each in told.items() if each == sign])
    ]
    return f"; {listed(parts)}" if parts else ""
