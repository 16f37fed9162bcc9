"""Small networks, and what is removed from them.

    from pruning import Experiment, run
    outcome = run(Experiment(strategy="iterative", prune_ratio=0.8))

`run` and what belongs to it load PyTorch on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pruning.experiment import RATIOS, Experiment, ImageExperiment
from pruning.options import Architecture, Criterion, Dataset, ImageSet, PrunedLayers, Scope, Strategy
from pruning.outcome import Network, Outcome

if TYPE_CHECKING:
    from pruning.sweep import Diverged, Progress, module, run, run_seeds

__all__ = [
    "RATIOS",
    "Architecture",
    "Criterion",
    "Dataset",
    "Diverged",
    "Experiment",
    "ImageExperiment",
    "ImageSet",
    "Network",
    "Outcome",
    "Progress",
    "PrunedLayers",
    "Scope",
    "Strategy",
    "module",
    "run",
    "run_seeds",
]


def __getattr__(name: str) -> Any:
    if name in {"Diverged", "Progress", "module", "run", "run_seeds"}:
        return getattr(import_module("pruning.sweep"), name)
    raise AttributeError(f"module 'pruning' has no attribute {name!r}")
