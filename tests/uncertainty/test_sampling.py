"""MC dropout: the right distribution, the same bytes for the same seed, and a model that is left as it was."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from uncertainty import sampling
from uncertainty.options import DropoutLayers
from uncertainty.predictions import running_means
from uncertainty.predictive import entropy
from uncertainty.sampling import mc_dropout, predict, single_pass


def seeded(build, seed=0):
    """A network with weights of its own generator state; the global one is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return build()


def linear_net(p=0.5, n_classes=2):
    return seeded(lambda: nn.Sequential(nn.Linear(3, 16), nn.Dropout(p), nn.Linear(16, n_classes)))


def mlp(p=0.3):
    """Two hidden layers with dropout, the shape of the networks on the plane."""
    return seeded(
        lambda: nn.Sequential(
            nn.Linear(3, 16),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(16, 16),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(16, 8),
            nn.ReLU(),
            nn.Linear(8, 4),
        )
    )


def normed_net():
    """Batch normalisation before and after dropout, with running statistics that are not the initial ones."""
    model = seeded(
        lambda: nn.Sequential(
            nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 8), nn.BatchNorm1d(8)
        )
    )
    rng = np.random.default_rng(7)
    for layer in (model[1], model[5]):
        layer.running_mean.copy_(torch.tensor(rng.normal(size=8)))
        layer.running_var.copy_(torch.tensor(rng.uniform(0.5, 2, 8)))
    return model.eval()


def conv_net(p=0.4):
    return seeded(
        lambda: nn.Sequential(
            nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            nn.Dropout(p),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Flatten(),
            nn.Sequential(nn.Linear(64, 12), nn.ReLU(), nn.Sequential(nn.Dropout(p), nn.Linear(12, 3))),
        )
    )


def points(n=10, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)


def images(n=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 1, 8, 8)).astype(np.float32)


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


MODELS = {
    "linear": (linear_net, points),
    "mlp": (mlp, points),
    "batch norm": (normed_net, points),
    "convolutions": (conv_net, images),
    "dropout first": (lambda: seeded(lambda: nn.Sequential(nn.Dropout(0.4), nn.Linear(3, 3))), points),
    "dropout last": (lambda: seeded(lambda: nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.4))), points),
    "dropout twice in a row": (
        lambda: seeded(lambda: nn.Sequential(nn.Linear(3, 9), nn.Dropout(0.4), nn.Dropout(0.2), nn.Linear(9, 3))),
        points,
    ),
    "dropout, then no linear layer": (
        lambda: seeded(lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.Dropout(0.4), nn.MaxPool2d(6), nn.Flatten())),
        images,
    ),
}
every_model = pytest.mark.parametrize(
    ("model", "inputs"), [(build(), data()) for build, data in MODELS.values()], ids=list(MODELS)
)


# What comes out


@every_model
def test_samples_are_distributions(model, inputs):
    """The samples are (S, N, C) in float32, not negative, and each row sums to 1."""
    probs = mc_dropout(model, inputs, 7, seed=0)
    assert probs.shape == (7, len(inputs), single_pass(model, inputs).shape[1])
    assert probs.dtype == np.float32
    assert (probs >= 0).all()
    np.testing.assert_allclose(probs.sum(axis=-1), 1, atol=1e-6)


@every_model
def test_samples_differ(model, inputs):
    """Every sample is a draw of its own."""
    probs = mc_dropout(model, inputs, 5, seed=0)
    assert len({sample.tobytes() for sample in probs}) == 5


def test_arrays_and_tensors_give_the_same_samples():
    """Inputs may be a NumPy array, of either precision, or a tensor."""
    expected = mc_dropout(mlp(), points(), 3, seed=0)
    np.testing.assert_array_equal(mc_dropout(mlp(), torch.from_numpy(points()), 3, seed=0), expected)
    np.testing.assert_array_equal(mc_dropout(mlp(), points().astype(float), 3, seed=0), expected)


@pytest.fixture
def all_warnings():
    """torch warns every time, where it otherwise warns once in a process, perhaps before this test."""
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(False)


@pytest.mark.usefixtures("all_warnings")
def test_read_only_inputs_are_welcome():
    """Inputs that must not be written to, as a store hands them out, are sampled without a warning."""
    inputs = points()
    inputs.setflags(write=False)
    np.testing.assert_array_equal(mc_dropout(mlp(), inputs, 2, seed=0), mc_dropout(mlp(), points(), 2, seed=0))
    np.testing.assert_array_equal(single_pass(mlp(), inputs), single_pass(mlp(), points()))


def test_one_sample_is_one_function():
    """A sample's masks are held for all inputs, so equal points have equal probabilities within it."""
    inputs = np.repeat(points(1), 5, axis=0)
    probs = mc_dropout(mlp(), inputs, 6, seed=0)
    np.testing.assert_allclose(probs, np.broadcast_to(probs[:, :1], probs.shape), atol=1e-6)


def test_one_input_alone_gives_its_row_among_many():
    """The samples at a point do not depend on which other points are asked for."""
    probs = mc_dropout(mlp(), points(10), 6, seed=0)
    np.testing.assert_allclose(mc_dropout(mlp(), points(10)[4:5], 6, seed=0), probs[:, 4:5], atol=1e-6)


# Only dropout, exactly once


def test_dropout_is_rescaled_exactly_once():
    """In a linear network the logits of many samples average to those of the single pass."""
    model, inputs = linear_net(0.5), points()
    probs = mc_dropout(model, inputs, 5000, seed=0).astype(float)
    difference = np.log(probs[..., 0]) - np.log(probs[..., 1])  # logit 0 − logit 1: softmax loses only their sum
    expected = single_pass(model, inputs)
    expected = expected[:, 0] - expected[:, 1]
    error = difference.std(axis=0) / np.sqrt(5000)
    assert (np.abs(difference.mean(axis=0) - expected) < 5 * error).all()
    assert (np.abs(expected) > 20 * error).any()  # so that halving or doubling it would show


def test_dropout_of_a_known_network_by_hand():
    """One input of 1 under p = 0.75 gives a logit of 1/(1 − p) = 4 in a quarter of the samples, else 0."""
    model = nn.Sequential(nn.Dropout(0.75), nn.Linear(1, 2))
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([[1.0], [0.0]]))
        model[1].bias.zero_()
    probs = mc_dropout(model, np.ones((1, 1), np.float32), 4000, seed=0)[:, 0, 0]
    kept = probs > 0.75
    np.testing.assert_allclose(probs[kept], 1 / (1 + np.exp(-4)), atol=1e-6)
    np.testing.assert_allclose(probs[~kept], 0.5, atol=1e-6)
    assert kept.mean() == pytest.approx(0.25, abs=0.03)  # standard error 0.007


@every_model
def test_marginals_are_those_of_plain_dropout(model, inputs):
    """At each point the mean and the variance of the probabilities are those of torch's own dropout."""
    n_samples = 2000
    ours = mc_dropout(model, inputs[:3], n_samples, seed=0).astype(float)
    dropouts = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    batch = torch.from_numpy(inputs[:3]).repeat_interleave(n_samples, dim=0)
    model.eval()
    for module in dropouts:
        module.train()
    with torch.random.fork_rng(devices=[]), torch.inference_mode():
        torch.manual_seed(0)
        theirs = model(batch).softmax(-1).numpy().astype(float)
    model.eval()
    theirs = theirs.reshape(3, n_samples, -1).swapaxes(0, 1)

    def moments_agree(left, right):
        """Both means are within five standard errors of each other."""
        error = np.sqrt((left.var(axis=0) + right.var(axis=0)) / n_samples)
        assert (np.abs(left.mean(axis=0) - right.mean(axis=0)) <= 5 * error + 1e-6).all()

    moments_agree(ours, theirs)
    moments_agree((ours - ours.mean(axis=0)) ** 2, (theirs - theirs.mean(axis=0)) ** 2)


@pytest.mark.parametrize("build", [linear_net, mlp])
def test_no_dropout_is_the_single_pass(build):
    """With p = 0 every sample is the softmax of the single pass."""
    model = build(0.0)
    expected = softmax(single_pass(model, points()))
    np.testing.assert_allclose(mc_dropout(model, points(), 4, seed=0), np.stack([expected] * 4), atol=1e-6)


def test_no_dropout_in_a_convolutional_network_is_the_single_pass():
    """With p = 0 every sample is the softmax of the single pass, through convolutions, pooling and nesting too."""
    model = conv_net(0.0)
    expected = softmax(single_pass(model, images()))
    np.testing.assert_allclose(mc_dropout(model, images(), 4, seed=0), np.stack([expected] * 4), atol=1e-6)


def test_full_dropout_leaves_only_the_bias():
    """With p = 1 nothing passes, nothing is divided by zero, and the last bias decides."""
    model = linear_net(1.0)
    expected = softmax(model[2].bias.detach().numpy())
    np.testing.assert_allclose(
        mc_dropout(model, points(), 3, seed=0), np.broadcast_to(expected, (3, 10, 2)), atol=1e-6
    )


def test_full_dropout_as_the_last_layer_is_uniform():
    """With p = 1 on the logits every class is equally probable."""
    model = seeded(lambda: nn.Sequential(nn.Linear(3, 4), nn.Dropout(1.0)))
    np.testing.assert_array_equal(mc_dropout(model, points(), 2, seed=0), np.full((2, 10, 4), 0.25))


@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_batch_norm_uses_its_running_statistics(mode):
    """Batch normalisation stays in evaluation: an input's samples do not depend on the batch, in either mode."""
    model = normed_net().train(mode)
    model[3].p = 0.0
    expected = softmax(single_pass(normed_net(), points()))
    np.testing.assert_allclose(mc_dropout(model, points(), 2, seed=0), np.stack([expected] * 2), atol=1e-6)


@pytest.mark.parametrize("nested", [False, True])
def test_nesting_does_not_matter(nested):
    """A sequential inside of a sequential is the same as its layers in their place."""
    flat = mlp()
    model = nn.Sequential(flat[:3], nn.Sequential(flat[3], nn.Sequential(flat[4:7])), flat[7:]) if nested else flat
    np.testing.assert_array_equal(mc_dropout(model, points(), 4, seed=0), mc_dropout(mlp(), points(), 4, seed=0))


def test_a_linear_layer_without_a_bias():
    """A linear layer that has no bias may follow a dropout."""
    model = seeded(lambda: nn.Sequential(nn.Linear(3, 9), nn.Dropout(0.0), nn.Linear(9, 3, bias=False)))
    expected = softmax(single_pass(model, points()))
    np.testing.assert_allclose(mc_dropout(model, points(), 2, seed=0), np.stack([expected] * 2), atol=1e-6)


def test_a_layer_used_twice_counts_twice():
    """One activation object in two places is applied in both, as a forward pass does."""
    shared, separate = linear_net(0.0), linear_net(0.0)
    tanh = nn.Tanh()
    shared = nn.Sequential(shared[0], tanh, shared[1], shared[2], tanh)
    separate = nn.Sequential(separate[0], nn.Tanh(), separate[1], separate[2], nn.Tanh())
    np.testing.assert_allclose(
        mc_dropout(shared, points(), 2, seed=0), mc_dropout(separate, points(), 2, seed=0), atol=1e-6
    )


def test_a_dropout_used_twice_draws_twice():
    """One dropout object in two places has a mask in both."""
    dropout, linears = nn.Dropout(1.0), [seeded(lambda: nn.Linear(3, 3), seed) for seed in (0, 1)]
    probs = mc_dropout(nn.Sequential(dropout, *linears, dropout), points(), 2, seed=0)
    np.testing.assert_allclose(probs, 1 / 3, atol=1e-6)


def test_an_activation_in_place_is_applied_once():
    """A layer that overwrites its input right after dropout does not spoil the first example."""
    layers = list(linear_net(0.0))
    in_place = nn.Sequential(layers[0], layers[1], nn.LeakyReLU(0.1, inplace=True), layers[2])
    copying = nn.Sequential(layers[0], layers[1], nn.LeakyReLU(0.1), layers[2])
    np.testing.assert_allclose(
        mc_dropout(in_place, points(), 2, seed=0), mc_dropout(copying, points(), 2, seed=0), atol=1e-6
    )


# Randomness


@every_model
@pytest.mark.parametrize("smaller", [1, 2, 5, 30])
def test_a_smaller_sample_is_a_prefix(model, inputs, smaller):
    """The first s samples of a larger S are the samples of s, to the bit."""
    larger = mc_dropout(model, inputs, 33, seed=0)
    assert mc_dropout(model, inputs, smaller, seed=0).tobytes() == larger[:smaller].tobytes()


@pytest.mark.parametrize("smaller", [1, 7, 50, 99])
def test_a_smaller_sample_is_a_prefix_on_a_plane(smaller):
    """The first s samples are the samples of s, to the bit, for thousands of points and in several chunks too."""
    inputs = points(2500)
    larger = mc_dropout(mlp(), inputs, 100, seed=0)
    assert mc_dropout(mlp(), inputs, smaller, seed=0).tobytes() == larger[:smaller].tobytes()


@every_model
def test_same_seed_same_bytes(model, inputs):
    """Equal seeds give equal bytes and other seeds other bytes."""
    first = mc_dropout(model, inputs, 5, seed=3).tobytes()
    assert mc_dropout(model, inputs, 5, seed=3).tobytes() == first
    assert mc_dropout(model, inputs, 5, seed=4).tobytes() != first


def test_layers_draw_different_masks():
    """Two dropout layers of one width do not share their masks: both units pass together p² of the time."""
    model = nn.Sequential(nn.Dropout(0.5), nn.Identity(), nn.Dropout(0.5))
    probs = mc_dropout(model, np.array([[1.0, 0.0]], np.float32), 2000, seed=0)[:, 0, 0]
    assert (probs > 0.6).mean() == pytest.approx(0.25, abs=0.05)  # standard error 0.01


@every_model
def test_the_global_generator_is_left_alone(model, inputs):
    """Sampling neither reads nor advances torch's global random state."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        state = torch.get_rng_state()
        first = mc_dropout(model, inputs, 3, seed=0)
        assert torch.equal(torch.get_rng_state(), state)
        torch.manual_seed(2)
        assert mc_dropout(model, inputs, 3, seed=0).tobytes() == first.tobytes()


@every_model
def test_chunks_do_not_show(monkeypatch, model, inputs):
    """Samples computed one at a time are those computed together."""
    together = mc_dropout(model, inputs, 9, seed=0)
    monkeypatch.setattr(sampling, "CHUNK_ELEMENTS", 1)
    np.testing.assert_allclose(mc_dropout(model, inputs, 9, seed=0), together, atol=1e-6)


def test_uneven_chunks_do_not_show(monkeypatch):
    """A last chunk that is shorter than the others loses no sample."""
    together = mc_dropout(mlp(), points(10), 11, seed=0)
    monkeypatch.setattr(sampling, "CHUNK_ELEMENTS", 4 * 10 * 16)
    apart = mc_dropout(mlp(), points(10), 11, seed=0)
    assert apart.shape == together.shape
    np.testing.assert_allclose(apart, together, atol=1e-6)


@pytest.mark.parametrize("build", [mlp, normed_net])
def test_threads_do_not_disturb_each_other(build):
    """Nine runs of one seed in three threads, on one model, give equal bytes."""
    model, inputs = build(), points(500)
    expected = mc_dropout(model, inputs, 20, seed=0).tobytes()
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda _: mc_dropout(model, inputs, 20, seed=0).tobytes(), range(9)))
    assert results == [expected] * 9


# The model is left as it was


def state_of(model):
    tensors = {name: value.numpy().tobytes() for name, value in model.state_dict().items()}
    return tensors, [module.training for module in model.modules()]


CALLS = {
    "mc_dropout": lambda model, inputs: mc_dropout(model, inputs, 4, seed=0),
    "single_pass": single_pass,
    "predict": lambda model, inputs: predict(model, inputs, (1, 4), seed=0),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_call
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize(("build", "data"), [(mlp, points), (normed_net, points), (conv_net, images)])
def test_the_model_is_left_as_it_was(call, mode, build, data):
    """Weights, running statistics and modes are the same before and after, in whichever mode the model came."""
    model, inputs = build().train(mode), data()
    before, untouched = state_of(model), inputs.copy()
    call(model, inputs)
    assert state_of(model) == before
    np.testing.assert_array_equal(inputs, untouched)
    assert all(parameter.requires_grad and parameter.grad is None for parameter in model.parameters())


@every_call
def test_mixed_modes_are_put_back(call):
    """A model with some layers in training and some in evaluation gets each its own back."""
    model = normed_net().train()
    model[1].eval()
    before = state_of(model)
    call(model, points())
    assert state_of(model) == before


@every_call
def test_modes_are_put_back_after_an_error(call):
    """A model that cannot take its inputs keeps its modes, and the message names the layer and the shape."""
    model = mlp().train()
    with pytest.raises(
        ValueError, match=r"cannot take inputs that are float32 of shape \(2, 99\): in layer '0' \(Linear\)"
    ):
        call(model, np.ones((2, 99), np.float32))
    assert all(module.training for module in model.modules())


GATES: dict[str, threading.Event] = {}


class Gated(nn.Module):
    """Passes its input on; the first thread to come waits inside until the second has come too."""

    def forward(self, values):
        if len(values) <= 3:  # a trial, to see what the model does
            return values
        if GATES["first is in"].is_set():
            GATES["second is in"].set()
            GATES["first is out"].wait(5)
        else:
            GATES["first is in"].set()
            GATES["second is in"].wait(5)
        return values


def test_overlapping_passes_leave_the_modes_alone():
    """Two passes that overlap on one model in training leave it in training: neither sees the other's modes."""
    GATES.update({name: threading.Event() for name in ("first is in", "second is in", "first is out")})
    model = nn.Sequential(Gated(), nn.Linear(3, 2)).train()

    def second():
        GATES["first is in"].wait(5)
        single_pass(model, points())

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second)
        single_pass(model, points())
        GATES["first is out"].set()
        other.result()
    assert all(module.training for module in model.modules())


# The single pass


def test_single_pass_is_deterministic():
    """With dropout off two passes are equal, in whichever mode the model is."""
    model = mlp(0.9)
    first = single_pass(model.train(), points())
    np.testing.assert_array_equal(single_pass(model.train(), points()), first)
    np.testing.assert_array_equal(single_pass(model.eval(), points()), first)


def test_single_pass_gives_logits():
    """The single pass is the network's own output, before any softmax."""
    model = linear_net()
    weights = [parameter.detach().numpy() for parameter in model.parameters()]
    expected = (points() @ weights[0].T + weights[1]) @ weights[2].T + weights[3]
    logits = single_pass(model, points())
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, expected, atol=1e-5)


# Bad input


@pytest.mark.parametrize("n_samples", [0, -2])
def test_no_samples_are_refused(n_samples):
    """The message names the number of samples and the least that is legal."""
    with pytest.raises(ValueError, match=f"n_samples is {n_samples}; at least 1"):
        mc_dropout(mlp(), points(), n_samples, seed=0)


def test_a_model_without_dropout_is_refused():
    """A model without dropout has no MC samples, and the message says why."""
    for model in (nn.Sequential(nn.Linear(3, 2)), nn.Linear(3, 2)):
        with pytest.raises(ValueError, match=rf"{type(model).__name__} has no nn\.Dropout layer.*equal"):
            mc_dropout(model, points(), 2, seed=0)


# Predictions: running means, block by block


SAMPLES = (1, 2, 5, 12)


@every_model
def test_predictions_are_the_running_means_of_the_samples(model, inputs):
    """Mean probabilities and mean entropies of the first s samples, and the single pass beside them."""
    found = predict(model, inputs, SAMPLES, seed=3)
    probs = mc_dropout(model, inputs, 12, seed=3).astype(float)
    assert found.samples == SAMPLES
    for frame, s in enumerate(SAMPLES):
        np.testing.assert_allclose(found.mean_probs[frame], probs[:s].mean(axis=0), atol=1e-6)
        each = -(probs[:s] * np.log(np.maximum(probs[:s], 1e-300))).sum(axis=-1)
        np.testing.assert_allclose(found.expected_entropy[frame], each.mean(axis=0), atol=1e-5)
    np.testing.assert_array_equal(found.logits, single_pass(model, inputs))


def test_predictions_in_one_block_are_the_running_means_to_the_bit():
    """Nothing but the averaging lies between the samples and what is kept of them."""
    found, probs = predict(mlp(), points(), SAMPLES, seed=0), mc_dropout(mlp(), points(), 12, seed=0)
    np.testing.assert_array_equal(found.mean_probs, running_means(probs, SAMPLES))
    np.testing.assert_array_equal(found.expected_entropy, running_means(entropy(probs, np.float32), SAMPLES))
    np.testing.assert_allclose(found.expected_entropy, running_means(entropy(probs), SAMPLES), atol=3e-7)


@every_model
@pytest.mark.parametrize("elements", [1, 100, 1000])
def test_blocks_do_not_show(monkeypatch, model, inputs, elements):
    """Inputs taken a few at a time give what they give all at once, every sample and the single pass."""
    whole, samples = predict(model, inputs, SAMPLES, seed=0), mc_dropout(model, inputs, 4, seed=0)
    monkeypatch.setattr(sampling, "BLOCK_ELEMENTS", elements)
    apart = predict(model, inputs, SAMPLES, seed=0)
    for part in ("mean_probs", "expected_entropy", "logits"):
        assert getattr(apart, part).shape == getattr(whole, part).shape
        np.testing.assert_allclose(getattr(apart, part), getattr(whole, part), atol=1e-6)
    np.testing.assert_allclose(mc_dropout(model, inputs, 4, seed=0), samples, atol=1e-6)


class Counting(nn.Module):
    """Passes its input on, and notes how many inputs came at once."""

    def __init__(self):
        super().__init__()
        self.rows = []

    def forward(self, values):
        self.rows.append(len(values))
        return values


def test_no_more_inputs_than_a_block_holds_are_ever_in_one_pass(monkeypatch):
    """The widest layer decides: with 16 units, 160 activations are a block of ten inputs, in every kind of pass."""
    counting = Counting()
    model = nn.Sequential(counting, *mlp()).eval()  # one in training is copied
    monkeypatch.setattr(sampling, "BLOCK_ELEMENTS", 160)
    for call in (
        lambda: predict(model, points(95), SAMPLES, seed=0),
        lambda: single_pass(model, points(95)),
        lambda: mc_dropout(model, points(95), 3, seed=0),
    ):
        counting.rows.clear()
        call()
        assert max(counting.rows) == 10
        assert sum(rows for rows in counting.rows if rows > 3) in (95, 2 * 95)  # a few are trials


def test_behind_dropout_no_more_than_a_chunk_is_ever_in_one_pass(monkeypatch):
    """Samples times inputs are bounded too: a block of ten, and as many samples as the chunk allows, here three."""
    counting = Counting()
    model = nn.Sequential(*linear_net()[:2], counting, linear_net()[2]).eval()
    monkeypatch.setattr(sampling, "BLOCK_ELEMENTS", 160)
    monkeypatch.setattr(sampling, "CHUNK_ELEMENTS", 3 * 10 * 16)
    predict(model, points(40), SAMPLES, seed=0)
    assert max(counting.rows) == 30


def test_pictures_are_counted_by_their_largest_map(monkeypatch):
    """Four maps of 8 × 8 are 256 activations a picture: 1,280 of them are five pictures at a time."""
    counting = Counting()
    model = nn.Sequential(counting, *conv_net()[0], *conv_net()[1:]).eval()
    monkeypatch.setattr(sampling, "BLOCK_ELEMENTS", 1280)
    predict(model, images(12), (1, 2), seed=0)
    assert max(counting.rows) == 5


class Channels(nn.Module):
    """Pixels (N, H, W, channels), of any type, to (N, channels, H, W) between 0 and 1."""

    def forward(self, pixels):
        return pixels.permute(0, 3, 1, 2) / 255


@pytest.mark.usefixtures("all_warnings")
@every_call
def test_bytes_are_pictures_too(call):
    """uint8 pixels, as arrays or tensors, writable or not, give what the same numbers give as floats."""
    model = nn.Sequential(Channels(), *conv_net())
    pixels = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), dtype=np.uint8)
    as_array = lambda found: getattr(found, "mean_probs", found)  # noqa: E731
    expected = as_array(call(model, pixels.astype(np.float32)))
    pixels.setflags(write=False)
    np.testing.assert_array_equal(as_array(call(model, pixels)), expected)
    np.testing.assert_array_equal(as_array(call(model, torch.tensor(pixels))), expected)


def test_every_block_is_told_and_may_be_the_last(monkeypatch):
    """`on_block` is called after each; what it raises comes out at once."""
    monkeypatch.setattr(sampling, "BLOCK_ELEMENTS", 160)
    counting, calls = Counting(), []
    model = nn.Sequential(counting, *mlp()).eval()  # one in training is copied
    predict(model, points(95), (1, 3), seed=0, on_block=lambda: calls.append(sum(counting.rows)))
    assert len(calls) == 10
    assert calls == sorted(set(calls))

    def stop():
        calls.append(None)
        raise InterruptedError("enough")

    calls.clear()
    counting.rows.clear()
    with pytest.raises(InterruptedError, match="enough"):
        predict(model, points(95), (1, 3), seed=0, on_block=stop)
    assert len(calls) == 1
    assert sum(rows for rows in counting.rows if rows > 3) == 10


def test_between_blocks_the_caller_may_train(monkeypatch):
    """Inference mode does not leak out of a block: what is computed meanwhile may have gradients."""
    monkeypatch.setattr(sampling, "BLOCK_ELEMENTS", 160)
    modes = []
    predict(mlp(), points(30), (1, 3), seed=0, on_block=lambda: modes.append(torch.is_inference_mode_enabled()))
    assert modes == [False] * 3


def test_predictions_of_one_seed_are_the_same_bytes():
    """Same seed, same bytes; another seed, other samples and the same single pass."""
    a, b, c = (predict(mlp(), points(), SAMPLES, seed) for seed in (0, 0, 1))
    assert a.mean_probs.tobytes() == b.mean_probs.tobytes() != c.mean_probs.tobytes()
    assert a.logits.tobytes() == c.logits.tobytes()


def test_no_inputs_are_refused():
    """The message says what is missing."""
    with pytest.raises(ValueError, match="inputs is empty; at least one example"):
        predict(mlp(), points(0), (1,), seed=0)


# The last dropout layer alone


def one_by_one(model, inputs, n_samples, layers):
    """The same without the fast way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "chain_of", lambda network: None)
        return mc_dropout(model, inputs, n_samples, 0, layers)


@every_model
def test_the_last_dropout_alone_drops_in_its_own_samples(model, inputs):
    """As where all others have rate 0, by which a mask changes nothing; the same on the slow way."""
    rates = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    kept = [module.p for module in rates]
    found = mc_dropout(model, inputs, 5, 0, DropoutLayers.LAST)
    slow = one_by_one(model, inputs, 5, DropoutLayers.LAST)
    for module in rates[:-1]:
        module.p = 0.0
    wanted = mc_dropout(model, inputs, 5, 0)
    for module, rate in zip(rates, kept, strict=True):
        module.p = rate
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    np.testing.assert_allclose(slow, wanted, atol=1e-6)
    differs = np.abs(found - mc_dropout(model, inputs, 5, 0)).max() > 1e-4
    assert differs == (len(rates) > 1)


def test_predictions_of_the_last_dropout_are_its_samples_averaged():
    """And the single pass beside them is as ever."""
    model, inputs = mlp(), points()
    said = predict(model, inputs, (1, 5), 0, layers=DropoutLayers.LAST)
    np.testing.assert_allclose(
        said.probs(5), mc_dropout(model, inputs, 5, 0, DropoutLayers.LAST).mean(axis=0), atol=1e-6
    )
    np.testing.assert_array_equal(said.logits, predict(model, inputs, (1, 5), 0).logits)
    with pytest.raises(ValueError, match="choose one of: all, last"):
        mc_dropout(model, inputs, 5, 0, "first")
