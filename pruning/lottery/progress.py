"""How far a run is, and how it may fail: what travels between those who train and those who watch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pruning.outcome import Outcome
from pruning.training.curves import Curves


class Diverged(RuntimeError):
    """Training met a loss that is not a finite number; the message is a sentence for people."""


class WrongWorker(RuntimeError):
    """The worker would train something else than what was asked for; the message is a sentence for people."""


@dataclass(frozen=True)
class News:
    """What whoever trains a batch has to say: in words, while one network trains as curves, and what is finished."""

    message: str
    curves: Curves | None = None
    finished: Mapping[str, Any] = field(default_factory=dict)  # key → result; it comes with the batch once more


@dataclass(frozen=True)
class Progress:
    """How far a run is: networks that are there out of those to train, in words, and what there is so far.

    `outcome` holds the networks that are finished (of the first experiment), None before the dense one is.
    """

    done: int
    total: int
    message: str
    outcome: Outcome | None = None
    curves: Curves | None = None


Report = Callable[[Any], None]
"""Takes a `Progress`, or None where there is no news, and may raise to stop the run."""
