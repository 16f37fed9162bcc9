"""A Laplace approximation and 100 draws of it on the whole plane, against as many samples of MC dropout."""

from __future__ import annotations

import numpy as np
import torch

from pruning.inspect.plane import grid
from pruning.model.networks import draw_weights, mlp, with_weights
from tests.benchmarks.timing import report, seconds
from uncertainty.laplace import fit_laplace
from uncertainty.sampling import mc_dropout

N, TRAINED_ON = 100, 800


def main() -> None:
    torch.set_num_threads(1)
    points, rng = grid((-2.0, 3.0, -1.5, 2.0)), np.random.default_rng(0)
    inputs = rng.normal(size=(TRAINED_ON, 2)).astype(np.float32)
    labels = (inputs[:, 0] > inputs[:, 1]).astype(int)
    for hidden, weights, target in (
        ((64, 64), "last_layer", "at most 1"),
        ((32, 32), "surviving", "at most 20"),
        ((64, 64), "surviving", "at most 20"),
    ):
        model = mlp(2, hidden, 2, 0.2)
        with_weights(model, draw_weights(model, rng))
        found = fit_laplace(model, inputs, labels, weights)
        reference = seconds(lambda model=model: mc_dropout(model, points, N, 0), 3)
        fit = seconds(lambda model=model, weights=weights: fit_laplace(model, inputs, labels, weights), 3)
        drawn = seconds(lambda found=found: found.sample_logits(points, N, 0), 3)
        report(
            f"Laplace ({weights}, {found.n_weights} weights) of {TRAINED_ON} points, {N} draws of {len(points)}, "
            f"layers {hidden}",
            (fit + drawn) / reference,
            target,
            f"{1000 * fit:.0f} ms to fit, {1000 * drawn:.0f} ms to draw; MC dropout {1000 * reference:.0f} ms",
        )


if __name__ == "__main__":
    main()
