"""The first tab of the image page: how good the networks are, and how well they know it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from cache import runs
from pruning import Outcome
from pruning.data.images import Shown
from pruning.evaluation.evaluated import Evaluated
from uncertainty.options import Score
from views.charts import images as image_charts
from views.charts import vega
from views.controls import moons as moons_controls
from views.controls.images import OVER_SEEDS, RATIO, experiment_of, has_seeds
from views.shared import over_seeds, sections
from views.shared.placeholder import Place
from views.text import figure_table, readings, readings_curves
from views.text.claims import Change, changed

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


THESE = "these images"  # test images and those of unknown classes


def draw(seen: Evaluated, images: Shown, place: DeltaGenerator) -> None:
    """A sentence that reads the figures, curves over all ratios, three reliability panels, the table."""
    outcome = seen.outcome
    dense, pruned = sections.both_figures(seen)
    detection = seen.aurocs(Score.ENTROPY)
    chosen = outcome.experiment.prune_ratio
    words = sections.read(seen, dense, pruned, figure_table.IMAGES)
    place.markdown(f"{words} {_detected(seen, detection[0.0], detection[chosen])}")
    over = over_seeds.of(outcome.experiment, outcome.source, wanted=_wants_seeds(outcome, place))
    columns = place.columns(5, gap="small")
    places = [(Place(column.container()), Place(column.container())) for column in columns[:3]]
    sections.draw_curves(seen, places, figure_table.IMAGES, answers=RATIO.is_open, over=over)
    rows = figure_table.over_ratios(detection, chosen).assign(trained=[each.trained for each in outcome.networks])
    if over:
        rows = rows.join(over.band("auroc", rows.ratio, truth=False))
    curve = vega.curve_chart(rows, "AUROC, OOD")
    Place(columns[3].container()).chart(curve, "AUROC of detecting unknown classes against prune ratio.")
    told = readings_curves.of_curve(rows, "AUROC", 3, seen.auroc_gains(Score.ENTROPY), THESE)
    columns[3].caption(f"{told} {over.sentence('auroc', truth=False)}" if over else told)
    _draw_learning(outcome, Place(columns[4].container()))
    columns[4].caption(readings.of_losses(outcome.dense, outcome.pruned, outcome.pruned.trained))
    place.caption(
        f"{len(images.test):,} test images, {len(images.ood):,} of {len(images.ood.classes)} classes never learned.",
        help="AUROC, OOD: how often an image of an unknown class has a higher predictive entropy than a test image; "
        "0.5 is chance.",
    )
    over_seeds.draw(over, place, due=runs.complete(outcome))
    sections.draw_reliability(seen, figure_table.IMAGES, place)
    sections.draw_table(seen, dense, pruned, figure_table.IMAGES, place)


def _wants_seeds(outcome: Outcome, place: DeltaGenerator) -> bool:
    """Whether ten seeds are to be trained: what the switch says, where there is one."""
    if not has_seeds(experiment_of(outcome).dataset):
        return False
    if not moons_controls.has_seeds(outcome.source):
        place.caption(moons_controls.NO_SEEDS)
        return False
    with place:
        return bool(OVER_SEEDS.draw())


def _detected(seen: Evaluated, dense: float, pruned: float) -> str:
    """What pruning does to the AUROC of unknown classes."""
    outcome = seen.outcome
    prune_ratio = outcome.experiment.prune_ratio
    if prune_ratio == 0:
        return f"It tells unknown classes from known ones with AUROC {dense:.3f}."
    if not outcome.pruned.trained:
        return ""
    difference = seen.auroc_gains(Score.ENTROPY, comparisons=1)[prune_ratio]
    words = changed([Change("AUROC of unknown classes", dense, pruned, difference)], THESE)
    return f"{words[:1].upper()}{words[1:]}."


def _draw_learning(outcome: Outcome, place: Place) -> None:
    """Validation loss of the dense and of the pruned network while they learned."""
    networks = {"dense": outcome.dense, "pruned": outcome.pruned}
    rows = [(name, epoch, loss) for name, network in networks.items() for epoch, loss in enumerate(network.val_loss)]
    table = pd.DataFrame(rows, columns=["series", "epoch", "value"])
    draw = partial(image_charts.learning_chart, table, "validation loss", outcome.experiment.max_epochs)
    place.chart(draw(image_charts.DENSE_PRUNED, vega.LOSS_HEIGHT), "Validation loss against epoch.")
