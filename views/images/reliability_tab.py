"""The first tab of the image page: how good the networks are, and how well they know it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from pruning import Network, Outcome
from pruning.data.images import Shown
from pruning.evaluation.memo import remembered
from uncertainty.ood import auroc, entropy_score
from views.charts import images as image_charts
from views.charts import vega
from views.controls.images import RATIO, ImageChoice
from views.shared import sections
from views.shared.placeholder import Place
from views.text import comparison, figure_table, readings, readings_curves
from views.text.claims import Change, Difference, changed

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


THESE = "these images"  # test images and those of unknown classes


def draw(outcome: Outcome, choice: ImageChoice, images: Shown, place: DeltaGenerator) -> None:
    """A sentence that reads the figures, curves over all ratios, three reliability panels, the table."""
    dense, pruned = sections.both_figures(outcome, choice)
    judgement = sections.judge(outcome, choice)
    detection = {network.prune_ratio: _auroc(network, choice.n_samples) for network in outcome.networks}
    chosen = choice.experiment.prune_ratio
    words = sections.read(outcome, choice, dense, pruned, figure_table.IMAGES)
    place.markdown(f"{words} {_detected(outcome, choice.n_samples, detection[0.0], detection[chosen])}")
    columns = place.columns(5, gap="small")
    places = [(Place(column.container()), Place(column.container())) for column in columns[:3]]
    sections.draw_curves(outcome, choice, places, figure_table.IMAGES, answers=RATIO.is_open)
    rows = figure_table.over_ratios(detection, chosen).assign(trained=[each.trained for each in outcome.networks])
    curve = vega.curve_chart(rows, "AUROC, OOD")
    Place(columns[3].container()).chart(curve, "AUROC of detecting unknown classes against prune ratio.")
    differences = _differences(outcome, choice.n_samples, len(outcome.networks) - 1)
    columns[3].caption(readings_curves.of_curve(rows, "AUROC", 3, differences, THESE))
    _draw_learning(outcome, Place(columns[4].container()))
    columns[4].caption(readings.of_losses(outcome.dense, outcome.pruned, outcome.pruned.trained))
    place.caption(
        f"{len(images.test):,} test images, {len(images.ood):,} of {len(images.ood.classes)} classes never learned.",
        help="AUROC, OOD: how often an image of an unknown class has a higher predictive entropy than a test image; "
        "0.5 is chance.",
    )
    sections.draw_reliability(outcome, choice, judgement, figure_table.IMAGES, place)
    sections.draw_table(outcome, choice, dense, pruned, figure_table.IMAGES, place)


def _scores(network: Network, n_samples: int) -> comparison.Scores:
    return entropy_score(network.test.probs(n_samples)), entropy_score(network.ood.probs(n_samples))


def _auroc(network: Network, n_samples: int) -> float:
    return remembered(network, ("auroc by entropy", n_samples), lambda: auroc(*_scores(network, n_samples)))


def _differences(outcome: Outcome, n_samples: int, comparisons: int) -> Mapping[float, Difference]:
    """What AUROC gains on the dense network at every ratio."""
    scores = partial(_scores, n_samples=n_samples)
    return comparison.detections(outcome, scores, ("entropy", n_samples), comparisons)


def _detected(outcome: Outcome, n_samples: int, dense: float, pruned: float) -> str:
    prune_ratio = outcome.experiment.prune_ratio
    if prune_ratio == 0:
        return f"It tells unknown classes from known ones with AUROC {dense:.3f}."
    if not outcome.pruned.trained:
        return ""
    difference = _differences(outcome, n_samples, 1)[prune_ratio]
    words = changed([Change("AUROC of unknown classes", dense, pruned, difference)], THESE)
    return f"{words[:1].upper()}{words[1:]}."


def _draw_learning(outcome: Outcome, place: Place) -> None:
    """Validation loss of the dense and of the pruned network while they learned."""
    networks = {"dense": outcome.dense, "pruned": outcome.pruned}
    rows = [(name, epoch, loss) for name, network in networks.items() for epoch, loss in enumerate(network.val_loss)]
    table = pd.DataFrame(rows, columns=["series", "epoch", "value"])
    draw = partial(image_charts.learning_chart, table, "validation loss", outcome.experiment.max_epochs)
    place.chart(draw(image_charts.DENSE_PRUNED, vega.LOSS_HEIGHT), "Validation loss against epoch.")
