"""What a page may ask before it shows, and how that is answered."""

from __future__ import annotations

from enum import Enum

from pruning.experiment import RATIOS
from views.text.names import Pair

POINTS = 2
"""Percentage points of accuracy whose loss is a break."""
NEVER = "never"
NO_DIFFERENCE = "no difference that can be told"
BOUNDARY, FAR, AMONG = "along the boundary", "far from all points", "among the points, off the boundary"
NOWHERE = "nowhere more than elsewhere"
MIDDLE = "0.5"  # where the slider stands that is to be moved


class Question(Enum):
    """What is asked of two networks; a guess is one of `options`."""

    BREAKS = "breaks"  # at which prune ratio accuracy breaks
    SURER = "surer"  # which of the two is surer
    DOUBT = "doubt"  # where on the plane the samples of the pruned network disagree

    def sentence(self, pair: Pair, ratio: float) -> str:
        """The question about these two networks, of which the pruned one has this prune ratio."""
        reference, pruned = named(pair)
        if self == Question.BREAKS:
            return (
                f"At which prune ratio does the accuracy of {pruned} first fall more than {POINTS} points below that "
                f"of {reference}?"
            )
        if self == Question.SURER:
            return f"At prune ratio {ratio:g}, which is surer on average over points like those it learned?"
        return f"At prune ratio {ratio:g}, where is the epistemic uncertainty of {pruned} largest on average?"

    def options(self, pair: Pair) -> tuple[str, ...]:
        """The answers to choose from."""
        if self == Question.BREAKS:
            return (*(f"{ratio:g}" for ratio in RATIOS if ratio), NEVER)
        if self == Question.SURER:
            return (*named(pair), NO_DIFFERENCE)
        return (BOUNDARY, FAR, AMONG, NOWHERE)


def named(pair: Pair) -> tuple[str, str]:
    """Both networks in a sentence, without markup."""
    reference, pruned = (words.replace("*", "") for words in (pair.the_reference, pair.the_pruned))
    return reference, pruned
