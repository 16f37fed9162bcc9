"""The first tab of the image page: how good the networks are, and how well they know it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from pruning import Network, Outcome
from pruning.images import Shown
from uncertainty.ood import auroc, entropy_score
from views import charts, image_charts, readings, sections, tables
from views.image_controls import RATIO, ImageChoice
from views.places import Place
from views.remembered import remembered

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(outcome: Outcome, choice: ImageChoice, images: Shown, place: DeltaGenerator) -> None:
    """A sentence that reads the figures, curves over all ratios, three reliability panels, the table."""
    dense, pruned = sections.both_figures(outcome, choice)
    judgement = sections.judge(outcome, choice)
    detection = {network.prune_ratio: _auroc(network, choice.n_samples) for network in outcome.networks}
    chosen = choice.experiment.prune_ratio
    words = tables.reading(outcome, dense, pruned, sections.floors(judgement)["ece"][1], tables.IMAGES)
    place.markdown(f"{words} {_detected(detection[0.0], detection[chosen], chosen)}")
    columns = place.columns(5, gap="small")
    places = [(Place(column.container()), Place(column.container())) for column in columns[:3]]
    sections.draw_curves(outcome, choice, places, answers=RATIO.is_open)
    curve = charts.curve_chart(tables.over_ratios(detection, chosen), "AUROC, OOD")
    Place(columns[3].container()).chart(curve, "AUROC of detecting unknown classes against prune ratio.")
    columns[3].caption(readings.of_curve(tables.over_ratios(detection, chosen), "AUROC", "high", 3))
    _draw_learning(outcome, Place(columns[4].container()))
    columns[4].caption(readings.of_losses(outcome.dense, outcome.pruned))
    place.caption(
        f"{len(images.test):,} test images, {len(images.ood):,} of {len(images.ood.classes)} classes that were "
        "never learned. AUROC, OOD: how often such an image has a higher predictive entropy than a test image; 0.5 "
        "is chance."
    )
    sections.draw_reliability(judgement, tables.IMAGES, place)
    sections.draw_table(outcome, choice, dense, pruned, judgement, tables.IMAGES, place)


def _auroc(network: Network, n_samples: int) -> float:
    def compute() -> float:
        return auroc(*(entropy_score(part.probs(n_samples)) for part in (network.test, network.ood)))

    return remembered(network, ("auroc by entropy", n_samples), compute)


def _detected(dense: float, pruned: float, prune_ratio: float) -> str:
    if prune_ratio == 0:
        return f"It tells unknown classes from known ones with AUROC {dense:.3f}."
    return f"{tables.moved('AUROC of detecting unknown classes', dense, pruned, 3, '')}."


def _draw_learning(outcome: Outcome, place: Place) -> None:
    """Validation loss of the dense and of the pruned network while they learned."""
    networks = {"dense": outcome.dense, "pruned": outcome.pruned}
    rows = [(name, epoch, loss) for name, network in networks.items() for epoch, loss in enumerate(network.val_loss)]
    table = pd.DataFrame(rows, columns=["series", "epoch", "value"])
    draw = partial(image_charts.learning_chart, table, "validation loss", outcome.experiment.max_epochs)
    place.chart(draw(image_charts.DENSE_PRUNED, charts.LOSS_HEIGHT), "Validation loss against epoch.")
