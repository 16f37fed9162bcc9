"""The largest tolerable prune ratio: bounds by hand and against SciPy, and how often what is claimed is false."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from uncertainty.tolerance import largest_tolerable, loss_bound

RATIOS = (0.2, 0.5, 0.8)


def answers(n: int, lost: list[int], gained: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Dense answers (n,), half of them right, and pruned ones (K, n) that cease and come to be right so often."""
    dense = np.arange(n) < n // 2
    pruned = np.tile(dense, (len(lost), 1))
    for row, down, up in zip(pruned, lost, gained, strict=True):
        row[:down] = False
        row[n - up :] = True
    return dense, pruned


# Bounds


def test_a_bound_without_a_loss_by_hand():
    """None of n lost leaves 1 − (α/2)^(1/n) as the most that may be lost; none gained leaves 0."""
    assert loss_bound([0], [0], 100) == pytest.approx([1 - 0.025 ** (1 / 100)])


def test_bounds_at_the_ends():
    """All lost is 1 at most; all gained is at least (α/2)^(1/n) gained, and none lost."""
    assert loss_bound([50], [0], 50) == pytest.approx([1.0])
    assert loss_bound([0], [50], 50) == pytest.approx([(1 - 0.025 ** (1 / 50)) - 0.025 ** (1 / 50)])


@pytest.mark.parametrize(("lost", "gained", "n"), [(3, 0, 200), (40, 25, 1000), (1, 60, 300)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_bounds_are_those_of_scipy(lost, gained, n, confidence):
    """Clopper and Pearson's, the two ends that count each with half of what may go wrong."""
    most = binomtest(lost, n).proportion_ci(confidence, "exact").high
    least = binomtest(gained, n).proportion_ci(confidence, "exact").low
    assert loss_bound([lost], [gained], n, confidence) == pytest.approx([most - least])


def test_the_bound_is_above_the_loss_and_nears_it():
    """With ten times the examples and the same shares it is nearer."""
    gaps = [loss_bound([3 * k], [k], 100 * k)[0] - 0.02 for k in (1, 10, 100, 1000)]
    assert min(gaps) > 0
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[-1] < 0.002


# The largest tolerable ratio


def test_the_largest_of_three_ratios():
    """1 and 5 of 1,000 lost are at most 0.6 and 1.2 points, 30 at most 4.3."""
    found = largest_tolerable(RATIOS, *answers(1000, [1, 5, 30], [0, 0, 0]))
    np.testing.assert_allclose(found.loss, [0.001, 0.005, 0.03])
    np.testing.assert_allclose(found.bound, loss_bound([1, 5, 30], [0, 0, 0], 1000))
    assert (found.ratios, found.tolerable) == (RATIOS, 0.5)


def test_nothing_is_claimed_beyond_the_first_that_fails():
    """The largest ratio loses nothing, but comes after one that does: its turn never comes."""
    assert largest_tolerable(RATIOS, *answers(1000, [1, 30, 0], [0, 0, 0])).tolerable == 0.2
    assert largest_tolerable(RATIOS, *answers(1000, [30, 0, 0], [0, 0, 0])).tolerable is None
    assert largest_tolerable(RATIOS, *answers(1000, [0, 0, 0], [0, 0, 0])).tolerable == 0.8


def test_few_examples_claim_nothing():
    """Of 100 answers that are all the same, 3.6 points may be lost; of 200 not 2."""
    assert largest_tolerable([0.5], *answers(100, [0], [0])).tolerable is None
    assert largest_tolerable([0.5], *answers(200, [0], [0])).tolerable == 0.5


def test_gains_are_set_against_losses():
    """30 of 1,000 lost and 30 gained are not the network that loses 30."""
    found = largest_tolerable([0.5], *answers(1000, [30], [30]), tolerated=0.03)
    assert (found.loss[0], found.tolerable) == (0, 0.5)
    assert largest_tolerable([0.5], *answers(1000, [30], [0]), tolerated=0.03).tolerable is None


def test_order_of_examples_does_not_matter():
    """Shuffled together, the answers claim the same."""
    dense, pruned = answers(500, [2, 9, 40], [1, 5, 0])
    order = np.random.default_rng(0).permutation(500)
    found, moved = largest_tolerable(RATIOS, dense, pruned), largest_tolerable(RATIOS, dense[order], pruned[:, order])
    assert moved.tolerable == found.tolerable
    np.testing.assert_array_equal(moved.bound, found.bound)


@pytest.mark.parametrize("gained", [0.0, 0.02, 0.2])
def test_false_claims_are_rare(gained):
    """Three ratios that lose just more than 2 points: in 4,000 test sets of 1,000 any is claimed in 5 % at most."""
    rng, n, draws = np.random.default_rng(0), 1000, 4000
    # of each example and ratio: lost, gained or neither; the ratios independent of each other, the worst that can be
    counts = rng.multinomial(n, [gained + 0.0201, gained, 1 - 2 * gained - 0.0201], (draws, 3))
    bounds = loss_bound(counts[..., 0], counts[..., 1], n)
    claimed = bounds[:, 0] <= 0.02  # a later ratio is claimed only after the first
    assert claimed.mean() <= 0.05
    assert (bounds < 0.0201).mean() <= 0.05


def test_false_claims_after_true_ones_are_rare():
    """Two ratios that lose nothing, two that lose 2.2 points: any of these is claimed in 5 % of 400 sets at most."""
    rng, n, false, told = np.random.default_rng(1), 800, 0, 0
    for _ in range(400):
        dense = rng.random(n) < 0.9
        lost = rng.random((4, n)) < np.array([[0.0], [0.0], [0.022 / 0.9], [0.022 / 0.9]])
        tolerable = largest_tolerable((0.1, 0.2, 0.3, 0.4), dense, dense & ~lost).tolerable
        false += tolerable is not None and tolerable > 0.2
        told += tolerable is not None and tolerable >= 0.2
    assert false <= 0.05 * 400
    assert told == 400


# Bad input


def test_what_does_not_belong_together_is_refused():
    """Ratios, dense and pruned answers: by their numbers, types and order."""
    dense, pruned = answers(10, [0, 0, 0], [0, 0, 0])
    with pytest.raises(ValueError, match=r"pruned_right must have shape \(2, 10\).*got \(3, 10\)"):
        largest_tolerable((0.1, 0.2), dense, pruned)
    with pytest.raises(ValueError, match=r"ratios must rise; got \[0.5, 0.2, 0.8\]"):
        largest_tolerable((0.5, 0.2, 0.8), dense, pruned)
    with pytest.raises(ValueError, match="dense_right must be True or False for each example; got int64"):
        largest_tolerable(RATIOS, dense.astype(int), pruned)
    with pytest.raises(ValueError, match=r"pruned_right must have shape \(K, N\), none of them zero; got \(10,\)"):
        largest_tolerable(RATIOS, dense, pruned[0])


@pytest.mark.parametrize("tolerated", [-0.01, 1, 2, np.nan])
def test_a_loss_that_is_no_share_is_refused(tolerated):
    """The message names it; 2 is not 2 points."""
    with pytest.raises(
        ValueError, match=f"tolerated is {tolerated}; it is a share and must be at least 0 and below 1"
    ):
        largest_tolerable(RATIOS, *answers(10, [0, 0, 0], [0, 0, 0]), tolerated=tolerated)


def test_a_confidence_is_between_zero_and_one():
    """The message names it."""
    with pytest.raises(ValueError, match="confidence is 95; it must be above 0 and below 1"):
        largest_tolerable(RATIOS, *answers(10, [0, 0, 0], [0, 0, 0]), confidence=95)
