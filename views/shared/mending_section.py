"""The section that asks whether one number mends a pruned network, below the methods of either page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.mending import MendedSamples, can_mend, losses, mended, nll_curve, noise, over_ratios
from uncertainty.options import Method
from uncertainty.temperature import Objective
from views.charts import mending as charts
from views.controls.moons import TEMPERATURE
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Placeholder
from views.text import comparison
from views.text import mending as words
from views.text.figure_table import Nouns
from views.text.names import network_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

Ask = Callable[[], Mapping[Objective, MendedSamples] | None]
"""What the pruned network's samples say, at the temperature of each objective: see `cache.mending`. None where it has
drawn, in its place, that this is still to be asked."""


def draw(seen: Evaluated, nouns: Nouns, ask: Ask, samples: int, place: DeltaGenerator) -> None:
    """Both parts of the NLL over the ratios, the NLL against T, the fitted T, and what they say.

    ask: is called where the source is MC dropout, for so many `samples`.
    """
    place = place.container(key="mending")
    place.header(words.HEADER, anchor=False)
    with place:
        tried = TEMPERATURE.draw()
    if not can_mend(seen):
        place.caption(words.NOTHING)
        return
    _draw_charts(seen, nouns, tried, place)
    place.markdown("\n".join(words.reading(seen, nouns)))
    found = over_ratios(seen)
    table = place.expander("All ratios", icon=":material/table:")
    table.table(words.ratio_table(found), hide_index=True, border="horizontal")
    labels = seen.outcome.validation_labels
    assert labels is not None  # or nothing could be mended
    table.caption(words.ESTIMATOR.format(validation=len(labels), measured=comparison.basis(seen, nouns.examples)))
    if seen.outcome.source.method == Method.MC_DROPOUT:
        _draw_objectives(seen, ask, samples, place)
    draw_depth(place, "Temperature", "Calibration error", "Refinement error")


def _draw_objectives(seen: Evaluated, ask: Ask, samples: int, place: DeltaGenerator) -> None:
    place.markdown(f"**{words.OBJECTIVES_HEAD}**")
    with place:
        found = ask()
    if found is not None:
        place.table(words.objective_table(found), hide_index=True, border="horizontal")
    name = network_named(seen.outcome.pruned.prune_ratio)
    place.caption(words.OBJECTIVES.format(name=name, samples=samples))


def _draw_charts(seen: Evaluated, nouns: Nouns, tried: float, place: DeltaGenerator) -> None:
    found, least = over_ratios(seen), noise(seen)
    chosen, measured = seen.outcome.experiment.prune_ratio, comparison.basis(seen, nouns.examples)
    labels = seen.outcome.validation_labels
    assert labels is not None
    dense, pruned = seen.outcome.dense, seen.outcome.pruned
    pair = {"dense": dense, "pruned": pruned} if pruned.level else {"dense": dense}
    fitted = {name: mended(seen, each) for name, each in pair.items()}
    parts, curves, temperatures = place.columns(3, gap="medium")
    parts.markdown("**What is mended, and what is gone**")
    Placeholder(parts).chart(
        charts.parts_chart(found, chosen, least), "Calibration and refinement error over prune ratios."
    )
    parts.caption(words.PARTS.format(noise="" if least is None else words.NOISE))
    curves.markdown("**NLL against the temperature**")
    chart = charts.nll_chart(
        {name: nll_curve(seen, each) for name, each in pair.items()},
        {name: (each.temperature.value, each.refinement.value) for name, each in fitted.items()},
        tried,
        {name: float(losses(seen, each, tried).mean()) for name, each in pair.items()},
        seen.outcome.n_classes,
    )
    Placeholder(curves).chart(chart, "NLL against the temperature, dense and pruned.")
    curves.caption(f"{words.tried(seen, tried)} {words.CURVES.format(measured=measured)}")
    temperatures.markdown("**The temperature that is fitted**")
    Placeholder(temperatures).chart(
        charts.temperature_chart(found, chosen), "Fitted temperature against prune ratio."
    )
    temperatures.caption(words.FITTED.format(validation=len(labels)))
