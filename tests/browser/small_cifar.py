"""A CIFAR of a few hundred pictures, packed or as archives; as a script, a Streamlit that downloads these archives.

The script takes `EXPLORER_TEST_SITE`, the address of the archives, and `EXPLORER_TEST_ARCHIVES`, the folder where
they lie as they ought to arrive; the rest of the command line is Streamlit's.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]
ARCHIVES = {"cifar10": "cifar-10-python.tar.gz", "cifar100": "cifar-100-python.tar.gz"}
KNOWN = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
UNKNOWN = ("man", *(f"thing_{number}" for number in range(1, 100)))


def pictures(seed: int, count: int, classes: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Noise around a colour that tells the class (count, 32, 32, 3) uint8, and the labels; every class in turn."""
    labels = np.arange(count) % len(classes)
    colours = np.random.default_rng(len(classes)).integers(40, 216, (len(classes), 1, 1, 3))
    noise = np.random.default_rng(seed).integers(-40, 40, (count, 32, 32, 3))
    return (colours[labels] + noise).astype(np.uint8), labels


def arrays() -> dict[str, dict[str, np.ndarray]]:
    """What the two packed files hold."""
    train, test, ood = pictures(0, 600, KNOWN), pictures(1, 200, KNOWN), pictures(2, 200, UNKNOWN)
    return {
        "cifar10": {
            "x_train": train[0], "y_train": train[1], "x_test": test[0], "y_test": test[1], "classes": np.array(KNOWN)
        },
        "cifar100": {"x_test": ood[0], "y_test": ood[1], "classes": np.array(UNKNOWN)},
    }  # fmt: skip


def pack(folder: Path) -> None:
    """Write the two packed files that the app reads."""
    folder.mkdir()
    for name, content in arrays().items():
        np.savez(folder / f"{name}.npz", **content)


def make_archives(folder: Path) -> None:
    """Write the two archives that the app downloads, each around one file of arrays."""
    folder.mkdir()
    for name, content in arrays().items():
        file = io.BytesIO()
        np.savez(file, **content)
        with tarfile.open(folder / ARCHIVES[name], "w:gz") as tar:
            entry = tarfile.TarInfo(f"{name}.npz")
            entry.size = file.tell()
            file.seek(0)
            tar.addfile(entry, file)


def source(name: str, address: str, folder: Path) -> Any:
    """What stands in for torchvision's dataset class: where the archive is, its checksum, and its reader."""
    filename = ARCHIVES[name]

    def read(scratch: Path, train: bool) -> SimpleNamespace:
        half = "train" if train else "test"
        with np.load(scratch / f"{name}.npz") as content:
            return SimpleNamespace(
                data=content[f"x_{half}"], targets=content[f"y_{half}"], classes=list(content["classes"])
            )

    read.url, read.filename = f"{address}/{filename}", filename
    read.tgz_md5 = hashlib.md5((folder / filename).read_bytes()).hexdigest()
    return read


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from streamlit.web.cli import main

    from pruning.data import image_download as cifar

    address, good = os.environ["EXPLORER_TEST_SITE"], Path(os.environ["EXPLORER_TEST_ARCHIVES"])
    stand_ins = SimpleNamespace(**{name.upper(): source(name, address, good) for name in ARCHIVES})
    cifar.torchvision_datasets = lambda: stand_ins
    main()
