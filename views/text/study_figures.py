"""Figures of a study: what each column of its table is called, and which direction is the better one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Better = Literal["high", "low", ""]


@dataclass(frozen=True)
class StudyFigure:
    """One figure. `column` is that of the examples' own labels; against the truth it has the prefix `truth_`."""

    column: str
    label: str
    better: Better  # without a better direction it is told as higher or lower
    words: tuple[str, str] = ("better", "worse")  # for a told difference
    unit: str = ""
    digits: int = 3  # 0 for whole numbers
    of_truth: bool = True  # whether there is one against the truth
    only_truth: bool = False
    floor: str = ""  # the column of what a calibrated network would get from as many labels


SIDES = ("higher", "lower")
FIGURES: Mapping[str, StudyFigure] = {
    each.column: each
    for each in (
        StudyFigure("accuracy", "Accuracy", "high"),
        StudyFigure("early_stop_epoch", "Early-stop epoch", "low", ("sooner", "later"), digits=0, of_truth=False),
        StudyFigure("epochs_spent", "Epochs spent in all", "low", ("cheaper", "dearer"), digits=0, of_truth=False),
        StudyFigure("seconds_spent", "Seconds spent in all", "low", ("cheaper", "dearer"), " s", 2, of_truth=False),
        StudyFigure("nll", "NLL", "low", unit=" nats"),
        StudyFigure("brier", "Brier score", "low"),
        StudyFigure("ece", "ECE", "low", floor="ece_floor"),
        StudyFigure("uce", "UCE", "", SIDES, floor="uce_floor"),  # a calibrated network's is not 0
        StudyFigure("signed_gap", "Signed gap", "", SIDES),
        StudyFigure("epistemic_test", "Mutual information, test", "", SIDES, " nats", of_truth=False),
        StudyFigure("epistemic_ood", "Mutual information, far or unknown", "", SIDES, " nats", of_truth=False),
        StudyFigure("auroc", "AUROC, OOD", "high", of_truth=False),
        StudyFigure("training_gap", "Train minus test accuracy", "", SIDES, of_truth=False),
        StudyFigure("excess_nll", "Excess NLL", "low", unit=" nats", only_truth=True),
        StudyFigure("error", "Distance from the truth", "low", only_truth=True),
    )
}
AXES: Mapping[str, str] = {
    "prune_ratio": "prune ratio",
    "compression_ratio": "compression ratio",
    "speed_up": "theoretical speed-up",
}


def column_of(figure: StudyFigure, truth: bool) -> str:
    """The column of the table, on the basis that is asked for as far as the figure has it."""
    return f"truth_{figure.column}" if figure.only_truth or (truth and figure.of_truth) else figure.column


def floor_of(figure: StudyFigure, truth: bool) -> str:
    """The column of the figure's floor; empty where it has none, as against the truth, which no chance is in."""
    return "" if truth and figure.of_truth else figure.floor


def title_of(figure: StudyFigure, truth: bool) -> str:
    """What an axis says."""
    against = " against the truth" if truth and figure.of_truth and not figure.only_truth else ""
    return f"{figure.label}{against}{f',{figure.unit}' if figure.unit else ''}"


def shown(figure: StudyFigure, value: float) -> str:
    """A value as the page writes it."""
    return f"{value:z.{figure.digits}f}" if figure.digits else f"{value:z.0f}"
