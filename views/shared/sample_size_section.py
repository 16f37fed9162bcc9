"""The section that asks how many samples are enough, below the methods of either page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.memo import remembered
from pruning.evaluation.sample_size import SampleBand, do_vary, sample_bands
from pruning.outcome import Network
from views.charts.sample_size import sample_chart
from views.shared.placeholder import Placeholder
from views.text import sample_size as words

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


def draw(seen: Evaluated, place: DeltaGenerator) -> None:
    """Accuracy, NLL and ECE against the number of samples of the source, of both networks."""
    place = place.container(key="sample_size")
    place.header(words.HEADER, anchor=False)
    outcome = seen.outcome
    pair = {"dense": outcome.dense} | ({"pruned": outcome.pruned} if outcome.pruned.level else {})
    if not all(do_vary(each.test) for each in pair.values()):
        place.caption(words.same(outcome.source, outcome.experiment.dropout))
        return
    bands = {name: _bands(seen, each) for name, each in pair.items()}
    for column, (figure, title) in zip(
        place.columns(len(words.TITLES), gap="medium"), words.TITLES.items(), strict=True
    ):
        chart = sample_chart({name: each[figure] for name, each in bands.items()}, title, seen.n_samples)
        Placeholder(column).chart(chart, f"{title} against the number of samples.")
    place.markdown(words.enough(bands, outcome.source, seen.n_samples))
    place.caption(words.CAPTION)


def _bands(seen: Evaluated, network: Network) -> dict[str, SampleBand]:
    """Whatever the number of samples that is chosen."""
    truth, n_bins = seen.outcome.test_labels, seen.n_bins
    return remembered(seen.single_pass.of(network), "sample bands", lambda: sample_bands(network.test, truth, n_bins))
