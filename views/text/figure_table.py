"""Table of figures, rows of the curves and the sentence on top: numbers of an evaluation as the pages write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter

import pandas as pd

from pruning import Network, Outcome
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.metrics import Figures
from pruning.outcome import IMAGE_LATENCY_BATCH, LATENCY_BATCH
from uncertainty.expected import AgainstTruth
from uncertainty.floor import Floor
from views.text.claims import PERCENT, band, changed
from views.text.comparison import Compared
from views.text.names import DENSE_PRUNED, Pair

NOT_YET = "…"  # where a number is not measured yet
NONE = "–"  # where there is none


@dataclass(frozen=True)
class Number:
    """How a number is written: multiplied by `scale`, with so many digits, and its unit; if need be, its sign."""

    digits: int
    unit: str = ""
    scale: int = 1
    signed: bool = False

    def write(self, value: float | None) -> str:
        if value is None:
            return NONE
        if value != value:
            return NOT_YET
        sign = "+" if self.signed and round(value, self.digits) else ""
        return f"{self.scale * value:{sign}z,.{self.digits}f}{self.unit}".replace("-", "−")

    def difference(self, before: float | None, after: float | None) -> str:
        """That of the two numbers as they are written, with its sign, so that it is what a reader gets."""
        if before is None or after is None:
            return ""
        if before != before or after != after:
            return NOT_YET
        one, other = (round(self.scale * float(value), self.digits) for value in (before, after))
        size = f"{abs(other - one):,.{self.digits}f}{self.unit}"
        return "0" if one == other else ("+" if other > one else "−") + size


@dataclass(frozen=True)
class Row:
    """One figure: where `Figures` have it, its name, how its number is written, and what it means."""

    field: str
    label: str
    number: Number
    meaning: str


ROWS = (
    Row("accuracy", "Accuracy", Number(3), "Share of test points that get the right class."),
    Row("nll", "NLL", Number(3), "Negative log-likelihood in nats; lower is better."),
    Row("brier", "Brier score", Number(3), "Squared distance to the true label; lower is better."),
    Row("ece", "ECE", Number(3), "Expected calibration error: |accuracy − confidence|, averaged over bins."),
    Row(
        "signed_gap",
        "Signed gap",
        Number(3, signed=True),
        "Mean confidence − accuracy: above 0 over-confident, below 0 under-confident.",
    ),
    Row("mce", "MCE", Number(3), "Maximum calibration error: the largest gap of any bin."),
    Row("ace", "ACE", Number(3), "Adaptive calibration error: as ECE, over bins of equal mass."),
    Row("uce", "UCE", Number(3), "Uncertainty calibration error: |error − normalised entropy|, averaged over bins."),
    Row(
        "epistemic_test",
        "Epistemic, test",
        Number(4),
        "Mean mutual information in nats, where there are data.",
    ),
    Row("epistemic_ood", "Epistemic, OOD", Number(4), "The same out of distribution ({ood}); it ought to be larger."),
    Row(
        "early_stop_epoch",
        "Early-stop epoch",
        Number(0),
        "Epochs up to the lowest validation loss, in all: with those in the weights that training started from.",
    ),
    Row(
        "epochs_spent", "Epochs spent", Number(0), "Epochs of every training on the way, those thrown away included."
    ),
    Row(
        "seconds_spent",
        "Seconds spent",
        Number(2, " s"),
        "Processor time of the same trainings; networks that trained side by side share theirs in equal parts.",
    ),
    Row("units", "Units", Number(0), "Hidden units that are left."),
    Row("parameters", "Parameters", Number(0), "Weights and biases of the physically smaller network."),
    Row(
        "compression_ratio", "Compression ratio", Number(2, " ×"), "Dense parameters divided by those that are left."
    ),
    Row("speed_up", "Theoretical speed-up", Number(2, " ×"), "Dense multiply–adds divided by those that are left."),
    Row(
        "latency",
        "Measured latency",
        Number(3, " ms", scale=1000),
        "One pass over {batch} on the computer that trained it, one thread.",
    ),
)


# Figure → what only the truth adds to it, below it.
TRUE_LINES: Mapping[str, tuple[str, Callable[[AgainstTruth], float]]] = {
    "accuracy": ("Bayes accuracy", lambda against: against.bayes_accuracy),
    "nll": ("Excess NLL", lambda against: against.excess_nll.value),
}


@dataclass(frozen=True)
class Nouns:
    """What a page calls its examples."""

    examples: str
    ood: str  # what is out of distribution
    batch: str  # what the latency is measured on


TINY = 1e-6  # nats: below it there is nothing but rounding
POINTS = Nouns("test points", "a ring far from all data", f"{LATENCY_BATCH:,} points")
FRESH = Nouns("fresh points", "a ring far from all data", f"{LATENCY_BATCH:,} points")
IMAGES = Nouns("test images", "classes the network has never seen", f"{IMAGE_LATENCY_BATCH} images")


def figure_table(
    reference: Figures,
    pruned: Figures,
    floors: dict[str, tuple[Floor, Floor]],
    alike: bool,
    pair: Pair = DENSE_PRUNED,
) -> pd.DataFrame:
    """Every figure, reference → pruned with the difference; ECE and UCE followed by their floors.

    alike: whether the early stops compare, see `Network.stop_compares_with`.
    """
    lines: list[tuple[str, ...]] = []
    for row in ROWS:
        number, (a, b) = row.number, map(attrgetter(row.field), (reference, pruned))
        difference = "" if row.field == "early_stop_epoch" and not alike else number.difference(a, b)
        lines.append((row.label, number.write(a), number.write(b), difference))
        if row.field in floors:
            lines.append(_floor_line(row.label, *floors[row.field]))
        if reference.against and pruned.against and row.field in TRUE_LINES:
            label, value = TRUE_LINES[row.field]
            a, b = value(reference.against), value(pruned.against)
            lines.append((label, number.write(a), number.write(b), number.difference(a, b)))
    return pd.DataFrame(lines, columns=["Figure", *pair.titles, "Difference"])


def meanings(nouns: Nouns) -> str:
    """What each figure is, as a list."""
    floor = (
        "**Floor**: what a perfectly calibrated network of the same confidences would get on as many examples, with "
        f"the band that holds 95{PERCENT} of such results. Inside it so few {nouns.examples} cannot tell the network "
        "from calibrated; that is no proof that it is."
    )
    words = [f"- **{row.label}**: {row.meaning.format(ood=nouns.ood, batch=nouns.batch)}" for row in ROWS]
    if nouns is FRESH:
        words += [
            "- **Bayes accuracy**: that of always answering the truly most probable class; no network has more.",
            "- **Excess NLL**: NLL minus the entropy of the truth, the least there can be (a KL divergence).",
        ]
    return "\n".join([*words, f"- {floor}"])


def _floor_line(label: str, reference: Floor, pruned: Floor) -> tuple[str, ...]:
    return (f"{label}, floor", band(reference), band(pruned), "")


def curve_rows(seen: Evaluated) -> pd.DataFrame:
    """One row a network that is there so far: ratio, accuracy, ece, early_stop_epoch, trained, chosen.

    The early stop is that in all, and no number where there is none. Of the floor of ece there are the mean,
    ece_floor, and the ends of its band, ece_low and ece_high; against the truth it has none. ece_single is the ECE
    of a single pass. Where the examples have labels, accuracy_from and accuracy_to, ece_from and ece_to are the ends
    of the intervals that so few leave. Of another outcome to compare with, there are accuracy_other, ece_other and
    early_stop_epoch_other, no number where it lacks the ratio.
    """
    networks, chosen = seen.outcome.networks, seen.outcome.experiment.prune_ratio
    table = pd.DataFrame([_curve_row(seen, network) for network in networks]).astype({"early_stop_epoch": float})
    if seen.other:
        table = table.join(pd.DataFrame([_other_row(seen, ratio) for ratio in table.ratio], dtype=float))
    return table.assign(chosen=table.ratio == chosen, trained=[network.trained for network in networks])


def _curve_row(seen: Evaluated, network: Network) -> dict[str, float | None]:
    evaluation = seen.of(network)
    accuracy, ece = evaluation.accuracy, evaluation.ece
    found: dict[str, float | None] = {
        "ratio": network.prune_ratio,
        "accuracy": accuracy.value,
        "ece": ece.value,
        "ece_single": seen.single_pass.of(network).bins().error,
        "early_stop_epoch": network.epochs_in_all,
    }
    if not seen.is_against_truth:
        due = evaluation.floor()
        found |= {"accuracy_from": accuracy.low, "accuracy_to": accuracy.high}
        found |= {"ece_from": ece.low, "ece_to": ece.high}
        found |= {"ece_floor": due.mean, "ece_low": due.low, "ece_high": due.high}
    return found


def _other_row(seen: Evaluated, ratio: float) -> dict[str, float | None]:
    """The other's network of this ratio, if it is there and has learned something: a curve leaves others out."""
    found = seen.other.at(ratio) if seen.other and seen.other.has(ratio) else None
    if found is None or not found.trained:
        return dict.fromkeys(("accuracy_other", "ece_other", "early_stop_epoch_other"))
    evaluation = seen.of(found)
    return {
        "accuracy_other": evaluation.accuracy.value,
        "ece_other": evaluation.ece.value,
        "early_stop_epoch_other": found.epochs_in_all,
    }


def over_ratios(
    values: Mapping[float, float], chosen: float, others: Mapping[float, float] | None = None
) -> pd.DataFrame:
    """What `curve_chart` draws of one number a prune ratio, the dense one at 0 among them.

    others: the same of another outcome, as far as it is there.
    """
    table = pd.DataFrame({"ratio": list(values), "value": list(values.values())})
    if others is not None:
        table = table.assign(other=[others.get(ratio, float("nan")) for ratio in values])
    return table.assign(dense=values[0.0], chosen=table.ratio == chosen)


def reading(
    outcome: Outcome,
    reference: Figures,
    pruned: Figures,
    seen: Compared,
    judged: str,
    basis: str,
    trained: bool = True,
    pair: Pair = DENSE_PRUNED,
    failed: str = "",
) -> str:
    """A sentence that reads this very picture.

    judged: what `claims.calibrated` says of the pruned network. basis: what the intervals of `seen` rest on.
    trained: whether the pruned network and the dense one have learned something. failed: what is said in place of a
    comparison of two pruned ones.
    """
    if outcome.experiment.prune_ratio == 0 and pruned.units == reference.units:  # by hand units may be out
        return (
            f"Nothing is pruned yet: both pictures show the dense network, accuracy {reference.accuracy:.3f}, "
            f"ECE {reference.ece:.3f}."
        )
    of = (outcome.dense if pair.are_pruned else reference).units
    start = f"Pruned to **{pruned.units:,} of {of:,} units**"
    if pair.are_pruned:
        theirs = "" if pruned.units == reference.units else f" with {reference.units:,}"
        start = f"{start}, {pair.the_pruned} beside {pair.the_reference}{theirs}"
    if failed:
        return f"{start}: {failed}."
    if not trained:
        return f"{start}, the network **did not train**: at accuracy {pruned.accuracy:.3f} its doubt means nothing."
    # Of one sample, or without dropout, there is no disagreement to speak of.
    told = [seen.accuracy, *([seen.epistemic] if max(seen.epistemic.before, seen.epistemic.after) > TINY else [])]
    return f"{start}: {changed(told, basis)}. {judged[:1].upper()}{judged[1:]}."
