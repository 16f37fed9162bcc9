"""Methods side by side in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pruning.evaluation.by_method import beside
from pruning.evaluation.evaluated import Evaluated
from pruning.outcome import Network
from uncertainty.options import Method, Source
from views.text import comparison
from views.text.claims import changed
from views.text.figure_table import Nouns
from views.text.names import listed

CAPTION = (
    "Grey diamonds are the dense network, violet dots the pruned one; short strokes are the floors of ECE and UCE, "
    "what a calibrated network would get from as many {examples}."
)
CAPTION_TRUE = (
    "Grey diamonds are the dense network, violet dots the pruned one, held against the truth on {examples}."
)
COSTS = (
    "Passes: of a network for one answer. A deep ensemble has to be trained and pruned ten times; every other method "
    "asks the one network that is there. A linearised network costs three passes for every draw. Seconds are the "
    "processor's, as measured on this machine: *asking* is to fit the method, where it is one that is fitted, and to "
    "have it answer about {examples} with all its samples, {most} at most; *training* is all that led to the "
    "networks that are asked. A dash: measured on another machine, or not at all."
)
HEADS = {
    "label": "Method", "network": "Network", "accuracy": "Accuracy", "nll": "NLL", "brier": "Brier", "ece": "ECE",
    "uce": "UCE", "auroc": "OOD AUROC", "epistemic": "Mutual information",
    "epistemic_ood": "The same, OOD", "temperature": "Temperature",
    "passes": "Passes", "asking": "Asking, s", "trainings": "Trainings", "training": "Training, s",
}  # fmt: skip
WHOLE = ("passes", "trainings")
SECONDS = ("asking", "training")
UNKNOWN = "–"


def method_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows of `by_method.method_rows` as they are written out, floors in brackets behind what they belong to."""
    return pd.DataFrame([{HEADS[name]: _written(row, name) for name in HEADS} for row in rows])


def costs(seen: Mapping[Source, Evaluated], nouns: Nouns) -> str:
    """What the last columns of the table are: passes, and seconds for the examples that are measured."""
    said = [each.outcome.dense.test for each in seen.values()]
    most = max(each.samples[-1] for each in said)
    return COSTS.format(examples=f"{len(said[0].logits):,} {nouns.examples}", most=most)


def _written(row: Mapping[str, Any], name: str) -> str:
    value, floor = row[name], row.get(f"{name}_floor")
    if isinstance(value, str):
        return value
    if name in WHOLE:
        return f"{value:,}"
    if name in SECONDS:
        return _seconds(value)
    written = f"{value:.2f}" if name == "temperature" else f"{value:.3f}"
    return written if floor is None else f"{written} ({floor:.3f})"


def _seconds(value: float) -> str:
    """As many digits as a clock is good for; a dash for what nobody knows."""
    if math.isnan(value):
        return UNKNOWN
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"


def reading(seen: Mapping[Source, Evaluated], nouns: Nouns) -> list[str]:
    """What each method does to the pruned network that a single pass does not, on these very examples."""
    single = seen.get(Source(Method.SINGLE_PASS))
    if single is None:
        return []
    others = {source: each for source, each in seen.items() if source != Source(Method.SINGLE_PASS)}
    basis = comparison.basis(single, nouns.examples)
    lines = []
    for source, each in others.items():
        told = comparison.compared(beside(single, each, len(others)))
        lines.append(f"- **{source.label}**: {changed([told.accuracy, told.nll, told.ece], basis)}")
    return lines


def of_information(seen: Mapping[Source, Evaluated], nouns: Nouns) -> str:
    """How much the samples of each method disagree, on the examples and far from them: numbers, and no verdict."""
    said = [
        f"{source.label} {_information(each, each.outcome.pruned)}"
        for source, each in seen.items()
        if not source.tempered and source.method != Method.SINGLE_PASS
    ]
    if not said:
        return ""
    return (
        f"Mean mutual information of the pruned network in nats, {nouns.examples} / {nouns.ood}: "
        f"{listed(said)}. It says how far the samples of one method disagree; where methods differ in it, none of "
        "them is right by that alone."
    )


def of_layers(every: Evaluated, last: Evaluated, nouns: Nouns) -> str:
    """What the choice of the layers that drop does to the mutual information of both networks."""
    outcome = every.outcome
    pairs = {"dense": (outcome.dense, last.outcome.dense)}
    if outcome.pruned.level:
        pairs["pruned"] = (outcome.pruned, last.outcome.pruned)
    said = [
        f"{name} {_information(every, one)} where all layers drop, {_information(last, other)} where the last alone "
        "does"
        for name, (one, other) in pairs.items()
    ]
    return (
        f"**Which layers drop**: mean mutual information of MC dropout in nats, {nouns.examples} / {nouns.ood}: "
        f"{'; '.join(said)}."
    )


def _information(seen: Evaluated, network: Network) -> str:
    found = seen.figures(network)
    return f"{found.epistemic_test:.3f} / {found.epistemic_ood:.3f}"
