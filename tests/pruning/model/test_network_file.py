"""Network files: what goes in comes out to the bit, PyTorch alone can open them, and no other file is believed."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pruning import RATIOS, Architecture, Experiment, ImageExperiment, Network, Scope, module, read_points
from pruning.data.splits import stratified
from pruning.model import network_file as network_files
from pruning.model.build import empty
from pruning.model.masks import apply_masks, full_masks, prune
from pruning.model.network_file import load_network, network_file
from pruning.model.networks import draw_weights, mlp
from uncertainty.predictions import Predictions
from uncertainty.sampling import single_pass

PLANE = Experiment(hidden=(12, 8), dropout=0.3, dataset="blobs")
IMAGES = [
    ImageExperiment(dataset="digits", network=Architecture.SMALL, pruned_layers="fully_connected"),
    *(ImageExperiment(dataset="cifar10", network=network) for network in Architecture),
]
every_experiment = pytest.mark.parametrize("experiment", [PLANE, *IMAGES], ids=["plane", "digits", *Architecture])
NOTHING = Predictions((1,), np.zeros((1, 0, 2)), np.zeros((1, 0)), np.zeros((0, 2)))


def n_classes(experiment):
    return 3 if isinstance(experiment, Experiment) else experiment.dataset.n_classes


def network_of(experiment, ratio=0.5):
    """A network that has learned nothing, with γ, β and running statistics as training might leave them."""
    plane, rng = isinstance(experiment, Experiment), np.random.default_rng(0)
    model = mlp(2, experiment.hidden, 3, experiment.dropout) if plane else empty(experiment, n_classes(experiment))
    masks = full_masks(model) if plane else full_masks(model, experiment.pruned_layers)
    masks = prune(masks, {name: rng.random(len(mask)) for name, mask in masks.items()}, ratio, Scope.LAYER)
    weights = draw_weights(model, rng)
    for name, value in weights.items():
        if name.startswith("norm"):
            weights[name] = torch.from_numpy(rng.uniform(0.5, 2, value.shape)).to(value) if value.ndim else value + 17
    kept = {name: value.numpy() for name, value in apply_masks(model, weights, masks).items()}
    return Network(
        prune_ratio=ratio, level=1, masks=masks, start_weights={}, weights=kept, early_stop_epoch=0,
        train_loss=np.zeros(0), val_loss=np.zeros(1), diverged=False,
        units=0, parameters=0, multiply_adds=0, latency=0.0, test=NOTHING, ood=NOTHING,
    )  # fmt: skip


def saved(experiment=PLANE, ratio=0.5):
    return network_file(experiment, network_of(experiment, ratio), n_classes(experiment))


def loaded(data):
    return load_network(io.BytesIO(data))


def content(experiment=PLANE):
    return torch.load(io.BytesIO(saved(experiment)), weights_only=True)


def packed(value):
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def inputs_of(experiment, n=5):
    rng = np.random.default_rng(1)
    if isinstance(experiment, Experiment):
        return torch.from_numpy(rng.normal(0, 3, (n, 2)).astype(np.float32))
    return torch.from_numpy(rng.integers(0, 256, (n, *experiment.dataset.shape), dtype=np.uint8))


def outputs(model, inputs):
    with torch.no_grad():
        return model(inputs)


# ---- there and back


@every_experiment
@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.95])
def test_what_is_loaded_is_what_was_saved(experiment, ratio):
    """Layers, weights, running statistics, dropout rates and outputs are the same, the last to the bit."""
    network = network_of(experiment, ratio)
    model = module(experiment, network, n_classes(experiment))
    again = loaded(network_file(experiment, network, n_classes(experiment)))
    assert str(again) == str(model)
    state = model.state_dict()
    assert list(again.state_dict()) == list(state)
    for name, value in again.state_dict().items():
        assert (value.dtype, value.device) == (state[name].dtype, torch.device("cpu"))
        assert torch.equal(value, state[name])
    assert not any(layer.training for layer in again.modules())
    inputs = inputs_of(experiment)
    assert torch.equal(outputs(again, inputs), outputs(model, inputs))


def test_a_trained_network_says_what_its_outcome_says(outcome_of):
    """The logits that an outcome keeps of the test points come out of the file's network, at every ratio."""
    outcome = outcome_of(strategy="one_shot")
    for ratio in RATIOS:
        network = outcome.at(ratio)
        again = loaded(network_file(outcome.experiment, network, outcome.n_classes))
        np.testing.assert_array_equal(single_pass(again, outcome.test_inputs), network.test.logits)


def test_running_statistics_are_saved():
    """Not only parameters: BatchNorm's means, variances and counter, which differ from a new layer's."""
    model = loaded(saved(IMAGES[-1]))
    assert model.norm1.num_batches_tracked == 17
    assert not torch.any(model.norm1.running_var == 1)
    assert not torch.any(model.norm2.running_mean == 0)


def test_a_loaded_network_can_learn():
    """Its parameters ask for gradients and a step moves all of them."""
    model = loaded(saved(IMAGES[-1])).train()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    model(inputs_of(IMAGES[-1], 8)).logsumexp(1).sum().backward()
    torch.optim.SGD(model.parameters(), 0.1).step()
    assert not any(torch.equal(value, before[name]) for name, value in model.named_parameters())


def test_the_file_is_physically_smaller():
    """Pruned by 95 %, 512 units a layer leave 26: (2 + 1) · 26 + 27 · 26 + 27 · 3 numbers, and little beside them."""
    wide = replace(PLANE, hidden=(512, 512))
    numbers = sum(value.numel() for value in loaded(saved(wide, 0.95)).state_dict().values())
    assert numbers == 3 * 26 + 27 * 26 + 27 * 3
    assert 4 * numbers < len(saved(wide, 0.95)) < 4 * numbers + 8000


def test_equal_networks_are_equal_bytes():
    """Saved twice, or saved again from an experiment that was unpickled, the file is the same; another is not."""
    assert saved() == saved()
    assert saved(pickle.loads(pickle.dumps(PLANE))) == saved()
    assert saved(PLANE, 0.3) != saved()


def test_a_name_a_path_and_an_open_file_are_one(tmp_path):
    """Each gives the same network; a file that is not there is an OSError."""
    path = tmp_path / "network.pt"
    path.write_bytes(saved())
    with path.open("rb") as opened:
        models = [load_network(source) for source in (str(path), path, opened)]
    assert len({str(outputs(model, inputs_of(PLANE))) for model in models}) == 1
    with pytest.raises(FileNotFoundError):
        load_network(tmp_path / "missing.pt")


def test_loading_draws_nothing():
    """The random numbers of whoever loads a network go on as they would have."""
    data, before = saved(), torch.get_rng_state()
    loaded(data)
    assert torch.equal(torch.get_rng_state(), before)


# ---- what is in a file


def plain(value):
    if type(value) is dict:
        return all(type(key) is str and plain(part) for key, part in value.items())
    if type(value) is list:
        return all(map(plain, value))
    return type(value) in (str, int, float, Tensor)


@every_experiment
def test_a_file_holds_plain_values_that_name_the_experiment(experiment):
    """No enum, tuple or class; the fields of the experiment make an equal one, the ratio is the network's own."""
    dense = network_of(experiment, 0.0)
    held = torch.load(io.BytesIO(network_file(experiment, dense, n_classes(experiment))), weights_only=True)
    assert plain(held)
    assert list(held) == [
        "format", "layers", "state_dict", "input_shape", "experiment", "prune_ratio", "n_classes", "notes",
    ]  # fmt: skip
    assert type(experiment)(**held["experiment"]) == experiment
    assert (held["format"], held["prune_ratio"], held["n_classes"]) == (1, 0.0, n_classes(experiment))
    assert outputs(loaded(packed(held)), torch.zeros(4, *held["input_shape"])).shape == (4, held["n_classes"])


def test_the_layers_of_a_file_say_how_they_are_made():
    """Half of 12 and 8 units, by hand."""
    dropout = ["Dropout", {"p": 0.3}]
    assert content()["layers"] == [
        ["hidden1", "Linear", {"in_features": 2, "out_features": 6}], ["relu1", "ReLU", {}], ["dropout1", *dropout],
        ["hidden2", "Linear", {"in_features": 6, "out_features": 4}], ["relu2", "ReLU", {}], ["dropout2", *dropout],
        ["output", "Linear", {"in_features": 4, "out_features": 3}],
    ]  # fmt: skip


ALONE = """
import sys
from collections import OrderedDict
import torch

class Pixels(torch.nn.Module):
    def forward(self, pixels):
        return pixels.permute(0, 3, 1, 2) / 63.75 - 2

for path in sys.argv[1:]:
    content = torch.load(path, weights_only=True)
    layers = [
        (name, Pixels() if kind == "Pixels" else getattr(torch.nn, kind)(**arguments))
        for name, kind, arguments in content["layers"]
    ]
    model = torch.nn.Sequential(OrderedDict(layers))
    model.load_state_dict(content["state_dict"])
    model.eval()
    inputs, expected = torch.load(path + ".expected", weights_only=True)
    torch.testing.assert_close(model(inputs), expected, atol=1e-5, rtol=0)
assert not {"pruning", "uncertainty", "views"} & set(sys.modules)
"""


def test_pytorch_alone_opens_a_file(tmp_path):
    """In a fresh process that knows nothing of this project, the few lines of the module's docstring do."""
    paths = []
    contents = [(PLANE, of_own(own_points())), *((each, saved(each)) for each in (PLANE, IMAGES[0], IMAGES[-1]))]
    for number, (experiment, data) in enumerate(contents):
        path, inputs = tmp_path / f"{number}.pt", inputs_of(experiment).float()
        path.write_bytes(data)
        torch.save([inputs, outputs(loaded(path.read_bytes()), inputs)], f"{path}.expected")
        paths.append(str(path))
    command = [sys.executable, "-I", "-c", ALONE, *paths]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# ---- points of a visitor's own


def own_points(scale=1.0, shift=0.0):
    """Sixty points of three classes; y is ten times as wide as x, and x is scaled and shifted."""
    rng = np.random.default_rng(0)
    rows = [
        (x * scale + shift, 10 * y - 70, "abc"[i % 3]) for i, (x, y) in enumerate(rng.normal(size=(60, 2)).tolist())
    ]
    return read_points("".join(f"{x!r},{y!r},{name}\n" for x, y, name in rows).encode())


def of_own(points):
    return network_file(PLANE, network_of(PLANE), 3, ["A note."], points)


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1000, 0), (0.001, -3), (1, 400), (1e-30, 0), (1e8, 0)])
def test_the_network_of_own_points_takes_their_values(scale, shift):
    """Read from the visitor's file, in whatever units, they give the logits of the inputs that were learned."""
    points = own_points(scale, shift)
    shown = outputs(module(PLANE, network_of(PLANE), 3), torch.from_numpy(points.learned(PLANE.data_seed)))
    found = outputs(loaded(of_own(points)), torch.from_numpy(points.values).float())
    torch.testing.assert_close(found, shown, atol=1e-3, rtol=0)
    assert torch.load(io.BytesIO(of_own(points)), weights_only=True)["notes"] == ["A note."]


def test_the_file_of_own_points_says_how_inputs_are_made():
    """Mean and deviation of the training points, class names, no data set that was not used; the first layer."""
    points = own_points()
    held = torch.load(io.BytesIO(of_own(points)), weights_only=True)
    assert plain(held)
    trained = points.values[stratified(points.labels, PLANE.data_seed).train]
    mean, deviation = trained.mean(axis=0), trained.std(axis=0)
    np.testing.assert_allclose(held["inputs"]["mean"], mean)
    np.testing.assert_allclose(held["inputs"]["std"], deviation)
    assert held["classes"] == ["a", "b", "c"]
    assert not {"dataset", "noise", "points"} & set(held["experiment"])
    assert replace(Experiment(**held["experiment"]), dataset=PLANE.dataset) == PLANE
    assert held["layers"][0] == ["standardise", "Linear", {"in_features": 2, "out_features": 2}]
    np.testing.assert_allclose(held["state_dict"]["standardise.weight"], np.diag(1 / deviation), rtol=1e-6)
    np.testing.assert_allclose(held["state_dict"]["standardise.bias"], -mean / deviation, rtol=1e-6)


@pytest.mark.parametrize(("scale", "shift"), [(1, 1e8), (2.0**-900, 0)])
def test_a_file_says_where_float32_cannot_tell_values_apart(scale, shift):
    """Then the inputs are to be made in float64 by what the file holds, and the rest of its layers is right."""
    points = own_points(scale, shift)
    held = torch.load(io.BytesIO(of_own(points)), weights_only=True)
    assert held["notes"] == ["A note.", network_files.COARSE]
    inputs = (points.values - held["inputs"]["mean"]) / held["inputs"]["std"]
    rest = loaded(of_own(points))[1:]
    shown = outputs(module(PLANE, network_of(PLANE), 3), torch.from_numpy(points.learned(PLANE.data_seed)))
    torch.testing.assert_close(outputs(rest, torch.from_numpy(inputs).float()), shown, atol=1e-4, rtol=0)


# ---- files that are none


def test_a_file_that_ends_too_soon_is_refused():
    """Wherever it was cut off, down to nothing."""
    data = saved()
    for length in [*range(0, len(data), 97), len(data) - 1]:
        with pytest.raises(ValueError, match="no network file, or it is damaged"):
            loaded(data[:length])


def test_a_flipped_bit_is_found_or_does_no_harm():
    """Three hundred single bits all over the file: the network is the same, or there is none, as is often so."""
    data, inputs, refused = saved(), inputs_of(PLANE), 0
    right = outputs(loaded(data), inputs)
    for position in np.random.default_rng(0).choice(8 * len(data), 300, replace=False).tolist():
        bad = bytearray(data)
        bad[position // 8] ^= 1 << position % 8
        try:
            assert torch.equal(outputs(loaded(bytes(bad)), inputs), right)
        except ValueError:
            refused += 1
    assert refused > 100


def test_a_flipped_bit_of_a_weight_is_found():
    """PyTorch itself would load it without a word; here it is a wrong checksum."""
    data = saved()
    weight = content()["state_dict"]["hidden1.weight"].numpy().tobytes()
    bad = data.replace(weight, weight[:-1] + bytes([weight[-1] ^ 1]))
    assert bad != data
    torch.load(io.BytesIO(bad), weights_only=True)
    with pytest.raises(ValueError, match="damaged: a checksum in it is wrong"):
        loaded(bad)


def an_archive():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("figures.csv", "accuracy\n1\n")
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [b"", b"accuracy,ece\n", b"\x89PNG\r\n\x1a\n" + bytes(99), pickle.dumps({"format": 1}), an_archive()],
    ids=["empty", "text", "picture", "pickle", "archive"],
)
def test_a_file_of_another_kind_is_refused(data):
    """With a sentence, whatever the bytes are."""
    with pytest.raises(ValueError, match="no network file, or it is damaged"):
        loaded(data)


@pytest.mark.parametrize("value", [torch.zeros(3), [1, 2], {}, {"hidden1.weight": torch.zeros(3)}, None])
def test_a_pytorch_file_without_a_network_is_refused(value):
    """Tensors, lists and bare weights are no networks with their layers."""
    with pytest.raises(ValueError, match="a PyTorch file, but none that holds a pruned network"):
        loaded(packed(value))


def test_a_whole_pickled_module_is_refused():
    """It is not even unpickled."""
    with pytest.raises(ValueError, match="no network file"):
        loaded(packed(nn.Linear(2, 2)))


class Hostile:
    """Unpickled carelessly, it makes a file of its own."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_nothing_in_a_file_is_carried_out(tmp_path):
    """A pickle that opens a file when read does so under `pickle.loads`, and not here, in no format of PyTorch."""
    marker = tmp_path / "carried-out"
    hostile = {**content(), "experiment": Hostile(marker)}
    old = io.BytesIO()
    torch.save(hostile, old, _use_new_zipfile_serialization=False)
    for data in (packed(hostile), old.getvalue(), pickle.dumps(Hostile(marker))):
        with pytest.raises(ValueError, match="no network file"):
            loaded(data)
        assert not marker.exists()
    pickle.loads(pickle.dumps(Hostile(marker))).close()
    assert marker.exists()


def test_a_file_that_is_too_large_is_not_read(monkeypatch):
    """Neither one that is too long, nor one that is small until it is unpacked."""
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(200_000))
    monkeypatch.setattr(network_files, "MAX_BYTES", 100_000)
    with pytest.raises(ValueError, match="holds 200,000 bytes when unpacked; a network file has at most 100,000"):
        loaded(bomb.getvalue())
    with pytest.raises(ValueError, match="longer than 100,000 bytes"):
        loaded(bytes(100_001))


@pytest.mark.parametrize("number", [0, 2, "1", True, 1.0, None, torch.ones(3), "1" * 10**6])
def test_another_format_is_refused(number):
    """The message says which it is, in few words, and which can be read."""
    with pytest.raises(ValueError, match=r"has format .{1,60}; only format 1 can be read"):
        loaded(packed({**content(), "format": number}))


# ---- layers and weights that make no network

LINEAR = {"in_features": 2, "out_features": 6}
SQUARE = {"in_channels": 3, "out_channels": 3, "kernel_size": 3, "padding": 1}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (["a", "Bilinear", {}], "layer 'a' is of kind 'Bilinear'; legal are: Pixels, Conv2d, .*Dropout$"),
        (["a", "Module", {}], "of kind 'Module'"),
        (["a", "__class__", {}], "of kind '__class__'"),
        (["a", "Linear", {"in_features": 2}], "arguments \\['in_features'\\]; it takes: in_features, out_features"),
        (["a", "Linear", {**LINEAR, "device": "cuda"}], "'device'\\]; it takes: in_features, out_features"),
        (["a", "ReLU", {"inplace": True}], "it takes: none"),
        (["a", "Linear", {**LINEAR, "in_features": 10**9}], "in_features .* is 1000000000; .* whole number 1–65536"),
        (["a", "Linear", {**LINEAR, "in_features": 0}], "is 0; it must be a whole number"),
        (["a", "Linear", {**LINEAR, "in_features": 2.0}], "is 2.0; it must be a whole number"),
        (["a", "Linear", {**LINEAR, "in_features": True}], "is True; it must be a whole number"),
        (["a", "Linear", {**LINEAR, "in_features": torch.ones(2)}], "it must be a whole number"),
        (["a", "Conv2d", {**SQUARE, "padding": 10**6}], "padding of a Conv2d layer is 1000000; .* 0–16"),
        (["a", "Conv2d", {**SQUARE, "kernel_size": 17}], "kernel_size of a Conv2d layer is 17"),
        (["a", "Dropout", {"p": 1.5}], "p of a Dropout layer is 1.5; it must be a number 0.0–1.0"),
        (["a", "Dropout", {"p": float("nan")}], "p of a Dropout layer is nan"),
        (["a", "Linear"], "it must be a list of name, kind and arguments"),
        ([1, "ReLU", {}], "it must be a list of name, kind and arguments"),
        ("ReLU", "it must be a list of name, kind and arguments"),
        (["relu1", "ReLU", {}], "two layers have the same name"),
        (["", "ReLU", {}], "do not fit"),
        (["a.b", "ReLU", {}], "do not fit"),
        (["forward", "ReLU", {}], "do not fit"),
    ],
)
def test_a_layer_that_no_network_has_is_refused(layer, words):
    """The message names the layer, what is wrong with it, and what is legal."""
    held = content()
    held["layers"].insert(2, layer)
    with pytest.raises(ValueError, match=words):
        loaded(packed(held))


@pytest.mark.parametrize("layers", [None, [], {}, "Linear", [["relu", "ReLU", {}]] * 65])
def test_a_file_without_layers_or_with_too_many_is_refused(layers):
    """Between 1 and 64 of them, in a list."""
    with pytest.raises(ValueError, match="it must be a list of 1 to 64 layers"):
        loaded(packed({**content(), "layers": layers}))


def test_absurd_sizes_take_no_memory():
    """Layers of 65,536 × 65,536 would take 17 GB each; they are refused for want of their weights."""
    size = {"in_features": 65_536, "out_features": 65_536}
    layers = [["first", "Linear", {**size, "in_features": 2}], *([f"more{i}", "Linear", size] for i in range(60))]
    with pytest.raises(ValueError, match=r"the layers need: first.weight, first.bias, more0.weight"):
        loaded(packed({**content(), "layers": layers}))


def test_layers_that_do_not_fit_each_other_are_refused():
    """Each layer has the weights it asks for, but the second takes more inputs than the first has units."""
    held = content()
    held["layers"][3][2]["in_features"] = 7
    held["state_dict"]["hidden2.weight"] = torch.zeros(4, 7)
    with pytest.raises(ValueError, match=r"do not fit each other, or inputs of shape \[2\]"):
        loaded(packed(held))


@pytest.mark.parametrize("shape", [[3], [], [8, 8, 1], None, "2", [-2], [2**40, 2**40]])
def test_inputs_that_do_not_fit_are_refused(shape):
    """The input shape is part of what a file promises."""
    with pytest.raises(ValueError, match="do not fit"):
        loaded(packed({**content(), "input_shape": shape}))


def nested():
    return torch.nested.as_nested_tensor([torch.zeros(3), torch.zeros(4)])


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.zeros(6, 3), lambda: torch.zeros(12), lambda: torch.zeros(6, 2, dtype=torch.float64),
        lambda: torch.zeros(1).expand(6, 2), lambda: torch.zeros(2, 6).T, lambda: torch.zeros(6, 2).to_sparse(),
        lambda: torch.zeros(6, 2, device="meta"), lambda: nn.Parameter(torch.zeros(6, 2)), nested,
        lambda: [[0.0] * 2] * 6, lambda: None,
    ],
    ids=["width", "flat", "double", "expanded", "turned", "sparse", "meta", "parameter", "nested", "list", "none"],
)  # fmt: skip
def test_weights_that_are_not_what_they_should_be_are_refused(make):
    """Only a dense float32 tensor of the layer's shape is taken for its weights; the message says so."""
    held = content()
    held["state_dict"]["hidden1.weight"] = make()
    with pytest.raises(
        ValueError, match=r"(?s)hidden1.weight is .+ must be a dense tensor \(6, 2\) of torch.float32"
    ):
        loaded(packed(held))


@pytest.mark.parametrize("change", ["missing", "more", "none"])
def test_weights_of_other_layers_are_refused(change):
    """One too few, one too many, or none at all."""
    held = content()
    match change:
        case "missing":
            del held["state_dict"]["output.bias"]
        case "more":
            held["state_dict"]["hidden3.bias"] = torch.zeros(1)
        case "none":
            held["state_dict"] = None
    with pytest.raises(ValueError, match=r"the layers need: hidden1.weight, hidden1.bias, hidden2.weight"):
        loaded(packed(held))
