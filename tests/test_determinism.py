"""One link, two computers that share nothing: the same figures, the same sentence, the same picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CLOCK, CLOCK_ROWS

ROOT = Path(__file__).parent.parent
LINKS: dict[str, dict[str, str]] = {
    "iterative, by hand": {
        "points": "200", "hidden": "16-16", "patience": "5", "strategy": "Iterative, re-initialised", "ratio": "0.3",
        "units": "hidden1.3-hidden2.5",
    },
    "700 blobs": {
        "points": "700", "hidden": "10", "patience": "5", "dataset": "Three blobs", "noise": "0.5", "seed": "3",
        "criterion": "Random", "colour": "Epistemic",
    },
}  # fmt: skip
EXACT = ("dense", "pruned")

PROGRAM = """
import hashlib, json, sys
from dataclasses import asdict
from streamlit.testing.v1 import AppTest
from views.moons import planes
from views.shared import sections

def visited(link):
    measured, painted = [], []
    both, scene = sections.both_figures, planes._Scene.data
    sections.both_figures = lambda *args: measured.append(both(*args)) or measured[-1]
    planes._Scene.data = lambda *args: painted.append(scene(*args)) or painted[-1]
    app = AppTest.from_file(sys.argv[1], default_timeout=120)
    app.query_params.update(link)
    app.run()
    sections.both_figures, planes._Scene.data = both, scene
    assert not app.exception and not app.error and not app.warning, app
    (sentence,) = (part.value for part in app.markdown if "Pruned to" in part.value)
    dense, pruned = (asdict(figures) for figures in measured[-1])
    pictures = [hashlib.sha256(panel["maps"].encode()).hexdigest() for data in painted for panel in data["panels"]]
    points = [[data["points"], [panel["wrong"] for panel in data["panels"]]] for data in painted]
    return {
        "dense": dense, "pruned": pruned, "sentence": sentence, "pictures": pictures, "points": points,
        "captions": [part.value for part in app.caption], "table": app.table[0].value.values.tolist(),
    }

links = json.loads(sys.argv[2])
print(json.dumps({name: visited(link) for name, link in links.items()}))
"""


def on_a_computer(folder: Path, links: dict[str, dict[str, str]], **environment: str) -> dict[str, Any]:
    """What a new process with an empty store says of the links, in that order."""
    surroundings = {**os.environ, "EXPLORER_CACHE": str(folder / "store"), "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, str(ROOT / "streamlit_app.py"), json.dumps(links)]
    done = subprocess.run(command, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Two processes of other hashes and numbers of threads; the second opens the links in reverse order."""
    there = on_a_computer(tmp_path_factory.mktemp("one"), LINKS, PYTHONHASHSEED="1", OMP_NUM_THREADS="1")
    reverse = dict(reversed(LINKS.items()))
    here = on_a_computer(tmp_path_factory.mktemp("other"), reverse, PYTHONHASHSEED="2", OMP_NUM_THREADS="2")
    return [there, here]


def untimed(figures: dict[str, float]) -> dict[str, float]:
    """The figures but for the clock's."""
    return {name: value for name, value in figures.items() if name not in CLOCK}


@pytest.mark.parametrize("link", LINKS)
def test_a_link_gives_the_same_figures_everywhere(two, link):
    """Dense and pruned, to the last bit, and as the table writes them; only what a clock tells is measured anew."""
    one, other = (each[link] for each in two)
    for network in EXACT:
        assert untimed(one[network]) == untimed(other[network])
    written = [[row for row in each["table"] if row[0] not in CLOCK_ROWS] for each in (one, other)]
    assert written[0] == written[1]
    assert len(written[0]) == 18


@pytest.mark.parametrize("link", LINKS)
def test_a_link_gives_the_same_words_everywhere(two, link):
    """The sentence on top, and every caption under a picture."""
    one, other = (each[link] for each in two)
    assert one["sentence"] == other["sentence"]
    assert one["captions"] == other["captions"]
    assert len(one["captions"]) > 5


@pytest.mark.parametrize("link", LINKS)
def test_a_link_gives_the_same_pictures_everywhere(two, link):
    """Both planes, pixel for pixel, and every point on them with its probability."""
    one, other = (each[link] for each in two)
    assert one["pictures"] == other["pictures"]
    assert one["points"] == other["points"]
    assert len(set(one["pictures"])) == 2


def test_the_links_lead_to_different_places(two):
    """The comparisons above can fail: no figure, sentence or picture of one link is that of the other."""
    first, second = (two[0][link] for link in LINKS)
    assert first["sentence"] != second["sentence"]
    assert not set(first["pictures"]) & set(second["pictures"])
    assert first["pruned"]["nll"] != second["pruned"]["nll"]
