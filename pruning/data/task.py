"""What an experiment is about: its examples in splits, and what names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from pruning.experiment import Recipe
from pruning.options import Part
from pruning.outcome import Fresh, Network, Outcome
from uncertainty.examples import Examples
from uncertainty.options import Source

Get = Callable[[str], Any | None]
"""A kept result by its key; None where there is none."""


class Task(Protocol):
    """What an experiment is about."""

    trainer: str  # the module in `pruning.lottery` that trains on it
    stacked: bool  # whether its networks train together, as one stack

    @property
    def name(self) -> str:
        """What the data go by, for keys: everything that decides them."""

    @property
    def title(self) -> str:
        """What people call the data."""

    def beside(self, experiment: Recipe) -> Task:
        """The task of another experiment on the same kind of data; this very one where it has the same."""

    @property
    def pass_over(self) -> tuple[Any, ...]:
        """What, beside its layers, decides how long a pass of a network takes: classes and size of an input."""

    @property
    def fingerprint(self) -> str:
        """What names data that no field of an experiment decides; empty where the fields decide them."""

    @property
    def undecided(self) -> frozenset[str]:
        """Fields of an experiment that decide nothing here."""

    @property
    def n_classes(self) -> int: ...

    def inputs(self, part: Part) -> np.ndarray:
        """(N, …) what a network is asked about."""

    def training(self, experiment: Recipe) -> Examples:
        """What the networks of an experiment learn from."""

    def validation(self) -> Examples:
        """What the early stop is judged by."""

    def samples(self, part: Part) -> Sequence[int]:
        """The numbers of MC-dropout samples that predictions are kept for."""

    @property
    def kept(self) -> Mapping[str, Callable[[], Any]]:
        """What of the data is kept beside the networks: its key, and what makes it."""

    @property
    def fresh_key(self) -> str:
        """What names fresh examples and the truth about them; empty where nobody knows it."""

    def fresh(self) -> Fresh:
        """Fresh examples and the truth about them. Raises ValueError where nobody knows it."""

    def outcome(self, experiment: Recipe, networks: tuple[Network, ...], source: Source, get: Get) -> Outcome | None:
        """These networks beside what they are judged by; None where that is not there yet.

        get: a result that is kept, by its key.
        """
