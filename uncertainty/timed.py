"""Predictions with what they took, and on which machine: a measurement, of which no result depends.

said = timed(lambda: voice.predictions(inputs, samples), fitting=0.2)
seconds_of(said)
"""

from __future__ import annotations

import hashlib
import math
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache

from uncertainty.predictions import Predictions


@dataclass(frozen=True, eq=False)
class TimedPredictions(Predictions):
    """Predictions, and the seconds behind them by the processor's clock of the thread that asked.

    That is what a wall clock would show were nothing else running.
    """

    fitting: float = math.nan  # of the method to its network, before any question
    asking: float = math.nan
    machine: str = ""  # see `this_machine`


def timed(ask: Callable[[], Predictions], fitting: float) -> TimedPredictions:
    """What `ask` gives, with how long it took; `fitting` seconds went before."""
    begun = time.thread_time()
    said = ask()
    asking = time.thread_time() - begun
    own = {each.name: getattr(said, each.name) for each in fields(Predictions)}
    return TimedPredictions(**own, fitting=fitting, asking=asking, machine=this_machine())


def seconds_of(said: Predictions) -> float:
    """Seconds that an answer took, its method's fitting included; NaN where that was not measured, or elsewhere."""
    if not isinstance(said, TimedPredictions) or said.machine != this_machine():
        return math.nan
    return said.fitting + said.asking


@cache
def this_machine() -> str:
    """Eight hexadecimal digits for the machine that this runs on: by its name, its processor, and its cores."""
    named = f"{platform.node()} {platform.machine()} {platform.processor()} {os.cpu_count()}"
    return hashlib.sha256(named.encode()).hexdigest()[:8]
