"""The task of an experiment on images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from pruning.data import images
from pruning.data.task import Get
from pruning.experiment import ImageExperiment, Recipe
from pruning.options import ImageSet, Part
from pruning.outcome import IMAGE_SAMPLES, Network, Outcome
from uncertainty.examples import Examples
from uncertainty.options import Source


@dataclass(frozen=True)
class ImageTask:
    """Pictures, and those of classes that are never learned. Raises `NoImages` where they are not there."""

    dataset: ImageSet

    trainer = "image_trainer"
    stacked = False

    @property
    def name(self) -> str:
        return self.dataset.value

    @property
    def title(self) -> str:
        return f"{self.dataset.label} images"

    def beside(self, experiment: Recipe) -> ImageTask:
        assert isinstance(experiment, ImageExperiment)
        return ImageTask(experiment.dataset)

    @property
    def pass_over(self) -> tuple[Any, ...]:
        return self.n_classes, self.dataset.shape

    @property
    def fingerprint(self) -> str:
        """Of the pictures, and of what the set's entry decides; the size of its batches is part of every key."""
        entry = self.dataset
        size = "x".join(map(str, entry.shape))
        mirrored = "-mirrored" if entry.flip else ""
        return f"{images.shown(entry).fingerprint}-{size}-{entry.n_classes}{mirrored}"

    @property
    def undecided(self) -> frozenset[str]:
        return frozenset()

    @property
    def n_classes(self) -> int:
        return self.dataset.n_classes

    def inputs(self, part: Part) -> np.ndarray:
        """(N, H, W, channels) uint8. Raises ValueError for fresh points: there is no truth about pictures."""
        if part == Part.VALIDATION:
            return self.validation().inputs
        shown = images.shown(self.dataset)
        if part == Part.FRESH:
            self.fresh()
        return (shown.test if part == Part.TEST else shown.ood).pixels

    def training(self, experiment: Recipe) -> Examples:
        assert isinstance(experiment, ImageExperiment)
        found = images.training(self.dataset, experiment.train_images, experiment.seed).train
        return Examples(found.pixels, found.labels)

    def validation(self) -> Examples:
        found = images.training(self.dataset, 0, 0).val
        return Examples(found.pixels, found.labels)

    def samples(self, part: Part) -> Sequence[int]:
        return IMAGE_SAMPLES

    @property
    def kept(self) -> Mapping[str, Callable[[], Any]]:
        return {}

    @property
    def fresh_key(self) -> str:
        return ""

    def fresh(self) -> NoReturn:
        """Raises ValueError."""
        raise ValueError("there are no fresh pictures with the truth about them; ask about test or ood")

    def outcome(self, experiment: Recipe, networks: tuple[Network, ...], source: Source, get: Get) -> Outcome:
        labels, held_out = images.shown(self.dataset).test.labels, self.validation().labels
        return Outcome(experiment, labels, self.n_classes, networks, source=source, validation_labels=held_out)
