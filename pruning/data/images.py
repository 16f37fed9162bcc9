"""The image tasks: pictures as they are, in three splits, and those that are out of distribution."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from pruning.options import ImageSet
from uncertainty.randomness import Purpose, stream

ROOT = Path(__file__).parents[2]
FILES = ("cifar10.npz", "cifar100.npz")
VAL_SHARE = 0.10  # of what CIFAR calls training: 45,000 / 5,000 of the whole set
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
    """Where the packed images lie: `EXPLORER_DATA`, or `data` in the project."""
    return Path(os.environ.get("EXPLORER_DATA") or ROOT / "data").expanduser()


def shown(dataset: ImageSet) -> Shown:
    """The test and out-of-distribution images. Raises `NoImages` with a sentence for people."""
    if dataset == ImageSet.DIGITS:
        return _shown_digits()
    return _shown_cifar(folder(), _stamp(folder()))


def training(dataset: ImageSet, n_images: int, seed: int) -> Training:
    """The training and validation images: of the former `n_images` drawn by the seed, all for 0."""
    whole = _training_digits() if dataset == ImageSet.DIGITS else _training_cifar(folder(), _stamp(folder()))
    if not 0 < n_images < len(whole.train):
        return whole
    chosen = stream(seed, Purpose.SUBSET).permutation(len(whole.train))[:n_images]
    return Training(_pick(whole.train, chosen), whole.val)


def training_size(dataset: ImageSet) -> int:
    """How many images there are to learn from, without reading one. Raises `NoImages` as `training` does."""
    if dataset == ImageSet.DIGITS:
        return len(_training_digits().train)
    return _training_size_of_cifar(folder(), _stamp(folder()))


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


# ---- CIFAR, packed in two files (see `pruning.cifar`)


def _stamp(folder: Path) -> tuple[int, ...]:
    """What tells one version of the files from another, without reading them."""
    try:
        states = [(folder / name).stat() for name in FILES]
    except OSError:
        raise NoImages(
            f"CIFAR-10 and CIFAR-100 are not in {folder} yet. Download them below, or copy {' and '.join(FILES)} "
            "there from a machine that has them. The digits need neither."
        ) from None
    return tuple(number for state in states for number in (state.st_size, state.st_mtime_ns))


@lru_cache(maxsize=1)
def _shown_cifar(folder: Path, stamp: tuple[int, ...]) -> Shown:
    test = _read(folder / FILES[0], "test")
    ood = _read(folder / FILES[1], "test")
    return Shown(test, ood, _checksums(folder))


@lru_cache(maxsize=1)
def _training_cifar(folder: Path, stamp: tuple[int, ...]) -> Training:
    images = _read(folder / FILES[0], "train")
    order = stream(0, Purpose.SPLIT).permutation(len(images))
    val, train = np.split(order, [round(VAL_SHARE * len(images))])
    return Training(_pick(images, train), _pick(images, val))


@lru_cache(maxsize=1)
def _training_size_of_cifar(folder: Path, stamp: tuple[int, ...]) -> int:
    try:
        with np.load(folder / FILES[0], allow_pickle=False) as arrays:
            n_images = len(arrays["y_train"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise NoImages(f"{folder / FILES[0]} cannot be read ({error}). Remove it and try again.") from error
    return n_images - round(VAL_SHARE * n_images)


def _read(path: Path, part: str) -> Images:
    """One half of a packed file, checked: a file made by others may hold anything."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:  # NumPy leaves a bad file open
            return _checked(path, part, arrays)
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise NoImages(f"{path} cannot be read ({error}). Remove it and download or copy it again.") from error


def _checked(path: Path, part: str, arrays: Mapping[str, np.ndarray]) -> Images:
    names = (f"x_{part}", f"y_{part}", "classes")
    if missing := [name for name in names if name not in arrays]:
        raise NoImages(f"{path} has no {', '.join(missing)}; it is no packed CIFAR file. Remove it and try again.")
    pixels, labels, classes = (arrays[name] for name in names)
    if path.name == FILES[0] and len(classes) != ImageSet.CIFAR10.n_classes:
        raise NoImages(f"{path} has {len(classes)} classes; CIFAR-10 has ten. Were the two files exchanged?")
    fits = pixels.ndim == 4 and pixels.shape[1:] == (32, 32, 3) and pixels.dtype == np.uint8 and len(pixels) > 0
    if not fits or labels.shape != pixels.shape[:1] or not np.isin(labels, np.arange(len(classes))).all():
        raise NoImages(
            f"{path} holds x_{part} of shape {pixels.shape} ({pixels.dtype}) and y_{part} of shape {labels.shape}; "
            "it must be (N, 32, 32, 3) uint8 and (N,) class numbers. Remove it and try again."
        )
    return Images(pixels, labels.astype(np.int64), tuple(str(name).replace("_", " ") for name in classes))


def _checksums(folder: Path) -> str:
    """A hash of the checksums that the two files, which are ZIP archives, hold of every array."""
    entries = []
    for name in FILES:
        with zipfile.ZipFile(folder / name) as archive:
            entries += [(name, entry.filename, entry.CRC) for entry in archive.infolist()]
    return hashlib.sha256(repr(sorted(entries)).encode()).hexdigest()[:16]
