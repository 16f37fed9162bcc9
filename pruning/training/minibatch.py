"""Training one convolutional network on images, with its own early stop.

The images lie in memory as one uint8 tensor; a batch is a gather from it and a flip, no picture is
touched one by one. A pruned network is trained in its physically smaller form: what is not there
cannot grow back, and costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call

from pruning.model.networks import Weights
from pruning.training.chance import chance_loss, left_chance
from pruning.training.curves import Curves
from pruning.training.schedule import Examples, Schedule, Trained, improves
from uncertainty.randomness import Purpose, dropout_noise, stream

MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4
WARM_UP = 1  # epochs in which the learning rate rises
AVERAGED = 5  # η of the average of weights: its mean age is a seventh of the steps so far
REPORT_EVERY = 0.2  # seconds between two reports: a cancel is heard well within a second
VAL_BATCH = 128


def train(
    model: nn.Sequential,
    examples: Examples,
    schedule: Schedule,
    batch_size: int,
    seed: int,
    *,
    flip: bool,
    phase: int = 0,
    rewind_epoch: int = 0,
    report: Callable[[Curves], None] = lambda curves: None,
) -> Trained:
    """Train `model` from the weights it holds, by SGD with Nesterov momentum at a constant learning rate.

    The rate rises to `schedule.learning_rate` within the first epoch and never falls: a rate that
    falls as planned makes the last planned epoch the best one, and an early stop then measures the
    plan. What a falling rate is for, the end of the noise, comes from averaging: the network after
    an epoch, which is validated, kept or rewound to, has the polynomial-decay average of the weights
    on the way there (Shamir & Zhang 2013, with η = `AVERAGED`). So weights that are trained already
    need no smaller rate either.

    Training stops when validation has not improved for `patience` epochs, see `improves`, counted
    from the end of the warm-up at the earliest and not before the network has left chance: a small
    one may stay there for ten epochs and then learn. One that gives every image the same answer has
    units through which no gradient passes; it is not waited for.
    `flip` mirrors half of each batch. `phase` numbers the training runs of one network,
    so that each draws its own batches and noise. `report` is called a few times a second and may
    raise to stop it all.
    """
    begun = time.thread_time()
    run = _Run(model, examples, schedule, rewind_epoch)
    if run.validate() and schedule.max_epochs:
        batches = _Batches(examples, min(batch_size, len(examples.train_labels)), seed, phase, flip)
        noise = stream(seed, Purpose.DROPOUT, phase)
        run.fit(batches, noise, report)
    return run.result(time.thread_time() - begun)


class _Batches:
    """Endless epochs of shuffled batches; the last, smaller batch of an epoch is left out."""

    def __init__(self, examples: Examples, size: int, seed: int, phase: int, flip: bool) -> None:
        self.examples, self.size, self.flip = examples, size, flip
        self.rng = stream(seed, Purpose.BATCHES, phase)
        self.per_epoch = len(examples.train_labels) // size

    def epoch(self) -> Iterator[tuple[Tensor, Tensor]]:
        images, labels = self.examples.train_inputs, self.examples.train_labels
        order, half = torch.from_numpy(self.rng.permutation(len(labels))), self.size // 2
        for which in order.split(self.size):
            if len(which) < self.size:
                return
            batch = images.index_select(0, which)
            if self.flip:  # the first half: which images those are is a matter of chance already
                batch[:half] = batch[:half].flip(2)  # (n, H, W, channels)
            yield batch, labels[which]


class _Run:
    """One training under way."""

    def __init__(self, model: nn.Sequential, examples: Examples, schedule: Schedule, rewind_epoch: int) -> None:
        self.model, self.examples, self.schedule, self.rewind_epoch = model, examples, schedule, rewind_epoch
        self.live = model.state_dict()  # what training moves
        self.average = _copy(self.live)
        self.best = self.rewind = _copy(self.live)
        self.steps = self.best_epoch = 0
        self.best_loss, self.chance = np.inf, chance_loss(examples.val_labels.numpy())
        self.train_loss: list[float] = []
        self.val_loss: list[float] = []
        self.val_accuracy: list[float] = []
        self.start = self.reported = time.perf_counter()
        self.reporting = 0.0  # seconds that the training did not take

    def fit(self, batches: _Batches, noise: np.random.Generator, report: Callable[[Curves], None]) -> None:
        rate, rising = self.schedule.learning_rate, WARM_UP * batches.per_epoch
        optimiser = torch.optim.SGD(
            self.model.parameters(), rate, MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY, fused=True
        )
        for _ in range(self.schedule.max_epochs):
            losses = []
            for step, (images, labels) in enumerate(batches.epoch(), start=1):
                loss = nn.functional.cross_entropy(_forward(self.model.train(), images, noise), labels)
                optimiser.param_groups[0]["lr"] = rate * min((self.steps + 1) / rising, 1)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                self._average()
                losses.append(loss.item())
                if not np.isfinite(losses[-1]):
                    break
                self._report(report, step / batches.per_epoch)
            self.train_loss.append(float(np.mean(losses)))
            if not self.validate():
                break
            self._report(report, 0.0, at_once=True)

    def _average(self) -> None:
        """Take what training has moved into the average; its weights are n^η times those of the n-th step, nearly."""
        self.steps += 1
        share = (AVERAGED + 1) / (self.steps + AVERAGED)
        for name, value in self.live.items():
            if value.is_floating_point():
                self.average[name].lerp_(value, share)
            else:  # BatchNorm's count of batches
                self.average[name].copy_(value)

    def validate(self) -> bool:
        """Note loss and accuracy on the validation images, keep a copy of the best weights; whether to go on."""
        logits = _evaluate(self.model, self.average, self.examples.val_inputs)
        loss = nn.functional.cross_entropy(logits.double(), self.examples.val_labels).item()
        epoch = len(self.val_loss)
        self.val_loss.append(loss)
        self.val_accuracy.append((logits.argmax(1) == self.examples.val_labels).float().mean().item())
        if improves(loss, self.best_loss):
            self.best_epoch, self.best_loss, self.best = epoch, loss, _copy(self.average)
        if epoch <= self.rewind_epoch:
            self.rewind = _copy(self.average)
        hopeful = not left_chance(self.best_loss, self.chance) and bool((logits != logits[0]).any())
        patient = epoch - max(self.best_epoch, WARM_UP) < self.schedule.patience
        return bool(np.isfinite(loss)) and (hopeful or patient)

    def result(self, seconds: float) -> Trained:
        return Trained(
            weights=self.best,
            rewind=self.rewind,
            best_epoch=self.best_epoch,
            train_loss=np.array(self.train_loss),
            val_loss=np.array(self.val_loss),
            diverged=not np.isfinite(self.val_loss[-1]),
            seconds=seconds - self.reporting if self.train_loss else 0.0,
        )

    def _report(self, report: Callable[[Curves], None], part: float, at_once: bool = False) -> None:
        now = time.perf_counter()
        if at_once or now - self.reported > REPORT_EVERY:
            self.reported = now
            done = min(len(self.train_loss) + part, self.schedule.max_epochs)
            begun = time.thread_time()
            curves = (self.train_loss, self.val_loss, self.val_accuracy)
            report(Curves(done, self.schedule.max_epochs, now - self.start, *(tuple(values) for values in curves)))
            self.reporting += time.thread_time() - begun


def _forward(model: nn.Sequential, values: Tensor, noise: np.random.Generator) -> Tensor:
    """Logits in training, dropout drawn from `noise`: torch's own takes no generator, and costs more."""
    for layer in model:
        if not isinstance(layer, nn.Dropout):
            values = layer(values)
        elif layer.p > 0:
            kept = torch.from_numpy(dropout_noise(noise, tuple(values.shape), layer.p))
            values = values * kept / (1 - round(layer.p * 65536) / 65536)
    return values


def _evaluate(model: nn.Sequential, weights: Weights, images: Tensor) -> Tensor:
    """Logits (N, C) of the model with these weights, dropout off."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([functional_call(model, weights, (batch,)) for batch in images.split(VAL_BATCH)])


def _copy(weights: Weights) -> Weights:
    return {name: value.clone() for name, value in weights.items()}
