"""The version of the code: what decides a result changes it, and what does not leaves everything stored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pruning import code_version as module
from pruning.code_version import closure, code_version
from pruning.data.image_task import ImageTask
from pruning.data.task_of import task_of
from pruning.experiment import Experiment, ImageExperiment
from pruning.lottery.plan import ASKING, training_code
from pruning.options import ImageSet

ROOT = Path(__file__).parents[2]
POINTS, IMAGES = task_of(Experiment()), ImageTask(ImageExperiment().dataset)

FIRST = "from __future__ import annotations"  # of every file
BESIDE = (
    "uncertainty/calibration.py", "views/charts/vega.py", "views/text/readings.py", "pruning/lottery/engine.py",
    "cache/runs.py",
)  # fmt: skip
"""Files that decide nothing of what is stored."""


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the packages, where the code is looked for instead."""
    for package in ("pruning", "uncertainty", "cache", "views"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return tmp_path


def versions() -> dict[str, str]:
    """The code behind networks on points and on images, what they say, planes and recordings; looked at afresh."""
    module.code_version.cache_clear()
    module._decisive.cache_clear()
    return {
        "points": training_code(POINTS),
        "images": training_code(IMAGES),
        "answers": code_version(ASKING),
        "planes": code_version("pruning.inspect.plane"),
        "recordings": code_version("pruning.inspect.recording"),
    }


EVERYTHING = {"points", "images", "answers", "planes", "recordings"}


def changed(folder: Path, source: str, before: str, after: str) -> set[str]:
    """What is another version once a text in a source is another; all is as before when that is taken back."""
    at_first, path = versions(), folder / source
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    now = versions()
    path.write_text(text)
    assert versions() == at_first
    return {name for name in now if now[name] != at_first[name]}


def test_the_version_does_not_depend_on_where_the_code_lies(request):
    """A copy elsewhere has the same version, again and again."""
    here = versions()
    request.getfixturevalue("copied")
    assert versions() == versions() == here


@pytest.mark.parametrize(
    ("source", "before", "after", "discarded"),
    [
        (
            "pruning/training/stack.py",
            "BETA1, BETA2, EPSILON = 0.9",
            "BETA1, BETA2, EPSILON = 0.8",
            {"points", "recordings"},
        ),
        ("pruning/training/minibatch.py", "MOMENTUM, WEIGHT_DECAY = 0.9", "MOMENTUM, WEIGHT_DECAY = 0.8", {"images"}),
        ("pruning/data/images.py", "VAL_SHARE = 0.10", "VAL_SHARE = 0.15", {"images"}),
        (
            "pruning/data/plane_tasks.py",
            "INNER_RADIUS = 0.5",
            "INNER_RADIUS = 0.4",
            EVERYTHING - {"images", "answers"},
        ),
        (
            "pruning/model/importance.py",
            "def importance(",
            "x = 1\n\n\ndef importance(",
            {"points", "images", "recordings"},
        ),
        ("pruning/inspect/invariants.py", "LOSS_TOLERANCE = ", "LOSS_TOLERANCE = 2 * ", {"recordings"}),
        ("uncertainty/timed.py", "[:8]", "[:9]", EVERYTHING - {"points", "images"}),
        ("uncertainty/sampling.py", "MAX_CHUNK = 50", "MAX_CHUNK = 60", EVERYTHING - {"points", "images"}),
        ("uncertainty/randomness.py", "BATCHES = 9", "BATCHES = 11", EVERYTHING),
        ("pruning/options.py", '"scores", "trained", False, True', '"chance", "trained", False, True', EVERYTHING),
        ("pruning/options.py", "self.flip = flip", "self.flip = not flip", EVERYTHING),
    ],
)
def test_a_changed_trainer_discards_exactly_what_it_decides(copied, source, before, after, discarded):
    """A value or a line of code: networks, answers and pictures that it is part of, and no others."""
    assert changed(copied, source, before, after) == discarded


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("pruning/training/stack.py", "BETA1, BETA2", "# a comment\nBETA1, BETA2"),
        ("pruning/training/minibatch.py", '"""Training one convolutional network on images, with', '"""Trains, with'),
        ("pruning/lottery/tickets.py", "    masks: Masks\n    weights", "    masks: Masks\n\n    weights"),
        ("pruning/experiment.py", "-> Option:\n    try:", '-> Option:\n    """The member."""\n    try:'),
        (
            "pruning/experiment.py",
            "    return round(number, 10) + 0.0",
            "    return (\n        round(number, 10)\n        + 0.0\n    )",
        ),
        ("pruning/data/csv_points.py", "MAX_LABEL = 40", "MAX_LABEL = 50"),
        ("pruning/data/numerals.py", "from __future__", "x = 1\nfrom __future__"),
        ("pruning/data/picture_upload.py", "WORKING_SIDE = ", "WORKING_SIDE = 2 * "),
        ("pruning/evaluation/metrics.py", "def figures(", "x = 1\n\n\ndef figures("),
        ("pruning/lottery/clock.py", "maxsize=8192", "maxsize=64"),
        ("pruning/options.py", "Two interleaving half circles.", "Half circles."),
        ("pruning/options.py", '"One-shot, re-initialised"', '"Rewound"'),
        ("uncertainty/options.py", "The mean over passes with dropout on: ", "A mean: "),
        ("pruning/options.py", '"digits",', '"more digits",'),
        ("pruning/options.py", '("9", "3"),', '("8", "3"),'),
        (
            "pruning/options.py",
            "    CIFAR10 = (",
            '    TINY = ("tiny", "Tiny", "A set.", (8, 8, 3), 2, False, 8, (), (), (), ("a", "b"))\n    CIFAR10 = (',
        ),
        ("pruning/data/image_sources.py", "170)", "171)"),
        *((source, FIRST, f"{FIRST}\nx = 1") for source in BESIDE),
    ],
)
def test_what_decides_nothing_discards_nothing(copied, source, before, after):
    """A comment, a docstring, also a first one, blank and broken lines, a reader of files, a metric, a chart, a
    reading, the store; the words of a choice, another set of images, where a set comes from.
    """
    assert changed(copied, source, before, after) == set()


@pytest.mark.parametrize(("field", "other"), [("flip", True), ("shape", (8, 8, 3)), ("n_classes", 9)])
def test_what_the_entry_of_a_set_decides_names_its_pictures(monkeypatch, field, other):
    """The code does not tell one entry from another, so the data have to: by them a network is named."""
    before = IMAGES.fingerprint
    monkeypatch.setattr(ImageSet.DIGITS, field, other)
    assert IMAGES.fingerprint != before


def test_a_new_file_counts_once_it_is_imported(copied):
    """One that lies there does not."""
    before = versions()
    (copied / "pruning" / "training" / "extra.py").write_text("x = 1\n")
    assert versions() == before
    imports = "from pruning.training.schedule import"
    assert "points" in changed(
        copied, "pruning/training/stack.py", imports, f"from pruning.training import extra\n{imports}"
    )


def test_imports_are_found_wherever_they_stand():
    """In a function, for types alone, of a module and of a name in it, over several lines."""
    found = closure(["pruning.lottery.stack_trainer"])
    assert {
        "pruning.data.fresh_points",
        "pruning.model.masks",
        "uncertainty.sampling",
        "pruning.code_version",
    } <= found
    assert not closure(["pruning.lottery.stack_trainer"], {"uncertainty.sampling"}) & {
        "uncertainty.sampling",
        "uncertainty.chain",
    }


def test_the_version_changes_with_the_libraries(monkeypatch):
    """Another release of PyTorch may train differently."""
    before = versions()
    monkeypatch.setattr(module, "version", lambda library: "0.0")
    now = versions()
    assert all(now[name] != before[name] for name in EVERYTHING)
    monkeypatch.undo()
    versions()
