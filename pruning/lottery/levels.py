"""The levels a strategy passes through on its way to a prune ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from pruning.experiment import RATIOS, rounded
from pruning.options import Strategy


@dataclass(frozen=True)
class Path:
    """The ratios one chain of networks passes through, and those among them that are results."""

    levels: tuple[float, ...]
    results: frozenset[int]  # positions in `levels`


def paths(strategy: Strategy, ratios: Sequence[float], rounds: int, round_share: float = 0.0) -> list[Path]:
    """The chains that lead to the given ratios.

    Without iteration, one step each. With `rounds` = n, n equal fractions each, the i-th level at
    1 − (1 − r)^(i/n). With a `round_share`, rounds that each remove this share of what is left, and
    a last one that removes what is missing. Without either the levels are the grid `RATIOS`: one
    chain passes through all ratios of the grid, and a ratio off the grid branches from it. So what
    a ratio yields never depends on which others were asked for.
    """
    wanted = sorted(set(ratios) - {0.0})
    if not strategy.iterative:
        return [Path((ratio,), frozenset([0])) for ratio in wanted]
    if round_share > 0:
        return [_to_the_last(_equal_shares(ratio, round_share)) for ratio in wanted]
    if rounds > 0:
        return [_to_the_last(_equal_fractions(ratio, rounds)) for ratio in wanted]
    grid = tuple(ratio for ratio in RATIOS if 0 < ratio <= max(set(wanted) & set(RATIOS), default=0))
    chains = [Path(grid, frozenset(i for i, ratio in enumerate(grid) if ratio in wanted))] if grid else []
    for ratio in wanted:
        if ratio not in RATIOS:
            below = tuple(step for step in RATIOS if 0 < step < ratio)
            chains.append(Path((*below, ratio), frozenset([len(below)])))
    return chains


def _to_the_last(levels: tuple[float, ...]) -> Path:
    return Path(levels, frozenset([len(levels) - 1]))


def _equal_fractions(ratio: float, rounds: int) -> tuple[float, ...]:
    """Each round removes the same share of what is left; the last level is the ratio itself."""
    return (*(1 - (1 - ratio) ** (i / rounds) for i in range(1, rounds)), ratio)


def _equal_shares(ratio: float, share: float) -> tuple[float, ...]:
    """Each round removes `share` of what is left (Frankle & Carbin 2019: a fifth), the last one what is missing.

    There are as many rounds as come nearest to the ratio: the last one is between half and one and a half of a round.
    """
    rounds = max(1, round(log(1 - ratio) / log(1 - share)))
    return (*(rounded(1 - (1 - share) ** i) for i in range(1, rounds)), ratio)
