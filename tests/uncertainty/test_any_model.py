"""Any model: a sample is the model itself under one set of masks, whatever way it is computed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from tests.uncertainty.odd_models import (
    NOT_THINNED,
    PICTURES,
    POINTS,
    REFUSED,
    SEQUENCES,
    SERVED,
    Locked,
    Own,
    Residual,
    both,
    net,
    parts,
    seeded,
    straight,
    twice,
)
from uncertainty import sampling
from uncertainty.sampling import mc_dropout, predict, single_pass

every_model = pytest.mark.parametrize(("build", "inputs"), SERVED.values(), ids=SERVED)
ACROSS = {"softmax across the inputs", "batch statistics"}  # what is beside an input changes its answer
every_model_apart = pytest.mark.parametrize(
    ("build", "inputs"),
    [case for name, case in SERVED.items() if name not in ACROSS],
    ids=[name for name in SERVED if name not in ACROSS],
)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def own(model: nn.Module, inputs: np.ndarray) -> np.ndarray:
    """The logits of the model in evaluation mode, as its user would ask for them."""
    with torch.no_grad():
        return copy.deepcopy(model).eval()(torch.tensor(inputs)).numpy()


def eval_twin(model: nn.Module) -> nn.Module:
    twin = seeded(model) if callable(model) and not isinstance(model, nn.Module) else model
    twin.eval()
    for module in twin.modules():
        module.training = False
    return twin


def softmax(logits: np.ndarray) -> np.ndarray:
    exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exponents / exponents.sum(axis=-1, keepdims=True)


@contextmanager
def masked(sample: int, n_samples: int, seed: int, stream: list[int]) -> Iterator[list[int]]:
    """torch's dropout functions with masks by the definition, one stream of random numbers for each call.

    Inverted dropout multiplies by kept/(1 − p); AlphaDropout gives a·(kept ? x : α') + b (Klambauer et al.
    2017, section 3, with α' = −λα, a and b such that mean 0 and variance 1 stay).
    """
    calls: list[int] = []
    functions = torch.nn.functional
    before = {name: getattr(functions, name) for name in ("dropout", "dropout1d", "dropout2d", "alpha_dropout")}
    before["feature_alpha_dropout"] = functions.feature_alpha_dropout

    def replaced(name: str):
        def function(values: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
            key = [seed, *stream, *([len(calls)] if calls else [])]
            calls.append(1)
            shape = list(values.shape[1:])
            if name not in ("dropout", "alpha_dropout"):
                shape = [shape[0], *[1] * (len(shape) - 1)]
            rng = np.random.Generator(np.random.SFC64(key))
            kept = torch.tensor(rng.random((n_samples, *shape), dtype=np.float32)[sample] >= p)
            if "alpha" in name:
                low, a = -1.7580993408473766, (1 - p + p * (1 - p) * 1.7580993408473766**2) ** -0.5
                result = a * torch.where(kept, values, torch.tensor(low)) - a * p * low
            else:
                result = values * kept / (1 - p)
            return values.copy_(result) if inplace else result

        return function

    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)  # it would leave out an encoder's dropout functions
    try:
        for name in before:
            setattr(functions, name, replaced(name))
        yield calls
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for name, function in before.items():
            setattr(functions, name, function)


def by_definition(model: nn.Module, inputs: np.ndarray, n_samples: int, seed: int) -> np.ndarray:
    """The samples (S, N, C): the model's own passes with the masks in its dropout functions, sample by sample."""
    plain = type(model) is nn.Sequential and not model._forward_hooks
    layers, probs, first = list(model) if plain else [model], [], None
    for sample in range(n_samples):
        values = torch.tensor(inputs)
        for place, layer in enumerate(layers):
            with (
                torch.no_grad(),
                masked(sample, n_samples, seed, [place - (place if first is None else first)]) as calls,
            ):
                values = layer(values)
            first = place if calls and first is None else first
        probs.append(values.softmax(1).numpy())
    return np.stack(probs)


# What comes out


@every_model
def test_a_sample_is_the_model_under_one_set_of_masks(build, inputs):
    """Each sample is the model's own pass with one mask for all inputs in every call of dropout, wherever it is."""
    expected = by_definition(eval_twin(seeded(build)), inputs, 4, seed=3)
    found = mc_dropout(seeded(build), inputs, 4, seed=3)
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert found.std(axis=0).max() > 0.001  # and it is no single pass


@every_model
def test_the_single_pass_is_the_model_in_evaluation(build, inputs):
    """The single pass is what the model's user gets in evaluation mode, in whichever mode it comes."""
    with torch.no_grad():
        expected = eval_twin(seeded(build))(torch.tensor(inputs)).numpy()
    np.testing.assert_allclose(single_pass(seeded(build), inputs), expected, atol=1e-6)
    np.testing.assert_allclose(predict(seeded(build), inputs, (1, 2), 0).logits, expected, atol=1e-6)


@every_model
def test_a_smaller_sample_is_a_prefix(build, inputs):
    """The first s samples of a larger S are the samples of s, to the bit; another seed gives others."""
    larger = mc_dropout(seeded(build), inputs, 9, seed=0)
    for smaller in (1, 2, 5):
        assert mc_dropout(seeded(build), inputs, smaller, seed=0).tobytes() == larger[:smaller].tobytes()
    assert mc_dropout(seeded(build), inputs, 9, seed=1).tobytes() != larger.tobytes()


@every_model
@pytest.mark.parametrize("mode", [True, False], ids=["train", "eval"])
def test_everything_is_left_as_it_was(build, inputs, mode):
    """Weights, statistics, modes, hooks, the tensor of inputs and torch's random state are the same as before."""
    model, given = seeded(build), torch.tensor(inputs)
    model.train(mode)

    def state():
        hooks = [(len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules()]
        tensors = {name: value.clone() for name, value in model.state_dict().items()}
        return tensors, [m.training for m in model.modules()], hooks, torch.get_rng_state(), given.clone()

    before = state()
    for call in (lambda: mc_dropout(model, given, 3, 0), lambda: single_pass(model, given)):
        call()
        after = state()
        assert all(torch.equal(value, after[0][name]) for name, value in before[0].items())
        assert before[1:3] == after[1:3]
        assert torch.equal(before[3], after[3])
        assert torch.equal(before[4], after[4])
    assert all(parameter.grad is None for parameter in model.parameters())


@every_model_apart
def test_blocks_do_not_show(monkeypatch, build, inputs):
    """Inputs taken a few at a time give what they give all at once."""
    whole, logits = mc_dropout(seeded(build), inputs, 3, 0), single_pass(seeded(build), inputs)
    monkeypatch.setattr(sampling, "BLOCK_ELEMENTS", 40)
    np.testing.assert_allclose(mc_dropout(seeded(build), inputs, 3, 0), whole, atol=2e-6)
    np.testing.assert_allclose(single_pass(seeded(build), inputs), logits, atol=2e-6)


@pytest.mark.parametrize("name", ["residual blocks", "a forward of its own", "maps, in their own forward"])
@pytest.mark.parametrize("p", [0.0, 1.0])
def test_nothing_and_everything_dropped(name, p):
    """With p = 0 every sample is the softmax of the single pass; with p = 1 all samples are one, and finite."""
    build, inputs = SERVED[name]
    model = seeded(build)
    for module in model.modules():
        if "Dropout" in type(module).__name__:
            module.p = p
    probs = mc_dropout(model, inputs, 3, 0)
    assert np.isfinite(probs).all()
    np.testing.assert_array_equal(probs[0], probs[2])
    if p == 0:
        np.testing.assert_allclose(probs[0], softmax(single_pass(model, inputs)), atol=1e-6)


def test_a_wrapped_sequential_has_the_samples_of_the_sequential():
    """The masks do not depend on the way that samples are computed: a hook that does nothing changes nothing."""
    plain, watched = (seeded(lambda: net(nn.ReLU(), nn.Dropout(0.4), nn.Linear(6, 6), nn.Dropout(0.2))) for _ in "ab")
    watched[2].register_forward_hook(lambda module, inputs, output: None)
    np.testing.assert_allclose(mc_dropout(watched, POINTS, 5, 0), mc_dropout(plain, POINTS, 5, 0), atol=1e-6)


def test_dropout_inside_of_blocks_is_drawn():
    """Two residual blocks with p = 0.5 vary as torch's own dropout does, whatever stands in front of the logits."""
    build, inputs = SERVED["residual blocks"]
    model = seeded(build)
    ours = mc_dropout(model, inputs, 500, 0)
    model.train()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        theirs = torch.stack([model(torch.tensor(inputs)).softmax(1) for _ in range(500)]).numpy()
    # Either deviation of 500 is known to some 3 %; without the blocks it would be a third.
    np.testing.assert_allclose(ours.std(axis=0).mean(), theirs.std(axis=0).mean(), rtol=0.15)
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.03)


def test_a_dropout_used_twice_has_two_masks():
    """One dropout object at two places draws for each of them: both pass a unit p² of the time."""
    model = twice(nn.Dropout(0.5))
    model = nn.Sequential(model[0], nn.Identity(), model[2])
    for way in (model, Own(straight, *model)):
        probs = mc_dropout(way, np.array([[1.0, 0.0]]), 2000, seed=0)[:, 0, 0]
        assert (probs > 0.6).mean() == pytest.approx(0.25, abs=0.05)  # standard error 0.01


def test_a_switch_that_is_off_in_training_stays_off():
    """A functional dropout with training=False drops nothing, in the samples either."""

    def forward(self, values, inner, drop, last):
        return last(torch.nn.functional.dropout(drop(inner(values)), 0.9, training=False))

    model = seeded(lambda: Own(forward, *parts()))
    expected = mc_dropout(seeded(lambda: Own(straight, *parts())), POINTS, 4, 0)
    np.testing.assert_allclose(mc_dropout(model, POINTS, 4, 0), expected, atol=1e-6)


# How it is computed


class Counting(TorchDispatchMode):
    """Counts the convolutions of a thread."""

    def __init__(self):
        super().__init__()
        self.convolutions = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.convolutions += "convolution" in func.__name__
        return func(*args, **(kwargs or {}))


def test_what_comes_before_the_first_dropout_is_computed_once():
    """Forty samples of two convolutions in front of the dropout do not take eighty convolutions."""
    build, inputs = SERVED["maps, in their own forward"]
    with Counting() as counting:
        mc_dropout(seeded(build), inputs, 40, 0)
    assert 2 <= counting.convolutions <= 2 * 6  # trials, one sample, and the single pass


@pytest.mark.parametrize("name", ["in place behind dropout", "in-place dropout", "a buffer filled in place"])
def test_what_is_worked_on_in_place_is_computed_again(name):
    """Where results of before the dropout are overwritten behind it, every sample has fresh ones."""
    build, inputs = SERVED[name]
    expected = by_definition(eval_twin(seeded(build)), inputs, 12, seed=0)
    np.testing.assert_allclose(mc_dropout(seeded(build), inputs, 12, seed=0), expected, atol=2e-6)


@pytest.mark.parametrize("name", ["residual blocks", "a forward of its own", "maps, in their own forward"])
def test_the_caller_may_be_in_inference_mode(name):
    """Inference mode, in which torch does not count what is done in place, changes nothing."""
    build, inputs = SERVED[name]
    expected = mc_dropout(seeded(build), inputs, 5, 0)
    with torch.inference_mode():
        np.testing.assert_allclose(mc_dropout(seeded(build), torch.tensor(inputs), 5, 0), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["residual blocks", "a functional dropout", "maps, in their own forward"])
def test_threads_do_not_disturb_each_other(name):
    """Runs in three threads, on one model in training, give equal bytes and leave it in training."""
    build, inputs = SERVED[name]
    model = seeded(build).train()
    expected = mc_dropout(model, inputs, 6, 0).tobytes()
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: mc_dropout(model, inputs, 6, 0).tobytes(), range(9)))
    assert found == [expected] * 9
    assert all(module.training for module in model.modules())


@pytest.mark.parametrize("compiled", [lambda model: torch.compile(model), lambda model: model.compile() or model])
def test_a_compiled_model_is_the_model(compiled):
    """A compiled model is looked into: its samples and its logits are those of what was compiled."""
    plain = seeded(lambda: net(nn.Dropout(0.3)))
    model = compiled(seeded(lambda: net(nn.Dropout(0.3)))) or plain
    np.testing.assert_allclose(mc_dropout(model, POINTS, 4, 0), mc_dropout(plain, POINTS, 4, 0), atol=1e-6)
    np.testing.assert_allclose(single_pass(model, POINTS), single_pass(plain, POINTS), atol=1e-6)


# Types


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-6), (torch.float16, 0.01), (torch.bfloat16, 0.05)], ids=str
)
@pytest.mark.parametrize("build", [lambda: net(nn.ReLU(), nn.Dropout(0.3)), lambda: Own(both, *parts())])
def test_weights_of_any_type(build, dtype, tolerance):
    """Inputs are cast to the type of the weights: a model of doubles or halves says what its float32 self says."""
    expected, model = mc_dropout(seeded(build), POINTS, 4, 0), seeded(build).to(dtype)
    wide = np.float64 if dtype is torch.float64 else np.float32
    for inputs in (POINTS, POINTS.astype(float), torch.tensor(POINTS), torch.tensor(POINTS, dtype=dtype)):
        probs, logits = mc_dropout(model, inputs, 4, 0), single_pass(model, inputs)
        assert probs.dtype == logits.dtype == wide
        np.testing.assert_allclose(probs, expected, atol=tolerance)
        np.testing.assert_allclose(probs.sum(axis=2), 1, atol=1e-6)
        np.testing.assert_allclose(logits, single_pass(seeded(build), POINTS), atol=3 * tolerance)
    assert predict(model, POINTS, (1, 4), 0).logits.dtype == np.float32


def test_doubles_keep_their_digits():
    """A model of doubles is asked in doubles, not in numbers rounded on the way."""
    model, inputs = seeded(lambda: net(nn.Dropout(0.3))).double(), POINTS.astype(float) / 3
    with torch.no_grad():
        expected = model.eval()(torch.tensor(inputs)).numpy()
    np.testing.assert_allclose(single_pass(model, inputs), expected, atol=1e-14)


def test_whole_numbers_are_indices_for_an_embedding():
    """Whole inputs stay whole where the model looks something up by them; elsewhere they are numbers."""
    model = seeded(lambda: nn.Sequential(nn.Embedding(9, 8), nn.Dropout(0.4), nn.Flatten(), nn.Linear(32, 3)))
    inputs = np.random.default_rng(0).integers(0, 9, (5, 4))
    with torch.no_grad():
        expected = model.eval()(torch.tensor(inputs)).numpy()
    np.testing.assert_allclose(single_pass(model, inputs), expected, atol=1e-6)
    assert mc_dropout(model, torch.tensor(inputs, dtype=torch.int32), 3, 0).shape == (3, 5, 3)


def test_what_is_not_finite_comes_out_as_the_model_has_it():
    """A network that diverged gives NaN and not an error: its caller sees it in the logits."""
    model = net(nn.Dropout(0.3))
    nn.init.constant_(model[0].weight, np.nan)
    assert np.isnan(single_pass(model, POINTS)).all()
    assert np.isnan(predict(model, POINTS, (1, 3), 0).logits).all()
    some = POINTS.copy()
    some[2] = np.nan
    assert np.isnan(mc_dropout(net(nn.Dropout(0.3)), some, 2, 0)).any(axis=2).nonzero()[1].tolist() == [2, 2]


def test_a_deep_model_of_pictures():
    """Batch normalisation in blocks, in training mode: running statistics are used and left alone."""

    def block(fan_in):
        return nn.Sequential(
            nn.Conv2d(fan_in, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Dropout2d(0.2)
        )

    model = seeded(lambda: nn.Sequential(block(2), block(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)))
    before = copy.deepcopy(model.state_dict())
    probs = mc_dropout(model.train(), PICTURES, 6, 0)
    alone = mc_dropout(model.train(), PICTURES[2:3], 6, 0)
    np.testing.assert_allclose(probs[:, 2:3], alone, atol=1e-6)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_residual_blocks_share_nothing():
    """Blocks of one kind have masks of their own."""
    model = seeded(lambda: nn.Sequential(Residual(), Residual(), nn.Linear(6, 3)))
    one = copy.deepcopy(model)
    one[1].drop.p = 0.0
    assert (
        mc_dropout(model, POINTS, 100, 0).std(axis=0).mean()
        > 1.1 * mc_dropout(one, POINTS, 100, 0).std(axis=0).mean()
    )


# What cannot be served


@pytest.mark.parametrize("evaluates", [True, False])
@pytest.mark.parametrize(
    ("build", "inputs", "said"), [*REFUSED.values(), *NOT_THINNED.values()], ids=[*REFUSED, *NOT_THINNED]
)
def test_samples_that_are_refused(build, inputs, said, evaluates):
    """A model whose samples would be others than its own is refused by name, in either mode, and left as it was."""
    model = seeded(build).train(not evaluates)
    with pytest.raises(ValueError, match=said):
        mc_dropout(model, inputs, 3, 0)
    assert model.training is not evaluates


def test_a_model_that_cannot_be_copied():
    """It is not tried in training mode: dropout in a layer of torch's own is refused, and that of layers is drawn."""
    model = seeded(Locked).eval()
    with pytest.raises(ValueError, match=r"layer 'attention' \(Multi\w+\) has dropout of its own, p = 0\.2"):
        mc_dropout(model, SEQUENCES, 3, 0)
    model.attention.dropout = 0.0
    assert mc_dropout(model, SEQUENCES, 3, 0).std(axis=0).min() > 0
    with pytest.raises(ValueError, match=r"Locked is in training mode and cannot be copied .*eval\(\) first"):
        mc_dropout(model.train(), SEQUENCES, 3, 0)


@pytest.mark.parametrize(("build", "inputs", "said"), REFUSED.values(), ids=REFUSED)
def test_single_passes_that_are_refused(build, inputs, said):
    """So is one that returns something else than logits, or not the same each time."""
    with pytest.raises(ValueError, match=said):
        single_pass(seeded(build), inputs)


@pytest.mark.parametrize(("build", "inputs", "said"), NOT_THINNED.values(), ids=NOT_THINNED)
def test_single_passes_that_are_not(build, inputs, said):
    """What only samples need is not asked of a single pass."""
    with torch.no_grad():
        expected = seeded(build).eval()(torch.tensor(inputs)).numpy()
    np.testing.assert_allclose(single_pass(seeded(build), inputs), expected, atol=1e-6)


@pytest.mark.parametrize(
    "bias", [[1.0, 0.0, 0.0], [0.25, 0.5, 0.25], [1.5, -0.25, -0.25]], ids=["whole", "the same", "below zero"]
)
def test_logits_that_happen_to_sum_to_one(bias):
    """A sum of 1 alone makes no probabilities: a network may give whole numbers, or always the same."""
    model = nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 3))
    nn.init.zeros_(model[1].weight)
    with torch.no_grad():
        model[1].bias.copy_(torch.tensor(bias))
    np.testing.assert_allclose(single_pass(model, POINTS), np.tile(bias, (7, 1)))
