"""The README does what it says: its Python runs, its recipe for a new strategy works, its files exist."""

from __future__ import annotations

import doctest
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_experiment_in_the_readme_runs(capsys):
    """The first block of Python prints the figures of the dense and of the pruned network."""
    exec(PYTHON[0], {})
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert "units=128" in printed[0]
    assert "units=26" in printed[1]


def test_the_image_experiment_in_the_readme_runs(capsys):
    """The second block prints AUROC and FPR@95TPR of a pruned network on digits, and makes the smaller network."""
    namespace: dict = {}
    exec(PYTHON[1], namespace)
    auroc, fpr = (float(word) for word in capsys.readouterr().out.split())
    assert 0.5 < auroc < 1
    assert 0 <= fpr < 1
    assert namespace["small"].conv1.out_channels == 4


def test_points_of_ones_own_in_the_readme(capsys, tmp_path, monkeypatch):
    """The third block reads a file, turns a unit over and finds every invariant holding."""
    monkeypatch.chdir(tmp_path)
    rows = [f"{i % 9},{i * i % 7},{'a' if i % 3 else 'b'}" for i in range(60)]
    (tmp_path / "points.csv").write_text("\n".join(rows))
    exec(PYTHON[2], {})
    assert capsys.readouterr().out.strip() in {"63 []", "65 []"}


def test_the_metrics_in_the_readme_take_any_model(capsys):
    """The fourth block works with a model, inputs and labels of one's own."""
    from torch import nn

    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 4))
    inputs = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    labels = np.arange(20) % 4
    given = {"model": model, "inputs": inputs, "labels": labels, "train_inputs": inputs, "train_labels": labels}
    exec(PYTHON[3], given)
    assert 0 <= float(capsys.readouterr().out) <= 1
    assert given["logits"].shape == (100, 20, 4)
    assert given["probs"].shape == (20, 4)


def test_the_sessions_in_the_readme_give_what_they_say():
    """What stands below a prompt is what comes out, word by word."""
    (session,) = re.findall(r"```pycon\n(.*?)```", README, re.DOTALL)
    found = doctest.DocTestRunner().run(doctest.DocTestParser().get_doctest(session, {}, "README", None, 0))
    assert found.attempted > 10
    assert not found.failed


def test_the_results_in_the_readme_need_no_page(capsys):
    """The fifth block prints AUROC, AURC and one confusion rate inside its interval, and loads no page for it."""
    namespace: dict = {}
    exec(PYTHON[4], namespace)
    areas, rate = capsys.readouterr().out.splitlines()
    auroc, aurc = (float(word) for word in re.fullmatch(r"AUROC (\S+), AURC (\S+)", areas).groups())
    assert 0.5 < auroc < 1
    assert 0 < aurc < 0.5
    count, n, low, high = map(float, re.fullmatch(r"9 called 3: (\d+) of (\d+), (\S+) to (\S+)", rate).groups())
    assert 0 <= low <= count / n <= high <= 1
    assert n == (namespace["shown"]("digits").ood.labels == 1).sum()


def test_the_study_in_the_readme_runs(capsys):
    """The sixth block compares two strategies at two ratios with the dense network."""
    exec(PYTHON[5], {})
    lines = capsys.readouterr().out.splitlines()
    named = [f"{strategy} at {ratio}" for strategy in ("one_shot", "random_mask") for ratio in (0.5, 0.9)]
    assert [line.split(":")[0] for line in lines] == named
    for line in lines:
        value, low, high, sure = re.fullmatch(r".*: (\S+) \((\S+) to (\S+)\), (told|cannot tell)", line).groups()
        assert float(low) <= float(value) <= float(high)
        assert sure == "cannot tell" or float(low) >= 0 or float(high) <= 0


def test_another_method_in_the_readme_runs(capsys):
    """The seventh block prints the figures by a tempered ensemble, and the temperature."""
    exec(PYTHON[6], {})
    printed = capsys.readouterr().out
    assert "units=26" in printed
    assert float(printed.split()[-1]) > 0


def test_the_recipe_for_a_strategy_is_all_it_takes(tmp_path):
    """Pasting the README's member into the enum gives a strategy that runs, with nothing else touched."""
    for package in ("pruning", "uncertainty"):
        shutil.copytree(ROOT / package, tmp_path / package)
    options = tmp_path / "pruning" / "options.py"
    text = options.read_text()
    assert text.count("    ONE_SHOT = (\n") == 1
    member = textwrap.indent(PYTHON[7], "    ")
    options.write_text(text.replace("    ONE_SHOT = (\n", member + "    ONE_SHOT = (\n"))
    program = (
        "from pruning import Experiment, run\n"
        "outcome = run(Experiment(strategy='random_mask_finetuned', points=200, hidden=(8,), max_epochs=5))\n"
        "print(outcome.pruned.units)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("4", 0), done.stderr


def test_the_recipe_for_a_criterion_scores_units():
    """The function of the README takes the evidence on a layer and returns one score a unit."""
    from pruning.model.importance import Evidence

    namespace: dict = {"np": np, "Evidence": Evidence}
    exec(PYTHON[8], namespace)
    activation = np.array([[[0.0], [1.0]], [[0.0], [3.0]]])
    evidence = Evidence(np.zeros((2, 1)), activation, np.zeros_like(activation), np.random.default_rng(0))
    np.testing.assert_array_equal(namespace["_spread"](evidence), [0, 1])


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:pruning|views|uncertainty|cache|tests)/[\w/.]+)`", README)))
)
def test_every_file_the_readme_names_exists(path):
    """No path in the text leads nowhere; the store appears with the first run."""
    assert path == "cache/store" or (ROOT / path).exists()


def test_the_map_of_the_house_has_every_folder():
    """Of the packages, at any depth; those of caches apart."""
    (drawn,) = re.findall(r"## The house\n\n```\n(.*?)\n```", README, re.DOTALL)
    folders = [
        folder.name
        for package in ("views", "cache", "pruning", "uncertainty")
        for folder in (ROOT / package, *(ROOT / package).rglob("*/"))
        if (folder / "__init__.py").exists()
    ]
    assert len(folders) > 12
    assert [name for name in folders if f"{name}/" not in drawn] == []


def test_both_commands_stand_on_their_own():
    """Each makes the environment, installs what it needs, and runs; a third one uses what the second installs."""
    *commands, types = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    assert len(commands) == 2
    assert types.startswith("PATH=.venv/bin:$PATH ")
    for command, requirements in zip(commands, ("requirements.txt", "requirements-dev.txt"), strict=True):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install")
        assert requirements in command
        assert (ROOT / requirements).exists()
