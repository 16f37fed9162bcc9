"""Dense and one-shot at ten ratios for several seeds: the stack against the study's loop.

The reference is the loop of the published notebook, written out plainly: one network at a time,
autograd, torch's Adam and dropout. Same task, same network (2-30-2), same schedule, one thread.
"""

from __future__ import annotations

import argparse
import copy
import time
from statistics import median

import numpy as np
import torch
from torch import nn
from torch.profiler import profile

from pruning import RATIOS, Experiment, run_seeds
from pruning.data.plane_tasks import make_task
from pruning.model.importance import importance
from pruning.model.masks import apply_masks, full_masks, prune
from pruning.model.networks import draw_weights, mlp, with_weights
from pruning.training.schedule import Examples, Schedule
from pruning.training.stack import Start, train_stack
from tests.benchmarks.timing import report
from uncertainty.randomness import Purpose, stream

EXPERIMENT = Experiment(hidden=(30,), learning_rate=0.01, patience=20, max_epochs=2000)
PRUNED = RATIOS[1:]


def examples() -> Examples:
    task = make_task(EXPERIMENT.dataset, EXPERIMENT.points, EXPERIMENT.noise, 0.0, EXPERIMENT.data_seed)
    arrays = (task.train_inputs, task.train_labels, task.val_inputs, task.val_labels)
    return Examples(*(torch.from_numpy(array) for array in arrays))


def train_as_published(model: nn.Module, data: Examples) -> int:
    """Train one network to its early stop; the number of epochs that took."""
    optimiser = torch.optim.Adam(model.parameters(), lr=EXPERIMENT.learning_rate)
    loss_of = nn.CrossEntropyLoss()
    best, best_state, since, epoch = float("inf"), None, 0, 0
    while epoch < EXPERIMENT.max_epochs and since < EXPERIMENT.patience:
        model.train()
        optimiser.zero_grad()
        loss_of(model(data.train_inputs), data.train_labels).backward()
        optimiser.step()
        model.eval()
        with torch.no_grad():
            loss = loss_of(model(data.val_inputs), data.val_labels).item()
        epoch, since = epoch + 1, since + 1
        if loss < best:
            best, best_state, since = loss, copy.deepcopy(model.state_dict()), 0
    model.load_state_dict(best_state)
    return epoch


def prune_as_published(model: nn.Sequential, ratio: float) -> nn.Sequential:
    """A new network of the units with the largest L1 norm of incoming weights."""
    hidden, output = model[0], model[3]
    kept = hidden.weight.abs().sum(dim=1).argsort(descending=True)[: max(1, 30 - round(ratio * 30))]
    small = nn.Sequential(nn.Linear(2, len(kept)), nn.ReLU(), nn.Dropout(EXPERIMENT.dropout), nn.Linear(len(kept), 2))
    with torch.no_grad():
        small[0].weight.copy_(hidden.weight[kept])
        small[0].bias.copy_(hidden.bias[kept])
        small[3].weight.copy_(output.weight[:, kept])
        small[3].bias.copy_(output.bias)
    return small


def loop(seeds: int) -> tuple[float, int]:
    """Seconds and network-epochs of the published loop."""
    data, epochs, start = examples(), 0, time.perf_counter()
    for seed in range(seeds):
        torch.manual_seed(seed)
        dense = nn.Sequential(nn.Linear(2, 30), nn.ReLU(), nn.Dropout(EXPERIMENT.dropout), nn.Linear(30, 2))
        epochs += train_as_published(dense, data)
        for ratio in PRUNED:
            epochs += train_as_published(prune_as_published(dense, ratio), data)
    return time.perf_counter() - start, epochs


def training_alone(seeds: int) -> tuple[float, int]:
    """Seconds and network-epochs of exactly what the loop does: train, prune, train."""
    data, model = examples(), mlp(2, EXPERIMENT.hidden, 2, EXPERIMENT.dropout)
    schedule = Schedule(EXPERIMENT.learning_rate, EXPERIMENT.patience, EXPERIMENT.max_epochs)
    start = time.perf_counter()
    starts = [Start(draw_weights(model, stream(seed, Purpose.INITIAL_WEIGHTS)), seed) for seed in range(seeds)]
    dense = dict(train_stack(starts, data, schedule, EXPERIMENT.dropout))
    tickets = []
    for seed, trained in dense.items():
        with_weights(model, trained.weights)
        rng = stream(seed, Purpose.MASK)
        scores = importance(model, EXPERIMENT.criterion, data.train_inputs, data.train_labels, rng)
        for ratio in PRUNED:
            masks = prune(full_masks(model), scores, ratio, EXPERIMENT.scope)
            tickets.append(Start(apply_masks(model, trained.weights, masks), seed))
    tuned = dict(train_stack(tickets, data, schedule, EXPERIMENT.dropout, phase=1))
    duration = time.perf_counter() - start
    return duration, sum(len(trained.train_loss) for trained in (*dense.values(), *tuned.values()))


def stack(seeds: int) -> tuple[float, int]:
    """Seconds and network-epochs of the same work as stacks, predictions and latencies included."""
    start = time.perf_counter()
    outcomes = run_seeds(EXPERIMENT, range(seeds), ratios=RATIOS)
    duration = time.perf_counter() - start
    return duration, sum(len(network.train_loss) for outcome in outcomes for network in outcome.networks)


def where_the_time_goes(networks: int, epochs: int = 100) -> None:
    """The share of the heaviest operations in the training of a stack, and what dropout adds."""
    data, model = examples(), mlp(2, EXPERIMENT.hidden, 2, 0.2)
    starts = [Start(draw_weights(model, stream(i % 10, Purpose.INITIAL_WEIGHTS)), i % 10) for i in range(networks)]
    schedule = Schedule(0.01, epochs, epochs)

    def train(dropout: float) -> float:
        start = time.perf_counter()
        list(train_stack(starts, data, schedule, dropout))
        return (time.perf_counter() - start) / epochs / networks * 1000

    train(0.2)
    with_dropout, without = (np.median([train(p) for _ in range(3)]) for p in (0.2, 0.0))
    print(f"  stack of {networks}: {with_dropout:.3f} ms a network-epoch, {without:.3f} without dropout")
    with profile() as profiler:
        train(0.2)
    events = sorted(profiler.key_averages(), key=lambda event: -event.self_cpu_time_total)
    total = sum(event.self_cpu_time_total for event in events)
    shares = ", ".join(f"{event.key} {event.self_cpu_time_total / total:.0%}" for event in events[:7])
    print(f"  of the time inside torch: {shares}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_known_args()[0].seeds
    torch.set_num_threads(1)
    stack(1)
    theirs, their_epochs = loop(seeds)
    networks = seeds * (1 + len(PRUNED))
    # The loop asks its networks nothing; ours answer 200 times for test, far and 4,096 fresh points.
    everything = "with scores, latencies and predictions"
    for what, work, target in (("alone", training_alone, 10), (everything, stack, 4)):
        runs = [work(seeds) for _ in range(3)]
        ours, our_epochs = median(duration for duration, _ in runs), runs[0][1]
        report(
            f"Training {networks} networks against the published loop, {what}",
            theirs / ours,
            f"at least {target}",
            f"{theirs:.1f} s → {ours:.1f} s; "
            f"{theirs / their_epochs * 1000:.2f} → {ours / our_epochs * 1000:.3f} ms a network-epoch",
        )
    for size in (1, 10, 100):
        where_the_time_goes(size)


if __name__ == "__main__":
    main()
