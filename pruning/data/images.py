"""The image tasks: pictures as they are, in three splits, and those that are out of distribution."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from pruning.data.image_sources import SOURCES
from pruning.options import ImageSet
from uncertainty.randomness import Purpose, stream

ROOT = Path(__file__).parents[2]
VAL_SHARE = 0.10  # of what a packed file calls training: 45,000 / 5,000 of the whole of CIFAR-10
DIGITS_SHARES = (0.60, 0.15)  # training, validation; the rest is tested on


class NoImages(RuntimeError):
    """The images are not there or cannot be used; the message says what to do."""


@dataclass(frozen=True, eq=False)
class Images:
    """Pictures (N, H, W, channels) uint8 with labels (N,) that number `classes`."""

    pixels: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Shown:
    """What a page shows of a task: the test images and those out of distribution."""

    test: Images
    ood: Images
    fingerprint: str  # of the data, for the key of what is computed from them


@dataclass(frozen=True, eq=False)
class Training:
    """What a network learns from, and what it is stopped by."""

    train: Images
    val: Images


def folder() -> Path:
    """Where the packed images lie: `EXPLORER_DATA`, or `data` in the project; that, too, for a home of nobody."""
    return _wished() or ROOT / "data"


def _wished() -> Path | None:
    wish = os.environ.get("EXPLORER_DATA")
    with suppress(RuntimeError):  # of a user who does not exist, or has no home
        return Path(wish).expanduser() if wish else None
    return None


def shown(dataset: ImageSet) -> Shown:
    """The test and out-of-distribution images of a set, given as such or by name.

    Raises `NoImages` with a sentence for people.
    """
    dataset = ImageSet(dataset)  # type: ignore[call-arg]  # looking a member up
    return _shown_packed(dataset, folder(), _stamp(dataset, folder())) if dataset.sources else _shown_digits()


def training(dataset: ImageSet, n_images: int, seed: int) -> Training:
    """The training and validation images: of the former `n_images` drawn by the seed, all for 0.

    Raises `NoImages` with a sentence for people.
    """
    dataset = ImageSet(dataset)  # type: ignore[call-arg]  # looking a member up
    packed = dataset.sources
    whole = _training_packed(dataset, folder(), _stamp(dataset, folder())) if packed else _training_digits()
    if not 0 < n_images < len(whole.train):
        return whole
    chosen = stream(seed, Purpose.SUBSET).permutation(len(whole.train))[:n_images]
    return Training(_pick(whole.train, chosen), whole.val)


def training_size(dataset: ImageSet) -> int:
    """How many images there are to learn from, without reading one. Raises `NoImages` as `training` does."""
    if not dataset.sources:
        return len(_training_digits().train)
    return _training_size_of(dataset, folder(), _stamp(dataset, folder()))


def files(dataset: ImageSet) -> tuple[str, ...]:
    """The names of the packed files: of what is learned, and of what is never seen; none of bundled images."""
    return tuple(f"{source}.npz" for source in dataset.sources)


def _pick(images: Images, which: np.ndarray) -> Images:
    return Images(images.pixels[which], images.labels[which], images.classes)


# ---- digits


@lru_cache(maxsize=1)
def _digits() -> tuple[np.ndarray, np.ndarray]:
    """All 1,797 digits: pixels (N, 8, 8, 1) uint8 and labels."""
    from sklearn.datasets import load_digits  # takes 1.5 s to import

    raw = load_digits()
    pixels = (raw.images * (255 / 16)).round().astype(np.uint8)[..., None]
    return pixels, raw.target.astype(np.int64)


@lru_cache(maxsize=1)
def _split_digits() -> tuple[Images, Images, Images]:
    pixels, labels = _digits()
    known = np.flatnonzero(labels < ImageSet.DIGITS.n_classes)
    order = known[stream(0, Purpose.SPLIT).permutation(len(known))]
    ends = np.cumsum([round(share * len(known)) for share in DIGITS_SHARES])
    names = tuple(str(digit) for digit in range(ImageSet.DIGITS.n_classes))
    train, val, test = (Images(pixels[part], labels[part], names) for part in np.split(order, ends))
    return train, val, test


@lru_cache(maxsize=1)
def _shown_digits() -> Shown:
    pixels, labels = _digits()
    unknown = labels >= ImageSet.DIGITS.n_classes
    ood = Images(pixels[unknown], labels[unknown] - ImageSet.DIGITS.n_classes, ("8", "9"))
    test = _split_digits()[2]
    everything = hashlib.sha256(pixels.tobytes() + labels.tobytes())
    return Shown(test, ood, everything.hexdigest()[:16])


def _training_digits() -> Training:
    train, val, _ = _split_digits()
    return Training(train, val)


# ---- packed in two files (see `pruning.data.image_download`)


def how_to_copy(dataset: ImageSet, folder: Path) -> str:
    """What is to be done where a download is not to be had, after an “or”."""
    bundled = " and ".join(each.label for each in ImageSet if not each.sources)
    names = " and ".join(files(dataset))
    return f"copy {names} to {folder} from a machine that has them. Without any files: {bundled}."


def _stamp(dataset: ImageSet, folder: Path) -> tuple[int, ...]:
    """What tells one version of the files from another, without reading them."""
    names = files(dataset)
    try:
        states = [(folder / name).stat() for name in names]
    except OSError:
        both = " and ".join(SOURCES[source].title for source in dataset.sources)
        wish = os.environ.get("EXPLORER_DATA")
        nobody = f"EXPLORER_DATA is {wish!r}, but there is no such user, or no home of that user. "
        raise NoImages(
            f"{nobody if wish and not _wished() else ''}{both} are not in {folder} yet. "
            f"Download them below, or {how_to_copy(dataset, folder)}"
        ) from None
    return tuple(number for state in states for number in (state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=2)  # sets, which visitors may look at side by side
def _shown_packed(dataset: ImageSet, folder: Path, stamp: tuple[int, ...]) -> Shown:
    known, unknown = files(dataset)
    test = _read(dataset, folder / known, "test", dataset.n_classes)
    return Shown(test, _read(dataset, folder / unknown, "test"), _checksums(folder, (known, unknown)))


@lru_cache(maxsize=1)
def _training_packed(dataset: ImageSet, folder: Path, stamp: tuple[int, ...]) -> Training:
    images = _read(dataset, folder / files(dataset)[0], "train", dataset.n_classes)
    order = stream(0, Purpose.SPLIT).permutation(len(images))
    val, train = np.split(order, [round(VAL_SHARE * len(images))])
    return Training(_pick(images, train), _pick(images, val))


@lru_cache(maxsize=4)
def _training_size_of(dataset: ImageSet, folder: Path, stamp: tuple[int, ...]) -> int:
    path = folder / files(dataset)[0]
    try:
        with np.load(path, allow_pickle=False) as arrays:
            n_images = len(arrays["y_train"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise NoImages(f"{path} cannot be read ({error}). Remove it and try again.") from error
    return n_images - round(VAL_SHARE * n_images)


def _read(dataset: ImageSet, path: Path, part: str, n_classes: int | None = None) -> Images:
    """One half of a packed file, checked: a file made by others may hold anything."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # NumPy leaves a bad file open
            return _checked(dataset, path, part, n_classes, arrays)
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise NoImages(f"{path} cannot be read ({error}). Remove it and download or copy it again.") from error


def _checked(
    dataset: ImageSet, path: Path, part: str, n_classes: int | None, arrays: Mapping[str, np.ndarray]
) -> Images:
    title = SOURCES[path.stem].title
    names = (f"x_{part}", f"y_{part}", "classes")
    if missing := [name for name in names if name not in arrays]:
        raise NoImages(f"{path} has no {', '.join(missing)}; it is no packed {title} file. Remove it and try again.")
    pixels, labels, classes = (arrays[name] for name in names)
    if n_classes and len(classes) != n_classes:
        raise NoImages(f"{path} has {len(classes)} classes; {title} has {n_classes}. Were the two files exchanged?")
    fits = pixels.shape[1:] == dataset.shape and pixels.dtype == np.uint8 and len(pixels) > 0
    if not fits or labels.shape != pixels.shape[:1] or not np.isin(labels, np.arange(len(classes))).all():
        raise NoImages(
            f"{path} holds x_{part} of shape {pixels.shape} ({pixels.dtype}) and y_{part} of shape {labels.shape}; "
            f"it must be (N, {', '.join(map(str, dataset.shape))}) uint8 and (N,) class numbers. "
            "Remove it and try again."
        )
    return Images(pixels, labels.astype(np.int64), tuple(str(name).replace("_", " ") for name in classes))


def _checksums(folder: Path, names: tuple[str, ...]) -> str:
    """A hash of the checksums that the files, which are ZIP archives, hold of every array."""
    entries = []
    for name in names:
        with zipfile.ZipFile(folder / name) as archive:
            entries += [(name, entry.filename, entry.CRC) for entry in archive.infolist()]
    return hashlib.sha256(repr(sorted(entries)).encode()).hexdigest()[:16]
