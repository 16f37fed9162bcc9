"""Carrying out an image experiment step by step, each wherever its work is done and its network is kept.

Nothing heavy is imported here; a step itself is carried out by `image_training`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pruning.data.images import NoImages, shown
from pruning.experiment import ImageExperiment
from pruning.lottery.history import next_history
from pruning.lottery.image_plan import Step, results, steps
from pruning.lottery.progress import StepProgress
from pruning.outcome import Network, Outcome

Compute = Callable[[], Network]
Keep = Callable[[str, Compute], Network]
"""Takes a step's key and what computes its network; returns the network, from wherever it is kept."""
Call = Callable[..., Network]
"""Calls a function with its arguments and `report`, wherever the work is done."""


def run_images(
    experiment: ImageExperiment,
    progress: Callable[[StepProgress | None], None] | None = None,
    *,
    ratios: Sequence[float] | None = None,
    keep: Keep = lambda key, compute: compute(),
    call: Call = lambda function, *arguments, report: function(*arguments, report=report),
) -> Outcome:
    """Train the dense network and those of the experiment's strategy, one after the other.

    `keep` may return a network that is stored already, `call` may carry out the training in
    another process. `progress` is called a few times a second, with None where there is no news,
    and may raise to stop the run.
    Raises `Diverged` if the dense network cannot be trained, `NoImages` where the images are not there.
    """
    images = shown(experiment.dataset)
    wanted = [replace(experiment, prune_ratio=ratio).prune_ratio for ratio in ratios or ()]
    plan = steps(experiment, wanted, images.fingerprint)
    networks: dict[str, Network] = {}
    for number, step in enumerate(plan):

        def report(part: StepProgress | None, number: int = number) -> None:
            if progress:
                progress(part and replace(part, step=number, steps=len(plan)))

        report(StepProgress(0, 0, f"Starting on {step.name}"))
        dense = networks.get(plan[0].key)
        last = networks.get(step.parent or "")
        networks[step.key] = keep(
            step.key,
            lambda step=step, dense=dense, last=last, report=report: call(  # type: ignore[misc]
                train_step, experiment, step, dense, last, report=report
            ),
        )
    asked_for = results(experiment, wanted, images.fingerprint).values()
    return outcome(experiment, [networks[step.key] for step in asked_for])


def outcome(experiment: ImageExperiment, networks: Sequence[Network]) -> Outcome:
    """What there is so far of an experiment, the dense network first."""
    labels = shown(experiment.dataset).test.labels
    return Outcome(experiment, labels, experiment.dataset.n_classes, tuple(networks))


def train_step(
    experiment: ImageExperiment, step: Step, dense: Network | None, last: Network | None, report: Any
) -> Network:
    """Carry out one step, in whatever process: `report` takes a `StepProgress`."""
    from pruning.lottery.image_training import train_network  # loads PyTorch

    here = shown(experiment.dataset).fingerprint
    if here != step.fingerprint:
        raise NoImages(
            f"The worker has other {experiment.dataset.label} images than the page ({here} and {step.fingerprint}). "
            "Give both the same files in EXPLORER_DATA."
        )
    network = train_network(experiment, step, dense, last, report)
    if dense is None or last is None:
        return network
    history = next_history(experiment, len(dense.train_loss), last.history, last.kept_epoch, len(network.train_loss))
    return replace(network, history=history)
