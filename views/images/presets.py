"""Presets of the image page, all of the digits, which train in seconds: see `views.presets`.

What a preset says is true of its own settings and of most other seeds; its tests hold it to that.
"""

from __future__ import annotations

from pruning import DropoutRule, Strategy
from uncertainty.options import Score
from views.shared.preset import Preset

TABS = "tabs"  # the key of their container

IMAGE_PRESETS: tuple[Preset, ...] = (
    Preset(
        "Sure of strangers",
        "Nothing is pruned, and 98 % of the test digits are read rightly. Of the eights and nines, which it never "
        "saw, it calls a fifth or more something else with over 90 % confidence.",
        "Look at the first pictures: strangers, and at each a tall bar in the row of 0.",
        {"ratio": 0.0},
        {"tab": "Gallery"},
        TABS,
    ),
    Preset(
        "The doubt that fails",
        "Eight of ten units are gone, and nine in ten digits are still read rightly. But the disagreement of the "
        "MC-dropout samples is now smaller for strangers than for them: its AUROC fell from about 0.9 to below ½.",
        "Switch the score to Predictive entropy: the sum of both doubts still tells strangers from digits.",
        {"ratio": 0.8},
        {"tab": "Detection", "score": Score.INFORMATION},
        TABS,
        {"score": Score.ENTROPY},
    ),
    Preset(
        "Too modest",
        "Re-initialised with a fifth of its units, it reads nine in ten digits rightly and claims less. MC dropout "
        "silences as large a share of the few units that are left as of the many before.",
        "Switch the dropout after pruning to a rate that shrinks with the width: most of the ECE goes.",
        {"strategy": Strategy.ONE_SHOT_REWIND, "ratio": 0.8},
        {"tab": "Reliability"},
        TABS,
        {"dropout_rule": DropoutRule.SCALED},
    ),
    Preset(
        "One answer for all",
        "Nine of ten units are gone and nothing is trained again: nearly every stranger gets the same answer, as do "
        "most test digits. At least it is not sure: its confidence is below a quarter.",
        "Switch the strategy to One-shot: training what is left brings most of the accuracy back.",
        {"strategy": Strategy.PRUNE_ONLY, "ratio": 0.9},
        {"tab": "Gallery"},
        TABS,
        {"strategy": Strategy.ONE_SHOT},
    ),
    Preset(
        "Refuse and be right",
        "Seven of ten units are gone, and it may refuse the three in ten digits that it is least sure of. Of the "
        "rest hardly one in a hundred is wrong, and most strangers are refused too.",
        "Raise the prune ratio to 0.9: now it is wrong where it is sure, and refusing does not save it.",
        {"ratio": 0.7},
        {"tab": "Detection", "score": Score.ENTROPY, "refuse": 0.3},
        TABS,
        {"ratio": 0.9},
    ),
)
