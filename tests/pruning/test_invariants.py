"""Every invariant that the page shows can turn red: each is broken once, on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from pruning import Experiment
from pruning.invariants import Training, checks
from pruning.networks import Weights, mlp
from pruning.sweep import run_seeds, task_of

EXPERIMENT = Experiment(
    strategy="iterative", prune_ratio=0.3, points=200, hidden=(8, 6), patience=5, max_epochs=30, rewind_epoch=2
)


class Notes:
    """A watcher that keeps what checks need, without checking anything itself."""

    def __init__(self) -> None:
        self.trainings: list[Training] = []
        self.after_one: Weights = {}

    def epoch(self, ticket, epoch, weights):
        if epoch == 1:
            self.after_one = {name: value.clone() for name, value in weights.items()}

    def trained(self, ticket, trained):
        self.trainings.append(Training(ticket, trained, self.after_one, None))


@pytest.fixture(scope="module")
def trainings() -> list[Training]:
    notes = Notes()
    run_seeds(EXPERIMENT, [0], watcher=notes)
    return notes.trainings


def broken(trainings: list[Training]) -> list[str]:
    model = mlp(2, EXPERIMENT.hidden, 2, EXPERIMENT.dropout)
    return [check.name for check in checks(EXPERIMENT, task_of(EXPERIMENT), model, trainings) if not check.holds]


def other(weights: Weights, name: str, change: Callable[[torch.Tensor], None]) -> Weights:
    copied = {key: value.clone() for key, value in weights.items()}
    change(copied[name])
    return copied


def removed(training: Training, layer: str) -> int:
    return int(np.flatnonzero(~training.ticket.masks[layer])[0])


def test_an_honest_run_breaks_nothing(trainings):
    """Dense and three levels, all green."""
    assert len(trainings) == 4
    assert broken(trainings) == []


def test_a_unit_that_wakes_up_is_seen(trainings):
    """The first epoch in which a removed weight was not zero is named."""
    last = replace(trainings[-1], awake=7)
    assert broken([*trainings[:-1], last]) == ["Pruned stays pruned"]
    model = mlp(2, EXPERIMENT.hidden, 2, EXPERIMENT.dropout)
    found = checks(EXPERIMENT, task_of(EXPERIMENT), model, [*trainings[:-1], last])[0].found
    assert found == "at prune ratio 0.3 a removed unit woke up in epoch 7"


def test_a_start_that_is_off_by_one_bit_is_seen(trainings):
    """Rewound weights must be those of θ_k, to the bit: the next float is another."""

    def nudge(value: torch.Tensor) -> None:
        value[0, 0] = torch.nextafter(value[0, 0], torch.tensor(9.0))

    last = trainings[-1]
    started = other(last.ticket.weights, "output.weight", nudge)
    ticket = replace(last.ticket, weights=started)
    assert "The start is what the strategy says" in broken([*trainings[:-1], replace(last, ticket=ticket)])


def test_one_unit_too_few_is_seen(trainings):
    """Counts are exact in every layer."""
    last = trainings[-1]
    masks = {name: mask.copy() for name, mask in last.ticket.masks.items()}
    masks["hidden1"][np.flatnonzero(masks["hidden1"])[0]] = False
    ticket = replace(last.ticket, masks=masks)
    assert "Counts are exact" in broken([*trainings[:-1], replace(last, ticket=ticket)])


def test_a_bias_left_behind_is_seen(trainings):
    """A removed unit whose bias is not zero would speak up."""
    last = trainings[-1]
    unit = removed(last, "hidden2")
    weights = other(last.trained.weights, "hidden2.bias", lambda value: value[unit].fill_(0.5))
    spoilt = replace(last, trained=replace(last.trained, weights=weights))
    assert "A unit takes its bias along" in broken([*trainings[:-1], spoilt])


def test_an_old_optimiser_is_seen(trainings):
    """Momentum makes the first step something else than the learning rate."""
    last = trainings[-1]
    stale = {name: start + 1.7 * (last.after_one[name] - start) for name, start in last.ticket.weights.items()}
    assert broken([*trainings[:-1], replace(last, after_one=stale)]) == ["The optimiser is new after every pruning"]


def test_weights_of_another_epoch_are_seen(trainings):
    """An alias of the live weights has another validation loss than the best."""
    dense = trainings[0]
    alias = replace(dense, trained=replace(dense.trained, weights=dense.ticket.weights))
    assert "The best weights are a copy" in broken([alias, *trainings[1:]])


def test_a_shrunk_network_that_answers_otherwise_is_seen(trainings, monkeypatch):
    """If shrinking lost a wrong unit, the two forms would differ."""
    import pruning.invariants as invariants

    def wrong(model, masks):
        turned = {name: np.roll(mask, 1) for name, mask in masks.items()}
        return invariants_shrink(model, turned)

    invariants_shrink = invariants.shrink
    monkeypatch.setattr(invariants, "shrink", wrong)
    assert broken(trainings) == ["Masked and shrunk are one network"]


def test_a_strategy_without_training_has_no_optimiser_to_look_at():
    """It is said so, and holds."""
    experiment = replace(EXPERIMENT, strategy="prune_only")
    notes = Notes()
    run_seeds(experiment, [0], watcher=notes)
    model = mlp(2, experiment.hidden, 2, experiment.dropout)
    found = {check.name: check for check in checks(experiment, task_of(experiment), model, notes.trainings)}
    assert all(check.holds for check in found.values())
    assert found["The optimiser is new after every pruning"].found == "nothing is trained after pruning"
