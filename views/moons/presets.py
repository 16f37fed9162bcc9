"""Presets of the moons page: settings worth a look, with what is seen there and why it matters.

What a preset says is true of its own settings, of most other seeds and of other draws of the data; its tests hold it
to that. It is no law.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pruning import Criterion, Strategy
from views.shared.preset import Preset
from views.text.questions import Question

TICKET: Mapping[str, Any] = {"ratio": 0.3, "hidden": (64,), "learning_rate": 0.03, "rewind": 5}
CLASSES = {"colour": "probability"}
PLANES, CURVES, RELIABILITY = "planes", "curves", "reliability"

PRESETS: tuple[Preset, ...] = (
    Preset(
        "A winning ticket",
        "Three of ten units are gone, the others back at their weights of epoch 5: as accurate as dense to a point "
        "or two, in fewer epochs. That is a winning ticket, and most seeds find one here, on other points too.",
        "Compare the early-stop epochs in all, then set the rewind epoch to 0: the lead is gone.",
        {"strategy": Strategy.ONE_SHOT_REWIND, **TICKET},
        CLASSES,
        CURVES,
        {"rewind": 0},
        question=Question.BREAKS,
    ),
    Preset(
        "The control that fails",
        "The same units, freshly drawn, get as accurate in the end but take longer than the dense network. With "
        "most seeds, on other points too, the ticket is sooner: it is not the mask alone that wins.",
        "Switch the strategy to Random tickets (control): units picked by chance and re-initialised are between.",
        {"strategy": Strategy.ONE_SHOT_RANDOM, **TICKET},
        CLASSES,
        PLANES,
        {"strategy": Strategy.RANDOM_MASK},
        question=Question.SURER,
    ),
    Preset(
        "Pruned to collapse",
        "Nine of ten units are gone and nothing is trained again: one class fills the plane, as accurate as a coin. "
        "Nearly all of its doubt counts as aleatoric (expected entropy), though the data are as clear as before.",
        "Switch the strategy to One-shot: with the same three units in each layer, training brings most of the "
        "accuracy back.",
        {"strategy": Strategy.PRUNE_ONLY, "ratio": 0.9, "hidden": (32, 32, 32)},
        CLASSES,
        PLANES,
        {"strategy": Strategy.ONE_SHOT},
        question=Question.BREAKS,
    ),
    Preset(
        "Confident and wrong",
        "Seven of ten units are gone, untrained since: about a third of the points is wrong, most of it with more "
        "than 90 % confidence. MC dropout does not prevent it: the network stays far too sure of itself.",
        "Look at the rightmost dots of the MC-dropout confidence diagram: those of the pruned network lie far below "
        "the diagonal.",
        {
            "strategy": Strategy.PRUNE_ONLY,
            "ratio": 0.7,
            "hidden": (30,),
            "noise": 0.05,
            "learning_rate": 0.1,
            "criterion": Criterion.TAYLOR,
        },
        {**CLASSES, "view": "Reliability"},
        RELIABILITY,
        question=Question.SURER,
    ),
    Preset(
        "Dropout off",
        "Without dropout all MC samples are one network, so its epistemic uncertainty is zero everywhere, even far "
        "from all points. That is no sign of knowledge: nobody has told it anything about those places.",
        "Raise the dropout rate to 0.2: the samples now disagree, and most of all away from the points.",
        {"dropout": 0.0},
        {"colour": "epistemic"},
        PLANES,
        {"dropout": 0.2},
        question=Question.DOUBT,
    ),
    Preset(
        "Label noise",
        "A fifth of all labels are wrong, and neither network has learned them by heart: most ringed points are "
        "wrong labels, no mistakes. So pruning has little to mend: accuracy and NLL hardly change.",
        "Show the training points: wrong labels lie on both sides of a boundary that passes them by.",
        {"label_noise": 0.2},
        CLASSES,
        PLANES,
        {"show": "training"},
        question=Question.DOUBT,
    ),
    Preset(
        "As published: 2-30-2",
        "As wide as the study's and pruned step by step, it stays within two points of its accuracy down to 15 of 30 "
        "units. The last three, shown here, draw little more than a line, with about twice the NLL and a higher ECE.",
        "Follow the accuracy over all prune ratios: it is flat to the middle and drops at the right end.",
        {"strategy": Strategy.ITERATIVE, "ratio": 0.9, "hidden": (30,)},
        CLASSES,
        CURVES,
        question=Question.BREAKS,
    ),
)
