"""Verdicts of a study in words: what its seeds tell, and never more than their intervals do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from pruning.evaluation.rows import DENSE, N_SAMPLES
from pruning.options import Strategy
from pruning.study import Finding, Study
from views.text.names import asked_by, listed, ratios_named
from views.text.study_figures import StudyFigure, shown

CANNOT_TELL = "cannot tell"
LABELS = {each.value: each.label for each in Strategy}


def line_named(line: str) -> str:
    """`one_shot, Taylor` → One-shot, Taylor."""
    strategy, comma, variant = line.partition(", ")
    return f"{LABELS.get(strategy, strategy.capitalize())}{comma}{variant}"


def word(found: Finding, figure: StudyFigure) -> str:
    """What a finding is called: better, worse, or as the figure says; cannot tell where its interval has zero."""
    direction = found.verdict.direction
    if not direction or _printed_alike(found, figure):
        return CANNOT_TELL
    good, bad = figure.words
    return good if (direction > 0) == (figure.better != "low") else bad


def of_source(study: Study) -> str:
    """Where the class probabilities of its figures come from."""
    source, *others = dict.fromkeys(study.source_of(variant) for variant in study.variants)
    if others:
        return "Each line has the class probabilities of the method that it names."
    return f"Class probabilities: {asked_by(source, source.method.samples(N_SAMPLES))}."


def _printed_alike(found: Finding, figure: StudyFigure) -> bool:
    """Whether the difference is printed as nothing."""
    return float(shown(figure, found.verdict.value)) == 0


def cells(findings: Sequence[Finding], figure: StudyFigure) -> pd.DataFrame:
    """One row a finding: line, prune_ratio, verdict (`better`, `worse`, `cannot tell`), its word, and its numbers.

    Where no direction is the better one, `better` stands for higher.
    """
    kinds = {figure.words[0]: "better", figure.words[1]: "worse", CANNOT_TELL: CANNOT_TELL}
    return pd.DataFrame(
        [
            {
                "line": found.line,
                "label": line_named(found.line),
                "prune_ratio": found.prune_ratio,
                "verdict": kinds[word(found, figure)],
                "word": word(found, figure),
                "value": found.verdict.value,
                "low": found.verdict.low,
                "high": found.verdict.high,
                "runs": found.verdict.runs,
            }
            for found in findings
        ],
        columns=["line", "label", "prune_ratio", "verdict", "word", "value", "low", "high", "runs"],
    )


def of_line(findings: Sequence[Finding], figure: StudyFigure) -> str:
    """All ratios of one line in a sentence: where it is better, where worse, and what could have been told."""
    name, ratios = line_named(findings[0].line), [found.prune_ratio for found in findings]
    told = {each: [found for found in findings if word(found, figure) == each] for each in figure.words}
    parts = [_told(each, some, ratios, figure) for each, some in told.items() if some]
    rest = [found for found in findings if word(found, figure) == CANNOT_TELL]
    if rest:
        parts.append(_not_told(rest, ratios, figure, whole=len(rest) == len(findings)))
    return f"**{name}**: {'; '.join(parts)}."


def _told(each: str, some: Sequence[Finding], ratios: Sequence[float], figure: StudyFigure) -> str:
    most = max(some, key=lambda found: abs(found.verdict.value))
    where = ratios_named([found.prune_ratio for found in some], ratios)
    largest = "by" if len(some) == 1 else f"most at {most.prune_ratio:.3g}, by"
    return f"**{each}** {where}, {largest} {_amount(most, figure, figure.unit)}"


def _amount(found: Finding, figure: StudyFigure, unit: str = "") -> str:
    """How large a told difference is, and between what, without its sign."""
    verdict = found.verdict
    low, high = sorted(abs(end) for end in (verdict.low, verdict.high))
    return f"{shown(figure, abs(verdict.value))}{unit} ({shown(figure, low)} to {shown(figure, high)})"


def _not_told(rest: Sequence[Finding], ratios: Sequence[float], figure: StudyFigure, *, whole: bool) -> str:
    where = "" if whole else f" {ratios_named([found.prune_ratio for found in rest], ratios)}"
    runs = [found.verdict.runs for found in rest]
    if not any(runs):
        return f"no runs to compare{where}"
    count = f"n = {min(runs)}" if min(runs) == max(runs) else f"n = {min(runs)} to {max(runs)}"
    least = [found.verdict.least for found in rest if found.verdict.least < float("inf")]
    if not least:
        return f"{CANNOT_TELL}{where} with {count}: too few"
    smallest, largest = shown(figure, min(least)), shown(figure, max(least))
    amount = smallest if smallest == largest else f"{smallest} to {largest}"
    return f"{CANNOT_TELL}{where} with {count} (a difference would have to exceed {amount}{figure.unit})"


def of_seeds(means: pd.DataFrame, findings: Sequence[Finding], figure: StudyFigure, ratio: float) -> str:
    """One line of a study at one ratio, held against the dense network; empty where it has no such number.

    means: see `pruning.study.summary`.
    """
    dense = means[means.line == DENSE]
    here = means[means.prune_ratio == ratio] if ratio else dense
    if here.empty:
        return ""
    said = here.iloc[0]
    half = "" if said.high == float("inf") else f" ± {shown(figure, (said.high - said.low) / 2)}"
    start = f"Over {said.runs} {'seed' if said.runs == 1 else 'seeds'}: {shown(figure, said['mean'])}{half}"
    found = next((each for each in findings if each.prune_ratio == ratio), None)
    if found is None or not found.verdict.runs or dense.empty:
        return f"{start}."
    name, value = word(found, figure), found.verdict
    before = f"the dense {shown(figure, dense.iloc[0]['mean'])}"
    if name == CANNOT_TELL:
        least = "too few seeds" if value.least == float("inf") else f"it would take {shown(figure, value.least)}"
        return f"{start}, {CANNOT_TELL} from {before} ({least})."
    return f"{start}, **{name}** than {before} by {_amount(found, figure)}."


def of_tickets(table: pd.DataFrame) -> str:
    """How many runs of each rewound line are winning tickets, by their definition."""
    rewound = [each.value for each in Strategy if each.start_from == "rewound" and each.retrain]
    lines = list(dict.fromkeys(table.line[table.strategy.isin(rewound)]))
    parts = []
    for line in lines:
        part = table[table.line == line]
        counts = {ratio: (int(group.winning.sum()), len(group)) for ratio, group in part.groupby("prune_ratio")}
        won = {ratio: count for ratio, count in counts.items() if count[0]}
        if won:
            said = [f"{count} of {n} at {ratio:.3g}" for ratio, (count, n) in won.items()]
            parts.append(f"**{line_named(line)}** {listed(said)}")
        else:
            parts.append(f"**{line_named(line)}** none of {sum(n for _, n in counts.values())}")
    return f"Winning tickets: {'; '.join(parts)}." if parts else ""


def of_failures(failed: Mapping[str, str]) -> str:
    """Runs that have no rows, by the reason why; the first few by name."""
    reasons: dict[str, list[str]] = {}
    for run, reason in failed.items():
        reasons.setdefault(reason, []).append(line_named(run))
    return " ".join(f"{_some(runs)} could not be trained: {reason}" for reason, runs in reasons.items())


def _some(names: Sequence[str], most: int = 3) -> str:
    rest = len(names) - most
    return listed(names) if rest <= 0 else listed([*names[:most], f"{rest} more"])


def against_named(against: str) -> str:
    """What is compared with."""
    return "the dense network" if against == DENSE else line_named(against)
