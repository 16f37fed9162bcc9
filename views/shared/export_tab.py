"""The tab with all that a visitor can take home: code, figures, charts, the network itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from cache import runs
from pruning.data.own_points import Points
from pruning.evaluation.evaluated import Evaluated
from pruning.experiment import Experiment, ImageExperiment
from uncertainty.options import MC_DROPOUT
from views.charts import export
from views.charts.vega import Chart
from views.text import program as program_text

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

OWN = "Trained on points of the visitor's own, whose values as they are in points.csv the network takes."
VALUES = "It takes x and y as they are in `points.csv`: its first layer standardises them. "
ALONE = "The network alone is in it: no other members of an ensemble, no Laplace draws, no temperature. "
BY_HAND = "Units were taken out or put back by hand, without training."


def draw(
    seen: Evaluated,
    program: str,
    charts: Callable[[], Mapping[str, Chart]],
    place: DeltaGenerator,
    own: Points | None = None,
) -> None:
    """The code that gives the figures, and files to download; those are made when they are asked for.

    seen: the outcome held against its labels. program: the code. charts: by their names. own: the visitor's points,
    if the networks learned them.
    """
    outcome = seen.outcome
    experiment = outcome.experiment
    assert isinstance(experiment, Experiment | ImageExperiment)

    by_hand = outcome.by_hand is not None

    def name(what: str, ending: str, changed: bool = by_hand) -> str:
        return program_text.file_name(experiment, what, ending, own=own is not None, by_hand=changed)

    def network() -> bytes:
        runs.load_torch()
        from pruning.model.network_file import network_file

        notes = [note for note, applies in ((OWN, own), (BY_HAND, by_hand)) if applies]
        return network_file(experiment, outcome.pruned, outcome.n_classes, notes, own)

    place.markdown(
        "**The code** that gives exactly these figures, in the project's folder; what a clock tells is measured anew."
    )
    place.code(program, language="python")
    row = place.container(horizontal=True)

    def table() -> str:
        return program_text.figures_csv(seen, own=own is not None)

    files: list[tuple[str, Any, str, str, str]] = [
        ("Code", lambda: program, name("figures", "py"), "text/x-python", "code"),
        ("All figures, every ratio", table, name("figures", "csv", changed=False), "text/csv", "table"),
        (
            "Charts as SVG and PNG",
            lambda: export.archive(charts()),
            name("charts", "zip"),
            "application/zip",
            "image",
        ),
        ("The pruned network", network, name("network", "pt"), "application/octet-stream", "hub"),
    ]
    if own:
        files.append(("Your points", own.to_csv, "points.csv", "text/csv", "scatter_plot"))
    for label, data, file, kind, icon in files:
        # A run of the page that begins with the click could overtake the file, which would then never arrive.
        row.download_button(label, data, file, kind, icon=f":material/{icon}:", on_click="ignore")
    if by_hand:
        place.caption(
            BY_HAND + " They are part of the code, the charts and the network, not of the table of all ratios."
        )
    place.markdown(
        "The network is a plain PyTorch file of the physically smaller network: `torch.load(file, "
        "weights_only=True)` reads it, `pruning.files.load_network(file)` makes a module of it. "
        + ALONE * (outcome.source != MC_DROPOUT)
        + VALUES * (own is not None)
        + "Every chart on the page can also be saved as PNG, and its data shown, from the bar that appears over it."
    )
