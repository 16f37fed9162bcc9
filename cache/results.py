"""What pages show, kept or computed while somebody waits: outcomes, recordings, planes, networks changed by hand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from cache import runs
from cache.jobs import Job
from cache.runs import Failure, load_torch
from cache.services import services
from cache.store import Store
from cache.training import training
from cache.visitor import Visit, VisitStore
from pruning import RATIOS, Experiment, Network
from pruning.code_version import code_version
from pruning.data.task import Task
from pruning.evaluation.memo import remembered
from pruning.inspect import thinned
from pruning.inspect.plane import SAMPLES, Extent, Plane, TrueMaps, make_draws, make_plane, true_maps
from pruning.inspect.replay import Recording
from pruning.lottery.engine import outcome
from pruning.model.units import Unit
from pruning.outcome import Outcome, PlaneOutcome, TrainedNetwork
from uncertainty.options import MC_DROPOUT, DropoutLayers, Method, Source

POLL, LONGEST_POLL = 0.1, 0.5  # seconds between two looks at a job; also how soon a moved slider ends the wait
POLLS_PER_SECOND = 50  # of all visitors together: looking takes time away from the training itself


class ProgressBar(Protocol):
    """Where progress is shown. Writing there also lets Streamlit end a run that is no longer wanted."""

    def progress(self, share: float, text: str) -> None: ...


def outcomes(
    experiment: Experiment, status: ProgressBar, visit: Visit, source: Source = MC_DROPOUT
) -> Generator[PlaneOutcome, None, None]:
    """What is kept, or what there is so far each time that grows, and at last all of it, once, as a source has it.

    While something trains, `status` says what and how far. Writing there is also what lets
    Streamlit end this run when a slider moves: the job is then left, and dropped if nobody else
    waits for it. Raises `Failure` with a sentence.
    """
    found = _on_plane(runs.stored(experiment, visit, source))
    if found is not None:
        yield found
    if runs.complete(found, visit):
        return
    shown = _known(found)
    work = training(experiment, visit, source)
    with services().jobs.watch(runs.key(experiment, visit, source), work, visit.visitor) as job:
        for _ in followed(job, status):
            so_far = job.progress.outcome if job.progress else None
            if so_far is not None and _known(so_far) > shown:
                shown = _known(so_far)
                so_far = replace(so_far, experiment=experiment)
                if not runs.complete(so_far, visit):  # another server may have kept the rest; it comes at the end
                    yield so_far
        results = result_of(job)
    if visit.points:  # another visitor may have begun the job: everybody who waited keeps what came of it
        visit.store.keep(results)
    yield _from(results, experiment, visit, source)


def so_far(experiment: Experiment, visit: Visit, source: Source = MC_DROPOUT) -> PlaneOutcome | None:
    """What of an experiment is there already, as a source has it; None before its dense network."""
    return _on_plane(runs.stored(experiment, visit, source))


def is_stored(experiment: Experiment, visit: Visit, source: Source = MC_DROPOUT) -> bool:
    """Whether `outcomes` would train nothing and ask nothing."""
    return runs.complete(so_far(experiment, visit, source), visit)


def recording(experiment: Experiment, status: ProgressBar, visit: Visit) -> Recording:
    """The replay of the run that leads to the experiment's prune ratio; see `outcomes` for `status`."""
    _, kept = runs.task_and_kept(experiment, visit)
    asked = {"replay": json.loads(experiment.key()), "ratio": experiment.prune_ratio}
    data = visit.points.key() if visit.points else ""
    key = json.dumps({**asked, "data": data, "code": code_version("pruning.inspect.recording")})
    found = kept.get(key)
    if found is not None:
        return found

    def work(report: Any) -> dict[str, Any]:
        from pruning.inspect.recording import record

        load_torch()
        report()
        return {key: kept.fetch(key, lambda: record(experiment, visit.points, report), waiting=report)}

    with services().jobs.watch(key, work, visit.visitor) as job:
        for _ in followed(job, status):
            pass
        results = result_of(job)
    if visit.points:
        visit.store.keep(results)
    return results[key]


def _from(results: Mapping[str, Any], experiment: Experiment, visit: Visit, source: Source) -> PlaneOutcome:
    """The outcome of a run that has ended, from its own results: the store may not have kept them."""
    task, kept = runs.task_and_kept(experiment, visit)

    def get(key: str) -> Any:
        return results[key] if key in results else kept.get(key)

    found = _on_plane(outcome(experiment, RATIOS, task, get, source))
    assert found is not None
    return found


def _on_plane(found: Outcome | None) -> PlaneOutcome | None:
    assert found is None or isinstance(found, PlaneOutcome)
    return found


def _known(found: Outcome | None) -> int:
    """How much there is of it so far: networks, and those that were held against the truth."""
    return sum(1 + (network.fresh is not None) for network in found.networks) if found else 0


def followed(job: Job, status: ProgressBar) -> Generator[None, None, None]:
    """One look at the job after the other until it has ended; `status` says how far it is."""
    while not job.wait(_pause()):
        _show_progress(job, status)
        yield


def result_of(job: Job) -> Any:
    """What the job returned. Any failure becomes a sentence."""
    try:
        return job.result()
    except Exception as error:
        raise Failure(runs.sentence(error, job.key)) from error


def _pause() -> float:
    """Seconds until the next look: the more people wait, the less often each of them looks."""
    return min(max(POLL, services().jobs.watchers() / POLLS_PER_SECOND), LONGEST_POLL)


def _show_progress(job: Job, status: ProgressBar) -> None:
    if waiting := services().jobs.position_in_words(job):
        status.progress(0.0, waiting)
    elif job.progress is None:
        status.progress(0.0, "Getting ready; after a start PyTorch has to be loaded once")
    else:
        status.progress(job.progress.done / job.progress.total, job.progress.message)


def plane(
    experiment: Experiment,
    network: Network,
    task: Task,
    extent: Extent,
    kept: Store | VisitStore,
    samples: Sequence[int] = SAMPLES,
    source: Source = MC_DROPOUT,
) -> Plane:
    """The maps of a network over the plane, as a source has them; equal networks share them, whatever led to them."""
    key = json.dumps({"plane": _seen_by(experiment, network, task, extent, source), "samples": samples})

    def compute() -> Plane:
        load_torch()
        with services().pictures:
            return make_plane(experiment, network, task.n_classes, extent, samples, source, task)

    return kept.fetch(key, compute)


def draws(
    experiment: Experiment, network: Network, task: Task, extent: Extent, kept: Store | VisitStore, source: Source
) -> np.ndarray:
    """What single samples of a network say over the plane: see `inspect.plane.make_draws`."""
    key = json.dumps({"draws": _seen_by(experiment, network, task, extent, source)})

    def compute() -> np.ndarray:
        load_torch()
        with services().pictures:
            return make_draws(experiment, network, task.n_classes, extent, source, task)

    return kept.fetch(key, compute)


def thinned_units(
    experiment: Experiment, network: Network, task: Task, kept: Store | VisitStore, layers: DropoutLayers
) -> Mapping[str, np.ndarray]:
    """What single samples of MC dropout keep of a network: see `inspect.thinned.thinned_units`."""
    asked = {"network": digest(network), "hidden": experiment.hidden, "dropout": experiment.dropout}
    drawn = {"seed": experiment.seed, "layers": layers, "code": code_version("pruning.inspect.thinned")}

    def compute() -> Mapping[str, np.ndarray]:
        load_torch()
        with services().pictures:
            return thinned.thinned_units(experiment, network, task.n_classes, layers)

    return kept.fetch(json.dumps({"units of samples": {**asked, **drawn}}), compute)


def _seen_by(experiment: Experiment, network: Network, task: Task, extent: Extent, source: Source) -> dict[str, Any]:
    """What decides how a source sees the plane by a network."""
    # A method that is fitted on the examples depends on them; of the others equal networks say the same.
    fitted = source.tempered or source.method in (Method.LAST_LAYER, Method.SURVIVORS)
    return {
        "network": digest(network),
        "others": [digest(other) for other in network.others],
        "asked by": asdict(source),
        "fitted on": task.name if fitted else "",
        "hidden": experiment.hidden,
        "dropout": experiment.dropout,
        "seed": experiment.seed,
        "extent": extent,
        "code": code_version("pruning.inspect.plane"),
    }


def truth(experiment: Experiment, extent: Extent) -> TrueMaps:
    """What can be known of every point of the plane of a generated task; of equal tasks the same maps."""
    chosen = experiment
    return _truth(Experiment(dataset=chosen.dataset, noise=chosen.noise, label_noise=chosen.label_noise), extent)


_truth = lru_cache(maxsize=64)(true_maps)


def digest(network: TrainedNetwork) -> str:
    """What a network computes, in 64 letters: equal networks have equal ones."""

    def compute() -> str:
        found = hashlib.sha256()
        for array in (*network.weights.values(), *network.masks.values()):
            found.update(array.tobytes())
        found.update(repr(network.dropout).encode())
        return found.hexdigest()

    return remembered(network, "digest", compute)


def changed_by_hand(
    outcome: PlaneOutcome,
    units: frozenset[Unit],
    samples: Sequence[int],
    visit: Visit,
    source: Source = MC_DROPOUT,
) -> Network:
    """The pruned network with units taken out or put back, as a source has it: see `pruning.by_hand.changed`."""
    asked = {"by hand": sorted(units), "of": str(outcome.experiment), "samples": samples, "asked by": asdict(source)}
    measured = {"fresh": outcome.fresh is not None}  # an outcome that is still growing may lack them
    key = json.dumps({**asked, **measured, "pruned": digest(outcome.pruned), "dense": digest(outcome.dense)})

    def compute() -> Network:
        load_torch()
        from pruning.inspect.ablation import changed

        task, _ = runs.task_and_kept(outcome.experiment, visit)
        with services().pictures:
            return changed(outcome, units, samples, source, task)

    return visit.store.fetch(key, compute)
