"""Fetching image sets on a visitor's click."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from cache import runs
from cache.jobs import Job, Jobs, Watcher
from pruning.data.image_sources import SOURCES
from pruning.data.images import NoImages, folder, how_to_copy
from pruning.options import ImageSet
from views.shared.job_panel import Kind, follow, leave

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator


@cache
def queue() -> Jobs:
    """The queue of downloads: one at a time, apart from training."""
    return Jobs()


def draw_fetching(dataset: ImageSet, problem: NoImages, place: DeltaGenerator) -> None:
    """Why there are no images, a button that downloads them, and how far that is."""
    sources = [SOURCES[name] for name in dataset.sources]

    def offer() -> str:
        st.warning(str(problem), icon=":material/image_not_supported:")
        sizes = " and ".join(str(source.megabytes) for source in sources)
        return f"Download {' and '.join(source.title for source in sources)} ({sizes} MB)"

    with place:
        follow(_kind(dataset), _key(dataset), partial(_join, dataset), offer)


def done() -> None:
    """Forget a download that has ended: the images are there."""
    leave(FETCHING)


def _key(dataset: ImageSet) -> str:
    return f"{' and '.join(dataset.sources)} in {folder()}"


def _join(dataset: ImageSet, watcher: Watcher, seconds: float) -> Job:
    target = folder()

    def work(report: Any) -> None:
        from pruning.data.image_download import fetch  # loads torchvision

        fetch(target, report, names=dataset.sources)

    return queue().join(_key(dataset), work, watcher, seconds)


def _failure(dataset: ImageSet, error: Exception, key: str) -> str:
    return f"{_sentence(error, key)} Or {how_to_copy(dataset, folder())}"


def _sentence(error: Exception, key: str) -> str:
    return runs.sentence(error, key, "The download", "Try again")


def _progress(job: Job) -> tuple[float, str]:
    if job.progress is None:
        return 0.0, "Getting ready"
    transfer = job.progress.transfer
    share = transfer.done / transfer.total if transfer and transfer.total else 0.0
    return min(share, 1.0), job.progress.sentence


def _kind(dataset: ImageSet) -> Kind:
    return replace(FETCHING, failure=partial(_failure, dataset))


FETCHING = Kind("fetching", queue, _sentence, _progress, lambda job: None)
