"""One latency for one network: in another run a clock tells of the machine, not of the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from pruning.outcome import PlaneOutcome


class Keeper(Protocol):
    """Where results are kept by a key."""

    def get(self, key: str) -> Any: ...
    def fetch(self, key: str, compute: Callable[[], Any]) -> Any: ...


def on_one_clock(outcome: PlaneOutcome, kept: Keeper) -> PlaneOutcome:
    """The outcome with the dense network as fast as it was first measured, and all others in proportion.

    The networks of one run take turns, so that their proportions hold however busy the machine was;
    what one pass takes in all does not. What decides the latency is how wide the layers are.
    """
    first = kept.get(_key(outcome))
    if first is None:
        return outcome
    share = first / outcome.dense.latency
    networks = tuple(replace(network, latency=network.latency * share) for network in outcome.networks)
    return replace(outcome, networks=networks)


def remember(outcome: PlaneOutcome, kept: Keeper) -> None:
    """Keep the latency of the dense network, unless there is one of a network like it."""
    kept.fetch(_key(outcome), lambda: outcome.dense.latency)


def _key(outcome: PlaneOutcome) -> str:
    return json.dumps({"latency": [*outcome.experiment.hidden, outcome.n_classes]})
