"""What is true of what a page has asked, from the networks that it shows, and what the figures leave open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pruning.evaluation.comparison import Interval
from pruning.evaluation.evaluated import Evaluated
from pruning.evaluation.planes import TOLERANCE, Largest, Part
from views.text import comparison
from views.text.claims import no_difference
from views.text.figure_table import TINY
from views.text.names import Pair, listed, ratios_named
from views.text.questions import AMONG, BOUNDARY, FAR, NEVER, NO_DIFFERENCE, NOWHERE, POINTS, Question, named

LOSS = POINTS / 100
ROUNDING = 1e-9  # of a difference of two shares
PARTS: Mapping[Part, str] = {"boundary": BOUNDARY, "far": FAR, "among": AMONG}


@dataclass(frozen=True)
class Truth:
    """The answer to a question, in words and as one of its options, and the options that the figures leave open."""

    words: str
    right: str | None
    open: frozenset[str] = frozenset()

    def judged(self, guess: str) -> str:
        """What is said of a guess; one that the figures cannot rule out is never called wrong."""
        if guess == self.right:
            return "The guess holds."
        return "The figures cannot rule the guess out." if guess in self.open else "It came out otherwise."


def of_break(losses: Mapping[float, Interval], trained: Mapping[float, bool], basis: str) -> Truth:
    """The first prune ratio at which the accuracy is more than two points short.

    losses: ratio → accuracy minus that of the reference, for every ratio, rising. trained: whether nothing speaks
    against a conclusion from the two networks of the ratio. A ratio is told from two points where its interval lies
    on one side of them.
    """
    may_be, first = [], NEVER
    for ratio, loss in losses.items():
        if not trained[ratio] or loss.low < -LOSS - ROUNDING:
            may_be.append(f"{ratio:g}")
        if first == NEVER and loss.value < -LOSS - ROUNDING:
            first = f"{ratio:g}"
        if trained[ratio] and loss.high < -LOSS - ROUNDING:
            break
    else:
        may_be.append(NEVER)
    measured = f"at {first}, where it is {_short(losses[float(first)])} below" if first != NEVER else NEVER
    if len(may_be) == 1:
        return Truth(measured, may_be[0])
    ratios = [float(option) for option in may_be if option != NEVER]
    left = ratios_named(ratios, list(losses)).replace("every", "any") + (f" or {NEVER}" if NEVER in may_be else "")
    return Truth(f"{basis} leave it open: {left}; as measured {measured}", None, frozenset(may_be))


def of_sureness(seen: Evaluated, pair: Pair, basis: str) -> Truth:
    """Which of the two networks has the higher mean confidence."""
    change, _ = comparison.panel(seen.comparison, "confidence")
    reference, pruned = named(pair)
    if not change.told:
        words = f"{no_difference(basis)} in mean confidence ({change.before:.3f} and {change.after:.3f}, "
        return Truth(f"{words}{change.margin})", NO_DIFFERENCE, frozenset({reference, pruned}))
    numbers = f"mean confidence {change.before:.3f} for {reference}, {change.after:.3f} for {pruned}"
    surer = pruned if change.told > 0 else reference
    return Truth(f"{surer} ({numbers})", surer)


def of_doubt(largest: Largest, basis: str) -> Truth:
    """Where epistemic uncertainty is largest on the plane. basis: what the means rest on, `50 samples`."""
    means = {PARTS[part]: mean for part, mean in largest.means.items()}
    numbers = f"(means in nats: {', '.join(f'{name} {mean:.3f}' for name, mean in means.items())})"
    if BOUNDARY not in means:
        numbers += "; there is no boundary"
    if max(means.values()) < TINY:
        return Truth(f"{NOWHERE}: it is zero everywhere", NOWHERE)
    if part := largest.told:
        return Truth(f"{PARTS[part]} {numbers}", PARTS[part])
    left = [PARTS[part] for part in largest.means if part in largest.possible]
    words = f"{basis} tell no more than {TOLERANCE} nats between {listed(left)} {numbers}"
    return Truth(words, NOWHERE if len(left) == len(means) else None, frozenset(left))


def of_evaluated(question: Question, seen: Evaluated, basis: str) -> Truth:
    """What is true of the two questions that are answered by figures."""
    pair = comparison.pair(seen)
    if question == Question.SURER:
        return of_sureness(seen, pair, basis) if both_trained(seen) else untold(question, pair)
    trained = {ratio: all(each.trained for each in both) for ratio, both in seen.references.items()}
    return of_break(seen.over_ratios.accuracy, trained, basis) if any(trained.values()) else untold(question, pair)


def both_trained(seen: Evaluated) -> bool:
    """Whether something may be concluded from the two networks that are compared."""
    return all(network.trained for network in seen.pair)


def untold(question: Question, pair: Pair) -> Truth:
    """Of a network that did not train nothing is concluded."""
    return Truth("it cannot be told, as one of the networks did not train", None, frozenset(question.options(pair)))


def _short(loss: Interval) -> str:
    return f"{-100 * loss.value:.1f} points"
