"""A study from a terminal and for the page: arguments, what is kept, what is stopped, other workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cache import runs, services, studies
from cache.jobs import Cancelled
from cache.study import main
from cache.workers.choose import crew_beside
from cache.workers.here import ThisProcess
from cache.workers.local import LocalWorkers
from cache.workers.protocol import NoWorkers
from pruning import Experiment, ImageExperiment
from pruning.study import Study, StudyProgress, run_study
from tests.conftest import CLOCK

SMALL = ("--set", "hidden=8", "points=200", "max_epochs=8", "--seeds", "2", "--ratios", "0.5", "0.9")
STUDY = Study(Experiment(hidden=(8,), points=200, max_epochs=8), ("one_shot",), (0.5, 0.9), (0, 1))


def test_the_table_is_written(here: Any, tmp_path: Path, capsys):
    """Two seeds of two strategies at two ratios, and the dense networks; the same as in a notebook."""
    out = tmp_path / "study.csv"
    assert main([*SMALL, "--strategies", "one_shot", "prune_only", "--out", str(out)]) == 0
    table = pd.read_csv(out)
    assert len(table) == 10
    assert f"10 networks in {out}" in capsys.readouterr().out
    own = run_study(Study(STUDY.base, ("one_shot", "prune_only"), (0.5, 0.9), (0, 1)))
    assert table.accuracy.tolist() == own.accuracy.tolist()


def test_a_second_time_nothing_is_trained(here: Any, tmp_path: Path):
    """What is kept is kept for the page too, which asks for the same study."""
    arguments = [*SMALL, "--strategies", "one_shot", "--out", str(tmp_path / "study.json")]
    main(arguments)
    trained = len(here.trained)
    assert trained == 6
    main(arguments)
    assert len(here.trained) == trained
    assert len(studies.table(STUDY)) == 6
    written = json.loads((tmp_path / "study.json").read_text())
    assert len(written["rows"]) == 6
    assert written["study"]["seeds"] == [0, 1]


def test_methods_are_named_on_the_line(here: Any, tmp_path: Path):
    """One is the study's; several are compared, with a temperature or without, and ask the same networks."""
    out = tmp_path / "study.csv"
    arguments = [*SMALL, "--strategies", "one_shot", "--out", str(out)]
    main([*arguments, "--method", "single_pass", "--tempered", "yes"])
    table = pd.read_csv(out)
    assert set(zip(table.method, table.tempered, strict=True)) == {("single_pass", True)}
    assert len(here.trained) == 6
    main([*arguments, "--method", "single_pass", "mc_dropout", "--tempered", "both"])
    table = pd.read_csv(out)
    assert list(dict.fromkeys(table.variant)) == [
        "Single pass", "Single pass, tempered", "MC dropout", "MC dropout, tempered",
    ]  # fmt: skip
    assert len(table) == 24
    assert len(here.trained) == 6


def test_other_seeds_are_those_from_another_one_on(here: Any, tmp_path: Path):
    """As many as asked for."""
    out = tmp_path / "study.csv"
    main([*SMALL, "--strategies", "prune_only", "--first-seed", "7", "--out", str(out)])
    assert set(pd.read_csv(out).seed) == {7, 8}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "study.txt"], "--out is 'study.txt'; it must end in one of: .csv, .parquet, .json"),
        (["--out", "nowhere/study.csv"], "there is no folder 'nowhere'"),
        (["--seeds", "0"], "--seeds is 0"),
        (["--set", "beauty=3"], "--set is 'beauty=3'; it must be FIELD=VALUE with one of: .*hidden"),
        (["--set", "noise"], "FIELD=VALUE"),
        (["--set", "noise=much"], "noise must be a number"),
        (["--set", "noise=7"], "noise is 7"),
        (["--set", "hidden=many"], "hidden"),
        (["--set", "criterion=beauty"], "criterion"),
        (["--preset", "criterion", "--method", "single_pass", "ensemble"], "--method names 2 sources; .*Taylor"),
        (["--ratios", "1.5"], "prune_ratio is 1.5"),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_is(here: Any, arguments, words, monkeypatch, tmp_path):
    """One sentence with the value and what is legal, and no traceback."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=words):
        main(arguments)
    assert here.trained == []


@pytest.mark.parametrize("option", ["--task", "--preset", "--strategies", "--method", "--tempered"])
def test_what_an_option_may_be_is_listed(here: Any, option, capsys):
    """By the parser itself."""
    with pytest.raises(SystemExit):
        main([option, "beauty"])
    assert "invalid choice: 'beauty'" in capsys.readouterr().err


def test_ctrl_c_keeps_what_is_finished(here: Any, tmp_path: Path, monkeypatch, capsys):
    """And says so."""

    def interrupted(study: Study, report: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(studies, "train", interrupted)
    assert main([*SMALL, "--out", str(tmp_path / "study.csv")]) == 130
    assert "the same command goes on from there" in capsys.readouterr().out
    assert not (tmp_path / "study.csv").exists()


def test_a_study_that_is_cancelled_keeps_what_is_finished(here: Any):
    """The first seed is whole, and is not trained again."""

    def stop(progress: StudyProgress) -> None:
        if progress.done > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        studies.train(STUDY, stop)
    assert set(studies.table(STUDY).seed) == {0}
    before = len(here.trained)
    table = studies.train(STUDY, lambda progress: None)
    assert set(table.seed) == {0, 1}
    keys = [step.key for step in here.trained]
    assert len(keys) == len(set(keys)) or before < len(keys) <= before + 3


def test_a_finished_study_is_remembered_and_an_unfinished_one_is_not(here: Any):
    """The same table without a look at the disk; none before all seeds are there."""
    assert studies.finished(STUDY) is None
    studies.train(replace(STUDY, seeds=(0,)), lambda progress: None)
    assert studies.finished(STUDY) is None
    table = studies.train(STUDY, lambda progress: None)
    found = studies.finished(STUDY)
    assert found is not None
    pd.testing.assert_frame_equal(found, table)
    assert studies.finished(STUDY) is found
    assert studies.finished(replace(STUDY, ratios=(0.5,))) is None


def test_whoever_asks_for_the_same_study_joins(here: Any):
    """One job for two watchers."""
    first, second = (studies.join(STUDY, watcher, 60) for watcher in ("a", "b"))
    assert first is second
    pd.testing.assert_frame_equal(first.result(), studies.table(STUDY))


def test_the_crew_is_a_process_a_core_unless_somebody_asks(monkeypatch):
    """A number, or a cluster, is for all work."""
    monkeypatch.delenv("EXPLORER_WORKERS", raising=False)
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setattr("cache.workers.choose.cpu_count", lambda: 3)
    few = LocalWorkers(1)
    assert crew_beside(lambda: few).count == 3
    monkeypatch.setenv("EXPLORER_WORKERS", "1")
    assert crew_beside(lambda: few) is few
    monkeypatch.delenv("EXPLORER_WORKERS")
    other: Any = object()
    assert crew_beside(lambda: other) is other


def test_without_workers_a_study_of_points_runs_in_this_process(here: Any, monkeypatch):
    """With the very numbers; one of images says that there are none."""
    monkeypatch.setenv("EXPLORER_WORKERS", "0")
    monkeypatch.delenv("EXPLORER_DASK", raising=False)
    monkeypatch.setattr(services, "_current", services.Services(services.services().store))
    assert isinstance(services.crew(), ThisProcess)
    found = studies.join(STUDY, "me", 60).result()
    alone = run_study(STUDY)
    pd.testing.assert_frame_equal(found.drop(columns=[*CLOCK]), alone.drop(columns=[*CLOCK]))
    images = Study(ImageExperiment(), ("one_shot",), ratios=(0.5,), seeds=(0,))
    with pytest.raises(NoWorkers, match="trains no networks on images: EXPLORER_WORKERS is 0") as refused:
        studies.join(images, "me", 60).result()
    assert runs.sentence(refused.value, images.key) == str(refused.value)


def test_processes_give_the_same_table(tmp_path: Path, monkeypatch):
    """Two of them, and what they train is kept by this one."""
    from tests.conftest import use

    alone = run_study(STUDY)
    use(monkeypatch, tmp_path / "store", LocalWorkers(2))
    found = services.services()
    monkeypatch.setattr(type(found), "crew", property(lambda self: self.workers))
    table = studies.train(STUDY, lambda progress: None)
    pd.testing.assert_frame_equal(table.drop(columns=[*CLOCK]), alone.drop(columns=[*CLOCK]))
    assert table.seconds_spent.gt(0).all()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_study_that_is_killed_repeats_nothing(tmp_path: Path):
    """What had reached the disk is not written again, and the table is that of an undisturbed run."""
    out, store = tmp_path / "study.csv", tmp_path / "store"
    program = [sys.executable, "-m", "cache.study", *SMALL, "--seeds", "9", "--strategies", "one_shot"]
    surroundings = os.environ | {"EXPLORER_CACHE": str(store), "EXPLORER_WORKERS": "1"}

    def written() -> dict[Path, int]:
        """The file of every entry and its inode: one that is written again is another."""
        return {path: path.stat().st_ino for path in store.glob("**/output.pkl")}

    process = subprocess.Popen([*program, "--out", str(out)], env=surroundings, start_new_session=True)
    end = time.monotonic() + 120
    while len(written()) < 4:
        assert process.poll() is None, "the study was over before it could be killed"
        assert time.monotonic() < end, "nothing is kept"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    before = written()
    subprocess.run([*program, "--out", str(out)], env=surroundings, check=True)
    after = written()
    assert len(before) < len(after)
    assert {path: after[path] for path in before} == before
    alone = run_study(Study(STUDY.base, ("one_shot",), (0.5, 0.9), tuple(range(9))))
    assert pd.read_csv(out).accuracy.tolist() == alone.accuracy.tolist()
