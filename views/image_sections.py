"""The parts of the image page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from pruning import Outcome
from views import charts, sections, tables
from views.image_controls import ImageChoice
from views.places import Place

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw_reliability(outcome: Outcome, choice: ImageChoice, place: DeltaGenerator) -> None:
    """Curves over all ratios, three reliability panels, the table of figures."""
    columns = place.columns(4, gap="medium")
    sections.draw_curves(outcome, choice, [Place(column.container()) for column in columns[:3]])
    _draw_learning(outcome, Place(columns[3].container()))
    dense, pruned = sections.both_figures(outcome, choice)
    judgement = sections.judge(outcome, choice)
    sections.draw_reliability(judgement, tables.IMAGES, place)
    sections.draw_table(outcome, choice, dense, pruned, judgement, tables.IMAGES, place)


def _draw_learning(outcome: Outcome, place: Place) -> None:
    """Validation loss of the dense and of the pruned network while they learned."""
    networks = {"dense": outcome.dense, "pruned": outcome.pruned}
    rows = [(name, epoch, loss) for name, network in networks.items() for epoch, loss in enumerate(network.val_loss)]
    table = pd.DataFrame(rows, columns=["series", "epoch", "value"])
    longest = outcome.experiment.max_epochs
    place.chart(charts.learning_chart(table, "validation loss", longest, charts.DENSE_PRUNED), "Validation loss.")
