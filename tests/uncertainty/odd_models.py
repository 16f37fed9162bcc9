"""Models as people build them: those that MC dropout serves, and those that it refuses with a sentence.

All map six numbers, or sequences or pictures of that many inputs, to three logits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune
from torch.utils.checkpoint import checkpoint

Build = Callable[[], nn.Module]


def seeded(build: Build, seed: int = 0) -> nn.Module:
    """A network with weights of its own generator state; the global one is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def draw(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


POINTS, PICTURES, SEQUENCES = draw(7, 6), draw(5, 2, 6, 6), draw(5, 4, 8)


def net(*middle: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 6), *middle, nn.Linear(6, 3))


class Residual(nn.Module):
    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.inner, self.drop, self.outer = nn.Linear(6, 6), nn.Dropout(p), nn.Linear(6, 6)

    def forward(self, values: Tensor) -> Tensor:
        return values + self.outer(self.drop(torch.relu(self.inner(values))))


class Own(nn.Module):
    """A forward of its own over a few parts."""

    def __init__(self, forward: Callable[..., object], *parts: nn.Module) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.way = forward

    def forward(self, values: Tensor) -> object:
        return self.way(self, values, *self.parts)


class Tripled(nn.Sequential):
    def forward(self, values: Tensor) -> Tensor:
        return 3 * super().forward(values)


class TripledLinear(nn.Linear):
    def forward(self, values: Tensor) -> Tensor:
        return 3 * super().forward(values)


class Stubborn(nn.Module):
    """Its train() forgets to return the module."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.linear = nn.Dropout(0.3), nn.Linear(6, 3)

    def train(self, mode: bool = True) -> None:  # type: ignore[override]
        super().train(mode)

    def forward(self, values: Tensor) -> Tensor:
        return self.linear(self.drop(values))


def twice(dropout: nn.Module) -> nn.Sequential:
    return nn.Sequential(dropout, nn.Linear(6, 6), dropout, nn.Linear(6, 3))


def hooked(place: int) -> nn.Sequential:
    model = net(nn.Dropout(0.3))
    model[place].register_forward_hook(lambda module, inputs, output: 3 * output)
    return model


def hooked_whole() -> nn.Sequential:
    model = net(nn.Dropout(0.3))
    model.register_forward_hook(lambda module, inputs, output: 3 * output)
    return model


def with_another_forward() -> nn.Sequential:
    model = net(nn.Dropout(0.3))
    plain = model[2].forward
    model[2].forward = lambda values: 3 * plain(values)
    return model


def pruned_by_torch() -> nn.Sequential:
    model = net(nn.Dropout(0.3))
    prune.l1_unstructured(model[0], "weight", 0.5)
    prune.ln_structured(model[2], "weight", 0.3, 2, 0)
    return model


def tied() -> nn.Sequential:
    model = nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.4), nn.Linear(6, 6), nn.Linear(6, 3))
    model[2].weight = model[0].weight
    return model


def into_a_buffer(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    rows, hidden = torch.zeros(2, len(values), 6), inner(values)
    for i in range(2):
        rows[i] = drop(hidden)
    return last(rows.sum(0))


def in_place_behind(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    hidden = inner(values)
    dropped = drop(hidden)
    hidden.relu_()
    return last(hidden + dropped)


def both(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    hidden = inner(values)
    return last(drop(hidden) + hidden)


def straight(self: nn.Module, values: Tensor, *parts: nn.Module) -> Tensor:
    for part in parts:
        values = part(values)
    return values


def convolutional(self: nn.Module, values: Tensor, *parts: nn.Module) -> Tensor:
    first, second, maps, units, hidden, last = parts
    values = functional.relu(maps(second(functional.relu(first(values)))))
    values = torch.flatten(functional.max_pool2d(values, 2), 1)
    return last(units(functional.relu(hidden(values))))


def functionally(self: nn.Module, values: Tensor, inner: nn.Module, last: nn.Module) -> Tensor:
    return last(functional.dropout(inner(values), 0.4, self.training))


def attending(self: nn.Module, values: Tensor, attention: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(attention(values, values, values)[0].mean(1)))


def recurrent(self: nn.Module, values: Tensor, layers: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(layers(values)[0][:, -1]))


def tokens(self: nn.Module, values: Tensor, block: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(block(values).mean(1)))


def parts() -> tuple[nn.Module, nn.Module, nn.Module]:
    return nn.Linear(6, 6), nn.Dropout(0.4), nn.Linear(6, 3)


SERVED: dict[str, tuple[Build, np.ndarray]] = {
    "residual blocks": (lambda: nn.Sequential(Residual(), Residual(), nn.Linear(6, 3), nn.Dropout(0.05)), POINTS),
    "dropout in front of residual blocks": (
        lambda: nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.05), Residual(), Residual(), nn.Linear(6, 3)),
        POINTS,
    ),
    "a forward of its own": (lambda: Own(straight, *parts()), POINTS),
    "a skip connection": (lambda: Own(both, *parts()), POINTS),
    "a functional dropout": (lambda: Own(functionally, nn.Linear(6, 6), nn.Linear(6, 3)), POINTS),
    "one dropout twice": (lambda: twice(nn.Dropout(0.4)), POINTS),
    "one dropout twice, a forward of its own": (lambda: Own(straight, *twice(nn.Dropout(0.4))), POINTS),
    "a subclass of Sequential": (lambda: Tripled(*net(nn.Dropout(0.3))), POINTS),
    "a subclass of Linear": (lambda: nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.3), TripledLinear(6, 3)), POINTS),
    "a hook on a linear layer": (lambda: hooked(2), POINTS),
    "a hook on a dropout": (lambda: hooked(1), POINTS),
    "a hook on the whole": (hooked_whole, POINTS),
    "another forward on a layer": (with_another_forward, POINTS),
    "weights masked by torch": (lambda: pruned_by_torch().eval(), POINTS),
    "weights masked by torch, training": (pruned_by_torch, POINTS),
    "weight norm": (
        lambda: nn.Sequential(
            parametrizations.weight_norm(nn.Linear(6, 6)),
            nn.Dropout(0.3),
            parametrizations.weight_norm(nn.Linear(6, 3)),
        ),
        POINTS,
    ),
    "spectral norm, training": (
        lambda: net(nn.Dropout(0.3), parametrizations.spectral_norm(nn.Linear(6, 6))),
        POINTS,
    ),
    "shared weights": (tied, POINTS),
    "checkpointed": (
        lambda: Own(
            lambda self, values, block, last: last(checkpoint(block, values, use_reentrant=False)),
            nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.4)),
            nn.Linear(6, 3),
        ),
        POINTS,
    ),
    "in place first": (
        lambda: nn.Sequential(nn.LeakyReLU(0.1, True), nn.Dropout(0.3), nn.ELU(inplace=True), nn.Linear(6, 3)),
        POINTS,
    ),
    "in place behind dropout": (lambda: Own(in_place_behind, *parts()), POINTS),
    "in-place dropout": (lambda: Own(both, nn.Linear(6, 6), nn.Dropout(0.4, inplace=True), nn.Linear(6, 3)), POINTS),
    "a buffer filled in place": (lambda: Own(into_a_buffer, *parts()), POINTS),
    "softmax inside": (lambda: net(nn.Dropout(0.4), nn.Softmax(1)), POINTS),
    "softmax across the inputs": (lambda: net(nn.Dropout(0.4), nn.Softmax(0)), POINTS),
    "batch statistics": (lambda: net(nn.Dropout(0.4), nn.BatchNorm1d(6, track_running_stats=False)), POINTS),
    "log-softmax last": (lambda: nn.Sequential(*net(nn.Dropout(0.4)), nn.LogSoftmax(1)), POINTS),
    "RReLU": (lambda: net(nn.RReLU(), nn.Dropout(0.3)), POINTS),
    "its train() returns nothing": (Stubborn, POINTS),
    "alpha dropout": (lambda: net(nn.SELU(), nn.AlphaDropout(0.3)), POINTS),
    "maps": (lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.Dropout2d(0.4), nn.Flatten(), nn.Linear(64, 3)), PICTURES),
    "maps, in their own forward": (
        lambda: Own(
            convolutional,
            *(nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 3), nn.Dropout2d(0.3)),
            *(nn.Dropout(0.3), nn.Linear(4, 8), nn.Linear(8, 3)),
        ),
        PICTURES,
    ),
    "maps, alpha": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.FeatureAlphaDropout(0.4), nn.Flatten(), nn.Linear(64, 3)),
        PICTURES,
    ),
    "signals": (
        lambda: nn.Sequential(nn.Conv1d(4, 5, 3), nn.Dropout1d(0.4), nn.Flatten(), nn.Linear(30, 3)),
        SEQUENCES,
    ),
    "steps in front of a linear layer": (
        lambda: nn.Sequential(
            nn.Linear(8, 8), nn.Dropout(0.4), nn.Linear(8, 8), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)
        ),
        SEQUENCES,
    ),
    "attention": (
        lambda: Own(attending, nn.MultiheadAttention(8, 2, batch_first=True), nn.Dropout(0.3), nn.Linear(8, 3)),
        SEQUENCES,
    ),
    "recurrent": (
        lambda: Own(recurrent, nn.LSTM(8, 8, 2, batch_first=True), nn.Dropout(0.3), nn.Linear(8, 3)),
        SEQUENCES,
    ),
    "an encoder": (
        lambda: Own(
            tokens,
            nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True),
            nn.Dropout(0.3),
            nn.Linear(8, 3),
        ),
        SEQUENCES,
    ),
}
