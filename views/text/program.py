"""What a visitor takes home: the few lines of Python that give the page's figures, a table of them, file names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, fields
from typing import Any

from pruning import Experiment, ImageExperiment, Network, Outcome
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import flat
from pruning.experiment import Recipe
from pruning.model.units import Unit
from uncertainty.calibration import Quantity
from uncertainty.options import MC_DROPOUT, DropoutLayers, Option, Source

MAX_LINE = 88
OWN = "own"  # what the visitor's points are called where the name of a data set stands

FLOORS: Mapping[str, Quantity] = {"ece_floor": "confidence", "uce_floor": "uncertainty"}


def code(
    experiment: Experiment | ImageExperiment,
    n_samples: int,
    n_bins: int,
    *,
    source: Source = MC_DROPOUT,
    own: bool = False,
    units: Collection[Unit] = (),
    other: Experiment | ImageExperiment | None = None,
) -> str:
    """A program that prints the figures of the dense and of the pruned network, the page's to the last digit.

    It runs in the project's folder; where the points are the visitor's `own`, they lie beside it as
    points.csv. `source` is that of the class probabilities. `units` are those toggled by hand. `other` is
    what the pruned network is compared with, in place of the dense one. Latency alone is measured anew.
    """
    kind = type(experiment).__name__
    measure = f"n_samples={n_samples}, n_bins={n_bins}"
    toggled = [f'("{layer}", {position})' for layer, position in sorted(units)]
    asked = f"samples=[{n_samples}]" + ", task=task_of(experiment, points)" * own
    change = f"network = changed(outcome, [{', '.join(toggled)}], {asked})"
    if len(change) > MAX_LINE:
        each = "".join(f"    {unit},\n" for unit in toggled)
        change = f"units = [\n{each}]\nnetwork = changed(outcome, units, {asked})"
    is_usual = source == MC_DROPOUT
    imports = [
        "from pathlib import Path\n" if own else "",
        f"from pruning import {kind}, {'' if is_usual else 'Source, '}{'read_points, ' if own else ''}run",
        "from pruning.by_hand import changed" if units else "",
        "from pruning.data.task_of import task_of" if units and own else "",
        "from pruning.figures import figures",
    ]
    how = ", points=points" * own + ("" if is_usual else f", source={_source(source)}")
    reference, theirs = ("reference", "other.pruned") if other else ("dense", "outcome.dense")
    body = [
        'points = read_points(Path("points.csv").read_bytes())' if own else "",
        f"experiment = {_call(kind, _chosen(experiment))}",
        f"outcome = run(experiment{how})",
        change if units else "network = outcome.pruned",
        _run_other(_call(kind, _chosen(other)), how) if other else "",
        f"{reference} = figures(outcome, {theirs}, {measure})",
        f"pruned = figures(outcome, network, {measure})",
        f'print({reference}, pruned, sep="\\n")',
    ]
    return "\n\n".join("\n".join(filter(None, part)) for part in (imports, body)) + "\n"


def _chosen(experiment: Recipe) -> dict[str, Any]:
    """The fields that are not as they are by default."""
    return {
        field.name: value
        for field in fields(experiment)
        if (value := getattr(experiment, field.name)) != field.default
    }


def _call(function: str, arguments: Mapping[str, Any]) -> str:
    """The source of a call: on one line, or on one line for every argument."""
    written = [f"{name}={_literal(value)}" for name, value in arguments.items()]
    line = f"{function}({', '.join(written)})"
    if len(f"experiment = {line}") <= MAX_LINE:
        return line
    return f"{function}(\n" + "".join(f"    {argument},\n" for argument in written) + ")"


def _run_other(call: str, how: str) -> str:
    """The run of what is compared with; of its own line where there is more to say, for lines to stay short."""
    return f"comparison = {call}\nother = run(comparison{how})" if how else f"other = run({call})"


def _source(source: Source) -> str:
    """The source of a call that makes it."""
    layers = f", layers={_literal(source.layers)}" * (source.layers != DropoutLayers.ALL)
    return f"Source({_literal(source.method)}{', tempered=True' * source.tempered}{layers})"


def _literal(value: Any) -> str:
    return f'"{value.value}"' if isinstance(value, Option) else repr(value)


def figures_csv(seen: Evaluated, *, own: bool = False) -> str:
    """The figures of all networks as CSV: a row a network, the prune ratio rising; those to compare with follow.

    Columns: the fields of the experiment, with the network's own prune ratio; method, tempered,
    layers, n_samples, n_bins; the fields of `Figures`; the means of the floors of ECE and UCE. Numbers have all
    their digits, so that what is read back is equal; what is not measured yet is nan. Networks are as
    they were pruned, without what was changed by hand. Of the visitor's `own` points there is no noise to tell.
    """
    rows = [_row(seen, seen.outcome, network) for network in seen.outcome.networks]
    if seen.other:  # the dense network is that of both
        rows += [_row(seen, seen.other, network) for network in seen.other.networks if network.level]
    if own:
        rows = [row | {"dataset": OWN, "points": "", "noise": ""} for row in rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _row(seen: Evaluated, outcome: Outcome, network: Network) -> dict[str, Any]:
    controls = asdict(outcome.experiment) | {"prune_ratio": network.prune_ratio}
    measured = {**asdict(seen.outcome.source), "n_samples": seen.n_samples, "n_bins": seen.n_bins}
    floors = {name: seen.of(network).floor(quantity).mean for name, quantity in FLOORS.items()}
    return controls | measured | flat(seen.figures(network)) | floors


def file_name(
    experiment: Experiment | ImageExperiment, what: str, ending: str, *, own: bool = False, by_hand: bool = False
) -> str:
    """A short name for what is saved of an experiment, of a–z, 0–9, hyphens and points alone."""
    data, change = OWN if own else experiment.dataset.value, "-by-hand" * by_hand
    name = f"{data}-{experiment.strategy.value}-{experiment.prune_ratio:g}{change}-{what}.{ending}"
    return re.sub(r"[^a-z0-9.]+", "-", name.lower())
