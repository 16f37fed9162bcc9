"""What fetching CIFAR promises: two packed files, exactly the archive's images, and nothing else left behind."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pruning import ImageSet
from pruning.data import image_download as cifar
from pruning.data.download import DownloadError, Transfer
from pruning.data.image_download import Fetching, fetch, packed, torchvision_datasets
from pruning.data.image_sources import SOURCES

ROOT = Path(__file__).parents[3]
PATIENCE = 30  # seconds before a test gives up on something that hangs
BATCH = 3  # images
BATCHES = [f"data_batch_{number}" for number in range(1, 6)]


def batch(seed: int, key: str, n_classes: int) -> dict[str, Any]:
    """A few images in CIFAR's own layout: a row is all of red, then green, then blue, from the top left."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (BATCH, 3 * 32 * 32), dtype=np.uint8)
    return {"data": rows, key: rng.integers(0, n_classes, BATCH).tolist()}


CIFAR10 = {name: batch(seed, "labels", 10) for seed, name in enumerate([*BATCHES, "test_batch"])}
CIFAR100 = {name: batch(seed, "fine_labels", 100) for seed, name in enumerate(["train", "test"], start=10)}
CLASSES10 = [f"thing {number}" for number in range(10)]
CLASSES100 = [f"other thing {number}" for number in range(100)]


def images(batches: list[dict[str, Any]]) -> np.ndarray:
    """The images of these batches, one pixel after the other: (N, 32, 32, 3)."""
    rows = [row for each in batches for row in each["data"]]
    return np.array([[[row[[y * 32 + x, 1024 + y * 32 + x, 2048 + y * 32 + x]] for x in range(32)] for y in range(32)]
                     for row in rows])  # fmt: skip


class Site:
    """A server of two small archives in CIFAR's layout, and the dataset classes that describe them."""

    def __init__(self, folder: Path, url: str, asked: list[str]) -> None:
        self.folder, self.url, self.asked = folder, url, asked
        datasets = torchvision_datasets()
        self.sources = {
            "cifar10": self.source(datasets.CIFAR10, CIFAR10 | {"batches.meta": {"label_names": CLASSES10}}),
            "cifar100": self.source(datasets.CIFAR100, CIFAR100 | {"meta": {"fine_label_names": CLASSES100}}),
        }

    def source(self, original: Any, files: dict[str, Any]) -> Any:
        """Put an archive of these files on the server; the original class with their address and checksums."""
        contents = {name: pickle.dumps(value) for name, value in files.items()}
        sums = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
        with tarfile.open(self.folder / original.filename, "w:gz") as tar:
            for name, content in contents.items():
                info = tarfile.TarInfo(f"{original.base_folder}/{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        changes = {
            "url": f"{self.url}/{original.filename}",
            "tgz_md5": hashlib.md5((self.folder / original.filename).read_bytes()).hexdigest(),
            "train_list": [[name, sums[name]] for name, _ in original.train_list],
            "test_list": [[name, sums[name]] for name, _ in original.test_list],
            "meta": original.meta | {"md5": sums[original.meta["filename"]]},
        }
        return type("Small", (original,), changes)


class Answer(SimpleHTTPRequestHandler):
    def __init__(self, *arguments: Any, asked: list[str], directory: Path) -> None:
        self.asked = asked
        super().__init__(*arguments, directory=str(directory))

    def do_GET(self) -> None:
        self.asked.append(self.path.removeprefix("/"))
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    asked: list[str] = []
    folder = tmp_path / "site"
    folder.mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Answer, asked=asked, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield Site(folder, f"http://127.0.0.1:{server.server_port}", asked)
        server.shutdown()
        thread.join(PATIENCE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def left(folder: Path) -> list[str]:
    """What is in the folder, but for the locks."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def stop_at(phase: str) -> Any:
    """A listener that stops at the first report of this phase which tells something."""

    def listen(fetching: Fetching) -> None:
        if fetching.phase == phase and (fetching.transfer or phase != "downloading"):
            raise Stop

    return listen


class Stop(Exception):
    pass


# The packed files


def test_packed_files_hold_the_archives(site: Site, folder: Path) -> None:
    """Every pixel, label and class name of the archives is in its place, and of CIFAR-100 the test half alone."""
    assert not packed(folder)
    fetch(folder, sources=site.sources)
    assert packed(folder)
    train, test = [CIFAR10[name] for name in BATCHES], [CIFAR10["test_batch"]]
    expected = {
        "cifar10": {
            "x_train": images(train),
            "y_train": np.concatenate([each["labels"] for each in train]),
            "x_test": images(test),
            "y_test": np.array(test[0]["labels"]),
            "classes": np.array(CLASSES10),
        },
        "cifar100": {
            "x_test": images([CIFAR100["test"]]),
            "y_test": np.array(CIFAR100["test"]["fine_labels"]),
            "classes": np.array(CLASSES100),
        },
    }
    for name, arrays in expected.items():
        with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
            assert set(file) == set(arrays)
            for key, array in arrays.items():
                np.testing.assert_array_equal(file[key], array)
            kinds = {key[0]: file[key].dtype for key in file}
            assert (kinds["x"], kinds["y"], kinds["c"].kind) == (np.uint8, np.int64, "U")


def test_nothing_else_is_left(site: Site, folder: Path) -> None:
    """Archives and what was extracted are gone, also what a killed process had left."""
    leftover = folder / "cifar10.npz.unpacking"
    leftover.mkdir(parents=True)
    (leftover / "half").write_text("half")
    fetch(folder, sources=site.sources)
    assert left(folder) == ["cifar10.npz", "cifar100.npz"]


def test_what_is_packed_is_left_alone(site: Site, folder: Path) -> None:
    """A file that is there is neither downloaded nor touched."""
    folder.mkdir()
    (folder / "cifar10.npz").write_text("mine")
    assert not packed(folder)
    fetch(folder, sources=site.sources)
    assert (folder / "cifar10.npz").read_text() == "mine"
    assert site.asked == ["cifar-100-python.tar.gz"]


def test_nothing_is_written_where_both_files_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that was prepared elsewhere may be read-only: not even a lock appears, and torchvision stays out."""
    folder.mkdir()
    for name in cifar.CIFAR:
        (folder / f"{name}.npz").touch()
    monkeypatch.setattr(cifar, "torchvision_datasets", None)
    fetch(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["cifar10.npz", "cifar100.npz"]


def test_progress_tells_the_whole_story(site: Site, folder: Path) -> None:
    """CIFAR-10 is downloaded and unpacked, then CIFAR-100; each download ends at its whole size."""
    story: list[Fetching] = []
    fetch(folder, story.append, sources=site.sources)
    steps = list(dict.fromkeys((step.name, step.phase) for step in story))
    assert steps == [(name, phase) for name in ("cifar10", "cifar100") for phase in ("downloading", "unpacking")]
    for name, source in site.sources.items():
        last = [step.transfer for step in story if step.name == name and step.transfer][-1]
        assert last.done == last.total == (site.folder / source.filename).stat().st_size


@pytest.mark.parametrize(
    ("fetching", "sentence"),
    [
        (
            Fetching("cifar10", "downloading", Transfer(63_100_000, 170_498_071, 4_224_000.0)),
            "CIFAR-10: 63 of 170 MB, 4.2 MB/s, 25 s left",
        ),
        (
            Fetching("cifar100", "downloading", Transfer(9_000_000, 169_000_000, 80_000.0)),
            "CIFAR-100: 9 of 169 MB, 80 kB/s, 33 min left",
        ),
        (Fetching("cifar10", "downloading", Transfer(63_100_000, None, 4_224_000.0)), "CIFAR-10: 63 MB, 4.2 MB/s"),
        (Fetching("cifar10", "downloading"), "CIFAR-10: connecting"),
        (Fetching("cifar100", "unpacking"), "CIFAR-100: unpacking"),
        (Fetching("cifar10", "waiting"), "CIFAR-10: somebody else is fetching it"),
    ],
)
def test_sentences(fetching: Fetching, sentence: str) -> None:
    """Each step is a line for people, who read megabytes, and minutes when it takes long."""
    assert fetching.sentence == sentence


# What goes wrong


@pytest.mark.parametrize("phase", ["downloading", "unpacking"])
def test_stopped_fetch_is_taken_up_again(site: Site, folder: Path, phase: str) -> None:
    """A listener stops it anywhere; nothing is packed by then, and all is in the end."""
    with pytest.raises(Stop):
        fetch(folder, stop_at(phase), sources=site.sources)
    assert not list(folder.glob("*.npz"))
    fetch(folder, sources=site.sources)
    assert left(folder) == ["cifar10.npz", "cifar100.npz"]


def test_archive_outlives_a_stop_in_unpacking(site: Site, folder: Path) -> None:
    """What has been downloaded is not asked for again."""
    with pytest.raises(Stop):
        fetch(folder, stop_at("unpacking"), sources=site.sources)
    assert left(folder) == ["cifar-10-python.tar.gz"]
    fetch(folder, sources=site.sources)
    assert site.asked == ["cifar-10-python.tar.gz", "cifar-100-python.tar.gz"]


def test_garbage_is_not_unpacked(site: Site, folder: Path) -> None:
    """An archive that is not the announced one is an error, and the next fetch of the right one succeeds."""
    archive = site.folder / "cifar-10-python.tar.gz"
    right = archive.read_bytes()
    archive.write_bytes(b"garbage")
    with pytest.raises(DownloadError, match=r"^cifar-10-python\.tar\.gz from 127\.0\.0\.1 is not the file"):
        fetch(folder, sources=site.sources)
    assert left(folder) == []
    archive.write_bytes(right)
    fetch(folder, sources=site.sources)
    assert packed(folder)


def test_damage_in_unpacking_is_noticed(site: Site, folder: Path) -> None:
    """torchvision's own checksums of the extracted files are on."""
    site.sources["cifar10"].test_list = [["test_batch", hashlib.md5(b"another").hexdigest()]]
    with pytest.raises(DownloadError, match=r"^CIFAR-10 was not unpacked as expected"):
        fetch(folder, sources=site.sources)
    assert left(folder) == ["cifar-10-python.tar.gz"]


def test_failure_of_the_second_keeps_the_first(site: Site, folder: Path) -> None:
    """Where CIFAR-100 is missing, the packed CIFAR-10 stays, and the error names what is missing."""
    (site.folder / "cifar-100-python.tar.gz").unlink()
    with pytest.raises(DownloadError, match=r"does not give cifar-100-python\.tar\.gz \(HTTP 404"):
        fetch(folder, sources=site.sources)
    assert left(folder) == ["cifar10.npz"]
    assert not packed(folder)


def test_full_disk_in_unpacking_names_the_folder(site: Site, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while the file is packed leaves no half of it, and says where room is needed."""

    def full(path: Path, **_: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(DownloadError, match=r"^cifar10\.npz cannot be kept in .*data \(No space left") as caught:
        fetch(folder, sources=site.sources)
    assert isinstance(caught.value.__cause__, OSError)
    assert left(folder) == ["cifar-10-python.tar.gz"]


# Together


def test_two_at_once_are_one_fetch(site: Site, folder: Path) -> None:
    """Who comes while another fetches is told so, waits, and asks the server for nothing."""
    begun, waiting = threading.Event(), threading.Event()
    story: list[Fetching] = []

    def first(fetching: Fetching) -> None:
        begun.set()
        if fetching.phase == "unpacking":
            assert waiting.wait(PATIENCE)

    def second(fetching: Fetching) -> None:
        story.append(fetching)
        waiting.set()

    one = threading.Thread(target=fetch, args=(folder, first), kwargs={"sources": site.sources}, daemon=True)
    one.start()
    assert begun.wait(PATIENCE)
    fetch(folder, second, sources=site.sources)
    one.join(PATIENCE)
    assert story[0] == Fetching("cifar10", "waiting")
    assert packed(folder)
    assert sorted(site.asked) == ["cifar-10-python.tar.gz", "cifar-100-python.tar.gz"]


# torchvision

IMPORTING = """
import threading
import time

import torch
from pruning import cifar

define = torch.library.Library.define
torch.library.Library.define = lambda *arguments: (time.sleep(0.1), define(*arguments))
found = []
threads = [threading.Thread(target=lambda: found.append(cifar.torchvision_datasets())) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(found), {module.NAME for module in found}, [hasattr(torch.ops.torchvision, n) for n in ("nms", "qnms")])
"""
OTHER_FLAVOUR = """
import torch

for name in ("nms", "qnms"):
    torch.library.register_fake(f"torchvision::{name}")(lambda *_: None)
"""
# One that declares an operator itself, where nobody has, and misses the other.
HALF = (
    """
import torch

if not hasattr(torch.ops.torchvision, "nms"):
    torch.own = torch.library.Library("torchvision", "DEF")
    torch.own.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
"""
    + OTHER_FLAVOUR
)


def fresh(code: str, *places: Path) -> subprocess.CompletedProcess[str]:
    """A new process that runs this code, with what is in these places before everything else."""
    path = os.pathsep.join(str(place) for place in (*places, ROOT))
    return subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    ("start", "declared"), [(OTHER_FLAVOUR, "[True, True]"), (HALF, "[True, True]"), ("", "[False, False]")]
)
def test_missing_schemas_are_declared_only_if_missed(tmp_path: Path, start: str, declared: str) -> None:
    """A torchvision that stops without its operators is imported all the same, by four threads at once; one
    that does not stop gets nothing declared."""
    (tmp_path / "torchvision" / "datasets").mkdir(parents=True)
    (tmp_path / "torchvision" / "__init__.py").write_text(start)
    (tmp_path / "torchvision" / "datasets" / "__init__.py").write_text("NAME = 'stand-in'")
    run = fresh(IMPORTING, tmp_path)
    assert (run.stdout, run.stderr) == (f"4 {{'stand-in'}} {declared}\n", "")


def test_another_reason_to_stop_is_passed_on(tmp_path: Path) -> None:
    """A torchvision that fails for something else comes out with its reason."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text("raise RuntimeError('of another age')")
    run = fresh("from pruning.data import image_download as cifar; cifar.torchvision_datasets()", tmp_path)
    assert run.returncode == 1
    assert run.stderr.endswith("RuntimeError: of another age\n")


def test_torchvision_is_loaded_late() -> None:
    """A page that only asks whether the files are there pays for neither torch nor torchvision."""
    run = fresh("import sys; import pruning.data.image_download; print({'torch', 'torchvision'} & set(sys.modules))")
    assert (run.stdout, run.stderr) == ("set()\n", "")


def idx(values: np.ndarray) -> bytes:
    """An array of bytes as in MNIST's files: two zeros, the type, the number of axes, their lengths, the rest."""
    head = bytes([0, 0, 8, values.ndim]) + b"".join(length.to_bytes(4, "big") for length in values.shape)
    return gzip.compress(head + values.astype(np.uint8).tobytes())


@pytest.fixture
def mnist(site: Site) -> dict[str, Any]:
    """FashionMNIST and MNIST of a few pictures on the server, the first of two mirrors of which has nothing."""
    rng, datasets, found = np.random.default_rng(0), torchvision_datasets(), {}
    for name, original in (("fashion_mnist", datasets.FashionMNIST), ("mnist", datasets.MNIST)):
        arrays = [rng.integers(0, 256, (6, 28, 28)), np.arange(6), rng.integers(0, 256, (4, 28, 28)), np.arange(4)]
        resources = []
        (site.folder / name).mkdir()
        for (file, _), array in zip(original.resources, arrays, strict=True):
            (site.folder / name / file).write_bytes(idx(array))
            resources.append((file, hashlib.md5(idx(array)).hexdigest()))
        mirrors = [f"{site.url}/nowhere/", f"{site.url}/{name}/"]
        found[name] = type(original.__name__, (original,), {"mirrors": mirrors, "resources": resources})
        found[f"{name} arrays"] = arrays
    return found


def test_files_of_single_splits_are_packed_too(site: Site, folder: Path, mnist: dict[str, Any]) -> None:
    """Pictures and labels of MNIST come in four files, from the first mirror that has them; nothing else is left."""
    names = ("fashion_mnist", "mnist")
    fetch(folder, names=names, sources=mnist)
    assert packed(folder, names)
    assert not packed(folder)
    assert left(folder) == ["fashion_mnist.npz", "mnist.npz"]
    for name in names:
        with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
            x_train, y_train, x_test, y_test = mnist[f"{name} arrays"]
            np.testing.assert_array_equal(file["x_train"], x_train[..., None])
            np.testing.assert_array_equal(file["x_test"], x_test[..., None])
            np.testing.assert_array_equal((*file["y_train"], *file["y_test"]), (*y_train, *y_test))
            assert (
                file["classes"].tolist()[:2]
                == {"fashion_mnist": ["T-shirt/top", "Trouser"], "mnist": ["0", "1"]}[name]
            )


def test_a_set_that_no_mirror_has_is_told(site: Site, folder: Path, mnist: dict[str, Any]) -> None:
    """The sentence is that of the last one."""
    mnist["mnist"].mirrors = mnist["mnist"].mirrors[:1] * 2
    with pytest.raises(DownloadError, match="404"):
        fetch(folder, names=("mnist",), sources=mnist)
    assert left(folder) == []


def test_a_set_of_which_nothing_was_unpacked_is_told(
    site: Site, folder: Path, mnist: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its name, as an archive is."""
    monkeypatch.setattr(cifar, "_extract", lambda *_: None)
    with pytest.raises(DownloadError, match=r"^MNIST was not unpacked as expected"):
        fetch(folder, names=("mnist",), sources=mnist)


def test_torchvision_knows_what_is_fetched() -> None:
    """The real classes have what is used of them: where they are, under which name, with which checksum."""
    datasets = torchvision_datasets()
    for source in SOURCES.values():
        original = getattr(datasets, source.reader)
        for archive in cifar._archives(original, source.splits):
            assert all(address.startswith("http") for address in archive.addresses)
            assert len(archive.md5) == 32
    assert {name for dataset in ImageSet for name in dataset.sources} == set(SOURCES)
