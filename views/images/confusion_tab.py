"""Which class an unknown picture is mistaken for: the table of a whole task, and one pair of classes in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from pruning import ImageSet, Network, Outcome
from pruning.data.images import Shown
from pruning.evaluation.memo import remembered
from uncertainty.proportion import wilson_interval
from views.charts import images as image_charts
from views.charts.colours import Theme
from views.controls import setting
from views.controls.images import MISTAKEN_ROWS, ImageChoice, pair
from views.shared.glossary_popover import draw_depth
from views.shared.placeholder import Place
from views.text import readings
from views.text.names import network_named

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

MANY = 20  # rows of the table, unless all are asked for


@dataclass(frozen=True)
class Rate:
    """How often one class is called another by one network."""

    prune_ratio: float
    count: int
    n: int

    @property
    def share(self) -> float:
        return self.count / self.n if self.n else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        low, high = wilson_interval(self.count, self.n)
        return float(low), float(high)

    @property
    def words(self) -> str:
        if not self.n:
            return "no pictures"
        low, high = self.interval
        return f"{self.count} ({100 * self.share:.0f} %, interval {100 * low:.0f}–{100 * high:.0f} %)"


def draw(outcome: Outcome, choice: ImageChoice, images: Shown, theme: Theme, place: DeltaGenerator) -> None:
    """The study's story for any pair of classes, and under it the whole table, dense and pruned."""
    with place:
        _draw_pair(outcome, choice, images)
        st.markdown(
            "**Every unknown class**: the share of its pictures that is given each known class",
            help="Rows are classes no network has learned. A row that spreads over many columns is good: "
            "no answer is right.",
        )
        shown = MISTAKEN_ROWS.draw() if len(images.ood.classes) > MANY else "all classes"
        dense, pruned = (table(network, images, choice.n_samples) for network in (outcome.dense, outcome.pruned))
        which = _rows(dense, pruned, shown)
        for column, title, shares in zip(
            st.columns(2, gap="medium"), ("Dense", "Pruned"), (dense, pruned), strict=True
        ):
            column.markdown(f"**{title}** network")
            cells = _cells(shares, which, images)
            chart = image_charts.mistaken_chart(cells, len(which), images.test.classes, theme)
            Place(column.container()).chart(
                chart, f"{title} network: share of each unknown class given each known class."
            )
        names = [images.ood.classes[i] for i in which]
        st.caption(readings.of_mistaken(dense[which], pruned[which], names, images.test.classes))
        draw_depth(place, "Wilson interval", "Out of distribution")


def _draw_pair(outcome: Outcome, choice: ImageChoice, images: Shown) -> None:
    unknown, known = pair(choice.experiment.dataset, images)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        seen, called = unknown.draw(), known.draw()
        dataset = choice.experiment.dataset
        story, whose = dataset.confused, "study's" if dataset == ImageSet.CIFAR10 else "usual"
        if (seen, called) != story:
            st.button(f"The {whose} pair: {story[0]} → {story[1]}", on_click=_set_pair, args=story)
    rates = [rate(network, images, choice.n_samples, seen, called) for network in outcome.networks]
    left, right = st.columns([1, 1], gap="medium")
    rows = [(each.prune_ratio, each.share, rates[0].share, *each.interval) for each in rates]
    table = pd.DataFrame(rows, columns=["ratio", "value", "dense", "low", "high"])
    table["chosen"] = table.ratio == choice.experiment.prune_ratio
    Place(left.container()).chart(
        image_charts.rate_chart(table), "How often one class is called another, at every prune ratio."
    )
    right.markdown(_story(rates, seen, called, choice.experiment.prune_ratio))


def _set_pair(unknown: str, known: str) -> None:
    setting.put({"unknown": unknown, "taken_for": known})


def _story(rates: list[Rate], seen: str, called: str, chosen: float) -> str:
    lines = [f"Of **{rates[0].n}** pictures of *{seen}*, called *{called}*:", ""]
    for each in rates:
        name = network_named(each.prune_ratio)
        bold = "**" if each.prune_ratio in (0, chosen) else ""
        lines.append(f"- {bold}{name}{bold}: {each.words}")
    return "\n".join(
        [*lines, "", "The intervals say what other pictures of this class could give. Another seed would differ too."]
    )


def rate(network: Network, images: Shown, n_samples: int, seen: str, called: str) -> Rate:
    """How many pictures of the unknown class `seen` the network calls `called`."""
    unknown, known = images.ood.classes.index(seen), images.test.classes.index(called)
    answers = _answers(network, n_samples)[images.ood.labels == unknown]
    return Rate(network.prune_ratio, int((answers == known).sum()), len(answers))


def table(network: Network, images: Shown, n_samples: int) -> np.ndarray:
    """The share of each unknown class (rows) that is given each known class (columns); a row sums to 1."""
    answers = _answers(network, n_samples)
    counts = np.zeros((len(images.ood.classes), len(images.test.classes)))
    np.add.at(counts, (images.ood.labels, answers), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _answers(network: Network, n_samples: int) -> np.ndarray:
    """The predicted class (N,) of every picture that is out of distribution."""
    return remembered(network, ("answers", n_samples), lambda: network.ood.probs(n_samples).argmax(axis=1))


def _rows(dense: np.ndarray, pruned: np.ndarray, shown: str) -> np.ndarray:
    """The unknown classes to show: all by name, or those with the largest change first."""
    if shown == "all classes":
        return np.arange(len(dense))
    return np.argsort(-np.abs(dense - pruned).sum(axis=1), kind="stable")[:MANY]


def _cells(shares: np.ndarray, which: np.ndarray, images: Shown) -> pd.DataFrame:
    counts = np.bincount(images.ood.labels, minlength=len(images.ood.classes))
    cells = [
        (position, images.ood.classes[row], name, shares[row, column], counts[row])
        for position, row in enumerate(which)
        for column, name in enumerate(images.test.classes)
    ]
    return pd.DataFrame(cells, columns=["position", "unknown", "known", "share", "n"])
