"""The image sets that can be downloaded: one entry each, of which a packed file is made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """An image set that torchvision knows.

    reader: its class in `torchvision.datasets`. splits: what is kept of it. megabytes: of what is downloaded.
    """

    title: str
    reader: str
    splits: tuple[str, ...]
    megabytes: int


SOURCES = {
    "cifar10": Source("CIFAR-10", "CIFAR10", ("train", "test"), 170),
    "cifar100": Source("CIFAR-100", "CIFAR100", ("test",), 169),
    "fashion_mnist": Source("FashionMNIST", "FashionMNIST", ("train", "test"), 31),
    "mnist": Source("MNIST", "MNIST", ("train", "test"), 12),
}
"""Name, which is that of the packed file too → what is known of the set."""
