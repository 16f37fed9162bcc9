"""What the chosen strategy is compared with: the dense network, or another strategy under the same settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from pruning.experiment import Recipe
from pruning.options import Criterion, Scope, Strategy
from uncertainty.options import Option
from views.controls.control import Control
from views.text.names import scores_count

R = TypeVar("R", bound=Recipe)
DENSE, SAME = "dense", "same"
ITSELF = (
    "A strategy does not differ from itself, so the dense network stays: choose another one to compare with, or in "
    "the settings, under *Compared with*, another criterion, scope or rewind epoch that counts for it."
)


def _shown(value: Any) -> str:
    if isinstance(value, Option):
        return value.label
    return {DENSE: "Dense network", SAME: "The same"}.get(value, str(value))


AGAINST = Control(
    "against",
    "Compare with",
    "What takes the place of the dense network in pictures and figures: another strategy under the same settings, at "
    "the same prune ratio. It joins the curves and is trained after what is shown. It may have another criterion, "
    "scope or rewind epoch of its own: see *Compared with* in the settings.",
    DENSE,
    (DENSE, *Strategy),
    "select",
    _shown,
)


def differing(rewind: Control) -> tuple[Control, ...]:
    """What may be otherwise in the strategy to compare with; `rewind`, the page's own control of the rewind epoch."""

    def control(name: str, label: str, options: Sequence[Any]) -> Control:
        words = "Of the strategy that the page's own is compared with; *The same* follows the page's own."
        return Control(f"against_{name}", f"{label} of the other", words, SAME, (SAME, *options), "select", _shown)

    return (
        control("criterion", "Criterion", tuple(Criterion)),
        control("scope", "Scope", tuple(Scope)),
        control("rewind", "Rewind epoch", rewind.options),
    )


def other_of(experiment: R, values: Mapping[str, Any]) -> R | None:
    """The experiment to compare with; None for the dense network, and where it would be the very same.

    values: of the controls here. What decides nothing for a strategy stays as it is: where nothing is rewound, the
    rewind epoch, and where chance draws the mask of every layer, the criterion.
    """
    strategy = values[AGAINST.name]
    if strategy == DENSE:
        return None

    def own(name: str, default: Any) -> Any:
        value = values[f"against_{name}"]
        return default if value == SAME else value

    other = replace(experiment, strategy=strategy, scope=own("scope", experiment.scope))
    if scores_count(other):
        other = replace(other, criterion=own("criterion", experiment.criterion))
    if strategy.start_from == "rewound":
        other = replace(other, rewind_epoch=own("rewind", experiment.rewind_epoch))
    return None if other == experiment else other


def is_itself(values: Mapping[str, Any], other: Recipe | None) -> bool:
    """Whether what was chosen to compare with turned out to be the experiment itself."""
    return other is None and values[AGAINST.name] != DENSE
