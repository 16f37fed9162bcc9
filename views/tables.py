"""What the moons page writes: the table of figures, the rows of the curves, the sentence on top."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import pandas as pd

from pruning import Network, Outcome
from pruning.figures import Figures
from pruning.outcome import IMAGE_LATENCY_BATCH, LATENCY_BATCH
from uncertainty.calibration import accuracy
from uncertainty.floor import Floor
from views.measured import calibration
from views.remembered import remembered


@dataclass(frozen=True)
class Row:
    """One figure: its name, how its number is written, and what it means."""

    field: str
    label: str
    number: Callable[[float], str]
    meaning: str


def _plain(digits: int) -> Callable[[float], str]:
    return lambda value: f"{value:.{digits}f}"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _times(value: float) -> str:
    return f"{value:.2f} ×"


def _milliseconds(value: float) -> str:
    return "…" if value != value else f"{1000 * value:.3f} ms"  # NaN: not measured yet


ROWS = (
    Row("accuracy", "Accuracy", _plain(3), "Share of test points that get the right class."),
    Row("nll", "NLL", _plain(3), "Negative log-likelihood in nats; lower is better."),
    Row("brier", "Brier score", _plain(3), "Squared distance to the true label; lower is better."),
    Row("ece", "ECE", _plain(3), "Expected calibration error: |accuracy − confidence|, averaged over bins."),
    Row("mce", "MCE", _plain(3), "Maximum calibration error: the largest gap of any bin."),
    Row("ace", "ACE", _plain(3), "Adaptive calibration error: as ECE, over bins of equal mass."),
    Row("uce", "UCE", _plain(3), "Uncertainty calibration error: |error − normalised entropy|, averaged over bins."),
    Row(
        "epistemic_test",
        "Epistemic, test",
        _plain(4),
        "Mean mutual information in nats, where there are data.",
    ),
    Row("epistemic_ood", "Epistemic, OOD", _plain(4), "The same out of distribution ({ood}); it ought to be larger."),
    Row(
        "early_stop_epoch", "Early-stop epoch", _whole, "Epoch of the lowest validation loss after the last pruning."
    ),
    Row("units", "Units", _whole, "Hidden units that are left."),
    Row("parameters", "Parameters", _whole, "Weights and biases of the physically smaller network."),
    Row("compression_ratio", "Compression ratio", _times, "Dense parameters divided by those that are left."),
    Row("speed_up", "Theoretical speed-up", _times, "Dense multiply–adds divided by those that are left."),
    Row(
        "latency",
        "Measured latency",
        _milliseconds,
        "One pass over {batch} on the computer that trained it, one thread.",
    ),
)


@dataclass(frozen=True)
class Nouns:
    """What a page calls its examples."""

    examples: str
    ood: str  # what is out of distribution
    batch: str  # what the latency is measured on


POINTS = Nouns("points", "a ring far from all data", f"{LATENCY_BATCH:,} points")
IMAGES = Nouns("images", "classes the network has never seen", f"{IMAGE_LATENCY_BATCH} images")


def figure_table(dense: Figures, pruned: Figures, floors: dict[str, tuple[Floor, Floor]]) -> pd.DataFrame:
    """Every figure, dense → pruned with the difference; ECE and UCE followed by their floors."""
    lines: list[tuple[str, ...]] = []
    for row in ROWS:
        a, b = getattr(dense, row.field), getattr(pruned, row.field)
        lines.append((row.label, row.number(a), row.number(b), _difference(row, a, b)))
        if row.field in floors:
            lines.append(_floor_line(row.label, *floors[row.field]))
    return pd.DataFrame(lines, columns=["Figure", "Dense", "Pruned", "Difference"])


def meanings(nouns: Nouns) -> str:
    """What each figure is, as a list."""
    floor = (
        "**Floor**: what a perfectly calibrated network of the same confidences would get on as many examples, with "
        "the band that holds 95 % of such results. A value inside the band is no evidence against a network."
    )
    words = [f"- **{row.label}**: {row.meaning.format(ood=nouns.ood, batch=nouns.batch)}" for row in ROWS]
    return "\n".join([*words, f"- {floor}"])


def _difference(row: Row, dense: float, pruned: float) -> str:
    difference = pruned - dense
    if difference != difference:
        return "…"
    written = row.number(abs(difference))
    if not any(digit in written for digit in "123456789"):
        return "0"
    return ("+" if difference > 0 else "−") + written


def _floor_line(label: str, dense: Floor, pruned: Floor) -> tuple[str, ...]:
    return (f"{label}, floor", band(dense), band(pruned), "")


def band(floor: Floor) -> str:
    return f"{floor.mean:.3f} ({floor.low:.3f}–{floor.high:.3f})"


def curve_rows(outcome: Outcome, n_samples: int, n_bins: int) -> pd.DataFrame:
    """One row a network that is there so far: ratio, accuracy, ece and its floor, early_stop_epoch, chosen."""
    labels, chosen = outcome.test_labels, outcome.experiment.prune_ratio

    def row(network: Network) -> tuple[float, ...]:
        right = accuracy(network.test.probs(n_samples), labels)
        bins, floor = calibration(outcome, network, n_samples, n_bins)
        return network.prune_ratio, right, bins.error, floor.mean, network.early_stop_epoch

    rows = [remembered(network, ("curves", n_samples, n_bins), partial(row, network)) for network in outcome.networks]
    columns = ["ratio", "accuracy", "ece", "ece_floor", "early_stop_epoch"]
    table = pd.DataFrame(rows, columns=columns).astype({"early_stop_epoch": int})
    return table.assign(chosen=table.ratio == chosen)


def over_ratios(values: Mapping[float, float], chosen: float) -> pd.DataFrame:
    """What `curve_chart` draws of one number a prune ratio, the dense one at 0 among them."""
    table = pd.DataFrame({"ratio": list(values), "value": list(values.values())})
    return table.assign(dense=values[0.0], chosen=table.ratio == chosen)


def reading(outcome: Outcome, dense: Figures, pruned: Figures, floor: Floor, nouns: Nouns) -> str:
    """A few words that read this very picture. `floor` is that of the pruned network's ECE."""
    if outcome.experiment.prune_ratio == 0 and pruned.units == dense.units:  # by hand units may be out
        return (
            f"Nothing is pruned yet: both pictures show the dense network, accuracy {dense.accuracy:.3f}, "
            f"ECE {dense.ece:.3f}. Move the prune ratio."
        )
    accuracy = moved("Accuracy", dense.accuracy, pruned.accuracy, 3, "")
    doubt = moved(
        f"epistemic uncertainty on the test {nouns.examples}", dense.epistemic_test, pruned.epistemic_test, 3, " nats"
    )
    place = "below" if pruned.ece < floor.low else "within" if pruned.ece <= floor.high else "**above**"
    return (
        f"Pruned to **{pruned.units} of {dense.units} units**. {accuracy}; {doubt}. Its ECE of {pruned.ece:.3f} is "
        f"{place} the range that chance gives a calibrated network ({floor.low:.3f}–{floor.high:.3f})."
    )


def moved(name: str, before: float, after: float, digits: int, unit: str) -> str:
    """How a figure changed, judged on what is shown: equal numbers are never called a rise."""
    a, b = f"{before:.{digits}f}", f"{after:.{digits}f}"
    if a == b:
        return f"{name} **stays** at {a}{unit}"
    verb = "rises" if after > before else "falls"
    return f"{name} **{verb}** {a} → {b}{unit}"
