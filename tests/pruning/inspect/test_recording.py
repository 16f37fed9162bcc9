"""A recording is the run itself, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from pruning import Experiment, run
from pruning.inspect.plane import grid
from pruning.inspect.recording import _Recorder, record
from pruning.inspect.replay import coded, is_frame
from pruning.lottery.tickets import Ticket
from pruning.training import stack
from uncertainty.sampling import single_pass

SMALL = {"points": 200, "hidden": (8, 6), "patience": 5, "max_epochs": 60}


@pytest.mark.parametrize("strategy", ["one_shot", "iterative", "one_shot_random", "prune_only"])
def test_a_recording_ends_in_the_network_of_the_run(strategy):
    """Recording repeats the run: losses, stop and weights are the same to the bit."""
    experiment = Experiment(strategy=strategy, prune_ratio=0.5, **SMALL)
    recording, outcome = record(experiment), run(experiment)
    for name, value in outcome.pruned.weights.items():
        np.testing.assert_array_equal(recording.weights[name], value)
    for phase, network in ((recording.phases[0], outcome.dense), (recording.phases[-1], outcome.pruned)):
        np.testing.assert_array_equal(phase.val_loss, network.val_loss)
        assert phase.early_stop_epoch == network.kept_epoch
        assert phase.epochs[-1] == network.kept_epoch


def test_one_shot_has_two_phases_and_iteration_one_for_every_level():
    """Levels on the way are part of the film, and each of them loses units."""
    one_shot = record(Experiment(strategy="one_shot", prune_ratio=0.5, **SMALL))
    iterative = record(Experiment(strategy="iterative", prune_ratio=0.5, **SMALL))
    rounds = record(Experiment(strategy="iterative", prune_ratio=0.5, rounds=2, **SMALL))
    assert [phase.prune_ratio for phase in one_shot.phases] == [0, 0.5]
    assert [phase.prune_ratio for phase in iterative.phases] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert [phase.level for phase in rounds.phases] == [0, 1, 2]
    kept = [int(phase.masks["hidden1"].sum()) for phase in iterative.phases]
    assert kept == [8, 7, 6, 6, 5, 4]


def test_nothing_pruned_is_the_dense_film_alone():
    """At ratio 0 there is one phase, whose frames are those of the dense run."""
    recording = record(Experiment(prune_ratio=0.0, **SMALL))
    assert [phase.level for phase in recording.phases] == [0]


def test_the_last_frame_shows_the_weights_that_are_kept():
    """It is what the network of the early stop says of the plane."""
    from pruning import module

    experiment = Experiment(prune_ratio=0.5, **SMALL)
    recording, outcome = record(experiment), run(experiment)
    small = module(experiment, outcome.pruned, 2)
    logits = single_pass(small, grid(recording.extent, 48)).astype(float)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    off = np.abs(coded(probs).reshape(48, 48).astype(int) - recording.phases[-1].maps[-1])
    assert (off == 0).mean() > 0.999  # the masked and the smaller network may round a code apart


def test_frames_are_the_first_epochs_and_then_ever_fewer():
    """Every epoch to the twentieth, then steps of 5 %; and always the last one, which is kept."""
    frames = [epoch for epoch in range(2001) if is_frame(epoch)]
    assert frames[:24] == [*range(23), 23]
    assert len(frames) < 120
    gaps = np.diff(frames)
    assert (gaps[frames.index(100) :] >= 4).all()
    assert (gaps <= 0.06 * np.array(frames[1:]) + 1).all()
    recording = record(Experiment(prune_ratio=0.5, **SMALL))
    for phase in recording.phases:
        stopped = len(phase.val_loss) - 1
        assert list(phase.epochs[:-1]) == [epoch for epoch in range(stopped + 1) if is_frame(epoch)]
        assert phase.maps.shape == (len(phase.epochs), 48, 48)


def test_a_code_names_the_winner_and_its_lead():
    """By hand: certain is 50 ahead, an even match 0; the class counts 51 each."""
    probs = np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.25, 0.75]])
    assert coded(probs).tolist() == [50, 101, 0, 76]
    three = np.array([[1 / 3, 1 / 3, 1 / 3], [0, 0, 1], [0.2, 0.6, 0.2]])
    assert coded(three).tolist() == [0, 152, 71]
    assert coded(np.eye(5)).max() == 254


def test_every_check_holds_for_every_strategy():
    """What the page shows green is green for each strategy and both scopes."""
    from pruning import Scope, Strategy

    for strategy in Strategy:
        for scope in Scope:
            recording = record(Experiment(strategy=strategy, scope=scope, prune_ratio=0.6, **SMALL))
            assert [check.name for check in recording.checks if not check.holds] == []
            assert len(recording.checks) == 7


@pytest.mark.parametrize("strategy", ["one_shot", "iterative", "random_mask"])
def test_every_check_holds_for_every_other_choice_too(strategy):
    """Rates that follow what is left, layers scored greedily, rounds of a fifth, units picked over all layers."""
    choices = {
        "dropout_rule": "scaled",
        "dropout": 0.4,
        "criterion": "l1_greedy",
        "round_share": 0.2,
        "scope": "global",
    }
    recording = record(Experiment(strategy=strategy, prune_ratio=0.6, **choices, **SMALL))
    assert [check.name for check in recording.checks if not check.holds] == []


def test_rewind_weights_of_a_later_epoch_are_seen(monkeypatch):
    """Training that keeps the weights of seven epochs later is not believed: the recorder saw epoch k itself."""
    begin = stack._Stack.__init__
    monkeypatch.setattr(stack._Stack, "__init__", lambda self, *args: begin(self, *args[:-1], args[-1] + 7))
    for strategy in ("one_shot_rewind", "iterative", "random_mask"):
        recording = record(Experiment(strategy=strategy, prune_ratio=0.5, rewind_epoch=3, **SMALL))
        broken = [check.name for check in recording.checks if not check.holds]
        assert broken == ["The start is what the strategy says"]


def test_a_rewind_epoch_that_never_came_is_the_last_one():
    """The dense run stops long before: kept weights start from the last that were seen, and no other are right."""
    recording = record(Experiment(strategy="one_shot_rewind", prune_ratio=0.5, rewind_epoch=500, **SMALL))
    assert len(recording.phases[0].val_loss) < 500
    assert [check.name for check in recording.checks if not check.holds] == []


@pytest.mark.parametrize("strategy", ["one_shot", "iterative"])
def test_a_removed_unit_that_wakes_is_seen_in_its_epoch(monkeypatch, strategy):
    """From the third epoch on, training moves biases that must be 0: the check is red and names that epoch."""
    adam = stack._Stack._adam

    def restless(self, t, learning_rate):
        adam(self, t, learning_rate)
        if t >= 3:
            self.layers[0][1].add_(1e-3)

    monkeypatch.setattr(stack._Stack, "_adam", restless)
    recording = record(Experiment(strategy=strategy, prune_ratio=0.5, **SMALL))
    found = {check.name: check for check in recording.checks}["Pruned stays pruned"]
    assert not found.holds
    first = 0.5 if strategy == "one_shot" else 0.1
    assert found.found == f"at prune ratio {first:g} a removed unit woke up in epoch 3"


def test_a_unit_that_falls_asleep_again_has_been_awake():
    """The recorder keeps the first epoch of each training, and forgets it with the next."""
    experiment = Experiment(hidden=(3,))
    recorder = _Recorder(experiment, 2)
    zeros = {name: torch.zeros_like(value) for name, value in recorder.model.state_dict().items()}
    awake = {**zeros, "hidden1.bias": torch.tensor([0.0, 0.0, 1.0])}
    ticket = Ticket(0.3, 1, {"hidden1": np.array([True, True, False])}, zeros)
    for weights in ([zeros, awake, zeros, awake], [zeros, zeros], [awake]):
        for epoch, shown in enumerate(weights):
            recorder.epoch(ticket, epoch, shown)
        recorder.trained(ticket, None)
    assert [shot.training.awake for shot in recorder.shots] == [1, None, 0]
