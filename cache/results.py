"""Between the pages and the work: what is stored, what is under way, and how far it is."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from cache.jobs import Job, Jobs
from cache.latency import on_one_clock, remember
from cache.private import VARIABLE
from cache.store import Store
from cache.visitor import Shelf, Visit
from pruning import RATIOS, Diverged, Experiment, Network, Outcome, run
from pruning.data.csv_points import Points
from pruning.evaluation.memo import remembered
from pruning.experiment import code_version
from pruning.inspect.plane import SAMPLES, Extent, Plane, TrueMaps, make_plane, true_maps
from pruning.inspect.replay import Recording
from pruning.model.units import Unit
from pruning.outcome import PlaneOutcome


class ProgressBar(Protocol):
    """Where progress is shown. Writing there also lets Streamlit end a run that is no longer wanted."""

    def progress(self, share: float, text: str) -> None: ...


class Failure(RuntimeError):
    """Work that ended without a result; the message is a sentence for people."""


ROOT = Path(__file__).parent.parent
# Module-level and not in st.cache_resource, which any visitor's browser can clear for everybody.
STORE = Store(os.environ.get(VARIABLE, "").strip() or ROOT / "cache" / "store", code_version())
JOBS = Jobs()
PICTURES = threading.Semaphore(os.cpu_count() or 1)  # planes computed at a time
POLL, LONGEST_POLL = 0.1, 0.5  # seconds between two looks at a job; also how soon a moved slider ends the wait
POLLS_PER_SECOND = 50  # of all visitors together: looking takes time away from the training itself


def outcomes(experiment: Experiment, status: ProgressBar, visit: Visit) -> Generator[PlaneOutcome, None, None]:
    """What is stored, or what there is so far each time that grows, and at last all of it.

    While something trains, `status` says what and how far. Writing there is also what lets
    Streamlit end this run when a slider moves: the job is then left, and dropped if nobody else
    waits for it.
    """
    store, points, key = _asked("sweep", json.loads(experiment.key()), visit)
    found = store.get(key)
    if found is None:

        def compute(report: Any) -> PlaneOutcome:
            return on_one_clock(run(experiment, report, ratios=RATIOS, points=points), store)

        with JOBS.watch(key, _work(store, key, compute, remember)) as job:
            shown = 0
            while not job.wait(_pause()):
                _show_progress(job, status)
                partial = job.progress.outcome if job.progress else None
                if partial is not None and (known := _known(partial)) > shown:
                    shown = known
                    yield replace(partial, experiment=experiment)
            found = _kept(job, key, visit)
    yield replace(found, experiment=experiment)


def is_stored(experiment: Experiment, visit: Visit) -> bool:
    """Whether `outcomes` would train nothing."""
    store, _, key = _asked("sweep", json.loads(experiment.key()), visit)
    return store.get(key) is not None


def _known(outcome: Outcome) -> int:
    """How much there is of it so far: networks, and those that were held against the truth."""
    return sum(1 + (network.fresh is not None) for network in outcome.networks)


def recording(experiment: Experiment, status: ProgressBar, visit: Visit) -> Recording:
    """The film of the run that leads to the experiment's prune ratio; see `outcomes` for `status`."""
    ratio = experiment.prune_ratio
    store, points, key = _asked("film", {**json.loads(experiment.key()), "prune_ratio": ratio}, visit)
    stored = store.get(key)
    if stored is not None:
        return stored

    def compute(report: Any) -> Recording:
        from pruning.inspect.recording import record

        return record(experiment, points, report)

    with JOBS.watch(key, _work(store, key, compute)) as job:
        while not job.wait(_pause()):
            _show_progress(job, status)
        return _kept(job, key, visit)


def _asked(what: str, values: dict[str, Any], visit: Visit) -> tuple[Store | Shelf, Points | None, str]:
    """Where a result is kept, the points it is about if they are the visitor's own, and its key."""
    asked = {what: values, "ratios": RATIOS}
    if visit.points is None:
        return STORE, None, json.dumps(asked)
    return visit.shelf, visit.points, json.dumps({**asked, "points": visit.points.key()})


def _work(
    store: Store | Shelf,
    key: str,
    compute: Callable[[Any], Any],
    then: Callable[[Any, Store | Shelf], None] = lambda result, store: None,
) -> Callable[[Any], Any]:
    """What a job is to do: compute, given where to report, and keep the result, `then` what comes of it."""

    def work(report: Any) -> Any:
        load_torch()
        report()
        result = store.fetch(key, lambda: compute(report), waiting=report)
        then(result, store)
        return result

    return work


def _kept(job: Job, key: str, visit: Visit) -> Any:
    """The job's result. One of own points is kept by everybody who waited: another visitor may have begun the job."""
    result = _result(job)
    return visit.shelf.fetch(key, lambda: result) if visit.points else result


def complete(outcome: Outcome) -> bool:
    """Whether nothing of it is still to come: every ratio is there, and its latency, which is measured last."""
    return len(outcome.networks) == len(RATIOS) and all(n.latency == n.latency for n in outcome.networks)


def load_torch() -> None:
    """Import PyTorch, late, and keep the whole server on one thread a computation.

    `training.one_thread` restores what it found, and that is shared: one computation that ends
    would otherwise hand another one, still under way, a second thread.
    """
    import torch

    torch.set_num_threads(1)


def _result(job: Job) -> Any:
    """What the job returned. Any failure becomes a sentence; what nobody foresaw goes to the log in full."""
    try:
        return job.result()
    except Diverged as error:
        raise Failure(str(error)) from error
    except Exception as error:
        logging.getLogger(__name__).exception("a computation failed: %s", job.key)
        kind = type(error).__name__
        raise Failure(
            f"The computation did not finish ({kind}). Move a control to try again; the terminal has the details."
        ) from error


def _pause() -> float:
    """Seconds until the next look: the more people wait, the less often each of them looks."""
    return min(max(POLL, JOBS.watchers() / POLLS_PER_SECOND), LONGEST_POLL)


def _show_progress(job: Job, status: ProgressBar) -> None:
    if waiting := JOBS.position(job):
        status.progress(
            0.0, f"Waiting: {waiting} {'computation' if waiting == 1 else 'computations'} before this one"
        )
    elif job.progress is None:
        status.progress(0.0, "Getting ready; after a start PyTorch has to be loaded once")
    else:
        status.progress(job.progress.done / job.progress.total, job.progress.message)


def plane(
    experiment: Experiment,
    network: Network,
    n_classes: int,
    extent: Extent,
    shelf: Shelf | None = None,
    samples: Sequence[int] = SAMPLES,
) -> Plane:
    """The maps of a network over the plane; equal networks share them, whatever led to them.

    They are stored for everybody unless there is a `shelf` for them.
    """
    key = json.dumps(
        {
            "plane": digest(network),
            "hidden": experiment.hidden,
            "dropout": experiment.dropout,
            "seed": experiment.seed,
            "extent": extent,
            "samples": samples,
        }
    )

    def compute() -> Plane:
        load_torch()
        with PICTURES:
            return make_plane(experiment, network, n_classes, extent, samples)

    return (shelf or STORE).fetch(key, compute)


def truth(experiment: Experiment, extent: Extent) -> TrueMaps:
    """What can be known of every point of the plane of a generated task; of equal tasks the same maps."""
    chosen = experiment
    return _truth(Experiment(dataset=chosen.dataset, noise=chosen.noise, label_noise=chosen.label_noise), extent)


_truth = lru_cache(maxsize=64)(true_maps)


def digest(network: Network) -> str:
    """What a network computes, in 64 letters: equal networks have equal ones."""

    def compute() -> str:
        found = hashlib.sha256()
        for array in (*network.weights.values(), *network.masks.values()):
            found.update(array.tobytes())
        found.update(repr(network.dropout).encode())
        return found.hexdigest()

    return remembered(network, "digest", compute)


def changed_by_hand(outcome: PlaneOutcome, units: frozenset[Unit], samples: Sequence[int], shelf: Shelf) -> Network:
    """The pruned network with units taken out or put back: see `pruning.by_hand.changed`."""
    asked = {"by hand": sorted(units), "of": str(outcome.experiment), "samples": samples}
    measured = {"fresh": outcome.fresh is not None}  # an outcome that is still growing may lack them
    key = json.dumps({**asked, **measured, "pruned": digest(outcome.pruned), "dense": digest(outcome.dense)})

    def compute() -> Network:
        load_torch()
        from pruning.inspect.ablation import changed

        with PICTURES:
            return changed(outcome, units, samples)

    return shelf.fetch(key, compute)
