"""Presets of studies: a question each, and what answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pruning.evaluation.by_method import SOURCES
from pruning.experiment import Experiment, ImageExperiment
from pruning.options import Criterion, Scope, Strategy
from pruning.study import Study, Variant, by_methods

PUBLISHED = (Strategy.ONE_SHOT, Strategy.ONE_SHOT_REWIND, Strategy.ONE_SHOT_RANDOM, Strategy.ITERATIVE)
"""The four strategies of the published study."""

VARIED: Mapping[str, tuple[Variant, ...]] = {
    "criterion": tuple(Variant.of(each.label, criterion=each) for each in Criterion),
    "scope": tuple(Variant.of(each.label, scope=each) for each in Scope),
    "rewind_epoch": tuple(Variant.of(f"rewound to epoch {epoch}", rewind_epoch=epoch) for epoch in (0, 2, 5, 10)),
    "dropout": tuple(Variant.of(f"dropout {rate:g}", dropout=rate) for rate in (0.0, 0.1, 0.2, 0.4)),
    "label_noise": tuple(Variant.of(f"label noise {share:g}", label_noise=share) for share in (0.0, 0.1, 0.2, 0.4)),
    "method": by_methods(SOURCES),
    "noise": tuple(Variant.of(f"noise {noise:g}", noise=noise) for noise in (0.1, 0.2, 0.3)),
}
"""Field → what a study may compare beside strategies; `method` is that of the class probabilities."""


@dataclass(frozen=True)
class StudyPreset:
    """A question, the study that answers it, and the figure to look at first."""

    name: str
    question: str
    study: Study
    figure: str  # a column of the table
    against: str = "dense"  # a line of the study


PRESETS: Mapping[str, StudyPreset] = {
    "as-published": StudyPreset(
        "As published",
        "The published study's network, 2-30-2, at its learning rate and patience: which of its four strategies "
        "keeps the accuracy, and down to which ratio?",
        Study(Experiment(hidden=(30,), learning_rate=0.01, patience=20), PUBLISHED),
        "truth_accuracy",
    ),
    "rewind-or-not": StudyPreset(
        "Rewind or not",
        "The same units, trained on, rewound or freshly drawn: does it matter what they start from?",
        Study(
            Experiment(hidden=(64,), learning_rate=0.03, rewind_epoch=5),
            (Strategy.ONE_SHOT, Strategy.ONE_SHOT_REWIND, Strategy.ONE_SHOT_RANDOM, Strategy.RANDOM_MASK),
        ),
        "early_stop_epoch",
    ),
    "criterion": StudyPreset(
        "Does the criterion matter",
        "One strategy, and six ways to say which units matter, chance among them.",
        Study(
            Experiment(hidden=(64,)),
            (Strategy.PRUNE_ONLY,),
            variants=VARIED["criterion"],
        ),
        "truth_accuracy",
        f"prune_only, {Criterion.RANDOM.label}",
    ),
    "label-noise": StudyPreset(
        "Label noise",
        "The more labels are wrong, the more there is to forget: does pruning help then?",
        Study(
            Experiment(hidden=(64,)),
            (Strategy.ONE_SHOT,),
            variants=VARIED["label_noise"],
        ),
        "truth_accuracy",
    ),
    "methods": StudyPreset(
        "Where doubt comes from",
        "The same pruned networks, asked by five methods, with a temperature and without: whose probabilities come "
        "true?",
        Study(
            Experiment(),
            (Strategy.ONE_SHOT, Strategy.RANDOM_MASK),
            (0.3, 0.5, 0.7, 0.9),
            variants=VARIED["method"],
        ),
        "truth_ece",
    ),
    "digits": StudyPreset(
        "Digits",
        "Eight digits are learned and two never seen: does pruning change how well the two are told apart?",
        Study(ImageExperiment(), (Strategy.ONE_SHOT, Strategy.RANDOM_MASK), (0.3, 0.5, 0.7, 0.9), tuple(range(5))),
        "auroc",
    ),
}
