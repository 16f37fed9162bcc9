"""The published moons study from nothing, every figure included, against the plain loop that trains it one by one.

The loop is that of `bench_training`: it is measured on two seeds of one strategy and scaled to the epochs that the
whole study takes. For the samples that figures are made of, each network then makes plain passes with dropout on. The
figures themselves count for the study alone, which runs as from a terminal, Python's start included.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from pruning.data.plane_task import PlaneTask
from pruning.evaluation.rows import DENSE
from pruning.outcome import MAX_SAMPLES
from tests.benchmarks.bench_training import EXPERIMENT, loop
from tests.benchmarks.timing import report
from tests.benchmarks.timing import seconds as timed


def run(store: Path, *arguments: str) -> tuple[float, float, pd.DataFrame]:
    """Seconds from start to end, seconds to the first part that is measured, and the table."""
    out, begun = store / "study.csv", time.perf_counter()
    first = float("nan")
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "cache.study", *arguments, "--out", str(out)],
        env=os.environ | {"EXPLORER_CACHE": str(store), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while process.poll() is None:
            if first != first and rows_there(store):
                first = time.perf_counter() - begun
            time.sleep(0.02)
    assert process.returncode == 0
    return time.perf_counter() - begun, first, pd.read_csv(out)


def rows_there(store: Path) -> bool:
    """Whether something is kept that is no lock: networks and rows of a part arrive together."""
    return any(store.glob("**/output.pkl"))


def epochs(table: pd.DataFrame) -> int:
    """Of all trainings of the study: what each network spent beyond the one that it was pruned from."""
    spent = table.set_index(["strategy", "seed", "prune_ratio"]).epochs_spent
    total = spent[DENSE].sum()
    for (strategy, seed), each in spent.groupby(level=[0, 1]):
        if strategy != DENSE:
            dense = spent[DENSE, seed, 0.0]
            total += each.max() - dense if strategy.startswith("iterative") else (each - dense).sum()
    return int(total)


def asked() -> float:
    """Seconds for the samples of one network by plain passes: of test, far and fresh points."""
    task = PlaneTask.of(EXPERIMENT)
    parts = [torch.from_numpy(each) for each in (task.data.test_inputs, task.data.far_inputs, task.fresh().inputs)]
    model = nn.Sequential(nn.Linear(2, 30), nn.ReLU(), nn.Dropout(EXPERIMENT.dropout), nn.Linear(30, 2)).train()

    def sample() -> list[torch.Tensor]:
        with torch.no_grad():
            return [torch.stack([model(part).softmax(1) for _ in range(MAX_SAMPLES)]) for part in parts]

    return timed(sample)


def main() -> None:
    loop(1)  # warm
    seconds, trained = loop(2)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        whole, first, table = run(store, "--preset", "as-published")
        again, _, _ = run(store, "--preset", "as-published")
    training, sampling = seconds / trained * epochs(table), asked() * len(table)
    scaled = training + sampling
    report(
        "published moons study (4 strategies, 10 ratios, 10 seeds) against the published loop, scaled",
        scaled / whole, "at least 15 × faster, at most 25 s",
        f"{training:.0f} s of training and {sampling:.0f} s of passes → {whole:.1f} s; first results after "
        f"{first:.1f} s; from the store {again:.1f} s, Python's start included",
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        seven, first, table = run(Path(folder))
    report(
        "seven strategies, layers 64-64, 10 ratios, 10 seeds", scaled / seven, "at most 90 s",
        f"{seven:.1f} s, {len(table)} networks; the largest process {peak():.2f} GiB",
    )  # fmt: skip


def peak() -> float:
    """Memory of the largest process that was started, GiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
