"""Models as people build them: those that MC dropout serves, and those that it refuses with a sentence.

All map six numbers, or sequences or pictures of that many inputs, to three logits.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import cache

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


class Called(nn.Sequential):
    """What a call of it gives is not what its layers give."""

    def __call__(self, values: Tensor) -> Tensor:
        return 3 * super().__call__(values)


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


def recurrent_with_targets(self: nn.Module, values: Tensor, layers: nn.Module, *others: nn.Module) -> Tensor:
    if self.training:
        raise ValueError("targets are needed")
    return recurrent(self, values, layers, *others)


class Locked(nn.Module):
    """Not to be copied, and so not to be tried in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.lock, self.attention = threading.Lock(), nn.MultiheadAttention(8, 2, 0.2, batch_first=True)
        self.drop, self.linear = nn.Dropout(0.3), nn.Linear(8, 3)

    def forward(self, values: Tensor) -> Tensor:
        with self.lock:
            return attending(self, values, self.attention, self.drop, self.linear)


def tokens(self: nn.Module, values: Tensor, block: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(block(values).mean(1)))


def half_dropped(values: Tensor, training: bool) -> Tensor:
    return torch.nn.functional.dropout(values, 0.5, training)


scripted = cache(torch.jit.script)


def by_script(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(scripted(half_dropped)(inner(values), self.training)))


def skipping(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    """Stochastic depth, as it is often written."""
    hidden = values if self.training and random.random() < 0.5 else values + inner(values)
    return last(drop(hidden))


def silenced_by_numpy(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    hidden = inner(values)
    kept = np.random.rand(*hidden.shape) if self.training else np.ones(hidden.shape)  # noqa: NPY002
    return last(drop(hidden * torch.tensor(kept, dtype=hidden.dtype)))


def noisy_by_numpy(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(inner(values) + float(np.random.randn())))  # noqa: NPY002


def noisy(self: nn.Module, values: Tensor, inner: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(inner(values) + torch.randn_like(values)))


def normalised(self: nn.Module, values: Tensor, drop: nn.Module, last: nn.Module) -> Tensor:
    exponents = last(drop(values)).exp()
    return exponents / exponents.sum(1, keepdim=True)


def of_two(self: nn.Module, values: Tensor, drop: nn.Module, last: nn.Module) -> Tensor:
    second = last(drop(values)).sigmoid()
    return torch.cat([1 - second, second], 1)


def looked_up(self: nn.Module, values: Tensor, table: nn.Module, drop: nn.Module, last: nn.Module) -> Tensor:
    exponents = last(drop(table(values).flatten(1))).exp()
    return exponents / exponents.sum(1, keepdim=True)


def by_hand() -> nn.Module:
    return Own(normalised, nn.Dropout(0.3), nn.Linear(6, 3))


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
    "a Sequential with a call of its own": (lambda: Called(*net(nn.Dropout(0.3))), POINTS),
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


def ending(last: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.3), nn.Linear(6, 3), last)


def squeezed(self: nn.Module, values: Tensor, drop: nn.Module, last: nn.Module) -> Tensor:
    return last(drop(values))[:, 0]


ONE, INDICES = POINTS[:1], np.array([[0, 3], [1, 2], [4, 4]])
PROBABILITIES, RANDOM = "sums to 1 in every row", "draws random numbers"

# what it is → model, inputs, what the refusal says: of samples and of a single pass
REFUSED: dict[str, tuple[Build, np.ndarray, str]] = {
    "softmax last": (lambda: ending(nn.Softmax(1)), POINTS, r"ends in softmax in layer '3' \(Softmax\)"),
    "sigmoid last": (lambda: ending(nn.Sigmoid()), POINTS, r"ends in sigmoid in layer '3' \(Sigmoid\)"),
    "softmax by hand": (by_hand, POINTS, PROBABILITIES),
    "softmax by hand, one input": (by_hand, ONE, PROBABILITIES),
    "softmax by hand, equal inputs": (by_hand, POINTS[[2, 2, 2]], PROBABILITIES),
    "softmax by hand, halves": (lambda: by_hand().half(), POINTS, PROBABILITIES),
    "softmax by hand, bfloat16": (lambda: by_hand().bfloat16(), POINTS, PROBABILITIES),
    "softmax by hand, doubles": (lambda: by_hand().double(), POINTS, PROBABILITIES),
    "softmax by hand, one text": (
        lambda: Own(looked_up, nn.Embedding(5, 3), nn.Dropout(0.3), nn.Linear(6, 3)), INDICES[:1], PROBABILITIES,
    ),
    "one probability and its rest": (lambda: Own(of_two, nn.Dropout(0.3), nn.Linear(6, 1)), ONE, PROBABILITIES),
    "one output": (lambda: nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 1)), POINTS, r"\(2, 1\), one output"),
    "no second axis": (lambda: Own(squeezed, nn.Dropout(0.3), nn.Linear(6, 3)), POINTS, r"\(2,\) for 2 inputs"),
    "three axes": (lambda: ending(nn.Unflatten(1, (3, 1))), POINTS, r"\(2, 3, 1\) for 2 inputs"),
    "a tuple": (lambda: Own(lambda self, values, *_: (values, values)), POINTS, "returns a tuple; a tensor"),
    "another width": (lambda: net(nn.Dropout(0.3)), POINTS[:, :5], r"\(2, 5\): in layer '0' \(Linear\)"),
    "no weights yet": (lambda: nn.Sequential(nn.LazyLinear(3), nn.Dropout()), POINTS, r"layer '0' .*no weights yet"),
    "dropout that is always on": (
        lambda: Own(lambda self, values, last: last(functional.dropout(values)), nn.Linear(6, 3)), POINTS,
        "in Own drops in evaluation mode too",
    ),
    "noise": (lambda: Own(noisy, *parts()), POINTS, f"Own {RANDOM} in evaluation mode too"),
    "noise by NumPy": (lambda: Own(noisy_by_numpy, *parts()), POINTS, f"Own {RANDOM} in evaluation mode too"),
}  # fmt: skip
# what it is → model, inputs, what the refusal says: of samples alone
NOT_THINNED: dict[str, tuple[Build, np.ndarray, str]] = {
    "no dropout": (net, POINTS, r"Sequential has no nn\.Dropout layer"),
    "dropout in an attention": (
        lambda: Own(attending, nn.MultiheadAttention(8, 2, 0.2, batch_first=True), nn.Dropout(), nn.Linear(8, 3)),
        SEQUENCES, rf"layer 'parts.0' \(MultiheadAttention\) {RANDOM}",
    ),
    "dropout between recurrent layers": (
        lambda: Own(recurrent, nn.LSTM(8, 8, 2, dropout=0.2, batch_first=True), nn.Dropout(), nn.Linear(8, 3)),
        SEQUENCES, rf"layer 'parts.0' \(LSTM\) {RANDOM}",
    ),
    "dropout between recurrent layers, targets in training": (
        lambda: Own(recurrent_with_targets, nn.LSTM(8, 8, 2, dropout=0.2, batch_first=True), nn.Dropout(),
                    nn.Linear(8, 3)),
        SEQUENCES, r"layer 'parts.0' \(LSTM\) has dropout of its own, p = 0\.2",
    ),
    "dropout of a script": (lambda: Own(by_script, *parts()), POINTS, f"Own {RANDOM} of its own in training"),
    "a scripted model": (lambda: torch.jit.script(net(nn.Dropout(0.3))), POINTS, "TorchScript, whose dropout"),
    "stochastic depth": (lambda: Own(skipping, *parts()), POINTS, rf"Own {RANDOM} .*numpy\.random"),
    "silenced by NumPy": (lambda: Own(silenced_by_numpy, *parts()), POINTS, rf"Own {RANDOM} .*numpy\.random"),
    "inputs on the second axis": (
        lambda: Own(lambda self, values, drop, last: last(drop(values.transpose(0, 1))).mean(0), nn.Dropout(),
                    nn.Linear(8, 3)),
        SEQUENCES, r"layer 'parts.0' \(Dropout\) is given .*first axis",
    ),
}  # fmt: skip
