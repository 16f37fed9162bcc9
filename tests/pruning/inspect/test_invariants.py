"""Every invariant that the page shows can turn red: each is broken once, on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from pruning import Experiment
from pruning.data.task_of import task_of
from pruning.inspect import invariants
from pruning.inspect.invariants import Training, checks
from pruning.inspect.recording import watch
from pruning.inspect.replay import Check
from pruning.lottery.tickets import Ticket
from pruning.model.networks import Weights, mlp
from pruning.training import schedule, stack

EXPERIMENT = Experiment(
    strategy="iterative", prune_ratio=0.3, points=200, hidden=(8, 6), patience=5, max_epochs=30, rewind_epoch=2
)
EASY = Experiment(
    dataset="blobs", noise=0.05, dropout=0.0, learning_rate=0.1, points=200, hidden=(16, 16), max_epochs=600,
    strategy="iterative_finetune", prune_ratio=0.3,
)  # fmt: skip
PRUNED, START, BIAS = "Pruned stays pruned", "The start is what the strategy says", "A unit takes its bias along"
COUNTS = "Counts are exact"
OPTIMISER = "The optimiser is new after every pruning"


class Notes:
    """A watcher that keeps what checks need, without checking anything itself."""

    def __init__(self) -> None:
        self.trainings: list[Training] = []
        self.seen: dict[int, Weights] = {}

    def epoch(self, ticket, epoch, weights):
        if epoch == 0:
            self.seen = {}
        if epoch <= 2:
            self.seen[epoch] = {name: value.clone() for name, value in weights.items()}

    def trained(self, ticket, trained):
        after_one, rewind = self.seen.get(1, {}), self.seen[max(self.seen)]
        self.trainings.append(Training(ticket, trained, after_one, rewind, None))


def trainings_of(experiment: Experiment) -> list[Training]:
    notes = Notes()
    watch(experiment, task_of(experiment), notes)
    return notes.trainings


@pytest.fixture(scope="module")
def trainings() -> list[Training]:
    return trainings_of(EXPERIMENT)


def learned_to_the_end(experiment: Experiment) -> list[Training]:
    """As `trainings_of`, where every improvement counts: what is fine-tuned has next to nothing left to learn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schedule, "MIN_IMPROVEMENT", 0.0)
        return trainings_of(experiment)


@pytest.fixture(scope="module")
def easy() -> list[Training]:
    """All three levels start where nothing is left to learn."""
    return learned_to_the_end(EASY)


def checked(experiment: Experiment, trainings: list[Training]) -> dict[str, Check]:
    task = task_of(experiment).data
    model = mlp(2, experiment.hidden, task.n_classes, experiment.dropout)
    return {check.name: check for check in checks(experiment, task, model, trainings)}


def broken(trainings: list[Training], experiment: Experiment = EXPERIMENT) -> list[str]:
    return [name for name, check in checked(experiment, trainings).items() if not check.holds]


def other(weights: Weights, name: str, change: Callable[[torch.Tensor], None]) -> Weights:
    copied = {key: value.clone() for key, value in weights.items()}
    change(copied[name])
    return copied


def removed(training: Training, layer: str) -> int:
    return int(np.flatnonzero(~training.ticket.masks[layer])[0])


def counted(experiment: Experiment, kept: tuple[int, int]) -> Check:
    """The check of counts over a network of which so many units of each layer are kept."""
    masks = {f"hidden{i + 1}": np.arange(n) < kept[i] for i, n in enumerate(experiment.hidden)}
    ticket = Ticket(experiment.prune_ratio, 1, masks, {})
    with pytest.MonkeyPatch.context() as patch:
        alone = [row for row in invariants.INVARIANTS if row[0] == COUNTS]
        patch.setattr(invariants, "INVARIANTS", alone)
        return checked(experiment, [Training(ticket, None, {}, {}, None)])[COUNTS]


def test_an_honest_run_breaks_nothing(trainings):
    """Dense and three levels, all green."""
    assert len(trainings) == 4
    assert broken(trainings) == []


def test_a_unit_that_wakes_up_is_seen(trainings):
    """The first epoch in which a removed weight was not zero is named."""
    last = replace(trainings[-1], awake=7)
    assert broken([*trainings[:-1], last]) == [PRUNED]
    assert (
        checked(EXPERIMENT, [*trainings[:-1], last])[PRUNED].found
        == "at prune ratio 0.3 a removed unit woke up in epoch 7"
    )


def test_a_start_that_is_off_by_one_bit_is_seen(trainings):
    """Rewound weights must be those of θ_k, to the bit: the next float is another."""

    def nudge(value: torch.Tensor) -> None:
        value[0, 0] = torch.nextafter(value[0, 0], torch.tensor(9.0))

    last = trainings[-1]
    started = other(last.ticket.weights, "output.weight", nudge)
    ticket = replace(last.ticket, weights=started)
    assert START in broken([*trainings[:-1], replace(last, ticket=ticket)])


def test_the_start_is_held_against_what_was_seen(trainings):
    """What training itself calls the rewind weights has no say; those of the dense run's epoch have."""
    dense = trainings[0]
    other_words = replace(dense, trained=replace(dense.trained, rewind=dense.ticket.weights))
    assert broken([other_words, *trainings[1:]]) == []
    assert broken([replace(dense, rewind=dense.ticket.weights), *trainings[1:]]) == [START]


def test_one_unit_too_few_is_seen(trainings):
    """Counts are exact in every layer."""
    last = trainings[-1]
    masks = {name: mask.copy() for name, mask in last.ticket.masks.items()}
    masks["hidden1"][np.flatnonzero(masks["hidden1"])[0]] = False
    ticket = replace(last.ticket, masks=masks)
    assert COUNTS in broken([*trainings[:-1], replace(last, ticket=ticket)])


@pytest.mark.parametrize(("kept", "holds"), [((5, 2), True), ((4, 3), True), ((5, 1), False), ((5, 3), False)])
def test_under_global_scope_the_total_counts(kept, holds):
    """How seven units spread over two layers is the scores' business; six or eight are wrong."""
    experiment = replace(EXPERIMENT, scope="global", prune_ratio=0.5)
    assert counted(experiment, kept).holds is holds


@pytest.mark.parametrize(("kept", "holds"), [((4, 1), True), ((5, 0), False), ((0, 5), False)])
def test_an_empty_layer_is_seen_although_the_total_is_right(kept, holds):
    """Five units of fourteen are due at ratio 0.6, and no layer may go without one."""
    experiment = replace(EXPERIMENT, scope="global", prune_ratio=0.6)
    assert counted(experiment, kept).holds is holds


def test_a_bias_left_behind_is_seen(trainings):
    """A removed unit whose bias is not zero would speak up."""
    last = trainings[-1]
    unit = removed(last, "hidden2")
    weights = other(last.trained.weights, "hidden2.bias", lambda value: value[unit].fill_(0.5))
    spoilt = replace(last, trained=replace(last.trained, weights=weights))
    assert BIAS in broken([*trainings[:-1], spoilt])


@pytest.mark.parametrize("factor", [0.9, 1.7])
def test_an_old_optimiser_is_seen(trainings, factor):
    """Momentum makes the first step something else than the learning rate, more or less."""
    last = trainings[-1]
    stale = {name: start + factor * (last.after_one[name] - start) for name, start in last.ticket.weights.items()}
    assert broken([*trainings[:-1], replace(last, after_one=stale)]) == [OPTIMISER]


@pytest.mark.parametrize("strategy", ["one_shot", "iterative", "iterative_finetune", "one_shot_random"])
@pytest.mark.parametrize("counts_on", [True, False], ids=["counts on", "counts anew"])
def test_an_optimiser_that_keeps_its_moments_is_seen(monkeypatch, strategy, counts_on):
    """Adam goes on with the moments of the training before, whether it goes on counting its steps or not.

    (They may also wake removed units, which is another check's to see.)
    """
    adam, kept = stack._Stack._adam, {"steps": 0}

    def stale(self, t, learning_rate):
        _, m, v, _, _ = self.state
        if t == 1 and "m" in kept:
            kept["before"] = kept["steps"]
            m.copy_(kept["m"])
            v.copy_(kept["v"])
        adam(self, t + counts_on * kept.get("before", 0), learning_rate)
        kept.update(steps=t, m=m.clone(), v=v.clone())

    monkeypatch.setattr(stack._Stack, "_adam", stale)
    experiment = replace(EXPERIMENT, strategy=strategy)
    assert OPTIMISER in broken(trainings_of(experiment), experiment)


def test_too_small_a_gradient_tells_nothing_of_the_optimiser(easy):
    """Near ε every first step is shorter than the learning rate: it is said so, and nothing is broken."""
    found = checked(EASY, easy)
    assert [name for name, check in found.items() if not check.holds] == []
    assert found[OPTIMISER].found.startswith(
        "gradients too small for the first step to tell; no weight moved by more"
    )


def test_levels_that_tell_nothing_are_counted():
    """The others are judged as ever: a step that is too short at one of them is red."""
    experiment = replace(EASY, learning_rate=0.03)
    dense, *levels = learned_to_the_end(experiment)
    found = checked(experiment, [dense, *levels])[OPTIMISER]
    assert found.holds
    assert found.found.endswith("; gradients too small to tell at 2 of 3 levels")
    short = [{n: (value + level.ticket.weights[n]) / 2 for n, value in level.after_one.items()} for level in levels]
    halved = [replace(level, after_one=half) for level, half in zip(levels, short, strict=True)]
    assert broken([dense, *halved], experiment) == [OPTIMISER]


def test_no_first_step_is_too_long_whatever_the_gradient(easy):
    """A weight without a gradient to speak of that moves by twice the learning rate was moved by something else."""
    last = easy[-1]
    stale = other(last.after_one, "output.bias", lambda value: value.add_(2 * EASY.learning_rate))
    assert broken([*easy[:-1], replace(last, after_one=stale)], EASY) == [OPTIMISER]


def test_a_unit_that_is_dropped_where_it_matters_need_not_learn():
    """Without dropout its weights would have clear gradients; in the first step they have none and hardly move."""
    experiment = replace(EASY, learning_rate=0.03, dropout=0.5, hidden=(2,), max_epochs=300, seed=3)
    assert broken(learned_to_the_end(experiment), experiment) == []


@pytest.mark.parametrize("strategy", ["one_shot", "iterative_finetune"])
@pytest.mark.parametrize("rate", [0.003, 0.01, 0.03, 0.1])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_easy_data_break_nothing(strategy, rate, dropout):
    """Three blobs far apart, learned to the last decimal before they are fine-tuned, with units dropped or not."""
    experiment = replace(EASY, strategy=strategy, learning_rate=rate, dropout=dropout, hidden=(10,), max_epochs=300)
    assert broken(learned_to_the_end(experiment), experiment) == []


def test_weights_of_another_epoch_are_seen(trainings):
    """An alias of the live weights has another validation loss than the best."""
    dense = trainings[0]
    alias = replace(dense, trained=replace(dense.trained, weights=dense.ticket.weights))
    assert "The best weights are a copy" in broken([alias, *trainings[1:]])
    curve = dense.trained.val_loss
    later = replace(dense.trained, val_loss=np.append(curve, curve.min() - 2e-4))
    assert broken([replace(dense, trained=later), *trainings[1:]]) == ["The best weights are a copy"]


def test_a_shrunk_network_that_answers_otherwise_is_seen(trainings, monkeypatch):
    """If shrinking lost a wrong unit, the two forms would differ."""

    def wrong(model, masks):
        turned = {name: np.roll(mask, 1) for name, mask in masks.items()}
        return invariants_shrink(model, turned)

    invariants_shrink = invariants.shrink
    monkeypatch.setattr(invariants, "shrink", wrong)
    assert broken(trainings) == ["Masked and shrunk are one network"]


def test_a_strategy_without_training_has_no_optimiser_to_look_at():
    """It is said so, and holds; there are no epochs to speak of either."""
    experiment = replace(EXPERIMENT, strategy="prune_only")
    found = checked(experiment, trainings_of(experiment))
    assert all(check.holds for check in found.values())
    assert found[OPTIMISER].found == "nothing is trained after pruning"
    assert found[PRUNED].found.endswith("are exactly 0; nothing is trained after pruning")


@pytest.mark.parametrize("strategy", ["one_shot", "iterative", "prune_only"])
def test_where_nothing_is_pruned_nothing_is_claimed_of_pruning(strategy):
    """At ratio 0 there is no start after pruning, no removed unit and no optimiser that came after."""
    experiment = replace(EXPERIMENT, strategy=strategy, prune_ratio=0.0)
    found = checked(experiment, trainings_of(experiment))
    assert all(check.holds for check in found.values())
    silent = {name for name, check in found.items() if check.found == "nothing is pruned"}
    assert silent == {PRUNED, START, BIAS, OPTIMISER}


def test_a_ratio_too_small_for_a_unit_removes_none():
    """A twentieth of eight and six units rounds to none; what starts and is trained anew is still looked at."""
    experiment = replace(EXPERIMENT, strategy="one_shot", prune_ratio=0.05)
    found = checked(experiment, trainings_of(experiment))
    assert {name for name, check in found.items() if check.found == "nothing is pruned"} == {PRUNED, BIAS}
