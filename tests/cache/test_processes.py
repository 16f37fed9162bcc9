"""Several servers on one store: what two of them are asked for at once, one of them trains."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from pruning import RATIOS

ROOT = Path(__file__).parents[2]
PATIENCE = 120  # seconds before a test gives up on something that hangs


def start(folder: Path, seeds: list[int]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.cache.training_worker", str(folder), *map(str, seeds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    return dict(json.loads(out))


def test_two_servers_train_every_network_once(tmp_path: Path) -> None:
    """Stacks overlap, in another order: none is trained twice, nobody waits for ever, and both find the same."""
    asked = [[0, 1, 2], [2, 1, 3]]
    processes = [start(tmp_path, seeds) for seeds in asked]
    end = time.monotonic() + PATIENCE
    while len(list(tmp_path.glob("ready-*"))) < len(processes):
        assert time.monotonic() < end, "they never came"
        time.sleep(0.02)
    (tmp_path / "go").touch()
    one, other = (answer(process) for process in processes)
    trained = one["trained"] + other["trained"]
    assert len(trained) == len(set(trained)) == 4 * len(RATIOS)
    assert one["trained"]
    assert other["trained"]
    for seed in ("1", "2"):
        assert one["found"][seed] == other["found"][seed]
