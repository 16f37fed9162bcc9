"""What one visitor alone has asked for is kept in memory, and no more of it than there is room for."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cache import results
from cache.jobs import Jobs
from cache.visitor import Visit, VisitStore
from pruning import RATIOS, Experiment, run
from pruning.data.csv_points import read_points
from pruning.lottery.engine import carry_out
from pruning.lottery.order import Order
from pruning.outcome import PlaneOutcome
from tests.conftest import Carry, train_instead, use

CSV = b"".join(b"%d,%d,%d\n" % (i % 7, i * i % 11, i % 2) for i in range(30))
SILENT = SimpleNamespace(progress=lambda *_: None)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Jobs:
    """A queue of its own."""
    return use(monkeypatch, tmp_path / "store").jobs


def test_a_result_is_computed_once():
    """The second request finds it; another key does not."""
    own, computed = VisitStore(), []

    def compute() -> list[int]:
        computed.append(1)
        return [1, 2]

    assert own.fetch("a", compute) is own.fetch("a", compute) is own.get("a")
    assert own.get("b") is None
    assert computed == [1]


def test_what_was_used_longest_ago_goes_first():
    """Two of three results of a thousand bytes fit into 2,500."""
    own = VisitStore(2500)
    for key in "ab":
        own.fetch(key, lambda: bytes(1000))
    own.get("a")
    own.fetch("c", lambda: bytes(1000))
    assert [own.get(key) is not None for key in "abc"] == [True, False, True]


def test_a_result_that_does_not_fit_is_returned_and_not_kept():
    """It costs the keeping, not the answer, and pushes nothing out."""
    own = VisitStore(500)
    own.fetch("small", lambda: b"x")
    assert len(own.fetch("large", lambda: bytes(1000))) == 1000
    assert own.get("large") is None
    assert own.get("small") == b"x"


def test_six_visitors_with_equal_points_share_one_run_and_each_keeps_it(jobs, monkeypatch):
    """They ask at once and wait for one job; whoever then moves a slider finds the outcome in their own store."""
    experiment, asked = Experiment(hidden=(4,), max_epochs=1, prune_ratio=0.5), []

    def when_all_wait(function: Carry, order: Order, *, report: Callable[[Any], None]) -> dict[str, Any]:
        asked.extend(step for step in order.batch.steps if function is carry_out)
        until = time.monotonic() + 30
        while jobs.watchers() < 6 and time.monotonic() < until:
            time.sleep(0.01)
        return function(order, report=report)

    def look(visit: Visit, prune_ratio: float) -> PlaneOutcome:
        return list(results.outcomes(replace(experiment, prune_ratio=prune_ratio), SILENT, visit))[-1]

    train_instead(monkeypatch, when_all_wait)
    visits = [Visit(VisitStore(), read_points(CSV)) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        first = list(pool.map(look, visits, [0.5] * 6))
    assert len(asked) == len({step.key for step in asked}) == len(RATIOS)
    assert len({id(outcome.dense) for outcome in first}) == 1
    monkeypatch.setattr(jobs, "watch", None)
    for visit, before in zip(visits, first, strict=True):
        assert look(visit, 0.3).dense is before.dense


def test_one_network_at_two_ratios_is_changed_by_hand_at_each():
    """Nine of ten units go at 90 % and at 95 %: the networks are equal, but each keeps the ratio it stands at."""
    outcome = run(Experiment(points=200, hidden=(10,), max_epochs=1), ratios=(0.9, 0.95))
    at = [replace(outcome, experiment=replace(outcome.experiment, prune_ratio=ratio)) for ratio in (0.9, 0.95)]
    assert len({results.digest(each.pruned) for each in at}) == 1
    own, gone = VisitStore(), int((~at[0].pruned.masks["hidden1"]).argmax())
    units = frozenset({("hidden1", gone)})
    changed = [results.changed_by_hand(each, units, (5,), Visit(own)) for each in at]
    assert [(network.prune_ratio, network.units) for network in changed] == [(0.9, 2), (0.95, 2)]


def test_a_network_at_other_rates_of_dropout_has_another_plane():
    """Its weights and masks may be equal; what is drawn of it is not."""
    network = run(Experiment(points=200, hidden=(10,), max_epochs=1)).pruned
    other = replace(network, dropout={"hidden1": 0.1})
    assert results.digest(replace(network)) == results.digest(network) != results.digest(other)
