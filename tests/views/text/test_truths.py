"""What is true of a question, by hand: where the figures tell it, and where they leave it open."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pruning import RATIOS
from pruning.evaluation.comparison import Shift
from pruning.evaluation.planes import Largest
from uncertainty.estimate import Estimate
from uncertainty.paired import Difference
from views.text.names import DENSE_PRUNED, Pair
from views.text.questions import AMONG, BOUNDARY, FAR, MIDDLE, NEVER, NO_DIFFERENCE, NOWHERE, Question
from views.text.truths import Truth, of_break, of_doubt, of_sureness, untold

BASIS = "150 test points"


def broken(*losses: float, half: float = 0.005, untrained: tuple[float, ...] = ()) -> Truth:
    """Of these losses of accuracy, in points, at 0.1, 0.2 and so on."""
    ratios = [round(0.1 * (i + 1), 1) for i in range(len(losses))]
    changes = [Estimate(-loss / 100, -loss / 100 - half, -loss / 100 + half) for loss in losses]
    trained = {ratio: ratio not in untrained for ratio in ratios}
    return of_break(dict(zip(ratios, changes, strict=True)), trained, BASIS)


def test_the_first_ratio_that_is_more_than_two_points_short_is_the_break():
    """However accurate the networks behind it are again."""
    found = broken(0, 0.3, 3.1, 0, 9)
    assert (found.right, found.open) == ("0.3", frozenset())
    assert found.words == "at 0.3, where it is 3.1 points below"


def test_accuracy_that_never_breaks_never_does():
    """Nor does one that rises, or falls by two points to the bit."""
    assert broken(0, -3, 1).right == NEVER
    assert broken(0.1, 2.0, half=0.0).right == NEVER
    assert broken(0.1, 2.1, half=0.0).right == "0.2"


def test_an_interval_on_both_sides_of_two_points_leaves_it_open():
    """All that may be the first, up to the first that must be; what is measured is said beside it."""
    found = broken(0, 1.8, 2.2, 5, 1.9)
    assert (found.right, found.open) == (None, {"0.2", "0.3", "0.4"})
    assert (
        found.words
        == "150 test points leave it open: from 0.2 to 0.4; as measured at 0.3, where it is 2.2 points below"
    )
    found = broken(0, 1.8)
    assert (found.right, found.open) == (None, {"0.2", NEVER})
    assert found.words.startswith("150 test points leave it open: at 0.2 or never; as measured never")
    assert broken(1, 2, 3, half=0.1).words.startswith("150 test points leave it open: at any ratio or never;")


def test_a_network_that_did_not_train_breaks_nothing():
    """Its ratio stays possible, whatever its accuracy, and so do those behind it."""
    assert broken(0, 0, 0, 9, untrained=(0.2,)).open == {"0.2", "0.4"}
    found = broken(0, 40, 0, 9, untrained=(0.2,))
    assert (found.right, found.open) == (None, {"0.2", "0.4"})


def test_a_guess_that_the_figures_leave_open_is_not_called_wrong():
    """One that they rule out is."""
    found = broken(0, 1.8, 2.2, 5)
    assert [found.judged(guess) for guess in ("0.2", NEVER)] == [
        "The figures cannot rule the guess out.", "It came out otherwise.",
    ]  # fmt: skip
    assert broken(0, 5).judged("0.2") == "The guess holds."


def surer(before: float, after: float, half: float) -> Truth:
    """Of these mean confidences of the dense and of the pruned network."""
    change = after - before
    shift = Shift(before, after, Difference(change, change - half, change + half))
    after_labels = SimpleNamespace(is_against_truth=False)
    compared = SimpleNamespace(after=after_labels, panel=lambda quantity: (shift, shift))
    return of_sureness(SimpleNamespace(comparison=compared), DENSE_PRUNED, BASIS)


def test_the_surer_network_is_the_one_of_higher_confidence():
    """Of either side; with both numbers."""
    assert surer(0.9, 0.8, 0.05).right == "the dense network"
    assert surer(0.8, 0.9, 0.05).words == (
        "the pruned network (mean confidence 0.800 for the dense network, 0.900 for the pruned network)"
    )
    assert surer(0.8, 0.9, 0.05).judged(NO_DIFFERENCE) == "It came out otherwise."


@pytest.mark.parametrize(("before", "after", "half"), [(0.90, 0.93, 0.05), (0.9, 0.9, 0.0), (0.9001, 0.9002, 0.0)])
def test_a_difference_that_is_not_told_is_none_and_neither_network_is_ruled_out(before, after, half):
    """Nor is one that is printed as none."""
    found = surer(before, after, half)
    assert found.right == NO_DIFFERENCE
    for network in ("the dense network", "the pruned network"):
        assert found.judged(network) == "The figures cannot rule the guess out."
    assert found.words.startswith("no difference that 150 test points could tell in mean confidence")


def largest(*possible: str, **means: float) -> Truth:
    return of_doubt(Largest(means, frozenset(possible)), "50 samples")


def test_the_largest_doubt_is_told():
    """With the means of all parts."""
    found = largest("far", boundary=0.02, far=0.08, among=0.001)
    assert (found.right, found.open) == (FAR, frozenset())
    assert found.words == (
        f"{FAR} (means in nats: {BOUNDARY} 0.020, {FAR} 0.080, {AMONG} 0.001)"
    )  # fmt: skip


def test_parts_that_are_not_told_apart_are_all_possible():
    """Of two the third is ruled out; of all three it is nowhere larger, as far as can be told."""
    two = largest("far", "boundary", boundary=0.081, far=0.08, among=0.001)
    assert (two.right, two.open) == (None, {FAR, BOUNDARY})
    assert two.judged(AMONG) == two.judged(NOWHERE) == "It came out otherwise."
    all_three = largest("far", "boundary", "among", boundary=0.011, far=0.01, among=0.012)
    assert (all_three.right, all_three.open) == (NOWHERE, {FAR, BOUNDARY, AMONG})


def test_no_disagreement_is_larger_nowhere():
    """Of one sample, or without dropout: rounding is nothing."""
    found = largest("far", "boundary", "among", boundary=1e-8, far=0.0, among=0.0)
    assert (found.right, found.open) == (NOWHERE, frozenset())
    assert found.judged(BOUNDARY) == "It came out otherwise."


def test_a_plane_of_one_class_has_no_boundary():
    """Which is said; nothing is largest along it."""
    found = largest("far", far=0.05, among=0.01)
    assert found.words.endswith("; there is no boundary")
    assert found.judged(BOUNDARY) == "It came out otherwise."


@pytest.mark.parametrize("question", Question)
def test_of_networks_that_did_not_train_no_guess_is_wrong(question):
    """Nor right."""
    pair = Pair("One-shot", "Random tickets")
    found = untold(question, pair)
    assert {found.judged(guess) for guess in question.options(pair)} == {"The figures cannot rule the guess out."}


def test_the_options_of_each_question():
    """Every ratio and never; both networks and neither; three places and none. The slider begins in the middle."""
    breaks, surer, doubt = (question.options(DENSE_PRUNED) for question in Question)
    assert breaks == (*(f"{ratio:g}" for ratio in RATIOS[1:]), NEVER)
    assert MIDDLE in breaks
    assert surer == ("the dense network", "the pruned network", NO_DIFFERENCE)
    assert doubt == (BOUNDARY, FAR, AMONG, NOWHERE)


def test_two_strategies_are_asked_about_by_their_names():
    """Without markup: the words stand on buttons and in a file."""
    pair = Pair("Iterative", "One-shot")
    assert Question.SURER.options(pair)[:2] == ("Iterative", "One-shot")
    assert Question.BREAKS.sentence(pair, 0.5) == (
        "At which prune ratio does the accuracy of One-shot first fall more than 2 points below that of Iterative?"
    )
