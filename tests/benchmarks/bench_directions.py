"""Is what the page says true? Told directions of every pruned network against dense, held against the truth.

A direction is told where accuracy, ECE or mean confidence is said to rise or to fall. The truth is the
difference over many other points of the task, with the exact posterior in place of labels. Printed for each way
of judging: how many of the told directions are false, and how many of the true differences above 0.02 are told.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pruning import RATIOS, Experiment, Network, PlaneOutcome, Strategy, module, run_seeds
from pruning.data.fresh_points import fresh_points
from pruning.evaluation.metrics import changes
from pruning.outcome import Fresh
from pruning.training.threads import one_thread
from uncertainty.expected import Differences
from uncertainty.randomness import sampling_seed
from uncertainty.sampling import predict

PAGES = {"default page": (64, 64), "2-30-2": (30,)}
FIGURES = ("accuracy", "ece", "confidence")
WAYS = ("150 points at 0.001", "150 points, interval", "fresh points, interval")
N_SAMPLES, N_BINS, OTHER_POINTS, LARGE = 50, 15, 2**16, 0.02


@dataclass
class Tally:
    told: int = 0
    false: int = 0
    large: int = 0  # true differences above LARGE
    found: int = 0  # of them, those told the right way round


def judged(outcome: PlaneOutcome, network: Network) -> dict[str, dict[str, int]]:
    """Way of judging → figure → the direction told: 1, −1, or 0 for none."""
    found = changes(outcome, outcome.dense, network, N_SAMPLES, N_BINS, comparisons=len(RATIOS) - 1)
    assert found.truth is not None
    return {
        WAYS[0]: {name: int(np.sign(rounded(found.test, name))) for name in FIGURES},
        WAYS[1]: {name: getattr(found.test, name).direction for name in FIGURES},
        WAYS[2]: {name: getattr(found.truth, name).direction for name in FIGURES},
    }


def rounded(differences: Differences, name: str) -> float:
    return round(getattr(differences, name).value, 3)


def true_figures(outcome: PlaneOutcome, network: Network, other: Fresh) -> dict[str, float]:
    """The figures over the other points, written out here so that they owe nothing to what is judged."""
    with one_thread():
        small = module(outcome.experiment, network, outcome.n_classes)
        probs = predict(small, other.inputs, (N_SAMPLES,), sampling_seed(outcome.experiment.seed)).probs(N_SAMPLES)
    confidence = probs.max(axis=1)
    right = other.posterior[np.arange(len(probs)), probs.argmax(axis=1)]
    place = np.ceil(confidence * N_BINS).astype(int)
    gaps = np.bincount(place, right - confidence)
    return {
        "accuracy": right.mean(),
        "ece": np.abs(gaps).sum() / len(probs),
        "confidence": confidence.mean(),
    }


def compared(hidden: tuple[int, ...], seeds: int) -> Iterator[tuple[dict[str, dict[str, int]], dict[str, float]]]:
    """Each pruned network of all strategies and seeds: what is told of it, and its true differences from dense."""
    other, start = fresh_points(Experiment(hidden=hidden), OTHER_POINTS, index=1), time.perf_counter()
    for strategy in Strategy:
        print(f"  {hidden} {strategy.value}, after {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        for outcome in run_seeds(Experiment(hidden=hidden, strategy=strategy), range(seeds), ratios=RATIOS):
            dense = true_figures(outcome, outcome.dense, other)
            for network in outcome.networks[1:]:
                pruned = true_figures(outcome, network, other)
                yield judged(outcome, network), {name: pruned[name] - dense[name] for name in FIGURES}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    chosen = parser.parse_args()
    for page, hidden in PAGES.items():
        start, tallies = time.perf_counter(), defaultdict[tuple[str, str], Tally](Tally)
        for told, true in compared(hidden, chosen.seeds):
            for way in WAYS:
                for name in FIGURES:
                    for tally in (tallies[way, name], tallies[way, "all"]):
                        direction, difference = told[way][name], true[name]
                        tally.told += direction != 0
                        tally.false += direction * difference < 0
                        tally.large += abs(difference) > LARGE
                        tally.found += abs(difference) > LARGE and direction * difference > 0
        print(f"{page}: {chosen.seeds} seeds, {time.perf_counter() - start:.0f} s", flush=True)
        for (way, name), tally in tallies.items():
            print(
                f"  {way:22} {name:10} told {tally.told:4}, false {tally.false / max(tally.told, 1):6.1%} "
                f"(at most 5 %); of {tally.large:4} above {LARGE} told {tally.found / max(tally.large, 1):6.1%} "
                "(at least 80 %)",
                flush=True,
            )


if __name__ == "__main__":
    main()
