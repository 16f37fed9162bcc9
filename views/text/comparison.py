"""Names for what is compared: numbers of two networks in, changes as the pages write them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pruning.evaluation.comparison import Comparison, Shift
from pruning.evaluation.evaluated import Evaluated, rival
from uncertainty.calibration import Quantity
from views.text.claims import Change
from views.text.names import Pair, pair_named

AXES: Mapping[Quantity, tuple[str, str]] = {
    "confidence": ("confidence", "accuracy"),
    "uncertainty": ("normalised entropy", "error rate"),
}


@dataclass(frozen=True)
class Compared:
    """Two networks over the same examples, in figures that are written beside each other."""

    accuracy: Change
    ece: Change
    nll: Change
    epistemic: Change


def compared(comparison: Comparison, *, apart: bool = False) -> Compared:
    """The figures that a sentence tells of; against the truth they are called true. apart: see `Change`."""
    true = _prefix(comparison)
    return Compared(
        accuracy=_named(f"{true}accuracy", comparison.accuracy, apart=apart),
        ece=_named(f"{true}ECE", comparison.ece, apart=apart),
        nll=_named(f"{true}NLL", comparison.nll, " nats", apart),
        epistemic=_named("epistemic uncertainty", comparison.epistemic, " nats", apart),
    )


def panel(comparison: Comparison, quantity: Quantity, *, apart: bool = False) -> tuple[Change, Change]:
    """Both axes of a reliability panel. apart: see `Change`."""
    score, outcome = comparison.panel(quantity)
    name = f"{_prefix(comparison)}{AXES[quantity][1]}"
    return _named(AXES[quantity][0], score, apart=apart), _named(name, outcome, apart=apart)


def pair(seen: Evaluated) -> Pair:
    """What the two networks are called that are compared."""
    other = seen.other.experiment if seen.other and rival(seen.outcome, seen.other) else None
    return pair_named(seen.outcome.experiment, other)


def curves(seen: Evaluated) -> Pair | None:
    """What the two curves are called; None where there is no other outcome to compare with."""
    return pair_named(seen.outcome.experiment, seen.other.experiment) if seen.other else None


def legend(names: Pair) -> str:
    """Which line is whose in curves that another strategy has joined, in their colours, as markdown."""
    return f":small[:violet[●] {names.pruned} · :orange[◆] {names.reference} · ‐ ‐ dense]"


def basis(seen: Evaluated, examples: str) -> str:
    """What every interval rests on: `150 points`."""
    return f"{len(seen.outcome.test_labels):,} {examples}"


def _prefix(comparison: Comparison) -> str:
    return "true " if comparison.after.is_against_truth else ""


def _named(name: str, shift: Shift, unit: str = "", apart: bool = False) -> Change:
    return Change(name, shift.before, shift.after, shift.difference, unit=unit, apart=apart)
