"""Image sets that torchvision knows, downloaded once and packed into a file each.

`cifar10.npz` holds x_train, y_train, x_test, y_test and classes; `cifar100.npz` x_test, y_test and classes; others
as `image_sources.SOURCES` says. Images are uint8 (N, H, W, channels), labels int64 (N,), classes the names as text
(C,). A machine without a network needs only these files. This is the only module that imports torchvision, and it
does so late.
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from pruning.data.download import DownloadError, Transfer, disk_errors_named, download, one_at_a_time
from pruning.data.image_sources import SOURCES

Phase = Literal["waiting", "downloading", "unpacking"]

CIFAR = ("cifar10", "cifar100")
MISSING_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

_import_lock = threading.Lock()
_declared: list[object] = []  # schemas live as long as the library object that declared them


@dataclass(frozen=True)
class Fetching:
    """Where `fetch` is."""

    name: str  # of `image_sources.SOURCES`
    phase: Phase  # `waiting` while another thread or process fetches the same
    transfer: Transfer | None = None  # only of `downloading`

    @property
    def sentence(self) -> str:
        """For people: CIFAR-10: 63 of 170 MB, 4.2 MB/s, 25 s left."""
        if self.transfer is None:
            text = {"waiting": "somebody else is fetching it", "downloading": "connecting", "unpacking": "unpacking"}
            return f"{SOURCES[self.name].title}: {text[self.phase]}"
        return f"{SOURCES[self.name].title}: {_in_words(self.transfer)}"


def packed(folder: Path, names: Sequence[str] = CIFAR) -> bool:
    """Whether the files of these sources are in the folder, so that `fetch` has nothing to do."""
    return all(_target(folder, name).is_file() for name in names)


def fetch(
    folder: Path,
    progress: Callable[[Fetching], None] | None = None,
    *,
    names: Sequence[str] = CIFAR,
    sources: Mapping[str, Any] | None = None,
) -> None:
    """Download and pack whichever of the named files the folder lacks; what is there is left alone.

    `progress` may raise to stop; the next call goes on where the download was. sources: the dataset classes,
    torchvision's by default, whose addresses, file names, checksums and reader are used.
    Raises DownloadError, a sentence for people.
    """
    report = progress or (lambda fetching: None)
    for name in names:
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
    folder: Path, name: str, report: Callable[[Fetching], None], sources: Mapping[str, Any] | None
) -> None:
    """Bring one of the files about, unless somebody else has by the time it is our turn."""
    target = _target(folder, name)
    with one_at_a_time(target, waiting=lambda: report(Fetching(name, "waiting"))):
        if target.is_file():
            return
        report(Fetching(name, "downloading"))
        source = sources[name] if sources else getattr(torchvision_datasets(), SOURCES[name].reader)
        archives = [
            _downloaded(one, folder, lambda transfer: report(Fetching(name, "downloading", transfer)))
            for one in _archives(source, SOURCES[name].splits)
        ]
        with _scratch(target) as scratch:
            for archive in archives:
                report(Fetching(name, "unpacking"))
                with disk_errors_named(target):
                    _extract(archive, source, scratch)
            report(Fetching(name, "unpacking"))
            with disk_errors_named(target):
                _pack(source, scratch, SOURCES[name].splits, target)
                for archive in archives:
                    archive.unlink()


@dataclass(frozen=True)
class _Archive:
    """A file of a set as its server has it: where, one place after the other, under which name, with which MD5."""

    addresses: tuple[str, ...]
    name: str
    md5: str


def _archives(source: Any, splits: tuple[str, ...]) -> list[_Archive]:
    """What torchvision's class would download: one archive, or a file for the pictures and labels of each split."""
    if hasattr(source, "url"):
        return [_Archive((source.url,), source.filename, source.tgz_md5)]
    return [
        _Archive(tuple(mirror + name for mirror in source.mirrors), f"{source.__name__}-{name}", md5)
        for name, md5 in source.resources
    ]


def _downloaded(archive: _Archive, folder: Path, report: Callable[[Transfer], None]) -> Path:
    """The archive in the folder, from the first of its addresses that has it."""
    *others, last = archive.addresses
    for address in others:
        try:
            return download(address, folder / archive.name, archive.md5, report)
        except DownloadError:
            continue
    return download(last, folder / archive.name, archive.md5, report)


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


def _extract(archive: Path, source: Any, scratch: Path) -> None:
    """Unpack an archive to where torchvision's class looks for it."""
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            tar.extractall(scratch, filter="data")
        return
    raw = scratch / source.__name__ / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    name = archive.name.removeprefix(f"{source.__name__}-").removesuffix(".gz")
    with gzip.open(archive) as packed_file, (raw / name).open("wb") as plain_file:
        shutil.copyfileobj(packed_file, plain_file)


def _pack(source: Any, scratch: Path, splits: tuple[str, ...], target: Path) -> None:
    """Write the arrays of these splits to `target`, which comes into being all at once."""
    arrays: dict[str, Any] = {}
    for split in splits:
        try:
            data = source(scratch, train=split == "train")
        except RuntimeError as error:  # how torchvision says that a checksum is wrong, or a file missing
            raise DownloadError(
                f"{SOURCES[target.stem].title} was not unpacked as expected; {target.parent.absolute()} may be on a "
                "disk that is full or damaged. Try again."
            ) from error
        pixels = np.ascontiguousarray(data.data)
        arrays[f"x_{split}"] = pixels if pixels.ndim == 4 else pixels[..., None]
        arrays[f"y_{split}"] = np.asarray(data.targets, dtype=np.int64)
    arrays["classes"] = np.array([name.split(" - ")[0] for name in data.classes])  # MNIST has “0 - zero”
    np.savez_compressed(scratch / target.name, **arrays)
    (scratch / target.name).replace(target)


def _target(folder: Path, name: str) -> Path:
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
