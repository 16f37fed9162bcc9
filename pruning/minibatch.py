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

from pruning.networks import Weights
from pruning.progress import Curves
from pruning.randomness import Purpose, dropout_noise, stream
from pruning.training import Examples, Schedule, Trained

MOMENTUM, WEIGHT_DECAY = 0.9, 5e-4
TUNING = 0.2  # of the learning rate, where weights are trained already
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
    tune: bool = False,
    phase: int = 0,
    rewind_epoch: int = 0,
    report: Callable[[Curves], None] = lambda curves: None,
) -> Trained:
    """Train `model` from the weights it holds, by SGD with Nesterov momentum.

    From scratch, the learning rate rises to `schedule.learning_rate` and falls again over
    `schedule.max_epochs` epochs, one cycle (Smith & Topin 2019). With `tune`, for weights that
    have been trained already, it falls from a fifth of that along a cosine: at its peak it would
    undo what is there, and the early stop would end it before it falls. Training stops when
    validation has not improved for `patience` epochs.
    `flip` mirrors half of each batch. `phase` numbers the training runs of one network,
    so that each draws its own batches and noise. `report` is called a few times a second and may
    raise to stop it all.
    """
    run = _Run(model, examples, schedule, rewind_epoch)
    if run.validate() and schedule.max_epochs:
        batches = _Batches(examples, min(batch_size, len(examples.train_labels)), seed, phase, flip)
        noise = stream(seed, Purpose.DROPOUT, phase)
        run.fit(batches, noise, tune, report)
    return run.result()


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
        self.train_loss: list[float] = []
        self.val_loss: list[float] = []
        self.val_accuracy: list[float] = []
        self.best_epoch = 0
        self.best = self.rewind = self._weights()
        self.start = self.reported = time.perf_counter()

    def fit(
        self, batches: _Batches, noise: np.random.Generator, tune: bool, report: Callable[[Curves], None]
    ) -> None:
        epochs = self.schedule.max_epochs
        rate = self.schedule.learning_rate * (TUNING if tune else 1)
        optimiser = torch.optim.SGD(
            self.model.parameters(), rate, MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY, fused=True
        )
        steps = epochs * batches.per_epoch
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps) if tune else None
        cycle = falling or torch.optim.lr_scheduler.OneCycleLR(
            optimiser, rate, total_steps=steps, cycle_momentum=False
        )
        for _ in range(epochs):
            losses = []
            for step, (images, labels) in enumerate(batches.epoch(), start=1):
                loss = nn.functional.cross_entropy(_forward(self.model.train(), images, noise), labels)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                cycle.step()
                losses.append(loss.item())
                if not np.isfinite(losses[-1]):
                    break
                self._report(report, step / batches.per_epoch)
            self.train_loss.append(float(np.mean(losses)))
            if not self.validate():
                break
            self._report(report, 0.0, at_once=True)

    def validate(self) -> bool:
        """Note loss and accuracy on the validation images, keep a copy of the best weights; whether to go on."""
        logits = _evaluate(self.model, self.examples.val_inputs)
        loss = nn.functional.cross_entropy(logits.double(), self.examples.val_labels).item()
        epoch = len(self.val_loss)
        self.val_loss.append(loss)
        self.val_accuracy.append((logits.argmax(1) == self.examples.val_labels).float().mean().item())
        if epoch == 0 or loss < self.val_loss[self.best_epoch]:
            self.best_epoch, self.best = epoch, self._weights()
        if epoch <= self.rewind_epoch:
            self.rewind = self._weights()
        return bool(np.isfinite(loss)) and epoch - self.best_epoch < self.schedule.patience

    def result(self) -> Trained:
        return Trained(
            weights=self.best,
            rewind=self.rewind,
            best_epoch=self.best_epoch,
            train_loss=np.array(self.train_loss),
            val_loss=np.array(self.val_loss),
            diverged=not np.isfinite(self.val_loss[-1]),
        )

    def _weights(self) -> Weights:
        return {name: value.detach().clone() for name, value in self.model.state_dict().items()}

    def _report(self, report: Callable[[Curves], None], part: float, at_once: bool = False) -> None:
        now = time.perf_counter()
        if at_once or now - self.reported > REPORT_EVERY:
            self.reported = now
            done = min(len(self.train_loss) + part, self.schedule.max_epochs)
            curves = (self.train_loss, self.val_loss, self.val_accuracy)
            report(Curves(done, self.schedule.max_epochs, now - self.start, *(tuple(values) for values in curves)))


def _forward(model: nn.Sequential, values: Tensor, noise: np.random.Generator) -> Tensor:
    """Logits in training, dropout drawn from `noise`: torch's own takes no generator, and costs more."""
    for layer in model:
        if not isinstance(layer, nn.Dropout):
            values = layer(values)
        elif layer.p > 0:
            kept = torch.from_numpy(dropout_noise(noise, tuple(values.shape), layer.p))
            values = values * kept / (1 - round(layer.p * 65536) / 65536)
    return values


def _evaluate(model: nn.Sequential, images: Tensor) -> Tensor:
    """Logits (N, C) with dropout off."""
    model.eval()
    with torch.inference_mode():
        return torch.cat([model(batch) for batch in images.split(VAL_BATCH)])
