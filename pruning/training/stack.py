"""Training a stack of K multilayer perceptrons at once, each with its own early stop.

Every parameter has a leading K axis, and examples come last: activations are (K, units, N). One
batched product then serves the whole stack, and elementwise work runs over contiguous examples.
The gradients are written out by hand, which halves the time that autograd takes for networks this
small; a test holds them against autograd. Networks that have stopped leave the stack.

What a network learns never depends on what else is in its stack: its weights, its dropout noise
and its stop are its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pruning.model.networks import Weights
from pruning.training.schedule import Examples, Schedule, Trained, improves
from pruning.training.stack_dropout import StackDropout

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam's usual constants (Kingma & Ba 2015)
STACK_ELEMENTS = 2**23  # activations of a layer over a stack: bounds its memory to about 70 MB a layer
LANES = 16  # the examples of a batched product are rounded up to these, see `_columns`
REPORT_EVERY = 10  # epochs between two calls of `on_epoch`: a cancel is heard within milliseconds


@dataclass(frozen=True)
class Start:
    """Where one network of the stack begins, and the seed of its dropout noise."""

    weights: Weights
    seed: int
    rates: tuple[float, ...] = ()  # of dropout, for each hidden layer; without them, that of the stack


Watch = Callable[[int, int, Weights], None]
"""Takes the position of a network, its epoch and its weights then: views that are good for the call alone."""


def train_stack(
    starts: Sequence[Start],
    examples: Examples | Sequence[Examples],
    schedule: Schedule,
    dropout: float,
    *,
    phase: int = 0,
    rewind_epoch: int = 0,
    on_epoch: Callable[[int, int], None] | None = None,
    watch: Watch | None = None,
) -> Iterator[tuple[int, Trained]]:
    """Train the networks together; yield (position in `starts`, result) as each one stops.

    examples: those that all of them learn, or for each network its own; then as many, with as many classes.
    `phase` numbers the training runs of one network (0 dense, then the pruning levels), so that
    each has dropout noise of its own. `on_epoch(epoch, still_training)` may raise to stop it all.
    `watch` sees every network in every epoch.
    """
    # Networks of one seed share their dropout noise: side by side, they share it in one stack.
    waiting = sorted(range(len(starts)), key=lambda i: starts[i].seed)
    own = [examples] * len(starts) if isinstance(examples, Examples) else examples
    while waiting:
        size = max(1, STACK_ELEMENTS // _activations(starts[waiting[0]], own[0]))
        members, waiting = waiting[:size], waiting[size:]
        stack = _Stack(members, starts, own, dropout, phase, rewind_epoch)
        for epoch in range(schedule.max_epochs + 1):
            if on_epoch and epoch % REPORT_EVERY == 0:
                on_epoch(epoch, len(stack.members) + len(waiting))
            if watch:
                stack.show(epoch, watch)
            with stack.shared_time():
                stopped = stack.validate(epoch, schedule)
            yield from stack.leave(stopped)
            if not stack.members:
                break
            with stack.shared_time():
                stack.step(epoch + 1, schedule.learning_rate)


def _activations(start: Start, examples: Examples) -> int:
    """The number of activations in the widest layer of one network, over the training data."""
    return len(examples.train_labels) * max(len(value) for value in start.weights.values())


class _Stack:
    """The networks still in training, as one set of arrays.

    `self.state` (5, K, P) holds, for each network, its P parameters in a row, Adam's two moments,
    the best parameters so far and those of the rewind epoch. One row index moves all of it.
    `self.layers` are views into the parameters: per layer a weight (K, out, in) and a bias
    (K, out, 1); `self.grads` are such views into the gradient.
    """

    def __init__(
        self,
        members: list[int],
        starts: Sequence[Start],
        examples: Sequence[Examples],
        dropout: float,
        phase: int,
        rewind_epoch: int,
    ) -> None:
        self.shapes = {name: tuple(value.shape) for name, value in starts[0].weights.items()}
        self.members = members  # positions in `starts`, sorted by seed
        self.rewind_epoch = rewind_epoch
        # Features first: inputs (1 or K, D, N), targets (1 or K, C, N). The last axis is contiguous everywhere.
        n_classes = list(self.shapes.values())[-1][0]
        own = [examples[i] for i in members]
        self.shared = all(each is own[0] for each in own)
        own = own[:1] if self.shared else own
        train = [_columns(each.train_inputs, each.train_labels, n_classes) for each in own]
        val = [_columns(each.val_inputs, each.val_labels, n_classes) for each in own]
        self.train_x, self.train_target = map(torch.stack, zip(*train, strict=True))
        self.val_x, self.val_target = map(torch.stack, zip(*val, strict=True))
        self.n_train, self.n_val = len(own[0].train_labels), len(own[0].val_labels)
        k, n = len(members), self.train_x.shape[2]
        widths = [shape[0] for shape in list(self.shapes.values())[:-2:2]]
        rates = np.array([starts[i].rates or (dropout,) * len(widths) for i in members])  # (K, hidden layers)
        seeds = [starts[i].seed for i in members]
        self.dropout = StackDropout(seeds, rates, phase, max(widths), n, self.n_train)
        # Written over in every epoch: fresh memory of this size costs more than the arithmetic.
        self.hidden = [torch.empty(k, width, n) for width in widths]
        self.delta = [torch.empty(k, width, n) for width in widths]
        rows = torch.stack([torch.cat([value.flatten() for value in starts[i].weights.values()]) for i in members])
        zeros = torch.zeros_like(rows)
        self._hold(torch.stack([rows, zeros, zeros, rows, rows]))
        self.best_loss = np.full(k, np.inf)
        self.best_epoch = np.zeros(k, int)
        self.seconds = 0.0  # of each: they have begun together
        self.train_losses: list[list[float]] = [[] for _ in members]
        self.val_losses: list[list[float]] = [[] for _ in members]

    def _hold(self, state: Tensor) -> None:
        self.state = state
        self.gradient = torch.empty_like(state[0])
        self.layers, self.grads = self._layers(state[0]), self._layers(self.gradient)

    def _layers(self, rows: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Rows of parameters (K, P) as views: per layer weight (K, out, in) and bias (K, out, 1)."""
        views = list(self._named(rows).values())
        return [(weight, bias.unsqueeze(-1)) for weight, bias in zip(views[::2], views[1::2], strict=True)]

    def _named(self, rows: Tensor) -> Weights:
        """Rows of parameters (…, P) as views (…, *shape) by name."""
        parts = rows.split([int(np.prod(shape)) for shape in self.shapes.values()], dim=-1)
        return {
            name: part.unflatten(-1, shape) for part, (name, shape) in zip(parts, self.shapes.items(), strict=True)
        }

    @contextmanager
    def shared_time(self) -> Iterator[None]:
        """Let the networks still in training share what is done meanwhile: see `Trained.seconds`."""
        begun = time.thread_time()
        yield
        self.seconds += (time.thread_time() - begun) / len(self.members)

    def show(self, epoch: int, watch: Watch) -> None:
        """Let `watch` see the weights of every network as they are."""
        for member, row in zip(self.members, self.state[0], strict=True):
            watch(member, epoch, self._named(row))

    @torch.no_grad()
    def validate(self, epoch: int, schedule: Schedule) -> np.ndarray:
        """Note the validation loss of every network, keep copies of the best; True where it stops."""
        values = self.val_x.expand(len(self.members), -1, -1)
        for weight, bias in self.layers[:-1]:
            values = torch.baddbmm(bias, weight, values).relu_()
        weight, bias = self.layers[-1]
        log_probs = torch.baddbmm(bias, weight, values).log_softmax(dim=1)
        loss = _mean_loss(log_probs, self.val_target, self.n_val)
        for losses, value in zip(self.val_losses, loss.tolist(), strict=True):
            losses.append(value)
        better = improves(loss, self.best_loss)
        self.best_loss[better], self.best_epoch[better] = loss[better], epoch
        parameters, _, _, best, rewind = self.state
        if better.any():
            which = torch.from_numpy(np.flatnonzero(better))
            best[which] = parameters[which]
        if epoch <= self.rewind_epoch:
            rewind.copy_(parameters)
        worn_out = epoch - self.best_epoch >= schedule.patience
        return ~np.isfinite(loss) | worn_out | (epoch == schedule.max_epochs)

    def leave(self, stopped: np.ndarray) -> Iterator[tuple[int, Trained]]:
        """Yield the networks that have stopped and close the ranks of those that have not."""
        if not stopped.any():
            return
        results = [(self.members[k], self._result(int(k))) for k in np.flatnonzero(stopped)]
        stay = np.flatnonzero(~stopped)
        self._hold(self.state[:, torch.from_numpy(stay)])
        for name in () if self.shared else ("train_x", "train_target", "val_x", "val_target"):
            setattr(self, name, getattr(self, name)[torch.from_numpy(stay)])
        self.best_loss, self.best_epoch = self.best_loss[stay], self.best_epoch[stay]
        for name in ("members", "train_losses", "val_losses"):
            setattr(self, name, [getattr(self, name)[k] for k in stay])
        self.dropout.stay(stay)
        yield from results

    def _result(self, k: int) -> Trained:
        _, _, _, best, rewind = self.state[:, k]
        return Trained(
            weights={name: value.clone() for name, value in self._named(best).items()},
            rewind={name: value.clone() for name, value in self._named(rewind).items()},
            best_epoch=int(self.best_epoch[k]),
            train_loss=np.array(self.train_losses[k]),
            val_loss=np.array(self.val_losses[k]),
            diverged=not np.isfinite(self.val_losses[k][-1]),
            seconds=self.seconds if self.train_losses[k] else 0.0,
        )

    @torch.no_grad()
    def step(self, t: int, learning_rate: float) -> None:
        """One full-batch gradient step, the t-th, for every network."""
        k, n = len(self.members), self.n_train
        # The rescaling of dropout, 1/keep, is folded into the weights that read a dropped-out
        # layer: there are far fewer weights than activations.
        reading = zip(self.layers[1:], self.dropout.shares, strict=True)
        readers = [self.layers[0][0], *(weight / keep for (weight, _), keep in reading)]
        biases = [bias for _, bias in self.layers]
        inputs = [self.train_x.expand(k, -1, -1), *(hidden[:k] for hidden in self.hidden)]
        for i in range(len(self.hidden)):
            torch.baddbmm(biases[i], readers[i], inputs[i], out=inputs[i + 1]).relu_()
            self.dropout.silence(inputs[i + 1], i)
        log_probs = torch.baddbmm(biases[-1], readers[-1], inputs[-1]).log_softmax(dim=1)
        loss = _mean_loss(log_probs, self.train_target, self.n_train)
        for losses, value in zip(self.train_losses, loss.tolist(), strict=True):
            losses.append(value)
        # Backward. `delta` is the loss gradient with respect to a layer's pre-activations. A unit
        # that is negative, dropped or removed has activation 0, and so passes no gradient on.
        delta = log_probs.exp_().sub_(self.train_target).div_(n)
        delta[..., n:] = 0
        for i in reversed(range(len(self.layers))):
            weight_grad, bias_grad = self.grads[i]
            weight_grad.copy_(torch.bmm(delta, inputs[i].transpose(1, 2)))
            bias_grad.copy_(delta.sum(dim=2, keepdim=True))
            if i > 0:
                weight_grad.div_(self.dropout.shares[i - 1])
                back = self.delta[i - 1][:k]
                torch.bmm(readers[i].transpose(1, 2), delta, out=back)
                delta = torch.ops.aten.threshold_backward(back, inputs[i], 0, grad_input=back)
        self._adam(t, learning_rate)

    def _adam(self, t: int, learning_rate: float) -> None:
        """Adam on all parameters at once; every network of a stack has taken the same t steps."""
        parameters, m, v, _, _ = self.state
        m.lerp_(self.gradient, 1 - BETA1)
        v.mul_(BETA2).addcmul_(self.gradient, self.gradient, value=1 - BETA2)
        denominator = v.div(1 - BETA2**t).sqrt_().add_(EPSILON)
        parameters.addcdiv_(m, denominator, value=-learning_rate / (1 - BETA1**t))


def _columns(inputs: Tensor, labels: Tensor, n_classes: int) -> tuple[Tensor, Tensor]:
    """Examples as columns: inputs (D, M), and labels as one-hot targets (C, M).

    M is N rounded up to `LANES` by columns of zeros, which count for nothing. A product rounds by how its
    matrices lie in memory; so each matrix of a stack lies as it would alone.
    """
    more = (0, -len(labels) % LANES)
    targets = functional.one_hot(labels, n_classes).T.float()
    return functional.pad(inputs.T, more).contiguous(), functional.pad(targets, more)


def _mean_loss(log_probs: Tensor, target: Tensor, count: int) -> np.ndarray:
    """Mean cross-entropy (K,) over `count` examples, from log probabilities (K, C, M) and targets (1 or K, C, M)."""
    return 0.0 - ((log_probs * target).sum(dim=1).double().sum(dim=1) / count).numpy()  # never −0.0
