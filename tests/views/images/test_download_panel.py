"""Fetching CIFAR from the page: what is offered, what is said of errors, and what is forgotten in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pruning.data import image_download as cifar
from pruning.data.download import DownloadError, Transfer
from pruning.data.image_download import Fetching
from views.images import download_panel

PATIENCE = 30  # seconds before a test gives up on something that hangs
WHY = "CIFAR is not here yet."


class Download:
    """A download that reports what it is told to, until it is told to end."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.progress: Fetching | None = None
        self.error: Exception | None = None
        self.go = threading.Event()

    def __call__(self, folder: Path, report: Callable[[Any], None], *, names: tuple[str, ...]) -> None:
        assert names == ("cifar10", "cifar100")
        self.folders.append(folder)
        end = time.monotonic() + PATIENCE
        while not self.go.wait(0.005):
            report(self.progress)
            assert time.monotonic() < end, "neither ended nor cancelled"
        if self.error:
            raise self.error


@pytest.fixture
def download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Download]:
    """In place of the real one, into an empty folder."""
    fake = Download()
    monkeypatch.setenv("EXPLORER_DATA", str(tmp_path))
    monkeypatch.setattr(cifar, "fetch", fake)
    download_panel.queue.cache_clear()
    yield fake
    fake.go.set()
    download_panel.queue.cache_clear()


def page(ready):
    import streamlit as st

    from pruning import ImageSet
    from pruning.data.images import NoImages
    from views.controls import state
    from views.images import download_panel

    if ready:
        download_panel.done()
    else:
        download_panel.draw_fetching(ImageSet.CIFAR10, NoImages("CIFAR is not here yet."), st.container())
    st.caption(str(state.FOLLOWED.of("fetching").is_set))


def opened() -> tuple[AppTest, list[bool]]:
    """The page, and a list that is filled once the images are there."""
    ready: list[bool] = []
    return AppTest.from_function(page, default_timeout=60, kwargs={"ready": ready}).run(), ready


def under_way(tmp_path: Path) -> Any:
    return download_panel.queue().get(f"cifar10 and cifar100 in {tmp_path}")


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def started(tmp_path: Path) -> tuple[AppTest, list[bool]]:
    app, ready = opened()
    app.button[0].click().run()
    assert not app.exception
    until(lambda: under_way(tmp_path).started)
    return app, ready


def ended(app: AppTest, download: Download, tmp_path: Path) -> AppTest:
    download.go.set()
    until(lambda: under_way(tmp_path) is None)
    app.run()
    assert not app.exception
    return app


def test_without_images_the_page_says_why_and_offers_them(download, tmp_path):
    """The sentence of the error, a button that tells the size, and no download before the click."""
    app, _ = opened()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [WHY]
    assert [button.label for button in app.button] == ["Download CIFAR-10 and CIFAR-100 (170 and 169 MB)"]
    assert under_way(tmp_path) is None
    assert download.folders == []


def test_a_click_downloads_into_the_folder(download, tmp_path):
    """One download, into the folder of the images, which can be stopped."""
    app, _ = started(tmp_path)
    assert [button.label for button in app.button] == ["Stop"]
    until(lambda: download.folders == [tmp_path])
    app.button[0].click().run()
    assert [button.label for button in app.button] == ["Go on"]
    until(lambda: under_way(tmp_path) is None)


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        (None, (0, "Getting ready")),
        (Fetching("cifar10", "downloading"), (0, "CIFAR-10: connecting")),
        (Fetching("cifar100", "unpacking"), (0, "CIFAR-100: unpacking")),
        (
            Fetching("cifar10", "downloading", Transfer(85_000_000, 170_000_000, 5e6)),
            (50, "CIFAR-10: 85 of 170 MB, 5.0 MB/s, 17 s left"),
        ),
        (Fetching("cifar10", "downloading", Transfer(5_000_000, None, 1e6)), (0, "CIFAR-10: 5 MB, 1.0 MB/s")),
    ],
)
def test_the_progress_is_that_of_the_download(download, tmp_path, progress, shown):
    """A share where the size is known, and a sentence in any case."""
    download.progress = progress
    app, _ = started(tmp_path)
    until(lambda: under_way(tmp_path).progress == progress)
    app.run()
    assert not app.exception
    assert [(bar.value, bar.text) for bar in app.get("progress")] == [shown]


def test_more_than_all_is_all(download, tmp_path):
    """A server that announces less than it sends does not break the bar."""
    download.progress = Fetching("cifar10", "downloading", Transfer(9_000_000, 8_000_000, 1e6))
    app, _ = started(tmp_path)
    until(lambda: under_way(tmp_path).progress == download.progress)
    app.run()
    assert not app.exception
    assert [bar.value for bar in app.get("progress")] == [100]


def test_an_error_of_the_download_is_its_own_sentence(download, tmp_path, caplog):
    """What the download knows to say comes first, then what else one can do, with a way to try again."""
    download.error = DownloadError("The server does not answer. Try again later.")
    app = ended(started(tmp_path)[0], download, tmp_path)
    assert [error.value for error in app.error] == [
        "The server does not answer. Try again later. Or copy cifar10.npz and cifar100.npz to "
        f"{tmp_path} from a machine that has them. Without any files: Digits."
    ]
    assert "work failed" not in caplog.text
    assert [button.label for button in app.button] == ["Try again"]


def test_an_error_that_nobody_foresaw_tells_what_else_one_can_do(download, tmp_path, caplog):
    """Its kind, both files, the folder they belong in, what needs no files; the log has the details."""
    download.error = MemoryError("secret detail")
    app = ended(started(tmp_path)[0], download, tmp_path)
    (sentence,) = (error.value for error in app.error)
    for part in ("MemoryError", "cifar10.npz", "cifar100.npz", str(tmp_path), "Without any files: Digits"):
        assert part in sentence
    assert "secret detail" not in sentence
    assert "secret detail" in caplog.text


def test_a_second_try_is_a_second_download(download, tmp_path):
    """After a failure a click starts again, and the error is gone."""
    download.error = DownloadError("No.")
    app = ended(started(tmp_path)[0], download, tmp_path)
    download.go.clear()
    app.button[0].click().run()
    until(lambda: len(download.folders) == 2)
    app.run()
    assert not app.error
    assert [button.label for button in app.button] == ["Stop"]


def test_success_forgets_the_download(download, tmp_path):
    """Once the images are there, nothing of it is left in the session, nor does anybody want it."""
    app, ready = started(tmp_path)
    assert app.caption[-1].value == "True"
    ready.append(True)
    ended(app, download, tmp_path)
    assert app.caption[-1].value == "False"
    assert not app.button
    assert not app.error
