"""What things are called on every page: one name each, one way to write a prune ratio.

Links and code keep their own spelling: `hidden1.3` of a link is unit 4 of hidden layer 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pruning.model.units import Unit
from pruning.options import Criterion, Scope
from uncertainty.options import DropoutLayers, Method, Source

if TYPE_CHECKING:
    from pruning.experiment import Recipe

_LAYERS = {"hidden": "hidden layer", "conv": "convolution"}
_PARTS = {"weight": "the weights of ", "bias": "the biases of ", None: ""}
CRITERIA: Mapping[Criterion, str] = {
    Criterion.L1: "L1",
    Criterion.L2: "L2",
    Criterion.L1_GREEDY: "greedy L1",
    Criterion.TAYLOR: "Taylor",
    Criterion.ACTIVATION: "mean activation",
    Criterion.RANDOM: "random scores",
}
SCOPES: Mapping[Scope, str] = {Scope.LAYER: "per layer", Scope.GLOBAL: "global"}
_LAYER = re.compile(rf"\b({'|'.join(_LAYERS)})([1-9])(?:\.(weight|bias))?\b")


def layers_named(text: str) -> str:
    """`hidden1` → hidden layer 1, `conv2.bias` → the biases of convolution 2, wherever they stand in the text."""
    return _LAYER.sub(lambda found: f"{_PARTS[found[3]]}{_LAYERS[found[1]]} {found[2]}", text)


def unit_named(unit: Unit) -> str:
    """Units count from 1."""
    layer, position = unit
    return f"unit {position + 1} of {layers_named(layer)}"


def network_named(prune_ratio: float) -> str:
    """`dense`, or `pruned at 0.7`: a prune ratio is never written in per cent, which other shares are."""
    return f"pruned at {prune_ratio:.3g}" if prune_ratio else "dense"


def samples_of(method: Method, n_samples: int) -> str:
    """`MC-dropout samples`, `ensemble member`."""
    return method.noun if n_samples == 1 else f"{method.noun}{'es' if method.noun.endswith('s') else 's'}"


def asked_by(source: Source, n_samples: int) -> str:
    """`mean of 50 MC-dropout samples`, `a single pass, tempered`."""
    single = source.method == Method.SINGLE_PASS
    how = "a single pass" if single else f"mean of {n_samples} {samples_of(source.method, n_samples)}"
    how = f"{how} of the last dropout layer" if source.layers == DropoutLayers.LAST else how
    return f"{how}, tempered" if source.tempered else how


@dataclass(frozen=True)
class Pair:
    """What two networks are called where they are compared: the reference, and the one that the page is about.

    They are the dense and the pruned network, or two pruned ones, which go by the names of their strategies.
    """

    reference: str = "dense"
    pruned: str = "pruned"

    @property
    def are_pruned(self) -> bool:
        """Whether both are: then neither is what the other was before."""
        return self != DENSE_PRUNED

    @property
    def both(self) -> tuple[str, str]:
        return self.reference, self.pruned

    @property
    def titles(self) -> tuple[str, str]:
        """At the beginning of a line."""
        return titled(self.reference), titled(self.pruned)

    @property
    def the_reference(self) -> str:
        """In a sentence, as markdown."""
        return f"*{self.reference}*" if self.are_pruned else f"the {self.reference} network"

    @property
    def the_pruned(self) -> str:
        """In a sentence, as markdown."""
        return f"*{self.pruned}*" if self.are_pruned else f"the {self.pruned} network"


DENSE_PRUNED = Pair()


def pair_named(experiment: Recipe, other: Recipe | None) -> Pair:
    """The names of what two experiments make of a dense network; without an `other` there is that to compare with.

    What both have in common is left out, and so is what decides nothing for a strategy.
    """
    if other is None:
        return DENSE_PRUNED
    return Pair(_strategy_named(other, experiment), _strategy_named(experiment, other))


def _strategy_named(experiment: Recipe, beside: Recipe) -> str:
    parts = [experiment.strategy.label.removesuffix(" (control)")]
    if experiment.criterion != beside.criterion and scores_count(experiment):
        parts.append(CRITERIA[experiment.criterion])
    if experiment.scope != beside.scope:
        parts.append(SCOPES[experiment.scope])
    if experiment.rewind_epoch != beside.rewind_epoch and experiment.strategy.start_from == "rewound":
        parts.append(f"epoch {experiment.rewind_epoch}")
    return ", ".join(parts)


def scores_count(experiment: Recipe) -> bool:
    """Whether the criterion decides anything: where masks are drawn by chance, it decides the sizes of layers alone,
    and that only under a global scope."""
    return experiment.strategy.mask_from == "scores" or experiment.scope == Scope.GLOBAL


def titled(words: str) -> str:
    """With a capital letter in front, and all others as they are."""
    return words[:1].upper() + words[1:]


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def ratios_named(chosen: Sequence[float], among: Sequence[float]) -> str:
    """Where something happens, with its preposition: `at 0.9`, `from 0.8 on`, `from 0.3 to 0.6`, `at every ratio`.

    chosen, rising, are some of `among`, the pruned networks' ratios, rising. More than three without a pattern
    are counted.
    """
    written = [f"{ratio:.3g}" for ratio in chosen]
    places = [list(among).index(ratio) for ratio in chosen]
    if len(chosen) == len(among) > 1:
        return "at every ratio"
    run = len(chosen) > 1 and places == list(range(places[0], places[-1] + 1))
    if run and places[-1] == len(among) - 1:
        return f"from {written[0]} on"
    if run and len(chosen) > 2:
        return f"from {written[0]} to {written[-1]}"
    return f"at {listed(written)}" if len(chosen) <= 3 else f"at {len(chosen)} of {len(among)} ratios"
