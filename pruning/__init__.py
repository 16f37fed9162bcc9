"""Small networks, and what is removed from them.

    from pruning import Experiment, run
    outcome = run(Experiment(strategy="iterative", prune_ratio=0.8))
    outcome = run(Experiment(prune_ratio=0.8), source=Source("last_layer", tempered=True))

`run` and what belongs to it load PyTorch on first use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, overload

from pruning.data.csv_points import read_points
from pruning.data.own_points import Points
from pruning.experiment import RATIOS, Experiment, ImageExperiment
from pruning.lottery.progress import Diverged, Progress
from pruning.options import Architecture, Criterion, Dataset, DropoutRule, ImageSet, PrunedLayers, Scope, Strategy
from pruning.outcome import Network, Outcome, PlaneOutcome
from uncertainty.options import MC_DROPOUT, Method, Source

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "RATIOS",
    "Architecture",
    "Criterion",
    "Dataset",
    "Diverged",
    "DropoutRule",
    "Experiment",
    "ImageExperiment",
    "ImageSet",
    "Method",
    "Network",
    "Outcome",
    "PlaneOutcome",
    "Points",
    "Progress",
    "PrunedLayers",
    "Scope",
    "Source",
    "Strategy",
    "module",
    "read_points",
    "run",
    "run_seeds",
]


@overload
def run(
    experiment: Experiment,
    progress: Callable[[Any], None] | None = None,
    *,
    ratios: Sequence[float] | None = None,
    points: Points | None = None,
    source: Source = MC_DROPOUT,
) -> PlaneOutcome: ...
@overload
def run(
    experiment: ImageExperiment,
    progress: Callable[[Any], None] | None = None,
    *,
    ratios: Sequence[float] | None = None,
    source: Source = MC_DROPOUT,
) -> Outcome: ...
def run(
    experiment: Experiment | ImageExperiment,
    progress: Callable[[Any], None] | None = None,
    *,
    ratios: Sequence[float] | None = None,
    points: Points | None = None,
    source: Source = MC_DROPOUT,
) -> Outcome:
    """Train the dense network and the pruned one of the experiment's strategy and ratio.

    `ratios` asks for several ratios at once; what each yields is the same as on its own. `points`
    are somebody's own, instead of those that a two-dimensional experiment describes. `source` is where
    class probabilities come from; for an ensemble its other members are trained, too, from the seeds that follow.
    `progress` is called now and then and may raise to stop the run. Raises `Diverged` if the dense
    network cannot be trained, `NoImages` where the images of the task are not there.
    """
    from pruning.lottery.engine import run_seeds as run_all

    return run_all(experiment, [experiment.seed], progress, ratios=ratios, points=points, source=source)[0]


def run_seeds(
    experiment: Experiment | ImageExperiment,
    seeds: Sequence[int],
    progress: Callable[[Progress], None] | None = None,
    *,
    ratios: Sequence[float] | None = None,
    points: Points | None = None,
    source: Source = MC_DROPOUT,
) -> list[Any]:
    """The same experiment with several seeds: an outcome per seed, in order. On points they train as one stack.

    The data are the same for all; only training differs. Raises as `run` does.
    """
    from pruning.lottery.engine import run_seeds as run_all

    return run_all(experiment, seeds, progress, ratios=ratios, points=points, source=source)


def module(experiment: Experiment | ImageExperiment, network: Network, n_classes: int) -> nn.Sequential:
    """The network as a PyTorch module, physically without its removed units, in evaluation mode.

    Raises ValueError where the network is no network of this experiment.
    """
    from pruning.model.build import module as build

    return build(experiment, network, n_classes)
