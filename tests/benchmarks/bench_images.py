"""Images on the packed CIFAR-10: an epoch against plain data loaders, MC dropout against full passes, its memory.

Everything runs on one torch thread. With `--full` LeNet is also trained from nothing, which takes minutes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.profiler import profile
from torch.utils.data import DataLoader, Dataset

from pruning.data.image_download import packed, torchvision_datasets
from pruning.data.images import Images, folder, shown, training
from pruning.experiment import ImageExperiment
from pruning.lottery.progress import News
from pruning.model.networks import cnn, draw_weights, with_weights
from pruning.options import Architecture, ImageSet
from pruning.outcome import IMAGE_SAMPLES
from pruning.training.curves import Curves
from pruning.training.minibatch import MOMENTUM, WEIGHT_DECAY, train
from pruning.training.schedule import Examples, Schedule
from pruning.training.threads import threads
from tests.benchmarks.timing import report
from tests.pruning.lottery.orders import steps, trained
from uncertainty.randomness import Purpose, stream
from uncertainty.sampling import predict

CIFAR = ImageSet.CIFAR10
BATCH = CIFAR.batch_size
STEPS = 32  # of an epoch: 4,096 images, no batch of which is smaller
RATE = 0.05
ASKED, PASS_BATCH, SAMPLES = 10_000, 500, IMAGE_SAMPLES[-1]
SHARES = {
    "convolutions": ("conv",),
    "pooling": ("pool",),
    "data": ("aten::index", "_index_put_", "aten::flip", "aten::nonzero", "aten::copy_", "aten::div", "aten::sub_"),
}


def network(architecture: Architecture, dropout: float = 0.2) -> nn.Sequential:
    model = cnn(architecture, CIFAR.shape, CIFAR.n_classes, dropout)
    return with_weights(model, draw_weights(model, stream(0, Purpose.INITIAL_WEIGHTS)))


def medians(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Seconds of each work after one run that does not count; they take turns, so that a busy moment meets all."""
    durations: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            durations[name].append(time.perf_counter() - start)
    return {name: median(values[1:]) for name, values in durations.items()}


# ---- an epoch


class Pictures(Dataset[tuple[Tensor, int]]):
    """One picture at a time, as torchvision's CIFAR-10 hands them out."""

    def __init__(self, images: Images, transform: Callable[[Image.Image], Tensor]) -> None:
        self.images, self.transform = images, transform

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, which: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.images.pixels[which])), int(self.images.labels[which])


def loader(images: Images, batch_size: int, workers: int) -> DataLoader[tuple[Tensor, int]]:
    torchvision_datasets()  # declares the operators without which the next import may fail
    from torchvision import transforms

    each = transforms.Compose(
        [transforms.RandomHorizontalFlip(), transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.25] * 3)]
    )
    return DataLoader(Pictures(images, each), batch_size, shuffle=True, num_workers=workers)


def plain_epoch(batches: Iterable[tuple[Tensor, Tensor]], dropout: float = 0.2, **options: float | bool) -> None:
    """A plain training loop over pictures that are scaled already."""
    model = network(Architecture.LENET, dropout)[1:].train()
    optimiser = torch.optim.SGD(model.parameters(), RATE, MOMENTUM, **options)
    for pictures, labels in batches:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(model(pictures), labels)
        loss.backward()
        optimiser.step()
        loss.item()


def as_published(images: Images) -> None:
    """The study's loader, with as many threads as torch takes by itself."""
    with threads(os.cpu_count() or 1):
        plain_epoch(loader(images, 4, 2))


def our_epoch(images: Images) -> None:
    """An epoch of the app's training; one validation picture costs nothing."""
    pixels, labels = torch.from_numpy(images.pixels), torch.from_numpy(images.labels)
    examples = Examples(pixels, labels, pixels[:1], labels[:1])
    train(network(Architecture.LENET), examples, Schedule(RATE, 2, 1), BATCH, 0, flip=True)


def an_epoch() -> None:
    images = training(CIFAR, BATCH * STEPS, 0).train
    scaled = network(Architecture.LENET)[0](torch.from_numpy(images.pixels[:BATCH]))
    still = [(scaled, torch.from_numpy(images.labels[:BATCH]))] * STEPS
    same_rule = {"nesterov": True, "weight_decay": WEIGHT_DECAY, "fused": True}
    took = medians(
        {
            "ours": lambda: our_epoch(images),
            "still": lambda: plain_epoch(still, **same_rule),
            "plain": lambda: plain_epoch(loader(images, BATCH, 0)),
            "study": lambda: plain_epoch(loader(images, 4, 2)),
            "published": lambda: as_published(images),
        },
        repeats=5,
    )
    ours = took["ours"]
    what, detail = f"LeNet, an epoch of {len(images):,} images, against", f"s → {ours:.2f} s"
    loaders = (
        ("plain", f"a plain loader of batches of {BATCH}", 2),
        ("study", "the study's loader", 10),
        ("published", "the study's loader with torch's own number of threads, as it ran", 10),
    )
    for name, words, target in loaders:
        report(f"{what} {words}", took[name] / ours, f"at least {target}", f"{took[name]:.2f} {detail}")
    words = "as many steps on one batch that never changes, scaled beforehand"
    report(f"{what} {words}", ours / took["still"], "at most 1.15", f"{took['still']:.2f} {detail}")
    where_the_time_goes(images)


def where_the_time_goes(images: Images) -> None:
    with profile() as profiler:
        our_epoch(images)
    events = profiler.key_averages()
    total = sum(event.self_cpu_time_total for event in events)

    def share(parts: tuple[str, ...]) -> float:
        return sum(e.self_cpu_time_total for e in events if any(part in e.key.lower() for part in parts)) / total

    shares = ", ".join(f"{name} {share(parts):.0%}" for name, parts in SHARES.items())
    print(f"  of the time inside torch: {shares}; the rest is linear layers, ReLU, loss and optimiser", flush=True)


# ---- MC dropout


def full_pass(model: nn.Sequential, pixels: np.ndarray) -> None:
    """One sample for all images as anybody would draw it: the whole module, dropout on."""
    for layer in model:
        layer.train(isinstance(layer, nn.Dropout))
    with torch.inference_mode():
        for batch in torch.from_numpy(pixels).split(PASS_BATCH):
            model(batch).softmax(1)


def mc_dropout(architecture: Architecture) -> None:
    pixels = np.resize(shown(CIFAR).test.pixels, (ASKED, *CIFAR.shape))
    ours, theirs = network(architecture), network(architecture)
    took = medians(
        {"ours": lambda: predict(ours, pixels, IMAGE_SAMPLES, 0), "pass": lambda: full_pass(theirs, pixels)},
        repeats=3,
    )
    report(
        f"MC dropout, {SAMPLES} samples of {ASKED:,} images, {architecture.label}",
        SAMPLES * took["pass"] / took["ours"],
        "at least 8",
        f"{SAMPLES} times a full pass of {took['pass']:.2f} s in batches of {PASS_BATCH} → {took['ours']:.2f} s",
    )


def memory(key: str) -> float:
    """This process's `VmRSS` or `VmHWM`, its peak, in MB. (`getrusage` inherits the peak of the parent.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1024


def growth(architecture: Architecture, n_images: int, n_samples: int) -> float:
    """MB that `predict` needs at its peak beside the images and the network; asked in a fresh process."""
    torch.set_num_threads(1)
    pixels = np.random.default_rng(0).integers(0, 256, (n_images, *CIFAR.shape), np.uint8)
    model = network(architecture)
    before = memory("VmRSS")
    predict(model, pixels, [s for s in IMAGE_SAMPLES if s <= n_samples], 0)
    return memory("VmHWM") - before


def peak_memory(architecture: Architecture) -> None:
    if not Path("/proc/self/status").exists():
        print("Peak memory is left out: it is read from /proc, which only Linux has")
        return
    sizes = [(ASKED // 4, SAMPLES), (ASKED, SAMPLES), (ASKED, 20)]
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh, max_tasks_per_child=1) as pool:
        peaks = [pool.submit(growth, architecture, *size).result() for size in sizes]
    each = ", ".join(f"{s} samples of {n:,} {mb:.0f} MB" for (n, s), mb in zip(sizes, peaks, strict=True))
    print(f"MC dropout, {architecture.label}, peak memory beside images and network: {each}", flush=True)


# ---- training from nothing


def from_nothing(threads: int) -> None:
    """The default recipe's dense network: training, and what it says of the test and strange images."""
    torch.set_num_threads(threads)
    experiment, images = ImageExperiment(dataset=CIFAR, network=Architecture.LENET), shown(CIFAR)
    curves: list[Curves] = []

    def note(news: News) -> None:
        if news.curves:
            curves.append(news.curves)

    start = time.perf_counter()
    dense = trained(steps(experiment)[0], report=note)
    whole = time.perf_counter() - start
    accuracy = (dense.test.logits.argmax(1) == images.test.labels).mean()
    print(
        f"LeNet from nothing on {len(training(CIFAR, 0, 0).train):,} images, {threads} torch thread(s): "
        f"test accuracy {accuracy:.1%} (at least 63 %) after {curves[-1].seconds:.0f} s (about 40), "
        f"{len(dense.train_loss)} epochs; {whole:.0f} s with its predictions",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="also train LeNet from nothing")
    full = parser.parse_args().full
    if not packed(folder()):
        print(f"The image benchmark is left out: cifar10.npz and cifar100.npz are not in {folder()} (EXPLORER_DATA).")
        return
    torch.set_num_threads(1)
    an_epoch()
    for architecture in (Architecture.LENET, Architecture.WIDE):
        mc_dropout(architecture)
        peak_memory(architecture)
    if full:
        for threads in (1, 2):
            from_nothing(threads)
    else:
        print("LeNet from nothing is left out: it takes minutes; add --full")


if __name__ == "__main__":
    main()
