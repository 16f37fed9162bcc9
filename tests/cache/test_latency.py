"""One dense network has one latency, whatever run it is measured in."""

from __future__ import annotations

import numpy as np
import pytest

from cache import results
from cache.latency import on_one_clock, remember
from cache.store import Store
from cache.visitor import Shelf, Visit
from pruning import Experiment, Network
from pruning.model import cost
from pruning.outcome import PlaneOutcome
from uncertainty.predictions import Predictions

NOTHING = Predictions((1,), np.ones((1, 0, 2)), np.zeros((1, 0)), np.zeros((0, 2)))
NONE = np.zeros((0, 2))


def network(ratio: float, latency: float) -> Network:
    return Network(
        prune_ratio=ratio, level=int(ratio > 0), masks={}, start_weights={}, weights={}, early_stop_epoch=1,
        train_loss=np.zeros(1), val_loss=np.zeros(2), diverged=False, units=1, parameters=1, multiply_adds=1,
        latency=latency, test=NOTHING, ood=NOTHING,
    )  # fmt: skip


def outcome(*latencies: float, hidden: tuple[int, ...] = (64, 64), n_classes: int = 2) -> PlaneOutcome:
    networks = tuple(network(i / 10, latency) for i, latency in enumerate(latencies))
    return PlaneOutcome(
        Experiment(hidden=hidden), np.zeros(0, int), n_classes, networks, NONE, np.zeros(0, int), NONE, NONE
    )


def times(one: PlaneOutcome) -> list[float]:
    return [each.latency for each in one.networks]


@pytest.fixture(params=["store", "shelf"])
def kept(request, tmp_path):
    return Store(tmp_path / "store", "test") if request.param == "store" else Shelf()


def test_the_first_run_is_as_it_was_measured(kept):
    """There is nothing yet to compare it with."""
    first = outcome(0.08, 0.04)
    assert on_one_clock(first, kept) is first


def test_a_later_run_has_the_first_one_s_dense_latency_and_its_own_proportions(kept):
    """On a machine two and a half times as busy: 0.2 and 0.05 ms become 0.08 and 0.02, the networks else the same."""
    remember(outcome(0.08, 0.04), kept)
    busy = outcome(0.2, 0.05)
    settled = on_one_clock(busy, kept)
    assert times(settled) == pytest.approx([0.08, 0.02])
    assert all(a.val_loss is b.val_loss for a, b in zip(settled.networks, busy.networks, strict=True))
    assert times(busy) == [0.2, 0.05]


def test_a_later_run_does_not_replace_the_first(kept):
    """However many there are."""
    for dense in (0.08, 0.2, 0.05):
        remember(outcome(dense), kept)
    assert times(on_one_clock(outcome(0.1), kept)) == pytest.approx([0.08])


@pytest.mark.parametrize("change", [{"hidden": (30,)}, {"hidden": (64,)}, {"n_classes": 3}])
def test_another_network_has_its_own(kept, change):
    """Other widths, another number of layers, or of classes."""
    remember(outcome(0.08), kept)
    assert times(on_one_clock(outcome(0.2, **change), kept)) == [0.2]


class Line:
    """A place for progress that nobody looks at."""

    def progress(self, share: float, text: str) -> None:
        pass


def test_two_strategies_on_a_page_have_one_dense_network_and_one_latency(monkeypatch, tmp_path):
    """The second is measured on a machine four times as busy, and a network half as fast as dense stays that."""
    monkeypatch.setattr(results, "STORE", Store(tmp_path / "store", "test"))
    found = []
    for strategy, busy in (("prune_only", 1e-4), ("one_shot", 4e-4)):
        monkeypatch.setattr(
            cost, "latency", lambda models, inputs, busy=busy: [busy, *[busy / 2] * (len(models) - 1)]
        )
        experiment = Experiment(strategy=strategy, points=100, hidden=(4,), max_epochs=1)
        *_, one = results.outcomes(experiment, Line(), Visit(Shelf()))
        found.append(times(one))
    assert found[0] == found[1] == pytest.approx([1e-4, *[5e-5] * 10])
