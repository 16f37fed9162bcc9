"""The tab on detection: do scores tell unknown classes from known ones, and what is gained by refusing?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pruning.data.images import Images, Shown
from pruning.evaluation.detection import CAUGHT, Group, Measures, Refusal, groups
from pruning.evaluation.evaluated import Evaluated
from uncertainty.options import Score
from views.charts import detection as detection_charts
from views.charts import vega
from views.charts.colours import Theme
from views.controls.images import SCORE
from views.controls.sets_and_refusal import REFUSE, percent
from views.images.cards import picture
from views.shared import refusal
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Placeholder
from views.text import comparison, figure_table, readings, readings_curves
from views.text.names import DENSE_PRUNED, Pair, titled

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

SIDE = 64  # pixels of an example
EXAMPLES = 8  # of a group
TITLES = {  # (unknown, refused) → what a group is called
    (False, False): "Test images kept",
    (False, True): "Test images refused",
    (True, True): "Unknown classes refused",
    (True, False): "Unknown classes kept: the dangerous ones",
}
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
Rows = Mapping[Score, tuple[Measures, Measures] | None]  # of the reference and of the pruned network


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
        pictures.info(refusal.EQUAL_SAMPLES)
        place.caption("There is nothing to refuse by: the score is the same for all images.")
        return
    names = comparison.pair(seen)
    pair = refusal.both(seen, score, refused)
    _draw_scores(pair, names, theme, pictures)
    refusal.draw(pair, names, refusal.IMAGES, place)
    _draw_groups(pair[names.pruned].refusal, names, images, place)
    place.expander("What each figure means", icon=":material/menu_book:").markdown(MEANINGS)
    draw_depth(place, score.label, "AUROC", "AUPR", "FPR@95TPR", "Risk–coverage curve", "AURC")


def both_measures(seen: Evaluated, score: Score) -> tuple[Measures, Measures] | None:
    """Those of the reference and of the pruned network; None where the score means nothing."""
    if not seen.can_detect(score):
        return None
    reference, pruned = (seen.detection(network, score).measures for network in seen.pair)
    return reference, pruned


def _draw_scores(pair: refusal.Both, names: Pair, theme: Theme, place: DeltaGenerator) -> None:
    """The histograms of both networks, and their ROC curves."""
    *columns, last = place.columns(3, gap="medium")
    histograms = detection_charts.histogram_charts(
        [(each.refusal.known, each.refusal.unknown) for each in pair.values()],
        [each.refusal.threshold for each in pair.values()],
        theme,
    )
    for column, name, chart in zip(columns, pair, histograms, strict=True):
        column.markdown(f"**{titled(name)}: the scores of both groups**")
        Placeholder(column).chart(chart, f"{titled(name)} network: histogram of test images and of unknown classes.")
        column.caption(readings.of_scores(pair[name].refusal.known, pair[name].refusal.unknown))
    last.markdown("**ROC: what every threshold refuses**")
    chart = detection_charts.roc_chart(
        {name: each.roc for name, each in pair.items()},
        {name: each.refusal.refused for name, each in pair.items()},
        theme,
    )
    Placeholder(last).chart(chart, f"ROC curves of {refusal.both_named(names)}.")
    place.caption(
        "The columns of each group add up to 100 %. The upright line is the threshold that is chosen under "
        "Rejection: what is right of it is refused. The dots on the ROC curves are that threshold. The dashed "
        "diagonal is chance; the dotted level is where FPR@95TPR is read off."
    )


def _draw_measures(rows: Rows, chosen: Score, seen: Evaluated, place: DeltaGenerator) -> None:
    """All scores in a table; the chosen one in words, and over the prune ratios."""
    outcome, names, curves = seen.outcome, comparison.pair(seen), comparison.curves(seen)
    left, right = place.columns((2, 1), gap="medium")
    left.table(measure_table(rows, chosen), hide_index=True, border="horizontal")
    left.caption(chance(len(outcome.dense.test.logits), len(outcome.dense.ood.logits), names))
    pair = rows[chosen]
    if pair is None:
        return
    reference, pruned = pair
    first, second = (
        (titled(names.the_reference), names.the_pruned) if names.are_pruned else ("Dense network", "pruned network")
    )
    left.markdown(f"**{chosen.label}**, {second}: {orientation(pruned.fpr)} {first}: {reference.fpr:.2f}.")
    others = seen.others_aurocs(chosen)
    curve = figure_table.over_ratios(seen.aurocs(chosen), outcome.experiment.prune_ratio, others)
    curve = curve.assign(trained=[network.trained for network in outcome.networks])
    if curves:
        right.markdown(comparison.legend(curves))
    chart = vega.curve_chart(curve, "AUROC", names=curves.both if curves else None)
    Placeholder(right).chart(chart, "AUROC against prune ratio.")
    right.caption(readings_curves.of_gains(curve, "AUROC", seen.auroc_gains(chosen), "these images", curves))


def measure_table(rows: Rows, chosen: Score) -> pd.DataFrame:
    """AUROC, AUPR and FPR@95TPR of every score, reference → pruned; None is a score that means nothing."""

    def cells(pair: tuple[Measures, Measures] | None) -> list[str]:
        if pair is None:
            return ["–"] * 3
        reference, pruned = pair
        return [f"{getattr(reference, name):.3f} → {getattr(pruned, name):.3f}" for name in ("auroc", "aupr", "fpr")]

    names = {score: f"**{score.label}**" if score == chosen else score.label for score in rows}
    lines = [(names[score], *cells(pair)) for score, pair in rows.items()]
    return pd.DataFrame(lines, columns=["Score", "AUROC", "AUPR", "FPR@95TPR"])


def chance(n_known: int, n_unknown: int, names: Pair = DENSE_PRUNED) -> str:
    """How the table is read, and what scores without any knowledge would get."""
    return (
        f"{titled(names.reference)} → {names.pruned}. "
        f"{n_known:,} test images and {n_unknown:,} of unknown classes, which are the positive ones. "
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


def _draw_groups(found: Refusal, names: Pair, images: Shown, place: DeltaGenerator) -> None:
    """Pictures that the pruned network answers, and pictures that it refuses."""
    whose = f"Pictures of {names.the_pruned}" if names.are_pruned else "The pruned network's pictures"
    place.markdown(f"**{whose}: true class → what it says**")
    shown = groups(found.known, found.unknown, found.threshold, EXAMPLES)
    for column, group in zip(place.columns(len(shown), gap="medium"), shown, strict=True):
        part, said = (images.ood, found.said_unknown) if group.is_unknown else (images.test, found.said_known)
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
