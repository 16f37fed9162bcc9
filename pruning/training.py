"""Training a stack of K multilayer perceptrons at once, each with its own early stop.

Every parameter has a leading K axis, and examples come last: activations are (K, units, N). One
batched product then serves the whole stack, and elementwise work runs over contiguous examples.
The gradients are written out by hand, which halves the time that autograd takes for networks this
small; a test holds them against autograd. Networks that have stopped leave the stack.

What a network learns never depends on what else is in its stack: its weights, its dropout noise
and its stop are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pruning.networks import Weights
from pruning.randomness import Purpose, dropout_noise, stream

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's usual constants (Kingma & Ba 2015)
STACK_ELEMENTS = 2**23  # activations of a layer over a stack: bounds its memory to about 70 MB a layer
REPORT_EVERY = 10  # epochs between two calls of `on_epoch`: a cancel is heard within milliseconds


@dataclass(frozen=True)
class Schedule:
    """How long and how fast: full-batch Adam until validation has not improved for `patience` epochs."""

    learning_rate: float
    patience: int
    max_epochs: int


@dataclass(frozen=True)
class Examples:
    """Training and validation data: inputs (N, D) float32, labels (N,) int64."""

    train_inputs: Tensor
    train_labels: Tensor
    val_inputs: Tensor
    val_labels: Tensor


@dataclass(frozen=True)
class Start:
    """Where one network of the stack begins, and the seed of its dropout noise."""

    weights: Weights
    seed: int


@dataclass(frozen=True)
class Trained:
    """One network after training.

    Epoch 0 is the start, before any step; epoch e comes after e steps. `weights` are a copy of
    those of `best_epoch`, the epoch of the lowest validation loss; `rewind` are those of the
    rewind epoch or, where training ended sooner, of the last epoch. Losses are in nats per
    example: `val_loss[e]` at epoch e, `train_loss[e]` with dropout during step e + 1. `diverged`
    says that training ended because a loss was no longer a finite number.
    """

    weights: Weights
    rewind: Weights
    best_epoch: int
    train_loss: np.ndarray
    val_loss: np.ndarray
    diverged: bool


@contextmanager
def one_thread() -> Iterator[None]:
    """Run torch on one thread: for networks this small a second one only waits for the first."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train_stack(
    starts: Sequence[Start],
    examples: Examples,
    schedule: Schedule,
    dropout: float,
    *,
    phase: int = 0,
    rewind_epoch: int = 0,
    on_epoch: Callable[[int, int], None] | None = None,
) -> Iterator[tuple[int, Trained]]:
    """Train the networks together; yield (position in `starts`, result) as each one stops.

    `phase` numbers the training runs of one network (0 dense, then the pruning levels), so that
    each has dropout noise of its own. `on_epoch(epoch, still_training)` may raise to stop it all.
    """
    # Networks of one seed share their dropout noise: side by side, they share it in one stack.
    waiting = sorted(range(len(starts)), key=lambda i: starts[i].seed)
    while waiting:
        size = max(1, STACK_ELEMENTS // _activations(starts[waiting[0]], examples))
        members, waiting = waiting[:size], waiting[size:]
        stack = _Stack(members, starts, examples, dropout, phase, rewind_epoch)
        for epoch in range(schedule.max_epochs + 1):
            if on_epoch and epoch % REPORT_EVERY == 0:
                on_epoch(epoch, len(stack.members) + len(waiting))
            yield from stack.leave(stack.validate(epoch, schedule))
            if not stack.members:
                break
            stack.step(epoch + 1, schedule.learning_rate)


def _activations(start: Start, examples: Examples) -> int:
    """The number of activations in the widest layer of one network, over the training data."""
    return len(examples.train_labels) * max(len(value) for value in start.weights.values())


class _Stack:
    """The networks still in training, as one set of arrays.

    All parameters live in one flat vector, so that Adam updates them in one go; `self.params`
    are views into it, per layer a weight (K, out, in) and a bias (K, out, 1).
    """

    def __init__(
        self,
        members: list[int],
        starts: Sequence[Start],
        examples: Examples,
        dropout: float,
        phase: int,
        rewind_epoch: int,
    ) -> None:
        self.names = list(starts[0].weights)
        self.shapes = {name: tuple(starts[0].weights[name].shape) for name in self.names}
        self.members = members  # positions in `starts`, sorted by seed
        self.seeds = [starts[i].seed for i in self.members]
        self.noise = {seed: stream(seed, Purpose.DROPOUT, phase) for seed in self.seeds}
        self.dropout = dropout
        self.rewind_epoch = rewind_epoch
        # Features first: inputs (D, N). The last axis is the contiguous one everywhere.
        self.train_x = examples.train_inputs.T.contiguous()
        self.val_x = examples.val_inputs.T.contiguous()
        self.val_y = examples.val_labels
        self.target = torch.nn.functional.one_hot(examples.train_labels, self._n_classes()).T.float()
        k, n = len(members), len(examples.train_labels)
        widths = [self.shapes[name][0] for name in self.names[:-2:2]]
        # Written over in every epoch: fresh memory of this size costs more than the arithmetic.
        self.hidden = [torch.empty(k, width, n) for width in widths]
        self.delta = [torch.empty(k, width, n) for width in widths]
        self.kept = torch.empty(max(widths), n)
        stacked = [torch.stack([starts[i].weights[n] for i in self.members]) for n in self.names]
        self._hold(torch.cat([values.reshape(-1) for values in stacked]))
        self.m = torch.zeros_like(self.flat)
        self.v = torch.zeros_like(self.flat)
        self.best = [values.clone() for values in stacked]
        self.rewind = [values.clone() for values in stacked]
        self.best_loss = np.full(k, np.inf)
        self.best_epoch = np.zeros(k, int)
        self.train_losses: list[list[float]] = [[] for _ in range(k)]
        self.val_losses: list[list[float]] = [[] for _ in range(k)]

    def _n_classes(self) -> int:
        return self.shapes[self.names[-1]][0]

    def _hold(self, flat: Tensor) -> None:
        """Take `flat` as the parameters, with views per layer and a gradient of the same layout."""
        self.flat, self.grad = flat, torch.empty_like(flat)
        self.params, self.grads = self._views(self.flat), self._views(self.grad)
        self.layers = [(w, b.unsqueeze(-1)) for w, b in zip(self.params[::2], self.params[1::2], strict=True)]

    def _views(self, flat: Tensor) -> list[Tensor]:
        """The flat vector as one (K, …) view per parameter."""
        k = len(self.members)
        sizes = [k * int(np.prod(self.shapes[name])) for name in self.names]
        parts = flat.split(sizes)
        return [part.view(k, *self.shapes[name]) for part, name in zip(parts, self.names, strict=True)]

    @torch.no_grad()
    def validate(self, epoch: int, schedule: Schedule) -> np.ndarray:
        """Note the validation loss of every network, keep copies of the best; True where it stops."""
        values = self.val_x.expand(len(self.members), -1, -1)
        for weight, bias in self.layers[:-1]:
            values = torch.baddbmm(bias, weight, values).relu_()
        weight, bias = self.layers[-1]
        log_probs = torch.baddbmm(bias, weight, values).log_softmax(dim=1)
        loss = -log_probs[:, self.val_y, torch.arange(len(self.val_y))].double().mean(dim=1).numpy()
        for k, value in enumerate(loss):
            self.val_losses[k].append(float(value))
        better = np.flatnonzero(loss < self.best_loss)
        self.best_loss[better], self.best_epoch[better] = loss[better], epoch
        self._copy(self.best, better)
        if epoch <= self.rewind_epoch:
            self._copy(self.rewind, np.arange(len(self.members)))
        worn_out = epoch - self.best_epoch >= schedule.patience
        return ~np.isfinite(loss) | worn_out | (epoch == schedule.max_epochs)

    def _copy(self, into: list[Tensor], which: np.ndarray) -> None:
        if len(which):
            index = torch.from_numpy(which)
            for target, source in zip(into, self.params, strict=True):
                target[index] = source[index]

    def leave(self, stopped: np.ndarray) -> Iterator[tuple[int, Trained]]:
        """Yield the networks that have stopped and close the ranks of those that have not."""
        if not stopped.any():
            return
        results = [(self.members[k], self._result(int(k))) for k in np.flatnonzero(stopped)]
        stay = np.flatnonzero(~stopped)
        self._close_ranks(stay)
        yield from results

    def _result(self, k: int) -> Trained:
        return Trained(
            weights={n: v[k].clone() for n, v in zip(self.names, self.best, strict=True)},
            rewind={n: v[k].clone() for n, v in zip(self.names, self.rewind, strict=True)},
            best_epoch=int(self.best_epoch[k]),
            train_loss=np.array(self.train_losses[k]),
            val_loss=np.array(self.val_losses[k]),
            diverged=not np.isfinite(self.val_losses[k][-1]),
        )

    def _close_ranks(self, stay: np.ndarray) -> None:
        index = torch.from_numpy(stay)
        flats = [torch.cat([v[index].reshape(-1) for v in self._views(f)]) for f in (self.flat, self.m, self.v)]
        self.best = [value[index] for value in self.best]
        self.rewind = [value[index] for value in self.rewind]
        self.best_loss, self.best_epoch = self.best_loss[stay], self.best_epoch[stay]
        for name in ("members", "seeds", "train_losses", "val_losses"):
            setattr(self, name, [getattr(self, name)[k] for k in stay])
        self.m, self.v = flats[1:]
        self._hold(flats[0])

    @torch.no_grad()
    def step(self, t: int, learning_rate: float) -> None:
        """One full-batch gradient step, the t-th, for every network."""
        k, n = len(self.members), self.train_x.shape[1]
        # The rescaling of dropout, 1/keep, is folded into the weights that read a dropped-out
        # layer: there are far fewer weights than activations.
        keep = 1 - round(self.dropout * 65536) / 65536
        readers = [self.layers[0][0], *(weight / keep for weight, _ in self.layers[1:])]
        biases = [bias for _, bias in self.layers]
        inputs = [self.train_x.expand(k, -1, -1), *(hidden[:k] for hidden in self.hidden)]
        for i in range(len(self.hidden)):
            torch.baddbmm(biases[i], readers[i], inputs[i], out=inputs[i + 1]).relu_()
            self._drop(inputs[i + 1])
        log_probs = torch.baddbmm(biases[-1], readers[-1], inputs[-1]).log_softmax(dim=1)
        loss = -(log_probs * self.target).sum(dim=1).double().mean(dim=1)
        for position, value in enumerate(loss.tolist()):
            self.train_losses[position].append(value)
        # Backward. `delta` is the loss gradient with respect to a layer's pre-activations. A unit
        # that is negative, dropped or removed has activation 0, and so passes no gradient on.
        delta = (log_probs.exp_() - self.target).div_(n)
        for i in reversed(range(len(self.layers))):
            torch.bmm(delta, inputs[i].transpose(1, 2), out=self.grads[2 * i])
            torch.sum(delta, dim=2, out=self.grads[2 * i + 1])
            if i > 0:
                self.grads[2 * i].div_(keep)
                back = self.delta[i - 1][:k]
                torch.bmm(readers[i].transpose(1, 2), delta, out=back)
                delta = torch.ops.aten.threshold_backward(back, inputs[i], 0, grad_input=back)
        self._adam(t, learning_rate)

    def _drop(self, hidden: Tensor) -> None:
        """Multiply the activations (K, units, N) in place by the keep pattern of each network's seed."""
        if self.dropout == 0:
            return
        kept = self.kept[: hidden.shape[1]]
        start = 0
        for seed in dict.fromkeys(self.seeds):
            stop = start + self.seeds.count(seed)
            pattern = dropout_noise(self.noise[seed], tuple(kept.shape), self.dropout)
            hidden[start:stop].mul_(kept.copy_(torch.from_numpy(pattern)))
            start = stop

    def _adam(self, t: int, learning_rate: float) -> None:
        """Adam on the flat parameter vector; every network of a stack has taken the same t steps."""
        self.m.lerp_(self.grad, 1 - BETA1)
        self.v.mul_(BETA2).addcmul_(self.grad, self.grad, value=1 - BETA2)
        denominator = self.v.div(1 - BETA2**t).sqrt_().add_(EPSILON)
        self.flat.addcdiv_(self.m, denominator, value=-learning_rate / (1 - BETA1**t))
