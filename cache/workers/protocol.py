"""Long work in other processes, with progress and cancel: the protocol between caller and worker.

A call sends a function and its arguments, as a pickle, to a worker. What the function reports
there is reported here, in order, and what is raised by the report here is raised there as
`Cancelled`. Functions must be found by their name in an importable module.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from typing import Any, Protocol

Report = Callable[[Any], None]

STEP = 0.2  # seconds between two looks at whether the work is still wanted


class WorkerLost(RuntimeError):
    """The worker has gone in the middle of a call; the message is a sentence for people."""


class NoWorkers(RuntimeError):
    """There are to be no workers; the message is a sentence for people."""


class Workers(Protocol):
    """Where long work is carried out."""

    @property
    def count(self) -> int:
        """How many calls can run side by side."""

    def call(self, function: Callable[..., Any], *args: Any, report: Report) -> Any:
        """The result of `function(*args, report=…)` in a worker; raises what it raises, with its traceback as a note.

        `report` here is called with every progress that the function reports, all of it before the end, and with
        None at least every 0.2 s. When it raises, so does this call, at once, and the function's next report raises
        Cancelled. Several threads may call at once. Raises WorkerLost where the worker's process dies; the next call
        finds another. An exception that cannot be pickled arrives as a RuntimeError with its text.
        """


def carried_out(payload: bytes, report: Report) -> bytes:
    """Carry out a call in the worker: whether it succeeded, and its result or what it raised, pickled."""
    try:
        function, args = pickle.loads(payload)
        return pickle.dumps((True, function(*args, report=report)), pickle.HIGHEST_PROTOCOL)
    except BaseException as error:
        error.add_note(f"In the worker:\n{traceback.format_exc()}")
        try:
            pickled = pickle.dumps((False, error))
            pickle.loads(pickled)
        except Exception:
            pickled = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
        return pickled


def value_of(outcome: bytes) -> Any:
    """The result of a call that succeeded; raises what the call raised."""
    succeeded, value = pickle.loads(outcome)
    if succeeded:
        return value
    raise value
