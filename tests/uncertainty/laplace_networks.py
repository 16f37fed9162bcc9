"""Small networks and examples for the tests of Laplace approximations, by NumPy's generators."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import nn

from uncertainty.laplace import fit_laplace
from uncertainty.laplace_predictive import Laplace


def tanh_net(bias: bool = True, dtype: torch.dtype = torch.float64) -> nn.Sequential:
    """2-5-3, with 33 weights or, without the last bias, 30."""
    rng = np.random.default_rng(5)
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3, bias=bias)).double()
    for parameter in model.parameters():
        parameter.data = torch.from_numpy(rng.normal(size=tuple(parameter.shape)))
    return model.to(dtype)


def examples() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (30, 2) and labels (30,) to train on, and four inputs to ask about."""
    rng = np.random.default_rng(6)
    return rng.normal(size=(30, 2)), rng.integers(0, 3, 30), rng.normal(size=(4, 2)) * 2


def fitted(*args: object, bias: bool = True, **kwargs: object) -> Laplace:
    inputs, labels, _ = examples()
    return fit_laplace(tanh_net(bias), inputs, labels, *args, **kwargs)  # type: ignore[arg-type]


def two_moons(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    labels, t = rng.integers(0, 2, n), rng.uniform(0, np.pi, n)
    upper, lower = np.c_[np.cos(t), np.sin(t)], np.c_[1 - np.cos(t), 0.5 - np.sin(t)]
    points = np.where(labels[:, None] == 0, upper, lower) + 0.2 * rng.normal(size=(n, 2))
    return points.astype(np.float32), labels


@cache
def trained_on_moons() -> tuple[nn.Sequential, np.ndarray, np.ndarray]:
    """A 2-32-32-2 network with dropout, trained on 300 points, and these."""
    points, labels = two_moons(300)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = nn.Sequential(
            *(nn.Linear(2, 32), nn.ReLU(), nn.Dropout(0.2)),
            *(nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.2)),
            nn.Linear(32, 2),
        )
        optimiser = torch.optim.Adam(model.parameters(), 2e-2, weight_decay=1e-3)
        for _ in range(200):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(torch.from_numpy(points)), torch.from_numpy(labels)).backward()
            optimiser.step()
    return model.eval(), points, labels
