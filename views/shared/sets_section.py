"""Prediction sets of either page: their controls, coverage and size over the prune ratios, how much may be pruned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.sets import PredictionSets
from pruning.evaluation.tolerance import tolerance
from uncertainty.conformal import SetScore
from uncertainty.paired import Difference
from views.charts import sets as set_charts
from views.controls.sets_and_refusal import ALPHA, SET_SCORE, TOLERATED
from views.shared.placeholder import Placeholder
from views.text import comparison, readings_curves
from views.text import sets as words
from views.text.figure_table import Nouns

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@dataclass(frozen=True)
class Asked:
    """What sets are asked for."""

    alpha: float
    score: SetScore


def draw_controls(place: DeltaGenerator) -> Asked:
    """How often a set may lack the class, and what makes a class strange."""
    left, right = place.columns(2, gap="medium")
    with left:
        alpha = ALPHA.draw()
    with right:
        score = SET_SCORE.draw()
    return Asked(alpha, score)


def term_of(score: SetScore) -> str:
    """What the glossary calls it."""
    return "LAC" if score == SetScore.LAC else "APS"


def both(seen: Evaluated, asked: Asked) -> tuple[PredictionSets, PredictionSets]:
    """The sets of the reference and of the pruned network."""
    reference, pruned = (seen.sets(network, asked.alpha, asked.score) for network in seen.pair)
    return reference, pruned


def of_inputs(seen: Evaluated, asked: Asked, probs: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The sets (M, C) of inputs of which the reference and the pruned network say so (M, C), by their names."""
    names = dict.fromkeys(comparison.pair(seen).titles)
    found = zip(names, both(seen, asked), probs, strict=True)
    return {name: sets.classes_of(said) for name, sets, said in found}


def draw_summary(seen: Evaluated, asked: Asked, nouns: Nouns, place: DeltaGenerator) -> None:
    """What the sets of both networks are worth, in a sentence."""
    reference, pruned = both(seen, asked)
    if pruned.is_vacuous:
        place.info(words.too_few(pruned.law.n, asked.alpha), icon=":material/info:")
        return
    basis = comparison.basis(seen, nouns.examples)
    place.markdown(words.of_pair(reference, pruned, comparison.pair(seen), pruned.growth(reference), basis))


def draw_curves(seen: Evaluated, asked: Asked, nouns: Nouns, place: DeltaGenerator) -> None:
    """Coverage and mean size of the sets of every ratio that is there, each with a sentence."""
    rows, growths = set_rows(seen, asked)
    coverage = rows.assign(value=rows.coverage)
    size = rows.assign(value=rows.mean_size, dense=rows.mean_size.iloc[0])
    place.markdown("**Coverage** of the sets")
    Placeholder(place).chart(
        set_charts.coverage_chart(coverage), "Coverage of the prediction sets against prune ratio."
    )
    place.caption(words.of_coverage(coverage, seen.sets(seen.outcome.dense, asked.alpha).law.n, asked.alpha))
    place.markdown("**Mean set size**, classes")
    Placeholder(place).chart(set_charts.size_chart(size), "Mean size of the prediction sets against prune ratio.")
    basis = comparison.basis(seen, nouns.examples)
    place.caption(readings_curves.of_curve(size, "Mean set size", words.DIGITS, growths, basis))


def set_rows(seen: Evaluated, asked: Asked) -> tuple[pd.DataFrame, dict[float, Difference]]:
    """A row a network: ratio, coverage, mean_size, promised, the band from low to high, chosen, trained; and by how
    much each ratio's sets are larger than the dense network's, corrected for all of them."""
    networks = seen.outcome.networks
    sets = [seen.sets(network, asked.alpha, asked.score) for network in networks]
    low, high = words.expected_band(sets[0])
    table = pd.DataFrame(
        {
            "ratio": [network.prune_ratio for network in networks],
            "coverage": [each.coverage for each in sets],
            "mean_size": [each.mean_size for each in sets],
            "trained": [network.trained for network in networks],
        }
    )
    chosen = table.ratio == seen.outcome.experiment.prune_ratio
    growths = {
        network.prune_ratio: each.growth(sets[0], len(sets) - 1)
        for network, each in zip(networks[1:], sets[1:], strict=True)
    }
    return table.assign(promised=1 - asked.alpha, low=low, high=high, chosen=chosen), growths


def draw_tolerance(seen: Evaluated, nouns: Nouns, place: DeltaGenerator) -> None:
    """The largest ratio at which little accuracy is lost, in one sentence."""
    place.markdown("**How much may be pruned?**")
    with place:
        points = TOLERATED.draw()
    if not seen.outcome.dense.trained:
        return
    found, n = tolerance(seen, points / 100), len(seen.outcome.test_labels)
    truth = seen.is_against_truth
    place.markdown(words.of_tolerance(found, points, n, nouns.examples, against_truth=truth))
