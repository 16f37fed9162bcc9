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
from views.images import cards
from views.shared import over_seeds, sections
from views.shared.bin_examples import PickedBin
from views.shared.placeholder import Placeholder
from views.text import comparison, figure_table, readings, readings_curves, untrained
from views.text.claims import Change, changed

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


MOST, SIDE = 12, 56  # pictures of a bin, and their pixels
THESE = "these images"  # test images and those of unknown classes


def draw(seen: Evaluated, images: Shown, place: DeltaGenerator) -> None:
    """A sentence that reads the figures, curves over all ratios, three reliability panels, the table."""
    outcome = seen.outcome
    figures, names = sections.both_figures(seen), comparison.curves(seen)
    detection = seen.aurocs(Score.ENTROPY)
    chosen = outcome.experiment.prune_ratio
    place.markdown(f"{sections.read(seen, *figures, figure_table.IMAGES)} {_detected(seen)}")
    if names:
        place.markdown(comparison.legend(names))
    over = over_seeds.of(outcome.experiment, outcome.source, wanted=_wants_seeds(outcome, place))
    columns = place.columns(5, gap="small")
    places = [(Placeholder(column.container()), Placeholder(column.container())) for column in columns[:3]]
    sections.draw_curves(seen, places, figure_table.IMAGES, answers=RATIO.is_open, over=over)
    rows = figure_table.over_ratios(detection, chosen, seen.others_aurocs(Score.ENTROPY))
    rows = rows.assign(trained=[each.trained for each in outcome.networks])
    if over:
        rows = rows.join(over.band("auroc", rows.ratio, truth=False))
    curve = vega.curve_chart(rows, "AUROC, OOD", names=names.both if names else None)
    Placeholder(columns[3].container()).chart(curve, "AUROC of detecting unknown classes against prune ratio.")
    told = readings_curves.of_gains(rows, "AUROC", seen.auroc_gains(Score.ENTROPY), THESE, names)
    columns[3].caption(f"{told} {over.sentence('auroc', truth=False)}" if over else told)
    _draw_learning(seen, Placeholder(columns[4].container()))
    columns[4].caption(readings.of_losses(*seen.pair, outcome.pruned.trained, comparison.pair(seen)))
    place.caption(
        f"{len(images.test):,} test images, {len(images.ood):,} of {len(images.ood.classes)} classes never learned.",
        help="AUROC, OOD: how often an image of an unknown class has a higher predictive entropy than a test image; "
        "0.5 is chance.",
    )
    over_seeds.draw(over, place, due=runs.complete(outcome))
    sections.draw_reliability(seen, figure_table.IMAGES, place, partial(_draw_pictures, images))
    sections.draw_table(seen, *figures, figure_table.IMAGES, place)


def _wants_seeds(outcome: Outcome, place: DeltaGenerator) -> bool:
    """Whether ten seeds are to be trained: what the switch says, where there is one."""
    if not has_seeds(experiment_of(outcome).dataset):
        return False
    if not moons_controls.has_seeds(outcome.source):
        place.caption(moons_controls.NO_SEEDS)
        return False
    with place:
        return bool(OVER_SEEDS.draw())


def _detected(seen: Evaluated) -> str:
    """What pruning does to the AUROC of unknown classes, or in what it differs from another strategy's."""
    outcome, pair = seen.outcome, comparison.pair(seen)
    before, after = (seen.detection(network, Score.ENTROPY).auroc for network in seen.pair)
    prune_ratio = outcome.experiment.prune_ratio
    if prune_ratio == 0:
        return f"It tells unknown classes from known ones with AUROC {after:.3f}."
    if not outcome.pruned.trained or untrained.apart(pair, *seen.pair):
        return ""
    difference = seen.auroc_gain(Score.ENTROPY)
    words = changed([Change("AUROC of unknown classes", before, after, difference, apart=pair.are_pruned)], THESE)
    return f"{words[:1].upper()}{words[1:]}."


def _draw_learning(seen: Evaluated, place: Placeholder) -> None:
    """Validation loss of the reference and of the pruned network while they learned."""
    names = comparison.pair(seen).both
    networks = dict(zip(names, seen.pair, strict=True))
    rows = [(name, epoch, loss) for name, network in networks.items() for epoch, loss in enumerate(network.val_loss)]
    table = pd.DataFrame(rows, columns=["series", "epoch", "value"])
    draw = partial(image_charts.learning_chart, table, "validation loss", seen.outcome.experiment.max_epochs)
    place.chart(draw(names, vega.LOSS_HEIGHT), "Validation loss against epoch.")


def _draw_pictures(images: Shown, picked: PickedBin, place: DeltaGenerator) -> None:
    """The test images behind a dot of a reliability diagram, the least sure first."""
    part, shown = images.test, picked.members[:MOST]
    said = picked.evaluation.probs[shown].argmax(axis=1)
    cells = [
        (part.pixels[i], part.classes[part.labels[i]], f"→ {part.classes[c]}")
        for i, c in zip(shown, said, strict=True)
    ]
    place.html(cards.strip("", cells, SIDE))
    if len(picked.members) > MOST:
        place.caption(f"The {MOST} least sure of them: true class → what it says.")
