"""Experiments: values are checked at the door, equal ones are equal keys, and nothing heavy is loaded."""

from __future__ import annotations

import copy
import pickle
import shutil
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path

import numpy as np
import pytest

import pruning
from pruning import (
    RATIOS,
    Architecture,
    Criterion,
    Dataset,
    DropoutRule,
    Experiment,
    ImageExperiment,
    ImageSet,
    PrunedLayers,
    Scope,
    Strategy,
)
from pruning.experiment import MAX_LAYERS, MAX_WIDTH, RANGES

ROOT = Path(pruning.__file__).parent.parent
NUMBERS = list(RANGES)
IMAGES_ALONE = {"train_images", "batch_size"}
WHOLE = [field.name for field in fields(Experiment) if type(field.default) is int]
OPTIONS = {
    "strategy": Strategy, "criterion": Criterion, "scope": Scope, "dropout_rule": DropoutRule, "dataset": Dataset,
}  # fmt: skip
IMAGE_OPTIONS = {**OPTIONS, "dataset": ImageSet, "network": Architecture, "pruned_layers": PrunedLayers}


# ---- values


def kind(name):
    """The kind of experiment that has this field."""
    return ImageExperiment if name in IMAGES_ALONE else Experiment


def test_every_field_is_checked():
    """No field is without a range, a set of names, or a rule of its own."""
    assert {field.name for field in fields(Experiment)} == {*NUMBERS, *OPTIONS, "hidden"} - IMAGES_ALONE


@pytest.mark.parametrize("name", NUMBERS)
def test_the_ends_of_a_range_are_legal(name):
    """Both the lowest and the highest value are accepted, and arrive as they are."""
    for value in RANGES[name]:
        if np.isfinite(value):
            assert getattr(kind(name)(**{name: value}), name) == value


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("side", [0, 1])
def test_a_number_out_of_range_is_refused(name, side):
    """The message names the field, the value and the legal range."""
    low, high = RANGES[name]
    value = (low - 1, high + 1)[side]
    with pytest.raises(ValueError, match=rf"^{name} is {value}; it must be (a|a whole) number from ") as error:
        kind(name)(**{name: value})
    assert str(error.value).endswith(f"from {low:g} to {high:g}")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "value", ["0.5", "1", "", True, False, None, float("nan"), float("inf"), -float("inf"), [1], 1j]
)
def test_what_is_no_number_is_refused(name, value):
    """Text, truth values, nothing, NaN and infinity are refused by name, though Python would count with some."""
    with pytest.raises(ValueError, match=rf"^{name} is .*; it must be"):
        kind(name)(**{name: value})


@pytest.mark.parametrize("name", ["points", "noise"])
def test_a_number_too_large_for_a_float_is_refused_like_any_other(name):
    """10⁴⁰⁰ gets the same sentence and no OverflowError."""
    with pytest.raises(ValueError, match=rf"^{name} is 1000"):
        Experiment(**{name: 10**400})


@pytest.mark.parametrize("value", [np.True_, np.False_])
def test_truth_values_of_numpy_are_refused_too(value):
    """They are as little a number of epochs as Python's."""
    with pytest.raises(ValueError, match=r"^patience is"):
        Experiment(patience=value)


@pytest.mark.parametrize("name", WHOLE)
def test_a_fraction_of_a_whole_number_is_refused(name):
    """The message asks for a whole number; a whole float is taken as one."""
    low = int(RANGES[name][0])
    with pytest.raises(ValueError, match=rf"^{name} is {low}\.5; it must be a whole number"):
        Experiment(**{name: low + 0.5})
    value = getattr(Experiment(**{name: float(low)}), name)
    assert (value, type(value)) == (low, int)


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.float64, np.float32, np.uint8])
def test_numbers_of_numpy_are_accepted(kind):
    """They become plain Python numbers, and the experiment equals the plain one."""
    given = Experiment(patience=kind(7), noise=kind(1), hidden=(kind(8), kind(4)))
    plain = Experiment(patience=7, noise=1.0, hidden=(8, 4))
    assert (given, hash(given), given.key()) == (plain, hash(plain), plain.key())
    assert [type(value) for value in (given.patience, given.noise, *given.hidden)] == [int, float, int, int]


@pytest.mark.parametrize(
    "hidden",
    [
        (), (0,), (MAX_WIDTH + 1,), (-1, 4), (2.5,), (1,) * (MAX_LAYERS + 1),
        64, None, "64", ("64",), (None,), (float("nan"),), (float("inf"),), (True,), ((4,),),
    ],
)  # fmt: skip
def test_hidden_layers_that_cannot_be_are_refused(hidden):
    """The message names the value, how many layers there may be and how wide."""
    legal = f"1 to {MAX_LAYERS} whole numbers from 1 to {MAX_WIDTH}"
    with pytest.raises(ValueError, match=rf"^hidden is .*; it must be {legal}"):
        Experiment(hidden=hidden)


@pytest.mark.parametrize("hidden", [[64, 32], np.array([64, 32]), (64.0, 32.0)])
def test_hidden_layers_come_in_any_sequence(hidden):
    """A list, an array, whole floats: all become a tuple of plain integers."""
    given = Experiment(hidden=hidden).hidden
    assert given == (64, 32)
    assert [type(width) for width in given] == [int, int]


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("value", ["nonsense", "", None, 1, True, "ONE_SHOT"])
def test_an_unknown_option_is_refused_with_the_known_ones(name, value):
    """The message names the field, the value and every legal name."""
    with pytest.raises(ValueError, match=rf"^{name} {value!r} is unknown; choose one of: ") as error:
        kind(name)(**{name: value})
    assert str(error.value).endswith(", ".join(OPTIONS[name]))


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_may_be_given_by_name(name):
    """The text and the member give the same experiment."""
    for member in OPTIONS[name]:
        given = getattr(Experiment(**{name: member.value}), name)
        assert given is member


@pytest.mark.parametrize("share", [1e-6, 0.049])
def test_a_share_that_never_ends_is_refused(share):
    """The sentence names what is legal; nothing at all is."""
    with pytest.raises(ValueError, match=rf"^round_share is {share}; it must be 0 or a number from 0.05 to 0.9$"):
        Experiment(round_share=share)
    assert Experiment(round_share=0.05).round_share == 0.05


def test_rounds_are_told_once():
    """Their number and their share exclude each other, on images too, and the sentence says so."""
    for kind in (Experiment, ImageExperiment):
        with pytest.raises(ValueError, match=r"^rounds is 3 and round_share is 0.2; .* one of them must be 0$"):
            kind(rounds=3, round_share=0.2)


def test_fields_are_given_by_name_only():
    """No position can be mistaken."""
    with pytest.raises(TypeError):
        Experiment("iterative")


def test_an_experiment_cannot_be_changed():
    """A change makes a new one, which is checked like the first."""
    with pytest.raises(FrozenInstanceError):
        Experiment().seed = 1
    assert replace(Experiment(), seed=1) == Experiment(seed=1)
    with pytest.raises(ValueError, match=r"^seed is -1"):
        replace(Experiment(), seed=-1)


@pytest.mark.parametrize("option", [member for kind in [*IMAGE_OPTIONS.values(), Dataset] for member in kind])
def test_an_option_explains_itself(option):
    """It has a label and one sentence that begins and ends like one, and survives copying."""
    assert option.label[0].isupper()
    assert option.help[0].isupper() or option.help[0].isdigit()
    assert option.help.endswith((".", "?"))
    assert pickle.loads(pickle.dumps(option)) is option
    assert copy.deepcopy(option) is option


# ---- keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"noise": 0}, {"noise": 0.0}),
        ({"noise": -0.0}, {"noise": 0.0}),
        ({"prune_ratio": 0.1 * 6}, {"prune_ratio": 0.6}),
        ({"dropout": 0.1 + 0.2}, {"dropout": 0.3}),
        ({"points": 500.0}, {"points": 500}),
        ({"hidden": [8, 4]}, {"hidden": (8, 4)}),
        ({"strategy": "iterative"}, {"strategy": Strategy.ITERATIVE}),
        ({}, {"seed": 0}),
    ],
)
def test_equal_experiments_are_equal_keys(one, other):
    """However a value was written, it is one experiment, one hash and one key."""
    a, b = Experiment(**one), Experiment(**other)
    assert a == b
    assert hash(a) == hash(b)
    assert a.key() == b.key()
    assert repr(a) == repr(b)


def test_the_key_leaves_out_the_prune_ratio():
    """One sweep serves all ratios."""
    assert {Experiment(prune_ratio=ratio).key() for ratio in RATIOS} == {Experiment().key()}
    assert len({Experiment(prune_ratio=ratio) for ratio in RATIOS}) == len(RATIOS)


OTHER = {
    "strategy": "iterative", "criterion": "taylor", "scope": "global", "rewind_epoch": 1, "rounds": 1,
    "round_share": 0.2, "dropout_rule": "scaled",
    "dataset": "xor", "points": 999, "noise": 0.21, "label_noise": 0.01, "data_seed": 41, "hidden": (64, 63),
    "dropout": 0.21, "learning_rate": 0.011, "patience": 21, "max_epochs": 1999, "seed": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in fields(Experiment) if field.name != "prune_ratio"])
def test_the_key_changes_with_every_other_field(name):
    """No two experiments that train differently share a key."""
    assert Experiment(**{name: OTHER[name]}).key() != Experiment().key()


def test_an_experiment_survives_pickling():
    """Sent to another process it is the same experiment."""
    given = Experiment(strategy="iterative", hidden=(8,), prune_ratio=0.3)
    assert pickle.loads(pickle.dumps(given)) == given


# ---- experiments on images


def images(**changes):
    """An experiment on photographs, which every network takes."""
    return ImageExperiment(**{"dataset": "cifar10", **changes})


IMAGE_NUMBERS = sorted({field.name for field in fields(ImageExperiment)} - set(IMAGE_OPTIONS))


def test_every_field_of_an_image_experiment_is_checked():
    """No field is without a range or a set of names, and none of the plane's is among them."""
    assert set(IMAGE_NUMBERS) == set(NUMBERS) - {"points", "noise", "label_noise", "data_seed"}
    with pytest.raises(TypeError):
        ImageExperiment(hidden=(8,))


def test_the_defaults_train_the_digits():
    """The small network on all digits, pruned in all its layers, for at most 30 epochs with a patience of three."""
    given = ImageExperiment()
    assert (given.dataset, given.network, given.pruned_layers) == ("digits", "small", "all")
    assert (given.train_images, given.batch_size) == (0, 0)
    assert (given.learning_rate, given.patience, given.max_epochs) == (0.03, 3, 30)
    assert (given.strategy, given.criterion, given.scope, given.rounds) == ("one_shot", "l1", "layer", 0)
    assert (given.prune_ratio, given.rewind_epoch, given.dropout, given.seed) == (0.5, 0, 0.1, 0)


@pytest.mark.parametrize("name", IMAGE_NUMBERS)
def test_a_number_of_an_image_experiment_is_checked_like_any_other(name):
    """What lies outside its range or is no number is refused by name, as is half of a whole one."""
    low, high = RANGES[name]
    whole = type(getattr(images(), name)) is int
    for value in (low - 1, high + 1, "1", True, None, float("nan"), *([low + 0.5] if whole else [])):
        with pytest.raises(ValueError, match=rf"^{name} is .*; it must be (a|a whole) number from ") as error:
            images(**{name: value})
        assert str(error.value).endswith(f"from {low:g} to {high:g}")
    given = getattr(images(**{name: np.float64(low)}), name)
    assert (given, type(given)) == (low, int if whole else float)


@pytest.mark.parametrize("name", IMAGE_OPTIONS)
def test_an_option_of_an_image_experiment_is_one_of_its_own(name):
    """A name gives its member; an unknown one is refused with every known one."""
    for member in IMAGE_OPTIONS[name]:
        assert getattr(images(**{name: member.value}), name) is member
    with pytest.raises(ValueError, match=r"'nonsense' is unknown; choose one of: ") as error:
        images(**{name: "nonsense"})
    assert str(error.value).endswith(": " + ", ".join(IMAGE_OPTIONS[name]))


def test_lenet_does_not_fit_on_digits():
    """The sentence names the network, says why, and names those that fit; on photographs it is welcome."""
    sentence = (
        "^network 'lenet' needs pictures of 16 × 16 or larger, those of 'digits' are 8 × 8; "
        "choose one of: small, wide, wide_norm$"
    )
    with pytest.raises(ValueError, match=sentence):
        ImageExperiment(network="lenet")
    with pytest.raises(ValueError, match=sentence):
        replace(images(network="lenet"), dataset="digits")
    assert images(network="lenet").network is Architecture.LENET


@pytest.mark.parametrize("network", [member for member in Architecture if member != Architecture.LENET])
def test_every_other_network_fits_on_digits(network):
    """8 × 8 pixels can be halved twice."""
    assert ImageExperiment(network=network).network is network


OTHER_IMAGES = {
    "strategy": "iterative", "criterion": "taylor", "scope": "global", "rewind_epoch": 1, "rounds": 1,
    "round_share": 0.2, "dropout_rule": "scaled",
    "dataset": "cifar10", "network": "wide", "pruned_layers": "fully_connected", "train_images": 100,
    "batch_size": 64, "dropout": 0.21, "learning_rate": 0.051, "patience": 4, "max_epochs": 17, "seed": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in fields(ImageExperiment) if field.name != "prune_ratio"])
def test_the_key_of_an_image_experiment_changes_with_every_field(name):
    """But for the prune ratio; and it is never the key of an experiment on the plane."""
    given = ImageExperiment(**{name: OTHER_IMAGES[name]})
    assert given.key() != ImageExperiment().key()
    assert given.key() == replace(given, prune_ratio=0.9).key()
    assert given.key() != Experiment().key()


def test_an_image_experiment_survives_pickling():
    """Sent to another process it is the same experiment, with the same key."""
    given = images(strategy="iterative", network="lenet", prune_ratio=0.3)
    again = pickle.loads(pickle.dumps(given))
    assert (again, hash(again), again.key()) == (given, hash(given), given.key())


# ---- outcomes


def test_an_outcome_finds_its_networks(outcome_of):
    """By ratio; `pruned` is that of the experiment, `dense` the one of ratio 0."""
    outcome = outcome_of(prune_ratio=0.3)
    assert [outcome.at(ratio).prune_ratio for ratio in RATIOS] == list(RATIOS)
    assert outcome.pruned is outcome.at(0.3)
    assert outcome.dense is outcome.at(0.0)
    assert outcome.has(0.95)
    assert not outcome.has(0.25)


def test_a_ratio_that_an_outcome_does_not_hold_is_refused(outcome_of):
    """The message names it and those that are there."""
    with pytest.raises(
        KeyError, match=r"no network of prune ratio 0\.25; this outcome holds: 0, 0\.1, 0\.2, .*0\.95"
    ):
        outcome_of().at(0.25)


# ---- what is loaded


@pytest.fixture
def copied(tmp_path):
    """A copy of the packages."""
    for package in ("pruning", "uncertainty"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def loaded_by(statement: str, root: Path = ROOT) -> set[str]:
    """Which of the heavy libraries a fresh Python has loaded after the statement, run in `root`."""
    code = f"import sys; {statement}; print(*({{'torch', 'sklearn'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


DESCRIBE = (
    "import pruning; pruning.Experiment(strategy='iterative').key(), pruning.Strategy, pruning.Outcome;"
    "pruning.ImageExperiment().key()"
)


def test_describing_an_experiment_loads_nothing_heavy():
    """Neither PyTorch nor scikit-learn comes with the package, an experiment or its options."""
    assert loaded_by(DESCRIBE) == set()


def test_the_check_above_can_fail(copied):
    """In a copy whose options import both (stand-ins, for speed) it names both."""
    (copied / "torch.py").write_text("")
    (copied / "sklearn.py").write_text("")
    assert loaded_by(DESCRIBE, copied) == set()
    with (copied / "pruning" / "options.py").open("a") as source:
        source.write("import sklearn, torch\n")
    assert loaded_by(DESCRIBE, copied) == {"torch", "sklearn"}


def test_the_package_has_what_it_promises():
    """Every name of `__all__` is there, those that load PyTorch too; any other name is not."""
    assert all(getattr(pruning, name) is not None for name in pruning.__all__)
    with pytest.raises(AttributeError, match="'pruning' has no attribute 'nonsense'"):
        _ = pruning.nonsense
