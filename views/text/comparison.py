"""Names for what is compared: numbers of two networks in, changes as the pages write them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pruning.evaluation.comparison import Comparison, Shift
from pruning.evaluation.evaluated import Evaluated
from uncertainty.calibration import Quantity
from views.text.claims import Change

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


def compared(comparison: Comparison) -> Compared:
    """The figures that a sentence tells of; against the truth they are called true."""
    true = _prefix(comparison)
    return Compared(
        accuracy=_named(f"{true}accuracy", comparison.accuracy),
        ece=_named(f"{true}ECE", comparison.ece),
        nll=_named(f"{true}NLL", comparison.nll, " nats"),
        epistemic=_named("epistemic uncertainty", comparison.epistemic, " nats"),
    )


def panel(comparison: Comparison, quantity: Quantity) -> tuple[Change, Change]:
    """Both axes of a reliability panel."""
    score, outcome = comparison.panel(quantity)
    return _named(AXES[quantity][0], score), _named(f"{_prefix(comparison)}{AXES[quantity][1]}", outcome)


def basis(seen: Evaluated, examples: str) -> str:
    """What every interval rests on: `150 points`."""
    return f"{len(seen.outcome.test_labels):,} {examples}"


def _prefix(comparison: Comparison) -> str:
    return "true " if comparison.after.is_against_truth else ""


def _named(name: str, shift: Shift, unit: str = "") -> Change:
    return Change(name, shift.before, shift.after, shift.difference, unit=unit)
