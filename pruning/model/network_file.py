"""A network as a plain PyTorch file, physically without its removed units, that PyTorch alone can open.

    content = torch.load("network.pt", weights_only=True)
    layers = [(name, getattr(torch.nn, kind)(**arguments)) for name, kind, arguments in content["layers"]]
    model = torch.nn.Sequential(OrderedDict(layers))
    model.load_state_dict(content["state_dict"])
    model.eval()

One kind is none of PyTorch's: `Pixels`, the first layer of networks on images, from `pruning.networks`.

A network that learned points of a visitor's own takes their values as they are in the visitor's file: its first
layer, a `Linear` named standardise, makes of them the inputs that the network was trained on.
"""

from __future__ import annotations

import io
import reprlib
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from pruning import module
from pruning.data.own_points import Points
from pruning.experiment import Experiment, ImageExperiment
from pruning.model.networks import Pixels
from pruning.outcome import Network
from uncertainty.options import Option

FORMAT = 1
MAX_BYTES = 64 * 2**20  # of a file, and of what is packed in it; the largest network here takes 4 MB
MAX_LAYERS = 64
FEATURES, SIDE = (1, 65_536), (1, 16)
DRAWN = {"dataset", "points", "noise"}  # fields of an experiment that own points take the place of
CLOSE = 0.01  # of a deviation: an input that is off by less is the same to a network
COARSE = (
    "The values differ by too little for float32, which the layer standardise takes: leave it out, and standardise "
    "in float64 as inputs says."
)

# kind of layer → its arguments, each with the lowest and the highest that a file may hold
LAYERS: dict[type[nn.Module], dict[str, tuple[float, float]]] = {
    Pixels: {},
    nn.Conv2d: {"in_channels": FEATURES, "out_channels": FEATURES, "kernel_size": SIDE, "padding": (0, 16)},
    nn.BatchNorm2d: {"num_features": FEATURES},
    nn.MaxPool2d: {"kernel_size": SIDE},
    nn.ReLU: {},
    nn.Flatten: {},
    nn.Linear: {"in_features": FEATURES, "out_features": FEATURES},
    nn.Dropout: {"p": (0.0, 1.0)},
}
KINDS = {layer.__name__: layer for layer in LAYERS}


def network_file(
    experiment: Experiment | ImageExperiment,
    network: Network,
    n_classes: int,
    notes: Sequence[str] = (),
    points: Points | None = None,
) -> bytes:
    """The content of a file that holds the network; equal networks give equal bytes.

    It is a dictionary of plain values and tensors: `format`; `layers`, a list of [name, kind,
    arguments]; `state_dict`; `input_shape` of one example, [2] or [H, W, channels] of pixels from 0
    to 255; `experiment`, its fields; `prune_ratio` of this very network; `n_classes`;
    `notes`, sentences on what `experiment` does not say of it.

    With the visitor's own `points` that it learned, the file takes their values: `experiment` lacks
    what tells of a data set, and there are `inputs`, {"mean": [x, y], "std": [x, y]} of the training
    points as the first layer has them, and `classes`, their names in the order of the logits.
    """
    model, told, notes = module(experiment, network, n_classes), asdict(experiment), list(notes)
    own: dict[str, Any] = {}
    if points is not None:
        assert isinstance(experiment, Experiment)
        mean, deviation = points.scale(experiment.data_seed)
        first = _standardise(mean, deviation)
        model = nn.Sequential(OrderedDict([("standardise", first), *model.named_children()]))
        told = {name: value for name, value in told.items() if name not in DRAWN}
        scale = {"mean": mean.tolist(), "std": deviation.tolist()}
        own = {"inputs": scale, "classes": list(points.classes)}
        notes += [] if _is_close(first, points, points.learned(experiment.data_seed)) else [COARSE]
    content = {
        "format": FORMAT,
        "layers": [[name, _kind(layer).__name__, _arguments(layer)] for name, layer in model.named_children()],
        "state_dict": dict(model.state_dict()),
        "input_shape": list(experiment.dataset.shape) if isinstance(experiment, ImageExperiment) else [2],
        "experiment": {name: _plain(value) for name, value in told.items()},
        "prune_ratio": network.prune_ratio,
        "n_classes": n_classes,
        "notes": notes,
        **own,
    }
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def load_network(file: str | Path | BinaryIO) -> nn.Sequential:
    """The network of a file that `network_file` made, in evaluation mode.

    It maps inputs (N, *input_shape) to logits (N, C). The file may come from anyone: nothing in it is
    ever carried out, and no layer is made whose weights it does not hold. Raises ValueError with a
    sentence for a file that is damaged, of another kind or format, or whose layers and weights make no
    network; OSError where it cannot be opened.
    """
    content = _content(_read(file))
    model = _empty(content.get("layers"), content.get("input_shape"))
    weights = _checked(content.get("state_dict"), model)
    model.load_state_dict(weights, assign=True)
    return model


def _standardise(mean: np.ndarray, deviation: np.ndarray) -> nn.Linear:
    """The layer that makes inputs (N, 2) of values (N, 2): (values − mean) / deviation, both (2,)."""
    layer = skip_init(nn.Linear, 2, 2)
    weight, bias = torch.from_numpy(1 / deviation).diag(), torch.from_numpy(-mean / deviation)
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer


@torch.no_grad()
def _is_close(first: nn.Linear, points: Points, learned: np.ndarray) -> bool:
    """Whether the layer makes the inputs that were learned, as far as float32 tells the values apart."""
    off = first(torch.from_numpy(points.values).float()) - torch.from_numpy(learned)
    return bool(off.abs().max() <= CLOSE)


def _kind(layer: nn.Module) -> type[nn.Module]:
    """The layer as PyTorch alone knows it: dropout is drawn for the units that are left."""
    return nn.Dropout if isinstance(layer, nn.Dropout) else type(layer)


def _arguments(layer: nn.Module) -> dict[str, Any]:
    """What the layer was made with; kernels are square, so that one number is enough."""
    values = {name: getattr(layer, name) for name in LAYERS[_kind(layer)]}
    return {name: value[0] if isinstance(value, tuple) else value for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Option):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def _read(file: str | Path | BinaryIO) -> bytes:
    if isinstance(file, str | Path):
        with open(file, "rb") as opened:
            return _read(opened)
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError(f"The file is longer than {MAX_BYTES:,} bytes; no network file is.")
    return data


def _content(data: bytes) -> dict[str, Any]:
    """What the file says, once its checksums are found right: PyTorch itself does not look at them."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            sound = size <= MAX_BYTES and archive.testzip() is None
        content = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True) if sound else None
    except Exception as error:  # whatever comes of bytes that may be anything
        raise ValueError("The file is no network file, or it is damaged; save it again.") from error
    if size > MAX_BYTES:
        raise ValueError(f"The file holds {size:,} bytes when unpacked; a network file has at most {MAX_BYTES:,}.")
    if not sound:
        raise ValueError("The file is damaged: a checksum in it is wrong; save it again.")
    if not isinstance(content, dict) or "format" not in content:
        raise ValueError("The file is a PyTorch file, but none that holds a pruned network with its layers.")
    if type(content["format"]) is not int or content["format"] != FORMAT:
        raise ValueError(f"The file has format {reprlib.repr(content['format'])}; only format {FORMAT} can be read.")
    return content


def _empty(layers: Any, input_shape: Any) -> nn.Sequential:
    """The layers in evaluation mode, on the device "meta": sizes without memory, so that no size is too large."""
    if not isinstance(layers, list) or not 1 <= len(layers) <= MAX_LAYERS:
        raise ValueError(f"layers is {reprlib.repr(layers)}; it must be a list of 1 to {MAX_LAYERS} layers")
    with torch.device("meta"):
        named = OrderedDict(_layer(entry) for entry in layers)
    if len(named) < len(layers):
        raise ValueError(f"two layers have the same name; the names are: {reprlib.repr([e[0] for e in layers])}")
    try:
        with torch.device("meta"):
            model = nn.Sequential(named).eval()
            model(torch.empty(1, *input_shape))
    except Exception as error:  # names and shapes may be anything
        shape = reprlib.repr(input_shape)
        raise ValueError(f"The layers of the file do not fit each other, or inputs of shape {shape}.") from error
    return model


def _layer(entry: Any) -> tuple[str, nn.Module]:
    match entry:
        case [str(name), str(kind), dict(arguments)]:
            pass
        case _:
            raise ValueError(f"a layer is {reprlib.repr(entry)}; it must be a list of name, kind and arguments")
    if kind not in KINDS:
        raise ValueError(f"layer {reprlib.repr(name)} is of kind {reprlib.repr(kind)}; legal are: {', '.join(KINDS)}")
    ranges = LAYERS[KINDS[kind]]
    if set(arguments) != set(ranges):
        legal = ", ".join(ranges) or "none"
        raise ValueError(f"a {kind} layer has the arguments {reprlib.repr(list(arguments))}; it takes: {legal}")
    for argument, (low, high) in ranges.items():
        value = arguments[argument]
        if type(value) is not type(low) or not low <= value <= high:
            noun = "whole number" if type(low) is int else "number"
            raise ValueError(
                f"{argument} of a {kind} layer is {reprlib.repr(value)}; it must be a {noun} {low}–{high}"
            )
    return name, KINDS[kind](**arguments)


def _checked(weights: Any, model: nn.Sequential) -> dict[str, Tensor]:
    """The weights, if they are those of the model and lie in memory as plainly as they say."""
    wanted = model.state_dict()
    if not isinstance(weights, dict) or set(weights) != set(wanted):
        names = reprlib.repr(list(weights) if isinstance(weights, dict) else weights)
        raise ValueError(f"state_dict holds {names}; the layers need: {', '.join(wanted) or 'nothing'}")
    for name, like in wanted.items():
        value = weights[name]
        plain = type(value) is Tensor and value.device.type == "cpu"
        plain = plain and value.layout == torch.strided and not value.is_nested
        if not plain or (value.shape, value.dtype) != (like.shape, like.dtype) or not value.is_contiguous():
            found = f"{tuple(value.shape)} of {value.dtype}" if plain else reprlib.repr(value)
            raise ValueError(f"{name} is {found}; it must be a dense tensor {tuple(like.shape)} of {like.dtype}")
    return weights
