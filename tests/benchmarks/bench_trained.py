"""How many of the default networks on digits do not train, and whether their early stop measures learning.

Every strategy, several ratios, five seeds: minutes on one thread. `--seeds 0 1` and `--ratios 0.9` take less.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from statistics import mean

import torch

from pruning import ImageExperiment, Outcome, Strategy
from pruning.lottery.engine import InMemory
from tests.pruning.lottery.orders import run_kept
from uncertainty.calibration import accuracy, negative_log_likelihood

RATIOS = (0.7, 0.8, 0.9, 0.95)


def outcomes(seeds: Iterable[int], ratios: Sequence[float]) -> dict[Strategy, list[Outcome]]:
    """An outcome a seed for each strategy; all strategies share the dense network of a seed."""
    kept = InMemory()
    found: dict[Strategy, list[Outcome]] = {strategy: [] for strategy in Strategy}
    for seed in seeds:
        for strategy in Strategy:
            start = time.perf_counter()
            experiment = ImageExperiment(strategy=strategy, seed=seed, prune_ratio=ratios[-1])
            found[strategy].append(run_kept(experiment, kept, ratios))
            print(f"  seed {seed}, {strategy.label}: {time.perf_counter() - start:.1f} s", flush=True)
    return found


def row(strategy: Strategy, of: Sequence[Outcome], ratios: Sequence[float]) -> str:
    """At each ratio: networks at chance, mean test accuracy, how many stopped for want of epochs."""
    cells = []
    for ratio in ratios:
        networks = [outcome.at(ratio) for outcome in of]
        right = mean(
            accuracy(network.test.single_pass(), one.test_labels) for network, one in zip(networks, of, strict=True)
        )
        if not strategy.retrain:
            cells.append(f"     –    {right:.3f}")
            continue
        ended = sum(network.early_stop_epoch == of[0].experiment.max_epochs for network in networks)
        cells.append(f"{sum(not network.trained for network in networks):2} {ended:2}  {right:8.3f}")
    return f"{strategy.label:36}" + "".join(f"{cell:>18}" for cell in cells)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--ratios", type=float, nargs="+", default=list(RATIOS))
    asked = parser.parse_args()
    torch.set_num_threads(1)
    ratios = sorted(asked.ratios)
    found = outcomes(asked.seeds, ratios)
    print(f"Default digits, {len(asked.seeds)} seeds: networks at chance, at their last epoch, mean test accuracy")
    print(" " * 36 + "".join(f"{f'ratio {ratio:g}':>18}" for ratio in ratios))
    for strategy, of in found.items():
        print(row(strategy, of, ratios))
    dense = [(outcome.dense, outcome.test_labels) for outcome in found[Strategy.ONE_SHOT]]
    losses = mean(negative_log_likelihood(network.test.single_pass(), labels) for network, labels in dense)
    stops = ", ".join(f"{network.early_stop_epoch} of {len(network.train_loss)}" for network, _ in dense)
    print(f"Dense: NLL {losses:.3f} nats, early stops {stops}")


if __name__ == "__main__":
    main()
