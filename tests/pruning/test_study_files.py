"""A study as files, and its presets: what is written is read again, and the program repeats the study."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pruning import Experiment, Source
from pruning.study import Study, Variant, by_methods, run_study
from pruning.study_files import ENDINGS, about, program, written
from pruning.study_presets import PRESETS

BASE = Experiment(hidden=(8,), points=200, max_epochs=5)
STUDY = Study(BASE, ("one_shot", "prune_only"), (0.5,), (0, 1))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return run_study(STUDY)


def test_each_kind_of_file_holds_the_table(table):
    """Every row with every figure to the last digit."""
    read = {
        "csv": lambda data: pd.read_csv(io.BytesIO(data)),
        "parquet": lambda data: pd.read_parquet(io.BytesIO(data)),
        "json": lambda data: pd.DataFrame(json.loads(data)["rows"]),
    }
    assert tuple(read) == ENDINGS
    for ending, reading in read.items():
        again = reading(written(STUDY, table, ending))
        assert again.line.tolist() == table.line.tolist()
        assert again.truth_nll.tolist() == pytest.approx(table.truth_nll.tolist(), rel=1e-9)


def test_another_ending_is_refused(table):
    """With those there are."""
    with pytest.raises(ValueError, match="'xls'; it must be one of: csv, parquet, json"):
        written(STUDY, table, "xls")


def test_a_reader_learns_what_made_the_table():
    """The study with every field, versions and machine."""
    found = about(STUDY)
    assert found["study"]["base"]["hidden"] == [8]
    assert {"python", "torch", "numpy"} <= set(found["versions"])
    assert found["machine"]["cores"] >= 1


@pytest.mark.parametrize(
    "study",
    [
        STUDY,
        replace(STUDY, seeds=(3, 5), own_data=False),
        replace(STUDY, source=Source("last_layer", tempered=True)),
        replace(STUDY, variants=by_methods([Source("single_pass"), Source("ensemble", tempered=True)])),
        replace(STUDY, variants=(Variant("plain"), Variant.of("Taylor", criterion="taylor", noise=0.3))),
        *(preset.study for preset in PRESETS.values()),
    ],
)
def test_the_program_repeats_the_study(study, monkeypatch):
    """What it asks for is the very same study."""
    asked: list[Study] = []

    class Table:
        def to_csv(self, *args: Any, **options: Any) -> None: ...

    monkeypatch.setattr("pruning.study.run_study", lambda study: asked.append(study) or Table())
    monkeypatch.setattr("pruning.study.summary", lambda table, figure: "")
    exec(program(study), {})
    assert asked == [study]


@pytest.mark.parametrize("name", PRESETS)
def test_presets_ask_for_what_there_is(name):
    """A question each; the line it compares with is one of its own."""
    preset = PRESETS[name]
    assert preset.question.endswith(("?", "."))
    lines = {
        f"{strategy.value}, {variant.name}" if variant.name else strategy.value
        for strategy in preset.study.strategies
        for variant in preset.study.variants
    }
    assert preset.against in {"dense", *lines}
