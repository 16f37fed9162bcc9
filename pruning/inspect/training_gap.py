"""How much better a network does on what it has learned from than on what it has not: the gap of overfitting."""

from __future__ import annotations

import numpy as np
import torch

from pruning.data import images
from pruning.experiment import ImageExperiment
from pruning.model.build import module
from pruning.outcome import Network, Outcome, PlaneOutcome
from pruning.training.threads import one_thread
from uncertainty.sampling import single_pass

MOST = 2_000  # training examples that are asked about: their accuracy is then known to a hundredth


def training_gap(outcome: Outcome, network: Network) -> float:
    """Accuracy on the training examples, with the labels that were learned, minus that on the test examples.

    Both of a single pass; of at most `MOST` training examples. In [−1, 1]: above 0 where more is known of what was
    learned, below 0 where learned labels are wrong and the network has not followed them. Raises `NoImages` where
    the pictures have gone.
    """
    inputs, labels = _learned(outcome)
    with one_thread():
        known = single_pass(module(outcome.experiment, network, outcome.n_classes), inputs).argmax(axis=1) == labels
    seen = network.test.single_pass().argmax(axis=1) == outcome.test_labels
    return float(known.mean() - seen.mean())


def _learned(outcome: Outcome) -> tuple[torch.Tensor, np.ndarray]:
    if isinstance(outcome, PlaneOutcome):
        inputs, labels = outcome.train_inputs, outcome.train_labels
    else:
        chosen = outcome.experiment
        assert isinstance(chosen, ImageExperiment)
        learned = images.training(chosen.dataset, chosen.train_images, chosen.seed).train
        inputs, labels = learned.pixels, learned.labels
    return torch.from_numpy(np.ascontiguousarray(inputs[:MOST])), labels[:MOST]
