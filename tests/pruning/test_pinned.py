"""What training and MC dropout give, as it has been all along: a change here discards what everybody has stored.

The numbers are recorded and not worked out by hand. Another processor may round differently, hence the tolerance;
which units go may not change.
"""

from __future__ import annotations

import numpy as np
import pytest

from pruning import Experiment, ImageExperiment, Network, run

POINTS = {
    "points": 300, "hidden": (16, 12), "max_epochs": 25, "patience": 25, "learning_rate": 0.02, "prune_ratio": 0.5,
}  # fmt: skip
IMAGES = {"max_epochs": 2, "train_images": 200, "prune_ratio": 0.2}
# strategy → units left, sums of the positions of those removed by layer, validation loss at the end, first test
# probability, mean mutual information on test, a logit far away or of an unknown digit
ON_POINTS = {
    "one_shot": (14, (62, 42), 0.236263, 0.064918, 0.068761, -7.6102),
    "one_shot_rewind": (14, (62, 42), 0.290267, 0.08034, 0.074927, -5.0853),
    "one_shot_random": (14, (62, 42), 0.314885, 0.236745, 0.08, -1.3551),
    "iterative": (14, (71, 26), 0.293836, 0.087714, 0.08413, -2.6771),
    "iterative_finetune": (14, (65, 34), 0.242658, 0.025373, 0.090023, -12.9712),
    "prune_only": (14, (62, 42), 0.394518, 0.20862, 0.031911, -2.244),
    "random_mask": (14, (65, 29), 0.323076, 0.141263, 0.06183, -1.7763),
}
ON_IMAGES = {
    "one_shot": (45, (9, 32, 63), 1.961197, 0.115868, 0.003832, 0.1532),
    "iterative_finetune": (45, (9, 32, 63), 1.73552, 0.082791, 0.008948, 0.2958),
    "random_mask": (45, (12, 14, 84), 2.046468, 0.121516, 0.001035, 0.0315),
}


def held(network: Network, few: int, many: int, recorded: tuple) -> None:
    units, removed, *numbers = recorded
    assert network.units == units
    assert tuple(int(np.flatnonzero(~mask).sum()) for mask in network.masks.values()) == removed
    found = [
        network.val_loss[-1], network.test.probs(few)[0, 0], network.test.epistemic(many).mean(),
        network.ood.logits[3, 0],
    ]  # fmt: skip
    np.testing.assert_allclose(found, numbers, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("strategy", ON_POINTS)
def test_networks_on_points_are_what_they_were(strategy):
    """Masks, losses and answers of every strategy at one ratio."""
    held(run(Experiment(strategy=strategy, **POINTS)).pruned, 7, 200, ON_POINTS[strategy])


@pytest.mark.parametrize("strategy", ON_IMAGES)
def test_networks_on_images_are_what_they_were(strategy):
    """Masks, losses and answers of three strategies on digits."""
    held(run(ImageExperiment(strategy=strategy, **IMAGES)).pruned, 5, 100, ON_IMAGES[strategy])
