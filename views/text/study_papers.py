"""What papers say, and what a study finds: the same quantity beside each other, with what differs in the setting."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from pruning.evaluation.rows import DENSE
from pruning.study import Finding, summary, verdicts

NOT_RUN = "not part of this study"


@dataclass(frozen=True)
class Claim:
    """A published figure."""

    source: str
    says: str
    setting: str  # what differs from here


EARLY = Claim(
    "Frankle & Carbin 2019",
    "A winning ticket stops 38 % sooner, at 21 % of the weights (LeNet on MNIST, iterative).",
    "single weights are removed there, whole units here",
)
PUBLISHED_ECE = Claim(
    "The published study, Figure 9",
    "Its line of ECE rises from 0.315 to 0.344 with the prune ratio, under a sentence that says it falls.",
    "its errors were averaged over empty bins, on images",
)
REWIND = Claim(
    "Liu et al. 2019",
    "For structured pruning, training from scratch reaches what fine-tuning reaches.",
    "larger networks, CIFAR and ImageNet",
)
CONTROL = Claim(
    "Su et al. 2020",
    "Random tickets do as well as those that scores have picked, layer by layer.",
    "larger networks, single weights",
)


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """A row a claim: who says it, what is said, what this study finds, what differs."""
    rows = [(EARLY, _early(table)), (PUBLISHED_ECE, _ece(table)), (REWIND, _fresh(table)), (CONTROL, _control(table))]
    return pd.DataFrame(
        [(claim.source, claim.says, got, claim.setting) for claim, got in rows],
        columns=["Source", "Papers say", "You got", "Another setting"],
    )


def _at(found: list[Finding], strategy: str, ratio: float) -> Finding | None:
    return next((each for each in found if each.line == strategy and each.prune_ratio == ratio), None)


def _early(table: pd.DataFrame) -> str:
    """Early stop of the iterative ticket where about a fifth of the units is left."""
    found = _at(verdicts(table, "early_stop_epoch"), "iterative", 0.8) if _has(table, "early_stop_epoch") else None
    if found is None or not found.verdict.runs:
        return NOT_RUN
    dense = _mean(table, DENSE, 0.0, "early_stop_epoch")
    share = 100 * found.verdict.value / dense
    ends = sorted(100 * end / dense for end in (found.verdict.low, found.verdict.high))
    told = "" if found.verdict.told else ": cannot tell"
    return f"{share:+.0f} % of the epochs at prune ratio 0.8 ({ends[0]:+.0f} to {ends[1]:+.0f} %){told}"


def _ece(table: pd.DataFrame) -> str:
    """ECE of the dense network and at the largest ratio of the first line."""
    column = "truth_ece" if _has(table, "truth_ece") else "ece"
    lines = [line for line in dict.fromkeys(table.line) if not line.startswith(DENSE)]
    line = "iterative" if "iterative" in lines else lines[0] if lines else ""
    if not line or not _has(table, column):
        return NOT_RUN
    last = float(table.prune_ratio[table.line == line].max())
    found = _at(verdicts(table, column), line, last)
    if found is None or not found.verdict.runs:
        return NOT_RUN
    dense = _mean(table, f"{DENSE}{line.partition(',')[1]}{line.partition(',')[2]}", 0.0, column)
    end = _mean(table, line, last, column)
    verb = {1: "rises", -1: "falls", 0: "cannot tell"}[found.verdict.direction]
    return f"{dense:.3f} → {end:.3f} at {last:.3g} ({line}): {verb}"


def _fresh(table: pd.DataFrame) -> str:
    return _beside(table, "one_shot_random", "one_shot", 0.5)


def _control(table: pd.DataFrame) -> str:
    return _beside(table, "random_mask", "one_shot_rewind", 0.5)


def _beside(table: pd.DataFrame, one: str, other: str, ratio: float) -> str:
    """The accuracy that one strategy gains on another at a ratio."""
    column = "truth_accuracy" if _has(table, "truth_accuracy") else "accuracy"
    if not {one, other} <= set(table.line):
        return NOT_RUN
    found = _at(verdicts(table, column, against=other), one, ratio)
    if found is None or not found.verdict.runs:
        return NOT_RUN
    verdict = found.verdict
    told = {1: "better", -1: "worse", 0: "cannot tell"}[verdict.direction]
    return f"accuracy {verdict.value:+.3f} at {ratio:g} ({verdict.low:+.3f} to {verdict.high:+.3f}): {told}"


def _has(table: pd.DataFrame, column: str) -> bool:
    return column in table and bool(table[column].notna().any())


def _mean(table: pd.DataFrame, line: str, ratio: float, column: str) -> float:
    found = summary(table, column)
    return float(found["mean"][(found.line == line) & (found.prune_ratio == ratio)].iloc[0])
