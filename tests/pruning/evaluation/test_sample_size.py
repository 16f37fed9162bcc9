"""How many samples are enough: the band against real other draws, and where nothing varies."""

from __future__ import annotations

import numpy as np
import pytest

from pruning.evaluation.sample_size import do_vary, sample_bands
from uncertainty.calibration import accuracy, negative_log_likelihood
from uncertainty.predictions import Sampled, running_means
from uncertainty.predictive import entropy

FRAMES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200)
N = 300
TRUE = np.random.default_rng(0).normal(0, 2, N)
TRUTH = np.stack([1 / (1 + np.exp(TRUE)), 1 / (1 + np.exp(-TRUE))], axis=1)


def probabilities(n_samples: int, seed: int) -> np.ndarray:
    """(S, N, 2): in each sample the boundary lies a little elsewhere, and is a little steeper or flatter."""
    rng = np.random.default_rng(seed)
    shift, slope = rng.normal(0, 1, (n_samples, 1)), np.exp(rng.normal(0, 0.5, (n_samples, 1)))
    second = 1 / (1 + np.exp(-slope * (TRUE + shift)))
    return np.stack([1 - second, second], axis=-1)


def sampled(probs: np.ndarray, frames: tuple[int, ...] = FRAMES) -> Sampled:
    return Sampled(frames, running_means(probs, frames), running_means(entropy(probs), frames))


def test_the_band_is_as_wide_as_other_draws_lie_apart():
    """Of ten and of fifty samples, against 400 real draws of as many, averaged over 12 draws of the samples."""
    for n in (10, 50):
        for name, measure in (("nll", negative_log_likelihood), ("accuracy", accuracy)):
            real = [measure(probabilities(n, 1000 + seed).mean(axis=0), TRUTH) for seed in range(400)]
            low, high = np.quantile(real, [0.025, 0.975])
            bands = [sample_bands(sampled(probabilities(200, seed)), TRUTH)[name] for seed in range(12)]
            place = FRAMES.index(n)
            assert np.mean([band.half(n) for band in bands]) == pytest.approx((high - low) / 2, rel=0.35)
            # Fewer samples cost likelihood on average: the band lies where they do.
            middle = np.mean([(band.low[place] + band.high[place]) / 2 for band in bands])
            assert middle == pytest.approx((low + high) / 2, abs=(high - low) / 3)


def test_the_band_holds_what_the_first_samples_gave():
    """Mostly: of twenty draws of samples, after twenty of them."""
    inside = []
    for seed in range(20):
        band = sample_bands(sampled(probabilities(200, seed)), TRUTH)["nll"]
        place = FRAMES.index(20)
        inside.append(band.low[place] <= band.value[place] <= band.high[place])
    assert np.mean(inside) >= 0.85


def test_more_samples_leave_less_open():
    """The half width falls about as one over the root of their number; values are those of the running means."""
    said = sampled(probabilities(200, 3))
    found = sample_bands(said, TRUTH)
    assert found["nll"].half(200) == pytest.approx(found["nll"].half(50) / 2, rel=0.3)
    for place, n in enumerate(FRAMES):
        assert found["nll"].value[place] == pytest.approx(negative_log_likelihood(said.probs(n), TRUTH))


def test_labels_do_as_well_as_the_truth():
    """And equal calls give equal bands."""
    labels = TRUTH.argmax(axis=1)
    said = sampled(probabilities(200, 3))
    one, other = sample_bands(said, labels), sample_bands(said, labels)
    np.testing.assert_array_equal(one["ece"].low, other["ece"].low)
    assert (one["accuracy"].high <= 1).all()


@pytest.mark.parametrize(
    "said",
    [
        sampled(np.repeat(probabilities(1, 0), 200, axis=0)),  # dropout at rate 0
        sampled(probabilities(1, 0), (1,)),  # a single pass
    ],
    ids=["equal samples", "one sample"],
)
def test_samples_that_do_not_vary_have_no_band(said):
    """It says so, and can be asked first."""
    assert not do_vary(said)
    with pytest.raises(ValueError, match="do not vary"):
        sample_bands(said, TRUTH)
