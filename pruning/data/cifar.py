"""CIFAR-10 and the test half of CIFAR-100, downloaded once and packed into two files.

`cifar10.npz` holds x_train, y_train, x_test, y_test and classes; `cifar100.npz` x_test, y_test and classes.
Images are uint8 (N, 32, 32, 3), labels int64 (N,), classes the names as text (C,). A machine without a network
needs only these two files. This is the only module that imports torchvision, and it does so late.
"""

from __future__ import annotations

import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from pruning.data.download import DownloadError, Transfer, disk_errors_named, download, one_at_a_time

Name = Literal["cifar10", "cifar100"]
Phase = Literal["waiting", "downloading", "unpacking"]

TITLES: dict[Name, str] = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
SPLITS: dict[Name, tuple[str, ...]] = {"cifar10": ("train", "test"), "cifar100": ("test",)}
MISSING_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_import_lock = threading.Lock()
_declared: list[object] = []  # schemas live as long as the library object that declared them


@dataclass(frozen=True)
class Fetching:
    """Where `fetch` is."""

    name: Name
    phase: Phase  # `waiting` while another thread or process fetches the same
    transfer: Transfer | None = None  # only of `downloading`

    @property
    def sentence(self) -> str:
        """For people: CIFAR-10: 63 of 170 MB, 4.2 MB/s, 25 s left."""
        if self.transfer is None:
            text = {"waiting": "somebody else is fetching it", "downloading": "connecting", "unpacking": "unpacking"}
            return f"{TITLES[self.name]}: {text[self.phase]}"
        return f"{TITLES[self.name]}: {_in_words(self.transfer)}"


def packed(folder: Path) -> bool:
    """Whether both files are in the folder, so that `fetch` has nothing to do."""
    return all(_target(folder, name).is_file() for name in TITLES)


def fetch(
    folder: Path,
    progress: Callable[[Fetching], None] | None = None,
    *,
    sources: Mapping[str, Any] | None = None,
) -> None:
    """Download and pack whichever of the two files the folder lacks; what is there is left alone.

    `progress` may raise to stop; the next call goes on where the download was. sources: the two dataset classes,
    torchvision's CIFAR10 and CIFAR100 by default, whose url, filename, checksums and reader are used.
    Raises DownloadError, a sentence for people.
    """
    report = progress or (lambda fetching: None)
    for name in TITLES:
        if not _target(folder, name).is_file():
            _fetch_one(folder, name, report, sources)


def torchvision_datasets() -> ModuleType:
    """torchvision.datasets, also where torchvision and torch are of different flavours.

    There torchvision's own operators cannot be loaded, and it stops at the first of the two whose
    schema it takes for granted: these are declared, without an implementation. Takes about 2 s once.
    """
    import torch

    with _import_lock:
        try:
            from torchvision import datasets  # type: ignore[import-untyped]
        except RuntimeError:
            # A fragment, as DEF is refused where anybody has declared operators of torchvision before.
            library = torch.library.Library("torchvision", "FRAGMENT")
            _declared.append(library)
            for schema in MISSING_SCHEMAS:
                if not hasattr(torch.ops.torchvision, schema.partition("(")[0]):
                    library.define(schema)
            from torchvision import datasets
    return datasets


def _fetch_one(
    folder: Path, name: Name, report: Callable[[Fetching], None], sources: Mapping[str, Any] | None
) -> None:
    """Bring one of the two files about, unless somebody else has by the time it is our turn."""
    target = _target(folder, name)
    with one_at_a_time(target, waiting=lambda: report(Fetching(name, "waiting"))):
        if target.is_file():
            return
        report(Fetching(name, "downloading"))
        source = sources[name] if sources else getattr(torchvision_datasets(), name.upper())
        archive = download(
            source.url,
            folder / source.filename,
            source.tgz_md5,
            lambda transfer: report(Fetching(name, "downloading", transfer)),
        )
        with _scratch(target) as scratch:
            report(Fetching(name, "unpacking"))
            with disk_errors_named(target):
                _extract(archive, scratch)
            report(Fetching(name, "unpacking"))
            with disk_errors_named(target):
                _pack(source, scratch, SPLITS[name], target)
                archive.unlink()


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """An empty folder beside the file, whose name is always the same so that what a killed process left goes too."""
    folder = target.with_name(target.name + ".unpacking")
    shutil.rmtree(folder, ignore_errors=True)
    with disk_errors_named(target):
        folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extract(archive: Path, scratch: Path) -> None:
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")


def _pack(source: Any, scratch: Path, splits: tuple[str, ...], target: Path) -> None:
    """Write the arrays of these splits to `target`, which comes into being all at once."""
    arrays: dict[str, Any] = {}
    for split in splits:
        try:
            data = source(scratch, train=split == "train")
        except RuntimeError as error:  # how torchvision says that a checksum is wrong
            raise DownloadError(
                f"{source.filename} was not unpacked as expected; {target.parent.absolute()} may be on a "
                "disk that is full or damaged. Try again."
            ) from error
        arrays[f"x_{split}"] = np.ascontiguousarray(data.data)
        arrays[f"y_{split}"] = np.asarray(data.targets, dtype=np.int64)
    arrays["classes"] = np.array(data.classes)
    np.savez_compressed(scratch / target.name, **arrays)
    (scratch / target.name).replace(target)


def _target(folder: Path, name: Name) -> Path:
    return folder / f"{name}.npz"


def _in_words(transfer: Transfer) -> str:
    of = "" if transfer.total is None else f" of {transfer.total / 1e6:.0f}"
    rate = transfer.bytes_per_second
    speed = f"{rate / 1e6:.1f} MB/s" if rate >= 1e5 else f"{rate / 1e3:.0f} kB/s"
    seconds = transfer.seconds_left
    parts = [f"{transfer.done / 1e6:.0f}{of} MB", speed]
    if seconds is not None:
        parts.append(f"{seconds:.0f} s left" if seconds < 120 else f"{seconds / 60:.0f} min left")
    return ", ".join(parts)
