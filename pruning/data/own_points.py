"""Labelled points of somebody's own, in the standard form that a network takes."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass

import numpy as np

from pruning.data.splits import stratified

AXES = ("x", "y")
COLUMNS = (*AXES, "label")
SAME = 1e-9  # of the largest value: over a narrower range the digits of a float64 no longer fill a float32


@dataclass(frozen=True, eq=False)
class Points:
    """Labelled points as they were sent, and their standard form."""

    values: np.ndarray  # (N, 2) float64, as they were sent
    labels: np.ndarray  # (N,) int64, 0 to C − 1
    classes: tuple[str, ...]  # (C,) what the visitor calls them
    notes: tuple[str, ...]  # what was assumed, in sentences without their full stop
    axes: tuple[str, str] = AXES  # what the two columns are called

    @property
    def inputs(self) -> np.ndarray:
        """(N, 2) float32, each column with mean 0 and standard deviation 1 over all points: the same in any unit."""
        return self._standardised(np.arange(len(self.labels))).astype(np.float32)

    def learned(self, seed: int) -> np.ndarray:
        """(N, 2) float32, what a network takes whose points are split by this seed: (values − mean) / deviation."""
        return self._standardised(stratified(self.labels, seed).train).astype(np.float32)

    def scale(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation (2,) float64 of the training points, which validation and test points are held to too.

        The deviation is that of the population, divided by N. Where training points (nearly) agree and others do
        not, it is the deviation of all.
        """
        largest, mean, deviation = self._moments(stratified(self.labels, seed).train)
        return largest * mean, largest * deviation

    def key(self) -> str:
        """SHA-256 of inputs and labels, in hexadecimal: it names the data without holding them."""
        return hashlib.sha256(self.inputs.astype("<f4").tobytes() + self.labels.astype("<i8").tobytes()).hexdigest()

    def to_csv(self) -> str:
        """A file that `read_points` makes the very same points of."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*self.axes, COLUMNS[-1]])
        for (x, y), label in zip(self.values.tolist(), self.labels, strict=True):
            writer.writerow([x, y, self.classes[label]])
        return text.getvalue()

    def _moments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The largest size of each column, by which it is divided so that no square vanishes; mean, deviation."""
        largest = np.abs(self.values).max(axis=0)
        scaled = self.values / largest
        deviation, whole = scaled[rows].std(axis=0), scaled.std(axis=0)
        return largest, scaled[rows].mean(axis=0), np.where(deviation > SAME * whole, deviation, whole)

    def _standardised(self, rows: np.ndarray) -> np.ndarray:
        largest, mean, deviation = self._moments(rows)
        return (self.values / largest - mean) / deviation
