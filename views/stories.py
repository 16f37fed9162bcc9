"""Stories of the moons page: settings worth a look, with what is seen there and why it matters.

What a story says is true of its own settings, of most other seeds and of other draws of the data; its tests hold it
to that. It is no law.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pruning import Criterion, Strategy


@dataclass(frozen=True)
class Story:
    """A preset with its commentary."""

    name: str  # short: for a button, and for the link
    sentences: str  # two: what is seen, and why it matters
    look_at: str  # the one thing to look at, or to try
    settings: Mapping[str, Any]  # knob of the moons page → value; all other knobs stand at their defaults


TICKET: Mapping[str, Any] = {"ratio": 0.3, "hidden": (64,), "learning_rate": 0.03, "rewind": 5}

STORIES: tuple[Story, ...] = (
    Story(
        "A winning ticket",
        "Three of ten hidden units are gone and the others are re-initialised to their weights of epoch 5, yet the "
        "network is as accurate as the dense one, to a point or two, in fewer epochs, those five included. "
        "A mask with early weights that reaches the dense accuracy in no more epochs is called a winning ticket, and "
        "most seeds find one here, on other points as on these.",
        "Compare the early-stop epochs in the table, then set the rewind epoch to 0: the lead is gone.",
        {"strategy": Strategy.ONE_SHOT_REWIND, **TICKET},
    ),
    Story(
        "The control that fails",
        "The same units are kept as in the winning ticket, but with freshly drawn weights, and training takes them "
        "longer than it takes the dense network. "
        "They get as accurate in the end, but with most seeds, on other points as on these, the ticket is the sooner "
        "of the two: it is not the mask alone that wins.",
        "Switch the strategy to Random tickets (control): units picked by chance, but with their weights of epoch 5, "
        "stop between the two, with this seed.",
        {"strategy": Strategy.ONE_SHOT_RANDOM, **TICKET},
    ),
    Story(
        "Pruned to collapse",
        "Nine of ten units of each of three layers are removed and nothing is trained afterwards: the boundary "
        "vanishes, one class fills the plane, and the accuracy is that of a coin. "
        "The network is unsure everywhere, but nearly all of that counts as aleatoric (expected entropy), though the "
        "data are as clear as before: no part of the doubt tells how much has been lost.",
        "Switch the strategy to One-shot: with the same three units in each layer, training brings most of the "
        "accuracy back.",
        {"strategy": Strategy.PRUNE_ONLY, "ratio": 0.9, "hidden": (32, 32, 32)},
    ),
    Story(
        "Confident and wrong",
        "Seven of ten units are removed and nothing is trained afterwards: three in ten test points are now "
        "on the wrong side, and the network is nearly as sure of itself as before. "
        "Most of these errors come with more than 90 % confidence, and MC dropout does not prevent it: the ECE is "
        "far above its floor.",
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
    ),
    Story(
        "Dropout off",
        "Without dropout all MC samples are the same network, so its epistemic uncertainty is zero everywhere, even "
        "far from all data, where nobody knows the label. "
        "That is no sign of knowledge: on the far ring the network is even more confident than on the test points.",
        "Raise the dropout rate to 0.2 and compare Epistemic, test with Epistemic, OOD in the table: the samples "
        "now disagree, and most of all far away.",
        {"dropout": 0.0, "colour": "epistemic"},
    ),
    Story(
        "Label noise",
        "A fifth of all labels are wrong, and neither network has learned them by heart: most ringed test points are "
        "wrong labels rather than mistakes, and the confidence has sunk to about three quarters. "
        "So there is little for pruning to mend here, and accuracy and NLL of the pruned network are hardly "
        "different from those of the dense one.",
        "Show the training points: wrong labels lie on both sides of a boundary that passes them by.",
        {"label_noise": 0.2},
    ),
    Story(
        "As published: 2-30-2",
        "The study's network of 30 hidden units, pruned step by step and re-initialised each time, stays within two "
        "points of its accuracy until half of its units are gone. "
        "With the last three units, shown here, the boundary is little more than a line, the NLL has about doubled, "
        "and the ECE has risen.",
        "Follow the accuracy over all prune ratios: it is flat to the middle and drops at the right end.",
        {"strategy": Strategy.ITERATIVE, "ratio": 0.9, "hidden": (30,)},
    ),
)
