"""What is taken home: the lines of code give the page's figures exactly, and the table holds every digit of them."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from functools import cache, partial
from math import inf, log, nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pruning.evaluation.metrics
import uncertainty.expected
from pruning import RATIOS, Experiment, ImageExperiment, Network, Outcome, Source, Strategy, read_points, run
from pruning.data.task_of import task_of
from pruning.evaluation import Evaluated
from pruning.evaluation.by_method import SOURCES
from pruning.evaluation.metrics import Figures, figures, flat
from pruning.inspect.ablation import changed
from pruning.model import cost
from pruning.training.threads import one_thread
from tests.conftest import CLOCK
from uncertainty.predictions import Predictions
from views.shared import sections
from views.text.figure_table import curve_rows
from views.text.program import MAX_LINE, code, figures_csv, file_name

ROOT = Path(__file__).parents[3]
TINY = Experiment(points=400, hidden=(12, 8), max_epochs=20, patience=5, prune_ratio=0.3)
MANY = Experiment(
    strategy="iterative", prune_ratio=0.55, criterion="taylor", scope="global", rewind_epoch=2, rounds=2,
    dropout=0.35, dropout_rule="scaled", learning_rate=0.003, patience=4, max_epochs=25, seed=7, dataset="blobs",
    points=400, noise=0.15, label_noise=0.1, data_seed=3, hidden=(10, 7, 5),
)  # fmt: skip
DIGITS = ImageExperiment(train_images=120, max_epochs=2, pruned_layers="fully_connected", prune_ratio=0.8)
SMALL_DIGITS = ImageExperiment(train_images=64, max_epochs=1)
ONE_LAYER = replace(TINY, strategy="one_shot_random", hidden=(10,), prune_ratio=0.0)
EXPERIMENTS = {"default": Experiment(), "many": MANY, "digits": DIGITS, "one layer": ONE_LAYER}
every_experiment = pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS)


@pytest.fixture(autouse=True, scope="module")
def _brief() -> Iterator[None]:
    """One thread, and a clock that is read once."""
    with pytest.MonkeyPatch.context() as patch, one_thread():
        patch.setattr(cost, "latency", partial(cost.latency, repeats=1))
        yield


@cache
def on_the_page(experiment: Experiment | ImageExperiment) -> Outcome:
    """The outcome as a page has it: over all ratios of the slider."""
    return run(experiment, ratios=RATIOS)


def untimed(measured: Figures) -> dict[str, Any]:
    """The figures but for the clock's."""
    return {name: value for name, value in asdict(measured).items() if name not in CLOCK}


def printed(text: str) -> list[Figures]:
    """The figures that a program printed, a line each."""
    names = {**vars(pruning.evaluation.metrics), **vars(uncertainty.expected), "nan": nan, "inf": inf}
    return [eval(line, names) for line in text.splitlines()]


# ---- the code


@every_experiment
@pytest.mark.parametrize(("n_samples", "n_bins"), [(50, 15), (1, 10)])
def test_the_code_gives_the_figures_of_the_page(experiment, n_samples, n_bins, capsys):
    """In an empty namespace, every figure but the clock's is equal to the last bit, and so it is printed."""
    outcome, names = on_the_page(experiment), {}
    exec(code(experiment, n_samples, n_bins), names)
    shown = sections.both_figures(Evaluated(outcome, n_samples, n_bins))
    for found, expected in zip((names["dense"], names["pruned"]), shown, strict=True):
        assert untimed(found) == untimed(expected)
    assert printed(capsys.readouterr().out) == [names["dense"], names["pruned"]]


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.label)
@pytest.mark.parametrize("experiment", [TINY, SMALL_DIGITS], ids=["points", "digits"])
def test_the_code_gives_the_figures_of_every_source(experiment, source):
    """Its members, draws and temperature, to the last bit."""
    n_samples, names = source.method.samples(20), {}
    shown = run(experiment, ratios=(0.3, 0.5), source=source)
    exec(code(experiment, n_samples, 15, source=source), names)
    assert names["outcome"].source == source
    for name, expected in zip(("dense", "pruned"), sections.both_figures(Evaluated(shown, n_samples)), strict=True):
        assert untimed(names[name]) == untimed(expected)


def test_the_code_says_the_source_in_a_word():
    """And nothing of the usual one."""
    text = code(Experiment(), 10, 15, source=Source("ensemble", tempered=True))
    assert "from pruning import Experiment, Source, run\n" in text
    assert 'outcome = run(experiment, source=Source("ensemble", tempered=True))\n' in text
    assert 'source=Source("single_pass"))\n' in code(Experiment(), 1, 15, source=Source("single_pass"))
    assert code(TINY, 50, 15, source=Source("mc_dropout")) == code(TINY, 50, 15)
    assert 'source=Source("mc_dropout", layers="last"))\n' in code(TINY, 50, 15, source=Source(layers="last"))


@every_experiment
def test_the_code_names_the_very_experiment(experiment):
    """What it runs is equal to what was chosen."""
    call = code(experiment, 50, 15).split("experiment = ")[1].split("\noutcome")[0]
    assert eval(call, {type(experiment).__name__: type(experiment)}) == experiment


def test_the_code_runs_in_a_fresh_process():
    """Given to Python in the project's folder, it prints the figures of both networks."""
    command = [sys.executable, "-c", code(TINY, 20, 10)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    outcome = on_the_page(TINY)
    expected = [figures(outcome, network, 20, 10) for network in (outcome.dense, outcome.pruned)]
    assert [untimed(found) for found in printed(done.stdout)] == [untimed(measured) for measured in expected]


def test_the_code_says_only_what_was_changed():
    """Options by their names, and nothing that is as it is by default; all of it short enough to read."""
    assert code(Experiment(strategy=Strategy.ITERATIVE, prune_ratio=0.8), 50, 15) == (
        "from pruning import Experiment, run\n"
        "from pruning.figures import figures\n"
        "\n"
        'experiment = Experiment(strategy="iterative", prune_ratio=0.8)\n'
        "outcome = run(experiment)\n"
        "network = outcome.pruned\n"
        "dense = figures(outcome, outcome.dense, n_samples=50, n_bins=15)\n"
        "pruned = figures(outcome, network, n_samples=50, n_bins=15)\n"
        'print(dense, pruned, sep="\\n")\n'
    )
    assert "experiment = ImageExperiment()\n" in code(ImageExperiment(), 50, 15)


def test_many_fields_stand_one_to_a_line():
    """A call too long for a line is broken as a formatter would."""
    experiment = replace(
        MANY, **{name: getattr(Experiment(), name) for name in ("rounds", "seed", "points", "noise")}
    )
    assert code(experiment, 50, 15).split("experiment = ")[1].split("outcome")[0] == (
        "Experiment(\n"
        '    strategy="iterative",\n'
        "    prune_ratio=0.55,\n"
        '    criterion="taylor",\n'
        '    scope="global",\n'
        "    rewind_epoch=2,\n"
        "    dropout=0.35,\n"
        '    dropout_rule="scaled",\n'
        "    learning_rate=0.003,\n"
        "    patience=4,\n"
        "    max_epochs=25,\n"
        '    dataset="blobs",\n'
        "    label_noise=0.1,\n"
        "    data_seed=3,\n"
        "    hidden=(10, 7, 5),\n"
        ")\n"
    )


def test_the_code_is_as_the_formatter_leaves_it():
    """With a call of every length around the longest line, in lines of at most 88 characters."""
    experiments = [Experiment(strategy="one_shot_rewind", data_seed=10**n, points=1500, seed=12) for n in range(9)]
    longest = {"source": Source("mc_dropout", tempered=True), "own": True, "units": UNITS}
    for experiment, how in [(TINY, longest), *((each, {}) for each in (*EXPERIMENTS.values(), *experiments))]:
        text = code(experiment, 200, 30, **how)
        command = [sys.executable, "-m", "ruff", "format", "--isolated", f"--line-length={MAX_LINE}", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        assert done.stdout == text
    widths = [max(map(len, code(experiment, 50, 15).splitlines())) for experiment in experiments]
    assert max(widths) == MAX_LINE
    assert len({code(experiment, 50, 15).count("\n") for experiment in experiments}) == 2


# ---- the code of own points, and of units turned over by hand

OWN = "x,y,label\n" + "".join(f"{i % 9},{i * i % 7},{'ab'[i % 9 > 4]}\n" for i in range(70))
UNITS = [("hidden2", 7), ("hidden1", 0), ("hidden1", 11)]


def test_the_code_of_own_points_reads_them_from_a_file():
    """An import, a line and an argument more; all else is as without them."""
    assert code(TINY, 50, 15, own=True) == (
        "from pathlib import Path\n"
        "\n"
        "from pruning import Experiment, read_points, run\n"
        "from pruning.figures import figures\n"
        "\n"
        'points = read_points(Path("points.csv").read_bytes())\n'
        "experiment = Experiment(\n"
        "    prune_ratio=0.3,\n"
        "    patience=5,\n"
        "    max_epochs=20,\n"
        "    points=400,\n"
        "    hidden=(12, 8),\n"
        ")\n"
        "outcome = run(experiment, points=points)\n"
        "network = outcome.pruned\n"
        "dense = figures(outcome, outcome.dense, n_samples=50, n_bins=15)\n"
        "pruned = figures(outcome, network, n_samples=50, n_bins=15)\n"
        'print(dense, pruned, sep="\\n")\n'
    )


def test_the_code_turns_over_the_units_in_one_order():
    """Sorted by layer and position, with the samples they are asked for; whatever set they come in."""
    for units in (UNITS, UNITS[::-1], frozenset(UNITS)):
        text = code(TINY, 20, 15, units=units)
        assert "from pruning.by_hand import changed\n" in text
        assert 'units = [\n    ("hidden1", 0),\n    ("hidden1", 11),\n    ("hidden2", 7),\n]\n' in text
        assert "network = changed(outcome, units, samples=[20])\n" in text
        assert "outcome.pruned" not in text
    assert code(TINY, 20, 15, units=()) == code(TINY, 20, 15)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("units", [(), UNITS], ids=["trained", "by hand"])
@pytest.mark.parametrize("source", [Source(), Source("last_layer", tempered=True)], ids=lambda source: source.method)
def test_the_code_gives_what_is_shown_of_own_points_and_changed_networks(
    own, units, source, tmp_path, monkeypatch, capsys
):
    """Each alone and both together: the figures of the outcome over all ratios, to the last bit."""
    points = read_points(OWN.encode()) if own else None
    (tmp_path / "points.csv").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    outcome = run(TINY, ratios=RATIOS, points=points, source=source)
    shown = changed(outcome, units, [20], source, task_of(TINY, points)) if units else outcome.pruned
    exec(code(TINY, 20, 15, source=source, own=own, units=units), {})
    expected = [figures(outcome, network, 20, 15) for network in (outcome.dense, shown)]
    assert [untimed(found) for found in printed(capsys.readouterr().out)] == [untimed(each) for each in expected]


# ---- the table


def said(first: list[float]) -> Predictions:
    """One sample of class-0 probabilities."""
    probs = np.stack([first, np.subtract(1, first)], axis=-1)[None]
    return Predictions((1,), probs, -(probs * np.log(probs)).sum(axis=-1), np.log(probs[0]))


def network(ratio: float, sizes: tuple[int, int, int], latency: float, first: list[float]) -> Network:
    units, parameters, multiply_adds = sizes
    return Network(
        prune_ratio=ratio, level=int(ratio > 0), masks={}, start_weights={}, weights={}, early_stop_epoch=17,
        train_loss=np.zeros(0), val_loss=np.zeros(30), diverged=False, units=units, parameters=parameters,
        multiply_adds=multiply_adds, latency=latency, test=said(first), ood=said([0.5]),
    )  # fmt: skip


def by_hand() -> Outcome:
    """Two test points of two classes: the dense network is right about one, the pruned one knows nothing at all."""
    networks = (network(0.0, (20, 100, 60), 0.002, [0.75, 0.75]), network(0.5, (10, 30, 20), nan, [0.5, 0.5]))
    return Outcome(replace(MANY, prune_ratio=0.5), np.array([0, 1]), 2, networks)


def test_the_table_by_hand():
    """One row a network: its own ratio, every control, what was measured, how, and the floors.

    Of two points at confidence ¾ both, one or none are right by chance, with 9, 6 and 1 in sixteen:
    the floor of ECE is (9 · ¼ + 6 · ¼ + 1 · ¾) / 16 = 9/32, within what 400 draws leave open; at ½
    it is (½ + 0 + 0 + ½) / 4 = ¼.
    """
    text = figures_csv(Evaluated(by_hand(), 1, 10))
    header, dense, pruned = text.splitlines()
    controls = (
        'taylor,global,2,2,0.0,0.35,scaled,0.003,4,25,7,blobs,400,0.15,0.1,3,"(10, 7, 5)",'
        "mc_dropout,False,all,1,10,0.5"
    )
    start = f"iterative,{{}},{controls},".format
    assert dense.startswith(start("0.0"))
    assert pruned.startswith(start("0.5"))
    table = pd.read_csv(io.StringIO(text))
    assert list(table) == header.split(",")
    assert list(table.ece) == [0.25, 0.0]
    assert list(table.nll) == pytest.approx([-(log(0.75) + log(0.25)) / 2, log(2)])
    assert table.filter(["units", "parameters", "compression_ratio", "speed_up"]).to_numpy().tolist() == [
        [20, 100, 1, 1], [10, 30, 100 / 30, 3],
    ]  # fmt: skip
    assert table.latency[0] == 0.002
    assert np.isnan(table.latency[1])
    assert list(table.ece_floor) == pytest.approx([9 / 32, 0.25], abs=0.03)
    assert table.uce_floor[1] == pytest.approx(0.5, abs=0.03)


def test_the_curves_by_hand():
    """Beside the ECE stand mean and top of what chance gives: ¾ with 1 in 16, and ½ with a half, are in the band."""
    rows = curve_rows(Evaluated(by_hand(), 1, 10))
    assert list(rows.ece) == [0.25, 0.0]
    assert list(rows.ece_floor) == pytest.approx([9 / 32, 0.25], abs=0.03)
    assert list(rows.ece_high) == [0.75, 0.5]
    assert list(rows.chosen) == [False, True]


def test_the_table_has_a_column_for_everything_that_decides_and_everything_that_is_measured():
    """The fields of the experiment, those of the measurement, all figures and both floors, in this order."""
    for outcome in (by_hand(), replace(by_hand(), experiment=DIGITS)):
        header = figures_csv(Evaluated(outcome, 1, 10)).splitlines()[0].split(",")
        found = flat(figures(outcome, outcome.dense, 1, 10))
        measured = ["method", "tempered", "layers", "n_samples", "n_bins", *found, "ece_floor", "uce_floor"]
        assert {field.name for field in fields(Figures)} - set(found) == {
            "test",
            "truth",
            "against",
        }  # whose numbers are there
        assert header == [*(field.name for field in fields(outcome.experiment)), *measured]


@pytest.mark.parametrize("experiment", [MANY, DIGITS], ids=["moons", "digits"])
def test_the_table_reads_back_exactly(experiment):
    """Every digit of the figures and floors that the page shows, rows in order of the ratio, controls as they are."""
    outcome = on_the_page(experiment)
    table = pd.read_csv(io.StringIO(figures_csv(Evaluated(outcome, 50, 15))))
    assert list(table.prune_ratio) == sorted({*RATIOS, experiment.prune_ratio})
    for network, row in zip(outcome.networks, table.to_dict("records"), strict=True):
        found = flat(figures(outcome, network, 50, 15))
        assert {name: row[name] for name in found} == found
        own = replace(outcome, experiment=replace(experiment, prune_ratio=network.prune_ratio))
        floors = sections.floors(Evaluated(own, 50, 15))
        assert (row["ece_floor"], row["uce_floor"]) == (floors["ece"][1].mean, floors["uce"][1].mean)
        controls = {field.name: row[field.name] for field in fields(experiment)}
        if "hidden" in controls:
            controls["hidden"] = ast.literal_eval(controls["hidden"])
        assert type(experiment)(**controls) == own.experiment


def test_another_question_has_another_answer():
    """What is remembered of a network knows its samples and its bins; columns that depend on both differ."""
    outcome = on_the_page(TINY)
    asked = [(n_samples, n_bins) for n_samples in (10, 50) for n_bins in (10, 15)]
    tables = [pd.read_csv(io.StringIO(figures_csv(Evaluated(outcome, *question)))) for question in asked]
    for column in ("ece", "uce", "ece_floor", "uce_floor"):
        assert len({tuple(table[column]) for table in tables}) == len(asked)


# ---- file names


@pytest.mark.parametrize(
    ("experiment", "what", "ending", "name"),
    [
        (Experiment(strategy="iterative", prune_ratio=0.8), "figures", "csv", "moons-iterative-0.8-figures.csv"),
        (Experiment(prune_ratio=0), "network", "pt", "moons-one-shot-0-network.pt"),
        (DIGITS, "dense network", "pt", "digits-one-shot-0.8-dense-network.pt"),
        (ImageExperiment(dataset="cifar10"), "Code / ../É", "py", "cifar10-one-shot-0.5-code-..-.py"),
    ],
)
def test_a_file_name_is_short_and_plain(experiment, what, ending, name):
    """Task, strategy, ratio and what it holds; whatever is no letter, digit, hyphen or point is a hyphen."""
    assert file_name(experiment, what, ending) == name
    assert re.fullmatch(r"[a-z0-9.-]+", name)


def test_no_two_strategies_or_ratios_share_a_name():
    """Every strategy at every ratio of the slider saves to a file of its own."""
    names = {file_name(Experiment(strategy=s, prune_ratio=r), "figures", "csv") for s in Strategy for r in RATIOS}
    assert len(names) == len(Strategy) * len(RATIOS)


def test_what_is_of_own_points_or_changed_by_hand_says_so():
    """The name of a data set that was not used stands nowhere, and a changed network has another name."""
    experiment = Experiment(strategy="iterative", prune_ratio=0.8)
    assert file_name(experiment, "network", "pt", own=True) == "own-iterative-0.8-network.pt"
    assert file_name(experiment, "network", "pt", by_hand=True) == "moons-iterative-0.8-by-hand-network.pt"
    table = pd.read_csv(io.StringIO(figures_csv(Evaluated(by_hand(), 1, 10), own=True)))
    assert list(table.dataset) == ["own", "own"]
    assert table[["points", "noise"]].isna().all(axis=None)
    told, plain = (figures_csv(Evaluated(by_hand(), 1, 10), own=own).splitlines()[0] for own in (True, False))
    assert told == plain
