"""Training: gradients against autograd, networks that do not know of each other, and the early stop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from pruning import Dataset
from pruning.data.plane_tasks import make_task
from pruning.model.masks import apply_masks, full_masks
from pruning.model.networks import draw_weights, mlp, with_weights
from pruning.training import stack as stack_training
from pruning.training.schedule import MIN_IMPROVEMENT, Examples, Schedule, improves
from pruning.training.stack import Start, train_stack
from pruning.training.threads import one_thread
from uncertainty.randomness import Purpose, dropout_noise, kept_by, noise_bits, stream

HIDDEN = (12, 8)
PATIENT = 10_000  # never stops early


@pytest.fixture(scope="module")
def examples() -> Examples:
    task = make_task(Dataset.MOONS, 200, 0.2, 0.0, 42)
    return Examples(
        *map(torch.from_numpy, (task.train_inputs, task.train_labels, task.val_inputs, task.val_labels)),
    )


def network(hidden=HIDDEN, n_classes=2):
    return mlp(2, hidden, n_classes, 0.0)


def start(seed, kept=1.0, hidden=HIDDEN, n_classes=2):
    """A start with the first `kept` of every hidden layer's units; the others are silent."""
    model = network(hidden, n_classes)
    masks = {name: np.arange(len(mask)) < max(kept * len(mask), 1) for name, mask in full_masks(model).items()}
    weights = draw_weights(model, stream(seed, Purpose.INITIAL_WEIGHTS))
    return Start(apply_masks(model, weights, masks), seed)


def mixed_starts():
    """Networks of several seeds and sizes, in no order."""
    return [start(seed, kept) for seed, kept in [(3, 1.0), (1, 0.5), (2, 0.1), (1, 1.0), (3, 0.3), (0, 0.7)]]


def at_last_epoch(starts, examples, epochs, dropout, learning_rate=0.01, **options):
    """Results whose `rewind` weights are those after exactly `epochs` steps."""
    schedule = Schedule(learning_rate, PATIENT, epochs)
    results = dict(train_stack(starts, examples, schedule, dropout, rewind_epoch=epochs, **options))
    return [results[i] for i in range(len(starts))]


def oracle_loss(model, inputs, labels, patterns, keep):
    """Cross entropy of the network with the given keep patterns (units, N) after its hidden layers."""
    patterns = iter(patterns)
    values = inputs
    for layer in model:
        if isinstance(layer, nn.Dropout):
            values = values * torch.from_numpy(next(patterns)).T / keep
        else:
            values = layer(values)
    return nn.functional.cross_entropy(values, labels)


def oracle(begin, examples, epochs, dropout, *, phase=0, learning_rate=0.01, hidden=HIDDEN, n_classes=2):
    """One network by autograd and torch.optim.Adam: (weights, training losses)."""
    model = with_weights(network(hidden, n_classes), begin.weights)
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    rng = stream(begin.seed, Purpose.DROPOUT, phase)
    losses = []
    for _ in range(epochs):
        optimiser.zero_grad()
        patterns = [dropout_noise(rng, (width, len(examples.train_labels)), dropout) for width in hidden]
        loss = oracle_loss(model, examples.train_inputs, examples.train_labels, patterns, 1 - dropout)
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return dict(model.state_dict()), losses


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The processor's clock of the stack, which stands still until somebody moves it; a step or a look takes 1 s."""
    now = [0.0]

    def takes_a_second(method):
        def act(*arguments):
            now[0] += 1
            return method(*arguments)

        return act

    monkeypatch.setattr(stack_training.time, "thread_time", lambda: now[0])
    for name in ("step", "validate"):
        monkeypatch.setattr(stack_training._Stack, name, takes_a_second(getattr(stack_training._Stack, name)))
    return now


def losses_of(model, inputs, labels):
    with torch.no_grad():
        return nn.functional.cross_entropy(model(inputs), labels).item()


# ---- gradients


@pytest.mark.parametrize("hidden", [(5,), (12, 8), (6, 5, 4)])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_every_gradient_is_that_of_autograd(examples, hidden, dropout):
    """Weights and biases of all layers and networks, dropout's scale included (which Adam would hide)."""
    starts = [start(seed, kept, hidden) for seed, kept in [(0, 1.0), (0, 0.5), (1, 1.0)]]
    stack = stack_training._Stack([0, 1, 2], starts, [examples] * len(starts), dropout, phase=2, rewind_epoch=0)
    stack.step(1, learning_rate=0.0)
    for k, begin in enumerate(starts):
        model = with_weights(network(hidden), begin.weights)
        rng = stream(begin.seed, Purpose.DROPOUT, 2)
        patterns = [dropout_noise(rng, (width, len(examples.train_labels)), dropout) for width in hidden]
        oracle_loss(model, examples.train_inputs, examples.train_labels, patterns, 1 - dropout).backward()
        gradients = stack._named(stack.gradient[k])
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-4, atol=1e-7, msg=name)


RATES = [(0.5, 0.25), (0.1, 0.5), (0.0, 0.3)]


def test_every_network_drops_its_units_at_its_own_rates(examples):
    """Each layer of each network at another rate, one seed's over the same random bits: autograd's gradients."""
    starts = [replace(start(seed), rates=rates) for seed, rates in zip((0, 0, 1), RATES, strict=True)]
    stack = stack_training._Stack([0, 1, 2], starts, [examples] * len(starts), 0.9, phase=2, rewind_epoch=0)
    stack.step(1, learning_rate=0.0)
    for k, begin in enumerate(starts):
        model = with_weights(network(), begin.weights)
        rng = stream(begin.seed, Purpose.DROPOUT, 2)
        kept = [
            kept_by(noise_bits(rng, (width, len(examples.train_labels))), rate) / (1 - rate)
            for width, rate in zip(HIDDEN, begin.rates, strict=True)
        ]
        scaled = [pattern.astype(np.float32) for pattern in kept]
        oracle_loss(model, examples.train_inputs, examples.train_labels, scaled, 1).backward()
        gradients = stack._named(stack.gradient[k])
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-3, atol=1e-6, msg=name)


def test_networks_of_other_rates_do_not_know_of_each_other(examples, differences):
    """Alone and in a stack of several rates each learns the same to the bit; the stack's own rate is one like any."""
    starts = [replace(begin, rates=rates) for begin, rates in zip(mixed_starts(), RATES * 2, strict=True)]
    schedule = Schedule(0.03, 4, 40)
    together = dict(train_stack(starts, examples, schedule, 0.9))
    for position, begin in enumerate(starts):
        ((_, alone),) = train_stack([begin], examples, schedule, 0.9)
        assert differences(alone, together[position]) == []
    plain = dict(train_stack(mixed_starts(), examples, schedule, 0.25))
    given = dict(
        train_stack([replace(begin, rates=(0.25, 0.25)) for begin in mixed_starts()], examples, schedule, 0.9)
    )
    assert differences(plain, given) == []


@pytest.mark.parametrize("epochs", [1, 15])
@pytest.mark.parametrize("dropout", [0.0, 0.25, 0.5])
def test_a_stack_learns_what_autograd_and_adam_teach_each_network(examples, epochs, dropout):
    """Weights and losses after one and after many steps equal those of each network trained on its own."""
    starts = [start(seed, kept) for seed, kept in [(0, 1.0), (1, 0.5), (0, 0.5)]]
    for begin, trained in zip(starts, at_last_epoch(starts, examples, epochs, dropout, phase=1), strict=True):
        weights, losses = oracle(begin, examples, epochs, dropout, phase=1)
        for name, value in weights.items():
            torch.testing.assert_close(trained.rewind[name], value, rtol=1e-3, atol=2e-5, msg=name)
        np.testing.assert_allclose(trained.train_loss, losses, rtol=1e-5)


def test_three_classes_and_three_layers_learn_as_autograd_does():
    """Nothing is special about two classes or two hidden layers."""
    task = make_task(Dataset.BLOBS, 120, 0.3, 0.0, 1)
    blobs = Examples(
        *map(torch.from_numpy, (task.train_inputs, task.train_labels, task.val_inputs, task.val_labels)),
    )
    begin = start(4, hidden=(6, 5, 4), n_classes=3)
    (trained,) = at_last_epoch([begin], blobs, 10, 0.25)
    weights, _ = oracle(begin, blobs, 10, 0.25, hidden=(6, 5, 4), n_classes=3)
    for name, value in weights.items():
        torch.testing.assert_close(trained.rewind[name], value, rtol=1e-3, atol=2e-5, msg=name)


def test_validation_losses_are_those_of_the_plain_network(examples):
    """val_loss[e] is the cross entropy with dropout off after e steps, the start's own at epoch 0."""
    begin = start(0)
    (trained,) = at_last_epoch([begin], examples, 7, 0.5)
    before = with_weights(network(), begin.weights)
    after = with_weights(network(), trained.rewind)
    assert trained.val_loss[0] == pytest.approx(losses_of(before, examples.val_inputs, examples.val_labels), rel=1e-5)
    assert trained.val_loss[7] == pytest.approx(losses_of(after, examples.val_inputs, examples.val_labels), rel=1e-5)


def test_every_phase_has_dropout_noise_of_its_own(examples):
    """The same start learns other weights in another phase, and the same ones in the same phase."""
    a, b, c = (at_last_epoch([start(0)], examples, 3, 0.5, phase=phase)[0] for phase in (1, 1, 2))
    assert torch.equal(a.rewind["output.weight"], b.rewind["output.weight"])
    assert not torch.equal(a.rewind["output.weight"], c.rewind["output.weight"])


def test_silent_units_stay_silent_in_every_epoch(examples):
    """A removed unit's weights are exactly 0 at the end of every one of twenty epochs."""
    begin = start(1, kept=0.5)
    zero = {name: value == 0 for name, value in begin.weights.items()}
    assert zero["hidden1.weight"].any()
    for epoch in range(1, 21):
        (trained,) = at_last_epoch([begin], examples, epoch, 0.2)
        assert all((trained.rewind[name][where] == 0).all() for name, where in zero.items())


# ---- independence


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_network_learns_the_same_alone_and_in_any_stack(examples, differences, dropout):
    """Equal to the bit, though the others have other seeds, sizes and stops; each at its own position."""
    starts, schedule = mixed_starts(), Schedule(0.03, 4, 60)
    together = dict(train_stack(starts, examples, schedule, dropout, rewind_epoch=3))
    assert sorted(together) == list(range(len(starts)))
    assert len({len(trained.val_loss) for trained in together.values()}) > 2  # they leave at different times
    for position, begin in enumerate(starts):
        ((_, alone),) = train_stack([begin], examples, schedule, dropout, rewind_epoch=3)
        assert differences(alone, together[position]) == []


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_networks_may_learn_data_of_their_own(examples, differences, dropout):
    """Equal to the bit to training alone, though each learns other examples and they leave at different times."""
    starts, schedule, rng = mixed_starts(), Schedule(0.03, 4, 60), torch.Generator().manual_seed(1)
    own = []
    for _ in starts:
        train, val = (
            x + torch.randn(x.shape, generator=rng) / 10 for x in (examples.train_inputs, examples.val_inputs)
        )
        own.append(replace(examples, train_inputs=train, val_inputs=val))
    together = dict(train_stack(starts, own, schedule, dropout, rewind_epoch=3))
    assert len({len(trained.val_loss) for trained in together.values()}) > 1
    for position, begin in enumerate(starts):
        ((_, alone),) = train_stack([begin], own[position], schedule, dropout, rewind_epoch=3)
        assert differences(alone, together[position]) == []
        ((_, other),) = train_stack([begin], examples, schedule, dropout, rewind_epoch=3)
        assert differences(alone, other) != []


def test_networks_of_the_default_size_do_not_depend_on_their_stack_either(differences):
    """Equal to the bit at 64 × 64 units and 700 examples, where the matrix products take other routes."""
    task = make_task(Dataset.MOONS, 1000, 0.2, 0.0, 42)
    moons = Examples(
        *map(torch.from_numpy, (task.train_inputs, task.train_labels, task.val_inputs, task.val_labels)),
    )
    starts = [start(seed, kept, (64, 64)) for seed, kept in [(1, 1.0), (0, 0.5), (1, 0.1), (0, 1.0), (2, 0.9)]]
    together = at_last_epoch(starts, moons, 8, 0.2)
    for begin, trained in zip(starts, together, strict=True):
        assert differences(at_last_epoch([begin], moons, 8, 0.2)[0], trained) == []


def test_a_stack_cut_into_pieces_gives_the_same(examples, differences, monkeypatch):
    """The bound on a stack's memory decides how many train at once, and nothing else."""
    whole = at_last_epoch(mixed_starts(), examples, 5, 0.3)
    monkeypatch.setattr(stack_training, "STACK_ELEMENTS", 2 * len(examples.train_labels) * max(HIDDEN))
    assert differences(whole, at_last_epoch(mixed_starts(), examples, 5, 0.3)) == []


def test_results_come_as_networks_stop(examples):
    """The first to stop is the first to be yielded."""
    lengths = [len(t.val_loss) for _, t in train_stack(mixed_starts(), examples, Schedule(0.03, 4, 60), 0.3)]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]


def test_training_leaves_its_starts_untouched(examples):
    """The weights that go in are the same afterwards."""
    starts = mixed_starts()
    before = [{name: value.clone() for name, value in begin.weights.items()} for begin in starts]
    list(train_stack(starts, examples, Schedule(0.03, 4, 20), 0.2))
    for begin, weights in zip(starts, before, strict=True):
        assert all(torch.equal(begin.weights[name], value) for name, value in weights.items())


# ---- early stop


@pytest.fixture(scope="module")
def stopped(examples):
    """Networks that stopped early, by patience: (patience, result)."""
    return [
        (patience, trained)
        for patience in (1, 4)
        for _, trained in train_stack(mixed_starts(), examples, Schedule(0.05, patience, 500), 0.2)
    ]


def test_training_stops_exactly_patience_epochs_after_the_best(stopped):
    """The best epoch is the last one that was lower than the best before by the minimum: the lowest to within it."""
    for patience, trained in stopped:
        assert trained.best_epoch == last_improvement(trained.val_loss)
        assert trained.val_loss[trained.best_epoch] <= trained.val_loss.min() + MIN_IMPROVEMENT
        assert len(trained.val_loss) - 1 == trained.best_epoch + patience


def last_improvement(losses):
    """By a plain loop."""
    best, epoch = np.inf, 0
    for e, loss in enumerate(losses):
        if best - loss > MIN_IMPROVEMENT:
            best, epoch = loss, e
    return epoch


def test_an_improvement_is_one_by_more_than_the_minimum():
    """Numbers and arrays; the first loss is one, and what is no number never."""
    assert MIN_IMPROVEMENT == 1e-4
    losses, best = np.array([0.5, 0.5 - 0.9e-4, 0.5 - 1.1e-4, 0.6, np.nan, 3.0]), np.array([0.5] * 5 + [np.inf])
    assert improves(losses, best).tolist() == [False, False, True, False, False, True]
    assert improves(0.4, 0.5)
    assert not improves(np.nan, np.inf)


def told(monkeypatch, curves):
    """Let the k-th of the stack's validation losses be that of `curves` (K, epochs), whatever the weights are."""
    mean_loss, epoch = stack_training._mean_loss, iter(range(curves.shape[1]))

    def validation(log_probs, target, count):
        measured = mean_loss(log_probs, target, count)
        return measured if count != 30 else curves[: len(measured), next(epoch)]

    monkeypatch.setattr(stack_training, "_mean_loss", validation)


def test_in_a_plateau_rounding_decides_nothing(examples, monkeypatch):
    """Losses that fall, then creep by a millionth of a nat an epoch, rounded up and down: all stop alike."""
    epochs, rng = np.arange(400), np.random.default_rng(0)
    rounding = rng.choice([-1e-7, 0, 1e-7], (12, 400))
    told(monkeypatch, 0.1 + 0.01 * np.maximum(40 - epochs, 0) - 1e-6 * epochs + rounding)
    starts = [start(seed) for seed in range(12)]
    found = dict(train_stack(starts, examples, Schedule(0.01, 20, 399), 0.0))
    assert {trained.best_epoch for trained in found.values()} == {40}
    assert {len(trained.val_loss) for trained in found.values()} == {40 + 20 + 1}


def test_losses_are_counted_from_before_the_first_step(stopped):
    """e steps give e training losses and e + 1 validation losses, all finite."""
    for _, trained in stopped:
        assert len(trained.val_loss) == len(trained.train_loss) + 1
        assert np.isfinite(trained.val_loss).all()
        assert np.isfinite(trained.train_loss).all()
        assert not trained.diverged


def test_the_weights_are_a_copy_of_the_best_epoch_and_no_alias_of_the_last(stopped, examples):
    """They reproduce the lowest validation loss, although training went on to a higher one."""
    for _, trained in stopped:
        loss = losses_of(with_weights(network(), trained.weights), examples.val_inputs, examples.val_labels)
        assert loss == pytest.approx(trained.val_loss[trained.best_epoch], rel=1e-5)
        assert trained.val_loss[-1] > trained.val_loss[trained.best_epoch]


def test_the_results_share_no_memory(examples):
    """Writing to one network's weights reaches neither its rewind weights nor another network."""
    first, second = at_last_epoch([start(0), start(1)], examples, 3, 0.0)
    tensors = [value for t in (first, second) for w in (t.weights, t.rewind) for value in w.values()]
    assert len({value.untyped_storage().data_ptr() for value in tensors}) == len(tensors)


@pytest.mark.parametrize("epochs", [0, 1, 5])
def test_max_epochs_is_respected(examples, epochs):
    """Training that would go on stops after exactly so many steps."""
    for trained in at_last_epoch(mixed_starts(), examples, epochs, 0.2):
        assert len(trained.train_loss) == epochs
        assert len(trained.val_loss) == epochs + 1


def test_no_epochs_leave_the_start_as_it_is(examples):
    """With max_epochs 0 the weights are the start's, to the bit, and epoch 0 is the best."""
    begin = start(0, kept=0.5)
    (trained,) = at_last_epoch([begin], examples, 0, 0.2)
    assert trained.best_epoch == 0
    assert all(torch.equal(trained.weights[name], value) for name, value in begin.weights.items())


def test_a_best_epoch_of_the_last_step_is_found(examples):
    """While the loss still falls, the best weights are those of the last epoch."""
    (trained,) = at_last_epoch([start(0)], examples, 2, 0.0)
    assert trained.val_loss[2] < trained.val_loss[1] < trained.val_loss[0]
    assert trained.best_epoch == 2
    assert all(torch.equal(trained.weights[name], value) for name, value in trained.rewind.items())


# ---- rewinding


@pytest.mark.parametrize("epoch", [1, 4])
def test_rewind_weights_are_those_of_their_epoch(examples, epoch):
    """Weights kept at epoch k of a longer run equal, to the bit, those that k steps end with."""
    longer = dict(train_stack([start(0)], examples, Schedule(0.01, PATIENT, 12), 0.2, rewind_epoch=epoch))[0]
    (shorter,) = at_last_epoch([start(0)], examples, epoch, 0.2)
    assert all(torch.equal(longer.rewind[name], value) for name, value in shorter.rewind.items())
    assert not torch.equal(longer.rewind["output.weight"], longer.weights["output.weight"])


def test_rewinding_to_epoch_zero_gives_the_start(examples):
    """The initialisation itself, to the bit, after any number of steps."""
    begin = start(0)
    trained = dict(train_stack([begin], examples, Schedule(0.01, PATIENT, 12), 0.2, rewind_epoch=0))[0]
    assert all(torch.equal(trained.rewind[name], value) for name, value in begin.weights.items())


def test_a_rewind_epoch_after_the_end_means_the_last_epoch(examples):
    """Where training ended sooner, the rewind weights are those of its last epoch, not of its best."""
    schedule = Schedule(0.05, 3, 2000)
    early = dict(train_stack([start(0)], examples, schedule, 0.2, rewind_epoch=2000))[0]
    epochs = len(early.train_loss)
    assert epochs < 2000
    exact = dict(train_stack([start(0)], examples, schedule, 0.2, rewind_epoch=epochs))[0]
    assert all(torch.equal(early.rewind[name], value) for name, value in exact.rewind.items())
    assert not torch.equal(early.rewind["output.weight"], early.weights["output.weight"])
    last = losses_of(with_weights(network(), early.rewind), examples.val_inputs, examples.val_labels)
    assert last == pytest.approx(early.val_loss[-1], rel=1e-5)


# ---- what can go wrong


def test_a_network_that_diverges_stops_and_says_so_while_the_others_go_on(examples, differences):
    """The mark is on the one whose loss is no number; its neighbours are as they would be alone."""
    healthy = start(0)
    huge = Start({name: value * 1e20 for name, value in start(1).weights.items()}, 1)
    sick, well = at_last_epoch([huge, healthy], examples, 5, 0.0)
    assert sick.diverged
    assert len(sick.val_loss) < 6
    assert not well.diverged
    assert differences(well, at_last_epoch([healthy], examples, 5, 0.0)[0]) == []


def test_the_weights_of_a_network_that_diverges_are_its_last_good_ones(examples):
    """A step into nothing leaves the best weights so far: finite, and those of the lowest finite loss."""
    trained = dict(train_stack([start(0)], examples, Schedule(1e30, 5, 20), 0.0))[0]
    assert trained.diverged
    assert not np.isfinite(trained.val_loss[-1])
    assert all(torch.isfinite(value).all() for value in trained.weights.values())
    assert trained.best_epoch == np.nanargmin(trained.val_loss)


def test_a_callback_can_stop_training(examples):
    """What it raises comes through, and no result is yielded after."""

    def stop(epoch, still_training):
        if epoch >= 10:
            raise KeyboardInterrupt

    results = train_stack([start(0)], examples, Schedule(0.01, PATIENT, 100), 0.2, on_epoch=stop)
    with pytest.raises(KeyboardInterrupt):
        list(results)


def test_a_callback_hears_how_many_are_still_training(examples):
    """The number never grows, begins with all, and epochs only rise."""
    calls = []
    list(
        train_stack(
            mixed_starts(),
            examples,
            Schedule(0.03, 12, 60),
            0.2,
            on_epoch=lambda *epoch_left: calls.append(epoch_left),
        )
    )
    epochs, left = zip(*calls, strict=True)
    assert calls[0] == (0, len(mixed_starts()))
    assert list(epochs) == sorted(set(epochs))
    assert list(left) == sorted(left, reverse=True)
    assert left[-1] < left[0]


def test_training_draws_nothing_from_torch(examples):
    """Torch's global generator is where it was."""
    begin = start(0)
    state = torch.get_rng_state()
    at_last_epoch([begin], examples, 3, 0.5)
    assert torch.equal(torch.get_rng_state(), state)


def test_one_thread_gives_the_threads_back():
    """Inside there is one, afterwards as many as before, also after an error."""

    def fail():
        with one_thread():
            assert torch.get_num_threads() == 1
            raise RuntimeError("stop")

    with one_thread():
        torch.set_num_threads(2)
        with pytest.raises(RuntimeError, match="stop"):
            fail()
        assert torch.get_num_threads() == 2


def test_a_loss_of_nothing_is_no_negative_zero():
    """A network that is certain and right everywhere has the losses 0.000, and not -0.000."""
    model = network()
    weights = {name: torch.zeros_like(value) for name, value in model.state_dict().items()}
    last = max(name for name in weights if name.endswith("bias"))
    weights[last] = torch.tensor([200.0, 0.0])
    inputs, labels = torch.ones(20, 2), torch.zeros(20, dtype=torch.int64)
    one = [Start(weights, 0)]
    ((_, trained),) = train_stack(one, Examples(inputs, labels, inputs, labels), Schedule(0.01, PATIENT, 2), 0.0)
    for losses in (trained.train_loss, trained.val_loss):
        assert [f"{loss:.3f}" for loss in losses] == ["0.000"] * len(losses)


# What it takes


def test_networks_share_each_epoch_that_they_are_in(examples, clock):
    """Of three that go on for unlike times, the last pays alone for what it is alone in; nothing is lost."""
    found = dict(train_stack(mixed_starts()[:3], examples, Schedule(0.05, 5, 200), 0.2))
    epochs = [len(found[i].train_loss) for i in range(3)]
    assert len(set(epochs)) == 3
    learning = [sum(each >= epoch for each in epochs) for epoch in range(max(epochs) + 1)]
    for i, last in enumerate(epochs):
        looks = sum(1 / learning[epoch] for epoch in range(last + 1))
        steps = sum(1 / learning[epoch] for epoch in range(1, last + 1))
        assert found[i].seconds == pytest.approx(looks + steps)
    assert sum(each.seconds for each in found.values()) == pytest.approx(clock[0]) == 2 * max(epochs) + 1


def test_who_watches_or_takes_the_results_costs_a_network_nothing(examples, clock):
    """Reports, a film of every epoch, and whatever is done with a network before the next one stops."""

    def slow(*arguments):
        clock[0] += 100

    seconds = 0.0
    for _, trained in train_stack(
        [start(0), start(1, 0.5)], examples, Schedule(0.05, 5, 60), 0.2, on_epoch=slow, watch=slow
    ):
        seconds += trained.seconds
        slow()
    assert seconds == pytest.approx(clock[0] % 100)


def test_without_a_step_nothing_is_spent(examples, clock):
    """A network that is left as pruned is looked at once."""
    ((_, trained),) = train_stack([start(0)], examples, Schedule(0.05, 5, 0), 0.2)
    assert (trained.seconds, clock[0]) == (0.0, 1.0)
