"""All networks of an outcome measured alike: what is remembered of them, and what they are held against."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pruning import Experiment, Outcome, PlaneOutcome
from pruning.evaluation import Comparison, Evaluated, on_fresh_points
from pruning.evaluation.metrics import figures
from pruning.outcome import Fresh
from tests.pruning.evaluation.fabricated import coins, network, outcome, sampled
from uncertainty.options import Score

N, BINS = 150, 15
ROOT = Path(__file__).parents[3]


def task(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities of class 1 (N,), mostly clear, and labels that follow them."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.3, 0.3, N)
    return p, (rng.random(N) < p).astype(int)


def four() -> Outcome:
    """A dense network and three that are ever less sure; what is unknown to them is undecided."""
    p, labels = task(5)
    shifts = {0.0: 0.0, 0.3: 0.1, 0.5: 0.2, 0.9: 0.4}
    networks = [
        network(ratio, coins(np.clip(p + shift, 0, 1)), coins(np.linspace(0.2 + shift / 2, 0.7, 40)))
        for ratio, shift in shifts.items()
    ]
    return outcome(labels, *networks, prune_ratio=0.5)


# Networks of an outcome


def test_dense_and_pruned_are_those_of_the_experiment():
    """The pruned one is that of its ratio, or what somebody has made of that by hand."""
    one = four()
    seen = Evaluated(one, 2)
    assert seen.pair == (one.networks[0], one.networks[2])
    assert seen.dense.predictions is one.dense.test
    assert seen.pruned.predictions is one.networks[2].test
    by_hand = network(0.5, coins(np.full(N, 0.6)))
    assert Evaluated(replace(one, by_hand=by_hand), 2).pruned.predictions is by_hand.test


def test_what_was_worked_out_of_networks_is_kept_for_each_question_about_them():
    """The same networks, measured alike, are asked once; any other number, bin, ratio or companion asks anew."""
    one, asked = four(), []

    def ask(seen: Evaluated, what: str = "question") -> int:
        return seen.remembered(what, lambda: asked.append(what) or len(asked))

    seen = Evaluated(one, 2)
    assert [ask(seen), ask(Evaluated(one, 2)), ask(replace(seen))] == [1, 1, 1]
    by_hand = replace(one, by_hand=network(0.5, coins(np.full(N, 0.6))))
    others = [
        replace(seen, n_samples=1),
        replace(seen, n_bins=5),
        replace(seen, binning="mass"),
        replace(seen, other=four()),
        Evaluated(by_hand, 2),
        Evaluated(replace(one, experiment=replace(one.experiment, prune_ratio=0.3)), 2),
        Evaluated(replace(one, networks=one.networks[:3]), 2),
    ]
    assert [ask(other) for other in others] == [2, 3, 4, 5, 6, 7, 8]
    assert ask(seen, "another question") == 9
    assert ask(Evaluated(replace(one, networks=one.networks[:1]), 2)) == 10  # the pruned one is still to come
    assert ask(seen) == 1


def test_what_is_kept_of_networks_holds_none_of_them():
    """A chart of two outcomes beside each other keeps neither in memory, nor what the other one has answered."""
    one, other = four(), four()
    Evaluated(one, 2, other=other).remembered("question", lambda: 1)
    Evaluated(other, 2, other=one).remembered("question", lambda: 2)
    gone = weakref.ref(other.dense), weakref.ref(other.pruned), weakref.ref(other.pruned.test)
    del other
    gc.collect()
    assert [each() for each in gone] == [None, None, None]


def test_the_networks_of_another_outcome_take_the_place_of_the_dense_one():
    """At each ratio its own, as far as it is there; where nothing is pruned, or it lacks the ratio, the dense one."""
    one, p = four(), task(5)[0]
    shifts, unknown = {0.0: 0.0, 0.5: 0.3, 0.9: 0.1}, coins(np.linspace(0.3, 0.6, 40))
    theirs = [network(ratio, coins(np.clip(p + shift, 0, 1)), unknown) for ratio, shift in shifts.items()]
    other = outcome(one.test_labels, *theirs, strategy="random_mask")
    seen = Evaluated(one, 2, other=other)
    assert seen.pair == (theirs[1], one.networks[2])
    assert seen.reference.predictions is theirs[1].test
    assert seen.dense.predictions is one.dense.test
    sure = seen.comparison.panel()[0]
    for mean, each in ((sure.before, theirs[1]), (sure.after, one.pruned)):
        assert mean == pytest.approx(each.test.probs(2).max(axis=1).mean())
    found = seen.over_ratios
    assert found.ece.keys() == {0.5, 0.9}  # corrected for these two; 0.3 has nobody to be compared with
    assert found.ece[0.9] == seen.against(theirs[2], one.networks[3], 2).ece.difference
    assert found.gaps.keys() == {0.0, 0.3, 0.5, 0.9}
    assert seen.auroc_gain(Score.MSP) == seen.detection(one.pruned, Score.MSP).gain(
        seen.detection(theirs[1], Score.MSP)
    )
    assert seen.others_aurocs(Score.MSP).keys() == {0.0, 0.5, 0.9}
    for ratio in (0.0, 0.3):
        at = replace(one, experiment=replace(one.experiment, prune_ratio=ratio))
        assert Evaluated(at, 2, other=other).pair[0] is one.dense


def test_two_networks_that_are_held_against_each_other_are_forgotten():
    """A visitor compares one with the other, another the other with the one; neither keeps the other alive."""
    one, two = four(), four()
    for seen in (Evaluated(one, 2, other=two), Evaluated(two, 2, other=one)):
        _ = seen.comparison.ece, seen.over_ratios, seen.auroc_gains(Score.MSP), seen.auroc_gain(Score.MSP)
    kept = [weakref.ref(each) for each in (*one.networks, *two.networks)]
    del one, two, seen, _
    gc.collect()
    assert [each() for each in kept] == [None] * 8


def test_figures_are_those_of_the_metrics():
    """All of one network, at these samples and bins."""
    one = four()
    assert Evaluated(one, 2, 10).figures(one.pruned) == figures(one, one.pruned, 2, 10)


def test_what_was_asked_once_is_not_computed_again():
    """Another visitor with the same samples and bins gets the same objects, one with others does not."""
    one = four()
    first, again = Evaluated(one, 2, BINS), Evaluated(one, 2, BINS)
    assert first.pruned is again.pruned
    assert first.comparison is again.comparison
    assert first.figures(one.pruned) is again.figures(one.pruned)
    assert first.detection(one.pruned, Score.MSP) is again.detection(one.pruned, Score.MSP)
    assert first.single_pass.pruned is Evaluated(one, 1, BINS).single_pass.pruned
    others = Evaluated(one, 1, BINS), Evaluated(one, 2, 10), first.single_pass
    assert len({id(each.pruned) for each in (first, *others)}) == 4
    assert len({id(each.comparison) for each in (first, *others)}) == 4


def test_a_score_of_a_single_pass_knows_no_number_of_samples():
    """Energy is asked once whatever the samples are; MSP at each number of them."""
    one = four()
    few, many = Evaluated(one, 1), Evaluated(one, 2)
    for score in Score:
        assert (few.detection(one.pruned, score) is many.detection(one.pruned, score)) != score.sampled


def test_other_labels_are_another_question():
    """The same network held against other labels is not answered from memory; equal labels are."""
    one = four()
    seen = Evaluated(one, 2)
    copied = Evaluated(replace(one, test_labels=one.test_labels.copy()), 2)
    turned = Evaluated(replace(one, test_labels=1 - one.test_labels), 2)
    assert copied.pruned is seen.pruned
    assert turned.pruned.accuracy.value == pytest.approx(1 - seen.pruned.accuracy.value)
    assert turned.comparison.accuracy.after == pytest.approx(1 - seen.comparison.accuracy.after)
    ours, theirs = (each.detection(one.pruned, Score.MSP) for each in (seen, turned))
    assert ours.aurc != theirs.aurc
    assert seen.comparison.accuracy.after == seen.pruned.accuracy.value


def test_what_is_remembered_goes_with_the_networks():
    """Once nobody holds the outcome, no network, evaluation or comparison of it stays in memory."""
    one = four()
    seen = Evaluated(one, 2)
    _ = seen.comparison.ece, seen.over_ratios, seen.auroc_gains(Score.MSP), seen.pruned.smallest_detectable_ece
    dense_twice = Evaluated(replace(one, experiment=replace(one.experiment, prune_ratio=0.0)), 2)
    _ = dense_twice.comparison.ece
    kept = [weakref.ref(each) for each in (*one.networks, seen.pruned, seen.comparison)]
    del one, seen, dense_twice, _
    gc.collect()
    assert [each() for each in kept] == [None] * 6


# Comparisons


def test_dropout_and_a_single_pass_of_one_network():
    """The four numbers: MC dropout's gap, against dense, against the single pass, and the single pass's own."""
    rng = np.random.default_rng(4)
    labels = (rng.random(N) < 0.95).astype(int)
    dense = network(0.0, coins(np.full(N, 0.95)))
    pruned = network(0.5, coins(np.full(N, 0.7), single=np.full(N, 0.94)))
    seen = Evaluated(outcome(labels, dense, pruned), 2)
    single = seen.single_pass.pruned
    found = (
        seen.pruned.gap().value,
        seen.comparison.gap.difference.value,
        Comparison(single, seen.pruned).gap.difference.value,
        single.gap().value,
    )
    right = labels.mean()
    np.testing.assert_allclose(found, [0.7 - right, 0.7 - 0.95, 0.7 - 0.94, 0.94 - right], atol=1e-6)


def test_what_is_by_hand_is_no_stored_network():
    """A unit taken out of the dense network: its ratio is 0 too, and its gap is its own."""
    labels = np.ones(N, int)
    whole = outcome(labels, network(0.0, coins(np.full(N, 0.95))))
    seen = Evaluated(replace(whole, by_hand=network(0.0, coins(np.full(N, 0.6)))), 2)
    assert seen.comparison.gap.difference.value == pytest.approx(0.6 - 0.95, abs=1e-6)


def test_every_ratio_is_looked_at_with_a_correction():
    """Three pruned networks: each interval is wider than that of one alone, and values are differences from dense."""
    one = four()
    alone = Evaluated(replace(one, networks=one.networks[:2]), 2).over_ratios
    found = Evaluated(one, 2).over_ratios
    assert list(found.accuracy) == list(found.ece) == [0.3, 0.5, 0.9]
    assert list(found.gaps) == [0.0, 0.3, 0.5, 0.9]
    assert found.accuracy[0.3].value == alone.accuracy[0.3].value
    assert found.accuracy[0.3].high > alone.accuracy[0.3].high
    assert found.gaps[0.3].high > alone.gaps[0.3].high


# Detection


def test_every_ratio_s_detection_is_compared_with_the_dense_network():
    """The gain is the difference of the AUROCs beside it; looked at together they are less sure than alone."""
    seen = Evaluated(four(), 2)
    areas = seen.aurocs(Score.ENTROPY)
    found, alone = seen.auroc_gains(Score.ENTROPY), seen.auroc_gains(Score.ENTROPY, comparisons=1)
    assert list(areas) == [0.0, 0.3, 0.5, 0.9]
    for ratio, gain in found.items():
        assert gain.value == alone[ratio].value == pytest.approx(areas[ratio] - areas[0.0])
        assert gain.low < alone[ratio].low < alone[ratio].high < gain.high
    assert len(set(areas.values())) == 4


def test_samples_that_cannot_disagree_detect_nothing():
    """One sample, or dropout 0, leaves mutual information without meaning, and no other score."""
    one = four()
    for n_samples, dropout in ((1, 0.2), (2, 0.0)):
        seen = Evaluated(replace(one, experiment=replace(one.experiment, dropout=dropout)), n_samples)
        assert {score for score in Score if not seen.can_detect(score)} == {Score.INFORMATION}
    assert all(Evaluated(one, 2).can_detect(score) for score in Score)


# Fresh points


def plane() -> PlaneOutcome:
    """Four test points; two of three networks have been asked about three fresh points as well."""
    said = sampled([[0.8, 0.2], [0.8, 0.2], [0.3, 0.7], [0.6, 0.4]])
    asked = sampled([[0.9, 0.1], [0.4, 0.6], [0.5, 0.5]])
    networks = tuple(replace(network(ratio, said, said), fresh=asked) for ratio in (0.0, 0.5))
    nothing = np.zeros((0, 2), np.float32)
    posterior = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    return PlaneOutcome(
        Experiment(prune_ratio=0.5), np.array([0, 0, 1, 1]), 2, (*networks, network(0.9, said, said)),
        nothing, np.zeros(0, int), nothing, nothing, fresh=Fresh(nothing, posterior),
    )  # fmt: skip


def test_fresh_points_stand_in_for_the_test_points():
    """With the posterior for labels; a network that has not been asked is left out, and each is always the same."""
    one = plane()
    found = on_fresh_points(one)
    seen = Evaluated(found, 1)
    assert seen.is_against_truth
    assert [each.prune_ratio for each in found.networks] == [0.0, 0.5]
    assert seen.pruned.accuracy.value == pytest.approx((0.9 + 0.5 + 0.2) / 3)
    assert all(a is b for a, b in zip(found.networks, on_fresh_points(one).networks, strict=True))
    by_hand = replace(one.networks[1], level=7)
    assert on_fresh_points(replace(one, by_hand=by_hand)).pruned.level == 7


def test_where_there_is_no_truth_the_outcome_stays():
    """Of one's own points, and as long as the dense network has not been asked."""
    one = plane()
    own = replace(one, fresh=None)
    waiting = replace(one, networks=(replace(one.dense, fresh=None), *one.networks[1:]))
    assert on_fresh_points(own) is own
    assert on_fresh_points(waiting) is waiting
    assert not Evaluated(own).is_against_truth


# In a notebook


def test_evaluating_loads_neither_pytorch_nor_pages():
    """A notebook that reads stored arrays needs none of them."""
    program = (
        "import sys, pruning.evaluation\n"
        "heavy = ('torch', 'streamlit', 'altair', 'pandas', 'sklearn', 'views')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr
