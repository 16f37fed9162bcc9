"""Training on images: the same bytes for a seed, every picture once an epoch, and a stop that keeps the best."""

from __future__ import annotations

from collections import OrderedDict
from itertools import pairwise
from math import comb, log

import numpy as np
import pytest
import torch
from torch import nn

from pruning import Architecture, ImageSet
from pruning.data.images import training
from pruning.model.networks import Pixels, cnn, draw_weights, with_weights
from pruning.training import minibatch
from pruning.training.minibatch import train
from pruning.training.schedule import Examples, Schedule

ETA = minibatch.AVERAGED
THREE_EPOCHS = Schedule(learning_rate=0.05, patience=3, max_epochs=3)


def digits(n=200):
    data = training(ImageSet.DIGITS, n, 0)
    arrays = data.train.pixels, data.train.labels, data.val.pixels, data.val.labels
    return Examples(*(torch.from_numpy(array) for array in arrays))


def small(seed=0, dropout=0.2, architecture=Architecture.SMALL):
    model = cnn(architecture, ImageSet.DIGITS.shape, ImageSet.DIGITS.n_classes, dropout)
    return with_weights(model, draw_weights(model, np.random.default_rng(seed)))


def learn(model=None, schedule=THREE_EPOCHS, examples=None, batch_size=32, seed=0, **others):
    return train(model or small(), examples or digits(), schedule, batch_size, seed, **{"flip": False, **others})


def state(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def evaluated(model, weights, examples):
    """Mean validation loss in nats and accuracy, one picture at a time."""
    model = with_weights(model, weights)
    losses, right = [], []
    with torch.no_grad():
        for picture, label in zip(examples.val_inputs, examples.val_labels, strict=True):
            logits = model(picture[None])[0].double()
            losses.append(-logits.log_softmax(0)[label].item())
            right.append(logits.argmax().item() == label)
    return np.mean(losses), np.mean(right)


class Watch(nn.Module):
    """Passes its input on, and keeps a copy of what it was given in training."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, values):
        if self.training:
            self.seen.append(values.detach().clone())
        return values


def watched(**layers):
    """A linear network on 4 × 4 pictures of 2 channels that remembers the batches it was trained on."""
    model = nn.Sequential(
        OrderedDict(watch=Watch(), pixels=Pixels(), flatten=nn.Flatten(), **layers, output=nn.Linear(32, 2))
    )
    weights = draw_weights(model, np.random.default_rng(0))
    return with_weights(model, weights)


def numbered(n=50):
    """Pictures whose every row and column differs, each with its number in all of its four corners."""
    pixels = np.random.default_rng(0).integers(0, 256, (n, 4, 4, 2), dtype=np.uint8)
    pixels[:, ::3, ::3] = np.arange(n, dtype=np.uint8)[:, None, None, None]
    pixels, labels = torch.from_numpy(pixels), torch.arange(n) % 2
    return Examples(pixels, labels, pixels, labels)


def epochs_of(model, per_epoch):
    """The batches a watched model was trained on, one list per epoch."""
    return [model.watch.seen[i : i + per_epoch] for i in range(0, len(model.watch.seen), per_epoch)]


# ---- the same seed


def test_the_same_seed_gives_the_same_bytes(differences):
    """Weights, curves and stop, however the global generators stand."""
    torch.manual_seed(1)
    first = learn()
    torch.manual_seed(2)
    assert differences(learn(), first) == []


@pytest.mark.parametrize("change", [{"seed": 1}, {"phase": 1}, {"batch_size": 50}, {"flip": True}])
def test_another_seed_phase_batch_size_or_flipping_trains_otherwise(change):
    """Each of them changes the weights."""
    weights, others = learn().weights, learn(**change).weights
    assert not np.array_equal(weights["output.bias"], others["output.bias"])


def test_torch_s_own_generator_is_left_alone():
    """Training neither reads nor moves the global random state, dropout included."""
    before = torch.get_rng_state()
    learn(flip=True)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_examples_are_left_as_they_were():
    """Flipped pictures are copies."""
    examples = numbered()
    before = examples.train_inputs.clone()
    learn(watched(), examples=examples, flip=True)
    assert torch.equal(examples.train_inputs, before)


# ---- batches


@pytest.mark.parametrize("flip", [False, True])
def test_a_picture_is_seen_at_most_once_an_epoch(flip):
    """Of 50 pictures in batches of 16 three batches are made an epoch, of 48 different pictures in another order."""
    model = watched()
    learn(model, examples=numbered(), batch_size=16, flip=flip)
    epochs = epochs_of(model, 3)
    assert len(epochs) == 3
    orders = []
    for batches in epochs:
        assert [len(batch) for batch in batches] == [16] * 3
        orders.append(tuple(torch.cat(batches)[:, 0, 0, 0].tolist()))
        assert len(set(orders[-1])) == 48
    assert len(set(orders)) == 3


def test_another_phase_takes_the_pictures_in_another_order():
    """The batches are those of the phase, and the same again for the same one."""
    orders = []
    for phase in (0, 0, 1):
        model = watched()
        learn(model, examples=numbered(), phase=phase)
        orders.append(torch.cat(model.watch.seen)[:, 0, 0, 0].tolist())
    assert orders[0] == orders[1] != orders[2]


def test_flipping_mirrors_left_and_right_and_about_half():
    """A picture comes as it is or mirrored, never upside down; 48 · 20 draws are even within five standard errors."""
    model, examples = watched(), numbered()
    learn(model, Schedule(1e-12, 100, 20), examples, batch_size=16, flip=True)
    mirrored = []
    for picture in torch.cat(model.watch.seen):
        original = examples.train_inputs[int(picture[0, 0, 0])]
        as_it_is, turned = torch.equal(picture, original), torch.equal(picture, original[:, [3, 2, 1, 0]])
        assert as_it_is != turned
        mirrored.append(turned)
    assert len(mirrored) == 960
    assert abs(np.mean(mirrored) - 0.5) < 5 * 0.5 / np.sqrt(960)


def test_without_flipping_pictures_come_as_they_are():
    """Not one is mirrored."""
    model, examples = watched(), numbered()
    learn(model, examples=examples, batch_size=16)
    seen = torch.cat(model.watch.seen)
    assert torch.equal(seen, examples.train_inputs[seen[:, 0, 0, 0].long()])


def test_a_batch_larger_than_the_set_is_the_set(differences):
    """One step an epoch then, and the same as for a batch of exactly that size."""
    model, examples = watched(), numbered()
    large = learn(model, Schedule(0.05, 3, 1), examples, batch_size=4096)
    assert [len(batch) for batch in model.watch.seen] == [50]
    assert differences(learn(watched(), Schedule(0.05, 3, 1), examples, batch_size=50), large) == []


# ---- the average


@pytest.fixture
def steps(monkeypatch):
    """The weights after every step, as they are in the optimiser's hands."""
    taken = []

    class Noting(torch.optim.SGD):
        def step(self, closure=None):
            super().step(closure)
            taken.append([value.detach().clone() for value in self.param_groups[0]["params"]])

    monkeypatch.setattr(torch.optim, "SGD", Noting)
    return taken


def averaged(steps):
    """The polynomial-decay average in closed form: the i-th of n steps counts in proportion to C(i + η − 1, η)."""
    shares = np.array([comb(i + ETA - 1, ETA) for i in range(1, len(steps) + 1)], float)
    each = zip(*steps, strict=True)
    return [np.tensordot(shares / shares.sum(), np.array([v.double().numpy() for v in one]), 1) for one in each]


def test_a_network_is_the_average_of_the_weights_on_its_way(steps):
    """Those of the steps so far, at the rewind epoch as at the best one, and those of the last step count most."""
    trained = learn(rewind_epoch=1)
    assert len(steps) == 18
    assert trained.best_epoch == 3
    for weights, count in ((trained.rewind, 6), (trained.weights, 18)):
        for value, mean, last in zip(weights.values(), averaged(steps[:count]), steps[count - 1], strict=True):
            np.testing.assert_allclose(value, mean, atol=2e-6)
            assert not np.allclose(value, last, atol=2e-5)


def test_the_average_is_a_seventh_of_the_way_old():
    """The mean age of what is averaged over n steps is close to n/(η + 2)."""
    shares = np.array([comb(i + ETA - 1, ETA) for i in range(1, 1001)], float)
    age = 1000 - np.average(np.arange(1, 1001), weights=shares)
    assert age / 1000 == pytest.approx(1 / (ETA + 2), abs=1e-3)
    assert ETA + 2 == 7


# ---- dropout


@pytest.mark.parametrize("p", [0.25, 0.5])
def test_dropout_drops_its_share_and_scales_the_rest_once(p):
    """After it a value is 0 or 1/(1 − p) of what it was; the share of zeros is p within five standard errors."""
    model = watched(before=Watch(), dropout=nn.Dropout(p), after=Watch())
    learn(model, examples=numbered(48), batch_size=48)
    before, after = (torch.cat(layer.seen) for layer in (model.before, model.after))
    dropped = after == 0
    torch.testing.assert_close(after[~dropped], before[~dropped] / (1 - p))
    assert abs(dropped.float().mean() - p) < 5 * np.sqrt(p * (1 - p) / dropped.numel()) + 1e-3


def test_no_dropout_passes_everything():
    """With p = 0 nothing is changed."""
    model = watched(before=Watch(), dropout=nn.Dropout(0.0), after=Watch())
    learn(model, examples=numbered())
    assert torch.equal(torch.cat(model.before.seen), torch.cat(model.after.seen))


def test_dropout_differs_from_step_to_step_and_from_phase_to_phase():
    """Every step and every phase has a pattern of its own."""
    patterns = []
    for phase in (0, 1):
        model = watched(dropout=nn.Dropout(0.5), after=Watch())
        learn(model, examples=numbered(48), batch_size=16, phase=phase)
        patterns += [(values == 0).numpy().tobytes() for values in model.after.seen]
    assert len(set(patterns)) == 2 * 9


# ---- the learning rate


@pytest.fixture
def rates(monkeypatch):
    """The learning rate of every step."""
    used = []

    class Noting(torch.optim.SGD):
        def step(self, closure=None):
            used.append(self.param_groups[0]["lr"])
            return super().step(closure)

    monkeypatch.setattr(torch.optim, "SGD", Noting)
    return used


def test_the_rate_rises_within_an_epoch_and_then_stays(rates):
    """In ten equal parts to the rate asked for, and then it is that rate whatever the number of epochs."""
    learn(examples=digits(320), schedule=Schedule(0.05, 100, 3))
    assert rates == pytest.approx([0.005 * step for step in range(1, 11)] + [0.05] * 20)


def test_more_epochs_change_nothing_of_those_before(differences):
    """No plan ends: the first two epochs of three are the two epochs of two, so a stop measures learning alone."""
    two, three = (learn(schedule=Schedule(0.05, 100, epochs)) for epochs in (2, 3))
    assert three.val_loss[:3].tobytes() == two.val_loss.tobytes()
    assert three.train_loss[:2].tobytes() == two.train_loss.tobytes()


# ---- the stop


def test_the_best_weights_are_kept_and_give_the_lowest_loss():
    """The epoch is that of the lowest validation loss, and its weights in a fresh network give that very loss."""
    trained, examples = learn(schedule=Schedule(0.05, 3, 8)), digits()
    assert trained.best_epoch == np.argmin(trained.val_loss) > 0
    loss, _ = evaluated(small(seed=9), trained.weights, examples)
    assert loss == pytest.approx(trained.val_loss[trained.best_epoch], abs=1e-5)
    assert len(trained.val_loss) == len(trained.train_loss) + 1
    assert not trained.diverged


def worsening():
    """Examples that teach the opposite of what validation asks for: every step is one for the worse."""
    examples = numbered()
    return Examples(examples.train_inputs, 1 - examples.train_labels, examples.val_inputs, examples.val_labels)


def taught():
    """A network that has learned its pictures by heart."""
    model = watched()
    return with_weights(model, learn(model, Schedule(0.02, 60, 60), numbered(), batch_size=16).weights)


def test_the_best_weights_are_a_copy():
    """Where training only does harm they are those of the start, though the model itself went on."""
    model = taught()
    start = state(model)
    trained = learn(model, Schedule(0.01, 4, 20), worsening())
    assert trained.best_epoch == 0
    assert same(trained.weights, start)
    assert not same(state(model), start)


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_training_stops_after_its_patience(patience):
    """So many epochs without a lower loss, counted after the warm-up, and no more."""
    trained = learn(taught(), Schedule(0.01, patience, 20), worsening())
    assert trained.best_epoch == 0
    assert len(trained.train_loss) == patience + minibatch.WARM_UP


def test_less_than_the_least_improvement_is_none(monkeypatch):
    """What falls by 0.0001 nats in all is at its best in the epoch that began to fall."""
    losses = iter([0.5, 0.49995, 0.49992, 0.49991, 0.499905])
    monkeypatch.setattr(nn.functional, "cross_entropy", falling(nn.functional.cross_entropy, losses))
    trained = learn(schedule=Schedule(0.05, 3, 20))
    assert trained.val_loss.tolist() == [0.5, 0.49995, 0.49992, 0.49991, 0.499905]
    assert trained.best_epoch == 0


def falling(cross_entropy, losses):
    """The real loss in training; in validation, which is told in double precision, the next one of `losses`."""

    def loss(logits, labels):
        if logits.dtype == torch.float64:
            return torch.tensor(next(losses), dtype=torch.float64)
        return cross_entropy(logits, labels)

    return loss


CHANCE = log(2)


@pytest.mark.parametrize(
    ("losses", "best", "epochs"),
    [
        ([1.0, 0.995, 0.995, 0.995, 0.995, 0.995, 0.995, 0.5, 0.4, 0.45, 0.45], 8, 10),  # begins late
        ([3.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5], 7, 9),  # falls to chance and waits there
        ([1.0, 0.98, 0.985, 0.985], 1, 3),  # has begun, and gets no farther
        ([1.0, *[0.995] * 12], 1, 12),  # never begins
    ],
)
def test_a_network_at_chance_is_waited_for(monkeypatch, losses, best, epochs):
    """Patience begins where the loss is more than a hundredth below that of chance; else all epochs are given."""
    told = iter([CHANCE * loss for loss in losses])
    monkeypatch.setattr(nn.functional, "cross_entropy", falling(nn.functional.cross_entropy, told))
    trained = learn(watched(), Schedule(0.01, 2, 12), numbered())
    assert (trained.best_epoch, len(trained.train_loss)) == (best, epochs)


def test_a_network_without_a_gradient_is_not_waited_for():
    """All units of a layer are silent for every picture, the answer is one and the same: patience ends it."""
    model = small()
    with torch.no_grad():
        model.hidden1.bias.fill_(-1e3)
    trained = learn(model, Schedule(0.05, 3, 50))
    assert len(trained.train_loss) <= 3 + trained.best_epoch + minibatch.WARM_UP < 50
    assert trained.val_loss.min() > 0.99 * log(8)


def test_a_lower_loss_starts_patience_anew():
    """A run that improved late goes on for its patience after that, or to its last epoch."""
    trained = learn(schedule=Schedule(0.1, 2, 40), examples=digits(100))
    assert 2 < trained.best_epoch < 38
    assert len(trained.train_loss) == trained.best_epoch + 2


def test_no_epochs_train_nothing():
    """The weights stay, there is a validation loss and no training loss, and nobody is called."""
    model, calls = small(), []
    start = state(model)
    trained = learn(model, Schedule(0.05, 3, 0), report=calls.append)
    assert same(trained.weights, start)
    assert same(trained.rewind, start)
    assert same(state(model), start)
    assert (len(trained.train_loss), len(trained.val_loss), trained.best_epoch, calls) == (0, 1, 0, [])


# ---- what is not a number


def test_a_loss_that_is_no_number_ends_training_at_once():
    """A far too high rate is no crash: it is marked, the last loss is not finite, the weights kept are."""
    trained = learn(schedule=Schedule(1e6, 50, 50))
    assert trained.diverged
    assert not np.isfinite(trained.val_loss[-1])
    assert np.isfinite(trained.val_loss[:-1]).all()
    assert len(trained.val_loss) < 10
    assert all(value.isfinite().all() for value in trained.weights.values())


def test_no_step_follows_a_loss_that_is_no_number():
    """Within the epoch too: the batch of the bad loss is the last one."""
    examples = numbered(48)
    model = watched(poison=Poison(after=4))
    trained = learn(model, examples=examples, batch_size=16)
    assert trained.diverged
    assert len(model.watch.seen) == 5  # three of the first epoch, two of the second
    assert len(trained.train_loss) == 2


class Poison(nn.Module):
    """Lets so many batches of training through; after that nothing is a number."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def forward(self, values):
        self.left -= self.training
        return values if self.left >= 0 else values * float("nan")


def test_weights_that_are_no_numbers_are_not_trained():
    """A network that begins with them is marked and left."""
    model = small()
    with torch.no_grad():
        model.output.bias[0] = float("nan")
    trained = learn(model)
    assert trained.diverged
    assert len(trained.train_loss) == 0


# ---- rewinding


@pytest.mark.parametrize(("epoch", "kept"), [(0, 0), (1, 1), (2, 2), (3, 3), (99, 3)])
def test_the_weights_of_the_rewind_epoch_are_kept(epoch, kept):
    """They give the validation loss of that epoch, of the last one where that came before."""
    start = state(small())
    trained = learn(rewind_epoch=epoch)
    assert len(trained.val_loss) == 4
    loss, _ = evaluated(small(9), trained.rewind, digits())
    assert loss == pytest.approx(trained.val_loss[kept], abs=1e-6)
    assert min(abs(np.diff(trained.val_loss))) > 1e-4
    assert same(trained.rewind, start) == (kept == 0)


def test_rewinding_does_not_change_training(differences):
    """Keeping the weights of an epoch moves no other number."""
    a, b = learn(rewind_epoch=0), learn(rewind_epoch=2)
    assert differences((a.weights, a.train_loss, a.val_loss), (b.weights, b.train_loss, b.val_loss)) == []


# ---- BatchNorm


def test_running_statistics_are_part_of_the_weights():
    """They move in training, and the kept ones are those with which the lowest loss was met."""
    trained = learn(small(architecture=Architecture.WIDE_NORM), Schedule(0.05, 3, 2), batch_size=50, rewind_epoch=1)
    steps = {"weights": 4 * trained.best_epoch, "rewind": 4}
    for part, count in steps.items():
        assert getattr(trained, part)["norm1.num_batches_tracked"] == count
    assert (trained.rewind["norm1.running_mean"] != 0).all()
    assert (trained.rewind["norm2.running_var"] != 1).all()
    loss, _ = evaluated(small(5, architecture=Architecture.WIDE_NORM), trained.weights, digits())
    assert loss == pytest.approx(trained.val_loss.min(), abs=1e-5)


def test_looking_at_validation_moves_no_statistics():
    """Without a step they are those of the start."""
    model = small(architecture=Architecture.WIDE_NORM)
    trained = learn(model, Schedule(0.05, 3, 0))
    assert (trained.weights["norm1.running_mean"] == 0).all()
    assert (model.norm1.running_var == 1).all()


# ---- reports


def test_every_epoch_is_reported_as_it_ends():
    """The curves grow by an epoch each, are those of the result, and the accuracy is that of its weights."""
    reports = []
    trained = learn(report=reports.append)
    ends = [i for i, curves in enumerate(reports) if curves.epoch == len(curves.train_loss)]
    assert [reports[i].epoch for i in ends] == [1, 2, 3]
    last = reports[ends[-1]]
    assert last.max_epochs == 3
    assert last.train_loss == tuple(trained.train_loss)
    assert last.val_loss == tuple(trained.val_loss)
    for epoch, i in enumerate(ends, start=1):
        loss, accuracy = evaluated(small(7), learn(rewind_epoch=epoch).rewind, digits())
        assert reports[i].val_loss[-1] == pytest.approx(loss, abs=1e-5)
        assert reports[i].val_accuracy[-1] == pytest.approx(accuracy, abs=1e-6)
        assert len(reports[i].val_accuracy) == len(reports[i].val_loss)


def test_within_an_epoch_it_says_how_far_it_is(monkeypatch):
    """With no pause between reports every batch is one: epochs in sixths, time and epochs never falling."""
    monkeypatch.setattr(minibatch, "REPORT_EVERY", -1.0)
    reports = []
    learn(report=reports.append)
    assert sorted({curves.epoch for curves in reports}) == pytest.approx([i / 6 for i in range(1, 19)])
    for a, b in pairwise(reports):
        assert a.epoch <= b.epoch
        assert 0 <= a.seconds <= b.seconds
    assert reports[0].seconds_left is None
    assert reports[-1].seconds_left == pytest.approx(0)


def test_reporting_does_not_change_training(monkeypatch, differences):
    """Watched or not, the result is the same to the bit."""
    quiet = learn()
    monkeypatch.setattr(minibatch, "REPORT_EVERY", -1.0)
    assert differences(learn(report=lambda curves: None), quiet) == []


def test_a_report_may_stop_it_all(monkeypatch):
    """What it raises comes out, and it is not called again."""
    monkeypatch.setattr(minibatch, "REPORT_EVERY", -1.0)
    calls = []

    def stop(curves):
        calls.append(curves.epoch)
        if len(calls) == 4:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        learn(report=stop)
    assert calls == pytest.approx([1 / 6, 2 / 6, 3 / 6, 4 / 6])


def test_a_training_takes_what_its_own_thread_computes(monkeypatch):
    """A second a look here, with the one at the start; a report that takes long does not count, nor does no step."""
    now, look = [0.0], minibatch._evaluate

    def evaluate(*arguments):
        now[0] += 1
        return look(*arguments)

    def report(curves):
        now[0] += 100

    monkeypatch.setattr(minibatch.time, "thread_time", lambda: now[0])
    monkeypatch.setattr(minibatch, "_evaluate", evaluate)
    trained = learn(report=report)
    assert len(trained.train_loss) == 3
    assert now[0] >= 304
    assert trained.seconds == 4
    assert learn(schedule=Schedule(0.05, 3, 0)).seconds == 0
