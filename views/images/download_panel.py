"""Fetching CIFAR on a visitor's click."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from cache.jobs import Job, Jobs
from pruning.data.download import DownloadError
from pruning.data.images import FILES, NoImages, folder
from views.shared.job_panel import Kind, follow, leave

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

SIZE = "170 and 169 MB"


@cache
def queue() -> Jobs:
    """The queue of downloads: one at a time, apart from training."""
    return Jobs()


def draw_fetching(problem: NoImages, place: DeltaGenerator) -> None:
    """Why there are no images, a button that downloads them, and how far that is."""

    def offer() -> str:
        st.warning(str(problem), icon=":material/image_not_supported:")
        return f"Download CIFAR-10 and CIFAR-100 ({SIZE})"

    with place:
        follow(FETCHING, f"cifar in {folder()}", _join, offer)


def done() -> None:
    """Forget a download that has ended: the images are there."""
    leave(FETCHING)


def _join(watcher: str, seconds: float) -> Job:
    target = folder()

    def work(report: Any) -> None:
        from pruning.data.cifar import fetch  # loads torchvision

        fetch(target, report)

    return queue().join(f"cifar in {target}", work, watcher, seconds)


def _failure(error: Exception, key: str) -> str:
    reason = str(error)
    if not isinstance(error, DownloadError):
        logging.getLogger(__name__).error("download failed: %s", key, exc_info=error)
        reason = f"The download did not finish ({type(error).__name__}); the terminal has the details. Try again."
    return (
        f"{reason} Or copy {FILES[0]} and {FILES[1]} to {folder()} from a machine that has them. "
        "The digits need neither."
    )


def _progress(job: Job) -> tuple[float, str]:
    if job.progress is None:
        return 0.0, "Getting ready"
    transfer = job.progress.transfer
    share = transfer.done / transfer.total if transfer and transfer.total else 0.0
    return min(share, 1.0), job.progress.sentence


FETCHING = Kind("fetching", queue, _failure, _progress, lambda job: None)
