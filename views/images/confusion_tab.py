"""Confusion of unknown classes with known ones: the table of a whole task, and one pair of classes in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from pruning.data.images import Shown
from pruning.evaluation.confusion import Confusion, Rate, by_change
from pruning.evaluation.evaluated import Evaluated
from views.charts import images as image_charts
from views.charts.colours import Theme
from views.controls import setting
from views.controls.images import MISTAKEN_ROWS, experiment_of, pair
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Placeholder
from views.text import comparison, readings
from views.text.names import network_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MANY = 20  # rows of the table, unless all are asked for


def draw(seen: Evaluated, images: Shown, theme: Theme, place: DeltaGenerator) -> None:
    """The study's story for any pair of classes, and under it the whole table, of the reference and pruned."""
    with place:
        _draw_pair(seen, images)
        st.markdown(
            "**Every unknown class**: the share of its pictures that is given each known class",
            help="Rows are classes no network has learned. A row that spreads over many columns is good: "
            "no answer is right.",
        )
        shown = MISTAKEN_ROWS.draw() if len(images.ood.classes) > MANY else "all classes"
        found = [Confusion.of(network, images, seen.n_samples) for network in seen.pair]
        reference, pruned = (each.shares for each in found)
        which, names = _rows(reference, pruned, shown), comparison.pair(seen)
        for column, title, each in zip(st.columns(2, gap="medium"), names.titles, found, strict=True):
            column.markdown(f"**{title}** network" if not names.are_pruned else f"**{title}**")
            cells = _cells(each, which)
            chart = image_charts.mistaken_chart(cells, len(which), images.test.classes, theme)
            Placeholder(column.container()).chart(
                chart, f"{title} network: share of each unknown class given each known class."
            )
        unknown = [images.ood.classes[i] for i in which]
        st.caption(readings.of_mistaken(reference[which], pruned[which], unknown, images.test.classes, names))
        draw_depth(place, "Wilson interval", "Out of distribution")


def _draw_pair(seen: Evaluated, images: Shown) -> None:
    outcome, task = seen.outcome, experiment_of(seen.outcome).dataset
    chosen = outcome.experiment.prune_ratio
    unknown, known = pair(task, images)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        which, called = unknown.draw(), known.draw()
        if (which, called) != task.confused:
            label = f"The {task.confused_by} pair: {' → '.join(task.confused)}"
            st.button(label, on_click=_set_pair, args=task.confused)
    rates = {
        network.prune_ratio: Confusion.of(network, images, seen.n_samples).rate(which, called)
        for network in outcome.networks
    }
    left, right = st.columns([1, 1], gap="medium")
    rows = [(ratio, each.share, rates[0.0].share, *each.interval) for ratio, each in rates.items()]
    table = pd.DataFrame(rows, columns=["ratio", "value", "dense", "low", "high"])
    table["chosen"] = table.ratio == chosen
    Placeholder(left.container()).chart(
        image_charts.rate_chart(table), "How often one class is called another, at every prune ratio."
    )
    right.markdown(_story(rates, which, called, chosen))


def _set_pair(unknown: str, known: str) -> None:
    setting.put({"unknown": unknown, "taken_for": known})


def _story(rates: Mapping[float, Rate], unknown: str, called: str, chosen: float) -> str:
    lines = [f"Of **{rates[0.0].n}** pictures of *{unknown}*, called *{called}*:", ""]
    for ratio, each in rates.items():
        bold = "**" if ratio in (0, chosen) else ""
        lines.append(f"- {bold}{network_named(ratio)}{bold}: {in_words(each)}")
    return "\n".join(
        [*lines, "", "The intervals say what other pictures of this class could give. Another seed would differ too."]
    )


def in_words(rate: Rate) -> str:
    """The count, its share and its interval, in whole percent."""
    if not rate.n:
        return "no pictures"
    low, high = rate.interval
    return f"{rate.count} ({100 * rate.share:.0f} %, interval {100 * low:.0f}–{100 * high:.0f} %)"


def _rows(dense: np.ndarray, pruned: np.ndarray, shown: str) -> np.ndarray:
    """The unknown classes to show: all by name, or those with the largest change first."""
    return np.arange(len(dense)) if shown == "all classes" else by_change(dense, pruned)[:MANY]


def _cells(found: Confusion, which: np.ndarray) -> pd.DataFrame:
    shares, n = found.shares, found.counts.sum(axis=1)
    cells = [
        (position, found.unknown[row], name, shares[row, column], n[row])
        for position, row in enumerate(which)
        for column, name in enumerate(found.known)
    ]
    return pd.DataFrame(cells, columns=["position", "unknown", "known", "share", "n"])
