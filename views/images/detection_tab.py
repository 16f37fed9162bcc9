"""The tab on detection: do scores tell unknown classes from known ones, and what is gained by refusing?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pruning.data.images import Images, Shown
from pruning.evaluation.detection import CAUGHT, Detection, Group, Measures, Refusal, groups
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.memo import remembered
from uncertainty.options import Score
from views.charts import detection as detection_charts
from views.charts import vega
from views.charts.colours import Theme
from views.controls.images import REFUSE, SCORE, percent
from views.images.cards import picture
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Place
from views.text import figure_table, readings, readings_curves

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

SIDE = 64  # pixels of an example
EXAMPLES = 8  # of a group
LEAST_COVERAGE = 0.05  # where the risk–coverage curve begins: the error rate of fewer images is noise
TITLES = {  # (unknown, refused) → what a group is called
    (False, False): "Test images kept",
    (False, True): "Test images refused",
    (True, True): "Unknown classes refused",
    (True, False): "Unknown classes kept: the dangerous ones",
}
EQUAL_SAMPLES = (
    "Mutual information is the disagreement of the samples, and here they cannot disagree: there is only one, or the "
    "dropout rate is 0. Take more samples, another method, or another score."
)
MEANINGS = """
- **AUROC**: the chance that an image of an unknown class has a higher score than a test image.
- **AUPR**: of the images above a threshold, the share that is of unknown classes, averaged over all thresholds
  that catch one more of them. It depends on how many there are of each.
- **FPR@95TPR**: the share of test images above the threshold that 95 % of the unknown classes are above.
- **ROC**: for every threshold, the share of unknown classes above it against the share of test images above it.
- **Coverage** and **risk**: the share of test images that is kept, and the error rate among them.
- **AURC**: the risk averaged over all coverages. The least it can be is that of a score that is higher for every
  wrong answer than for any right one.

MSP, predictive entropy and mutual information go with the answers of the chosen method, energy and max logit with
those of a single pass: so the accuracy may change with the score.
"""
Rows = Mapping[Score, tuple[Measures, Measures] | None]  # of the dense and of the pruned network


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one network and one threshold."""

    detection: Detection
    refusal: Refusal
    roc: detection_charts.Curve
    risk: detection_charts.Curve  # over coverage, from where there are images enough


Pair = Mapping[str, Drawn]  # dense and pruned


def draw(seen: Evaluated, images: Shown, theme: Theme, place: DeltaGenerator) -> None:
    """Scores of test images and of unknown classes, and what it does to refuse by the chosen one."""
    place.header("Detection: does the score tell unknown classes from known ones?", anchor=False)
    with place:
        score = SCORE.draw()
    pictures, table = place.container(), place.container()
    place.header("Rejection: what is gained by refusing?", anchor=False)
    with place:
        refused = REFUSE.draw()
    rows = {each: both_measures(seen, each) for each in Score}
    _draw_measures(rows, score, seen, table)
    if rows[score] is None:
        pictures.info(EQUAL_SAMPLES)
        place.caption("There is nothing to refuse by: the score is the same for all images.")
        return
    dense, pruned = (drawn(seen.detection(network, score), refused) for network in seen.pair)
    pair = {"dense": dense, "pruned": pruned}
    _draw_scores(pair, theme, pictures)
    _draw_rejection(pair, place)
    _draw_groups(pair["pruned"].refusal, images, place)
    place.expander("What each figure means", icon=":material/menu_book:").markdown(MEANINGS)
    draw_depth(place, score.label, "AUROC", "AUPR", "FPR@95TPR", "Risk–coverage curve", "AURC")


def drawn(detection: Detection, share: float) -> Drawn:
    """What is drawn where this share of the test images is refused; curves are thinned once."""

    def roc() -> detection_charts.Curve:
        curve = detection.roc
        return detection_charts.thinned(curve.fpr, curve.tpr)

    def risk() -> detection_charts.Curve:
        curve = detection.risk_coverage
        enough = curve.coverage >= LEAST_COVERAGE
        return detection_charts.thinned(curve.coverage[enough], curve.risk[enough])

    curves = remembered(detection, "drawn roc", roc), remembered(detection, "drawn risk", risk)
    return Drawn(detection, detection.refuse(share), *curves)


def both_measures(seen: Evaluated, score: Score) -> tuple[Measures, Measures] | None:
    """Those of the dense and of the pruned network; None where the score means nothing."""
    if not seen.can_detect(score):
        return None
    dense, pruned = (seen.detection(network, score).measures for network in seen.pair)
    return dense, pruned


def _draw_scores(pair: Pair, theme: Theme, place: DeltaGenerator) -> None:
    """The histograms of both networks, and their ROC curves."""
    *columns, last = place.columns(3, gap="medium")
    histograms = detection_charts.histogram_charts(
        [(each.refusal.known, each.refusal.unknown) for each in pair.values()],
        [each.refusal.threshold for each in pair.values()],
        theme,
    )
    for column, name, chart in zip(columns, pair, histograms, strict=True):
        column.markdown(f"**{name.capitalize()}: the scores of both groups**")
        Place(column).chart(chart, f"{name.capitalize()} network: histogram of test images and of unknown classes.")
        column.caption(readings.of_scores(pair[name].refusal.known, pair[name].refusal.unknown))
    last.markdown("**ROC: what every threshold refuses**")
    chart = detection_charts.roc_chart(
        {name: each.roc for name, each in pair.items()},
        {name: each.refusal.refused for name, each in pair.items()},
        theme,
    )
    Place(last).chart(chart, "ROC curves of the dense and of the pruned network.")
    place.caption(
        "The columns of each group add up to 100 %. The upright line is the threshold that is chosen under "
        "Rejection: what is right of it is refused. The dots on the ROC curves are that threshold. The dashed "
        "diagonal is chance; the dotted level is where FPR@95TPR is read off."
    )


def _draw_measures(rows: Rows, chosen: Score, seen: Evaluated, place: DeltaGenerator) -> None:
    """All scores in a table; the chosen one in words, and over the prune ratios."""
    outcome = seen.outcome
    left, right = place.columns((2, 1), gap="medium")
    left.table(measure_table(rows, chosen), hide_index=True, border="horizontal")
    left.caption(chance(len(outcome.dense.test.logits), len(outcome.dense.ood.logits)))
    pair = rows[chosen]
    if pair is None:
        return
    dense, pruned = pair
    left.markdown(f"**{chosen.label}**, pruned network: {orientation(pruned.fpr)} Dense network: {dense.fpr:.2f}.")
    curve = figure_table.over_ratios(seen.aurocs(chosen), outcome.experiment.prune_ratio)
    curve = curve.assign(trained=[network.trained for network in outcome.networks])
    Place(right).chart(vega.curve_chart(curve, "AUROC"), "AUROC against prune ratio.")
    right.caption(readings_curves.of_curve(curve, "AUROC", 3, seen.auroc_gains(chosen), "these images"))


def measure_table(rows: Rows, chosen: Score) -> pd.DataFrame:
    """AUROC, AUPR and FPR@95TPR of every score, dense → pruned; None is a score that means nothing."""

    def cells(pair: tuple[Measures, Measures] | None) -> list[str]:
        if pair is None:
            return ["–"] * 3
        dense, pruned = pair
        return [f"{getattr(dense, name):.3f} → {getattr(pruned, name):.3f}" for name in ("auroc", "aupr", "fpr")]

    names = {score: f"**{score.label}**" if score == chosen else score.label for score in rows}
    lines = [(names[score], *cells(pair)) for score, pair in rows.items()]
    return pd.DataFrame(lines, columns=["Score", "AUROC", "AUPR", "FPR@95TPR"])


def chance(n_known: int, n_unknown: int) -> str:
    """How the table is read, and what scores without any knowledge would get."""
    return (
        f"Dense → pruned. {n_known:,} test images and {n_unknown:,} of unknown classes, which are the positive ones. "
        f"AUROC and AUPR: higher is better; by chance they are 0.500 and {n_unknown / (n_known + n_unknown):.3f}. "
        "FPR@95TPR: lower is better; by chance it is 0.950."
    )


def orientation(fpr: float) -> str:
    """FPR@95TPR in words: who is caught, and who pays for it."""
    written = f"{fpr:.2f}"
    return (
        f"FPR@95TPR {written}: to catch {percent(CAUGHT)} of the images from unknown classes one must also refuse "
        f"{percent(float(written))} of the test images."
    )


def _draw_rejection(pair: Pair, place: DeltaGenerator) -> None:
    """What the chosen threshold keeps and refuses, and the error rate at every coverage."""
    left, right = place.columns(2, gap="medium")
    left.table(
        rejection_table({name: each.refusal for name, each in pair.items()}), hide_index=True, border="horizontal"
    )
    left.markdown("\n".join(_area_line(name, each.detection) for name, each in pair.items()))
    left.caption(
        f"AURC: lower is better. The curve begins at {percent(LEAST_COVERAGE)}: the error rate of fewer images is "
        "noise. Images of equal score are kept or refused together, so that fewer may be refused than asked for."
    )
    chart = detection_charts.risk_chart(
        {name: each.risk for name, each in pair.items()},
        {name: each.refusal.risk for name, each in pair.items()},
    )
    Place(right).chart(chart, "Risk–coverage curves of the dense and of the pruned network.")


def rejection_table(pair: Mapping[str, Refusal]) -> pd.DataFrame:
    """What the threshold does to each network's accuracy and to both groups, with the counts."""

    def column(refusal: Refusal) -> list[str]:
        kept, (known, unknown) = refusal.kept, refusal.refused
        return [
            f"{refusal.accuracy:.3f} (n = {len(refusal.known):,})",
            f"{kept.accuracy:.3f} (n = {kept.id_kept:,})",
            f"{percent(known)} ({kept.id_refused:,} of {len(refusal.known):,})",
            f"{percent(unknown)} ({kept.ood_refused:,} of {len(refusal.unknown):,})",
        ]

    names = ["Accuracy, all test images", "Accuracy, those kept", "Test images refused", "Unknown classes refused"]
    return pd.DataFrame({"Figure": names} | {name.capitalize(): column(refusal) for name, refusal in pair.items()})


def _area_line(name: str, detection: Detection) -> str:
    colour, best = "gray" if name == "dense" else "violet", detection.best_aurc
    return f"- :{colour}[**{name}**] AURC **{detection.aurc:.3f}**; ranking its errors perfectly: {best:.3f}"


def _draw_groups(refusal: Refusal, images: Shown, place: DeltaGenerator) -> None:
    """Pictures that the pruned network answers, and pictures that it refuses."""
    place.markdown("**The pruned network's pictures: true class → what it says**")
    shown = groups(refusal.known, refusal.unknown, refusal.threshold, EXAMPLES)
    for column, group in zip(place.columns(len(shown), gap="medium"), shown, strict=True):
        part, said = (images.ood, refusal.said_unknown) if group.is_unknown else (images.test, refusal.said_known)
        column.markdown(f"{TITLES[group.is_unknown, group.is_refused]}  \n**{group.count:,}** of {len(part):,}")
        column.html(group_html(group, part, said, images.test.classes))
    place.caption("The most certain of those kept come first, and the most uncertain of those refused.")


def group_html(group: Group, images: Images, said: np.ndarray, classes: Sequence[str]) -> str:
    """The examples of a group as one string; `said` are the numbers in `classes` that the network answers (N,)."""
    words = [f"{images.classes[images.labels[i]]} → {classes[said[i]]}" for i in group.examples]
    cells = "".join(
        f'<div style="width:{SIDE}px;font-size:12px;line-height:1.3;overflow-wrap:anywhere">'
        f"{picture(images.pixels[i], SIDE, text)}{escape(text)}</div>"
        for i, text in zip(group.examples, words, strict=True)
    )
    return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{cells or "None."}</div>'
