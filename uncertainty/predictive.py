"""The uncertainty of a predictive distribution, split into what is noise and what is ignorance.

Everything takes `probs: (S, N, C)`, S samples of class probabilities, and returns (N,) in nats:

    predictive entropy = expected entropy (aleatoric) + mutual information (epistemic)

each between 0 and ln C (Houlsby et al. 2011, equation 2; Gal 2016, section 3.3). Arrays, lists and
tensors will do; what is forgiven as rounding is said in `uncertainty.arrays.distributions`.
"""

from __future__ import annotations

import numpy as np

from uncertainty.arrays import as_array, distributions


def mean_probs(probs: np.ndarray) -> np.ndarray:
    """The predictive distribution (N, C): the mean over samples."""
    return _checked(probs).mean(axis=0)


def confidence(probs: np.ndarray) -> np.ndarray:
    """The maximum class probability of the mean predictive, also called MSP."""
    return mean_probs(probs).max(axis=-1)


def predictive_entropy(probs: np.ndarray) -> np.ndarray:
    """H[E p]: total uncertainty, the entropy of the mean predictive."""
    return entropy(mean_probs(probs))


def expected_entropy(probs: np.ndarray) -> np.ndarray:
    """E H[p]: aleatoric uncertainty, what remains when the network is known."""
    return entropy(_checked(probs)).mean(axis=0)


def mutual_information(probs: np.ndarray) -> np.ndarray:
    """H[E p] − E H[p] ≥ 0: epistemic uncertainty (BALD), the disagreement between samples.

    Zero for a single sample. Rounding below zero is cut off.
    """
    return np.maximum(predictive_entropy(probs) - expected_entropy(probs), 0.0)


def entropy(probs: np.ndarray, dtype: type[np.floating] = np.float64) -> np.ndarray:
    """−Σ p ln p over the last axis, in nats; 0 ln 0 counts as 0, and rounding below zero is cut off.

    dtype: what is computed in. float32 is good to some 10⁻⁷ nats, in a fifth of the time.
    """
    probs = as_array(probs, "probs").astype(dtype, copy=False)
    terms = np.where(probs > 0, probs, dtype(1))
    np.log(terms, out=terms)  # in place: fresh memory costs more than the arithmetic
    terms *= probs
    return np.maximum(-_sum_of_classes(terms), dtype(0)) + dtype(0)  # never −0.0


def _sum_of_classes(values: np.ndarray) -> np.ndarray:
    """The sum over the last axis, which for the few classes that there are takes NumPy far longer as one call."""
    if not 0 < values.shape[-1] < 8:
        return values.sum(axis=-1)
    total = values[..., 0].copy()
    for i in range(1, values.shape[-1]):
        total += values[..., i]
    return total


def _checked(probs: np.ndarray) -> np.ndarray:
    probs = as_array(probs, "probs")
    if probs.ndim != 3 or 0 in probs.shape:
        raise ValueError(
            f"probs must have shape (S, N, C), none of them zero; got {probs.shape}. "
            "A single pass of shape (N, C) is probs[None]."
        )
    return distributions(probs)
