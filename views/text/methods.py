"""Methods side by side in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pruning.evaluation.comparison import Comparison
from pruning.evaluation.evaluated import Evaluated
from uncertainty.options import Method, Source
from views.text import comparison
from views.text.claims import changed
from views.text.figure_table import Nouns

CAPTION = (
    "Grey diamonds are the dense network, violet dots the pruned one; short strokes are the floors of ECE and UCE, "
    "what a calibrated network would get from as many {examples}."
)
CAPTION_TRUE = (
    "Grey diamonds are the dense network, violet dots the pruned one, held against the truth on {examples}."
)
COSTS = (
    "Passes: of a network for one answer. A deep ensemble has to be trained and pruned ten times; every other method "
    "asks the one network that is there. A linearised network costs three passes for every draw."
)
HEADS = {
    "label": "Method", "network": "Network", "accuracy": "Accuracy", "nll": "NLL", "brier": "Brier", "ece": "ECE",
    "uce": "UCE", "auroc": "OOD AUROC", "epistemic": "Mutual information", "temperature": "Temperature",
    "passes": "Passes", "trainings": "Trainings",
}  # fmt: skip
WHOLE = ("passes", "trainings")


def method_table(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The rows of `by_method.method_rows` as they are written out, floors in brackets behind what they belong to."""
    return pd.DataFrame([{HEADS[name]: _written(row, name) for name in HEADS} for row in rows])


def _written(row: Mapping[str, Any], name: str) -> str:
    value, floor = row[name], row.get(f"{name}_floor")
    if isinstance(value, str):
        return value
    if name in WHOLE:
        return f"{value:,}"
    written = f"{value:.2f}" if name == "temperature" else f"{value:.3f}"
    return written if floor is None else f"{written} ({floor:.3f})"


def reading(seen: Mapping[Source, Evaluated], nouns: Nouns) -> list[str]:
    """What each method does to the pruned network that a single pass does not, on these very examples."""
    single = seen.get(Source(Method.SINGLE_PASS))
    if single is None:
        return []
    others = {source: each for source, each in seen.items() if source != Source(Method.SINGLE_PASS)}
    basis = comparison.basis(single, nouns.examples)
    lines = []
    for source, each in others.items():
        told = comparison.compared(Comparison(single.pruned, each.pruned, len(others)))
        lines.append(f"- **{source.label}**: {changed([told.accuracy, told.nll, told.ece], basis)}")
    return lines
