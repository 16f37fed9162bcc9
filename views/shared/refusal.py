"""What refusing the most uncertain examples buys: risk against coverage of both networks, and the figures of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pruning.evaluation.detection import Detection, Refusal
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.memo import remembered
from uncertainty.options import Score
from views.charts import detection as detection_charts
from views.controls.sets_and_refusal import percent
from views.shared.placeholder import Placeholder
from views.text import comparison
from views.text.names import Pair, titled

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

LEAST_COVERAGE = 0.05  # where the risk–coverage curve begins: the error rate of fewer examples is noise
EQUAL_SAMPLES = (
    "Mutual information is the disagreement of the samples, and here they cannot disagree: there is only one, or the "
    "dropout rate is 0. Take more samples, another method, or another score."
)


@dataclass(frozen=True)
class Examples:
    """What a page calls its examples where some are refused."""

    noun: str
    known: str
    unknown: str


IMAGES = Examples("images", "test images", "Unknown classes")
POINTS = Examples("points", "test points", "Far points")


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one network and one threshold."""

    detection: Detection
    refusal: Refusal
    roc: detection_charts.Curve
    risk: detection_charts.Curve  # over coverage, from where there are examples enough


Both = Mapping[str, Drawn]  # by their names: the reference, and the pruned network


def both(seen: Evaluated, score: Score, share: float) -> Both:
    """Both networks of a page, each refusing this share of the test examples by its own threshold."""
    found = [drawn(seen.detection(network, score), share) for network in seen.pair]
    return dict(zip(comparison.pair(seen).both, found, strict=True))


def drawn(detection: Detection, share: float) -> Drawn:
    """What is drawn where this share of the test examples is refused; curves are thinned once."""

    def roc() -> detection_charts.Curve:
        curve = detection.roc
        return detection_charts.thinned(curve.fpr, curve.tpr)

    def risk() -> detection_charts.Curve:
        curve = detection.risk_coverage
        enough = curve.coverage >= LEAST_COVERAGE
        return detection_charts.thinned(curve.coverage[enough], curve.risk[enough])

    curves = remembered(detection, "drawn roc", roc), remembered(detection, "drawn risk", risk)
    return Drawn(detection, detection.refuse(share), *curves)


def draw(pair: Both, names: Pair, examples: Examples, place: DeltaGenerator) -> None:
    """What the chosen threshold keeps and refuses, and the error rate at every coverage."""
    left, right = place.columns(2, gap="medium")
    table = rejection_table({name: each.refusal for name, each in pair.items()}, examples)
    left.table(table, hide_index=True, border="horizontal")
    colours = ("orange" if names.are_pruned else "gray", "violet")
    left.markdown(
        "\n".join(
            _area_line(f":{colour}[**{name}**]", each.detection)
            for colour, (name, each) in zip(colours, pair.items(), strict=True)
        )
    )
    noun = examples.noun
    left.caption(
        f"AURC: lower is better. The curve begins at {percent(LEAST_COVERAGE)}: the error rate of fewer {noun} is "
        f"noise. {titled(noun)} of equal score are kept or refused together, so that fewer may be refused than asked "
        "for."
    )
    chart = detection_charts.risk_chart(
        {name: each.risk for name, each in pair.items()},
        {name: each.refusal.risk for name, each in pair.items()},
        examples.known,
    )
    Placeholder(right).chart(chart, f"Risk–coverage curves of {both_named(names)}.")


def rejection_table(pair: Mapping[str, Refusal], examples: Examples = IMAGES) -> pd.DataFrame:
    """What the threshold does to each network's accuracy and to both groups, with the counts."""

    def column(refusal: Refusal) -> list[str]:
        kept, (known, unknown) = refusal.kept, refusal.refused
        return [
            f"{refusal.accuracy:.3f} (n = {len(refusal.known):,})",
            f"{kept.accuracy:.3f} (n = {kept.id_kept:,})",
            f"{percent(known)} ({kept.id_refused:,} of {len(refusal.known):,})",
            f"{percent(unknown)} ({kept.ood_refused:,} of {len(refusal.unknown):,})",
        ]

    names = [
        f"Accuracy, all {examples.known}", "Accuracy, those kept", f"{titled(examples.known)} refused",
        f"{examples.unknown} refused",
    ]  # fmt: skip
    return pd.DataFrame({"Figure": names} | {titled(name): column(refusal) for name, refusal in pair.items()})


def both_named(names: Pair) -> str:
    """Both networks, for whoever cannot see a chart."""
    return " and of ".join(names.both) if names.are_pruned else "the dense and of the pruned network"


def _area_line(name: str, detection: Detection) -> str:
    best = detection.best_aurc
    return f"- {name} AURC **{detection.aurc:.3f}**; ranking its errors perfectly: {best:.3f}"
